//! Where a request goes: an address that can be connected to, no name.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use config::model::ServerPort;

/// An address that can be connected to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// TCP.
    Ip(SocketAddr),
    /// A unix socket.
    Unix(Arc<PathBuf>),
}

impl Address {
    /// The TCP address, unless this is a unix socket.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Unix(_) => None,
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => addr.fmt(f),
            Self::Unix(path) => write!(f, "unix@{}", path.display()),
        }
    }
}

/// The port to connect to, for a client that came on port `came`.
///
/// A shift moves within the 16 bits, as HAProxy's does: `server s 192.0.2.1:-1` and a client on port 0 is 65535.
pub(crate) fn port(of: ServerPort, came: Option<u16>) -> u16 {
    match of {
        ServerPort::Fixed(port) => port,
        ServerPort::Offset(shift) => {
            let moved = i64::from(came.unwrap_or(0)) + i64::from(shift);
            (moved & 0xffff) as u16
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_port_ignores_the_client() {
        assert_eq!(port(ServerPort::Fixed(8080), Some(80)), 8080);
    }

    #[test]
    fn a_shift_moves_the_clients_port() {
        assert_eq!(port(ServerPort::Offset(0), Some(443)), 443);
        assert_eq!(port(ServerPort::Offset(8000), Some(80)), 8080);
        assert_eq!(port(ServerPort::Offset(-80), Some(8080)), 8000);
        assert_eq!(port(ServerPort::Offset(-1), None), 65535);
    }

    #[test]
    fn addresses_print_as_they_are_written() {
        assert_eq!(Address::Ip("127.0.0.1:80".parse().unwrap()).to_string(), "127.0.0.1:80");
        assert_eq!(Address::Unix(Arc::new("/run/s.sock".into())).to_string(), "unix@/run/s.sock");
    }
}
