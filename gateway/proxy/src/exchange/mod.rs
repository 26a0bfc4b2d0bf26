//! An exchange with a server, done by ourselves inside `request_filter`.
//!
//! Pingora's own relay keeps heads in maps, which forget the order of lines, and passes bodies through channels. Here
//! the head goes out as it stands, trailers cross both ways, a connection comes from and returns to a pool of the
//! worker's own, and every failure is told apart as HAProxy's logs tell it. An upgrade goes
//! the same way, and becomes a tunnel when the server has agreed.

mod again;
mod pool;
mod relay;
mod response;
mod server;
mod tunnel;

use config::model::RetryEvent;
use http::Method;
use pingora::{Error, ErrorType, Result};
use upstream::Next;

use pool::Key;
pub(crate) use pool::{PURGE, Pool};
use relay::{After, Relay, Replay};
use server::ServerConnection;
pub(crate) use server::ServerEnd;

use crate::client::Client;
use crate::ctx::Ctx;
use crate::http::{connect, finish};
use crate::outcome::Stage;

/// Carries a request that was judged to its server, and the answer back. Failures are answered here.
pub(crate) async fn run(pool: &Pool, client: &mut Client<'_>, ctx: &mut Ctx) {
    if let Err(error) = exchange(pool, client, ctx).await {
        finish::failed(client, &error, ctx).await;
    }
}

async fn exchange(pool: &Pool, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
    if let Some(left) = client.has_left() {
        return Err(left.into_down());
    }
    let mut replay = Replay::of(ctx.body_read.take(), again::room(ctx));
    let mut fresh = !may_share(ctx);
    loop {
        let mut server = reach(pool, client, ctx, fresh).await?;
        ctx.link = Some(server.link.clone());
        let result = Relay::new(&mut server, client, ctx, &mut replay).run().await;
        match result {
            Ok(After::Kept) => {
                server.rest();
                return Ok(());
            }
            Ok(After::Reset) => {
                server.reset_on_close();
                return Ok(());
            }
            Ok(After::Closed) => return Ok(()),
            Ok(After::Again { kept }) => {
                // A server that has just answered goes on over the same connection.
                fresh = !kept || !matches!(ctx.next, Some(Next::Same { .. }));
                if kept {
                    server.rest();
                }
            }
            Err(error) if again::after_failure(&error, ctx, &replay) => fresh = true,
            Err(error) => {
                if !is_stale(&server, &error, ctx) || !replay.is_whole() {
                    return Err(error);
                }
                // The server closed a kept connection just as it was used again.
                fresh = true;
                ctx.outcome = None;
            }
        }
    }
}

/// Whether the request may go over a connection that has served another client. As with HAProxy's `http-reuse safe`,
/// the first request of a connection never does: whoever sent it would not send it again by itself, should the server
/// have closed the connection meanwhile.
fn may_share(ctx: &Ctx) -> bool {
    !ctx.first
}

fn is_idempotent(method: &Method) -> bool {
    method.is_idempotent()
}

/// Whether a kept connection turned out to be closed: nothing came back, and sending again does no harm.
fn is_stale(server: &ServerConnection, error: &Error, ctx: &Ctx) -> bool {
    let closed =
        matches!(error.etype(), ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError);
    let from_server = *error.esource() == pingora::ErrorSource::Upstream;
    server.is_reused()
        && closed
        && from_server
        && ctx.times.response.is_none()
        && is_idempotent(&ctx.request.method)
        && !ctx.effects.no_retry
        && !ctx.backend.as_ref().is_some_and(|backend| backend.upstream.retry_on.has(RetryEvent::None))
}

/// A connection to a server of the request's backend, kept or new; failed attempts are retried as configured.
async fn reach(
    pool: &Pool,
    client: &mut Client<'_>,
    ctx: &mut Ctx,
    fresh: bool,
) -> Result<Box<ServerConnection>> {
    loop {
        connect::choose(client, ctx).await?;
        let (Some(slot), Some(backend)) = (&ctx.slot, &ctx.backend) else {
            return Error::e_explain(ErrorType::InternalError, "a request without its server");
        };
        let (server, address) = (slot.server().clone(), slot.address().clone());
        let packets = ctx.effects.server_packets;
        let key = Key::new(&server.counters, &address, packets);
        if !fresh && let Some(kept) = pool.take(&key) {
            connect::connected(ctx, true);
            return Ok(kept);
        }
        let patience = backend.model().timeouts.connect;
        match server::connect(&address, packets, patience).await {
            Ok(stream) => {
                connect::connected(ctx, false);
                let (shelf, counters) = (pool.shelf(key), server.counters.clone());
                return Ok(Box::new(ServerConnection::new(stream, &address, shelf, counters)));
            }
            Err(error) => {
                let error = connect::failed(ctx, error);
                if !error.retry() {
                    return Err(error);
                }
            }
        }
        ctx.stage = Stage::Queue;
    }
}
