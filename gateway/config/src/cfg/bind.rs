//! `bind` lines and `stats socket` (configuration.txt 5.1 and 3.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::LazyLock;

use lang::units::{Family, Host, Kind, Port, TimeUnit};
use lang::{Diagnostic, Span, Word};

use super::{Context, Index, Keyword, Prefix, keyword, run_options};
use crate::draft::{Certificate, Proxy};
use crate::model::{Bind, BindAddress, BindTls, Global, Permissions, StatsSocket, TlsVersion};

/// A `bind` line while its options are read.
#[derive(Clone, Default)]
pub(crate) struct Line {
    pub(crate) name: Option<String>,
    pub(crate) maxconn: Option<u32>,
    pub(crate) backlog: Option<u32>,
    /// `ssl` was said.
    pub(crate) ssl: bool,
    pub(crate) tls: BindTls,
    /// Where the `crt` words stand.
    pub(crate) crt_spans: Vec<Span>,
    pub(crate) accept_proxy: bool,
    pub(crate) v6only: Option<bool>,
    pub(crate) interface: Option<String>,
    pub(crate) transparent: bool,
    pub(crate) tcp_user_timeout: Option<std::time::Duration>,
    pub(crate) defer_accept: bool,
    pub(crate) fast_open: bool,
    pub(crate) mss: Option<i32>,
    pub(crate) permissions: Permissions,
    /// `level` of a stats socket.
    pub(crate) level: Option<u8>,
}

const THREADS: &str = "each thread accepts on every socket";
const NEVER: &str = "it is never offered";

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<Line>] = &[
    keyword("accept-proxy")  .parse(|cx| { cx.target.accept_proxy = true; Ok(()) }),
    keyword("backlog")       .takes(1, "a number").parse(|cx| { cx.target.backlog = Some(cx.number(0, i32::MAX as u32)?); Ok(()) }),
    keyword("defer-accept")  .parse(|cx| { cx.target.defer_accept = true; Ok(()) }),
    keyword("gid")           .takes(1, "a number").parse(|cx| { cx.target.permissions.gid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("group")         .takes(1, "a group name").parse(|cx| { cx.target.permissions.group = Some(text(cx)?); Ok(()) }),
    keyword("interface")     .takes(1, "an interface name").parse(|cx| { cx.target.interface = Some(text(cx)?); Ok(()) }),
    keyword("maxconn")       .takes(1, "a number").parse(|cx| { cx.target.maxconn = Some(cx.number(0, u32::MAX)?).filter(|max| *max > 0); Ok(()) }),
    keyword("mode")          .takes(1, "an octal mode").parse(mode),
    keyword("mss")           .takes(1, "a number").parse(mss),
    keyword("name")          .takes(1, "a name").parse(|cx| { cx.target.name = Some(text(cx)?); Ok(()) }),
    keyword("tcp-ut")        .takes(1, "a delay").parse(|cx| { cx.target.tcp_user_timeout = Some(cx.time(TimeUnit::Ms)?); Ok(()) }),
    keyword("tfo")           .parse(|cx| { cx.target.fast_open = true; Ok(()) }),
    keyword("transparent")   .parse(|cx| { cx.target.transparent = true; Ok(()) }),
    keyword("uid")           .takes(1, "a number").parse(|cx| { cx.target.permissions.uid = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("user")          .takes(1, "a user name").parse(|cx| { cx.target.permissions.user = Some(text(cx)?); Ok(()) }),
    keyword("v4v6")          .parse(|cx| { cx.target.v6only = Some(false); Ok(()) }),
    keyword("v6only")        .parse(|cx| { cx.target.v6only = Some(true); Ok(()) }),
    keyword("level")         .takes(1, "a level").parse(level),

    keyword("ssl")           .parse(|cx| { cx.target.ssl = true; Ok(()) }),
    keyword("alpn")          .takes(1, "the comma-delimited ALPN protocol suite").parse(alpn),
    keyword("ca-file")       .takes(1, "a file").parse(|cx| { cx.target.tls.ca_file = Some(PathBuf::from(text(cx)?)); Ok(()) }),
    keyword("ciphers")       .takes(1, "a cipher suite").parse(|cx| { cx.target.tls.ciphers = Some(text(cx)?); Ok(()) }),
    keyword("ciphersuites")  .takes(1, "a cipher suite").parse(|cx| { cx.target.tls.ciphersuites = Some(text(cx)?); Ok(()) }),
    keyword("crt")           .takes(1, "a certificate location").parse(crt),
    keyword("curves")        .takes(1, "a list of curves").parse(|cx| { cx.target.tls.curves = Some(text(cx)?); Ok(()) }),
    keyword("ecdhe")         .takes(1, "a curve").parse(|cx| { cx.target.tls.curves = Some(text(cx)?); Ok(()) }),
    keyword("force-tlsv12")  .parse(|cx| { force(cx, TlsVersion::Tls12) }),
    keyword("force-tlsv13")  .parse(|cx| { force(cx, TlsVersion::Tls13) }),
    keyword("no-tlsv12")     .parse(|cx| { cx.target.tls.min = Some(TlsVersion::Tls13); Ok(()) }),
    keyword("no-tlsv13")     .parse(|cx| { cx.target.tls.max = Some(TlsVersion::Tls12); Ok(()) }),
    keyword("no-tls-tickets").parse(|cx| { cx.target.tls.no_tickets = true; Ok(()) }),
    keyword("ssl-max-ver")   .takes(1, "a version").parse(|cx| { cx.target.tls.max = Some(version(cx)?); Ok(()) }),
    keyword("ssl-min-ver")   .takes(1, "a version").parse(|cx| { cx.target.tls.min = Some(version(cx)?); Ok(()) }),
    keyword("strict-sni")    .parse(|cx| { cx.target.tls.strict_sni = true; Ok(()) }),
    keyword("verify")        .takes(1, "a verify method").parse(verify),

    keyword("id")              .takes(1, "a number").ignored("it only names the socket for tools"),
    keyword("guid-prefix")     .takes(1, "a prefix").ignored("it only names the socket for tools"),
    keyword("label")           .takes(1, "a label") .ignored("it only names the socket for tools"),
    keyword("nice")            .takes(1, "a number").ignored("all connections have the same priority"),
    keyword("process")         .takes(1, "a set")   .ignored(THREADS),
    keyword("thread")          .takes(1, "a set")   .ignored(THREADS),
    keyword("shards")          .takes(1, "a number").ignored(THREADS),
    keyword("expose-fd")       .takes(1, "listeners").ignored("sockets stay open through a reload without it"),
    keyword("severity-output") .takes(1, "a form")  .unsupported("remove it"),
    keyword("allow-0rtt")      .ignored("early data is never accepted, clients then send it after the handshake"),
    keyword("npn")             .takes(1, "a list")  .ignored("NPN is gone from TLS; use 'alpn'"),
    keyword("prefer-client-ciphers").ignored("the client's order is used"),
    keyword("no-alpn")         .ignored("it is the default"),
    keyword("no-strict-sni")   .ignored("it is the default"),
    keyword("tls-tickets")     .ignored("it is the default"),
    keyword("no-sslv3").ignored(NEVER), keyword("no-tlsv10").ignored(NEVER), keyword("no-tlsv11").ignored(NEVER),
    keyword("tls-ticket-keys") .takes(1, "a file")  .ignored("tickets are made with keys of the process' own"),
    keyword("cc")              .takes(1, "a name")  .ignored("the system chooses the congestion control"),
    keyword("idle-ping")       .takes(1, "a delay") .ignored("'timeout http-keep-alive' bounds idle connections"),
    keyword("tcp-md5sig")      .takes(1, "a key"),

    keyword("accept-netscaler-cip").takes(1, "a number"), keyword("ca-ignore-err").takes(1, "a list"),
    keyword("ca-sign-file").takes(1, "a file"), keyword("ca-sign-pass").takes(1, "a passphrase"),
    keyword("ca-verify-file").takes(1, "a file"), keyword("client-sigalgs").takes(1, "a list"),
    keyword("sigalgs").takes(1, "a list"), keyword("crl-file").takes(1, "a file"), keyword("crt-ignore-err").takes(1, "a list"),
    keyword("crt-list").takes(1, "a file").unsupported("write 'crt' for each certificate, or for their directory"),
    keyword("default-crt").takes(1, "a file").unsupported("write 'crt'; the first one is the default"),
    keyword("ech").takes(1, "a directory"), keyword("ktls").takes(1, "on or off"), keyword("renegotiate"), keyword("no-renegotiate"),
    keyword("force-sslv3") .refused("'force-sslv3' : SSLv3 is not supported, use 'force-tlsv12' or 'force-tlsv13'"),
    keyword("force-tlsv10").refused("'force-tlsv10' : TLS 1.0 is not supported, use 'force-tlsv12' or 'force-tlsv13'"),
    keyword("force-tlsv11").refused("'force-tlsv11' : TLS 1.1 is not supported, use 'force-tlsv12' or 'force-tlsv13'"),
    keyword("generate-certificates"), keyword("namespace").takes(1, "a name"), keyword("no-ca-names"),
    keyword("proto").takes(1, "a protocol").unsupported("use 'alpn'"),
    keyword("quic-cc-algo").takes(1, "a name"), keyword("quic-force-retry"), keyword("quic-socket").takes(1, "a mode"),
];

static INDEX: LazyLock<Index<Line>> = LazyLock::new(|| Index::new(&[OPTIONS]));

fn text(cx: &mut Context<'_, Line>) -> Result<String, Diagnostic> {
    cx.expect("a value").map(|word| word.text.clone())
}

fn crt(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a certificate location")?;
    cx.target.tls.certificates.push(PathBuf::from(&word.text));
    cx.target.crt_spans.push(word.span);
    Ok(())
}

fn mode(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("an octal mode")?;
    match u32::from_str_radix(&word.text, 8) {
        Ok(mode) if mode <= 0o7777 => {
            cx.target.permissions.mode = Some(mode);
            Ok(())
        }
        _ => Err(Diagnostic::alert(word.span, format!("'mode' : invalid octal mode '{}'", word.text))),
    }
}

fn mss(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a number")?;
    match word.text.parse::<i32>() {
        Ok(mss) if mss != 0 && mss.abs() <= 65535 => {
            cx.target.mss = Some(mss);
            Ok(())
        }
        _ => Err(Diagnostic::alert(
            word.span,
            "'mss' : expects an MSS with and absolute value between 1 and 65535",
        )),
    }
}

fn level(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a level")?;
    cx.target.level = match word.text.as_str() {
        "user" => Some(1),
        "operator" => Some(2),
        "admin" => Some(3),
        other => {
            let message = format!("'level' only supports 'user', 'operator', and 'admin' (got '{other}')");
            let meant = lang::suggest::nearest(other, ["user", "operator", "admin"]);
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    };
    Ok(())
}

fn alpn(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("the comma-delimited ALPN protocol suite")?;
    let names: Vec<String> = word.text.split(',').map(str::to_owned).collect();
    if names.iter().any(|name| name.is_empty() || name.len() > 255) {
        let message = format!("'alpn' : one of the protocol names of '{}' is empty or too long", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.tls.alpn = names;
    Ok(())
}

fn verify(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let word = cx.expect("a verify method")?;
    cx.target.tls.verify_client = match word.text.as_str() {
        "none" => None,
        "optional" => Some(false),
        "required" => Some(true),
        other => {
            let message = format!(
                "'verify' : unknown verify method '{other}', only 'none', 'optional', and 'required' are supported"
            );
            return Err(Diagnostic::alert(word.span, message));
        }
    };
    Ok(())
}

fn force(cx: &mut Context<'_, Line>, version: TlsVersion) -> Result<(), Diagnostic> {
    (cx.target.tls.min, cx.target.tls.max) = (Some(version), Some(version));
    Ok(())
}

fn version(cx: &mut Context<'_, Line>) -> Result<TlsVersion, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("a version")?;
    tls_version(&word.text).ok_or_else(|| {
        Diagnostic::alert(word.span, format!("'{keyword}' : unknown ssl/tls version '{}'", word.text))
    })
}

/// A TLS version by OpenSSL's name.
pub(crate) fn tls_version(name: &str) -> Option<TlsVersion> {
    Some(match name {
        "SSLv3" => TlsVersion::Ssl3,
        "TLSv1.0" => TlsVersion::Tls10,
        "TLSv1.1" => TlsVersion::Tls11,
        "TLSv1.2" => TlsVersion::Tls12,
        "TLSv1.3" => TlsVersion::Tls13,
        _ => return None,
    })
}

/// `bind`.
pub(crate) fn bind(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let usage = "'bind' expects {<path>|[addr1]:port1[-end1]}{,[addr]:port[-end]}... as arguments.";
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    let sockets = addresses(cx, word, "'bind' : ")?;
    let label = format!("'bind {}' in section '{}' : ", word.text, cx.target.kind.name());
    let line = options(cx, &label)?;
    if line.ssl && line.tls.certificates.is_empty() {
        let message = format!(
            "Proxy '{}': no SSL certificate specified for bind '{}' (use 'crt').",
            cx.target.name, word.text
        );
        return Err(Diagnostic::alert(word.span, message));
    }
    let crts = line.tls.certificates.iter().zip(&line.crt_spans);
    let crts = crts.map(|(file, span)| Certificate { file: file.clone(), span: *span, label: label.clone() });
    cx.target.certificates.extend(crts);
    for (written, address) in sockets {
        cx.target.binds.push(socket(&line, written, address, &cx.place));
    }
    Ok(())
}

fn socket(line: &Line, written: String, address: BindAddress, place: &str) -> Bind {
    Bind {
        name: line.name.clone().unwrap_or(written),
        address,
        maxconn: line.maxconn,
        backlog: line.backlog,
        tls: line.ssl.then(|| line.tls.clone()),
        accept_proxy: line.accept_proxy,
        v6only: line.v6only,
        interface: line.interface.clone(),
        transparent: line.transparent,
        tcp_user_timeout: line.tcp_user_timeout,
        defer_accept: line.defer_accept,
        fast_open: line.fast_open,
        mss: line.mss,
        permissions: line.permissions.clone(),
        place: place.to_owned(),
    }
}

/// What the commands of a socket may do where nothing is said: `operator`.
pub(crate) const DEFAULT_LEVEL: u8 = 2;

/// `stats socket`.
pub(crate) fn stats_socket(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let usage = "'stats socket' in global section expects an address or a path to a UNIX socket";
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    let sockets = addresses(cx, word, "'stats socket' : ")?;
    let line = options(cx, "'stats socket' : ")?;
    for (_, address) in sockets {
        cx.target.stats_sockets.push(StatsSocket {
            address,
            permissions: line.permissions.clone(),
            level: line.level.unwrap_or(DEFAULT_LEVEL),
        });
    }
    Ok(())
}

/// The options of a line, those that are left.
pub(crate) fn options<T>(cx: &mut Context<'_, T>, label: &str) -> Result<Line, Diagnostic> {
    let mut line = Line::default();
    let mut inner = Context {
        target: &mut line,
        words: cx.words.clone(),
        keyword: cx.keyword,
        span: cx.span,
        prefix: Prefix::None,
        world: cx.world,
        notes: &mut *cx.notes,
        told: &mut *cx.told,
        place: String::new(),
    };
    let unknown = |word: &Word| format!("unknown keyword '{}'", word.text);
    let result = run_options(&INDEX, &mut inner, &unknown);
    cx.words.by_ref().for_each(drop);
    result.map_err(|diagnostic| diagnostic.prefixed(label))?;
    Ok(line)
}

/// A port range holds at most this many sockets; HAProxy has one descriptor for each, too.
const MAX_RANGE: usize = 4096;

/// What was written, and where to listen.
type Socket = (String, BindAddress);

/// All sockets of `addr:port-end,…`.
fn addresses<T>(cx: &mut Context<'_, T>, word: &Word, label: &str) -> Result<Vec<Socket>, Diagnostic> {
    let bad = |why: String| Diagnostic::alert(word.span, format!("{label}{why}"));
    let mut sockets = Vec::new();
    let all = super::address::expand(&word.text, cx.world.env);
    for text in all.split(',').filter(|text| !text.is_empty()) {
        let address =
            super::address::parse(cx, word, text).map_err(|why| bad(format!("{why} in '{text}'")))?;
        if matches!(address.kind, Kind::Datagram | Kind::Quic) {
            return Err(bad(format!("'{text}' : QUIC and datagram listeners are not supported")));
        }
        if let Some(local) = local(&address.host) {
            sockets.push((text.to_owned(), local));
            continue;
        }
        let ip = match address.host {
            Host::Ip(ip) => ip,
            Host::Any if address.family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
            Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            Host::Name(name) if name == "localhost" => IpAddr::V4(Ipv4Addr::LOCALHOST),
            other => return Err(bad(format!("invalid address: '{}' in '{text}'", shown(&other)))),
        };
        let (low, high) = match address.port {
            Port::One(port) => (port, port),
            Port::Range(low, high) => (low, high),
            Port::None => return Err(bad(format!("missing port specification in '{text}'"))),
            Port::Offset(_) => return Err(bad(format!("port offset not permitted here in '{text}'"))),
        };
        if sockets.len() + usize::from(high - low) >= MAX_RANGE {
            return Err(bad(format!("more than {MAX_RANGE} sockets in one line")));
        }
        let named =
            |port: u16| if low == high { text.to_owned() } else { SocketAddr::new(ip, port).to_string() };
        sockets.extend((low..=high).map(|port| (named(port), BindAddress::Tcp(SocketAddr::new(ip, port)))));
    }
    if sockets.is_empty() {
        return Err(bad(format!("missing port specification in '{}'", word.text)));
    }
    Ok(sockets)
}

/// The sockets that have no port.
fn local(host: &Host) -> Option<BindAddress> {
    match host {
        Host::Unix(path) => Some(BindAddress::Unix(path.clone())),
        Host::Abstract(name) => Some(BindAddress::Abstract(name.clone())),
        Host::Fd(fd) => Some(BindAddress::Fd(*fd)),
        Host::Any | Host::Ip(_) | Host::Name(_) => None,
    }
}

fn shown(host: &Host) -> &str {
    match host {
        Host::Name(name) => name,
        Host::Any | Host::Ip(_) | Host::Unix(_) | Host::Abstract(_) | Host::Fd(_) => "",
    }
}
