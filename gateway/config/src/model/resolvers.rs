//! `resolvers` sections (configuration.txt 5.3.2).

use std::net::SocketAddr;
use std::time::Duration;

/// Who is asked for the addresses of names, and how long an answer holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolvers {
    /// Its name.
    pub name: String,
    /// The name servers, those of `/etc/resolv.conf` among them, in the order of their lines.
    pub nameservers: Vec<Nameserver>,
    /// `parse-resolv-conf` was said.
    pub parse_resolv_conf: bool,
    /// `resolve_retries`: how often a question is asked before it has failed.
    pub resolve_retries: u32,
    /// `timeout resolve`: the time between two resolutions of a name.
    pub timeout_resolve: Duration,
    /// `timeout retry`: the time between two questions where no answer comes.
    pub timeout_retry: Duration,
    /// `accepted_payload_size`: the longest answer over UDP, in bytes.
    pub accepted_payload_size: u16,
    /// `hold`.
    pub hold: Hold,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `nameserver` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nameserver {
    /// Its name, which is its address for one of `/etc/resolv.conf`.
    pub name: String,
    /// Where it is.
    pub to: NameserverAddress,
    /// It comes from `/etc/resolv.conf`.
    pub from_system: bool,
}

/// Where a name server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameserverAddress {
    /// `1.2.3.4:53`, `udp@…`: by datagrams.
    Udp(SocketAddr),
    /// `tcp@…`: over a connection.
    Tcp(SocketAddr),
}

/// `hold`: how long the last answer of each kind is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hold {
    /// `valid`: addresses.
    pub valid: Duration,
    /// `obsolete`: an address that is no longer in the answers.
    pub obsolete: Duration,
    /// `nx`: there is no such name.
    pub nx: Duration,
    /// `refused`: the name server would not answer.
    pub refused: Duration,
    /// `timeout`: no answer came.
    pub timeout: Duration,
    /// `other`: any other error.
    pub other: Duration,
}
