//! The parts of a message and of what surrounds it: what samples are taken from, and what rules change.

use http::HeaderName;

use crate::arg::{self, Arg};

/// Some parts. A sample is the same for two rules of a set unless one of the rules between them changes a part that it
/// is taken from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Parts {
    bits: u8,
    /// Of the headers only the lines of this name; without one any may be meant.
    header: Option<HeaderName>,
}

const TARGET: u8 = 1;
const METHOD: u8 = 1 << 1;
const STATUS: u8 = 1 << 2;
const ADDRESSES: u8 = 1 << 3;
const VARIABLES: u8 = 1 << 4;
const PATTERNS: u8 = 1 << 5;
const HEADERS: u8 = 1 << 6;

impl Parts {
    /// Nothing that changes: constants, what a connection is.
    pub const NONE: Self = Self::of(0);
    /// The request's target.
    pub const TARGET: Self = Self::of(TARGET);
    /// The request's method.
    pub const METHOD: Self = Self::of(METHOD);
    /// The response's status.
    pub const STATUS: Self = Self::of(STATUS);
    /// The ends of the client's connection.
    pub const ADDRESSES: Self = Self::of(ADDRESSES);
    /// Variables.
    pub const VARIABLES: Self = Self::of(VARIABLES);
    /// The patterns of ACLs and maps.
    pub const PATTERNS: Self = Self::of(PATTERNS);
    /// Every header line, on either side.
    pub const HEADERS: Self = Self::of(HEADERS);
    /// All that there is.
    pub const ALL: Self = Self::of(u8::MAX);

    const fn of(bits: u8) -> Self {
        Self { bits, header: None }
    }

    /// The header lines of a name.
    pub fn header(name: &HeaderName) -> Self {
        Self { bits: HEADERS, header: Some(name.clone()) }
    }

    /// These and others.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let header = match (self.bits & HEADERS, other.bits & HEADERS) {
            (0, _) => other.header,
            (_, 0) => self.header,
            _ => self.header.filter(|name| other.header.as_ref() == Some(name)),
        };
        Self { bits: self.bits | other.bits, header }
    }

    /// Whether something is part of both.
    pub fn meets(&self, other: &Self) -> bool {
        let same = self.bits & other.bits;
        let one_name = match (&self.header, &other.header) {
            (Some(name), Some(other)) => name == other,
            _ => true,
        };
        same & !HEADERS != 0 || same & HEADERS != 0 && one_name
    }
}

/// Where a fetch takes its samples from. One that is not listed may change by itself or changes something, and is asked
/// where it stands.
#[rustfmt::skip]
const FETCHES: &[(u8, &[&str])] = &[
    (0, &[
        "always_true", "always_false", "bool", "int", "str", "bin", "meth", "ipv4", "ipv6", "env", "hostname",
        "nbproc", "proc", "pid", "quic_enabled", "req.ver", "capture.req.ver", "capture.req.uri", "capture.req.method", "req.proto_http", "http_first_req",
        "res.ver", "fc_src", "fc_src_port", "fc_src_is_local", "fc_dst", "fc_dst_port", "fc_dst_is_local",
        "fc_http_major", "fc_rcvd_proxy", "so_id", "so_name", "fe_id", "fe_name", "be_id", "be_name", "srv_id",
        "srv_name", "fe_defbe", "ssl_fc", "ssl_fc_sni", "ssl_fc_has_sni", "ssl_fc_protocol", "ssl_fc_cipher",
        "ssl_fc_alpn", "ssl_fc_is_resumed", "ssl_fc_has_crt", "ssl_c_used", "ssl_fc_alg_keysize",
        "ssl_fc_use_keysize",
    ]),
    (TARGET, &[
        "path", "pathq", "url", "query", "url_ip", "url_port", "url_param", "urlp_val",
    ]),
    (METHOD, &["method"]),
    (STATUS, &["status"]),
    (ADDRESSES, &["src", "src_port", "src_is_local", "dst", "dst_port", "dst_is_local"]),
    (VARIABLES, &["var"]),
    (HEADERS, &[
        "hdr", "cookie", "req.hdr", "req.fhdr", "req.hdr_cnt", "req.fhdr_cnt", "req.hdr_val", "req.hdr_ip",
        "req.hdr_names", "req.hdrs", "req.cook", "req.cook_cnt", "req.cook_val", "res.hdr", "res.fhdr",
        "res.hdr_cnt", "res.fhdr_cnt", "res.hdr_val", "res.hdr_ip", "res.hdr_names", "res.hdrs", "res.cook",
        "res.cook_cnt", "res.cook_val",
    ]),
];

/// Whether a fetch changes a counter of a stick table when it is asked.
pub(crate) fn writes(name: &str) -> bool {
    ["_inc_gpc", "_clr_gpc", "_updt_conn_cnt"].iter().any(|part| name.contains(part))
}

/// Converters of these families make the same of the same; those whose arguments name more are told apart by them.
const STEADY: &[&str] = &["string", "number", "hash", "codec", "bytes", "net", "map"];

/// The parts that a fetch with these arguments takes its samples from; `None` if two samples of one request may differ
/// though nothing was changed, or if taking one changes something.
pub(crate) fn of_fetch(name: &str, args: &[Arg]) -> Option<Parts> {
    if matches!(name, "base" | "baseq") {
        return Some(Parts::TARGET.and(Parts::header(&http::header::HOST)));
    }
    let (parts, _) = FETCHES.iter().find(|(_, names)| names.contains(&name))?;
    Some(match arg::header(args, 0) {
        Some(name) => Parts::header(name),
        None => Parts::of(*parts),
    })
}

/// The same for what a converter adds.
pub(crate) fn of_converter(family: &str, args: &[Arg]) -> Option<Parts> {
    let settled = |arg: &Arg| match arg {
        Arg::Var(_) | Arg::Subject(_) | Arg::Table(_) | Arg::Acl(..) => None,
        Arg::View(..) => Some(Parts::PATTERNS),
        Arg::Str(_) | Arg::Int(_) | Arg::Header(_) | Arg::Ip(_) | Arg::Mask(_) | Arg::Regex(_) => {
            Some(Parts::NONE)
        }
    };
    if !STEADY.contains(&family) {
        return None;
    }
    args.iter().map(settled).try_fold(Parts::NONE, |all, one| Some(all.and(one?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::scope_at;
    use crate::{Expr, Phase, fetch};

    fn parts(text: &str) -> Option<Parts> {
        Expr::parse_text(text, &scope_at(Phase::Anywhere)).unwrap().0.parts()
    }

    #[test]
    fn every_listed_fetch_exists() {
        for name in FETCHES.iter().flat_map(|(_, names)| *names) {
            assert_eq!(fetch::find(name).map(|row| row.name), Some(*name));
        }
    }

    #[test]
    fn fetches_that_write_are_told_by_their_names() {
        let writing: Vec<_> = fetch::all().map(|row| row.name).filter(|name| writes(name)).collect();
        assert!(writing.contains(&"sc_inc_gpc0") && writing.contains(&"src_clr_gpc1"), "{writing:?}");
        assert!(writing.iter().all(|name| of_fetch(name, &[]).is_none()));
        assert!(!writes("sc_get_gpc0") && !writes("src_conn_cnt"));
    }

    #[test]
    fn a_header_is_met_by_changes_of_its_own_lines_and_of_all() {
        let (host, accept) = (Parts::header(&http::header::HOST), Parts::header(&http::header::ACCEPT));
        assert!(host.meets(&host) && host.meets(&Parts::HEADERS) && host.meets(&Parts::ALL));
        assert!(!host.meets(&accept) && !host.meets(&Parts::TARGET) && !host.meets(&Parts::NONE));
        assert!(host.clone().and(accept.clone()).meets(&Parts::header(&http::header::COOKIE)));
        assert!(!host.and(Parts::TARGET).meets(&accept));
    }

    #[test]
    fn what_samples_are_taken_from() {
        let host = || Parts::header(&http::header::HOST);
        for (text, expected) in [
            ("path", Some(Parts::TARGET)),
            ("path,lower,field(2,/)", Some(Parts::TARGET)),
            ("base", Some(Parts::TARGET.and(host()))),
            ("hdr(host),lower", Some(host())),
            ("hdr", Some(Parts::HEADERS)),
            ("cook(sid)", Some(Parts::HEADERS)),
            ("path,map(keys.map)", Some(Parts::TARGET.and(Parts::PATTERNS))),
            ("var(txn.a)", Some(Parts::VARIABLES)),
            ("ssl_fc", Some(Parts::NONE)),
            ("rand", None),
            ("sc0_inc_gpc0", None),
            ("path,set-var(txn.a)", None),
            ("str(a),concat(b,txn.a)", None),
            ("int(1),add(txn.a)", None),
            ("src,in_table(t)", None),
        ] {
            assert_eq!(parts(text), expected, "{text}");
        }
    }
}
