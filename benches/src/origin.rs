//! The origin that every subject forwards to: answers each request with 200 and as many bytes as the last part of its
//! path says, echoes after an upgrade, and counts.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use tokio::net::{TcpListener, TcpStream};

use crate::message::{Connection, Message};

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nhello, proxy";
/// The answer to the one key that the clients send (RFC 6455 1.3).
const UPGRADED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                          Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
/// No answer is longer.
const LONGEST: usize = 1 << 20;

/// How much has arrived.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) connections: AtomicU64,
    pub(crate) requests: AtomicU64,
}

/// Serves until the listener fails.
pub(crate) async fn serve(listener: TcpListener, tally: Arc<Tally>) -> io::Result<()> {
    let bytes: Arc<[u8]> = vec![b'o'; LONGEST].into();
    loop {
        let (stream, _) = listener.accept().await?;
        tally.connections.fetch_add(1, Relaxed);
        let (tally, bytes) = (Arc::clone(&tally), Arc::clone(&bytes));
        tokio::spawn(async move { converse(stream, &tally, &bytes).await });
    }
}

async fn converse(stream: TcpStream, tally: &Tally, bytes: &[u8]) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut connection = Connection::new(stream);
    while let Some(request) = connection.receive().await? {
        tally.requests.fetch_add(1, Relaxed);
        if request.upgrade {
            connection.send(UPGRADED).await?;
            return connection.echo().await;
        }
        match length(&request) {
            None => connection.send(ANSWER).await?,
            Some(length) => {
                let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
                connection.send(head.as_bytes()).await?;
                connection.send(&bytes[..length]).await?;
            }
        }
        if request.close {
            break;
        }
    }
    Ok(())
}

/// What the last part of the path asks for.
fn length(request: &Message) -> Option<usize> {
    let path = request.first_line.split(' ').nth(1)?;
    path.rsplit('/').next()?.parse().ok().filter(|length| *length <= LONGEST)
}
