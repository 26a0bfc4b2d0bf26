//! A syslog receiver on UDP.

use super::deadline::{PATIENCE, within};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Mutex;
use std::time::Duration;

/// Receives log lines and keeps them all.
#[derive(Debug)]
pub(crate) struct Syslog {
    socket: UdpSocket,
    lines: Mutex<Vec<String>>,
}

impl Syslog {
    pub(crate) fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free UDP port");
        socket.set_nonblocking(true).expect("a UDP socket can be non-blocking");
        Self { socket, lines: Mutex::default() }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.socket.local_addr().expect("a bound socket has an address")
    }

    /// All lines so far.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = self.lines.lock().unwrap();
        let mut buffer = vec![0; 70_000];
        while let Ok(n) = self.socket.recv(&mut buffer) {
            lines.push(String::from_utf8_lossy(&buffer[..n]).trim_end().to_owned());
        }
        lines.clone()
    }

    /// How many lines came so far.
    pub(crate) fn count(&self) -> usize {
        self.lines().len()
    }

    /// The lines with `part` in them, once there are `n`; fewer when they do not come.
    pub(crate) fn with(&self, part: &str, n: usize, limit: Duration) -> Vec<String> {
        self.after(0, part, n, limit)
    }

    /// The same among the lines after the first `skip`.
    pub(crate) fn after(&self, skip: usize, part: &str, n: usize, limit: Duration) -> Vec<String> {
        let found = || self.lines().into_iter().skip(skip).filter(|l| l.contains(part)).collect::<Vec<_>>();
        within(limit, || Some(found()).filter(|l| l.len() >= n)).unwrap_or_else(found)
    }

    /// The first line with `part` in it.
    pub(crate) fn expect(&self, part: &str) -> String {
        let mut lines = self.with(part, 1, PATIENCE);
        assert!(!lines.is_empty(), "no log line with {part:?} among {:#?}", self.lines());
        lines.swap_remove(0)
    }
}
