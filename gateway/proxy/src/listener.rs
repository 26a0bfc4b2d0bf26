//! A listening socket at run time: it outlives the configurations that use it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use arc_swap::ArcSwap;
use config::model::{BindAddress, Proto};
use tokio::sync::watch;

use crate::runtime::{Frontend, Runtime};

/// An open socket and where its connections go at the moment.
#[derive(Debug)]
pub struct ListenerState {
    /// What it listens on: the identity by which a reload finds it again.
    pub address: BindAddress,
    socket: listen::Listener,
    route: ArcSwap<Route>,
    stopping: AtomicBool,
    stop: watch::Sender<bool>,
    /// Accept loops that run on it.
    loops: AtomicUsize,
}

/// Where the connections of a socket go, by one configuration.
#[derive(Debug)]
pub struct Route {
    /// All that was built from that configuration.
    pub runtime: Arc<Runtime>,
    /// The frontend.
    pub frontend: Arc<Frontend>,
    /// The place of the socket among the frontend's.
    pub bind: usize,
}

impl Route {
    /// What the socket is said to speak (`proto`); else ALPN tells, or the first bytes do.
    pub(crate) fn proto(&self) -> Option<Proto> {
        self.frontend.model().binds.get(self.bind)?.proto
    }
}

impl ListenerState {
    /// A socket that just opened.
    pub fn new(address: BindAddress, socket: listen::Listener, route: Route) -> Arc<Self> {
        let (stop, _) = watch::channel(false);
        let (route, stopping) = (ArcSwap::from_pointee(route), AtomicBool::new(false));
        Arc::new(Self { address, socket, route, stopping, stop, loops: AtomicUsize::new(0) })
    }

    /// Where it really listens: the port that the system chose for port 0.
    pub fn local_addr(&self) -> &listen::Address {
        self.socket.local_addr()
    }

    /// The socket once more, for one thread's accept loop.
    ///
    /// # Errors
    /// The process has no descriptor left.
    pub fn acceptor(&self) -> std::io::Result<listen::Acceptor> {
        self.socket.try_clone()?.into_acceptor()
    }

    /// Where a connection or request that comes now goes.
    pub fn route(&self) -> Arc<Route> {
        self.route.load_full()
    }

    /// From now on requests go by another configuration; those under way keep theirs.
    pub fn set_route(&self, route: Route) {
        self.route.store(Arc::new(route));
    }

    /// An accept loop begins.
    pub(crate) fn loop_begins(&self) {
        self.loops.fetch_add(1, Ordering::AcqRel);
    }

    /// An accept loop has ended; with the last one of a socket that stops, the socket is closed.
    pub(crate) fn loop_ended(&self) {
        if self.loops.fetch_sub(1, Ordering::AcqRel) == 1 && self.is_stopping() {
            self.socket.close();
        }
    }

    /// No more connections are taken, and those that are open end after their request.
    pub fn stop(&self) {
        self.socket.refuse_new();
        self.stopping.store(true, Ordering::Release);
        self.stop.send_replace(true);
    }

    /// Whether it takes no more connections.
    pub fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Becomes true when the socket stops.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }
}
