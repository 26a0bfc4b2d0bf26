//! Version 2: a binary header of 16 bytes, the addresses, extensions.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use super::{Addresses, Extensions, Header, Parsed};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
const FIXED: usize = 16;

/// Whether these bytes are the beginning of a version 2 header.
pub(super) fn could_be(bytes: &[u8]) -> bool {
    let head = bytes.len().min(SIGNATURE.len());
    bytes[..head] == SIGNATURE[..head]
}

/// Reads a header whose signature is right as far as it goes.
pub(super) fn parse(bytes: &[u8]) -> Parsed {
    let Some(fixed) = bytes.first_chunk::<FIXED>() else { return Parsed::Partial };
    let [.., command, family, high, low] = *fixed;
    let length = FIXED + usize::from(u16::from_be_bytes([high, low]));
    if command >> 4 != 2 {
        return Parsed::Invalid("PROXY header has an unknown version");
    }
    if length > super::MAX {
        return Parsed::Invalid("PROXY header is too long");
    }
    let Some(rest) = bytes.get(FIXED..length) else { return Parsed::Partial };
    match (command & 0xF, family) {
        (0, _) => complete(None, Extensions::default(), length),
        (1, 0x11) => from_addresses(v4(rest), rest.get(12..), length),
        (1, 0x21) => from_addresses(v6(rest), rest.get(36..), length),
        // Unspecified, unix and datagram addresses: the connection's own hold.
        (1, _) => complete(None, Extensions::default(), length),
        _ => Parsed::Invalid("PROXY header has an unknown command"),
    }
}

fn complete(addresses: Option<Addresses>, extensions: Extensions, length: usize) -> Parsed {
    Parsed::Complete(Header { addresses, length, extensions })
}

fn from_addresses(addresses: Option<Addresses>, behind: Option<&[u8]>, length: usize) -> Parsed {
    match addresses {
        Some(addresses) => complete(Some(addresses), extensions(behind.unwrap_or_default()), length),
        None => Parsed::Invalid("PROXY header is too short for its addresses"),
    }
}

const AUTHORITY: u8 = 2;
const UNIQUE_ID: u8 = 5;
/// The longest that the protocol's text allows.
const MAX_AUTHORITY: usize = 255;
const MAX_UNIQUE_ID: usize = 128;

/// What stands behind the addresses: a type, a length, a value; what is unknown is skipped.
fn extensions(mut bytes: &[u8]) -> Extensions {
    let mut extensions = Extensions::default();
    while let Some(([kind, high, low], rest)) = bytes.split_first_chunk::<3>() {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        let Some((value, rest)) = rest.split_at_checked(length) else { break };
        match *kind {
            AUTHORITY if length <= MAX_AUTHORITY => extensions.authority = Some(value.to_vec()),
            UNIQUE_ID if length <= MAX_UNIQUE_ID => extensions.unique_id = Some(value.to_vec()),
            _ => {}
        }
        bytes = rest;
    }
    extensions
}

fn v4(bytes: &[u8]) -> Option<Addresses> {
    let [a, b, c, d, e, f, g, h, sh, sl, dh, dl] = *bytes.first_chunk::<12>()?;
    let ends = (Ipv4Addr::new(a, b, c, d), Ipv4Addr::new(e, f, g, h));
    Some(Addresses {
        source: SocketAddr::new(ends.0.into(), u16::from_be_bytes([sh, sl])),
        destination: SocketAddr::new(ends.1.into(), u16::from_be_bytes([dh, dl])),
    })
}

fn v6(bytes: &[u8]) -> Option<Addresses> {
    let (source, rest) = bytes.split_first_chunk::<16>()?;
    let (destination, rest) = rest.split_first_chunk::<16>()?;
    let [sh, sl, dh, dl] = *rest.first_chunk::<4>()?;
    Some(Addresses {
        source: SocketAddr::new(Ipv6Addr::from(*source).into(), u16::from_be_bytes([sh, sl])),
        destination: SocketAddr::new(Ipv6Addr::from(*destination).into(), u16::from_be_bytes([dh, dl])),
    })
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;

    fn header(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
        let length = u16::try_from(body.len()).unwrap().to_be_bytes();
        [SIGNATURE.as_slice(), &[command, family], &length, body].concat()
    }

    const V4: [u8; 12] = [192, 0, 2, 1, 198, 51, 100, 2, 0x12, 0x34, 0, 80];

    #[test]
    fn tcp4_is_read_and_extensions_are_skipped() {
        let bytes = header(0x21, 0x11, &[V4.as_slice(), &[0x20, 0, 1, 9]].concat());
        let Parsed::Complete(found) = parse(&bytes) else { panic!("complete") };
        assert_eq!(found.length, 32);
        assert_eq!(found.addresses.unwrap().source.to_string(), "192.0.2.1:4660");
        assert_eq!(found.addresses.unwrap().destination.to_string(), "198.51.100.2:80");
    }

    #[test]
    fn names_and_ids_are_taken_from_extensions() {
        let more = [&[0x20, 0, 1, 9, 2, 0, 3][..], b"a.b", &[5, 0, 2], b"id", &[2, 9, 9, 1]].concat();
        let Parsed::Complete(found) = parse(&header(0x21, 0x11, &[&V4[..], &more].concat())) else {
            panic!("complete")
        };
        assert_eq!(found.extensions.authority.as_deref(), Some(&b"a.b"[..]));
        assert_eq!(found.extensions.unique_id.as_deref(), Some(&b"id"[..]));
    }

    #[test]
    fn tcp6_is_read() {
        let mut body = [0; 36];
        (body[15], body[31], body[33], body[35]) = (1, 2, 3, 4);
        let Parsed::Complete(found) = parse(&header(0x21, 0x21, &body)) else { panic!("complete") };
        assert_eq!(found.addresses.unwrap().source.to_string(), "[::1]:3");
        assert_eq!(found.addresses.unwrap().destination.to_string(), "[::2]:4");
    }

    #[test]
    fn local_and_unix_keep_the_addresses_of_the_connection() {
        assert_eq!(parse(&header(0x20, 0, b"")), complete(None, Extensions::default(), 16));
        assert_eq!(parse(&header(0x21, 0x31, &[0; 216])), complete(None, Extensions::default(), 232));
    }

    #[test]
    fn every_prefix_needs_more() {
        let bytes = header(0x21, 0x11, &V4);
        assert!((0..bytes.len()).all(|n| parse(&bytes[..n]) == Parsed::Partial));
    }

    #[test]
    fn wrong_headers_are_refused() {
        for bytes in [
            header(0x31, 0x11, &V4),
            header(0x22, 0x11, &V4),
            header(0x21, 0x11, b"short"),
            header(0x20, 0, &[0; 5000]),
        ] {
            assert!(matches!(parse(&bytes), Parsed::Invalid(_)), "{bytes:?}");
        }
    }
}
