//! `bind` lines: one for each socket.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use lang::units::{Family, Host, Kind, Port, parse_address};

use super::global::permitted;
use super::text::{self, Line, line};
use crate::model::{Bind, BindAddress, BindTls};

/// A socket; `ca_base` is where the names of CA files were looked up.
pub(super) fn socket(bind: &Bind, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let Bind {
        name, address, maxconn, backlog, tls, accept_proxy, v6only, interface, transparent, tcp_user_timeout,
        defer_accept, fast_open, mss, permissions, place: _,
    } = bind;
    let canonical = text::socket(address);
    let as_written = reads_as(name, address);
    let written = if as_written { name } else { &canonical };
    let words = line(["bind", written])
        .set("name", Some(name).filter(|_| !as_written))
        .set("maxconn", maxconn.as_ref())
        .set("backlog", backlog.as_ref())
        .flag("accept-proxy", *accept_proxy)
        .flag("v4v6", *v6only == Some(false))
        .flag("v6only", *v6only == Some(true))
        .set("interface", interface.as_ref())
        .flag("transparent", *transparent)
        .set("tcp-ut", tcp_user_timeout.map(text::time))
        .flag("defer-accept", *defer_accept)
        .flag("tfo", *fast_open)
        .set("mss", mss.as_ref());
    let words = permitted(words, permissions);
    tls.iter().fold(words, |words, settings| encrypted(words, settings, ca_base))
}

/// Whether the name of a socket is an address that means this one and no other.
fn reads_as(name: &str, address: &BindAddress) -> bool {
    if name.is_empty() || name.contains([',', '$']) {
        return false;
    }
    let Ok(read) = parse_address(name) else { return false };
    if matches!(read.kind, Kind::Datagram | Kind::Quic) {
        return false;
    }
    let ip = match read.host {
        Host::Unix(path) => return BindAddress::Unix(path) == *address,
        Host::Abstract(name) => return BindAddress::Abstract(name) == *address,
        Host::Fd(fd) => return BindAddress::Fd(fd) == *address,
        Host::Ip(ip) => ip,
        Host::Any if read.family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Host::Name(_) => return false,
    };
    matches!(read.port, Port::One(port) if BindAddress::Tcp(SocketAddr::new(ip, port)) == *address)
}

fn encrypted(words: Line, tls: &BindTls, ca_base: Option<&Path>) -> Line {
    #[rustfmt::skip]
    let BindTls {
        certificates, alpn, min, max, strict_sni, ciphers, ciphersuites, curves, no_tickets, ca_file, verify_client,
    } = tls;
    let words =
        certificates.iter().fold(words.and("ssl"), |words, crt| words.and("crt").and(text::path(crt)));
    // it is joined to the base again when it is read
    let below =
        ca_file.as_ref().map(|file| ca_base.and_then(|base| file.strip_prefix(base).ok()).unwrap_or(file));
    let verify = verify_client.map(|required| if required { "required" } else { "optional" });
    words
        .set("alpn", Some(alpn.join(",")).filter(|_| !alpn.is_empty()))
        .set("ssl-min-ver", min.map(text::tls))
        .set("ssl-max-ver", max.map(text::tls))
        .set("ciphers", ciphers.as_ref())
        .set("ciphersuites", ciphersuites.as_ref())
        .set("curves", curves.as_ref())
        .flag("no-tls-tickets", *no_tickets)
        .flag("strict-sni", *strict_sni)
        .set("ca-file", below.map(text::path))
        .set("verify", verify)
}
