//! The way of a request through `ProxyHttp`.
//!
//! Every request is judged, routed, answered and logged by [`Judge`]'s callbacks. `HttpProxy` calls them too, but the
//! future in which it does holds the states of all its relays, and is moved to the heap for each request: 200 KB of
//! copying and a third of a plain request's instructions. A request whose exchange is our own needs none of them, so
//! its callbacks are called here, in the same order; upgrades go the long way.

use std::io::Cursor;
use std::sync::Arc;

use async_trait::async_trait;
use pingora::apps::{HttpServerApp, HttpServerOptions, ReusedHttpStream};
use pingora::protocols::http::ServerSession;
use pingora::server::ShutdownWatch;
use pingora_proxy::{HttpProxy, ProxyHttp, Session};

use crate::http::Judge;

/// What HTTP connections are served by.
pub(crate) struct Frame {
    judge: Judge,
    /// For what is relayed by Pingora: upgrades.
    relay: Arc<HttpProxy<Judge>>,
}

impl Frame {
    /// A frame around two judges of the same worker.
    pub(crate) fn new(judge: Judge, relay: Arc<HttpProxy<Judge>>) -> Self {
        Self { judge, relay }
    }

    async fn exchange(&self, downstream: ServerSession) {
        let mut session = Session::new_h1(Box::new(Cursor::new(Vec::new())));
        *session.downstream_session = downstream;
        let mut ctx = self.judge.new_ctx();
        let failure = match self.judge.early_request_filter(&mut session, &mut ctx).await {
            Ok(()) => self.judge.request_filter(&mut session, &mut ctx).await.err(),
            Err(error) => Some(error),
        };
        if let Some(error) = &failure {
            self.judge.fail_to_proxy(&mut session, error, &mut ctx).await;
        }
        self.judge.logging(&mut session, failure.as_deref(), &mut ctx).await;
        if let Err(error) = session.downstream_session.finish_body().await {
            log::debug!("ending an answer: {error}");
        }
    }
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
        self.exchange(session).await;
        None
    }

    fn server_options(&self) -> Option<&HttpServerOptions> {
        self.relay.server_options()
    }
}
