//! The addresses of a `bind` line (configuration.txt 4.2, `bind`, and 11).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use lang::units::{Address, Family, Host, Kind, Port};
use lang::{Diagnostic, Files, Word};

use crate::cfg::{Context, address};
use crate::model::BindAddress;

/// A port range holds at most this many sockets; HAProxy has one descriptor for each, too.
const MAX_RANGE: usize = 4096;

/// The longest path of a unix socket; HAProxy keeps ten bytes of it for the name that it binds first.
const MAX_PATH: usize = 97;
/// The longest abstract name.
const MAX_ABSTRACT: usize = 107;

/// What was written, and where to listen.
pub(super) type Socket = (String, BindAddress);

/// All sockets of `addr:port-end,…`.
pub(super) fn all<T>(cx: &mut Context<'_, T>, word: &Word, label: &str) -> Result<Vec<Socket>, Diagnostic> {
    let bad = |why: String| Diagnostic::alert(word.span, format!("{label}{why}"));
    let mut sockets = Vec::new();
    let all = address::expand(&word.text, cx.world.env);
    for text in all.split(',') {
        if text.is_empty() {
            return Err(bad("'' resolves to an empty address (environment variable missing?)".to_owned()));
        }
        if text.starts_with("rhttp@") || text.starts_with("rev@") {
            let what = format!("{label}a listener on connections that servers open ('{text}')");
            return Err(Diagnostic::not_yet(word.span, what));
        }
        let address = address::parse(cx, word, text).map_err(bad)?;
        if address.kind == Kind::Datagram {
            return Err(bad(format!("dgram-type address not acceptable in '{text}'")));
        }
        match local(&address.host, text).map_err(bad)? {
            Some(local) => sockets.push((text.to_owned(), local)),
            None => ports(cx.world.files, text, address, &mut sockets).map_err(bad)?,
        }
    }
    Ok(sockets)
}

/// One socket for each port.
fn ports(files: &dyn Files, text: &str, address: Address, sockets: &mut Vec<Socket>) -> Result<(), String> {
    let Address { host, family, kind, port } = address;
    if matches!(port, Port::None) {
        return Err(format!("missing port specification in '{text}'"));
    }
    let ip = match host {
        Host::Ip(ip) => ip,
        Host::Any if family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Host::Name(_) if port == Port::None => {
            return Err(format!("missing port specification in '{text}'"));
        }
        Host::Name(name) => {
            known(files, &name, family).ok_or_else(|| format!("invalid address: '{name}' in '{text}'"))?
        }
        Host::Unix(_) | Host::Abstract(_) | Host::AbstractZ(_) | Host::Fd(_) | Host::SockPair(_) => {
            return Err(format!("invalid address: '{text}'"));
        }
    };
    let (low, high) = match port {
        Port::One(0) | Port::Range(0, _) => return Err("invalid port '0'".to_owned()),
        Port::One(port) => (port, port),
        Port::Range(low, high) => (low, high),
        Port::None | Port::Offset(_) => return Err(format!("port offset not permitted here in '{text}'")),
    };
    if sockets.len() + usize::from(high - low) >= MAX_RANGE {
        return Err(format!("more than {MAX_RANGE} sockets in one line"));
    }
    let named = |port: u16| if low == high { text.to_owned() } else { SocketAddr::new(ip, port).to_string() };
    let quic = kind == Kind::Quic;
    let socket = |at: SocketAddr| if quic { BindAddress::Quic(at) } else { BindAddress::Tcp(at) };
    sockets.extend((low..=high).map(|port| (named(port), socket(SocketAddr::new(ip, port)))));
    Ok(())
}

/// The sockets that have no port.
fn local(host: &Host, text: &str) -> Result<Option<BindAddress>, String> {
    let fits = |length: usize, most: usize| match length > most {
        true => Err(format!("socket path '{text}' too long (max {most})")),
        false => Ok(()),
    };
    match host {
        Host::Unix(path) => fits(path.as_os_str().len(), MAX_PATH)?,
        Host::Abstract(name) | Host::AbstractZ(name) => fits(name.len(), MAX_ABSTRACT)?,
        Host::Fd(_) | Host::SockPair(_) | Host::Any | Host::Ip(_) | Host::Name(_) => {}
    }
    Ok(match host {
        Host::Unix(path) => Some(BindAddress::Unix(path.clone())),
        Host::Abstract(name) => Some(BindAddress::Abstract(name.clone())),
        Host::AbstractZ(name) => Some(BindAddress::AbstractZ(name.clone())),
        Host::Fd(fd) => Some(BindAddress::Fd(*fd)),
        Host::SockPair(fd) => Some(BindAddress::SockPair(*fd)),
        Host::Any | Host::Ip(_) | Host::Name(_) => None,
    })
}

/// The most that is read of the table of hosts.
const MAX_HOSTS: u64 = 1 << 20;

/// A name of this machine: a listener's address must be known before anything can be asked.
fn known(files: &dyn Files, name: &str, family: Option<Family>) -> Option<IpAddr> {
    let table = files.read(Path::new("/etc/hosts"), MAX_HOSTS).unwrap_or_default();
    let table = String::from_utf8_lossy(&table);
    let lines = table.lines().map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
    let mut named = lines.filter_map(|mut words| {
        let ip: IpAddr = words.next()?.parse().ok()?;
        words.any(|word| word.eq_ignore_ascii_case(name)).then_some(ip)
    });
    let wanted = |ip: &IpAddr| match family {
        None => true,
        Some(Family::Ipv4) => ip.is_ipv4(),
        Some(Family::Ipv6) => ip.is_ipv6(),
    };
    let loopback =
        (name == "localhost" && family != Some(Family::Ipv6)).then_some(IpAddr::V4(Ipv4Addr::LOCALHOST));
    loopback.or_else(|| named.find(wanted))
}
