//! What is changed while traffic runs: variables, maps and lists by the CLI, servers that go down under those who belong
//! on them.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::Origin;
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("live::set_var_is_seen_by_the_next_request", set_var);
    cases.test("live::set_var_is_refused_as_haproxy_refuses_it", set_var_refused);
    cases.test("live::a_map_changes_under_load_and_no_request_is_lost", map_entry);
    cases.test("live::a_whole_map_is_exchanged_under_load_at_once", whole_map);
    cases.test("live::a_list_changes_under_load_and_no_request_is_lost", list);
    cases.test("live::stick_rules_leave_a_server_that_goes_down_and_stay_where_they_went", stick);
    cases.test("live::option_persist_goes_to_a_server_that_is_down", || {
        let rows = [("/?k=a", "one"), ("/?k=b", "two"), ("/?u=1", "one"), ("/?k=c", "two"), ("/", "two")];
        persist("option persist", &rows);
    });
    cases.test("live::force_persist_goes_to_a_server_that_is_down_and_nowhere_else", || {
        let rows = [
            ("/?k=a&f=1", "one"),
            ("/?u=1", "two"),
            ("/?u=1&f=1", "one"),
            ("/?k=c&f=1", "503"),
            ("/?k=a", "two"),
            ("/?k=a&f=1", "two"),
        ];
        persist("force-persist if { urlp(f) 1 }", &rows);
    });
    cases.test("live::the_first_rule_about_persistence_decides", || {
        let rules = "ignore-persist if { urlp(i) 1 }\n  force-persist if { urlp(f) 1 }";
        persist(rules, &[("/?k=a&f=1", "one"), ("/?k=a&f=1&i=1", "two")]);
    });
    cases.test("live::a_server_without_weight_keeps_those_who_belong_to_it_and_gets_no_others", || {
        draining("")
    });
    cases.test("live::force_persist_changes_nothing_for_a_server_without_weight", || {
        draining("force-persist if { urlp(i) 1 }");
    });
}

const DEFAULTS: &str =
    "defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 1s\n";

const GLOBAL: &str = "global\n  stats socket \"${DIR}/admin.sock\" mode 600 level admin\n";

/// What the CLI answers.
fn tell(subject: &Subject, commands: &str) -> String {
    let mut cli = subject.cli("admin.sock");
    cli.send(format!("{commands}\n"));
    String::from_utf8_lossy(&cli.rest()).trim().to_owned()
}

fn variables() -> Subject {
    Config::new(format!(
        "{GLOBAL}  set-var proc.a int(5)\n{DEFAULTS}frontend f\n  bind \"fd@${{FRONT}}\"\n  \
         http-request return status 200 content-type text/plain lf-string \"<%[var(proc.a)]> <%[var(proc.b)]>\"\n"
    ))
    .bind("FRONT")
    .start()
}

fn set_var() {
    let subject = variables();
    let ask = || get(subject.addr("FRONT"), "/").text();
    assert_eq!(ask(), "<5> <>");
    for (command, expected) in [
        ("set var proc.a int(7),add(1)", "<8> <>"),
        ("set var proc.b expr str(x\\ y)", "<8> <x y>"),
        ("set var proc.a fmt <%[int(9)]>", "<<9>> <x y>"),
        ("set var proc.c str(new); set var proc.b var(proc.c)", "<<9>> <new>"),
        ("set var proc.b var(proc.none)", "<<9>> <new>"),
    ] {
        assert_eq!(tell(&subject, &format!("experimental-mode on; {command}")), "", "{command}");
        assert_eq!(ask(), expected, "{command}");
    }
    assert_eq!(tell(&subject, "get var proc.c"), "proc.c: type=str value=<new>");
}

fn set_var_refused() {
    let subject = variables();
    for (command, why) in [
        ("set var proc.a int(1)", "This command is restricted to experimental mode only."),
        ("experimental-mode", "experimental-mode is OFF"),
        ("experimental-mode on; set var", "Missing process-wide variable identifier."),
        ("experimental-mode on; set var proc.a", "Missing either 'expr', 'fmt' or expression."),
        ("experimental-mode on; set var proc.a nope", "unknown fetch method 'nope'"),
        (
            "experimental-mode on; set var sess.a int(1)",
            "'set var': cannot set variable 'sess.a', only scope 'proc' is permitted here.",
        ),
        (
            "experimental-mode on; set var proc.a int(1) int(2)",
            "'set var': arg type must be either 'expr' or 'fmt' but got 'int(1)'.",
        ),
    ] {
        assert_eq!(tell(&subject, command), why, "{command}");
    }
    assert_eq!(get(subject.addr("FRONT"), "/").text(), "<5> <>");
}

/// Answers with what a map says of the path, and whether a list has it.
fn patterns() -> Subject {
    Config::new(format!(
        "{GLOBAL}{DEFAULTS}frontend f\n  bind \"fd@${{FRONT}}\"\n  acl listed path -f \"${{DIR}}/some.lst\"\n  \
         http-request set-var(txn.listed) str(yes) if listed\n  http-request return status 200 content-type text/plain \
         lf-string \"%[path,map(\\\"${{DIR}}/some.map\\\",none)] %[var(txn.listed)]\"\n"
    ))
    .file("some.map", "/a 0\n/other x\n")
    .file("some.lst", "/z\n")
    .bind("FRONT")
    .start()
}

/// Clients that ask one thing after the other, and check each answer against the changes that may have been made by then.
fn under_load(
    subject: &Subject,
    rounds: usize,
    change: impl Fn(usize),
    judge: fn(&str, usize, usize) -> bool,
) {
    let addr = subject.addr("FRONT");
    let (begun, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let (over, asked) = (AtomicBool::new(false), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut client = Client::connect(addr);
                while !over.load(Ordering::SeqCst) {
                    let before = done.load(Ordering::SeqCst);
                    let answer = client.get("/a");
                    let after = begun.load(Ordering::SeqCst);
                    assert_eq!(answer.status(), 200);
                    let text = answer.text();
                    assert!(judge(&text, before, after), "'{text}' between changes {before} and {after}");
                    asked.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        for round in 1..=rounds {
            begun.store(round, Ordering::SeqCst);
            change(round);
            done.store(round, Ordering::SeqCst);
            let so_far = asked.load(Ordering::SeqCst);
            eventually("requests between changes", || (asked.load(Ordering::SeqCst) > so_far).then_some(()));
        }
        over.store(true, Ordering::SeqCst);
    });
    assert!(asked.into_inner() >= rounds);
}

fn is_number_between(text: &str, before: usize, after: usize) -> bool {
    let number = text.split(' ').next().and_then(|number| number.parse().ok());
    number.is_some_and(|number: usize| (before..=after).contains(&number))
}

fn map_entry() {
    let subject = patterns();
    let map = subject.path("some.map").display().to_string();
    let change = |round| assert_eq!(tell(&subject, &format!("set map {map} /a {round}")), "");
    under_load(&subject, 60, change, is_number_between);
}

fn whole_map() {
    let subject = patterns();
    let map = subject.path("some.map").display().to_string();
    let change = |round| {
        let prepared = tell(&subject, &format!("prepare map {map}"));
        let version = prepared.rsplit(' ').next().unwrap_or_default().to_owned();
        let filled = format!("add map @{version} {map} <<\n/a {round}\n/b {round}\n");
        assert_eq!(tell(&subject, &filled), "", "{prepared}");
        assert_eq!(tell(&subject, &format!("commit map @{version} {map}")), "");
    };
    under_load(&subject, 30, change, is_number_between);
    assert_eq!(get(subject.addr("FRONT"), "/b").text().trim(), "30");
    assert_eq!(get(subject.addr("FRONT"), "/other").text().trim(), "none");
}

fn list() {
    let subject = patterns();
    let list = subject.path("some.lst").display().to_string();
    let change = |round: usize| {
        let what = if round % 2 == 1 { "add" } else { "del" };
        assert_eq!(tell(&subject, &format!("{what} acl {list} /a")), "");
    };
    // it is there after odd changes
    let judge = |text: &str, before: usize, after: usize| {
        let listed = usize::from(text.ends_with("yes"));
        (before..=after).any(|change| change % 2 == listed)
    };
    under_load(&subject, 60, change, judge);
}

/// An origin at this address that answers with its name.
fn named(addr: SocketAddr, name: &str) -> Origin {
    let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
    let script = crate::support::origin::Script::new("", answer, crate::support::origin::After::Close);
    Origin::on(TcpListener::bind(addr).expect("the port is free"), vec![script])
}

/// A server that is down at first: who belongs on it goes to the other and stays there when it is back.
fn stick() {
    let one: SocketAddr = format!("127.0.0.1:{}", ports::free()).parse().unwrap();
    let two = Origin::named("two");
    let subject = Config::new(format!(
        "{GLOBAL}{DEFAULTS}frontend f\n  bind \"fd@${{FRONT}}\"\n  \
         http-request return status 200 content-type text/plain lf-string %[nbsrv(b)] if {{ path /up }}\n  \
         default_backend b\nbackend b\n  balance roundrobin\n  stick-table type string size 100 expire 1h\n  \
         stick on urlp(k)\n  server one \"${{ONE}}\" check inter 50ms fall 1 rise 1\n  server two \"${{TWO}}\"\n"
    ))
    .bind("FRONT")
    .var("ONE", one)
    .var("TWO", two.addr())
    .start();
    let ask = |target: &str| get(subject.addr("FRONT"), target).text();
    let up = |count: &str| eventually("servers", || (ask("/up") == count).then_some(()));
    up("1");
    assert_eq!(tell(&subject, "set table b key a data.server_id 1"), "");
    assert_eq!(ask("/?k=a"), "two");
    let _one = named(one, "one");
    up("2");
    for _ in 0..4 {
        assert_eq!(ask("/?k=a"), "two", "the table has learnt better");
    }
    assert_eq!(tell(&subject, "set table b key b data.server_id 1"), "");
    for _ in 0..4 {
        assert_eq!(ask("/?k=b"), "one");
    }
}

/// Targets and who answers them: `one` is down and would answer, `two` is up, the third is down and refuses.
fn persist(rules: &str, rows: &[(&str, &str)]) {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let subject = Config::new(format!(
        "{GLOBAL}{DEFAULTS}  retries 1\n  option redispatch 1\nfrontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend b\n\
         backend b\n  stick-table type string size 100 expire 1h\n  stick on urlp(k)\n  use-server one if {{ urlp(u) 1 }}\n  \
         {rules}\n  server one \"${{ONE}}\" disabled\n  server two \"${{TWO}}\"\n  server gone \"${{GONE}}\" disabled\n"
    ))
    .bind("FRONT")
    .var("ONE", one.addr())
    .var("TWO", two.addr())
    .var("GONE", gone)
    .start();
    for (key, server) in [("a", 1), ("b", 2), ("c", 3)] {
        assert_eq!(tell(&subject, &format!("set table b key {key} data.server_id {server}")), "");
    }
    for (target, expected) in rows {
        let answer = get(subject.addr("FRONT"), target);
        let told = if answer.status() == 200 { answer.text() } else { answer.status().to_string() };
        assert_eq!(told, *expected, "{target}");
    }
}

/// Who goes where when a server has no weight: it drains.
fn draining(rules: &str) {
    let (one, two) = (Origin::named("one"), Origin::named("two"));
    let subject = Config::new(format!(
        "{GLOBAL}{DEFAULTS}frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend b\nbackend b\n  \
         stick-table type string size 100 expire 1h\n  stick match urlp(k)\n  {rules}\n  \
         server one \"${{ONE}}\" weight 0\n  server two \"${{TWO}}\"\n"
    ))
    .bind("FRONT")
    .var("ONE", one.addr())
    .var("TWO", two.addr())
    .start();
    assert_eq!(tell(&subject, "set table b key a data.server_id 1"), "");
    for _ in 0..3 {
        let went = ["/?k=a", "/?k=b", "/", "/?i=1&k=a", "/?i=1"]
            .map(|target| get(subject.addr("FRONT"), target).text());
        assert_eq!(went, ["one", "two", "two", "one", "two"]);
    }
}
