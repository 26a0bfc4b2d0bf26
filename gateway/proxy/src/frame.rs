//! The way of a request through `ProxyHttp`.
//!
//! Every request is judged, routed, answered and logged by [`Judge`]'s callbacks. `HttpProxy` calls them too, but the
//! future in which it does holds the states of all its relays, and is moved to the heap for each request: 200 KB of
//! copying and a third of a plain request's instructions. A request whose exchange is our own needs none of them, so
//! its callbacks are called here, in the same order; upgrades go the long way.

use std::io::Cursor;
use std::sync::Arc;

use async_trait::async_trait;
use parking_lot::Mutex;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use pingora_proxy::{HttpProxy, ProxyHttp, Session};

use crate::ctx::Ctx;
use crate::http::Judge;
use crate::http1::session::H1Session;

/// As many shells are kept for the next requests.
const MOST_SHELLS: usize = 256;

/// What HTTP connections are served by.
pub(crate) struct Frame {
    judge: Judge,
    /// For what is relayed by Pingora: upgrades.
    relay: Arc<HttpProxy<Judge>>,
    /// Sessions of Pingora's that stand for requests whose client is in the context, and are the same for all of them.
    shells: Mutex<Vec<Session>>,
}

impl Frame {
    /// A frame around two judges of the same worker.
    pub(crate) fn new(judge: Judge, relay: Arc<HttpProxy<Judge>>) -> Self {
        Self { judge, relay, shells: Mutex::default() }
    }

    /// Serves a request of our own HTTP/1 session, and gives that back.
    pub(crate) async fn exchange(&self, own: Box<H1Session>) -> Option<Box<H1Session>> {
        let shell = self.shells.lock().pop();
        let mut shell = shell.unwrap_or_else(shell_of_nobody);
        let mut ctx = self.judge.new_ctx();
        ctx.own = Some(own);
        self.call(&mut shell, &mut ctx).await;
        let mut shells = self.shells.lock();
        if shells.len() < MOST_SHELLS {
            shells.push(shell);
        }
        ctx.own
    }

    /// Calls the callbacks.
    async fn call(&self, session: &mut Session, ctx: &mut Ctx) {
        let failure = match self.judge.early_request_filter(session, ctx).await {
            Ok(()) => self.judge.request_filter(session, ctx).await.err(),
            Err(error) => Some(error),
        };
        if let Some(error) = &failure {
            self.judge.fail_to_proxy(session, error, ctx).await;
        }
        self.judge.logging(session, failure.as_deref(), ctx).await;
    }
}

fn shell_of_nobody() -> Session {
    Session::new_h1(Box::new(Cursor::new(Vec::new())))
}

#[async_trait]
impl HttpServerApp for Frame {
    async fn process_new_http(
        self: &Arc<Self>,
        session: ServerSession,
        shutdown: &ShutdownWatch,
    ) -> Option<ReusedHttpStream> {
        if session.is_upgrade_req() {
            return self.relay.process_new_http(session, shutdown).await;
        }
        let mut framed = shell_of_nobody();
        *framed.downstream_session = session;
        self.call(&mut framed, &mut self.judge.new_ctx()).await;
        if let Err(error) = framed.downstream_session.finish_body().await {
            log::debug!("ending an answer: {error}");
        }
        None
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.relay.server_options()
    }
}
