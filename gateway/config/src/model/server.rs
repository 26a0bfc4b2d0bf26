//! `server` lines (configuration.txt 5.2).

use std::net::IpAddr;
use std::path::PathBuf;

use super::Check;

/// One server of a backend.
#[derive(Clone, Debug, PartialEq)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// `id`.
    pub id: u32,
    /// Where it is.
    pub address: ServerAddress,
    /// `weight`, 0 to 256.
    pub weight: u16,
    /// `backup`.
    pub backup: bool,
    /// `disabled`.
    pub disabled: bool,
    /// `maxconn`: requests at once; more wait in the queue.
    pub maxconn: Option<u32>,
    /// `maxqueue`: how many may wait for this server alone.
    pub maxqueue: Option<u32>,
    /// `check` and what belongs to it.
    pub check: Option<Check>,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

/// Where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerAddress {
    /// A literal address.
    Ip {
        /// The address.
        ip: IpAddr,
        /// The port; `None` sends to the port the client used (`server s 192.0.2.1`), or its shift (`+80`).
        port: ServerPort,
    },
    /// A name, resolved at start and again in the background.
    Name {
        /// The name.
        host: String,
        /// The port.
        port: ServerPort,
        /// `ipv4@` or `ipv6@`: the family asked for.
        family: Option<Family>,
    },
    /// A unix socket.
    Unix(PathBuf),
}

/// Which port of a server is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerPort {
    /// This one.
    Fixed(u16),
    /// The port on which the client came, moved by this much (0 where none was written).
    Offset(i32),
}

/// An address family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Family {
    Ipv4,
    Ipv6,
}
