//! What entries are found by: a value of the table's type.

use std::fmt::{self, Write as _};
use std::net::{Ipv4Addr, Ipv6Addr};

/// The type of a table's keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// IPv4 addresses.
    Ip,
    /// IPv6 addresses.
    Ipv6,
    /// Numbers of 32 bits.
    Integer,
    /// Text of at most so many bytes.
    String(usize),
    /// Blocks of exactly so many bytes.
    Binary(usize),
}

impl Kind {
    /// The length of texts and blocks when none is given.
    pub const LENGTH: usize = 32;

    /// HAProxy's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ip => "ip",
            Self::Ipv6 => "ipv6",
            Self::Integer => "integer",
            Self::String(_) => "string",
            Self::Binary(_) => "binary",
        }
    }

    /// The key of a text: cut off where it is too long.
    pub fn text(self, bytes: &[u8]) -> Option<Key> {
        match self {
            Self::String(length) => Some(Key::String(bytes[..bytes.len().min(length)].into())),
            Self::Binary(length) => {
                let mut block = bytes[..bytes.len().min(length)].to_vec();
                block.resize(length, 0);
                Some(Key::Binary(block.into()))
            }
            Self::Ip | Self::Ipv6 | Self::Integer => None,
        }
    }
}

/// A key, of its table's type. In the order in which tables are shown.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the variants are the types above")]
pub enum Key {
    Ip(Ipv4Addr),
    Ipv6(Ipv6Addr),
    Integer(u32),
    String(Box<[u8]>),
    Binary(Box<[u8]>),
}

impl fmt::Display for Key {
    /// As `show table` writes it: bytes that are not printable escaped, blocks in hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => write!(f, "{ip}"),
            // the C library leaves the last half of such an address in dotted form
            Self::Ipv6(ip) => match ip.segments() {
                [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                    write!(f, "::{}", Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
                }
                _ => write!(f, "{ip}"),
            },
            Self::Integer(number) => write!(f, "{number}"),
            Self::String(text) => text.iter().try_for_each(|byte| write_byte(*byte, f)),
            Self::Binary(block) => block.iter().try_for_each(|byte| write!(f, "{byte:02X}")),
        }
    }
}

fn write_byte(byte: u8, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match byte {
        b'\t' => f.write_str("\\t"),
        b'\n' => f.write_str("\\n"),
        b'\r' => f.write_str("\\r"),
        0x1b => f.write_str("\\e"),
        b'\\' | b' ' | b'=' => {
            f.write_char('\\')?;
            f.write_char(char::from(byte))
        }
        0x20..0x7f => f.write_char(char::from(byte)),
        _ => write!(f, "\\x{byte:02X}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_and_blocks_padded() {
        assert_eq!(Kind::String(3).text(b"abcdef"), Some(Key::String(b"abc"[..].into())));
        assert_eq!(Kind::Binary(3).text(b"a"), Some(Key::Binary(b"a\0\0"[..].into())));
        assert_eq!(Kind::Ip.text(b"1.2.3.4"), None);
    }

    #[test]
    fn keys_are_shown_as_haproxy_does() {
        for (key, shown) in [
            (Key::Ip([192, 0, 2, 1].into()), "192.0.2.1"),
            (Key::Ipv6("::1:2".parse().unwrap()), "::0.1.0.2"),
            (Key::Integer(7), "7"),
            (Key::String(b"a b\t\xff"[..].into()), "a\\ b\\t\\xFF"),
            (Key::Binary(b"\x01\xab"[..].into()), "01AB"),
        ] {
            assert_eq!(key.to_string(), shown);
        }
    }
}
