//! A small name server in a thread: what it says of a name is in the name's first label.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Kinds of records (RFC 1035, 3.2.2; RFC 3596).
const A: u16 = 1;
const CNAME: u16 = 5;
const AAAA: u16 = 28;

/// A name server, and how often it was asked.
pub(crate) struct NameServer {
    addr: SocketAddr,
    asked: Arc<AtomicUsize>,
}

impl NameServer {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let (addr, asked) = (socket.local_addr().unwrap(), Arc::new(AtomicUsize::new(0)));
        let count = asked.clone();
        std::thread::spawn(move || {
            let mut bytes = [0; 512];
            while let Ok((length, from)) = socket.recv_from(&mut bytes) {
                count.fetch_add(1, Ordering::Relaxed);
                if let Some(reply) = reply(&bytes[..length]) {
                    socket.send_to(&reply, from).unwrap();
                }
            }
        });
        Self { addr, asked }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

/// The answer to a question of one name, which begins behind the header of 12 bytes.
fn reply(question: &[u8]) -> Option<Vec<u8>> {
    let label = question.get(13..13 + usize::from(*question.get(12)?))?;
    let end = 12 + question[12..].iter().position(|byte| *byte == 0)? + 5;
    let kind = u16::from_be_bytes([question[end - 4], question[end - 3]]);
    let own = || record(&[0xc0, 12], kind);
    let (flags, records): (u16, Vec<Vec<u8>>) = match (label, kind) {
        (b"silent", _) => return None,
        (b"nx", _) => (0x8183, Vec::new()),
        (b"refused", _) => (0x8185, Vec::new()),
        (b"cut", _) => (0x8380, vec![own()]),
        (b"alias", _) => {
            let target = b"\x05other\x04test\0";
            (0x8180, vec![raw(&[0xc0, 12], CNAME, target), record(target, kind)])
        }
        (b"stranger", _) => (0x8180, vec![record(b"\x05other\x04test\0", kind)]),
        (b"both", _) | (b"four", A) | (b"six", AAAA) => (0x8180, vec![own()]),
        _ => (0x8180, Vec::new()),
    };
    let mut reply = question[..2].to_vec();
    for number in [flags, 1, u16::try_from(records.len()).ok()?, 0, 0] {
        reply.extend(number.to_be_bytes());
    }
    reply.extend(&question[12..end]);
    reply.extend(records.concat());
    Some(reply)
}

/// A record with the address that this server knows.
fn record(owner: &[u8], kind: u16) -> Vec<u8> {
    match kind {
        A => raw(owner, A, &[192, 0, 2, 1]),
        _ => raw(owner, AAAA, &[0x20, 1, 0xd, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    }
}

fn raw(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let mut record = owner.to_vec();
    record.extend(kind.to_be_bytes());
    record.extend([0, 1, 0, 0, 0, 30]);
    record.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    record.extend(data);
    record
}
