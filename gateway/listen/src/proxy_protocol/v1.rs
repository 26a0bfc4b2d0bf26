//! Version 1: one line of text of at most 107 bytes.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;

use super::{Addresses, Extensions, Header, Parsed};

/// The longest line, its end included, less the terminating zero that the protocol's text counts.
const MAX_LINE: usize = 107;

const PREFIX: &[u8] = b"PROXY ";

pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let head = bytes.len().min(PREFIX.len());
    if bytes[..head] != PREFIX[..head] {
        return Parsed::Invalid("connection does not begin with a PROXY header");
    }
    let Some(end) = bytes.iter().take(MAX_LINE).position(|&b| b == b'\n') else {
        let more = bytes.len() < MAX_LINE;
        return if more { Parsed::Partial } else { Parsed::Invalid("PROXY line is too long") };
    };
    let line = bytes[..end].strip_suffix(b"\r").and_then(|line| std::str::from_utf8(line).ok());
    let Some(line) = line else { return Parsed::Invalid("PROXY line does not end with CR LF") };
    match addresses(&line[PREFIX.len().min(line.len())..]) {
        Some(addresses) => {
            Parsed::Complete(Header { addresses, length: end + 1, extensions: Extensions::default() })
        }
        None => Parsed::Invalid("PROXY line is not understood"),
    }
}

/// `TCP4 source destination sport dport`, the same with `TCP6`, or `UNKNOWN` and anything after it.
fn addresses(text: &str) -> Option<Option<Addresses>> {
    let mut words = text.split(' ');
    let is_v4 = match words.next()? {
        "UNKNOWN" => return Some(None),
        "TCP4" => true,
        "TCP6" => false,
        _ => return None,
    };
    let mut ip =
        || words.next().and_then(|word| IpAddr::from_str(word).ok()).filter(|ip| ip.is_ipv4() == is_v4);
    let (source, destination) = (ip()?, ip()?);
    let mut port = || words.next().filter(|word| word.bytes().all(|b| b.is_ascii_digit()))?.parse().ok();
    let (source_port, destination_port) = (port()?, port()?);
    words.next().is_none().then_some(Some(Addresses {
        source: SocketAddr::new(source, source_port),
        destination: SocketAddr::new(destination, destination_port),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(line: &str) -> Option<(String, String, usize)> {
        match parse(line.as_bytes()) {
            Parsed::Complete(Header { addresses: Some(a), length, .. }) => {
                Some((a.source.to_string(), a.destination.to_string(), length))
            }
            _ => None,
        }
    }

    #[test]
    fn tcp4_and_tcp6_are_read() {
        let v4 = "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\nGET /";
        assert_eq!(found(v4).unwrap(), ("192.0.2.1:56324".into(), "198.51.100.2:443".into(), 45));
        let v6 = "PROXY TCP6 2001:db8::1 ::1 1 65535\r\n";
        assert_eq!(found(v6).unwrap(), ("[2001:db8::1]:1".into(), "[::1]:65535".into(), 36));
    }

    #[test]
    fn unknown_keeps_the_addresses_of_the_connection() {
        let line = b"PROXY UNKNOWN ff:: ff:: 1 2\r\nrest";
        assert_eq!(
            parse(line),
            Parsed::Complete(Header { addresses: None, length: 29, extensions: Extensions::default() })
        );
        assert_eq!(
            parse(b"PROXY UNKNOWN\r\n"),
            Parsed::Complete(Header { addresses: None, length: 15, extensions: Extensions::default() })
        );
    }

    #[test]
    fn every_prefix_of_a_line_needs_more() {
        let line = b"PROXY TCP4 192.0.2.1 198.51.100.2 56324 443\r\n";
        assert!((0..line.len()).all(|n| parse(&line[..n]) == Parsed::Partial));
    }

    #[test]
    fn wrong_lines_are_refused() {
        for line in [
            "PROXY TCP4 192.0.2.1 198.51.100.2 56324\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 56324 443 9\r\n",
            "PROXY TCP4 ::1 ::1 1 2\r\n",
            "PROXY TCP6 192.0.2.1 192.0.2.1 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 +1 443\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 1 65536\r\n",
            "PROXY UDP4 192.0.2.1 198.51.100.2 1 2\r\n",
            "PROXY TCP4 192.0.2.1 198.51.100.2 1 2\n",
            "PROXY \r\n",
        ] {
            assert!(matches!(parse(line.as_bytes()), Parsed::Invalid(_)), "{line}");
        }
        assert!(matches!(parse(&[b"PROXY ".as_slice(), &[b'x'; 200]].concat()), Parsed::Invalid(_)));
    }
}
