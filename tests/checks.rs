//! Health checks step by step: variables, several connections, what may be expected of an answer, what is reported.

use crate::support::cases::Cases;
use crate::support::client::get;
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::Config;
use crate::support::syslog::Syslog;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("checks::variables_make_what_is_sent_and_what_is_expected", variables);
    cases.test("checks::answers_may_be_expected_in_many_forms", expectations);
    cases.test("checks::what_is_reported_is_what_the_lines_say", reports);
    cases.test("checks::several_connections_are_one_check", connections);
    cases.test("checks::variables_of_the_process_are_shared_with_traffic", process);
}

const ANSWER: &str = "HTTP/1.1 200 Word\r\nX-A: b, c\r\nX-V: 7\r\nContent-Length: 6\r\n\r\nhello7";

const PASSED: &str = "succeeded, reason: Layer7 check passed, code: 200, ";

/// What these lines send, whether anything was, and what their result is said to be.
fn check(lines: &str) -> (Vec<String>, String) {
    let script = |answer: &str, after| vec![Script::new("", answer, after)];
    let origin = Origin::scripted(script(ANSWER, After::Close));
    let second = Origin::scripted(script("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond", After::Close));
    let broken = Origin::scripted(script("junk\r\n\r\n", After::Close));
    let silent = Origin::scripted(script("", After::Stall));
    let syslog = Syslog::start();
    let _subject = Config::new(format!(
        "global\n  log \"${{LOG}}\" format raw local0\ndefaults\n  mode http\n  log global\n  option log-health-checks\n  \
         timeout client 9s\n  timeout server 9s\n  timeout connect 1s\n  timeout check 300ms\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend app\n\
         backend app\n  option httpchk GET /x\n  http-check {}\n  \
         server s \"${{ORIGIN}}\" check inter 500ms fall 1 rise 1\n",
        lines.replace('|', "\n  http-check")
    ))
    .bind("FRONT")
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .var("ORIGIN", origin.addr())
    .var("SECOND", second.addr().port())
    .var("BROKEN", broken.addr().port())
    .var("SILENT", silent.addr().port())
    .start();
    let found = syslog.with("Health check for server app/s ", 1, PATIENCE);
    let line = found.first().unwrap_or_else(|| panic!("nothing is said of {lines}"));
    let said = line.split("app/s ").nth(1).unwrap_or_default();
    let said = said.split("check duration").next().unwrap_or_default().to_owned();
    let sent = [&origin, &second, &broken, &silent].into_iter().filter_map(|origin| {
        let first = origin.requests().into_iter().next()?;
        Some(String::from_utf8_lossy(&[&first.head[..], &first.body].concat()).replace("\r\n", "|"))
    });
    (sent.collect(), said)
}

/// Compares rows: lines, the first request to each port, the result.
fn compare(rows: &[(&str, &[&str], &str)]) {
    std::thread::scope(|scope| {
        for (lines, sent, said) in rows {
            scope.spawn(move || {
                let (requests, result) = check(lines);
                assert_eq!(requests, *sent, "{lines}");
                assert_eq!(result, *said, "{lines}");
            });
        }
    });
}

const PLAIN: &str = "GET /x HTTP/1.0||";

const UNMATCHED: &str =
    "failed, reason: Layer7 invalid response, info: \"HTTP content check did not match\", ";

const WRONG: &str = "failed, reason: Layer7 wrong status, code: 200, info: \"Word\", ";

#[rustfmt::skip]
fn variables() {
    compare(&[
        (
            "set-var(check.a) str(7)| set-var-fmt(check.f) x%[var(check.a)]y| \
             send meth POST uri-lf /p/%[var(check.a)] hdr X-F %[var(check.f)] body-lf b%[var(check.a)]| \
             expect string-lf hello%[var(check.a)]",
            &["POST /p/7 HTTP/1.0|x-f: x7y|content-length: 2||b7"], PASSED,
        ),
        ("set-var(check.a) str(7)| unset-var(check.a)| send hdr X-F <%[var(check.a)]>", &["GET /x HTTP/1.0|x-f: <>||"], PASSED),
        ("set-var(check.a) str(7)| set-var(check.a,ifnotexists) str(8)| send uri-lf /%[var(check.a)]", &["GET /7 HTTP/1.0||"], PASSED),
        ("expect status 200| set-var(check.v) res.hdr(x-v)| expect string-lf hello%[var(check.v)]", &[PLAIN], PASSED),
        ("send uri-lf /%[be_name]/%[srv_name]/%[srv_id]%[src]", &["GET /app/s/1 HTTP/1.0||"], PASSED),
        ("send uri-lf /%[nbsrv(app)]/%[nbsrv]/%[srv_weight(app/s)]/%[be_conn(app)]", &["GET /1/1/1/0 HTTP/1.0||"], PASSED),
        ("send uri-lf /%[rand(1)]%[str(a),upper]%[date,mul(0)]", &["GET /0A0 HTTP/1.0||"], PASSED),
        (
            "expect string-lf %[var(check.none)]", &[PLAIN],
            "failed, reason: Layer7 invalid response, info: \"log-format string evaluated to an empty string\", ",
        ),
    ]);
}

#[rustfmt::skip]
fn expectations() {
    compare(&[
        ("expect status 200| expect string hello| expect ! rstring n.pe", &[PLAIN], PASSED),
        ("expect status 200| expect string nope", &[PLAIN], UNMATCHED),
        ("expect status 201| expect string nope", &[PLAIN], WRONG),
        ("expect string-lf %[str(nope)]", &[PLAIN], UNMATCHED),
        ("expect hdr name X-A", &[PLAIN], PASSED),
        ("expect hdr name X-A value c", &[PLAIN], PASSED),
        ("expect hdr name X-A value d", &[PLAIN], WRONG),
        ("expect hdr name X-N", &[PLAIN], WRONG),
        ("expect ! hdr name X-A", &[PLAIN], WRONG),
        ("expect ! hdr name X-N", &[PLAIN], PASSED),
        ("expect fhdr name X-A value c", &[PLAIN], WRONG),
        ("expect fhdr name X-A value \"b, c\"", &[PLAIN], PASSED),
        ("expect fhdr name X-A value -m end c", &[PLAIN], PASSED),
        ("expect hdr name -m beg X- value 7", &[PLAIN], PASSED),
        ("expect hdr name -m reg ^x-v$ value -m reg ^[0-9]$", &[PLAIN], PASSED),
        ("set-var(check.a) str(7)| expect hdr name-lf X-%[str(v)] value-lf %[var(check.a)]", &[PLAIN], PASSED),
        ("expect min-recv 90000 string hello", &[PLAIN], PASSED),
    ]);
}

#[rustfmt::skip]
fn reports() {
    compare(&[
        (
            "expect status 201 error-status L7RSP on-error bad%[status]", &[PLAIN],
            "failed, reason: Layer7 invalid response, info: \"bad200\", ",
        ),
        (
            "expect status 201 status-code int(42)", &[PLAIN],
            "failed, reason: Layer7 wrong status, code: 42, info: \"Word\", ",
        ),
        (
            "expect status 200 ok-status L6OK on-success good%[res.hdr(x-v)]", &[PLAIN],
            "succeeded, reason: Layer6 check passed, info: \"good7\", ",
        ),
        (
            "comment one| expect status 200| expect status 201", &[PLAIN],
            "failed, reason: Layer7 wrong status, code: 200, info: \"Word comment: one\", ",
        ),
        (
            "comment one| expect string nope comment two", &[PLAIN],
            "failed, reason: Layer7 invalid response, info: \"HTTP content check did not match comment: two\", ",
        ),
        ("comment one| send| expect status 201", &[PLAIN], WRONG),
        (
            "connect port \"${SILENT}\"| send uri /| expect status 200 tout-status L4TOUT", &["GET / HTTP/1.0||"],
            "failed, reason: Layer4 timeout, ",
        ),
    ]);
}

#[rustfmt::skip]
fn connections() {
    let both: &[&str] = &["GET /a HTTP/1.0||", "OPTIONS /b HTTP/1.0|x: y||"];
    compare(&[
        (
            "connect| send uri /a| expect status 200| connect port \"${SECOND}\"| send uri /b hdr X y| expect string second",
            both, PASSED,
        ),
        (
            "connect| send uri /a| expect status 200| connect port \"${SECOND}\"| send uri /b hdr X y| expect string hello",
            both, UNMATCHED,
        ),
        ("connect port \"${SECOND}\" linger", &[PLAIN], PASSED),
        ("connect addr 127.0.0.1 port \"${SECOND}\"", &[PLAIN], PASSED),
        ("set-var(check.p) int(\"${SECOND}\")| connect port var(check.p)", &[PLAIN], PASSED),
        (
            "connect| send uri /a| expect status 200| connect port 1| send uri /b", &["GET /a HTTP/1.0||"],
            "failed, reason: Layer4 connection problem, info: \"Connection refused\", ",
        ),
        (
            "connect port \"${BROKEN}\"| send uri /a| comment here| expect status 200", &["GET /a HTTP/1.0||"],
            "failed, reason: Layer7 invalid response, info: \" comment: here\", ",
        ),
    ]);
}

fn process() {
    let origin = Origin::plain();
    let subject = Config::new(
        "global\n  set-var proc.given str(before)\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  \
         timeout connect 1s\nfrontend f\n  bind \"fd@${FRONT}\"\n  \
         http-request return status 200 content-type text/plain lf-string %[var(proc.seen)]\n\
         backend app\n  option httpchk GET /x\n  http-check send uri-lf /%[var(proc.given)]\n  \
         http-check expect status 200\n  http-check set-var(proc.seen) str(checked)\n  \
         server s \"${ORIGIN}\" check inter 50ms\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(origin.last().target(), "/before");
    eventually("the variable", || (get(subject.addr("FRONT"), "/").text() == "checked").then_some(()));
}
