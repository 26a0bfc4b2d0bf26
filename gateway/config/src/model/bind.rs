//! `bind` lines (configuration.txt 5.1).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// One socket of a `bind` line: a line with several addresses or a port range gives several.
#[derive(Clone, Debug, PartialEq)]
pub struct Bind {
    /// `name`, or the address as written.
    pub name: String,
    /// Where it listens.
    pub address: BindAddress,
    /// `maxconn`: connections at once on this socket.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `ssl` and what belongs to it.
    pub tls: Option<BindTls>,
    /// `accept-proxy`.
    pub accept_proxy: bool,
    /// `v4v6` (`Some(false)`) or `v6only` (`Some(true)`).
    pub v6only: Option<bool>,
    /// `interface`.
    pub interface: Option<String>,
    /// `transparent`.
    pub transparent: bool,
    /// `tcp-ut`: TCP_USER_TIMEOUT.
    pub tcp_user_timeout: Option<Duration>,
    /// `defer-accept`.
    pub defer_accept: bool,
    /// `tfo`.
    pub fast_open: bool,
    /// `mss`.
    pub mss: Option<i32>,
    /// `mode`, `user`, `group` of a unix socket.
    pub permissions: Permissions,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

/// `mode`, `user`/`uid` and `group`/`gid` of a unix socket.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Permissions {
    /// `mode`, in octal.
    pub mode: Option<u32>,
    /// `user`, a name.
    pub user: Option<String>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `group`, a name.
    pub group: Option<String>,
    /// `gid`.
    pub gid: Option<u32>,
}

/// Where a socket listens.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum BindAddress {
    /// TCP; `*` and an empty address are the IPv4 wildcard, as in HAProxy.
    Tcp(SocketAddr),
    /// `/path` or `unix@path`.
    Unix(PathBuf),
    /// `abns@name`, Linux's abstract name space.
    Abstract(String),
    /// `fd@N`: a socket that the starter of the process opened.
    Fd(i32),
}

/// The TLS side of a `bind` line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BindTls {
    /// `crt` files and directories, in the order written; the first is the default certificate.
    pub certificates: Vec<PathBuf>,
    /// `alpn`, in the order of preference.
    pub alpn: Vec<String>,
    /// `ssl-min-ver`.
    pub min: Option<TlsVersion>,
    /// `ssl-max-ver`.
    pub max: Option<TlsVersion>,
    /// `strict-sni`: refuse a name that no certificate has.
    pub strict_sni: bool,
    /// `ciphers`, in OpenSSL's names.
    pub ciphers: Option<String>,
    /// `ciphersuites`, in OpenSSL's names.
    pub ciphersuites: Option<String>,
    /// `curves`, in OpenSSL's names.
    pub curves: Option<String>,
    /// `no-tls-tickets`.
    pub no_tickets: bool,
    /// `ca-file` for client certificates.
    pub ca_file: Option<PathBuf>,
    /// `verify optional` (`Some(false)`) or `verify required` (`Some(true)`).
    pub verify_client: Option<bool>,
}

/// A TLS version by OpenSSL's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names are the protocol's own")]
pub enum TlsVersion {
    Ssl3,
    Tls10,
    Tls11,
    Tls12,
    Tls13,
}
