//! One HTTP/2 request and its response.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Bytes;
use h2::ext::Protocol;
use h2::server::SendResponse;
use h2::{Reason, RecvStream, SendStream};
use http::{Extensions, Method, Request, Response, request};
use pingora::{Error, ErrorType, Result};

use super::pipe::Pipe;
use crate::alarm::Alarm;
use crate::connection::Connection;
use crate::http1::session::Timeouts;
use crate::message::{Lines, ResponseHead};

/// A request on an HTTP/2 connection.
pub(crate) struct H2Session {
    connection: Arc<Connection>,
    head: request::Parts,
    body: RecvStream,
    /// CONNECT: what follows the head is no body but what a tunnel carries, if there will be one (RFC 9113, 8.5).
    connects: bool,
    body_empty: bool,
    trailers: Lines,
    respond: SendResponse<Bytes>,
    /// Where the body goes, once the head was handed over.
    stream: Option<SendStream<Bytes>>,
    /// What of the response was not handed over yet.
    waiting: Waiting,
    /// All of the response was handed over, or it was given up.
    ended: bool,
    /// `timeout client`.
    pub(crate) timeouts: Timeouts,
    alarm: Alarm,
}

/// A part of a response, in its order.
#[derive(Debug, Default)]
struct Waiting {
    head: Option<Response<()>>,
    body: Vec<Bytes>,
    end: Option<Lines>,
}

impl std::fmt::Debug for H2Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H2Session")
            .field("head", &self.head)
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

impl H2Session {
    /// A session for a request that has just come by `connection`.
    pub(crate) fn new(
        connection: Arc<Connection>,
        request: Request<RecvStream>,
        respond: SendResponse<Bytes>,
        client: Option<Duration>,
    ) -> Self {
        let (head, body) = request.into_parts();
        let connects = head.method == Method::CONNECT;
        let body_empty = connects || body.is_end_stream();
        Self {
            connection,
            head,
            body,
            connects,
            body_empty,
            trailers: Lines::default(),
            respond,
            stream: None,
            waiting: Waiting::default(),
            ended: false,
            timeouts: Timeouts { read: client, write: client },
            alarm: Alarm::default(),
        }
    }

    /// The facts of the connection.
    pub(crate) fn facts(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The request's head.
    pub(crate) fn head(&self) -> &request::Parts {
        &self.head
    }

    /// The request's method.
    pub(crate) fn method(&self) -> &Method {
        &self.head.method
    }

    /// The protocol that an extended CONNECT asks for (RFC 8441).
    pub(crate) fn protocol(&self) -> Option<&str> {
        asked_protocol(&self.head)
    }

    /// The stream as one of bytes, once it is a tunnel's.
    pub(crate) fn tunnel(&mut self) -> Option<Pipe<'_>> {
        let stream = self.stream.as_mut().filter(|_| self.connects)?;
        Some(Pipe::new(&mut self.body, stream, &mut self.ended))
    }

    /// Whether there never was a body.
    pub(crate) fn is_body_empty(&self) -> bool {
        self.body_empty
    }

    /// Whether all of the body was read, its trailers too.
    pub(crate) fn is_body_done(&self) -> bool {
        self.connects || self.body.is_end_stream()
    }

    /// The trailers of a body that was read to its end.
    pub(crate) fn take_trailers(&mut self) -> Lines {
        std::mem::take(&mut self.trailers)
    }

    /// The next piece of the body; `None` is its end.
    ///
    /// # Errors
    /// The client gave it up, or it does not come in time.
    pub(crate) async fn next_piece(&mut self) -> Result<Option<Bytes>> {
        let (body, trailers) = (&mut self.body, &mut self.trailers);
        let reading = poll_fn(|cx| poll_piece(body, trailers, cx));
        self.alarm
            .within(self.timeouts.read, reading)
            .await
            .unwrap_or_else(|| Err(Error::explain(ErrorType::ReadTimedout, "timeout client").into_down()))
    }

    /// The next piece of the body that has come already, if any; `Some(None)` is its end.
    ///
    /// # Errors
    /// The client gave it up.
    pub(crate) fn arrived_piece(&mut self) -> Result<Option<Option<Bytes>>> {
        match poll_piece(&mut self.body, &mut self.trailers, &mut Context::from_waker(Waker::noop())) {
            Poll::Ready(piece) => piece.map(Some),
            Poll::Pending => Ok(None),
        }
    }

    /// Waits for the client to give the request up.
    pub(crate) async fn leaves(&mut self) -> Box<Error> {
        poll_fn(|cx| self.poll_leaves(cx)).await
    }

    /// How the client has given the request up already, or the library has for it, if so.
    pub(crate) fn has_left(&mut self) -> Option<Box<Error>> {
        match self.poll_leaves(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(error) => Some(error),
            Poll::Pending => None,
        }
    }

    fn poll_leaves(&mut self, cx: &mut Context<'_>) -> Poll<Box<Error>> {
        let reset = match &mut self.stream {
            Some(stream) => stream.poll_reset(cx),
            None => self.respond.poll_reset(cx),
        };
        Poll::Ready(match ready!(reset) {
            Ok(reason) => Error::explain(ErrorType::H2Error, format!("the request was reset: {reason}")),
            Err(error) => Error::because(ErrorType::H2Error, "the connection has ended", error),
        })
    }

    /// Whether the head of the final response was handed over.
    pub(crate) fn has_begun(&self) -> bool {
        self.stream.is_some()
    }

    /// Nothing more is written: a response that was cut short must not look complete.
    pub(crate) fn shut(&mut self) {
        self.waiting = Waiting::default();
        if !std::mem::replace(&mut self.ended, true) {
            self.respond.send_reset(Reason::INTERNAL_ERROR);
        }
    }

    /// Begins the response, or passes on an interim one.
    ///
    /// # Errors
    /// The head has no form in HTTP/2.
    pub(crate) fn queue_head(&mut self, head: &ResponseHead, end: bool) -> Result<()> {
        let interim = head.is_informational();
        let head = head.to_http2()?;
        if interim {
            let sent = self.respond.send_informational(head);
            return sent.map_err(|error| Error::because(ErrorType::WriteError, "an interim response", error));
        }
        self.waiting.head = Some(head);
        if end {
            self.queue_end(Lines::default());
        }
        Ok(())
    }

    /// The next of the body.
    pub(crate) fn queue_body(&mut self, data: Bytes) {
        if !data.is_empty() {
            self.waiting.body.push(data);
        }
    }

    /// The end of the body, and its trailers.
    pub(crate) fn queue_end(&mut self, trailers: Lines) {
        self.waiting.end = Some(trailers);
    }

    /// Takes the response back, if nothing of it was handed over: there may be another one.
    pub(crate) fn forget(&mut self) -> bool {
        self.waiting = Waiting::default();
        self.stream.is_none()
    }

    /// Hands over what there is of the response, as fast as the client takes it.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub(crate) async fn write_all(&mut self) -> Result<()> {
        if self.ended {
            return Ok(());
        }
        let end = self.waiting.end.take();
        let plain_end = end.as_ref().is_some_and(|trailers| trailers.len() == 0);
        if let Some(head) = self.waiting.head.take() {
            self.ended = plain_end && self.waiting.body.is_empty();
            self.stream = Some(self.respond.send_response(head, self.ended).map_err(write_error)?);
        }
        let mut body = std::mem::take(&mut self.waiting.body);
        let count = body.len();
        for (at, data) in body.drain(..).enumerate() {
            let last = plain_end && at + 1 == count;
            self.write(data, last).await?;
            self.ended |= last;
        }
        self.waiting.body = body;
        match (end, &mut self.stream) {
            (Some(trailers), Some(stream)) if !self.ended => {
                self.ended = true;
                let sent = match trailers.to_map() {
                    Some(trailers) => stream.send_trailers(trailers),
                    None => stream.send_data(Bytes::new(), true),
                };
                sent.map_err(write_error)
            }
            _ => Ok(()),
        }
    }

    /// Hands over body bytes as the client makes room for them.
    async fn write(&mut self, mut data: Bytes, last: bool) -> Result<()> {
        let Some(stream) = &mut self.stream else { return Ok(()) };
        while !data.is_empty() {
            stream.reserve_capacity(data.len());
            let room = self.alarm.within(self.timeouts.write, poll_fn(|cx| poll_room(stream, cx)));
            let room = room.await.unwrap_or_else(|| {
                Err(Error::explain(ErrorType::WriteTimedout, "timeout client").into_down())
            })?;
            let part = data.split_to(room.min(data.len()));
            stream.send_data(part, last && data.is_empty()).map_err(write_error)?;
        }
        Ok(())
    }
}

/// The protocol that a request names: an extended CONNECT (RFC 8441), if its method is CONNECT.
pub(crate) fn protocol(extensions: &Extensions) -> Option<&str> {
    extensions.get::<Protocol>().map(Protocol::as_str)
}

/// The protocol that an extended CONNECT asks for.
pub(crate) fn asked_protocol(head: &request::Parts) -> Option<&str> {
    protocol(&head.extensions).filter(|_| head.method == Method::CONNECT)
}

/// How much the client takes just now, once that is more than nothing.
pub(super) fn poll_room(stream: &mut SendStream<Bytes>, cx: &mut Context<'_>) -> Poll<Result<usize>> {
    loop {
        let room = stream.capacity();
        if room > 0 {
            return Poll::Ready(Ok(room));
        }
        match ready!(stream.poll_capacity(cx)) {
            Some(Ok(_)) => {}
            Some(Err(error)) => return Poll::Ready(Err(write_error(error))),
            None => {
                let error = Error::explain(ErrorType::WriteError, "the client has given the response up");
                return Poll::Ready(Err(error.into_down()));
            }
        }
    }
}

fn poll_piece(
    body: &mut RecvStream,
    trailers: &mut Lines,
    cx: &mut Context<'_>,
) -> Poll<Result<Option<Bytes>>> {
    let piece = match ready!(body.poll_data(cx)) {
        Some(piece) => piece.inspect(|data| {
            // What was read makes room for as much; a connection that has ended needs none.
            let _ = body.flow_control().release_capacity(data.len());
        }),
        None => match ready!(body.poll_trailers(cx)) {
            Ok(map) => {
                map.iter().for_each(|map| *trailers = Lines::of_map(map));
                return Poll::Ready(Ok(None));
            }
            Err(error) => Err(error),
        },
    };
    Poll::Ready(
        piece.map(Some).map_err(|error| {
            Error::because(ErrorType::ReadError, "reading from the client", error).into_down()
        }),
    )
}

fn write_error(error: h2::Error) -> Box<Error> {
    Error::because(ErrorType::WriteError, "writing to the client", error).into_down()
}
