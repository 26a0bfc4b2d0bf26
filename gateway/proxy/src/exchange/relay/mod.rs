//! One request to the server and one response back, both ways at once.
//!
//! What is to be sent, what is read from the client and what is read from the server wait for each other nowhere but in
//! one `select!`: a server that answers before it has read everything, or reads nothing before it is answered, is served.

mod replay;
mod throttle;
mod wait;

use std::time::{Duration, Instant};

use bytes::{BufMut, Bytes, BytesMut};
use http::Method;
use pingora::{Error, ErrorType, Result};
use rules::Step;
use tokio::io::{AsyncRead, AsyncWrite};

use super::again;
use super::response::{self, Received};
use super::server::{ServerConnection, Turn};
use super::tunnel::{Patience, Tunnel};
use crate::bandwidth::Way;
use crate::client::{Client, lost};
use crate::ctx::Ctx;
use crate::fill;
use crate::http::{connect, finish, request, response as judge};
use crate::http1::body::{Body, Piece};
use crate::http1::head::Limits;
use crate::http1::session::{Manner, write_chunk_size};
use crate::message::{Lines, ResponseHead, write_line};
use crate::outcome::{Blame, Outcome, Stage};
pub(super) use replay::Replay;
use throttle::Held;
use wait::come;

/// What waits for the server is at most this much before the client is asked for more.
const OUTPUT_MARK: usize = 64 * 1024;
/// What waits for the client is at most this much before it is written.
const BATCH_MARK: usize = 64 * 1024;

/// How much of a long response is read at once: as much as the allocator keeps at hand. Twice that was measured to take
/// 1.3 times HAProxy's time for a response of 1 MB instead of 0.8.
const BODY_READ: usize = 32 * 1024;

/// How the request's body goes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Coding {
    /// As it is: there is a `content-length`.
    Plain,
    /// In chunks.
    Chunked,
}

/// What becomes of the server's connection after an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum After {
    /// It can be used again.
    Kept,
    /// It has served, and nobody waits for its end.
    Reset,
    /// It was a tunnel: what it still has to deliver arrives.
    Closed,
    /// Its response is put aside, and another attempt is due.
    Again {
        /// It can be used again.
        kept: bool,
    },
}

/// An exchange under way.
pub(super) struct Relay<'a, 'b> {
    server: &'a mut ServerConnection,
    client: &'a mut Client<'b>,
    ctx: &'a mut Ctx,
    replay: &'a mut Replay,
    /// `timeout server`.
    patience: Option<Duration>,
    /// For the server, not yet written.
    output: BytesMut,
    coding: Coding,
    /// Read from the client, and held back by a limit.
    held: Held,
    /// All of the request is in `output` or written.
    request_done: bool,
    /// The server takes no more of the request.
    refused: bool,
    /// The response is written, and what is left of the request is all that is waited for.
    answered: bool,
    /// What a head may have.
    limits: Limits,
    /// `option abortonclose`: a client that leaves ends its request.
    watch_client: bool,
    keep_server: bool,
    /// What was counted of the response before its head.
    before_response: (u64, u64),
}

/// What came first.
enum Event {
    Written,
    Unwritable(Box<Error>),
    FromClient(Result<Option<Bytes>>),
    FromServer(Result<usize>),
    /// It has closed its side, or broken the connection.
    ClientLeft(Box<Error>),
    /// What a limit holds back may go on.
    Due,
}

impl<'a, 'b> Relay<'a, 'b> {
    /// The exchange of this request over this connection.
    pub(super) fn new(
        server: &'a mut ServerConnection,
        client: &'a mut Client<'b>,
        ctx: &'a mut Ctx,
        replay: &'a mut Replay,
    ) -> Self {
        let backend = ctx.backend.as_ref().map(|backend| backend.model());
        let patience = ctx.effects.server.or(backend.and_then(|model| model.timeouts.server));
        let limits = ctx.frontend().map_or(Limits::default(), |frontend| frontend.limits);
        let watch_client = connect::aborts_on_close(ctx);
        let lines = &ctx.request.lines;
        // HTTP/2 needs no length to delimit a body; HTTP/1 does.
        let unframed = ctx.http2 && !lines.has(b"content-length") && !client.is_body_empty();
        let coding =
            if unframed || lines.has(b"transfer-encoding") { Coding::Chunked } else { Coding::Plain };
        let mut output = BytesMut::with_capacity(1024);
        request::write_for_server(ctx, unframed, client.is_upgrade(), &mut output);
        let mut relay = Self {
            server,
            client,
            ctx,
            replay,
            patience,
            output,
            coding,
            held: Held::default(),
            request_done: false,
            refused: false,
            answered: false,
            limits,
            watch_client,
            keep_server: true,
            before_response: (0, 0),
        };
        relay.begin();
        relay
    }

    /// Puts what was read of the body already into the output.
    fn begin(&mut self) {
        self.ctx.stage = Stage::Headers;
        for part in std::mem::take(&mut self.replay.parts) {
            self.ctx.count_sent(Way::Server, part.len());
            self.queue_body(&part);
            self.replay.parts.push(part);
        }
        if self.replay.done || self.client.is_body_done() {
            self.end_body();
        }
    }

    /// Does the exchange.
    ///
    /// # Errors
    /// Either side failed; what the client is told of it is for the caller.
    pub(super) async fn run(mut self) -> Result<After> {
        let received = self.head().await?;
        if again::after_status(received.head.status, self.ctx, self.replay) {
            let clean = self.output.is_empty() && again::discard(received.body, self.server);
            return Ok(After::Again { kept: clean && received.keep_alive });
        }
        self.server.counters().response(received.head.status);
        self.ctx.times.response = Some(Instant::now());
        self.ctx.stage = Stage::Data;
        self.keep_server = received.keep_alive && !request::closes_server(self.ctx);
        self.before_response = (self.ctx.sizes.1, self.ctx.body.1);
        self.ctx.sizes.1 += received.head.counted();
        let Received { mut head, body, .. } = received;
        if self.ctx.route.as_ref().is_some_and(|route| route.runtime.model.asked.bodies.1) {
            self.ctx.response_body = Some(come(body, &self.server.input).0);
        }
        if let Some(instead) = self.judge(&mut head, body).await? {
            // HAProxy counts what it throws away.
            self.ctx.body.1 += arrived(body, self.server.input.len());
            self.ctx.instead = Some(instead);
            return Error::e_explain(ErrorType::InternalError, "a rule answers in the server's place");
        }
        if self.ctx.cut {
            return Error::e_explain(ErrorType::InternalError, "a rule closes the connection");
        }
        self.ctx.status = Some(head.status);
        judge::after(&mut head, self.ctx);
        finish::log_step(Step::Response, self.ctx, Some(&head));
        if head.status == 101 || self.opens_tunnel(head.status) {
            return self.tunnel(head).await;
        }
        self.body(head, body).await?;
        self.rest_of_request().await?;
        let is_clean = self.request_done && self.output.is_empty() && self.server.input.is_empty();
        Ok(if self.keep_server && is_clean { After::Kept } else { After::Reset })
    }

    /// Whether the client has asked for a tunnel by CONNECT, and a response with this status agrees to it.
    fn opens_tunnel(&self, status: u16) -> bool {
        let connects =
            self.ctx.request.method == Method::CONNECT && *self.ctx.asked_method() == Method::CONNECT;
        connects && matches!(status, 200..=299)
    }

    /// Passes on that the server agrees to a tunnel, and everything that follows both ways.
    async fn tunnel(self, head: ResponseHead) -> Result<After> {
        self.ctx.stage = Stage::Tunnel;
        self.client.head(&head, false, Manner { tunnel: true, ..Manner::default() })?;
        finish::log_early(self.ctx);
        self.client.flush().await.map_err(Error::into_down)?;
        let patience = tunnel_patience(self.ctx);
        let (carried, end) = match self.client {
            Client::Http1(session) => {
                let Some(client) = session.tunnel() else { return Err(lost("a tunnel without its client")) };
                let said = std::mem::take(&mut client.input);
                carry(Tunnel::new(&mut client.stream, said, self.server), patience).await
            }
            Client::Http2(session) => {
                let Some(mut pipe) = session.tunnel() else {
                    return Err(lost("a tunnel without its stream"));
                };
                carry(Tunnel::new(&mut pipe, BytesMut::new(), self.server), patience).await
            }
        };
        self.ctx.body.0 += carried.0;
        self.ctx.body.1 += carried.1;
        end.map(|()| After::Closed)
    }

    /// Puts what has come of the body behind the head, so that both go out in one write.
    fn take_arrived(&mut self) -> Result<()> {
        while !self.request_done && self.held.due.is_none() && self.output.len() < OUTPUT_MARK {
            match self.client.arrived_body() {
                Ok(None) => break,
                Ok(Some(piece)) => self.take_from_client(Ok(piece))?,
                Err(error) => self.take_from_client(Err(error))?,
            }
        }
        Ok(())
    }

    /// Sends the request and waits for the head of the response.
    async fn head(&mut self) -> Result<Received> {
        self.take_arrived()?;
        loop {
            let received = response::take(&mut self.server.input, &self.ctx.request.method, &self.limits)
                .map_err(|error| Error::explain(ErrorType::InvalidHTTPHeader, error.to_string()).into_up())?;
            match received {
                Some(received) if received.head.is_informational() => {
                    self.ctx.sizes.1 += received.head.counted();
                    self.replay.interim = true;
                    self.client.interim(&received.head).await?;
                }
                Some(received) if self.is_untimely(&received.head) => {
                    // HAProxy counts what it throws away.
                    self.ctx.sizes.1 += received.head.counted();
                    return Err(
                        Error::explain(ErrorType::InvalidHTTPHeader, "a tunnel out of its turn").into_up()
                    );
                }
                Some(received) => return Ok(received),
                None => {
                    if self.step().await? == 0 {
                        let error = Error::explain(
                            ErrorType::ConnectionClosed,
                            "the server closed before its answer",
                        );
                        return Err(error.into_up());
                    }
                }
            }
        }
    }

    /// Whether the server changes the protocol when it may not: the client has not asked for it, or has not said all of
    /// its request.
    fn is_untimely(&self, head: &ResponseHead) -> bool {
        let is_whole = self.request_done && self.output.is_empty();
        match head.status {
            101 => !(is_whole && self.client.may_switch(&self.ctx.request.lines, head)),
            status => self.opens_tunnel(status) && !is_whole,
        }
    }

    /// Goes on with whatever can go on until something came from the server; 0 is its end.
    async fn step(&mut self) -> Result<usize> {
        loop {
            match self.next().await {
                Event::FromServer(read) => return read,
                Event::Written => {}
                // It has had its time, and is not given as much again.
                Event::Unwritable(error) if *error.etype() == ErrorType::WriteTimedout => {
                    self.ctx.outcome = Some(Outcome::new(0, b's', b'D', Blame::Response));
                    return Err(error);
                }
                // A server may answer and close without reading everything: its answer counts.
                Event::Unwritable(error) => {
                    log::debug!("the server takes no more of a request: {error}");
                    self.refused = true;
                    self.keep_server = false;
                    self.output.clear();
                    self.held = Held::default();
                }
                Event::Due => self.release(),
                Event::FromClient(piece) => self.take_from_client(piece)?,
                Event::ClientLeft(error) => {
                    let broken = *error.etype() != ErrorType::ConnectionClosed;
                    let (status, phase) = if broken { (0, b'D') } else { (400, b'H') };
                    self.ctx.outcome = Some(Outcome::new(status, b'C', phase, Blame::ClientAbort));
                    return Err(error.into_down());
                }
            }
        }
    }

    async fn next(&mut self) -> Event {
        let patience = self.patience;
        let due = self.held.due;
        let wants_body =
            !self.request_done && !self.refused && due.is_none() && self.output.len() < OUTPUT_MARK;
        let watches = self.request_done && self.watch_client && self.ctx.times.response.is_none();
        let more = !self.request_done || self.answered;
        if let Some(due) = due {
            tokio::select! {
                biased;
                // it is not the server that is waited for
                turn = self.server.turn(&mut self.output, more, None) => return turn.into(),
                () = tokio::time::sleep_until(due.into()) => return Event::Due,
            }
        }
        if !wants_body && !watches {
            return self.server.turn(&mut self.output, more, patience).await.into();
        }
        let client = &mut *self.client;
        tokio::select! {
            biased;
            turn = self.server.turn(&mut self.output, more, patience) => turn.into(),
            event = from_client(client, wants_body) => event,
        }
    }

    fn take_from_client(&mut self, piece: Result<Option<Bytes>>) -> Result<()> {
        match piece {
            Ok(Some(data)) => {
                self.ctx.body.0 += data.len() as u64;
                self.replay.remember(&data);
                let last = self.client.is_body_done();
                self.pass_to_server(data, last);
            }
            Ok(None) => self.end_body(),
            Err(error) => {
                // The body is data, though no answer has come.
                self.ctx.stage = Stage::Data;
                return Err(error.into_down());
            }
        }
        Ok(())
    }

    fn queue_body(&mut self, data: &Bytes) {
        if self.coding == Coding::Chunked {
            write_chunk_size(&mut self.output, data.len());
            self.output.extend_from_slice(data);
            self.output.put_slice(b"\r\n");
        } else {
            self.output.extend_from_slice(data);
        }
    }

    fn end_body(&mut self) {
        if self.request_done {
            return;
        }
        self.request_done = true;
        self.replay.done = true;
        if self.coding == Coding::Chunked {
            self.output.put_slice(b"0\r\n");
            let trailers = self.replay.trailers.get_or_insert_with(|| self.client.take_trailers());
            for line in trailers.iter() {
                write_line(&mut self.output, &line.name, &line.value);
            }
            self.output.put_slice(b"\r\n");
        }
    }

    /// Passes the response on: its head with what came of its body, then the rest as it comes.
    async fn body(&mut self, head: ResponseHead, mut body: Body) -> Result<()> {
        let chunked = matches!(body, Body::Chunked(_));
        let mut done = body == Body::Done;
        self.client.head(&head, done, Manner::default())?;
        if !done {
            done = match self.take_body(&mut body, chunked).await {
                Err(error) if self.client.forget() => {
                    // The client has seen nothing of it: it is as if no response had come.
                    (self.ctx.stage, self.ctx.times.response, self.ctx.status) = (Stage::Headers, None, None);
                    (self.ctx.sizes.1, self.ctx.body.1) = self.before_response;
                    return Err(error);
                }
                done => done?,
            };
        }
        let mut came = 0;
        loop {
            finish::log_early(self.ctx);
            self.client.flush().await.map_err(Error::into_down)?;
            if done {
                return Ok(());
            }
            // Where no length is known, much is expected of a server that has just said much.
            let left = if let Body::Length(left) = body { left } else { 2 * came as u64 };
            fill::expect(&mut self.server.input, left, BODY_READ);
            came = self.step().await?;
            if came == 0 {
                if body != Body::Tunnel {
                    let error = Error::explain(
                        ErrorType::ConnectionClosed,
                        "the server closed before the body's end",
                    );
                    return Err(error.into_up());
                }
                self.client.end_of_stream()?;
                done = true;
            } else {
                done = self.take_body(&mut body, chunked).await?;
            }
        }
    }

    /// An answer may come before all of the request: the rest goes to the server all the same, so that both
    /// connections can be used again.
    async fn rest_of_request(&mut self) -> Result<()> {
        self.answered = true;
        while !(self.refused || self.request_done && self.output.is_empty()) {
            match self.next().await {
                Event::Written | Event::ClientLeft(_) => {}
                // The server has closed, or says what nobody asked for: it is done with this connection.
                Event::FromServer(_) | Event::Unwritable(_) => {
                    self.refused = true;
                    self.keep_server = false;
                }
                Event::FromClient(piece) => self.take_from_client(piece)?,
                Event::Due => self.release(),
            }
        }
        Ok(())
    }

    /// Takes what has come of the body. True at its end.
    async fn take_body(&mut self, body: &mut Body, chunked: bool) -> Result<bool> {
        let (mut trailers, mut batch) = (Lines::default(), 0);
        while batch < BATCH_MARK {
            let piece = body.take(&mut self.server.input, &mut trailers);
            match piece
                .map_err(|error| Error::explain(ErrorType::InvalidHTTPHeader, error.to_string()).into_up())?
            {
                Piece::Data(data) => {
                    batch += data.len();
                    self.ctx.body.1 += data.len() as u64;
                    let end = *body == Body::Done;
                    self.pass_to_client(data, end).await?;
                    if end {
                        return Ok(true);
                    }
                }
                Piece::NeedMore => return Ok(false),
                Piece::End => {
                    // HAProxy counts the end of a chunked body, and its trailers.
                    self.ctx.body.1 += u64::from(chunked) + trailers.size() as u64;
                    self.client.end(&trailers)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

impl From<Turn> for Event {
    fn from(turn: Turn) -> Self {
        match turn {
            Turn::Written => Self::Written,
            Turn::Read(read) => Self::FromServer(read),
            Turn::Unwritable(error) => Self::Unwritable(error),
        }
    }
}

/// Lets a tunnel carry to its end: how much, and how that came.
async fn carry<C>(mut tunnel: Tunnel<'_, C>, patience: Patience) -> ((u64, u64), Result<()>)
where
    C: AsyncRead + AsyncWrite + Unpin,
{
    let end = tunnel.run(patience).await;
    (tunnel.carried(), end)
}

/// `timeout tunnel`, or the patience for either side where there is none.
fn tunnel_patience(ctx: &Ctx) -> Patience {
    let theirs = ctx.backend.as_ref().map(|backend| backend.model().timeouts);
    let ours = ctx.frontend().map(|frontend| frontend.model().timeouts);
    let tunnel = ctx.effects.tunnel.or(theirs.and_then(|timeouts| timeouts.tunnel));
    let tunnel = tunnel.or(ours.and_then(|timeouts| timeouts.tunnel));
    let client = ctx.effects.client.or(ours.and_then(|timeouts| timeouts.client));
    let server = ctx.effects.server.or(theirs.and_then(|timeouts| timeouts.server));
    let open = tunnel.or_else(|| client.into_iter().chain(server).min());
    Patience { open, half_closed: theirs.and_then(|timeouts| timeouts.server_fin).or(open) }
}

/// The next of the client's body, or its leaving.
async fn from_client(client: &mut Client<'_>, wants_body: bool) -> Event {
    if wants_body {
        Event::FromClient(client.read_body().await)
    } else {
        Event::ClientLeft(client.leaves().await)
    }
}

/// How much of a body of known length is among the bytes that came.
fn arrived(body: Body, bytes: usize) -> u64 {
    match body {
        Body::Length(length) => length.min(bytes as u64),
        Body::Done | Body::Chunked(_) | Body::Tunnel => 0,
    }
}
