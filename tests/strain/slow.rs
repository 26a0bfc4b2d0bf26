//! Slow heads, slow bodies, clients that do not read.

use super::{Stage, all_end, healthy, sent};
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::Subject;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("strain::slow::heads_that_trickle_get_408", heads);
    cases.ours_only(
        "strain::slow::bodies_that_stop_get_408",
        "HAProxy 2.6 blames the server: 504 and sH--",
        bodies_from_clients,
    );
    cases.test("strain::slow::bodies_that_trickle_pass", trickling_body);
    cases.test("strain::slow::bodies_that_stop_at_the_origin_are_cut", bodies_from_origin);
    cases.test("strain::slow::clients_that_do_not_read_fill_no_memory", readers);
    cases.test("strain::slow::servers_that_do_not_read_fill_no_memory", deaf);
}

/// Each sends a byte now and then, which is no reason to give it more time.
fn heads() {
    const COUNT: usize = 60;
    let origin = Origin::plain();
    let stage = Stage { defaults: "  timeout http-request 1s\n", ..Stage::default() };
    let subject = stage.start(origin.addr());
    let mut clients: Vec<Client> =
        (0..COUNT).map(|_| sent(&subject, "GET /slow HTTP/1.1\r\nHost: h\r\nX: ")).collect();
    healthy(&subject);
    let over = || super::outcomes(&subject, "<BADREQ>").len() >= COUNT;
    eventually("the end of all slow heads", || {
        clients.iter_mut().for_each(|client| client.send("x"));
        over().then_some(())
    });
    for client in &mut clients {
        assert_eq!(client.response("GET").status(), 408);
    }
    all_end(&subject, "<BADREQ>", COUNT, "408 cR--");
    assert!(origin.requests().iter().all(|request| request.target() == "/load"), "no half request went on");
    healthy(&subject);
}

fn bodies_from_clients() {
    const COUNT: usize = 40;
    let origin = Origin::plain();
    let subject = Stage { defaults: "  timeout client 1s\n", ..Stage::default() }.start(origin.addr());
    let head = "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 10\r\n\r\nabc";
    let clients: Vec<Client> = (0..COUNT).map(|_| sent(&subject, head)).collect();
    healthy(&subject);
    for mut client in clients {
        assert_eq!(client.response("POST").status(), 408);
        assert_eq!(client.rest(), b"", "and the connection ends");
    }
    all_end(&subject, "/slow", COUNT, "408 cD--");
}

/// As long as something comes within each `timeout client`, a body may take as long as it likes.
fn trickling_body() {
    const LENGTH: usize = 400;
    let origin = Origin::plain();
    let subject = Stage { defaults: "  timeout client 1s\n", ..Stage::default() }.start(origin.addr());
    let head = format!("POST /slow HTTP/1.1\r\nHost: h\r\nContent-Length: {LENGTH}\r\n\r\n");
    let mut client = sent(&subject, &head);
    let mut left = LENGTH;
    eventually("the whole body", || {
        client.send("x");
        left -= 1;
        (left == 0).then_some(())
    });
    assert_eq!(client.response("POST").status(), 200);
    assert_eq!(origin.last().body.len(), LENGTH);
    all_end(&subject, "/slow", 1, "200 ----");
}

fn bodies_from_origin() {
    const COUNT: usize = 40;
    let part = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc";
    let origin = Origin::scripted(vec![Script::new("/slow", part, After::Stall)]);
    let subject = Stage { defaults: "  timeout server 1s\n", ..Stage::default() }.start(origin.addr());
    let clients: Vec<Client> =
        (0..COUNT).map(|_| sent(&subject, "GET /slow HTTP/1.1\r\nHost: h\r\n\r\n")).collect();
    healthy(&subject);
    for mut client in clients {
        let response = client.response("GET");
        assert_eq!((response.status(), response.text().as_str(), response.complete), (200, "abc", false));
    }
    all_end(&subject, "/slow", COUNT, "200 sD--");
}

/// What each of the readers is sent.
const LENGTH: usize = 32 << 20;

/// An origin that sends [`LENGTH`] bytes to whoever asks for `/hose`, and counts those it cannot send to. Of what is posted
/// it reads the beginning only.
#[derive(Clone, Debug, Default)]
struct Hose {
    stuck: Arc<AtomicUsize>,
    unread: Arc<Mutex<Vec<TcpStream>>>,
}

impl Hose {
    fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let hose = Self::default();
        let own = hose.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        (hose, addr)
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        stream.set_write_timeout(Some(Duration::from_millis(300)))?;
        let mut head = [0; 4096];
        let count = stream.read(&mut head)?;
        if head[..count].starts_with(b"POST /deaf") {
            self.unread.lock().unwrap().push(stream);
            return Ok(());
        }
        let length = if head[..count].starts_with(b"GET /hose") { LENGTH } else { 2 };
        write!(stream, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n")?;
        let (block, mut left, mut stuck) = (vec![b'o'; 64 * 1024], length, false);
        while left > 0 {
            match stream.write(&block[..left.min(block.len())]) {
                Ok(count) => left -= count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.stuck.fetch_add(usize::from(!stuck), Ordering::Relaxed);
                    stuck = true;
                }
                Err(error) => return Err(error),
            }
        }
        stream.flush()
    }
}

/// A client that has asked for the lot, whose kernel takes little of it.
fn thirsty(subject: &Subject) -> TcpStream {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    socket.connect(&subject.addr("FRONT").into()).unwrap();
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(b"GET /hose HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    stream
}

fn readers() {
    const COUNT: usize = 64;
    let (hose, addr) = Hose::start();
    let stage = Stage { defaults: "  timeout client 8s\n", ..Stage::default() };
    let subject = stage.start(addr);
    assert_eq!(crate::support::client::get(subject.addr("FRONT"), "/").status(), 200);
    let before = subject.resident();
    let mut clients: Vec<TcpStream> = (0..COUNT).map(|_| thirsty(&subject)).collect();
    let stuck = || hose.stuck.load(Ordering::Relaxed) == COUNT;
    eventually("origins that cannot send any more", || stuck().then_some(()));
    let grown = subject.resident().saturating_sub(before);
    // Two gigabytes are on offer; a connection may hold its buffers and no more.
    assert!(grown < COUNT * 512 * 1024, "{grown} bytes more for {COUNT} connections");
    assert_eq!(crate::support::client::get(subject.addr("FRONT"), "/").status(), 200, "others are served");
    let mut first = clients.swap_remove(0);
    let mut got = Vec::new();
    first.read_to_end(&mut got).unwrap();
    assert!(got.len() > LENGTH && got.ends_with(b"ooo"), "one that reads on gets everything: {}", got.len());
    super::ends(&subject, "/hose", &[("200 ----", 1), ("200 cD--", COUNT - 1)]);
}

/// Sends of a body what is taken of it at all; how much that was.
fn stuff(subject: &Subject) -> (TcpStream, usize) {
    let mut stream = TcpStream::connect(subject.addr("FRONT")).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(300))).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "POST /deaf HTTP/1.1\r\nHost: h\r\nContent-Length: {LENGTH}\r\n\r\n").unwrap();
    let (block, mut sent) = (vec![b'i'; 64 * 1024], 0);
    while sent < LENGTH {
        match stream.write(&block) {
            Ok(count) => sent += count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => break,
            Err(error) => panic!("sending to a server that does not read: {error}"),
        }
    }
    (stream, sent)
}

fn deaf() {
    const COUNT: usize = 24;
    let (hose, addr) = Hose::start();
    let stage = Stage { defaults: "  timeout server 4s\n", ..Stage::default() };
    let subject = stage.start(addr);
    assert_eq!(crate::support::client::get(subject.addr("FRONT"), "/").status(), 200);
    let before = subject.resident();
    let stuck: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..COUNT).map(|_| scope.spawn(|| stuff(&subject))).collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    });
    assert!(stuck.iter().all(|(_, sent)| *sent < LENGTH), "what nobody reads is not taken");
    let grown = subject.resident().saturating_sub(before);
    assert!(grown < COUNT * 512 * 1024, "{grown} bytes more for {COUNT} connections");
    assert_eq!(hose.unread.lock().unwrap().len(), COUNT);
    assert_eq!(crate::support::client::get(subject.addr("FRONT"), "/").status(), 200, "others are served");
    all_end(&subject, "/deaf", COUNT, "-1 sD--");
}
