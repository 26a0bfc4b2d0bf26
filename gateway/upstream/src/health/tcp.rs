//! The plain check: a connection that is accepted is a server that is well.

use std::io;
use std::time::Duration;

use async_trait::async_trait;
use pingora_error::{BError, Result};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::HealthCheck;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::Verdict;
use super::probe::{Limits, failure, reason, socket_error};

/// Connects, and hangs up.
#[derive(Debug)]
pub(super) struct TcpProbe {
    limits: Limits,
    thresholds: (u32, u32),
}

impl TcpProbe {
    pub(super) fn new(limits: Limits, thresholds: (u32, u32)) -> Self {
        Self { limits, thresholds }
    }
}

#[async_trait]
impl HealthCheck for TcpProbe {
    async fn check(&self, target: &Target) -> Result<()> {
        connect(target, self.limits.connect, false).await.map(drop)
    }

    fn health_threshold(&self, success: bool) -> usize {
        (if success { self.thresholds.0 } else { self.thresholds.1 }) as usize
    }
}

/// A connection to a server of either kind.
pub(super) trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// Connects within `limit`; one that lingers is closed in good form.
pub(super) async fn connect(target: &Target, limit: Duration, lingers: bool) -> Result<Box<dyn Wire>> {
    if let Some(addr) = target.addr.as_inet() {
        let stream = bounded(limit, TcpStream::connect(*addr)).await?.map_err(|error| refused(&error))?;
        // hanging up by reset leaves no TIME_WAIT behind at every check, as HAProxy does; a failure costs only that
        if !lingers {
            let _kept = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
        }
        return Ok(Box::new(stream));
    }
    let Some(path) = target.addr.as_unix().and_then(|addr| addr.as_pathname()) else {
        return Err(failure(Verdict::SocketError, None, "no address"));
    };
    // a unix socket that is not there is a socket error to HAProxy, not a refused connection
    let stream = bounded(limit, UnixStream::connect(path)).await?.map_err(|error| socket_error(&error))?;
    Ok(Box::new(stream))
}

async fn bounded<T>(
    limit: Duration,
    connecting: impl Future<Output = io::Result<T>>,
) -> Result<io::Result<T>> {
    timeout(limit, connecting).await.map_err(|_| failure(Verdict::L4Timeout, None, ""))
}

fn refused(error: &io::Error) -> BError {
    if error.kind() == io::ErrorKind::TimedOut {
        return failure(Verdict::L4Timeout, None, "");
    }
    failure(Verdict::L4Connection, None, reason(error))
}
