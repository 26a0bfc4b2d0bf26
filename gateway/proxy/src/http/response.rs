//! A server's response: what is noted of it, what rules make of it, and the head that the client gets.

use std::time::Instant;

use pingora::http::ResponseHeader;
use pingora::{Error, ErrorType, Result};
use pingora_proxy::Session;
use rules::{AnswerKind, Flow, RuleSet};

use crate::answer::{self, Reply};
use crate::ctx::Ctx;
use crate::edit::ResponseEditor;
use crate::message::ResponseHead;
use crate::outcome::{Outcome, Stage};

/// Notes what Pingora's own relay read, before anything is changed.
pub(crate) fn arrived(session: &Session, response: &ResponseHeader, ctx: &mut Ctx) {
    let head = ResponseHead::of_pingora(response);
    ctx.sizes.1 += head.counted();
    if head.is_informational() {
        return;
    }
    ctx.times.response.get_or_insert_with(Instant::now);
    ctx.stage = if session.is_upgrade_req() && head.status == 101 { Stage::Tunnel } else { Stage::Data };
    ctx.unframed = !head.lines.has(b"content-length") && !head.lines.has(b"transfer-encoding");
    ctx.old_response = head.version == http::Version::HTTP_10;
}

/// Runs the rules on what Pingora's own relay read, and makes the client's head.
///
/// # Errors
/// A rule answers in the server's place, or closes the connection.
pub(crate) fn for_client(session: &mut Session, response: &mut ResponseHeader, ctx: &mut Ctx) -> Result<()> {
    let mut head = ResponseHead::of_pingora(response);
    if head.is_informational() {
        return Ok(());
    }
    if ctx.unframed {
        // Pingora makes a response without length chunked; HAProxy passes it on as it is, to the connection's end.
        head.lines.remove(b"transfer-encoding");
    }
    if ctx.old_response {
        head.version = http::Version::HTTP_10;
    }
    if let Some(instead) = run_rules(&mut head, ctx) {
        ctx.instead = Some(instead);
        return Error::e_explain(ErrorType::InternalError, "a rule answers in the server's place");
    }
    if ctx.cut {
        return Error::e_explain(ErrorType::InternalError, "a rule closes the connection");
    }
    if ctx.stage == Stage::Tunnel {
        set_tunnel_patience(session, ctx);
    }
    ctx.status = Some(head.status);
    super::finish::log_early(ctx);
    *response = head.into_http1()?;
    Ok(())
}

/// `timeout tunnel` takes the place of `timeout client` once a connection is a tunnel.
fn set_tunnel_patience(session: &mut Session, ctx: &Ctx) {
    let theirs = ctx.backend.as_ref().and_then(|backend| backend.model().timeouts.tunnel);
    let ours = ctx.frontend().and_then(|frontend| frontend.model().timeouts.tunnel);
    if let Some(patience) = theirs.or(ours) {
        session.as_downstream_mut().set_read_timeout(Some(patience));
        session.as_downstream_mut().set_write_timeout(Some(patience));
    }
}

/// Runs the backend's rules, then the frontend's, each once. An answer is what the client gets instead; a connection
/// that is to be closed is noted in the context.
pub(crate) fn run_rules(head: &mut ResponseHead, ctx: &mut Ctx) -> Option<Reply> {
    ctx.vars.respond();
    let (Some(route), Some(backend)) = (ctx.route.clone(), ctx.backend.clone()) else { return None };
    let (frontend, model) = (route.frontend.model(), backend.model());
    let same = model.listen == Some(route.frontend.id);
    let sets = [(!same).then_some(&model.http_response), Some(&frontend.http_response)];
    sets.into_iter().flatten().filter(|rules| !rules.is_empty()).find_map(|rules| run(rules, head, ctx))
}

fn run(rules: &RuleSet, head: &mut ResponseHead, ctx: &mut Ctx) -> Option<Reply> {
    ctx.vars.refresh();
    match rules.run(&mut ResponseEditor { ctx, response: head }) {
        Flow::Continue | Flow::Accept | Flow::Wait => None,
        Flow::Answer(rule) => {
            let denied = matches!(rule.kind, AnswerKind::Denied { .. });
            if denied {
                count_denied(ctx);
            }
            // HAProxy counts such a response as one that never came.
            ctx.times.response = None;
            let letter = if denied { b'P' } else { b'L' };
            ctx.outcome = Some(Outcome { code: [letter, b'H'], ..Outcome::RESPONSE_DENIED });
            Some(answer::of_rule(&rule, super::request::pages_of(ctx)))
        }
        Flow::Close | Flow::SilentDrop | Flow::Service(_) => {
            ctx.cut = true;
            ctx.outcome = Some(Outcome::RESPONSE_DENIED);
            None
        }
    }
}

fn count_denied(ctx: &Ctx) {
    if let Some(frontend) = ctx.frontend() {
        frontend.counters.denied_response();
    }
    if let Some(backend) = &ctx.backend {
        backend.upstream.counters.denied_response();
    }
    if let Some(server) = &ctx.server {
        server.counters.denied_response();
    }
}
