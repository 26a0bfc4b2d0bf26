//! CONNECT and WebSockets on a stream of HTTP/2 (RFC 9113, 8.5; RFC 8441): what the server is asked, what carries bytes
//! both ways, and what the log says of it. The same over HTTP/1 is compared in `oracle/connect.rs`.

use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::frames::{
    DATA, END, Field, Frame, HEADERS, RST_STREAM, SETTINGS, WHOLE, block, frame, preface,
};
use crate::support::subject::{Config, Subject};
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("connect::a_stream_becomes_a_tunnel", tunnel);
    cases.test("connect::much_goes_through_a_stream", much);
    cases.test("connect::a_refusal_leaves_the_connection_to_others", refused);
    cases.test("connect::a_reset_of_the_stream_is_one_for_the_server", reset);
    cases.test("connect::a_connection_that_ends_has_said_all", hung_up);
    cases.test("connect::a_websocket_of_http2_is_one_of_http1_to_its_server", websocket);
    cases.test("connect::a_websocket_without_its_key_gets_one", made_key);
    cases.test("connect::a_switch_without_proof_is_no_websocket", unproved);
    cases.test("connect::websockets_are_announced_unless_clients_are_to_be_spared", announced);
}

const CONFIG: &str = r#"
global
  log stdout format raw local0
  "${WORKAROUND}"
defaults
  mode http
  log global
  option httplog
  retries 0
  timeout connect 2s
  timeout client 30s
  timeout server 30s
frontend front
  bind "fd@${FRONT}"
  default_backend back
backend back
  server s "${ORIGIN}"
"#;

const CONNECT: &[Field] = &[(b":method", b"CONNECT"), (b":authority", b"h:443"), (b"x", b"y")];
const WEBSOCKET: &[Field] = &[
    (b":method", b"CONNECT"),
    (b":protocol", b"websocket"),
    (b":scheme", b"http"),
    (b":authority", b"h"),
    (b":path", b"/chat"),
    (b"sec-websocket-version", b"13"),
];
const KEY: Field = (b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==");
const OK: &[u8] = b"HTTP/1.1 200 OK\r\n\r\n";
const BAD_GATEWAY: &[u8] = b"<html><body><h1>502 Bad Gateway";
/// Of [`KEY`].
const PROOF: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";
const SWITCH: &str = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                      Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

struct World {
    subject: Subject,
    origin: TcpListener,
}

fn world() -> World {
    world_with("")
}

fn world_with(line: &str) -> World {
    let origin = TcpListener::bind("127.0.0.1:0").unwrap();
    let config = Config::new(CONFIG.replace("\"${WORKAROUND}\"", line));
    World { subject: config.bind("FRONT").var("ORIGIN", origin.local_addr().unwrap()).start(), origin }
}

impl World {
    /// A client whose stream 1 has asked this, its server, and what that was asked.
    fn ask(&self, fields: &[Field]) -> (Client, TcpStream, String) {
        let mut client = Client::connect(self.subject.addr("FRONT"));
        // SETTINGS_INITIAL_WINDOW_SIZE, and WINDOW_UPDATE for the connection: there is room for all that may come
        let room = [frame(SETTINGS, 0, 0, &[0, 4, 0x3f, 0xff, 0xff, 0xff]), frame(8, 0, 0, &[0x3f, 0, 0, 0])];
        client.send([preface(), room.concat(), frame(HEADERS, WHOLE, 1, &block(fields))].concat());
        let (mut server, _) = self.origin.accept().unwrap();
        server.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut head, mut byte) = (Vec::new(), [0; 1]);
        while !head.ends_with(b"\r\n\r\n") {
            server.read_exact(&mut byte).unwrap();
            head.push(byte[0]);
        }
        (client, server, String::from_utf8(head).unwrap())
    }

    fn ends(&self, result: &str) {
        eventually(result, || self.subject.stdout().lines().any(|line| line.contains(result)).then_some(()));
    }
}

/// The next frame of a kind on stream 1.
fn next(client: &mut Client, kind: u8) -> Frame {
    loop {
        let frame = Frame::read(client).expect("the connection goes on");
        if frame.kind == kind && (frame.stream == 1 || kind == SETTINGS) {
            return frame;
        }
    }
}

/// The data of stream 1, up to so many bytes or its end.
fn data(client: &mut Client, length: usize) -> Vec<u8> {
    let mut all = Vec::new();
    while all.len() < length {
        let frame = next(client, DATA);
        all.extend_from_slice(&frame.payload);
        if frame.ends() {
            break;
        }
    }
    all
}

fn heard(server: &mut TcpStream) -> String {
    let mut all = String::new();
    server.read_to_string(&mut all).unwrap();
    all
}

/// The server's agreement has come; then both say something, and the server has the last word.
fn converse(client: &mut Client, server: &mut TcpStream) {
    let head = next(client, HEADERS);
    assert_eq!((head.status(), head.ends()), (200, false));
    client.send(frame(DATA, 0, 1, b"hello"));
    let mut word = [0; 5];
    server.read_exact(&mut word).unwrap();
    server.write_all(&word).unwrap();
    assert_eq!(data(client, 5), b"hello");
    client.send(frame(DATA, END, 1, b"last"));
    assert_eq!(heard(server), "last");
    server.write_all(b"bye").unwrap();
    server.shutdown(Shutdown::Write).unwrap();
    assert_eq!(data(client, 4), b"bye");
}

fn tunnel() {
    let world = world();
    let (mut client, mut server, head) = world.ask(CONNECT);
    assert_eq!(head, "CONNECT h:443 HTTP/1.1\r\nhost: h:443\r\nx: y\r\n\r\n");
    server.write_all(OK).unwrap();
    converse(&mut client, &mut server);
    world.ends(" 200 42 - - ---- 1/1/0/0/0 0/0 \"CONNECT h:443 HTTP/2.0\"");
}

fn much() {
    const MUCH: usize = 1 << 20;
    let world = world();
    let (mut client, mut server, _) = world.ask(CONNECT);
    server.write_all(OK).unwrap();
    assert_eq!(next(&mut client, HEADERS).status(), 200);
    let text: Vec<u8> = (0..MUCH).map(|at| (at % 251) as u8).collect();
    let said = text.clone();
    let speaking = std::thread::spawn(move || {
        server.write_all(&said).unwrap();
        server
    });
    assert!(data(&mut client, MUCH) == text, "all arrives in its order");
    let mut server = speaking.join().unwrap();
    // As much as the window of a new stream lets through.
    for part in text[..65_000].chunks(16_000) {
        client.send(frame(DATA, 0, 1, part));
    }
    let mut all = vec![0; 65_000];
    server.read_exact(&mut all).unwrap();
    assert!(all == text[..65_000], "all arrives in its order");
}

fn refused() {
    let world = world();
    let (mut client, mut server, _) = world.ask(CONNECT);
    server.write_all(b"HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\nno").unwrap();
    let head = next(&mut client, HEADERS);
    assert_eq!((head.status(), head.ends()), (404, false));
    let body = next(&mut client, DATA);
    assert_eq!((&body.payload[..], body.ends()), (&b"no"[..], true));
    world.ends(" 404 51 - - ---- 1/1/0/0/0 0/0 \"CONNECT h:443 HTTP/2.0\"");
    let fields: [Field; 4] =
        [(b":method", b"GET"), (b":scheme", b"http"), (b":authority", b"h"), (b":path", b"/next")];
    client.send(frame(HEADERS, WHOLE | END, 3, &block(&fields)));
    let (asked, mut byte) = (b"GET /next HTTP/1.1\r\nhost: h\r\n\r\n", Vec::new());
    Read::by_ref(&mut server).take(asked.len() as u64).read_to_end(&mut byte).unwrap();
    assert_eq!(byte, asked, "on the connection that was kept");
}

fn reset() {
    let world = world();
    let (mut client, mut server, _) = world.ask(CONNECT);
    server.write_all(OK).unwrap();
    assert_eq!(next(&mut client, HEADERS).status(), 200);
    // CANCEL
    client.send(frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]));
    assert_eq!(server.read(&mut [0; 1]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    world.ends(" 200 34 - - CD-- ");
}

fn hung_up() {
    let world = world();
    let (mut client, mut server, _) = world.ask(CONNECT);
    server.write_all(OK).unwrap();
    assert_eq!(next(&mut client, HEADERS).status(), 200);
    client.send(frame(DATA, 0, 1, b"last"));
    let mut word = [0; 4];
    server.read_exact(&mut word).unwrap();
    client.finish();
    assert_eq!(heard(&mut server), "");
    drop(server);
    world.ends(" 200 34 - - ---- ");
}

fn websocket() {
    let world = world();
    let (mut client, mut server, head) = world.ask(&[WEBSOCKET, &[KEY]].concat());
    assert_eq!(
        head,
        "GET /chat HTTP/1.1\r\nhost: h\r\nsec-websocket-version: 13\r\n\
         sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nupgrade: websocket\r\nconnection: upgrade\r\n\r\n"
    );
    server.write_all(SWITCH.as_bytes()).unwrap();
    converse(&mut client, &mut server);
    world.ends("---- 1/1/0/0/0 0/0 \"GET http://h/chat HTTP/2.0\"");
    assert!(world.subject.stdout().contains(" 101 "));
}

/// What a server answers to a key (RFC 6455, 4.2.2).
fn proof_of(key: &str) -> String {
    let script = "printf %s \"$0\"258EAFA5-E914-47DA-95CA-C5AB0DC85B11 | openssl dgst -sha1 -binary | base64";
    let output = Command::new("sh").args(["-c", script, key]).output().expect("there is a shell");
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

fn made_key() {
    let world = world();
    let (mut client, mut server, head) = world.ask(WEBSOCKET);
    let (rest, key) = head.trim_end().rsplit_once("\r\n").unwrap();
    assert!(rest.ends_with("\r\nupgrade: websocket\r\nconnection: upgrade"), "{head:?}");
    let (name, key) = key.split_once(": ").unwrap();
    assert!(name.eq_ignore_ascii_case("sec-websocket-key"), "{head:?}");
    assert_eq!((key.len(), &key[22..]), (24, "=="), "sixteen bytes in base64");
    server.write_all(SWITCH.replace(PROOF, &proof_of(key)).as_bytes()).unwrap();
    converse(&mut client, &mut server);
    let (mut client, mut server, _) = world.ask(WEBSOCKET);
    server.write_all(SWITCH.as_bytes()).unwrap();
    assert!(data(&mut client, usize::MAX).starts_with(BAD_GATEWAY), "the proof of another key");
}

fn unproved() {
    let world = world();
    let (mut client, mut server, _) = world.ask(WEBSOCKET);
    server.write_all(SWITCH.replace("Accept", "Other").as_bytes()).unwrap();
    let head = next(&mut client, HEADERS);
    assert_eq!((head.status(), head.ends()), (0, false), "502 is not in the static table");
    assert!(data(&mut client, usize::MAX).starts_with(BAD_GATEWAY));
    world.ends("PH-- 1/1/0/0/0 0/0 \"GET http://h/chat HTTP/2.0\"");
}

fn announced() {
    for (line, expected) in [("", true), ("h2-workaround-bogus-websocket-clients", false)] {
        let world = world_with(line);
        let mut client = Client::connect(world.subject.addr("FRONT"));
        client.send(preface());
        // SETTINGS_ENABLE_CONNECT_PROTOCOL
        let settings = next(&mut client, SETTINGS).payload;
        assert_eq!(settings.chunks(6).any(|one| one == [0, 8, 0, 0, 0, 1]), expected, "{line}: {settings:?}");
    }
}
