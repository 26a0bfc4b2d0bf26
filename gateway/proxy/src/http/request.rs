//! A request from its head to the choice of its backend, and the head that its server gets.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use bytes::{BufMut, Bytes, BytesMut};
use config::model::{ConnectionMode, ForwardFor};
use expr::TxnVars;
use http::{Method, Version};
use pingora::http::RequestHeader;
use pingora::{Error, ErrorType, Result};
use pingora_proxy::Session;
use rules::{AnswerKind, Flow, RuleSet, Service};

use super::{buffer, route};
use crate::answer::{self, Reply};
use crate::connection::Connection;
use crate::ctx::Ctx;
use crate::edit::RequestEditor;
use crate::gateway::Gateway;
use crate::http1::head::kept_tokens;
use crate::message::{Lines, RequestHead, write_line};
use crate::outcome::{Blame, Outcome, Stage};

/// Takes over what is known of the connection.
pub(crate) fn begin(session: &mut Session, ctx: &mut Ctx) -> Result<()> {
    let connection = connection_of(session)
        .ok_or_else(|| Error::explain(ErrorType::InternalError, "a session without its connection"))?;
    let route = connection.listener.route();
    ctx.http2 = session.is_http2();
    let before_it = connection.next_request();
    ctx.times.accepted = connection.accepted;
    ctx.times.accepted_at = connection.accepted_at;
    if ctx.http2 {
        let now = Instant::now();
        (ctx.times.started, ctx.times.head) = (now, now);
        ctx.times.started_at = SystemTime::now();
        ctx.line = h2_line(session.req_header());
        ctx.request = RequestHead::of_http2(session.req_header());
    } else {
        let mut head = connection.head.lock();
        ctx.request = head.request.take().unwrap_or_default();
        ctx.times.started = head.first_byte;
        ctx.times.started_at = head.first_byte_at;
        ctx.times.head = head.complete;
        ctx.times.idle = head.idle;
        ctx.line = head.line.clone();
    }
    ctx.first = before_it == 0;
    if ctx.first {
        ctx.times.handshake = connection.handshake;
    }
    route.frontend.counters.request();
    ctx.sizes.0 = ctx.request.counted();
    let model = &route.runtime.model;
    if !model.asked.vars.is_empty() {
        ctx.vars = TxnVars::new(Some(route.runtime.vars.clone()), connection.variables(model));
        ctx.vars.refresh();
    }
    ctx.route = Some(route);
    ctx.connection = Some(connection);
    Ok(())
}

fn connection_of(session: &Session) -> Option<Arc<Connection>> {
    let digest = session.as_downstream().digest()?.proxy_digest.as_ref()?;
    digest.user_data.as_ref()?.downcast_ref::<Arc<Connection>>().cloned()
}

/// The request line as HAProxy writes that of an HTTP/2 request.
fn h2_line(request: &RequestHeader) -> Bytes {
    let mut line = Vec::with_capacity(64);
    line.extend_from_slice(request.method.as_str().as_bytes());
    line.push(b' ');
    let authority = request.uri.authority().map(http::uri::Authority::as_str);
    if let Some(authority) = authority {
        let scheme = request.uri.scheme_str().unwrap_or("https");
        line.extend_from_slice(scheme.as_bytes());
        line.extend_from_slice(b"://");
        line.extend_from_slice(authority.as_bytes());
    }
    line.extend_from_slice(request.raw_path());
    line.extend_from_slice(b" HTTP/2.0");
    line.into()
}

/// Runs the frontend's rules, chooses the backend and runs its rules. True if the request was answered.
pub(crate) async fn judge(gateway: &Arc<Gateway>, session: &mut Session, ctx: &mut Ctx) -> Result<bool> {
    gateway.process.request();
    let Some(route) = ctx.route.clone() else {
        return Error::e_explain(ErrorType::InternalError, "a request without its route");
    };
    let frontend = route.frontend.model();
    if ctx.request.method == Method::CONNECT {
        // What follows it would be no HTTP, and nothing here makes a tunnel of it yet.
        return refuse(session, ctx, Outcome::new(405, b'P', b'R', Blame::Request)).await;
    }
    if let Some(uri) = &frontend.monitor_uri
        && is_monitor(&ctx.request, uri)
    {
        ctx.silent = true;
        return answer(session, ctx, route.frontend.pages.reply(200)).await;
    }
    if !frontend.tcp_request_content.is_empty()
        && run(gateway, &frontend.tcp_request_content, session, ctx).await?
    {
        return Ok(true);
    }
    if buffer_body(session, ctx, frontend.options.buffer_request).await? {
        return Ok(true);
    }
    if !frontend.http_request.is_empty() && run(gateway, &frontend.http_request, session, ctx).await? {
        return Ok(true);
    }
    let Some(backend) = route::backend(ctx) else {
        return refuse(session, ctx, Outcome::NO_SERVER).await;
    };
    let model = backend.model();
    backend.upstream.counters.session();
    ctx.counted = true;
    ctx.backend = Some(backend.clone());
    backend.upstream.counters.request();
    if buffer_body(session, ctx, model.options.buffer_request).await? {
        return Ok(true);
    }
    if model.listen != Some(route.frontend.id) {
        for rules in [&model.tcp_request_content, &model.http_request] {
            if !rules.is_empty() && run(gateway, rules, session, ctx).await? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// `option http-buffer-request` waits for the body; without it expressions see what came with the head. True if the
/// request was answered.
async fn buffer_body(session: &mut Session, ctx: &mut Ctx, waits: bool) -> Result<bool> {
    let read = ctx.route.as_ref().is_some_and(|route| route.runtime.model.asked.bodies.0);
    if !(waits || read) || session.is_upgrade_req() || session.as_downstream_mut().is_body_empty() {
        return Ok(false);
    }
    if !waits {
        return buffer::arrived(session, ctx).await.map(|()| false);
    }
    let wait = buffer::Wait { until: buffer::patience(ctx), at_least: 0 };
    match buffer::wait(session, ctx, wait).await? {
        Some(outcome) => refuse(session, ctx, outcome).await,
        None => Ok(false),
    }
}

fn is_monitor(request: &RequestHead, uri: &str) -> bool {
    matches!(request.method, Method::GET | Method::HEAD) && request.target == uri.as_bytes()
}

async fn run(gateway: &Arc<Gateway>, rules: &RuleSet, session: &mut Session, ctx: &mut Ctx) -> Result<bool> {
    ctx.judged = true;
    ctx.vars.refresh();
    let flow = rules.run(&mut RequestEditor { ctx });
    match flow {
        // A head is whole: there is nothing to wait for.
        Flow::Continue | Flow::Accept | Flow::Wait => Ok(false),
        Flow::Close | Flow::SilentDrop => {
            count_denied(ctx);
            ctx.outcome = Some(Outcome::DENIED);
            ctx.cut = true;
            session.as_downstream_mut().shutdown().await;
            Ok(true)
        }
        Flow::Service(Service::PrometheusExporter) => {
            ctx.service = Some("<PROMEX>");
            ctx.outcome = Some(Outcome::LOCAL);
            let target = String::from_utf8_lossy(&ctx.request.target).into_owned();
            let query = target.split_once('?').map_or("", |(_, query)| query);
            let reply = crate::snapshot::metrics(gateway, query).await;
            answer(session, ctx, reply).await
        }
        Flow::Answer(rule) => {
            if matches!(rule.kind, AnswerKind::Denied { .. }) {
                count_denied(ctx);
                ctx.outcome = Some(Outcome::DENIED);
            } else {
                ctx.outcome = Some(Outcome::LOCAL);
            }
            if let AnswerKind::Denied { tarpit: true } = rule.kind {
                tarpit(ctx).await;
            }
            ctx.closing = rule.close_after_body && !session.as_downstream_mut().is_body_empty();
            let reply = answer::of_rule(&rule, pages_of(ctx));
            answer(session, ctx, reply).await
        }
    }
}

/// `timeout tarpit`, or `timeout connect` where there is none.
async fn tarpit(ctx: &mut Ctx) {
    let Some(frontend) = ctx.frontend() else { return };
    let timeouts = &frontend.model().timeouts;
    if let Some(pause) = timeouts.tarpit.or(timeouts.connect) {
        tokio::time::sleep(pause).await;
    }
    ctx.outcome = Some(Outcome::new(0, b'P', b'T', Blame::Nobody));
}

fn count_denied(ctx: &Ctx) {
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

/// The error pages in force: the backend's if it has any, otherwise the frontend's.
pub(crate) fn pages_of(ctx: &Ctx) -> &answer::Pages {
    const NONE: &answer::Pages = &answer::Pages::BUILT_IN;
    match (&ctx.backend, ctx.frontend()) {
        (Some(backend), _) if backend.has_pages => &backend.pages,
        (_, Some(frontend)) => &frontend.pages,
        (_, None) => NONE,
    }
}

/// Answers with the page of an outcome.
pub(crate) async fn refuse(session: &mut Session, ctx: &mut Ctx, outcome: Outcome) -> Result<bool> {
    ctx.outcome = Some(outcome);
    ctx.closing |= outcome.status == 405;
    let reply = pages_of(ctx).reply(outcome.status);
    answer(session, ctx, reply).await
}

/// Writes an answer of our own; a client that has gone is no error of the gateway.
pub(crate) async fn answer(session: &mut Session, ctx: &mut Ctx, reply: Reply) -> Result<bool> {
    ctx.status = Some(reply.status);
    let last = ctx.closing || matches!(reply.status, 400 | 408);
    let reply = if last { reply.closing() } else { reply };
    ctx.sizes.1 += reply.counted(&ctx.request.method);
    answer::send(session, reply).await?;
    Ok(true)
}

/// Whether the server is told to close its connection after the response.
pub(crate) fn closes_server(ctx: &Ctx) -> bool {
    let closes = |mode: ConnectionMode| mode != ConnectionMode::KeepAlive;
    ctx.frontend().is_some_and(|frontend| closes(frontend.model().options.connection))
        || ctx.backend.as_ref().is_some_and(|backend| closes(backend.model().options.connection))
}

/// The lines that this hop adds to a request: forwarded-for, and `connection`.
fn lines_for_server(ctx: &Ctx, upgrading: bool) -> Lines {
    let mut lines = Lines::with_capacity(2);
    let (Some(frontend), Some(backend)) = (ctx.frontend(), &ctx.backend) else { return lines };
    // The backend's forwardfor goes before the frontend's, and the line is added once.
    let (theirs, ours) = (&backend.model().options.forwardfor, &frontend.model().options.forwardfor);
    let source = ctx.connection.as_ref().and_then(|connection| connection.source_ip());
    if let (Some(option), Some(source)) = (theirs.as_ref().or(ours.as_ref()), source) {
        add_forwarded_for(&ctx.request, &mut lines, option, source);
    }
    match (closes_server(ctx), ctx.request.version == Version::HTTP_10) {
        _ if upgrading => {}
        (true, false) => lines.push(&b"connection"[..], &b"close"[..]),
        (false, true) => lines.push(&b"connection"[..], &b"keep-alive"[..]),
        (true, true) | (false, false) => {}
    }
    lines
}

/// Writes the head that the server gets, without touching the one that logs and rules see; `chunked` says that the
/// client did not delimit the body as HTTP/1 must.
pub(crate) fn write_for_server(ctx: &Ctx, chunked: bool, out: &mut BytesMut) {
    ctx.request.write_start(out);
    for line in ctx.request.lines.iter() {
        if line.name != b"connection"[..] {
            write_line(out, &line.name, &line.value);
        } else if let Some(kept) = kept_tokens(&line.value, false) {
            write_line(out, &line.name, &kept);
        }
    }
    if chunked {
        write_line(out, b"transfer-encoding", b"chunked");
    }
    lines_for_server(ctx, false).write(out);
    out.put_slice(b"\r\n");
}

/// The same head for Pingora's own relay, which carries upgrades.
pub(crate) fn for_pingora(request: &mut RequestHeader, ctx: &mut Ctx) -> Result<()> {
    ctx.stage = Stage::Headers;
    let mut head = ctx.request.clone();
    for line in lines_for_server(ctx, true).iter() {
        head.lines.push(line.name.clone(), line.value.clone());
    }
    *request = head.to_pingora()?;
    Ok(())
}

/// A new, last line; what the request brought is not touched.
fn add_forwarded_for(request: &RequestHead, lines: &mut Lines, option: &ForwardFor, source: IpAddr) {
    let told = option.if_none && request.lines.has(option.header.as_bytes());
    if !told && !option.except.iter().any(|(net, bits)| contains(*net, *bits, source)) {
        let name = Bytes::copy_from_slice(option.header.as_bytes());
        lines.push(name, source.to_canonical().to_string().into_bytes());
    }
}

fn contains(net: IpAddr, bits: u8, addr: IpAddr) -> bool {
    match (net, addr.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(addr)) => {
            let shift = 32 - u32::from(bits.min(32));
            (u32::from(net) ^ u32::from(addr)).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(net), IpAddr::V6(addr)) => {
            let shift = 128 - u32::from(bits.min(128));
            (u128::from(net) ^ u128::from(addr)).checked_shr(shift).unwrap_or(0) == 0
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_hold_their_addresses() {
        let holds = |net: &str, bits, addr: &str| contains(net.parse().unwrap(), bits, addr.parse().unwrap());
        assert!(holds("127.0.0.0", 8, "127.1.2.3"));
        assert!(!holds("127.0.0.0", 8, "128.0.0.1"));
        assert!(holds("0.0.0.0", 0, "9.9.9.9"));
        assert!(holds("2001:db8::", 32, "2001:db8::1"));
        assert!(!holds("127.0.0.1", 32, "::1"));
    }
}
