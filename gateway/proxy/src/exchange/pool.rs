//! Idle connections to servers, kept by one worker for its next requests.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use listen::Packets;
use observe::ServerCounters;
use parking_lot::Mutex;
use upstream::Address;

use super::server::ServerConnection;

/// How often idle connections are looked at.
pub(crate) const PURGE: Duration = Duration::from_secs(5);
/// For how many of these looks an idle connection is kept: fifteen to twenty seconds, less than the thirty after which
/// Tekton's listeners close theirs, so that a request does not run into the close.
const KEEP_IDLE: u32 = 4;
/// Idle connections kept for one server.
const MOST_IDLE: usize = 1_024;

/// What a kept connection is good for: one server at one address.
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// A server has one address, but for a moment after it was changed: the server is enough to tell keys apart.
impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.server.hash(state);
    }
}

#[derive(Debug)]
struct Idle {
    connection: Box<ServerConnection>,
    /// The look before which it was put here.
    since: u32,
}

/// The idle connections of one worker. Its lock is only ever taken by its own thread and the purge on it.
#[derive(Debug, Default)]
pub(crate) struct Pool {
    idle: Mutex<HashMap<Key, Vec<Idle>, foldhash::fast::RandomState>>,
    /// How often it was looked at.
    looks: AtomicU32,
}

impl Pool {
    /// The connection that was used last and is still good.
    pub(crate) fn take(&self, key: &Key) -> Option<Box<ServerConnection>> {
        let mut idle = self.idle.lock();
        let kept = idle.get_mut(key)?;
        while let Some(Idle { mut connection, since }) = kept.pop() {
            connection.counters().idle_gone();
            if self.age(since) < KEEP_IDLE && connection.is_alive() {
                connection.use_again();
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection for the next request.
    pub(crate) fn put(&self, connection: Box<ServerConnection>) {
        let mut idle = self.idle.lock();
        let kept = match idle.get_mut(&connection.key) {
            Some(kept) => kept,
            None => idle.entry(connection.key.clone()).or_default(),
        };
        if kept.len() < MOST_IDLE {
            connection.counters().idle_kept();
            kept.push(Idle { connection, since: self.looks.load(Ordering::Relaxed) });
        }
    }

    fn age(&self, since: u32) -> u32 {
        self.looks.load(Ordering::Relaxed).wrapping_sub(since)
    }

    /// Closes what has been idle for too long.
    pub(crate) fn purge(&self) {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let mut idle = self.idle.lock();
        idle.retain(|_, kept| {
            kept.retain(|idle| {
                let keep = self.age(idle.since) < KEEP_IDLE;
                if !keep {
                    idle.connection.counters().idle_gone();
                }
                keep
            });
            !kept.is_empty()
        });
    }
}
