//! The end of a request: the answer to an error, the counters, the log line.

use std::sync::Arc;
use std::time::Instant;

use expr::Side;
use observe::log::{Level, LogRecord, Termination, Timers};
use pingora::Error;
use pingora_proxy::FailToProxy;
use rules::Step;

use super::connect::release;
use super::request::page;
use crate::answer;
use crate::client::Client;
use crate::ctx::Ctx;
use crate::events::level_of;
use crate::fields::LogView;
use crate::gateway::Gateway;
use crate::http1::serve::millis;
use crate::logger::Logger;
use crate::message::ResponseHead;
use crate::outcome::{Blame, Outcome};
use crate::track::{Event, Trackers};

/// Answers a request that failed, unless the client has an answer already or is gone.
pub(crate) async fn failed(client: &mut Client<'_>, error: &Error, ctx: &mut Ctx) -> FailToProxy {
    let outcome = *ctx.outcome.get_or_insert_with(|| Outcome::of(error, ctx.stage));
    log::debug!("a request failed: {error}");
    let begun = client.has_begun();
    let status = if begun || ctx.cut { 0 } else { outcome.status };
    if let Some(mut instead) = ctx.instead.take()
        && !begun
    {
        ctx.status = Some(instead.status);
        super::response::after(&mut instead.head, ctx);
        ctx.sizes.1 += instead.counted(ctx.asked_method());
        if let Err(error) = answer::send(client, instead).await {
            log::debug!("answering: {error}");
        }
    } else if status != 0 {
        ctx.status = Some(status);
        let mut reply = page(ctx, status);
        if matches!(status, 400 | 408) {
            reply = reply.closing();
        }
        super::response::after(&mut reply.head, ctx);
        ctx.sizes.1 += reply.counted(ctx.asked_method());
        if let Err(error) = answer::send(client, reply).await {
            log::debug!("answering: {error}");
        }
    } else {
        client.shut().await;
    }
    FailToProxy { error_code: status, can_reuse_downstream: true }
}

/// Counts and logs what became of a request.
pub(crate) fn finish(gateway: &Arc<Gateway>, ctx: &mut Ctx) {
    let end = Instant::now();
    let timers = timers(ctx, end);
    let seconds = end.saturating_duration_since(ctx.times.started).as_secs_f64();
    gateway.metrics().request_duration.observe(seconds);
    let (read, written) = (ctx.sizes.0 + ctx.body.0, ctx.sizes.1 + ctx.body.1);
    count(gateway, ctx, &timers, read, written);
    ctx.count_tracked(Event::Bytes(read, written));
    write_line(ctx, timers, (read, written));
    release(ctx);
    ctx.trackers = Trackers::default();
    if let (true, Some(backend)) = (ctx.counted, &ctx.backend) {
        backend.upstream.counters.closed();
    }
}

/// `option logasap`: the line is written when the head of the response has come, with what is known by then.
pub(crate) fn log_early(ctx: &mut Ctx) {
    if !ctx.silent && ctx.frontend().is_some_and(|frontend| frontend.model().options.logasap) {
        let bytes = (ctx.sizes.0 + ctx.body.0, ctx.sizes.1 + ctx.body.1);
        write_line(ctx, timers(ctx, Instant::now()), bytes);
        ctx.silent = true;
    }
}

/// The times of a request that ends now.
pub(crate) fn timers(ctx: &Ctx, end: Instant) -> Timers {
    let times = &ctx.times;
    let queued = times.queued;
    let selected = times.selected;
    let since = |later: Option<Instant>, earlier: Option<Instant>| {
        Some(millis(later?.saturating_duration_since(earlier?)))
    };
    let judged = !ctx.unread && (ctx.judged || ctx.backend.is_some());
    Timers {
        handshake: millis(times.handshake),
        idle: millis(times.idle),
        request: judged.then(|| millis(times.head.saturating_duration_since(times.started))),
        queue: since(selected, queued),
        connect: since(times.connected, selected),
        response: since(times.response, times.connected),
        active: millis(end.saturating_duration_since(times.started)),
        total: millis(end.saturating_duration_since(times.accepted)),
    }
}

fn count(gateway: &Arc<Gateway>, ctx: &Ctx, timers: &Timers, read: u64, written: u64) {
    let Some(frontend) = ctx.frontend() else { return };
    frontend.counters.bytes_in(read);
    frontend.counters.bytes_out(written);
    gateway.process.bytes_out(written);
    if let Some(listener) = ctx.route.as_ref().and_then(|route| frontend.listeners.get(route.bind)) {
        listener.bytes_in(read);
        listener.bytes_out(written);
    }
    if ctx.backend.is_none() {
        if ctx.service.is_some() || ctx.outcome == Some(Outcome::LOCAL) || ctx.silent {
            frontend.counters.intercepted();
        }
        ctx.status.into_iter().for_each(|status| frontend.counters.response(status));
        return;
    }
    ctx.status.into_iter().for_each(|status| frontend.counters.response(status));
    count_backend(ctx, timers, read, written);
}

fn count_backend(ctx: &Ctx, timers: &Timers, read: u64, written: u64) {
    let Some(backend) = &ctx.backend else { return };
    let counters = &backend.upstream.counters;
    counters.bytes_in(read);
    counters.bytes_out(written);
    ctx.status.into_iter().for_each(|status| counters.response(status));
    let total = Some(timers.active);
    if ctx.times.response.is_some() {
        counters.times(timers.queue, timers.connect, timers.response, total);
    }
    if let Some(server) = &ctx.server {
        server.counters.bytes_in(read);
        server.counters.bytes_out(written);
        if ctx.times.response.is_some() {
            server.counters.times(timers.queue, timers.connect, timers.response, total);
        }
    }
    count_blame(ctx);
}

fn count_blame(ctx: &Ctx) {
    let (Some(outcome), Some(backend)) = (ctx.outcome, &ctx.backend) else { return };
    let counters = &backend.upstream.counters;
    let server = ctx.server.as_ref().map(|server| &server.counters);
    match outcome.blame {
        // A connection's failures are counted attempt by attempt.
        Blame::Nobody | Blame::Connection => {}
        Blame::Request => ctx.frontend().into_iter().for_each(|frontend| frontend.counters.request_error()),
        Blame::ClientAbort => {
            counters.client_abort();
            server.into_iter().for_each(|server| server.client_abort());
        }
        Blame::Response => {
            ctx.count_tracked(Event::Failure);
            counters.response_error();
            server.into_iter().for_each(|server| server.response_error());
        }
        Blame::ServerAbort => {
            counters.server_abort();
            server.into_iter().for_each(|server| server.server_abort());
        }
        Blame::Internal => {
            counters.internal_error();
            server.into_iter().for_each(|server| server.internal_error());
        }
    }
}

fn write_line(ctx: &mut Ctx, timers: Timers, bytes: (u64, u64)) {
    ctx.effects.captures.settle();
    let Some(log) = log_of(ctx) else { return };
    let failed = ctx.has_failed();
    let told = ctx.effects.log_level.flatten().map(level_of);
    with_record(ctx, timers, bytes, |record| {
        log.traffic(record, &LogView::new(record, ctx.view(None)), failed, told);
    });
}

/// Where a request is logged, if it is.
fn log_of(ctx: &Ctx) -> Option<&Logger> {
    let log = &ctx.route.as_ref()?.frontend.log;
    let silent = ctx.silent || ctx.effects.log_level == Some(None);
    // the most important level: a rule may have raised the line to it
    (!silent && log.wants(Level::Emerg)).then_some(log)
}

/// A line at a step where `log-steps` asks for one.
pub(crate) fn log_step(step: Step, ctx: &Ctx, response: Option<&ResponseHead>) {
    if ctx.frontend().is_some_and(|frontend| frontend.log.has_step(step)) {
        log_now(step, None, ctx, response);
    }
}

/// A line with what is known so far; the profile is looked for by its name.
pub(crate) fn log_now(step: Step, profile: Option<&str>, ctx: &Ctx, response: Option<&ResponseHead>) {
    let (Some(log), Some(route)) = (log_of(ctx), &ctx.route) else { return };
    let profiles = &route.runtime.model.log_profiles;
    let profile = profile.and_then(|name| profiles.iter().find(|profile| profile.name == name));
    let told = ctx.effects.log_level.flatten().map(level_of);
    let bytes = (ctx.sizes.0 + ctx.body.0, ctx.sizes.1 + ctx.body.1);
    with_record(ctx, timers(ctx, Instant::now()), bytes, |record| {
        log.step(step, profile, (record, &LogView::new(record, ctx.view(response))), told);
    });
}

/// What a request's line tells by then.
fn with_record(ctx: &Ctx, timers: Timers, bytes: (u64, u64), tell: impl FnOnce(&LogRecord<'_>)) {
    let (Some(route), Some(connection)) = (&ctx.route, &ctx.connection) else { return };
    let model = route.frontend.model();
    let (client, destination) = ctx.endpoints(connection);
    let kept = &ctx.effects.captures;
    let captures = [Side::Request, Side::Response].map(|side| kept.all(side));
    let code = ctx.outcome.map_or(*b"--", |outcome| outcome.code);
    tell(&LogRecord {
        started: ctx.times.started_at,
        http: true,
        tls: connection.tls_facts(),
        backend: ctx.backend.as_ref().map_or(&model.name, |backend| &backend.model().name),
        server: ctx.server.as_ref().map(|server| &*server.name).or(ctx.service),
        timers,
        status: ctx.status,
        bytes_in: bytes.0,
        bytes_out: bytes.1,
        termination: Termination([code[0], code[1], b'-', b'-']),
        actconn: connection.process.current(),
        feconn: route.frontend.counters.current(),
        beconn: ctx
            .backend
            .as_ref()
            .map_or(0, |backend| backend.upstream.counters.current().saturating_sub(1)),
        srv_conn: ctx.server.as_ref().map_or(0, |server| server.counters.current().saturating_sub(1)),
        retries: ctx.retries,
        redispatched: ctx.redispatched,
        number: ctx.number,
        srv_queue: ctx.queued.0,
        backend_queue: ctx.queued.1,
        req_cookie: kept.request_cookie.as_deref(),
        res_cookie: kept.response_cookie.as_deref(),
        req_captures: captures[0].as_deref(),
        res_captures: captures[1].as_deref(),
        request: Some(&*ctx.line).filter(|line| !line.is_empty()),
        early: model.options.logasap,
        ..LogRecord::new(&model.name, client, destination, connection.accepted_at)
    });
}
