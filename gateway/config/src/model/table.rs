//! `stick-table` lines, and the `stick` rules that use them (configuration.txt 4.2).

use expr::{Cond, Expr};

/// A `stick-table` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickTable {
    /// Its name, type, size, times and data.
    pub spec: table::Spec,
    /// `peers`: the section whose peers share it.
    pub peers: Option<String>,
    /// `srvkey`: by what a server is remembered.
    pub server_key: ServerKey,
    /// `write-to`: the table that also gets what peers send.
    pub write_to: Option<String>,
    /// `recv-only`: it is filled by peers, not by traffic.
    pub recv_only: bool,
    /// Where its line stands, for messages: `file:line`.
    pub place: String,
}

/// By what a table remembers a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ServerKey {
    /// Its name.
    #[default]
    Name,
    /// Its address and port.
    Address,
}

/// A `stick match`, `stick store-request`, `stick store-response` or `stick on` line.
#[derive(Clone, Debug, PartialEq)]
pub struct StickRule {
    /// The server is looked up for a request.
    pub matches: bool,
    /// The server is remembered; when the response's head is known if `on_response` says so.
    pub stores: bool,
    /// The key is taken from the response.
    pub on_response: bool,
    /// The key.
    pub key: Expr,
    /// The key as written.
    pub words: String,
    /// The table's name.
    pub table: String,
    /// When it is applied; `None` is always.
    pub cond: Option<Cond>,
    /// Where its line stands, for messages: `file:line`.
    pub place: String,
}
