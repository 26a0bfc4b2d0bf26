//! Request smuggling: whatever a client sends, an origin of any strictness sees the requests that the gateway saw,
//! or the gateway refuses: 400, the connection closed, a log line with `PR--`.
//!
//! Each row hides a request for `/hidden` behind a disagreement that has been described in public: which of two lengths
//! counts, what is a coding, where a line ends (RFC 9112, 6.3 and 11.2). [`http2`] has what HTTP/2 can say and HTTP/1
//! cannot.

mod http2;
mod origin;
mod rows;

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
    for (number, (name, bytes)) in rows::all().into_iter().enumerate() {
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
    let bytes = rows::post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd");
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
