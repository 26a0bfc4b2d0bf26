//! The PROXY line at the start of a connection (`accept-proxy`), read without taking a byte that comes after it.

use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use expr::ProxyLine;
use listen::proxy_protocol::{Extensions, Header, MAX, Parsed, parse};
use tokio::io::AsyncReadExt;

use crate::handshake::log_failure;
use crate::listener::Route;

/// Why there was no PROXY line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoLine {
    /// The client left or was too slow.
    #[error("Connection closed while waiting for PROXY protocol header")]
    Closed,
    /// It said something else.
    #[error("Received something which does not look like a PROXY protocol header")]
    Invalid,
}

/// Reads the line; one without addresses leaves the connection's own in force.
///
/// # Errors
/// There is none, and the connection is of no use.
pub(crate) async fn read(stream: &mut listen::Stream, patience: Option<Duration>) -> Result<Header, NoLine> {
    let reading = read_unbounded(stream);
    match patience {
        None => reading.await,
        Some(patience) => tokio::time::timeout(patience, reading).await.unwrap_or(Err(NoLine::Closed)),
    }
}

async fn read_unbounded(stream: &mut listen::Stream) -> Result<Header, NoLine> {
    let mut seen = Vec::with_capacity(128);
    loop {
        // A byte at a time: the line is short, and what follows it belongs to TLS or HTTP.
        let byte = stream.read_u8().await.map_err(|_| NoLine::Closed)?;
        seen.push(byte);
        match parse(&seen) {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Partial if seen.len() < MAX => {}
            Parsed::Partial | Parsed::Invalid(_) => return Err(NoLine::Invalid),
        }
    }
}

/// What a line said besides addresses, as expressions want it.
pub(crate) fn told(extensions: Extensions) -> ProxyLine {
    ProxyLine { authority: extensions.authority, unique_id: extensions.unique_id }
}

/// Counts and logs a connection without its line.
pub(crate) fn refuse(
    route: &Route,
    source: Option<SocketAddr>,
    destination: Option<SocketAddr>,
    accepted: SystemTime,
    reason: &NoLine,
) {
    log_failure(route, (source, destination), accepted, &reason.to_string());
}
