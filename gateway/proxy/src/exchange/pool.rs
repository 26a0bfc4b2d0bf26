//! Idle connections to servers, kept by one worker for its next requests.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use listen::Packets;
use observe::ServerCounters;
use parking_lot::Mutex;
use upstream::Address;

use super::server::ServerConnection;

/// How long an idle connection is kept: less than the thirty seconds after which Tekton's listeners close theirs, so
/// that a request does not run into the close.
const KEEP_IDLE: Duration = Duration::from_secs(20);
/// Idle connections kept for one server.
const MOST_IDLE: usize = 1_024;

/// What a kept connection is good for: one server at one address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key {
    /// The server, by its counters, which a reload keeps for the server of the same name.
    server: usize,
    address: Address,
    packets: Packets,
}

impl Key {
    /// The connections of this server at this address whose packets are such.
    pub(crate) fn new(counters: &Arc<ServerCounters>, address: &Address, packets: Packets) -> Self {
        Self { server: Arc::as_ptr(counters) as usize, address: address.clone(), packets }
    }
}

#[derive(Debug)]
struct Idle {
    connection: ServerConnection,
    since: Instant,
}

/// The idle connections of one worker. Its lock is only ever taken by its own thread and the purge on it.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<HashMap<Key, Vec<Idle>>>,
}

impl Pool {
    /// The connection that was used last and is still good.
    pub(crate) fn take(&self, key: &Key) -> Option<ServerConnection> {
        let mut idle = self.idle.lock();
        let kept = idle.get_mut(key)?;
        while let Some(Idle { connection, since }) = kept.pop() {
            connection.counters().idle_gone();
            if since.elapsed() < KEEP_IDLE && connection.is_alive() {
                return Some(connection.again());
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(&self, connection: ServerConnection) {
        let mut idle = self.idle.lock();
        let kept = idle.entry(connection.key.clone()).or_default();
        if kept.len() < MOST_IDLE {
            connection.counters().idle_kept();
            kept.push(Idle { connection, since: Instant::now() });
        }
    }

    /// Closes what has been idle for too long.
    pub(crate) fn purge(&self) {
        let mut idle = self.idle.lock();
        idle.retain(|_, kept| {
            kept.retain(|idle| {
                let keep = idle.since.elapsed() < KEEP_IDLE;
                if !keep {
                    idle.connection.counters().idle_gone();
                }
                keep
            });
            !kept.is_empty()
        });
    }
}
