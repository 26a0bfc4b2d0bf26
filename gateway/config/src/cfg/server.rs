//! `server` and `default-server` lines (configuration.txt 5.2).

use std::sync::LazyLock;

use lang::units::{self, Host, Kind, Port, TimeUnit};
use lang::{Diagnostic, Word};

use super::{BACKEND, BE, Context, DEFAULTS, Index, Keyword, Prefix, keyword, run_options, template};
use crate::draft::{Proxy, Server, ServerOptions};
use crate::model::{Family, ServerAddress, ServerPort};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("server")                .in_(BACKEND).strict().parse(server),
    keyword("default-server")        .in_(BE)     .strict().parse(default_server),
    keyword("server-template")       .in_(BACKEND).strict().parse(template::server_template).later("write one 'server' line for each server"),
];

const TUNING: &str = "connections to servers are pooled by the gateway itself";
const NEVER: &str = "it is never offered";

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<ServerOptions>] = &[
    keyword("addr")      .takes(1, "an address").parse(addr),
    keyword("backup")    .parse(|cx| { cx.target.backup = true; Ok(()) }),
    keyword("no-backup") .parse(|cx| { cx.target.backup = false; Ok(()) }),
    keyword("check")     .parse(|cx| { cx.target.checked = true; Ok(()) }),
    keyword("no-check")  .parse(|cx| { cx.target.checked = false; Ok(()) }),
    keyword("disabled")  .parse(|cx| { cx.target.disabled = true; Ok(()) }),
    keyword("enabled")   .parse(|cx| { cx.target.disabled = false; Ok(()) }),
    keyword("downinter") .takes(1, "a delay as argument").parse(|cx| { cx.target.check.downinter = Some(delay(cx)?); Ok(()) }),
    keyword("fastinter") .takes(1, "a delay as argument").parse(|cx| { cx.target.check.fastinter = Some(delay(cx)?); Ok(()) }),
    keyword("inter")     .takes(1, "a delay as argument").parse(|cx| { cx.target.check.inter = delay(cx)?; Ok(()) }),
    keyword("fall")      .takes(1, "an integer argument").parse(|cx| { cx.target.check.fall = count(cx)?; Ok(()) }),
    keyword("rise")      .takes(1, "an integer argument").parse(|cx| { cx.target.check.rise = count(cx)?; Ok(()) }),
    keyword("id")        .takes(1, "an integer argument").parse(|cx| { cx.target.id = Some(cx.number(1, i32::MAX as u32)?); Ok(()) }),
    keyword("maxconn")   .takes(1, "an integer argument").parse(|cx| { cx.target.maxconn = Some(cx.number(0, u32::MAX)?).filter(|max| *max > 0); Ok(()) }),
    keyword("maxqueue")  .takes(1, "an integer argument").parse(|cx| { cx.target.maxqueue = Some(cx.number(0, u32::MAX)?).filter(|max| *max > 0); Ok(()) }),
    keyword("port")      .takes(1, "a port number as argument").parse(|cx| { cx.target.check.port = u16::try_from(cx.number(1, 65535)?).ok(); Ok(()) }),
    keyword("weight")    .takes(1, "a weight").parse(weight),

    keyword("init-addr")       .takes(1, "a list of methods").parse(init_addr),
    keyword("max-reuse")       .takes(1, "a number") .ignored(TUNING),
    keyword("pool-low-conn")   .takes(1, "a number") .ignored(TUNING),
    keyword("pool-max-conn")   .takes(1, "a number") .ignored(TUNING),
    keyword("pool-conn-name")  .takes(1, "a name")   .ignored(TUNING),
    keyword("pool-purge-delay").takes(1, "a delay")  .ignored(TUNING),
    keyword("idle-ping")       .takes(1, "a delay")  .ignored(TUNING),
    keyword("tfo")             .ignored("it only saves a round trip"),
    keyword("no-tfo")          .ignored("it is the default"),
    keyword("tcp-ut")          .takes(1, "a delay")  .ignored("'timeout server' bounds the wait for a silent peer"),
    keyword("cc")              .takes(1, "a name")   .ignored("the system chooses the congestion control"),
    keyword("no-ssl")          .ignored("it is the default"),
    keyword("no-agent-check")  .ignored("it is the default"),
    keyword("no-check-ssl")    .ignored("it is the default"),
    keyword("no-send-proxy")   .ignored("it is the default"),
    keyword("no-send-proxy-v2").ignored("it is the default"),
    keyword("no-send-proxy-v2-ssl")   .ignored("it is the default"),
    keyword("no-send-proxy-v2-ssl-cn").ignored("it is the default"),
    keyword("no-check-send-proxy")    .ignored("it is the default"),
    keyword("non-stick")       .ignored("there are no stick tables yet"),
    keyword("stick")           .ignored("there are no stick tables yet"),
    keyword("ssl-reuse")       .ignored("it is the default"),
    keyword("no-ssl-reuse")    .ignored("sessions are reused only where TLS is used"),
    keyword("tls-tickets")     .ignored("it is the default"),
    keyword("no-tls-tickets")  .ignored("tickets matter only where TLS is used"),
    keyword("no-sslv3").ignored(NEVER), keyword("no-tlsv10").ignored(NEVER), keyword("no-tlsv11").ignored(NEVER),
    keyword("resolve-prefer")  .takes(1, "a family").parse(resolve_prefer).lacks("'ipv4'"),

    keyword("agent-addr") .takes(1, "an address"), keyword("agent-check"), keyword("agent-inter").takes(1, "a delay"),
    keyword("agent-port") .takes(1, "a port"),     keyword("agent-send").takes(1, "a string"),
    keyword("allow-0rtt"), keyword("alpn").takes(1, "a list of protocols"), keyword("npn").takes(1, "a list"),
    keyword("ca-file").takes(1, "a file"), keyword("ciphers").takes(1, "a list"), keyword("ciphersuites").takes(1, "a list"),
    keyword("check-alpn").takes(1, "a list"), keyword("check-proto").takes(1, "a name"), keyword("check-send-proxy"),
    keyword("check-sni").takes(1, "a name"), keyword("check-ssl"), keyword("check-via-socks4"),
    keyword("check-pool-conn-name").takes(1, "a name"), keyword("check-reuse-pool"),
    keyword("client-sigalgs").takes(1, "a list"), keyword("sigalgs").takes(1, "a list"),
    keyword("cookie").takes(1, "a value").unsupported("remove it: cookie persistence comes later; 'balance source' keeps clients on servers"),
    keyword("crl-file").takes(1, "a file"), keyword("crt").takes(1, "a file"), keyword("curves").takes(1, "a list"),
    keyword("ech").takes(1, "a file"), keyword("renegotiate"), keyword("no-renegotiate"),
    keyword("error-limit").takes(1, "a number"), keyword("observe").takes(1, "a mode"), keyword("on-error").takes(1, "an action"),
    keyword("on-marked-down").takes(1, "an action"), keyword("on-marked-up").takes(1, "an action"),
    keyword("force-sslv3"), keyword("force-tlsv10"), keyword("force-tlsv11"), keyword("force-tlsv12"), keyword("force-tlsv13"),
    keyword("no-tlsv12"), keyword("no-tlsv13"), keyword("ssl-max-ver").takes(1, "a version"), keyword("ssl-min-ver").takes(1, "a version"),
    keyword("guid").takes(1, "an identifier").ignored("it only names the server for tools"),
    keyword("hash-key").takes(1, "a key"), keyword("log-bufsize").takes(1, "a size"), keyword("log-proto").takes(1, "a protocol"),
    keyword("init-state").takes(1, "a state"),
    keyword("minconn").takes(1, "a number").unsupported("use 'maxconn' alone"),
    keyword("namespace").takes(1, "a name"), keyword("proto").takes(1, "a name"), keyword("proxy-v2-options").takes(1, "a list"),
    keyword("redir").takes(1, "a prefix"), keyword("resolve-net").takes(1, "networks"), keyword("resolve-opts").takes(1, "options"),
    keyword("resolvers").takes(1, "a section's name").unsupported("remove it: names are resolved by the system's resolver, again and again"),
    keyword("send-proxy"), keyword("send-proxy-v2"), keyword("send-proxy-v2-ssl"), keyword("send-proxy-v2-ssl-cn"),
    keyword("set-proxy-v2-tlv-fmt"), keyword("slowstart").takes(1, "a delay"), keyword("sni").takes(1, "an expression"),
    keyword("sni-auto"), keyword("no-sni-auto"), keyword("check-sni-auto"), keyword("no-check-sni-auto"),
    keyword("socks4").takes(1, "an address"), keyword("source").takes(1, "an address"), keyword("usesrc").takes(1, "an address"),
    keyword("ssl").unsupported("put the servers behind plain HTTP: TLS to servers comes later"),
    keyword("ssl-f-use"), keyword("strict-maxconn"), keyword("track").takes(1, "a server"), keyword("verify").takes(1, "none or required"),
    keyword("verifyhost").takes(1, "a name"), keyword("ws").takes(1, "a protocol"),
];

static INDEX: LazyLock<Index<ServerOptions>> = LazyLock::new(|| Index::new(&[OPTIONS]));

fn delay(cx: &mut Context<'_, ServerOptions>) -> Result<std::time::Duration, Diagnostic> {
    let delay = cx.time(TimeUnit::Ms)?;
    if delay.is_zero() {
        return Err(cx.error("has to be > 0."));
    }
    Ok(delay)
}

fn count(cx: &mut Context<'_, ServerOptions>) -> Result<u32, Diagnostic> {
    let at = cx.words.here();
    let keyword = cx.keyword;
    cx.number(1, u32::MAX).map_err(|_| Diagnostic::alert(at, format!("'{keyword}' has to be > 0.")))
}

fn weight(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("a weight")?;
    match word.text.parse::<u16>() {
        Ok(weight) if weight <= 256 => {
            cx.target.weight = weight;
            Ok(())
        }
        _ => Err(Diagnostic::alert(word.span, format!("weight is not within 0 and 256 ({}).", word.text))),
    }
}

fn addr(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("an address")?.clone();
    let bad = |why: String| Diagnostic::alert(word.span, format!("'addr' : {why}"));
    let address = super::address::parse(cx, &word, &word.text).map_err(bad)?;
    match (address.host, address.port) {
        (Host::Ip(ip), Port::None) => cx.target.check.addr = Some(ip),
        (Host::Ip(ip), Port::One(port)) => {
            (cx.target.check.addr, cx.target.check.port) = (Some(ip), Some(port));
        }
        (_, Port::Range(..) | Port::Offset(_)) => {
            return Err(bad(format!("port not permitted here in '{}'", word.text)));
        }
        _ => return Err(bad(format!("'{}' : only IP addresses are supported yet", word.text))),
    }
    Ok(())
}

/// The order of the methods changes nothing here: a name that does not resolve is asked for again and again.
fn init_addr(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("a list of methods")?;
    let known = |method: &str| {
        matches!(method, "last" | "libc" | "none") || method.parse::<std::net::IpAddr>().is_ok()
    };
    match word.text.split(',').find(|method| !known(method)) {
        None => {
            super::tell(
                cx,
                "init-addr",
                "a name that does not resolve never stops the start and is resolved again",
            );
            Ok(())
        }
        Some(method) => {
            let message = format!(
                "'init-addr' : unknown init-addr method '{method}', supported methods are 'libc', 'last', 'none'."
            );
            let meant = lang::suggest::nearest(method, ["last", "libc", "none"]);
            Err(Diagnostic::alert(word.span, message).suggest(meant))
        }
    }
}

fn resolve_prefer(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("either ipv4 or ipv6 as argument")?.clone();
    match word.text.as_str() {
        "ipv6" => Ok(()), // the default
        "ipv4" => Err(cx.unsupported_word(&word).hint("write the address as ipv4@NAME")),
        _ => Err(Diagnostic::alert(word.span, "'resolve-prefer' expects either ipv4 or ipv6 as argument.")),
    }
}

/// `server`, of a backend or of a section that has servers.
pub(crate) fn server(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let usage = "'server' expects <name> and <addr>[:<port>] as arguments.";
    let (Some(name), Some(at)) = (cx.words.next(), cx.words.next()) else {
        return Err(cx.words.error(usage));
    };
    check_name(name)?;
    let label = format!("'server {}/{}' : ", cx.target.name, name.text);
    let address = address(cx, at).map_err(|why| Diagnostic::alert(at.span, format!("{label}{why}")))?;
    let mut options = ServerOptions { id: None, ..cx.target.settings.default_server.clone() };
    read_options(cx, &mut options, &label)?;
    cx.target.servers.push(Server {
        name: name.text.clone(),
        span: name.span,
        place: cx.place.clone(),
        address,
        options,
    });
    Ok(())
}

/// `default-server`.
pub(crate) fn default_server(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let label = match cx.target.kind {
        DEFAULTS => "'default-server' : ".to_owned(),
        _ => format!("'default-server {}' : ", cx.target.name),
    };
    let mut options = cx.target.settings.default_server.clone();
    read_options(cx, &mut options, &label)?;
    cx.target.settings.default_server = options;
    Ok(())
}

pub(crate) fn read_options(
    cx: &mut Context<'_, Proxy>,
    options: &mut ServerOptions,
    label: &str,
) -> Result<(), Diagnostic> {
    let mut inner = Context {
        target: options,
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
    result.map_err(|diagnostic| diagnostic.prefixed(label))
}

/// The characters that HAProxy permits in names.
pub(crate) fn bad_character(name: &str) -> Option<char> {
    name.chars().find(|c| !(c.is_ascii_alphanumeric() || matches!(c, ':' | '_' | '-' | '.')))
}

fn check_name(name: &Word) -> Result<(), Diagnostic> {
    match bad_character(&name.text) {
        None => Ok(()),
        Some(c) => {
            let message = format!("character '{c}' is not permitted in server name '{}'.", name.text);
            Err(Diagnostic::alert(name.span, message))
        }
    }
}

pub(crate) fn address(cx: &mut Context<'_, Proxy>, word: &Word) -> Result<ServerAddress, String> {
    let address = super::address::parse(cx, word, &word.text)?;
    if matches!(address.kind, Kind::Datagram | Kind::Quic) {
        return Err(format!("address '{}' is not a stream address", word.text));
    }
    let port = match address.port {
        Port::None => ServerPort::Offset(0),
        Port::One(port) => ServerPort::Fixed(port),
        Port::Offset(shift) => ServerPort::Offset(shift),
        Port::Range(..) => return Err(format!("port range not permitted here in '{}'", word.text)),
    };
    let family = address.family.map(|family| match family {
        units::Family::Ipv4 => Family::Ipv4,
        units::Family::Ipv6 => Family::Ipv6,
    });
    match address.host {
        Host::Ip(ip) => Ok(ServerAddress::Ip { ip, port }),
        Host::Name(host) => Ok(ServerAddress::Name { host, port, family }),
        Host::Unix(path) => Ok(ServerAddress::Unix(path)),
        Host::Any => {
            Err(format!("'{}' : forwarding to the address the client used is not supported yet", word.text))
        }
        Host::Abstract(_) | Host::Fd(_) => Err(format!("address '{}' is not supported yet", word.text)),
    }
}
