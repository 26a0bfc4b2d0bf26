//! `option httpchk`: one request on a connection of its own, and what is expected of the answer.
//!
//! A small HTTP/1 client of ours, for the framework's own check shows its validator the head alone (`http-check
//! expect string` looks at the body) and reports no reason. What is sent was compared with HAProxy's bytes.

use async_trait::async_trait;
use config::model::{CheckKind, ExpectStatus};
use pingora_error::{BError, Result};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::HealthCheck;
use regex::bytes::Regex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::Verdict;
use super::probe::{Limits, Seen, failure, reason};
use super::tcp::{Wire, connect};

/// No more of an answer is looked at (HAProxy's `tune.bufsize`).
pub(super) const ANSWER: usize = 16384;

/// No more headers are looked at.
const HEADERS: usize = 100;

/// Asks by HTTP.
#[derive(Debug)]
pub(super) struct HttpProbe {
    request: Vec<u8>,
    expect: Expect,
    limits: Limits,
    thresholds: (u32, u32),
}

impl HttpProbe {
    pub(super) fn new(kind: &CheckKind, limits: Limits, thresholds: (u32, u32)) -> Self {
        let expect = match kind {
            CheckKind::Http { expect, .. } => Expect::of(expect),
            _ => Expect::of(&ExpectStatus::Success),
        };
        Self { request: request(kind), expect, limits, thresholds }
    }

    async fn talk(&self, wire: &mut dyn Wire, target: &Target) -> Result<()> {
        if wire.write_all(&self.request).await.is_err() {
            // a server that answers without listening (a 503 at once) is still heard below
            log::trace!("health check: the request was not read");
        }
        let mut answer = Vec::with_capacity(1024);
        loop {
            let room = (ANSWER - answer.len()) as u64;
            let read = (&mut *wire).take(room).read_buf(&mut answer).await;
            let read = read.map_err(|error| failure(Verdict::SocketError, None, reason(&error)))?;
            if let Some(status) = self.expect.judge(&answer, read == 0)? {
                Seen::note(target, status);
                return Ok(());
            }
        }
    }
}

#[async_trait]
impl HealthCheck for HttpProbe {
    async fn check(&self, target: &Target) -> Result<()> {
        let until = Instant::now() + self.limits.answer;
        let mut wire = connect(target, self.limits.connect, false).await?;
        let talked = timeout_at(until, self.talk(&mut *wire, target)).await;
        talked.unwrap_or_else(|_| Err(failure(Verdict::L7Timeout, None, "")))
    }

    fn health_threshold(&self, success: bool) -> usize {
        (if success { self.thresholds.0 } else { self.thresholds.1 }) as usize
    }
}

/// The request, as HAProxy writes it: names in lower case, `connection: close` only where 1.1 would keep it.
fn request(kind: &CheckKind) -> Vec<u8> {
    let CheckKind::Http { method, uri, version, headers, body, .. } = kind else { return Vec::new() };
    let mut text = format!("{method} {uri} {version}\r\n");
    for (name, value) in headers {
        text += &format!("{}: {value}\r\n", name.to_ascii_lowercase());
    }
    if let Some(body) = body {
        text += &format!("content-length: {}\r\n", body.len());
    }
    if version == "HTTP/1.1" {
        text += "connection: close\r\n";
    }
    text += "\r\n";
    text += body.as_deref().unwrap_or_default();
    text.into_bytes()
}

/// What is expected, ready to be compared.
#[derive(Debug)]
enum Expect {
    Status { not: bool, ranges: Vec<(u16, u16)> },
    Pattern { not: bool, pattern: Option<Regex> },
    Body { not: bool, pattern: Option<Regex> },
}

impl Expect {
    fn of(expect: &ExpectStatus) -> Self {
        match expect {
            ExpectStatus::Success => Self::Status { not: false, ranges: vec![(200, 399)] },
            ExpectStatus::Status { not, ranges } => Self::Status { not: *not, ranges: ranges.clone() },
            ExpectStatus::Pattern { not, pattern } => {
                Self::Pattern { not: *not, pattern: Regex::new(pattern).ok() }
            }
            ExpectStatus::Body { not, pattern, regex } => {
                let pattern = if *regex { pattern.clone() } else { regex::escape(pattern) };
                Self::Body { not: *not, pattern: Regex::new(&pattern).ok() }
            }
        }
    }

    /// Judges what has come so far, of which no more comes if it has `ended`: the status of a success, `None` when
    /// more is needed.
    fn judge(&self, answer: &[u8], ended: bool) -> Result<Option<u16>> {
        let Some(head) = Head::parse(answer)? else {
            return if ended { Err(invalid("")) } else { Ok(None) };
        };
        match self {
            Self::Status { not, ranges } => {
                let within = ranges.iter().any(|(low, high)| (*low..=*high).contains(&head.status));
                head.expect(within != *not)
            }
            Self::Pattern { not, pattern } => {
                let status = head.status.to_string();
                head.expect(holds(pattern.as_ref(), status.as_bytes())? != *not)
            }
            Self::Body { not, pattern } => {
                let (body, whole) = head.body(answer);
                match (holds(pattern.as_ref(), &body)?, not) {
                    (true, true) => Err(invalid("HTTP check matched unwanted content")),
                    (true, false) => Ok(Some(head.status)),
                    (false, _) if !whole && !ended => Ok(None),
                    (false, true) => Ok(Some(head.status)),
                    (false, false) => Err(invalid("HTTP content check did not match")),
                }
            }
        }
    }
}

/// Whether the text holds the pattern; one that does not compile is refused when the configuration is loaded.
pub(super) fn holds(pattern: Option<&Regex>, text: &[u8]) -> Result<bool> {
    pattern.map(|pattern| pattern.is_match(text)).ok_or_else(|| invalid("unusable pattern"))
}

pub(super) fn invalid(info: &str) -> BError {
    failure(Verdict::L7Response, None, info)
}

/// The head of an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) reason: String,
    /// Names in lower case, and values.
    pub(super) lines: Vec<(String, Vec<u8>)>,
    length: usize,
    framing: Framing,
}

/// Where the body ends.
#[derive(Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    Close,
}

impl Head {
    /// The head, once it is whole.
    ///
    /// # Errors
    /// It is none.
    pub(super) fn parse(answer: &[u8]) -> Result<Option<Self>> {
        let mut headers = [httparse::EMPTY_HEADER; HEADERS];
        let mut response = httparse::Response::new(&mut headers);
        let length = match response.parse(answer) {
            Ok(httparse::Status::Complete(length)) => length,
            Ok(httparse::Status::Partial) => return Ok(None),
            Err(_) => return Err(invalid("")),
        };
        let status = response.code.unwrap_or(0);
        let reason = response.reason.unwrap_or_default().to_owned();
        let line = |header: &httparse::Header<'_>| (header.name.to_ascii_lowercase(), header.value.to_vec());
        let lines = response.headers.iter().map(line).collect();
        Ok(Some(Self { status, reason, lines, length, framing: framing(status, response.headers) }))
    }

    fn expect(&self, met: bool) -> Result<Option<u16>> {
        if met {
            return Ok(Some(self.status));
        }
        Err(failure(Verdict::L7Status, Some(self.status), self.reason.clone()))
    }

    /// The body as far as it has come, and whether that is all of it.
    pub(super) fn body(&self, answer: &[u8]) -> (Vec<u8>, bool) {
        let rest = &answer[self.length..];
        match self.framing {
            Framing::Length(length) => (rest[..length.min(rest.len())].to_vec(), rest.len() >= length),
            Framing::Chunked => dechunk(rest),
            Framing::Close => (rest.to_vec(), false),
        }
    }
}

fn framing(status: u16, headers: &[httparse::Header<'_>]) -> Framing {
    if status < 200 || status == 204 || status == 304 {
        return Framing::Length(0);
    }
    let value = |name: &str| {
        let header = headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
        header.and_then(|header| std::str::from_utf8(header.value).ok())
    };
    if value("transfer-encoding").is_some_and(|value| value.to_ascii_lowercase().contains("chunked")) {
        return Framing::Chunked;
    }
    value("content-length")
        .and_then(|value| value.trim().parse().ok())
        .map_or(Framing::Close, Framing::Length)
}

/// What chunks hold as far as they have come, and whether the last was seen.
fn dechunk(mut rest: &[u8]) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    while let Ok(httparse::Status::Complete((start, size))) = httparse::parse_chunk_size(rest) {
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        if size == 0 {
            return (body, true);
        }
        let chunk = &rest[start..];
        body.extend_from_slice(&chunk[..size.min(chunk.len())]);
        let Some(next) = size.checked_add(2).and_then(|end| chunk.get(end..)) else { break };
        rest = next;
    }
    (body, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(version: &str, headers: &[(&str, &str)], body: Option<&str>) -> CheckKind {
        CheckKind::Http {
            method: "GET".into(),
            uri: "/x".into(),
            version: version.into(),
            headers: headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect(),
            body: body.map(Into::into),
            expect: ExpectStatus::Success,
        }
    }

    fn judge(expect: &ExpectStatus, answer: &[u8], ended: bool) -> String {
        match Expect::of(expect).judge(answer, ended) {
            Ok(None) => "more".into(),
            Ok(Some(status)) => format!("ok {status}"),
            Err(error) => {
                format!("{} {}", error.etype().as_str(), error.context.as_ref().map_or("", |c| c.as_str()))
            }
        }
    }

    #[test]
    fn requests_are_written_as_haproxy_writes_them() {
        assert_eq!(request(&kind("HTTP/1.0", &[], None)), b"GET /x HTTP/1.0\r\n\r\n");
        assert_eq!(
            request(&kind("HTTP/1.1", &[("Host", "a"), ("X-A", "B")], Some("xyz"))),
            b"GET /x HTTP/1.1\r\nhost: a\r\nx-a: B\r\ncontent-length: 3\r\nconnection: close\r\n\r\nxyz"
        );
    }

    #[test]
    fn two_and_three_hundreds_pass_by_default() {
        let any = ExpectStatus::Success;
        for (answer, verdict) in [
            (&b"HTTP/1.0 200 OK\r\n\r\n"[..], "ok 200"),
            (b"HTTP/1.1 399\r\n\r\n", "ok 399"),
            (b"HTTP/1.1 503 Oops\r\n\r\n", "L7STS Oops"),
            (b"HTTP/1.1 100 Continue\r\n\r\n", "L7STS Continue"),
            (b"junk\r\n\r\n", "L7RSP "),
            (b"HTTP/1.1 200 OK\r\nContent-Le", "more"),
            (b"", "more"),
        ] {
            assert_eq!(judge(&any, answer, false), verdict);
        }
        assert_eq!(judge(&any, b"HTTP/1.1 200 OK\r\nContent-Le", true), "L7RSP ");
        assert_eq!(judge(&any, b"", true), "L7RSP ");
    }

    #[test]
    fn statuses_and_their_patterns_can_be_turned_round() {
        let status = |not, ranges: &[(u16, u16)]| ExpectStatus::Status { not, ranges: ranges.to_vec() };
        let pattern = |not| ExpectStatus::Pattern { not, pattern: "^5".into() };
        let answer = b"HTTP/1.1 404 Gone\r\n\r\n";
        assert_eq!(judge(&status(false, &[(200, 200), (400, 410)]), answer, false), "ok 404");
        assert_eq!(judge(&status(true, &[(404, 404)]), answer, false), "L7STS Gone");
        assert_eq!(judge(&pattern(true), answer, false), "ok 404");
        assert_eq!(judge(&pattern(false), answer, false), "L7STS Gone");
    }

    #[test]
    fn bodies_are_searched_as_they_come() {
        let body = |not, regex, pattern: &str| ExpectStatus::Body { not, regex, pattern: pattern.into() };
        let whole = b"HTTP/1.1 500 Bad\r\nContent-Length: 11\r\n\r\nhello world";
        let part = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello";
        let chunks =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n8\r\nlo world\r\n0\r\n\r\n";
        assert_eq!(judge(&body(false, false, "world"), whole, false), "ok 500");
        assert_eq!(judge(&body(false, false, "lo w"), chunks, false), "ok 200");
        assert_eq!(judge(&body(false, true, "^w"), chunks, false), "L7RSP HTTP content check did not match");
        assert_eq!(judge(&body(false, false, "world"), part, false), "more");
        assert_eq!(judge(&body(false, false, "world"), part, true), "L7RSP HTTP content check did not match");
        assert_eq!(
            judge(&body(true, false, "ello"), part, false),
            "L7RSP HTTP check matched unwanted content"
        );
        assert_eq!(judge(&body(true, false, "nope"), whole, false), "ok 500");
        assert_eq!(
            judge(&body(false, false, "h.llo"), whole, false),
            "L7RSP HTTP content check did not match"
        );
    }

    #[test]
    fn broken_chunks_and_lengths_do_not_panic() {
        for rest in [&b"zz\r\n"[..], b"ffffffffffffffff\r\nab", b"5\r\nab", b"", b"1\r\na\r"] {
            assert!(!dechunk(rest).1);
        }
        assert_eq!(dechunk(b"0\r\n\r\n"), (Vec::new(), true));
    }
}
