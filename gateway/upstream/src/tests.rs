//! The parts together: selection with queues, checks against listeners, names that come and go, reload.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use config::model::{self, Balance, CheckKind, ExpectStatus, ServerAddress, ServerPort};
use parking_lot::Mutex;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use crate::fixture::{check, course, ip, model, named, server};
use crate::{
    Address, Admin, Ask, Backend, Event, Events, Lookup, Names, Prefer, Status, Unavailable, Waited,
    spawn_background, start_addresses,
};

fn limited(balance: Balance, servers: usize, maxconn: u32, maxqueue: Option<u32>) -> model::Backend {
    let line = |at: usize| model::Server { maxconn: Some(maxconn), maxqueue, ..server(&format!("s{at}")) };
    model(balance, (1..=servers).map(line).collect())
}

fn millis(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// Lets everything that can run do so.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn who_waits_gets_the_slot_that_becomes_free_in_order() {
    let backend = Backend::build(&limited(Balance::RoundRobin, 2, 1, None), None);
    let first = backend.try_select(&Ask::default()).unwrap();
    let second = backend.try_select(&Ask::default()).unwrap();
    assert!(backend.try_select(&Ask::default()).is_none());
    let done: Arc<Mutex<Vec<(u32, u32)>>> = Arc::default();
    for at in 0..3 {
        let (backend, done) = (Arc::clone(&backend), Arc::clone(&done));
        tokio::spawn(async move {
            let slot = backend.select(&Ask::default()).await.unwrap();
            done.lock().push((at, slot.waited().backend_queue));
            sleep(millis(1)).await;
        });
        settle().await;
    }
    assert_eq!(backend.counters.waiting(), 3);
    drop(second);
    settle().await;
    assert_eq!(*done.lock(), [(0, 1)]);
    drop(first);
    sleep(millis(50)).await;
    assert_eq!(*done.lock(), [(0, 1), (1, 2), (2, 3)]);
    assert_eq!((backend.counters.waiting(), backend.servers[0].busy(), backend.servers[1].busy()), (0, 0, 0));
}

#[tokio::test]
async fn a_hash_waits_for_its_own_server() {
    let backend = Backend::build(&limited(Balance::Source, 2, 1, None), None);
    let ask = || Ask { client: Some(ip("10.0.0.4")), ..Ask::default() };
    let slot = backend.try_select(&ask()).unwrap();
    let (waiter, name) = (Arc::clone(&backend), slot.name.clone());
    let waiting = tokio::spawn(async move {
        let ask = Ask { client: Some(ip("10.0.0.4")), ..Ask::default() };
        waiter.select(&ask).await.map(|slot| (slot.name.clone(), slot.waited().server_queue))
    });
    settle().await;
    assert_eq!((slot.counters.waiting(), backend.counters.waiting()), (1, 0));
    drop(slot);
    assert_eq!(waiting.await.unwrap().unwrap(), (name, 1));
}

#[tokio::test]
async fn who_waits_for_somebody_that_leaves_gives_up_the_place() {
    let backend = Backend::build(&limited(Balance::RoundRobin, 1, 1, None), None);
    let _slot = backend.try_select(&Ask::default()).unwrap();
    let left = backend.select_until(&Ask::default(), std::future::ready(())).await.unwrap_err();
    assert!(
        matches!(left, Unavailable::Left { server: None, waited } if waited.backend_queue == 1),
        "{left:?}"
    );
    assert_eq!(backend.counters.waiting(), 0);
}

#[tokio::test]
async fn a_full_queue_refuses_and_a_redispatch_goes_elsewhere() {
    let mut plan = limited(Balance::Source, 2, 1, Some(1));
    plan.redispatch = Some(-1);
    let backend = Backend::build(&plan, None);
    let ask = Ask { client: Some(ip("10.0.0.4")), ..Ask::default() };
    let slot = backend.try_select(&ask).unwrap();
    let waiter = Arc::clone(&backend);
    let waiting = tokio::spawn(async move {
        waiter.select(&Ask { client: Some(ip("10.0.0.4")), ..Ask::default() }).await.is_ok()
    });
    settle().await;
    let refused = backend.select(&ask).await.unwrap_err();
    assert!(matches!(refused, Unavailable::QueueFull { server } if server.name == slot.name));
    drop(slot);
    assert!(waiting.await.unwrap());
    let rr = Backend::build(&model::Backend { balance: Balance::RoundRobin, ..plan }, None);
    let wanted = rr.servers[0].clone();
    let sticky = Ask { prefer: Prefer::Server(&wanted), ..Ask::default() };
    let _busy = rr.try_select(&sticky).unwrap();
    let holder = Arc::clone(&rr);
    let queued = tokio::spawn(async move {
        let wanted = holder.servers[0].clone();
        let _slot = holder.select(&Ask { prefer: Prefer::Server(&wanted), ..Ask::default() }).await;
    });
    settle().await;
    assert_eq!(&*rr.select(&sticky).await.unwrap().name, "s2");
    queued.abort();
}

#[tokio::test]
async fn leastconn_fills_bounded_queues_before_the_backends() {
    let backend = Backend::build(&limited(Balance::LeastConn, 2, 1, Some(2)), None);
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..9 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            let _slot = backend.select(&Ask::default()).await.unwrap();
            sleep(millis(20)).await;
        });
    }
    settle().await;
    let waiting: Vec<u64> = backend.servers.iter().map(|server| server.counters.waiting()).collect();
    assert_eq!((waiting, backend.counters.waiting()), (vec![2, 2], 3));
    while tasks.join_next().await.is_some() {}
    assert_eq!(backend.servers.iter().map(|server| server.busy()).sum::<u32>(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_queue_timeout_ends_the_wait() {
    let mut plan = limited(Balance::RoundRobin, 1, 1, None);
    plan.timeouts.connect = Some(millis(700));
    let backend = Backend::build(&plan, None);
    let _busy = backend.try_select(&Ask::default()).unwrap();
    let error = backend.select(&Ask::default()).await.unwrap_err();
    let Unavailable::QueueTimeout { server: None, waited } = error else { panic!("{error:?}") };
    assert!(
        (700..720).contains(&waited.time.as_millis()),
        "timeout connect, for want of timeout queue: {waited:?}"
    );
    assert_eq!(waited.backend_queue, 1);
    plan.timeouts.queue = Some(millis(100));
    let backend = Backend::build(&plan, None);
    let _busy = backend.try_select(&Ask::default()).unwrap();
    let one = backend.servers[0].clone();
    let error = backend.select(&Ask { prefer: Prefer::Server(&one), ..Ask::default() }).await.unwrap_err();
    let Unavailable::QueueTimeout { server: Some(server), waited } = error else { panic!("{error:?}") };
    assert_eq!((&*server.name, waited.server_queue), ("s1", 1));
    assert!(waited.time < millis(120));
    assert_eq!((server.counters.waiting(), backend.counters.waiting()), (0, 0));
}

#[tokio::test]
async fn a_dropped_wait_gives_its_turn_away() {
    let backend = Backend::build(&limited(Balance::RoundRobin, 1, 1, None), None);
    for _ in 0..50 {
        let slot = backend.try_select(&Ask::default()).unwrap();
        let mut impatient = Box::pin(async { backend.select(&Ask::default()).await });
        assert!(futures_poll(&mut impatient).await, "it waits");
        let patient = tokio::spawn({
            let backend = Arc::clone(&backend);
            async move { backend.select(&Ask::default()).await.map(|slot| slot.waited()) }
        });
        settle().await;
        drop(slot); // the impatient one is granted the slot, but does not look any more
        drop(impatient);
        let waited: Waited = timeout(millis(1000), patient).await.unwrap().unwrap().unwrap();
        assert_eq!(waited.backend_queue, 2);
    }
    assert_eq!((backend.servers[0].busy(), backend.counters.waiting()), (0, 0));
}

/// Polls once: whether it is still pending.
async fn futures_poll<F: Future + Unpin>(future: &mut F) -> bool {
    std::future::poll_fn(|cx| std::task::Poll::Ready(std::pin::Pin::new(&mut *future).poll(cx).is_pending()))
        .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_limit_is_exceeded_and_nobody_is_lost_under_load() {
    let backend = Backend::build(&limited(Balance::LeastConn, 3, 4, None), None);
    let mut tasks = tokio::task::JoinSet::new();
    for at in 0..400u64 {
        let backend = Arc::clone(&backend);
        tasks.spawn(async move {
            let patience = if at % 5 == 0 { millis(2) } else { millis(60_000) };
            let Ok(slot) = timeout(patience, backend.select(&Ask::default())).await else { return false };
            let slot = slot.unwrap();
            assert!(slot.busy() <= 4);
            if at % 3 == 0 {
                sleep(millis(1)).await;
            }
            true
        });
    }
    let mut served = 0;
    while let Some(done) = tasks.join_next().await {
        served += u32::from(done.unwrap());
    }
    assert!(served >= 320, "{served}: all of those with patience");
    assert_eq!(backend.servers.iter().map(|server| server.busy()).sum::<u32>(), 0);
    assert!(backend.try_select(&Ask::default()).is_some());
}

#[tokio::test]
async fn a_server_taken_out_sends_its_queue_elsewhere() {
    let backend = Backend::build(&limited(Balance::RoundRobin, 2, 1, None), None);
    let wanted = backend.servers[0].clone();
    let _busy = backend.try_select(&Ask { prefer: Prefer::Server(&wanted), ..Ask::default() }).unwrap();
    let waiting = tokio::spawn({
        let (backend, wanted) = (Arc::clone(&backend), wanted.clone());
        async move {
            backend.select(&Ask { prefer: Prefer::Server(&wanted), ..Ask::default() }).await.map(|s| s.id)
        }
    });
    settle().await;
    backend.set_admin(&wanted, Admin::Maint);
    assert_eq!(timeout(millis(1000), waiting).await.unwrap().unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_backup_that_is_wanted_serves_its_own_queue_only() {
    let mut plan = limited(Balance::RoundRobin, 2, 1, None);
    plan.servers[1].backup = true;
    let backend = Backend::build(&plan, None);
    let spare = backend.servers[1].clone();
    let _busy = backend.try_select(&Ask::default()).unwrap();
    let held = backend.try_select(&Ask { prefer: Prefer::Server(&spare), ..Ask::default() }).unwrap();
    let waits = |spare: Option<Arc<crate::Server>>| {
        let backend = Arc::clone(&backend);
        tokio::spawn(async move {
            let prefer = spare.as_deref().map_or(Prefer::Any, Prefer::Server);
            backend.select(&Ask { prefer, ..Ask::default() }).await.map(|slot| slot.id)
        })
    };
    let (any, own) = (waits(None), waits(Some(spare)));
    settle().await;
    drop(held);
    assert_eq!(timeout(millis(1000), own).await.unwrap().unwrap().unwrap(), 2);
    assert!(!any.is_finished(), "the backup is not for everybody");
}

#[tokio::test]
async fn nobody_to_wait_for_is_an_answer_at_once() {
    let backend = Backend::build(&limited(Balance::RoundRobin, 0, 1, None), None);
    assert!(matches!(backend.select(&Ask::default()).await, Err(Unavailable::NoServer)));
}

/// Notes what it is told.
#[derive(Default)]
struct Diary(Mutex<Vec<String>>);

impl Events for Diary {
    fn event(&self, _: &Backend, event: &Event<'_>) {
        self.0.lock().push(event.to_string());
    }
}

impl Diary {
    /// Waits until it holds a line with this text.
    async fn reads(&self, text: &str) -> String {
        for _ in 0..500 {
            if let Some(line) = self.0.lock().iter().find(|line| line.contains(text)) {
                return line.clone();
            }
            sleep(millis(10)).await;
        }
        panic!("no {text:?} in {:?}", self.0.lock());
    }
}

/// Waits for the end of the first check.
async fn checked(server: &crate::Server) {
    for _ in 0..500 {
        if server.last_check().is_some() {
            return;
        }
        sleep(millis(10)).await;
    }
    panic!("{} was not checked", server.name);
}

/// A listener that answers every request with what `answer` holds.
async fn origin(answer: &Arc<Mutex<String>>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let answer = Arc::clone(answer);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let text = answer.lock().clone();
            let mut request = [0; 1024];
            let _read = stream.read(&mut request).await;
            let _written = stream.write_all(text.as_bytes()).await;
        }
    });
    port
}

fn at(name: &str, port: u16) -> model::Server {
    let address = ServerAddress::Ip { ip: ip("127.0.0.1"), port: ServerPort::Fixed(port) };
    model::Server { address, check: Some(check(150)), ..server(name) }
}

fn http(expect: ExpectStatus) -> CheckKind {
    let (method, uri, version) = ("GET".into(), "/".into(), "HTTP/1.0".into());
    CheckKind::Http { method, uri, version, headers: Vec::new(), body: None, expect }
}

#[tokio::test]
async fn checks_take_a_server_out_and_back_and_say_so() {
    let answer = Arc::new(Mutex::new("HTTP/1.0 200 OK\r\n\r\n".to_owned()));
    let port = origin(&answer).await;
    let mut line = at("s1", port);
    line.check.as_mut().unwrap().kind = http(ExpectStatus::Success);
    let backend = Backend::build(&model(Balance::RoundRobin, vec![line]), None);
    let diary = Arc::new(Diary::default());
    let (stop, stopped) = watch::channel(false);
    let events: Arc<dyn Events> = diary.clone();
    backend.spawn_background(&stopped, &Names::default(), &events);
    checked(&backend.servers[0]).await;
    assert_eq!((backend.servers[0].status(), course(&backend, 1).as_str()), (Status::Up(3, 3), "1"));
    assert_eq!(backend.servers[0].last_check().unwrap().code, Some(200));
    *answer.lock() = "HTTP/1.0 503 Oops\r\n\r\n".into();
    let line = diary.reads("is DOWN").await;
    assert!(
        line.starts_with("Server b/s1 is DOWN, reason: Layer7 wrong status, code: 503, info: \"Oops\", "),
        "{line}"
    );
    assert_eq!(diary.reads("no server").await, "backend b has no server available!");
    assert!(matches!(backend.select(&Ask::default()).await, Err(Unavailable::NoServer)));
    *answer.lock() = "HTTP/1.0 302 Found\r\n\r\n".into();
    let line = diary.reads("is UP").await;
    assert!(
        line.starts_with("Server b/s1 is UP, reason: Layer7 check passed, code: 302, check duration: "),
        "{line}"
    );
    assert_eq!(backend.servers[0].status(), Status::Up(3, 3));
    stop.send(true).unwrap();
    sleep(millis(50)).await;
    let before = diary.0.lock().len();
    *answer.lock() = "junk".into();
    sleep(millis(500)).await;
    assert_eq!(diary.0.lock().len(), before, "told to stop, it stopped");
}

#[tokio::test]
async fn one_refused_connection_at_the_start_is_enough() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let mut plan = model(Balance::RoundRobin, vec![at("s1", port)]);
    plan.options.log_health_checks = true;
    let backend = Backend::build(&plan, None);
    let diary = Arc::new(Diary::default());
    let events: Arc<dyn Events> = diary.clone();
    let (_stop, stopped) = watch::channel(false);
    backend.spawn_background(&stopped, &Names::default(), &events);
    let report = diary.reads("Health check").await;
    assert!(
        report.starts_with("Health check for server b/s1 failed, reason: Layer4 connection problem"),
        "{report}"
    );
    assert!(report.ends_with("status: 0/2 DOWN."), "{report}");
    let change = diary.reads("is DOWN").await;
    assert!(change.starts_with("Server b/s1 is DOWN. 0 active"), "the reason is told once: {change}");
    assert_eq!(backend.servers[0].status(), Status::Down(0, 2));
}

#[tokio::test]
async fn a_silent_server_is_a_timeout() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut line = at("s1", listener.local_addr().unwrap().port());
    line.check.as_mut().unwrap().kind = http(ExpectStatus::Success);
    let backend = Backend::build(&model(Balance::RoundRobin, vec![line]), None);
    let diary = Arc::new(Diary::default());
    let events: Arc<dyn Events> = diary.clone();
    let (_stop, stopped) = watch::channel(false);
    backend.spawn_background(&stopped, &Names::default(), &events);
    let line = diary.reads("is DOWN").await;
    assert!(line.starts_with("Server b/s1 is DOWN, reason: Layer7 timeout, check duration: 1"), "{line}");
}

#[tokio::test]
async fn a_reset_in_the_answer_is_a_socket_error_and_another_failure_is_news() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut line = at("s1", listener.local_addr().unwrap().port());
    line.check.as_mut().unwrap().kind = http(ExpectStatus::Success);
    let mut plan = model(Balance::RoundRobin, vec![line]);
    plan.options.log_health_checks = true;
    tokio::spawn(async move {
        for at in 0.. {
            let Ok((mut stream, _)) = listener.accept().await else { return };
            let _read = stream.read(&mut [0; 1024]).await;
            if at < 2 {
                socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
            }
        }
    });
    let backend = Backend::build(&plan, None);
    let diary = Arc::new(Diary::default());
    let events: Arc<dyn Events> = diary.clone();
    let (_stop, stopped) = watch::channel(false);
    backend.spawn_background(&stopped, &Names::default(), &events);
    diary.reads("reason: Layer7 invalid response").await;
    let told: Vec<String> =
        diary.0.lock().iter().filter(|line| line.starts_with("Health")).cloned().collect();
    assert_eq!(told.len(), 2, "the same failure is told once: {told:?}");
    assert!(told[0].contains("reason: Socket error, info: \"Connection reset by peer\""), "{told:?}");
}

#[tokio::test]
async fn a_check_has_its_own_port_and_unix_sockets_are_checked_too() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut line = at("s1", 1);
    line.check.as_mut().unwrap().port = Some(listener.local_addr().unwrap().port());
    let path = std::env::temp_dir().join(format!("gateway-upstream-test-{}.sock", std::process::id()));
    let _old = std::fs::remove_file(&path);
    let _listening = tokio::net::UnixListener::bind(&path).unwrap();
    let unix = |path: &std::path::Path, name| model::Server {
        address: ServerAddress::Unix(path.into()),
        ..at(name, 1)
    };
    let lines = vec![line, unix(&path, "s2"), unix("/nonexistent/s3.sock".as_ref(), "s3")];
    let backend = Backend::build(&model(Balance::RoundRobin, lines), None);
    let diary = Arc::new(Diary::default());
    let events: Arc<dyn Events> = diary.clone();
    let (_stop, stopped) = watch::channel(false);
    backend.spawn_background(&stopped, &Names::default(), &events);
    let line = diary.reads("s3 is DOWN").await;
    assert!(
        line.contains("reason: Socket error, info: \"General socket error (No such file or directory)\""),
        "{line}"
    );
    checked(&backend.servers[0]).await;
    checked(&backend.servers[1]).await;
    assert_eq!(backend.servers[0].status(), Status::Up(3, 3));
    assert_eq!(backend.servers[1].status(), Status::Up(3, 3));
    let _gone = std::fs::remove_file(&path);
}

/// A resolver whose answer can be changed.
#[derive(Clone, Default)]
struct Book(Arc<Mutex<Vec<IpAddr>>>);

impl Lookup for Book {
    fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
        let known = self.0.lock().clone();
        if known.is_empty() { Err(io::Error::other("no such name")) } else { Ok(known) }
    }
}

#[tokio::test]
async fn a_name_is_resolved_at_the_start_and_later() {
    let book = Book::default();
    let names = Names::new(book.clone());
    let backend = Backend::build(&model(Balance::RoundRobin, vec![named("s1", "el.svc")]), None);
    let unresolved = start_addresses(std::slice::from_ref(&backend), &names, millis(2000)).await;
    assert_eq!(unresolved.len(), 1);
    assert_eq!((unresolved[0].host.as_str(), backend.servers[0].status()), ("el.svc", Status::Unresolved));
    assert!(matches!(backend.select(&Ask::default()).await, Err(Unavailable::NoServer)));
    let diary = Arc::new(Diary::default());
    let events: Arc<dyn Events> = diary.clone();
    let (_stop, stopped) = watch::channel(false);
    spawn_background(std::slice::from_ref(&backend), &stopped, &names, &events);
    *book.0.lock() = vec![ip("10.1.1.1"), ip("10.1.1.2")];
    diary.reads("b/s1 changed its IP from (none) to 10.1.1.1").await;
    let slot = backend.select(&Ask::default()).await.unwrap();
    assert_eq!(*slot.address(), Address::Ip("10.1.1.1:80".parse().unwrap()));
}

#[tokio::test]
async fn a_resolver_that_hangs_does_not_hold_the_start() {
    struct Hung(std::sync::Mutex<std::sync::mpsc::Receiver<()>>);
    impl Lookup for Hung {
        fn lookup(&self, _: &str) -> io::Result<Vec<IpAddr>> {
            let _released = self.0.lock().map(|gate| gate.recv());
            Err(io::Error::other("released"))
        }
    }
    let (release, gate) = std::sync::mpsc::channel();
    let names = Names::new(Hung(std::sync::Mutex::new(gate)));
    let backend = Backend::build(&model(Balance::RoundRobin, vec![named("s1", "slow")]), None);
    let begun = std::time::Instant::now();
    assert_eq!(start_addresses(&[backend], &names, millis(100)).await.len(), 1);
    assert!(begun.elapsed() < millis(1500));
    drop(release);
}

#[tokio::test]
async fn a_reload_keeps_what_is_known_of_the_same_server() {
    let book = Book::default();
    *book.0.lock() = vec![ip("10.1.1.1")];
    let plan = model(Balance::RoundRobin, vec![at("s1", 1), named("s2", "el.svc"), at("s3", 3)]);
    let old = Backend::build(&plan, None);
    start_addresses(std::slice::from_ref(&old), &Names::new(book), millis(2000)).await;
    for at in [0, 2] {
        let outcome = crate::Outcome {
            verdict: crate::Verdict::L4Connection,
            code: None,
            info: String::new(),
            duration: Duration::ZERO,
        };
        old.servers[at].judge(&outcome, |health| health.result(false));
    }
    let moved = model::Server { address: ServerAddress::Unix("/s3".into()), ..at("s3", 3) };
    let new = Backend::build(
        &model(Balance::RoundRobin, vec![named("s2", "el.svc"), at("s1", 1), moved]),
        Some(&old),
    );
    let by_name = |name: &str| new.server(name).unwrap();
    assert!(Arc::ptr_eq(&by_name("s1").counters, &old.servers[0].counters));
    assert!(Arc::ptr_eq(&new.counters, &old.counters));
    assert_eq!(by_name("s1").status(), Status::Down(0, 2), "the same address: still down");
    assert_eq!(by_name("s2").ip(), Some(ip("10.1.1.1")));
    assert_eq!(by_name("s3").status(), Status::Up(1, 3), "another address: from the beginning");
    assert!(new.available());
}
