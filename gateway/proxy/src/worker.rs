//! One worker thread: accepts on every socket, makes connections of what comes, and lets them be served.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicU32;
use std::time::{Duration, Instant, SystemTime};

use async_trait::async_trait;
use config::model::Proto;
use expr::TxnVars;
use listen::Packets;
use listen::proxy_protocol::{Addresses, Header};
use parking_lot::Mutex;
use pingora::server::{ListenFds, ShutdownWatch};
use pingora::services::Service;
use tokio::task::JoinHandle;

use crate::connection::{Connection, Flags, HeadTimes, OpenSocket, SessionVars, WantedPackets};
use crate::connection_rules::{EarlyConnection, Fate};
use crate::effects::Effects;
use crate::exchange::Pool;
use crate::frame::Frame;
use crate::gateway::{Gateway, Open};
use crate::http::Judge;
use crate::http1::connection::ClientConnection;
use crate::http1::serve::serve;
use crate::listener::{ListenerState, Route};
use crate::stream::{FrontStream, Transport};
use crate::track::{Event, Trackers};

/// What every request goes through.
type App = Arc<Frame>;

/// A Pingora service of one thread; there are as many as `nbthread` says, each with its own accept loops and its own
/// pool of server connections, so that a request stays on one thread.
#[derive(Debug)]
pub(crate) struct Worker {
    name: String,
    gateway: Arc<Gateway>,
}

impl Worker {
    /// The worker of a number.
    pub(crate) fn new(number: usize, gateway: Arc<Gateway>) -> Self {
        Self { name: format!("worker {number}"), gateway }
    }
}

#[async_trait]
impl Service for Worker {
    async fn start_service(&mut self, _fds: Option<ListenFds>, _shutdown: ShutdownWatch, _per_fd: usize) {
        let pool = Arc::new(Pool::default());
        let app: App = Arc::new(Frame::new(Judge::new(self.gateway.clone(), pool.clone())));
        tokio::spawn(async move {
            let mut tick = tokio::time::interval(crate::exchange::PURGE);
            loop {
                tick.tick().await;
                pool.purge();
            }
        });
        let mut sockets = self.gateway.sockets();
        let mut loops: HashMap<usize, JoinHandle<()>> = HashMap::new();
        loop {
            let wanted = sockets.borrow_and_update().clone();
            loops.retain(|_, accepting| !accepting.is_finished());
            for socket in wanted.iter().filter(|socket| !socket.is_stopping()) {
                loops.entry(Arc::as_ptr(socket) as usize).or_insert_with(|| {
                    tokio::spawn(accept_all(socket.clone(), self.gateway.clone(), app.clone()))
                });
            }
            if sockets.changed().await.is_err() {
                return;
            }
        }
    }

    fn name(&self) -> &str {
        &self.name
    }

    fn threads(&self) -> Option<usize> {
        Some(1)
    }

    fn listen_addresses(&self) -> Option<Vec<String>> {
        Some(Vec::new())
    }
}

/// How long a stopped socket is still listened to: for connections that had begun before.
const LAST_ACCEPT: Duration = Duration::from_millis(50);

/// Accepts until the socket stops, then what had begun before, so that nobody is reset.
async fn accept_all(socket: Arc<ListenerState>, gateway: Arc<Gateway>, app: App) {
    let acceptor = match socket.acceptor() {
        Ok(acceptor) => acceptor,
        Err(error) => return log::error!("cannot accept on {}: {error}", socket.local_addr()),
    };
    socket.loop_begins();
    let mut stopped = socket.stopped();
    while !socket.is_stopping() {
        let permits = gateway.permits(&socket.route());
        let accepted = tokio::select! {
            biased;
            _ = stopped.wait_for(|stopped| *stopped) => break,
            accepted = acceptor.accept(&permits) => accepted,
        };
        start(accepted, &acceptor, &socket, &gateway, &app);
    }
    let permits = listen::Permits::default();
    let end = tokio::time::Instant::now() + LAST_ACCEPT;
    while let Ok(accepted) = tokio::time::timeout_at(end, acceptor.accept(&permits)).await {
        start(accepted, &acceptor, &socket, &gateway, &app);
    }
    socket.loop_ended();
}

fn start(
    accepted: listen::Accepted,
    acceptor: &listen::Acceptor,
    socket: &Arc<ListenerState>,
    gateway: &Arc<Gateway>,
    app: &App,
) {
    let local = accepted.local(acceptor);
    // Counted before anything else: a stop that finds no connection ends the process.
    let open = gateway.opened(socket.route());
    let listen::Accepted { stream, peer, permits } = accepted;
    let arrival = Arrival { stream, peer, local };
    let beginning: Beginning = Box::pin(admit(arrival, socket.clone(), gateway.clone()));
    tokio::spawn(live(beginning, app.clone(), (permits, open)));
}

/// The first moments of a connection, and what comes of them.
type Beginning = Pin<Box<dyn Future<Output = Option<Begun>> + Send>>;

/// A connection on which requests may come.
enum Begun {
    Http1(Box<ClientConnection>),
    Http2(Box<FrontStream>),
}

/// The life of a connection. Most of them wait most of the time, each in a future of this size: what begins a connection
/// is in a box that is gone by then.
async fn live(beginning: Beginning, app: App, held: (listen::HeldPermits, Open)) {
    match beginning.await {
        Some(Begun::Http1(client)) => serve(client, &app).await,
        Some(Begun::Http2(stream)) => Box::pin(serve_http2(stream, &app)).await,
        None => {}
    }
    drop(held);
}

/// A socket that was just accepted, and its two ends.
struct Arrival {
    stream: listen::Stream,
    peer: listen::Address,
    local: listen::Address,
}

/// Ends a connection that rules do not want: at once, or without the client's hearing of it.
fn turn_away(stream: &listen::Stream, fate: Fate) {
    if fate == Fate::Dropped {
        stream.hide();
    } else {
        stream.reset_on_close();
    }
}

/// From an accepted socket to where requests come: PROXY line, TLS. `None` where it ends before.
async fn admit(arrival: Arrival, socket: Arc<ListenerState>, gateway: Arc<Gateway>) -> Option<Begun> {
    let Arrival { mut stream, peer, local } = arrival;
    let (accepted, accepted_at) = (Instant::now(), SystemTime::now());
    let route = socket.route();
    let model = route.frontend.model();
    let mut ends = (peer.ip(), local.ip());
    let patience = model.timeouts.http_request.or(model.timeouts.client);
    let session_vars = SessionVars::begin(&route.runtime.model);
    let mut early = early(&route, ends, session_vars.as_ref());
    early.socket = stream.as_raw_fd();
    if !is_welcome(&mut early, &stream) {
        return None;
    }
    let (proxied, line);
    (ends, proxied, line) = introduced(&early, &mut stream, accepted_at, patience).await?;
    let (transport, facts) = secure(&route, stream, patience)
        .await
        .map_err(|why| crate::handshake::refuse(&route, ends.0, ends.1, accepted_at, &why))
        .ok()?;
    let http2 = begins_http2(&route, facts.as_ref());
    let hello_lists = route.runtime.model.global.hello_lists();
    let tls = facts.map(|facts| Box::new(crate::handshake::tls_of(facts, hello_lists)));
    ends = judge_session(&mut early, &route, ends, tls.as_deref())
        .map_err(|fate| turn_away(transport.raw(), fate))
        .ok()?;
    let connection = Arc::new(Connection {
        listener: socket,
        process: gateway.process.clone(),
        socket_number: u32::try_from(route.bind + 1).unwrap_or(u32::MAX),
        source: ends.0,
        destination: ends.1,
        proxied,
        socket: OpenSocket::default(),
        proxy_line: line.map(|line| crate::proxy_line::told(line.extensions)),
        packets: wanted(early.packets),
        trackers: tracked(early.trackers, &route),
        tls,
        accepted,
        accepted_at,
        handshake: accepted.elapsed(),
        flags: Flags::default(),
        requests: AtomicU32::new(0),
        head: Mutex::new(HeadTimes::at(Instant::now(), accepted_at)),
        vars: Mutex::new(session_vars),
    });
    route.frontend.counters.session();
    let stream = FrontStream::new(transport, connection);
    Some(if http2 {
        Begun::Http2(Box::new(stream))
    } else {
        Begun::Http1(Box::new(ClientConnection::new(stream)))
    })
}

/// Both ends of a connection.
type Ends = (Option<SocketAddr>, Option<SocketAddr>);

/// A connection as the first rules see it.
fn early<'a>(
    route: &'a Route,
    (source, destination): Ends,
    session: Option<&SessionVars>,
) -> EarlyConnection<'a> {
    let shared = session.map(|vars| vars.vars().clone());
    let vars = TxnVars::new(Some(route.runtime.vars.clone()), shared);
    let (effects, trackers) = (Effects::default(), Trackers::default());
    let (packets, expects_proxy, expects_netscaler) = (Packets::default(), false, false);
    EarlyConnection {
        route,
        source,
        destination,
        tls: None,
        effects,
        packets,
        expects_proxy,
        expects_netscaler,
        vars,
        trackers,
        socket: -1,
    }
}

/// Asks `tcp-request connection` rules; whom they do not want is turned away.
fn is_welcome(early: &mut EarlyConnection<'_>, stream: &listen::Stream) -> bool {
    let frontend = &early.route.frontend;
    let fate = early.judge(&frontend.model().tcp_request_connection);
    if fate != Fate::Welcome {
        frontend.counters.denied_connection();
        turn_away(stream, fate);
    }
    fate == Fate::Welcome
}

/// What the rules of the connection want on its packets.
fn wanted(packets: Packets) -> WantedPackets {
    let wanted = WantedPackets::default();
    if !packets.is_plain() {
        wanted.want(packets);
    }
    wanted
}

/// Asks `tcp-request session` rules: both ends as they leave them, or what becomes of the connection.
fn judge_session<'a>(
    early: &mut EarlyConnection<'a>,
    route: &Route,
    ends: Ends,
    tls: Option<&'a expr::Tls>,
) -> Result<Ends, Fate> {
    let rules = &route.frontend.model().tcp_request_session;
    if rules.is_empty() {
        return Ok(ends);
    }
    (early.source, early.destination, early.tls) = (ends.0, ends.1, tls);
    match early.judge(rules) {
        Fate::Welcome => Ok((early.source, early.destination)),
        fate => {
            route.frontend.counters.denied_session();
            Err(fate)
        }
    }
}

/// Counts the session for the counters that its rules track.
fn tracked(trackers: Trackers, route: &Route) -> Trackers {
    if !trackers.is_empty() {
        trackers.count(route.runtime.tables.now(), Event::Session);
    }
    trackers
}

/// What stands before a connection's first byte, where the socket wants something there, or a rule: both its ends, whether
/// they were told, and the PROXY line. `None` where it is lacking.
async fn introduced(
    early: &EarlyConnection<'_>,
    stream: &mut listen::Stream,
    accepted: SystemTime,
    patience: Option<Duration>,
) -> Option<(Ends, bool, Option<Header>)> {
    let (route, ends) = (early.route, (early.source, early.destination));
    let told = |addresses: &Addresses| (Some(addresses.source), Some(addresses.destination));
    let inserted = crate::netscaler::read(route, early.expects_netscaler, stream, patience)
        .await
        .map_err(|why| crate::netscaler::refuse(route, ends, accepted, why))
        .ok()?;
    let ends = inserted.as_ref().map_or(ends, told);
    let line = announced(route, early.expects_proxy, stream, patience)
        .await
        .map_err(|why| crate::proxy_line::refuse(route, ends.0, ends.1, accepted, &why))
        .ok()?;
    let announced = line.as_ref().and_then(|line| line.addresses.as_ref());
    let proxied = announced.is_some() || inserted.is_some();
    Some((announced.map_or(ends, told), proxied, line))
}

/// The PROXY line, where the socket wants one, or a rule.
async fn announced(
    route: &Route,
    ruled: bool,
    stream: &mut listen::Stream,
    patience: Option<Duration>,
) -> Result<Option<Header>, crate::proxy_line::NoLine> {
    let accepts = route.frontend.model().binds.get(route.bind).is_some_and(|bind| bind.accept_proxy);
    if !(accepts || ruled) {
        return Ok(None);
    }
    crate::proxy_line::read(stream, patience).await.map(Some)
}

/// Does the TLS handshake where the socket wants one.
async fn secure(
    route: &Route,
    stream: listen::Stream,
    patience: Option<Duration>,
) -> Result<(Transport, Option<listen::tls::Facts>), listen::tls::HandshakeError> {
    let Some(tls) = route.frontend.tls.get(route.bind).cloned().flatten() else {
        return Ok((Transport::Plain(stream), None));
    };
    let (stream, facts) = Box::pin(crate::handshake::run(&tls, stream, patience)).await?;
    Ok((Transport::Tls(Box::new(stream)), Some(facts)))
}

/// Whether HTTP/2 is spoken from the first byte: `proto` says so, or ALPN has chosen.
fn begins_http2(route: &Route, facts: Option<&listen::tls::Facts>) -> bool {
    match route.proto() {
        Some(proto) => proto == Proto::H2,
        None => facts.is_some_and(listen::tls::Facts::is_h2),
    }
}

/// Serves a connection whose client has agreed on HTTP/2.
async fn serve_http2(mut stream: Box<FrontStream>, app: &App) {
    let listener = stream.connection().listener.clone();
    let timeouts = listener.route().frontend.model().timeouts;
    if stream.preface_comes(timeouts.http_request.or(timeouts.client)).await {
        crate::http2::serve::serve(*stream, app).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size_of_future<A, B, C, F: Future>(_: fn(A, B, C) -> F) -> usize {
        size_of::<F>()
    }

    /// A gateway has thousands of them, nearly all of them between two requests.
    #[test]
    fn what_a_connection_keeps_while_it_waits_is_small() {
        let (task, client, facts) =
            (size_of_future(live), size_of::<ClientConnection>(), size_of::<Connection>());
        assert!(task <= 1024 && client <= 256 && facts <= 640, "{task}, {client} and {facts} bytes");
    }
}
