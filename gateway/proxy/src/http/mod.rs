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
use pingora::upstreams::peer::HttpPeer;
use pingora::{Error, Result};
use pingora_proxy::{FailToProxy, ProxyHttp, Session};

use crate::client::{Client, Own, lost};
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

    /// Judges a request, and carries it to its server and the answer back.
    async fn answer(&self, client: &mut Client<'_>, ctx: &mut Ctx) -> Result<()> {
        if !rules::judge(&self.gateway, client, ctx).await? {
            exchange::run(&self.pool, client, ctx).await;
        }
        Ok(())
    }
}

#[async_trait]
impl ProxyHttp for Judge {
    type CTX = Ctx;

    fn new_ctx(&self) -> Ctx {
        Ctx::at(self.begun)
    }

    fn init_downstream_modules(&self, _modules: &mut pingora::modules::http::HttpModules) {}

    async fn early_request_filter(&self, _session: &mut Session, ctx: &mut Ctx) -> Result<()> {
        let mut own = own(ctx)?;
        let begun = request::begin(&Client::of(&mut own), ctx);
        ctx.own = Some(own);
        begun
    }

    async fn request_filter(&self, _session: &mut Session, ctx: &mut Ctx) -> Result<bool> {
        let mut own = own(ctx)?;
        let answered = self.answer(&mut Client::of(&mut own), ctx).await;
        ctx.own = Some(own);
        answered.map(|()| true)
    }

    /// Nothing is left to Pingora's relay: what a request needs of a server is done in `request_filter`.
    async fn upstream_peer(&self, _session: &mut Session, _ctx: &mut Ctx) -> Result<Box<HttpPeer>> {
        Err(lost("a request that was not answered"))
    }

    async fn fail_to_proxy(&self, _session: &mut Session, error: &Error, ctx: &mut Ctx) -> FailToProxy {
        let Ok(mut own) = own(ctx) else {
            return FailToProxy { error_code: 0, can_reuse_downstream: false };
        };
        let failed = finish::failed(&mut Client::of(&mut own), error, ctx).await;
        ctx.own = Some(own);
        failed
    }

    async fn logging(&self, _session: &mut Session, _error: Option<&Error>, ctx: &mut Ctx) {
        finish::finish(&self.gateway, ctx);
    }
}

/// The request's session, out of its context for as long as it is used.
fn own(ctx: &mut Ctx) -> Result<Own> {
    ctx.own.take().ok_or_else(|| lost("a request without its session"))
}
