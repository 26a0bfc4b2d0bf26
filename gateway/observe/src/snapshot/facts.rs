//! What the live objects know about themselves besides their counters.

use std::fmt;

use super::Mode;

/// What is known of the process besides its counters.
#[derive(Clone, Debug, Default)]
pub struct ProcessFacts {
    /// The gateway's version.
    pub version: String,
    /// The day of its release, `2026/11/22`.
    pub release_date: String,
    /// Worker threads.
    pub threads: u32,
    /// The pid.
    pub pid: u32,
    /// The limit on file descriptors.
    pub ulimit_n: u64,
    /// The limit on connections in force.
    pub maxconn: u64,
    /// The limit on connections that the file descriptors would allow.
    pub hard_maxconn: u64,
    /// `global`'s `maxsslconn`; 0 is no limit.
    pub max_tls: u64,
    /// `global`'s `maxconnrate`, `maxsessrate`, `maxsslrate`; 0 is no limit.
    pub rate_limits: [u64; 3],
    /// `node`.
    pub node: String,
    /// `description`.
    pub description: String,
    /// The process is stopping.
    pub stopping: bool,
    /// Listening sockets.
    pub listeners: u64,
    /// Tasks alive and tasks ready to run.
    pub tasks: (u64, u64),
    /// Percent of the last second that was spent waiting.
    pub idle_percent: u8,
    /// Log lines that could not be sent ([`crate::log::Sinks::dropped`]).
    pub dropped_logs: u64,
    /// The limit on memory in bytes (`-m`); 0 is none.
    pub memory_limit: u64,
    /// Memory that the allocator holds and that is in use, in bytes.
    pub memory: (u64, u64),
}

/// The state of a frontend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FrontendStatus {
    /// Takes connections.
    #[default]
    Open,
    /// Has as many as it may.
    Full,
    /// Paused.
    Paused,
    /// Stopped for good.
    Stopped,
}

/// What is known of a frontend besides its counters.
#[derive(Clone, Debug, Default)]
pub struct FrontendFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number.
    pub id: u32,
    /// Its mode.
    pub mode: Mode,
    /// Its state.
    pub status: FrontendStatus,
    /// `maxconn` in force.
    pub limit: u64,
    /// `rate-limit sessions`; 0 is none.
    pub rate_limit: u64,
}

/// The state of a listener.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListenerStatus {
    /// Takes connections.
    #[default]
    Open,
    /// Has as many as it may.
    Full,
    /// Waits for others to go.
    Waiting,
}

/// What is known of a `bind` socket besides its counters.
#[derive(Clone, Debug, Default)]
pub struct ListenerFacts<'a> {
    /// The frontend's name.
    pub frontend: &'a str,
    /// The frontend's number.
    pub frontend_id: u32,
    /// `name`, or `sock-N`.
    pub name: &'a str,
    /// Its number, from 1.
    pub id: u32,
    /// The frontend's mode.
    pub mode: Mode,
    /// Its state.
    pub status: ListenerStatus,
    /// `maxconn` of the bind line; 0 is none.
    pub limit: u64,
    /// The address: `1.2.3.4:80`, `[::]:80`, `unix`.
    pub address: String,
}

/// The state of a backend.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BackendStatus {
    /// Has a server for a request.
    #[default]
    Up,
    /// Has none.
    Down,
}

/// What is known of a backend besides its counters.
#[derive(Clone, Debug, Default)]
pub struct BackendFacts<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number.
    pub id: u32,
    /// Its mode.
    pub mode: Mode,
    /// Its state.
    pub status: BackendStatus,
    /// The sum of the effective weights of the servers in use.
    pub weight: u64,
    /// The same of the weights as configured.
    pub user_weight: u64,
    /// Active servers that are up.
    pub active: u64,
    /// Backup servers that are up.
    pub backup: u64,
    /// `fullconn`.
    pub limit: u64,
    /// `balance`'s name.
    pub algorithm: &'a str,
    /// `cookie`'s name.
    pub cookie: Option<&'a str>,
}

/// The state of a server, as the statistics show it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ServerStatus {
    /// Nobody checks it.
    #[default]
    NoCheck,
    /// Up, all checks well.
    Up,
    /// Up, but checks fail: its health and what it counts from.
    GoingDown(u32, u32),
    /// Down.
    Down,
    /// Down, but checks succeed: its health and what it counts to.
    GoingUp(u32, u32),
    /// Up, without new clients (`disable-on-404`).
    NoLb,
    /// Drained by command or weight.
    Drain,
    /// In maintenance.
    Maint,
    /// In maintenance because the server named is.
    MaintVia(String),
    /// In maintenance because its name has no address.
    MaintResolution,
}

impl ServerStatus {
    /// The label that Prometheus shows.
    pub fn label(&self) -> &'static str {
        match self {
            Self::NoCheck | Self::Up | Self::GoingDown(..) => "UP",
            Self::Down | Self::GoingUp(..) => "DOWN",
            Self::NoLb => "NOLB",
            Self::Drain => "DRAIN",
            Self::Maint | Self::MaintVia(_) | Self::MaintResolution => "MAINT",
        }
    }
}

impl fmt::Display for ServerStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoCheck => f.write_str("no check"),
            Self::Up => f.write_str("UP"),
            Self::GoingDown(health, of) => write!(f, "UP {health}/{of}"),
            Self::Down => f.write_str("DOWN"),
            Self::GoingUp(health, of) => write!(f, "DOWN {health}/{of}"),
            Self::NoLb => f.write_str("NOLB"),
            Self::Drain => f.write_str("DRAIN"),
            Self::Maint => f.write_str("MAINT"),
            Self::MaintVia(server) => write!(f, "MAINT (via {server})"),
            Self::MaintResolution => f.write_str("MAINT (resolution)"),
        }
    }
}

/// What is known of a server's health checks.
#[derive(Clone, Debug, Default)]
pub struct CheckFacts {
    /// The status: `INI`, `L4OK`, `L7STS`, …; `None` before the first check has begun.
    pub status: Option<&'static str>,
    /// Its description: `Layer4 check passed`, ….
    pub description: String,
    /// A check is running.
    pub running: bool,
    /// The status code of the answer.
    pub code: Option<u16>,
    /// How long the check took, in milliseconds.
    pub duration: Option<u64>,
    /// What went wrong, or what the server said.
    pub last: String,
    /// `rise`.
    pub rise: u32,
    /// `fall`.
    pub fall: u32,
    /// Between 0 and `rise + fall - 1`.
    pub health: u32,
}

/// What is known of a server besides its counters.
#[derive(Clone, Debug, Default)]
pub struct ServerFacts<'a> {
    /// The backend's name.
    pub backend: &'a str,
    /// The backend's number.
    pub backend_id: u32,
    /// Its name.
    pub name: &'a str,
    /// Its number, from 1.
    pub id: u32,
    /// The backend's mode.
    pub mode: Mode,
    /// Its state.
    pub status: ServerStatus,
    /// The effective weight.
    pub weight: u64,
    /// The weight as configured.
    pub user_weight: u64,
    /// `backup`.
    pub backup: bool,
    /// `maxconn`.
    pub limit: Option<u64>,
    /// `maxqueue`.
    pub queue_limit: Option<u64>,
    /// The address and port; empty while the name has none.
    pub address: String,
    /// `cookie`'s value.
    pub cookie: Option<&'a str>,
    /// Its checks, if it has any.
    pub check: Option<CheckFacts>,
    /// Percent of its weight during `slowstart`.
    pub throttle: Option<u8>,
    /// `pool-max-conn`.
    pub idle_limit: Option<u64>,
}

/// A stick table.
#[derive(Clone, Debug, Default)]
pub struct StickTableRow {
    /// Its name.
    pub name: String,
    /// The type of its keys.
    pub kind: String,
    /// The entries it may have.
    pub size: u64,
    /// The entries it has.
    pub used: u64,
    /// Changes made here.
    pub updates: u64,
}

/// A name server.
#[derive(Clone, Debug, Default)]
pub struct ResolverRow {
    /// The `resolvers` section's name.
    pub resolvers: String,
    /// The name server's name.
    pub name: String,
    /// Sent, send errors, valid, update, cname, cname error, any error, nx, timeout, refused, other, invalid,
    /// too big, truncated, outdated.
    pub counts: [u64; 15],
}
