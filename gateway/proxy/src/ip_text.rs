//! IP addresses as text, without allocation: `x-forwarded-for` is written for every request.

use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};

/// What the longest address needs (`ffff:…:255.255.255.255`).
const ROOM: usize = 46;

/// An address as text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IpText {
    bytes: [u8; ROOM],
    length: usize,
}

impl IpText {
    /// The text of an address; of one that is mapped into IPv6, the IPv4 address.
    pub(crate) fn of(ip: IpAddr) -> Self {
        let mut text = Self { bytes: [0; ROOM], length: 0 };
        match ip.to_canonical() {
            IpAddr::V4(ip) => text.write_v4(ip),
            IpAddr::V6(ip) => {
                let mut rest = &mut text.bytes[..];
                // There is room for every address.
                let _ = write!(rest, "{ip}");
                text.length = ROOM - rest.len();
            }
        }
        text
    }

    /// Its bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    fn write_v4(&mut self, ip: Ipv4Addr) {
        for (at, octet) in ip.octets().into_iter().enumerate() {
            if at > 0 {
                self.put(b'.');
            }
            if octet >= 100 {
                self.put(b'0' + octet / 100);
            }
            if octet >= 10 {
                self.put(b'0' + octet / 10 % 10);
            }
            self.put(b'0' + octet % 10);
        }
    }

    fn put(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_the_standard_library_has_them() {
        let some = ["0.0.0.0", "1.20.100.255", "10.9.99.101", "::", "::1", "2001:db8::8:800:200c:417a"];
        let long = "abcd:ef01:2345:6789:abcd:ef01:2345:6789";
        for text in some.into_iter().chain([long]) {
            let ip: IpAddr = text.parse().unwrap();
            assert_eq!(IpText::of(ip).as_bytes(), text.as_bytes());
        }
        assert_eq!(IpText::of("::ffff:192.0.2.1".parse().unwrap()).as_bytes(), b"192.0.2.1");
    }
}
