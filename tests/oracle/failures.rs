//! Failures on either side: what the client gets, which flags are logged, which connection stays.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::failures::origin_failures_give_haproxys_answer_and_flags", origin);
    cases.test("oracle::failures::client_failures_give_haproxys_flags", client);
    cases.test("oracle::failures::abortonclose_gives_up_a_request_whose_client_left", abortonclose);
    cases.test("oracle::failures::refused_connections_are_retried_and_reported", refused);
    cases.test("oracle::failures::redispatch_takes_another_server", redispatch);
}

#[rustfmt::skip]
fn origin_scripts() -> Vec<Script> {
    let s = Script::new;
    vec![
        s("/empty", "", After::Close), s("/reset", "", After::Reset), s("/junk", "junk\r\n\r\n", After::Close), s("/badheader", "HTTP/1.1 200 OK\r\nbad header: x\r\nContent-Length: 0\r\n\r\n", After::Close),
        s("/half", "HTTP/1.1 200 OK\r\nContent-Le", After::Close), s("/short", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", After::Close), s("/cshort", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", After::Close),
        s("/badchunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", After::Stall), s("/badlength", "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", After::Close),
        s("/twolengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", After::Close), s("/status", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", After::Close), s("/http9", "HTTP/9 200 OK\r\n\r\n", After::Close),
        Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Keep).gated(),
        s("/stall", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", After::Stall),
        Script::new("/unread", "HTTP/1.1 413 Big\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbig", After::Close).without_body(),
    ]
}

fn origin() {
    let mut suite = Suite::new("origin-failures");
    suite.backend = "  retries 0\n";
    suite.scripts = origin_scripts();
    let targets = [
        "/empty",
        "/reset",
        "/junk",
        "/badheader",
        "/half",
        "/badlength",
        "/twolengths",
        "/status",
        "/http9",
    ];
    for target in targets {
        suite.exchanges.push(Exchange::get(target, ""));
        suite.exchanges.push(Exchange::one(
            format!("POST {target}"),
            "POST",
            request("POST", target, "Content-Length: 3\r\n", "abc"),
        ));
    }
    for target in ["/empty", "/reset", "/junk"] {
        let steps = vec![
            Step::Send(request("GET", "/x", "", "")),
            Step::Read("GET"),
            Step::Send(request("POST", target, "Content-Length: 3\r\n", "abc")),
            Step::Read("POST"),
        ];
        suite.exchanges.push(Exchange::new(format!("{target} after another request"), steps));
    }
    for target in ["/short", "/cshort", "/badchunk"] {
        let steps = vec![Step::Send(request("GET", target, "", "")), Step::Read("GET"), Step::ReadAll];
        suite.exchanges.push(Exchange::new(target, steps));
    }
    suite.run();
}

fn client() {
    let mut suite = Suite::new("client-failures");
    suite.scripts = origin_scripts();
    let get = |target: &str| Step::Send(request("GET", target, "", ""));
    let partial = || Step::Send(request("POST", "/x", "Content-Length: 10\r\n", "abc"));
    suite.exchanges = vec![
        Exchange::new("resets while the origin sends", vec![get("/stall"), Step::Take(10), Step::Reset])
            .logs(1),
        Exchange::new("closes while the origin sends", vec![get("/stall"), Step::Take(10), Step::Close])
            .logs(1),
        Exchange::new(
            "FIN in its body",
            vec![partial(), Step::HeadAtOrigin, Step::Finish, Step::ReadAll, Step::AtOrigin(1)],
        )
        .logs(1),
        Exchange::new(
            "reset in its body",
            vec![partial(), Step::HeadAtOrigin, Step::Reset, Step::AtOrigin(1)],
        )
        .logs(1),
        Exchange::new(
            "FIN while the origin works",
            vec![
                get("/gate"),
                Step::AtOrigin(1),
                Step::Finish,
                Step::OpenGate,
                Step::Read("GET"),
                Step::ReadAll,
            ],
        ),
        Exchange::new("connects and leaves", vec![Step::Close]).logs(1),
        Exchange::new("connects and resets", vec![Step::Reset]).logs(1),
        Exchange::new("leaves in its head", vec![Step::Send(b"GET / HT".to_vec()), Step::Close]).logs(1),
        Exchange::new("leaves after keep-alive", vec![get("/x"), Step::Read("GET"), Step::Close]),
    ];
    suite.run();
    let mut quiet = Suite::new("dontlognull");
    quiet.defaults = "  option dontlognull\n";
    quiet.exchanges = vec![
        Exchange::new("connects and leaves", vec![Step::Finish, Step::ReadAll]).logs(0),
        Exchange::new(
            "leaves in its head",
            vec![Step::Send(b"GET / HT".to_vec()), Step::Finish, Step::ReadAll],
        )
        .logs(1),
    ];
    quiet.run();
}

fn abortonclose() {
    let mut suite = Suite::new("abortonclose");
    suite.defaults = "  option abortonclose\n";
    suite.scripts = origin_scripts();
    let ask = || Step::Send(request("GET", "/gate", "", ""));
    suite.exchanges = vec![
        Exchange::new(
            "FIN while the origin works",
            vec![ask(), Step::AtOrigin(1), Step::Finish, Step::ReadAll],
        )
        .logs(1),
    ];
    suite.run();
    // The frontend has to look, and the backend to mind: with one of them alone the request goes on.
    let one_sided = [
        ("abortonclose-backend", "", "  option abortonclose\n"),
        ("abortonclose-frontend", "  option abortonclose\n", "  no option abortonclose\n"),
    ];
    for (name, defaults, backend) in one_sided {
        let mut suite = Suite::new(name);
        (suite.defaults, suite.backend) = (defaults, backend);
        suite.scripts = origin_scripts();
        let fin = vec![ask(), Step::AtOrigin(1), Step::Finish, Step::OpenGate, Step::Read("GET")];
        suite.exchanges = vec![Exchange::new("FIN while the origin works", fin)];
        suite.run();
    }
}

fn refused() {
    let mut suite = Suite::new("refused");
    suite.fallback = "default_backend dead";
    suite.frontend = "  use_backend never if { path /never }\n".to_owned();
    suite.more = "
backend dead
  retries 2
  timeout connect 50ms
  server d 127.0.0.1:1
backend never
  retries 0
  server d 127.0.0.1:1
";
    suite.exchanges = vec![
        Exchange::get("/dead", ""),
        Exchange::get("/never", ""),
        Exchange::one("POST", "POST", request("POST", "/never", "Content-Length: 2\r\n", "ab")),
    ];
    suite.run();
}

fn redispatch() {
    let mut suite = Suite::new("redispatch");
    suite.backend = "  option redispatch\n  retries 1\n  balance roundrobin\n  server d 127.0.0.1:1\n";
    suite.exchanges = vec![
        Exchange::get("/x", ""),
        Exchange::one("POST", "POST", request("POST", "/x", "Content-Length: 2\r\n", "ab")),
    ];
    suite.run();
}
