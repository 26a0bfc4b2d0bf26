//! A connection to a server: made within `timeout connect`, read and written without ever waiting for both at once.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use expr::ServerLink;
use listen::{Packets, Stream};
use observe::ServerCounters;
use pingora::{Error, ErrorType, Result};
use tokio::io::AsyncWrite;
use tokio::net::{TcpSocket, TcpStream, UnixStream};
use upstream::Address;

use super::pool::Key;
use crate::alarm::Alarm;
use crate::fill;

/// A connection that is being used.
#[derive(Debug)]
pub(crate) struct ServerConnection {
    /// The socket.
    pub stream: Stream,
    /// Read and not yet used.
    pub input: BytesMut,
    /// Where it belongs in the pool.
    pub key: Key,
    /// Its two ends.
    pub link: Arc<ServerLink>,
    counters: Arc<ServerCounters>,
    reused: bool,
    alarm: Alarm,
}

impl ServerConnection {
    /// A connection that was just made.
    pub(crate) fn new(stream: Stream, key: Key, counters: Arc<ServerCounters>) -> Self {
        counters.connection_used();
        let link = match &stream {
            Stream::Tcp(tcp) => {
                ServerLink { source: tcp.local_addr().ok(), destination: tcp.peer_addr().ok(), tls: None }
            }
            Stream::Unix(_) => ServerLink { source: None, destination: None, tls: None },
        };
        Self {
            stream,
            link: Arc::new(link),
            input: BytesMut::new(),
            key,
            counters,
            reused: false,
            alarm: Alarm::default(),
        }
    }

    /// Its next request begins.
    pub(crate) fn use_again(&mut self) {
        self.reused = true;
    }

    /// Whether it has served a request before.
    pub(crate) fn is_reused(&self) -> bool {
        self.reused
    }

    /// What the server counts.
    pub(crate) fn counters(&self) -> &ServerCounters {
        &self.counters
    }

    /// Writes what is in `output` and reads what comes, whichever can be done first. With `more` to be written later it
    /// comes back as soon as all of `output` is written. Dropping the future loses nothing.
    pub(crate) async fn turn(
        &mut self,
        output: &mut BytesMut,
        more: bool,
        patience: Option<Duration>,
    ) -> Turn {
        let (stream, input) = (&mut self.stream, &mut self.input);
        let begun = !output.is_empty();
        let turning = std::future::poll_fn(|cx| {
            while !output.is_empty() {
                match Pin::new(&mut *stream).poll_write(cx, output) {
                    Poll::Ready(Ok(0)) => {
                        return Poll::Ready(Turn::unwritable(io::ErrorKind::WriteZero.into()));
                    }
                    Poll::Ready(Ok(written)) => output.advance(written),
                    Poll::Ready(Err(error)) => return Poll::Ready(Turn::unwritable(error)),
                    Poll::Pending => break,
                }
            }
            if begun && more && output.is_empty() {
                return Poll::Ready(Turn::Written);
            }
            fill::poll_fill(stream, input, cx).map(Turn::read)
        });
        match self.alarm.within(patience, turning).await {
            Some(turn) => turn,
            None if output.is_empty() => Turn::read(Err(io::ErrorKind::TimedOut.into())),
            None => Turn::unwritable(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Whether an idle connection can be used: a server that has closed it, or said something unasked, is done with it.
    /// It asks the kernel only if something has happened to the connection.
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

/// What became of a [`ServerConnection::turn`].
#[derive(Debug)]
pub(crate) enum Turn {
    /// All of the output was written.
    Written,
    /// So many bytes were read; 0 is the end.
    Read(Result<usize>),
    /// Nothing more can be written.
    Unwritable(Box<Error>),
}

impl Turn {
    fn read(result: io::Result<usize>) -> Self {
        Self::Read(result.map_err(|error| of_io(error, ErrorType::ReadTimedout, ErrorType::ReadError)))
    }

    fn unwritable(error: io::Error) -> Self {
        Self::Unwritable(of_io(error, ErrorType::WriteTimedout, ErrorType::WriteError))
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
pub(super) async fn connect(
    address: &Address,
    packets: Packets,
    patience: Option<Duration>,
) -> Result<Stream> {
    let connecting = async {
        match address {
            Address::Ip(addr) => {
                let stream = tcp(*addr, packets).await?;
                stream.set_nodelay(true)?;
                Ok(Stream::Tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(&**path).await.map(Stream::Unix),
        }
    };
    Alarm::default()
        .within(patience, connecting)
        .await
        .unwrap_or_else(|| Err(io::ErrorKind::TimedOut.into()))
        .map_err(|error| {
            let kind = match error.kind() {
                io::ErrorKind::TimedOut => ErrorType::ConnectTimedout,
                io::ErrorKind::ConnectionRefused => ErrorType::ConnectRefused,
                _ => ErrorType::ConnectError,
            };
            Error::because(kind, address.to_string(), error).into_up()
        })
}

/// A connection whose packets are marked from the first one on.
async fn tcp(addr: SocketAddr, packets: Packets) -> io::Result<TcpStream> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if !packets.is_plain() {
        packets.put_on(&socket);
    }
    socket.connect(addr).await
}
