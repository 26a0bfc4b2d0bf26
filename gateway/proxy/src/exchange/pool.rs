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

/// The connections to one server at one address: those that are idle, and how many are in use.
///
/// As many are kept as were in use at once lately, and no more: traffic that needs a new connection for each request
/// (first requests, under `http-reuse safe`) leaves no heap of connections that nobody will ask for.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    idle: Mutex<Vec<Idle>>,
    in_use: AtomicU32,
    /// The most that were in use at once since the last look, and between the two last ones.
    peaks: [AtomicU32; 2],
    /// How often it was looked at.
    looks: AtomicU32,
}

impl Shelf {
    /// One more of its connections is in use.
    pub(crate) fn lend(&self) {
        let in_use = self.in_use.fetch_add(1, Ordering::Relaxed) + 1;
        self.peaks[0].fetch_max(in_use, Ordering::Relaxed);
    }

    /// One less is in use.
    pub(crate) fn returned(&self) {
        self.in_use.fetch_sub(1, Ordering::Relaxed);
    }

    /// The connection that was used last and is still good.
    fn take(&self) -> Option<Box<ServerConnection>> {
        let mut kept = self.idle.lock();
        while let Some(Idle { mut connection, since }) = kept.pop() {
            connection.counters().idle_gone();
            if self.age(since) < KEEP_IDLE && connection.is_alive() {
                connection.use_again();
                return Some(connection);
            }
        }
        None
    }

    /// Keeps a connection that is no longer in use, unless there are enough.
    pub(crate) fn keep(&self, connection: Box<ServerConnection>) {
        let mut kept = self.idle.lock();
        let [peak, before] = &self.peaks;
        let wanted = peak.load(Ordering::Relaxed).max(before.load(Ordering::Relaxed));
        if self.in_use.load(Ordering::Relaxed) as usize + kept.len() < wanted as usize {
            connection.counters().idle_kept();
            kept.push(Idle { connection, since: self.looks.load(Ordering::Relaxed) });
        } else {
            connection.reset_on_close();
        }
    }

    fn age(&self, since: u32) -> u32 {
        self.looks.load(Ordering::Relaxed).wrapping_sub(since)
    }

    /// Closes what has been idle for too long, and forgets how many were in use before the last look. Whether it is
    /// still needed.
    fn look(&self) -> bool {
        self.looks.fetch_add(1, Ordering::Relaxed);
        let in_use = self.in_use.load(Ordering::Relaxed);
        let [peak, before] = &self.peaks;
        before.store(peak.swap(in_use, Ordering::Relaxed), Ordering::Relaxed);
        let mut kept = self.idle.lock();
        for idle in kept.extract_if(.., |idle| self.age(idle.since) >= KEEP_IDLE) {
            idle.connection.counters().idle_gone();
            idle.connection.reset_on_close();
        }
        in_use > 0 || !kept.is_empty()
    }
}

/// The connections of one worker. Its locks are only ever taken by its own thread.
#[derive(Debug, Default)]
pub(crate) struct Pool(Mutex<HashMap<Key, Arc<Shelf>, foldhash::fast::RandomState>>);

impl Pool {
    /// An idle connection that is still good.
    pub(crate) fn take(&self, key: &Key) -> Option<Box<ServerConnection>> {
        self.0.lock().get(key)?.take()
    }

    /// Where connections of this kind belong.
    pub(crate) fn shelf(&self, key: Key) -> Arc<Shelf> {
        self.0.lock().entry(key).or_default().clone()
    }

    /// Closes what has been idle for too long.
    pub(crate) fn purge(&self) {
        self.0.lock().retain(|_, shelf| shelf.look());
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use listen::Stream;
    use tokio::net::TcpStream;

    use super::*;

    /// A worker's pool and one server of its.
    struct Servers {
        pool: Pool,
        counters: Arc<ServerCounters>,
        listener: TcpListener,
    }

    impl Servers {
        fn new() -> Self {
            let listener = TcpListener::bind("127.0.0.1:0").unwrap();
            Self { pool: Pool::default(), counters: Arc::default(), listener }
        }

        fn key(&self) -> Key {
            let address = Address::Ip(self.listener.local_addr().unwrap());
            Key::new(&self.counters, &address, Packets::default())
        }

        /// A new connection and the server's end of it.
        async fn connect(&self) -> (Box<ServerConnection>, std::net::TcpStream) {
            let key = self.key();
            let stream = TcpStream::connect(key.address.ip().unwrap()).await.unwrap();
            let (server, _) = self.listener.accept().unwrap();
            let (shelf, counters) = (self.pool.shelf(key.clone()), self.counters.clone());
            let connection = ServerConnection::new(Stream::tcp(stream), &key.address, shelf, counters);
            (Box::new(connection), server)
        }
    }

    fn run<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn as_many_are_kept_as_were_in_use_at_once() {
        run(async {
            let servers = Servers::new();
            let (first, second) = (servers.connect().await, servers.connect().await);
            first.0.rest();
            second.0.rest();
            let (third, mut end) = servers.connect().await;
            third.rest();
            let error = end.read(&mut [0]).unwrap_err();
            assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset, "the third was one too many");
            let kept = [(); 3].map(|()| servers.pool.take(&servers.key()));
            assert_eq!(kept.map(|connection| connection.is_some()), [true, true, false]);
        });
    }

    #[test]
    fn a_busy_time_is_forgotten_at_the_second_look() {
        run(async {
            let servers = Servers::new();
            drop((servers.connect().await, servers.connect().await));
            let shelf = servers.pool.shelf(servers.key());
            let wanted = || shelf.peaks.each_ref().map(|peak| peak.load(Ordering::Relaxed));
            assert_eq!(wanted(), [2, 0]);
            servers.pool.purge();
            assert_eq!(wanted(), [0, 2]);
            shelf.look();
            assert_eq!(wanted(), [0, 0]);
        });
    }

    #[test]
    fn what_is_idle_for_long_is_closed() {
        run(async {
            let servers = Servers::new();
            let (connection, mut end) = servers.connect().await;
            connection.rest();
            (1..KEEP_IDLE).for_each(|_| servers.pool.purge());
            assert!(servers.pool.take(&servers.key()).is_some_and(|connection| connection.is_reused()));
            let (connection, mut later) = servers.connect().await;
            connection.rest();
            (0..KEEP_IDLE).for_each(|_| servers.pool.purge());
            assert!(servers.pool.take(&servers.key()).is_none());
            assert!(end.read(&mut [0]).is_ok_and(|read| read == 0), "the first one was dropped in use");
            assert_eq!(later.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::ConnectionReset);
            assert!(servers.pool.0.lock().is_empty());
        });
    }
}
