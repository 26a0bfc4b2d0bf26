//! One HTTP/1 request and its response on a client connection.
//!
//! Stock Pingora writes its own `date` and `connection`, loses HTTP/1.0 and answers what it cannot read with a page
//! of its own. Here the bytes are ours: what the origin said goes out as it was, names in lower case as HAProxy
//! writes them, with `connection` only where it is needed (RFC 9112, 9.3). An exchange of our own talks to the session
//! as it is.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use http::{Method, Version};
use pingora::{Error, ErrorType, Result};

use super::body::{Body, Piece};
use super::connection::{ClientConnection, IoFailure};
use super::head::{Head, decimal};
use crate::connection::Connection;
use crate::message::{Lines, ResponseHead, write_line};

/// What a response's head may need beside its lines, and a short body.
const HEAD_ROOM: usize = 512;
/// Output is written at the latest when this much has gathered.
const OUTPUT_MARK: usize = 32 * 1024;
/// Input that came before its turn (a pipelined request) is read up to here.
const PIPELINE_LIMIT: usize = 32 * 1024;

/// How the response's body is delimited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Out {
    /// No head yet.
    Head,
    /// No body, or its end was written.
    Done,
    /// This many bytes are missing.
    Length(u64),
    /// Chunked.
    Chunked,
    /// Until the connection closes.
    Close,
    /// After an upgrade.
    Tunnel,
}

/// A request on an HTTP/1 connection.
pub struct H1Session {
    client: Box<ClientConnection>,
    method: Method,
    version: Version,
    keep_alive: bool,
    upgrade: bool,
    body: Body,
    body_empty: bool,
    trailers: Lines,
    out: Out,
    /// The head is in the output, of which nothing was written yet.
    unsent: bool,
    /// `timeout client`.
    pub timeouts: Timeouts,
}

impl std::fmt::Debug for H1Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H1Session").field("body", &self.body).field("out", &self.out).finish_non_exhaustive()
    }
}

/// How long a client may take to say or to take something.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// For the next of its body.
    pub read: Option<Duration>,
    /// For the next of the response.
    pub write: Option<Duration>,
}

/// How a response is sent, beside what its head says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// It is the gateway's own, and does not wait for the request's body.
    pub own: bool,
    /// The client's connection ends after it.
    pub last: bool,
    /// What follows it is another protocol's.
    pub tunnel: bool,
}

/// What a session takes from the configuration of its frontend.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// `timeout client`.
    pub client: Option<Duration>,
    /// Whether another request may follow at all.
    pub keep_alive: bool,
}

impl H1Session {
    /// A session for a head that was just read from `client`.
    pub fn new(client: Box<ClientConnection>, head: Head, options: SessionOptions) -> Self {
        let body = Body::from(head.framing);
        Self {
            client,
            method: head.method,
            version: head.version,
            keep_alive: head.keep_alive && options.keep_alive,
            upgrade: head.upgrade,
            body,
            body_empty: body == Body::Done,
            trailers: Lines::default(),
            out: Out::Head,
            unsent: false,
            timeouts: Timeouts { read: options.client, write: options.client },
        }
    }

    /// The connection, when the session is over; it says whether another request may follow.
    pub fn into_client(mut self) -> Box<ClientConnection> {
        self.client.reusable = self.keep_alive && self.out == Out::Done && self.body == Body::Done;
        self.client
    }

    /// The facts of the connection.
    pub fn facts(&self) -> &Arc<Connection> {
        self.client.facts()
    }

    /// The request's method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The version that the client speaks.
    pub fn version(&self) -> Version {
        self.version
    }

    /// Whether the client asks for another protocol.
    pub fn is_upgrade(&self) -> bool {
        self.upgrade
    }

    /// The connection, once it is a tunnel; no other request follows it.
    pub fn tunnel(&mut self) -> Option<&mut ClientConnection> {
        (self.out == Out::Tunnel).then_some(&mut *self.client)
    }

    /// Whether there never was a body.
    pub fn is_body_empty(&self) -> bool {
        self.body_empty
    }

    /// Whether all of the body was read.
    pub fn is_body_done(&self) -> bool {
        self.body == Body::Done
    }

    /// The trailers of a body that was read to its end.
    pub fn take_trailers(&mut self) -> Lines {
        std::mem::take(&mut self.trailers)
    }

    /// Whether the head of a final response was written, or is about to be.
    pub fn has_begun(&self) -> bool {
        self.out != Out::Head
    }

    /// Nothing more is written: a response that was cut short must not look complete.
    pub fn shut(&mut self) {
        self.keep_alive = false;
        self.out = Out::Done;
    }

    async fn fill(&mut self) -> Result<usize> {
        if let Body::Length(left) = self.body {
            self.client.expect(left);
        }
        self.client.fill(self.timeouts.read).await.map_err(read_error)
    }

    /// The next piece of the body that has come.
    fn take_piece(&mut self) -> Result<Piece> {
        let piece = self.body.take(&mut self.client.input, &mut self.trailers);
        let piece = piece
            .map_err(|error| Error::explain(ErrorType::InvalidHTTPHeader, error.to_string()).into_down())?;
        Ok(piece)
    }

    /// The next piece of the body that has come already, if any; `Some(None)` is its end.
    ///
    /// # Errors
    /// The body is broken.
    pub fn arrived_piece(&mut self) -> Result<Option<Option<Bytes>>> {
        Ok(match self.take_piece()? {
            Piece::Data(data) => Some(Some(data)),
            Piece::End => Some(None),
            Piece::NeedMore => None,
        })
    }

    /// The next piece of the body; `None` is its end.
    ///
    /// # Errors
    /// The body is broken, ends before its end, or does not come in time.
    pub async fn next_piece(&mut self) -> Result<Option<Bytes>> {
        loop {
            if let Some(piece) = self.arrived_piece()? {
                return Ok(piece);
            }
            if self.fill().await? == 0 {
                if self.body == Body::Tunnel {
                    self.body = Body::Done;
                    return Ok(None);
                }
                return Error::e_explain(
                    ErrorType::ConnectionClosed,
                    "the client closed before the body's end",
                );
            }
        }
    }

    /// Waits while there is nothing to read of this request: for the client to go away.
    ///
    /// # Errors
    /// It went.
    pub async fn idle(&mut self) -> Result<Option<Bytes>> {
        loop {
            if self.client.input.len() >= PIPELINE_LIMIT {
                return std::future::pending().await;
            }
            match self.client.fill(None).await.map_err(read_error)? {
                0 if self.facts().flags.abort_on_close.load(Ordering::Relaxed) => {
                    return Error::e_explain(
                        ErrorType::ConnectionClosed,
                        "the client closed before the answer",
                    );
                }
                // A client may close its side when it has said all: it still waits for the answer.
                0 => return std::future::pending().await,
                _ => {}
            }
        }
    }

    /// Puts a head into the output; `end` says that nothing follows it.
    ///
    /// # Errors
    /// The response ends before its `content-length`.
    pub fn queue_head(&mut self, head: &ResponseHead, end: bool, manner: Manner) -> Result<()> {
        if head.is_informational() {
            write_head(&mut self.client.output, head, None);
            return Ok(());
        }
        let framing = if manner.tunnel { Out::Tunnel } else { self.frame(head, end) };
        if manner.own && !self.drop_arrived_body() {
            self.keep_alive = false;
        }
        // A coding of HTTP/1.1 in a response of HTTP/1.0 may be read by nobody: nothing is to come behind it.
        let odd = head.version == Version::HTTP_10 && head.lines.has(b"transfer-encoding");
        if framing == Out::Close || odd || manner.last || self.client.facts().listener.is_stopping() {
            self.keep_alive = false;
        }
        // Who hears that CONNECT was agreed to expects a tunnel: no word, and the end where there is none.
        let agreed = self.method == Method::CONNECT && matches!(head.status, 200..=299);
        let word = if manner.tunnel || agreed { None } else { self.connection_word(head) };
        self.unsent = self.client.output.is_empty();
        write_head(&mut self.client.output, head, word);
        if framing == Out::Tunnel {
            self.body = Body::Tunnel;
        }
        self.keep_alive &= framing != Out::Tunnel && !agreed;
        self.out = framing;
        if end { self.queue_end(None.into_iter()) } else { Ok(()) }
    }

    /// Takes the response back, if nothing of it was written: there may be another one.
    pub fn forget(&mut self) -> bool {
        if self.unsent {
            self.client.output.clear();
            self.out = Out::Head;
        }
        std::mem::take(&mut self.unsent)
    }

    /// Drops what has come of the request's body without waiting for more. Whether that was all of it.
    fn drop_arrived_body(&mut self) -> bool {
        loop {
            match self.take_piece() {
                Ok(Piece::Data(_)) => {}
                Ok(Piece::End) => return true,
                Ok(Piece::NeedMore) | Err(_) => return false,
            }
        }
    }

    fn frame(&self, head: &ResponseHead, end: bool) -> Out {
        if self.method == Method::HEAD || matches!(head.status, 101 | 204 | 304) {
            return Out::Done;
        }
        if head.lines.has(b"transfer-encoding") {
            return Out::Chunked;
        }
        match head.lines.all(b"content-length").next().and_then(|value| decimal(value)) {
            Some(0) => Out::Done,
            Some(length) => Out::Length(length),
            None if end => Out::Done,
            None => Out::Close,
        }
    }

    /// What `connection` must say, if anything: what the response's version does not say by itself (RFC 9112, 9.3).
    fn connection_word(&self, head: &ResponseHead) -> Option<&'static str> {
        if head.status == 101 {
            return None;
        }
        let client_is_old = self.version == Version::HTTP_10;
        let response_is_old = head.version == Version::HTTP_10;
        match self.keep_alive {
            true if client_is_old || response_is_old => Some("keep-alive"),
            true => None,
            false if response_is_old => None,
            false => Some("close"),
        }
    }

    /// Puts body bytes into the output, or writes them straight away when they are many.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub async fn queue_body(&mut self, data: Bytes) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        let data = match &mut self.out {
            Out::Head | Out::Done => return Ok(()),
            Out::Length(left) => {
                let take = usize::try_from(*left).unwrap_or(usize::MAX).min(data.len());
                *left -= take as u64;
                if *left == 0 {
                    self.out = Out::Done;
                }
                data.slice(..take)
            }
            Out::Chunked => {
                write_chunk_size(&mut self.client.output, data.len());
                self.client.output.extend_from_slice(&data);
                self.client.output.extend_from_slice(b"\r\n");
                return self.write_if_full().await;
            }
            Out::Close | Out::Tunnel => data,
        };
        if self.client.output.len() + data.len() > OUTPUT_MARK {
            self.unsent = false;
            return self.client.write_out(&data, self.timeouts.write).await.map_err(write_error);
        }
        self.client.output.extend_from_slice(&data);
        Ok(())
    }

    async fn write_if_full(&mut self) -> Result<()> {
        if self.client.output.len() > OUTPUT_MARK { self.write_all().await } else { Ok(()) }
    }

    /// Writes what is in the output.
    ///
    /// # Errors
    /// The client is gone, or takes nothing for too long.
    pub async fn write_all(&mut self) -> Result<()> {
        self.unsent = false;
        self.client.write_out(&[], self.timeouts.write).await.map_err(write_error)
    }

    /// Ends the body, with trailers if it has any.
    ///
    /// # Errors
    /// It is shorter than its head has announced.
    pub fn queue_end<'a>(&mut self, trailers: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Result<()> {
        match self.out {
            Out::Chunked => {
                let output = &mut self.client.output;
                output.extend_from_slice(b"0\r\n");
                for (name, value) in trailers {
                    write_line(output, name, value);
                }
                output.extend_from_slice(b"\r\n");
                self.out = Out::Done;
            }
            Out::Length(left) if left > 0 => {
                self.keep_alive = false;
                return Error::e_explain(
                    ErrorType::ConnectionClosed,
                    "the response ends before its content-length",
                );
            }
            Out::Close => {
                self.keep_alive = false;
                self.out = Out::Done;
            }
            Out::Tunnel => {
                // A tunnel ends with either side.
                self.keep_alive = false;
                self.out = Out::Done;
                self.body = Body::Done;
            }
            Out::Head | Out::Done | Out::Length(_) => {}
        }
        Ok(())
    }
}

fn read_error(failure: IoFailure) -> Box<Error> {
    match failure {
        IoFailure::TimedOut => Error::explain(ErrorType::ReadTimedout, "timeout client").into_down(),
        IoFailure::Socket(error) => {
            Error::because(ErrorType::ReadError, "reading from the client", error).into_down()
        }
    }
}

fn write_error(failure: IoFailure) -> Box<Error> {
    match failure {
        IoFailure::TimedOut => Error::explain(ErrorType::WriteTimedout, "timeout client").into_down(),
        IoFailure::Socket(error) => {
            Error::because(ErrorType::WriteError, "writing to the client", error).into_down()
        }
    }
}

fn write_head(output: &mut BytesMut, head: &ResponseHead, word: Option<&str>) {
    // With room for a short body: one allocation, and no moving about.
    output.reserve(head.lines.size() + 4 * head.lines.len() + HEAD_ROOM);
    head.write_status_line(output);
    let framing: [&[u8]; 2] = [b"content-length", b"transfer-encoding"];
    if matches!(head.status, 100..=199 | 204) && framing.iter().any(|name| head.lines.has(name)) {
        // They have no body, and so nothing to say of it (RFC 9110, 8.6; RFC 9112, 6.1).
        let mut lines = head.lines.clone();
        framing.iter().for_each(|name| lines.remove(name));
        lines.write_for_next_hop(output);
    } else {
        head.lines.write_for_next_hop(output);
    }
    if let Some(word) = word {
        write_line(output, b"connection", word.as_bytes());
    }
    output.put_slice(b"\r\n");
}

/// Writes the line before a chunk.
pub(crate) fn write_chunk_size(output: &mut BytesMut, size: usize) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0u8; 18];
    let mut at = text.len() - 2;
    text[at..].copy_from_slice(b"\r\n");
    let mut left = size;
    loop {
        at -= 1;
        text[at] = DIGITS[left & 15];
        left >>= 4;
        if left == 0 {
            break;
        }
    }
    output.extend_from_slice(&text[at..]);
}
