//! A server's response head: bytes in, a head and the framing of its body out.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::{Method, Version};

use crate::http1::body::{Body, Chunk};
use crate::http1::head::{Limits, decimal, says, take_for_1_1, tokens, wire_of};
use crate::message::{Lines, ResponseHead};

/// The most header lines that are looked at.
const HEADER_SLOTS: usize = 256;
/// What stands before a reason phrase.
const BEFORE_REASON: usize = "HTTP/1.1 200 ".len();

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
pub(super) fn take(
    input: &mut BytesMut,
    method: &Method,
    limits: &Limits,
) -> Result<Option<Received>, Invalid> {
    if let Some(version) = input.first_chunk_mut() {
        take_for_1_1(version);
    }
    let mut slots = [const { std::mem::MaybeUninit::uninit() }; HEADER_SLOTS];
    let mut response = httparse::Response::new(&mut []);
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    let parsed =
        config.parse_response_with_uninit_headers(&mut response, input, &mut slots).map_err(|_| Invalid)?;
    let httparse::Status::Complete(end) = parsed else {
        return if input.len() > limits.bytes { Err(Invalid) } else { Ok(None) };
    };
    let (Some(status), Some(version)) = (response.code, response.version) else { return Err(Invalid) };
    if end > limits.bytes || response.headers.len() > limits.headers {
        return Err(Invalid);
    }
    let base = input.as_ptr() as usize;
    let place = |part: &[u8]| {
        let start = part.as_ptr() as usize - base;
        start..start + part.len()
    };
    let mut fields = Vec::with_capacity(response.headers.len());
    fields.extend(response.headers.iter().map(|field| (place(field.name.as_bytes()), place(field.value))));
    let mut head = input.split_to(end);
    for (name, value) in &mut fields {
        head[name.clone()].make_ascii_lowercase();
        unfold(&mut head, value);
    }
    let head = head.freeze();
    let version = if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 };
    let reason = head.slice(reason(&head));
    let (mut lines, facts) = read_lines(&head, &fields)?;
    if !facts.put_straight
        && let Some(wire) = wire_of(&head, fields.into_iter())
    {
        lines = lines.standing(wire);
    }
    Ok(Some(finish(ResponseHead { status, version, reason, lines }, &facts, method)))
}

/// Where the reason phrase is; it may have any bytes.
fn reason(head: &[u8]) -> Range<usize> {
    let start = head.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count() + BEFORE_REASON;
    let end = head.iter().skip(start).position(|byte| matches!(byte, b'\r' | b'\n'));
    end.map_or(0..0, |length| start..start + length)
}

/// Replaces the line breaks in a folded value by spaces, as HAProxy does (RFC 9112, 5.2).
fn unfold(head: &mut [u8], value: &mut Range<usize>) {
    let mut folded = false;
    for byte in head[value.clone()].iter_mut().filter(|byte| matches!(byte, b'\r' | b'\n')) {
        (*byte, folded) = (b' ', true);
    }
    if folded {
        value.start += head[value.clone()].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
        value.end -= head[value.clone()].iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
    }
}

/// What the lines say of the body.
#[derive(Default)]
struct Facts {
    length: Option<u64>,
    chunked: bool,
    /// Lines are not what they were on the wire, or do not go on as they are.
    put_straight: bool,
}

fn read_lines(head: &Bytes, fields: &[(Range<usize>, Range<usize>)]) -> Result<(Lines, Facts), Invalid> {
    let (mut lines, mut facts) = (Lines::with_capacity(fields.len() + 2), Facts::default());
    for (name, value) in fields {
        let (name, mut value) = (head.slice(name.clone()), head.slice(value.clone()));
        match &name[..] {
            b"content-length" => match facts.see_length(&value)? {
                Some(length) => value = length,
                None => continue,
            },
            b"transfer-encoding" => facts.see_coding(&value)?,
            b"connection" => facts.put_straight = true,
            b"te" => facts.put_straight |= value != "trailers",
            _ => {}
        }
        lines.push(name, value);
    }
    Ok((lines, facts))
}

impl Facts {
    /// `content-length`: several equal ones are one (RFC 9112, 6.3). Yields it the first time.
    fn see_length(&mut self, value: &Bytes) -> Result<Option<Bytes>, Invalid> {
        let known = self.length;
        for part in value.split(|byte| *byte == b',') {
            let length = decimal(part.trim_ascii()).ok_or(Invalid)?;
            if self.length.is_some_and(|known| known != length) {
                return Err(Invalid);
            }
            self.length = Some(length);
        }
        let first = value.split(|byte| *byte == b',').next().unwrap_or_default();
        self.put_straight |= known.is_some() || first.len() < value.len();
        Ok(known.is_none().then(|| value.slice_ref(first.trim_ascii())))
    }

    /// `transfer-encoding`: `chunked` alone and once, for HAProxy knows no other coding.
    fn see_coding(&mut self, value: &[u8]) -> Result<(), Invalid> {
        let mut tokens = tokens(value);
        let known = tokens.next().is_some_and(|token| token.eq_ignore_ascii_case(b"chunked"));
        if self.chunked || !known || tokens.next().is_some() {
            return Err(Invalid);
        }
        self.chunked = true;
        Ok(())
    }
}

fn finish(mut head: ResponseHead, facts: &Facts, method: &Method) -> Received {
    let old = head.version == Version::HTTP_10;
    let says_in_connection = |word: &[u8]| head.lines.all(b"connection").any(|value| says(value, word));
    // A coding of HTTP/1.1 in a response of HTTP/1.0 may be anybody's: nothing is to come behind it.
    let keep_alive =
        !says_in_connection(b"close") && (!old || says_in_connection(b"keep-alive") && !facts.chunked);
    let body = framing(&mut head, facts, method);
    Received { keep_alive: keep_alive && body != Body::Tunnel, head, body }
}

/// How the body is delimited (RFC 9112, 6.3).
fn framing(head: &mut ResponseHead, facts: &Facts, method: &Method) -> Body {
    if facts.chunked {
        head.lines.remove(b"content-length");
    }
    match facts.length {
        // Whatever its lines say (RFC 9110, 9.3.6).
        _ if *method == Method::CONNECT && matches!(head.status, 200..=299) => Body::Tunnel,
        _ if *method == Method::HEAD || matches!(head.status, 100..=199 | 204 | 304) => Body::Done,
        _ if facts.chunked => Body::Chunked(Chunk::Size),
        Some(0) => Body::Done,
        Some(length) => Body::Length(length),
        None => Body::Tunnel,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(text: &[u8], method: &Method) -> Result<Option<Received>, Invalid> {
        take(&mut BytesMut::from(text), method, &Limits { bytes: 1024, headers: 10, any_payload: false })
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
    fn what_agrees_to_a_tunnel_has_no_body() {
        for (text, body) in [
            (&b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"[..], Body::Tunnel),
            (b"HTTP/1.1 204 OK\r\n\r\n", Body::Tunnel),
            (b"HTTP/1.1 404 No\r\nContent-Length: 5\r\n\r\n", Body::Length(5)),
        ] {
            assert_eq!(received(text, &Method::CONNECT).unwrap().unwrap().body, body);
        }
    }

    #[test]
    fn names_are_in_lower_case_and_the_reason_as_it_was() {
        let received = received(b"HTTP/1.1 200 Fine\r\nX-A: B\r\n\r\n", &Method::GET).unwrap().unwrap();
        assert_eq!(received.head.reason, "Fine");
        assert_eq!(received.head.lines.all(b"x-a").collect::<Vec<_>>(), ["B"]);
        assert_eq!(received.head.lines.len(), 1);
    }

    #[test]
    fn odd_heads_are_put_straight() {
        let lines = |text: &[u8], name: &[u8]| {
            let received = received(text, &Method::GET).unwrap().unwrap();
            received.head.lines.all(name).cloned().collect::<Vec<_>>()
        };
        assert_eq!(lines(b"HTTP/1.1 200 OK\r\nX: a\r\n  b\r\nY: c\r\n\r\n", b"x"), ["a    b"]);
        assert_eq!(lines(b"HTTP/1.1 200 OK\r\nContent-Length:\r\n 2\r\n\r\n", b"content-length"), ["2"]);
        let twice = b"HTTP/1.1 200 OK\r\nContent-Length: 2, 2\r\nContent-Length: 2\r\n\r\n";
        assert_eq!(lines(twice, b"content-length"), ["2"]);
        let newer = received(b"\r\nHTTP/2.0 200 a\xff\n\n", &Method::GET);
        assert_eq!(newer.err(), Some(Invalid), "an empty line before a newer version");
        let newer = received(b"HTTP/2.0 200 a\xff\n\n", &Method::GET).unwrap().unwrap();
        assert_eq!((newer.head.version, &newer.head.reason[..]), (Version::HTTP_11, &b"a\xff"[..]));
        let bare = received(b"HTTP/1.1 200\r\n\r\n", &Method::GET).unwrap().unwrap();
        assert_eq!(bare.head.reason, "");
    }

    #[test]
    fn what_is_no_response_is_refused() {
        let many = [&b"HTTP/1.1 200 OK\r\n"[..], &b"a: b\r\n".repeat(11), b"\r\n"].concat();
        let large = [&b"HTTP/1.1 200 OK\r\na: "[..], &[b'b'; 1100], b"\r\n\r\n"].concat();
        for text in [
            &b"junk\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding:\r\nContent-Length: 2\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            &many,
            &large,
            &large[..1050],
        ] {
            assert_eq!(received(text, &Method::GET).err(), Some(Invalid));
        }
        assert!(received(b"HTTP/1.1 200 OK\r\nA: b\r\n", &Method::GET).unwrap().is_none());
    }
}
