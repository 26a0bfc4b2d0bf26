//! A request from its head to the choice of its backend, and the head that its server gets.

use std::net::IpAddr;
use std::time::{Instant, SystemTime};

use bytes::{BufMut, Bytes, BytesMut};
use config::model::{ConnectionMode, ForwardFor};
use expr::TxnVars;
use http::{Method, Version, request};
use pingora::Result;

use super::forwarded;
use crate::answer::{self, Reply};
use crate::client::Client;
use crate::ctx::Ctx;
use crate::http2;
use crate::ip_text::IpText;
use crate::message::{RequestHead, write_line};
use crate::outcome::Outcome;

/// Takes over what is known of the connection.
pub(crate) fn begin(client: &Client<'_>, ctx: &mut Ctx) -> Result<()> {
    let connection = client.connection().clone();
    let route = connection.listener.route();
    let before_it = connection.next_request();
    ctx.times.accepted = connection.accepted;
    ctx.times.accepted_at = connection.accepted_at;
    if let Some(head) = client.http2_head() {
        ctx.http2 = true;
        let now = Instant::now();
        (ctx.times.started, ctx.times.head) = (now, now);
        ctx.times.started_at = SystemTime::now();
        ctx.line = h2_line(head);
        ctx.request = http2::head::of(head);
    } else {
        let mut head = connection.head.lock();
        ctx.request = head.request.take().unwrap_or_default();
        ctx.times.started = head.first_byte;
        ctx.times.started_at = head.first_byte_at;
        ctx.times.head = head.complete;
        ctx.times.idle = head.idle;
        ctx.line = std::mem::take(&mut head.line);
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

/// The request line as HAProxy writes that of an HTTP/2 request.
fn h2_line(request: &request::Parts) -> Bytes {
    let (mut line, method) = (Vec::with_capacity(64), http2::head::method(request));
    line.extend_from_slice(method.as_str().as_bytes());
    line.push(b' ');
    if let Some(authority) = request.uri.authority().map(http::uri::Authority::as_str) {
        if method != Method::CONNECT {
            line.extend_from_slice(request.uri.scheme_str().unwrap_or("https").as_bytes());
            line.extend_from_slice(b"://");
        }
        line.extend_from_slice(authority.as_bytes());
    }
    let target = request.uri.path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    let whole = method == Method::CONNECT || target == "*" && request.uri.authority().is_some();
    line.extend_from_slice(if whole { b"" } else { target.as_bytes() });
    line.extend_from_slice(b" HTTP/2.0");
    line.into()
}

/// The error pages in force: the backend's before the frontend's.
pub(crate) fn pages_of(ctx: &Ctx) -> [&answer::Pages; 2] {
    const NONE: &answer::Pages = &answer::Pages::BUILT_IN;
    let backend = ctx.backend.as_ref().map_or(NONE, |backend| &backend.pages);
    [backend, ctx.frontend().map_or(NONE, |frontend| &frontend.pages)]
}

/// The page for a status.
pub(crate) fn page(ctx: &Ctx, status: u16) -> Reply {
    answer::page(&pages_of(ctx), status, &ctx.view(None))
}

/// Answers with the page of an outcome.
pub(crate) async fn refuse(client: &mut Client<'_>, ctx: &mut Ctx, outcome: Outcome) -> Result<bool> {
    ctx.outcome = Some(outcome);
    ctx.closing |= outcome.status == 405;
    let reply = page(ctx, outcome.status);
    answer(client, ctx, reply).await
}

/// Writes an answer of our own; a client that has gone is no error of the gateway.
pub(crate) async fn answer(client: &mut Client<'_>, ctx: &mut Ctx, reply: Reply) -> Result<bool> {
    ctx.status = Some(reply.status);
    let last = ctx.closing || matches!(reply.status, 400 | 408);
    let mut reply = if last { reply.closing() } else { reply };
    super::response::after(&mut reply.head, ctx);
    ctx.sizes.1 += reply.counted(ctx.asked_method());
    answer::send(client, reply).await?;
    Ok(true)
}

/// Whether the server is told to close its connection after the response.
pub(crate) fn closes_server(ctx: &Ctx) -> bool {
    let closes = |mode: ConnectionMode| mode != ConnectionMode::KeepAlive;
    ctx.frontend().is_some_and(|frontend| closes(frontend.model().options.connection))
        || ctx.backend.as_ref().is_some_and(|backend| closes(backend.model().options.connection))
}

/// Tells the lines that this hop adds to a request: its id, forwarded-for, and `connection`.
fn add_lines(ctx: &Ctx, upgrading: bool, add: &mut impl FnMut(&[u8], &[u8])) {
    let (Some(frontend), Some(backend)) = (ctx.frontend(), &ctx.backend) else { return };
    if let (Some(name), Some(id)) = (&frontend.model().unique_id.header, ctx.unique_id()) {
        add(name.as_bytes(), id);
    }
    if let Some(told) =
        backend.model().options.forwarded.as_ref().and_then(|option| forwarded::line(option, ctx))
    {
        add(b"forwarded", &told);
    }
    // The backend's forwardfor goes before the frontend's, and the line is added once.
    let (theirs, ours) = (&backend.model().options.forwardfor, &frontend.model().options.forwardfor);
    let source = ctx.source().map(|source| source.ip());
    if let (Some(option), Some(source)) = (theirs.as_ref().or(ours.as_ref()), source) {
        add_forwarded_for(&ctx.request, option, source, add);
    }
    let (theirs, ours) = (&backend.model().options.originalto, &frontend.model().options.originalto);
    let destination = ctx.destination().map(|destination| destination.ip());
    if let (Some(option), Some(destination)) = (theirs.as_ref().or(ours.as_ref()), destination)
        && !option.except.iter().any(|(net, bits)| contains(*net, *bits, destination))
    {
        add(option.header.as_bytes(), IpText::of(destination).as_bytes());
    }
    match (closes_server(ctx), ctx.request.version == Version::HTTP_10) {
        _ if upgrading => {}
        (true, false) => add(b"connection", b"close"),
        (false, true) => add(b"connection", b"keep-alive"),
        (true, true) | (false, false) => {}
    }
}

/// Writes the head that the server gets, without touching the one that logs and rules see; `chunked` says that the
/// client did not delimit the body as HTTP/1 must, `upgrading` that it asks for another protocol.
pub(crate) fn write_for_server(ctx: &Ctx, chunked: bool, upgrading: bool, out: &mut BytesMut) {
    ctx.request.write_start(out);
    ctx.request.lines.write_for_next_hop(out);
    if chunked {
        write_line(out, b"transfer-encoding", b"chunked");
    }
    add_lines(ctx, upgrading, &mut |name, value| write_line(out, name, value));
    out.put_slice(b"\r\n");
}

/// A new, last line; what the request brought is not touched.
fn add_forwarded_for(
    request: &RequestHead,
    option: &ForwardFor,
    source: IpAddr,
    add: &mut impl FnMut(&[u8], &[u8]),
) {
    let told = option.if_none && request.lines.has(option.header.as_bytes());
    if !told && !option.except.iter().any(|(net, bits)| contains(*net, *bits, source)) {
        add(option.header.as_bytes(), IpText::of(source).as_bytes());
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
