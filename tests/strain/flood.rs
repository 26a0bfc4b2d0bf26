//! More connections than `maxconn` lets in, at each of its places.

use super::{Stage, all_end, stat};
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::subject::Subject;
use std::net::SocketAddr;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("strain::flood::a_frontend_at_its_maxconn_serves_all_in_the_end", || {
        served(&Stage { frontend: "  maxconn 10\n", ..Stage::default() });
    });
    cases.test("strain::flood::the_process_at_its_maxconn_serves_all_in_the_end", || {
        // HAProxy takes no number as high as an inherited socket's with so few descriptors.
        let (global, bind) = ("  maxconn 10\n".to_owned(), "\"127.0.0.1:${PORT}\"");
        served(&Stage { global, bind, frontend: "  backlog 200\n", ..Stage::default() });
    });
    cases.test("strain::flood::a_server_at_its_maxconn_serves_all_in_the_end", || {
        served(&Stage { server: "maxconn 10", ..Stage::default() });
    });
    cases.test("strain::flood::a_queue_that_takes_too_long_gives_503", too_long);
    cases.test("strain::flood::who_leaves_a_queue_is_asked_for_no_more", given_up);
}

/// Fewer than the backlog of a socket that the standard library opens.
const MANY: usize = 100;
const LIMIT: usize = 10;

/// The subject, and where its frontend listens.
fn start(stage: &Stage, origin: &Origin) -> (Subject, SocketAddr) {
    let port = ports::free();
    let subject = stage.start_with(origin.addr(), |config| config.var("PORT", port));
    let addr =
        if stage.bind.contains("PORT") { ([127, 0, 0, 1], port).into() } else { subject.addr("FRONT") };
    (subject, addr)
}

fn gated() -> Origin {
    Origin::scripted(vec![
        Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", After::Keep).gated(),
    ])
}

fn crowd(addr: SocketAddr, count: usize) -> Vec<Client> {
    let ask = |mut client: Client| {
        client.send("GET /gate HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
        client
    };
    (0..count).map(|_| ask(Client::connect(addr))).collect()
}

/// Waits until the origin has so many requests.
fn arrived(origin: &Origin, count: usize) {
    eventually(&format!("{count} requests at the origin"), || {
        (origin.requests().len() >= count).then_some(())
    });
}

/// The limit holds while everybody waits, and nobody waits in vain.
fn served(stage: &Stage) {
    let origin = gated();
    let (subject, addr) = start(stage, &origin);
    eventually("the listener", || Client::try_connect(addr).ok());
    let clients = crowd(addr, MANY);
    arrived(&origin, LIMIT);
    assert_eq!(origin.requests().len(), LIMIT, "no more are let through while these are at work");
    origin.open_gate();
    for mut client in clients {
        assert_eq!(client.response("GET").status(), 200);
    }
    all_end(&subject, "/gate", MANY, "200 ----");
    // `smax`: the most there ever were at once
    let line = if stage.server.is_empty() { "front,FRONTEND," } else { "back,s," };
    assert_eq!(stat(&subject, line, 5), LIMIT as u64);
}

fn too_long() {
    let origin = gated();
    let stage = Stage { backend: "  timeout queue 1s\n", server: "maxconn 10", ..Stage::default() };
    let (subject, addr) = start(&stage, &origin);
    let mut first = crowd(addr, LIMIT);
    arrived(&origin, LIMIT);
    let waiting = crowd(addr, MANY);
    // `qcur` of the server or of its backend
    eventually("a long queue", || (stat(&subject, "back,BACKEND,", 2) >= MANY as u64).then_some(()));
    for mut client in waiting {
        assert_eq!(client.response("GET").status(), 503);
    }
    all_end(&subject, "/gate", MANY, "503 sQ--");
    origin.open_gate();
    for client in &mut first {
        assert_eq!(client.response("GET").status(), 200);
    }
    super::healthy(&subject);
}

fn given_up() {
    let origin = gated();
    let stage = Stage { defaults: "  option abortonclose\n", server: "maxconn 10", ..Stage::default() };
    let (subject, addr) = start(&stage, &origin);
    let _first = crowd(addr, LIMIT);
    arrived(&origin, LIMIT);
    let waiting = crowd(addr, MANY);
    eventually("a long queue", || (stat(&subject, "back,BACKEND,", 2) >= MANY as u64).then_some(()));
    drop(waiting);
    all_end(&subject, "/gate", MANY, "-1 CQ--");
    eventually("an empty queue", || (stat(&subject, "back,BACKEND,", 2) == 0).then_some(()));
    assert_eq!(origin.requests().len(), LIMIT, "nobody asks for those that have left");
}
