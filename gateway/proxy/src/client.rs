//! The client's side of a request, as judging and relaying see it: our own sessions, spoken to directly, or one in
//! Pingora's keeping (HTTP/1 that may become another protocol).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use http::{Method, request};
use pingora::protocols::http::HttpTask;
use pingora::{Error, ErrorType, Result};
use pingora_proxy::Session;

use crate::connection::Connection;
use crate::http1::connection::ClientConnection;
use crate::http1::session::{H1Session, Manner};
use crate::http2::session::H2Session;
use crate::message::{Lines, ResponseHead};

/// A session of our own.
#[derive(Debug)]
pub(crate) enum Own {
    /// HTTP/1.
    Http1(Box<H1Session>),
    /// A stream of HTTP/2.
    Http2(Box<H2Session>),
}

impl Own {
    /// The connection of an HTTP/1 session that is over.
    pub(crate) fn into_client(self) -> Option<Box<ClientConnection>> {
        match self {
            Self::Http1(session) => Some(session.into_client()),
            Self::Http2(_) => None,
        }
    }
}

/// Who is asked and answered.
pub(crate) enum Client<'a> {
    /// Our own HTTP/1 session.
    Own(&'a mut H1Session),
    /// Our own session on HTTP/2.
    Http2(&'a mut H2Session),
    /// A session in Pingora's keeping, and what is not yet handed to it.
    Framed(&'a mut Session, Vec<HttpTask>),
}

impl<'a> Client<'a> {
    /// Our own session where there is one.
    pub(crate) fn of(session: &'a mut Session, own: Option<&'a mut Own>) -> Self {
        let Some(own) = own else { return Self::Framed(session, Vec::new()) };
        match own {
            Own::Http1(session) => Self::Own(session),
            Own::Http2(session) => Self::Http2(session),
        }
    }

    /// The facts of its connection.
    pub(crate) fn connection(&self) -> Option<Arc<Connection>> {
        match self {
            Self::Own(session) => Some(session.facts().clone()),
            Self::Http2(session) => Some(session.facts().clone()),
            Self::Framed(session, _) => {
                let digest = session.as_downstream().digest()?.proxy_digest.as_ref()?;
                digest.user_data.as_ref()?.downcast_ref::<Arc<Connection>>().cloned()
            }
        }
    }

    /// The head of a request that came by HTTP/2.
    pub(crate) fn http2_head(&self) -> Option<&request::Parts> {
        match self {
            Self::Http2(session) => Some(session.head()),
            Self::Own(_) | Self::Framed(..) => None,
        }
    }

    /// Whether it asks for another protocol.
    pub(crate) fn is_upgrade(&self) -> bool {
        match self {
            Self::Own(_) | Self::Http2(_) => false,
            Self::Framed(session, _) => session.is_upgrade_req(),
        }
    }

    /// Whether it is a HEAD request, whose answer has no body.
    pub(crate) fn asks_for_head(&self) -> bool {
        *match self {
            Self::Own(session) => session.method(),
            Self::Http2(session) => session.method(),
            Self::Framed(session, _) => &session.req_header().method,
        } == Method::HEAD
    }

    /// Whether the request never had a body.
    pub(crate) fn is_body_empty(&mut self) -> bool {
        match self {
            Self::Own(session) => session.is_body_empty(),
            Self::Http2(session) => session.is_body_empty(),
            Self::Framed(session, _) => session.as_downstream_mut().is_body_empty(),
        }
    }

    /// Whether all of its body was read.
    pub(crate) fn is_body_done(&mut self) -> bool {
        match self {
            Self::Own(session) => session.is_body_done(),
            Self::Http2(session) => session.is_body_done(),
            Self::Framed(session, _) => session.as_downstream_mut().is_body_done(),
        }
    }

    /// The next of its body; `None` is the end.
    ///
    /// # Errors
    /// The body is broken, ends too early, or does not come in time.
    pub(crate) async fn read_body(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Own(session) => session.next_piece().await,
            Self::Http2(session) => session.next_piece().await,
            Self::Framed(session, _) => session.as_downstream_mut().read_request_body().await,
        }
    }

    /// The next of its body that has come already, if any; `Some(None)` is the end.
    ///
    /// # Errors
    /// The body is broken, or ends too early.
    pub(crate) fn arrived_body(&mut self) -> Result<Option<Option<Bytes>>> {
        match self {
            Self::Own(session) => session.arrived_piece(),
            Self::Http2(session) => session.arrived_piece(),
            Self::Framed(session, _) => {
                session.as_downstream_mut().read_request_body().now_or_never().transpose()
            }
        }
    }

    /// Returns when the client leaves, with how it did; what it says instead is kept for later.
    pub(crate) async fn leaves(&mut self) -> Box<Error> {
        let end = match self {
            Self::Own(session) => session.idle().await,
            Self::Http2(session) => return session.leaves().await,
            Self::Framed(session, _) => session.as_downstream_mut().read_body_or_idle(true).await,
        };
        end.err().unwrap_or_else(|| Error::explain(ErrorType::ConnectionClosed, "the client left"))
    }

    /// Sets `timeout client` for what is left of the request.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        match self {
            Self::Own(session) => {
                (session.timeouts.read, session.timeouts.write) = (Some(patience), Some(patience));
            }
            Self::Http2(session) => {
                (session.timeouts.read, session.timeouts.write) = (Some(patience), Some(patience));
            }
            Self::Framed(session, _) => {
                session.as_downstream_mut().set_read_timeout(Some(patience));
                session.as_downstream_mut().set_write_timeout(Some(patience));
            }
        }
    }

    /// The trailers of a body that was read to its end.
    pub(crate) fn take_trailers(&mut self) -> Lines {
        match self {
            Self::Own(session) => session.take_trailers(),
            Self::Http2(session) => session.take_trailers(),
            Self::Framed(..) => Lines::default(),
        }
    }

    /// Nothing more is written: what was cut short must not look complete.
    pub(crate) async fn shut(&mut self) {
        match self {
            Self::Own(session) => session.shut(),
            Self::Http2(session) => session.shut(),
            Self::Framed(session, _) => session.as_downstream_mut().shutdown().await,
        }
    }

    /// Whether the head of a final response was written.
    pub(crate) fn has_begun(&self) -> bool {
        match self {
            Self::Own(session) => session.has_begun(),
            Self::Http2(session) => session.has_begun(),
            Self::Framed(session, _) => session.response_written().is_some(),
        }
    }

    /// Begins the response, or passes on an interim one; nothing is written before [`Self::flush`]. `end` says that
    /// there is no body.
    ///
    /// # Errors
    /// The head has no form in the client's protocol.
    pub(crate) fn head(&mut self, head: ResponseHead, end: bool, manner: Manner) -> Result<()> {
        match self {
            Self::Own(session) => session.queue_head(&head, end, manner),
            Self::Http2(session) => session.queue_head(&head, end),
            Self::Framed(_, tasks) => {
                let mut head = head.into_http1()?;
                head.extensions_mut().insert(manner);
                tasks.push(HttpTask::Header(Box::new(head), end));
                Ok(())
            }
        }
    }

    /// The next of the response's body.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub(crate) async fn body(&mut self, data: Bytes, end: bool) -> Result<()> {
        match self {
            Self::Own(session) => {
                session.queue_body(data).await?;
                if end { session.queue_end(None.into_iter()) } else { Ok(()) }
            }
            Self::Http2(session) => {
                session.queue_body(data);
                if end {
                    session.queue_end(Lines::default());
                }
                Ok(())
            }
            Self::Framed(_, tasks) => {
                tasks.push(HttpTask::Body(Some(data), end));
                Ok(())
            }
        }
    }

    /// The end of a response whose length its head did not say, and its trailers.
    ///
    /// # Errors
    /// Its head did say it, and it is not that long.
    pub(crate) fn end(&mut self, trailers: &Lines) -> Result<()> {
        match self {
            Self::Own(session) => {
                session.queue_end(trailers.iter().map(|line| (&line.name[..], &line.value[..])))
            }
            Self::Http2(session) => {
                session.queue_end(trailers.clone());
                Ok(())
            }
            Self::Framed(_, tasks) => {
                tasks.push(HttpTask::Trailer(trailers.to_map().map(Box::new)));
                Ok(())
            }
        }
    }

    /// The end of a response that ends with its connection.
    ///
    /// # Errors
    /// None so far.
    pub(crate) fn end_of_stream(&mut self) -> Result<()> {
        match self {
            Self::Own(session) => session.queue_end(None.into_iter()),
            Self::Http2(session) => {
                session.queue_end(Lines::default());
                Ok(())
            }
            Self::Framed(_, tasks) => {
                tasks.push(HttpTask::Done);
                Ok(())
            }
        }
    }

    /// Takes the response back if nothing of it was written, so that there can be another one.
    pub(crate) fn forget(&mut self) -> bool {
        match self {
            Self::Own(session) => session.forget(),
            Self::Http2(session) => session.forget(),
            Self::Framed(session, tasks) => {
                tasks.clear();
                session.response_written().is_none()
            }
        }
    }

    /// Writes what there is of the response.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        match self {
            Self::Own(session) => session.write_all().await,
            Self::Http2(session) => session.write_all().await,
            Self::Framed(_, tasks) if tasks.is_empty() => Ok(()),
            Self::Framed(session, tasks) => {
                session.write_response_tasks(std::mem::take(tasks)).await.map(drop)
            }
        }
    }

    /// Passes an interim response on.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) async fn interim(&mut self, head: ResponseHead) -> Result<()> {
        self.head(head, false, Manner::default())?;
        self.flush().await.map_err(Error::into_down)
    }
}

/// A session that has lost its way: an invariant of the frame is broken.
pub(crate) fn lost(what: &'static str) -> Box<Error> {
    Error::explain(ErrorType::InternalError, what)
}
