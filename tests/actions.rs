//! What actions do that neither heads nor bodies show: places in queues, retries, marks on packets, silence.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::{After, OK, Origin, Script};
use crate::support::subject::{Config, Subject};
use crate::support::syslog::Syslog;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

const LATER: &str = "the action came after HAProxy 2.6";

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("actions::set_priority_class_goes_before_arrival", || {
        let rule = "http-request set-priority-class req.hdr(x-p)";
        assert_eq!(served(rule, &["5", "-3", "0", "-3"]), ["1", "3", "2", "0"]);
    });
    cases.test("actions::set_priority_offset_moves_the_arrival", || {
        let rule = "http-request set-priority-offset req.hdr(x-p)";
        assert_eq!(served(rule, &["60000", "0", "-60000"]), ["2", "1", "0"]);
    });
    cases.test("actions::prio_class_and_prio_offset_tell_what_was_set", || {
        let subject = alone(
            "  http-request set-priority-class int(3000)\n  http-request set-priority-offset int(-7)\n  \
             http-request return status 200 content-type text/plain lf-string \"%[prio_class] %[prio_offset]\"\n",
        );
        assert_eq!(get(subject.addr("FRONT"), "/").text(), "2047 -7");
    });
    cases.ours_only("actions::set_retries_takes_the_place_of_the_backends", LATER, set_retries);
    cases.ours_only("actions::a_response_that_pauses_holds_up_nobody_else", LATER, pauses);
    cases.test("actions::set_tos_is_on_the_packets_to_the_client", || {
        assert_eq!(client_tos("http-request set-tos 0x10"), "0x10");
    });
    cases.test("actions::set_tos_of_a_response_is_on_the_packets_to_the_client", || {
        assert_eq!(client_tos("http-response set-tos 8"), "0x8");
    });
    cases.test("actions::set_tos_of_a_session_is_on_the_packets_to_the_client", || {
        assert_eq!(client_tos("tcp-request session set-tos 0x20"), "0x20");
    });
    cases.ours_only("actions::set_bc_tos_parts_the_connections_to_the_server", LATER, server_tos);
    cases.test("actions::the_last_rule_is_the_one_that_ended_a_set", last_rule);
    cases.test("actions::expect_proxy_reads_the_line_where_a_rule_says_so", expect_proxy);
    cases.ours_only(
        "actions::acls_are_samples_and_conditions_of_samples",
        "both came after HAProxy 2.6",
        asked,
    );
    cases.test("actions::silent_drop_of_a_connection_ends_without_a_word", || {
        silent_drop("tcp-request connection silent-drop", "");
    });
    cases.test("actions::silent_drop_of_a_request_ends_without_a_word", || {
        silent_drop("http-request silent-drop", "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    });
}

/// `acl(…)` and `when(…)`, in rules and in the line of the log.
fn asked() {
    let syslog = Syslog::start();
    let subject = Config::new(
        "global\n  log \"${LOG}\" format raw local0\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  \
         timeout connect 5s\n  log global\nfrontend f\n  bind \"fd@${FRONT}\"\n  acl admin path_beg /admin\n  \
         acl local src 127.0.0.0/8\n  acl both acl(admin,local)\n  log-format \"%HU %[acl(both)] \
         %[str(failed),when(error)] %[str(fine),when(normal)] %[str(asked),when(acl,admin,!both)]\"\n  \
         http-request return status 200 content-type text/plain lf-string \"%[acl(both)] %[acl(!admin,local)]\" \
         if { acl(local) } !{ path /none }\n  default_backend none\nbackend none\n",
    )
    .bind("FRONT")
    .var("LOG", syslog.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/admin/x").text(), "1 0");
    assert_eq!(get(subject.addr("FRONT"), "/").text(), "0 1");
    assert_eq!(get(subject.addr("FRONT"), "/none").status(), 503);
    assert_eq!(syslog.expect("/admin/x"), "/admin/x 1 - fine -");
    assert_eq!(syslog.expect("/none"), "/none 0 failed - -");
}

/// A subject whose frontend answers everything itself.
fn alone(rules: &str) -> Subject {
    Config::new(format!(
        "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n{rules}"
    ))
    .bind("FRONT")
    .start()
}

/// A subject with a backend of one origin.
fn before(origin: &Origin, rule: &str, server: &str) -> Subject {
    Config::new(format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  \
         http-request return status 200 content-type text/plain lf-string %[queue(b)] if {{ path /queue }}\n  {rule}\n  \
         default_backend b\nbackend b\n  server s \"${{ORIGIN}}\" {server}\n"
    ))
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start()
}

/// The numbers of requests with these values of `x-p`, in the order in which a server of one slot got them.
fn served(rule: &str, values: &[&str]) -> Vec<String> {
    let origin = Origin::scripted(vec![
        Script::new("/gate", OK, After::Keep).gated(),
        Script::new("", OK, After::Keep),
    ]);
    let subject = before(&origin, rule, "maxconn 1");
    let addr = subject.addr("FRONT");
    let ask = |target: &str, value: &str| {
        let mut client = Client::connect(addr);
        let head = format!("GET {target} HTTP/1.1\r\nHost: h\r\nX-P: {value}\r\nConnection: close\r\n\r\n");
        client.send(head);
        client
    };
    let mut clients = vec![ask("/gate", "0")];
    eventually("the first request", || (!origin.requests().is_empty()).then_some(()));
    for (number, value) in values.iter().enumerate() {
        clients.push(ask(&format!("/{number}"), value));
        eventually("the queue", || (get(addr, "/queue").text() == (number + 1).to_string()).then_some(()));
    }
    origin.open_gate();
    for client in &mut clients {
        assert_eq!(client.response("GET").status(), 200);
    }
    origin.requests().iter().skip(1).map(|request| request.target()[1..].to_owned()).collect()
}

fn set_retries() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 20ms\n  retries 1\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  http-request set-retries urlp(n)\n  \
         http-after-response set-header x-tries %rc\n  default_backend b\nbackend b\n  server s \"${GONE}\"\n",
    )
    .bind("FRONT")
    .var("GONE", gone)
    .start();
    for (target, tries) in [("/", "+1"), ("/?n=0", "0"), ("/?n=3", "+3")] {
        let answer = get(subject.addr("FRONT"), target);
        let told = answer.values("x-tries");
        assert_eq!(told[0].trim_start_matches('+'), tries.trim_start_matches('+'), "{target}");
    }
}

/// The type of service of an established connection, as the kernel tells it.
fn tos_between(local: SocketAddr, peer: u16) -> Option<String> {
    let filter = format!("sport = :{} and dport = :{peer}", local.port());
    let told = Command::new("ss").args(["-tnH", "--tos", "state", "established", &filter]).output();
    let text = String::from_utf8(told.expect("ss of iproute2 is installed").stdout).expect("ss prints text");
    let tos = text.split_whitespace().find_map(|word| word.strip_prefix("tos:"))?;
    Some(tos.to_owned())
}

fn client_tos(rule: &str) -> String {
    let origin = Origin::plain();
    let subject = before(&origin, rule, "");
    let addr = subject.addr("FRONT");
    let mut client = Client::connect(addr);
    assert_eq!(client.get("/").status(), 200);
    tos_between(addr, client.port()).expect("the connection is kept")
}

fn server_tos() {
    let origin = Origin::plain();
    let subject = before(&origin, "http-request set-bc-tos req.hdr(x-p)", "");
    let mut client = Client::connect(subject.addr("FRONT"));
    for (value, connections) in [("8", 1), ("8", 1), ("16", 2), ("8", 2), ("16", 2)] {
        client.send(format!("GET / HTTP/1.1\r\nHost: h\r\nX-P: {value}\r\n\r\n"));
        assert_eq!(client.response("GET").status(), 200);
        assert_eq!(origin.connections(), connections, "a connection serves requests of one type of service");
    }
    let told = Command::new("ss")
        .args(["-tnH", "--tos", "state", "established", &format!("dport = :{}", origin.addr().port())])
        .output()
        .expect("ss of iproute2 is installed");
    let text = String::from_utf8(told.stdout).expect("ss prints text");
    let mut seen: Vec<&str> = text.split_whitespace().filter_map(|word| word.strip_prefix("tos:")).collect();
    seen.sort_unstable();
    assert_eq!(seen, ["0x10", "0x8"]);
}

fn expect_proxy() {
    let rules = "  tcp-request connection expect-proxy layer4 if { src 127.0.0.1 }\n  \
                 http-request return status 200 content-type text/plain lf-string %[src]\n";
    let subject = alone(rules);
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("PROXY TCP4 192.0.2.7 192.0.2.8 1111 80\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response("GET").text(), "192.0.2.7");
    let other = alone(&rules.replace("src 127.0.0.1", "src 192.0.2.1"));
    assert_eq!(get(other.addr("FRONT"), "/").text(), "127.0.0.1");
}

/// The subject's end of the connection is gone, and the client was not told: it hears nothing, or, where the kernel
/// does not let the subject keep still, a reset that would not leave this machine.
fn silent_drop(rule: &str, request: &str) {
    let subject = alone(&format!("  {rule}\n"));
    let addr = subject.addr("FRONT");
    let mut client = TcpStream::connect(addr).unwrap();
    client.write_all(request.as_bytes()).unwrap();
    let port = client.local_addr().unwrap().port();
    eventually("the end of the subject's side", || tos_between(addr, port).is_none().then_some(()));
    client.set_nonblocking(true).unwrap();
    let heard = client.read(&mut [0; 16]).map_err(|error| error.kind());
    assert!(matches!(heard, Err(ErrorKind::WouldBlock | ErrorKind::ConnectionReset)), "{heard:?}");
}

/// The line of the rule that ended a set last, as the log tells it, and an answer where HAProxy knows it by then.
fn last_rule() {
    let syslog = Syslog::start();
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  log \"${SYSLOG}\" local0\n  \
         log-format \"%HP is [%[last_rule_line]] %[last_rule_file]\"\n  \
         http-request set-var(txn.a) int(1)\n  http-request deny if { path /deny }\n  \
         http-request redirect location /x if { path /redirect }\n  http-request allow if { path /allow }\n  \
         http-request return status 200 if { path /return }\n  http-request auth if { path /auth }\n  \
         http-after-response set-header x-rule \"%[last_rule_line]\"\n",
    )
    .bind("FRONT")
    .var("SYSLOG", syslog.addr())
    .start();
    for (path, line) in
        [("/deny", "11"), ("/redirect", "12"), ("/allow", "13"), ("/return", "14"), ("/auth", "15")]
    {
        let answer = get(subject.addr("FRONT"), path);
        if matches!(path, "/deny" | "/allow") {
            assert_eq!(answer.values("x-rule"), [line], "{path}");
        }
        let logged = syslog.expect(&format!("{path} is ["));
        assert!(
            logged.contains(&format!("{path} is [{line}] ")) && logged.contains("haproxy.cfg"),
            "{logged}"
        );
    }
    get(subject.addr("FRONT"), "/none");
    syslog.expect("/none is [-] -");
}

/// A response of one that is told to wait comes after those of others who asked later, and not before its time.
fn pauses() {
    const PAUSE: Duration = Duration::from_millis(1500);
    let origin = Origin::plain();
    let subject = Config::new(format!(
        "global\n  nbthread 1\ndefaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  http-request set-var(txn.p) path\n  default_backend b\nbackend b\n  \
         http-response pause {}ms if {{ var(txn.p) -m str /slow }}\n  server s \"${{ORIGIN}}\"\n",
        PAUSE.as_millis()
    ))
    .bind("FRONT")
    .var("ORIGIN", origin.addr())
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    let begun = Instant::now();
    let mut slow = Client::connect(subject.addr("FRONT"));
    slow.send("GET /slow HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request at the origin", || {
        origin.requests().iter().any(|r| r.target() == "/slow").then_some(())
    });
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    assert!(begun.elapsed() < PAUSE, "another was answered meanwhile");
    assert_eq!(slow.response("GET").status(), 200);
    assert!(begun.elapsed() >= PAUSE, "{:?}", begun.elapsed());
}
