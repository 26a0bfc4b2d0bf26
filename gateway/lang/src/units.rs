//! Times, sizes and addresses (configuration.txt 2.5 and 11).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

/// A unit of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum TimeUnit {
    Us,
    Ms,
    S,
    M,
    H,
    D,
}

impl TimeUnit {
    fn micros(self) -> u64 {
        match self {
            Self::Us => 1,
            Self::Ms => 1_000,
            Self::S => 1_000_000,
            Self::M => 60_000_000,
            Self::H => 3_600_000_000,
            Self::D => 86_400_000_000,
        }
    }
}

/// Why a time, size or address was not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitError(pub String);

impl fmt::Display for UnitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UnitError {}

fn error<T>(message: impl Into<String>) -> Result<T, UnitError> {
    Err(UnitError(message.into()))
}

/// Text for a message: its beginning where it is long.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(40) {
        Some((at, _)) => format!("{}...", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// The longest time that HAProxy's timers hold: 2^31 - 1 milliseconds.
const MAX_TIME: Duration = Duration::from_millis(i32::MAX as u64);

/// The units by their names; of two that a text begins with the longer stands first.
const TIME_UNITS: [(&str, TimeUnit); 6] = [
    ("us", TimeUnit::Us),
    ("ms", TimeUnit::Ms),
    ("s", TimeUnit::S),
    ("m", TimeUnit::M),
    ("h", TimeUnit::H),
    ("d", TimeUnit::D),
];

/// What HAProxy 2 warns of in a time that it takes, and HAProxy 3 refuses: letters behind the unit, as in `30sec`.
pub fn time_warning(text: &str) -> Option<String> {
    let unit = text.trim_start_matches(|c: char| c.is_ascii_digit());
    let found = TIME_UNITS.iter().find_map(|(name, _)| unit.strip_prefix(name))?.chars().next()?;
    Some(format!(
        "unexpected character '{found}' after the timer value '{text}', only (us=microseconds,ms=milliseconds,s=seconds,\
         m=minutes,h=hours,d=days) are supported. This will be reported as an error in next versions."
    ))
}

/// A time: a number and perhaps a unit; what stands behind the unit is passed over ([`time_warning`]).
pub fn parse_time(text: &str, default: TimeUnit) -> Result<Duration, UnitError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return error(match text.chars().next() {
            Some(c) => format!("unexpected character '{c}'"),
            None => "missing time".to_owned(),
        });
    }
    let known = TIME_UNITS.iter().find(|(name, _)| unit.starts_with(name));
    let unit = match (unit.chars().next(), known) {
        (None, _) => default,
        (Some(_), Some((_, unit))) => *unit,
        (Some(other), None) => return error(format!("unexpected character '{other}'")),
    };
    let micros = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit.micros()));
    match micros.map(Duration::from_micros) {
        Some(time) if time <= MAX_TIME => Ok(time),
        _ => error("timer overflow (maximum value is 2147483647 ms or ~24.8 days)"),
    }
}

/// A size in bytes: a number and perhaps `k`, `m` or `g`.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return error("missing size");
    }
    let factor: u64 = match unit {
        "" => 1,
        "k" | "K" => 1 << 10,
        "m" | "M" => 1 << 20,
        "g" | "G" => 1 << 30,
        other => return error(format!("unexpected character '{}'", other.chars().next().unwrap_or('?'))),
    };
    match number.parse::<u64>().ok().and_then(|number| number.checked_mul(factor)) {
        Some(size) => Ok(size),
        None => error("size overflow"),
    }
}

/// An address family that a prefix asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Family {
    Ipv4,
    Ipv6,
}

/// Who an address names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// Nothing, or `*`.
    Any,
    /// A literal address.
    Ip(IpAddr),
    /// A name to resolve.
    Name(String),
    /// A unix socket's path: `/path` or `unix@path`.
    Unix(PathBuf),
    /// `abns@name`, Linux's abstract name space.
    Abstract(String),
    /// `abnsz@name`: the same, its name ended by a zero byte.
    AbstractZ(String),
    /// `fd@N`
    Fd(i32),
    /// `sockpair@N`: one end of a pair of sockets.
    SockPair(i32),
}

/// The port part of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Port {
    /// None was written.
    #[default]
    None,
    /// `:80`
    One(u16),
    /// `:80-89`
    Range(u16, u16),
    /// `:+80`, `:-80`
    Offset(i32),
}

/// How a socket carries data.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    /// No prefix: what the place asks for.
    #[default]
    Default,
    /// `stream+`, `tcp@`, `tcp4@`, `tcp6@`, `uxst@`
    Stream,
    /// `dgram+`, `udp@`, `udp4@`, `udp6@`, `uxdg@`
    Datagram,
    /// `quic4@`, `quic6@`
    Quic,
}

/// An address as it is written (configuration.txt 11).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// Who.
    pub host: Host,
    /// `ipv4@`, `ipv6@` and the prefixes that imply one.
    pub family: Option<Family>,
    /// The socket type that a prefix asks for.
    pub kind: Kind,
    /// The port.
    pub port: Port,
}

/// One address, prefixes included: `:80`, `*:80`, `[::1]:80`, `ipv6@:443`, `unix@/run/x`, `fd@3`, `name:+1`.
pub fn parse_address(text: &str) -> Result<Address, UnitError> {
    address(text).map_err(|UnitError(why)| {
        match ["invalid address", "invalid character", "file descriptor"] {
            // HAProxy tells the whole address where it blames a part of it
            parts if parts.iter().any(|part| why.starts_with(part)) => {
                UnitError(format!("{why} in '{}'", shorten(text)))
            }
            _ => UnitError(why),
        }
    })
}

fn address(text: &str) -> Result<Address, UnitError> {
    let mut rest = text;
    let mut kind = Kind::Default;
    if let Some(after) = rest.strip_prefix("stream+") {
        (kind, rest) = (Kind::Stream, after);
    } else if let Some(after) = rest.strip_prefix("dgram+") {
        (kind, rest) = (Kind::Datagram, after);
    }
    if rest.starts_with('/') {
        return Ok(local(Host::Unix(PathBuf::from(rest)), kind));
    }
    let Some((prefix, after)) = rest.split_once('@') else { return inet(rest, None, kind) };
    let (family, implied) = match prefix {
        "unix" => return path(after, kind),
        "unixs" | "uxst" => return path(after, Kind::Stream),
        "unixd" | "uxdg" => return path(after, Kind::Datagram),
        "abns" | "abnsz" if after.is_empty() => return error(format!("missing name in address '{text}'")),
        "abns" => return Ok(local(Host::Abstract(after.to_owned()), kind)),
        "abnsz" => return Ok(local(Host::AbstractZ(after.to_owned()), kind)),
        "fd" => return descriptor(after).map(|fd| local(Host::Fd(fd), kind)),
        "sockpair" => return descriptor(after).map(|fd| local(Host::SockPair(fd), kind)),
        "ipv4" => (Some(Family::Ipv4), Kind::Default),
        "ipv6" => (Some(Family::Ipv6), Kind::Default),
        // a peer that does not know Multipath TCP gets plain TCP anyway
        "tcp" | "mptcp" => (None, Kind::Stream),
        "tcp4" | "mptcp4" => (Some(Family::Ipv4), Kind::Stream),
        "tcp6" | "mptcp6" => (Some(Family::Ipv6), Kind::Stream),
        "udp" => (None, Kind::Datagram),
        "udp4" => (Some(Family::Ipv4), Kind::Datagram),
        "udp6" => (Some(Family::Ipv6), Kind::Datagram),
        "quic4" => (Some(Family::Ipv4), Kind::Quic),
        "quic6" => (Some(Family::Ipv6), Kind::Quic),
        other => {
            return error(format!("unknown address prefix '{}@' in '{}'", shorten(other), shorten(text)));
        }
    };
    inet(after, family, if implied == Kind::Default { kind } else { implied })
}

fn local(host: Host, kind: Kind) -> Address {
    Address { host, family: None, kind, port: Port::None }
}

fn path(text: &str, kind: Kind) -> Result<Address, UnitError> {
    if text.is_empty() {
        return error("missing path of a unix socket");
    }
    Ok(local(Host::Unix(PathBuf::from(text)), kind))
}

fn descriptor(text: &str) -> Result<i32, UnitError> {
    match text.parse::<i32>() {
        Ok(fd) if fd >= 0 => Ok(fd),
        _ => error(format!("file descriptor '{}' is not a valid integer", shorten(text))),
    }
}

fn inet(text: &str, family: Option<Family>, kind: Kind) -> Result<Address, UnitError> {
    let (host, port) = split_port(text)?;
    let host = match host {
        "" | "*" => Host::Any,
        host => name_or_ip(host, family)?,
    };
    Ok(Address { host, family, kind, port })
}

/// The host, and what follows its last colon; `[…]` protects the colons of an IPv6 address.
fn split_port(text: &str) -> Result<(&str, Port), UnitError> {
    if let Some(inner) = text.strip_prefix('[') {
        let Some((host, after)) = inner.split_once(']') else { return error("missing ']' in address") };
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, parse_port(port)?)),
            None if after.is_empty() => Ok((host, Port::None)),
            None => error(format!("unexpected character after ']' in '{}'", shorten(text))),
        };
    }
    match text.rsplit_once(':') {
        None => Ok((text, Port::None)),
        Some((host, port)) => Ok((host, parse_port(port)?)),
    }
}

fn parse_port(text: &str) -> Result<Port, UnitError> {
    if text.is_empty() {
        return Ok(Port::None);
    }
    if let Some(c) = text.chars().find(|c| !(c.is_ascii_digit() || matches!(c, '+' | '-'))) {
        return error(format!("invalid character '{c}' in port number '{}'", shorten(text)));
    }
    let number = |digits: &str| match digits.parse::<u32>() {
        Ok(port) if port <= 65535 && digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(port as u16),
        _ => error(format!("invalid port '{}'", shorten(digits))),
    };
    // a shift moves within the 16 bits of a port, however far
    let shift = |digits: &str| match digits.parse::<i32>() {
        Ok(shift) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Ok(shift),
        _ => error(format!("invalid port '{}'", shorten(digits))),
    };
    if let Some(digits) = text.strip_prefix('+') {
        return Ok(Port::Offset(shift(digits)?));
    }
    if let Some(digits) = text.strip_prefix('-') {
        return Ok(Port::Offset(-shift(digits)?));
    }
    match text.split_once('-') {
        Some((low, high)) => match (number(low)?, number(high)?) {
            (low, high) if low <= high => Ok(Port::Range(low, high)),
            _ => error(format!("invalid port range '{}'", shorten(text))),
        },
        None => Ok(Port::One(number(text)?)),
    }
}

fn name_or_ip(host: &str, family: Option<Family>) -> Result<Host, UnitError> {
    let ip = match family {
        None => host.parse::<IpAddr>().ok().or_else(|| short(host)),
        Some(Family::Ipv4) => host.parse::<Ipv4Addr>().ok().map(IpAddr::V4).or_else(|| short(host)),
        Some(Family::Ipv6) => host.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
    };
    if let Some(ip) = ip {
        return Ok(Host::Ip(ip));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let numeric = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    if host.chars().all(legal) && host.len() <= 255 && !numeric {
        return Ok(Host::Name(host.to_owned()));
    }
    error(format!("invalid address: '{}'", shorten(host)))
}

/// An IPv4 address of fewer than four numbers, the last of which fills what is left: `0`, `127.1`.
fn short(text: &str) -> Option<IpAddr> {
    let numbers: Vec<u32> = text.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (last, first) = numbers.split_last()?;
    let room = 32_u32.checked_sub(8 * u32::try_from(first.len()).ok()?).filter(|room| *room > 8)?;
    if first.iter().any(|number| *number > 255) || (room < 32 && last >> room != 0) {
        return None;
    }
    let head = first.iter().zip([24_u32, 16, 8]).map(|(number, shift)| number << shift);
    Some(IpAddr::V4(Ipv4Addr::from(head.fold(*last, |all, number| all | number))))
}

/// A network: `10.0.0.0/8`, `10.0.0.0/255.0.0.0`, `::1`, `fd00::/8`; a lone address is a network of one.
pub fn parse_network(text: &str) -> Result<(IpAddr, u8), UnitError> {
    let bad = || UnitError(format!("invalid network '{}'", shorten(text)));
    let (host, mask) = text.split_once('/').map_or((text, None), |(host, mask)| (host, Some(mask)));
    let ip: IpAddr = host.parse().map_err(|_| bad())?;
    let most = if ip.is_ipv4() { 32 } else { 128 };
    let Some(mask) = mask else { return Ok((ip, most)) };
    if let (IpAddr::V4(_), Ok(dotted)) = (ip, mask.parse::<Ipv4Addr>()) {
        let bits = u32::from(dotted);
        let ones = bits.leading_ones();
        return if bits.count_ones() == ones { Ok((ip, ones as u8)) } else { Err(bad()) };
    }
    let length: u8 = mask.parse().map_err(|_| bad())?;
    if length <= most { Ok((ip, length)) } else { Err(bad()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units_and_an_end() {
        let ms = |text| parse_time(text, TimeUnit::Ms).map(|t| t.as_micros());
        assert_eq!(ms("5s"), Ok(5_000_000));
        assert_eq!(ms("5000"), Ok(5_000_000));
        assert_eq!(ms("10us"), Ok(10));
        assert_eq!(ms("1d"), Ok(86_400_000_000));
        assert_eq!(parse_time("3", TimeUnit::S), Ok(Duration::from_secs(3)));
        assert_eq!(ms("30sec"), Ok(30_000_000));
        assert_eq!(ms("10msec"), Ok(10_000));
        assert!(time_warning("30sec").is_some_and(|text| text.starts_with("unexpected character 'e' after")));
        assert_eq!((time_warning("30s"), time_warning("30ms"), time_warning("30")), (None, None, None));
        for bad in ["", "s", "5x", "5 s", "-1", "99d", "99999999999999999999999"] {
            assert!(ms(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_are_powers_of_two() {
        assert_eq!(parse_size("16k"), Ok(16384));
        assert_eq!(parse_size("10"), Ok(10));
        for bad in ["", "k", "1t", "99999999999g"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn addresses_of_every_form_are_read() {
        let v4 = |a, b, c, d| Host::Ip(IpAddr::from([a, b, c, d]));
        let v6 = |text: &str| Host::Ip(text.parse().unwrap());
        let rows = [
            (":80", Host::Any, Port::One(80)),
            ("*:80-89", Host::Any, Port::Range(80, 89)),
            ("*", Host::Any, Port::None),
            ("10.0.0.1:443", v4(10, 0, 0, 1), Port::One(443)),
            ("10.0.0.1", v4(10, 0, 0, 1), Port::None),
            ("[::1]:80", v6("::1"), Port::One(80)),
            ("[::1]", v6("::1"), Port::None),
            (":::80", v6("::"), Port::One(80)),
            ("fe80::1:80", v6("fe80::1"), Port::One(80)),
            ("ipv6@:443", Host::Any, Port::One(443)),
            ("app.svc:+10", Host::Name("app.svc".into()), Port::Offset(10)),
            ("app:-10", Host::Name("app".into()), Port::Offset(-10)),
            ("unix@/run/x", Host::Unix("/run/x".into()), Port::None),
            ("/run/x:y", Host::Unix("/run/x:y".into()), Port::None),
            ("stream+fd@3", Host::Fd(3), Port::None),
            ("abns@n", Host::Abstract("n".into()), Port::None),
            ("udp@1.2.3.4:514", v4(1, 2, 3, 4), Port::One(514)),
        ];
        for (text, host, port) in rows {
            let address = parse_address(text).unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!((address.host, address.port), (host, port), "{text}");
        }
    }

    #[test]
    fn bad_addresses_are_refused() {
        for bad in [
            "[::1",
            "[::1]x",
            "fd@x",
            "fd@-1",
            "abns@",
            "unix@",
            "foo@1.2.3.4",
            ":99999",
            ":8x",
            ":90-80",
            "a b:80",
            "ipv4@[::1]:80",
            "1.2.3.4/24:80",
        ] {
            assert!(parse_address(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn networks_take_lengths_and_masks() {
        assert_eq!(parse_network("10.0.0.0/8"), Ok(([10, 0, 0, 0].into(), 8)));
        assert_eq!(parse_network("10.0.0.0/255.255.0.0"), Ok(([10, 0, 0, 0].into(), 16)));
        assert_eq!(parse_network("::1"), Ok(("::1".parse().unwrap(), 128)));
        for bad in ["10.0.0.0/33", "10.0.0.0/255.0.255.0", "x", "10.0.0.0/", "::/129"] {
            assert!(parse_network(bad).is_err(), "{bad}");
        }
    }
}
