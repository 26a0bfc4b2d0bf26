//! A server's response head: bytes in, a head and the framing of its body out.

use bytes::{Bytes, BytesMut};
use http::{Method, Version};

use crate::http1::body::{Body, Chunk};
use crate::http1::head::{decimal, says, wire_of};
use crate::message::{Lines, ResponseHead};

/// The most header lines that are looked at.
const HEADER_SLOTS: usize = 256;
/// The most bytes that a head may have.
const MAX_HEAD: usize = 64 * 1024;

/// A response head that is whole.
#[derive(Debug)]
pub(super) struct Received {
    /// The head.
    pub head: ResponseHead,
    /// Its body, `Tunnel` being one that ends with the connection.
    pub body: Body,
    /// Whether the server keeps the connection.
    pub keep_alive: bool,
}

/// The server's answer is not HTTP/1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the server's response is not valid")]
pub(super) struct Invalid;

/// Takes the head off the front of `input` when all of it is there.
///
/// # Errors
/// It can never become a response.
pub(super) fn take(input: &mut BytesMut, method: &Method) -> Result<Option<Received>, Invalid> {
    let mut slots = [const { std::mem::MaybeUninit::uninit() }; HEADER_SLOTS];
    let mut response = httparse::Response::new(&mut []);
    let config = httparse::ParserConfig::default();
    let parsed =
        config.parse_response_with_uninit_headers(&mut response, input, &mut slots).map_err(|_| Invalid)?;
    let httparse::Status::Complete(end) = parsed else {
        return if input.len() > MAX_HEAD { Err(Invalid) } else { Ok(None) };
    };
    let (Some(status), Some(version)) = (response.code, response.version) else { return Err(Invalid) };
    let base = input.as_ptr() as usize;
    let place = |part: &[u8]| {
        let start = part.as_ptr() as usize - base;
        start..start + part.len()
    };
    let reason = response.reason.filter(|reason| !reason.is_empty()).map(|reason| place(reason.as_bytes()));
    let mut fields = Vec::with_capacity(response.headers.len());
    fields.extend(response.headers.iter().map(|field| (place(field.name.as_bytes()), place(field.value))));
    let mut head = input.split_to(end);
    for (name, _) in &fields {
        head[name.clone()].make_ascii_lowercase();
    }
    let head = head.freeze();
    let mut lines = Lines::with_capacity(fields.len() + 2);
    for (name, value) in &fields {
        lines.push(head.slice(name.clone()), head.slice(value.clone()));
    }
    if !lines.has(b"connection")
        && let Some(wire) = wire_of(&head, fields.into_iter())
    {
        lines = lines.standing(wire);
    }
    let head = ResponseHead {
        status,
        version: if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 },
        reason: reason.map_or_else(Bytes::new, |reason| head.slice(reason)),
        lines,
    };
    finish(head, method).map(Some)
}

fn finish(mut head: ResponseHead, method: &Method) -> Result<Received, Invalid> {
    let old = head.version == Version::HTTP_10;
    let says_in_connection = |word: &[u8]| head.lines.all(b"connection").any(|value| says(value, word));
    let keep_alive = !says_in_connection(b"close") && (!old || says_in_connection(b"keep-alive"));
    let body = framing(&mut head, method)?;
    Ok(Received { keep_alive: keep_alive && body != Body::Tunnel, head, body })
}

/// How the body is delimited (RFC 9112, 6.3).
fn framing(head: &mut ResponseHead, method: &Method) -> Result<Body, Invalid> {
    if *method == Method::HEAD || matches!(head.status, 100..=199 | 204 | 304) {
        return Ok(Body::Done);
    }
    if head.lines.has(b"transfer-encoding") {
        let chunked =
            head.lines.all(b"transfer-encoding").last().is_some_and(|value| says(value, b"chunked"));
        if !chunked {
            return Ok(Body::Tunnel);
        }
        head.lines.remove(b"content-length");
        return Ok(Body::Chunked(Chunk::Size));
    }
    let mut length = None;
    for value in head.lines.all(b"content-length").flat_map(|value| value.split(|byte| *byte == b',')) {
        let this = decimal(value.trim_ascii()).ok_or(Invalid)?;
        if length.is_some_and(|length| length != this) {
            return Err(Invalid);
        }
        length = Some(this);
    }
    Ok(match length {
        Some(0) => Body::Done,
        Some(length) => Body::Length(length),
        None => Body::Tunnel,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(text: &[u8], method: &Method) -> Result<Option<Received>, Invalid> {
        take(&mut BytesMut::from(text), method)
    }

    fn body(text: &[u8]) -> (Body, bool) {
        let received = received(text, &Method::GET).unwrap().unwrap();
        (received.body, received.keep_alive)
    }

    #[test]
    fn bodies_are_delimited_as_the_head_says() {
        assert_eq!(body(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"), (Body::Length(5), true));
        assert_eq!(
            body(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"),
            (Body::Chunked(Chunk::Size), true)
        );
        assert_eq!(body(b"HTTP/1.1 200 OK\r\n\r\n"), (Body::Tunnel, false));
        assert_eq!(body(b"HTTP/1.1 204 No Content\r\n\r\n"), (Body::Done, true));
        assert_eq!(body(b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"), (Body::Done, false));
        assert_eq!(
            body(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"),
            (Body::Done, false)
        );
    }

    #[test]
    fn a_response_to_head_has_no_body() {
        let received =
            received(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", &Method::HEAD).unwrap().unwrap();
        assert_eq!(received.body, Body::Done);
    }

    #[test]
    fn names_are_in_lower_case_and_the_reason_as_it_was() {
        let received = received(b"HTTP/1.1 200 Fine\r\nX-A: B\r\n\r\n", &Method::GET).unwrap().unwrap();
        assert_eq!(received.head.reason, "Fine");
        assert_eq!(received.head.lines.all(b"x-a").collect::<Vec<_>>(), ["B"]);
        assert_eq!(received.head.lines.len(), 1);
    }

    #[test]
    fn what_is_no_response_is_refused() {
        for text in
            [&b"junk\r\n\r\n"[..], b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"]
        {
            assert_eq!(received(text, &Method::GET).err(), Some(Invalid));
        }
        assert!(received(b"HTTP/1.1 200 OK\r\nA: b\r\n", &Method::GET).unwrap().is_none());
    }
}
