//! A connection to a server: made within `timeout connect`, read and written without ever waiting for both at once.

use std::io;
use std::net::SocketAddr;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use bytes::{Buf, BytesMut};
use expr::ServerLink;
use listen::{Packets, Stream};
use observe::ServerCounters;
use pingora::{Error, ErrorType, Result};
use socket2::{Domain, Socket, Type};
use tokio::io::AsyncWrite;
use tokio::net::{TcpStream, UnixStream};
use upstream::Address;

use super::pool::Shelf;
use crate::alarm::Alarm;
use crate::connection::OpenSocket;
use crate::fill;

/// What expressions may ask of a connection.
#[derive(Debug)]
pub(crate) struct ServerEnd {
    /// Its two ends.
    pub link: ServerLink,
    /// Its socket, while it is open.
    pub socket: OpenSocket,
}

/// A connection that is being used.
#[derive(Debug)]
pub(crate) struct ServerConnection {
    /// The socket.
    pub stream: Stream,
    /// Read and not yet used.
    pub input: BytesMut,
    /// Where it belongs in the pool, and whether it is counted as in use there.
    shelf: Arc<Shelf>,
    in_use: bool,
    /// Its two ends.
    pub link: Arc<ServerEnd>,
    counters: Arc<ServerCounters>,
    reused: bool,
    alarm: Alarm,
}

impl ServerConnection {
    /// A connection to this address that was just made.
    pub(crate) fn new(
        stream: Stream,
        address: &Address,
        shelf: Arc<Shelf>,
        counters: Arc<ServerCounters>,
    ) -> Self {
        counters.connection_used();
        shelf.lend();
        let link = ServerLink { source: stream.local_addr(), destination: address.ip(), tls: None };
        let socket = OpenSocket::default();
        socket.opened(stream.as_raw_fd());
        Self {
            stream,
            link: Arc::new(ServerEnd { link, socket }),
            input: BytesMut::new(),
            shelf,
            in_use: true,
            counters,
            reused: false,
            alarm: Alarm::default(),
        }
    }

    /// Its next request begins.
    pub(crate) fn use_again(&mut self) {
        self.reused = true;
        self.in_use = true;
        self.shelf.lend();
    }

    /// Waits in the pool for its next request.
    pub(crate) fn rest(mut self: Box<Self>) {
        self.in_use = false;
        self.shelf.returned();
        self.shelf.clone().keep(self);
    }

    /// Its close will be a reset, as it can be after a whole exchange: no end is left to wait for (`TIME_WAIT`) on either
    /// side, which would take a port for a minute.
    pub(crate) fn reset_on_close(&self) {
        self.stream.reset_on_close();
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
        self.link.socket.closed();
        if self.in_use {
            self.shelf.returned();
        }
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
                Ok(Stream::tcp(stream))
            }
            Address::Unix(path) => UnixStream::connect(&**path).await.map(Stream::unix),
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

/// A connection whose packets are marked from the first one on. Where the server is near it stands as soon as it is
/// begun, and nobody has to wait for the event loop to tell.
async fn tcp(addr: SocketAddr, packets: Packets) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM.nonblocking(), None)?;
    if !packets.is_plain() {
        packets.put_on(&socket);
    }
    match socket.connect(&addr.into()) {
        Ok(()) => return TcpStream::from_std(socket.into()),
        Err(error) if error.raw_os_error() == Some(libc::EINPROGRESS) => {}
        Err(error) => return Err(error),
    }
    let state = state(&socket);
    let stream = TcpStream::from_std(socket.into())?;
    if state == libc::POLLOUT {
        return Ok(stream);
    }
    stream.writable().await?;
    match stream.take_error()? {
        None => Ok(stream),
        Some(error) => Err(error),
    }
}

/// What poll(2) says of a connection that was begun: `POLLOUT` alone where it stands, 0 where nothing is known yet.
fn state(socket: &Socket) -> libc::c_short {
    let mut polled = libc::pollfd { fd: socket.as_raw_fd(), events: libc::POLLOUT, revents: 0 };
    #[expect(unsafe_code, reason = "poll(2) is in neither std nor socket2")]
    // SAFETY: one `pollfd` is given, which lives as long as the call.
    unsafe {
        libc::poll(&raw mut polled, 1, 0);
    }
    polled.revents
}
