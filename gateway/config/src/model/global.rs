//! The `global` section (configuration.txt 3).

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// What the process does as a whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Global {
    /// `maxconn`: connections over all frontends; `None` derives it from the limit on file descriptors.
    pub maxconn: Option<u32>,
    /// `nbthread`: worker threads; `None` is one for each CPU.
    pub nbthread: Option<u16>,
    /// `daemon`: go to the background.
    pub daemon: bool,
    /// `master-worker` was said (or `-W`).
    pub master_worker: bool,
    /// `pidfile`.
    pub pidfile: Option<PathBuf>,
    /// `chroot`.
    pub chroot: Option<PathBuf>,
    /// `user`, `uid`, `group`, `gid`.
    pub run_as: RunAs,
    /// `node`, the name shown in the statistics.
    pub node: Option<String>,
    /// `description`.
    pub description: Option<String>,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `log-send-hostname`: the host name that rfc3164 and rfc5424 lines carry; empty for the system's own.
    pub log_send_hostname: Option<String>,
    /// `log` lines.
    pub logs: Vec<LogTarget>,
    /// `stats socket` lines.
    pub stats_sockets: Vec<StatsSocket>,
    /// `stats timeout`: how long an idle CLI connection is kept.
    pub stats_timeout: Option<Duration>,
    /// `stats maxconn`: CLI connections at once.
    pub stats_maxconn: Option<u32>,
    /// `hard-stop-after`: how long a graceful stop may last.
    pub hard_stop_after: Option<Duration>,
    /// `grace`: how long a stopping process goes on accepting.
    pub grace: Option<Duration>,
    /// `ulimit-n`, or `fd-hard-limit` where neither `ulimit-n` nor `maxconn` is said.
    pub ulimit_n: Option<u64>,
    /// `spread-checks`, percent.
    pub spread_checks: u8,
    /// `tune.bufsize` less `tune.maxrewrite`: the bytes that a message head may have.
    pub head_size: usize,
    /// `tune.http.maxhdr`: the headers that a message may have.
    pub max_headers: usize,
    /// `ssl-default-bind-options`'s `ssl-min-ver`.
    pub default_bind_min_tls: Option<super::TlsVersion>,
    /// `ssl-default-bind-options`'s `ssl-max-ver`.
    pub default_bind_max_tls: Option<super::TlsVersion>,
    /// `ssl-default-bind-options no-tls-tickets`.
    pub default_bind_no_tickets: bool,
    /// `ssl-default-bind-curves`, in OpenSSL's names.
    pub default_bind_curves: Option<String>,
    /// `ssl-default-bind-ciphers`, in OpenSSL's names.
    pub default_bind_ciphers: Option<String>,
    /// `ssl-default-bind-ciphersuites`, in OpenSSL's names.
    pub default_bind_ciphersuites: Option<String>,
    /// `ssl-default-bind-options strict-sni`.
    pub default_bind_strict_sni: bool,
    /// `tune.bufsize`.
    pub buffer_size: usize,
    /// `tune.maxrewrite`: what of a buffer is kept free for rewriting.
    pub head_reserve: usize,
    /// `tune.stick-counters`: the counters that may track something.
    pub stick_counters: usize,
    /// `fd-hard-limit`.
    pub fd_hard_limit: Option<u64>,
    /// `zero-warning`: warnings are errors.
    pub zero_warning: bool,
    /// `setenv`, `presetenv`, `unsetenv`, `resetenv`, in order: what `env()` and the lines behind them see.
    pub environment: Vec<lang::EnvChange>,
    /// `localpeer`: what this process is called among its peers; `None` is what `-L` or the system says.
    pub localpeer: Option<String>,
    /// `ca-base`: where relative names of CA files are looked up; already joined to each `ca-file`.
    pub ca_base: Option<PathBuf>,
    /// `crt-base`: where relative certificate names are looked up.
    pub crt_base: Option<PathBuf>,
    /// `key-base`: where relative names of keys are looked up.
    pub key_base: Option<PathBuf>,
    /// `default-path`: what relative names in files are relative to.
    pub default_path: DefaultPath,
    /// `unix-bind`: what unix sockets of `bind` lines get where they do not say.
    pub unix_bind: UnixBind,
    /// `cpu-map` lines.
    pub cpu_maps: Vec<CpuMap>,
    /// `set-var`, `set-var-fmt`: variables of the process, set before anything is served.
    pub variables: Vec<Variable>,
    /// `h1-case-adjust`, and the lines of `h1-case-adjust-file`: names in lower case, and as they are sent.
    pub header_case: std::collections::BTreeMap<String, String>,
    /// `issuers-chain-path`: where the certificates of issuers are.
    pub issuers: Option<PathBuf>,
    /// `ssl-load-extra-files`: which files beside certificates are read; `None` is all of them.
    pub extra_files: Option<Vec<String>>,
    /// `ssl-default-server-*`: what servers with TLS get where they do not say.
    pub default_server: DefaultServer,
    /// `ssl-server-verify none`.
    pub no_server_verify: bool,
    /// `ssl-default-bind-sigalgs`.
    pub default_bind_sigalgs: Option<String>,
    /// `ssl-default-bind-client-sigalgs`.
    pub default_bind_client_sigalgs: Option<String>,
    /// `ssl-default-bind-options prefer-client-ciphers`.
    pub default_bind_prefer_client: bool,
    /// The keywords that set one value each and have no field of their own, by name.
    pub settings: std::collections::BTreeMap<&'static str, Setting>,
}

impl Global {
    /// Whether GET, HEAD and DELETE may have a body in HTTP/1.0: with `h1-accept-payload-with-any-method`.
    pub fn accepts_any_payload(&self) -> bool {
        self.settings.get("h1-accept-payload-with-any-method") == Some(&Setting::On(true))
    }

    /// Whether clients of HTTP/2 are told that they may ask for WebSockets (RFC 8441): not with
    /// `h2-workaround-bogus-websocket-clients`.
    pub fn announces_websockets(&self) -> bool {
        self.settings.get("h2-workaround-bogus-websocket-clients") != Some(&Setting::On(true))
    }

    /// `tune.ssl.keylog on`: expressions may tell the secrets of TLS connections.
    pub fn keylog(&self) -> bool {
        matches!(self.settings.get("tune.ssl.keylog"), Some(Setting::Word(word)) if word == "on")
    }

    /// `tune.ssl.capture-buffer-size`, and its older name: the bytes that are kept of the lists of a client's hello.
    pub fn hello_lists(&self) -> usize {
        let names = ["tune.ssl.capture-buffer-size", "tune.ssl.capture-cipherlist-size"];
        names
            .iter()
            .find_map(|name| match self.settings.get(name) {
                Some(Setting::Number(size)) => usize::try_from(*size).ok(),
                _ => None,
            })
            .unwrap_or(0)
    }
}

/// The value of a keyword that sets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting {
    /// It was said, or said with `no`.
    On(bool),
    /// A number.
    Number(i64),
    /// A size in bytes.
    Size(u64),
    /// A time.
    Time(Duration),
    /// A word.
    Word(String),
    /// Words.
    Words(Vec<String>),
}

/// `default-path` (configuration.txt 3.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum DefaultPath {
    /// The directory that the process was started in.
    #[default]
    Current,
    /// That of the configuration file.
    Config,
    /// The one above that of the configuration file.
    Parent,
    /// This one.
    Origin(PathBuf),
}

/// `unix-bind` (configuration.txt 3.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct UnixBind {
    /// `prefix`: what stands before every path.
    pub prefix: Option<String>,
    /// `mode`, `user`, `uid`, `group`, `gid`.
    pub permissions: super::Permissions,
}

/// A `cpu-map` line: threads and the CPUs that they run on, as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CpuMap {
    /// `[auto:]group[/threads]`.
    pub threads: String,
    /// Sets of CPUs.
    pub cpus: Vec<String>,
}

/// A variable of the process (configuration.txt 3.1, `set-var`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// `proc.name`.
    pub name: String,
    /// What it holds.
    pub value: VariableValue,
}

/// What a variable is set to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariableValue {
    /// `set-var`: an expression.
    Expression(expr::Expr),
    /// `set-var-fmt`: a format string.
    Format(expr::LogFormat),
}

/// `ssl-default-server-*`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DefaultServer {
    /// `ssl-default-server-ciphers`.
    pub ciphers: Option<String>,
    /// `ssl-default-server-ciphersuites`.
    pub ciphersuites: Option<String>,
    /// `ssl-default-server-curves`.
    pub curves: Option<String>,
    /// `ssl-default-server-sigalgs`.
    pub sigalgs: Option<String>,
    /// `ssl-default-server-client-sigalgs`.
    pub client_sigalgs: Option<String>,
    /// `ssl-default-server-options ssl-min-ver`.
    pub min: Option<super::TlsVersion>,
    /// `ssl-default-server-options ssl-max-ver`.
    pub max: Option<super::TlsVersion>,
    /// `ssl-default-server-options no-tls-tickets`.
    pub no_tickets: bool,
}

/// The identity to take after the sockets are bound.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RunAs {
    /// `user`.
    pub user: Option<String>,
    /// `uid`.
    pub uid: Option<u32>,
    /// `group`.
    pub group: Option<String>,
    /// `gid`.
    pub gid: Option<u32>,
}

/// A `stats socket` line: where the runtime CLI listens (configuration.txt 3.1, management.txt 9.3).
#[derive(Clone, Debug, PartialEq)]
pub struct StatsSocket {
    /// Where it listens, and how.
    pub bind: super::Bind,
    /// `level`: what the commands may do: 1 user, 2 operator, 3 admin.
    pub level: u8,
}

/// A `log` line (configuration.txt 4.2, `log`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogTarget {
    /// Where the lines go.
    pub to: LogTo,
    /// `format`.
    pub format: LogFormat,
    /// The facility.
    pub facility: LogFacility,
    /// The least important level that is sent.
    pub max_level: rules::LogLevel,
    /// Levels more important than this one are sent as this one.
    pub min_level: rules::LogLevel,
    /// `len`: the longest line in bytes.
    pub max_length: usize,
    /// `sample`: which of the lines are sent.
    pub sample: Option<LogSample>,
    /// `profile`: the `log-profile` section that says how lines look.
    pub profile: Option<String>,
}

/// `sample`: of each so many lines some are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogSample {
    /// Their numbers, counted from 1, both ends included, in ascending order.
    pub ranges: Vec<(u32, u32)>,
    /// How many lines are counted before it begins anew.
    pub size: u32,
}

/// Where log lines go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogTo {
    /// `stdout`, or `fd@1`.
    Stdout,
    /// `stderr`, or `fd@2`.
    Stderr,
    /// `fd@N`.
    Fd(i32),
    /// UDP syslog; the name is kept for one that does not resolve yet.
    Udp {
        /// As written, for messages.
        name: String,
        /// The address, when it is one.
        addr: Option<SocketAddr>,
    },
    /// A unix datagram socket such as `/dev/log`.
    Unix(PathBuf),
    /// `tcp@`: syslog over a connection.
    Tcp {
        /// As written, for messages.
        name: String,
        /// The address, when it is one.
        addr: Option<SocketAddr>,
    },
    /// `uxst@`: a unix stream socket.
    UnixStream(PathBuf),
    /// `abns@`: a datagram socket in Linux's abstract name space.
    Abstract(String),
    /// `ring@`: the `ring` section of this name.
    Ring(String),
    /// `backend@`: the backend of this name, which is in `mode log` (HAProxy 2.9).
    Backend(String),
}

/// The form of a log line's head (configuration.txt 4.2, `log … format`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// Only the message.
    Raw,
    /// `<level>` and the message.
    Short,
    /// `local`, the default: `rfc3164` without a host name.
    #[default]
    Local,
    /// RFC 3164, with the host name.
    Rfc3164,
    /// RFC 5424.
    Rfc5424,
    /// `<level>message`, systemd's form of `short`.
    Priority,
    /// The time in ISO form and the message.
    Timed,
    /// ISO time, host, tag and pid, message.
    Iso,
}

/// A syslog facility, by its number (RFC 5424, 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogFacility(pub u8);
