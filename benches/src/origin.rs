//! The origin that every subject forwards to: answers each request with 200 and a short body, and counts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::net::{TcpListener, TcpStream};

use crate::message::Connection;

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, proxy";

/// How much has arrived.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
}

/// Serves until the listener fails.
pub(crate) async fn serve(listener: TcpListener, tally: Arc<Tally>) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        tally.connections.fetch_add(1, Relaxed);
        let tally = Arc::clone(&tally);
        tokio::spawn(async move { converse(stream, &tally).await });
    }
}

async fn converse(stream: TcpStream, tally: &Tally) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.receive().await? {
        tally.requests.fetch_add(1, Relaxed);
        connection.send(ANSWER).await?;
        if request.close {
            break;
        }
    }
    Ok(())
}
