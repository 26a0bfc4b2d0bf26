//! A connection that was accepted or made, TCP or unix, as one type.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::pin::Pin;
use std::task::{Context, Poll};

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

/// A connection, registered with the tokio runtime on which it was made.
///
/// Whoever asks tokio for the first bytes waits until the event loop has told that there are some, though the kernel may
/// have had them before the connection was registered. The first read and the first write therefore ask the kernel.
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    /// Nothing was read yet.
    unread: bool,
    /// Nothing was written yet.
    unwritten: bool,
}

#[derive(Debug)]
enum Kind {
    /// TCP, with `TCP_NODELAY`.
    Tcp(TcpStream),
    Unix(UnixStream),
}

/// Calls the same method on whichever stream it is.
macro_rules! each {
    ($this:expr, $stream:ident => $call:expr) => {
        match $this {
            Kind::Tcp($stream) => $call,
            Kind::Unix($stream) => $call,
        }
    };
}

impl Stream {
    /// A TCP connection that was just made to a server, who says nothing before it was asked.
    pub fn tcp(stream: TcpStream) -> Self {
        Self { kind: Kind::Tcp(stream), unread: false, unwritten: true }
    }

    /// The same of a unix socket.
    pub fn unix(stream: UnixStream) -> Self {
        Self { kind: Kind::Unix(stream), unread: false, unwritten: true }
    }

    /// The connection was accepted: the client may have said something by now.
    #[must_use]
    pub fn accepted(self) -> Self {
        Self { unread: true, ..self }
    }

    /// Our end, where it has an IP address.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.kind {
            Kind::Tcp(stream) => stream.local_addr().ok(),
            Kind::Unix(_) => None,
        }
    }

    /// Reads what is there, without waiting; `WouldBlock` if nothing is.
    pub fn try_read(&self, buf: &mut [u8]) -> io::Result<usize> {
        each!(&self.kind, s => s.try_read(buf))
    }

    /// Writes what fits, without waiting.
    pub fn try_write(&self, buf: &[u8]) -> io::Result<usize> {
        each!(&self.kind, s => s.try_write(buf))
    }

    /// Waits until there is something to read, or the end.
    pub async fn readable(&self) -> io::Result<()> {
        each!(&self.kind, s => s.readable().await)
    }

    /// Waits until something can be written.
    pub async fn writable(&self) -> io::Result<()> {
        each!(&self.kind, s => s.writable().await)
    }

    /// Lets the close go unnoticed by the client, as `silent-drop` needs: the kernel forgets the connection, and what
    /// tells the other end of it does not get beyond the first router. Where that cannot be had the close is a reset.
    pub fn hide(&self) {
        let Kind::Tcp(stream) = &self.kind else { return };
        if forget(stream.as_raw_fd()) {
            return;
        }
        let socket = SockRef::from(stream);
        let v6 = stream.local_addr().is_ok_and(|addr| addr.is_ipv6());
        let _ = if v6 { socket.set_unicast_hops_v6(1) } else { socket.set_ttl_v4(1) };
        self.reset_on_close();
    }

    /// Reads without asking the event loop; `None` where nothing is there yet.
    fn receive(&self, buf: &mut ReadBuf<'_>) -> Option<io::Result<()>> {
        #[expect(unsafe_code, reason = "there is no safe way to read into what is not initialised")]
        // SAFETY: the kernel writes bytes and nothing else, and what it has written is initialised.
        let read = unsafe {
            let received = SockRef::from(&self.as_fd()).recv(buf.unfilled_mut());
            received.inspect(|read| buf.assume_init(*read))
        };
        if would_block(&read) {
            return None;
        }
        Some(read.map(|read| buf.advance(read)))
    }

    /// Makes the close a reset and throws away what is unsent, as `silent-drop` and hard limits need.
    pub fn reset_on_close(&self) {
        if let Kind::Tcp(stream) = &self.kind {
            let _ = SockRef::from(stream).set_linger(Some(std::time::Duration::ZERO));
        }
    }
}

fn would_block(result: &io::Result<usize>) -> bool {
    let kind = result.as_ref().err().map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted))
}

/// Has the kernel close without telling the other end (`TCP_REPAIR`), which it lets the network's administrator do.
#[expect(unsafe_code, reason = "no crate that is in use has this socket option")]
fn forget(fd: RawFd) -> bool {
    const TCP_REPAIR: libc::c_int = 19;
    let on: libc::c_int = 1;
    let size = libc::socklen_t::try_from(size_of_val(&on)).unwrap_or(4);
    // SAFETY: the option's value is an int that lives as long as the call, and `size` is its size.
    let done = unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, TCP_REPAIR, (&raw const on).cast(), size) };
    done == 0
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if std::mem::take(&mut self.unread)
            && let Some(read) = self.receive(buf)
        {
            return Poll::Ready(read);
        }
        each!(&mut self.get_mut().kind, s => Pin::new(s).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        if std::mem::take(&mut self.unwritten) {
            let sent = SockRef::from(&self.as_fd()).send_with_flags(buf, libc::MSG_NOSIGNAL);
            if !would_block(&sent) {
                return Poll::Ready(sent);
            }
        }
        each!(&mut self.get_mut().kind, s => Pin::new(s).poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.unwritten = false;
        each!(&mut self.get_mut().kind, s => Pin::new(s).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.get_mut().kind, s => Pin::new(s).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        each!(&mut self.get_mut().kind, s => Pin::new(s).poll_shutdown(cx))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        each!(&self.kind, s => s.as_fd())
    }
}

impl AsRawFd for Stream {
    fn as_raw_fd(&self) -> RawFd {
        each!(&self.kind, s => s.as_raw_fd())
    }
}
