//! From a backend to a connection with one of its servers: selection, queue, retries, redispatch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use config::model::ServerChoice;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::upstreams::peer::{HttpPeer, HttpUpstreamRequestPolicy, PeerOptions};
use pingora::{Error, ErrorType, Result, RetryType};
use pingora_proxy::Session;
use upstream::{Address, Ask, Next, Prefer, Slot, Unavailable};

use super::persist::Insistence;
use super::request::closes_server;
use crate::client::Client;
use crate::ctx::Ctx;
use crate::effects::Effects;
use crate::outcome::{Outcome, Stage};
use crate::runtime::Backend;

/// How long an idle connection to a server is kept: less than the thirty seconds after which Tekton's listeners close
/// theirs, so that a request does not run into the close.
const KEEP_IDLE: Duration = Duration::from_secs(20);

/// Chooses the server, says how Pingora's own relay reaches it.
///
/// # Errors
/// No server takes the request.
pub(crate) async fn peer(session: &mut Session, ctx: &mut Ctx) -> Result<Box<HttpPeer>> {
    choose(&mut Client::of(session, None), ctx).await?;
    let (Some(slot), Some(backend)) = (&ctx.slot, &ctx.backend) else {
        return Error::e_explain(ErrorType::InternalError, "a request without its server");
    };
    let marked = !ctx.effects.server_packets.is_plain();
    let fresh = closes_server(ctx) || marked || !ctx.request.method.is_idempotent();
    peer_of(backend, slot, session.is_upgrade_req().then_some(&ctx.effects), fresh)
}

/// Chooses the server, waiting for a slot if need be. It stays the request's until its end or the next choice.
///
/// # Errors
/// No server takes the request; the context says why.
pub(crate) async fn choose(client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
    let Some(backend) = ctx.backend.clone() else {
        return Error::e_explain(ErrorType::InternalError, "a request without its backend");
    };
    ctx.stage = Stage::Queue;
    let queued = *ctx.times.queued.get_or_insert_with(Instant::now);
    let slot = select(&backend, client, ctx).await?;
    let waited = slot.waited();
    ctx.queued.0 += u64::from(waited.server_queue);
    ctx.queued.1 += u64::from(waited.backend_queue);
    // No clock is asked where no time can have passed.
    ctx.times.selected.get_or_insert_with(|| if waited.time.is_zero() { queued } else { Instant::now() });
    let server = slot.server();
    if ctx.server.as_ref().is_some_and(|before| !Arc::ptr_eq(before, server)) {
        ctx.redispatched = true;
        backend.upstream.counters.redispatch();
        server.counters.redispatch();
    }
    ctx.server = Some(server.clone());
    ctx.slot = Some(slot);
    ctx.stage = Stage::Connect;
    Ok(())
}

async fn select(backend: &Backend, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<Slot> {
    let source = ctx.source().map(|source| source.ip());
    let port = ctx.destination().map(|destination| destination.port());
    let before = ctx.server.clone();
    let chosen = if before.is_none() { chosen_by_rule(backend, ctx) } else { None };
    // a rule goes before what a table remembers; that is looked up all the same, for what it is to remember
    let sticky = if before.is_none() { super::stick::find(backend, ctx) } else { None };
    let chosen = chosen.or(sticky);
    let prefer = match (ctx.next.take(), &before) {
        (Some(Next::Same { pause }), Some(server)) => {
            release(ctx);
            tokio::time::sleep(pause).await;
            ctx.insistence.prefers(server)
        }
        (Some(Next::Redispatch), Some(server)) => {
            release(ctx);
            Prefer::NotServer(server)
        }
        _ => chosen.as_deref().map_or(Prefer::Any, |server| ctx.insistence.prefers(server)),
    };
    release(ctx);
    let ask = Ask { client: source, port, prefer, priority: ctx.effects.priority };
    let watches = aborts_on_close(ctx);
    let chosen = backend.upstream.select_until(&ask, leaving(watches, client)).await;
    chosen.map_err(|reason| unavailable(reason, ctx))
}

/// `option abortonclose`: a client that leaves ends its request. The frontend has to look, and the backend to mind.
pub(crate) fn aborts_on_close(ctx: &Ctx) -> bool {
    let frontend = ctx.frontend().is_some_and(|frontend| frontend.model().options.abortonclose);
    frontend && ctx.backend.as_ref().is_some_and(|backend| backend.model().options.abortonclose)
}

/// Ends when the client leaves, if that matters.
async fn leaving(matters: bool, client: &mut Client<'_>) {
    if !matters {
        return std::future::pending().await;
    }
    client.leaves().await;
}

/// What it means that no server took the request.
fn unavailable(reason: Unavailable, ctx: &mut Ctx) -> Box<Error> {
    let (server, waited, outcome) = match reason {
        Unavailable::NoServer => (None, None, Outcome::NO_SERVER),
        Unavailable::QueueFull { server } => (Some(server), None, Outcome::QUEUE_FULL),
        Unavailable::QueueTimeout { server, waited } => (server, Some(waited), Outcome::QUEUE_TIMEOUT),
        Unavailable::Left { server, waited } => (server, Some(waited), Outcome::LEFT_QUEUE),
    };
    ctx.server = server;
    if let Some(waited) = waited {
        ctx.queued.0 += u64::from(waited.server_queue);
        ctx.queued.1 += u64::from(waited.backend_queue);
        ctx.times.selected = Some(Instant::now());
    }
    ctx.outcome = Some(outcome);
    Error::explain(ErrorType::HTTPStatus(outcome.status), "no server")
}

/// The server of the first `use-server` rule that applies and whose server takes the request.
fn chosen_by_rule(backend: &Backend, ctx: &Ctx) -> Option<Arc<upstream::Server>> {
    let rules = backend.model().use_server.iter();
    let mut servers = rules.filter(|rule| rule.cond.eval(&ctx.view(None))).filter_map(|rule| {
        let servers = &backend.upstream.servers;
        match &rule.server {
            ServerChoice::At(at) => servers.get(*at),
            ServerChoice::Named(format) => {
                let name = format.to_bytes(&ctx.view(None));
                servers.iter().find(|server| server.name.as_bytes() == name)
            }
        }
    });
    servers.find(|server| ctx.insistence.allows(server)).cloned()
}

/// Gives the server's slot back.
pub(crate) fn release(ctx: &mut Ctx) {
    ctx.slot = None;
}

fn peer_of(
    backend: &Backend,
    slot: &Slot,
    upgrading: Option<&Effects>,
    fresh: bool,
) -> Result<Box<HttpPeer>> {
    let mut peer = match slot.address() {
        Address::Ip(addr) => HttpPeer {
            _address: SocketAddr::Inet(*addr),
            scheme: pingora::upstreams::peer::Scheme::HTTP,
            sni: String::new(),
            proxy: None,
            client_cert_key: None,
            group_key: 0,
            options: PeerOptions::new(),
        },
        Address::Unix(path) => HttpPeer::new_uds(&path.to_string_lossy(), false, String::new())?,
    };
    let timeouts = &backend.model().timeouts;
    // Connections belong to the server they were made for, whatever other server has the same address.
    peer.group_key = (u64::from(backend.model().id) << 32) | slot.server().index() as u64;
    let options = &mut peer.options;
    options.idle_timeout = Some(KEEP_IDLE);
    if fresh {
        // What must not be sent twice goes over a connection that cannot be stale; and a server that was told to close
        // may not say so in its response: nobody is to find such a connection again.
        peer.group_key = fastrand::u64(..);
        options.idle_timeout = Some(Duration::from_millis(1));
    }
    if let Some(packets) =
        upgrading.map(|effects| effects.server_packets).filter(|packets| !packets.is_plain())
    {
        options.upstream_tcp_sock_tweak_hook = Some(Arc::new(move |socket| {
            packets.put_on(socket);
            Ok(())
        }));
    }
    options.connection_timeout = timeouts.connect;
    options.read_timeout = upgrading.map_or(timeouts.server, |effects| tunnel_patience(timeouts, effects));
    options.write_timeout = options.read_timeout;
    // What is about the hop is our business (`request::for_server`), as HAProxy does it.
    options.http_upstream_request_policy = HttpUpstreamRequestPolicy::preserve();
    Ok(Box::new(peer))
}

/// The server's side of a tunnel waits a little longer than the client's, so that the client's timer ends it, as it
/// does in HAProxy.
fn tunnel_patience(timeouts: &config::model::Timeouts, effects: &Effects) -> Option<Duration> {
    let patience = effects.tunnel.or(timeouts.tunnel).or(effects.server).or(timeouts.server)?;
    Some(patience + Duration::from_millis(200))
}

/// The connection stands.
pub(crate) fn connected(ctx: &mut Ctx, reused: bool) {
    let selected = ctx.times.selected.filter(|_| reused);
    ctx.times.connected.get_or_insert_with(|| selected.unwrap_or_else(Instant::now));
    ctx.stage = Stage::Headers;
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return };
    server.counters.request();
    if reused {
        server.counters.reuse();
        backend.upstream.counters.reuse();
    } else {
        server.counters.connect();
        backend.upstream.counters.connect();
    }
}

/// An attempt to connect failed: shall there be another, and where?
pub(crate) fn failed(ctx: &mut Ctx, mut error: Box<Error>) -> Box<Error> {
    error = error.into_up();
    ctx.failures += 1;
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return error };
    server.counters.connect();
    backend.upstream.counters.connect();
    let stays = ctx.insistence == Insistence::Alone;
    match backend.upstream.after_failure(ctx.failures, ctx.effects.retries, server, stays) {
        Next::GiveUp => {
            ctx.outcome = Some(Outcome::of(&error, Stage::Connect));
            server.counters.connection_error();
            backend.upstream.counters.connection_error();
            error.set_retry(false);
        }
        next => {
            // A server that let the time run out needs no further pause.
            let next = match next {
                Next::Same { .. } if *error.etype() == ErrorType::ConnectTimedout => {
                    Next::Same { pause: Duration::ZERO }
                }
                next => next,
            };
            ctx.retries += 1;
            server.counters.retry();
            backend.upstream.counters.retry();
            ctx.next = Some(next);
            error.set_retry(true);
        }
    }
    error
}

/// The exchange failed after the connection stood. A kept connection may have been closed by the server just as it
/// was used again: a request that does no harm when it is sent twice is sent once more.
pub(crate) fn failed_later(
    session: &Session,
    ctx: &mut Ctx,
    mut error: Box<Error>,
    reused: bool,
) -> Box<Error> {
    let replayable = ctx.request.method.is_idempotent()
        && !ctx.effects.no_retry
        && !session.as_downstream().retry_buffer_truncated()
        && ctx.times.response.is_none();
    let stale = reused && matches!(error.retry, RetryType::ReusedOnly | RetryType::Decided(true));
    ctx.next = None;
    error.set_retry(stale && replayable);
    error
}
