//! The running gateway: the configuration in force, its sockets, and the change from one configuration to the next.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use config::model::{BindAddress, Model};
use listen::{Limit, Permits};
use observe::ProcessCounters;
use observe::log::Sinks;
use tokio::sync::watch;
use upstream::{Events, Names};

use crate::events::ServerEvents;
use crate::listener::{ListenerState, Route};
use crate::logger::Logger;
use crate::metrics::Metrics;
use crate::runtime::{Frontend, Materials, Runtime};

/// How long a start or a reload waits for names.
const NAMES_LIMIT: Duration = Duration::from_secs(2);

/// The sockets that are open, in the order of the configuration.
pub(crate) type Sockets = Arc<Vec<Arc<ListenerState>>>;

/// Everything that all threads share.
#[derive(Debug)]
pub struct Gateway {
    runtime: ArcSwap<Runtime>,
    sockets: watch::Sender<Sockets>,
    /// What the process counts.
    pub process: Arc<ProcessCounters>,
    /// Where log lines go.
    pub sinks: Sinks,
    limit: Arc<Limit>,
    facts: Facts,
    stopping: AtomicBool,
    /// One reload at a time.
    reloading: tokio::sync::Mutex<()>,
    /// Where checks and lookups run.
    background: OnceLock<tokio::runtime::Handle>,
    metrics: Metrics,
    names: Names,
}

/// What `process` found out about the system.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The connections that may be open at once.
    pub maxconn: u32,
    /// The connections that the file descriptors would allow.
    pub hard_maxconn: u32,
    /// The limit on file descriptors.
    pub ulimit_n: u64,
    /// Worker threads.
    pub threads: usize,
    /// The limit on memory in bytes; 0 is none.
    pub memory_limit: u64,
}

/// One open client connection, counted until it is dropped.
#[derive(Debug)]
pub struct Open {
    gateway: Arc<Gateway>,
    route: Arc<Route>,
}

impl Gateway {
    /// Builds what the model says and opens its sockets; nothing is served yet.
    ///
    /// # Errors
    /// Every certificate that cannot be used, or every socket that cannot be opened, with its place.
    pub fn build(model: Arc<Model>, facts: Facts, sinks: Sinks) -> Result<Arc<Self>, Vec<String>> {
        let materials = Materials { model, previous: None, maxconn: facts.maxconn, sinks: &sinks };
        let runtime = Runtime::build(&materials)?;
        let sockets = open_sockets(&runtime, &[])?;
        Ok(Arc::new(Self {
            runtime: ArcSwap::new(runtime),
            sockets: watch::channel(Arc::new(sockets)).0,
            process: Arc::default(),
            sinks,
            limit: Limit::new(facts.maxconn),
            facts,
            stopping: AtomicBool::new(false),
            reloading: tokio::sync::Mutex::new(()),
            names: Names::default(),
            background: OnceLock::new(),
            metrics: Metrics::new(),
        }))
    }

    /// The configuration in force.
    pub fn runtime(&self) -> Arc<Runtime> {
        self.runtime.load_full()
    }

    /// The stick tables, in the order of the configuration, and the moment on their clock.
    pub fn stick_tables(&self) -> (Vec<Arc<table::Table>>, table::Millis) {
        let runtime = self.runtime();
        (runtime.tables.tables.iter().cloned().collect(), runtime.tables.now())
    }

    /// What the system allows.
    pub fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The sockets, and a notice when there are others.
    pub fn sockets(&self) -> watch::Receiver<Sockets> {
        self.sockets.subscribe()
    }

    /// Whether the gateway takes connections.
    pub fn is_ready(&self) -> bool {
        !self.stopping.load(Ordering::Acquire)
    }

    /// Client connections that are open.
    pub fn connections(&self) -> u64 {
        self.process.current()
    }

    /// Starts checks and name lookups of the configuration in force on this tokio runtime, and those of later ones.
    pub fn attach_background(&self, handle: tokio::runtime::Handle) {
        let handle = self.background.get_or_init(|| handle);
        start_background(handle, &self.runtime(), &self.names);
    }

    /// Metrics beyond HAProxy's, under the gateway's own names.
    pub fn own_metrics(&self) -> &prometheus::Registry {
        &self.metrics.registry
    }

    /// The histograms behind them.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// Puts another configuration in force: new sockets first, then new routes for all, then the old ones go.
    /// Connections stay; their next request goes by the new configuration.
    ///
    /// # Errors
    /// Why the old configuration stays in force; nothing has changed then.
    pub async fn reload(&self, model: Arc<Model>) -> Result<(), Vec<String>> {
        let _one = self.reloading.lock().await;
        let before = self.runtime();
        let materials =
            Materials { model, previous: Some(&before), maxconn: self.facts.maxconn, sinks: &self.sinks };
        let runtime = Runtime::build(&materials)?;
        self.look_up(&runtime).await;
        let old = self.sockets.borrow().clone();
        let new = open_sockets(&runtime, &old)?;
        if let Some(handle) = self.background.get() {
            start_background(handle, &runtime, &self.names);
        }
        runtime.tables.tables.settle();
        self.runtime.store(runtime);
        let gone: Vec<_> =
            old.iter().filter(|socket| !new.iter().any(|kept| Arc::ptr_eq(kept, socket))).collect();
        for socket in gone {
            socket.stop();
        }
        self.sockets.send_replace(Arc::new(new));
        before.stop();
        Ok(())
    }

    /// Looks up the names of the configuration in force, for a moment: a name without an address stops nothing.
    pub async fn look_up_names(&self) {
        self.look_up(&self.runtime()).await;
    }

    async fn look_up(&self, runtime: &Runtime) {
        for left in upstream::start_addresses(&upstreams(runtime), &self.names, NAMES_LIMIT).await {
            log::warn!(
                "server {}/{}: '{}' has no address yet; starting without it and looking it up again",
                left.backend.name,
                left.server.name,
                left.host
            );
        }
    }

    /// Takes no more connections; those that are open end after their request.
    pub fn stop_accepting(&self) {
        self.stopping.store(true, Ordering::Release);
        for socket in self.sockets.borrow().iter() {
            socket.stop();
        }
        self.tell_stopped();
    }

    /// HAProxy's line for each proxy that stops: how many connections it had.
    fn tell_stopped(&self) {
        let runtime = self.runtime();
        for frontend in &runtime.frontends {
            let half = frontend.model().listen.map(|id| runtime.backend(id).upstream.counters.total());
            tell_stopped(
                &frontend.model().name,
                (frontend.counters.total(), half.unwrap_or(0)),
                &frontend.log,
            );
        }
        for backend in runtime.backends.iter().filter(|backend| backend.model().listen.is_none()) {
            tell_stopped(&backend.model().name, (0, backend.upstream.counters.total()), &backend.log);
        }
    }

    /// The limits that a connection of this route is under.
    pub fn permits(&self, route: &Route) -> Permits {
        let bind = route.frontend.bind_limits.get(route.bind).cloned().flatten();
        Permits::new(bind, route.frontend.limit.clone(), Some(self.limit.clone()))
    }

    /// Counts a connection until the guard is dropped.
    pub fn opened(self: &Arc<Self>, route: Arc<Route>) -> Open {
        self.process.accepted();
        route.frontend.counters.accepted();
        if let Some(listener) = route.frontend.listeners.get(route.bind) {
            listener.accepted();
        }
        Open { gateway: self.clone(), route }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.gateway.process.closed();
        self.route.frontend.counters.closed();
        if let Some(listener) = self.route.frontend.listeners.get(self.route.bind) {
            listener.closed();
        }
    }
}

fn tell_stopped(name: &str, (front, back): (u64, u64), log: &Logger) {
    let (level, text) = observe::log::event::proxy_stopped(name, front, back);
    log::warn!("{text}");
    log.event(level, &text);
}

fn upstreams(runtime: &Runtime) -> Vec<Arc<upstream::Backend>> {
    runtime.backends.iter().map(|backend| backend.upstream.clone()).collect()
}

fn start_background(handle: &tokio::runtime::Handle, runtime: &Arc<Runtime>, names: &Names) {
    let _entered = handle.enter();
    let events: Arc<dyn Events> = Arc::new(ServerEvents::new(runtime));
    upstream::spawn_background(&upstreams(runtime), &runtime.stopped(), names, &events);
}

/// The sockets of a configuration: those that are open already keep their place in the kernel and get a new route.
fn open_sockets(
    runtime: &Arc<Runtime>,
    known: &[Arc<ListenerState>],
) -> Result<Vec<Arc<ListenerState>>, Vec<String>> {
    let mut errors = Vec::new();
    let mut kept: Vec<(Arc<ListenerState>, Route)> = Vec::new();
    let mut sockets = Vec::new();
    for (frontend, bind, address) in wanted(runtime) {
        let route = Route { runtime: runtime.clone(), frontend: frontend.clone(), bind };
        let free = |socket: &&Arc<ListenerState>| {
            socket.address == address && !kept.iter().any(|(taken, _)| Arc::ptr_eq(taken, socket))
        };
        if let Some(socket) = known.iter().find(free) {
            sockets.push(socket.clone());
            kept.push((socket.clone(), route));
            continue;
        }
        let line = &frontend.model().binds[bind];
        match listen::Listener::open(line, backlog(&frontend)) {
            Ok(socket) => sockets.push(ListenerState::new(address, socket, route)),
            Err(error) => {
                errors.push(format!("{}: Starting frontend {}: {error}", line.place, frontend.model().name))
            }
        }
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    for (socket, route) in kept {
        socket.set_route(route);
    }
    Ok(sockets)
}

fn wanted(runtime: &Arc<Runtime>) -> impl Iterator<Item = (Arc<Frontend>, usize, BindAddress)> {
    let frontends = runtime.frontends.iter().filter(|frontend| !frontend.model().disabled);
    frontends.flat_map(|frontend| {
        let binds = frontend.model().binds.iter().enumerate();
        binds.map(|(place, bind)| (frontend.clone(), place, bind.address.clone()))
    })
}

/// `backlog`, or the frontend's `maxconn`, as HAProxy has it.
fn backlog(frontend: &Frontend) -> u32 {
    const DEFAULT: u32 = 4096;
    let model = frontend.model();
    model.backlog.or(model.maxconn).unwrap_or(DEFAULT)
}
