//! What is counted about the process as a whole.

use std::time::{Duration, Instant, SystemTime};

use super::cell::{Counter, Level, Rate};
use super::events;

/// The counters of the process.
#[derive(Debug)]
#[repr(align(128))]
pub struct ProcessCounters {
    started: (Instant, SystemTime),
    pub(crate) connections: Level,
    pub(crate) connections_total: Counter,
    pub(crate) connection_rate: Rate,
    pub(crate) session_rate: Rate,
    pub(crate) requests_total: Counter,
    pub(crate) tls: Level,
    pub(crate) tls_total: Counter,
    pub(crate) tls_rate: Rate,
    pub(crate) front_key_rate: Rate,
    pub(crate) back_key_rate: Rate,
    pub(crate) tls_lookups: Counter,
    pub(crate) tls_misses: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) bytes_out_rate: Rate,
    pub(crate) failed_resolutions: Counter,
    pub(crate) warnings: Counter,
}

impl Default for ProcessCounters {
    fn default() -> Self {
        Self {
            started: (Instant::now(), SystemTime::now()),
            connections: Level::default(),
            connections_total: Counter::default(),
            connection_rate: Rate::default(),
            session_rate: Rate::default(),
            requests_total: Counter::default(),
            tls: Level::default(),
            tls_total: Counter::default(),
            tls_rate: Rate::default(),
            front_key_rate: Rate::default(),
            back_key_rate: Rate::default(),
            tls_lookups: Counter::default(),
            tls_misses: Counter::default(),
            bytes_out: Counter::default(),
            bytes_out_rate: Rate::default(),
            failed_resolutions: Counter::default(),
            warnings: Counter::default(),
        }
    }
}

impl ProcessCounters {
    /// A connection was accepted; the number of connections now. Pair with [`Self::closed`].
    #[inline]
    pub fn accepted(&self) -> u64 {
        self.connections_total.increment();
        self.connection_rate.event();
        self.connections.enter()
    }

    /// That connection is gone.
    #[inline]
    pub fn closed(&self) {
        self.connections.leave();
    }

    /// A connection became a session.
    #[inline]
    pub fn session(&self) {
        self.session_rate.event();
    }

    /// TLS begins on a connection, to a client or to a server. Pair with [`Self::tls_closed`].
    #[inline]
    pub fn tls_opened(&self) {
        self.tls_total.increment();
        self.tls_rate.event();
        self.tls.enter();
    }

    /// That TLS connection is gone.
    #[inline]
    pub fn tls_closed(&self) {
        self.tls.leave();
    }

    /// A client's handshake made a new key (it was not resumed).
    #[inline]
    pub fn front_key(&self) {
        self.front_key_rate.event();
    }

    /// A handshake with a server made a new key.
    #[inline]
    pub fn back_key(&self) {
        self.back_key_rate.event();
    }

    /// Bytes went to clients.
    #[inline]
    pub fn bytes_out(&self, n: u64) {
        self.bytes_out.add(n);
        // in units of 32 bytes, which keeps a second of any network within the 32 bits of a rate
        self.bytes_out_rate.events(u32::try_from(n.div_ceil(32)).unwrap_or(u32::MAX));
    }

    /// A request was received; how many there were before it (`%rt`).
    #[inline]
    pub fn request(&self) -> u64 {
        self.requests_total.next()
    }

    events! {
        /// A session was looked up in the TLS session cache.
        tls_lookup => tls_lookups;
        /// It was not found there.
        tls_miss => tls_misses;
        /// A name could not be resolved.
        failed_resolution => failed_resolutions;
        /// A warning was given.
        warning => warnings;
    }

    /// Connections at the moment (`actconn` of log lines).
    pub fn current(&self) -> u64 {
        self.connections.get()
    }

    /// How long the process has been running.
    pub fn uptime(&self) -> Duration {
        self.started.0.elapsed()
    }

    /// When it started.
    pub fn started(&self) -> SystemTime {
        self.started.1
    }
}
