//! Accepting: wait until a connection is there, wait for the right to take it, take it.
//!
//! In this order a listener that idles holds no permit, and one that is over its limit leaves its connections in the
//! kernel's backlog.

use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::time::Duration;

use socket2::{SockAddr, Socket};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;
use tokio::net::{TcpStream, UnixStream};

use crate::permits::Held;
use crate::{Address, Permits, Stream};

/// How long a listener rests when the process or the machine has no descriptors or memory left.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(100);

/// A listening socket on one tokio runtime.
#[derive(Debug)]
pub struct Acceptor {
    socket: AsyncFd<Socket>,
    local: Address,
    /// Others have the same socket, and it is not ours to end.
    inherited: bool,
}

/// A connection that was accepted, and the permits it holds.
#[derive(Debug)]
pub struct Accepted {
    /// The connection.
    pub stream: Stream,
    /// Who called.
    pub peer: Address,
    /// To be kept for as long as the connection lives.
    pub permits: HeldPermits,
}

/// The permits of one connection; dropping them lets the next one in.
#[derive(Debug, Default)]
pub struct HeldPermits {
    #[expect(dead_code, reason = "held, never read")]
    held: Held,
}

impl Acceptor {
    pub(crate) fn new(socket: Socket, local: Address, inherited: bool) -> io::Result<Self> {
        #[expect(unsafe_code, reason = "tokio cannot know that a `Socket` keeps its descriptor")]
        // SAFETY: a `Socket` owns its descriptor, closes it only when dropped, and always answers with the same one.
        let socket = unsafe { AsyncFd::register_with_interest(socket, Interest::READABLE)? };
        Ok(Self { socket, local, inherited })
    }

    /// Where it listens.
    pub fn local_addr(&self) -> &Address {
        &self.local
    }

    /// Refuses connections from now on, on all handles of the socket at once; those that wait are reset. A socket that
    /// was inherited is left to those who have it as well.
    pub fn close(&self) {
        if !self.inherited {
            // A socket that is closed already is what was wanted.
            let _ = self.socket.get_ref().shutdown(std::net::Shutdown::Both);
        }
    }

    /// Connections that the kernel has finished and nobody has taken yet; 0 where it does not tell.
    pub fn waiting(&self) -> u32 {
        if matches!(self.local, Address::Unix(_)) {
            return 0;
        }
        let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
        let mut size = size_of::<libc::tcp_info>() as libc::socklen_t;
        #[expect(unsafe_code, reason = "neither std nor socket2 knows TCP_INFO")]
        // SAFETY: the kernel writes at most `size` bytes, and all zeros are a valid `tcp_info`.
        let info = unsafe {
            let (fd, to) = (self.socket.get_ref().as_raw_fd(), info.as_mut_ptr().cast());
            if libc::getsockopt(fd, libc::IPPROTO_TCP, libc::TCP_INFO, to, &raw mut size) != 0 {
                return 0;
            }
            info.assume_init()
        };
        // Of a listening socket this field is the length of the accept queue.
        info.tcpi_unacked
    }

    /// The next connection, taken with a permit of each limit. Failures of single connections are passed over; when
    /// descriptors or memory run out it rests and tries again; on a closed
    /// listener it waits for ever. Dropping the future loses no connection.
    pub async fn accept(&self, permits: &Permits) -> Accepted {
        loop {
            let closed = match self.socket.readable().await {
                Ok(guard) => guard.ready().is_read_closed(),
                Err(error) => {
                    self.rest(&error).await;
                    continue;
                }
            };
            let held = permits.acquire().await;
            match self.socket.try_io(Interest::READABLE, accept_one) {
                Ok((fd, peer)) => match self.finish(fd, &peer) {
                    Ok((stream, peer)) => {
                        return Accepted { stream, peer, permits: HeldPermits { held } };
                    }
                    Err(error) => self.rest(&error).await,
                },
                // The listener was closed and nothing will ever come: TCP says so in its error, a unix socket by its
                // readiness alone.
                Err(error)
                    if error.kind() == io::ErrorKind::InvalidInput
                        || closed && error.kind() == io::ErrorKind::WouldBlock =>
                {
                    drop(held);
                    std::future::pending::<()>().await;
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    drop(held);
                    self.rest(&error).await;
                }
            }
        }
    }

    fn finish(&self, fd: OwnedFd, peer: &SockAddr) -> io::Result<(Stream, Address)> {
        let stream = match self.local {
            Address::Ip(_) => Stream::tcp(TcpStream::from_std(fd.into())?),
            Address::Unix(_) => Stream::unix(UnixStream::from_std(fd.into())?),
        };
        Ok((stream.accepted(), Address::from(peer)))
    }

    async fn rest(&self, error: &io::Error) {
        log::warn!("cannot accept on {}: {error}; trying again in {EXHAUSTED_PAUSE:?}", self.local);
        tokio::time::sleep(EXHAUSTED_PAUSE).await;
    }
}

impl Accepted {
    /// The address that was called. Only a listener on a wildcard has to ask the kernel for it.
    pub fn local(&self, acceptor: &Acceptor) -> Address {
        if acceptor.local.is_wildcard()
            && let Some(addr) = self.stream.local_addr()
        {
            return Address::Ip(addr);
        }
        acceptor.local.clone()
    }
}

/// Errors that say nothing about the listener: nobody there any more, a network error of the new connection (accept(2)).
fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionReset, Interrupted, WouldBlock};
    matches!(error.kind(), WouldBlock | Interrupted | ConnectionAborted | ConnectionReset)
        || matches!(
            error.raw_os_error(),
            Some(
                libc::EPROTO
                    | libc::ENETDOWN
                    | libc::ENOPROTOOPT
                    | libc::EHOSTDOWN
                    | libc::ENONET
                    | libc::EHOSTUNREACH
                    | libc::EOPNOTSUPP
                    | libc::ENETUNREACH
            )
        )
}

/// `accept4` with both flags: one system call where socket2 and std need two more for `O_NONBLOCK`.
fn accept_one(socket: &Socket) -> io::Result<(OwnedFd, SockAddr)> {
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    #[expect(unsafe_code, reason = "accept4 with SOCK_NONBLOCK is in neither std nor socket2")]
    // SAFETY: `storage` and `len` are live and of the size given; the descriptor is new and owned by nobody else.
    unsafe {
        SockAddr::try_init(|storage, len| {
            let fd = libc::accept4(socket.as_raw_fd(), storage.cast(), len, flags);
            if fd < 0 { Err(io::Error::last_os_error()) } else { Ok(OwnedFd::from_raw_fd(fd)) }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Limit, Listener};
    use config::model::{BindAddress, Permissions};

    fn run<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(future)
    }

    fn listener() -> Listener {
        let address = BindAddress::Tcp("127.0.0.1:0".parse().unwrap());
        Listener::open_plain(&address, &Permissions::default(), 16).unwrap()
    }

    #[test]
    fn a_connection_is_accepted_with_both_addresses_and_without_delay() {
        run(async {
            let acceptor = listener().into_acceptor().unwrap();
            let client = TcpStream::connect(acceptor.local_addr().ip().unwrap()).await.unwrap();
            let accepted = acceptor.accept(&Permits::default()).await;
            assert_eq!(accepted.peer, Address::Ip(client.local_addr().unwrap()));
            assert_eq!(accepted.local(&acceptor), Address::Ip(client.peer_addr().unwrap()));
            assert!(socket2::SockRef::from(&accepted.stream).tcp_nodelay().unwrap());
        });
    }

    #[test]
    fn a_full_limit_leaves_connections_in_the_backlog() {
        run(async {
            let acceptor = listener().into_acceptor().unwrap();
            let addr = acceptor.local_addr().ip().unwrap();
            let permits = Permits::new(Some(Limit::new(1)), None, None);
            let _clients = [TcpStream::connect(addr).await.unwrap(), TcpStream::connect(addr).await.unwrap()];
            let first = acceptor.accept(&permits).await;
            let wait = Duration::from_millis(50);
            assert!(tokio::time::timeout(wait, acceptor.accept(&permits)).await.is_err());
            drop(first);
            assert!(tokio::time::timeout(Duration::from_secs(5), acceptor.accept(&permits)).await.is_ok());
        });
    }

    #[test]
    fn a_closed_listener_is_waited_on_without_a_busy_loop() {
        let path = std::env::temp_dir().join(format!("gateway-closed-{}.sock", std::process::id()));
        let unix = BindAddress::Unix(path.clone());
        let tcp = BindAddress::Tcp("127.0.0.1:0".parse().unwrap());
        run(async {
            for address in [tcp, unix] {
                let listener = Listener::open_plain(&address, &Permissions::default(), 16).unwrap();
                let acceptor = listener.try_clone().unwrap().into_acceptor().unwrap();
                listener.close();
                let wait = Duration::from_millis(20);
                assert!(tokio::time::timeout(wait, acceptor.accept(&Permits::default())).await.is_err());
            }
        });
        let _ = std::fs::remove_file(path);
    }

    #[test]
    fn connections_that_wait_are_counted() {
        run(async {
            let acceptor = listener().into_acceptor().unwrap();
            let addr = acceptor.local_addr().ip().unwrap();
            let _clients = [TcpStream::connect(addr).await.unwrap(), TcpStream::connect(addr).await.unwrap()];
            assert_eq!(acceptor.waiting(), 2);
            let _accepted = acceptor.accept(&Permits::default()).await;
            assert_eq!(acceptor.waiting(), 1);
        });
    }

    #[test]
    fn an_idle_listener_holds_no_permit() {
        run(async {
            let acceptor = listener().into_acceptor().unwrap();
            let limit = Limit::new(1);
            let permits = Permits::new(None, None, Some(limit.clone()));
            let wait = Duration::from_millis(20);
            assert!(tokio::time::timeout(wait, acceptor.accept(&permits)).await.is_err());
            assert_eq!(limit.in_use(), 0);
        });
    }
}
