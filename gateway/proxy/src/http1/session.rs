//! One HTTP/1 request and its response on a client connection, as Pingora's custom server session.
//!
//! Stock Pingora writes its own `date` and `connection`, loses HTTP/1.0 and answers what it cannot read with a page
//! of its own. Here the bytes are ours: what the origin said goes out as it was, names in lower case as HAProxy
//! writes them, with `connection` only where it is needed (RFC 9112, 9.3).

use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use futures::Stream;
use http::{HeaderMap, Method, StatusCode, Version};
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::HttpTask;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::{Error, ErrorType, Result};

use super::body::{Body, Piece};
use super::connection::{ClientConnection, IoFailure, Slot};
use super::head::{Head, decimal, kept_tokens};
use crate::message::{Lines, ResponseHead, write_line};

/// Bodies up to this size can be sent to another server when the first refuses the connection.
const RETRY_BUFFER: usize = 64 * 1024;
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
    /// Taken out when the session ends.
    client: Option<Box<ClientConnection>>,
    home: Slot,
    /// What Pingora's frame may look at; the request itself is in the connection.
    request: RequestHeader,
    keep_alive: bool,
    upgrade: bool,
    body: Body,
    body_empty: bool,
    body_read: usize,
    body_sent: usize,
    replay: Option<Replay>,
    trailers: Lines,
    out: Out,
    response: Option<Box<ResponseHeader>>,
    read_timeout: Option<Duration>,
    write_timeout: Option<Duration>,
    drain_timeout: Option<Duration>,
    abort_on_close: bool,
}

/// What was read of the body, while it is small enough to be sent again.
#[derive(Debug, Default)]
struct Replay {
    parts: Vec<Bytes>,
    size: usize,
    truncated: bool,
}

impl std::fmt::Debug for H1Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("H1Session").field("body", &self.body).field("out", &self.out).finish_non_exhaustive()
    }
}

/// On a response: the client's connection ends after it.
#[derive(Clone, Copy, Debug)]
pub struct CloseAfter;

/// On a response: it is the gateway's own, and does not wait for the request's body.
#[derive(Clone, Copy, Debug)]
pub struct OwnAnswer;

/// What a session takes from the configuration of its frontend.
#[derive(Clone, Copy, Debug)]
pub struct SessionOptions {
    /// `timeout client`.
    pub client: Option<Duration>,
    /// `option abortonclose`.
    pub abort_on_close: bool,
    /// Whether another request may follow at all.
    pub keep_alive: bool,
}

impl H1Session {
    /// A session for a head that was just read from `client`; the connection comes back through `home`.
    pub fn new(client: Box<ClientConnection>, home: Slot, head: &Head, options: SessionOptions) -> Self {
        let body = Body::from(head.framing);
        let mut request = RequestHeader::from(http::Request::new(()).into_parts().0);
        request.set_method(head.method.clone());
        request.set_version(head.version);
        Self {
            client: Some(client),
            home,
            request,
            keep_alive: head.keep_alive && options.keep_alive,
            upgrade: head.upgrade,
            body,
            body_empty: body == Body::Done,
            body_read: 0,
            body_sent: 0,
            replay: None,
            trailers: Lines::default(),
            out: Out::Head,
            response: None,
            read_timeout: options.client,
            write_timeout: options.client,
            drain_timeout: None,
            abort_on_close: options.abort_on_close,
        }
    }

    fn client(&mut self) -> Result<&mut ClientConnection> {
        self.client
            .as_deref_mut()
            .ok_or_else(|| Error::explain(ErrorType::InternalError, "the session has ended"))
    }

    async fn fill(&mut self) -> Result<usize> {
        let patience = self.read_timeout;
        let left = if let Body::Length(left) = self.body { left } else { 0 };
        let client = self.client()?;
        client.expect(left);
        client.fill(patience).await.map_err(read_error)
    }

    /// The next piece of the body that has come; its trailers go where the request's context finds them.
    fn take_piece(&mut self) -> Result<Piece> {
        let client = self
            .client
            .as_deref_mut()
            .ok_or_else(|| Error::explain(ErrorType::InternalError, "the session has ended"))?;
        let piece = self.body.take(&mut client.input, &mut self.trailers);
        let piece = piece
            .map_err(|error| Error::explain(ErrorType::InvalidHTTPHeader, error.to_string()).into_down())?;
        if piece == Piece::End && self.trailers.len() > 0 {
            *client.facts().trailers.lock() = Some(std::mem::take(&mut self.trailers));
        }
        Ok(piece)
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>> {
        loop {
            match self.take_piece()? {
                Piece::Data(data) => return Ok(Some(data)),
                Piece::End => return Ok(None),
                Piece::NeedMore => {}
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
    async fn idle(&mut self) -> Result<Option<Bytes>> {
        loop {
            let abort = self.abort_on_close;
            let client = self.client()?;
            if client.input.len() >= PIPELINE_LIMIT {
                return std::future::pending().await;
            }
            match client.fill(None).await.map_err(read_error)? {
                0 if abort => {
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

    fn queue_head(&mut self, response: &mut ResponseHeader, end: bool) -> Result<()> {
        let own = response.extensions.get::<OwnAnswer>().is_some();
        let close_after = response.extensions.get::<CloseAfter>().is_some();
        let head = response.extensions_mut().remove::<ResponseHead>();
        let head = head.unwrap_or_else(|| ResponseHead::of_pingora(response));
        if head.is_informational() {
            write_head(&mut self.client()?.output, &head, None);
            return Ok(());
        }
        let framing = self.frame(&head, end);
        if own && !self.drop_arrived_body() {
            self.keep_alive = false;
        }
        if framing == Out::Close || close_after || self.stopping() {
            self.keep_alive = false;
        }
        let word = self.connection_word(&head);
        write_head(&mut self.client()?.output, &head, word);
        if framing == Out::Tunnel {
            self.body = Body::Tunnel;
            self.keep_alive = false;
        }
        self.out = framing;
        Ok(())
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

    fn stopping(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.facts().listener.is_stopping())
    }

    fn frame(&self, head: &ResponseHead, end: bool) -> Out {
        if head.status == 101 {
            return if self.upgrade { Out::Tunnel } else { Out::Done };
        }
        if self.request.method == Method::HEAD || matches!(head.status, 204 | 304) {
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
        let client_is_old = self.request.version == Version::HTTP_10;
        let response_is_old = head.version == Version::HTTP_10;
        match self.keep_alive {
            true if client_is_old || response_is_old => Some("keep-alive"),
            true => None,
            false if response_is_old => None,
            false => Some("close"),
        }
    }

    /// Puts body bytes into the output, or writes them straight away when they are many.
    async fn queue_body(&mut self, data: Bytes) -> Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        self.body_sent += data.len();
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
                let client = self.client()?;
                write_chunk_size(&mut client.output, data.len());
                client.output.extend_from_slice(&data);
                client.output.extend_from_slice(b"\r\n");
                return self.write_if_full().await;
            }
            Out::Close | Out::Tunnel => data,
        };
        let patience = self.write_timeout;
        let client = self.client()?;
        if client.output.len() + data.len() > OUTPUT_MARK {
            return client.write_out(&data, patience).await.map_err(write_error);
        }
        client.output.extend_from_slice(&data);
        Ok(())
    }

    async fn write_if_full(&mut self) -> Result<()> {
        if self.client()?.output.len() > OUTPUT_MARK { self.write_all().await } else { Ok(()) }
    }

    async fn write_all(&mut self) -> Result<()> {
        let patience = self.write_timeout;
        self.client()?.write_out(&[], patience).await.map_err(write_error)
    }

    fn queue_end(&mut self, trailers: Option<&HeaderMap>) -> Result<()> {
        match self.out {
            Out::Chunked => {
                let client = self.client()?;
                client.output.extend_from_slice(b"0\r\n");
                for (name, value) in trailers.into_iter().flatten() {
                    write_line(&mut client.output, name.as_str().as_bytes(), value.as_bytes());
                }
                client.output.extend_from_slice(b"\r\n");
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

    async fn take_task(&mut self, task: HttpTask) -> Result<bool> {
        match task {
            HttpTask::Header(mut response, end) => {
                self.queue_head(&mut response, end)?;
                if !response.status.is_informational() || response.status == StatusCode::SWITCHING_PROTOCOLS {
                    self.response = Some(response);
                }
                if end {
                    self.queue_end(None)?;
                }
                Ok(end)
            }
            HttpTask::Body(data, end) | HttpTask::UpgradedBody(data, end) => {
                if let Some(data) = data {
                    self.queue_body(data).await?;
                }
                if end {
                    self.queue_end(None)?;
                }
                Ok(end)
            }
            HttpTask::Trailer(trailers) => {
                self.queue_end(trailers.as_deref())?;
                Ok(true)
            }
            HttpTask::Done => {
                self.queue_end(None)?;
                Ok(true)
            }
            HttpTask::Failed(error) => Err(error),
        }
    }

    fn remember(&mut self, data: &Bytes) {
        let Some(replay) = &mut self.replay else { return };
        if replay.truncated || replay.size + data.len() > RETRY_BUFFER {
            replay.truncated = true;
            replay.parts.clear();
            return;
        }
        replay.size += data.len();
        replay.parts.push(data.clone());
    }
}

impl Drop for H1Session {
    fn drop(&mut self) {
        if let Some(mut client) = self.client.take() {
            client.reusable = self.keep_alive && self.out == Out::Done && self.body == Body::Done;
            *self.home.lock() = Some(client);
        }
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
    head.write_status_line(output);
    for line in head.lines.iter() {
        if line.name != b"connection"[..] {
            write_line(output, &line.name, &line.value);
        } else if let Some(kept) = kept_tokens(&line.value, head.status == 101) {
            write_line(output, &line.name, &kept);
        }
    }
    if let Some(word) = word {
        write_line(output, b"connection", word.as_bytes());
    }
    output.put_slice(b"\r\n");
}

fn write_chunk_size(output: &mut BytesMut, size: usize) {
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

#[async_trait]
impl Session for H1Session {
    fn req_header(&self) -> &RequestHeader {
        &self.request
    }

    fn req_header_mut(&mut self) -> &mut RequestHeader {
        &mut self.request
    }

    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        let piece = self.next_piece().await?;
        if let Some(data) = &piece {
            self.body_read += data.len();
            self.remember(data);
        }
        Ok(piece)
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        let patience = self.drain_timeout;
        let drain = async {
            while self.next_piece().await?.is_some() {}
            Ok(())
        };
        match patience {
            None => drain.await,
            Some(patience) => tokio::time::timeout(patience, drain).await.unwrap_or_else(|_| {
                Err(Error::explain(ErrorType::ReadTimedout, "draining a request").into_down())
            }),
        }
    }

    async fn write_response_header(&mut self, response: Box<ResponseHeader>, end: bool) -> Result<()> {
        self.take_task(HttpTask::Header(response, end)).await?;
        Ok(())
    }

    async fn write_response_header_ref(&mut self, response: &ResponseHeader, end: bool) -> Result<()> {
        self.write_response_header(Box::new(response.clone()), end).await
    }

    async fn write_body(&mut self, data: Bytes, end: bool) -> Result<()> {
        self.take_task(HttpTask::Body(Some(data), end)).await?;
        self.write_all().await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.queue_end(Some(&trailers))?;
        self.write_all().await
    }

    async fn response_duplex_vec(&mut self, tasks: Vec<HttpTask>) -> Result<bool> {
        let mut done = false;
        let mut failure = None;
        for task in tasks {
            match self.take_task(task).await {
                Ok(end) => done |= end,
                Err(error) => {
                    failure = Some(error);
                    break;
                }
            }
        }
        self.write_all().await?;
        failure.map_or(Ok(done), Err)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.read_timeout = timeout;
    }

    fn get_read_timeout(&self) -> Option<Duration> {
        self.read_timeout
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.write_timeout = timeout;
    }

    fn get_write_timeout(&self) -> Option<Duration> {
        self.write_timeout
    }

    fn set_total_drain_timeout(&mut self, timeout: Option<Duration>) {
        self.drain_timeout = timeout;
    }

    fn get_total_drain_timeout(&self) -> Option<Duration> {
        self.drain_timeout
    }

    fn request_summary(&self) -> String {
        format!("{} {}", self.request.method, String::from_utf8_lossy(self.request.raw_path()))
    }

    fn response_written(&self) -> Option<&ResponseHeader> {
        self.response.as_deref()
    }

    /// Nothing more is written: a response that was cut short must not look complete.
    async fn shutdown(&mut self, _code: u32, _context: &str) {
        self.keep_alive = false;
        self.out = Out::Done;
    }

    fn is_body_done(&mut self) -> bool {
        self.body == Body::Done
    }

    async fn finish(&mut self) -> Result<()> {
        self.queue_end(None)?;
        self.write_all().await
    }

    fn is_body_empty(&mut self) -> bool {
        self.body_empty
    }

    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        if self.body == Body::Done || (no_body_expected && self.body != Body::Tunnel) {
            self.idle().await
        } else {
            self.read_body_bytes().await
        }
    }

    fn body_bytes_sent(&self) -> usize {
        self.body_sent
    }

    fn body_bytes_read(&self) -> usize {
        self.body_read
    }

    fn digest(&self) -> Option<&Digest> {
        self.client.as_ref().map(|client| &client.digest)
    }

    fn digest_mut(&mut self) -> Option<&mut Digest> {
        self.client.as_mut().map(|client| &mut client.digest)
    }

    fn client_addr(&self) -> Option<&SocketAddr> {
        None
    }

    fn server_addr(&self) -> Option<&SocketAddr> {
        None
    }

    fn pseudo_raw_h1_request_header(&self) -> Bytes {
        let mut wire = BytesMut::new();
        wire.put_slice(self.request.method.as_str().as_bytes());
        wire.put_slice(b" ");
        wire.put_slice(self.request.raw_path());
        wire.put_slice(b" HTTP/1.1\r\n");
        self.request.header_to_h1_wire(&mut wire);
        wire.put_slice(b"\r\n");
        wire.freeze()
    }

    fn enable_retry_buffering(&mut self) {
        self.replay.get_or_insert_default();
    }

    fn retry_buffer_truncated(&self) -> bool {
        self.replay.as_ref().is_some_and(|replay| replay.truncated)
    }

    fn get_retry_buffer(&self) -> Option<Bytes> {
        let replay = self.replay.as_ref().filter(|replay| !replay.truncated && !replay.parts.is_empty())?;
        if let [only] = &replay.parts[..] {
            return Some(only.clone());
        }
        Some(replay.parts.concat().into())
    }

    async fn finish_custom(&mut self) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_reader(
        &mut self,
    ) -> Option<Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>> {
        None
    }

    fn restore_custom_message_reader(
        &mut self,
        _reader: Box<dyn Stream<Item = Result<Bytes>> + Unpin + Send + Sync + 'static>,
    ) -> Result<()> {
        Ok(())
    }

    fn take_custom_message_writer(&mut self) -> Option<Box<dyn CustomMessageWrite>> {
        None
    }

    fn restore_custom_message_writer(&mut self, _writer: Box<dyn CustomMessageWrite>) -> Result<()> {
        Ok(())
    }

    fn is_upgrade_req(&self) -> bool {
        self.upgrade
    }

    fn was_upgraded(&self) -> bool {
        self.body == Body::Tunnel || self.out == Out::Tunnel
    }
}
