//! Health checks: what turns a server, what is logged, what clients get meanwhile; names that do not resolve.

use crate::support::cases::Cases;
use crate::support::client::get;
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use crate::support::syslog::Syslog;
use std::net::TcpListener;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("health::a_server_that_refuses_goes_down_and_comes_back", tcp);
    cases.test("health::an_http_check_judges_the_status", || {
        http("option httpchk GET /health", "500 Oops", "200 OK")
    });
    cases.test("health::expect_status_says_what_is_healthy", || {
        http("option httpchk GET /health\n  http-check expect status 204", "200 OK", "204 No Content");
    });
    cases.test("health::a_check_that_is_not_answered_times_out", silent);
    cases.test("health::the_check_goes_to_its_own_port", own_port);
    cases.test("health::a_backup_takes_over_from_a_server_that_is_down", backup);
    cases.test("health::the_check_request_is_haproxys", check_request);
    cases.ours_only(
        "health::a_name_that_does_not_resolve_does_not_stop_the_start",
        "HAProxy refuses to start, the top complaint about it in containers",
        unresolvable,
    );
    cases.ours_only(
        "health::a_name_that_resolves_later_is_served_without_a_reload",
        "HAProxy refuses to start",
        resolves_later,
    );
}

fn checked(check: &str, server: &str, syslog: &Syslog, addr: impl std::fmt::Display) -> Subject {
    Config::new(format!(
        "global\n  log \"${{LOG}}\" format raw local0\ndefaults\n  mode http\n  log global\n  timeout client 9s\n  timeout server 9s\n  timeout connect 1s\n  timeout check 1s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend app\n\
         backend app\n  {check}\n  server s \"${{ORIGIN}}\" check inter 50ms fall 2 rise 2 {server}\n"
    ))
    .bind("FRONT")
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .var("ORIGIN", addr)
    .start()
}

/// Waits until a request gets this status.
fn until_status(subject: &Subject, status: u16) {
    eventually("a request with the status", || {
        (get(subject.addr("FRONT"), "/").status() == status).then_some(())
    });
}

fn tcp() {
    let syslog = Syslog::start();
    let port = ports::free();
    let subject = checked("", "", &syslog, format!("127.0.0.1:{port}"));
    let down = syslog.expect("is DOWN");
    assert!(
        down.starts_with("Server app/s is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: "),
        "{down}"
    );
    assert!(
        down.ends_with(
            "ms. 0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue."
        ),
        "{down}"
    );
    assert_eq!(syslog.expect("has no server"), "backend app has no server available!");
    until_status(&subject, 503);
    let _origin =
        Origin::on(TcpListener::bind(("127.0.0.1", port)).expect("the port is still free"), Vec::new());
    let up = syslog.expect("is UP");
    assert!(up.starts_with("Server app/s is UP, reason: Layer4 check passed, check duration: "), "{up}");
    assert!(
        up.ends_with("ms. 1 active and 0 backup servers online. 0 sessions requeued, 0 total in queue."),
        "{up}"
    );
    until_status(&subject, 200);
}

fn http(check: &str, sick: &str, well: &str) {
    let syslog = Syslog::start();
    let answer = |status: &str| {
        let length = if status.starts_with("204") { "" } else { "Content-Length: 0\r\n" };
        format!("HTTP/1.1 {status}\r\n{length}Connection: close\r\n\r\n")
    };
    let port = ports::free();
    let listen = || TcpListener::bind(("127.0.0.1", port)).expect("the port is still free");
    let ill = Origin::on(listen(), vec![Script::new("/health", answer(sick), After::Close)]);
    let subject = checked(check, "", &syslog, ill.addr());
    let down = syslog.expect("is DOWN");
    let code = sick.split(' ').next().unwrap_or_default();
    let reason = format!("Server app/s is DOWN, reason: Layer7 wrong status, code: {code}, info: \"");
    assert!(down.starts_with(&reason), "{down}");
    until_status(&subject, 503);
    let healthy = Origin::scripted(vec![Script::new("/health", answer(well), After::Close)]);
    let second = checked(check, "", &syslog, healthy.addr());
    until_status(&second, 200);
    assert_eq!(get(second.addr("FRONT"), "/x").status(), 200);
}

fn silent() {
    let syslog = Syslog::start();
    let origin = Origin::scripted(vec![Script::new("/health", "", After::Stall)]);
    let subject = checked("option httpchk GET /health", "", &syslog, origin.addr());
    let down = syslog.expect("is DOWN");
    assert!(down.starts_with("Server app/s is DOWN, reason: Layer7 timeout, check duration: "), "{down}");
    until_status(&subject, 503);
}

fn own_port() {
    let syslog = Syslog::start();
    let origin = Origin::plain();
    let port = ports::free();
    let subject = checked("", &format!("port {port}"), &syslog, origin.addr());
    syslog.expect("is DOWN");
    until_status(&subject, 503);
    let _checked =
        Origin::on(TcpListener::bind(("127.0.0.1", port)).expect("the port is still free"), Vec::new());
    syslog.expect("is UP");
    until_status(&subject, 200);
}

fn backup() {
    let syslog = Syslog::start();
    let spare = Origin::named("spare");
    let server = format!("\n  server spare {} backup", spare.addr());
    let subject = checked("", &server, &syslog, "127.0.0.1:1");
    let down = syslog.expect("is DOWN");
    assert!(down.contains("0 active and 1 backup servers left. Running on backup."), "{down}");
    assert_eq!(get(subject.addr("FRONT"), "/").text(), "spare");
}

fn check_request() {
    let syslog = Syslog::start();
    let origin = Origin::plain();
    let _subject = checked("option httpchk", "", &syslog, origin.addr());
    assert_eq!(origin.last().head, b"OPTIONS / HTTP/1.0\r\n\r\n");
    let other = Origin::plain();
    let check = "option httpchk GET /healthz HTTP/1.1\\r\\nHost:\\ www";
    let _second = checked(check, "", &syslog, other.addr());
    let text = String::from_utf8_lossy(&other.last().head).to_ascii_lowercase();
    assert!(text.starts_with("get /healthz http/1.1\r\n") && text.contains("host: www\r\n"), "{text}");
}

fn unresolvable() {
    let origin = Origin::plain();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  use_backend ok if { path /ok }\n  default_backend app\n\
         backend app\n  server el el-pac.nowhere.invalid:8080\n\
         backend ok\n  server s \"${ORIGIN}\"\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/pac/").status(), 503);
    assert_eq!(get(subject.addr("FRONT"), "/ok").status(), 200);
    assert!(
        subject.stderr().contains("el-pac.nowhere.invalid"),
        "the name is warned of: {}",
        subject.stderr()
    );
}

fn resolves_later() {
    let origin = Origin::plain();
    let syslog = Syslog::start();
    let subject = Config::new(
        "global\n  log \"${LOG}\" format raw local0\ndefaults\n  mode http\n  log global\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  default_backend app\n\
         backend app\n  server el \"el-pac.later.test:${PORT}\"\n",
    )
    .bind("FRONT")
    .var("PORT", origin.addr().port())
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .hosts("127.0.0.1 localhost\n")
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/pac/").status(), 503, "nobody knows the name yet");
    subject.dir().write("hosts", "127.0.0.1 localhost el-pac.later.test\n");
    until_status(&subject, 200);
    syslog.expect("Server app/el ('el-pac.later.test') is UP/READY (resolves again).");
    assert_eq!(origin.requests().len(), 1);
}
