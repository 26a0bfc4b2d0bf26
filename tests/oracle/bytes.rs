//! Bytes: what the origin and the client receive is what they would from HAProxy.
//!
//! Where stock Pingora differs from HAProxy (section 4 of the notes on Pingora), and the exchanges that hold the gateway
//! to HAProxy's bytes; `suite/exchange` as in `differences.toml`:
//!
//! | input | exchanges |
//! |---|---|
//! | duplicate identical Host | `odd-requests/same host twice`, against `broken-requests/two hosts` |
//! | duplicate identical Content-Length, direct response | `own-answers/same length twice` |
//! | obsolete line folding | `odd-requests/obs-fold`, `broken-requests/fold first`, `answers/fold*` |
//! | NUL in a value | `request-bytes/NUL in a value` (differs), `answers/NUL in a value` (differs) |
//! | other control characters in a value | `odd-requests/control character in a value` (differs), `answers/control character in a value` (differs) |
//! | 110 headers | `sizes/100 headers`, `sizes/101 headers`, `sizes/110 headers`, `answers/110 headers` |
//! | 20 KB header | `sizes/20000 byte header` (differs: 431), `answers/20000 byte header` |
//! | a space in the URI | `broken-requests/space in URI` |
//! | `<`, `>`, `"` in the URI | `odd-requests/fragmented URI characters` |
//! | `HTTP/1.2`, `HTTP/2.0` in the request line | `odd-requests/HTTP/1.2`, `request-bytes/HTTP/2.0`, `answers/HTTP/1.2` |
//! | CONNECT | `connect*/*` |
//! | a pipelined second request | `pipelining/*`, `own-answers/a request behind a body` |
//! | half-close by the client | `pipelining/FIN after the request`, `client-failures/FIN *` |
//! | `Connection: X-Forwarded-For` | `request-bytes/Connection names *` |
//! | HTTP/1.0 client, close-delimited response | `responses/1.0 /eof`, `answers/1.0 *` |
//! | HTTP/1.0 close-delimited response, 1.1 client | `responses/GET /eof10` |
//! | HTTP/1.0 request | `keep-alive/1.0 *`, `bodies/1.0 length`, `request-bytes/1.0 *` |
//! | chunked trailers | `bodies/trailers`, `responses/GET /trailer`, `answers/* trailers` |
//! | partial head, silent connection | `slow-head*/nothing`, `slow-head*/half a head` |
//!
//! And the rest of what must stay as it was:
//!
//! | subject | exchanges |
//! |---|---|
//! | names and order of lines | `odd-requests/case of names`, `heads/*`, `responses/* /case`, `responses/* /cookies` |
//! | `Date` and `Server` | `responses/* /hop`, `answers/two dates` |
//! | `Connection` only where needed | `keep-alive/*`, `httpclose/*`, `http-server-close/*` and the other modes |
//! | `Expect` | `continue/*`, `heads/* Expect: something` |
//! | 1xx | `responses/* /hints`, `answers/*interim*`, `answers/an unasked 100` |
//! | HEAD | `responses/HEAD *`, `head-answers/*` |
//! | 204, 304 | `responses/* /204`, `responses/* /304`, `answers/204 *`, `answers/304 *` |
//! | `OPTIONS *`, absolute form | `odd-requests/OPTIONS *`, `odd-requests/absolute*`, `broken-requests/absolute against host` |
//! | chunk extensions | `bodies/chunk extensions`, `responses/* /trailer`, `answers/chunk extensions` |
//! | a body with GET, HEAD or DELETE | `any-payload-*/*` |
//! | `upgrade` where nothing is upgraded | `request-bytes/upgrade *`, `answers/* upgrade*` |
//! | early answers | `early-answers/*`, `continue/the origin refuses` |
//! | bodies cut short | `client-failures/*`, `origin-failures/*short`, `timeouts` on either side |
//! | `Upgrade` | `upgrades/*`, `idle-tunnel/*`, `answers/an unasked 101` |

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::bytes::odd_requests_reach_the_origin_as_through_haproxy", requests);
    cases.test("oracle::bytes::bodies_where_old_servers_look_for_none", payloads);
    cases.test("oracle::bytes::odd_answers_reach_the_client_as_through_haproxy", || answers("GET").run());
    cases.test("oracle::bytes::answers_to_head_reach_the_client_as_through_haproxy", || {
        answers("HEAD").run();
    });
    cases.test("oracle::bytes::answers_of_our_own_leave_the_connection_as_in_haproxy", own);
    cases.test("oracle::bytes::early_answers_pass_as_through_haproxy", early);
}

fn requests() {
    let mut suite = Suite::new("request-bytes");
    suite.frontend = "  option forwardfor\n".to_owned();
    let get = |name: &str, bytes: &str| Exchange::one(name, "GET", bytes);
    #[rustfmt::skip]
    let rows = vec![
        get("NUL in a value", "GET /x HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"),
        get("HTTP/2.0", "GET /x HTTP/2.0\r\nHost: h\r\n\r\n"),
        get("1.0 without anything", "GET /x HTTP/1.0\r\n\r\n"),
        get("1.0 with a host", "GET /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n"),
        get("1.0 absolute", "GET http://h/x HTTP/1.0\r\n\r\n"),
        get("Connection names a line that is added", "GET /x HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For\r\n\r\n"),
        get("Connection names a line that is there", "GET /x HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nConnection: X-Forwarded-For\r\n\r\n"),
        get("Connection names the host", "GET /x HTTP/1.1\r\nHost: h\r\nConnection: Host, Content-Length, close\r\n\r\n"),
        get("Connection in three lines", "GET /x HTTP/1.1\r\nConnection: a\r\nHost: h\r\nConnection: keep-alive, b\r\nA: 1\r\nConnection:\r\nB: 2\r\n\r\n"),
        get("upgrade named alone", "GET /x HTTP/1.1\r\nHost: h\r\nConnection: a, upgrade\r\n\r\n"),
        get("upgrade named beside close", "GET /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade, close\r\n\r\n"),
        get("upgrade of HTTP/1.0", "GET /x HTTP/1.0\r\nHost: h\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n"),
        get("upgrade of HTTP/1.0 with a body", "POST /x HTTP/1.0\r\nHost: h\r\nUpgrade: x\r\nConnection: upgrade\r\nContent-Length: 1\r\n\r\na"),
        get("upgrade with chunks", "POST /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade, a\r\nUpgrade: x, y\r\nUpgrade: z\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        get("upgrade with a body of nothing", "POST /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade, a\r\nUpgrade: x\r\nContent-Length: 0\r\n\r\n"),
        get("upgrade with a body", "POST /x HTTP/1.1\r\nHost: h\r\nConnection: upgrade, a\r\nUpgrade: x\r\nContent-Length: 1\r\n\r\na"),
        get("the host comes last", "GET /x HTTP/1.1\r\nB: 1\r\nA: 2\r\nB: 3\r\nHost: h\r\n\r\n"),
        get("a host in capitals", "GET /x HTTP/1.1\r\nHost: H.Test:80\r\n\r\n"),
        get("absolute https", "GET https://h/x HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("absolute without a path", "GET http://h HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("absolute with a query alone", "GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("a query of anything", "GET /x?a=b&c=%00&d=%zz&?/:@!$'()*+,; HTTP/1.1\r\nHost: h\r\n\r\n"),
        get("a fold with nothing in it", "GET /x HTTP/1.1\r\nHost: h\r\nX: a\r\n \r\n\tb\r\n\r\n"),
        Exchange::one("PUT", "PUT", request("PUT", "/x", "Content-Length: 3\r\nContent-Type: a/b\r\n", "abc")),
        Exchange::one("chunked and gzip as content", "POST", request("POST", "/x", "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n")),
        Exchange::one("chunked by HTTP/1.0", "POST", "POST /x HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"),
        Exchange::one("trailers that nobody announced", "POST", request("POST", "/x", "Transfer-Encoding: chunked\r\n", "1\r\na\r\n0\r\nX-A: 1\r\nx-b:2\r\nX-A:  3 \r\n\r\n")),
    ];
    suite.exchanges = rows;
    suite.run();
}

/// An old server may take the body of such a request for another one.
fn payloads() {
    for (name, global) in
        [("any-payload-no", ""), ("any-payload-yes", "  h1-accept-payload-with-any-method\n")]
    {
        let mut suite = Suite::new(name);
        suite.global = global;
        for (method, version, length) in ["GET", "HEAD", "DELETE", "OPTIONS", "get", "POST"]
            .into_iter()
            .flat_map(|method| ["1.0", "1.1"].map(|version| (method, version)))
            .flat_map(|(method, version)| [0, 3].map(|length| (method, version, length)))
        {
            suite.exchanges.push(Exchange::one(
                format!("{method} {version} with {length} bytes"),
                method,
                format!(
                    "{method} /x HTTP/{version}\r\nHost: h\r\nContent-Length: {length}\r\n\r\n{}",
                    &"abc"[..length]
                ),
            ));
        }
        suite.run();
    }
}

#[rustfmt::skip]
fn scripts() -> Vec<(&'static str, String, After)> {
    use After::{Close, Keep};
    let lines = |lines: &str, body: &str| format!("HTTP/1.1 200 OK\r\n{lines}\r\n{body}");
    let one = |line: &str| lines(&format!("{line}\r\nContent-Length: 2\r\n"), "ok");
    let many = |n: usize| (0..n).map(|i| format!("X{i}: a\r\n")).collect::<String>();
    vec![
        ("fold", one("X: a\r\n  b"), Keep),
        ("fold first", lines(" X: a\r\nContent-Length: 2\r\n", "ok"), Close),
        ("fold of a length", lines("Content-Length:\r\n 2\r\n", "ok"), Keep),
        ("bare LF", "HTTP/1.1 200 OK\nX: a\nContent-Length: 2\n\nok".into(), Keep),
        ("leading CRLF", format!("\r\n{}", one("X: a")), Close),
        ("NUL in a value", one("X: a\0b"), Close),
        ("control character in a value", one("X: a\u{1}b"), Close),
        ("UTF-8 in a value", one("X: \u{e9}"), Keep),
        ("space before colon", one("X : a"), Close),
        ("no colon", one("X"), Close),
        ("empty values and blanks", one("X:\r\nY:   z  \t"), Keep),
        ("same length twice", lines("Content-Length: 2\r\nContent-Length: 2\r\n", "ok"), Keep),
        ("same length in a list", lines("Content-Length: 2, 2\r\n", "ok"), Keep),
        ("signed length", lines("Content-Length: +2\r\n", "ok"), Close),
        ("empty length", lines("Content-Length:\r\n", "ok"), Close),
        ("gzip, chunked", lines("Transfer-Encoding: gzip, chunked\r\n", "2\r\nok\r\n0\r\n\r\n"), Close),
        ("an empty coding", lines("Transfer-Encoding:\r\nContent-Length: 2\r\n", "ok"), Close),
        ("gzip", lines("Transfer-Encoding: gzip\r\n", "ok"), Close),
        ("chunked twice", lines("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\n\r\n"), Close),
        ("Chunked", lines("Transfer-Encoding: Chunked\r\n", "2\r\nok\r\n0\r\n\r\n"), Keep),
        ("chunk extensions", lines("Transfer-Encoding: chunked\r\n", "2;a=\"b\"\r\nok\r\n0;c\r\n\r\n"), Keep),
        ("unannounced trailers", lines("Transfer-Encoding: chunked\r\n", "2\r\nok\r\n0\r\nX-A: 1\r\nx-b:2\r\n\r\n"), Keep),
        ("an empty chunked body", lines("Transfer-Encoding: chunked\r\n", "0\r\n\r\n"), Keep),
        ("HTTP/1.2", "HTTP/1.2 200 OK\r\nContent-Length: 2\r\n\r\nok".into(), Keep),
        ("HTTP/2.0", "HTTP/2.0 200 OK\r\nContent-Length: 2\r\n\r\nok".into(), Close),
        ("1.0 chunked", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".into(), Close),
        ("lower case protocol", "http/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".into(), Close),
        ("another protocol", "RTSP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok".into(), Close),
        ("four digits", "HTTP/1.1 2000 OK\r\nContent-Length: 2\r\n\r\nok".into(), Close),
        ("status 999", "HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok".into(), Keep),
        ("8 bits in the reason", "HTTP/1.1 200 \u{e9}\u{e8}\r\nContent-Length: 2\r\n\r\nok".into(), Keep),
        ("two dates", one("Date: a\r\nServer: b\r\nDate: c\r\nServer: d"), Keep),
        ("Connection close", one("Connection: close"), Close),
        ("Connection names a line", one("Connection: X-A, keep-alive\r\nX-A: 1\r\nKeep-Alive: timeout=3"), Keep),
        ("an offer to upgrade", one("Upgrade: h2,h2c\r\nConnection: Upgrade"), Keep),
        ("an offer to upgrade and Keep-Alive", one("Upgrade: h2c\r\nConnection: Upgrade, Keep-Alive"), Keep),
        ("upgrade beside close", one("Connection: close, upgrade"), Close),
        ("te", one("TE: deflate\r\nTE: gzip, trailers"), Keep),
        ("close-delimited", lines("X: a\r\n", "until the end"), Close),
        ("two interim", format!("HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\nLink: b\r\n\r\n{}", one("X: a")), Keep),
        ("interim with a length", format!("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n{}", one("X: a")), Keep),
        ("an unasked 100", format!("HTTP/1.1 100 Continue\r\n\r\n{}", one("X: a")), Keep),
        ("an unasked 101", "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n".into(), Close),
        ("204 with a length", "HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n".into(), Keep),
        ("204 with a coding", "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n".into(), Close),
        ("304 with a coding", "HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nETag: \"a\"\r\n\r\n".into(), Close),
        ("304 with nothing", "HTTP/1.1 304 Not Modified\r\n\r\n".into(), Keep),
        ("100 headers", lines(&format!("{}Content-Length: 2\r\n", many(99)), "ok"), Keep),
        ("110 headers", lines(&format!("{}Content-Length: 2\r\n", many(109)), "ok"), Close),
        ("14000 byte header", one(&format!("X: {}", "a".repeat(14_000))), Keep),
        ("20000 byte header", one(&format!("X: {}", "a".repeat(20_000))), Close),
    ]
}

/// A target that only this row has.
fn target(number: usize) -> String {
    format!("/row-{number:03}")
}

fn answers(method: &'static str) -> Suite {
    let head = method == "HEAD";
    let mut suite = Suite::new(if head { "head-answers" } else { "answers" });
    suite.backend = "  retries 0\n";
    for (number, (name, answer, after)) in scripts().into_iter().enumerate() {
        // An answer to HEAD ends with its head.
        let end = answer.find("\r\n\r\n").filter(|_| head).map_or(answer.len(), |at| at + 4);
        let answer = if name.contains("interim") || name.contains("unasked") {
            answer
        } else {
            answer[..end].to_owned()
        };
        if head
            && (name.contains("interim")
                || name.contains("unasked")
                || name == "bare LF"
                || name == "leading CRLF")
        {
            continue;
        }
        let target: &'static str = Box::leak(target(number).into_boxed_str());
        suite.scripts.push(Script::new(target, answer, after));
        suite.exchanges.push(Exchange::one(name, method, request(method, target, "", "")));
        if !head {
            suite.exchanges.push(Exchange::one(
                format!("1.0 {name}"),
                "GET",
                format!("GET {target} HTTP/1.0\r\n\r\n"),
            ));
        }
    }
    suite
}

/// A request that a rule answers may have a body, which is passed over, and another request behind it.
fn own() {
    let mut suite = Suite::new("own-answers");
    suite.frontend = "  http-request return status 200 content-type a/b string own if { path /own }\n  \
                      http-request deny if { path /deny }\n  http-request redirect location /to if { path /go }\n"
        .to_owned();
    let post = |target: &str, headers: &str, body: &str| request("POST", target, headers, body);
    for target in ["/own", "/deny", "/go"] {
        let name = |what: &str| format!("{what} {target}");
        suite.exchanges.extend([
            Exchange::one(
                name("same length twice"),
                "POST",
                post(target, "Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
            ),
            Exchange::one(
                name("a chunked body"),
                "POST",
                post(target, "Transfer-Encoding: chunked\r\n", "3\r\nabc\r\n0\r\n\r\n"),
            ),
            Exchange::one(name("HEAD"), "HEAD", request("HEAD", target, "", "")),
            Exchange::one(name("1.0"), "GET", format!("GET {target} HTTP/1.0\r\n\r\n")),
            Exchange::new(
                name("a request behind a body"),
                vec![
                    Step::Send(
                        [post(target, "Content-Length: 3\r\n", "abc"), request("GET", "/x", "", "")].concat(),
                    ),
                    Step::Read("POST"),
                    Step::Read("GET"),
                    Step::Probe,
                ],
            ),
        ]);
    }
    suite.run();
}

/// An origin may answer before it has read everything, or anything.
fn early() {
    let mut suite = Suite::new("early-answers");
    let answer = |line: &str| format!("HTTP/1.1 413 Big\r\nContent-Length: 3\r\n{line}\r\nbig");
    suite.scripts = vec![
        Script::new("/keep", answer(""), After::Stall).without_body(),
        Script::new("/close", answer("Connection: close\r\n"), After::Stall).without_body(),
    ];
    for target in ["/keep", "/close"] {
        let head = |length: usize| request("POST", target, &format!("Content-Length: {length}\r\n"), "");
        suite.exchanges.push(Exchange::new(
            format!("{target} before the body"),
            vec![Step::Send(head(3)), Step::Read("POST"), Step::Close],
        ));
        suite.exchanges.push(Exchange::new(
            format!("{target} in the body"),
            vec![
                Step::Send([head(6), b"abc".to_vec()].concat()),
                Step::Read("POST"),
                Step::Send(b"def".to_vec()),
                Step::Close,
            ],
        ));
    }
    suite.run();
}
