//! Bodies that rules read: what has come with the head, what `option http-buffer-request` and `wait-for-body` wait for,
//! up to a buffer and beyond it.

use super::exchange::{Exchange, Step};
use super::suite::Suite;
use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::bodies::a_buffered_body_is_read_as_in_haproxy", || {
        family("body-buffered", "option http-buffer-request").run();
    });
    cases.test("oracle::bodies::a_body_is_waited_for_as_in_haproxy", || {
        family("body-waited", "http-request wait-for-body time 1s").run();
    });
    cases.test("oracle::bodies::enough_of_a_body_is_waited_for_as_in_haproxy", || {
        family("body-enough", "http-request wait-for-body time 1s at-least 5").run();
    });
}

fn family(name: &'static str, line: &str) -> Suite {
    let mut suite = Suite::new(name);
    suite.defaults = "  timeout http-request 1s\n";
    suite.frontend = format!(
        "  {line}\n  http-request set-header x-length \"%[req.body_len] %[req.body_size]\"\n  \
         http-request set-header x-body \"<%[req.body,bytes(0,40)]>\"\n  \
         http-request set-header x-param \"<%[req.body_param(a)]> <%[req.body_param(b)]> <%[req.body_param]>\"\n"
    );
    suite.exchanges = vec![
        whole("form", "a=1&b=2&a=3"),
        whole("empty", ""),
        whole("almost a buffer", &form(15_000)),
        whole("a buffer", &form(16_384)),
        whole("two buffers", &form(33_000)),
        chunked("one chunk", &["a=1&b=2"]),
        chunked("chunks", &["a=", "1&b", "=2"]),
        Exchange::one("no body", "GET", "GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
        asked("a client that waits to be asked"),
    ];
    suite
}

fn head(length: usize) -> String {
    format!("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: {length}\r\n\r\n")
}

fn form(length: usize) -> String {
    let start = "a=1&b=2&c=";
    format!("{start}{}", "x".repeat(length - start.len()))
}

fn whole(name: &str, body: &str) -> Exchange {
    Exchange::one(name, "POST", head(body.len()) + body)
}

fn chunked(name: &str, chunks: &[&str]) -> Exchange {
    let mut text = "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned();
    for chunk in chunks {
        text.push_str(&format!("{:x}\r\n{chunk}\r\n", chunk.len()));
    }
    Exchange::one(name, "POST", text + "0\r\n\r\n")
}

fn asked(name: &str) -> Exchange {
    let head = "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 7\r\n\r\n";
    Exchange::new(
        name,
        vec![
            Step::Send(head.as_bytes().to_vec()),
            Step::Take("HTTP/1.1 100 Continue\r\n\r\n".len()),
            Step::Send(b"a=1&b=2".to_vec()),
            Step::Read("POST"),
            Step::Probe,
        ],
    )
}
