//! `server` lines (configuration.txt 5.2).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use super::{Check, Proto, TlsVersion, UseSource};

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
    /// `check-ssl`, `check-sni` and the like: how a check's connection differs from one that carries traffic.
    pub check_over: CheckOver,
    /// `agent-check` and what belongs to it.
    pub agent: Agent,
    /// `track`: the server whose health this one shares, `backend/server` or `server`.
    pub track: Option<String>,
    /// `observe`, `error-limit`, `on-error`, `on-marked-down`, `on-marked-up`, `init-state`.
    pub reactions: Reactions,
    /// `minconn`: `maxconn` grows with the load from this one on.
    pub minconn: Option<u32>,
    /// `strict-maxconn`: connections count, not requests.
    pub strict_maxconn: bool,
    /// `slowstart`: how long the weight grows after the server came up.
    pub slowstart: Option<Duration>,
    /// `cookie`: its value for cookie persistence.
    pub cookie: Option<String>,
    /// `non-stick`: it is not learned into stick tables.
    pub non_stick: bool,
    /// `redir`: GET and HEAD are redirected to this prefix.
    pub redir: Option<String>,
    /// `hash-key`: what consistent hashing goes by.
    pub hash_key: Option<HashKey>,
    /// `shard`: which part of the keys a peer gets.
    pub shard: Option<u32>,
    /// `tcp-md5sig`: the key of RFC 2385 (HAProxy 3.3).
    pub md5_key: Option<String>,
    /// `healthcheck`: the section that says how it is checked (HAProxy 3.4).
    pub healthcheck: Option<String>,
    /// `guid`: a name for tools.
    pub guid: Option<String>,
    /// `proto`.
    pub proto: Option<Proto>,
    /// `ws`: what WebSocket is carried over.
    pub websocket: WebSocket,
    /// `ssl` and what belongs to it.
    pub tls: ServerTls,
    /// `send-proxy` and the like.
    pub send_proxy: SendProxy,
    /// `source`, `usesrc`, `interface`.
    pub source: Option<ServerSource>,
    /// `socks4`: the proxy through which it is reached.
    pub socks4: Option<SocketAddr>,
    /// `namespace`; `*` takes that of the client's connection.
    pub namespace: Option<String>,
    /// `tfo`: TCP Fast Open.
    pub fast_open: bool,
    /// `tcp-ut`: TCP_USER_TIMEOUT.
    pub tcp_user_timeout: Option<Duration>,
    /// `cc`: the congestion control algorithm.
    pub congestion_control: Option<String>,
    /// `pool-*`, `max-reuse`, `idle-ping`: how connections are kept.
    pub pool: Pool,
    /// `init-addr`, `resolvers`, `resolve-*`: how its name becomes an address.
    pub resolve: Resolve,
    /// `log-proto`, `log-bufsize`: a server of a ring or of a backend of logs.
    pub log: ServerLog,
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
    /// `abns@name`.
    Abstract(String),
    /// `sockpair@N`.
    SockPair(i32),
    /// `:80`, `*:80`, `0.0.0.0:80`: the address that the client meant to reach.
    Client {
        /// The port.
        port: ServerPort,
    },
}

impl Default for ServerAddress {
    fn default() -> Self {
        Self::Ip { ip: Ipv4Addr::UNSPECIFIED.into(), port: ServerPort::Offset(0) }
    }
}

impl Default for Server {
    fn default() -> Self {
        Self {
            name: String::new(),
            id: 0,
            address: ServerAddress::default(),
            weight: 1,
            backup: false,
            disabled: false,
            maxconn: None,
            maxqueue: None,
            check: None,
            check_over: CheckOver::default(),
            agent: Agent::default(),
            track: None,
            reactions: Reactions::default(),
            minconn: None,
            strict_maxconn: false,
            slowstart: None,
            cookie: None,
            non_stick: false,
            redir: None,
            hash_key: None,
            shard: None,
            md5_key: None,
            healthcheck: None,
            guid: None,
            proto: None,
            websocket: WebSocket::default(),
            tls: ServerTls::default(),
            send_proxy: SendProxy::default(),
            source: None,
            socks4: None,
            namespace: None,
            fast_open: false,
            tcp_user_timeout: None,
            congestion_control: None,
            pool: Pool::default(),
            resolve: Resolve::default(),
            log: ServerLog::default(),
            place: String::new(),
        }
    }
}

/// How the connection of a check differs from one that carries traffic.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckOver {
    /// `check-ssl`.
    pub tls: bool,
    /// `check-sni`, a name.
    pub sni: Option<String>,
    /// `check-sni-auto` (`Some(true)`) or `no-check-sni-auto`.
    pub sni_auto: Option<bool>,
    /// `check-alpn`.
    pub alpn: Vec<String>,
    /// `check-proto`.
    pub proto: Option<Proto>,
    /// `check-send-proxy`.
    pub send_proxy: bool,
    /// `check-via-socks4`.
    pub via_socks4: bool,
    /// `check-reuse-pool`.
    pub reuse_pool: bool,
    /// `check-pool-conn-name`.
    pub pool_conn_name: Option<String>,
    /// `addr`, where it is no IP address.
    pub addr: Option<String>,
}

/// `agent-check`: a small server beside the server that tells its state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Agent {
    /// `agent-check`.
    pub on: bool,
    /// `agent-addr`; the server's own where it is not said.
    pub addr: Option<String>,
    /// `agent-port`.
    pub port: Option<u16>,
    /// `agent-inter`.
    pub inter: Option<Duration>,
    /// `agent-send`: what is written once the connection stands.
    pub send: Option<String>,
}

/// What traffic and changes of state lead to.
#[derive(Clone, Debug, PartialEq)]
pub struct Reactions {
    /// `observe`.
    pub observe: Observe,
    /// `error-limit`: so many errors in a row are answered by `on-error`.
    pub error_limit: u32,
    /// `on-error`.
    pub on_error: OnError,
    /// `on-marked-down shutdown-sessions`.
    pub shutdown_sessions: bool,
    /// `on-marked-up shutdown-backup-sessions`.
    pub shutdown_backup_sessions: bool,
    /// `init-state`.
    pub init_state: Option<InitState>,
}

impl Default for Reactions {
    fn default() -> Self {
        Self {
            observe: Observe::None,
            error_limit: 10,
            on_error: OnError::FailCheck,
            shutdown_sessions: false,
            shutdown_backup_sessions: false,
            init_state: None,
        }
    }
}

/// `observe`: which traffic tells about a server's health.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Observe {
    /// None.
    None,
    /// Connections.
    Layer4,
    /// Responses.
    Layer7,
}

/// `on-error`: what happens at `error-limit` errors in a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// The next check comes sooner.
    FastInter,
    /// It counts as a failed check.
    FailCheck,
    /// The next failed check marks it down.
    SuddenDeath,
    /// It is marked down.
    MarkDown,
}

/// `init-state`: the state before the first check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum InitState {
    FullyUp,
    Up,
    Down,
    FullyDown,
}

/// `hash-key`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashKey {
    /// Its number.
    Id,
    /// Its address.
    Addr,
    /// Its address and port.
    AddrPort,
    /// Its `guid`.
    Guid,
}

/// `ws`: what WebSocket is carried over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WebSocket {
    /// HTTP/1, or HTTP/2 where `proto` says so.
    #[default]
    Auto,
    /// HTTP/1.
    H1,
    /// HTTP/2.
    H2,
}

/// The TLS side of a `server` line.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerTls {
    /// `ssl`.
    pub on: bool,
    /// `verify none` (`Some(false)`) or `verify required` (`Some(true)`); `ssl-server-verify` decides otherwise.
    pub verify: Option<bool>,
    /// `verifyhost`: the name that the certificate must have.
    pub verify_host: Option<String>,
    /// `ca-file`, already below `ca-base`.
    pub ca_file: Option<PathBuf>,
    /// `crl-file`.
    pub crl_file: Option<PathBuf>,
    /// `crt`: the certificate shown to the server.
    pub certificate: Option<PathBuf>,
    /// `sni`, an expression as written.
    pub sni: Option<String>,
    /// `sni-auto` (`Some(true)`) or `no-sni-auto`.
    pub sni_auto: Option<bool>,
    /// `alpn`.
    pub alpn: Vec<String>,
    /// `npn`, which TLS has no more.
    pub npn: Vec<String>,
    /// `ciphers`, in OpenSSL's names.
    pub ciphers: Option<String>,
    /// `ciphersuites`, in OpenSSL's names.
    pub ciphersuites: Option<String>,
    /// `curves`, in OpenSSL's names.
    pub curves: Option<String>,
    /// `sigalgs`, in OpenSSL's names.
    pub sigalgs: Option<String>,
    /// `client-sigalgs`, in OpenSSL's names.
    pub client_sigalgs: Option<String>,
    /// `ssl-min-ver`.
    pub min: Option<TlsVersion>,
    /// `ssl-max-ver`.
    pub max: Option<TlsVersion>,
    /// `no-ssl-reuse`: sessions are not resumed.
    pub no_reuse: bool,
    /// `no-tls-tickets`.
    pub no_tickets: bool,
    /// `allow-0rtt`.
    pub early_data: bool,
    /// `renegotiate`, `no-renegotiate`.
    pub renegotiate: Option<bool>,
    /// `ech`: the configuration for an encrypted client hello.
    pub ech: Option<String>,
    /// `ktls`.
    pub kernel_tls: Option<bool>,
}

/// `send-proxy` and the like: the PROXY protocol in front of each connection.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SendProxy {
    /// Which forms; HAProxy writes version 1 where both are asked for.
    pub v1: bool,
    /// `send-proxy-v2`.
    pub v2: bool,
    /// `send-proxy-v2-ssl`: with what TLS settled.
    pub v2_ssl: bool,
    /// `send-proxy-v2-ssl-cn`: with the common name of the client's certificate, too.
    pub v2_ssl_cn: bool,
    /// `proxy-v2-options`.
    pub options: Vec<String>,
    /// `set-proxy-v2-tlv-fmt`: types and formats as written.
    pub tlvs: Vec<(u8, String)>,
}

/// `source`: where connections to a server come from.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerSource {
    /// The address.
    pub ip: IpAddr,
    /// The first and the last port; 0 leaves it to the system.
    pub ports: (u16, u16),
    /// `usesrc`: an address of the client's.
    pub usesrc: Option<UseSource>,
    /// `interface`.
    pub interface: Option<String>,
}

/// How connections to a server are kept for later requests.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pool {
    /// `max-reuse`: requests over one connection; `Some(-1)` is no limit.
    pub max_reuse: Option<i64>,
    /// `pool-low-conn`: so many idle ones are taken from no other thread.
    pub low_conn: Option<i64>,
    /// `pool-max-conn`: idle ones; `Some(-1)` is no limit.
    pub max_conn: Option<i64>,
    /// `pool-purge-delay`: how often half of the idle ones that were not needed are closed.
    pub purge_delay: Option<Duration>,
    /// `pool-conn-name`: an expression that tells connections apart, as written.
    pub conn_name: Option<String>,
    /// `idle-ping`: how often an idle HTTP/2 connection is asked whether it lives.
    pub idle_ping: Option<Duration>,
}

/// How a server's name becomes an address.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolve {
    /// `init-addr`: the methods at start, in order.
    pub init_addr: Vec<InitAddr>,
    /// `resolvers`: the section whose name servers are asked.
    pub resolvers: Option<String>,
    /// `resolve-prefer`.
    pub prefer: Option<Family>,
    /// `resolve-net`: addresses in these networks are taken first.
    pub networks: Vec<(IpAddr, u8)>,
    /// `resolve-opts allow-dup-ip` (`Some(true)`) or `prevent-dup-ip`.
    pub allow_duplicates: Option<bool>,
    /// `resolve-opts ignore-weight`: the weights of SRV records are not taken over.
    pub ignore_weight: bool,
}

/// A method of `init-addr`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitAddr {
    /// The address in the state file.
    Last,
    /// The system's resolver.
    Libc,
    /// Start without an address.
    None,
    /// This one.
    Ip(IpAddr),
}

/// A server that takes log lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServerLog {
    /// `log-proto octet-count`.
    pub octet_count: bool,
    /// `log-bufsize`, in bytes.
    pub buffer_size: Option<u64>,
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
