//! A new configuration without a lost request; a bad one that changes nothing.

use crate::load::Load;
use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use std::net::SocketAddr;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("reload::usr2_swaps_the_configuration_without_a_lost_request", || {
        swap(libc::SIGUSR2, &["-W", "-db"])
    });
    cases.test("reload::hup_swaps_the_configuration_without_a_lost_request", || {
        swap(libc::SIGHUP, &["-W", "-db"])
    });
    cases.ours_only(
        "reload::usr2_reloads_without_master_too",
        "HAProxy reloads in master-worker mode only, without it SIGUSR2 ends it",
        || swap(libc::SIGUSR2, &["-db"]),
    );
    cases.test("reload::a_bad_configuration_keeps_the_old_one_and_says_why", bad);
    cases.test("reload::ten_reloads_under_load_lose_nothing", many);
    cases.test("reload::listeners_come_and_go", listeners);
    cases.test("reload::a_request_in_flight_outlives_the_reload", in_flight);
    cases.test("reload::routes_and_servers_change", routes);
    cases.ours_only(
        "reload::a_stick_table_goes_on_if_it_holds_the_same",
        "HAProxy's new process learns the old one's entries from a local peer only",
        tables,
    );
}

fn text(answer: &str, backend: &str) -> String {
    format!(
        "global\n  maxconn 2000\ndefaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  http-request set-header X-Version {answer}\n  default_backend {backend}\n\
         backend one\n  server s \"${{ONE}}\"\nbackend two\n  server s \"${{TWO}}\"\n"
    )
}

struct Setup {
    subject: Subject,
    _origins: [Origin; 2],
}

fn start(args: &[&str]) -> Setup {
    let origins = [Origin::named("one"), Origin::named("two")];
    let subject = Config::new(text("1", "one"))
        .bind("FRONT")
        .var("ONE", origins[0].addr())
        .var("TWO", origins[1].addr())
        .args(args)
        .start();
    eventually("the first answer", || (get(subject.addr("FRONT"), "/").status() == 200).then_some(()));
    subject.loaded(usize::from(args.contains(&"-W")));
    Setup { subject, _origins: origins }
}

fn swap(signal: i32, args: &[&str]) {
    let setup = start(args);
    let load = Load::start(setup.subject.addr("FRONT"));
    load.wait_for("one", 50);
    setup.subject.rewrite(&text("2", "two"));
    setup.subject.signal(signal);
    load.wait_for("two", 200);
    let pid_before = setup.subject.pid();
    let seen = load.stop();
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
    assert!(crate::support::signal::alive(pid_before), "the process that got the signal stays");
    assert_eq!(get(setup.subject.addr("FRONT"), "/").text(), "two");
}

fn many() {
    let setup = start(&["-W", "-db"]);
    let load = Load::start(setup.subject.addr("FRONT"));
    for turn in 0..10 {
        let (name, answer) = if turn % 2 == 0 { ("two", "2") } else { ("one", "1") };
        setup.subject.rewrite(&text(answer, name));
        setup.subject.signal(libc::SIGUSR2);
        load.wait_for(name, 30);
        setup.subject.loaded(turn + 2);
    }
    let seen = load.stop();
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
}

fn bad() {
    let setup = start(&["-W", "-db"]);
    let load = Load::start(setup.subject.addr("FRONT"));
    load.wait_for("one", 20);
    setup.subject.rewrite("frontend f\n  bogus keyword\n");
    setup.subject.signal(libc::SIGUSR2);
    eventually("the reason", || setup.subject.stderr().contains("unknown keyword 'bogus'").then_some(()));
    load.wait_for("one", 50);
    eventually("a reload once the file is mended", || {
        setup.subject.rewrite(&text("2", "two"));
        setup.subject.signal(libc::SIGUSR2);
        load.seen().bodies.contains_key("two").then_some(())
    });
    let seen = load.stop();
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
}

fn routes() {
    let setup = start(&["-W", "-db"]);
    let addr = setup.subject.addr("FRONT");
    assert_eq!(get(addr, "/new").text(), "one");
    setup.subject.rewrite(
        &text("2", "one")
            .replace("  default_backend", "  use_backend two if { path /new }\n  default_backend"),
    );
    setup.subject.signal(libc::SIGUSR2);
    eventually("the new route", || (get(addr, "/new").text() == "two").then_some(()));
    assert_eq!(get(addr, "/old").text(), "one");
    setup.subject.loaded(2);
    setup.subject.rewrite(&text("3", "one").replace("  default_backend one", "  http-request deny"));
    setup.subject.signal(libc::SIGUSR2);
    eventually("the denial", || (get(addr, "/").status() == 403).then_some(()));
}

fn listeners() {
    let setup = start(&["-W", "-db"]);
    let port = ports::free();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let with =
        text("1", "one").replace("  default_backend", &format!("  bind 127.0.0.1:{port}\n  default_backend"));
    setup.subject.rewrite(&with);
    setup.subject.signal(libc::SIGUSR2);
    let mut kept = eventually("the new listener", || Client::try_connect(addr).ok());
    assert_eq!(kept.get("/").status(), 200);
    setup.subject.loaded(2);
    setup.subject.rewrite(&text("2", "two"));
    setup.subject.signal(libc::SIGUSR2);
    eventually("the listener's end", || Client::try_connect(addr).is_err().then_some(()));
    assert_eq!(get(setup.subject.addr("FRONT"), "/").text(), "two");
}

fn in_flight() {
    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone";
    let slow = Origin::scripted(vec![Script::new("/gate", answer, After::Keep).gated()]);
    let other = Origin::named("two");
    let subject = Config::new(text("1", "one"))
        .bind("FRONT")
        .var("ONE", slow.addr())
        .var("TWO", other.addr())
        .args(&["-W", "-db"])
        .start();
    let addr = subject.addr("FRONT");
    let mut client = Client::connect(addr);
    client.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request in flight", || (!slow.requests().is_empty()).then_some(()));
    subject.loaded(1);
    subject.rewrite(&text("2", "two"));
    subject.signal(libc::SIGUSR2);
    eventually("the new configuration", || (get(addr, "/").text() == "two").then_some(()));
    slow.open_gate();
    assert_eq!(client.response("GET").text(), "done");
}

fn tables() {
    let text = |version: u8, table: &str| {
        format!(
            "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
             frontend f\n  bind \"fd@${{FRONT}}\"\n  http-request track-sc0 path table t\n\
             {:2}http-request return status 200 content-type a/b lf-string \"{version}:%[sc_http_req_cnt(0)]\"\n\
             backend t\n  stick-table {table}\n",
            ""
        )
    };
    let subject = Config::new(text(1, "type string size 10 store http_req_cnt")).bind("FRONT").start();
    let ask = || get(subject.addr("FRONT"), "/a").text();
    assert_eq!(ask(), "1:1");
    assert_eq!(ask(), "1:2");
    let mut asked = 2;
    let mut reload = |version: u8, table: &str| {
        subject.rewrite(&text(version, table));
        subject.signal(libc::SIGUSR2);
        eventually("the new configuration", || {
            let answer = ask();
            asked += 1;
            answer.strip_prefix(&format!("{version}:")).map(|count| (count.to_owned(), asked))
        })
    };
    let (count, asked) = reload(2, "type string size 20 expire 1h store http_req_cnt");
    assert_eq!(count, asked.to_string());
    let (count, _) = reload(3, "type string size 20 store http_req_cnt,gpc0");
    assert_eq!(count, "1");
}
