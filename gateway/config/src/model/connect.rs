//! How servers are connected to: `source`, `dispatch`, `http-reuse`, `retry-on`, `server-template` (configuration.txt
//! 4.2).

use std::net::SocketAddr;

use super::{Server, ServerAddress};

/// What a backend says about the connections to its servers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Connections {
    /// `http-reuse`.
    pub reuse: Reuse,
    /// `source`.
    pub source: Option<Source>,
    /// `dispatch`: where requests go that no server is chosen for.
    pub dispatch: Option<ServerAddress>,
    /// `http-send-name-header`: the header that tells a server its name.
    pub name_header: Option<String>,
    /// `retry-on`: what is tried again; empty is `conn-failure`.
    pub retry_on: Vec<RetryEvent>,
    /// `use-fcgi-app`.
    pub fcgi_app: Option<String>,
    /// `external-check command`.
    pub external_command: Option<String>,
    /// `external-check path`.
    pub external_path: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
    /// `server-template` lines, in order.
    pub templates: Vec<ServerTemplate>,
}

/// `http-reuse`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum Reuse {
    Never,
    #[default]
    Safe,
    Aggressive,
    Always,
}

/// `source`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The address to connect from; port 0 is any.
    pub address: SocketAddr,
    /// `usesrc`: whose address is shown instead.
    pub transparent: Option<UseSource>,
    /// `interface`.
    pub interface: Option<String>,
}

/// `usesrc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UseSource {
    /// `client`: the client's address and port.
    Client,
    /// `clientip`: its address.
    ClientIp,
    /// `hdr_ip(name,occurrence)`: the address that a header holds.
    Header {
        /// The header.
        name: String,
        /// Which one; negative counts from the last.
        occurrence: i32,
    },
    /// This address.
    Address(SocketAddr),
}

/// An event of `retry-on`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryEvent {
    /// `none`: nothing is tried again.
    None,
    /// `conn-failure`
    ConnFailure,
    /// `empty-response`
    EmptyResponse,
    /// `junk-response`
    JunkResponse,
    /// `response-timeout`
    ResponseTimeout,
    /// `0rtt-rejected`
    EarlyDataRejected,
    /// `all-retryable-errors`
    All,
    /// A status.
    Status(u16),
}

/// `server-template`: servers that differ in their number alone.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerTemplate {
    /// The first number.
    pub first: u32,
    /// The last.
    pub last: u32,
    /// Each of them; its name is what stands before the number.
    pub server: Server,
}
