//! The way of a request through `ProxyHttp`.
//!
//! Every request is judged, routed, answered and logged by [`Judge`]'s callbacks. Pingora's `HttpProxy` would call them,
//! too, but the future in which it does holds the states of all its relays, and is moved to the heap for each request:
//! 200 KB of copying and a third of a plain request's instructions. All exchanges are our own and need none of them, so
//! the callbacks are called here, in the same order.

use std::io::Cursor;

use parking_lot::Mutex;
use pingora_proxy::{ProxyHttp, Session};

use crate::client::Own;
use crate::ctx::Ctx;
use crate::http::Judge;

/// As many shells are kept for the next requests.
const MOST_SHELLS: usize = 256;

/// What HTTP connections are served by.
pub(crate) struct Frame {
    judge: Judge,
    #[expect(clippy::vec_box, reason = "they are taken out and put back for each request, and are long")]
    shells: Mutex<Vec<Box<Shell>>>,
}

/// What every request needs while it is under way, and no connection that waits: they serve again and again.
struct Shell {
    /// A session of Pingora's for nobody, which its callbacks ask for; the request's own is in the context.
    session: Session,
    ctx: Ctx,
}

impl Frame {
    /// A frame around the judge of a worker.
    pub(crate) fn new(judge: Judge) -> Self {
        Self { judge, shells: Mutex::default() }
    }

    /// Serves a request of a session of our own, and gives that back.
    pub(crate) async fn exchange(&self, own: Own) -> Option<Own> {
        let mut shell = self.shell();
        shell.ctx.own = Some(own);
        self.call(&mut shell).await;
        let own = shell.ctx.own.take();
        self.keep(shell);
        own
    }

    fn shell(&self) -> Box<Shell> {
        let shell = self.shells.lock().pop();
        shell.unwrap_or_else(|| {
            let session = Session::new_h1(Box::new(Cursor::new(Vec::new())));
            Box::new(Shell { session, ctx: self.judge.new_ctx() })
        })
    }

    /// Lets go of what a request has held, and keeps the rest for the next one.
    fn keep(&self, mut shell: Box<Shell>) {
        shell.ctx = self.judge.new_ctx();
        let mut shells = self.shells.lock();
        if shells.len() < MOST_SHELLS {
            shells.push(shell);
        }
    }

    /// Calls the callbacks.
    async fn call(&self, shell: &mut Shell) {
        let Shell { session, ctx } = shell;
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
