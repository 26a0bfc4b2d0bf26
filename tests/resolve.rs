//! `do-resolve`: names that rules ask the name servers of a `resolvers` section for.

use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::dns::NameServer;
use crate::support::origin::{After, OK, Origin, Script};
use crate::support::subject::{Config, Subject};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("resolve::the_address_goes_into_the_variable", addresses);
    cases.test("resolve::a_content_rule_asks_too", || {
        let server = NameServer::start();
        let subject = told(
            &server,
            "hold valid 1h",
            "tcp-request inspect-delay 5s\n  tcp-request content do-resolve(sess.ip,dns,ipv4) str(both.test)",
        );
        assert_eq!(asked(&subject, "h"), "[192.0.2.1]");
    });
    cases.test("resolve::what_fails_leaves_the_variable_as_it_is", || {
        let server = NameServer::start();
        let rule = "http-request set-var(sess.ip) str(old)\n  http-request do-resolve(sess.ip,dns) hdr(host)";
        let subject = told(&server, "hold valid 1h", rule);
        assert_eq!(asked(&subject, "nx.test"), "[old]");
        assert_eq!(asked(&subject, "both.test"), "[2001:db8::1]");
    });
    cases.test("resolve::a_question_is_asked_as_often_as_told", || {
        let server = NameServer::start();
        let rule = "http-request do-resolve(sess.ip,dns,ipv4) hdr(host)";
        let subject = told(&server, "resolve_retries 2", rule);
        for (name, questions) in [("silent.test", 2), ("nx.test", 4), ("four.test", 1), ("six.test", 2)] {
            let before = server.asked();
            asked(&subject, name);
            assert_eq!(server.asked() - before, questions, "{name}");
        }
    });
    cases.test("resolve::the_address_is_where_the_request_goes", to_the_address);
    cases.ours_only("resolve::an_answer_holds_for_the_next_request", HOLDS, || {
        let server = NameServer::start();
        let rule = "http-request do-resolve(sess.ip,dns,ipv4) hdr(host)";
        let subject = told(&server, "hold valid 1h", rule);
        for _ in 0..3 {
            assert_eq!(asked(&subject, "both.test"), "[192.0.2.1]");
        }
        assert_eq!(server.asked(), 1);
        let subject = told(&server, "hold valid 0", rule);
        for _ in 0..2 {
            assert_eq!(asked(&subject, "both.test"), "[192.0.2.1]");
        }
        assert_eq!(server.asked(), 3);
    });
}

const HOLDS: &str = "HAProxy 2.6 forgets an answer with the last request that asked for it";

/// A subject that says what is in `sess.ip`.
fn told(server: &NameServer, section: &str, rules: &str) -> Subject {
    Config::new(format!(
        "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         resolvers dns\n  nameserver one \"${{DNS}}\"\n  timeout retry 200ms\n  {section}\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  {rules}\n  \
         http-request return status 200 content-type text/plain lf-string [%[var(sess.ip)]]\n"
    ))
    .bind("FRONT")
    .var("DNS", server.addr())
    .start()
}

fn asked(subject: &Subject, host: &str) -> String {
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"));
    client.response("GET").text()
}

fn addresses() {
    let server = NameServer::start();
    for (options, host, expected) in [
        ("", "both.test", "2001:db8::1"),
        (",ipv4", "both.test", "192.0.2.1"),
        (",ipv6", "both.test", "2001:db8::1"),
        (",ipv4", "BOTH.test.", "192.0.2.1"),
        ("", "four.test", "192.0.2.1"),
        (",ipv4", "six.test", "2001:db8::1"),
        (",ipv4", "alias.test", "192.0.2.1"),
        (",ipv4", "stranger.test", ""),
        (",ipv4", "cut.test", ""),
        (",ipv4", "nx.test", ""),
        (",ipv4", "refused.test", ""),
        (",ipv4", "silent.test", ""),
        (",ipv4", "a..b", ""),
        (",ipv4,ipv6", "both.test", "2001:db8::1"),
        (",ipv6,ipv4", "both.test", "192.0.2.1"),
    ] {
        let rule = format!("http-request do-resolve(sess.ip,dns{options}) hdr(host)");
        let subject = told(&server, "resolve_retries 1", &rule);
        assert_eq!(asked(&subject, host), format!("[{expected}]"), "{host} {options}");
    }
}

/// `set-dst` names the address for a server that has none of its own.
fn to_the_address() {
    let origin = Origin::scripted(vec![Script::new("", OK, After::Keep)]);
    let server = NameServer::start();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         resolvers dns\n  nameserver one \"${DNS}\"\n  timeout retry 200ms\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  http-request do-resolve(txn.ip,dns,ipv4) str(both.test)\n  \
         http-request deny unless { var(txn.ip) -m ip 192.0.2.0/24 }\n  http-request set-dst ipv4(127.0.0.1)\n  \
         http-request set-dst-port \"int(${PORT})\"\n  default_backend b\nbackend b\n  server s 0.0.0.0:0\n",
    )
    .bind("FRONT")
    .var("DNS", server.addr())
    .var("PORT", origin.addr().port())
    .start();
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("GET /x HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response("GET").status(), 200);
    assert_eq!(origin.requests().len(), 1);
}
