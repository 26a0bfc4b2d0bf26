//! What is counted about frontends and their sockets.

use super::cell::{Counter, Level, Rate};
use super::shared::Responses;
use super::{amounts, events};

/// The counters of a frontend.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct FrontendCounters {
    pub(crate) sessions: Level,
    pub(crate) sessions_total: Counter,
    pub(crate) session_rate: Rate,
    pub(crate) connections_total: Counter,
    pub(crate) connection_rate: Rate,
    pub(crate) requests_total: Counter,
    pub(crate) request_rate: Rate,
    pub(crate) responses: Responses,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) denied_requests: Counter,
    pub(crate) denied_responses: Counter,
    pub(crate) request_errors: Counter,
    pub(crate) denied_connections: Counter,
    pub(crate) denied_sessions: Counter,
    pub(crate) intercepted: Counter,
    pub(crate) failed_rewrites: Counter,
    pub(crate) internal_errors: Counter,
    pub(crate) tls_sessions: Counter,
    pub(crate) tls_reused: Counter,
    pub(crate) tls_failed: Counter,
}

impl FrontendCounters {
    /// A connection was accepted (before `tcp-request connection` rules). Pair with [`Self::closed`].
    #[inline]
    pub fn accepted(&self) {
        self.connections_total.increment();
        self.connection_rate.event();
        self.sessions.enter();
    }

    /// That connection is gone.
    #[inline]
    pub fn closed(&self) {
        self.sessions.leave();
    }

    /// The connection became a session: handshakes done, nothing denied.
    #[inline]
    pub fn session(&self) {
        self.sessions_total.increment();
        self.session_rate.event();
    }

    /// A request was received.
    #[inline]
    pub fn request(&self) {
        self.requests_total.increment();
        self.request_rate.event();
    }

    /// A response with this status was sent to the client.
    #[inline]
    pub fn response(&self, status: u16) {
        self.responses.count(status);
    }

    amounts! {
        /// Bytes came from the client.
        bytes_in => bytes_in;
        /// Bytes went to the client.
        bytes_out => bytes_out;
    }

    events! {
        /// A rule denied a request.
        denied_request => denied_requests;
        /// A rule denied a response.
        denied_response => denied_responses;
        /// A request was broken, late or never came.
        request_error => request_errors;
        /// A `tcp-request connection` rule refused a connection.
        denied_connection => denied_connections;
        /// A `tcp-request session` rule refused a session.
        denied_session => denied_sessions;
        /// The gateway answered by itself: redirect, return, statistics, metrics.
        intercepted => intercepted;
        /// A header could not be changed.
        failed_rewrite => failed_rewrites;
        /// The gateway itself failed.
        internal_error => internal_errors;
        /// A TLS handshake was completed.
        tls_session => tls_sessions;
        /// A TLS session was resumed.
        tls_reused => tls_reused;
        /// A TLS handshake failed.
        tls_failed => tls_failed;
    }

    /// Connections ever accepted.
    pub fn total(&self) -> u64 {
        self.connections_total.get()
    }

    /// Sessions in the last second (`fe_sess_rate`).
    pub fn session_rate(&self) -> u64 {
        self.session_rate.get()
    }

    /// Requests in the last second (`fe_req_rate`).
    pub fn request_rate(&self) -> u64 {
        self.request_rate.get()
    }

    /// Connections at the moment (`feconn` of log lines).
    pub fn current(&self) -> u64 {
        self.sessions.get()
    }
}

/// The counters of one `bind` socket.
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct ListenerCounters {
    pub(crate) sessions: Level,
    pub(crate) sessions_total: Counter,
    pub(crate) connections_total: Counter,
    pub(crate) bytes_in: Counter,
    pub(crate) bytes_out: Counter,
    pub(crate) denied_requests: Counter,
    pub(crate) denied_responses: Counter,
    pub(crate) request_errors: Counter,
    pub(crate) denied_connections: Counter,
    pub(crate) denied_sessions: Counter,
    pub(crate) failed_rewrites: Counter,
    pub(crate) internal_errors: Counter,
}

impl ListenerCounters {
    /// A connection was accepted. Pair with [`Self::closed`].
    #[inline]
    pub fn accepted(&self) {
        self.connections_total.increment();
        self.sessions.enter();
    }

    /// That connection is gone.
    #[inline]
    pub fn closed(&self) {
        self.sessions.leave();
    }

    amounts! {
        /// Bytes came from the client.
        bytes_in => bytes_in;
        /// Bytes went to the client.
        bytes_out => bytes_out;
    }

    events! {
        /// The connection became a session.
        session => sessions_total;
        /// A rule denied a request.
        denied_request => denied_requests;
        /// A rule denied a response.
        denied_response => denied_responses;
        /// A request was broken, late or never came.
        request_error => request_errors;
        /// A `tcp-request connection` rule refused a connection.
        denied_connection => denied_connections;
        /// A `tcp-request session` rule refused a session.
        denied_session => denied_sessions;
        /// A header could not be changed.
        failed_rewrite => failed_rewrites;
        /// The gateway itself failed.
        internal_error => internal_errors;
    }

    /// Connections at the moment.
    pub fn current(&self) -> u64 {
        self.sessions.get()
    }
}
