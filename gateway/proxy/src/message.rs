//! Message heads as ordered lines: what the wire said, in its order, names in lower case.
//!
//! A map of headers forgets where a line stood among the others, and a proxy must not: `x-forwarded-for` is added as the
//! last line even if another one stands above. Lines are slices of the bytes that were read, so a head costs one buffer.

use bytes::{BufMut, Bytes, BytesMut};
use http::header::{HeaderName, HeaderValue};
use http::{HeaderMap, Method, StatusCode, Version};
use pingora::{Error, ErrorType, Result};

use crate::http1::head::{kept_tokens, tokens};

/// A header line; its name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The name.
    pub name: Bytes,
    /// The value, without the white space around it.
    pub value: Bytes,
}

/// Header lines in their order.
#[derive(Clone, Debug, Default)]
pub struct Lines {
    lines: Vec<Line>,
    /// All of them as they stand on the wire, while nothing has changed them; empty if they stand otherwise.
    wire: Bytes,
}

impl PartialEq for Lines {
    fn eq(&self, other: &Self) -> bool {
        self.lines == other.lines
    }
}

impl Eq for Lines {}

impl Lines {
    /// No lines, with room for some.
    pub fn with_capacity(lines: usize) -> Self {
        Self { lines: Vec::with_capacity(lines), wire: Bytes::new() }
    }

    /// Lines that stand on the wire as `wire` has them.
    pub(crate) fn standing(self, wire: Bytes) -> Self {
        Self { wire, ..self }
    }

    fn change(&mut self) -> &mut Vec<Line> {
        if !self.wire.is_empty() {
            self.wire = Bytes::new();
        }
        &mut self.lines
    }

    /// All lines.
    pub fn iter(&self) -> impl Iterator<Item = &Line> {
        self.lines.iter()
    }

    /// Each in turn, to keep.
    pub(crate) fn into_iter(self) -> impl Iterator<Item = Line> {
        self.lines.into_iter()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is a line of this name.
    pub fn has(&self, name: &[u8]) -> bool {
        self.lines.iter().any(|line| line.name == name)
    }

    /// The values of all lines of this name.
    pub fn all<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a Bytes> {
        self.lines.iter().filter(move |line| line.name == name).map(|line| &line.value)
    }

    /// Adds a line at the end.
    pub fn push(&mut self, name: impl Into<Bytes>, value: impl Into<Bytes>) {
        self.change().push(Line { name: name.into(), value: value.into() });
    }

    /// Removes all lines of a name.
    pub fn remove(&mut self, name: &[u8]) {
        if self.has(name) {
            self.change().retain(|line| line.name != name);
        }
    }

    /// Keeps the lines for which this says so.
    pub fn retain(&mut self, keep: impl FnMut(&Line) -> bool) {
        self.change().retain(keep);
    }

    /// Changes lines in their place.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Line> {
        self.change().iter_mut()
    }

    /// Writes the lines as they go on the wire.
    pub fn write(&self, out: &mut BytesMut) {
        if !self.wire.is_empty() {
            return out.extend_from_slice(&self.wire);
        }
        for line in &self.lines {
            write_line(out, &line.name, &line.value);
        }
    }

    /// Writes them as they go to the next hop: what `connection` and `te` say of this one stays here, which of `te` is all
    /// but that trailers are understood.
    pub(crate) fn write_for_next_hop(&self, out: &mut BytesMut) {
        if !self.wire.is_empty() {
            return out.extend_from_slice(&self.wire);
        }
        for line in &self.lines {
            match &line.name[..] {
                b"connection" => {
                    kept_tokens(&line.value).iter().for_each(|kept| write_line(out, &line.name, kept))
                }
                b"te" if !tokens(&line.value).any(|token| token == b"trailers") => {}
                b"te" => write_line(out, b"te", b"trailers"),
                _ => write_line(out, &line.name, &line.value),
            }
        }
    }

    /// The bytes of names and values.
    pub fn size(&self) -> usize {
        self.lines.iter().map(|line| line.name.len() + line.value.len()).sum()
    }

    /// The lines of a map.
    pub(crate) fn of_map(map: &HeaderMap) -> Self {
        let copy = |text: &[u8]| Bytes::copy_from_slice(text);
        let line = |(name, value): (&HeaderName, &HeaderValue)| Line {
            name: copy(name.as_str().as_bytes()),
            value: copy(value.as_bytes()),
        };
        Self { lines: map.iter().map(line).collect(), wire: Bytes::new() }
    }

    /// A map of the lines that it can hold, if there are any.
    pub(crate) fn to_map(&self) -> Option<HeaderMap> {
        if self.len() == 0 {
            return None;
        }
        let mut map = HeaderMap::with_capacity(self.len());
        for line in self.iter() {
            if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(&line.name), value_of(&line.value)) {
                map.append(name, value);
            }
        }
        Some(map)
    }
}

/// Writes one line as it goes on the wire.
pub(crate) fn write_line(out: &mut BytesMut, name: &[u8], value: &[u8]) {
    out.reserve(name.len() + value.len() + 4);
    out.put_slice(name);
    out.put_slice(b": ");
    out.put_slice(value);
    out.put_slice(b"\r\n");
}

/// A request's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestHead {
    /// The method.
    pub method: Method,
    /// The target as it came, or as rules have set it.
    pub target: Bytes,
    /// The version that the client speaks.
    pub version: Version,
    /// The header lines.
    pub lines: Lines,
}

impl Default for RequestHead {
    fn default() -> Self {
        Self {
            method: Method::GET,
            target: Bytes::from_static(b"/"),
            version: Version::HTTP_11,
            lines: Lines::default(),
        }
    }
}

impl RequestHead {
    /// Writes the request line. A newer version than 1.0 is sent as 1.1.
    pub fn write_start(&self, out: &mut BytesMut) {
        out.reserve(self.method.as_str().len() + self.target.len() + 16);
        out.put_slice(self.method.as_str().as_bytes());
        out.put_slice(b" ");
        out.put_slice(&self.target);
        out.put_slice(if self.version == Version::HTTP_10 { b" HTTP/1.0\r\n" } else { b" HTTP/1.1\r\n" });
    }

    /// The bytes of the head as HAProxy's logs and counters have them.
    pub fn counted(&self) -> u64 {
        let line = self.method.as_str().len() + self.target.len() + "HTTP/1.1".len();
        (COUNTED_START + line + self.lines.size() + COUNTED_END) as u64
    }
}

/// What HAProxy's internal form of a head takes besides its texts: the logs show that form's size, not the wire's.
const COUNTED_START: usize = 20;
const COUNTED_END: usize = 1;

/// A response's head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResponseHead {
    /// The status.
    pub status: u16,
    /// The version of the status line.
    pub version: Version,
    /// The reason phrase.
    pub reason: Bytes,
    /// The header lines.
    pub lines: Lines,
}

impl ResponseHead {
    /// A head without lines, its reason phrase the usual one.
    pub fn new(status: u16) -> Self {
        let reason = Bytes::from_static(reason(status).as_bytes());
        Self { status, version: Version::HTTP_11, reason, lines: Lines::default() }
    }

    /// Whether it announces the final response only.
    pub fn is_informational(&self) -> bool {
        (100..200).contains(&self.status) && self.status != 101
    }

    /// The head for an HTTP/2 client: without what is about the hop (RFC 9113, 8.2.2).
    ///
    /// # Errors
    /// A status or value that HTTP's strict grammar does not have.
    pub fn to_http2(&self) -> Result<http::Response<()>> {
        const HOP: [&[u8]; 6] =
            [b"connection", b"keep-alive", b"proxy-connection", b"te", b"transfer-encoding", b"upgrade"];
        let mut response = http::Response::new(());
        // The protocol changes on the stream alone, which is a success there (RFC 8441, 5).
        let status = if self.status == 101 { 200 } else { self.status };
        *response.status_mut() = StatusCode::from_u16(status)
            .map_err(|error| Error::because(ErrorType::InvalidHTTPHeader, "a status", error))?;
        for line in self.lines.iter().filter(|line| !HOP.contains(&&line.name[..])) {
            let name = HeaderName::from_bytes(&line.name)
                .map_err(|error| Error::because(ErrorType::InvalidHTTPHeader, "a header name", error))?;
            response.headers_mut().append(name, value_of(&line.value)?);
        }
        Ok(response)
    }

    /// Writes the status line.
    pub fn write_status_line(&self, out: &mut BytesMut) {
        out.reserve(self.reason.len() + 16);
        out.put_slice(if self.version == Version::HTTP_10 { b"HTTP/1.0 " } else { b"HTTP/1.1 " });
        let mut digits = [b'0'; 3];
        let mut left = self.status;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' + u8::try_from(left % 10).unwrap_or(0);
            left /= 10;
        }
        out.put_slice(&digits);
        out.put_slice(b" ");
        out.put_slice(&self.reason);
        out.put_slice(b"\r\n");
    }

    /// The bytes of the head as HAProxy's logs and counters have them.
    pub fn counted(&self) -> u64 {
        let line = "HTTP/1.1".len() + "200".len() + self.reason.len();
        // Of `connection` only what is passed on is counted.
        let hop = |value: &Bytes| {
            let kept = kept_tokens(value).map_or(0, |kept| "connection".len() + kept.len());
            "connection".len() + value.len() - kept
        };
        let dropped: usize = self.lines.all(b"connection").map(hop).sum();
        (COUNTED_START + line + self.lines.size() - dropped + COUNTED_END) as u64
    }
}

fn value_of(value: &Bytes) -> Result<HeaderValue> {
    HeaderValue::from_maybe_shared(value.clone())
        .map_err(|error| Error::because(ErrorType::InvalidHTTPHeader, "a header value", error))
}

/// The reason phrase of a status, as HAProxy has it: the registry's, or that of its class.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        203 => "Non-Authoritative Information",
        210 => "Content Different",
        302 => "Moved Temporarily",
        310 => "Too many Redirects",
        408 => "Request Time-out",
        413 => "Request Entity Too Large",
        414 => "Request-URI Too Long",
        416 => "Requested range unsatisfiable",
        417 => "Expectation failed",
        422 => "Unprocessable Content",
        424 => "Method failure",
        449 => "Retry With",
        450 => "Blocked by Windows Parental Controls",
        456 => "Unrecoverable Error",
        499 => "client has closed connection",
        502 => "Bad Gateway or Proxy Error",
        504 => "Gateway Time-out",
        505 => "HTTP Version not supported",
        506 => "Variant also negotiate",
        507 => "Insufficient storage",
        508 => "Loop detected",
        509 => "Bandwidth Limit Exceeded",
        510 => "Not extended",
        511 => "Network authentication required",
        520 => "Web server is returning an unknown error",
        208 => "Success",
        _ => StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or(
            match status {
                100..=199 => "Informational",
                200..=299 => "Success",
                300..=399 => "Redirection",
                400..=499 => "Client Error",
                500..=599 => "Server Error",
                _ => "Other",
            },
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_keep_their_order() {
        let mut lines = Lines::default();
        for (name, value) in [("a", "1"), ("b", "2"), ("a", "3")] {
            lines.push(name, value);
        }
        let mut out = BytesMut::new();
        lines.write(&mut out);
        assert_eq!(&out[..], b"a: 1\r\nb: 2\r\na: 3\r\n");
        lines.remove(b"b");
        assert_eq!(lines.all(b"a").collect::<Vec<_>>(), ["1", "3"]);
    }

    #[test]
    fn a_request_line_is_written_in_the_version_of_this_hop() {
        let mut out = BytesMut::new();
        RequestHead::default().write_start(&mut out);
        RequestHead { version: Version::HTTP_2, ..RequestHead::default() }.write_start(&mut out);
        RequestHead { version: Version::HTTP_10, ..RequestHead::default() }.write_start(&mut out);
        assert_eq!(&out[..], b"GET / HTTP/1.1\r\nGET / HTTP/1.1\r\nGET / HTTP/1.0\r\n");
    }

    #[test]
    fn sizes_are_counted_as_haproxy_counts_them() {
        // Measured: this response is logged with 60 bytes, two of them its body.
        let mut head = ResponseHead::new(200);
        head.lines.push("content-length", "2");
        head.lines.push("x-origin", "1");
        assert_eq!(head.counted() + 2, 60);
    }

    #[test]
    fn unknown_statuses_have_the_reason_of_their_class() {
        assert_eq!(reason(299), "Success");
        assert_eq!(reason(418), "I'm a teapot");
        assert_eq!(reason(203), "Non-Authoritative Information");
    }
}
