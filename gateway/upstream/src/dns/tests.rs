//! A name server in a thread, and what is made of what it says.

use std::io::{Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use config::model::{Hold, Nameserver, NameserverAddress, Resolvers};
use hickory_proto::op::{Message, MessageType, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};

use super::Resolver;

const V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);

/// What is sent back for a question, by the first label of its name.
fn replies(question: &[u8]) -> Vec<Vec<u8>> {
    let mut message = Message::from_vec(question).expect("a question");
    let query = message.queries[0].clone();
    message.metadata.message_type = MessageType::Response;
    let label = query.name.to_string();
    let label = label.split('.').next().unwrap_or_default().to_owned();
    let record = |name: &Name| match query.query_type {
        RecordType::A => Record::from_rdata(name.clone(), 30, RData::A(A(V4))),
        _ => Record::from_rdata(name.clone(), 30, RData::AAAA(AAAA(V6))),
    };
    let is_v4 = query.query_type == RecordType::A;
    match label.as_str() {
        "both" => message.answers.push(record(&query.name)),
        "four" if is_v4 => message.answers.push(record(&query.name)),
        "six" if !is_v4 => message.answers.push(record(&query.name)),
        "four" | "six" => {}
        "nx" => message.metadata.response_code = ResponseCode::NXDomain,
        "alias" => {
            let target = Name::from_ascii("other.example.").unwrap();
            let alias = RData::CNAME(CNAME(target.clone()));
            message.answers.extend([Record::from_rdata(query.name.clone(), 30, alias), record(&target)]);
        }
        // an address that nobody has asked for
        "stranger" => message.answers.push(record(&Name::from_ascii("other.example.").unwrap())),
        "cut" => {
            message.metadata.truncation = true;
            message.answers.push(record(&query.name));
        }
        "forged" => {
            let mut forged = message.clone();
            forged.metadata.id = !forged.metadata.id;
            forged.answers.push(record(&query.name));
            let mut other = message.clone();
            other.queries[0].name = Name::from_ascii("other.example.").unwrap();
            other.answers.push(record(&query.name));
            return vec![vec![0xff; 40], forged.to_vec().unwrap(), other.to_vec().unwrap()];
        }
        _ => return Vec::new(),
    }
    vec![message.to_vec().unwrap()]
}

/// A name server over UDP, and how often it was asked.
fn server() -> (SocketAddr, Arc<AtomicUsize>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let (addr, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
    let count = asked.clone();
    std::thread::spawn(move || {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut bytes) {
            count.fetch_add(1, Ordering::Relaxed);
            for reply in replies(&bytes[..length]) {
                socket.send_to(&reply, from).unwrap();
            }
        }
    });
    (addr, asked)
}

fn resolver(servers: impl IntoIterator<Item = NameserverAddress>, hold: Duration) -> Resolver {
    let time = Duration::from_millis(150);
    let name = |(at, to)| Nameserver { name: format!("n{at}"), to, from_system: false };
    Resolver::new(Resolvers {
        name: "dns".to_owned(),
        nameservers: servers.into_iter().enumerate().map(name).collect(),
        parse_resolv_conf: false,
        resolve_retries: 2,
        timeout_resolve: time,
        timeout_retry: time,
        accepted_payload_size: 512,
        hold: Hold { valid: hold, obsolete: time, nx: time, refused: time, timeout: time, other: time },
        place: String::new(),
    })
}

const HOUR: Duration = Duration::from_secs(3600);

/// A silent server beside the other one changes nothing but that a failure takes its time.
#[tokio::test]
async fn the_first_address_of_the_family_or_else_of_the_other_is_taken() {
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let servers = [silent.local_addr().unwrap(), server().0].map(NameserverAddress::Udp);
    let resolver = resolver(servers, HOUR);
    let (v4, v6) = (Some(IpAddr::V4(V4)), Some(IpAddr::V6(V6)));
    for (host, ipv4_first, expected) in [
        ("both.test", true, v4),
        ("both.test", false, v6),
        ("BOTH.test.", true, v4),
        ("alias.test", true, v4),
        ("stranger.test", true, None),
        ("cut.test", true, None),
        ("forged.test", true, None),
        ("silent.test", true, None),
    ] {
        assert_eq!(resolver.address(host, ipv4_first).await, expected, "{host}");
    }
}

#[tokio::test]
async fn a_family_without_an_address_is_followed_by_the_other() {
    let (addr, asked) = server();
    let resolver = resolver([NameserverAddress::Udp(addr)], HOUR);
    assert_eq!(resolver.address("six.test", true).await, Some(IpAddr::V6(V6)));
    assert_eq!(resolver.address("four.test", false).await, Some(IpAddr::V4(V4)));
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    assert_eq!(resolver.address("nx.test", false).await, None);
    // two kinds, twice
    assert_eq!(asked.load(Ordering::Relaxed), 8);
}

#[tokio::test]
async fn an_answer_holds_and_who_asks_together_asks_once() {
    let (addr, asked) = server();
    let holds = resolver([NameserverAddress::Udp(addr)], HOUR);
    let (one, two) = tokio::join!(holds.address("both.test", true), holds.address("both.test", true));
    assert_eq!((one, two), (Some(IpAddr::V4(V4)), Some(IpAddr::V4(V4))));
    assert_eq!(holds.address("both.test", true).await, Some(IpAddr::V4(V4)));
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    let forgets = resolver([NameserverAddress::Udp(addr)], Duration::ZERO);
    for expected in [2, 3] {
        assert_eq!(forgets.address("both.test", true).await, Some(IpAddr::V4(V4)));
        assert_eq!(asked.load(Ordering::Relaxed), expected);
    }
}

/// The first to ask goes away: the next one asks in its place.
#[tokio::test]
async fn who_waits_for_somebody_elses_question_is_not_left_alone() {
    let (addr, _) = server();
    let resolver = resolver([NameserverAddress::Udp(addr)], HOUR);
    let gone = tokio::time::timeout(Duration::from_millis(20), resolver.address("silent.test", true));
    let (gone, waits) = tokio::join!(gone, resolver.address("silent.test", true));
    assert!(gone.is_err());
    assert_eq!(waits, None);
    assert!(resolver.known.lock().flights.is_empty());
}

#[tokio::test]
async fn names_that_cannot_be_asked_have_no_address() {
    let resolver = resolver([], HOUR);
    let long = "a".repeat(64);
    for host in ["", ".", "a..b", ".a", long.as_str(), &"a.".repeat(128)] {
        assert_eq!(resolver.address(host, true).await, None, "{host}");
    }
}

#[tokio::test]
async fn a_server_is_asked_over_a_connection() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            let mut length = [0; 2];
            stream.read_exact(&mut length).unwrap();
            let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
            stream.read_exact(&mut question).unwrap();
            for reply in replies(&question) {
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                stream.write_all(&[&length[..], &reply].concat()).unwrap();
            }
        }
    });
    let resolver = resolver([NameserverAddress::Tcp(addr)], HOUR);
    assert_eq!(resolver.address("both.test", true).await, Some(IpAddr::V4(V4)));
    assert_eq!(resolver.address("nx.test", true).await, None);
}
