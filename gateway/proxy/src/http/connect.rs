//! From a backend to a connection with one of its servers: selection, queue, retries, redispatch.

use std::sync::Arc;
use std::time::{Duration, Instant};

use config::model::{RetryEvent, ServerChoice};
use pingora::{Error, ErrorType, Result};
use rules::Step;
use upstream::{Ask, Attempt, Next, Prefer, Slot, Unavailable};

use super::finish;
use super::persist::Insistence;
use crate::client::Client;
use crate::ctx::Ctx;
use crate::outcome::{Outcome, Stage};
use crate::runtime::Backend;

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
    let again = ctx.next.is_some();
    let slot = select(&backend, client, ctx).await?;
    let waited = slot.waited();
    ctx.queued.0 += u64::from(waited.server_queue);
    ctx.queued.1 += u64::from(waited.backend_queue);
    let server = slot.server();
    if let Some(before) = ctx.server.as_ref().filter(|_| again) {
        if Arc::ptr_eq(before, server) {
            before.counters.retry();
            backend.upstream.counters.retry();
        } else {
            ctx.redispatched = true;
            ctx.directed = false;
            ctx.times.selected = None;
            before.counters.redispatch();
            backend.upstream.counters.redispatch();
        }
    }
    // No clock is asked where no time can have passed.
    ctx.times
        .selected
        .get_or_insert_with(|| if waited.time.is_zero() && !again { queued } else { Instant::now() });
    ctx.server = Some(server.clone());
    ctx.slot = Some(slot);
    ctx.stage = Stage::Connect;
    Ok(())
}

async fn select(backend: &Backend, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<Slot> {
    let source = ctx.source().map(|source| source.ip());
    let came = ctx.destination();
    let before = ctx.server.clone();
    let chosen = if before.is_none() { chosen_by_rule(backend, ctx) } else { None };
    // a rule goes before what a table remembers; that is looked up all the same, for what it is to remember
    let sticky = if before.is_none() { super::stick::find(backend, ctx) } else { None };
    let chosen = chosen.or(sticky);
    ctx.directed |= chosen.is_some();
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
    let ask = Ask { client: source, came, prefer, priority: ctx.effects.priority };
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

/// The connection stands.
pub(crate) fn connected(ctx: &mut Ctx, reused: bool) {
    let selected = ctx.times.selected.filter(|_| reused && ctx.retries == 0);
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
    finish::log_step(Step::Connect, ctx, None);
}

/// What is to be done after an attempt failed.
fn after_failure(ctx: &mut Ctx) -> Next {
    ctx.failures += 1;
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return Next::GiveUp };
    backend.upstream.after_failure(&Attempt {
        number: ctx.failures,
        retries: ctx.effects.retries,
        server,
        stays: ctx.insistence == Insistence::Alone,
        directed: ctx.directed,
    })
}

/// The request was sent, and what came of it is tried again (`retry-on`): is there another attempt left? As HAProxy does
/// it is counted as a retry here, and once more as a retry or a redispatch when the next attempt begins.
pub(crate) fn sends_again(ctx: &mut Ctx) -> bool {
    let next = match after_failure(ctx) {
        Next::GiveUp => return false,
        Next::Same { .. } => Next::Same { pause: Duration::ZERO },
        Next::Redispatch => Next::Redispatch,
    };
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return false };
    server.counters.retry();
    backend.upstream.counters.retry();
    ctx.retries += 1;
    ctx.next = Some(next);
    (ctx.times.connected, ctx.times.response) = (None, None);
    true
}

/// The server's response was none.
pub(crate) fn count_bad_response(ctx: &Ctx) {
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return };
    server.counters.response_error();
    backend.upstream.counters.response_error();
}

/// An attempt to connect failed: shall there be another, and where?
pub(crate) fn failed(ctx: &mut Ctx, mut error: Box<Error>) -> Box<Error> {
    error = error.into_up();
    let next = after_failure(ctx);
    let (Some(server), Some(backend)) = (&ctx.server, &ctx.backend) else { return error };
    server.counters.connect();
    backend.upstream.counters.connect();
    let retried = backend.upstream.retry_on.has(RetryEvent::ConnFailure);
    match if retried { next } else { Next::GiveUp } {
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
            ctx.next = Some(next);
            error.set_retry(true);
        }
    }
    error
}
