//! One client: connects, speaks what the work speaks, and asks again.

use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Pace, Plan, Tally, http2, websocket};
use crate::certificate::NAME;
use crate::message::Connection;
use crate::work::Speech;

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);
/// Between two tries to connect to who refuses.
const PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Client {
    pub(super) plan: Plan,
    pub(super) tally: Arc<Tally>,
    stopping: Arc<AtomicBool>,
    pace: Option<Pace>,
}

impl Client {
    pub(super) fn new(plan: Plan, tally: Arc<Tally>, stopping: Arc<AtomicBool>, pace: Option<Pace>) -> Self {
        Self { plan, tally, stopping, pace }
    }

    pub(super) async fn run(mut self) {
        while !self.stopping() {
            match self.session().await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.tally.refuse();
                    if self.plan.until_refused {
                        return;
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => self.tally.fail(error.to_string()),
            }
        }
    }

    /// Whether no further request is to be sent.
    pub(super) fn stopping(&self) -> bool {
        self.stopping.load(Relaxed)
    }

    /// One connection, from connecting to closing.
    async fn session(&mut self) -> io::Result<()> {
        let begun = match (&mut self.pace, self.plan.work.keep_alive) {
            (Some(pace), false) => Some(pace.turn().await),
            _ => None,
        };
        let stream = within(TcpStream::connect(self.plan.address)).await?;
        stream.set_nodelay(true)?;
        match self.plan.tls.clone() {
            None => self.speak(stream).await?,
            Some(config) => {
                let name = ServerName::try_from(NAME).map_err(io::Error::other)?;
                let stream = within(TlsConnector::from(config).connect(name, stream)).await?;
                let resumed = Some(rustls::HandshakeKind::Resumed);
                self.tally.handshake(stream.get_ref().1.handshake_kind() == resumed);
                self.speak(stream).await?;
            }
        }
        begun.into_iter().for_each(|begun| self.tally.took(begun.elapsed()));
        Ok(())
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
        &mut self,
        stream: S,
    ) -> io::Result<()> {
        match self.plan.work.speech {
            Speech::Http1 => self.converse(Connection::new(stream)).await,
            Speech::Http2 { streams } => http2::converse(self, stream, streams).await,
            Speech::WebSocket => websocket::converse(self, Connection::new(stream)).await,
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        mut connection: Connection<S>,
    ) -> io::Result<()> {
        let mut reused = false;
        loop {
            let begun = match (&mut self.pace, self.plan.work.keep_alive) {
                (Some(pace), true) => Some(pace.turn().await),
                _ => None,
            };
            let Some(close) = self.exchange(&mut connection, reused).await? else { return Ok(()) };
            begun.into_iter().for_each(|begun| self.tally.took(begun.elapsed()));
            if close || !self.plan.work.keep_alive || self.stopping() {
                return Ok(());
            }
            reused = true;
        }
    }

    /// The bytes that are sent next.
    fn request(&self) -> &[u8] {
        let others = &self.plan.others;
        let turn = usize::try_from(self.tally.answered()).unwrap_or_default();
        if others.is_empty() { &self.plan.request } else { &others[turn % others.len()] }
    }

    /// One request and its answer: whether the connection ends with it, or `None` if it had ended before.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        connection: &mut Connection<S>,
        reused: bool,
    ) -> io::Result<Option<bool>> {
        let sent = within(connection.send(self.request())).await;
        let answer = match sent {
            Ok(()) => within(connection.receive()).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(Some(answer)) if answer.is_success() => {
                self.tally.answer();
                Ok(Some(answer.close))
            }
            Ok(Some(answer)) => {
                self.tally.fail(answer.first_line);
                Ok(Some(answer.close))
            }
            Ok(None) if !reused => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if !(reused && is_closed(&error)) => Err(error),
            Ok(None) | Err(_) => {
                self.tally.retry();
                Ok(None)
            }
        }
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

/// Not longer than anybody would wait.
pub(super) async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}
