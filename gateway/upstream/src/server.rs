//! One server at run time: where it is, whether it may be used, what it has to do.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed};

use arc_swap::{ArcSwapOption, Guard};
use config::model::{self, Family, ServerAddress, ServerPort};
use observe::ServerCounters;
use parking_lot::Mutex;

use crate::address::{self, Address};
use crate::health::{Fsm, Outcome};

/// What an operator wants of a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[repr(u8)]
pub enum Admin {
    /// Traffic, when it is well.
    #[default]
    Ready,
    /// No new traffic but what insists on it; checks go on.
    Drain,
    /// Neither traffic nor checks.
    Maint,
}

/// What `show stat` says of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// It is not checked and takes traffic.
    NoCheck,
    /// It is up: checks that may fail before it is down, of how many.
    Up(u32, u32),
    /// It is down: checks that succeeded, of how many.
    Down(u32, u32),
    /// It finishes what it has.
    Drain,
    /// Somebody took it out.
    Maint,
    /// Its name has no address.
    Unresolved,
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::NoCheck => f.write_str("no check"),
            Self::Up(left, of) if left == of => f.write_str("UP"),
            Self::Up(left, of) => write!(f, "UP {left}/{of}"),
            Self::Down(0, _) => f.write_str("DOWN"),
            Self::Down(done, of) => write!(f, "DOWN {done}/{of}"),
            Self::Drain => f.write_str("DRAIN"),
            Self::Maint => f.write_str("MAINT"),
            Self::Unresolved => f.write_str("MAINT (resolution)"),
        }
    }
}

/// One server of a backend.
#[derive(Debug)]
pub struct Server {
    /// Its name.
    pub name: Arc<str>,
    /// Its `id`.
    pub id: u32,
    /// What is counted about it; the next configuration's server of the same name goes on counting.
    ///
    /// Its sessions (`session`, `closed`: the life of a [`crate::Slot`]), its queue, the choices of it, its failed
    /// checks and its availability are counted here; the proxy counts the rest.
    pub counters: Arc<ServerCounters>,
    line: model::Server,
    index: usize,
    place: Place,
    admin: AtomicU8,
    up: AtomicBool,
    weight: AtomicU32,
    busy: AtomicU32,
    stamp: AtomicU64,
    health: Mutex<Fsm>,
    last_check: ArcSwapOption<Outcome>,
}

/// Where a server is.
#[derive(Debug)]
enum Place {
    Literal(IpAddr, ServerPort),
    /// Where the client went.
    Client(ServerPort),
    Name {
        now: ArcSwapOption<IpAddr>,
        port: ServerPort,
    },
    Unix(Arc<PathBuf>),
}

impl Server {
    /// The server of this line, the `index`th of its backend; `previous` is the one of the same name in the
    /// configuration before.
    pub(crate) fn build(line: &model::Server, index: usize, previous: Option<&Self>) -> Self {
        let place = Place::of(&line.address);
        let server = Self {
            name: line.name.as_str().into(),
            id: line.id,
            counters: previous.map(|old| Arc::clone(&old.counters)).unwrap_or_default(),
            index,
            place,
            admin: AtomicU8::new(if line.disabled { Admin::Maint } else { Admin::Ready } as u8),
            up: AtomicBool::new(true),
            weight: AtomicU32::new(u32::from(line.weight)),
            busy: AtomicU32::new(0),
            stamp: AtomicU64::new(0),
            health: Mutex::new(Fsm::of(line.check.as_ref())),
            last_check: ArcSwapOption::empty(),
            line: line.clone(),
        };
        if let Some(old) = previous {
            server.inherit(old);
            if server.healthy() {
                server.counters.availability.came_up();
            }
        }
        server
    }

    /// Keeps what the old server of the same name knew, as far as it is the same server still.
    fn inherit(&self, old: &Self) {
        if self.line.address != old.line.address {
            return;
        }
        if let (Place::Name { now, .. }, Place::Name { now: before, .. }) = (&self.place, &old.place) {
            now.store(before.load_full());
        }
        let same_check = self.line.check == old.line.check;
        if same_check && self.line.check.is_some() {
            *self.health.lock() = old.health.lock().clone();
            self.up.store(old.up.load(Relaxed), Relaxed);
            self.last_check.store(old.last_check.load_full());
        }
    }

    /// Its place among the servers of its backend, from 0.
    pub fn index(&self) -> usize {
        self.index
    }

    /// Its `server` line.
    pub fn line(&self) -> &model::Server {
        &self.line
    }

    /// Whether it is a `backup`.
    pub fn backup(&self) -> bool {
        self.line.backup
    }

    /// Where to connect for a client that came to `came`; `None` while its name has no address, and where only the client
    /// could say it.
    pub fn address(&self, came: Option<SocketAddr>) -> Option<Address> {
        let port = came.map(|came| came.port());
        match &self.place {
            Place::Literal(ip, of) => Some(Address::Ip(SocketAddr::new(*ip, address::port(*of, port)))),
            Place::Client(of) => {
                let of = if *of == ServerPort::Fixed(0) { ServerPort::Offset(0) } else { *of };
                came.map(|came| Address::Ip(SocketAddr::new(came.ip(), address::port(of, port))))
            }
            Place::Name { now, port: of } => {
                let ip: Guard<_> = now.load();
                ip.as_ref().map(|ip| Address::Ip(SocketAddr::new(**ip, address::port(*of, port))))
            }
            Place::Unix(path) => Some(Address::Unix(Arc::clone(path))),
        }
    }

    /// Its IP address now, unless it is a unix socket or its name has none.
    pub fn ip(&self) -> Option<IpAddr> {
        match &self.place {
            Place::Literal(ip, _) => Some(*ip),
            Place::Name { now, .. } => now.load().as_ref().map(|ip| **ip),
            Place::Unix(_) | Place::Client(_) => None,
        }
    }

    /// The name to resolve and the family asked for, unless it was given by address.
    pub(crate) fn host(&self) -> Option<(&str, Option<Family>)> {
        match &self.line.address {
            ServerAddress::Name { host, family, .. } => Some((host, *family)),
            ServerAddress::Ip { .. }
            | ServerAddress::Unix(_)
            | ServerAddress::Abstract(_)
            | ServerAddress::SockPair(_)
            | ServerAddress::Client { .. } => None,
        }
    }

    /// Its name has this address from now on; the one until now.
    pub(crate) fn moved(&self, to: IpAddr) -> Option<IpAddr> {
        match &self.place {
            Place::Name { now, .. } => now.swap(Some(Arc::new(to))).map(|ip| *ip),
            Place::Literal(ip, _) => Some(*ip),
            Place::Unix(_) | Place::Client(_) => None,
        }
    }

    /// What an operator wants of it.
    pub fn admin(&self) -> Admin {
        match self.admin.load(Relaxed) {
            1 => Admin::Drain,
            2 => Admin::Maint,
            _ => Admin::Ready,
        }
    }

    pub(crate) fn set_admin(&self, admin: Admin) {
        self.admin.store(admin as u8, Relaxed);
    }

    /// Its weight now.
    pub fn weight(&self) -> u32 {
        self.weight.load(Relaxed)
    }

    pub(crate) fn set_weight(&self, weight: u32) {
        self.weight.store(weight.min(256), Relaxed);
    }

    /// Whether its checks, if any, find it well.
    pub fn healthy(&self) -> bool {
        self.up.load(Relaxed)
    }

    /// Whether it could take traffic, its weight aside: nobody took it out, its checks are good, it has an address.
    pub fn usable(&self) -> bool {
        self.admin() == Admin::Ready && self.healthy() && self.resolved()
    }

    /// Whether it takes those that belong on it (stick tables, `use-server`): it may be draining.
    pub fn takes_its_own(&self) -> bool {
        self.admin() != Admin::Maint && self.healthy() && self.resolved()
    }

    fn resolved(&self) -> bool {
        match &self.place {
            Place::Name { now, .. } => now.load().is_some(),
            Place::Literal(..) | Place::Client(_) | Place::Unix(_) => true,
        }
    }

    /// What `show stat` says of it.
    pub fn status(&self) -> Status {
        match self.admin() {
            Admin::Maint => return Status::Maint,
            Admin::Drain if self.healthy() => return Status::Drain,
            Admin::Ready | Admin::Drain => {}
        }
        if !self.resolved() {
            return Status::Unresolved;
        }
        if self.line.check.is_none() {
            return Status::NoCheck;
        }
        let health = self.health.lock();
        let (done, of) = health.progress();
        if health.up() { Status::Up(done, of) } else { Status::Down(done, of) }
    }

    /// What its last check found.
    pub fn last_check(&self) -> Option<Arc<Outcome>> {
        self.last_check.load_full()
    }

    /// Runs `with` on its health, and makes what comes of it visible to the choice of servers.
    pub(crate) fn judge<T>(&self, outcome: &Outcome, with: impl FnOnce(&mut Fsm) -> T) -> T {
        let mut health = self.health.lock();
        let done = with(&mut health);
        self.up.store(health.up(), Relaxed);
        self.last_check.store(Some(Arc::new(outcome.clone())));
        done
    }

    /// Looks at its health.
    pub(crate) fn health<T>(&self, with: impl FnOnce(&Fsm) -> T) -> T {
        with(&self.health.lock())
    }

    /// Requests that this generation sent it and that are not done.
    pub fn busy(&self) -> u32 {
        self.busy.load(Relaxed)
    }

    pub(crate) fn enter(&self) {
        self.busy.fetch_add(1, Relaxed);
        self.counters.session();
    }

    pub(crate) fn exit(&self) {
        self.busy.fetch_sub(1, Relaxed);
        self.counters.closed();
    }

    /// When it was last given or freed of a request, in turns of its backend (`leastconn` prefers the longest ago).
    pub(crate) fn stamp(&self) -> u64 {
        self.stamp.load(Relaxed)
    }

    pub(crate) fn set_stamp(&self, turn: u64) {
        self.stamp.store(turn, Relaxed);
    }
}

impl Place {
    fn of(address: &ServerAddress) -> Self {
        match address {
            ServerAddress::Ip { ip, port } => Self::Literal(*ip, *port),
            ServerAddress::Name { port, .. } => Self::Name { now: ArcSwapOption::empty(), port: *port },
            ServerAddress::Unix(path) => Self::Unix(Arc::new(path.clone())),
            // loading refuses these for now: nothing connects to them
            ServerAddress::Abstract(name) => Self::Unix(Arc::new(format!("abns@{name}").into())),
            ServerAddress::SockPair(fd) => Self::Unix(Arc::new(format!("sockpair@{fd}").into())),
            ServerAddress::Client { port } => Self::Client(*port),
        }
    }
}
