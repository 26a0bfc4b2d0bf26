//! Values of samples, their types, and HAProxy's casts between them (configuration.txt 7.1).

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr};

/// The type of a sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// Known only at run time.
    Any,
    /// A boolean.
    Bool,
    /// A signed number of 64 bits.
    Int,
    /// An IPv4 or IPv6 address.
    Ip,
    /// Text.
    Str,
    /// Bytes.
    Bin,
    /// An HTTP method.
    Method,
}

impl Type {
    /// HAProxy's name of the type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Any => "any",
            Self::Bool => "bool",
            Self::Int => "sint",
            Self::Ip => "addr",
            Self::Str => "str",
            Self::Bin => "bin",
            Self::Method => "meth",
        }
    }

    /// Whether a sample of this type can be turned into one of `to`.
    pub fn casts_to(self, to: Self) -> bool {
        match (self, to) {
            (Self::Bool, Self::Ip) | (Self::Method | Self::Ip, Self::Bool) => false,
            (Self::Method, Self::Int | Self::Ip) | (Self::Bin, Self::Bool | Self::Int) => false,
            (_, Self::Method) => matches!(self, Self::Any | Self::Str | Self::Bin | Self::Method),
            _ => true,
        }
    }
}

/// The value of a sample; text borrows from the message or the expression where it can.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the variants are the types above")]
pub enum Value<'a> {
    Bool(bool),
    Int(i64),
    Ip(IpAddr),
    Str(Cow<'a, [u8]>),
    Bin(Cow<'a, [u8]>),
    Method(Cow<'a, [u8]>),
}

impl<'a> Value<'a> {
    /// Text that is borrowed.
    pub fn text(bytes: &'a [u8]) -> Self {
        Self::Str(Cow::Borrowed(bytes))
    }

    /// Text that was made.
    pub fn made(bytes: Vec<u8>) -> Self {
        Self::Str(Cow::Owned(bytes))
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> Value<'_> {
        match self {
            Self::Bool(b) => Value::Bool(*b),
            Self::Int(n) => Value::Int(*n),
            Self::Ip(ip) => Value::Ip(*ip),
            Self::Str(text) => Value::Str(Cow::Borrowed(text)),
            Self::Bin(bytes) => Value::Bin(Cow::Borrowed(bytes)),
            Self::Method(text) => Value::Method(Cow::Borrowed(text)),
        }
    }

    /// The same, borrowed from nothing.
    pub fn into_owned(self) -> Value<'static> {
        let own = |text: Cow<'_, [u8]>| Cow::Owned(text.into_owned());
        match self {
            Self::Bool(b) => Value::Bool(b),
            Self::Int(n) => Value::Int(n),
            Self::Ip(ip) => Value::Ip(ip),
            Self::Str(text) => Value::Str(own(text)),
            Self::Bin(bytes) => Value::Bin(own(bytes)),
            Self::Method(text) => Value::Method(own(text)),
        }
    }

    /// How many bytes HAProxy counts for it where variables are limited.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Bool(_) | Self::Int(_) | Self::Ip(_) => 0,
            Self::Str(text) | Self::Bin(text) | Self::Method(text) => text.len(),
        }
    }

    /// The type it has.
    pub fn kind(&self) -> Type {
        match self {
            Self::Bool(_) => Type::Bool,
            Self::Int(_) => Type::Int,
            Self::Ip(_) => Type::Ip,
            Self::Str(_) => Type::Str,
            Self::Bin(_) => Type::Bin,
            Self::Method(_) => Type::Method,
        }
    }

    /// As text; borrowed unless it is a number or an address. Bytes are text up to the first zero.
    pub fn into_text(self) -> Cow<'a, [u8]> {
        match self {
            Self::Str(text) | Self::Method(text) => text,
            Self::Bin(bytes) => up_to_nul(bytes),
            Self::Bool(b) => Cow::Borrowed(if b { b"1" } else { b"0" }),
            Self::Int(n) => Cow::Owned(n.to_string().into_bytes()),
            Self::Ip(ip) => Cow::Owned(shown(ip).into_bytes()),
        }
    }

    /// As text, but bytes as they are.
    pub(crate) fn into_raw(self) -> Cow<'a, [u8]> {
        match self {
            Self::Bin(bytes) => bytes,
            other => other.into_text(),
        }
    }

    /// As a number, where the type can be one.
    pub fn to_int(&self) -> Option<i64> {
        match self {
            Self::Bool(b) => Some(i64::from(*b)),
            Self::Int(n) => Some(*n),
            Self::Ip(IpAddr::V4(ip)) => Some(i64::from(ip.to_bits())),
            Self::Str(text) if text.is_empty() => None,
            Self::Str(text) => Some(leading_int(text)),
            Self::Ip(IpAddr::V6(_)) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    /// As a boolean, where the type can be one.
    pub fn to_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(b) => Some(*b),
            Self::Int(n) => Some(*n != 0),
            Self::Str(_) => self.to_int().map(|n| n != 0),
            Self::Ip(_) | Self::Bin(_) | Self::Method(_) => None,
        }
    }

    /// As an address, where the type can be one and the text is one.
    pub fn to_ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Int(n) => u32::try_from(*n).ok().map(|bits| IpAddr::V4(bits.into())),
            Self::Str(text) => match leading_ipv4(text) {
                Some((ip, _)) => Some(ip.into()),
                None => std::str::from_utf8(text).ok()?.parse().ok(),
            },
            Self::Bin(bytes) => ip_of_bytes(bytes),
            Self::Bool(_) | Self::Method(_) => None,
        }
    }

    /// Turned into another type, if that can be done.
    pub fn cast(self, to: Type) -> Option<Self> {
        match to {
            Type::Any => Some(self),
            Type::Bool => self.to_bool().map(Value::Bool),
            Type::Int => self.to_int().map(Value::Int),
            Type::Ip => self.to_ip().map(Value::Ip),
            Type::Str => Some(Value::Str(self.into_text())),
            Type::Bin => Some(Value::Bin(self.into_bytes())),
            Type::Method => Some(Value::Method(self.into_text())),
        }
    }

    /// As bytes: numbers as eight bytes, addresses as four or sixteen, the rest as it is.
    pub fn into_bytes(self) -> Cow<'a, [u8]> {
        match self {
            Self::Str(text) | Self::Bin(text) | Self::Method(text) => text,
            Self::Bool(b) => Cow::Owned(i64::from(b).to_be_bytes().to_vec()),
            Self::Int(n) => Cow::Owned(n.to_be_bytes().to_vec()),
            Self::Ip(IpAddr::V4(ip)) => Cow::Owned(ip.octets().to_vec()),
            Self::Ip(IpAddr::V6(ip)) => Cow::Owned(ip.octets().to_vec()),
        }
    }
}

/// The number at the beginning of a text, as far as it goes; 0 if there is none, the extreme if it is too large.
pub(crate) fn leading_int(text: &[u8]) -> i64 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let signed = |digit: u8| if negative { -i64::from(digit - b'0') } else { i64::from(digit - b'0') };
    digits
        .iter()
        .take_while(|byte| byte.is_ascii_digit())
        .fold(0_i64, |n, digit| n.saturating_mul(10).saturating_add(signed(*digit)))
}

fn up_to_nul(bytes: Cow<'_, [u8]>) -> Cow<'_, [u8]> {
    match (memchr::memchr(0, &bytes), bytes) {
        (None, bytes) => bytes,
        (Some(end), Cow::Borrowed(bytes)) => Cow::Borrowed(&bytes[..end]),
        (Some(end), Cow::Owned(mut bytes)) => {
            bytes.truncate(end);
            Cow::Owned(bytes)
        }
    }
}

fn ip_of_bytes(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(v4));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// An address as the C library writes it: the last half of `::192.0.2.1` stays in dotted form.
fn shown(ip: IpAddr) -> String {
    match ip {
        IpAddr::V6(v6) => match v6.segments() {
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => {
                format!("::{}", Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            _ => v6.to_string(),
        },
        IpAddr::V4(v4) => v4.to_string(),
    }
}

/// The IPv4 address that a text begins with, as HAProxy reads it, and what is behind it.
pub(crate) fn leading_ipv4(text: &[u8]) -> Option<(Ipv4Addr, &[u8])> {
    let mut rest = text;
    let mut bytes = [0_u8; 4];
    for (place, byte) in bytes.iter_mut().enumerate() {
        if place > 0 {
            rest = rest.strip_prefix(b".")?;
        }
        let digits = rest.iter().take_while(|digit| digit.is_ascii_digit()).count();
        let (number, behind) = rest.split_at(digits);
        *byte = std::str::from_utf8(number).ok()?.parse().ok()?;
        rest = behind;
    }
    (rest.first() != Some(&b'.')).then_some((bytes.into(), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_the_number_it_begins_with() {
        for (text, number) in [
            ("12abc", 12),
            ("-12", -12),
            ("abc", 0),
            ("", 0),
            ("+7", 7),
            ("99999999999999999999", i64::MAX),
            ("-99999999999999999999", i64::MIN),
        ] {
            assert_eq!(leading_int(text.as_bytes()), number, "{text}");
        }
    }

    #[test]
    fn values_are_cast_as_haproxy_casts_them() {
        let ip: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(Value::Ip(ip).to_int(), Some(2_130_706_433));
        assert_eq!(Value::Bool(true).into_text().as_ref(), b"1");
        assert_eq!(Value::text(b"true").to_bool(), Some(false));
        assert_eq!(Value::Bin(b"ab\0c"[..].into()).into_text().as_ref(), b"ab");
        assert_eq!(Value::text(b"1.2.3.4").to_ip(), "1.2.3.4".parse().ok());
        assert_eq!(Value::Int(7).cast(Type::Str), Some(Value::made(b"7".to_vec())));
    }
}
