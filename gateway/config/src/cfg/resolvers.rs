//! `resolvers` sections (configuration.txt 5.3.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use lang::units::{Family, Host, Kind as Carrier, Port};
use lang::{Diagnostic, Diagnostics, Files, Word, suggest};

use super::named::{self, Form, Kind, check_name};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::{Hold, Nameserver, NameserverAddress, Resolvers};

/// The system's list of name servers.
const RESOLV_CONF: &str = "/etc/resolv.conf";
/// The longest such list that is read.
const MAX_RESOLV_CONF: u64 = 1 << 20;
/// Where name servers listen.
const DNS_PORT: u16 = 53;

impl Kind for Resolvers {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("accepted_payload_size").parse(payload_size),
        keyword("hold")                 .parse(hold),
        keyword("nameserver")           .parse(nameserver),
        keyword("parse-resolv-conf")    .parse(parse_resolv_conf),
        keyword("resolve_retries")      .parse(resolve_retries),
        keyword("timeout")              .parse(timeout),
        keyword("resolution_pool_size") .refused("'resolution_pool_size' directive is not supported anymore (it never appeared in a stable release)."),
    ];
    const FORM: Form = Form::new("resolvers", "missing name for resolvers section.", |name, place| {
        format!("resolvers '{name}' has same name as another resolvers (declared at {place}).")
    })
    .lenient();

    fn begin(head: &Head) -> Self {
        Self { name: head.name.clone(), place: head.place.clone(), ..defaults() }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if self.nameservers.is_empty() {
            let message =
                format!("resolvers '{}' [{}] has no nameservers configured!", self.name, self.place);
            notes.warning(head.span, message);
        }
    }
}

/// HAProxy's times and sizes where nothing is said.
pub(crate) fn defaults() -> Resolvers {
    let second = Duration::from_secs(1);
    Resolvers {
        name: String::new(),
        nameservers: Vec::new(),
        parse_resolv_conf: false,
        resolve_retries: 3,
        timeout_resolve: second,
        timeout_retry: second,
        accepted_payload_size: 512,
        hold: Hold {
            valid: 10 * second,
            obsolete: Duration::ZERO,
            nx: 30 * second,
            refused: 30 * second,
            timeout: 30 * second,
            other: 30 * second,
        },
        place: String::new(),
    }
}

fn payload_size(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    let word = cx.word_or("'accepted_payload_size' expects <nb> as argument.")?;
    let size = leading_number(&word.text).filter(|size| (12..=65535).contains(size));
    let size = size.and_then(|size| u16::try_from(size).ok()).ok_or_else(|| {
        let message =
            format!("'accepted_payload_size' must be between 12 and 65535 inclusive (was {}).", word.text);
        Diagnostic::alert(word.span, message)
    })?;
    cx.target.accepted_payload_size = size;
    cx.ignore_rest();
    Ok(())
}

/// The number that a text begins with, as HAProxy reads numbers here.
fn leading_number(text: &str) -> Option<u64> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text.get(..digits)?.parse().ok()
}

fn resolve_retries(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    let word = cx.word_or("'resolve_retries' expects <nb> as argument.")?;
    let number = leading_number(&word.text).and_then(|number| u32::try_from(number).ok());
    if number.is_none_or(|number| number.to_string() != word.text) {
        let read = number.unwrap_or_default();
        let message = format!("'resolve_retries' : '{}' is read as {read}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    cx.target.resolve_retries = number.unwrap_or_default();
    cx.ignore_rest();
    Ok(())
}

/// The kinds of answers.
pub(crate) const HOLDS: [&str; 6] = ["nx", "other", "refused", "timeout", "valid", "obsolete"];

fn hold(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    let (Some(event), Some(time)) = (cx.words.next(), cx.words.next()) else {
        let message = "'hold' expects an <event> and a <time> as arguments.";
        let hint = "<event> can be either 'valid', 'nx', 'refused', 'timeout', 'obsolete' or 'other'";
        return Err(cx.words.error(message).hint(hint));
    };
    let duration = named::time_in(time, "hold", &event.text, lang::units::TimeUnit::Ms)?;
    let hold = &mut cx.target.hold;
    let field = match event.text.as_str() {
        "nx" => &mut hold.nx,
        "other" => &mut hold.other,
        "refused" => &mut hold.refused,
        "timeout" => &mut hold.timeout,
        "valid" => &mut hold.valid,
        "obsolete" => &mut hold.obsolete,
        unknown => {
            let message = format!(
                "'hold' unknown <event>: '{unknown}', expects either 'nx', 'timeout', 'valid', 'obsolete' or 'other'."
            );
            let meant = suggest::nearest(unknown, HOLDS);
            return Err(Diagnostic::alert(event.span, message).suggest(meant));
        }
    };
    *field = duration;
    cx.ignore_rest();
    Ok(())
}

fn timeout(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    let event = cx.word_or("'timeout' expects 'retry' or 'resolve' and <time> as arguments.")?;
    let what = event.text.as_str();
    if !matches!(what, "retry" | "resolve") {
        let message = format!("'timeout' expects 'retry' or 'resolve' and <time> as arguments got '{what}'.");
        return Err(
            Diagnostic::alert(event.span, message).suggest(suggest::nearest(what, ["retry", "resolve"]))
        );
    }
    let word = cx.word_or(&format!("'timeout {what}' expects <time> as argument."))?;
    let time = named::time(&word, &format!("timeout {what}"))?;
    match what {
        "retry" => cx.target.timeout_retry = time,
        _ => cx.target.timeout_resolve = time,
    }
    cx.ignore_rest();
    Ok(())
}

fn nameserver(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    let usage = "'nameserver' expects <name> and <addr>[:<port>] as arguments.";
    let (name, at) = (cx.word_or(usage)?, cx.word_or(usage)?);
    check_name(&name, "server name")?;
    if cx.target.nameservers.iter().any(|known| known.name == name.text) {
        let message = format!("nameserver '{}' has same name as another nameserver", name.text);
        return Err(Diagnostic::alert(name.span, message));
    }
    let to = address(cx, &at)
        .map_err(|why| Diagnostic::alert(at.span, format!("'nameserver {}' : {why}", name.text)))?;
    cx.target.nameservers.push(Nameserver { name: name.text, to, from_system: false });
    cx.ignore_rest();
    Ok(())
}

fn address(cx: &mut Context<'_, Resolvers>, word: &Word) -> Result<NameserverAddress, String> {
    let text = &word.text;
    let address = super::address::parse(cx, word, text)?;
    let port = match address.port {
        Port::One(port) => port,
        Port::None if matches!(address.host, Host::Any | Host::Ip(_) | Host::Name(_)) => {
            return Err(format!("missing port specification in '{text}'"));
        }
        Port::None => 0,
        Port::Range(..) => return Err(format!("port range not permitted here in '{text}'")),
        Port::Offset(_) => return Err(format!("port offset not permitted here in '{text}'")),
    };
    let ip = match address.host {
        Host::Ip(ip) => ip,
        Host::Any if address.family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Host::Name(host) => return Err(format!("invalid address: '{host}' in '{text}'")),
        Host::Fd(_) => return Err(format!("a file descriptor is not acceptable here in '{text}'")),
        Host::Unix(_) | Host::Abstract(_) | Host::AbstractZ(_) | Host::SockPair(_) => {
            return Err("can't create socket for nameserver: only IP addresses are known here".to_owned());
        }
    };
    let addr = SocketAddr::new(ip, port);
    match address.kind {
        Carrier::Stream => Ok(NameserverAddress::Tcp(addr)),
        Carrier::Default | Carrier::Datagram => Ok(NameserverAddress::Udp(addr)),
        Carrier::Quic => Err(format!("QUIC is not acceptable here in '{text}'")),
    }
}

/// The name servers of the system are added to those of the section, each called by its address.
fn parse_resolv_conf(cx: &mut Context<'_, Resolvers>) -> Result<(), Diagnostic> {
    cx.target.parse_resolv_conf = true;
    cx.ignore_rest();
    let text = cx.world.files.read(Path::new(RESOLV_CONF), MAX_RESOLV_CONF).map_err(|error| {
        Diagnostic::alert(cx.span, format!("failed to open {RESOLV_CONF}.")).hint(error.to_string())
    })?;
    let found: Vec<Nameserver> = system_nameservers(&String::from_utf8_lossy(&text)).collect();
    if found.is_empty() {
        cx.notes.warning(cx.span, format!("no valid nameservers found in {RESOLV_CONF}."));
    }
    for server in found {
        let same = |known: &Nameserver| known.name == server.name;
        if !cx.target.nameservers.iter().any(same) {
            cx.target.nameservers.push(server);
        }
    }
    Ok(())
}

/// The section that HAProxy makes by itself of the system's settings, if it can.
pub(crate) fn of_system(name: &str, files: &dyn Files) -> Option<Resolvers> {
    let text = files.read(Path::new(RESOLV_CONF), MAX_RESOLV_CONF).ok()?;
    let nameservers: Vec<_> = system_nameservers(&String::from_utf8_lossy(&text)).collect();
    let parse_resolv_conf = true;
    let name = name.to_owned();
    (!nameservers.is_empty()).then(|| Resolvers { name, nameservers, parse_resolv_conf, ..defaults() })
}

/// The `nameserver` lines of resolv.conf(5).
fn system_nameservers(text: &str) -> impl Iterator<Item = Nameserver> + '_ {
    text.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let address = words.next().filter(|word| *word == "nameserver").and(words.next())?;
        // an address of the link may have the name of an interface behind it
        let ip = address.split('%').next()?.parse().ok()?;
        let to = NameserverAddress::Udp(SocketAddr::new(ip, DNS_PORT));
        Some(Nameserver { name: address.to_owned(), to, from_system: true })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resolv_conf_is_read_as_resolv_conf_5_says() {
        let text = "# nameserver 9.9.9.9\nsearch a.b\n nameserver\t1.1.1.1 x\nnameserver ::1\nnameserver fe80::1%eth0\n\
                    nameserver nowhere\nnameserver\noptions ndots:5\nnameservers 8.8.8.8\n";
        let names: Vec<_> = system_nameservers(text).map(|server| server.name).collect();
        assert_eq!(names, ["1.1.1.1", "::1", "fe80::1%eth0"]);
    }
}
