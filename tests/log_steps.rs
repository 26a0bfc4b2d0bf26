//! What is logged at other times than the end, and in other forms than the proxy's: `do-log`, `log-profile`, `log-steps`
//! (HAProxy 3.1).

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::Origin;
use crate::support::subject::{Config, Subject};
use crate::support::syslog::Syslog;

pub(crate) fn cases(cases: &mut Cases) {
    cases.ours_only("log_steps::do_log_writes_a_line_at_once", LATER, do_log);
    cases.ours_only("log_steps::a_profile_says_how_lines_look_at_each_step", LATER, profile);
    cases.ours_only("log_steps::a_rule_may_name_a_profile_of_its_own", LATER, named);
    cases.ours_only("log_steps::log_steps_says_when_lines_are_written", LATER, steps);
    cases.ours_only("log_steps::what_is_no_request_is_logged_as_an_error", LATER, error);
}

const LATER: &str = "it came with HAProxy 3.1";

/// A frontend with these sections before it and these lines in it, and what it logs.
fn logging(sections: &str, target: &str, lines: &str) -> (Subject, Syslog, Origin) {
    let (origin, syslog) = (Origin::plain(), Syslog::start());
    let subject = Config::new(format!(
        "{sections}\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 9s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  log \"${{LOG}}\" format rfc5424 {target} local0\n  \
         log-format \"usual %OG %ST\"\n  {lines}\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .start();
    (subject, syslog, origin)
}

/// What is said in so many lines: tag, structured data and message, and no line more before the mark that follows.
fn said(syslog: &Syslog, count: usize) -> Vec<String> {
    eventually("the lines", || (syslog.count() >= count).then_some(()));
    let lines = syslog.after(0, "", count, std::time::Duration::ZERO);
    lines
        .iter()
        .map(|line| {
            // <134>1 TIME HOST TAG PID - SD MESSAGE
            let words: Vec<&str> = line.splitn(7, ' ').collect();
            format!("{} {}", words[3], words[6])
        })
        .collect()
}

fn do_log() {
    let lines = "tcp-request connection do-log\n  http-request set-var(txn.a) str(set)\n  http-request do-log if { path /a }\n  \
                 http-response do-log\n  http-after-response do-log";
    let (subject, syslog, _origin) = logging("", "", lines);
    get(subject.addr("FRONT"), "/a");
    let expected = [
        "haproxy - usual tcp-req-conn -1",
        "haproxy - usual http-req -1",
        "haproxy - usual http-res -1",
        "haproxy - usual http-after-res 200",
        "haproxy - usual txn_close 200",
    ];
    assert_eq!(said(&syslog, 5), expected);
}

fn profile() {
    let profile = "log-profile p\n  log-tag other\n  on http-req format \"judged %[var(txn.a)]\" sd \"[x a=1]\"\n  \
                   on http-res drop\n  on any format \"any %OG\"\n  on close";
    let lines = "http-request set-var(txn.a) str(set)\n  http-request do-log\n  http-response do-log\n  \
                 http-after-response do-log";
    let (subject, syslog, _origin) = logging(profile, "profile p", lines);
    get(subject.addr("FRONT"), "/a");
    let expected = ["other [x a=1] judged set", "other - any http-after-res", "other - usual txn_close 200"];
    assert_eq!(said(&syslog, 3), expected);
}

fn named() {
    let profile = "log-profile p\n  log-tag other\n  on http-req format judged\n  on http-res drop";
    let lines = "http-request do-log profile p\n  http-request do-log\n  http-response do-log profile p";
    let (subject, syslog, _origin) = logging(profile, "", lines);
    get(subject.addr("FRONT"), "/a");
    let expected = ["other - judged", "haproxy - usual http-req -1", "haproxy - usual txn_close 200"];
    assert_eq!(said(&syslog, 3), expected);
}

fn steps() {
    let (subject, syslog, _origin) = logging("", "", "log-steps all");
    get(subject.addr("FRONT"), "/a");
    let expected = [
        "haproxy - usual txn_accept -1",
        "haproxy - usual txn_request -1",
        "haproxy - usual txn_connect -1",
        "haproxy - usual txn_response 200",
        "haproxy - usual txn_close 200",
    ];
    assert_eq!(said(&syslog, 5), expected);
    let (subject, syslog, _origin) =
        logging("", "", "log-steps request,response\n  http-request return status 204 if { path /b }");
    get(subject.addr("FRONT"), "/a");
    get(subject.addr("FRONT"), "/b");
    get(subject.addr("FRONT"), "/c");
    let expected = ["request -1", "response 200", "request -1", "response 200"];
    assert_eq!(said(&syslog, 4), expected.map(|end| format!("haproxy - usual txn_{end}")));
}

fn error() {
    let profile = "log-profile p\n  on error format \"no request from %ci: %OG\"\n  on close drop";
    let (subject, syslog, _origin) = logging(profile, "profile p", "");
    get(subject.addr("FRONT"), "/a");
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("no request\r\n\r\n");
    client.rest();
    assert_eq!(said(&syslog, 1), ["haproxy - no request from 127.0.0.1: sess_error"]);
}
