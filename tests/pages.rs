//! Pages in place of the built-in ones: `http-errors` sections, `errorfiles` and `http-error`.

use crate::support::cases::Cases;
use crate::support::client::get;
use crate::support::subject::{Config, Subject};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("pages::a_section_gives_a_proxy_its_pages", sections);
    cases.test("pages::http_error_answers_in_the_words_of_return", http_error);
    cases.test("pages::the_last_line_about_a_status_wins", last_line);
    cases.test("pages::a_backends_pages_go_before_the_frontends_one_by_one", levels);
    cases.test("pages::rules_answer_with_the_pages_of_a_section", rules);
}

const HEAD: &str = "
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
http-errors site
  errorfile 404 \"${DIR}/404.http\"
  errorfile 503 \"${DIR}/503.http\"
http-errors other
  errorfile 503 \"${DIR}/other.http\"
";

fn page(status: &str, name: &str) -> String {
    format!("HTTP/1.1 {status}\r\nX-Page: {name}\r\nContent-Length: {}\r\n\r\n{name}", name.len())
}

fn start(lines: &str) -> Subject {
    Config::new(format!("{HEAD}{lines}"))
        .file("404.http", page("404 Lost", "site-404"))
        .file("503.http", page("503 Tired", "site-503"))
        .file("other.http", page("503 Tired", "other-503"))
        .bind("FRONT")
        .start()
}

/// What a request is answered with: status and content.
fn answer(subject: &Subject, target: &str) -> (u16, String) {
    let response = get(subject.addr("FRONT"), target);
    (response.status(), response.text())
}

/// A rule for each status that refuses with it.
fn refusals(statuses: &[u16]) -> String {
    let rule = |status| format!("  http-request deny deny_status {status} if {{ path /{status} }}\n");
    statuses.iter().map(rule).collect()
}

fn sections() {
    let subject = start(&format!(
        "frontend f\n  bind \"fd@${{FRONT}}\"\n  errorfiles site\n  errorfiles other 503\n{}",
        refusals(&[404])
    ));
    assert_eq!(answer(&subject, "/404"), (404, "site-404".to_owned()));
    assert_eq!(answer(&subject, "/"), (503, "other-503".to_owned()));
    let response = get(subject.addr("FRONT"), "/404");
    assert_eq!(response.values("x-page"), ["site-404"]);
}

fn http_error() {
    let subject = start(&format!(
        "frontend f\n  bind \"fd@${{FRONT}}\"\n  errorfiles site\n  \
         http-error status 403 content-type text/plain lf-string \"no %[path]\" hdr X-Path \"%[path]\"\n  \
         http-error status 410 content-type text/plain string gone\n  http-error status 500\n  \
         http-error status 429 errorfiles site\n  http-error status 404 default-errorfiles\n{}",
        refusals(&[403, 404, 410, 429, 500])
    ));
    let response = get(subject.addr("FRONT"), "/403");
    assert_eq!((response.status(), response.text()), (403, "no /403".to_owned()));
    assert_eq!(response.values("x-path"), ["/403"]);
    assert_eq!(response.values("content-type"), ["text/plain"]);
    assert_eq!(answer(&subject, "/410"), (410, "gone".to_owned()));
    assert_eq!(answer(&subject, "/500"), (500, String::new()));
    // the section has no such page, and what was said of 404 is taken back
    assert!(answer(&subject, "/429").1.contains("429 Too Many Requests"));
    assert!(answer(&subject, "/404").1.contains("404 Not Found"));
}

fn last_line() {
    let lines = "  http-error status 503 content-type text/plain string one\n  errorfiles site\n";
    let subject = start(&format!("frontend f\n  bind \"fd@${{FRONT}}\"\n{lines}"));
    assert_eq!(answer(&subject, "/"), (503, "site-503".to_owned()));
    let lines = "  errorfiles site\n  http-error status 503 content-type text/plain string one\n";
    let subject = start(&format!("frontend f\n  bind \"fd@${{FRONT}}\"\n{lines}"));
    assert_eq!(answer(&subject, "/"), (503, "one".to_owned()));
}

fn levels() {
    let subject = start(&format!(
        "frontend f\n  bind \"fd@${{FRONT}}\"\n  errorfiles site\n  default_backend b\n\
         backend b\n  errorfiles other\n{}",
        refusals(&[404])
    ));
    assert_eq!(answer(&subject, "/"), (503, "other-503".to_owned()));
    assert_eq!(answer(&subject, "/404"), (404, "site-404".to_owned()));
}

fn rules() {
    let rule = |rule: &str| {
        let subject = start(&format!("frontend f\n  bind \"fd@${{FRONT}}\"\n  http-request {rule}\n"));
        answer(&subject, "/")
    };
    assert_eq!(rule("return status 404 errorfiles site"), (404, "site-404".to_owned()));
    assert_eq!(rule("deny status 503 errorfiles site"), (503, "site-503".to_owned()));
    assert_eq!(rule("return status 410 errorfiles site"), (410, String::new()));
}
