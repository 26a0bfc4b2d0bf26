//! What came in place of a request: how it is counted and logged, whatever the protocol.

use std::time::SystemTime;

use observe::log::{LogRecord, Termination, Timers};

use crate::connection::Connection;
use crate::fields::LogView;
use crate::http1::serve::millis;
use crate::listener::Route;

/// How HAProxy logs what is no request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    /// The status that the client got; `None` if that is not to be told.
    pub status: Option<u16>,
    /// The first two letters of the termination state.
    pub code: [u8; 2],
    /// Whether it is told how long the connection has taken; of a stream of HTTP/2 that says nothing.
    pub timed: bool,
}

/// Counts it.
pub(crate) fn count(route: &Route) {
    let frontend = &route.frontend;
    frontend.counters.request_error();
    if let Some(listener) = frontend.listeners.get(route.bind) {
        listener.request_error();
    }
}

/// Writes its line.
pub(crate) fn log(route: &Route, connection: &Connection, refused: Refused) {
    let frontend = &route.frontend;
    let since_accept = connection.accepted.elapsed();
    let timers = Timers {
        handshake: millis(connection.handshake),
        active: millis(since_accept.saturating_sub(connection.handshake)),
        total: millis(since_accept),
        ..Timers::default()
    };
    let record = LogRecord {
        http: true,
        tls: connection.tls_facts(),
        status: refused.status,
        timers: if refused.timed { timers } else { Timers::default() },
        started: if refused.timed { connection.accepted_at } else { SystemTime::now() },
        early: frontend.model().options.logasap,
        termination: Termination([refused.code[0], refused.code[1], b'-', b'-']),
        number: Some(connection.process.request()),
        feconn: frontend.counters.current(),
        actconn: connection.process.current(),
        ..LogRecord::new(
            &frontend.model().name,
            connection.client_endpoint(),
            connection.destination_endpoint(),
            connection.accepted_at,
        )
    };
    frontend.log.error(&record, &LogView::without_message(&record).on(&route.runtime.hostname));
}
