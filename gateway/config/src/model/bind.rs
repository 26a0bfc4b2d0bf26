//! `bind` lines (configuration.txt 5.1).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use lang::units::{Family, Host, Kind, Port, parse_address};

/// One socket of a `bind` line: a line with several addresses or a port range gives several.
#[derive(Clone, Debug, Default, PartialEq)]
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
    /// `id`: the socket's number, for tools.
    pub id: Option<u32>,
    /// `guid-prefix`: a name for tools.
    pub guid_prefix: Option<String>,
    /// `label`: a name for tools.
    pub label: Option<String>,
    /// `accept-netscaler-cip`: the magic number of that protocol's header.
    pub accept_netscaler_cip: Option<u32>,
    /// `namespace`: the network name space that the socket is in.
    pub namespace: Option<String>,
    /// `proto`: what is spoken, whatever ALPN says.
    pub proto: Option<Proto>,
    /// `nice`: the priority of its connections, -1024 to 1024.
    pub nice: Option<i16>,
    /// `thread` sets and `process` sets, as written: which threads accept.
    pub threads: Vec<ThreadSet>,
    /// `shards`: how many sockets share the address.
    pub shards: Option<Shards>,
    /// `expose-fd listeners`.
    pub expose_fd: bool,
    /// `severity-output` of a command-line socket.
    pub severity_output: Severity,
    /// `cc`: the congestion control algorithm.
    pub congestion_control: Option<String>,
    /// `tcp-md5sig`: the key of RFC 2385.
    pub md5_key: Option<String>,
    /// `tcp-ss`: how much of a handshake's first packet is kept for each connection, as written (HAProxy 3.3).
    pub saved_syn: Option<String>,
    /// `nbconn`: connections that a reverse listener opens by itself (HAProxy 2.9).
    pub reverse_connections: Option<u32>,
    /// `idle-ping`: how often an idle HTTP/2 connection is asked whether it lives.
    pub idle_ping: Option<Duration>,
    /// `ktls`.
    pub kernel_tls: Option<bool>,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

impl Bind {
    /// `name`; empty where there is none and the address stands in its place.
    pub fn own_name(&self) -> &str {
        if reads_as(&self.name, &self.address) { "" } else { &self.name }
    }
}

/// Whether the name of a socket is an address that means this one and no other.
fn reads_as(name: &str, address: &BindAddress) -> bool {
    if name.is_empty() || name.contains([',', '$']) {
        return false;
    }
    let Ok(read) = parse_address(name) else { return false };
    if read.kind == Kind::Datagram {
        return false;
    }
    let ip = match read.host {
        Host::Unix(path) => return BindAddress::Unix(path) == *address,
        Host::Abstract(name) => return BindAddress::Abstract(name) == *address,
        Host::AbstractZ(name) => return BindAddress::AbstractZ(name) == *address,
        Host::Fd(fd) => return BindAddress::Fd(fd) == *address,
        Host::SockPair(fd) => return BindAddress::SockPair(fd) == *address,
        Host::Ip(ip) => ip,
        Host::Any if read.family == Some(Family::Ipv6) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        Host::Any => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        Host::Name(_) => return false,
    };
    let Port::One(port) = read.port else { return false };
    let at = SocketAddr::new(ip, port);
    *address == if read.kind == Kind::Quic { BindAddress::Quic(at) } else { BindAddress::Tcp(at) }
}

/// What is spoken on a connection (`proto`, `check-proto`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proto {
    /// HTTP/1.
    H1,
    /// HTTP/2.
    H2,
    /// FastCGI, to servers alone.
    Fcgi,
    /// SPOP, to agents alone.
    Spop,
    /// No protocol: bytes, in mode tcp alone.
    None,
}

/// A set of threads, of `thread` or `process`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ThreadSet {
    /// `thread`.
    Threads(String),
    /// `process`, which HAProxy 3 has no more.
    Process(String),
}

/// `shards`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shards {
    /// This many.
    Count(u16),
    /// One for each thread.
    ByThread,
    /// One for each group of threads.
    ByGroup,
}

/// How a command-line socket shows the severity of its answers (management.txt 9.3, `severity-output`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Severity {
    /// Not at all.
    #[default]
    None,
    /// As a number.
    Number,
    /// As a word.
    Word,
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

impl Default for BindAddress {
    fn default() -> Self {
        Self::Tcp(SocketAddr::from(([0, 0, 0, 0], 0)))
    }
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
    /// `abnsz@name`: the same, its name ended by a zero byte.
    AbstractZ(String),
    /// `fd@N`: a socket that the starter of the process opened.
    Fd(i32),
    /// `sockpair@N`: one end of a pair of sockets, over which connections are handed.
    SockPair(i32),
    /// `quic4@`, `quic6@`.
    Quic(SocketAddr),
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
    /// `crt-list` files.
    pub crt_lists: Vec<CrtList>,
    /// `default-crt` files: for clients whose name no certificate has.
    pub default_certificates: Vec<PathBuf>,
    /// `npn`, which TLS has no more.
    pub npn: Vec<String>,
    /// `ecdhe`: a curve, where `curves` is not said.
    pub ecdhe: Option<String>,
    /// `sigalgs`, in OpenSSL's names.
    pub sigalgs: Option<String>,
    /// `client-sigalgs`, in OpenSSL's names.
    pub client_sigalgs: Option<String>,
    /// `ca-verify-file`: more authorities, whose names clients are not told.
    pub ca_verify_file: Option<PathBuf>,
    /// `no-ca-names`: clients are told no authorities' names.
    pub no_ca_names: bool,
    /// `crl-file`: certificates that were revoked.
    pub crl_file: Option<PathBuf>,
    /// `ca-ignore-err`: errors about authorities that are passed over.
    pub ca_ignore_err: Option<IgnoredErrors>,
    /// `crt-ignore-err`: errors about clients' certificates that are passed over.
    pub crt_ignore_err: Option<IgnoredErrors>,
    /// `generate-certificates`: for names that have none.
    pub generate_certificates: bool,
    /// `ca-sign-file`: what signs those.
    pub ca_sign_file: Option<PathBuf>,
    /// `ca-sign-pass`: the passphrase of its key.
    pub ca_sign_pass: Option<String>,
    /// `tls-ticket-keys`.
    pub ticket_keys: Option<PathBuf>,
    /// `prefer-client-ciphers`.
    pub prefer_client_ciphers: bool,
    /// `allow-0rtt`.
    pub early_data: bool,
    /// `renegotiate`, `no-renegotiate`.
    pub renegotiate: Option<bool>,
    /// `ech`: a directory of keys for encrypted client hellos.
    pub ech: Option<PathBuf>,
}

/// Verification errors that are passed over, by OpenSSL's numbers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IgnoredErrors {
    /// `all`.
    All,
    /// These.
    Some(Vec<u8>),
}

impl IgnoredErrors {
    /// Whether an error is among them.
    pub fn has(&self, error: u8) -> bool {
        match self {
            Self::All => true,
            Self::Some(errors) => errors.contains(&error),
        }
    }
}

/// A `crt-list` file (configuration.txt 5.1, `crt-list`).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrtList {
    /// The file.
    pub file: PathBuf,
    /// How many `crt` words stand before it: the first certificate of all is the default.
    pub after: usize,
    /// Its lines.
    pub entries: Vec<CrtListEntry>,
}

/// A line of a `crt-list` file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CrtListEntry {
    /// The certificate.
    pub certificate: PathBuf,
    /// What the words in brackets say over the `bind` line.
    pub settings: BindTls,
    /// The names that it is for, as written: `name`, `*.name`, `!name`; those in the certificate where there are none.
    pub names: Vec<String>,
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
