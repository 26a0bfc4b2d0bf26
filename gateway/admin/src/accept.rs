//! Accept loops for both doors, over whatever the listeners give. A few connections at once are enough for
//! operators; more wait in the backlog.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

/// A socket of either kind.
#[derive(Debug)]
pub enum Listener {
    /// TCP.
    Tcp(TcpListener),
    /// A unix stream socket.
    Unix(UnixListener),
}

/// A connection of either kind.
enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Listener {
    async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Stream::Tcp(stream)),
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Stream::Unix(stream)),
        }
    }
}

/// How long to wait when the system has nothing left for another connection.
const EXHAUSTED: Duration = Duration::from_millis(100);

/// Serves the CLI until `stop` becomes true; `most` connections at once (`stats maxconn`, 10 by default).
pub async fn cli(
    listener: Listener,
    subject: Arc<dyn crate::Subject>,
    settings: crate::Settings,
    most: usize,
    stop: watch::Receiver<bool>,
) {
    let serve = move |stream| {
        let subject = Arc::clone(&subject);
        async move {
            match stream {
                Stream::Tcp(stream) => crate::serve(stream, subject, settings).await,
                Stream::Unix(stream) => crate::serve(stream, subject, settings).await,
            }
        }
    };
    accept(listener, most, stop, serve).await;
}

/// Serves `/metrics` and its neighbours until `stop` becomes true.
pub async fn metrics(
    listener: Listener,
    subject: Arc<dyn crate::Subject>,
    most: usize,
    stop: watch::Receiver<bool>,
) {
    let serve = move |stream| {
        let subject = Arc::clone(&subject);
        async move {
            match stream {
                Stream::Tcp(stream) => crate::metrics::serve(stream, subject).await,
                Stream::Unix(stream) => crate::metrics::serve(stream, subject).await,
            }
        }
    };
    accept(listener, most, stop, serve).await;
}

async fn accept<F, S>(listener: Listener, most: usize, mut stop: watch::Receiver<bool>, serve: F)
where
    F: Fn(Stream) -> S,
    S: Future<Output = io::Result<()>> + Send + 'static,
{
    let room = Arc::new(Semaphore::new(most.max(1)));
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let next = async {
            let permit = Arc::clone(&room).acquire_owned().await;
            (permit, listener.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            _ = stop.wait_for(|stop| *stop) => return,
        };
        match accepted {
            Ok(stream) => {
                let serving = serve(stream);
                connections.spawn(async move {
                    let _permit = permit;
                    // a peer that goes away is its own business
                    drop(serving.await);
                });
            }
            Err(error) => {
                log::warn!("cannot accept a connection: {error}");
                tokio::time::sleep(EXHAUSTED).await;
            }
        }
    }
}
