//! Request smuggling: whatever a client sends, an origin of any strictness sees the requests that the gateway saw,
//! or the gateway refuses: 400, the connection closed, a log line with `PR--`.
//!
//! Each row hides a request for `/hidden` behind a disagreement that has been described in public: which of two lengths
//! counts, what is a coding, where a line ends (RFC 9112, 6.3 and 11.2). [`http2`] has what HTTP/2 can say and HTTP/1
//! cannot.

mod http2;
mod origin;

use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::eventually;
use crate::support::subject::{Config, Kind, Subject, kind};
use origin::{READERS, Recorder};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("smuggling::no_two_readers_disagree_on_where_a_request_ends", all);
    cases.test("smuggling::what_is_refused_is_logged_counted_and_closed", refused);
    cases.test("smuggling::hop_by_hop_lines_do_not_cross", hop_by_hop);
    http2::cases(cases);
}

const CONFIG: &str = r#"
global
  log stdout format raw local0
  nbthread 1
  stats socket "fd@${CLI}"
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout client 2s
  timeout server 2s
frontend front
  bind "fd@${FRONT}"
  default_backend back
backend back
  server s "${ORIGIN}"
"#;

fn start() -> (Subject, Recorder) {
    let (recorder, addr) = Recorder::start();
    (Config::new(CONFIG).bind("FRONT").bind("CLI").var("ORIGIN", addr).start(), recorder)
}

/// What the hidden request looks like to who reads the message as ending before it.
const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nHost: h\r\nX-Y: ";

/// A POST with these lines and this body.
fn post(lines: &str, body: &str) -> Vec<u8> {
    format!("POST /open HTTP/1.1\r\nHost: h\r\n{lines}\r\n{body}").into_bytes()
}

/// A chunked body that ends at once, before the hidden request.
fn ended() -> String {
    format!("0\r\n\r\n{HIDDEN}")
}

/// A chunk that holds the hidden request.
fn held() -> String {
    format!("{:x}\r\n{HIDDEN}\r\n0\r\n\r\n", HIDDEN.len())
}

#[rustfmt::skip]
fn rows() -> Vec<(&'static str, Vec<u8>)> {
    let chunked = "Transfer-Encoding: chunked\r\n";
    let length = |value: &str| format!("Content-Length: {value}\r\n");
    let whole = length(&ended().len().to_string());
    let mut rows = vec![
        ("CL.TE", post(&format!("{whole}{chunked}"), &ended())),
        ("TE.CL", post(&format!("{chunked}{}", length("4")), &held())),
        ("CL.0", post(&length(&HIDDEN.len().to_string()), HIDDEN)),
        ("two lengths", post(&format!("{}{}", length("0"), length(&HIDDEN.len().to_string())), HIDDEN)),
        ("two lengths in a list", post(&length(&format!("0, {}", HIDDEN.len())), HIDDEN)),
        ("the same length twice", post(&format!("{0}{0}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("signed length", post(&length(&format!("+{}", HIDDEN.len())), HIDDEN)),
        ("negative length", post(&length("-1"), HIDDEN)),
        ("length with a tail", post(&length("0x10"), HIDDEN)),
        ("length too large", post(&length("18446744073709551617"), HIDDEN)),
        ("length with a blank inside", post(&length("1 0"), HIDDEN)),
        ("empty length", post("Content-Length:\r\n", HIDDEN)),
        ("octal length", post(&length("010"), HIDDEN)),
        ("TE twice, the second unknown", post(&format!("{whole}{chunked}Transfer-Encoding: cow\r\n"), &ended())),
        ("chunk size too large", post(chunked, &format!("fffffffffffffffff\r\n{HIDDEN}"))),
        ("chunk size with a sign", post(chunked, &format!("+0\r\n\r\n{HIDDEN}"))),
        ("chunk size with 0x", post(chunked, &format!("0x0\r\n\r\n{HIDDEN}"))),
        ("chunk size with a blank before", post(chunked, &format!(" 0\r\n\r\n{HIDDEN}"))),
        ("chunk size of nothing", post(chunked, &format!("\r\n\r\n{HIDDEN}"))),
        ("chunk size with a NUL", post(chunked, &format!("0\0\r\n\r\n{HIDDEN}"))),
        ("chunk extension with LF", post(chunked, &format!("0;a\nb\r\n\r\n{HIDDEN}"))),
        ("chunk extension with CR", post(chunked, &format!("0;a\rb\r\n\r\n{HIDDEN}"))),
        ("chunk ended by LF", post(chunked, &format!("0\n\n{HIDDEN}"))),
        ("chunk data longer than said", post(chunked, &format!("1\r\nab\r\n0\r\n\r\n{HIDDEN}"))),
        ("chunk data ended by two bytes", post(chunked, &format!("1\r\naXX0\r\n\r\n{HIDDEN}"))),
        ("a head in the trailers", post(chunked, &format!("0\r\nContent-Length: 3\r\n\r\n{HIDDEN}"))),
        ("head ended by LF", format!("POST /open HTTP/1.1\nHost: h\n{whole}\n{}", ended()).into_bytes()),
        ("LF inside a value", post(&format!("X: a\nTransfer-Encoding: chunked\r\n{whole}"), &ended())),
        ("CR inside a value", post(&format!("X: a\rTransfer-Encoding: chunked\r\n{whole}"), &ended())),
        ("CR before the colon", post(&format!("Transfer-Encoding\r: chunked\r\n{whole}"), &ended())),
        ("NUL inside a value", post(&format!("X: a\0b\r\n{whole}"), &ended())),
        ("NUL inside a name", post(&format!("Transfer-Encoding\0: chunked\r\n{whole}"), &ended())),
        ("folded coding", post(&format!("Transfer-Encoding:\r\n chunked\r\n{whole}"), &ended())),
        ("folded length", post(&format!("Content-Length:\r\n {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a fold first", format!("POST /open HTTP/1.1\r\n Transfer-Encoding: chunked\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("HTTP/1.0 with a coding", format!("POST /open HTTP/1.0\r\nHost: h\r\n{whole}{chunked}\r\n{}", ended()).into_bytes()),
        ("a body that comes with GET", format!("GET /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("an upgrade with a body", post(&format!("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n{}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("an upgrade to h2c", post(&format!("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n{}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("the length named by Connection", post(&format!("Connection: Content-Length\r\n{}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("the coding named by Connection", post(&format!("Connection: Transfer-Encoding\r\n{whole}{chunked}"), &ended())),
        ("the host named by Connection", post(&format!("Connection: Host\r\n{whole}"), &ended())),
        ("an upgrade and a request behind it", format!("GET /open HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n{HIDDEN}a\r\n\r\n").into_bytes()),
        ("an upgrade with a length and a coding", post(&format!("Connection: Upgrade\r\nUpgrade: x\r\n{whole}{chunked}"), &ended())),
        ("an upgrade that Connection does not name", post(&format!("Upgrade: websocket\r\n{whole}"), &ended())),
        ("an upgrade of HTTP/1.0", format!("GET /open HTTP/1.0\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n{HIDDEN}a\r\n\r\n").into_bytes()),
        ("a length with a form feed", post(&format!("Content-Length: \u{c}{}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length with a semicolon", post(&length(&format!("{};", HIDDEN.len())), HIDDEN)),
        ("a length of another spelling", post(&format!("Content_Length: {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length behind a fold", post(&format!("X: a\r\n\tContent-Length: {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a length without a colon", post(&format!("Content-Length {}\r\n", HIDDEN.len()), HIDDEN)),
        ("a line without a name", post(&format!(": chunked\r\n{whole}"), &ended())),
        ("a line that ends in CR CR LF", post(&format!("X: a\r\r\n{chunked}{whole}"), &ended())),
        ("a head that ends in LF CR LF", format!("POST /open HTTP/1.1\r\nHost: h\r\n{whole}{chunked}\n\r\n{}", ended()).into_bytes()),
        ("codings in two lines", post(&format!("{chunked}Transfer-Encoding: identity\r\n{whole}"), &ended())),
        ("codings in two lines, chunked last", post(&format!("Transfer-Encoding: gzip\r\n{chunked}{whole}"), &ended())),
        ("a coding without a body", post(chunked, "")),
        ("chunk data ended by LF", post(chunked, &format!("1\r\na\n0\r\n\r\n{HIDDEN}"))),
        ("chunk data ended by CR", post(chunked, &format!("1\r\na\r0\r\n\r\n{HIDDEN}"))),
        ("chunk data without an end", post(chunked, &format!("1\r\na0\r\n\r\n{HIDDEN}"))),
        ("a chunk size ended by CR", post(chunked, &format!("1\ra\r\n0\r\n\r\n{HIDDEN}"))),
        ("a chunk size that wraps around", post(chunked, &format!("10000000000000000\r\n{HIDDEN}"))),
        ("a chunk size of many zeros", post(chunked, &format!("{}1\r\na\r\n0\r\n\r\n{HIDDEN}", "0".repeat(40)))),
        ("a negative chunk size", post(chunked, &format!("-1\r\n\r\n{HIDDEN}"))),
        ("a chunk size of no digits", post(chunked, &format!("g\r\n\r\n{HIDDEN}"))),
        ("an extension that is empty", post(chunked, &format!("0;\r\n\r\n{HIDDEN}"))),
        ("an extension with a quoted line end", post(chunked, &format!("1;a=\"\r\n\"\r\na\r\n0\r\n\r\n{HIDDEN}"))),
        ("trailers ended by LF", post(chunked, &format!("0\r\nX: a\n\n{HIDDEN}"))),
        ("a trailer with a space before the colon", post(chunked, &format!("0\r\nX : a\r\n\r\n{HIDDEN}"))),
        ("a trailer without a colon", post(chunked, &format!("0\r\nX\r\n\r\n{HIDDEN}"))),
        ("a body that waits to be asked for", post(&format!("Expect: 100-continue\r\n{}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("an expectation of another spelling", post(&format!("Expect: y 100-continue\r\n{}", length(&HIDDEN.len().to_string())), HIDDEN)),
        ("a body that comes with DELETE", format!("DELETE /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("a body that comes with OPTIONS", format!("OPTIONS /open HTTP/1.1\r\nHost: h\r\n{chunked}\r\n{}", held()).into_bytes()),
        ("a body that comes with TRACE", format!("TRACE /open HTTP/1.1\r\nHost: h\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("a body that comes with GET in HTTP/1.0", format!("GET /open HTTP/1.0\r\nHost: h\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("a body that comes with HEAD in HTTP/1.0", format!("HEAD /open HTTP/1.0\r\nHost: h\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("a body that comes with DELETE in HTTP/1.0", format!("DELETE /open HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n{}\r\n{HIDDEN}", length(&HIDDEN.len().to_string())).into_bytes()),
        ("two hosts", post(&format!("Host: g\r\n{whole}"), &ended())),
        ("a host with a blank before it", post(&format!(" Host: g\r\n{whole}"), &ended())),
        ("a URL of another host", format!("POST http://g/open HTTP/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("HTTP/0.9", b"GET /open\r\n\r\n".to_vec()),
        ("a version of two digits", format!("POST /open HTTP/1.10\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a version in small letters", format!("POST /open http/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("a tab in the request line", format!("POST\t/open HTTP/1.1\r\nHost: h\r\n{whole}\r\n{}", ended()).into_bytes()),
        ("CONNECT with a coding", format!("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n{chunked}\r\n{}", held()).into_bytes()),
        ("a line in the target", b"GET /open\rHTTP/1.1 HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
        ("two spaces in the request line", b"GET /open  HTTP/1.1\r\nHost: h\r\n\r\n".to_vec()),
    ];
    rows.extend(spellings(&whole));
    rows
}

/// A coding, or its name, as one reader takes it for the coding and another does not.
#[rustfmt::skip]
fn spellings(whole: &str) -> Vec<(&'static str, Vec<u8>)> {
    let codings = [
        " chunked", "chunked ", "\tchunked", "\u{b}chunked", "Chunked", "CHUNKED", "xchunked", "chunkedx", "\"chunked\"", "'chunked'",
        "chunked, identity", "identity, chunked", "identity", "gzip, chunked", "chunked, chunked", "chunked,", ",chunked", ";chunked",
        "chunked;q=1", "", "chunk", "ch\u{17f}unked", "chunked\0", "chunked\r", "\rchunked",
    ];
    let names = ["Transfer-Encoding ", " Transfer-Encoding", "Transfer-Encoding\t", "Transfer_Encoding", "Transfer-Encoding\u{b}", "X: y\nTransfer-Encoding", "\u{7f}Transfer-Encoding"];
    let coding = |coding| ("a coding of another spelling", post(&format!("Transfer-Encoding: {coding}\r\n{whole}"), &ended()));
    let name = |name| ("a name of another spelling", post(&format!("{name}: chunked\r\n{whole}"), &ended()));
    codings.into_iter().map(coding).chain(names.into_iter().map(name)).collect()
}

/// The statuses of the answers until the connection is closed or has nothing more to say.
fn converse(subject: &Subject, bytes: &[u8]) -> Vec<u16> {
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(bytes);
    client.finish();
    std::iter::from_fn(|| client.try_response("POST")).map(|answer| answer.status()).collect()
}

/// A row with a target of its own in place of `/open`, and that target.
fn marked(number: usize, row: &[u8]) -> (String, Vec<u8>) {
    const OPEN: &[u8] = b"/open";
    let mark = format!("/open-{number}");
    let at = row.windows(OPEN.len()).position(|bytes| bytes == OPEN);
    let marked = at.map(|at| [&row[..at], mark.as_bytes(), &row[at + OPEN.len()..]].concat());
    (mark, marked.unwrap_or_else(|| row.to_vec()))
}

fn has(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

fn all() {
    let (subject, recorder) = start();
    // HAProxy waits for more of some of them, and logs that the client has left.
    let code = if kind() == Kind::Gateway { " PR-- " } else { "R-- " };
    let logged = || subject.stdout().lines().filter(|line| line.contains(code)).count();
    for (number, (name, bytes)) in rows().into_iter().enumerate() {
        let (mark, bytes) = marked(number, &bytes);
        // what an origin still gets of the row before is not of this one
        let heard = || recorder.drain().into_iter().filter(|bytes| has(bytes, &mark));
        let (counted, before) = (bad_requests(&subject), logged());
        let statuses = converse(&subject, &bytes);
        // 413 is for a body that an old server does not look for, 422 for a coding that is not known
        if matches!(statuses[..], [400 | 413 | 422, ..]) {
            assert_eq!(statuses.len(), 1, "{name}: the connection is closed");
            assert!(heard().next().is_none(), "{name}: no origin heard of it");
            eventually(&format!("{name}: a line of the log"), || (logged() > before).then_some(()));
            assert_eq!(bad_requests(&subject), counted + 1, "{name}: it is counted");
        }
        for connection in heard() {
            let shown = String::from_utf8_lossy(&connection).into_owned();
            let seen = READERS.map(|reader| reader.targets(&connection));
            assert!(seen.iter().all(|one| *one == seen[0]), "{name}: {statuses:?} {seen:?}\nsent: {shown:?}");
            let hidden = seen[0].0.iter().filter(|target| **target != mark).count();
            let answered = statuses.iter().filter(|status| **status == 200).count();
            assert!(hidden == 0 || answered > 1, "{name}: {statuses:?} {:?}\nsent: {shown:?}", seen[0]);
        }
    }
}

fn refused() {
    let (subject, recorder) = start();
    let bytes = post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd");
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(&bytes);
    assert_eq!(client.response("POST").status(), 400);
    assert!(client.rest().is_empty(), "closed, and nothing behind the answer");
    assert!(recorder.drain().is_empty(), "no origin heard of it");
    eventually("the log line", || subject.stdout().contains(" 400 ").then_some(()));
    assert!(subject.stdout().contains(" PR-- "), "{}", subject.stdout());
    assert_eq!(bad_requests(&subject), 1);
}

/// The column `ereq` of `show stat` (management.txt 9.1), which counts clients that leave within a head, too.
fn bad_requests(subject: &Subject) -> usize {
    let mut cli = Client::connect(subject.addr("CLI"));
    cli.send("show stat\n");
    let table = String::from_utf8(cli.rest()).unwrap();
    let row = table.lines().find(|line| line.starts_with("front,FRONTEND,")).unwrap();
    row.split(',').nth(12).and_then(|field| field.parse().ok()).unwrap()
}

fn hop_by_hop() {
    let (subject, recorder) = start();
    let bytes =
        b"GET /open HTTP/1.1\r\nHost: h\r\nConnection: close\r\nKeep-Alive: 5\r\nProxy-Connection: x\r\n\r\n";
    assert_eq!(converse(&subject, bytes), [200]);
    let sent = recorder.drain().concat();
    let sent = String::from_utf8_lossy(&sent).to_ascii_lowercase();
    assert!(!sent.contains("connection: close"), "{sent}");
}
