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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::Settings;
    use crate::cli::tests::Example;

    async fn ask<S: AsyncReadExt + AsyncWriteExt + Unpin>(mut stream: S, sent: &str) -> String {
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn the_cli_answers_over_a_unix_socket_until_it_is_stopped() {
        let path = std::env::temp_dir().join(format!("admin-{}.sock", std::process::id()));
        let listener = Listener::Unix(UnixListener::bind(&path).unwrap());
        let (stop, stopped) = watch::channel(false);
        let served = tokio::spawn(cli(listener, Arc::new(Example(Ok(()))), Settings::default(), 10, stopped));
        for _ in 0..3 {
            assert_eq!(ask(UnixStream::connect(&path).await.unwrap(), "show version\n").await, "0.1.0\n\n");
        }
        stop.send(true).unwrap();
        served.await.unwrap();
        assert!(UnixStream::connect(&path).await.is_err());
        std::fs::remove_file(&path).unwrap();
    }

    #[tokio::test]
    async fn metrics_are_served_over_tcp_one_connection_at_a_time_if_so_wished() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (_stop, stopped) = watch::channel(false);
        let served = tokio::spawn(metrics(Listener::Tcp(listener), Arc::new(Example(Ok(()))), 1, stopped));
        let first = TcpStream::connect(address).await.unwrap();
        let second = TcpStream::connect(address).await.unwrap();
        let request = "GET /readyz HTTP/1.1\r\nConnection: close\r\n\r\n";
        let mut later = tokio::spawn(ask(second, request));
        assert!(tokio::time::timeout(Duration::from_millis(50), &mut later).await.is_err());
        assert!(ask(first, request).await.starts_with("HTTP/1.1 200 OK\r\n"));
        assert!(later.await.unwrap().starts_with("HTTP/1.1 200 OK\r\n"));
        served.abort();
    }
}
