//! `server` lines.

use std::path::Path;

use super::bind::protocol;
use super::order::uncounted;
use super::text::{self, Line, line};
use crate::draft::ServerOptions;
use crate::model::{
    Agent, Check, CheckOver, Family, HashKey, InitAddr, InitState, Observe, OnError, Pool, Reactions,
    Resolve, SendProxy, Server, ServerAddress, ServerLog, ServerPort, ServerSource, ServerTemplate,
    ServerTls, UseSource, WebSocket,
};
use crate::resolve::FIRST_SERVER_ID;

/// All servers of a backend; `ca_base` is where the names of CA files were looked up.
pub(super) fn lines<'a>(servers: &'a [Server], ca_base: Option<&'a Path>) -> impl Iterator<Item = Line> + 'a {
    let ids: Vec<u32> = servers.iter().map(|server| server.id).collect();
    let own = uncounted(&ids, FIRST_SERVER_ID);
    servers.iter().zip(own).map(move |(server, own_id)| one(server, own_id, ca_base))
}

fn one(server: &Server, own_id: bool, ca_base: Option<&Path>) -> Line {
    let words = line(["server", &server.name, &written(&server.address)]);
    options(words.set("id", own_id.then_some(server.id)), server, ca_base)
}

/// A line for many servers.
pub(super) fn template(template: &ServerTemplate, ca_base: Option<&Path>) -> Line {
    let ServerTemplate { first, last, server } = template;
    let words =
        line(["server-template", &server.name, &format!("{first}-{last}"), &written(&server.address)]);
    options(words, server, ca_base)
}

fn options(words: Line, server: &Server, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let Server {
        name: _, id: _, address: _, weight, backup, disabled, maxconn, maxqueue, check, check_over, agent, track,
        reactions, minconn, strict_maxconn, slowstart, cookie, non_stick, redir, hash_key, shard, md5_key, healthcheck, guid,
        proto, websocket, tls, send_proxy, source, socks4, namespace, fast_open, tcp_user_timeout, congestion_control, pool, resolve, log,
        place: _,
    } = server;
    let usual = ServerOptions::default();
    let words = words
        .set("weight", Some(weight).filter(|weight| **weight != usual.model.weight))
        .flag("backup", *backup)
        .flag("disabled", *disabled)
        .set("maxconn", maxconn.as_ref())
        .set("maxqueue", maxqueue.as_ref())
        .set("minconn", minconn.as_ref())
        .flag("strict-maxconn", *strict_maxconn)
        .set("slowstart", slowstart.map(text::time))
        .set("cookie", cookie.as_ref())
        .flag("non-stick", *non_stick)
        .set("redir", redir.as_ref())
        .set("hash-key", hash_key.map(key))
        .set("shard", shard.as_ref())
        .set("tcp-md5sig", md5_key.as_ref())
        .set("healthcheck", healthcheck.as_ref())
        .set("guid", guid.as_ref())
        .set("track", track.as_ref())
        .set("proto", proto.map(protocol))
        .set("ws", websocket_over(*websocket))
        .set("socks4", socks4.as_ref())
        .set("namespace", namespace.as_ref())
        .flag("tfo", *fast_open)
        .set("tcp-ut", tcp_user_timeout.map(text::time))
        .set("cc", congestion_control.as_ref());
    let words = check.iter().fold(words, |words, check| checked(words, check, &usual.check));
    let words = reacting(checked_over(words, check_over), reactions);
    let words = encrypted(agent_checked(words, agent), tls, ca_base);
    let words = source.iter().fold(announced(words, send_proxy), from);
    logged(resolved(pooled(words, pool), resolve), log)
}

fn checked(words: Line, check: &Check, usual: &Check) -> Line {
    // `spread` stands in `global`, `kind` in lines of their own
    let Check { inter, fastinter, downinter, rise, fall, port, addr, spread: _, kind: _ } = check;
    words
        .and("check")
        .set("inter", Some(*inter).filter(|inter| *inter != usual.inter).map(text::time))
        .set("fastinter", fastinter.map(text::time))
        .set("downinter", downinter.map(text::time))
        .set("rise", Some(rise).filter(|rise| **rise != usual.rise))
        .set("fall", Some(fall).filter(|fall| **fall != usual.fall))
        .set("addr", addr.map(text::host))
        .set("port", port.as_ref())
}

fn checked_over(words: Line, over: &CheckOver) -> Line {
    let CheckOver {
        tls,
        sni,
        sni_auto,
        alpn,
        proto,
        send_proxy,
        via_socks4,
        reuse_pool,
        pool_conn_name,
        addr,
    } = over;
    words
        .set("addr", addr.as_ref())
        .flag("check-ssl", *tls)
        .set("check-sni", sni.as_ref())
        .flag("check-sni-auto", *sni_auto == Some(true))
        .flag("no-check-sni-auto", *sni_auto == Some(false))
        .set("check-alpn", text::list(alpn))
        .set("check-proto", proto.map(protocol))
        .flag("check-send-proxy", *send_proxy)
        .flag("check-via-socks4", *via_socks4)
        .flag("check-reuse-pool", *reuse_pool)
        .set("check-pool-conn-name", pool_conn_name.as_ref())
}

fn agent_checked(words: Line, agent: &Agent) -> Line {
    let Agent { on, addr, port, inter, send } = agent;
    words
        .flag("agent-check", *on)
        .set("agent-addr", addr.as_ref())
        .set("agent-port", port.as_ref())
        .set("agent-inter", inter.map(text::time))
        .set("agent-send", send.as_ref())
}

fn reacting(words: Line, reactions: &Reactions) -> Line {
    let usual = Reactions::default();
    let Reactions { observe, error_limit, on_error, shutdown_sessions, shutdown_backup_sessions, init_state } =
        reactions;
    let observe = match observe {
        Observe::None => None,
        Observe::Layer4 => Some("layer4"),
        Observe::Layer7 => Some("layer7"),
    };
    let action = match on_error {
        OnError::FastInter => "fastinter",
        OnError::FailCheck => "fail-check",
        OnError::SuddenDeath => "sudden-death",
        OnError::MarkDown => "mark-down",
    };
    let state = init_state.map(|state| match state {
        InitState::FullyUp => "fully-up",
        InitState::Up => "up",
        InitState::Down => "down",
        InitState::FullyDown => "fully-down",
    });
    words
        .set("observe", observe)
        .set("error-limit", Some(error_limit).filter(|limit| **limit != usual.error_limit))
        .set("on-error", Some(action).filter(|_| *on_error != usual.on_error))
        .set("on-marked-down", shutdown_sessions.then_some("shutdown-sessions"))
        .set("on-marked-up", shutdown_backup_sessions.then_some("shutdown-backup-sessions"))
        .set("init-state", state)
}

fn key(key: HashKey) -> &'static str {
    match key {
        HashKey::Id => "id",
        HashKey::Addr => "addr",
        HashKey::AddrPort => "addr-port",
        HashKey::Guid => "guid",
    }
}

fn websocket_over(websocket: WebSocket) -> Option<&'static str> {
    match websocket {
        WebSocket::Auto => None,
        WebSocket::H1 => Some("h1"),
        WebSocket::H2 => Some("h2"),
    }
}

fn encrypted(words: Line, tls: &ServerTls, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let ServerTls {
        on, verify, verify_host, ca_file, crl_file, certificate, sni, sni_auto, alpn, npn, ciphers, ciphersuites, curves,
        sigalgs, client_sigalgs, min, max, no_reuse, no_tickets, early_data, renegotiate, ech, kernel_tls,
    } = tls;
    let below = |file: &std::path::PathBuf| text::below(file, ca_base);
    let words = words
        .flag("ssl", *on)
        .set("verify", verify.map(|required| if required { "required" } else { "none" }))
        .set("verifyhost", verify_host.as_ref())
        .set("ca-file", ca_file.as_ref().map(below))
        .set("crl-file", crl_file.as_ref().map(below))
        .set("crt", certificate.as_deref().map(text::path))
        .set("sni", sni.as_ref())
        .flag("sni-auto", *sni_auto == Some(true))
        .flag("no-sni-auto", *sni_auto == Some(false))
        .set("alpn", text::list(alpn))
        .set("npn", text::list(npn));
    words
        .set("ciphers", ciphers.as_ref())
        .set("ciphersuites", ciphersuites.as_ref())
        .set("curves", curves.as_ref())
        .set("sigalgs", sigalgs.as_ref())
        .set("client-sigalgs", client_sigalgs.as_ref())
        .set("ssl-min-ver", min.map(text::tls))
        .set("ssl-max-ver", max.map(text::tls))
        .flag("no-ssl-reuse", *no_reuse)
        .flag("no-tls-tickets", *no_tickets)
        .flag("allow-0rtt", *early_data)
        .flag("renegotiate", *renegotiate == Some(true))
        .flag("no-renegotiate", *renegotiate == Some(false))
        .set("ech", ech.as_ref())
        .set("ktls", kernel_tls.map(text::on_off))
}

fn announced(words: Line, proxy: &SendProxy) -> Line {
    let SendProxy { v1, v2, v2_ssl, v2_ssl_cn, options, tlvs } = proxy;
    let words = words
        .flag("send-proxy", *v1)
        .flag("send-proxy-v2", *v2)
        .flag("send-proxy-v2-ssl", *v2_ssl)
        .flag("send-proxy-v2-ssl-cn", *v2_ssl_cn)
        .set("proxy-v2-options", text::list(options));
    let tlv = |words: Line, (kind, format): &(u8, String)| {
        words.and(format!("set-proxy-v2-tlv-fmt({kind:#04x})")).and(format)
    };
    tlvs.iter().fold(words, tlv)
}

fn from(words: Line, source: &ServerSource) -> Line {
    let ServerSource { ip, ports, usesrc, interface } = source;
    let ports = match ports {
        (0, 0) => String::new(),
        (low, high) if low == high => format!(":{low}"),
        (low, high) => format!(":{low}-{high}"),
    };
    let usesrc = usesrc.as_ref().map(|usesrc| match usesrc {
        UseSource::Client => "client".to_owned(),
        UseSource::ClientIp => "clientip".to_owned(),
        UseSource::Header { name, occurrence } => format!("hdr_ip({name},{occurrence})"),
        UseSource::Address(addr) => format!("{}:{}", text::host(addr.ip()), addr.port()),
    });
    words
        .set("source", Some(format!("{}{ports}", text::host(*ip))))
        .set("usesrc", usesrc)
        .set("interface", interface.as_ref())
}

fn pooled(words: Line, pool: &Pool) -> Line {
    let Pool { max_reuse, low_conn, max_conn, purge_delay, conn_name, idle_ping } = pool;
    words
        .set("max-reuse", max_reuse.as_ref())
        .set("pool-low-conn", low_conn.as_ref())
        .set("pool-max-conn", max_conn.as_ref())
        .set("pool-purge-delay", purge_delay.map(text::time))
        .set("pool-conn-name", conn_name.as_ref())
        .set("idle-ping", idle_ping.map(text::time))
}

fn resolved(words: Line, resolve: &Resolve) -> Line {
    let Resolve { init_addr, resolvers, prefer, networks, allow_duplicates, ignore_weight } = resolve;
    let method = |method: &InitAddr| match method {
        InitAddr::Last => "last".to_owned(),
        InitAddr::Libc => "libc".to_owned(),
        InitAddr::None => "none".to_owned(),
        InitAddr::Ip(ip) => ip.to_string(),
    };
    let methods: Vec<String> = init_addr.iter().map(method).collect();
    let networks: Vec<String> = networks.iter().map(|(ip, length)| format!("{ip}/{length}")).collect();
    let duplicates = allow_duplicates.map(|allow| if allow { "allow-dup-ip" } else { "prevent-dup-ip" });
    let weight = ignore_weight.then_some("ignore-weight");
    let options: Vec<String> = duplicates.into_iter().chain(weight).map(str::to_owned).collect();
    let prefer = prefer.map(|family| match family {
        Family::Ipv4 => "ipv4",
        Family::Ipv6 => "ipv6",
    });
    words
        .set("init-addr", text::list(&methods))
        .set("resolvers", resolvers.as_ref())
        .set("resolve-prefer", prefer)
        .set("resolve-net", text::list(&networks))
        .set("resolve-opts", text::list(&options))
}

fn logged(words: Line, log: &ServerLog) -> Line {
    let ServerLog { octet_count, buffer_size } = log;
    words.set("log-proto", octet_count.then_some("octet-count")).set("log-bufsize", buffer_size.as_ref())
}

pub(super) fn written(address: &ServerAddress) -> String {
    let port = |port: &ServerPort| match *port {
        ServerPort::Fixed(port) => format!(":{port}"),
        ServerPort::Offset(0) => String::new(),
        ServerPort::Offset(shift) => format!(":{shift:+}"),
    };
    match address {
        ServerAddress::Ip { ip, port: at } => format!("{}{}", text::host(*ip), port(at)),
        ServerAddress::Name { host, port: at, family } => {
            let family = match family {
                None => "",
                Some(Family::Ipv4) => "ipv4@",
                Some(Family::Ipv6) => "ipv6@",
            };
            format!("{family}{host}{}", port(at))
        }
        ServerAddress::Unix(path) => text::unix(path),
        ServerAddress::Abstract(name) => format!("abns@{name}"),
        ServerAddress::SockPair(fd) => format!("sockpair@{fd}"),
        ServerAddress::Client { port: at } => format!("*{}", port(at)),
    }
}
