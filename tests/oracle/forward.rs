//! Messages on their way: heads and bodies in both directions, interim responses, upgrades.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::forward::request_heads_reach_the_origin_as_through_haproxy", heads);
    cases.test("oracle::forward::request_bodies_reach_the_origin_as_through_haproxy", bodies);
    cases.test("oracle::forward::responses_reach_the_client_as_through_haproxy", responses);
    cases.test("oracle::forward::expect_100_continue_is_the_origins_business", continues);
    cases.test("oracle::forward::upgrades_become_tunnels", upgrades);
}

const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";

fn heads() {
    let mut suite = Suite::new("heads");
    #[rustfmt::skip]
    let rows = [
        "", "Connection: close\r\n", "Connection: keep-alive\r\nKeep-Alive: 300\r\n", "Connection: X-Foo, keep-alive\r\nX-Foo: 1\r\n", "Connection: X-Foo\r\nX-Foo: 1\r\nConnection: close, X-Bar\r\n",
        "TE: trailers\r\n", "TE: gzip\r\n", "TE: deflate, trailers\r\nConnection: TE\r\n", "TE: Trailers\r\nTE: trailers;q=1\r\n", "Proxy-Connection: keep-alive\r\nProxy-Authorization: a\r\n", "Upgrade: h2c\r\n", "Trailer: x\r\n", "Cookie: a=b; c=d\r\nCookie: e=f\r\n",
        "Accept-Encoding: gzip\r\nIf-None-Match: \"a\"\r\nRange: bytes=0-1\r\nDate: x\r\nVia: 1.1 y\r\n", "Expect: something\r\n", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n",
    ];
    suite.exchanges = rows.map(|headers| Exchange::get("/x", headers)).to_vec();
    suite.run();
}

fn bodies() {
    let mut suite = Suite::new("bodies");
    let post = |name: &str, headers: &str, body: &str| {
        Exchange::one(name, "POST", request("POST", "/x", headers, body))
    };
    let chunked = "Transfer-Encoding: chunked\r\n";
    let big = "b".repeat(100_000);
    suite.exchanges = vec![
        post("length", "Content-Length: 3\r\n", "abc"),
        post("zero length", "Content-Length: 0\r\n", ""),
        post("100 kB", "Content-Length: 100000\r\n", &big),
        post("chunked", chunked, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"),
        post("chunk extensions", chunked, "3;a=b\r\nabc\r\n2 \r\nde\r\n0;x\r\n\r\n"),
        post(
            "trailers",
            "Transfer-Encoding: chunked\r\nTrailer: X-T\r\n",
            "3\r\nabc\r\n0\r\nX-T: v\r\nY: w\r\n\r\n",
        ),
        post("big chunk", chunked, &format!("186A0\r\n{big}\r\n0\r\n\r\n")),
        Exchange::one("1.0 length", "POST", "POST /x HTTP/1.0\r\nContent-Length: 3\r\n\r\nabc"),
        Exchange::new(
            "body in pieces",
            vec![
                Step::Send(request("POST", "/x", "Content-Length: 6\r\n", "ab")),
                Step::Send(b"cd".to_vec()),
                Step::Send(b"ef".to_vec()),
                Step::Read("POST"),
                Step::Probe,
            ],
        ),
        Exchange::new(
            "two posts at once",
            vec![
                Step::Send([post_bytes("/a", "abc"), post_bytes("/b", "defg")].concat()),
                Step::Read("POST"),
                Step::Read("POST"),
                Step::Probe,
            ],
        ),
    ];
    suite.run();
}

fn post_bytes(target: &str, body: &str) -> Vec<u8> {
    request("POST", target, &format!("Content-Length: {}\r\n", body.len()), body)
}

#[rustfmt::skip]
fn response_scripts() -> Vec<Script> {
    use After::{Close, Keep};
    let s = Script::new;
    vec![
        s("/eof10", "HTTP/1.0 200 OK\r\n\r\nabc", Close), s("/cl10", "HTTP/1.0 200 OK\r\nContent-Length: 3\r\n\r\nabc", Close), s("/ka10", "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3\r\n\r\nabc", Keep),
        s("/eof", "HTTP/1.1 200 OK\r\n\r\nabc", Close), s("/close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", Close),
        s("/chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", Keep),
        s("/trailer", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-T\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX-T: v\r\n\r\n", Keep),
        s("/304", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 5\r\n\r\n", Keep), s("/204", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", Keep), s("/205", "HTTP/1.1 205 Reset\r\nContent-Length: 0\r\n\r\n", Keep),
        s("/hop", "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Foo\r\nKeep-Alive: timeout=5\r\nX-Foo: 1\r\nProxy-Connection: a\r\nTE: t\r\nUpgrade: h2c\r\nDate: d\r\nServer: S\r\nX-FOO: 2\r\nContent-Length: 2\r\n\r\nok", Keep),
        s("/hints", "HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", Keep),
        s("/both", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Keep),
        s("/reason", "HTTP/1.1 299 My  Own Reason\r\nContent-Length: 2\r\n\r\nok", Keep), s("/mute", "HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", Keep),
        s("/500", "HTTP/1.1 500 Oops\r\nContent-Length: 4\r\n\r\nfail", Keep), s("/401", "HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n", Keep),
        s("/cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n", Keep), s("/case", "HTTP/1.1 200 OK\r\nX-CaSe: VaLuE\r\nETAG: W/\"x\"\r\nContent-Length: 0\r\n\r\n", Keep),
    ]
}

fn responses() {
    let mut suite = Suite::new("responses");
    suite.scripts = response_scripts();
    suite.scripts.push(Script::new(
        "/big",
        format!("HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n{}", "r".repeat(300_000)),
        After::Keep,
    ));
    #[rustfmt::skip]
    let targets = [
        "/eof10", "/cl10", "/ka10", "/eof", "/close", "/chunked", "/trailer", "/304", "/204", "/205", "/hop", "/hints", "/both", "/reason", "/mute", "/500", "/401", "/cookies", "/case", "/big",
    ];
    for target in targets {
        let plain = |headers: &str| format!("GET {target} HTTP/1.0\r\n{headers}\r\n");
        suite.exchanges.extend([
            Exchange::get(target, ""),
            Exchange::get(target, "Connection: close\r\n"),
            Exchange::one(format!("1.0 {target}"), "GET", plain("")),
            Exchange::one(format!("1.0 keep-alive {target}"), "GET", plain("Connection: keep-alive\r\n")),
        ]);
        if target != "/hints" {
            suite.exchanges.push(Exchange::one(
                format!("HEAD {target}"),
                "HEAD",
                request("HEAD", target, "", ""),
            ));
        }
    }
    // A response to HEAD has no body, so only heads may be scripted for it.
    for script in [
        "/eof10", "/cl10", "/ka10", "/eof", "/close", "/chunked", "/trailer", "/hop", "/both", "/reason",
        "/mute", "/500", "/big",
    ] {
        suite.exchanges.retain(|e| e.name != format!("HEAD {script}"));
    }
    suite.run();
}

fn continues() {
    let mut suite = Suite::new("continue");
    suite.scripts = vec![
        Script::new("/yes", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Keep)
            .early("HTTP/1.1 100 Continue\r\n\r\n"),
        Script::new("/early", "HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno", After::Stall).without_body(),
    ];
    let expect = |target: &str| request("POST", target, "Expect: 100-continue\r\nContent-Length: 3\r\n", "");
    let with_body = |target: &str| [&expect(target)[..], b"END"].concat();
    suite.exchanges = vec![
        Exchange::new(
            "the origin continues",
            vec![
                Step::Send(expect("/yes")),
                Step::Take(25),
                Step::Send(b"END".to_vec()),
                Step::Read("POST"),
                Step::Probe,
            ],
        ),
        Exchange::one("the body comes at once", "POST", with_body("/yes")),
        Exchange::one("the origin says nothing in between", "POST", with_body("/plain")),
        Exchange::new(
            "the origin refuses",
            vec![Step::Send(expect("/early")), Step::Read("POST"), Step::Close],
        ),
        Exchange::one(
            "HTTP/1.0",
            "POST",
            "POST /plain HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nEND",
        ),
    ];
    suite.run();
}

fn upgrades() {
    let mut suite = Suite::new("upgrades");
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: s\r\n\r\n";
    suite.scripts = vec![
        Script::new("/ws", switch, After::Echo),
        Script::new("/bye", format!("{switch}bye"), After::Close),
        Script::new("/other", switch.replace("websocket", "other"), After::Echo),
        Script::new("/connect:1", "HTTP/1.1 200 Tunnel\r\n\r\n", After::Echo),
    ];
    let tunnel = |name: &str, target: &str, headers: &str| {
        Exchange::new(
            name,
            vec![
                Step::Send(request("GET", target, headers, "")),
                Step::Read("GET"),
                Step::Send(b"hello".to_vec()),
                Step::Take(5),
                Step::Send(b"again".to_vec()),
                Step::Take(5),
                Step::Close,
            ],
        )
    };
    suite.exchanges = vec![
        tunnel("a WebSocket echoes", "/ws", WEBSOCKET),
        tunnel("another protocol echoes", "/other", "Connection: Upgrade\r\nUpgrade: other\r\n"),
        Exchange::new(
            "data right behind the 101",
            vec![Step::Send(request("GET", "/bye", WEBSOCKET, "")), Step::Read("GET"), Step::ReadAll],
        ),
        Exchange::new(
            "the client ends its direction",
            vec![
                Step::Send(request("GET", "/ws", WEBSOCKET, "")),
                Step::Read("GET"),
                Step::Send(b"hello".to_vec()),
                Step::Take(5),
                Step::Finish,
                Step::ReadAll,
            ],
        ),
        Exchange::get("/refused", WEBSOCKET),
        Exchange::get(
            "/refused",
            "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n",
        ),
    ];
    suite.run();
}
