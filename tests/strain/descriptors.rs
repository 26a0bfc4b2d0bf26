//! No file descriptors left.

use super::Stage;
use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::limits;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::Subject;
use std::time::Duration;

/// Not so few connections that HAProxy refuses its listening socket: it comes to it under the number that it has here,
/// which is high while another case holds thousands of connections.
const ROOMY: &str = "  maxconn 8000\n";

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("strain::descriptors::who_has_none_left_waits_and_goes_on_later", accepting);
    cases.test("strain::descriptors::a_server_that_cannot_be_called_gives_503", calling);
}

/// Leaves the subject so many descriptors, or all that it may have.
fn leave(subject: &Subject, count: usize) {
    limits::set_open_files(subject.pid(), subject.limit_for(count));
}

/// With no descriptor for a connection it stays in the backlog; those that are there are served, and the processor is
/// left to others.
fn accepting() {
    let origin = Origin::plain();
    let subject = Stage { global: ROOMY.to_owned(), ..Stage::default() }.start(origin.addr());
    let mut old = Client::connect(subject.addr("FRONT"));
    assert_eq!(old.get("/old").status(), 200);
    leave(&subject, 0);
    let mut new: Vec<Client> = (0..20)
        .map(|_| super::sent(&subject, "GET /new HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"))
        .collect();
    let window = Duration::from_secs(1);
    let before = subject.processor_time();
    assert!(new[0].is_silent_for(window), "no descriptor, no answer");
    let used = subject.processor_time() - before;
    assert!(used < window / 3, "the processor was busy for {used:?} of {window:?}");
    for _ in 0..20 {
        assert_eq!(old.get("/old").status(), 200, "a connection that is there goes on");
    }
    leave(&subject, 100);
    for client in &mut new {
        assert_eq!(client.response("GET").status(), 200, "who waited is served");
    }
    assert_eq!(get(subject.addr("FRONT"), "/later").status(), 200);
}

/// The last descriptor went to the client, and there is none for its server.
fn calling() {
    let origin = Origin::scripted(vec![
        Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Keep).gated(),
    ]);
    let subject = Stage { global: ROOMY.to_owned(), ..Stage::default() }.start(origin.addr());
    let mut busy = super::sent(&subject, "GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request at the origin", || (origin.heads() > 0).then_some(()));
    leave(&subject, 1);
    let mut poor = super::sent(&subject, "GET /poor HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(poor.response("GET").status(), 503);
    super::all_end(&subject, "/poor", 1, "503 SC--");
    origin.open_gate();
    assert_eq!(busy.response("GET").status(), 200);
    leave(&subject, 100);
    super::healthy(&subject);
}
