//! Listening sockets of every kind.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::eventually;
use crate::support::origin::Origin;
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("listen::a_connection_that_waited_before_the_start_is_served", waiting);
    cases.test("listen::fd_with_a_number_and_with_a_variable", || {
        let (subject, _origin) = one("\"fd@${FRONT}\"", |c| c.bind("FRONT"));
        assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    });
    cases.test("listen::an_inherited_unix_socket", inherited_unix);
    cases.test("listen::a_unix_socket_with_its_mode", unix);
    cases.test("listen::an_abstract_socket", abstract_socket);
    cases.test("listen::two_addresses_on_one_line", two_addresses);
    cases.test("listen::a_range_of_ports", range);
    cases.test("listen::ipv6", ipv6);
    cases.test("listen::a_star_listens_everywhere", || by_port("*:${PORT}"));
    cases.test("listen::an_empty_address_listens_everywhere", || by_port(":${PORT}"));
    cases.test("listen::ipv4_prefix", || by_port("ipv4@127.0.0.1:${PORT}"));
    cases.test("listen::stream_prefix", || by_port("stream+ipv4@127.0.0.1:${PORT}"));
    cases.test("listen::accept_netscaler_cip_takes_the_address_where_the_numbers_agree", netscaler);
    cases.test("listen::accept_proxy_takes_the_address_from_the_header", proxy_protocol);
    cases.test("listen::a_restart_binds_the_port_again_at_once", restart);
}

fn one(bind: &str, more: impl FnOnce(Config) -> Config) -> (Subject, Origin) {
    let origin = Origin::plain();
    let config = Config::new(format!(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n  option forwardfor\n\
         frontend f\n  bind {bind}\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .var("ORIGIN", origin.addr());
    (more(config).start(), origin)
}

/// Waits until somebody listens.
fn answers(addr: SocketAddr) {
    let mut client = eventually("the listener", || Client::try_connect(addr).ok());
    assert_eq!(client.get("/").status(), 200);
}

fn waiting() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut early = Client::connect(listener.local_addr().unwrap());
    early.send("GET /early HTTP/1.1\r\nHost: h\r\n\r\n");
    let (_subject, origin) = one("\"fd@${FRONT}\"", |c| c.listener("FRONT", listener));
    assert_eq!(early.response("GET").status(), 200);
    assert_eq!(origin.last().target(), "/early");
}

fn inherited_unix() {
    let dir = crate::support::subject::Dir::new();
    let path = dir.path().join("in.sock");
    let listener = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let (_subject, _origin) = one("\"fd@${FRONT}\"", |c| c.listener("FRONT", listener));
    assert_eq!(Client::unix(&path).get("/").status(), 200);
}

fn unix() {
    let (subject, _origin) = one("\"unix@${DIR}/front.sock\" mode 600", |c| c);
    let path = subject.path("front.sock");
    answers_at(&path);
    assert_eq!(Client::unix(&path).get("/").status(), 200);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let (bare, _origin) = one("\"${DIR}/bare.sock\"", |c| c);
    let path = bare.path("bare.sock");
    answers_at(&path);
    assert_eq!(Client::unix(&path).get("/").status(), 200);
}

/// Waits for the listener: HAProxy names the socket a moment before it listens.
fn answers_at(path: &Path) {
    eventually("the socket", || UnixStream::connect(path).ok());
}

fn abstract_socket() {
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::SocketAddr;
    let name = format!("it-{}-{}", std::process::id(), ports::free());
    let (_subject, _origin) = one("\"abns@${NAME}\"", |c| c.var("NAME", &name));
    // HAProxy fills the rest of the 108 bytes of the address with zeros, and so does who wants to meet it.
    let full = format!("{name}{}", "\0".repeat(107 - name.len()));
    let addr = SocketAddr::from_abstract_name(full.as_bytes()).unwrap();
    let stream = eventually("the socket", || UnixStream::connect_addr(&addr).ok());
    assert_eq!(Client::over(stream).get("/").status(), 200);
}

fn two_addresses() {
    let (a, b) = (ports::free(), ports::free());
    let (_subject, _origin) = one("\"*:${A},127.0.0.1:${B}\"", |c| c.var("A", a).var("B", b));
    answers(([127, 0, 0, 1], a).into());
    answers(([127, 0, 0, 1], b).into());
}

fn range() {
    let first = loop {
        let first = ports::free();
        if TcpListener::bind(("127.0.0.1", first + 1)).is_ok() && ports::free() != first {
            break first;
        }
    };
    let (_subject, _origin) = one("\"127.0.0.1:${A}-${B}\"", |c| c.var("A", first).var("B", first + 1));
    answers(([127, 0, 0, 1], first).into());
    answers(([127, 0, 0, 1], first + 1).into());
}

fn ipv6() {
    let port = ports::free();
    let (_subject, origin) = one("\"[::1]:${PORT}\"", |c| c.var("PORT", port));
    answers(SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], port)));
    assert_eq!(origin.last().values("x-forwarded-for"), ["::1"]);
}

fn by_port(bind: &str) {
    let port = ports::free();
    let (_subject, _origin) = one(&format!("\"{bind}\""), |c| c.var("PORT", port));
    answers(([127, 0, 0, 1], port).into());
}

fn proxy_protocol() {
    let (subject, origin) = one("\"fd@${FRONT}\" accept-proxy", |c| c.bind("FRONT"));
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("PROXY TCP4 192.0.2.7 192.0.2.8 1111 80\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response("GET").status(), 200);
    assert_eq!(origin.last().values("x-forwarded-for"), ["192.0.2.7"]);
    let mut without = Client::connect(subject.addr("FRONT"));
    without.send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(without.rest(), b"", "without the header the connection is closed");
}

fn netscaler() {
    let (subject, origin) = one("\"fd@${FRONT}\" accept-netscaler-cip 1347571544", |c| c.bind("FRONT"));
    let packet = b"\x45\0\0\x28\0\0\0\0\x40\x06\0\0\xc0\0\x02\x07\xc6\x33\x64\x02\
                   \x04\xd2\x01\xbb\0\0\0\0\0\0\0\0\x50\x10\0\0\0\0\0\0";
    let ask = b"GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send([b"PROX\0\0\0\x28", &packet[..], ask].concat());
    assert_eq!(client.response("GET").status(), 200);
    assert_eq!(origin.last().values("x-forwarded-for"), ["192.0.2.7"]);
    let mut other = Client::connect(subject.addr("FRONT"));
    other.send([b"PROY\0\0\0\x28", &packet[..], ask].concat());
    assert_eq!(other.rest(), b"", "with another number the connection is closed");
}

fn restart() {
    let port = ports::free();
    for _ in 0..2 {
        let (_subject, _origin) = one("\"127.0.0.1:${PORT}\"", |c| c.var("PORT", port));
        answers(([127, 0, 0, 1], port).into());
    }
}
