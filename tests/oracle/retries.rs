//! Requests that are sent again after they were sent: `retry-on`, `disable-l7-retry`, and what is counted of them.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::client::get;
use crate::support::deadline::eventually;
use crate::support::origin::{After, OK, Origin, Script};
use crate::support::subject::{Config, Subject};
use std::collections::BTreeMap;
use std::net::TcpListener;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::retries::everything_that_can_be_retried_is", all);
    cases.test("oracle::retries::each_word_is_about_its_failure_alone", words);
    cases.test("oracle::retries::bodies_are_sent_again_when_they_fit", bodies);
    cases.test("oracle::retries::how_much_fits_is_said_by_the_buffers_size", buffers);
    cases.test("oracle::retries::attempts_end_with_the_last_failure", attempts);
    cases.test("oracle::retries::a_rule_may_forbid_it", forbidden);
    cases.test("oracle::retries::kept_connections_that_die_are_covered", kept);
    cases.test("oracle::retries::another_server_is_asked_where_redispatch_says_so", redispatch);
    cases.test("oracle::retries::retries_and_redispatches_are_counted_as_haproxy_counts_them", counted);
}

const BUSY: &str = "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno";

/// Targets whose first answer is a failure, and the second a good one.
fn failing_once() -> Vec<Script> {
    let once = |path, answer: &str, after| Script::new(path, OK, After::Keep).at_first(answer, after);
    vec![
        once("/empty", "", After::Close),
        once("/reset", "", After::Reset),
        once("/junk", "junk\r\n\r\n", After::Close),
        once("/half", "HTTP/1.1 200 OK\r\nContent-Le", After::Close),
        once("/silent", "", After::Stall),
        once(
            "/chunked",
            "HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\n\r\n",
            After::Keep,
        ),
        once("/long", "HTTP/1.1 503 Busy\r\nContent-Length: 900\r\n\r\nno", After::Stall),
        once(
            "/closing",
            "HTTP/1.1 503 Busy\r\nConnection: close\r\nContent-Length: 2\r\n\r\nno",
            After::Close,
        ),
        once("/busy", BUSY, After::Keep),
        once("/missing", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", After::Keep),
        Script::new("/always", BUSY, After::Keep),
        Script::new("/never", "", After::Close),
        Script::new("/twice", OK, After::Keep).at_first(BUSY, After::Keep).at_first("", After::Close),
    ]
}

fn suite(name: &'static str, backend: &'static str) -> Suite {
    let mut suite = Suite::new(name);
    suite.backend = backend;
    suite.scripts = failing_once();
    suite
}

fn post(target: &str, length: usize) -> Exchange {
    let head = format!("Content-Length: {length}\r\n");
    Exchange::one(
        format!("POST {target} of {length} bytes"),
        "POST",
        request("POST", target, &head, &"x".repeat(length)),
    )
}

fn all() {
    let mut suite = suite("retry-all", "  retry-on all-retryable-errors\n  timeout server 700ms\n");
    let targets = [
        "/empty", "/reset", "/junk", "/half", "/silent", "/busy", "/closing", "/missing", "/chunked", "/long",
    ];
    for target in targets {
        suite.exchanges.push(Exchange::get(target, ""));
        suite.exchanges.push(post(&format!("{target}?post"), 3));
    }
    suite.exchanges.push(Exchange::one("HEAD", "HEAD", request("HEAD", "/busy?head", "", "")));
    suite.exchanges.push(Exchange::one("1.0", "GET", "GET /empty?old HTTP/1.0\r\n\r\n"));
    suite.run();
}

fn words() {
    let words: [(&str, &str); 7] = [
        ("retry-none", "  retry-on none\n"),
        ("retry-connect", "  retry-on conn-failure 0rtt-rejected\n"),
        ("retry-empty", "  retry-on empty-response\n"),
        ("retry-junk", "  retry-on junk-response\n"),
        ("retry-late", "  retry-on response-timeout\n"),
        ("retry-status", "  retry-on 503\n"),
        ("retry-missing", "  retry-on 404 500\n"),
    ];
    for (name, backend) in words {
        let mut suite = suite(name, backend);
        suite.defaults = "  timeout server 600ms\n";
        for target in ["/empty", "/junk", "/half", "/silent", "/busy", "/missing"] {
            suite.exchanges.push(Exchange::get(target, ""));
        }
        suite.run();
    }
    for (name, dead) in [
        (
            "retry-no-connection",
            "backend dead\n  retry-on 503\n  timeout connect 50ms\n  server d 127.0.0.1:1\n",
        ),
        ("retry-nothing", "backend dead\n  retry-on none\n  timeout connect 50ms\n  server d 127.0.0.1:1\n"),
    ] {
        let mut suite = Suite::new(name);
        (suite.fallback, suite.more) = ("default_backend dead", dead);
        suite.exchanges = vec![Exchange::get("/dead", "")];
        suite.run();
    }
}

fn bodies() {
    let mut suite = suite("retry-bodies", "  retry-on empty-response 503\n");
    let chunks = |body: &str| request("POST", "/busy?chunks", "Transfer-Encoding: chunked\r\n", body);
    suite.exchanges = vec![
        post("/busy?small", 1),
        post("/empty?small", 1),
        post("/busy?fits", 15_000),
        post("/busy?large", 20_000),
        post("/empty?large", 20_000),
        Exchange::new(
            "a body that comes later",
            vec![
                Step::Send(request("POST", "/busy?later", "Content-Length: 4\r\n", "ab")),
                Step::HeadAtOrigin,
                Step::Send(b"cd".to_vec()),
                Step::Read("POST"),
            ],
        ),
        Exchange::one("in chunks", "POST", chunks("3\r\nabc\r\n0\r\nX-T: 1\r\n\r\n")),
    ];
    suite.run();
    // what a rule waits for is there when it is first sent
    let mut waiting = Suite::new("retry-waiting");
    waiting.backend = "  option http-buffer-request\n  retry-on 503\n";
    waiting.scripts = failing_once();
    waiting.exchanges = vec![Exchange::new(
        "in pieces",
        vec![
            Step::Send(request("POST", "/busy", "Content-Length: 4\r\n", "ab")),
            Step::Send(b"cd".to_vec()),
            Step::Read("POST"),
        ],
    )];
    waiting.run();
}

/// With a larger buffer a larger body fits.
fn buffers() {
    let mut suite = suite("retry-buffers", "  option http-buffer-request\n  retry-on 503\n");
    suite.global = "  tune.bufsize 131072\n";
    suite.exchanges = vec![post("/busy?fits", 100_000), post("/busy?large", 140_000)];
    suite.run();
}

fn attempts() {
    let mut few = suite("retry-attempts", "  retries 2\n  retry-on empty-response 503\n");
    few.exchanges =
        ["/twice", "/always", "/never"].into_iter().map(|target| Exchange::get(target, "")).collect();
    few.run();
    let mut no = suite("retry-no-attempts", "  retries 0\n  retry-on empty-response 503\n");
    no.exchanges = ["/busy", "/empty"].into_iter().map(|target| Exchange::get(target, "")).collect();
    no.run();
}

fn forbidden() {
    let mut suite = suite(
        "retry-forbidden",
        "  retry-on all-retryable-errors\n  http-request disable-l7-retry if { method POST }\n",
    );
    suite.frontend = "  http-request disable-l7-retry if { url_sub no }\n".to_owned();
    suite.exchanges = vec![
        Exchange::get("/busy", ""),
        Exchange::get("/busy?no", ""),
        Exchange::get("/empty?no", ""),
        post("/busy?post", 3),
    ];
    suite.run();
}

fn kept() {
    let mut suite = suite("retry-kept", "  retry-on empty-response\n");
    let after_another = |name: &str, last: Vec<u8>, method| {
        let first = Step::Send(request("GET", "/x", "", ""));
        Exchange::new(name, vec![first, Step::Read("GET"), Step::Send(last), Step::Read(method)])
    };
    suite.exchanges = vec![
        after_another("closes under GET", request("GET", "/empty", "", ""), "GET"),
        after_another(
            "closes under POST",
            request("POST", "/empty?post", "Content-Length: 3\r\n", "abc"),
            "POST",
        ),
        after_another("resets under POST", request("POST", "/reset", "Content-Length: 3\r\n", "abc"), "POST"),
    ];
    suite.run();
}

fn redispatch() {
    let mut suite = suite("retry-redispatch", "  option redispatch\n  retries 1\n  retry-on 503\n");
    suite.fallback = "default_backend two";
    suite.more = "
backend two
  balance first
  option redispatch
  retry-on 503
  server a \"${ORIGIN}\"
  server b \"${ORIGIN}\"
backend one
  option redispatch
  retry-on 503
  use-server a if TRUE
  server a \"${ORIGIN}\"
  server b \"${ORIGIN}\"
";
    suite.frontend = "  use_backend one if { url_sub one }\n".to_owned();
    suite.exchanges = vec![
        Exchange::get("/busy", ""),
        Exchange::get("/always", ""),
        Exchange::get("/busy?one", ""),
        Exchange::get("/always?one", ""),
    ];
    suite.run();
}

/// (`wretr`, `wredis`, `eresp`) of backend `b` and its servers, by name.
fn figures(subject: &Subject) -> BTreeMap<String, (u64, u64, u64)> {
    let mut cli = subject.cli("admin.sock");
    cli.send("show stat\n");
    let text = String::from_utf8_lossy(&cli.rest()).into_owned();
    let mut lines = text.trim().lines().map(|line| line.split(',').collect::<Vec<_>>());
    let names = lines.next().unwrap_or_default();
    let column = |name: &str| names.iter().position(|known| known.trim_start_matches("# ") == name).unwrap();
    let columns = ["wretr", "wredis", "eresp"].map(column);
    let ours = lines.filter(|line| line[0] == "b");
    ours.map(|line| {
        let [retries, redispatches, errors] = columns.map(|at| line[at].parse().unwrap_or(0));
        (line[1].to_owned(), (retries, redispatches, errors))
    })
    .collect()
}

/// Asks for a target once, and compares what was counted.
fn counts(backend: &str, target: &str, expected: &[(&str, (u64, u64, u64))]) {
    let origin = Origin::scripted(failing_once());
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let subject = Config::new(format!(
        "global\n  stats socket \"${{DIR}}/admin.sock\" mode 600 level admin\ndefaults\n  mode http\n  \
         timeout client 9s\n  timeout server 500ms\n  timeout connect 50ms\nfrontend f\n  bind \"fd@${{FRONT}}\"\n  \
         default_backend b\nbackend b\n  balance first\n{backend}"
    ))
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .var("GONE", gone)
    .start();
    get(subject.addr("FRONT"), target);
    let expected: BTreeMap<_, _> = expected.iter().map(|(name, row)| ((*name).to_owned(), *row)).collect();
    let what = format!("{expected:?} of {target}");
    eventually(&what, || (figures(&subject) == expected).then_some(()));
}

fn counted() {
    let all = "  retry-on all-retryable-errors\n  server a \"${ORIGIN}\"\n";
    counts(all, "/busy", &[("a", (2, 0, 0)), ("BACKEND", (2, 0, 0))]);
    counts(all, "/always", &[("a", (6, 0, 0)), ("BACKEND", (6, 0, 0))]);
    counts(all, "/junk", &[("a", (2, 0, 1)), ("BACKEND", (2, 0, 1))]);
    counts(all, "/empty", &[("a", (2, 0, 0)), ("BACKEND", (2, 0, 0))]);
    counts(all, "/never", &[("a", (6, 0, 1)), ("BACKEND", (6, 0, 1))]);
    let two = "  option redispatch\n  retry-on 503\n  server a \"${ORIGIN}\"\n  server b \"${ORIGIN}\"\n";
    counts(two, "/busy", &[("a", (1, 1, 0)), ("b", (0, 0, 0)), ("BACKEND", (1, 1, 0))]);
    let refused = "  option redispatch\n  server a \"${GONE}\"\n  server b \"${ORIGIN}\"\n";
    counts(refused, "/x", &[("a", (0, 1, 0)), ("b", (0, 0, 0)), ("BACKEND", (0, 1, 0))]);
    let directed =
        "  option redispatch 2\n  use-server a if TRUE\n  server a \"${GONE}\"\n  server b \"${ORIGIN}\"\n";
    counts(directed, "/x", &[("a", (1, 1, 0)), ("b", (0, 0, 0)), ("BACKEND", (1, 1, 0))]);
}
