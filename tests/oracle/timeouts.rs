//! Timers that run out: the answer, the flags, and the timers that stay -1. Only what happens is compared,
//! never when. The times are long enough that a busy machine does not make one of them run out by chance.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::timeouts::a_slow_head_gets_408", heads);
    cases.test("oracle::timeouts::a_silent_origin_gives_504", origin);
    cases.test("oracle::timeouts::a_silent_client_is_cut", client);
    cases.test("oracle::timeouts::idle_tunnels_end", tunnel);
    cases.test("oracle::timeouts::a_full_queue_gives_503", queue);
    cases.test("oracle::timeouts::idle_connections_end_in_silence", keep_alive);
}

fn send(bytes: &str) -> Step {
    Step::Send(bytes.into())
}

fn heads() {
    for (name, defaults) in [
        ("slow-head", "  timeout http-request 500ms\n"),
        ("slow-head-dontlognull", "  timeout http-request 500ms\n  option dontlognull\n"),
        ("slow-head-ignored", "  timeout http-request 500ms\n  option http-ignore-probes\n"),
        ("slow-head-client", "  timeout client 500ms\n"),
    ] {
        let mut suite = Suite::new(name);
        suite.defaults = defaults;
        let quiet = name != "slow-head" && name != "slow-head-client";
        suite.exchanges = vec![
            Exchange::new("nothing", vec![Step::ReadAll]).logs(usize::from(!quiet)),
            Exchange::new("half a head", vec![send("GET / HTTP/1.1\r\nHo"), Step::ReadAll]).logs(1),
            Exchange::new(
                "half of the second head",
                vec![
                    send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"),
                    Step::Read("GET"),
                    send("GET"),
                    Step::ReadAll,
                ],
            )
            .logs(2),
        ];
        suite.run();
    }
}

fn origin() {
    let mut suite = Suite::new("slow-origin");
    suite.backend = "  timeout server 700ms\n  timeout connect 700ms\n  retries 0\n";
    suite.scripts = vec![
        Script::new("/silent", "", After::Stall),
        Script::new("/stall", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", After::Stall),
        Script::new(
            "/cstall",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
            After::Stall,
        ),
        Script::new("/halfhead", "HTTP/1.1 200 OK\r\nConte", After::Stall),
    ];
    suite.exchanges = vec![
        Exchange::get("/silent", ""),
        Exchange::one("POST /silent", "POST", request("POST", "/silent", "Content-Length: 3\r\n", "abc")),
        Exchange::one("1.0 /silent", "GET", "GET /silent HTTP/1.0\r\n\r\n"),
        Exchange::get("/halfhead", ""),
        Exchange::new(
            "/stall",
            vec![Step::Send(request("GET", "/stall", "", "")), Step::Read("GET"), Step::ReadAll],
        ),
        Exchange::new(
            "/cstall",
            vec![Step::Send(request("GET", "/cstall", "", "")), Step::Read("GET"), Step::ReadAll],
        ),
    ];
    suite.run();
}

fn client() {
    let mut suite = Suite::new("slow-client");
    suite.defaults = "  timeout client 500ms\n";
    suite.exchanges = vec![
        Exchange::new(
            "half a body",
            vec![
                Step::Send(request("POST", "/x", "Content-Length: 10\r\n", "abc")),
                Step::ReadAll,
                Step::AtOrigin(1),
            ],
        )
        .logs(1),
        Exchange::new(
            "half a chunked body",
            vec![
                Step::Send(request("POST", "/x", "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n")),
                Step::ReadAll,
                Step::AtOrigin(1),
            ],
        )
        .logs(1),
    ];
    suite.run();
}

fn tunnel() {
    let mut suite = Suite::new("idle-tunnel");
    suite.backend = "  timeout tunnel 700ms\n";
    suite.scripts = vec![Script::new(
        "/ws",
        "HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
        After::Echo,
    )];
    suite.exchanges = vec![Exchange::new(
        "an idle tunnel",
        vec![
            Step::Send(request("GET", "/ws", "Connection: Upgrade\r\nUpgrade: x\r\n", "")),
            Step::Read("GET"),
            send("hello"),
            Step::Take(5),
            Step::ReadAll,
        ],
    )];
    suite.run();
}

fn queue() {
    let mut suite = Suite::new("queue-timeout");
    suite.backend = "  timeout queue 700ms\n  default-server maxconn 1\n";
    suite.scripts =
        vec![Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Keep).gated()];
    let refused = vec![Step::Occupy, Step::Send(request("GET", "/x", "", "")), Step::Read("GET")];
    let served =
        vec![Step::Occupy, Step::Send(request("GET", "/x", "", "")), Step::OpenGate, Step::Read("GET")];
    suite.exchanges = vec![Exchange::new("too long", refused), Exchange::new("in time", served)];
    suite.run();
}

fn keep_alive() {
    for (name, defaults) in [
        ("idle-keep-alive", "  timeout http-keep-alive 500ms\n"),
        ("idle-client", "  timeout client 500ms\n"),
        ("idle-http-request", "  timeout http-request 500ms\n"),
    ] {
        let mut suite = Suite::new(name);
        suite.defaults = defaults;
        suite.exchanges = vec![Exchange::new(
            "idle",
            vec![send("GET / HTTP/1.1\r\nHost: h\r\n\r\n"), Step::Read("GET"), Step::ReadAll],
        )];
        suite.run();
    }
}
