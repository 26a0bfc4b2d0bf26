//! What the kernel knows of a TCP connection (tcp(7), `TCP_INFO`).

use std::os::fd::RawFd;

/// Asks the kernel; nothing where the socket is none of TCP.
#[expect(unsafe_code, reason = "no crate that is in use has this socket option")]
pub fn tcp_info(socket: RawFd) -> Option<libc::tcp_info> {
    let mut info = std::mem::MaybeUninit::<libc::tcp_info>::zeroed();
    let mut size = libc::socklen_t::try_from(size_of::<libc::tcp_info>()).ok()?;
    // SAFETY: the kernel writes at most `size` bytes to `info`, which is as large and of which every pattern is valid.
    let done = unsafe {
        libc::getsockopt(socket, libc::IPPROTO_TCP, libc::TCP_INFO, info.as_mut_ptr().cast(), &raw mut size)
    };
    // SAFETY: it was zeroed, and its fields are numbers.
    (done == 0).then(|| unsafe { info.assume_init() })
}

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn a_connection_has_figures_and_nothing_else_has() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        assert!(tcp_info(client.as_raw_fd()).is_some_and(|info| info.tcpi_rtt > 0));
        assert!(tcp_info(std::io::stdin().as_raw_fd()).is_none());
        assert!(tcp_info(-1).is_none());
    }
}
