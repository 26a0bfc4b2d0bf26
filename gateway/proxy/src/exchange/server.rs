//! A connection to a server: made within `timeout connect`, read and written without ever waiting for both at once.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use listen::Stream;
use observe::ServerCounters;
use pingora::{Error, ErrorType, Result};
use tokio::net::{TcpStream, UnixStream};
use upstream::Address;

use super::pool::Key;

/// How much is read at once.
const READ_SIZE: usize = 32 * 1024;

/// A connection that is being used.
#[derive(Debug)]
pub(crate) struct ServerConnection {
    /// The socket.
    pub stream: Stream,
    /// Read and not yet used.
    pub input: BytesMut,
    /// Where it belongs in the pool.
    pub key: Key,
    counters: Arc<ServerCounters>,
    reused: bool,
}

impl ServerConnection {
    /// A connection that was just made.
    pub(crate) fn new(stream: Stream, key: Key, counters: Arc<ServerCounters>) -> Self {
        counters.connection_used();
        Self { stream, input: BytesMut::new(), key, counters, reused: false }
    }

    /// The same connection for its next request.
    pub(crate) fn again(mut self) -> Self {
        self.reused = true;
        self
    }

    /// Whether it has served a request before.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// What the server counts.
    pub(crate) fn counters(&self) -> &ServerCounters {
        &self.counters
    }

    /// Reads more into `input`; 0 is the end. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The socket's error, or nothing came within `patience`.
    pub(crate) async fn fill(
        stream: &Stream,
        input: &mut BytesMut,
        patience: Option<Duration>,
    ) -> Result<usize> {
        let reading = async {
            loop {
                match read_now(stream, input) {
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.readable().await?,
                    result => return result,
                }
            }
        };
        within(patience, reading)
            .await
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| of_io(error, ErrorType::ReadTimedout, ErrorType::ReadError))
    }

    /// Writes what is in `output` and takes it out as it goes. Dropping the future loses nothing.
    ///
    /// # Errors
    /// The socket's error, or nothing could be written within `patience`.
    pub(crate) async fn flush(
        stream: &Stream,
        output: &mut BytesMut,
        patience: Option<Duration>,
    ) -> Result<()> {
        let writing = async {
            while !output.is_empty() {
                match stream.try_write(output) {
                    Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                    Ok(written) => output.advance(written),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
                    Err(error) => return Err(error),
                }
            }
            Ok(())
        };
        within(patience, writing)
            .await
            .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
            .map_err(|error| of_io(error, ErrorType::WriteTimedout, ErrorType::WriteError))
    }

    /// Whether an idle connection can be used: a server that has closed it, or said something unasked, is done with it.
    pub(crate) fn is_alive(&self) -> bool {
        let mut byte = [0; 1];
        let nothing = |error: &io::Error| error.kind() == io::ErrorKind::WouldBlock;
        self.stream.try_read(&mut byte).is_err_and(|error| nothing(&error))
    }
}

impl Drop for ServerConnection {
    fn drop(&mut self) {
        self.counters.connection_done();
    }
}

fn read_now(stream: &Stream, input: &mut BytesMut) -> io::Result<usize> {
    input.reserve(READ_SIZE);
    match stream {
        Stream::Tcp(stream) => stream.try_read_buf(input),
        Stream::Unix(stream) => stream.try_read_buf(input),
    }
}

async fn within<F: Future>(patience: Option<Duration>, future: F) -> Option<F::Output> {
    match patience {
        None => Some(future.await),
        Some(patience) => tokio::time::timeout(patience, future).await.ok(),
    }
}

fn of_io(error: io::Error, late: ErrorType, other: ErrorType) -> Box<Error> {
    let kind = if error.kind() == io::ErrorKind::TimedOut { late } else { other };
    Error::because(kind, "talking to the server", error).into_up()
}

/// Connects.
///
/// # Errors
/// The server refuses, or does not answer within `patience`.
pub(super) async fn connect(address: &Address, patience: Option<Duration>) -> Result<Stream> {
    let connecting = async {
        match address {
            Address::Ip(addr) => {
                let stream = TcpStream::connect(addr).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(&**path).await.map(Stream::Unix),
        }
    };
    within(patience, connecting).await.unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into())).map_err(
        |error| {
            let kind = match error.kind() {
                io::ErrorKind::TimedOut => ErrorType::ConnectTimedout,
                io::ErrorKind::ConnectionRefused => ErrorType::ConnectRefused,
                _ => ErrorType::ConnectError,
            };
            Error::because(kind, super::name(address), error).into_up()
        },
    )
}
