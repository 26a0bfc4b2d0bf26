//! What stands before a connection's first byte and tells whose it is: PROXY lines, and the headers of a NetScaler.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use std::net::{Ipv4Addr, Ipv6Addr};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::inserted::netscaler_headers_of_both_layouts_are_understood", netscaler);
    cases.test("oracle::inserted::what_is_no_netscaler_header_is_refused_and_logged", refused);
    cases.test("oracle::inserted::silence_is_not_logged_where_nothing_is_to_be", silence);
}

/// The headers of an IP packet with options of so many words each.
fn packet(words: u8, protocol: u8) -> Vec<u8> {
    let mut packet = vec![0x45 + words, 0, 0, 40, 0, 0, 0, 0, 64, protocol, 0, 0];
    packet.extend(Ipv4Addr::new(192, 0, 2, 1).octets());
    packet.extend(Ipv4Addr::new(198, 51, 100, 2).octets());
    packet.extend(vec![1; usize::from(words) * 4]);
    packet.extend(tcp(words));
    packet
}

fn packet6(protocol: u8) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0, 0, 20, protocol, 64];
    packet.extend("2001:db8::1".parse::<Ipv6Addr>().unwrap().octets());
    packet.extend("2001:db8::2".parse::<Ipv6Addr>().unwrap().octets());
    packet.extend(tcp(0));
    packet
}

fn tcp(words: u8) -> Vec<u8> {
    let mut header =
        vec![0x04, 0xd2, 0x01, 0xbb, 0, 0, 0, 1, 0, 0, 0, 1, 0x50 + (words << 4), 0x10, 0, 1, 0, 0, 0, 0];
    header.extend(vec![1; usize::from(words) * 4]);
    header
}

/// The older layout.
fn old(magic: u32, packet: &[u8]) -> Vec<u8> {
    let length = u32::try_from(packet.len()).unwrap();
    [&magic.to_be_bytes()[..], &length.to_be_bytes(), packet].concat()
}

/// The layout since NetScaler 10.5.
fn new(magic: u32, packet: &[u8]) -> Vec<u8> {
    let length = u16::try_from(packet.len()).unwrap();
    let total = u32::from(length) + 12;
    [&magic.to_be_bytes()[..], &total.to_be_bytes(), &[0, 1], &length.to_be_bytes(), packet].concat()
}

const TCP: u8 = 6;
const UDP: u8 = 17;
const TOLD: &str = "  http-request return status 200 content-type text/plain lf-string \"%[src]:%[src_port] %[dst]:%[dst_port]\"\n";
const RULE: &str = "  tcp-request connection expect-netscaler-cip layer4\n";

/// A suite whose connections begin with a header with the number 0, which is what a rule expects.
fn suite(name: &'static str) -> Suite {
    let mut suite = Suite::new(name);
    suite.frontend = format!("{RULE}  tcp-request connection reject if {{ src 192.0.2.1 }}\n{TOLD}");
    suite
}

/// A request behind these bytes.
fn behind(name: &str, mut bytes: Vec<u8>) -> Exchange {
    bytes.extend(request("GET", "/", "", ""));
    Exchange::new(name, vec![Step::Send(bytes), Step::Read("GET")]).logs(0)
}

fn netscaler() {
    let mut suite = suite("netscaler");
    suite.exchanges = vec![
        behind("old", old(0, &packet(0, TCP))),
        behind("old with options", old(0, &packet(3, TCP))),
        behind("old of IPv6", old(0, &packet6(TCP))),
        behind("new", new(0, &packet(0, TCP))),
        behind("new with options", new(0, &packet(10, TCP))),
        behind("new of IPv6", new(0, &packet6(TCP))),
    ];
    suite.run();
    // the NetScaler's comes first
    let mut both = Suite::new("netscaler-proxy");
    both.frontend = format!("{RULE}  tcp-request connection expect-proxy layer4\n{TOLD}");
    let line = b"PROXY TCP4 192.0.2.7 192.0.2.8 1111 80\r\n";
    both.exchanges = vec![
        behind("both", [&old(0, &packet(0, TCP))[..], line].concat()),
        behind("both, the line about nobody", [&new(0, &packet(0, TCP))[..], b"PROXY UNKNOWN\r\n"].concat()),
    ];
    both.run();
}

fn refused() {
    let mut suite = suite("netscaler-refused");
    let ends = |name: &str, bytes: Vec<u8>| {
        Exchange::new(name, vec![Step::Send(bytes), Step::Finish, Step::ReadAll]).logs(1)
    };
    let header = old(0, &packet(0, TCP));
    suite.exchanges = vec![
        ends("nothing", Vec::new()),
        ends("one byte", header[..1].to_vec()),
        ends("the number", header[..4].to_vec()),
        ends("half a header", header[..30].to_vec()),
        ends("half a new header", new(0, &packet(0, TCP))[..30].to_vec()),
        ends("a request", request("GET", "/", "", "")),
        ends("another number", old(9, &packet(0, TCP))),
        ends("no TCP", old(0, &packet(0, UDP))),
        ends("no TCP in the new layout", new(0, &packet(0, UDP))),
        ends("no TCP over IPv6", old(0, &packet6(UDP))),
        ends("no IP", old(0, &[0x55; 40])),
        ends("too long", [&[0, 0, 0, 0, 0, 1, 0, 0][..], &packet(0, TCP)].concat()),
    ];
    suite.run();
}

fn silence() {
    let mut suite = suite("netscaler-silence");
    suite.defaults = "  option dontlognull\n  timeout http-request 300ms\n";
    suite.exchanges = vec![
        Exchange::new("leaves", vec![Step::Finish, Step::ReadAll]).logs(0),
        Exchange::new("waits", vec![Step::ReadAll]).logs(0),
        Exchange::new("one byte", vec![Step::Send(vec![0]), Step::Finish, Step::ReadAll]).logs(1),
    ];
    suite.run();
    let mut line = Suite::new("proxy-silence");
    line.defaults = "  option dontlognull\n  timeout http-request 300ms\n";
    line.frontend = "  tcp-request connection expect-proxy layer4\n".to_owned();
    line.exchanges = vec![
        Exchange::new("leaves", vec![Step::Finish, Step::ReadAll]).logs(0),
        Exchange::new("waits", vec![Step::ReadAll]).logs(0),
        Exchange::new("two bytes", vec![Step::Send(b"PR".to_vec()), Step::Finish, Step::ReadAll]).logs(1),
    ];
    line.run();
}
