//! Origins that stall or break, clients that leave: many at once, beside traffic that goes on.

use super::{Stage, all_end, ends, healthy, sent};
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::Subject;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("strain::stall::silent_origins_give_504", silent);
    cases.test("strain::stall::origins_that_break_off_are_told_apart", broken);
    cases.test("strain::stall::clients_that_leave_in_a_response_are_let_go", leaving);
    cases.test("strain::stall::clients_that_leave_before_a_response_are_let_go", impatient);
    cases.test("strain::stall::clients_that_leave_in_their_request_are_let_go", torn);
}

const COUNT: usize = 40;

/// More than the sockets on the way hold.
const LONG: usize = 16 << 20;

const PART: &str = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
const CHUNK: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n";

fn origin() -> Origin {
    Origin::scripted(vec![
        Script::new("/silent", "", After::Stall),
        Script::new(
            "/long",
            format!("HTTP/1.1 200 OK\r\nContent-Length: {LONG}\r\n\r\n{}", "o".repeat(LONG)),
            After::Close,
        ),
        Script::new("/closed", PART, After::Close),
        Script::new("/reset", CHUNK, After::Reset),
        Script::new("/empty", "", After::Close),
        Script::new("/junk", "what?\r\n\r\n", After::Close),
    ])
}

/// So many clients that have asked for `target`.
fn crowd(subject: &Subject, target: &str) -> Vec<Client> {
    (0..COUNT).map(|_| sent(subject, &format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"))).collect()
}

fn silent() {
    let origin = origin();
    let subject = Stage { defaults: "  timeout server 1s\n", ..Stage::default() }.start(origin.addr());
    let clients = crowd(&subject, "/silent");
    healthy(&subject);
    for mut client in clients {
        assert_eq!(client.response("GET").status(), 504);
    }
    all_end(&subject, "/silent", COUNT, "504 sH--");
}

fn broken() {
    let origin = origin();
    let subject = Stage::default().start(origin.addr());
    for (target, outcome) in
        [("/closed", "200 SD--"), ("/reset", "200 SD--"), ("/empty", "502 SH--"), ("/junk", "502 PH--")]
    {
        let clients = crowd(&subject, target);
        for mut client in clients {
            let response = client.response("GET");
            assert_eq!(response.complete, response.status() == 502, "{target}: {response:?}");
        }
        all_end(&subject, target, COUNT, outcome);
    }
    healthy(&subject);
}

fn leaving() {
    let origin = origin();
    let subject = Stage::default().start(origin.addr());
    let mut clients = crowd(&subject, "/long");
    clients.iter_mut().for_each(|client| assert!(client.take(16).starts_with(b"HTTP/1.1 200")));
    healthy(&subject);
    clients.into_iter().for_each(Client::reset);
    all_end(&subject, "/long", COUNT, "200 CD--");
    free(&subject);
    healthy(&subject);
}

fn impatient() {
    let origin = origin();
    let subject = Stage { defaults: "  option abortonclose\n", ..Stage::default() }.start(origin.addr());
    let clients = crowd(&subject, "/silent");
    eventually("all requests at the origin", || (origin.requests().len() >= COUNT).then_some(()));
    healthy(&subject);
    for (number, client) in clients.into_iter().enumerate() {
        if number % 2 == 0 { client.reset() } else { drop(client) }
    }
    ends(&subject, "/silent", &[("400 CH--", COUNT / 2), ("-1 CD--", COUNT / 2)]);
    free(&subject);
}

fn torn() {
    let origin = origin();
    let subject = Stage::default().start(origin.addr());
    let head = "POST /torn HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";
    let clients: Vec<Client> = (0..COUNT).map(|_| sent(&subject, head)).collect();
    healthy(&subject);
    drop(clients);
    all_end(&subject, "/torn", COUNT, "-1 CD--");
    free(&subject);
}

/// Nothing is held any more for those that have left (`scur` of the frontend and of the server).
fn free(subject: &Subject) {
    for line in ["front,FRONTEND,", "back,s,"] {
        eventually(&format!("no connection in {line}"), || {
            (super::stat(subject, line, 4) == 0).then_some(())
        });
    }
}
