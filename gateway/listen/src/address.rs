//! The address of one end of a connection, TCP or unix.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use socket2::SockAddr;

/// The address of one end of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// TCP.
    Ip(SocketAddr),
    /// A unix socket: its path, `@name` for the abstract name space, nothing for an unnamed end.
    Unix(Option<Arc<str>>),
}

impl Address {
    /// The address and port, where it has one.
    pub fn ip(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(addr) => Some(*addr),
            Self::Unix(_) => None,
        }
    }

    /// Whether it stands for every address of the machine, so that a connection must be asked for its own.
    pub(crate) fn is_wildcard(&self) -> bool {
        self.ip().is_some_and(|addr| match addr.ip() {
            IpAddr::V4(ip) => ip.is_unspecified(),
            IpAddr::V6(ip) => ip.is_unspecified(),
        })
    }
}

impl From<SocketAddr> for Address {
    fn from(addr: SocketAddr) -> Self {
        Self::Ip(addr)
    }
}

impl From<&SockAddr> for Address {
    fn from(addr: &SockAddr) -> Self {
        if let Some(addr) = addr.as_socket() {
            return Self::Ip(addr);
        }
        if let Some(path) = addr.as_pathname() {
            return Self::Unix(Some(path.to_string_lossy().into()));
        }
        let name = addr.as_abstract_namespace();
        Self::Unix(
            name.map(|name| format!("@{}", String::from_utf8_lossy(name).trim_end_matches('\0')).into()),
        )
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(addr) => write!(f, "{}:{}", addr.ip(), addr.port()),
            Self::Unix(Some(name)) => f.write_str(name),
            Self::Unix(None) => f.write_str("unix"),
        }
    }
}
