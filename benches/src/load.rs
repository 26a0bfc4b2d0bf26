//! The load generator: so many clients, each asking again as soon as it is answered.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::message::Connection;

/// A request that takes longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the clients do.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) address: SocketAddr,
    pub(crate) clients: usize,
    /// The bytes of one request.
    pub(crate) request: Arc<[u8]>,
    /// Whether a client keeps its connection, or makes a new one for each request.
    pub(crate) keep_alive: bool,
    pub(crate) tls: Option<Arc<rustls::ClientConfig>>,
    /// A client to which connecting is refused goes home: it would find another instance in a cluster.
    pub(crate) until_refused: bool,
}

/// What became of the requests.
#[derive(Default)]
pub(crate) struct Tally {
    answered: AtomicU64,
    failed: AtomicU64,
    /// Asked again because a kept connection was closed before a byte of the answer, as any client would.
    retried: AtomicU64,
    refused: AtomicU64,
    first_failure: Mutex<Option<String>>,
}

impl Tally {
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    fn fail(&self, why: String) {
        self.failed.fetch_add(1, Relaxed);
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// One line for a person.
    pub(crate) fn summary(&self) -> String {
        let first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.as_ref().map(|why| format!(", the first: {why}")).unwrap_or_default();
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        let (answered, failed) = (self.answered(), self.failed());
        let (retried, refused) = (of(&self.retried), of(&self.refused));
        format!("{answered} answered, {failed} failed{first}, {retried} asked again, {refused} refused")
    }
}

/// Running clients.
pub(crate) struct Load {
    pub(crate) tally: Arc<Tally>,
    stopping: Arc<AtomicBool>,
    clients: JoinSet<()>,
}

impl Load {
    pub(crate) fn start(plan: &Plan) -> Self {
        let (tally, stopping) = (Arc::<Tally>::default(), Arc::<AtomicBool>::default());
        let mut clients = JoinSet::new();
        for _ in 0..plan.clients {
            let client =
                Client { plan: plan.clone(), tally: Arc::clone(&tally), stopping: Arc::clone(&stopping) };
            clients.spawn(client.run());
        }
        Self { tally, stopping, clients }
    }

    /// Waits until every client has gone home by itself.
    pub(crate) async fn finished(&mut self) {
        while self.clients.join_next().await.is_some() {}
    }

    /// Lets the requests under way finish.
    pub(crate) async fn stop(&mut self) {
        self.stopping.store(true, Relaxed);
        self.finished().await;
    }
}

struct Client {
    plan: Plan,
    tally: Arc<Tally>,
    stopping: Arc<AtomicBool>,
}

impl Client {
    async fn run(self) {
        while !self.stopping.load(Relaxed) {
            match self.session().await {
                Ok(()) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    self.tally.refused.fetch_add(1, Relaxed);
                    if self.plan.until_refused {
                        return;
                    }
                    tokio::time::sleep(Duration::from_millis(10)).await;
                }
                Err(error) => self.tally.fail(error.to_string()),
            }
        }
    }

    /// One connection, from connecting to closing.
    async fn session(&self) -> io::Result<()> {
        let stream = within(TcpStream::connect(self.plan.address)).await?;
        stream.set_nodelay(true)?;
        match &self.plan.tls {
            None => self.converse(Connection::new(stream)).await,
            Some(config) => {
                let name = ServerName::IpAddress(self.plan.address.ip().into());
                let stream = within(TlsConnector::from(Arc::clone(config)).connect(name, stream)).await?;
                self.converse(Connection::new(stream)).await
            }
        }
    }

    async fn converse<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        mut connection: Connection<S>,
    ) -> io::Result<()> {
        let mut reused = false;
        loop {
            let Some(close) = self.exchange(&mut connection, reused).await? else { return Ok(()) };
            if close || !self.plan.keep_alive || self.stopping.load(Relaxed) {
                return Ok(());
            }
            reused = true;
        }
    }

    /// One request and its answer: whether the connection ends with it, or `None` if it had ended before.
    async fn exchange<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        connection: &mut Connection<S>,
        reused: bool,
    ) -> io::Result<Option<bool>> {
        let sent = within(connection.send(&self.plan.request)).await;
        let answer = match sent {
            Ok(()) => within(connection.receive()).await,
            Err(error) => Err(error),
        };
        match answer {
            Ok(Some(answer)) if answer.is_success() => {
                self.tally.answered.fetch_add(1, Relaxed);
                Ok(Some(answer.close))
            }
            Ok(Some(answer)) => {
                self.tally.fail(answer.first_line);
                Ok(Some(answer.close))
            }
            Ok(None) if !reused => Err(ErrorKind::UnexpectedEof.into()),
            Err(error) if !(reused && is_closed(&error)) => Err(error),
            Ok(None) | Err(_) => {
                self.tally.retried.fetch_add(1, Relaxed);
                Ok(None)
            }
        }
    }
}

fn is_closed(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionReset | ErrorKind::BrokenPipe)
}

async fn within<T>(work: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    tokio::time::timeout(PATIENCE, work).await.unwrap_or_else(|_| Err(ErrorKind::TimedOut.into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::origin;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn kept_and_new_connections_are_told_apart_at_the_origin() {
        for (keep_alive, connections) in [(true, 2), (false, 3)] {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let address = listener.local_addr().unwrap();
            let arrived = Arc::<origin::Tally>::default();
            tokio::spawn(origin::serve(listener, Arc::clone(&arrived)));
            let request = Arc::from(&b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"[..]);
            let plan = Plan { address, clients: 2, request, keep_alive, tls: None, until_refused: false };
            let mut load = Load::start(&plan);
            while load.tally.answered() < 20 {
                tokio::task::yield_now().await;
            }
            load.stop().await;
            assert_eq!(load.tally.failed(), 0, "{}", load.tally.summary());
            assert_eq!(arrived.requests.load(Relaxed), load.tally.answered());
            let seen = arrived.connections.load(Relaxed);
            assert!(if keep_alive { seen == connections } else { seen >= 20 }, "{seen} connections");
        }
    }

    #[tokio::test]
    async fn clients_that_are_refused_go_home_when_told_to() {
        let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let request = Arc::from(&b""[..]);
        let plan =
            Plan { address: closed, clients: 3, request, keep_alive: false, tls: None, until_refused: true };
        let mut load = Load::start(&plan);
        load.finished().await;
        assert_eq!(load.tally.summary(), "0 answered, 0 failed, 0 asked again, 3 refused");
    }
}
