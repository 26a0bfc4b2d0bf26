//! What expressions are told of proxies, servers and sockets (`nbsrv`, `srv_conn`, `fe_req_rate` …): read from counters
//! and states, without a lock.

use std::net::{IpAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use expr::{Figure, Subject};
use upstream::Server;

use crate::listener::Route;
use crate::runtime::{Backend, Frontend, Runtime};

/// From where a figure is asked for: what has no name is this.
#[derive(Clone, Copy, Debug)]
pub(crate) struct At<'a> {
    /// The frontend and its socket, where a connection has come.
    pub route: Option<&'a Route>,
    /// All proxies of the configuration.
    pub runtime: &'a Runtime,
    /// The backend, once it is chosen.
    pub backend: Option<&'a Arc<Backend>>,
}

/// A figure; `None` where there is no such proxy or server.
pub(crate) fn figure(at: At<'_>, figure: Figure, of: &Subject) -> Option<i64> {
    match figure {
        Figure::AverageQueue
        | Figure::BackendConnections
        | Figure::BackendFree
        | Figure::BackendRate
        | Figure::Slots
        | Figure::ServersUp
        | Figure::Queue => of_backend(backend(at, of)?, figure),
        Figure::FrontendConnections | Figure::RequestRate | Figure::FrontendRate => {
            of_frontend(frontend(at, of)?, figure)
        }
        Figure::ServerConnections
        | Figure::ServerFree
        | Figure::ServerUp
        | Figure::InitialWeight
        | Figure::UserWeight
        | Figure::Weight
        | Figure::ServerQueue
        | Figure::ServerRate => of_server(backend(at, of)?.upstream.server(of.server.as_deref()?)?, figure),
        Figure::SocketConnections => {
            let route = at.route?;
            signed(route.frontend.listeners.get(route.bind)?.current())
        }
        Figure::ClientTimeout => millis(at.route?.frontend.model().timeouts.client),
        Figure::ServerTimeout | Figure::CurrentServerTimeout => millis(at.backend?.model().timeouts.server),
        Figure::TunnelTimeout | Figure::CurrentTunnelTimeout => millis(at.backend?.model().timeouts.tunnel),
    }
}

fn backend<'a>(at: At<'a>, of: &Subject) -> Option<&'a Arc<Backend>> {
    match &of.proxy {
        Some(name) => at.runtime.backend_named(name),
        None => at.backend,
    }
}

fn frontend<'a>(at: At<'a>, of: &Subject) -> Option<&'a Arc<Frontend>> {
    match &of.proxy {
        Some(name) => at.runtime.frontend_named(name),
        None => at.route.map(|route| &route.frontend),
    }
}

/// The name of the backend that takes what no rule sends elsewhere.
pub(crate) fn default_backend(route: &Route) -> Option<&str> {
    let model = route.frontend.model();
    let id = model.default_backend.or(model.listen)?;
    Some(&route.runtime.backend(id).model().name)
}

/// Whether an address is this machine's: the kernel lets nobody be at one that is not.
pub(crate) fn is_local(ip: IpAddr) -> bool {
    ip.is_loopback() || UdpSocket::bind((ip, 0)).is_ok()
}

fn signed(number: u64) -> Option<i64> {
    i64::try_from(number).ok()
}

/// A timeout that is not set is none at all, which HAProxy calls 0.
fn millis(time: Option<Duration>) -> Option<i64> {
    i64::try_from(time.unwrap_or_default().as_millis()).ok()
}

fn of_frontend(frontend: &Frontend, figure: Figure) -> Option<i64> {
    let counters = &frontend.counters;
    signed(match figure {
        Figure::FrontendConnections => counters.current(),
        Figure::RequestRate => counters.request_rate(),
        _ => counters.session_rate(),
    })
}

fn of_backend(backend: &Backend, figure: Figure) -> Option<i64> {
    let counters = &backend.upstream.counters;
    match figure {
        Figure::BackendConnections => signed(counters.current()),
        Figure::BackendRate => signed(counters.session_rate()),
        Figure::ServersUp => i64::try_from(usable(backend)).ok(),
        Figure::BackendFree => Some(free(backend, free_of)),
        Figure::Slots => Some(free(backend, |server| Some(free_of(server)? + places_of(server)?))),
        Figure::AverageQueue => {
            let queued = queued(backend);
            match i64::try_from(usable(backend)).ok()? {
                // as HAProxy has it: nobody works it off
                0 => Some(2 * queued),
                servers => Some((queued + servers - 1) / servers),
            }
        }
        _ => Some(queued(backend)),
    }
}

/// Servers that take requests: the active ones, or else the backups.
fn usable(backend: &Backend) -> usize {
    match backend.upstream.active() {
        0 if backend.model().all_backups => backend.upstream.backups(),
        0 => backend.upstream.backups().min(1),
        active => active,
    }
}

/// Requests that wait, for any server or for one.
fn queued(backend: &Backend) -> i64 {
    let servers = backend.upstream.servers.iter().map(|server| server.counters.waiting());
    signed(backend.upstream.counters.waiting() + servers.sum::<u64>()).unwrap_or(i64::MAX)
}

/// The sum over all servers that take requests; -1 if one has no limit.
fn free(backend: &Backend, of: impl Fn(&Server) -> Option<i64>) -> i64 {
    let usable = backend.upstream.servers.iter().filter(|server| server.usable());
    usable.map(|server| of(server)).sum::<Option<i64>>().unwrap_or(-1)
}

/// Connections that a server still takes.
fn free_of(server: &Server) -> Option<i64> {
    let limit = server.line().maxconn.filter(|limit| *limit > 0)?;
    Some((i64::from(limit) - signed(server.counters.current())?).max(0))
}

/// Places in its queue.
fn places_of(server: &Server) -> Option<i64> {
    let limit = server.line().maxqueue.filter(|limit| *limit > 0)?;
    Some((i64::from(limit) - signed(server.counters.waiting())?).max(0))
}

fn of_server(server: &Server, figure: Figure) -> Option<i64> {
    match figure {
        Figure::ServerConnections => signed(server.counters.current()),
        Figure::ServerFree => Some(free_of(server).unwrap_or(-1)),
        Figure::ServerUp => Some(i64::from(server.usable())),
        Figure::InitialWeight => Some(server.line().weight.into()),
        Figure::UserWeight | Figure::Weight => Some(server.weight().into()),
        Figure::ServerQueue => signed(server.counters.waiting()),
        _ => signed(server.counters.session_rate()),
    }
}
