//! What a NetScaler says at the start of a connection (`accept-netscaler-cip`), read without taking a byte that comes after
//! it.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use listen::netscaler::{Fault, START, length, parse};
use listen::proxy_protocol::Addresses;
use tokio::io::AsyncReadExt;

use crate::handshake::log_failure;
use crate::listener::Route;

/// Why there was no header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoHeader {
    /// The client left before it said anything.
    #[error("Connection closed while waiting for NetScaler Client IP header")]
    Closed,
    /// The connection broke before that.
    #[error("Connection error while waiting for NetScaler Client IP header")]
    Broken,
    /// Nothing came in time.
    #[error("Timeout while waiting for a NetScaler Client IP header")]
    Late,
    /// The client left, or stopped, in the midst of it.
    #[error("Truncated NetScaler Client IP header received")]
    Truncated,
    /// It said something else.
    #[error("Received an invalid NetScaler Client IP magic number")]
    Magic,
    /// It was about something else than TCP over IP.
    #[error("Received an unhandled protocol in the NetScaler Client IP header")]
    Unhandled,
}

impl NoHeader {
    /// Nothing was said at all.
    fn is_silence(self) -> bool {
        matches!(self, Self::Closed | Self::Broken | Self::Late)
    }
}

impl From<Fault> for NoHeader {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Magic => Self::Magic,
            Fault::Truncated => Self::Truncated,
            Fault::Unhandled => Self::Unhandled,
        }
    }
}

/// The ends that are told, where the socket wants a header, or a rule: nothing where neither does.
///
/// # Errors
/// There is none, and the connection is of no use.
pub(crate) async fn read(
    route: &Route,
    ruled: bool,
    stream: &mut listen::Stream,
    patience: Option<Duration>,
) -> Result<Option<Addresses>, NoHeader> {
    let wanted = route.frontend.model().binds.get(route.bind).and_then(|bind| bind.accept_netscaler_cip);
    // as in HAProxy, a rule expects the number of the socket, which is 0 where none is said
    let Some(magic) = wanted.or(ruled.then_some(0)) else { return Ok(None) };
    let mut seen = Vec::with_capacity(128);
    let reading = header(stream, magic, &mut seen);
    let read = match patience {
        None => reading.await,
        Some(patience) => tokio::time::timeout(patience, reading).await.unwrap_or(Err(NoHeader::Late)),
    };
    read.map(Some)
        .map_err(|reason| if reason.is_silence() && !seen.is_empty() { NoHeader::Truncated } else { reason })
}

/// Counts and logs a connection without its header.
pub(crate) fn refuse(route: &Route, ends: Ends, accepted: SystemTime, reason: NoHeader) {
    if !(reason.is_silence() && route.frontend.model().options.dontlognull) {
        log_failure(route, ends, accepted, &reason.to_string(), None);
    }
}

/// Both ends of a connection.
type Ends = (Option<SocketAddr>, Option<SocketAddr>);

async fn header(stream: &mut listen::Stream, magic: u32, seen: &mut Vec<u8>) -> Result<Addresses, NoHeader> {
    fill(stream, seen, START).await?;
    let start = seen.first_chunk().ok_or(NoHeader::Truncated)?;
    let whole = length(start, magic)?;
    fill(stream, seen, whole).await?;
    Ok(parse(seen)?)
}

/// Reads until there are so many bytes, and none behind them: those belong to TLS or HTTP.
async fn fill(stream: &mut listen::Stream, seen: &mut Vec<u8>, length: usize) -> Result<(), NoHeader> {
    while let Some(left) = length.checked_sub(seen.len()).filter(|left| *left > 0) {
        let read = (&mut *stream).take(left as u64).read_buf(seen).await.map_err(|error| of_io(&error))?;
        if read == 0 {
            return Err(NoHeader::Closed);
        }
    }
    Ok(())
}

fn of_io(error: &io::Error) -> NoHeader {
    if error.kind() == ErrorKind::UnexpectedEof { NoHeader::Closed } else { NoHeader::Broken }
}
