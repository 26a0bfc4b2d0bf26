//! `frontend`, `backend` and `listen` sections (configuration.txt 4).

use std::path::PathBuf;
use std::time::Duration;

use super::rule::{Asked, Captures, UniqueId, UseBackend, UseServer};
use super::{
    Balance, Bind, Connections, ForwardFor, Forwarded, Hashing, HeaderNames, LogTarget, OriginalTo,
    Persistence, Server, Services, StickRule, StickTable,
};

/// A frontend's place in [`super::Model::frontends`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FrontendId(pub usize);

/// A backend's place in [`super::Model::backends`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct BackendId(pub usize);

/// `mode`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// Bytes both ways.
    #[default]
    Tcp,
    /// HTTP messages.
    Http,
    /// Log messages, in a backend of syslog servers.
    Log,
    /// The protocol of stream processing agents.
    Spop,
}

/// A `frontend`, or the frontend half of a `listen`.
#[derive(Clone, Debug, PartialEq)]
pub struct Frontend {
    /// Its name.
    pub name: String,
    /// `id`, given or counted.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// `disabled`.
    pub disabled: bool,
    /// The sockets.
    pub binds: Vec<Bind>,
    /// `maxconn`: connections at once; `None` is the process' limit.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `rate-limit sessions`: new connections per second; `None` is no limit.
    pub rate_limit: Option<u32>,
    /// `tcp-request connection` rules.
    pub tcp_request_connection: rules::RuleSet,
    /// `tcp-request session` rules.
    pub tcp_request_session: rules::RuleSet,
    /// `tcp-request inspect-delay`.
    pub inspect_delay: Option<Duration>,
    /// `tcp-request content` rules.
    pub tcp_request_content: rules::RuleSet,
    /// `http-request` rules.
    pub http_request: rules::RuleSet,
    /// `http-response` rules.
    pub http_response: rules::RuleSet,
    /// `http-after-response` rules.
    pub http_after_response: rules::RuleSet,
    /// The ACLs that expressions ask.
    pub asked: Asked,
    /// What is kept of messages.
    pub captures: Captures,
    /// `unique-id-format`, `unique-id-header`.
    pub unique_id: UniqueId,
    /// `monitor fail`: when the answer to `monitor-uri` is 503.
    pub monitor_fail: Vec<expr::Cond>,
    /// `use_backend` rules, in order.
    pub use_backend: Vec<UseBackend>,
    /// `stick-table`.
    pub stick_table: Option<StickTable>,
    /// `default_backend`.
    pub default_backend: Option<BackendId>,
    /// `monitor-uri`.
    pub monitor_uri: Option<String>,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Options.
    pub options: ProxyOptions,
    /// What it does beside passing messages on.
    pub services: Services,
    /// Where and how its traffic is logged.
    pub logging: Logging,
    /// The backend half of the same `listen`.
    pub listen: Option<BackendId>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `backend`, or the backend half of a `listen`.
#[derive(Clone, Debug, PartialEq)]
pub struct Backend {
    /// Its name.
    pub name: String,
    /// `id`, given or counted.
    pub id: u32,
    /// `mode`.
    pub mode: Mode,
    /// `disabled`.
    pub disabled: bool,
    /// `balance`.
    pub balance: Balance,
    /// `hash-type` and what belongs to it.
    pub hashing: Hashing,
    /// What keeps clients on servers.
    pub persistence: Persistence,
    /// How servers are connected to.
    pub connections: Connections,
    /// The servers, in order.
    pub servers: Vec<Server>,
    /// `retries`: attempts to connect after the first.
    pub retries: u32,
    /// `option redispatch`: after how many attempts another server is tried; negative counts from the last.
    pub redispatch: Option<i32>,
    /// `option allbackups`.
    pub all_backups: bool,
    /// `fullconn`.
    pub fullconn: Option<u32>,
    /// `stick-table`; that of a `listen` is here.
    pub stick_table: Option<StickTable>,
    /// `stick` rules, in order.
    pub stick_rules: Vec<StickRule>,
    /// `tcp-request inspect-delay`.
    pub inspect_delay: Option<Duration>,
    /// `tcp-request content` rules.
    pub tcp_request_content: rules::RuleSet,
    /// `http-request` rules.
    pub http_request: rules::RuleSet,
    /// `tcp-response inspect-delay`.
    pub response_delay: Option<Duration>,
    /// `tcp-response content` rules.
    pub tcp_response_content: rules::RuleSet,
    /// The ACLs that expressions ask.
    pub asked: Asked,
    /// `http-response` rules.
    pub http_response: rules::RuleSet,
    /// `http-after-response` rules.
    pub http_after_response: rules::RuleSet,
    /// `use-server` rules, in order.
    pub use_server: Vec<UseServer>,
    /// Timeouts.
    pub timeouts: Timeouts,
    /// Options.
    pub options: ProxyOptions,
    /// What it does beside passing messages on.
    pub services: Services,
    /// Where changes of server states are logged.
    pub logging: Logging,
    /// The frontend half of the same `listen`: its rules are these rules, and run once.
    pub listen: Option<FrontendId>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// `timeout …` lines (configuration.txt 4.2); `None` is no limit, as in HAProxy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub struct Timeouts {
    pub connect: Option<Duration>,
    pub client: Option<Duration>,
    pub server: Option<Duration>,
    pub http_request: Option<Duration>,
    pub http_keep_alive: Option<Duration>,
    pub queue: Option<Duration>,
    pub check: Option<Duration>,
    pub client_fin: Option<Duration>,
    pub server_fin: Option<Duration>,
    pub tunnel: Option<Duration>,
    pub tarpit: Option<Duration>,
}

/// `option …` lines that change how traffic is treated.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ProxyOptions {
    /// `option forwardfor`.
    pub forwardfor: Option<ForwardFor>,
    /// `option httpclose`, `http-server-close`, `http-keep-alive`.
    pub connection: ConnectionMode,
    /// `option dontlognull`.
    pub dontlognull: bool,
    /// `option dontlog-normal`.
    pub dontlog_normal: bool,
    /// `option log-separate-errors`.
    pub log_separate_errors: bool,
    /// `option socket-stats`: each socket has a row of its own in the statistics.
    pub socket_stats: bool,
    /// `option logasap`.
    pub logasap: bool,
    /// `option http-ignore-probes`.
    pub ignore_probes: bool,
    /// `option abortonclose`.
    pub abortonclose: bool,
    /// `option log-health-checks`.
    pub log_health_checks: bool,
    /// `http-check disable-on-404`: a server that answers a check with 404 gets no new clients.
    pub disable_on_404: bool,
    /// `http-check send-state`: checks tell the server what is thought of it.
    pub send_state: bool,
    /// `option originalto`.
    pub originalto: Option<OriginalTo>,
    /// `option forwarded`.
    pub forwarded: Option<Forwarded>,
    /// `option http-restrict-req-hdr-names`.
    pub header_names: HeaderNames,
    /// `option accept-unsafe-violations-in-http-request`, once `accept-invalid-http-request`.
    pub accept_invalid_request: bool,
    /// `option accept-unsafe-violations-in-http-response`, once `accept-invalid-http-response`.
    pub accept_invalid_response: bool,
    /// `option assume-rfc6587-ntf`.
    pub assume_rfc6587: bool,
    /// `option dont-parse-log`.
    pub dont_parse_log: bool,
    /// `option checkcache`.
    pub checkcache: bool,
    /// `option disable-h2-upgrade`.
    pub disable_h2_upgrade: bool,
    /// `option h1-case-adjust-bogus-client`.
    pub h1_case_client: bool,
    /// `option h1-case-adjust-bogus-server`.
    pub h1_case_server: bool,
    /// `option http-buffer-request`.
    pub buffer_request: bool,
    /// `option http-drop-request-trailers`.
    pub drop_request_trailers: bool,
    /// `option http-drop-response-trailers`.
    pub drop_response_trailers: bool,
    /// `option http-pretend-keepalive`.
    pub pretend_keepalive: bool,
    /// `option http-use-proxy-header`.
    pub use_proxy_header: bool,
    /// `option nolinger`.
    pub nolinger: bool,
    /// `option persist`.
    pub persist: bool,
    /// `option prefer-last-server`.
    pub prefer_last_server: bool,
    /// `option transparent`.
    pub transparent: bool,
    /// `errorfile CODE FILE`: the whole answer, head included, as it goes out; by status.
    pub errorfiles: Vec<(u16, Vec<u8>)>,
    /// Where each of [`Self::errorfiles`] comes from, in the same order.
    pub errorfile_origins: Vec<PageOrigin>,
    /// `http-error`: answers that are made for each request; sorted by status, none of which is in
    /// [`Self::errorfiles`].
    pub http_errors: Vec<rules::HttpError>,
}

/// Where a page in place of a built-in one comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PageOrigin {
    /// `errorfile`: this file.
    File(PathBuf),
    /// `errorloc`, `errorloc302`: this URL.
    Found(String),
    /// `errorloc303`: this URL.
    SeeOther(String),
    /// `errorfiles`: the `http-errors` section of this name.
    Section(String),
}

/// What happens to connections after a response.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConnectionMode {
    /// Both sides are kept.
    #[default]
    KeepAlive,
    /// `option http-server-close`: the server's side is closed.
    ServerClose,
    /// `option httpclose`: both sides are closed.
    Close,
}

/// Where and how a proxy's traffic is logged.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Logging {
    /// The targets, those of `log global` included.
    pub targets: Vec<LogTarget>,
    /// The form of the lines.
    pub traffic: TrafficLog,
    /// `error-log-format`: the form of the lines of connections that came to no request.
    pub error: Option<expr::LogFormat>,
    /// `log-format-sd`: the structured data of RFC 5424 in the head of the lines.
    pub structured: Option<expr::LogFormat>,
    /// `log-tag`.
    pub tag: Option<String>,
    /// `log-steps`: when a line is logged; without it at the end.
    pub steps: Option<Vec<rules::Step>>,
}

/// The form of traffic log lines.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum TrafficLog {
    /// HAProxy's short default form (configuration.txt 8.2.1).
    #[default]
    Default,
    /// `option tcplog` (8.2.2).
    Tcp,
    /// `option httplog` (8.2.3); `option httplog clf` is its Apache form.
    Http {
        /// `clf`.
        clf: bool,
    },
    /// `option httpslog`.
    Https,
    /// `log-format`.
    Format(expr::LogFormat),
}

impl Frontend {
    /// Its rule sets.
    pub(super) fn rule_sets(&self) -> [&rules::RuleSet; 6] {
        [
            &self.tcp_request_connection,
            &self.tcp_request_session,
            &self.tcp_request_content,
            &self.http_request,
            &self.http_response,
            &self.http_after_response,
        ]
    }
}

impl Backend {
    /// Its rule sets.
    pub(super) fn rule_sets(&self) -> [&rules::RuleSet; 5] {
        [
            &self.tcp_request_content,
            &self.http_request,
            &self.tcp_response_content,
            &self.http_response,
            &self.http_after_response,
        ]
    }
}
