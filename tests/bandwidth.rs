//! Limits on bandwidth: how long bodies take, that nothing of them is lost, and that nobody else waits for it.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Subject};
use std::time::{Duration, Instant};

const LATER: &str = "the filters came after HAProxy 2.6";

pub(crate) fn cases(cases: &mut Cases) {
    cases.ours_only("bandwidth::a_response_takes_as_long_as_its_limit_says", LATER, response);
    cases.ours_only("bandwidth::a_request_takes_as_long_as_its_limit_says", LATER, request);
    cases.ours_only("bandwidth::a_rule_may_set_another_limit_for_each_message", LATER, own_limit);
    cases.ours_only("bandwidth::who_shares_a_key_shares_its_limit", LATER, shared);
    cases.ours_only("bandwidth::nobody_waits_for_one_that_is_held_back", LATER, others);
}

/// What the origin sends: 60 KB in each of the ways in which a body ends.
fn scripts() -> Vec<Script> {
    let body = body(BYTES);
    let chunks: String = body.as_bytes().chunks(7000).map(chunk_of).collect();
    let answer = |head: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{head}\r\n{body}");
    vec![
        Script::new(
            "/chunks",
            answer("Transfer-Encoding: chunked\r\n", &(chunks + "0\r\n\r\n")),
            After::Keep,
        ),
        Script::new("/close", answer("", &body), After::Close),
        Script::new("/length", answer(&format!("Content-Length: {BYTES}\r\n"), &body), After::Keep),
    ]
}

fn chunk_of(bytes: &[u8]) -> String {
    format!("{:x}\r\n{}\r\n", bytes.len(), String::from_utf8_lossy(bytes))
}

const BYTES: usize = 60_000;

fn body(length: usize) -> String {
    (0..length).map(|at| char::from(b'a' + u8::try_from(at / 7 % 26).unwrap())).collect()
}

/// 20,000 bytes in 200 ms: 60,000 take two periods and a little, for the first 20,000 go at once.
const LIMIT: &str = "default-limit 20000 default-period 200ms";
const LEAST: Duration = Duration::from_millis(400);

fn subject(origin: &Origin, lines: &str) -> Subject {
    Config::new(format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         backend t\n  stick-table type string len 20 size 100 expire 1m store bytes_out_rate(200ms)\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n{lines}  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start()
}

fn took(run: impl FnOnce()) -> Duration {
    let begun = Instant::now();
    run();
    begun.elapsed()
}

fn response() {
    let origin = Origin::scripted(scripts());
    let lines = format!("  filter bwlim-out slow {LIMIT}\n  http-response set-bandwidth-limit slow\n");
    let subject = subject(&origin, &lines);
    for target in ["/length", "/chunks", "/close"] {
        let time = took(|| assert_eq!(get(subject.addr("FRONT"), target).text(), body(BYTES), "{target}"));
        assert!(time >= LEAST && time < LEAST * 5, "{target}: {time:?}");
    }
}

fn request() {
    let origin = Origin::plain();
    let lines = format!("  filter bwlim-in slow {LIMIT}\n  http-request set-bandwidth-limit slow\n");
    let subject = subject(&origin, &lines);
    let sent = body(BYTES);
    let mut client = Client::connect(subject.addr("FRONT"));
    let time = took(|| {
        client.send(format!("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: {BYTES}\r\n\r\n{sent}"));
        assert_eq!(client.response("POST").status(), 200);
    });
    assert!(time >= LEAST && time < LEAST * 5, "{time:?}");
    assert_eq!(origin.last().text(), sent);
    let chunks: String = sent.as_bytes().chunks(9000).map(chunk_of).collect();
    let time = took(|| {
        client.send(format!(
            "POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
        ));
        assert_eq!(client.response("POST").status(), 200);
    });
    assert!(time >= LEAST && time < LEAST * 5, "{time:?}");
    assert_eq!(origin.last().text(), sent);
}

fn own_limit() {
    let origin = Origin::scripted(scripts());
    let lines = "  filter bwlim-out slow default-limit 10m default-period 1s\n  \
                 http-request set-bandwidth-limit slow limit urlp(limit) period urlp(period)\n";
    let subject = subject(&origin, lines);
    let time = |target: &str| took(|| assert_eq!(get(subject.addr("FRONT"), target).text(), body(BYTES)));
    assert!(time("/length?limit=20000&period=200") >= LEAST);
    assert!(time("/length?limit=20000&period=100") >= LEAST / 2);
    // what is no number leaves the filter's own
    assert!(time("/length?limit=x") < LEAST);
}

/// Two who share and one who does not.
fn shared() {
    let origin = Origin::scripted(scripts());
    let lines =
        "  filter bwlim-out all limit 20000 key hdr(x-key) table t\n  http-request set-bandwidth-limit all\n";
    let subject = subject(&origin, lines);
    let addr = subject.addr("FRONT");
    let ask = |key: &str| {
        let mut client = Client::connect(addr);
        let head = format!("GET /length HTTP/1.1\r\nHost: h\r\nX-Key: {key}\r\n\r\n");
        took(|| {
            client.send(head);
            assert_eq!(client.response("GET").text(), body(BYTES));
        })
    };
    let times: Vec<Duration> = std::thread::scope(|scope| {
        let running: Vec<_> = ["a", "a", "b"].map(|key| scope.spawn(move || ask(key))).into_iter().collect();
        running.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    // 120,000 bytes in five periods and a little; each has its half
    assert!(times[0].max(times[1]) >= LEAST * 5 / 2, "{times:?}");
    assert!(times[2] >= LEAST && times[2] < times[0].max(times[1]), "{times:?}");
    // without a key there is nobody to share with
    assert!(took(|| assert_eq!(get(addr, "/length").text(), body(BYTES))) < LEAST);
}

fn others() {
    let origin = Origin::scripted(scripts());
    let lines = "  filter bwlim-out slow default-limit 20000 default-period 1s\n  \
                 http-request set-bandwidth-limit slow if { path /length }\n";
    let subject = subject(&origin, lines);
    let addr = subject.addr("FRONT");
    let mut held = Client::connect(addr);
    held.send("GET /length HTTP/1.1\r\nHost: h\r\n\r\n");
    let time = took(|| (0..20).for_each(|_| assert_eq!(get(addr, "/other").status(), 200)));
    assert!(time < Duration::from_secs(1), "{time:?}");
    assert_eq!(held.response("GET").text(), body(BYTES));
}
