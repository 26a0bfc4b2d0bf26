//! TLS handshakes that pass through (configuration.txt 7.3.5): what a client's hello says.

use super::payload::skip;
use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("req.ssl_hello_type", Type::Int, Phases::REQUEST, |r, v| one(kind(r.txn.raw_request()), v)).aliases(&["req_ssl_hello_type"]).awaits().example("req.ssl_hello_type", "1"),
    fetch("res.ssl_hello_type", Type::Int, Phases::RESPONSE, |r, v| one(kind(r.txn.raw_response()), v)).aliases(&["rep_ssl_hello_type"]).awaits().example("res.ssl_hello_type", ""),
    fetch("req.ssl_sni", Type::Str, Phases::REQUEST, |r, v| one(extension(r, 0).and_then(server_name).map(Value::text), v)).aliases(&["req_ssl_sni"]).awaits().example("req.ssl_sni", "www.example.com"),
    fetch("req.ssl_ver", Type::Int, Phases::REQUEST, version).aliases(&["req_ssl_ver"]).awaits().example("req.ssl_ver", "196611"),
    fetch("req.ssl_alpn", Type::Str, Phases::REQUEST, alpn).awaits().example("req.ssl_alpn", "http/1.1"),
    fetch("req.ssl_ec_ext", Type::Bool, Phases::REQUEST, |r, v| one(extension(r, 10).map(|_| Value::Bool(true)), v)).awaits().example("req.ssl_ec_ext", "1"),
    fetch("req.ssl_st_ext", Type::Int, Phases::REQUEST, ticket).awaits().example("req.ssl_st_ext", "1"),
];

/// The kind of the first handshake message.
fn kind<'a>(bytes: &[u8]) -> Option<Value<'a>> {
    handshake(bytes).and_then(<[u8]>::first).map(|kind| Value::Int((*kind).into()))
}

/// The version the client speaks: major in the upper half, minor in the lower.
fn version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let version = handshake(request.txn.raw_request())
        .and_then(|hello| hello.get(4..6))
        .map(|pair| Value::Int(i64::from(pair[0]) << 16 | i64::from(pair[1])));
    one(version, visit);
}

/// The first protocol of the list; in a condition each.
fn alpn<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let Some(mut body) = extension(request, 16) else { return };
    let Some(mut list) = skip(&mut body, 2) else { return };
    let mut names: Vec<&[u8]> = Vec::new();
    while let Some(name) = skip(&mut list, 1) {
        names.push(name);
    }
    one((!names.is_empty()).then(|| Value::made(names.join(&b","[..]))), visit);
}

/// Session tickets: 0 not spoken of, 1 announced, 2 shown.
fn ticket<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let said = hello(request.txn.raw_request()).map(|_| match extension(request, 35) {
        None => 0,
        Some([]) => 1,
        Some(_) => 2,
    });
    one(said.map(Value::Int), visit);
}

/// The handshake message in the first TLS record.
fn handshake(bytes: &[u8]) -> Option<&[u8]> {
    let [22, 3, _, high, low, rest @ ..] = bytes else { return None };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    rest.get(..len.min(rest.len())).filter(|hello| !hello.is_empty())
}

/// The parts of a client's hello.
pub(crate) struct Parts<'a> {
    /// The version that it wants.
    pub(crate) version: u16,
    /// Its cipher suites.
    pub(crate) ciphers: &'a [u8],
    /// Its extensions.
    pub(crate) extensions: &'a [u8],
}

/// Takes a client's hello apart.
pub(crate) fn parts(bytes: &[u8]) -> Option<Parts<'_>> {
    let hello = handshake(bytes).filter(|hello| hello.first() == Some(&1))?;
    // type, length, version, random
    let version = u16::from_be_bytes(hello.get(4..6)?.try_into().ok()?);
    let mut rest = hello.get(4 + 2 + 32..)?;
    skip(&mut rest, 1)?;
    let ciphers = skip(&mut rest, 2)?;
    skip(&mut rest, 1)?;
    Some(Parts { version, ciphers, extensions: skip(&mut rest, 2)? })
}

/// The extensions of a client's hello.
fn hello(bytes: &[u8]) -> Option<&[u8]> {
    parts(bytes).map(|parts| parts.extensions)
}

/// The numbers and bodies of extensions.
pub(crate) fn each_extension(mut extensions: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let (kind, rest) = extensions.split_first_chunk::<2>()?;
        extensions = rest;
        Some((u16::from_be_bytes(*kind), skip(&mut extensions, 2)?))
    })
}

/// The body of an extension by its number.
fn extension<'a>(request: &Request<'a>, wanted: u16) -> Option<&'a [u8]> {
    let extensions = hello(request.txn.raw_request())?;
    each_extension(extensions).find(|(kind, _)| *kind == wanted).map(|(_, body)| body)
}

fn server_name(mut body: &[u8]) -> Option<&[u8]> {
    let mut list = skip(&mut body, 2)?.strip_prefix(&[0])?;
    skip(&mut list, 2)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// A client's hello with this name, as small as it can be, and these extensions behind the name's.
    fn hello(name: &str, more: &[u8]) -> Vec<u8> {
        let len = u8::try_from(name.len()).unwrap();
        let mut extension = vec![0, 0, 0, len + 5, 0, len + 3, 0, 0, len];
        extension.extend(name.as_bytes());
        extension.extend(more);
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
        let more = b"\0\x10\0\x0e\0\x0c\x02h2\x08http/1.1\0\x0a\0\x04\0\x02\0\x1d\0\x23\0\0";
        let world = World { raw: hello("www.example.com", more), ..World::sample() };
        for (text, expected) in [
            ("req.ssl_sni", "www.example.com"),
            ("req.ssl_hello_type", "1"),
            ("req.ssl_ver", "196611"),
            ("req.ssl_alpn", "h2,http/1.1"),
            ("req.ssl_ec_ext", "1"),
            ("req.ssl_st_ext", "1"),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), Some(expected), "{text}");
        }
        let plain = World { raw: hello("a", b""), ..World::sample() };
        assert_eq!(evaluate("req.ssl_ec_ext", &plain), None);
        assert_eq!(evaluate("req.ssl_st_ext", &plain).as_deref(), Some("0"));
    }

    #[test]
    fn a_hello_cut_anywhere_never_panics() {
        let whole = hello("a.example", b"");
        for end in 0..whole.len() {
            let world = World { raw: whole[..end].to_vec(), ..World::sample() };
            assert_eq!(evaluate("req.ssl_sni", &world), None, "{end}");
        }
    }
}
