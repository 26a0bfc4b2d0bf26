//! Whole explanations of small files.

use super::explain;
use super::fixture::{ask, load};
use super::question::Question;

fn told(file: &str, question: &Question) -> String {
    let loaded = load(file);
    explain(&loaded.model.expect("it was looked at"), &loaded.sources, question).unwrap()
}

const FILE: &str = "\
defaults
  mode http
  timeout client 1s
  timeout server 1s
  timeout connect 1s
frontend www
  bind :80
  acl bad path_beg /bad
  http-request set-header X-A %[path] if { method POST }   # a word on it
  http-request deny deny_status 404 if bad
  http-request del-header X-Secret
  use_backend api if { hdr(host) api.test }
  default_backend app
  http-response del-header Server
backend api
  option forwardfor
  option http-server-close
  http-request set-path /v1%[path]
  server one 192.0.2.1:8000 weight 10 check
  server two two.test:8000 backup
  server three 192.0.2.3:8000 disabled
backend app
  server off 192.0.2.4:1 disabled
";

#[test]
fn a_request_that_goes_to_a_server_is_told_line_by_line() {
    let question = ask("POST", "http://api.test/x", &["Connection: close, te", "X-Secret: 1"]);
    let expected = "\
POST http://api.test/x from 127.0.0.1

Frontend www (test.cfg:6)
  It listens on all addresses and port 80, which goes without saying.
    www  0.0.0.0:80  (test.cfg:7)

Rules: http-request of frontend www
  yes  test.cfg:9   http-request set-header X-A %[path] if { method POST }   # a word on it
  no   test.cfg:10  http-request deny deny_status 404 if bad
                      bad: no
  yes  test.cfg:11  http-request del-header X-Secret

Choice of the backend
  yes  test.cfg:12  use_backend api if { hdr(host) api.test }

Rules: http-request of backend api
  yes  test.cfg:18  http-request set-path /v1%[path]

Backend api (test.cfg:15)
  one    192.0.2.1:8000  weight 10, checked  (test.cfg:19)
  two    two.test:8000  weight 1, backup  (test.cfg:20)
  three  192.0.2.3:8000  weight 1, disabled  (test.cfg:21)
  Chosen: one, a backup only when nobody else is up.

Request to the server (+ added, - not passed on)
  - POST /x HTTP/1.1
  + POST /v1/x HTTP/1.1
  - connection: close, te
  - x-secret: 1
    host: api.test
  + connection: te
  + x-a: /x
  + x-forwarded-for: 127.0.0.1
  + connection: close

Answer
  The server's.
  These rules see it first:
    test.cfg:14  http-response del-header Server
";
    assert_eq!(told(FILE, &question), expected);
}

#[test]
fn a_rule_that_answers_is_the_last_and_its_answer_is_shown() {
    let told = told(FILE, &ask("GET", "/bad", &[]));
    let expected = "\
Rules: http-request of frontend www
  no   test.cfg:9   http-request set-header X-A %[path] if { method POST }   # a word on it
  yes  test.cfg:10  http-request deny deny_status 404 if bad
                      bad: yes
  not asked: 1 more

Answer
  The rule at test.cfg:10 refuses the request; no server is asked.
    HTTP/1.1 404 Not Found
    content-length: 83
    cache-control: no-cache
    content-type: text/html

    <html><body><h1>404 Not Found</h1>
    The resource could not be found.
    </body></html>
";
    assert!(told.ends_with(expected), "{told}");
}

#[test]
fn a_backend_without_a_server_that_may_be_used_is_503() {
    let told = told(FILE, &ask("GET", "/", &[]));
    for part in [
        "  no   test.cfg:12  use_backend api if { hdr(host) api.test }\n",
        "  yes               default_backend app\n",
        "  off  192.0.2.4:1  weight 1, disabled  (test.cfg:23)\n\nAnswer\n",
        "  The backend has no server that may be used.\n    HTTP/1.1 503 Service Unavailable\n",
    ] {
        assert!(told.contains(part), "{part} is not in: {told}");
    }
}

/// A file with one frontend and these lines, which send what is left to a server.
fn with(lines: &str) -> String {
    let timeouts = "  timeout client 1s\n  timeout server 1s\n  timeout connect 1s\n";
    format!(
        "defaults\n  mode http\n{timeouts}frontend f\n  bind :80\n{lines}\nbackend b\n  server s 192.0.2.1:1\n"
    )
}

#[test]
fn every_end_has_its_words() {
    for (lines, expected) in [
        ("  monitor-uri /", "`monitor-uri` is answered; nothing is logged.\n    HTTP/1.1 200 OK\n"),
        ("  http-request reject", "None: the rule at test.cfg:8 closes the connection.\n"),
        (
            "  tcp-request content silent-drop",
            "None: the rule at test.cfg:8 drops the connection silently.\n",
        ),
        (
            "  http-request tarpit",
            "The rule at test.cfg:8 refuses the request after 1s; no server is asked.\n",
        ),
        ("  http-request redirect location /x", "The rule at test.cfg:8 sends the client elsewhere;"),
        (
            "  http-request return status 204",
            "The rule at test.cfg:8 answers; no server is asked.\n    HTTP/1.1 204",
        ),
        ("  http-request use-service prometheus-exporter", "has the figures for Prometheus shown.\n"),
        ("", "No `use_backend` rule matches and there is no `default_backend`.\n    HTTP/1.1 503"),
        ("  http-request allow\n  http-request deny\n  default_backend b", "Answer\n  The server's.\n"),
    ] {
        let told = told(&with(lines), &ask("GET", "/", &[]));
        assert!(told.contains(expected), "{lines}: {told}");
    }
}

#[test]
fn forwardfor_is_added_where_it_is_due() {
    let sent = |option: &str, headers: &[&str]| {
        let file = with(&format!("  option forwardfor {option}\n  default_backend b"));
        let told = told(&file, &ask("GET", "/", headers));
        told.lines()
            .filter(|line| line.contains("for: "))
            .map(|line| line.trim().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(sent("", &["X-Forwarded-For: 1"]), ["x-forwarded-for: 1", "+ x-forwarded-for: 127.0.0.1"]);
    assert_eq!(sent("if-none", &["X-Forwarded-For: 1"]), ["x-forwarded-for: 1"]);
    assert!(sent("except 127.0.0.0/8", &[]).is_empty());
    assert_eq!(sent("header Client-For", &[]), ["+ client-for: 127.0.0.1"]);
}

#[test]
fn an_upgrade_is_passed_on() {
    let headers = ["Connection: Upgrade", "Upgrade: websocket"];
    let told = told(&with("  option httpclose\n  default_backend b"), &ask("GET", "/", &headers));
    assert!(told.contains("    connection: Upgrade\n    upgrade: websocket\n\nAnswer"), "{told}");
}

#[test]
fn what_would_move_the_cursor_is_not_written() {
    let told = told(
        &with("  http-request return string \"a\\x1bb\" content-type text/plain"),
        &ask("GET", "/", &[]),
    );
    assert!(!told.contains('\x1b') && told.contains("a\\u{1b}b"), "{told}");
}
