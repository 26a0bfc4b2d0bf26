//! `fd@N`: sockets that the starter of the process opened, perhaps with connections already waiting.

use std::io;
use std::os::fd::BorrowedFd;

use socket2::{Domain, Socket, Type};

use crate::BindError;
use crate::socket::listen;

/// Takes a socket over by number. The number itself stays open, so that a reload can take it over again.
pub(crate) fn adopt(fd: i32, backlog: u32) -> Result<Socket, BindError> {
    let name = format!("fd@{fd}");
    let fail = |what: &str, error| BindError::new(&name, what, error);
    let socket = duplicate(fd).map_err(|e| fail("cannot use file descriptor", Some(e)))?;
    let kind = socket.r#type().map_err(|e| fail("file descriptor is not a socket", Some(e)))?;
    let domain = socket.domain().map_err(|e| fail("cannot ask socket for its family", Some(e)))?;
    if kind != Type::STREAM || ![Domain::IPV4, Domain::IPV6, Domain::UNIX].contains(&domain) {
        return Err(fail("file descriptor is neither a TCP nor a unix stream socket", None));
    }
    if !socket.is_listener().unwrap_or(false) {
        // The manual lets it be bound without listening yet; one that is connected or unbound fails here.
        listen(&socket, backlog).map_err(|e| fail("cannot listen to socket", Some(e)))?;
    }
    if domain != Domain::UNIX {
        let _ = socket.set_tcp_nodelay(true);
    }
    socket.set_nonblocking(true).map_err(|e| fail("cannot make socket non-blocking", Some(e)))?;
    Ok(socket)
}

fn duplicate(fd: i32) -> io::Result<Socket> {
    if fd < 0 {
        return Err(io::Error::from_raw_os_error(libc::EBADF));
    }
    #[expect(unsafe_code, reason = "the number comes from the configuration; nothing else can vouch for it")]
    // SAFETY: it is borrowed for one `fcntl(F_DUPFD_CLOEXEC)` only, which answers EBADF if it is not open.
    let borrowed = unsafe { BorrowedFd::borrow_raw(fd) };
    Ok(Socket::from(borrowed.try_clone_to_owned()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn a_listening_socket_is_taken_over_with_what_waits_in_it() {
        let original = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let client = std::net::TcpStream::connect(original.local_addr().unwrap()).unwrap();
        let taken = adopt(original.as_raw_fd(), 8).unwrap();
        let (_, peer) = taken.accept().unwrap();
        assert_eq!(peer.as_socket().unwrap(), client.local_addr().unwrap());
    }

    #[test]
    fn a_file_is_refused() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let error = adopt(file.as_raw_fd(), 8).unwrap_err();
        assert!(error.to_string().contains("not a socket"), "{error}");
    }

    #[test]
    fn a_datagram_socket_is_refused() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let error = adopt(socket.as_raw_fd(), 8).unwrap_err();
        assert!(error.to_string().contains("neither a TCP nor a unix stream socket"), "{error}");
    }
}
