//! `peers` sections (configuration.txt 3.5).

use super::{Bind, LogTarget, Server, StickTable};

/// Processes that share their stick tables.
#[derive(Clone, Debug, PartialEq)]
pub struct Peers {
    /// Its name.
    pub name: String,
    /// `disabled`.
    pub disabled: bool,
    /// `bind`, and what `default-bind` adds to the local peer's line: where the other peers come in.
    pub bind: Option<Bind>,
    /// `peer` and `server` lines; the local peer has no address where `bind` says it.
    pub peers: Vec<Peer>,
    /// `table` lines: tables that belong to no proxy.
    /// Rules call them `SECTION/NAME`, which is their name here too.
    pub tables: Vec<StickTable>,
    /// `shards`: over how many peers the entries are spread (HAProxy 2.7).
    pub shards: Option<u32>,
    /// `log` lines, the targets of `log global` among them.
    pub logs: Vec<LogTarget>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A peer.
#[derive(Clone, Debug, PartialEq)]
pub struct Peer {
    /// Its name.
    pub name: String,
    /// It is this process: the name that `-L`, `localpeer` or the system gives.
    pub local: bool,
    /// Where it is, and how it is connected to.
    pub server: Option<Server>,
}
