//! An origin that keeps every byte it gets, and readers of different strictness for what it got.

use crate::support::deadline::PATIENCE;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// How a reader treats what is ambiguous.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reader {
    /// A line ends with LF alone too.
    pub(crate) bare_lf: bool,
    /// Blanks around a name are dropped, and case and company of `chunked` do not matter.
    pub(crate) loose_coding: bool,
    /// `Content-Length` is heard although there is a coding; the last of several counts, and digits are read as far
    /// as they go.
    pub(crate) length_first: bool,
}

/// From the strictest to the laxest.
pub(crate) const READERS: [Reader; 4] = [
    Reader { bare_lf: false, loose_coding: false, length_first: false },
    Reader { bare_lf: true, loose_coding: false, length_first: false },
    Reader { bare_lf: true, loose_coding: true, length_first: false },
    Reader { bare_lf: true, loose_coding: true, length_first: true },
];

/// The bytes of each connection.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recorder {
    connections: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Recorder {
    /// Starts one; its threads end with their connections.
    pub(crate) fn start() -> (Self, SocketAddr) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let recorder = Self::default();
        let own = recorder.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let own = own.clone();
                std::thread::spawn(move || own.serve(stream));
            }
        });
        (recorder, addr)
    }

    /// What came since the last time, by connection.
    pub(crate) fn drain(&self) -> Vec<Vec<u8>> {
        let mut connections = self.connections.lock().unwrap();
        connections.iter_mut().map(std::mem::take).filter(|bytes| !bytes.is_empty()).collect()
    }

    /// Answers every request that the strictest reader sees the end of.
    fn serve(&self, mut stream: TcpStream) {
        stream.set_read_timeout(Some(PATIENCE * 4)).unwrap();
        let index = {
            let mut connections = self.connections.lock().unwrap();
            connections.push(Vec::new());
            connections.len() - 1
        };
        let (mut pending, mut chunk) = (Vec::new(), [0; 16_384]);
        while let Ok(count) = stream.read(&mut chunk) {
            if count == 0 {
                return;
            }
            self.connections.lock().unwrap()[index].extend_from_slice(&chunk[..count]);
            pending.extend_from_slice(&chunk[..count]);
            while let Some((_, end)) = READERS[0].first(&pending) {
                pending.drain(..end);
                if stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").is_err() {
                    return;
                }
            }
        }
    }
}

impl Reader {
    /// The targets of all whole requests, and how many bytes are left over.
    pub(crate) fn targets(self, bytes: &[u8]) -> (Vec<String>, usize) {
        let (mut rest, mut targets) = (bytes, Vec::new());
        while let Some((target, end)) = self.first(rest) {
            targets.push(target);
            rest = &rest[end..];
        }
        (targets, rest.len())
    }

    /// The first request's target, and where it ends.
    fn first(self, bytes: &[u8]) -> Option<(String, usize)> {
        let (mut at, mut lines) = (0, Vec::new());
        loop {
            let (line, next) = self.line(bytes, at)?;
            at = next;
            if line.is_empty() {
                break;
            }
            lines.push(line);
        }
        let target = lines.first()?.split(' ').nth(1).unwrap_or_default().to_owned();
        let end = self.body(bytes, at, &lines)?;
        Some((target, end))
    }

    fn line(self, bytes: &[u8], from: usize) -> Option<(String, usize)> {
        let rest = bytes.get(from..)?;
        let end = (0..rest.len())
            .find(|&at| rest[at] == b'\n' && (self.bare_lf || at > 0 && rest[at - 1] == b'\r'))?;
        let line = String::from_utf8_lossy(&rest[..end]).trim_end_matches('\r').to_owned();
        Some((line, from + end + 1))
    }

    fn body(self, bytes: &[u8], from: usize, lines: &[String]) -> Option<usize> {
        let values = |name: &str| {
            let found = lines.iter().skip(1).filter_map(|line| line.split_once(':'));
            let found = found.filter(|(own, _)| match self.loose_coding {
                true => own.trim_matches(|c: char| !c.is_ascii_graphic()).eq_ignore_ascii_case(name),
                false => own.eq_ignore_ascii_case(name),
            });
            found.map(|(_, value)| value.trim().to_owned()).collect::<Vec<_>>()
        };
        let length = values("content-length").last().map(|value| {
            let digits: String =
                value.trim_start_matches('+').chars().take_while(char::is_ascii_digit).collect();
            digits.parse::<usize>().unwrap_or(0)
        });
        let coding = values("transfer-encoding").join(",").to_ascii_lowercase();
        // Empty members of a list do not count (RFC 9110, 5.6.1).
        let mut members =
            coding.split(',').map(|member| member.trim_matches([' ', '\t'])).filter(|m| !m.is_empty());
        let chunked = if self.loose_coding {
            coding.contains("chunked")
        } else {
            members.next_back() == Some("chunked")
        };
        match length {
            Some(length) if self.length_first || !chunked => {
                Some(from + length).filter(|end| *end <= bytes.len())
            }
            _ if chunked => self.chunks(bytes, from),
            _ => Some(from),
        }
    }

    fn chunks(self, bytes: &[u8], mut at: usize) -> Option<usize> {
        loop {
            let (line, next) = self.line(bytes, at)?;
            let size: String = line.trim().chars().take_while(char::is_ascii_hexdigit).collect();
            let size = usize::from_str_radix(&size, 16).unwrap_or(0);
            at = next;
            if size == 0 {
                break;
            }
            at = at.checked_add(size + 2).filter(|end| *end <= bytes.len())?;
        }
        loop {
            let (line, next) = self.line(bytes, at)?;
            at = next;
            if line.is_empty() {
                return Some(at);
            }
        }
    }
}
