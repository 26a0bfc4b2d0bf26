//! What is sent again after a server's answer, or the lack of one (`retry-on`, configuration.txt 4.2).
//!
//! HAProxy sends a request again that was all there when it was first sent. Here it is enough that all of it is there
//! when the attempt has failed: the manual asks for no more than that it fits in a buffer.

use config::model::RetryEvent;
use pingora::{Error, ErrorSource, ErrorType};

use super::relay::Replay;
use super::server::ServerConnection;
use crate::ctx::Ctx;
use crate::http::{buffer, connect};
use crate::http1::body::{Body, Piece};
use crate::message::Lines;
use crate::outcome::Stage;

/// Whether the answers of this request's servers are looked at with a view to sending it again.
fn is_wanted(ctx: &Ctx) -> bool {
    let backend = ctx.backend.as_ref();
    !ctx.effects.no_retry && backend.is_some_and(|backend| backend.upstream.retry_on.after_sending())
}

/// What a body may take that is sent again after a response: nothing where none is.
pub(super) fn room(ctx: &Ctx) -> usize {
    if is_wanted(ctx) { buffer::room(ctx, ctx.sizes.0, ctx.request.lines.len()) } else { 0 }
}

/// Whether the request can be sent again and the backend says that it is for this reason.
fn applies(event: RetryEvent, ctx: &Ctx, replay: &Replay) -> bool {
    let said = ctx.backend.as_ref().is_some_and(|backend| backend.upstream.retry_on.has(event));
    said && replay.fits(room(ctx))
}

/// Whether a response of this status is put aside for another attempt, which is arranged then.
pub(super) fn after_status(status: u16, ctx: &mut Ctx, replay: &Replay) -> bool {
    is_wanted(ctx) && applies(RetryEvent::Status(status), ctx, replay) && connect::sends_again(ctx)
}

/// Whether there is another attempt after this failure, which is arranged then.
pub(super) fn after_failure(error: &Error, ctx: &mut Ctx, replay: &Replay) -> bool {
    if !is_wanted(ctx) || ctx.stage != Stage::Headers || *error.esource() != ErrorSource::Upstream {
        return false;
    }
    let event = match error.etype() {
        ErrorType::ConnectionClosed | ErrorType::ReadError | ErrorType::WriteError => {
            RetryEvent::EmptyResponse
        }
        ErrorType::InvalidHTTPHeader => RetryEvent::JunkResponse,
        ErrorType::ReadTimedout | ErrorType::WriteTimedout => RetryEvent::ResponseTimeout,
        _ => return false,
    };
    if !applies(event, ctx, replay) || !connect::sends_again(ctx) {
        return false;
    }
    log::debug!("a request is sent again: {error}");
    // what was no response, or broke the connection, counts against the server all the same
    if matches!(error.etype(), ErrorType::InvalidHTTPHeader | ErrorType::ReadError) {
        connect::count_bad_response(ctx);
    }
    ctx.outcome = None;
    true
}

/// Takes the body of a response that is put aside, where all of it has come. True where the connection can be used again.
pub(super) fn discard(mut body: Body, server: &mut ServerConnection) -> bool {
    loop {
        match body.take(&mut server.input, &mut Lines::default()) {
            Ok(Piece::Data(_)) => {}
            Ok(Piece::NeedMore) if body != Body::Done => return false,
            Ok(Piece::NeedMore | Piece::End) => return server.input.is_empty(),
            Err(_) => return false,
        }
    }
}
