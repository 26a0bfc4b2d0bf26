//! Random messages both ways: whatever is sent and answered within HTTP/1's grammar, the origin and the client get the
//! bytes that they would get from HAProxy. The same seed makes the same ones; `ORACLE_SEED=N` tries another one,
//! `ORACLE_SEEDS=N` so many.

use super::exchange::{Exchange, Step};
use super::random::seeds;
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};
use fastrand::Rng;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::random_bytes::messages_cross_as_through_haproxy", || {
        for (mode, defaults) in
            [("keep", ""), ("close", "  option httpclose\n"), ("server", "  option http-server-close\n")]
        {
            seeds(SEEDS).for_each(|seed| compare(mode, defaults, seed));
        }
    });
}

/// Seeds that are always tried, in each mode of connections.
const SEEDS: u64 = 1;
const EXCHANGES: usize = 80;

fn compare(mode: &'static str, defaults: &'static str, seed: u64) {
    let mut dice = Dice(Rng::with_seed(seed));
    let mut suite = Suite::new("random-bytes");
    suite.defaults = defaults;
    suite.frontend = "  option forwardfor if-none\n".to_owned();
    for number in 0..EXCHANGES {
        let method = dice.one(METHODS);
        // No target is the beginning of another one.
        let target: &'static str = Box::leak(format!("/r{number:03}").into_boxed_str());
        let (answer, after) = dice.answer(method == "HEAD");
        suite.scripts.push(Script::new(target, answer, after));
        let request = dice.request(method, target);
        suite.exchanges.push(Exchange::new(
            format!("{mode}, seed {seed}, {}", head_of(&request).escape_ascii()),
            vec![Step::Send(request), Step::Read(method), Step::Probe],
        ));
    }
    suite.run();
}

const METHODS: &[&str] =
    &["GET", "GET", "GET", "POST", "POST", "PUT", "HEAD", "DELETE", "OPTIONS", "M-SEARCH"];

/// A message without its body.
fn head_of(message: &[u8]) -> &[u8] {
    let end = message.windows(4).position(|four| four == b"\r\n\r\n");
    &message[..end.unwrap_or(message.len())]
}

/// Lines of requests and responses; of those about framing see [`Dice::framed`].
const LINES: &[&str] = &[
    "Connection: close",
    "Connection: keep-alive",
    "Connection: Keep-Alive, X-A",
    "Connection: X-A",
    "Connection: x-a, CLOSE , x-b",
    "Connection: X-A,  x-b , close,, x-c",
    "Connection:",
    "Keep-Alive: timeout=5",
    "Proxy-Connection: keep-alive",
    "TE: trailers",
    "TE: deflate",
    "Trailer: X-T",
    "Upgrade: x",
    "X-A: 1",
    "x-a: 2",
    "X-B:",
    "X-C:   blanks around \t ",
    "X-D: one\r\n  two",
    "Date: yesterday",
    "Server: some",
    "Via: 1.1 a",
    "Accept: */*",
    "Cache-Control: no-store",
    "Cookie: a=b; c=d",
    "Cookie: e=f",
    "Set-Cookie: a=b; Path=/",
    "Set-Cookie: c=d",
    "X-Forwarded-For: 1.2.3.4",
    "X-Forwarded-Proto: https",
    "Content-Type: text/plain",
    "Content-Encoding: gzip",
    "Accept-Encoding: gzip",
    "ETag: \"a\"",
    "Location: /elsewhere",
    "Authorization: Basic YTpi",
    "Proxy-Authorization: Basic YTpi",
    "X-Long: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    "X_under: score",
    "X-E: \u{e9}",
];

const STATUSES: &[&str] = &[
    "200 OK",
    "200 OK",
    "200",
    "201 Created",
    "204 No Content",
    "206 Partial Content",
    "299 A  Reason",
    "301 Moved",
    "304 Not Modified",
    "401 Who",
    "404 Not Found",
    "418 \u{e9}",
    "500 Oops",
    "503 Busy",
    "599 None",
];

/// Throws dice for messages.
struct Dice(Rng);

impl Dice {
    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.0.usize(..of.len())]
    }

    /// One time in so many.
    fn rarely(&mut self, times: u32) -> bool {
        self.0.u32(..times) == 0
    }

    fn lines(&mut self) -> Vec<String> {
        (0..self.0.usize(..7)).map(|_| self.one(LINES).to_owned()).collect()
    }

    fn request(&mut self, method: &str, path: &str) -> Vec<u8> {
        let version = if self.rarely(5) { "HTTP/1.0" } else { "HTTP/1.1" };
        let target = match self.0.u32(..8) {
            0 => format!("http://h{path}"),
            1 => format!("{path}/a/../b//c?d=e&f=%41"),
            2 => format!("{path}?"),
            _ => path.to_owned(),
        };
        let mut lines = self.lines();
        if !self.rarely(8) {
            lines.push("Host: h".to_owned());
        }
        let takes_body =
            !matches!(method, "GET" | "HEAD" | "OPTIONS" | "DELETE" | "M-SEARCH") || self.rarely(6);
        // see `any-payload-*`
        let refused = version == "HTTP/1.0" && matches!(method, "GET" | "HEAD" | "DELETE");
        let (framing, body) = match self.0.u32(..3) {
            _ if !takes_body || refused => (None, Vec::new()),
            0 if version == "HTTP/1.1" => (Some("Transfer-Encoding: chunked".to_owned()), self.chunks()),
            1 => (Some("content-length: 0".to_owned()), Vec::new()),
            _ => self.sized(),
        };
        lines.extend(framing);
        self.message(&format!("{method} {target} {version}"), lines, &body)
    }

    /// An answer, and what becomes of the connection after it.
    fn answer(&mut self, head_only: bool) -> (Vec<u8>, After) {
        let old = self.rarely(5);
        let status = self.one(STATUSES);
        let mut lines = self.lines();
        let empty = head_only || status.starts_with("204") || status.starts_with("304");
        let (framing, body) = match self.0.u32(..4) {
            // without a length HAProxy goes by the connection's end, and so must the origin
            _ if empty && status.starts_with("204") => (None, Vec::new()),
            0 if !old => (Some("Transfer-Encoding: chunked".to_owned()), self.chunks()),
            1 if !empty => (None, b"until the end".to_vec()),
            _ => self.sized(),
        };
        let says = |word: &str| {
            lines.iter().any(|line| {
                line.to_ascii_lowercase().starts_with("connection:")
                    && line.to_ascii_lowercase().contains(word)
            })
        };
        let closes = framing.is_none() && !empty || says("close") || old && !says("keep-alive");
        lines.extend(framing);
        let version = if old { "HTTP/1.0" } else { "HTTP/1.1" };
        let body = if empty { Vec::new() } else { body };
        let answer = self.message(&format!("{version} {status}"), lines, &body);
        // HAProxy 2.6 cuts what does not fit into a buffer behind an interim response.
        let interim = if !old && answer.len() < 10_000 && self.rarely(10) {
            &b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"[..]
        } else {
            b""
        };
        ([interim, &answer].concat(), if closes { After::Close } else { After::Keep })
    }

    fn message(&mut self, start: &str, mut lines: Vec<String>, body: &[u8]) -> Vec<u8> {
        self.0.shuffle(&mut lines);
        let mut head = format!("{start}\r\n");
        lines.iter().for_each(|line| head.extend([line, "\r\n"]));
        [head.as_bytes(), b"\r\n", body].concat()
    }

    fn sized(&mut self) -> (Option<String>, Vec<u8>) {
        let body = vec![b'x'; self.one(&[1, 2, 17, 1_000, 20_000])];
        (Some(format!("Content-Length: {}", body.len())), body)
    }

    fn chunks(&mut self) -> Vec<u8> {
        let mut text = String::new();
        for _ in 0..self.0.usize(..4) {
            let size = self.one(&[1, 9, 16, 255, 5_000]);
            let extension = self.one(&["", "", ";a", ";a=b", " "]);
            text.push_str(&format!("{size:x}{extension}\r\n{}\r\n", "c".repeat(size)));
        }
        text.push_str("0\r\n");
        if self.rarely(3) {
            text.push_str("X-T: trailer\r\nx-u:  \r\n");
        }
        text.push_str("\r\n");
        text.into_bytes()
    }
}
