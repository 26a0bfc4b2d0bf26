//! The options of `server` that are about how it is reached: names, sources, proxies, pools of connections
//! (configuration.txt 5.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use lang::units::{self, Host, Port, TimeUnit};
use lang::{Diagnostic, Word};

use super::tls;
use crate::cfg::bind::PROTOCOLS;
use crate::cfg::{Context, Keyword, address, keyword};
use crate::draft::ServerOptions;
use crate::model::{Family, InitAddr, Proto, ServerSource, UseSource, WebSocket};

const POOL: &str = "connections to servers are pooled by the gateway itself";
const PROXY: &str = "use 'option forwardfor' to tell the server who the client is";
const LOGS: &str = "it is for servers of logs";

/// A row of the table below.
const fn option(name: &'static str) -> Keyword<ServerOptions> {
    keyword(name)
}

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<ServerOptions>] = &[
    option("init-addr")       .word().parse(init_addr).tunes("a name that does not resolve never stops the start and is resolved again"),
    option("resolve-prefer")  .takes(1, "either ipv4 or ipv6 as argument").parse(resolve_prefer).lacks("'ipv4'"),
    option("resolvers")       .takes(1, "a section's name").parse(resolvers).later("remove it: names are resolved by the system's resolver, again and again"),
    option("resolve-net")     .takes(1, "a list of networks").parse(resolve_net).later("remove it: the first address is taken"),
    option("resolve-opts")    .word().parse(resolve_opts).later("remove it: the first address is taken"),

    option("max-reuse")       .takes(1, "<value> as argument").parse(|cx| { cx.target.model.pool.max_reuse = Some(unlimited(cx, i64::MIN)?); Ok(()) }).tunes(POOL),
    option("pool-low-conn")   .takes(1, "<value> as argument").parse(|cx| { cx.target.model.pool.low_conn = Some(unlimited(cx, i64::MIN)?); Ok(()) }).tunes(POOL),
    option("pool-max-conn")   .takes(1, "<value> as argument").parse(|cx| { cx.target.model.pool.max_conn = Some(unlimited(cx, -1)?); Ok(()) }).tunes(POOL),
    option("pool-purge-delay").takes(1, "<value> as argument").parse(purge_delay).tunes(POOL),
    option("pool-conn-name")  .takes(1, "<value> as argument").parse(pool_conn_name).tunes(POOL),
    option("idle-ping")       .takes(1, "a delay as argument").parse(idle_ping).tunes(POOL),
    option("tfo")             .parse(|cx| { cx.target.model.fast_open = true; Ok(()) }).tunes("it only saves a round trip"),
    option("no-tfo")          .parse(|cx| { cx.target.model.fast_open = false; Ok(()) }),
    option("tcp-ut")          .misses("TCP User Timeout value").parse(tcp_ut).tunes("'timeout server' bounds the wait for a silent peer"),
    option("cc")              .misses("congestion control algorithm").parse(|cx| { cx.target.model.congestion_control = Some(cx.text()?); Ok(()) })
        .tunes("the system chooses the congestion control"),

    option("proto")           .misses("value").parse(proto).lacks("`h2` and the others: HTTP/1 is spoken to servers"),
    option("ws")              .word().parse(ws).later("remove it: WebSocket goes over HTTP/1"),
    option("send-proxy")      .parse(|cx| { cx.target.model.send_proxy.v1 = true; Ok(()) }).later(PROXY),
    option("no-send-proxy")   .parse(|cx| { cx.target.model.send_proxy.v1 = false; Ok(()) }),
    option("send-proxy-v2")   .parse(|cx| { cx.target.model.send_proxy.v2 = true; Ok(()) }).later(PROXY),
    option("no-send-proxy-v2").parse(|cx| { cx.target.model.send_proxy.v2 = false; Ok(()) }),
    option("send-proxy-v2-ssl").parse(|cx| { cx.target.model.send_proxy.v2_ssl = true; Ok(()) }).later(PROXY),
    option("no-send-proxy-v2-ssl").parse(|cx| { cx.target.model.send_proxy.v2_ssl = false; Ok(()) }),
    option("send-proxy-v2-ssl-cn").parse(|cx| { cx.target.model.send_proxy.v2_ssl_cn = true; Ok(()) }).later(PROXY),
    option("no-send-proxy-v2-ssl-cn").parse(|cx| { cx.target.model.send_proxy.v2_ssl_cn = false; Ok(()) }),
    option("proxy-v2-options").needs(1, "'' : proxy v2 option not implemented").parse(proxy_options).later(PROXY),
    option("set-proxy-v2-tlv-fmt").parse(tlv).later(PROXY),

    option("source")          .needs(1, "'source' expects <addr>[:<port>[-<port>]], and optionally 'usesrc' <addr>, and 'interface' <name> as argument.")
        .parse(source).later("remove it: the system chooses the address"),
    option("usesrc")          .parse(|cx| Err(cx.error("only allowed after a 'source' statement."))),
    option("socks4")          .takes(1, "<addr>:<port> as argument").parse(socks4).later("reach the server without a proxy"),
    option("namespace")       .needs(1, "'namespace' : expects <name> as argument").parse(|cx| { cx.target.model.namespace = Some(address::namespace(cx)?); Ok(()) })
        .later("start the gateway inside of that name space"),
    option("log-proto")       .word().parse(log_proto).later(LOGS),
    option("log-bufsize")     .takes(1, "<value> as argument").parse(log_bufsize).later(LOGS),
];

/// A number, of which a negative one is no limit.
fn unlimited(cx: &mut Context<'_, ServerOptions>, low: i64) -> Result<i64, Diagnostic> {
    cx.signed(low, i64::from(i32::MAX), |keyword, _| format!("'{keyword}' must be >= -1"))
}

fn purge_delay(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("<value> as argument")?;
    let time = cx
        .time_of(word, TimeUnit::Ms)
        .map_err(|why| Diagnostic::alert(word.span, format!("{why} in argument to <pool-purge-delay>.")))?;
    cx.target.model.pool.purge_delay = Some(time);
    Ok(())
}

fn pool_conn_name(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("<value> as argument")?;
    tls::expression(cx, word, "pool-conn-name")?;
    cx.target.model.pool.conn_name = Some(word.text.clone());
    Ok(())
}

fn idle_ping(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    cx.target.model.pool.idle_ping = Some(cx.time(TimeUnit::Ms)?);
    Ok(())
}

fn tcp_ut(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let bad = |_| Diagnostic::alert(at, "'tcp-ut' : expects a positive delay in milliseconds");
    cx.target.model.tcp_user_timeout = Some(cx.time(TimeUnit::Ms).map_err(bad)?);
    Ok(())
}

fn init_addr(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else { return Ok(()) };
    let method = |name: &str| match name {
        "last" => Some(InitAddr::Last),
        "libc" => Some(InitAddr::Libc),
        "none" => Some(InitAddr::None),
        other => other.parse().ok().map(InitAddr::Ip),
    };
    let mut methods = Vec::new();
    for name in word.text.split(',').filter(|name| !name.is_empty()) {
        methods.push(method(name).ok_or_else(|| {
            let message = format!(
                "'init-addr' : unknown init-addr method '{name}', supported methods are 'libc', 'last', 'none'."
            );
            let meant = lang::suggest::nearest(name, ["last", "libc", "none"]);
            Diagnostic::alert(word.span, message).suggest(meant)
        })?);
    }
    cx.target.model.resolve.init_addr = methods;
    Ok(())
}

fn resolve_prefer(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.words.peek().cloned();
    let families = [("ipv4", Family::Ipv4), ("ipv6", Family::Ipv6)];
    let family = cx.choice(&families, "'resolve-prefer' expects either ipv4 or ipv6 as argument.")?;
    cx.target.model.resolve.prefer = Some(family);
    match (family, word) {
        (Family::Ipv4, Some(word)) => Err(cx.unsupported_word(&word).hint("write the address as ipv4@NAME")),
        _ => Ok(()),
    }
}

fn resolvers(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("a section's name")?;
    (cx.target.model.resolve.resolvers, cx.target.spans.resolvers) =
        (Some(word.text.clone()), Some(word.span));
    Ok(())
}

fn resolve_net(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let network = |text: &String| {
        units::parse_network(text)
            .map_err(|_| Diagnostic::alert(at, format!("'resolve-net' invalid network '{text}'.")))
    };
    cx.target.model.resolve.networks = cx.list()?.iter().map(network).collect::<Result<_, _>>()?;
    Ok(())
}

fn resolve_opts(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    if cx.words.is_empty() {
        return Ok(());
    }
    let at = cx.words.here();
    for option in cx.list()? {
        let resolve = &mut cx.target.model.resolve;
        match option.as_str() {
            "allow-dup-ip" => resolve.allow_duplicates = Some(true),
            "prevent-dup-ip" => resolve.allow_duplicates = Some(false),
            "ignore-weight" => resolve.ignore_weight = true,
            other => {
                let message = format!(
                    "'resolve-opts' : unknown resolve-opts option '{other}', supported methods are 'allow-dup-ip', \
                     'ignore-weight', and 'prevent-dup-ip'."
                );
                let known = ["allow-dup-ip", "ignore-weight", "prevent-dup-ip"];
                return Err(Diagnostic::alert(at, message).suggest(lang::suggest::nearest(other, known)));
            }
        }
    }
    Ok(())
}

fn proto(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let proto = tls::proto(cx)?;
    (cx.target.model.proto, cx.target.spans.proto) = (Some(proto), Some(at));
    if proto != Proto::H1 {
        let name = PROTOCOLS.iter().find(|(_, known)| *known == proto).map_or("", |(name, _)| name);
        return Err(Diagnostic::not_yet(at, format_args!("'proto {name}'"))
            .hint("remove it: HTTP/1 is spoken to servers"));
    }
    Ok(())
}

fn ws(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let choices = [("auto", WebSocket::Auto), ("h1", WebSocket::H1), ("h2", WebSocket::H2)];
    cx.target.model.websocket = cx.choice(&choices, "'ws' has to be 'auto', 'h1' or 'h2'")?;
    Ok(())
}

/// What `proxy-v2-options` may ask for.
const PROXY_OPTIONS: &[&str] =
    &["ssl", "cert-cn", "ssl-cipher", "cert-sig", "cert-key", "authority", "crc32c", "unique-id"];

fn proxy_options(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let options = cx.list()?;
    match options.iter().find(|option| !PROXY_OPTIONS.contains(&option.as_str())) {
        None => {
            cx.target.model.send_proxy.options = options;
            Ok(())
        }
        Some(other) => {
            let message = format!("'{other}' : proxy v2 option not implemented");
            let meant = lang::suggest::nearest(other, PROXY_OPTIONS.iter().copied());
            Err(Diagnostic::alert(at, message).suggest(meant))
        }
    }
}

/// `set-proxy-v2-tlv-fmt(TYPE) FORMAT`; the type stands in the keyword's own word.
fn tlv(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let kind = cx.argument.trim();
    let number = match kind.strip_prefix("0x") {
        Some(hex) => u8::from_str_radix(hex, 16).ok(),
        None => kind.parse().ok(),
    };
    let number = number.ok_or_else(|| {
        cx.error(format_args!("expects a type from 0 to 255 in brackets, as in '{}(0x20)'", cx.keyword))
    })?;
    let word = cx.expect("a format")?;
    cx.format(word, expr::Phase::HttpRequest)?;
    cx.target.model.send_proxy.tlvs.retain(|(other, _)| *other != number);
    cx.target.model.send_proxy.tlvs.push((number, word.text.clone()));
    Ok(())
}

/// The host of an address that connections are made from or to, by number.
fn ip(address: &units::Address) -> Option<IpAddr> {
    match (&address.host, address.family) {
        (Host::Ip(ip), _) => Some(*ip),
        (Host::Any, Some(units::Family::Ipv6)) => Some(Ipv6Addr::UNSPECIFIED.into()),
        (Host::Any, _) => Some(Ipv4Addr::UNSPECIFIED.into()),
        _ => None,
    }
}

fn source(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("an address")?.clone();
    let mut source = source_address(cx, &word, "source")?;
    loop {
        if cx.words.accept("usesrc") {
            source.usesrc = Some(usesrc(cx)?);
        } else if cx.words.accept("interface") {
            let missing = "'interface' : missing interface name";
            let name = cx.words.next().ok_or_else(|| cx.words.error(missing))?;
            source.interface = Some(name.text.clone());
        } else {
            break;
        }
    }
    cx.target.model.source = Some(source);
    Ok(())
}

fn source_address<T>(cx: &mut Context<'_, T>, word: &Word, what: &str) -> Result<ServerSource, Diagnostic> {
    let bad = |why: String| Diagnostic::alert(word.span, format!("'{what} {}' : {why}", word.text));
    let read = address::parse(cx, word, &word.text).map_err(bad)?;
    let ip = ip(&read).ok_or_else(|| bad(format!("invalid address: '{}' in '{}'", word.text, word.text)))?;
    let ports = match read.port {
        Port::None => (0, 0),
        Port::One(port) => (port, port),
        Port::Range(low, high) => (low, high),
        Port::Offset(_) => return Err(bad(format!("port offset not permitted here in '{}'", word.text))),
    };
    Ok(ServerSource { ip, ports, usesrc: None, interface: None })
}

fn usesrc(cx: &mut Context<'_, ServerOptions>) -> Result<UseSource, Diagnostic> {
    let usage = "'usesrc' expects <addr>[:<port>], 'client', 'clientip', or 'hdr_ip(name,#)' as argument.";
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?.clone();
    Ok(match word.text.as_str() {
        "client" => UseSource::Client,
        "clientip" => UseSource::ClientIp,
        text => match text.strip_prefix("hdr_ip(") {
            Some(rest) => {
                let inner = rest.strip_suffix(')').unwrap_or(rest);
                let (name, occurrence) = inner.split_once(',').unwrap_or((inner, "-1"));
                let occurrence = occurrence.trim().parse().map_err(|_| {
                    Diagnostic::alert(word.span, "usesrc hdr_ip(name,num) does not support this occurrence.")
                })?;
                UseSource::Header { name: name.trim().to_owned(), occurrence }
            }
            None => {
                let source = source_address(cx, &word, "usesrc")?;
                UseSource::Address(SocketAddr::new(source.ip, source.ports.0))
            }
        },
    })
}

fn socks4(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("<addr>:<port> as argument")?.clone();
    let bad = |why: String| Diagnostic::alert(word.span, format!("'socks4 {}' : {why}", word.text));
    let read = address::parse(cx, &word, &word.text).map_err(bad)?;
    let Port::One(port) = read.port else {
        return Err(bad(format!("missing port specification in '{}'", word.text)));
    };
    let ip = ip(&read).ok_or_else(|| bad(format!("invalid address: '{}'", word.text)))?;
    cx.target.model.socks4 = Some(SocketAddr::new(ip, port));
    Ok(())
}

fn log_proto(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let protocols = [("legacy", false), ("octet-count", true)];
    let message = "'log-proto' expects one of 'legacy' or 'octet-count' but got '{}'";
    cx.target.model.log.octet_count = cx.choice(&protocols, message)?;
    Ok(())
}

fn log_bufsize(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("<value> as argument")?;
    let size = units::parse_size(&word.text)
        .map_err(|why| Diagnostic::alert(word.span, format!("'log-bufsize' : {why} in '{}'", word.text)))?;
    cx.target.model.log.buffer_size = Some(size);
    Ok(())
}
