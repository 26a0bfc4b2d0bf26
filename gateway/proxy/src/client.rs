//! The client's side of a request, as judging and relaying see it, whatever the client speaks.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, request};
use pingora::{Error, ErrorType, Result};

use crate::connection::Connection;
use crate::http1::connection::ClientConnection;
use crate::http1::session::{H1Session, Manner};
use crate::http2::session::H2Session;
use crate::http2::websocket;
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
    /// HTTP/1.
    Http1(&'a mut H1Session),
    /// A stream of HTTP/2.
    Http2(&'a mut H2Session),
}

impl<'a> Client<'a> {
    /// Whoever has this session.
    pub(crate) fn of(own: &'a mut Own) -> Self {
        match own {
            Own::Http1(session) => Self::Http1(session),
            Own::Http2(session) => Self::Http2(session),
        }
    }

    /// The facts of its connection.
    pub(crate) fn connection(&self) -> &Arc<Connection> {
        match self {
            Self::Http1(session) => session.facts(),
            Self::Http2(session) => session.facts(),
        }
    }

    /// The head of a request that came by HTTP/2.
    pub(crate) fn http2_head(&self) -> Option<&request::Parts> {
        match self {
            Self::Http2(session) => Some(session.head()),
            Self::Http1(_) => None,
        }
    }

    /// Whether it asks for another protocol.
    pub(crate) fn is_upgrade(&self) -> bool {
        match self {
            Self::Http1(session) => session.is_upgrade(),
            Self::Http2(session) => session.protocol().is_some(),
        }
    }

    /// Whether it asks for another protocol to which this response agrees, in answer to these lines. A client of HTTP/1
    /// looks at the proof itself.
    pub(crate) fn may_switch(&self, asked: &Lines, response: &ResponseHead) -> bool {
        match self {
            Self::Http1(session) => session.is_upgrade(),
            Self::Http2(session) => {
                session.protocol().is_some_and(|protocol| websocket::is_proved(protocol, asked, response))
            }
        }
    }

    /// Whether it is a HEAD request, whose answer has no body.
    pub(crate) fn asks_for_head(&self) -> bool {
        *match self {
            Self::Http1(session) => session.method(),
            Self::Http2(session) => session.method(),
        } == Method::HEAD
    }

    /// Whether the request never had a body.
    pub(crate) fn is_body_empty(&mut self) -> bool {
        match self {
            Self::Http1(session) => session.is_body_empty(),
            Self::Http2(session) => session.is_body_empty(),
        }
    }

    /// Whether all of its body was read.
    pub(crate) fn is_body_done(&mut self) -> bool {
        match self {
            Self::Http1(session) => session.is_body_done(),
            Self::Http2(session) => session.is_body_done(),
        }
    }

    /// The next of its body; `None` is the end.
    ///
    /// # Errors
    /// The body is broken, ends too early, or does not come in time.
    pub(crate) async fn read_body(&mut self) -> Result<Option<Bytes>> {
        match self {
            Self::Http1(session) => session.next_piece().await,
            Self::Http2(session) => session.next_piece().await,
        }
    }

    /// The next of its body that has come already, if any; `Some(None)` is the end.
    ///
    /// # Errors
    /// The body is broken, or ends too early.
    pub(crate) fn arrived_body(&mut self) -> Result<Option<Option<Bytes>>> {
        match self {
            Self::Http1(session) => session.arrived_piece(),
            Self::Http2(session) => session.arrived_piece(),
        }
    }

    /// Returns when the client leaves, with how it did; what it says instead is kept for later.
    pub(crate) async fn leaves(&mut self) -> Box<Error> {
        let end = match self {
            Self::Http1(session) => session.idle().await,
            Self::Http2(session) => return session.leaves().await,
        };
        end.err().unwrap_or_else(|| Error::explain(ErrorType::ConnectionClosed, "the client left"))
    }

    /// How the client has given its request up before a server was chosen, if that can be known: over HTTP/1 only reading
    /// would tell.
    pub(crate) fn has_left(&mut self) -> Option<Box<Error>> {
        match self {
            Self::Http1(_) => None,
            Self::Http2(session) => session.has_left(),
        }
    }

    /// Sets `timeout client` for what is left of the request.
    pub(crate) fn set_patience(&mut self, patience: Duration) {
        match self {
            Self::Http1(session) => {
                (session.timeouts.read, session.timeouts.write) = (Some(patience), Some(patience));
            }
            Self::Http2(session) => {
                (session.timeouts.read, session.timeouts.write) = (Some(patience), Some(patience));
            }
        }
    }

    /// The trailers of a body that was read to its end.
    pub(crate) fn take_trailers(&mut self) -> Lines {
        match self {
            Self::Http1(session) => session.take_trailers(),
            Self::Http2(session) => session.take_trailers(),
        }
    }

    /// Nothing more is written: what was cut short must not look complete.
    pub(crate) async fn shut(&mut self) {
        match self {
            Self::Http1(session) => session.shut(),
            Self::Http2(session) => session.shut(),
        }
    }

    /// Whether the head of a final response was written.
    pub(crate) fn has_begun(&self) -> bool {
        match self {
            Self::Http1(session) => session.has_begun(),
            Self::Http2(session) => session.has_begun(),
        }
    }

    /// Begins the response, or passes on an interim one; nothing is written before [`Self::flush`]. `end` says that
    /// there is no body.
    ///
    /// # Errors
    /// The head has no form in the client's protocol.
    pub(crate) fn head(&mut self, head: &ResponseHead, end: bool, manner: Manner) -> Result<()> {
        match self {
            Self::Http1(session) => session.queue_head(head, end, manner),
            Self::Http2(session) => session.queue_head(head, end),
        }
    }

    /// The next of the response's body.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub(crate) async fn body(&mut self, data: Bytes, end: bool) -> Result<()> {
        match self {
            Self::Http1(session) => {
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
        }
    }

    /// The end of a response whose length its head did not say, and its trailers.
    ///
    /// # Errors
    /// Its head did say it, and it is not that long.
    pub(crate) fn end(&mut self, trailers: &Lines) -> Result<()> {
        match self {
            Self::Http1(session) => {
                session.queue_end(trailers.iter().map(|line| (&line.name[..], &line.value[..])))
            }
            Self::Http2(session) => {
                session.queue_end(trailers.clone());
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
            Self::Http1(session) => session.queue_end(None.into_iter()),
            Self::Http2(session) => {
                session.queue_end(Lines::default());
                Ok(())
            }
        }
    }

    /// Takes the response back if nothing of it was written, so that there can be another one.
    pub(crate) fn forget(&mut self) -> bool {
        match self {
            Self::Http1(session) => session.forget(),
            Self::Http2(session) => session.forget(),
        }
    }

    /// Writes what there is of the response.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        match self {
            Self::Http1(session) => session.write_all().await,
            Self::Http2(session) => session.write_all().await,
        }
    }

    /// Passes an interim response on.
    ///
    /// # Errors
    /// The client is gone.
    pub(crate) async fn interim(&mut self, head: &ResponseHead) -> Result<()> {
        self.head(head, false, Manner::default())?;
        self.flush().await.map_err(Error::into_down)
    }
}

/// A session that has lost its way: an invariant of the frame is broken.
pub(crate) fn lost(what: &'static str) -> Box<Error> {
    Error::explain(ErrorType::InternalError, what)
}
