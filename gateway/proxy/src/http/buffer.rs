//! A request's body before its server is chosen: what `option http-buffer-request` and `wait-for-body` wait for, and what
//! `req.body` reads (configuration.txt 4.2).

use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::Version;
use pingora::{Error, ErrorType, Result};

use crate::client::Client;
use crate::ctx::Ctx;
use crate::http1::head::decimal;
use crate::message::{Lines, ResponseHead};
use crate::outcome::{Blame, Outcome};

/// The bytes of a body that have come, bounded by the buffer's size.
#[derive(Debug, Default)]
pub(crate) struct Buffered {
    data: BytesMut,
    /// What a buffer has room for: more may have been read, and is not shown.
    room: usize,
    /// That was all of it.
    whole: bool,
}

impl Buffered {
    /// What has come.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.data[..self.data.len().min(self.room)]
    }

    /// The length that the head announces; without one, what has come.
    pub(crate) fn size(&self, lines: &Lines) -> u64 {
        announced(lines).unwrap_or(self.bytes().len() as u64)
    }

    /// Takes what has come, and whether it is all, for the server.
    pub(crate) fn take(&mut self) -> (Option<Bytes>, bool) {
        let data = self.data.split().freeze();
        (Some(data).filter(|data| !data.is_empty()), self.whole)
    }
}

/// The length that a head announces.
pub(crate) fn announced(lines: &Lines) -> Option<u64> {
    lines.all(b"content-length").next().and_then(|value| decimal(value))
}

/// How much is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Until then.
    pub until: Option<Instant>,
    /// That many bytes do; 0 is all that the buffer holds.
    pub at_least: usize,
}

/// Waits for the body, and says what the request ends with if it does not come.
///
/// # Errors
/// The client's connection failed, or the body is none.
pub(crate) async fn wait(client: &mut Client<'_>, ctx: &mut Ctx, wait: Wait) -> Result<Option<Outcome>> {
    arrived(client, ctx).await?;
    let limit = ctx.body_read.room;
    let enough = if wait.at_least == 0 { limit } else { wait.at_least.min(limit) };
    if !ctx.body_read.whole && ctx.body_read.data.len() < enough {
        expect(client, ctx).await?;
    }
    while !ctx.body_read.whole && ctx.body_read.data.len() < enough {
        let piece = match wait.until {
            None => client.read_body().await,
            Some(until) => match tokio::time::timeout_at(until.into(), client.read_body()).await {
                Ok(piece) => piece,
                Err(_) => return Ok(Some(LATE)),
            },
        };
        match piece {
            Ok(piece) => take(client, ctx, piece),
            Err(error) => return failed(error).map(Some),
        }
    }
    Ok(None)
}

/// The body did not come in time.
const LATE: Outcome = Outcome::new(408, b'c', b'R', Blame::Request);

fn failed(error: Box<Error>) -> Result<Outcome> {
    match error.etype() {
        ErrorType::ReadTimedout => Ok(LATE),
        ErrorType::ConnectionClosed => Ok(Outcome::new(0, b'C', b'R', Blame::ClientAbort)),
        ErrorType::InvalidHTTPHeader => Ok(Outcome::new(400, b'P', b'R', Blame::Request)),
        _ => Err(error.into_down()),
    }
}

/// Takes what came with the head, without waiting.
pub(crate) async fn arrived(client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
    let limit = room(ctx, ctx.sizes.0, ctx.request.lines.len());
    ctx.body_read.room = limit;
    while !ctx.body_read.whole && ctx.body_read.data.len() < limit {
        if client.is_body_done() {
            ctx.body_read.whole = true;
            break;
        }
        match client.arrived_body() {
            Ok(Some(piece)) => take(client, ctx, piece),
            // whoever reads on will meet it again
            Ok(None) | Err(_) => break,
        }
    }
    Ok(())
}

fn take(client: &mut Client<'_>, ctx: &mut Ctx, piece: Option<Bytes>) {
    match piece {
        Some(data) => {
            ctx.body.0 += data.len() as u64;
            ctx.body_read.data.extend_from_slice(&data);
            ctx.body_read.whole = client.is_body_done();
        }
        None => ctx.body_read.whole = true,
    }
}

/// What a buffer of HAProxy's has left for a body beside a head of so many bytes and lines: each line takes a little more
/// than its text.
pub(crate) fn room(ctx: &Ctx, head: u64, lines: usize) -> usize {
    const FRAME: usize = 48;
    const BLOCK: usize = 8;
    let size = ctx.route.as_ref().map_or(0, |route| route.runtime.model.global.head_size);
    let head = usize::try_from(head).unwrap_or(usize::MAX);
    // the first line, the end of the head and the body are blocks too
    size.saturating_sub(FRAME).saturating_sub(head).saturating_sub(BLOCK * (lines + 3))
}

/// A client that waits to be asked for its body is asked.
async fn expect(client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
    let waits = |value: &Bytes| value.eq_ignore_ascii_case(b"100-continue");
    if ctx.request.version != Version::HTTP_11 || !ctx.request.lines.all(b"expect").any(waits) {
        return Ok(());
    }
    let head = ResponseHead::new(100);
    ctx.sizes.1 += head.counted();
    // the server need not ask again
    ctx.request.lines.remove(b"expect");
    client.interim(&head).await
}

/// How long `option http-buffer-request` waits: what is left of `timeout http-request`, or `timeout client`.
pub(crate) fn patience(ctx: &Ctx) -> Option<Instant> {
    let timeouts = &ctx.frontend()?.model().timeouts;
    match timeouts.http_request {
        Some(time) => Some(ctx.times.started + time),
        None => timeouts.client.map(|time: Duration| Instant::now() + time),
    }
}
