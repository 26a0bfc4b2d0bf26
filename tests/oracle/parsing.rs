//! What is a request: odd and broken heads, sizes and counts, and what of them the origin sees.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::parsing::odd_requests_pass_as_in_haproxy", odd);
    cases.test("oracle::parsing::broken_requests_are_refused_as_in_haproxy", broken);
    cases.test("oracle::parsing::sizes_are_limited_as_in_haproxy", sizes);
    cases.test("oracle::parsing::framing_conflicts_are_settled_as_in_haproxy", framing);
}

fn suite(name: &'static str, exchanges: Vec<Exchange>) -> Suite {
    let mut suite = Suite::new(name);
    suite.exchanges = exchanges;
    suite
}

fn odd() {
    let get = |name: &str, bytes: &str| Exchange::one(name, "GET", bytes);
    #[rustfmt::skip]
    let rows = vec![
        get("HTTP/1.2", "GET /x HTTP/1.2\r\nHost: h\r\n\r\n"),
        get("bare LF", "GET /x HTTP/1.1\nHost: h\nX-A: b\n\n"),
        get("leading CRLF", "\r\n\r\nGET /x HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("obs-fold", "GET /x HTTP/1.1\r\nHost: h\r\nX-A: b\r\n  c\r\nX-B: d\r\n\r\n"),
        get("same host twice", "GET /x HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n"),
        get("no host", "GET /x HTTP/1.1\r\n\r\n"),
        get("empty host", "GET /x HTTP/1.1\r\nHost:\r\n\r\n"),
        get("host with port", "GET /x HTTP/1.1\r\nHost: h:80\r\n\r\n"),
        get("absolute", "GET http://h/x?y HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("absolute without host", "GET http://g/x?y HTTP/1.1\r\n\r\n"),
        get("absolute with port", "GET http://h:80/x?y HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("fragmented URI characters", "GET /a<b>\"c|{}^`\\ HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("dots and slashes", "GET //a/../b/./%2F%41 HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("control character in a value", "GET /x HTTP/1.1\r\nHost: h\r\nX: a\u{1}b\r\n\r\n"),
        get("empty values and blanks", "GET /x HTTP/1.1\r\nHost: h\r\nX:\r\nY:   z  \t \r\nZ:\tq\r\n\r\n"),
        get("UTF-8 in a value", "GET /x HTTP/1.1\r\nHost: h\r\nX: \u{e9}\r\n\r\n"),
        get("name characters", "GET /x HTTP/1.1\r\nHost: h\r\nX_a.b!#$%&'*+-^`|~9: v\r\n\r\n"),
        get("case of names", "GET /x HTTP/1.1\r\nhOsT: h\r\nX-CaSe: VaLuE\r\nUSER-AGENT: q\r\nAccept: a\r\nAccept: b\r\n\r\n"),
        Exchange::one("OPTIONS *", "OPTIONS", request("OPTIONS", "*", "", "")),
        Exchange::one("TRACE", "TRACE", request("TRACE", "/x", "", "")),
        Exchange::one("get", "get", request("get", "/x", "", "")),
        Exchange::one("own method", "M-SEARCH", request("M-SEARCH", "/x", "", "")),
        Exchange::one("POST without length", "POST", request("POST", "/x", "", "")),
        Exchange::one("GET with body", "GET", request("GET", "/x", "Content-Length: 3\r\n", "abc")),
        Exchange::one("DELETE with body", "DELETE", request("DELETE", "/x", "Content-Length: 3\r\n", "abc")),
        Exchange::one("in two pieces", "GET", request("GET", "/x", "", "")),
        Exchange::new("byte by byte", byte_by_byte("GET /x HTTP/1.1\r\nHost: h\r\nX: y\r\n\r\n")),
    ];
    suite("odd-requests", rows).run();
}

fn byte_by_byte(text: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = text.bytes().map(|b| Step::Send(vec![b])).collect();
    steps.extend([Step::Read("GET"), Step::Probe]);
    steps
}

fn broken() {
    #[rustfmt::skip]
    let rows: &[(&str, &[u8])] = &[
        ("garbage", b"garbage\r\n\r\n"), ("one word", b"GET\r\n\r\n"), ("0.9", b"GET /x\r\n\r\n"), ("no version number", b"GET /x HTTP\r\n\r\n"), ("not HTTP", b"GET /x FTP/1.1\r\n\r\n"),
        ("bad header name", b"GET /x HTTP/1.1\r\nHost: h\r\nbad name: x\r\n\r\n"), ("no colon", b"GET /x HTTP/1.1\r\nHost: h\r\nbadname\r\n\r\n"), ("space before colon", b"GET /x HTTP/1.1\r\nHost: h\r\nX : a\r\n\r\n"),
        ("empty name", b"GET /x HTTP/1.1\r\nHost: h\r\n: a\r\n\r\n"), ("space in URI", b"GET /a b HTTP/1.1\r\nHost: h\r\n\r\n"), ("8 bit in URI", b"GET /\xe9 HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("# in URI", b"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n"), ("no slash", b"GET abc HTTP/1.1\r\nHost: h\r\n\r\n"), ("control in URI", b"GET /a\x01b HTTP/1.1\r\nHost: h\r\n\r\n"),
        ("absolute against host", b"GET http://g/x HTTP/1.1\r\nHost: h\r\n\r\n"), ("two hosts", b"GET /x HTTP/1.1\r\nHost: h\r\nHost: g\r\n\r\n"), ("TLS", b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03"),
        ("WebSocket without key", b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"),
        ("short WebSocket key", b"GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: k\r\n\r\n"),
        ("fold first", b"GET /x HTTP/1.1\r\n fold: a\r\nHost: h\r\n\r\n"), ("method characters", b"G(T /x HTTP/1.1\r\nHost: h\r\n\r\n"),
    ];
    let mut exchanges: Vec<Exchange> = rows
        .iter()
        .map(|(name, bytes)| Exchange::new(*name, vec![Step::Send(bytes.to_vec()), Step::ReadAll]).logs(1))
        .collect();
    exchanges.push(
        Exchange::new(
            "good, then garbage",
            vec![
                Step::Send([&request("GET", "/x", "", "")[..], b"garbage\r\n\r\n"].concat()),
                Step::Read("GET"),
                Step::ReadAll,
            ],
        )
        .logs(2),
    );
    let fin = |name: &str, bytes: &str| {
        Exchange::new(name, vec![Step::Send(bytes.into()), Step::Finish, Step::ReadAll]).logs(1)
    };
    exchanges.push(fin("nothing, then FIN", ""));
    exchanges.push(fin("part of a head, then FIN", "GET /x HTTP/1.1\r\nHo"));
    suite("broken-requests", exchanges).run();
}

fn sizes() {
    let header = |n: usize| format!("X: {}\r\n", "a".repeat(n));
    let headers = |n: usize| (0..n).map(|i| format!("X{i}: a\r\n")).collect::<String>();
    let refused =
        |name: &str, bytes: Vec<u8>| Exchange::new(name, vec![Step::Send(bytes), Step::ReadAll]).logs(1);
    let with = |h: String| request("GET", "/x", &h, "");
    let long = format!("/{}", "p".repeat(14_000));
    suite(
        "sizes",
        vec![
            Exchange::one("15000 byte header", "GET", with(header(15_000))),
            refused("15500 byte header", with(header(15_500))),
            refused("20000 byte header", with(header(20_000))),
            Exchange::one("14000 byte path", "GET", request("GET", &long, "", "")),
            Exchange::one("100 headers", "GET", with(headers(99))),
            refused("101 headers", with(headers(100))),
            refused("110 headers", with(headers(109))),
        ],
    )
    .run();
}

fn framing() {
    let post = |name: &str, headers: &str, body: &str| {
        Exchange::one(name, "POST", request("POST", "/x", headers, body))
    };
    let refused = |name: &str, headers: &str, body: &str| {
        Exchange::new(name, vec![Step::Send(request("POST", "/x", headers, body)), Step::ReadAll]).logs(1)
    };
    let chunks = "2\r\nab\r\n0\r\n\r\n";
    suite(
        "framing",
        vec![
            post("length and chunked", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", chunks),
            post("same length twice", "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
            post("same length in a list", "Content-Length: 3, 3\r\n", "abc"),
            post("Chunked", "Transfer-Encoding: Chunked\r\n", chunks),
            refused("two lengths", "Content-Length: 5\r\nContent-Length: 6\r\n", "abcdef"),
            refused("plus", "Content-Length: +5\r\n", "abcde"),
            refused("negative", "Content-Length: -1\r\n", ""),
            refused("empty length", "Content-Length:\r\n", ""),
            refused("not a number", "Content-Length: 3x\r\n", "abc"),
            refused("huge", "Content-Length: 99999999999999999999\r\n", "abc"),
            refused("gzip", "Transfer-Encoding: gzip\r\n", chunks),
            refused("gzip, chunked", "Transfer-Encoding: gzip, chunked\r\n", chunks),
            refused("chunked, gzip", "Transfer-Encoding: chunked, gzip\r\n", chunks),
            refused("chunked twice", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", chunks),
            refused("bad chunk size", "Transfer-Encoding: chunked\r\n", "zz\r\nab\r\n0\r\n\r\n"),
        ],
    )
    .run();
}
