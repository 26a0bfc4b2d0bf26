//! What is counted about backends.

use super::cell::{Counter, LastTime, Level, Rate};
use super::shared::{Availability, Responses, Times};
use super::{amounts, events};

/// The counters of a backend.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct BackendCounters {
    pub(crate) queue: Level,
    pub(crate) sessions: Level,
    pub(crate) sessions_total: Counter,
    pub(crate) session_rate: Rate,
    pub(crate) last_session: LastTime,
    pub(crate) requests_total: Counter,
    pub(crate) responses: Responses,
    pub(crate) times: Times,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) balanced: Counter,
    pub(crate) connects: Counter,
    pub(crate) reuses: Counter,
    pub(crate) denied_requests: Counter,
    pub(crate) denied_responses: Counter,
    pub(crate) connection_errors: Counter,
    pub(crate) response_errors: Counter,
    pub(crate) retries: Counter,
    pub(crate) redispatches: Counter,
    pub(crate) client_aborts: Counter,
    pub(crate) server_aborts: Counter,
    pub(crate) failed_rewrites: Counter,
    pub(crate) internal_errors: Counter,
    /// Whether it has a server that can take traffic, and since when.
    pub availability: Availability,
}

impl BackendCounters {
    /// A session was given to this backend; the number of its sessions now. Pair with [`Self::closed`].
    #[inline]
    pub fn session(&self) -> u64 {
        self.sessions_total.increment();
        self.session_rate.event();
        self.last_session.now();
        self.sessions.enter()
    }

    /// That session is over.
    #[inline]
    pub fn closed(&self) {
        self.sessions.leave();
    }

    /// A request waits for any server. Pair with [`Self::dequeued`].
    #[inline]
    pub fn queued(&self) -> u64 {
        self.queue.enter()
    }

    /// That request waits no more.
    #[inline]
    pub fn dequeued(&self) {
        self.queue.leave();
    }

    /// A response with this status came from here or was made for it.
    #[inline]
    pub fn response(&self, status: u16) {
        self.responses.count(status);
    }

    /// A request has ended: its times in milliseconds, `None` for a stage that it did not reach.
    pub fn times(&self, queue: Option<u64>, connect: Option<u64>, response: Option<u64>, total: Option<u64>) {
        self.times.sample(queue, connect, response, total);
    }

    amounts! {
        /// Bytes came from the client.
        bytes_in => bytes_in;
        /// Bytes went to the client.
        bytes_out => bytes_out;
    }

    events! {
        /// An HTTP request was received.
        request => requests_total;
        /// A server was chosen by the balancing algorithm.
        balanced => balanced;
        /// A connection to a server was attempted.
        connect => connects;
        /// A kept connection to a server was used again.
        reuse => reuses;
        /// A rule denied a request.
        denied_request => denied_requests;
        /// A rule denied a response.
        denied_response => denied_responses;
        /// No connection could be had, retries included.
        connection_error => connection_errors;
        /// A response was broken, late or never came.
        response_error => response_errors;
        /// A connection is tried once more.
        retry => retries;
        /// The next try goes to another server.
        redispatch => redispatches;
        /// The client went away in the middle.
        client_abort => client_aborts;
        /// The server went away in the middle.
        server_abort => server_aborts;
        /// A header could not be changed.
        failed_rewrite => failed_rewrites;
        /// The gateway itself failed.
        internal_error => internal_errors;
    }

    /// Sessions ever.
    pub fn total(&self) -> u64 {
        self.sessions_total.get()
    }

    /// Sessions in the last second (`be_sess_rate`).
    pub fn session_rate(&self) -> u64 {
        self.session_rate.get()
    }

    /// Sessions at the moment (`beconn` of log lines).
    pub fn current(&self) -> u64 {
        self.sessions.get()
    }

    /// Requests waiting at the moment.
    pub fn waiting(&self) -> u64 {
        self.queue.get()
    }
}
