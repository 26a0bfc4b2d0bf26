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
    /// The client left before it said anything.
    #[error("Connection closed while waiting for PROXY protocol header")]
    Closed,
    /// Nothing came in time.
    #[error("Timeout while waiting for PROXY protocol header")]
    Late,
    /// The client left, or stopped, in the midst of it.
    #[error("Truncated PROXY protocol header received")]
    Truncated,
    /// It said something else.
    #[error("Received something which does not look like a PROXY protocol header")]
    Other,
    /// It said something that begins like one.
    #[error("Received an invalid PROXY protocol header")]
    Invalid,
}

/// Reads the line; one without addresses leaves the connection's own in force.
///
/// # Errors
/// There is none, and the connection is of no use.
pub(crate) async fn read(stream: &mut listen::Stream, patience: Option<Duration>) -> Result<Header, NoLine> {
    let mut seen = Vec::with_capacity(128);
    let reading = read_unbounded(stream, &mut seen);
    let read = match patience {
        None => reading.await,
        Some(patience) => tokio::time::timeout(patience, reading).await.unwrap_or(Err(NoLine::Late)),
    };
    read.map_err(|reason| match reason {
        NoLine::Closed | NoLine::Late if !seen.is_empty() => NoLine::Truncated,
        NoLine::Other if STARTS.iter().any(|start| seen.starts_with(start)) => NoLine::Invalid,
        reason => reason,
    })
}

/// How the lines of both versions begin.
const STARTS: [&[u8]; 2] = [b"PROXY ", b"\r\n\r\n\0\r\nQUIT\n"];

async fn read_unbounded(stream: &mut listen::Stream, seen: &mut Vec<u8>) -> Result<Header, NoLine> {
    loop {
        // A byte at a time: the line is short, and what follows it belongs to TLS or HTTP.
        let byte = stream.read_u8().await.map_err(|_| NoLine::Closed)?;
        seen.push(byte);
        match parse(seen) {
            Parsed::Complete(header) => return Ok(header),
            Parsed::Partial if seen.len() < MAX => {}
            Parsed::Partial | Parsed::Invalid(_) => return Err(NoLine::Other),
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
    let silence = matches!(reason, NoLine::Closed | NoLine::Late);
    if !(silence && route.frontend.model().options.dontlognull) {
        log_failure(route, (source, destination), accepted, &reason.to_string(), None);
    }
}
