//! An HTTP/1 request as Pingora's custom server session: for what Pingora's own relay carries, which is upgrades.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{BufMut, Bytes, BytesMut};
use futures::Stream;
use http::{HeaderMap, StatusCode};
use parking_lot::Mutex;
use pingora::http::{RequestHeader, ResponseHeader};
use pingora::protocols::Digest;
use pingora::protocols::http::HttpTask;
use pingora::protocols::http::custom::CustomMessageWrite;
use pingora::protocols::http::custom::server::Session;
use pingora::protocols::l4::socket::SocketAddr;
use pingora::{Error, ErrorType, Result};

use super::connection::ClientConnection;
use super::session::{H1Session, Manner};
use crate::message::ResponseHead;
use crate::stream::digest_of;

/// Bodies up to this size can be sent to another server when the first refuses the connection.
const RETRY_BUFFER: usize = 64 * 1024;

/// Where a session puts the connection when it is done with it.
pub(super) type Slot = Arc<Mutex<Option<Box<ClientConnection>>>>;

/// A session in Pingora's clothes.
pub(super) struct Framed {
    /// Taken out when it ends.
    session: Option<H1Session>,
    home: Slot,
    /// What Pingora's frame may look at; the request itself is in the connection.
    request: RequestHeader,
    digest: Digest,
    body_read: usize,
    body_sent: usize,
    replay: Option<Replay>,
    response: Option<Box<ResponseHeader>>,
    drain_timeout: Option<Duration>,
}

/// What was read of the body, while it is small enough to be sent again.
#[derive(Debug, Default)]
struct Replay {
    parts: Vec<Bytes>,
    size: usize,
    truncated: bool,
}

impl std::fmt::Debug for Framed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Framed").field("session", &self.session).finish_non_exhaustive()
    }
}

impl Framed {
    /// Dresses a session; the connection comes back through `home`.
    pub(super) fn new(session: H1Session, home: Slot) -> Self {
        let mut request = RequestHeader::from(http::Request::new(()).into_parts().0);
        request.set_method(session.method().clone());
        request.set_version(session.version());
        let digest = Digest {
            ssl_digest: None,
            timing_digest: Vec::new(),
            proxy_digest: digest_of(session.facts()),
            socket_digest: None,
        };
        Self {
            session: Some(session),
            home,
            request,
            digest,
            body_read: 0,
            body_sent: 0,
            replay: None,
            response: None,
            drain_timeout: None,
        }
    }

    fn session(&mut self) -> Result<&mut H1Session> {
        self.session.as_mut().ok_or_else(|| Error::explain(ErrorType::InternalError, "the session has ended"))
    }

    fn queue_head(&mut self, mut response: Box<ResponseHeader>, end: bool) -> Result<()> {
        let manner = response.extensions_mut().remove::<Manner>().unwrap_or_default();
        let head = response.extensions_mut().remove::<ResponseHead>();
        let head = head.unwrap_or_else(|| ResponseHead::of_pingora(&response));
        self.session()?.queue_head(&head, end, manner)?;
        if !response.status.is_informational() || response.status == StatusCode::SWITCHING_PROTOCOLS {
            self.response = Some(response);
        }
        Ok(())
    }

    async fn take_task(&mut self, task: HttpTask) -> Result<bool> {
        match task {
            HttpTask::Header(response, end) => {
                self.queue_head(response, end)?;
                Ok(end)
            }
            HttpTask::Body(data, end) | HttpTask::UpgradedBody(data, end) => {
                if let Some(data) = data {
                    self.body_sent += data.len();
                    self.session()?.queue_body(data).await?;
                }
                if end {
                    self.session()?.queue_end(None.into_iter())?;
                }
                Ok(end)
            }
            HttpTask::Trailer(trailers) => {
                self.queue_trailers(trailers.as_deref())?;
                Ok(true)
            }
            HttpTask::Done => {
                self.session()?.queue_end(None.into_iter())?;
                Ok(true)
            }
            HttpTask::Failed(error) => Err(error),
        }
    }

    fn queue_trailers(&mut self, trailers: Option<&HeaderMap>) -> Result<()> {
        let lines = trailers.into_iter().flatten();
        self.session()?.queue_end(lines.map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes())))
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

impl Drop for Framed {
    fn drop(&mut self) {
        if let Some(session) = self.session.take() {
            *self.home.lock() = Some(session.into_client());
        }
    }
}

#[async_trait]
impl Session for Framed {
    fn req_header(&self) -> &RequestHeader {
        &self.request
    }

    fn req_header_mut(&mut self) -> &mut RequestHeader {
        &mut self.request
    }

    async fn read_body_bytes(&mut self) -> Result<Option<Bytes>> {
        let piece = self.session()?.next_piece().await?;
        if let Some(data) = &piece {
            self.body_read += data.len();
            self.remember(data);
        }
        Ok(piece)
    }

    async fn drain_request_body(&mut self) -> Result<()> {
        let patience = self.drain_timeout;
        let session = self.session()?;
        let drain = async {
            while session.next_piece().await?.is_some() {}
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
        self.session()?.write_all().await
    }

    async fn write_trailers(&mut self, trailers: HeaderMap) -> Result<()> {
        self.queue_trailers(Some(&trailers))?;
        self.session()?.write_all().await
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
        self.session()?.write_all().await?;
        failure.map_or(Ok(done), Err)
    }

    fn set_read_timeout(&mut self, timeout: Option<Duration>) {
        self.session.iter_mut().for_each(|session| session.timeouts.read = timeout);
    }

    fn get_read_timeout(&self) -> Option<Duration> {
        self.session.as_ref().and_then(|session| session.timeouts.read)
    }

    fn set_write_timeout(&mut self, timeout: Option<Duration>) {
        self.session.iter_mut().for_each(|session| session.timeouts.write = timeout);
    }

    fn get_write_timeout(&self) -> Option<Duration> {
        self.session.as_ref().and_then(|session| session.timeouts.write)
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

    async fn shutdown(&mut self, _code: u32, _context: &str) {
        self.session.iter_mut().for_each(H1Session::shut);
    }

    fn is_body_done(&mut self) -> bool {
        self.session.as_ref().is_none_or(H1Session::is_body_done)
    }

    async fn finish(&mut self) -> Result<()> {
        let session = self.session()?;
        session.queue_end(None.into_iter())?;
        session.write_all().await
    }

    fn is_body_empty(&mut self) -> bool {
        self.session.as_ref().is_none_or(H1Session::is_body_empty)
    }

    async fn read_body_or_idle(&mut self, no_body_expected: bool) -> Result<Option<Bytes>> {
        let session = self.session()?;
        if session.is_body_done() || (no_body_expected && !session.was_upgraded()) {
            session.idle().await
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
        Some(&self.digest)
    }

    fn digest_mut(&mut self) -> Option<&mut Digest> {
        Some(&mut self.digest)
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
        self.session.as_ref().is_some_and(H1Session::is_upgrade)
    }

    fn was_upgraded(&self) -> bool {
        self.session.as_ref().is_some_and(H1Session::was_upgraded)
    }
}
