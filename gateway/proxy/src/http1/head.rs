//! The head of an HTTP/1 request: bytes in, a typed head or the reason why not.
//!
//! Pure and incremental: it is given what has been read so far and never waits. What it refuses is what HAProxy
//! refuses (RFC 9112, and where both are lenient, no stricter), so that an error has one owner and one page.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use http::{Method, Version};

use super::target;
use crate::message::{Lines, RequestHead};

/// The most headers that are ever looked at, whatever `tune.http.maxhdr` says.
const HEADER_SLOTS: usize = 256;

/// What a head may have.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// Bytes: `tune.bufsize` less `tune.maxrewrite`.
    pub bytes: usize,
    /// Headers: `tune.http.maxhdr`.
    pub headers: usize,
    /// Whether GET, HEAD and DELETE may have a body in HTTP/1.0: `h1-accept-payload-with-any-method`.
    pub any_payload: bool,
}

/// How the body after a head is delimited (RFC 9112, 6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// There is none.
    None,
    /// `content-length`.
    Length(u64),
    /// `transfer-encoding: chunked`.
    Chunked,
}

/// A request head that is whole.
#[derive(Debug)]
pub struct Head {
    /// The method.
    pub method: Method,
    /// The version that the client speaks.
    pub version: Version,
    /// The request, its header names in lower case as HAProxy passes them on.
    pub request: RequestHead,
    /// Its body.
    pub framing: Framing,
    /// Whether the client wants the connection kept.
    pub keep_alive: bool,
    /// Whether it asks for another protocol (`upgrade`).
    pub upgrade: bool,
    /// The bytes that it took on the wire.
    pub length: usize,
    /// The request line as it came, for the log.
    pub line: Bytes,
}

/// Why a head is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not HTTP/1, or against RFC 9112.
    #[error("{0}")]
    Invalid(&'static str),
    /// Larger than [`Limits::bytes`].
    #[error("the head is larger than the buffer")]
    TooLarge,
    /// More than [`Limits::headers`].
    #[error("the head has too many headers")]
    TooManyHeaders,
    /// A transfer coding that is not known stands before `chunked` (RFC 9112, 6.1).
    #[error("a transfer coding is not known")]
    UnknownCoding,
    /// A body where an old server does not look for one, and would take it for a request ([`Limits::any_payload`]).
    #[error("a body with GET, HEAD or DELETE in HTTP/1.0")]
    UnexpectedPayload,
}

impl Head {
    /// Whether there is a body where HTTP/1.0 did not say that there may be one.
    fn has_unexpected_payload(&self) -> bool {
        self.framing != Framing::None && matches!(self.method, Method::GET | Method::HEAD | Method::DELETE)
    }
}

/// Finds the end of a head as bytes arrive, without looking at any byte twice.
#[derive(Clone, Copy, Debug, Default)]
pub struct Reader {
    scanned: usize,
    tried: bool,
}

impl Reader {
    /// Takes the head off the front of `buf` when all of it is there.
    ///
    /// # Errors
    /// The head can never become a request. `buf` is left as it is, so that its first line can be logged.
    pub fn take(&mut self, buf: &mut BytesMut, limits: &Limits) -> Result<Option<Head>, HeadError> {
        skip_empty_lines(buf, &mut self.scanned);
        let Some(end) = self.find_end(buf) else {
            if buf.len() >= limits.bytes {
                return Err(HeadError::TooLarge);
            }
            // Bytes that can never be a request are refused at once, not when a blank line happens to come.
            if !self.tried && !buf.is_empty() && memchr::memchr(b'\n', buf).is_none() {
                self.tried = true;
                probe(buf)?;
            }
            return Ok(None);
        };
        if end > limits.bytes {
            return Err(HeadError::TooLarge);
        }
        parse(buf, end, limits).map(Some)
    }

    fn find_end(&mut self, buf: &[u8]) -> Option<usize> {
        let mut from = self.scanned.saturating_sub(3);
        while let Some(at) = memchr::memchr(b'\n', &buf[from..]) {
            let next = from + at + 1;
            match buf.get(next..) {
                Some([b'\n', ..]) => return Some(next + 1),
                Some([b'\r', b'\n', ..]) => return Some(next + 2),
                _ => from = next,
            }
        }
        self.scanned = buf.len();
        None
    }
}

/// Empty lines before a request line are skipped (RFC 9112, 2.2).
fn skip_empty_lines(buf: &mut BytesMut, scanned: &mut usize) {
    let empty = buf.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    if empty > 0 {
        bytes::Buf::advance(buf, empty);
        *scanned = 0;
    }
}

fn probe(buf: &[u8]) -> Result<(), HeadError> {
    let mut slots = [const { std::mem::MaybeUninit::uninit() }; HEADER_SLOTS];
    let mut request = httparse::Request::new(&mut []);
    match request.parse_with_uninit_headers(buf, &mut slots) {
        Ok(_) => Ok(()),
        // A folded line, which HAProxy unfolds, and a version that it takes for 1.1: judged when the head is whole.
        Err(httparse::Error::HeaderName | httparse::Error::TooManyHeaders | httparse::Error::Version) => {
            Ok(())
        }
        Err(error) => Err(reason(error)),
    }
}

fn reason(error: httparse::Error) -> HeadError {
    match error {
        httparse::Error::HeaderName => {
            HeadError::Invalid("a header name has a character that is not allowed")
        }
        httparse::Error::HeaderValue => {
            HeadError::Invalid("a header value has a character that is not allowed")
        }
        httparse::Error::NewLine => HeadError::Invalid("a line does not end as it must"),
        httparse::Error::Token => HeadError::Invalid("the request line has a character that is not allowed"),
        httparse::Error::TooManyHeaders => HeadError::TooManyHeaders,
        httparse::Error::Version => HeadError::Invalid("the version is not HTTP/1.0 or HTTP/1.1"),
        httparse::Error::Status => HeadError::Invalid("not a request"),
    }
}

/// One header's place in the head.
#[derive(Clone, Copy)]
struct Field {
    name: (usize, usize),
    value: (usize, usize),
}

/// Where the parts of a head lie, so that it can be cut up without copying.
struct Layout {
    method: (usize, usize),
    target: (usize, usize),
    version: Version,
    fields: Vec<Field>,
}

fn parse(buf: &mut BytesMut, end: usize, limits: &Limits) -> Result<Head, HeadError> {
    let asked = speak_1_1(&mut buf[..end]);
    let layout = match locate(&buf[..end]) {
        Ok(layout) => layout,
        Err(error) => {
            if !unfold(&mut buf[..end]) {
                return Err(error);
            }
            locate(&buf[..end])?
        }
    };
    if layout.fields.len() > limits.headers {
        return Err(HeadError::TooManyHeaders);
    }
    let mut head = buf.split_to(end);
    for field in &layout.fields {
        head[field.name.0..field.name.1].make_ascii_lowercase();
    }
    let mut head = build(&head.freeze(), &layout)?;
    if head.version == Version::HTTP_10 && !limits.any_payload && head.has_unexpected_payload() {
        return Err(HeadError::UnexpectedPayload);
    }
    if let Some(version) = asked {
        let start = head.line.len() - version.len();
        head.line = [&head.line[..start], &version[..]].concat().into();
    }
    Ok(head)
}

/// HAProxy takes a newer version than 1.1 for 1.1. The request line is changed so; what it said is returned.
fn speak_1_1(head: &mut [u8]) -> Option<[u8; 8]> {
    let line = memchr::memchr(b'\n', head)?;
    let end = if line > 0 && head[line - 1] == b'\r' { line - 1 } else { line };
    take_for_1_1(head[..end].last_chunk_mut()?)
}

/// The same for the version alone, of a request or a response.
pub fn take_for_1_1(version: &mut [u8; 8]) -> Option<[u8; 8]> {
    let said = *version;
    let [b'H', b'T', b'T', b'P', b'/', major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9'] = said else {
        return None;
    };
    if [major, minor] <= *b"11" {
        return None;
    }
    *version = *b"HTTP/1.1";
    Some(said)
}

fn locate(head: &[u8]) -> Result<Layout, HeadError> {
    let mut slots = [const { std::mem::MaybeUninit::uninit() }; HEADER_SLOTS];
    let mut request = httparse::Request::new(&mut []);
    let status = request.parse_with_uninit_headers(head, &mut slots).map_err(reason)?;
    if status.is_partial() {
        return Err(HeadError::Invalid("the head ends early"));
    }
    let base = head.as_ptr() as usize;
    let place = |part: &[u8]| {
        let start = part.as_ptr() as usize - base;
        (start, start + part.len())
    };
    let (Some(method), Some(target), Some(version)) = (request.method, request.path, request.version) else {
        return Err(HeadError::Invalid("the head ends early"));
    };
    let field = |header: &httparse::Header<'_>| Field {
        name: place(header.name.as_bytes()),
        value: place(header.value),
    };
    let fields = request.headers.iter().map(field).collect();
    Ok(Layout {
        method: place(method.as_bytes()),
        target: place(target.as_bytes()),
        version: if version == 0 { Version::HTTP_10 } else { Version::HTTP_11 },
        fields,
    })
}

/// Replaces the line break of every folded line by spaces, as HAProxy does (RFC 9112, 5.2). Says whether there was one.
fn unfold(head: &mut [u8]) -> bool {
    let mut found = false;
    let mut line = memchr::memchr(b'\n', head).map_or(head.len(), |at| at + 1);
    while let Some(at) = memchr::memchr(b'\n', &head[line..]) {
        let next = line + at + 1;
        if matches!(head.get(next), Some(b' ' | b'\t')) && at > 0 {
            head[next - 1] = b' ';
            if head[next - 2] == b'\r' {
                head[next - 2] = b' ';
            }
            found = true;
        }
        line = next;
    }
    found
}

fn build(head: &Bytes, layout: &Layout) -> Result<Head, HeadError> {
    let method = &head[layout.method.0..layout.method.1];
    let target = head.slice(layout.target.0..layout.target.1);
    target::check(method, &target)?;
    let method = Method::from_bytes(method).map_err(|_| HeadError::Invalid("the method is not valid"))?;
    let (mut lines, facts) = read_lines(head, layout)?;
    let http11 = layout.version == Version::HTTP_11;
    let framing = if method == Method::CONNECT {
        facts.tunnelled(&target, &mut lines)?
    } else {
        target::check_host(&target, facts.host.as_deref())?;
        facts.framing(&mut lines, http11)?
    };
    if facts.upgrade && facts.connection_upgrade && framing != Framing::None {
        // A server that took it would read the body as the other protocol's, and a response could end anywhere.
        lines.remove(b"upgrade");
    }
    let mut request = RequestHead { method, target, version: layout.version, lines };
    let upgrade = http11 && facts.upgrade && facts.connection_upgrade;
    if upgrade && facts.websocket && !facts.websocket_key {
        return Err(HeadError::Invalid("upgrade to websocket without a sec-websocket-key"));
    }
    let tunnels = request.method == Method::CONNECT;
    let ambiguous = if tunnels { facts.length > Some(0) } else { facts.encoded && facts.length.is_some() };
    let mut line = head.slice(..layout.target.1 + " HTTP/1.1".len());
    if let Some(normal) = target::without_default_port(&request.target) {
        line = [&line[..layout.target.0], &normal, &line[layout.target.1..]].concat().into();
        request.target = normal;
    }
    Ok(Head {
        framing,
        keep_alive: !ambiguous && !facts.close && (http11 || facts.keep_alive),
        upgrade,
        length: head.len(),
        line,
        method: request.method.clone(),
        version: layout.version,
        request,
    })
}

fn read_lines(head: &Bytes, layout: &Layout) -> Result<(Lines, Facts), HeadError> {
    let (mut lines, mut facts) = (Lines::with_capacity(layout.fields.len() + 2), Facts::default());
    let mut as_it_stands = true;
    for field in &layout.fields {
        let name = head.slice(field.name.0..field.name.1);
        let value = head.slice(field.value.0..field.value.1);
        if facts.see(&name, &value)? == Seen::Again {
            continue;
        }
        let length = value.len();
        if let Some(value) = for_the_next_hop(&name, value) {
            as_it_stands &= value.len() == length;
            lines.push(name, value);
        }
    }
    as_it_stands &= lines.len() == layout.fields.len() && !facts.hop;
    Ok(match standing(head, &layout.fields).filter(|_| as_it_stands) {
        Some(wire) => (lines.standing(wire), facts),
        None => (lines, facts),
    })
}

/// The lines of a head as they stand in it, where they stand as they would be written.
fn standing(head: &Bytes, fields: &[Field]) -> Option<Bytes> {
    let places = fields.iter().map(|field| (field.name.0..field.name.1, field.value.0..field.value.1));
    wire_of(head, places)
}

/// The part of a head that these lines take, if it is what writing them would yield: `name: value` and a line break
/// each, and nothing between them.
pub fn wire_of(head: &Bytes, places: impl Iterator<Item = (Range<usize>, Range<usize>)>) -> Option<Bytes> {
    let (mut start, mut end) = (None, 0);
    for (name, value) in places {
        let follows = *start.get_or_insert(name.start) == name.start || name.start == end;
        let canonical =
            head.get(name.end..value.start)? == b": " && head.get(value.end..value.end + 2)? == b"\r\n";
        if !follows || !canonical {
            return None;
        }
        end = value.end + 2;
    }
    Some(head.slice(start?..end))
}

/// `close` and `keep-alive` are about this hop; HAProxy passes the rest of `connection` on, in its place.
fn for_the_next_hop(name: &[u8], value: Bytes) -> Option<Bytes> {
    match name {
        b"connection" => kept_tokens(&value),
        // Several equal lengths are one (RFC 9112, 6.3).
        b"content-length" => Some(
            value
                .split(|byte| *byte == b',')
                .next()
                .map_or(value.clone(), |first| value.slice_ref(first.trim_ascii())),
        ),
        _ => Some(value),
    }
}

/// The tokens of `connection` that are not about this hop, joined as HAProxy does it: what stands before the first that
/// is dropped stays as it is, blanks and all.
pub fn kept_tokens(value: &Bytes) -> Option<Bytes> {
    let is_ours =
        |token: &[u8]| token.eq_ignore_ascii_case(b"close") || token.eq_ignore_ascii_case(b"keep-alive");
    let parts = || value.split(|byte| *byte == b',');
    let whole: usize =
        parts().take_while(|part| !is_ours(part.trim_ascii())).map(|part| part.len() + 1).sum();
    let start = without_last_commas(&value[..whole.min(value.len())]);
    if whole > value.len() {
        return (!start.is_empty()).then(|| value.slice_ref(start));
    }
    let mut kept = start.to_vec();
    let rest = value[whole..].split(|byte| *byte == b',').map(<[u8]>::trim_ascii);
    for token in rest.filter(|token| !is_ours(token)) {
        if !kept.is_empty() {
            kept.push(b',');
        }
        kept.extend_from_slice(token);
    }
    kept.truncate(without_last_commas(&kept).len());
    (!kept.is_empty()).then(|| kept.into())
}

/// A list without the commas at its end that nothing follows.
fn without_last_commas(mut list: &[u8]) -> &[u8] {
    while let Some(shorter) = list.trim_ascii_end().strip_suffix(b",") {
        list = shorter;
    }
    list
}

/// Whether a comma-separated value names a token.
pub fn says(value: &[u8], word: &[u8]) -> bool {
    tokens(value).any(|token| token.eq_ignore_ascii_case(word))
}

/// What the headers say of the message and its connection.
#[derive(Default)]
struct Facts {
    length: Option<u64>,
    chunked: bool,
    encoded: bool,
    close: bool,
    keep_alive: bool,
    /// Lines that do not go on as they are.
    hop: bool,
    upgrade: bool,
    connection_upgrade: bool,
    websocket: bool,
    websocket_key: bool,
    unknown_coding: bool,
    host: Option<Bytes>,
}

/// Whether a line says something new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    New,
    /// The same as a line before it, which is enough.
    Again,
}

impl Facts {
    fn see(&mut self, name: &[u8], value: &Bytes) -> Result<Seen, HeadError> {
        match name {
            b"content-length" => return self.see_length(value),
            b"host" => return self.see_host(value),
            b"transfer-encoding" => self.see_encoding(value)?,
            b"connection" => {
                self.hop = true;
                self.close |= says(value, b"close");
                self.keep_alive |= says(value, b"keep-alive");
                self.connection_upgrade |= says(value, b"upgrade");
            }
            b"te" => self.hop |= value != "trailers",
            b"upgrade" => {
                self.upgrade = true;
                self.websocket |= value.eq_ignore_ascii_case(b"websocket");
            }
            // Sixteen bytes in base64 (RFC 6455, 4.1).
            b"sec-websocket-key" => self.websocket_key = value.len() == 24,
            _ => {}
        }
        Ok(Seen::New)
    }

    /// `content-length`, once or the same value several times (RFC 9112, 6.3).
    fn see_length(&mut self, value: &[u8]) -> Result<Seen, HeadError> {
        let before = self.length;
        for part in value.split(|byte| *byte == b',') {
            let length =
                decimal(part.trim_ascii()).ok_or(HeadError::Invalid("content-length is not a number"))?;
            if self.length.is_some_and(|known| known != length) {
                return Err(HeadError::Invalid("two different values of content-length"));
            }
            self.length = Some(length);
        }
        Ok(if before.is_some() { Seen::Again } else { Seen::New })
    }

    /// `transfer-encoding`: `chunked`, once and last (RFC 9112, 6.1).
    fn see_encoding(&mut self, value: &[u8]) -> Result<(), HeadError> {
        // A line that names no coding is one all the same: somebody behind us may go by its name alone.
        self.encoded = true;
        for token in tokens(value) {
            if self.chunked {
                return Err(HeadError::Invalid("transfer-encoding goes on after chunked"));
            }
            self.chunked = token.eq_ignore_ascii_case(b"chunked");
            self.unknown_coding |= !self.chunked;
        }
        Ok(())
    }

    /// `host`, once, or the same several times (RFC 9112, 3.2).
    fn see_host(&mut self, value: &Bytes) -> Result<Seen, HeadError> {
        match &self.host {
            Some(host) if !target::same_host(host, value) => {
                Err(HeadError::Invalid("two different values of host"))
            }
            Some(_) => Ok(Seen::Again),
            None => {
                self.host = Some(value.clone());
                Ok(Seen::New)
            }
        }
    }

    /// What a request for a tunnel says of itself: it has no body (RFC 9110, 9.3.6), and what its length counts is the
    /// tunnel's, if there will be one.
    fn tunnelled(&self, target: &[u8], lines: &mut Lines) -> Result<Framing, HeadError> {
        if self.encoded {
            return Err(HeadError::Invalid("CONNECT with a transfer-encoding"));
        }
        if self.length > Some(0) {
            lines.remove(b"content-length");
        }
        if let Some(length) = target::destination_host(target, self.host.as_deref())? {
            let host = lines.iter_mut().find(|line| line.name == b"host"[..]);
            host.into_iter().for_each(|line| line.value.truncate(length));
        }
        Ok(Framing::None)
    }

    fn framing(&self, lines: &mut Lines, http11: bool) -> Result<Framing, HeadError> {
        if !self.encoded {
            return Ok(match self.length {
                None | Some(0) => Framing::None,
                Some(length) => Framing::Length(length),
            });
        }
        if !self.chunked || !http11 {
            return Err(HeadError::Invalid("transfer-encoding does not end in chunked"));
        }
        if self.unknown_coding {
            return Err(HeadError::UnknownCoding);
        }
        // The length is not true then, and the next hop must not see it (RFC 9112, 6.3).
        lines.remove(b"content-length");
        Ok(Framing::Chunked)
    }
}

/// The comma-separated tokens of a header's value, without empty ones.
pub fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

/// A number without sign or space.
pub fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter()
        .try_fold(0u64, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u64::from(byte - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { bytes: 15_360, headers: 101, any_payload: false };

    fn read(text: &[u8]) -> Result<Option<Head>, HeadError> {
        Reader::default().take(&mut BytesMut::from(text), &LIMITS)
    }

    fn head(text: &[u8]) -> Head {
        read(text).unwrap().unwrap()
    }

    #[test]
    fn a_head_is_taken_and_the_body_is_left() {
        let mut buf =
            BytesMut::from(&b"POST /pac/?a=b HTTP/1.1\r\nHost: X\r\nContent-Length: 3\r\n\r\nabc"[..]);
        let head = Reader::default().take(&mut buf, &LIMITS).unwrap().unwrap();
        assert_eq!(&head.request.target[..], b"/pac/?a=b");
        assert_eq!(head.framing, Framing::Length(3));
        assert!(head.keep_alive);
        assert_eq!(&head.line[..], b"POST /pac/?a=b HTTP/1.1");
        assert_eq!(&buf[..], b"abc");
        let mut wire = BytesMut::new();
        head.request.lines.write(&mut wire);
        assert_eq!(&wire[..], b"host: X\r\ncontent-length: 3\r\n");
    }

    #[test]
    fn a_head_that_comes_byte_by_byte_is_the_same_head() {
        let text = b"GET / HTTP/1.1\r\nA: b\r\n\r\n";
        let (mut buf, mut reader) = (BytesMut::new(), Reader::default());
        for (at, byte) in text.iter().enumerate() {
            buf.extend_from_slice(&[*byte]);
            let got = reader.take(&mut buf, &LIMITS).unwrap();
            assert_eq!(got.is_some(), at + 1 == text.len(), "at {at}");
        }
    }

    #[test]
    fn what_is_not_http_is_refused_before_a_blank_line() {
        assert!(matches!(read(b"\x16\x03\x01\x02\x00\x01"), Err(HeadError::Invalid(_))));
    }

    #[test]
    fn a_newer_version_is_taken_for_1_1_and_remembered() {
        let head = head(b"GET / HTTP/1.2\r\n\r\n");
        assert_eq!((head.version, &head.line[..]), (Version::HTTP_11, &b"GET / HTTP/1.2"[..]));
        assert!(matches!(read(b"GET / HTTP/2"), Ok(None)), "the rest may be on the way");
        assert!(read(b"GET / HTTP/0.9\r\n\r\n").is_err());
        assert!(read(b"GET / HTTP/1.x\r\n\r\n").is_err());
    }

    #[test]
    fn folded_lines_are_unfolded() {
        let head = head(b"GET / HTTP/1.1\r\nA: one\r\n two\r\nB: c\r\n\r\n");
        assert_eq!(head.request.lines.all(b"a").next().unwrap(), "one   two");
    }

    #[test]
    fn refused_heads() {
        let cases: &[&[u8]] = &[
            b"GET /a b HTTP/1.1\r\n\r\n",
            b"GET / HTTP/1.1\r\nA : b\r\n\r\n",
            b"GET / HTTP/1.1\r\n: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"GET / HTTP/1.1\r\nContent-Length: +5\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n",
            b"GET / HTTP/1.1\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
            b"GET /\r\n\r\n",
            b"GET x HTTP/1.1\r\n\r\n",
            b"GET /a#b HTTP/1.1\r\n\r\n",
            b"GET /\xc3\xa4 HTTP/1.1\r\n\r\n",
            b"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            b"GET / HTTP/1.1\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
        ];
        for case in cases {
            assert!(read(case).is_err(), "{}", String::from_utf8_lossy(case));
        }
    }

    #[test]
    fn an_unknown_coding_before_chunked_is_told_apart() {
        let text = b"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
        assert_eq!(read(text).unwrap_err(), HeadError::UnknownCoding);
    }

    #[test]
    fn a_host_that_agrees_is_accepted_and_a_default_port_is_dropped() {
        let head = head(b"GET http://H:80/x HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n");
        assert_eq!(&head.request.target[..], b"http://H/x");
        assert_eq!(&head.line[..], b"GET http://H/x HTTP/1.1");
        assert_eq!(head.request.lines.len(), 1);
    }

    #[test]
    fn a_length_beside_chunked_is_dropped() {
        let head = head(b"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n");
        assert_eq!(head.framing, Framing::Chunked);
        assert!(!head.request.lines.has(b"content-length"));
    }

    #[test]
    fn a_body_that_an_old_server_would_not_look_for_is_refused() {
        for method in ["GET", "HEAD", "DELETE"] {
            let text = format!("{method} / HTTP/1.0\r\nContent-Length: 1\r\n\r\n");
            assert_eq!(read(text.as_bytes()).unwrap_err(), HeadError::UnexpectedPayload);
            let any = Limits { any_payload: true, ..LIMITS };
            assert!(Reader::default().take(&mut BytesMut::from(text.as_bytes()), &any).is_ok());
            assert!(read(text.replace("1.0", "1.1").as_bytes()).is_ok());
        }
        assert!(read(b"POST / HTTP/1.0\r\nContent-Length: 1\r\n\r\n").is_ok());
    }

    #[test]
    fn connection_keeps_what_is_not_about_the_hop() {
        let kept = |text: &'static str| kept_tokens(&Bytes::from_static(text.as_bytes()));
        assert_eq!(kept("X-Foo, keep-alive").as_deref(), Some(&b"X-Foo"[..]));
        assert_eq!(kept("close"), None);
        for (line, left) in [
            ("a ,  b", "a ,  b"),
            ("a, b,", "a, b"),
            ("a, b, close", "a, b"),
            ("a,  b , close,  c ,d", "a,  b ,c,d"),
            ("close,, a, ,b", "a,,b"),
            (", close, a", "a"),
            ("a, , close", "a"),
            ("a, b , close", "a, b "),
        ] {
            assert_eq!(kept(line).as_deref(), Some(left.as_bytes()), "{line}");
        }
        assert_eq!(kept(", close,"), None);
    }

    #[test]
    fn sizes_and_counts_are_bounded() {
        let big = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "x".repeat(20_000));
        assert_eq!(read(big.as_bytes()).unwrap_err(), HeadError::TooLarge);
        let many = format!("GET / HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(102));
        assert_eq!(read(many.as_bytes()).unwrap_err(), HeadError::TooManyHeaders);
    }

    #[test]
    fn connections_are_kept_by_version_and_word() {
        assert!(head(b"GET / HTTP/1.1\r\n\r\n").keep_alive);
        assert!(!head(b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n").keep_alive);
        assert!(!head(b"GET / HTTP/1.0\r\n\r\n").keep_alive);
        assert!(head(b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").keep_alive);
    }
}
