//! HTTP through the whole path: routing as the original gateway does it, limits on connections, waiting for
//! a request's content.

use crate::support::cases::Cases;
use crate::support::client::{Client, get, request};
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::subject::{Config, Subject};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("http::a_webhook_reaches_the_listener_and_its_answer_comes_back", webhook);
    cases.test("http::what_no_rule_takes_gets_503", nothing_matches);
    cases.test("http::forwardfor_adds_a_line_and_merges_none", forwardfor);
    cases.ours_only(
        "http::forwarded_tells_of_the_client_in_rfc_7239s_form",
        "it came with HAProxy 2.8",
        forwarded,
    );
    cases.test("http::the_header_rule_of_the_later_gateway_routes", by_header);
    cases.test("http::tcp_content_rules_wait_for_the_request", inspect_delay);
    cases.test("http::tcp_content_rules_can_refuse", content_reject);
    cases.test("http::a_frontend_at_its_maxconn_lets_others_wait", || {
        waits("", "  maxconn 1\n", "\"fd@${FRONT}\"")
    });
    cases.test("http::a_bind_at_its_maxconn_lets_others_wait", || waits("", "", "\"fd@${FRONT}\" maxconn 1"));
    cases.test("http::the_process_at_its_maxconn_lets_others_wait", || {
        waits("  maxconn 1\n", "", "\"127.0.0.1:${PORT}\"")
    });
    cases.test("http::a_listen_section_is_both", listen_section);
    cases.test("http::named_defaults_are_inherited", named_defaults);
    cases.test("http::a_kept_client_connection_uses_one_server_connection", || reuse("", 1));
    cases.test("http::http_server_close_makes_a_server_connection_for_each_request", || {
        reuse("  option http-server-close\n", 3);
    });
    cases.test("http::first_requests_leave_no_heap_of_server_connections", no_heap);
    cases.test("http::a_request_that_reached_the_origin_is_never_sent_again", never_twice);
    cases.test("http::a_server_by_name_is_reached", by_name);
    cases.ours_only("http::the_yaml_spelling_serves", "HAProxy reads no YAML", yaml);
    cases.ours_only(
        "http::two_requests_before_a_fin_are_both_answered",
        "HAProxy 2.6 drops the second if it sees the FIN before it is done with the first",
        half_closed,
    );
    cases.test("http::a_megabyte_passes_in_both_directions", megabyte);
}

/// The frontend and backend of the original gateway, on our sockets.
const ORIGINAL: &str = r#"
global
  maxconn 2000
  nbthread 2
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout client-fin 1s
  timeout server 30s
  timeout server-fin 1s
  timeout http-request 10s
  timeout http-keep-alive 300s
  timeout check 10s
frontend localnodes
  bind "fd@${FRONT}"
  tcp-request inspect-delay 5s
  tcp-request content accept if HTTP
  acl PATH_pac path_beg -i /pac/
  use_backend be_el_pac if PATH_pac
backend be_el_pac
  option redispatch
  option forwardfor
  timeout check 5000ms
  server el-pac "${ORIGIN}"
"#;

fn original() -> (Subject, Origin) {
    let origin = Origin::plain();
    (Config::new(ORIGINAL).bind("FRONT").var("ORIGIN", origin.addr()).start(), origin)
}

/// The examples of HAProxy's manual, and what else the parameters may be.
fn forwarded() {
    for (words, expected) in [
        ("", "proto=http;for=127.0.0.1"),
        ("host for-expr src,xxh32,hex for_port", "host=\"h:80\";for=\"_00000000AAAAAAAA:PORT\""),
        (
            "host-expr str(host.com) by-expr str(_haproxy) for-expr str(::1) for_port-expr int(10)",
            "host=\"host.com\";by=_haproxy;for=\"[::1]:10\"",
        ),
        ("by by_port for", "by=\"127.0.0.1:FRONT\";for=127.0.0.1"),
        ("for-expr req.hdr(x-none) proto", "proto=http;for=unknown"),
        ("host-expr req.hdr(x-none)", ""),
    ] {
        let origin = Origin::plain();
        let subject = Config::new(format!(
            "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
             frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend b\nbackend b\n  option forwarded {words}\n  \
             server s \"${{ORIGIN}}\"\n"
        ))
        .bind("FRONT")
        .var("ORIGIN", origin.addr())
        .start();
        let addr = subject.addr("FRONT");
        let mut client = Client::connect(addr);
        client.send("GET / HTTP/1.1\r\nHost: h:80\r\nForwarded: for=_first\r\n\r\n");
        assert_eq!(client.response("GET").status(), 200);
        let told = origin.last().values("forwarded");
        let ours = expected.replace("PORT", &client.port().to_string());
        let ours = ours.replace("FRONT", &addr.port().to_string());
        let (first, rest) = told.split_first().expect("the client's own line stays");
        assert_eq!(*first, "for=_first");
        match rest {
            [] => assert_eq!(expected, ""),
            [line] if ours.contains("AAAAAAAA") => {
                let (before, after) = ours.split_once("AAAAAAAA").expect("it is there");
                assert!(line.starts_with(before) && line.ends_with(after), "{line} for {ours}");
            }
            lines => assert_eq!(lines, [ours.as_str()], "{words}"),
        }
    }
}

fn webhook() {
    let (subject, origin) = original();
    let body = r#"{"ref":"refs/heads/main"}"#;
    let head = format!(
        "POST /pac/ HTTP/1.1\r\nHost: gw\r\nX-GitHub-Event: push\r\nX-Hub-Signature-256: sha256=00\r\n\
         Content-Type: application/json\r\nContent-Length: {}",
        body.len()
    );
    let response = request(subject.addr("FRONT"), &head, body);
    assert_eq!((response.status(), response.text().as_str()), (200, "ok"));
    let seen = origin.last();
    assert_eq!(seen.text(), body);
    assert_eq!(seen.target(), "/pac/", "the path is not rewritten");
    assert_eq!(seen.value("x-github-event").as_deref(), Some("push"));
    assert_eq!(seen.value("x-hub-signature-256").as_deref(), Some("sha256=00"));
    assert_eq!(get(subject.addr("FRONT"), "/PAC/x").status(), 200, "-i means any case");
}

fn nothing_matches() {
    let (subject, origin) = original();
    let response = get(subject.addr("FRONT"), "/other");
    let page = "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n";
    assert_eq!(response.status(), 503);
    assert_eq!(response.text(), page);
    assert_eq!(origin.connections(), 0);
}

fn forwardfor() {
    let (subject, origin) = original();
    request(subject.addr("FRONT"), "GET /pac/ HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 1.2.3.4\r\nX-Z: z", "");
    let seen = origin.last();
    assert_eq!(seen.values("x-forwarded-for"), ["1.2.3.4", "127.0.0.1"]);
    assert!(seen.head.ends_with(b"x-forwarded-for: 127.0.0.1\r\n\r\n"), "it is the last line");
}

fn by_header() {
    let origin = Origin::plain();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  acl PAC hdr(X-Github-Event) -m found\n  use_backend b if PAC\n\
         backend b\n  server s \"${ORIGIN}\"\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    let with = request(subject.addr("FRONT"), "GET / HTTP/1.1\r\nHost: h\r\nx-github-event: push", "");
    assert_eq!(with.status(), 200);
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 503);
}

fn inspect_delay() {
    let (subject, _origin) = original();
    let mut client = Client::connect(subject.addr("FRONT"));
    for part in ["GET /pa", "c/ HTTP/1.1\r\n", "Host: h\r\n", "\r\n"] {
        client.send(part);
    }
    assert_eq!(client.response("GET").status(), 200);
}

fn content_reject() {
    let origin = Origin::plain();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  tcp-request inspect-delay 5s\n\
         tcp-request content reject if { path_beg /no }\n  tcp-request content accept if HTTP\n  default_backend b\n\
         backend b\n  server s \"${ORIGIN}\"\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/yes").status(), 200);
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("GET /no HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.rest(), b"", "closed without an answer");
}

/// One connection is in; a second waits unanswered until the first has gone.
fn waits(global: &str, frontend: &str, bind: &str) {
    let origin = Origin::scripted(vec![
        Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", After::Keep).gated(),
    ]);
    let port = ports::free();
    let subject = Config::new(format!(
        "global\n  nbthread 1\n{global}defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind {bind}\n{frontend}  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("FRONT")
    .var("PORT", port)
    .var("ORIGIN", origin.addr())
    .start();
    let addr = if bind.contains("PORT") { ([127, 0, 0, 1], port).into() } else { subject.addr("FRONT") };
    eventually("the listener", || Client::try_connect(addr).ok());
    let mut first = Client::connect(addr);
    first.send("GET /gate HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    eventually("the first request", || (!origin.requests().is_empty()).then_some(()));
    let mut second = Client::connect(addr);
    second.send("GET /second HTTP/1.1\r\nHost: h\r\n\r\n");
    // The third exchange is what a proxy without the limit would have done with the second by now.
    let mut third = Client::connect(addr);
    third.send("GET /third HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    assert_eq!(origin.requests().len(), 1, "only one connection is let in");
    origin.open_gate();
    assert_eq!(first.response("GET").status(), 200);
    drop(first);
    assert_eq!(second.response("GET").status(), 200, "the second is served when the first has gone");
    drop(second);
    assert_eq!(third.response("GET").status(), 200);
    let order: Vec<String> = origin.requests().iter().map(|r| r.target()).collect();
    assert_eq!(order, ["/gate", "/second", "/third"], "in the order of arrival");
}

fn listen_section() {
    let origin = Origin::plain();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         listen l\n  bind \"fd@${FRONT}\"\n  http-request set-header X-L 1\n  server s \"${ORIGIN}\"\n",
    )
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    assert_eq!(origin.last().value("x-l").as_deref(), Some("1"));
}

fn named_defaults() {
    let origin = Origin::plain();
    let subject = Config::new(
        "defaults a\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n  option httpclose\n\
         defaults b from a\n  no option httpclose\n\
         frontend fa from a\n  bind \"fd@${FRONT}\"\n  default_backend ba\n\
         frontend fb from b\n  bind \"fd@${OTHER}\"\n  default_backend bb\n\
         backend ba from a\n  server s \"${ORIGIN}\"\n\
         backend bb from b\n  server s \"${ORIGIN}\"\n",
    )
    .bind("FRONT")
    .bind("OTHER")
    .var("ORIGIN", origin.addr())
    .start();
    let closes = |name: &str| get(subject.addr(name), "/").value("connection");
    assert_eq!(closes("FRONT").as_deref(), Some("close"));
    assert_eq!(closes("OTHER"), None, "b takes the option back");
}

fn megabyte() {
    let big = "m".repeat(1 << 20);
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{big}", big.len());
    let origin = Origin::scripted(vec![Script::new("/pac/", answer, After::Keep)]);
    let subject = Config::new(ORIGINAL).bind("FRONT").var("ORIGIN", origin.addr()).start();
    let head = format!("POST /pac/ HTTP/1.1\r\nHost: h\r\nContent-Length: {}", big.len());
    let response = request(subject.addr("FRONT"), &head, &big);
    assert!(response.complete && response.text() == big);
    assert!(origin.last().text() == big);
}

fn half_closed() {
    let (subject, origin) = original();
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("GET /pac/1 HTTP/1.1\r\nHost: h\r\n\r\nGET /pac/2 HTTP/1.1\r\nHost: h\r\n\r\n");
    client.finish();
    assert_eq!((client.response("GET").status(), client.response("GET").status()), (200, 200));
    assert_eq!(client.rest(), b"");
    assert_eq!(origin.requests().len(), 2);
}

fn reuse(option: &str, connections: usize) {
    let origin = Origin::plain();
    let text = ORIGINAL.replace("  option redispatch\n", &format!("  option redispatch\n{option}"));
    let subject = Config::new(text).bind("FRONT").var("ORIGIN", origin.addr()).start();
    let mut client = Client::connect(subject.addr("FRONT"));
    for _ in 0..3 {
        assert_eq!(client.get("/pac/").status(), 200);
    }
    assert_eq!(origin.connections(), connections);
}

/// The first request of a client's connection goes over a new one to the server (`http-reuse safe`), of which no more are
/// kept than were needed at once.
fn no_heap() {
    let (subject, origin) = original();
    for _ in 0..20 {
        assert_eq!(Client::connect(subject.addr("FRONT")).get("/pac/").status(), 200);
    }
    assert_eq!(origin.connections(), 20);
    eventually("the end of most", || (origin.open_connections() <= 2).then_some(()));
}

fn by_name() {
    let origin = Origin::plain();
    let name = format!("localhost:{}", origin.addr().port());
    let subject = Config::new(ORIGINAL.replace("\"${ORIGIN}\"", "\"ipv4@${ORIGIN}\""))
        .bind("FRONT")
        .var("ORIGIN", name)
        .start();
    eventually("the name's address", || (get(subject.addr("FRONT"), "/pac/").status() == 200).then_some(()));
}

fn yaml() {
    let origin = Origin::plain();
    let subject = Config::new(
        r#"
defaults:
  mode: http
  timeout: { connect: 5s, client: 30s, server: 30s }
frontends:
  localnodes:
    bind: '"fd@${FRONT}"'
    acl: [ "PATH_pac path_beg -i /pac/" ]
    use_backend: [ "be_el_pac if PATH_pac" ]
backends:
  be_el_pac:
    option: [ forwardfor ]
    server: [ 'el-pac "${ORIGIN}"' ]
"#,
    )
    .called("haproxy.yaml")
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/PAC/x").status(), 200);
    assert_eq!(get(subject.addr("FRONT"), "/x").status(), 503);
}

/// A webhook delivered twice runs its pipeline twice: whether the connection was new or kept, an origin that
/// closes without an answer has perhaps done the work.
fn never_twice() {
    let origin = Origin::scripted(vec![Script::new("/pac/empty", "", After::Close)]);
    let subject = Config::new(ORIGINAL).bind("FRONT").var("ORIGIN", origin.addr()).start();
    let addr = subject.addr("FRONT");
    let deliveries = || origin.requests().iter().filter(|r| r.target() == "/pac/empty").count();
    let post = "POST /pac/empty HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi";
    for turn in 1..=4 {
        let mut client = Client::connect(addr);
        if turn % 2 == 0 {
            assert_eq!(client.get("/pac/").status(), 200, "a server connection to be kept");
        }
        client.send(post);
        let answer = client.try_response("POST").map(|r| r.status());
        assert!(
            matches!(answer, Some(502) | None),
            "a kept client connection may also just be closed: {answer:?}"
        );
        assert_eq!(deliveries(), turn, "one delivery for each request");
    }
}
