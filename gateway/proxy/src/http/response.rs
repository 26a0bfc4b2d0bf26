//! A server's response: what is noted of it, what rules make of it, and the head that the client gets.

use std::time::Instant;

use http::{Version, header};
use pingora::http::ResponseHeader;
use pingora::{Error, ErrorType, Result};
use pingora_proxy::Session;
use rules::{AnswerKind, Flow};

use crate::answer;
use crate::ctx::Ctx;
use crate::edit::ResponseEditor;
use crate::outcome::{Outcome, Stage};

/// Notes what the server said, before anything is changed.
pub(super) fn arrived(session: &Session, response: &ResponseHeader, ctx: &mut Ctx) -> Result<()> {
    ctx.sizes.1 += answer::counted_size(response);
    let status = response.status;
    if status.is_informational() && status != http::StatusCode::SWITCHING_PROTOCOLS {
        return Ok(());
    }
    ctx.times.response.get_or_insert_with(Instant::now);
    ctx.stage = if session.is_upgrade_req() && status.as_u16() == 101 { Stage::Tunnel } else { Stage::Data };
    ctx.unframed = !response.headers.contains_key(header::CONTENT_LENGTH)
        && !response.headers.contains_key(header::TRANSFER_ENCODING);
    ctx.old_response = response.version == Version::HTTP_10;
    Ok(())
}

/// Runs the rules and makes the client's head.
pub(super) fn for_client(session: &Session, response: &mut ResponseHeader, ctx: &mut Ctx) -> Result<()> {
    let status = response.status;
    if status.is_informational() && status.as_u16() != 101 {
        return Ok(());
    }
    restore_framing(response, ctx)?;
    run_rules(session, response, ctx)?;
    ctx.status = Some(response.status.as_u16());
    if ctx.http2 {
        // HTTP/2 has no hop-by-hop fields (RFC 9113, 8.2.2).
        for name in ["connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade"] {
            response.remove_header(name);
        }
    }
    Ok(())
}

/// Pingora makes a response without length chunked and new; HAProxy passes it on as it is, to the connection's end.
fn restore_framing(response: &mut ResponseHeader, ctx: &Ctx) -> Result<()> {
    if ctx.unframed {
        response.remove_header(&header::TRANSFER_ENCODING);
    } else if response.headers.contains_key(header::TRANSFER_ENCODING) {
        response.remove_header(&header::CONTENT_LENGTH);
    }
    if ctx.old_response {
        response.set_version(Version::HTTP_10);
    }
    Ok(())
}

/// The backend's rules, then the frontend's, each once.
fn run_rules(session: &Session, response: &mut ResponseHeader, ctx: &mut Ctx) -> Result<()> {
    let (Some(route), Some(backend)) = (ctx.route.clone(), ctx.backend.clone()) else { return Ok(()) };
    let (frontend, model) = (route.frontend.model(), backend.model());
    let same = model.listen == Some(route.frontend.id);
    let sets = [(!same).then_some(&model.http_response), Some(&frontend.http_response)];
    for rules in sets.into_iter().flatten().filter(|rules| !rules.is_empty()) {
        let flow = rules.run(&mut ResponseEditor { ctx, request: session.req_header(), response });
        match flow {
            Flow::Continue | Flow::Accept | Flow::Wait => {}
            Flow::Answer(rule) => {
                let denied = matches!(rule.kind, AnswerKind::Denied { .. });
                if denied {
                    route.frontend.counters.denied_response();
                    backend.upstream.counters.denied_response();
                }
                let letter = if denied { b'P' } else { b'L' };
                ctx.outcome = Some(Outcome { code: [letter, b'H'], ..Outcome::RESPONSE_DENIED });
                ctx.instead = Some(answer::of_rule(&rule, super::request::pages_of(ctx)));
                return Error::e_explain(ErrorType::InternalError, "a rule answers in the server's place");
            }
            Flow::Close | Flow::SilentDrop | Flow::Service(_) => {
                ctx.cut = true;
                ctx.outcome = Some(Outcome::RESPONSE_DENIED);
                return Error::e_explain(ErrorType::InternalError, "a rule closes the connection");
            }
        }
    }
    Ok(())
}
