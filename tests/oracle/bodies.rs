//! Bodies that rules read: what has come with the head, what `option http-buffer-request` and `wait-for-body` wait for,
//! up to a buffer and beyond it.

use super::exchange::{Exchange, Step};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::bodies::a_buffered_body_is_read_as_in_haproxy", || {
        family("body-buffered", "option http-buffer-request").run();
    });
    cases.test("oracle::bodies::a_body_is_waited_for_as_in_haproxy", || {
        family("body-waited", "http-request wait-for-body time 1s").run();
    });
    cases.test("oracle::bodies::a_response_is_waited_for_as_in_haproxy", || {
        answers("answer-waited", "").run()
    });
    cases.test("oracle::bodies::enough_of_a_response_is_waited_for_as_in_haproxy", || {
        answers("answer-enough", "at-least 5").run();
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

const TEN: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n";
const CHUNKS: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

/// Responses whose bodies come in two parts, the second when the gate is opened.
fn answers(name: &'static str, enough: &'static str) -> Suite {
    let mut suite = Suite::new(name);
    suite.frontend = format!(
        "  http-response wait-for-body time 600ms {enough}\n  \
         http-response set-header x-after \"%[res.body_len] %[res.body_size] <%[res.body,bytes(0,20)]>\"\n  \
         http-response deny deny_status 501 if {{ res.body -m sub evil }}\n"
    );
    let part = |path, first: &str, second: &str, after| Script::new(path, second, after).early(first).gated();
    suite.scripts = vec![
        part("/two", &format!("{TEN}hel"), "loworld", After::Keep),
        part("/evil", &format!("{TEN}he e"), "vil wo", After::Close),
        part("/chunks", &format!("{CHUNKS}3\r\nabc\r\n"), "3\r\ndef\r\n0\r\n\r\n", After::Keep),
        part("/broken", &format!("{CHUNKS}3\r\nabc\r\n"), "zz\r\n", After::Close),
        part("/short", &format!("{TEN}hel"), "lo", After::Close),
        part("/close", "HTTP/1.1 200 OK\r\n\r\nhel", "loworld", After::Close),
        part("/none", "HTTP/1.1 204 No\r\n\r\n", "", After::Keep),
    ];
    let come = |target: &str| {
        let steps = [Step::Send(get(target)), Step::AtOrigin(1), Step::OpenGate, Step::Read("GET")];
        let exchange = Exchange::new(target, steps.to_vec());
        // what came of a body that breaks is counted or not, as it was seen in one piece or two
        if target == "/broken" { exchange.of_any_size() } else { exchange }
    };
    suite.exchanges = ["/two", "/evil", "/chunks", "/broken", "/short", "/close", "/none"].map(come).to_vec();
    let late = [Step::Send(get("/two")), Step::Read("GET")];
    suite.exchanges.push(Exchange::new("late", late.to_vec()));
    suite
}

fn get(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
}
