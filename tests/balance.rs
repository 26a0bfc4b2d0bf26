//! Which server gets a request: algorithms, weights, backups, servers taken out, queues.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Subject};
use std::collections::BTreeMap;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("balance::roundrobin_takes_turns", || {
        assert_eq!(shares("", "", &["", "", ""], 30), [10, 10, 10])
    });
    cases.test("balance::roundrobin_follows_weights", || {
        assert_eq!(shares("balance roundrobin", "", &["weight 3", "weight 1"], 40), [30, 10]);
    });
    cases.test("balance::a_weight_of_zero_gets_nothing", || {
        assert_eq!(shares("balance roundrobin", "", &["weight 0", ""], 10), [0, 10]);
    });
    cases.test("balance::a_disabled_server_gets_nothing", || {
        assert_eq!(shares("", "", &["disabled", "", ""], 20), [0, 10, 10]);
    });
    cases.test("balance::a_backup_waits_for_its_turn", || {
        assert_eq!(shares("", "", &["", "backup"], 10), [10, 0])
    });
    cases.test("balance::a_backup_steps_in_when_all_others_are_out", || {
        assert_eq!(shares("", "", &["disabled", "backup", "backup"], 10), [0, 10, 0]);
    });
    cases.test("balance::allbackups_uses_all_of_them", || {
        assert_eq!(shares("", "option allbackups", &["disabled", "backup", "backup"], 10), [0, 5, 5]);
    });
    cases.test("balance::source_keeps_a_client_with_its_server", || {
        let got = shares("balance source", "", &["", "", ""], 12);
        assert!(got.contains(&12), "one server got all: {got:?}");
    });
    cases.test("balance::leastconn_avoids_the_busy_server", leastconn);
    cases.test("balance::a_server_at_its_maxconn_lets_requests_queue", queue);
    cases.test("balance::default_server_settings_reach_every_server", || {
        assert_eq!(shares("balance roundrobin", "default-server weight 2", &["", "weight 1"], 30), [20, 10]);
    });
}

/// A subject with a backend of named origins.
fn backend(balance: &str, more: &str, servers: &[&str], origins: &[Origin]) -> Subject {
    let lines: String = servers
        .iter()
        .enumerate()
        .map(|(i, words)| format!("  server s{i} \"${{O{i}}}\" {words}\n"))
        .collect();
    let mut config = Config::new(format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend b\nbackend b\n  {balance}\n  {more}\n{lines}"
    ))
    .bind("FRONT");
    for (i, origin) in origins.iter().enumerate() {
        config = config.var(&format!("O{i}"), origin.addr());
    }
    config.start()
}

/// How many of `n` requests each server got.
fn shares(balance: &str, more: &str, servers: &[&str], n: usize) -> Vec<usize> {
    let origins: Vec<Origin> = (0..servers.len()).map(|i| Origin::named(&format!("s{i}"))).collect();
    let subject = backend(balance, more, servers, &origins);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for _ in 0..n {
        *counts.entry(get(subject.addr("FRONT"), "/").text()).or_default() += 1;
    }
    (0..servers.len()).map(|i| counts.get(&format!("s{i}")).copied().unwrap_or(0)).collect()
}

fn gated(name: &str) -> Origin {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
    Origin::scripted(vec![
        Script::new("/gate", answer.clone(), After::Keep).gated(),
        Script::new("", answer, After::Keep),
    ])
}

fn leastconn() {
    let origins = [gated("s0"), gated("s1")];
    let subject = backend("balance leastconn", "", &["", ""], &origins);
    let mut busy = Client::connect(subject.addr("FRONT"));
    busy.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    let taken = eventually("the first request", || origins.iter().position(|o| !o.requests().is_empty()));
    for _ in 0..6 {
        assert_eq!(get(subject.addr("FRONT"), "/").text(), format!("s{}", 1 - taken));
    }
    origins[taken].open_gate();
    assert_eq!(busy.response("GET").status(), 200);
}

fn queue() {
    let origins = [gated("s0")];
    let subject = backend("", "", &["maxconn 1"], &origins);
    let mut clients: Vec<Client> = (0..3).map(|_| Client::connect(subject.addr("FRONT"))).collect();
    clients[0].send("GET /gate HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    eventually("the first request", || (!origins[0].requests().is_empty()).then_some(()));
    for (i, client) in clients.iter_mut().enumerate().skip(1) {
        client.send(format!("GET /{i} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    }
    assert_eq!(origins[0].requests().len(), 1, "the others wait in the queue");
    origins[0].open_gate();
    for client in &mut clients {
        assert_eq!(client.response("GET").status(), 200);
    }
    assert_eq!(origins[0].requests().len(), 3);
}
