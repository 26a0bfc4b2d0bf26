//! CONNECT: a tunnel through the server that the rules choose, once it has agreed (RFC 9110, 9.3.6).

use super::exchange::{Exchange, Step};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases
        .test("oracle::connect::what_the_server_agrees_to_becomes_a_tunnel", || tunnels("connect", "").run());
    cases.test("oracle::connect::a_server_that_is_to_close_can_open_a_tunnel", || {
        tunnels("connect-close", "  option httpclose\n").run();
    });
    cases.test("oracle::connect::targets_and_hosts_are_judged_as_in_haproxy", targets);
    cases.test("oracle::connect::a_tunnel_ends_as_in_haproxy", ends);
}

fn connect(target: &str, lines: &str) -> Vec<u8> {
    format!("CONNECT {target} HTTP/1.1\r\n{lines}\r\n").into_bytes()
}

/// Says `hello` once the server has agreed, and hears it again.
fn echoed(name: &str, request: Vec<u8>) -> Exchange {
    let steps = vec![
        Step::Send(request),
        Step::Read("CONNECT"),
        Step::Send(b"hello".to_vec()),
        Step::Take(5),
        Step::Finish,
        Step::ReadAll,
    ];
    Exchange::new(name, steps)
}

fn tunnels(name: &'static str, defaults: &'static str) -> Suite {
    let mut suite = Suite::new(name);
    suite.defaults = defaults;
    suite.frontend = "  option forwardfor\n  http-request return status 200 content-type a/b string no if { url own:443 }\n  \
         http-request deny if { url deny:443 }\n"
        .to_owned();
    suite.scripts = scripts();
    let host = |name: &str| format!("Host: {name}\r\n");
    for name in ["bare", "length", "chunked", "empty", "old", "close", "kept", "interim"] {
        suite.exchanges.push(echoed(name, connect(&format!("{name}:443"), &host(name))));
    }
    let asked = |name: &str, lines: &str| echoed(name, connect("bare:443", &(host("bare") + lines)));
    suite.exchanges.extend([
        asked(
            "lines about the hop",
            "Connection: close, x\r\nProxy-Authorization: a\r\nUpgrade: y\r\nTE: z\r\n",
        ),
        asked("expect", "Expect: 100-continue\r\n"),
        asked("a length of nothing", "Content-Length: 0\r\n"),
        echoed("1.0", b"CONNECT bare:443 HTTP/1.0\r\n\r\n".to_vec()),
        asked("another protocol is agreed to", "Connection: upgrade\r\nUpgrade: x\r\nX: switch\r\n"),
    ]);
    let early = [connect("bare:443", &host("bare")), b"hel".to_vec()].concat();
    let rest = vec![
        Step::Send(early),
        Step::Read("CONNECT"),
        Step::Take(3),
        Step::Send(b"lo".to_vec()),
        Step::Take(2),
    ];
    suite.exchanges.push(Exchange::new("what comes before the answer", rest));
    let counted = [connect("bare:443", "Content-Length: 3\r\n"), b"hel".to_vec()].concat();
    let rest = vec![
        Step::Send(counted),
        Step::Read("CONNECT"),
        Step::Take(3),
        Step::Send(b"lo".to_vec()),
        Step::Take(2),
    ];
    suite.exchanges.push(Exchange::new("a length is the tunnel's", rest));
    for name in ["refused", "refused-close", "redirect", "unasked", "silent", "own", "deny"] {
        let request = connect(&format!("{name}:443"), &host(name));
        suite.exchanges.push(Exchange::one(name, "GET", request));
        let old = format!("CONNECT {name}:443 HTTP/1.0\r\n\r\n");
        suite.exchanges.push(Exchange::one(format!("1.0 {name}"), "GET", old));
    }
    suite
}

fn scripts() -> Vec<Script> {
    let tunnel = |path, lines: &str| Script::new(path, format!("HTTP/1.1 {lines}\r\n\r\n"), After::Echo);
    let answer = |path, lines: &str, after| Script::new(path, format!("HTTP/1.1 {lines}\r\n\r\n"), after);
    vec![
        tunnel("bare", "200 OK"),
        tunnel("length", "200 OK\r\nContent-Length: 9"),
        tunnel("chunked", "299 Fine\r\nTransfer-Encoding: chunked"),
        tunnel("empty", "204 No Content"),
        Script::new("old", "HTTP/1.0 200 Old\r\nX: y\r\n\r\n", After::Echo),
        tunnel("kept", "200 OK\r\nConnection: keep-alive, u\r\nKeep-Alive: 5"),
        tunnel("interim", "103 Wait\r\nA: b\r\n\r\nHTTP/1.1 200 OK"),
        answer("refused-close", "407 No\r\nConnection: close\r\nContent-Length: 0", After::Close),
        answer("close", "200 OK\r\nConnection: close", After::Echo),
        answer("refused", "405 No\r\nContent-Length: 2\r\n\r\nno", After::Keep),
        answer(
            "redirect",
            "302 Over There\r\nLocation: /\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0",
            After::Keep,
        ),
        answer("unasked", "101 Switching\r\nConnection: Upgrade\r\nUpgrade: x", After::Keep),
        Script::new("silent", "", After::Close),
    ]
}

fn targets() {
    let mut suite = Suite::new("connect-targets");
    suite.scripts = vec![Script::new("", "HTTP/1.1 200 OK\r\n\r\n", After::Echo)];
    for (target, host) in [
        ("h:443", "h:443"),
        ("H:443", "h"),
        ("h:80", "h:80"),
        ("h:8443", "h:8443"),
        ("h:8443", "h"),
        ("h:443", "h:80"),
        ("h:443", "g"),
        ("h:443", ""),
        ("[::1]:443", "[::1]:443"),
        ("[::1]:443", "[::1]"),
        ("h", "h"),
        ("h:", "h"),
        (":443", "h"),
        ("/x", "h"),
        ("*", "h"),
        ("http://h/x", "h"),
        ("h:x", "h:x"),
        ("h:443?x", "h"),
        ("h:443/x", "h:443/x"),
        ("u@h:443", "u@h:443"),
        ("h:443/x", "h"),
        ("u@h:443", "h"),
    ] {
        let request = connect(target, &format!("Host: {host}\r\n"));
        let steps = vec![Step::Send(request), Step::Read("CONNECT"), Step::Finish, Step::ReadAll];
        suite.exchanges.push(Exchange::new(format!("{target} at <{host}>"), steps));
    }
    suite.exchanges.push(echoed("no host", connect("h:443", "")));
    suite.exchanges.push(echoed("a coding", connect("h:443", "Host: h\r\nTransfer-Encoding: chunked\r\n")));
    suite.run();
}

fn ends() {
    let mut suite = Suite::new("connect-ends");
    suite.defaults = "  timeout tunnel 700ms\n";
    suite.scripts = vec![
        Script::new("bye", "HTTP/1.1 200 OK\r\n\r\nbye", After::Close),
        Script::new("echo", "HTTP/1.1 200 OK\r\n\r\n", After::Echo),
    ];
    let open = |name: &str, target: &str, rest: &[Step]| {
        let request = connect(target, "");
        Exchange::new(name, [&[Step::Send(request), Step::Read("CONNECT")], rest].concat())
    };
    suite.exchanges = vec![
        open("the server says all", "bye:443", &[Step::ReadAll]),
        open("the client says all", "echo:443", &[Step::Finish, Step::ReadAll]),
        open("nobody says anything", "echo:443", &[Step::ReadAll]),
        open("the client resets", "echo:443", &[Step::Send(b"a".to_vec()), Step::Take(1), Step::Reset]),
    ];
    suite.run();
}
