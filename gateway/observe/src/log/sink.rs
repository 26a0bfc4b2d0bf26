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
        if !self.wants(level) {
            return;
        }
        let now = SystemTime::now();
        for (target, slot) in &self.0.targets {
            if level > target.max_level {
                continue;
            }
            let level = level.max(target.min_level);
            self.0.queue.push(slot, |line| {
                let start = line.len();
                target.head.write(line, &self.0.identity, target.facility, level, now);
                line.extend_from_slice(message);
                line.truncate(line.len().min(start + target.max_length.saturating_sub(1)));
            });
        }
    }
}
