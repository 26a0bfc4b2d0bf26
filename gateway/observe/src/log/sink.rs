//! Where log lines go. [`Sinks`] owns one writer thread and its bounded queues for the life of the process;
//! a [`Logger`] is what one proxy logs to: its targets and its name. Sending never waits: a line that finds its
//! queue full is dropped and counted.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::writer::{Queue, Slot};
use super::{Head, Identity, Level};

/// Where lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// `stdout`, or `fd@1`.
    Stdout,
    /// `stderr`, or `fd@2`.
    Stderr,
    /// `fd@N`.
    Fd(i32),
    /// UDP syslog. A name without an address is looked up by the writer, again and again until it has one.
    Udp {
        /// `host:port` as written.
        name: String,
        /// The address, when it is known.
        address: Option<SocketAddr>,
    },
    /// A unix datagram socket such as `/dev/log`.
    Unix(PathBuf),
}

/// A `log` line of the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Where to.
    pub to: Destination,
    /// The form of the head.
    pub head: Head,
    /// The facility's number; `local0` is 16.
    pub facility: u8,
    /// Less important lines are not sent.
    pub max_level: Level,
    /// More important lines are sent as this level.
    pub min_level: Level,
    /// `len`: the longest line in bytes, head included.
    pub max_length: usize,
}

impl Target {
    /// What `len` leaves for a line without its line feed. HAProxy counts the line feed for descriptors, and
    /// does not for datagrams.
    fn room(&self) -> usize {
        match self.to {
            Destination::Stdout | Destination::Stderr | Destination::Fd(_) => {
                self.max_length.saturating_sub(1)
            }
            Destination::Udp { .. } | Destination::Unix(_) => self.max_length,
        }
    }
}

/// Every destination of the process and the thread that writes to them.
#[derive(Clone)]
pub struct Sinks {
    queue: Arc<Queue>,
}

impl fmt::Debug for Sinks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sinks").field("dropped", &self.dropped()).finish_non_exhaustive()
    }
}

impl Sinks {
    /// Starts the writer thread. If the system gives no thread, every line is dropped and counted.
    pub fn start() -> Self {
        Self { queue: Queue::start() }
    }

    /// What one proxy logs to. Equal destinations share a queue, now and over reloads.
    pub fn logger(&self, targets: &[Target], identity: Identity) -> Logger {
        let targets = targets.iter().map(|target| (target.clone(), self.queue.slot(&target.to))).collect();
        Logger(Arc::new(Inner { targets, identity, queue: Arc::clone(&self.queue) }))
    }

    /// Writes a line that is no proxy's, without a head. Never waits.
    pub fn write(&self, to: &Destination, line: &[u8]) {
        self.queue.push(&self.queue.slot(to), |bytes| bytes.extend_from_slice(line));
    }

    /// Lines that could not be sent.
    pub fn dropped(&self) -> u64 {
        self.queue.dropped()
    }

    /// Waits until all lines sent so far are written, at most this long; whether they are.
    pub fn flush(&self, deadline: Duration) -> bool {
        self.queue.flush(deadline)
    }
}

/// What one proxy logs to.
#[derive(Clone)]
pub struct Logger(Arc<Inner>);

struct Inner {
    targets: Vec<(Target, Slot)>,
    identity: Identity,
    queue: Arc<Queue>,
}

impl fmt::Debug for Logger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.targets.iter().map(|(target, _)| target)).finish()
    }
}

impl Logger {
    /// Whether any target wants lines of this level: if not, the line need not even be made.
    #[inline]
    pub fn wants(&self, level: Level) -> bool {
        self.0.targets.iter().any(|(target, _)| level <= target.max_level)
    }

    /// Sends a message (without a line end) to every target that wants it. Never waits.
    pub fn send(&self, level: Level, message: &[u8]) {
        self.send_structured(level, b"", message);
    }

    /// The same with structured data, for targets whose form has it.
    pub fn send_structured(&self, level: Level, structured: &[u8], message: &[u8]) {
        self.send_tagged(None, level, structured, message);
    }

    /// The same under another tag, if there is one.
    pub fn send_tagged(&self, tag: Option<&str>, level: Level, structured: &[u8], message: &[u8]) {
        if !self.wants(level) {
            return;
        }
        let other = tag.map(|tag| Identity { tag: tag.to_owned(), ..self.0.identity.clone() });
        let identity = other.as_ref().unwrap_or(&self.0.identity);
        let now = SystemTime::now();
        for (target, slot) in &self.0.targets {
            if level > target.max_level {
                continue;
            }
            let level = level.max(target.min_level);
            self.0.queue.push(slot, |line| {
                let start = line.len();
                target.head.write(line, identity, target.facility, level, now);
                target.head.write_structured(line, structured);
                line.extend_from_slice(message);
                line.truncate(line.len().min(start + target.room()));
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::UdpSocket;
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixDatagram, UnixStream};

    use super::*;

    const LONG: Duration = Duration::from_secs(5);

    fn target(to: Destination, head: Head) -> Target {
        Target { to, head, facility: 16, max_level: Level::Debug, min_level: Level::Emerg, max_length: 1024 }
    }

    fn identity() -> Identity {
        Identity { tag: "tagx".into(), hostname: None, pid: 895 }
    }

    fn receiver() -> (UdpSocket, Destination) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(LONG)).unwrap();
        let address = socket.local_addr().unwrap();
        (socket, Destination::Udp { name: address.to_string(), address: Some(address) })
    }

    fn receive(socket: &UdpSocket) -> String {
        let mut buffer = [0; 65536];
        let length = socket.recv(&mut buffer).unwrap();
        String::from_utf8(buffer[..length].to_vec()).unwrap()
    }

    /// Without the date: `Nov 22 10:42:03`, or ISO.
    fn undated(line: &str) -> String {
        let words = line.split(' ');
        words
            .filter(|word| !word.contains("T") || !word.contains('+'))
            .filter(|word| !(word.len() <= 8 && word.starts_with(|first: char| first.is_ascii_digit())))
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn every_head_is_written_as_haproxy_writes_it() {
        let (socket, to) = receiver();
        let sinks = Sinks::start();
        let heads = [
            (Head::Raw, "Hello\n"),
            (Head::Short, "<6>Hello\n"),
            (Head::Priority, "<134>Hello\n"),
            (Head::Rfc3164, "localhost tagx[895]: Hello\n"),
            (Head::Local, "tagx[895]: Hello\n"),
            (Head::Rfc5424, "<134>1 - tagx 895 - - Hello\n"),
        ];
        for (head, expected) in heads {
            sinks.logger(&[target(to.clone(), head)], identity()).send(Level::Info, b"Hello");
            let line = receive(&socket);
            match head {
                Head::Rfc3164 | Head::Local => {
                    assert!(line.starts_with("<134>") && line.ends_with(expected), "{line}");
                    assert_eq!(line.len(), "<134>Nov 22 10:57:42 ".len() + expected.len(), "{line}");
                }
                Head::Rfc5424 => assert_eq!(undated(&line), "<134>1 - tagx - - Hello\n"),
                _ => assert_eq!(line, expected),
            }
        }
        for (head, start) in [(Head::Timed, "<6>2"), (Head::Iso, "2")] {
            sinks.logger(&[target(to.clone(), head)], identity()).send(Level::Info, b"Hello");
            let line = receive(&socket);
            assert!(line.starts_with(start) && line.ends_with(" Hello\n"), "{line}");
        }
    }

    #[test]
    fn levels_filter_and_lift() {
        let (socket, to) = receiver();
        let sinks = Sinks::start();
        let only = Target {
            max_level: Level::Info,
            min_level: Level::Err,
            facility: 3,
            ..target(to, Head::Priority)
        };
        let logger = sinks.logger(&[only], identity());
        assert!(!logger.wants(Level::Debug));
        logger.send(Level::Debug, b"no");
        logger.send(Level::Alert, b"alert");
        assert_eq!(receive(&socket), "<27>alert\n");
        logger.send(Level::Info, b"info");
        assert_eq!(receive(&socket), "<30>info\n");
    }

    #[test]
    fn a_line_is_cut_at_its_length() {
        let (socket, to) = receiver();
        let short = Target { max_length: 80, ..target(to, Head::Raw) };
        Sinks::start().logger(&[short], identity()).send(Level::Info, &[b'x'; 200]);
        assert_eq!(receive(&socket).len(), 81);
    }

    #[test]
    fn descriptors_get_lines_in_order() {
        let (mut reading, writing) = UnixStream::pair().unwrap();
        let sinks = Sinks::start();
        let logger = sinks.logger(&[target(Destination::Fd(writing.as_raw_fd()), Head::Raw)], identity());
        (0..1000).for_each(|number| logger.send(Level::Info, format!("line {number}").as_bytes()));
        assert!(sinks.flush(LONG));
        drop(writing);
        let mut text = String::new();
        reading.read_to_string(&mut text).unwrap();
        let expected: String = (0..1000).map(|number| format!("line {number}\n")).collect();
        assert_eq!(text, expected);
        assert_eq!(sinks.dropped(), 0);
    }

    #[test]
    fn nobody_waits_for_a_reader_that_does_not_read() {
        let (reading, writing) = UnixStream::pair().unwrap();
        let sinks = Sinks::start();
        let logger = sinks.logger(&[target(Destination::Fd(writing.as_raw_fd()), Head::Raw)], identity());
        let start = std::time::Instant::now();
        (0..20_000).for_each(|_| logger.send(Level::Info, &[b'x'; 500]));
        assert!(start.elapsed() < LONG);
        assert!(sinks.dropped() > 0);
        drop(reading);
    }

    #[test]
    fn a_closed_descriptor_a_full_disk_and_a_missing_logger_are_counted() {
        let sinks = Sinks::start();
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let targets = [
            target(Destination::Fd(full.as_raw_fd()), Head::Raw),
            target(Destination::Fd(987_654), Head::Raw),
            target(Destination::Unix("/nonexistent/log".into()), Head::Raw),
        ];
        sinks.logger(&targets, identity()).send(Level::Info, b"lost");
        assert!(sinks.flush(LONG));
        assert_eq!(sinks.dropped(), 3);
    }

    #[test]
    fn a_unix_logger_that_comes_late_is_found() {
        let path = std::env::temp_dir().join(format!("observe-{}.sock", std::process::id()));
        let sinks = Sinks::start();
        let logger = sinks.logger(&[target(Destination::Unix(path.clone()), Head::Raw)], identity());
        logger.send(Level::Info, b"early");
        assert!(sinks.flush(LONG));
        let socket = UnixDatagram::bind(&path).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut buffer = [0; 64];
        let until = std::time::Instant::now() + LONG;
        let length = loop {
            logger.send(Level::Info, b"late");
            match socket.recv(&mut buffer) {
                Ok(length) => break length,
                Err(error) => assert!(std::time::Instant::now() < until, "{error}"),
            }
        };
        std::fs::remove_file(&path).unwrap();
        assert_eq!(&buffer[..length], b"late\n");
    }

    #[test]
    fn a_name_is_looked_up_by_the_writer() {
        let (socket, _) = receiver();
        let name = format!("localhost:{}", socket.local_addr().unwrap().port());
        let sinks = Sinks::start();
        let logger = sinks.logger(&[target(Destination::Udp { name, address: None }, Head::Raw)], identity());
        socket.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
        let mut buffer = [0; 64];
        let until = std::time::Instant::now() + LONG;
        loop {
            logger.send(Level::Info, b"found");
            match socket.recv(&mut buffer) {
                Ok(length) => return assert_eq!(&buffer[..length], b"found\n"),
                Err(error) => assert!(std::time::Instant::now() < until, "{error}"),
            }
        }
    }
}
