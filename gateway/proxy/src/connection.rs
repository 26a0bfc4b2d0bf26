//! What is known of one client connection: shared by all requests on it, HTTP/1 and HTTP/2 alike.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::RawFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};

use config::model::Model;
use expr::{SharedVars, VarScope};
use listen::Packets;
use observe::ProcessCounters;
use observe::log::{Endpoint, TlsFacts};
use parking_lot::Mutex;

use crate::listener::ListenerState;
use crate::message::RequestHead;
use crate::track::Trackers;

/// The facts of a client connection, reached from `ProxyHttp` through the connection's digest.
#[derive(Debug)]
pub struct Connection {
    /// The socket it came in by.
    pub listener: Arc<ListenerState>,
    /// What the process counts.
    pub process: Arc<ProcessCounters>,
    /// The number of the socket among its frontend's, from 1: what logs show of a unix socket.
    pub socket_number: u32,
    /// The client's address; `None` on a unix socket.
    pub source: Option<SocketAddr>,
    /// The address it came to.
    pub destination: Option<SocketAddr>,
    /// A PROXY line came first.
    pub proxied: bool,
    /// Its socket, while it is open.
    pub socket: OpenSocket,
    /// What it said besides addresses.
    pub proxy_line: Option<expr::ProxyLine>,
    /// What the TLS handshake yielded.
    pub tls: Option<Box<expr::Tls>>,
    /// When it was accepted.
    pub accepted: Instant,
    /// When it was accepted, for the log.
    pub accepted_at: SystemTime,
    /// How long the TLS handshake and the PROXY line took.
    pub handshake: Duration,
    /// What its requests say of it.
    pub flags: Flags,
    /// What rules want on its packets.
    pub packets: WantedPackets,
    /// Requests so far.
    pub requests: AtomicU32,
    /// The request that an HTTP/1 connection is at.
    pub head: Mutex<HeadTimes>,
    /// What counters of stick tables track for it.
    pub(crate) trackers: Trackers,
    /// Its variables, once there are any.
    pub vars: Mutex<Option<SessionVars>>,
}

/// What requests say of the connection that they come by.
#[derive(Debug, Default)]
pub struct Flags {
    /// A rule wants it forgotten without a word.
    pub hidden: AtomicBool,
    /// `option abortonclose` of its frontend and of the backend that an HTTP/1 connection's request goes to: the
    /// client's leaving ends the request.
    pub abort_on_close: AtomicBool,
}

/// The variables of a connection, and the configuration by which they have their places.
#[derive(Debug)]
pub struct SessionVars {
    model: Arc<Model>,
    vars: Arc<SharedVars>,
}

/// When the head of a request came (configuration.txt 8.4: `Ti`, `TR`).
#[derive(Clone, Debug)]
pub struct HeadTimes {
    /// The idle time before its first byte.
    pub idle: Duration,
    /// Its first byte.
    pub first_byte: Instant,
    /// Its first byte, for the log.
    pub first_byte_at: SystemTime,
    /// Its last byte.
    pub complete: Instant,
    /// The request line as it came.
    pub line: bytes::Bytes,
    /// The request itself, until its context takes it.
    pub request: Option<RequestHead>,
}

impl HeadTimes {
    /// Before the first request.
    pub fn at(now: Instant, now_at: SystemTime) -> Self {
        Self {
            idle: Duration::ZERO,
            first_byte: now,
            first_byte_at: now_at,
            complete: now,
            line: bytes::Bytes::new(),
            request: None,
        }
    }
}

/// The number of a connection's socket, from the time when its stream is made until it is gone.
#[derive(Debug)]
pub struct OpenSocket(AtomicI32);

impl Default for OpenSocket {
    fn default() -> Self {
        Self(AtomicI32::new(-1))
    }
}

impl OpenSocket {
    /// It is open, under this number.
    pub(crate) fn opened(&self, socket: RawFd) {
        self.0.store(socket, Ordering::Relaxed);
    }

    /// Its number may soon be another's.
    pub(crate) fn closed(&self) {
        self.0.store(-1, Ordering::Relaxed);
    }

    /// What the kernel knows of it, as expressions want it.
    pub(crate) fn tcp_info(&self) -> Option<expr::TcpInfo> {
        tcp_info(self.0.load(Ordering::Relaxed))
    }
}

/// What the kernel knows of a socket, as expressions want it.
pub(crate) fn tcp_info(socket: RawFd) -> Option<expr::TcpInfo> {
    let info = listen::tcp_info(socket)?;
    Some(expr::TcpInfo {
        rtt: info.tcpi_rtt,
        rttvar: info.tcpi_rttvar,
        unacked: info.tcpi_unacked,
        sacked: info.tcpi_sacked,
        lost: info.tcpi_lost,
        retrans: info.tcpi_retrans,
        fackets: info.tcpi_fackets,
        reordering: info.tcpi_reordering,
    })
}

/// What rules want on the packets of a connection, until its stream has told the kernel.
#[derive(Debug, Default)]
pub struct WantedPackets {
    changed: AtomicBool,
    packets: Mutex<Packets>,
}

impl WantedPackets {
    /// Wants them so from the next write on.
    pub fn want(&self, packets: Packets) {
        *self.packets.lock() = packets;
        self.changed.store(true, Ordering::Release);
    }

    /// What has changed since this was last asked.
    pub fn changed(&self) -> Option<Packets> {
        let changed = self.changed.load(Ordering::Relaxed) && self.changed.swap(false, Ordering::Acquire);
        changed.then(|| *self.packets.lock())
    }
}

impl SessionVars {
    /// The variables of a new connection; `None` if the configuration has none.
    pub fn begin(model: &Arc<Model>) -> Option<Self> {
        let any = !model.asked.vars.names(VarScope::Sess).is_empty();
        any.then(|| Self { model: model.clone(), vars: Arc::default() })
    }

    /// The variables.
    pub fn vars(&self) -> &Arc<SharedVars> {
        &self.vars
    }
}

impl Connection {
    /// The client's address alone.
    pub fn source_ip(&self) -> Option<IpAddr> {
        self.source.map(|source| source.ip())
    }

    /// Counts a request and says how many came before it.
    pub fn next_request(&self) -> u32 {
        self.requests.fetch_add(1, Ordering::Relaxed)
    }

    /// The variables that its requests share, in the places that this configuration gives them; `None` if it has none.
    pub fn variables(&self, model: &Arc<Model>) -> Option<Arc<SharedVars>> {
        let table = &model.asked.vars;
        if table.names(VarScope::Sess).is_empty() {
            return None;
        }
        let mut held = self.vars.lock();
        let vars = match &*held {
            Some(known) if Arc::ptr_eq(&known.model, model) => return Some(known.vars.clone()),
            Some(known) => known.vars.moved(&known.model.asked.vars, table),
            None => SharedVars::default(),
        };
        let vars = Arc::new(vars);
        *held = Some(SessionVars { model: model.clone(), vars: vars.clone() });
        Some(vars)
    }

    /// The client, as logs show it.
    pub fn client_endpoint(&self) -> Endpoint {
        self.source.map_or(Endpoint::Unix(self.socket_number), Endpoint::Ip)
    }

    /// Where it came to, as logs show it.
    pub fn destination_endpoint(&self) -> Endpoint {
        self.destination.map_or(Endpoint::Unix(self.socket_number), Endpoint::Ip)
    }

    /// TLS, as logs show it.
    pub fn tls_facts(&self) -> Option<TlsFacts<'_>> {
        let tls = self.tls.as_ref()?;
        Some(TlsFacts {
            sni: tls.sni.as_deref(),
            version: &tls.version,
            cipher: &tls.cipher,
            resumed: tls.resumed,
        })
    }
}
