//! Who keeps a connection and who closes it: HTTP/1.0 and 1.1, `option httpclose`, `http-server-close`,
//! pipelining, half-closed clients.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::connection::keep_alive_is_the_default", || modes("keep-alive", "", "").run());
    cases.test("oracle::connection::httpclose_closes_both_sides", || {
        modes("httpclose", "  option httpclose\n", "").run();
    });
    cases.test("oracle::connection::httpclose_of_a_backend_closes_the_server_side", || {
        modes("backend-httpclose", "", "  option httpclose\n").run();
    });
    cases.test("oracle::connection::http_server_close_keeps_the_client_side", || {
        modes("http-server-close", "  option http-server-close\n", "").run();
    });
    cases.test("oracle::connection::http_keep_alive_can_be_asked_for_again", || {
        modes("http-keep-alive", "  option httpclose\n  no option httpclose\n  option http-keep-alive\n", "")
            .run();
    });
    cases.test("oracle::connection::pipelined_requests_are_answered_in_order", pipelining);
}

fn modes(name: &'static str, defaults: &'static str, backend: &'static str) -> Suite {
    let mut suite = Suite::new(name);
    suite.defaults = defaults;
    suite.backend = backend;
    suite.frontend =
        "  http-request deny if { path /deny }\n  http-request return status 200 if { path /own }\n"
            .to_owned();
    suite.scripts = vec![
        Script::new("/cl10", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", After::Close),
        Script::new(
            "/chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
            After::Keep,
        ),
        Script::new("/eof", "HTTP/1.1 200 OK\r\n\r\nabc", After::Close),
        Script::new(
            "/close",
            "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
            After::Close,
        ),
        Script::new(
            "/ws",
            "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n",
            After::Echo,
        ),
    ];
    let v10 = |target: &str, headers: &str| format!("GET {target} HTTP/1.0\r\n{headers}\r\n");
    for target in ["/x", "/cl10", "/chunked", "/eof", "/close", "/deny", "/own"] {
        suite.exchanges.extend([
            Exchange::get(target, ""),
            Exchange::get(target, "Connection: close\r\n"),
            Exchange::get(target, "Connection: keep-alive\r\n"),
            Exchange::one(format!("1.0 {target}"), "GET", v10(target, "")),
            Exchange::one(
                format!("1.0 keep-alive {target}"),
                "GET",
                v10(target, "Connection: Keep-Alive\r\n"),
            ),
            Exchange::one(
                format!("POST {target}"),
                "POST",
                request("POST", target, "Content-Length: 2\r\n", "ab"),
            ),
        ]);
    }
    suite.exchanges.push(Exchange::new(
        "upgrade",
        vec![
            Step::Send(request("GET", "/ws", "Connection: Upgrade\r\nUpgrade: x\r\n", "")),
            Step::Read("GET"),
            Step::Send(b"hello".to_vec()),
            Step::Take(5),
            Step::Close,
        ],
    ));
    suite
}

fn pipelining() {
    let mut suite = Suite::new("pipelining");
    suite.frontend = "  http-request deny if { path /deny }\n".to_owned();
    let all = |targets: &[&str]| targets.iter().flat_map(|t| request("GET", t, "", "")).collect::<Vec<u8>>();
    let read = |n: usize| vec![Step::Read("GET"); n];
    let steps = |targets: &[&str], mut end: Vec<Step>| {
        let mut steps = vec![Step::Send(all(targets))];
        steps.extend(read(targets.len()));
        steps.append(&mut end);
        steps
    };
    suite.exchanges = vec![
        Exchange::new("three", steps(&["/a", "/b", "/c"], vec![Step::Probe])),
        Exchange::new("a denial between", steps(&["/a", "/deny", "/c"], vec![Step::Probe])),
        Exchange::new(
            "FIN after the request",
            vec![Step::Send(all(&["/a"])), Step::Finish, Step::Read("GET"), Step::ReadAll],
        ),
        Exchange::new(
            "one after the other",
            vec![
                Step::Send(all(&["/a"])),
                Step::Read("GET"),
                Step::Send(all(&["/b"])),
                Step::Read("GET"),
                Step::Send(request("POST", "/c", "Content-Length: 2\r\n", "xy")),
                Step::Read("POST"),
                Step::Probe,
            ],
        ),
        Exchange::new(
            "close in the middle",
            vec![
                Step::Send(
                    [all(&["/a"]), request("GET", "/b", "Connection: close\r\n", ""), all(&["/c"])].concat(),
                ),
                Step::Read("GET"),
                Step::Read("GET"),
                Step::ReadAll,
            ],
        ),
    ];
    suite.run();
}
