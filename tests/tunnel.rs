//! What becomes of a connection that has changed its protocol: who may still speak when the other side has said all, how
//! long both may be silent, and what the log says of the end (configuration.txt 8.5).

use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::subject::{Config, Subject};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::{Duration, Instant};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("tunnel::a_client_that_has_said_all_hears_the_servers_last_word", last_word);
    cases.test("tunnel::a_server_that_has_said_all_ends_it", server_ends);
    cases.test("tunnel::the_servers_silence_after_the_clients_end_is_timed", silence);
    cases.test("tunnel::a_reset_of_the_client_is_one_for_the_server", resets);
    cases.test("tunnel::what_one_side_says_keeps_it_open_for_both", one_way);
    cases.test("tunnel::much_goes_both_ways_at_once", much);
    cases.test("tunnel::a_server_may_not_switch_within_a_request", too_early);
}

const CONFIG: &str = r#"
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel "${TUNNEL}"
frontend front
  bind "fd@${FRONT}"
  default_backend back
backend back
  server s "${ORIGIN}"
"#;

const REQUEST: &str = "GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";
const SWITCH: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n";

struct World {
    subject: Subject,
    origin: TcpListener,
}

fn world(tunnel: &str) -> World {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config::new(CONFIG).bind("FRONT").var("ORIGIN", origin.local_addr().unwrap());
    World { subject: config.var("TUNNEL", tunnel).start(), origin }
}

impl World {
    fn ask(&self, request: &str) -> (Client, TcpStream) {
        let mut client = Client::connect(self.subject.addr("FRONT"));
        client.send(request);
        let (mut server, _) = self.origin.accept().unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut head, mut byte) = (Vec::new(), [0; 1]);
        while !head.ends_with(b"\r\n\r\n") {
            server.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        (client, server)
    }

    /// A tunnel that stands.
    fn open(&self) -> (Client, TcpStream) {
        let (mut client, mut server) = self.ask(REQUEST);
        server.write_all(SWITCH).unwrap();
        assert!(client.take(SWITCH.len()).starts_with(b"HTTP/1.1 101 "));
        (client, server)
    }

    fn ends(&self, result: &str) {
        eventually(result, || self.subject.stdout().contains(result).then_some(()));
    }
}

fn heard(server: &mut TcpStream) -> String {
    let mut all = String::new();
    server.read_to_string(&mut all).unwrap();
    all
}

fn last_word() {
    let world = world("30s");
    let (mut client, mut server) = world.open();
    client.send("last");
    client.finish();
    assert_eq!(heard(&mut server), "last");
    server.write_all(b"reply").unwrap();
    drop(server);
    assert_eq!(client.rest(), b"reply");
    world.ends(" 101 81 - - ---- ");
}

fn server_ends() {
    let world = world("30s");
    let (mut client, mut server) = world.open();
    server.write_all(b"bye").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    // The client has not said all, and is not asked.
    world.ends(" 101 79 - - ---- ");
    assert_eq!(client.rest(), b"bye");
    assert_eq!(heard(&mut server), "");
}

fn silence() {
    let world = world("300ms");
    let (mut client, mut server) = world.open();
    client.finish();
    assert_eq!(heard(&mut server), "");
    world.ends(" 101 76 - - sD-- ");
    assert_eq!(client.rest(), b"");
}

fn resets() {
    let world = world("30s");
    let (client, mut server) = world.open();
    client.reset();
    let error = server.read(&mut [0; 1]).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
    world.ends(" 101 76 - - CD-- ");
}

/// The client says nothing for longer than the time that both may be silent.
fn one_way() {
    let world = world("1s");
    let (mut client, mut server) = world.open();
    let begun = Instant::now();
    let mut words = 0;
    while begun.elapsed() < Duration::from_millis(2_500) {
        server.write_all(b"tick").unwrap();
        assert_eq!(client.take(4), b"tick");
        words += 1;
        // As much silence as is allowed for half of the time.
        assert!(client.is_silent_for(Duration::from_millis(500)));
    }
    drop(server);
    assert_eq!(client.rest(), b"");
    world.ends(&format!(" 101 {} - - ---- ", 76 + 4 * words));
}

fn much() {
    const MUCH: usize = 4 << 20;
    let world = world("30s");
    let (mut client, mut server) = world.open();
    // Whoever reads writes back what it reads, and neither side waits for the other to take it.
    let echo = std::thread::spawn(move || {
        let mut out = server.try_clone().unwrap();
        let copied = std::io::copy(&mut server, &mut out).unwrap();
        out.shutdown(Shutdown::Write).unwrap();
        copied
    });
    let text: Vec<u8> = (0..MUCH).map(|at| (at % 251) as u8).collect();
    for part in text.chunks(512 << 10) {
        client.send(part);
        assert_eq!(client.take(part.len()), part);
    }
    client.finish();
    assert_eq!(echo.join().unwrap(), MUCH as u64);
    assert_eq!(client.rest(), b"");
    world.ends(&format!(" 101 {} - - ---- ", 76 + MUCH));
}

fn too_early() {
    let world = world("30s");
    let post = REQUEST.replace("GET", "POST").replace("\r\n\r\n", "\r\nContent-Length: 10\r\n\r\n");
    let (mut client, mut server) = world.ask(&format!("{post}12345"));
    server.read_exact(&mut [0; 5]).unwrap();
    server.write_all(SWITCH).unwrap();
    assert_eq!(client.response("POST").status(), 502);
    world.ends(" 502 285 - - PH-- ");
}
