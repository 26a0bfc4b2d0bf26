//! The answers that the gateway gives by itself: HAProxy's built-in pages, error files, and what rules return.
//!
//! A page has two forms on the wire, as in HAProxy: an answer to a request that was understood is a response like
//! any other (names in lower case, connection kept); an answer to bytes that were not a request is sent raw.

use std::fmt::Write;

use bytes::Bytes;
use config::model::ProxyOptions;
use expr::Txn;
use http::Method;
use pingora::Result;

use crate::client::Client;
use crate::http1::head::says;
use crate::http1::session::Manner;
use crate::message::ResponseHead;

/// A built-in page.
#[derive(Clone, Copy, Debug)]
struct Page {
    status: u16,
    reason: &'static str,
    text: &'static str,
}

#[rustfmt::skip]
const PAGES: &[Page] = &[
    Page { status: 200, reason: "OK",                    text: "Service ready." },
    Page { status: 400, reason: "Bad request",           text: "Your browser sent an invalid request." },
    Page { status: 401, reason: "Unauthorized",          text: "You need a valid user and password to access this content." },
    Page { status: 403, reason: "Forbidden",             text: "Request forbidden by administrative rules." },
    Page { status: 404, reason: "Not Found",             text: "The resource could not be found." },
    Page { status: 405, reason: "Method Not Allowed",    text: "A request was made of a resource using a request method not supported by that resource" },
    Page { status: 407, reason: "Unauthorized",          text: "You need a valid user and password to access this content." },
    Page { status: 408, reason: "Request Time-out",      text: "Your browser didn't send a complete request in time." },
    Page { status: 410, reason: "Gone",                  text: "The resource is no longer available and will not be available again." },
    Page { status: 413, reason: "Payload Too Large",     text: "The request entity exceeds the maximum allowed." },
    Page { status: 421, reason: "Misdirected Request",   text: "Request sent to a non-authoritative server." },
    Page { status: 422, reason: "Unprocessable Content", text: "The server cannot process the contained instructions." },
    Page { status: 425, reason: "Too Early",             text: "Your browser sent early data." },
    Page { status: 429, reason: "Too Many Requests",     text: "You have sent too many requests in a given amount of time." },
    Page { status: 431, reason: "Request Header Fields Too Large", text: "The request's header fields are larger than the buffer." },
    Page { status: 500, reason: "Internal Server Error", text: "An internal server error occurred." },
    Page { status: 501, reason: "Not Implemented",       text: ".The server does not support the functionality required to fulfill the request." },
    Page { status: 502, reason: "Bad Gateway",           text: "The server returned an invalid or incomplete response." },
    Page { status: 503, reason: "Service Unavailable",   text: "No server is available to handle this request." },
    Page { status: 504, reason: "Gateway Time-out",      text: "The server didn't respond in time." },
];

impl Page {
    /// The page of a status; a status that has none is answered by that of 403's family, 500.
    fn of(status: u16) -> &'static Self {
        let find = |status| PAGES.iter().find(|page| page.status == status);
        find(status).or_else(|| find(500)).unwrap_or(&PAGES[0])
    }

    fn body(&self) -> String {
        format!("<html><body><h1>{} {}</h1>\n{}\n</body></html>\n", self.status, self.reason, self.text)
    }
}

/// An answer in full, ready to be written to any client.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status that is logged and counted; an `errorloc` sends another.
    pub status: u16,
    /// The head.
    pub head: ResponseHead,
    /// The body.
    pub body: Bytes,
    /// The connection ends after it.
    pub last: bool,
    /// The bytes of a `connection` line that the reply has in itself, which HAProxy counts though it writes its own.
    aside: usize,
    /// Nothing is sent, the connection just ends: an empty `errorfile`.
    silent: bool,
}

/// What one proxy has in place of the built-in pages: `errorfile` and the like, and `http-error`.
#[derive(Clone, Debug, Default)]
pub struct Pages {
    files: Vec<(u16, Reply)>,
    errors: Vec<rules::HttpError>,
}

impl Pages {
    /// The built-in ones.
    pub const BUILT_IN: Self = Self { files: Vec::new(), errors: Vec::new() };

    /// The pages that a section says.
    pub fn new(options: &ProxyOptions) -> Self {
        let files = options
            .errorfiles
            .iter()
            .filter_map(|(status, file)| Some((*status, Reply { status: *status, ..parse_file(file)? })))
            .collect();
        Self { files, errors: options.http_errors.clone() }
    }

    /// The answer to a request that was understood, if it is not the built-in one.
    fn own(&self, status: u16, txn: &dyn Txn) -> Option<Reply> {
        let said = || self.errors.iter().find(|error| error.status == status);
        self.file(status).cloned().or_else(|| Some(of_error(&said()?.answer(txn))))
    }

    /// The answer to bytes that were no request: raw, and the connection is closed after it. As in HAProxy it is the
    /// built-in page, or nothing where the `errorfile` is empty.
    pub fn raw(&self, status: u16) -> Bytes {
        match self.file(status) {
            Some(Reply { silent: true, .. }) => Bytes::new(),
            Some(_) | None => raw_page(status),
        }
    }

    fn file(&self, status: u16) -> Option<&Reply> {
        self.files.iter().find(|(known, _)| *known == status).map(|(_, reply)| reply)
    }
}

/// The answer to a request that was understood: the first of these proxies that has one of its own gives it.
pub fn page(pages: &[&Pages], status: u16, txn: &dyn Txn) -> Reply {
    pages.iter().find_map(|pages| pages.own(status, txn)).unwrap_or_else(|| built_in(status))
}

/// What an `http-error` line says, which always has a body.
fn of_error(answer: &rules::Answer) -> Reply {
    in_full(answer, answer.body.clone().unwrap_or_default())
}

fn built_in(status: u16) -> Reply {
    let page = Page::of(status);
    let body = page.body();
    let length = body.len().to_string();
    let fields =
        [("content-length", length.as_str()), ("cache-control", "no-cache"), ("content-type", "text/html")];
    let head = head(page.status, Some(page.reason), fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())));
    Reply::new(head, body.into())
}

fn raw_page(status: u16) -> Bytes {
    let page = Page::of(status);
    let body = page.body();
    let mut raw = String::with_capacity(256);
    let _ = write!(raw, "HTTP/1.1 {} {}\r\nContent-length: {}\r\n", page.status, page.reason, body.len());
    raw.push_str("Cache-Control: no-cache\r\n");
    if !matches!(page.status, 413 | 422) {
        raw.push_str("Connection: close\r\n");
    }
    raw.push_str("Content-Type: text/html\r\n\r\n");
    raw.push_str(&body);
    raw.into()
}

/// Reads an `errorfile`; `None` for one that is not a response, which loading has refused already.
fn parse_file(file: &[u8]) -> Option<Reply> {
    if file.is_empty() {
        return Some(Reply::silence(200));
    }
    let mut slots = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut slots);
    let Ok(httparse::Status::Complete(end)) = response.parse(file) else { return None };
    let is_connection = |field: &&httparse::Header<'_>| field.name.eq_ignore_ascii_case("connection");
    let fields = response.headers.iter().filter(|field| !is_connection(field));
    let fields = fields.map(|field| (field.name.as_bytes(), field.value));
    let mut head = head(response.code?, response.reason, fields);
    if response.version == Some(0) {
        head.version = http::Version::HTTP_10;
    }
    let connection = || response.headers.iter().filter(is_connection);
    let says_close = connection().any(|field| says(field.value, b"close"));
    Some(Reply {
        last: says_close || !head.lines.has(b"content-length"),
        aside: connection().map(|field| field.name.len() + field.value.len()).sum(),
        ..Reply::new(head, Bytes::copy_from_slice(&file[end..]))
    })
}

/// Builds a response head.
pub(crate) fn head<'a>(
    status: u16,
    reason: Option<&str>,
    fields: impl Iterator<Item = (&'a [u8], &'a [u8])>,
) -> ResponseHead {
    let mut head = ResponseHead::new(status);
    if let Some(reason) = reason {
        head.reason = Bytes::copy_from_slice(reason.as_bytes());
    }
    for (name, value) in fields {
        head.lines.push(name.to_ascii_lowercase(), Bytes::copy_from_slice(value));
    }
    head
}

/// Turns what a rule answers into a reply.
pub fn of_rule(answer: &rules::Answer, pages: &[&Pages], txn: &dyn Txn) -> Reply {
    if let Some(body) = &answer.body {
        return in_full(answer, body.clone());
    }
    let mut page = page(pages, answer.status, txn);
    let fields = answer.headers.iter().map(|(name, value)| (&name[..], &value[..]));
    fields.for_each(|(name, value)| page.head.lines.push(name.to_vec(), value.to_vec()));
    page
}

fn in_full(answer: &rules::Answer, body: Bytes) -> Reply {
    if answer.silent {
        return Reply::silence(answer.status);
    }
    let fields = answer.headers.iter().map(|(name, value)| (&name[..], &value[..]));
    let reason = answer.reason.as_deref().and_then(|reason| std::str::from_utf8(reason).ok());
    let head = head(answer.sent.unwrap_or(answer.status), reason, fields);
    Reply { status: answer.status, ..Reply::new(head, body) }
}

impl Reply {
    /// A reply after which the connection goes on.
    pub fn new(head: ResponseHead, body: Bytes) -> Self {
        Self { status: head.status, head, body, last: false, aside: 0, silent: false }
    }

    /// No reply: the connection just ends.
    fn silence(status: u16) -> Self {
        Self { silent: true, ..Self::new(head(status, None, std::iter::empty()), Bytes::new()).closing() }
    }

    /// The same reply, as the last on its connection.
    pub fn closing(self) -> Self {
        const CLOSE: usize = "connection".len() + "close".len();
        Self { last: true, aside: self.aside.max(CLOSE), ..self }
    }

    /// The bytes that logs and counters show of it: HAProxy counts the `connection: close` that such an answer has in
    /// itself, and the length that an answer without content does not send.
    pub(crate) fn counted(&self, method: &Method) -> u64 {
        const NO_LENGTH: usize = "content-length".len() + "0".len();
        if self.silent {
            return 0;
        }
        let body = if *method == Method::HEAD { 0 } else { self.body.len() };
        // one that a rule has made 204 has its length already
        let adds = self.head.status == 204 && !self.head.lines.has(b"content-length");
        let length = if adds { NO_LENGTH } else { 0 };
        self.head.counted() + (body + self.aside + length) as u64
    }
}

/// Writes a reply as the response of a request.
///
/// # Errors
/// The client is gone.
pub(crate) async fn send(client: &mut Client<'_>, reply: Reply) -> Result<()> {
    if reply.silent {
        client.shut().await;
        return Ok(());
    }
    let head_only = reply.body.is_empty() || client.asks_for_head();
    client.head(&reply.head, head_only, Manner { own: true, last: reply.last, tunnel: false })?;
    if !head_only {
        client.body(reply.body, true).await?;
    }
    client.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Knows nothing.
    struct Nobody;

    impl Txn for Nobody {}

    fn of(status: u16, files: &[(u16, Vec<u8>)]) -> (Pages, Reply) {
        let pages = Pages::new(&ProxyOptions { errorfiles: files.to_vec(), ..ProxyOptions::default() });
        let reply = page(&[&pages], status, &Nobody);
        (pages, reply)
    }

    #[test]
    fn pages_have_the_lengths_that_haproxy_sends() {
        let expected =
            [(200, 58), (400, 90), (403, 93), (404, 83), (405, 146), (408, 110), (410, 114), (413, 106)];
        let more = [
            (421, 104),
            (422, 116),
            (425, 80),
            (429, 117),
            (500, 97),
            (501, 136),
            (502, 107),
            (503, 107),
            (504, 92),
        ];
        for (status, length) in expected.into_iter().chain(more) {
            assert_eq!(Page::of(status).body().len(), length, "{status}");
        }
    }

    #[test]
    fn sizes_are_counted_as_haproxy_counts_them() {
        // Measured: a 503 page is logged with 217 bytes, a 403 page with 192.
        for (status, logged) in [(503, 217), (403, 192), (502, 209), (504, 198)] {
            assert_eq!(of(status, &[]).1.counted(&Method::GET), logged, "{status}");
        }
    }

    #[test]
    fn a_raw_page_is_what_haproxy_writes_to_bytes_that_are_no_request() {
        let expected: &[u8] =
            b"HTTP/1.1 400 Bad request\r\nContent-length: 90\r\nCache-Control: no-cache\r\n\
            Connection: close\r\nContent-Type: text/html\r\n\r\n<html><body><h1>400 Bad request</h1>\n\
            Your browser sent an invalid request.\n</body></html>\n";
        assert_eq!(Pages::default().raw(400), expected);
    }

    #[test]
    fn an_errorfile_is_sent_with_its_own_head() {
        let file = b"HTTP/1.0 503 Nope\r\nConnection: close\r\nX-A: b\r\n\r\nsorry".to_vec();
        let (_, reply) = of(503, &[(503, file)]);
        assert_eq!(reply.head.reason, "Nope");
        assert_eq!(reply.head.version, http::Version::HTTP_10);
        assert_eq!(reply.head.lines.all(b"x-a").collect::<Vec<_>>(), ["b"]);
        assert_eq!(&reply.body[..], b"sorry");
        assert!(reply.last, "it says so");
    }

    #[test]
    fn an_empty_errorfile_sends_nothing() {
        let (pages, reply) = of(408, &[(408, Vec::new())]);
        assert_eq!(pages.raw(408), b""[..]);
        assert_eq!((reply.status, reply.counted(&Method::GET), reply.silent), (408, 0, true));
    }

    #[test]
    fn a_reply_is_counted_under_the_status_that_it_stands_for() {
        let page = b"HTTP/1.1 302 Found\r\nContent-length: 0\r\nLocation: /sorry\r\n\r\n".to_vec();
        let (_, reply) = of(503, &[(503, page)]);
        assert_eq!((reply.status, reply.head.status, reply.last), (503, 302, false));
    }
}
