//! The NetScaler Client IP insertion protocol, as received (`accept-netscaler-cip`): the headers of the last IP packet that
//! the client has sent, behind a number that both sides know.
//!
//! Two layouts are in use. The older one is the number, the length of what follows, and the two headers; since NetScaler
//! 10.5 there are a total length and a type, which HAProxy looks at as little as is done here, before that length. Which it
//! is shows in what stands behind the first eight bytes: an IP header begins with its version, a type with zeros.
//!
//! Pure: bytes in, a verdict out, and bounded.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::proxy_protocol::Addresses;

/// What is there in any header before the packet's own.
pub const START: usize = 12;
/// The most bytes of a header that are looked at, above what two headers with all their options take.
const MAX: usize = 4096;
/// The protocol number of TCP.
const TCP: u8 = 6;

/// Why there is no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It begins with another number.
    Magic,
    /// It is too short, or says that it is too long.
    Truncated,
    /// What the client has sent was no TCP over IP.
    Unhandled,
}

/// The bytes that the header takes, by its first [`START`] ones.
///
/// # Errors
/// It is none.
pub fn length(start: &[u8; START], magic: u32) -> Result<usize, Fault> {
    let [a, b, c, d, e, f, g, h, packet, _, i, j] = *start;
    if u32::from_be_bytes([a, b, c, d]) != magic {
        return Err(Fault::Magic);
    }
    let length = match packet >> 4 {
        0 => START + usize::from(u16::from_be_bytes([i, j])),
        4 | 6 => usize::try_from(u32::from_be_bytes([e, f, g, h])).unwrap_or(MAX).saturating_add(8),
        _ => return Err(Fault::Unhandled),
    };
    if (START..=MAX).contains(&length) { Ok(length) } else { Err(Fault::Truncated) }
}

/// The ends of the client's connection, by the whole header.
///
/// # Errors
/// It has none.
pub fn parse(header: &[u8]) -> Result<Addresses, Fault> {
    let packet = match header.get(8) {
        Some(byte) if byte >> 4 == 0 => header.get(START..),
        _ => header.get(8..),
    };
    let packet = packet.filter(|packet| !packet.is_empty()).ok_or(Fault::Truncated)?;
    let (protocol, ips, tcp) = match packet[0] >> 4 {
        4 => ipv4(packet),
        6 => ipv6(packet),
        _ => return Err(Fault::Unhandled),
    }
    .ok_or(Fault::Truncated)?;
    if protocol != TCP {
        return Err(Fault::Unhandled);
    }
    let [from, from_low, to, to_low, ..] = *packet.get(tcp..).unwrap_or_default() else {
        return Err(Fault::Truncated);
    };
    Ok(Addresses {
        source: SocketAddr::new(ips.0, u16::from_be_bytes([from, from_low])),
        destination: SocketAddr::new(ips.1, u16::from_be_bytes([to, to_low])),
    })
}

/// The protocol that an IP header says, its addresses, and how long it is.
type Ip = (u8, (IpAddr, IpAddr), usize);

fn ipv4(packet: &[u8]) -> Option<Ip> {
    let header: &[u8; 20] = packet.first_chunk()?;
    let address = |at: usize| header[at..].first_chunk::<4>().map(|bytes| Ipv4Addr::from(*bytes).into());
    Some((header[9], (address(12)?, address(16)?), usize::from(header[0] & 0xf) * 4))
}

fn ipv6(packet: &[u8]) -> Option<Ip> {
    let header: &[u8; 40] = packet.first_chunk()?;
    let address = |at: usize| header[at..].first_chunk::<16>().map(|bytes| Ipv6Addr::from(*bytes).into());
    Some((header[6], (address(8)?, address(24)?), header.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The headers of a packet from 192.0.2.1:1234 to 198.51.100.2:443, with options of so many words.
    fn packet(words: u8, protocol: u8) -> Vec<u8> {
        let mut packet = vec![0x45 + words, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0];
        packet.extend([192, 0, 2, 1, 198, 51, 100, 2]);
        packet.extend(vec![1; usize::from(words) * 4]);
        packet.extend([0x04, 0xd2, 0x01, 0xbb]);
        packet.extend([0; 16]);
        packet
    }

    fn packet6() -> Vec<u8> {
        let mut packet = vec![0x60, 0, 0, 0, 0, 20, TCP, 64];
        packet.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
        packet.extend([0x04, 0xd2, 0x01, 0xbb]);
        packet.extend([0; 16]);
        packet
    }

    fn old(magic: u32, packet: &[u8]) -> Vec<u8> {
        let length = u32::try_from(packet.len()).unwrap();
        [&magic.to_be_bytes()[..], &length.to_be_bytes(), packet].concat()
    }

    fn new(magic: u32, packet: &[u8]) -> Vec<u8> {
        let length = u16::try_from(packet.len()).unwrap();
        let total = u32::from(length) + 12;
        [&magic.to_be_bytes()[..], &total.to_be_bytes(), &[0, 1], &length.to_be_bytes(), packet].concat()
    }

    fn read(header: &[u8]) -> Result<(String, String), Fault> {
        let length = length(header.first_chunk().unwrap(), 50)?;
        let addresses = parse(header.get(..length).ok_or(Fault::Truncated)?)?;
        Ok((addresses.source.to_string(), addresses.destination.to_string()))
    }

    #[test]
    fn both_layouts_tell_both_ends() {
        let four = Ok(("192.0.2.1:1234".to_owned(), "198.51.100.2:443".to_owned()));
        let six = Ok(("[2001:db8::1]:1234".to_owned(), "[2001:db8::2]:443".to_owned()));
        for words in [0, 3, 10] {
            assert_eq!(read(&old(50, &packet(words, TCP))), four);
            assert_eq!(read(&new(50, &packet(words, TCP))), four);
        }
        assert_eq!((read(&old(50, &packet6())), read(&new(50, &packet6()))), (six.clone(), six));
    }

    #[test]
    fn what_is_no_header_is_told_apart() {
        assert_eq!(read(b"GET / HTTP/1.1"), Err(Fault::Magic));
        assert_eq!(read(&old(51, &packet(0, TCP))), Err(Fault::Magic));
        assert_eq!(read(&old(50, &packet(0, 17))), Err(Fault::Unhandled));
        assert_eq!(read(&new(50, &packet(0, 17))), Err(Fault::Unhandled));
        assert_eq!(read(&old(50, &[0x55; 40])), Err(Fault::Unhandled));
        assert_eq!(read(&new(50, &[0x55; 40])), Err(Fault::Unhandled));
        assert_eq!(read(&old(50, &packet(0, TCP)[..20])), Err(Fault::Truncated));
        assert_eq!(read(&old(50, &packet6()[..39])), Err(Fault::Truncated));
        assert_eq!(read(&new(50, &[])), Err(Fault::Truncated));
        assert_eq!(length(b"\0\0\0\x32\xff\xff\xff\xff\x45\0\0\0", 50), Err(Fault::Truncated));
    }

    #[test]
    fn any_bytes_are_taken_without_panic() {
        let whole = new(50, &packet(3, TCP));
        for cut in 0..whole.len() {
            for byte in 0..=255 {
                let mut header = whole[..cut].to_vec();
                header.push(byte);
                let _ = (parse(&header), header.first_chunk().map(|start| length(start, 50)));
            }
        }
    }
}
