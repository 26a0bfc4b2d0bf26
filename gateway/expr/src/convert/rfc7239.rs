//! The `Forwarded` header of RFC 7239, one element of it: `for=192.0.2.1;proto=https` (configuration.txt 7.3.1,
//! `rfc7239_…`).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("rfc7239_is_valid", Type::Str, Type::Bool, |v, _, _| Some(Value::Bool(read(&v.into_text()).is_some()))).since("2.8").example("str(for=127.0.0.1;proto=http),rfc7239_is_valid", "1"),
    convert("rfc7239_field", Type::Str, Type::Str, |v, a, _| field(&v.into_text(), a)).takes(&[Kind::Str], 1).prepare(|args, _| known(args)).since("2.8").example("str('proto=https;host=\"haproxy.org:80\"'),rfc7239_field(host)", "haproxy.org:80"),
    convert("rfc7239_n2nn", Type::Str, Type::Any, |v, _, _| node_name(&v.into_text())).since("2.8").example("str('[ab:cd::ff]:9998'),rfc7239_n2nn", "ab:cd::ff"),
    convert("rfc7239_n2np", Type::Str, Type::Any, |v, _, _| node_port(&v.into_text())).since("2.8").example("str(127.0.0.1:9999),rfc7239_n2np", "9999"),
    convert("rfc7239_nn", Type::Any, Type::Str, |v, _, _| written_name(v)).since("3.2").example("ipv6(ab:cd::ff),rfc7239_nn", "[ab:cd::ff]"),
    convert("rfc7239_np", Type::Any, Type::Str, |v, _, _| written_port(v)).since("3.2").example("str(test),rfc7239_np", "_test"),
];

/// The parameters that an element may have, each once.
const FIELDS: [&str; 4] = ["proto", "host", "for", "by"];

/// The values of an element's parameters.
type Element = [Option<Vec<u8>>; FIELDS.len()];

fn known(args: &[Arg]) -> Result<(), String> {
    let name = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    match FIELDS.contains(&&*name) {
        true => Ok(()),
        false => Err(format!("unknown field '{name}', expects 'proto', 'host', 'for' or 'by'")),
    }
}

fn field<'a>(text: &[u8], args: &[Arg]) -> Option<Value<'a>> {
    let place = FIELDS.iter().position(|name| name.as_bytes() == arg::text(args, 0))?;
    read(text)?[place].take().map(Value::made)
}

/// An element, if all of it is in order.
fn read(text: &[u8]) -> Option<Element> {
    let mut element = Element::default();
    let mut rest = text;
    loop {
        let equals = memchr::memchr(b'=', rest)?;
        let is_it = |name: &&str| name.as_bytes().eq_ignore_ascii_case(&rest[..equals]);
        let place = FIELDS.iter().position(is_it)?;
        let (value, behind) = value(&rest[equals + 1..])?;
        let right = match FIELDS[place] {
            "proto" => [&b"http"[..], b"https"].iter().any(|known| known.eq_ignore_ascii_case(&value)),
            "host" => is_host(&value),
            _ => node(&value).is_some(),
        };
        if !right || element[place].replace(value).is_some() {
            return None;
        }
        match behind {
            [] => return Some(element),
            [b';', more @ ..] => rest = more,
            _ => return None,
        }
    }
}

/// A token or a quoted string, and what is behind it.
fn value(text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        let end = text.iter().position(|byte| !is_token(*byte)).unwrap_or(text.len());
        return (end > 0).then(|| (text[..end].to_vec(), &text[end..]));
    };
    let mut value = Vec::new();
    let mut bytes = quoted.iter().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'"' => return Some((value, &quoted[at + 1..])),
            b'\\' => value.push(*bytes.next()?.1),
            other => value.push(*other),
        }
    }
    None
}

/// RFC 9110, 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// RFC 3986, 3.2.2, with or without a port.
fn is_host(text: &[u8]) -> bool {
    let (name, port) = match text.iter().rposition(|byte| *byte == b':') {
        Some(at) if !text[at..].contains(&b']') => (&text[..at], Some(&text[at + 1..])),
        _ => (text, None),
    };
    let is_name = |name: &[u8]| {
        name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(byte))
    };
    let named = bracketed(name).map_or_else(|| is_name(name), |(_, behind)| behind.is_empty());
    !name.is_empty() && named && port.is_none_or(|port| number(port).is_some())
}

/// Who a node is.
enum Name {
    Address(IpAddr),
    Unknown,
    Hidden,
}

/// Its name as text and as what it is, and its port.
struct Node<'a> {
    text: &'a [u8],
    name: Name,
    port: Option<&'a [u8]>,
}

/// RFC 7239, 6.
fn node(text: &[u8]) -> Option<Node<'_>> {
    let (name, text, behind) = match bracketed(text) {
        Some((ip, behind)) => (Name::Address(ip.into()), text, behind),
        None => {
            let end = memchr::memchr(b':', text).unwrap_or(text.len());
            let (name, behind) = text.split_at(end);
            let kind = match std::str::from_utf8(name).ok()?.parse::<Ipv4Addr>() {
                Ok(ip) => Name::Address(ip.into()),
                Err(_) if name.eq_ignore_ascii_case(b"unknown") => Name::Unknown,
                Err(_) if is_hidden(name) => Name::Hidden,
                Err(_) => return None,
            };
            (kind, name, behind)
        }
    };
    let port = match behind {
        [] => None,
        [b':', port @ ..] if is_hidden(port) || number(port).is_some() => Some(port),
        _ => return None,
    };
    Some(Node { text, name, port })
}

/// An IPv6 address in brackets, and what is behind it.
fn bracketed(text: &[u8]) -> Option<(Ipv6Addr, &[u8])> {
    let inside = text.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inside)?;
    let ip = std::str::from_utf8(&inside[..end]).ok()?.parse().ok()?;
    Some((ip, &inside[end + 1..]))
}

/// What stands for somebody who is not to be known.
fn is_hidden(text: &[u8]) -> bool {
    text.strip_prefix(b"_").is_some_and(|name| !name.is_empty() && is_identifier(name))
}

fn is_identifier(text: &[u8]) -> bool {
    text.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte))
}

/// A port's number.
fn number(digits: &[u8]) -> Option<u16> {
    let all = !digits.is_empty() && digits.len() <= 5 && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

fn node_name<'a>(text: &[u8]) -> Option<Value<'a>> {
    let node = node(text)?;
    Some(match node.name {
        Name::Address(ip) => Value::Ip(ip),
        Name::Unknown => Value::text(b"unknown"),
        Name::Hidden => Value::made(node.text.to_vec()),
    })
}

fn node_port<'a>(text: &[u8]) -> Option<Value<'a>> {
    let port = node(text)?.port?;
    Some(number(port).map_or_else(|| Value::made(port.to_vec()), |port| Value::Int(port.into())))
}

/// An address, or a text as what hides somebody; of no text, nobody is known.
fn written_name(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Ip(IpAddr::V6(ip)) => Some(Value::made(format!("[{ip}]").into_bytes())),
        Value::Ip(ip) => Some(Value::made(ip.to_string().into_bytes())),
        other => match other.into_text() {
            text if text.is_empty() => Some(Value::text(b"unknown")),
            text => hidden(&text),
        },
    }
}

/// A number, or a text as what hides one.
fn written_port(value: Value<'_>) -> Option<Value<'_>> {
    match value {
        Value::Int(port) => u16::try_from(port).ok().map(|port| Value::made(port.to_string().into_bytes())),
        other => hidden(&other.into_text()),
    }
}

fn hidden<'a>(text: &[u8]) -> Option<Value<'a>> {
    (!text.is_empty() && is_identifier(text)).then(|| Value::made([b"_", text].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{World, evaluate};

    #[test]
    fn elements_are_valid_by_the_rfc() {
        for (text, expected) in [
            ("for=127.0.0.1;proto=http", true),
            ("For=\"[2001:db8:cafe::17]:4711\"", true),
            ("for=_hidden;by=_SEVKISEK;host=example.com", true),
            ("for=unknown", true),
            ("for=\"127.0.0.1:_port\"", true),
            ("proto=HTTPS", true),
            ("host=\"[::1]:80\"", true),
            ("host=\"a\\\"b\"", false),
            ("proto=custom", false),
            ("for=127.0.0.1:80", false),
            ("for=\"127.0.0.1:80000\"", false),
            ("for=[::1]", false),
            ("for=a;for=b", false),
            ("for=127.0.0.1;for=127.0.0.2", false),
            ("for=127.0.0.1;", false),
            ("for=127.0.0.1; proto=http", false),
            ("for=127.0.0.1,for=127.0.0.2", false),
            ("secret=1", false),
            ("for", false),
            ("for=", false),
            ("for=\"127.0.0.1", false),
            ("", false),
        ] {
            assert_eq!(read(text.as_bytes()).is_some(), expected, "{text}");
        }
    }

    #[test]
    fn nodes_are_taken_apart_and_put_together() {
        for (text, expected) in [
            ("str(127.0.0.1:9999),rfc7239_n2nn", Some("127.0.0.1")),
            ("str(_name:_port),rfc7239_n2nn", Some("_name")),
            ("str(_name:_port),rfc7239_n2np", Some("_port")),
            ("str(unknown),rfc7239_n2nn", Some("unknown")),
            ("str(unknown),rfc7239_n2np", None),
            ("str(somebody),rfc7239_n2nn", None),
            ("str([::1]:8),rfc7239_n2np", Some("8")),
            ("str([::1]:8),rfc7239_n2nn,ipmask(24,64)", Some("::")),
            ("ipv4(192.0.2.1),rfc7239_nn", Some("192.0.2.1")),
            ("str(test),rfc7239_nn", Some("_test")),
            ("str(),rfc7239_nn", Some("unknown")),
            ("str(a/b),rfc7239_nn", None),
            ("int(12),rfc7239_np", Some("12")),
            ("int(-1),rfc7239_np", None),
            ("str(),rfc7239_np", None),
        ] {
            assert_eq!(evaluate(text, &World::sample()).as_deref(), expected, "{text}");
        }
    }
}
