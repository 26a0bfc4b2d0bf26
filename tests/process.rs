//! The process from outside: how it starts, what signals do, what it leaves behind.

use crate::load::Load;
use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::{eventually, within};
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::signal;
use crate::support::subject::{Config, Dir, Kind, Subject, kind, program};
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::time::Duration;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("process::usr1_lets_requests_in_flight_finish", || drains(libc::SIGUSR1, &["-db"], Some(0)));
    cases.test("process::usr1_lets_requests_in_flight_finish_with_a_master", || {
        drains(libc::SIGUSR1, &["-W", "-db"], Some(0));
    });
    cases.ours_only(
        "process::term_lets_requests_in_flight_finish",
        "HAProxy cuts requests on SIGTERM",
        || {
            drains(libc::SIGTERM, &["-db"], None);
        },
    );
    cases.ours_only(
        "process::term_lets_requests_in_flight_finish_with_a_master",
        "HAProxy cuts requests on SIGTERM",
        || drains(libc::SIGTERM, &["-W", "-db"], None),
    );
    cases.test("process::int_ends_at_once", || {
        int(&["-db"], |s| s.signal() == Some(libc::SIGINT) || s.code() == Some(0))
    });
    cases.test("process::int_ends_at_once_with_130_from_a_master", || {
        int(&["-W", "-db"], |s| s.code() == Some(130))
    });
    cases.test("process::term_ends_an_idle_process", || idle_end(libc::SIGTERM, &["-db"]));
    cases
        .test("process::term_ends_an_idle_process_with_a_master", || idle_end(libc::SIGTERM, &["-W", "-db"]));
    cases.test("process::usr1_closes_idle_connections", usr1_idle);
    cases.test("process::usr1_under_load_cuts_no_request", usr1_under_load);
    cases.test("process::d_stays_in_the_foreground", || foreground("-d"));
    cases.test("process::db_stays_in_the_foreground", || foreground("-db"));
    cases.test("process::ws_notifies_and_writes_the_pid_file", notify);
    cases.test("process::daemon_leaves_a_pid_file_with_a_living_process", daemon);
    cases.test("process::hard_stop_after_ends_what_does_not_finish", hard_stop);
    cases.ours_only(
        "process::a_low_descriptor_limit_lowers_maxconn_with_one_warning",
        "HAProxy refuses to start: Cannot raise FD limit",
        descriptor_limit,
    );
    cases.test("process::sf_takes_over_from_the_old_process", sf);
    cases.test("process::a_port_in_use_ends_it_with_1", port_in_use);
}

fn text(global: &str) -> String {
    format!(
        "global\n  maxconn 2000\n{global}defaults\n  mode http\n  timeout client 9s\n  timeout server 9s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    )
}

fn gate() -> Origin {
    Origin::scripted(vec![
        Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone", After::Keep).gated(),
    ])
}

fn start(args: &[&str], origin: &Origin) -> Subject {
    let subject = Config::new(text("")).bind("FRONT").var("ORIGIN", origin.addr()).args(args).start();
    eventually("the first answer", || (get(subject.addr("FRONT"), "/").status() == 200).then_some(()));
    subject.loaded(usize::from(args.contains(&"-W")));
    subject
}

/// A request that waits at the origin.
fn in_flight(subject: &Subject, origin: &Origin) -> Client {
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request in flight", || {
        origin.requests().iter().any(|r| r.target() == "/gate").then_some(())
    });
    client
}

fn drains(number: i32, args: &[&str], code: Option<i32>) {
    let origin = gate();
    let mut subject = start(args, &origin);
    let mut client = in_flight(&subject, &origin);
    subject.signal(number);
    let early = subject.ends_within(Duration::from_millis(300));
    assert!(early.is_none(), "it ended with a request in flight: {early:?}");
    origin.open_gate();
    let response = client.response("GET");
    assert_eq!((response.status(), response.text().as_str()), (200, "done"));
    drop(client);
    let status = subject.wait();
    if let Some(code) = code {
        assert_eq!(status.code(), Some(code), "{status:?}");
    }
}

fn int(args: &[&str], good: fn(&ExitStatus) -> bool) {
    let origin = gate();
    let mut subject = start(args, &origin);
    let mut client = in_flight(&subject, &origin);
    subject.signal(libc::SIGINT);
    let status = subject.wait();
    assert!(good(&status), "{status:?}");
    assert_eq!(client.rest(), b"", "the request in flight is cut");
}

fn idle_end(number: i32, args: &[&str]) {
    let origin = Origin::plain();
    let mut subject = start(args, &origin);
    let addr = subject.addr("FRONT");
    subject.signal(number);
    let status = subject.wait();
    let by_signal = status.signal() == Some(number) || status.code() == Some(128 + number);
    assert!(by_signal || status.code() == Some(0), "{status:?}");
    assert!(Client::try_connect(addr).is_err(), "nobody listens any more");
}

fn usr1_idle() {
    let origin = Origin::plain();
    let mut subject = start(&["-db"], &origin);
    let mut idle = Client::connect(subject.addr("FRONT"));
    assert_eq!(idle.get("/").status(), 200);
    subject.signal(libc::SIGUSR1);
    assert_eq!(idle.rest(), b"", "an idle connection is closed");
    assert_eq!(subject.wait().code(), Some(0));
}

fn usr1_under_load() {
    let origin = Origin::named("one");
    let mut subject = start(&["-db"], &origin);
    let load = Load::start(subject.addr("FRONT"));
    load.wait_for("one", 100);
    subject.signal(libc::SIGUSR1);
    assert_eq!(subject.wait().code(), Some(0));
    let seen = load.stop();
    let cut: Vec<_> = seen.failures.iter().filter(|f| f.starts_with("status")).collect();
    assert!(cut.is_empty(), "{cut:?}");
}

fn foreground(flag: &str) {
    let origin = Origin::plain();
    let mut subject = start(&[flag], &origin);
    assert!(subject.exited().is_none(), "it is the process that was started");
    subject.signal(libc::SIGTERM);
    subject.wait();
}

fn pid_in(path: &std::path::Path) -> Option<i32> {
    fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

fn notify() {
    let origin = Origin::plain();
    let config = Config::new(text("")).bind("FRONT").var("ORIGIN", origin.addr());
    let path = config.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let subject = config.var("NOTIFY_SOCKET", path.display()).args(&["-Ws", "-p", "${DIR}/pid"]).start();
    let receive = || {
        let mut buffer = [0; 512];
        let n = socket.recv(&mut buffer).expect("a notification");
        String::from_utf8_lossy(&buffer[..n]).into_owned()
    };
    let mut messages = vec![receive()];
    while kind() == Kind::Haproxy && !messages.iter().any(|m| m.starts_with("READY=1")) {
        messages.push(receive());
    }
    assert!(
        messages.iter().any(|m| m.starts_with("READY=1")),
        "HAProxy may say RELOADING=1 before: {messages:?}"
    );
    let pid =
        within(Duration::from_secs(1), || pid_in(&subject.path("pid"))).expect("a pid file within a second");
    assert!(signal::alive(pid));
    assert_eq!(pid, subject.pid(), "the master's pid, which is what was started");
    assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
}

fn daemon() {
    let origin = Origin::plain();
    let mut subject = Config::new(text(""))
        .bind("FRONT")
        .var("ORIGIN", origin.addr())
        .args(&["-D", "-p", "${DIR}/pid"])
        .start();
    assert_eq!(subject.wait().code(), Some(0), "the process that was started leaves: {}", subject.stderr());
    let pid = eventually("the pid file", || pid_in(&subject.path("pid")));
    let answer = get(subject.addr("FRONT"), "/").status();
    let living = signal::alive(pid);
    let _ = signal::send(pid, libc::SIGKILL);
    assert!(living && answer == 200 && pid != subject.pid());
}

fn hard_stop() {
    let origin = gate();
    let mut subject =
        Config::new(text("  hard-stop-after 300ms\n")).bind("FRONT").var("ORIGIN", origin.addr()).start();
    let mut client = in_flight(&subject, &origin);
    subject.signal(libc::SIGUSR1);
    subject.wait();
    let answer = String::from_utf8_lossy(&client.rest()).into_owned();
    assert!(!answer.contains("done"), "{answer}");
}

fn descriptor_limit() {
    let origin = Origin::plain();
    let binary = program(kind()).expect("looked at before the first case");
    let dir = Dir::new();
    let port = ports::free();
    let cfg = dir.write(
        "c.cfg",
        text("")
            .replace("maxconn 2000", "maxconn 20000")
            .replace("\"fd@${FRONT}\"", &format!("127.0.0.1:{port}"))
            .replace("\"${ORIGIN}\"", &origin.addr().to_string()),
    );
    let stderr = fs::File::create(dir.path().join("stderr")).unwrap();
    let mut child = std::process::Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -n 4096; exec {} -db -f {}", binary.display(), cfg.display()))
        .stderr(stderr)
        .spawn()
        .unwrap();
    let addr = ([127, 0, 0, 1], port).into();
    let answer =
        within(Duration::from_secs(10), || Client::try_connect(addr).ok().map(|mut c| c.get("/").status()));
    let _ = child.kill();
    let _ = child.wait();
    assert_eq!(answer, Some(200));
    let said = fs::read_to_string(dir.path().join("stderr")).unwrap();
    assert_eq!(said.matches("[WARNING]").count(), 1, "{said}");
    assert!(said.contains("maxconn"), "{said}");
}

fn port_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let mut subject = Config::new(text("").replace("\"fd@${FRONT}\"", "\"${TAKEN}\""))
        .var("TAKEN", taken.local_addr().unwrap())
        .var("ORIGIN", "127.0.0.1:1")
        .start();
    assert_eq!(subject.wait().code(), Some(1));
    let said = subject.stderr();
    assert!(said.contains("annot bind") && said.contains(&taken.local_addr().unwrap().to_string()), "{said}");
}

fn sf() {
    let origin = gate();
    let port = ports::free();
    let config = || {
        Config::new(text("").replace("\"fd@${FRONT}\"", "\"127.0.0.1:${PORT}\""))
            .var("PORT", port)
            .var("ORIGIN", origin.addr())
    };
    let mut old = config().start();
    let addr = ([127, 0, 0, 1], port).into();
    let mut client = eventually("the old process", || Client::try_connect(addr).ok());
    client.send("GET /gate HTTP/1.1\r\nHost: h\r\n\r\n");
    eventually("the request in flight", || (!origin.requests().is_empty()).then_some(()));
    let pid = old.pid().to_string();
    let _new = config().args(&["-db", "-sf", &pid]).start();
    eventually("an answer of the new process", || Client::try_connect(addr).ok()?.try_response_to("/new"));
    assert!(old.exited().is_none(), "the old one still has a request");
    origin.open_gate();
    assert_eq!(client.response("GET").status(), 200);
    drop(client);
    assert_eq!(old.wait().code(), Some(0));
    assert_eq!(get(addr, "/after").status(), 200);
}
