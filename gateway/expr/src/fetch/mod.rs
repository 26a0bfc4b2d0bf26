//! Fetches: what can be read (configuration.txt 7.3.2 to 7.3.6). A row per name; each family has its own file.

mod acl;
mod auth;
mod body;
mod capture;
mod cert;
mod conn;
mod constant;
mod hash;
mod hello;
mod http_req;
mod http_res;
mod later;
mod payload;
mod proxy;
mod rdp;
mod server_conn;
mod state;
mod system;
mod table;
mod tcp_info;
mod timer;
mod tls;
mod tls_hello;
mod tls_secret;
pub(crate) mod uri;
mod var;

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::LazyLock;

use crate::arg::{Arg, Kind};
use crate::expr::Bad;
use crate::{Phase, Phases, Sample, Scope, Txn, Type, Value};
pub(crate) use acl::{judge as judge_acls, named as named_acls};
pub(crate) use hello::{each_extension, parts as hello_parts};

/// Everything a fetch is told when it is asked for samples.
pub struct Request<'a> {
    pub(crate) txn: &'a dyn Txn,
    pub(crate) args: &'a [Arg],
    /// All samples are wanted (conditions); otherwise the one that HAProxy takes.
    pub(crate) each: bool,
}

impl fmt::Debug for Request<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request").field("args", &self.args).finish_non_exhaustive()
    }
}

/// Where samples go; it says when it has enough.
pub(crate) type Visit<'v, 'a> = &'v mut dyn FnMut(Value<'a>) -> ControlFlow<()>;
type Read = for<'a> fn(&Request<'a>, Visit<'_, 'a>);
type Prepare = fn(&mut Vec<Arg>, &Scope<'_>) -> Result<(), String>;

/// A row of the tables of fetches.
pub struct Fetch {
    /// Its name, as the manual prefers it.
    pub name: &'static str,
    /// Its other names.
    pub aliases: &'static [&'static str],
    pub(crate) args: &'static [Kind],
    pub(crate) required: usize,
    /// The type of its samples.
    pub kind: Type,
    /// Where it can be read.
    pub phases: Phases,
    /// It must wait while bytes are still to come.
    pub(crate) awaits: bool,
    pub(crate) prepare: Prepare,
    pub(crate) read: Read,
    /// It reads a body, which somebody must keep for it.
    pub(crate) body: bool,
    /// Why it cannot be used yet.
    pub later: Option<&'static str>,
    /// The version of HAProxy that brought it, if 2.6 does not have it.
    pub since: Option<&'static str>,
    /// An expression that uses it, and what it yields for the sample request of the tests.
    pub(crate) example: (&'static str, &'static str),
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fetch({}: {})", self.name, self.kind.name())
    }
}

pub(crate) const fn fetch(name: &'static str, kind: Type, phases: Phases, read: Read) -> Fetch {
    Fetch {
        name,
        aliases: &[],
        args: &[],
        required: 0,
        kind,
        phases,
        awaits: false,
        body: false,
        prepare: |_, _| Ok(()),
        read,
        later: None,
        since: None,
        example: ("", ""),
    }
}

impl Fetch {
    /// `required` of these arguments must be given.
    pub(crate) const fn takes(mut self, args: &'static [Kind], required: usize) -> Self {
        (self.args, self.required) = (args, required);
        self
    }

    pub(crate) const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    pub(crate) const fn prepare(mut self, prepare: Prepare) -> Self {
        self.prepare = prepare;
        self
    }

    pub(crate) const fn awaits(mut self) -> Self {
        self.awaits = true;
        self
    }

    pub(crate) const fn reads_body(mut self) -> Self {
        self.body = true;
        self
    }

    /// What it takes, as HAProxy's listing writes it.
    pub fn signature(&self) -> String {
        crate::arg::signature(self.args, self.required)
    }

    /// What HAProxy's listing calls its type: there is one of each version of addresses.
    pub fn listed_type(&self) -> &'static str {
        match self.kind {
            Type::Ip if self.args.contains(&Kind::Ip6) => "ipv6",
            Type::Ip => "ipv4",
            kind => kind.name(),
        }
    }

    /// Says that a body is wanted, if it is.
    pub(crate) fn note_body(&self, scope: &Scope<'_>) {
        let bodies = &mut scope.vars.borrow_mut().bodies;
        bodies.0 |= self.body && self.phases.contains(Phase::HttpRequest);
        bodies.1 |= self.body && self.phases.contains(Phase::HttpResponse);
    }

    /// Known to HAProxy, not to us yet, for this reason.
    pub(crate) const fn later(mut self, reason: &'static str) -> Self {
        self.later = Some(reason);
        self
    }

    /// Known since that version of HAProxy, and not to 2.6.
    pub(crate) const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    pub(crate) const fn example(mut self, expr: &'static str, value: &'static str) -> Self {
        self.example = (expr, value);
        self
    }

    pub(crate) fn supported(&self, name: &str) -> Result<(), Bad> {
        match self.later {
            None => Ok(()),
            Some(reason) => Err(Bad::not_yet(&format!("fetch method '{name}'"), reason)),
        }
    }

    /// Whether it looks at a connection's bytes, and not at the message that they are.
    pub fn reads_bytes(&self) -> bool {
        let bytes = [payload::FETCHES, hello::FETCHES, rdp::FETCHES];
        let among = bytes.iter().any(|family| family.iter().any(|row| row.name == self.name));
        among && !matches!(self.name, "wait_end" | "req.proto_http")
    }

    /// Whether it waits for a response where the request has long come.
    pub(crate) fn awaits_response(&self) -> bool {
        self.awaits
            && (!self.phases.contains(Phase::HttpRequest) || self.reads_bytes() || self.name == "wait_end")
    }

    /// HAProxy's words for where it takes its information from.
    pub(crate) fn source(&self) -> &'static str {
        if self.phases == Phases::BACKEND {
            return "backend";
        }
        if self.phases == Phases::SERVER {
            return if self.name == "status" { "HTTP response" } else { "server" };
        }
        let (request, response) =
            (self.phases.contains(Phase::HttpRequest), self.phases.contains(Phase::HttpResponse));
        match (request, response) {
            (true, false) if self.reads_bytes() => "request buffer",
            (false, true) if self.reads_bytes() => "response buffer",
            (true, true) => "HTTP request headers,HTTP response headers",
            (true, false) => "HTTP request headers",
            (false, true) => "HTTP response headers",
            (false, false) => "internal state",
        }
    }
}

/// The tables by the names of their files.
const FAMILIES: &[(&str, &[Fetch])] = &[
    ("acl", acl::FETCHES),
    ("auth", auth::FETCHES),
    ("body", body::FETCHES),
    ("capture", capture::FETCHES),
    ("cert", cert::CLIENT),
    ("cert", cert::OURS),
    ("cert", cert::SERVER),
    ("cert", cert::FETCHES),
    ("conn", conn::FETCHES),
    ("constant", constant::FETCHES),
    ("hash", hash::FETCHES),
    ("hello", hello::FETCHES),
    ("http_req", http_req::FETCHES),
    ("http_res", http_res::FETCHES),
    ("payload", payload::FETCHES),
    ("proxy", proxy::FETCHES),
    ("rdp", rdp::FETCHES),
    ("server_conn", server_conn::FETCHES),
    ("state", state::FETCHES),
    ("system", system::FETCHES),
    ("table", table::VALUES),
    ("table", table::ARRAYS),
    ("table", table::FETCHES),
    ("tcp_info", tcp_info::FETCHES),
    ("timer", timer::FETCHES),
    ("tls", tls::FETCHES),
    ("tls_hello", tls_hello::FETCHES),
    ("tls_secret", tls_secret::FETCHES),
    ("var", var::FETCHES),
];

/// Every fetch that can be evaluated.
pub fn all() -> impl Iterator<Item = &'static Fetch> {
    FAMILIES.iter().flat_map(|(_, rows)| rows.iter())
}

/// Whether a fetch yields what its arguments say.
pub(crate) fn is_constant(fetch: &Fetch) -> bool {
    constant::FETCHES.iter().any(|row| row.name == fetch.name)
}

/// The family of a row, by the name of its file.
pub(crate) fn family(fetch: &Fetch) -> &'static str {
    let of = |(_, rows): &&(&str, &[Fetch])| rows.iter().any(|row| row.name == fetch.name);
    FAMILIES.iter().find(of).map_or("", |(family, _)| family)
}

/// The rows' examples.
pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    let of = |family: &'static str, row: &'static Fetch| Sample {
        table: "fetch",
        name: row.name,
        family,
        expression: row.example.0,
        fails: None,
        value: row.example.1,
        since: row.since,
        response: !row.phases.contains(Phase::HttpRequest),
    };
    FAMILIES.iter().flat_map(move |(family, rows)| rows.iter().map(move |row| of(family, row)))
}

/// The fetches that HAProxy knows and nothing evaluates yet, with what they belong to.
pub fn later() -> impl Iterator<Item = (&'static str, &'static str)> {
    later::names()
}

/// The rows by their names and aliases; of two with the same name the first counts.
static BY_NAME: LazyLock<HashMap<&'static str, &'static Fetch>> = LazyLock::new(|| {
    let mut rows = HashMap::new();
    for row in all() {
        for name in row.aliases.iter().copied().chain([row.name]) {
            rows.entry(name).or_insert(row);
        }
    }
    rows
});

/// The row of a name or alias.
pub fn find(name: &str) -> Option<&'static Fetch> {
    BY_NAME.get(name).copied().or_else(|| later::find(name))
}

/// The known name nearest to one that is not known.
pub fn nearest(name: &str) -> Option<&'static str> {
    let names = all().flat_map(|row| row.aliases.iter().copied().chain([row.name]));
    lang::suggest::nearest(name, names.chain(crate::alias_names()))
}

/// Where the first of a header line's values ends: at a comma outside of quotes, or with the line.
pub fn value_end(line: &[u8]) -> usize {
    http_req::end_of(b',', line)
}

/// One sample, if there is one.
pub(crate) fn one<'a>(value: Option<Value<'a>>, visit: Visit<'_, 'a>) {
    if let Some(value) = value {
        let _ = visit(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{World, evaluate, scope_at};

    #[test]
    fn every_row_has_an_example_that_evaluates() {
        for (family, row) in
            FAMILIES.iter().flat_map(|(family, rows)| rows.iter().map(move |row| (family, row)))
        {
            let (text, expected) = row.example;
            assert!(!text.is_empty(), "{} has no example", row.name);
            let status = (!row.phases.contains(Phase::HttpRequest)).then_some(200);
            let raw = crate::sample_bytes(family, row.name).0.to_vec();
            let world = World { status, raw, ..World::sample() };
            assert_eq!(evaluate(text, &world).unwrap_or_default(), expected, "{text}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().flat_map(|row| row.aliases.iter().copied().chain([row.name])).collect();
        names.extend(later().map(|(name, _)| name));
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    /// The columns of HAProxy's listing that each of our phases stands for: of a frontend's rules and of a backend's.
    #[rustfmt::skip]
    const COLUMNS: &[(Phase, &[usize])] = &[
        (Phase::TcpConnection, &[0]), (Phase::TcpSession, &[1]), (Phase::TcpContent, &[2, 6]),
        (Phase::HttpRequest, &[3, 7]), (Phase::TcpResponse, &[11, 15]), (Phase::HttpResponse, &[12, 16]),
        (Phase::HttpAfterResponse, &[12, 16]), (Phase::Log, &[18]), (Phase::Check, &[19]), (Phase::Config, &[20]),
        (Phase::Cli, &[21]),
    ];

    /// What HAProxy's listing calls a type; it has two of addresses, and some rows say `sint` of an address.
    fn is_type(kind: Type, name: &str, listed: &str) -> bool {
        match kind {
            Type::Ip => matches!(listed, "ipv4" | "ipv6") || name.starts_with("bc_"),
            Type::Bin if name == "ssl_fc_cipherlist_hex" => true,
            _ => listed == kind.name(),
        }
    }

    /// `-dKsmp` prints where each fetch is legal, what it takes and what it yields.
    #[test]
    fn phases_arguments_and_types_are_haproxys() {
        let listing = include_str!("../../testdata/fetches-2.6.txt");
        let (mut compared, mut wrong) = (0, Vec::new());
        for line in listing.lines().filter(|line| line.starts_with('[')) {
            let (columns, row) = line[1..].split_once(']').unwrap();
            let legal: Vec<bool> = columns.split_whitespace().map(|column| column == "Y").collect();
            let (call, kind) = row.trim().split_once(": ").unwrap();
            let (name, args) = call.split_once('(').unwrap_or((call, ""));
            let Some(known) = find(name).filter(|known| known.later.is_none()) else { continue };
            for (phase, places) in COLUMNS {
                let expected = places.iter().any(|place| legal[*place]);
                if known.phases.contains(*phase) != expected {
                    wrong.push(format!("{name} in {phase:?}"));
                }
            }
            if !is_type(known.kind, name, kind) {
                wrong.push(format!("{name} is {kind}"));
            }
            let all = args.split(',').filter(|arg| !arg.is_empty()).count();
            let required = args.split('[').next().unwrap_or_default();
            let required = required.split(',').filter(|arg| !arg.is_empty()).count();
            if (known.args.len(), known.required, known.since) != (all, required, None) {
                wrong.push(format!("{name} takes {all}, {required} of them required"));
            }
            compared += 1;
        }
        assert_eq!(wrong, Vec::<String>::new());
        let ours = all().filter(|row| row.since.is_none());
        assert_eq!(compared, ours.map(|row| 1 + row.aliases.len()).sum::<usize>());
    }

    #[test]
    fn every_fetch_of_haproxys_is_known() {
        let listing = include_str!("../../testdata/fetches-2.6.txt");
        for line in listing.lines().filter(|line| line.starts_with('[')) {
            let row = line.split_once("] ").unwrap().1;
            let name = row.split(['(', ':']).next().unwrap();
            assert!(find(name).is_some(), "{name}");
        }
    }

    #[test]
    fn an_unknown_name_suggests_a_known_one() {
        assert_eq!(nearest("pathbeg"), Some("path_beg"));
        assert_eq!(nearest("hdr_bge"), Some("hdr_beg"));
    }

    #[test]
    fn what_haproxy_knows_and_we_do_not_is_said_so() {
        let scope = scope_at(Phase::HttpRequest);
        let bad = crate::Expr::parse_text("fcgi.docroot", &scope).unwrap_err();
        assert!(bad.why.contains("not supported yet"), "{}", bad.why);
    }
}
