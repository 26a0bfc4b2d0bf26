//! A request's way through the rules of its frontend and its backend (configuration.txt 4.2), up to the choice of its
//! server.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use config::model::HeaderNames;
use expr::Value;
use http::{Method, Version};
use pingora::{Error, ErrorType, Result};
use rules::{Answer, AnswerKind, Flow, Message, Question, RuleSet, Service, Step};

use super::connect::aborts_on_close;
use super::persist::Insistence;
use super::request::{answer, pages_of, refuse};
use super::{buffer, finish, route};
use crate::answer;
use crate::captures::Kept;
use crate::client::Client;
use crate::ctx::Ctx;
use crate::edit::RequestEditor;
use crate::gateway::Gateway;
use crate::listener::Route;
use crate::message::{RequestHead, ResponseHead};
use crate::outcome::{Blame, Outcome};
use crate::track::Event;

/// Runs the frontend's rules, chooses the backend and runs its rules. True if the request was answered.
pub(crate) async fn judge(gateway: &Arc<Gateway>, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
    ctx.number = Some(gateway.process.request());
    let Some(route) = ctx.route.clone() else {
        return Error::e_explain(ErrorType::InternalError, "a request without its route");
    };
    let frontend = route.frontend.model();
    let captures = &frontend.captures;
    ctx.effects.captures = Kept::new(captures);
    finish::log_step(Step::Accept, ctx, None);
    if content(&frontend.tcp_request_content, gateway, client, ctx).await? {
        return Ok(true);
    }
    ctx.count_request();
    ctx.effects.captures.take_request(captures, &ctx.request.lines);
    if monitor(&route, client, ctx).await?
        || buffer_body(client, ctx, frontend.options.buffer_request).await?
        || run(&frontend.http_request, gateway, client, ctx).await?
        || restrict(frontend.options.header_names, client, ctx).await?
    {
        return Ok(true);
    }
    let Some(backend) = route::backend(ctx) else {
        return refuse(client, ctx, Outcome::NO_SERVER).await;
    };
    let model = backend.model();
    backend.upstream.counters.session();
    ctx.counted = true;
    ctx.backend = Some(backend.clone());
    ctx.insistence = Insistence::of(&backend, ctx);
    if let Some(connection) = &ctx.connection {
        connection.flags.abort_on_close.store(aborts_on_close(ctx), Ordering::Relaxed);
    }
    backend.upstream.counters.request();
    if buffer_body(client, ctx, model.options.buffer_request).await? {
        return Ok(true);
    }
    if model.listen == Some(route.frontend.id) {
        return Ok(goes_on(ctx));
    }
    Ok(content(&model.tcp_request_content, gateway, client, ctx).await?
        || run(&model.http_request, gateway, client, ctx).await?
        || restrict(model.options.header_names, client, ctx).await?
        || goes_on(ctx))
}

/// `option http-buffer-request` waits for the body; without it expressions see what came with the head. True if the
/// request was answered.
async fn buffer_body(client: &mut Client<'_>, ctx: &mut Ctx, waits: bool) -> Result<bool> {
    let read = ctx.route.as_ref().is_some_and(|route| route.runtime.model.asked.bodies.0);
    if !(waits || read) || client.is_upgrade() || client.is_body_empty() {
        return Ok(false);
    }
    if !waits {
        return buffer::arrived(client, ctx).await.map(|()| false);
    }
    let until = buffer::patience(ctx);
    wait_for_body(client, ctx, buffer::Wait { until, at_least: 0 }).await
}

/// `option http-restrict-req-hdr-names`: names that a server may read as others, for CGI makes `_` of `-`. True if the
/// request was refused.
async fn restrict(names: HeaderNames, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
    let is_plain = |name: &[u8]| name.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'-');
    match names {
        HeaderNames::Preserve => Ok(false),
        HeaderNames::Delete => {
            ctx.request.lines.retain(|line| is_plain(&line.name));
            Ok(false)
        }
        HeaderNames::Reject if ctx.request.lines.iter().all(|line| is_plain(&line.name)) => Ok(false),
        HeaderNames::Reject => {
            count_denied(ctx);
            ctx.judged = true;
            refuse(client, ctx, Outcome::new(403, b'P', b'R', Blame::Nobody)).await
        }
    }
}

/// A request that a server will answer: its cookie is kept. Nothing was answered.
fn goes_on(ctx: &mut Ctx) -> bool {
    if let Some(route) = ctx.route.clone() {
        ctx.effects.captures.take_request_cookie(&route.frontend.model().captures, &ctx.request.lines);
    }
    finish::log_step(Step::Request, ctx, None);
    false
}

/// Answers `monitor-uri`. True if it was asked for.
async fn monitor(route: &Route, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
    let frontend = route.frontend.model();
    if !frontend.monitor_uri.as_ref().is_some_and(|uri| is_monitor(&ctx.request, uri)) {
        return Ok(false);
    }
    ctx.silent = true;
    let fails = frontend.monitor_fail.iter().any(|cond| cond.eval(&ctx.view(None)));
    let reply = answer::page(&[&route.frontend.pages], if fails { 503 } else { 200 }, &ctx.view(None));
    answer(client, ctx, reply).await
}

fn is_monitor(request: &RequestHead, uri: &str) -> bool {
    matches!(request.method, Method::GET | Method::HEAD) && request.target == uri.as_bytes()
}

/// Asks `tcp-request content` rules. A head is whole: there is nothing to wait for.
async fn content(
    rules: &RuleSet,
    gateway: &Arc<Gateway>,
    client: &mut Client<'_>,
    ctx: &mut Ctx,
) -> Result<bool> {
    if rules.is_empty() {
        return Ok(false);
    }
    let Some(flow) = walk(rules, client, ctx).await? else { return Ok(true) };
    if matches!(flow, Flow::Close | Flow::SilentDrop) && ctx.backend.is_none() {
        // as in HAProxy, it is then as if nothing had been read
        ctx.line = bytes::Bytes::new();
    }
    end(flow, gateway, client, ctx).await
}

/// Asks `http-request` rules.
async fn run(
    rules: &RuleSet,
    gateway: &Arc<Gateway>,
    client: &mut Client<'_>,
    ctx: &mut Ctx,
) -> Result<bool> {
    if rules.is_empty() {
        return Ok(false);
    }
    ctx.judged = true;
    let Some(flow) = walk(rules, client, ctx).await? else { return Ok(true) };
    apply(client, ctx).await?;
    end(flow, gateway, client, ctx).await
}

/// Asks rules, waiting where they pause or want the body; nothing if the body did not come and that was answered.
async fn walk(rules: &RuleSet, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<Option<Flow>> {
    ctx.vars.refresh();
    let mut next = 0;
    loop {
        match rules.run_from(&mut next, &mut RequestEditor { ctx }) {
            Flow::Pause(pause) => tokio::time::sleep(pause).await,
            Flow::WaitForBody { time, at_least } => {
                let until = Some(Instant::now() + time);
                let at_least = usize::try_from(at_least).unwrap_or(usize::MAX);
                if wait_for_body(client, ctx, buffer::Wait { until, at_least }).await? {
                    return Ok(None);
                }
            }
            Flow::Resolve(question) => resolve(&question, ctx).await,
            flow => return Ok(Some(flow)),
        }
    }
}

/// Puts the address of a name into its variable; where it has none, the variable keeps what it holds.
async fn resolve(question: &Question, ctx: &mut Ctx) {
    let Some(resolver) =
        ctx.route.as_ref().and_then(|route| route.runtime.resolver(&question.section).cloned())
    else {
        return;
    };
    let found = resolver.address(&question.host, question.ipv4_first).await;
    if let (Some(ip), Some(var)) = (found, &question.var) {
        RequestEditor { ctx }.set_var(var, Some(Value::Ip(ip)));
    }
}

/// True if the body did not come and that was answered.
async fn wait_for_body(client: &mut Client<'_>, ctx: &mut Ctx, wait: buffer::Wait) -> Result<bool> {
    if client.is_upgrade() || client.is_body_empty() {
        return Ok(false);
    }
    let Some(outcome) = buffer::wait(client, ctx, wait).await? else { return Ok(false) };
    ctx.judged = false;
    if outcome.blame != Blame::ClientAbort {
        return refuse(client, ctx, outcome).await;
    }
    // nobody is there to be answered
    ctx.outcome = Some(outcome);
    (ctx.cut, ctx.unread) = (true, true);
    client.shut().await;
    Ok(true)
}

/// What a rule set's word means. True if the request is done with.
async fn end(flow: Flow, gateway: &Arc<Gateway>, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
    match flow {
        Flow::Continue
        | Flow::Accept
        | Flow::Wait
        | Flow::Pause(_)
        | Flow::WaitForBody { .. }
        | Flow::Resolve(_) => Ok(false),
        Flow::Close | Flow::SilentDrop => {
            if let (Flow::SilentDrop, Some(connection)) = (&flow, &ctx.connection) {
                connection.flags.hidden.store(true, Ordering::Relaxed);
            }
            count_denied(ctx);
            ctx.outcome = Some(Outcome::DENIED);
            (ctx.cut, ctx.unread) = (true, true);
            client.shut().await;
            Ok(true)
        }
        Flow::Service(Service::PrometheusExporter) => {
            ctx.service = Some("<PROMEX>");
            ctx.outcome = Some(Outcome::LOCAL);
            let target = String::from_utf8_lossy(&ctx.request.target).into_owned();
            let query = target.split_once('?').map_or("", |(_, query)| query);
            let reply = crate::snapshot::metrics(gateway, query).await;
            answer(client, ctx, reply).await
        }
        Flow::Answer(rule) => answer_of_rule(&rule, client, ctx).await,
    }
}

async fn answer_of_rule(rule: &Answer, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
    ctx.outcome = Some(match rule.kind {
        AnswerKind::Denied { .. } => {
            count_denied(ctx);
            Outcome::DENIED
        }
        AnswerKind::Invalid => {
            ctx.unread = true;
            Outcome::new(0, b'P', b'R', Blame::Request)
        }
        AnswerKind::Challenged | AnswerKind::Redirect | AnswerKind::Returned | AnswerKind::NoResponse => {
            Outcome::LOCAL
        }
    });
    if let AnswerKind::Denied { tarpit: true } = rule.kind {
        tarpit(ctx).await;
    }
    ctx.closing = rule.close_after_body && !client.is_body_empty();
    let reply = answer::of_rule(rule, &pages_of(ctx), &ctx.view(None));
    answer(client, ctx, reply).await
}

/// Does what rules have asked for that cannot wait for the response.
async fn apply(client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
    if let Some(patience) = ctx.effects.client {
        client.set_patience(patience);
    }
    for lines in std::mem::take(&mut ctx.effects.hints) {
        if !matches!(ctx.request.version, Version::HTTP_11 | Version::HTTP_2) {
            break;
        }
        let head = ResponseHead { lines, ..ResponseHead::new(103) };
        ctx.sizes.1 += head.counted();
        client.interim(&head).await?;
    }
    Ok(())
}

/// `timeout tarpit`, or `timeout connect` where there is none.
async fn tarpit(ctx: &mut Ctx) {
    let Some(frontend) = ctx.frontend() else { return };
    let timeouts = &frontend.model().timeouts;
    let pause = timeouts.tarpit.or(timeouts.connect);
    // as in HAProxy, the time in the tarpit is one in a queue
    (ctx.times.queued, ctx.unread) = (Some(Instant::now()), true);
    if let Some(pause) = pause {
        tokio::time::sleep(pause).await;
    }
    ctx.times.selected = Some(Instant::now());
    ctx.outcome = Some(Outcome::new(0, b'P', b'T', Blame::Nobody));
}

fn count_denied(ctx: &Ctx) {
    ctx.count_tracked(Event::Error);
    if let Some(frontend) = ctx.frontend() {
        frontend.counters.denied_request();
        if let Some(listener) = ctx.route.as_ref().and_then(|route| frontend.listeners.get(route.bind)) {
            listener.denied_request();
        }
    }
    if let Some(backend) = &ctx.backend {
        backend.upstream.counters.denied_request();
    }
}
