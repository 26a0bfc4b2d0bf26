//! `impl ProxyHttp`: the frame through which every request is judged and routed, HTTP/1 and HTTP/2 alike.
//!
//! Each callback is a door to the file that does its work: `request` judges, `route` chooses the backend, `connect`
//! the server, `response` the answer's head, `finish` counts and logs.

pub(crate) mod buffer;
pub(crate) mod connect;
pub(crate) mod finish;
mod forwarded;
pub(crate) mod persist;
pub(crate) mod request;
pub(crate) mod response;
mod route;
mod rules;
mod stick;

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use bytes::Bytes;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, Result};
use pingora_proxy::{FailToProxy, ProxyHttp, ProxyWarnLogContext, Session};

use crate::client::Client;
use crate::ctx::Ctx;
use crate::exchange::{self, Pool};
use crate::gateway::Gateway;

/// The judge of all requests of one worker.
#[derive(Debug)]
pub(crate) struct Judge {
    gateway: Arc<Gateway>,
    pool: Arc<Pool>,
    /// A time for contexts that do not know theirs yet.
    begun: Instant,
}

impl Judge {
    /// A judge by the configuration in force.
    pub(crate) fn new(gateway: Arc<Gateway>, pool: Arc<Pool>) -> Self {
        Self { gateway, pool, begun: Instant::now() }
    }

    /// Judges a request, and carries it to its server and the answer back. False if it is for Pingora's relay.
    async fn answer(&self, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<bool> {
        if rules::judge(&self.gateway, client, ctx).await? {
            return Ok(true);
        }
        if client.is_upgrade() {
            return Ok(false);
        }
        exchange::run(&self.pool, client, ctx).await;
        Ok(true)
    }
}

#[async_trait]
impl ProxyHttp for Judge {
    type CTX = Ctx;

    fn new_ctx(&self) -> Ctx {
        Ctx::at(self.begun)
    }

    fn init_downstream_modules(&self, _modules: &mut pingora::modules::http::HttpModules) {}

    async fn early_request_filter(&self, session: &mut Session, ctx: &mut Ctx) -> Result<()> {
        let mut own = ctx.own.take();
        let begun = request::begin(&Client::of(session, own.as_mut()), ctx);
        ctx.own = own;
        begun
    }

    async fn request_filter(&self, session: &mut Session, ctx: &mut Ctx) -> Result<bool> {
        let mut own = ctx.own.take();
        let answered = self.answer(&mut Client::of(session, own.as_mut()), ctx).await;
        ctx.own = own;
        answered
    }

    async fn upstream_peer(&self, session: &mut Session, ctx: &mut Ctx) -> Result<Box<HttpPeer>> {
        connect::peer(session, ctx).await
    }

    async fn connected_to_upstream(
        &self,
        _session: &mut Session,
        reused: bool,
        _peer: &HttpPeer,
        _fd: std::os::unix::io::RawFd,
        _digest: Option<&Digest>,
        ctx: &mut Ctx,
    ) -> Result<()> {
        connect::connected(ctx, reused);
        Ok(())
    }

    fn fail_to_connect(&self, _: &mut Session, _: &HttpPeer, ctx: &mut Ctx, error: Box<Error>) -> Box<Error> {
        connect::failed(ctx, error)
    }

    fn error_while_proxy(
        &self,
        _peer: &HttpPeer,
        session: &mut Session,
        error: Box<Error>,
        ctx: &mut Ctx,
        reused: bool,
    ) -> Box<Error> {
        connect::failed_later(session, ctx, error, reused)
    }

    async fn upstream_request_filter(
        &self,
        _session: &mut Session,
        request: &mut RequestHeader,
        ctx: &mut Ctx,
    ) -> Result<()> {
        request::for_pingora(request, ctx)
    }

    async fn upstream_response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Ctx,
    ) -> Result<()> {
        response::arrived(session, response, ctx);
        Ok(())
    }

    async fn response_filter(
        &self,
        session: &mut Session,
        response: &mut ResponseHeader,
        ctx: &mut Ctx,
    ) -> Result<()> {
        response::for_client(session, response, ctx)
    }

    async fn request_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        ctx: &mut Ctx,
    ) -> Result<()> {
        ctx.body.0 += body.as_ref().map_or(0, Bytes::len) as u64;
        Ok(())
    }

    fn response_body_filter(
        &self,
        _session: &mut Session,
        body: &mut Option<Bytes>,
        _end: bool,
        ctx: &mut Ctx,
    ) -> Result<Option<std::time::Duration>> {
        ctx.body.1 += body.as_ref().map_or(0, Bytes::len) as u64;
        Ok(None)
    }

    async fn fail_to_proxy(&self, session: &mut Session, error: &Error, ctx: &mut Ctx) -> FailToProxy {
        let mut own = ctx.own.take();
        let failed = finish::failed(&mut Client::of(session, own.as_mut()), error, ctx).await;
        ctx.own = own;
        failed
    }

    async fn logging(&self, _session: &mut Session, _error: Option<&Error>, ctx: &mut Ctx) {
        finish::finish(&self.gateway, ctx);
    }

    // What went wrong is in the traffic log, in HAProxy's form.
    fn suppress_error_log(&self, _session: &Session, _ctx: &Ctx, _error: &Error) -> bool {
        true
    }

    fn suppress_proxy_warn_log(&self, _: &Session, _: &Ctx, _: &Error, _: ProxyWarnLogContext) -> bool {
        true
    }
}
