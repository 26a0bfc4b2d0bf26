//! Bytes as they arrived, before any parsing (configuration.txt 7.3.5).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("req.len", Type::Int, Phases::REQUEST, len).aliases(&["req_len"]).awaits().example("req.len", "17"),
    fetch("req.payload", Type::Bin, Phases::REQUEST, payload).aliases(&["payload"]).takes(&[Kind::Int, Kind::Int], 2).prepare(|args, _| bounds(args)).awaits().example("req.payload(1,2)", "ET"),
    fetch("req.ssl_hello_type", Type::Int, Phases::REQUEST, hello_type).aliases(&["req_ssl_hello_type"]).awaits().example("req.ssl_hello_type", ""),
    fetch("req.ssl_sni", Type::Str, Phases::REQUEST, sni).aliases(&["req_ssl_sni"]).awaits().example("req.ssl_sni", ""),
    fetch("req.ssl_ver", Type::Int, Phases::REQUEST, version).aliases(&["req_ssl_ver"]).awaits().example("req.ssl_ver", ""),
];

fn len<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(i64::try_from(request.txn.request_length()).ok().map(Value::Int), visit);
}

fn bounds(args: &[Arg]) -> Result<(), String> {
    let negative = |at| arg::int(args, at).is_some_and(|n| n < 0);
    if negative(0) || negative(1) {
        Err("payload offset and length must not be negative".to_owned())
    } else {
        Ok(())
    }
}

/// `payload(offset,length)`; a length of 0 is all there is.
fn payload<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let number = |at| arg::int(request.args, at).and_then(|n| usize::try_from(n).ok()).unwrap_or(0);
    let (offset, length) = (number(0), number(1));
    let bytes = request.txn.raw_request();
    let cut = match length {
        0 => bytes.get(offset..),
        _ => offset.checked_add(length).and_then(|end| bytes.get(offset..end)),
    };
    one(cut.map(|bytes| Value::Bin(bytes.into())), visit);
}

fn hello_type<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(
        handshake(request.txn.raw_request())
            .and_then(|hello| hello.first())
            .map(|kind| Value::Int((*kind).into())),
        visit,
    );
}

/// The name in the client's hello.
fn sni<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(handshake(request.txn.raw_request()).and_then(server_name).map(Value::text), visit);
}

/// The version the client speaks: major in the upper half, minor in the lower.
fn version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let version = handshake(request.txn.raw_request())
        .and_then(|hello| hello.get(4..6))
        .map(|pair| Value::Int(i64::from(pair[0]) << 16 | i64::from(pair[1])));
    one(version, visit);
}

/// The handshake message in the first TLS record.
fn handshake(bytes: &[u8]) -> Option<&[u8]> {
    let [22, 3, _, high, low, rest @ ..] = bytes else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    rest.get(..len.min(rest.len())).filter(|hello| !hello.is_empty())
}

fn server_name(hello: &[u8]) -> Option<&[u8]> {
    if *hello.first()? != 1 {
        return None;
    }
    // type, length, version, random
    let mut rest = hello.get(4 + 2 + 32..)?;
    skip(&mut rest, 1)?;
    skip(&mut rest, 2)?;
    skip(&mut rest, 1)?;
    let mut extensions = skip(&mut rest, 2)?;
    while extensions.len() >= 4 {
        let kind = u16::from_be_bytes([extensions[0], extensions[1]]);
        extensions = &extensions[2..];
        let mut body = skip(&mut extensions, 2)?;
        if kind == 0 {
            let mut list = skip(&mut body, 2)?;
            list = list.strip_prefix(&[0])?;
            return skip(&mut list, 2);
        }
    }
    None
}

/// Takes what stands behind its length of one or two bytes.
fn skip<'a>(bytes: &mut &'a [u8], width: usize) -> Option<&'a [u8]> {
    let prefix = bytes.get(..width)?;
    let len = prefix.iter().fold(0_usize, |len, byte| len << 8 | usize::from(*byte));
    let taken = bytes.get(width..width + len)?;
    *bytes = &bytes[width + len..];
    Some(taken)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// A client's hello with this name, as small as it can be.
    fn hello(name: &str) -> Vec<u8> {
        let len = u8::try_from(name.len()).unwrap();
        let mut extension = vec![0, 0, 0, len + 5, 0, len + 3, 0, 0, len];
        extension.extend(name.as_bytes());
        let mut body = vec![3, 3];
        body.extend([7; 32]);
        body.extend([0, 0, 2, 0x13, 1, 1, 0, 0, u8::try_from(extension.len()).unwrap()]);
        body.extend(extension);
        let mut message = vec![1, 0, 0, u8::try_from(body.len()).unwrap()];
        message.extend(body);
        let mut record = vec![22, 3, 1, 0, u8::try_from(message.len()).unwrap()];
        record.extend(message);
        record
    }

    #[test]
    fn a_clients_hello_is_read() {
        let world = World { raw: hello("www.example.com"), ..World::sample() };
        assert_eq!(evaluate("req.ssl_sni", &world).as_deref(), Some("www.example.com"));
        assert_eq!(evaluate("req.ssl_hello_type", &world).as_deref(), Some("1"));
        assert_eq!(evaluate("req.ssl_ver", &world).as_deref(), Some("196611"));
    }

    #[test]
    fn a_hello_cut_anywhere_never_panics() {
        let whole = hello("a.example");
        for end in 0..whole.len() {
            let world = World { raw: whole[..end].to_vec(), ..World::sample() };
            assert_eq!(evaluate("req.ssl_sni", &world), None, "{end}");
        }
    }
}
