//! Every column of `show stat` and every series of the exporter, each declared once. The header, the columns'
//! order and the series' names, types, labels and help derive from here.

use crate::snapshot::{Kind, ProcessRow, Value};

/// Declares the columns in HAProxy's order: the enum, and the table of names.
macro_rules! columns {
    ($($variant:ident => $name:literal,)*) => {
        /// A column of `show stat`, in HAProxy's order (management.txt 9.1).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "the names are the manual's")]
        pub enum Column { $($variant,)* }

        /// The columns' names.
        pub const COLUMNS: &[(Column, &str)] = &[$((Column::$variant, $name),)*];
    };
}

columns! {
    Pxname => "pxname",
    Svname => "svname",
    Qcur => "qcur",
    Qmax => "qmax",
    Scur => "scur",
    Smax => "smax",
    Slim => "slim",
    Stot => "stot",
    Bin => "bin",
    Bout => "bout",
    Dreq => "dreq",
    Dresp => "dresp",
    Ereq => "ereq",
    Econ => "econ",
    Eresp => "eresp",
    Wretr => "wretr",
    Wredis => "wredis",
    Status => "status",
    Weight => "weight",
    Act => "act",
    Bck => "bck",
    Chkfail => "chkfail",
    Chkdown => "chkdown",
    Lastchg => "lastchg",
    Downtime => "downtime",
    Qlimit => "qlimit",
    Pid => "pid",
    Iid => "iid",
    Sid => "sid",
    Throttle => "throttle",
    Lbtot => "lbtot",
    Tracked => "tracked",
    Type => "type",
    Rate => "rate",
    RateLim => "rate_lim",
    RateMax => "rate_max",
    CheckStatus => "check_status",
    CheckCode => "check_code",
    CheckDuration => "check_duration",
    Hrsp1xx => "hrsp_1xx",
    Hrsp2xx => "hrsp_2xx",
    Hrsp3xx => "hrsp_3xx",
    Hrsp4xx => "hrsp_4xx",
    Hrsp5xx => "hrsp_5xx",
    HrspOther => "hrsp_other",
    Hanafail => "hanafail",
    ReqRate => "req_rate",
    ReqRateMax => "req_rate_max",
    ReqTot => "req_tot",
    CliAbrt => "cli_abrt",
    SrvAbrt => "srv_abrt",
    CompIn => "comp_in",
    CompOut => "comp_out",
    CompByp => "comp_byp",
    CompRsp => "comp_rsp",
    Lastsess => "lastsess",
    LastChk => "last_chk",
    LastAgt => "last_agt",
    Qtime => "qtime",
    Ctime => "ctime",
    Rtime => "rtime",
    Ttime => "ttime",
    AgentStatus => "agent_status",
    AgentCode => "agent_code",
    AgentDuration => "agent_duration",
    CheckDesc => "check_desc",
    AgentDesc => "agent_desc",
    CheckRise => "check_rise",
    CheckFall => "check_fall",
    CheckHealth => "check_health",
    AgentRise => "agent_rise",
    AgentFall => "agent_fall",
    AgentHealth => "agent_health",
    Addr => "addr",
    Cookie => "cookie",
    Mode => "mode",
    Algo => "algo",
    ConnRate => "conn_rate",
    ConnRateMax => "conn_rate_max",
    ConnTot => "conn_tot",
    Intercepted => "intercepted",
    Dcon => "dcon",
    Dses => "dses",
    Wrew => "wrew",
    Connect => "connect",
    Reuse => "reuse",
    CacheLookups => "cache_lookups",
    CacheHits => "cache_hits",
    SrvIcur => "srv_icur",
    SrcIlim => "src_ilim",
    QtimeMax => "qtime_max",
    CtimeMax => "ctime_max",
    RtimeMax => "rtime_max",
    TtimeMax => "ttime_max",
    Eint => "eint",
    IdleConnCur => "idle_conn_cur",
    SafeConnCur => "safe_conn_cur",
    UsedConnCur => "used_conn_cur",
    NeedConnEst => "need_conn_est",
    Uweight => "uweight",
    AggServerStatus => "agg_server_status",
    AggServerCheckStatus => "agg_server_check_status",
    AggCheckStatus => "agg_check_status",
    End => "-",
    SslSess => "ssl_sess",
    SslReusedSess => "ssl_reused_sess",
    SslFailedHandshake => "ssl_failed_handshake",
    H2HeadersRcvd => "h2_headers_rcvd",
    H2DataRcvd => "h2_data_rcvd",
    H2SettingsRcvd => "h2_settings_rcvd",
    H2RstStreamRcvd => "h2_rst_stream_rcvd",
    H2GoawayRcvd => "h2_goaway_rcvd",
    H2DetectedConnProtocolErrors => "h2_detected_conn_protocol_errors",
    H2DetectedStrmProtocolErrors => "h2_detected_strm_protocol_errors",
    H2RstStreamResp => "h2_rst_stream_resp",
    H2GoawayResp => "h2_goaway_resp",
    H2OpenConnections => "h2_open_connections",
    H2BackendOpenStreams => "h2_backend_open_streams",
    H2TotalConnections => "h2_total_connections",
    H2BackendTotalStreams => "h2_backend_total_streams",
    H1OpenConnections => "h1_open_connections",
    H1OpenStreams => "h1_open_streams",
    H1TotalConnections => "h1_total_connections",
    H1TotalStreams => "h1_total_streams",
    H1BytesIn => "h1_bytes_in",
    H1BytesOut => "h1_bytes_out",
    H1SplicedBytesIn => "h1_spliced_bytes_in",
    H1SplicedBytesOut => "h1_spliced_bytes_out",
}

/// The type of a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// Goes up and down.
    Gauge,
    /// Only goes up.
    Counter,
}

/// Where a series of a proxy, server or listener takes its value from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A column; NaN where it is empty.
    Int(Column),
    /// A column in milliseconds, told in seconds.
    Millis(Column),
    /// The six columns of responses, by class.
    Codes,
    /// The row's state, one series for each possible one.
    State,
    /// The status of a check, one series for each possible one.
    Check(Column),
    /// A backend's servers, counted by state.
    ServerStates,
    /// A backend's servers, counted by the status of their checks.
    CheckStates,
    /// Nothing that the gateway does: always zero.
    Nothing,
}

/// A series of the exporter about frontends, listeners, backends or servers.
#[derive(Clone, Copy, Debug)]
pub struct Series {
    /// The name after `haproxy_frontend_` and so on.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    scopes: u8,
    /// Where its value is.
    pub source: Source,
    /// Its help.
    pub help: &'static str,
}

impl Series {
    /// Whether it exists for this kind of row.
    pub fn is_about(&self, kind: Kind) -> bool {
        self.scopes & scope(kind) != 0
    }
}

const F: u8 = scope(Kind::Frontend);
const L: u8 = scope(Kind::Listener);
const B: u8 = scope(Kind::Backend);
const S: u8 = scope(Kind::Server);

const fn scope(kind: Kind) -> u8 {
    1 << kind as u8
}

const fn series(name: &'static str, kind: Type, scopes: u8, source: Source, help: &'static str) -> Series {
    Series { name, kind, scopes, source, help }
}

use Column as C;
use Source::{Check, CheckStates, Codes, Int, Millis, Nothing, ServerStates, State};
use Type::{Counter, Gauge};

/// The series about frontends, listeners, backends and servers.
#[rustfmt::skip]
pub const SERIES: &[Series] = &[
    series("current_sessions", Gauge, F | L | B | S, Int(C::Scur),
        "Number of current sessions on the frontend, backend or server"),
    series("max_sessions", Gauge, F | L | B | S, Int(C::Smax),
        "Highest value of current sessions encountered since process started"),
    series("limit_sessions", Gauge, F | L | B | S, Int(C::Slim),
        "Frontend/listener/server's maxconn, backend's fullconn"),
    series("sessions_total", Counter, F | L | B | S, Int(C::Stot),
        "Total number of sessions since process started"),
    series("bytes_in_total", Counter, F | L | B | S, Int(C::Bin),
        "Total number of request bytes since process started"),
    series("bytes_out_total", Counter, F | L | B | S, Int(C::Bout),
        "Total number of response bytes since process started"),
    series("requests_denied_total", Counter, F | L | B, Int(C::Dreq),
        "Total number of denied requests since process started"),
    series("responses_denied_total", Counter, F | L | B | S, Int(C::Dresp),
        "Total number of denied responses since process started"),
    series("request_errors_total", Counter, F | L, Int(C::Ereq),
        "Total number of invalid requests since process started"),
    series("status", Gauge, F | L | B | S, State,
        "Current status of the service, per state label value."),
    series("current_session_rate", Gauge, F | B | S, Int(C::Rate),
        "Total number of sessions processed by this object over the last second (sessions for listeners/frontends, requests for backends/servers)"),
    series("limit_session_rate", Gauge, F, Int(C::RateLim),
        "Limit on the number of sessions accepted in a second (frontend only, 'rate-limit sessions' setting)"),
    series("max_session_rate", Gauge, F | B | S, Int(C::RateMax),
        "Highest value of sessions per second observed since the worker process started"),
    series("http_responses_total", Counter, F | B | S, Codes,
        "Total number of HTTP responses with status 100-199 returned by this object since the worker process started"),
    series("http_requests_rate_max", Gauge, F, Int(C::ReqRateMax),
        "Highest value of http requests observed since the worker process started"),
    series("http_requests_total", Counter, F | B | S, Int(C::ReqTot),
        "Total number of HTTP requests processed by this object since the worker process started"),
    series("http_comp_bytes_in_total", Counter, F | B, Int(C::CompIn),
        "Total number of bytes submitted to the HTTP compressor for this object since the worker process started"),
    series("http_comp_bytes_out_total", Counter, F | B, Int(C::CompOut),
        "Total number of bytes emitted by the HTTP compressor for this object since the worker process started"),
    series("http_comp_bytes_bypassed_total", Counter, F | B, Int(C::CompByp),
        "Total number of bytes that bypassed HTTP compression for this object since the worker process started (CPU/memory/bandwidth limitation)"),
    series("http_comp_responses_total", Counter, F | B, Int(C::CompRsp),
        "Total number of HTTP responses that were compressed for this object since the worker process started"),
    series("connections_rate_max", Gauge, F, Int(C::ConnRateMax),
        "Highest value of connections per second observed since the worker process started"),
    series("connections_total", Counter, F | L, Int(C::ConnTot),
        "Total number of new connections accepted on this frontend since the worker process started"),
    series("intercepted_requests_total", Counter, F, Int(C::Intercepted),
        "Total number of HTTP requests intercepted on the frontend (redirects/stats/services) since the worker process started"),
    series("denied_connections_total", Counter, F | L, Int(C::Dcon),
        "Total number of incoming connections blocked on a listener/frontend by a tcp-request connection rule since the worker process started"),
    series("denied_sessions_total", Counter, F | L, Int(C::Dses),
        "Total number of incoming sessions blocked on a listener/frontend by a tcp-request connection rule since the worker process started"),
    series("failed_header_rewriting_total", Counter, F | L | B | S, Int(C::Wrew),
        "Total number of failed HTTP header rewrites since the worker process started"),
    series("http_cache_lookups_total", Counter, F | B, Int(C::CacheLookups),
        "Total number of HTTP requests looked up in the cache on this frontend/backend since the worker process started"),
    series("http_cache_hits_total", Counter, F | B, Int(C::CacheHits),
        "Total number of HTTP requests not found in the cache on this frontend/backend since the worker process started"),
    series("internal_errors_total", Counter, F | L | B | S, Int(C::Eint),
        "Total number of internal errors since process started"),
    series("req_bytes_in_total", Counter, F | L | B | S, Nothing,
        "Total number of request bytes received since process started"),
    series("req_bytes_out_total", Counter, F | L | B | S, Nothing,
        "Total number of request bytes sent since process started"),
    series("res_bytes_in_total", Counter, F | L | B | S, Nothing,
        "Total number of response bytes received since process started"),
    series("res_bytes_out_total", Counter, F | L | B | S, Nothing,
        "Total number of response bytes sent since process started"),
    series("http_cache_hint_hits_total", Counter, F | B, Nothing,
        "Total number of HTTP requests for which a 103 Early Hints response was emitted from the cache on this frontend/backend since the worker process started"),
    series("current_queue", Gauge, B | S, Int(C::Qcur),
        "Number of current queued connections"),
    series("max_queue", Gauge, B | S, Int(C::Qmax),
        "Highest value of queued connections encountered since process started"),
    series("connection_errors_total", Counter, B | S, Int(C::Econ),
        "Total number of failed connections to server since the worker process started"),
    series("response_errors_total", Counter, B | S, Int(C::Eresp),
        "Total number of invalid responses since the worker process started"),
    series("retry_warnings_total", Counter, B | S, Int(C::Wretr),
        "Total number of server connection retries since the worker process started"),
    series("redispatch_warnings_total", Counter, B | S, Int(C::Wredis),
        "Total number of server redispatches due to connection failures since the worker process started"),
    series("weight", Gauge, B | S, Int(C::Weight),
        "Server's effective weight, or sum of active servers' effective weights for a backend"),
    series("active_servers", Gauge, B, Int(C::Act),
        "Total number of active UP servers with a non-zero weight"),
    series("backup_servers", Gauge, B, Int(C::Bck),
        "Total number of backup UP servers with a non-zero weight"),
    series("check_up_down_total", Counter, B | S, Int(C::Chkdown),
        "Total number of failed checks causing UP to DOWN server transitions, per server/backend, since the worker process started"),
    series("check_last_change_seconds", Gauge, B | S, Int(C::Lastchg),
        "How long ago the last server state changed, in seconds"),
    series("downtime_seconds_total", Gauge, B, Int(C::Downtime),
        "Total time spent in DOWN state, for server or backend"),
    series("loadbalanced_total", Counter, B | S, Int(C::Lbtot),
        "Total number of requests routed by load balancing since the worker process started (ignores queue pop and stickiness)"),
    series("client_aborts_total", Counter, B | S, Int(C::CliAbrt),
        "Total number of requests or connections aborted by the client since the worker process started"),
    series("server_aborts_total", Counter, B | S, Int(C::SrvAbrt),
        "Total number of requests or connections aborted by the server since the worker process started"),
    series("last_session_seconds", Gauge, B | S, Int(C::Lastsess),
        "How long ago some traffic was seen on this object on this worker process, in seconds"),
    series("queue_time_average_seconds", Gauge, B | S, Millis(C::Qtime),
        "Avg. queue time for last 1024 successful connections."),
    series("connect_time_average_seconds", Gauge, B | S, Millis(C::Ctime),
        "Avg. connect time for last 1024 successful connections."),
    series("response_time_average_seconds", Gauge, B | S, Millis(C::Rtime),
        "Avg. response time for last 1024 successful connections."),
    series("total_time_average_seconds", Gauge, B | S, Millis(C::Ttime),
        "Avg. total time for last 1024 successful connections."),
    series("connection_attempts_total", Counter, B | S, Int(C::Connect),
        "Total number of outgoing connection attempts on this backend/server since the worker process started"),
    series("connection_reuses_total", Counter, B | S, Int(C::Reuse),
        "Total number of reused connection on this backend/server since the worker process started"),
    series("max_queue_time_seconds", Gauge, B | S, Millis(C::QtimeMax),
        "Maximum observed time spent in the queue"),
    series("max_connect_time_seconds", Gauge, B | S, Millis(C::CtimeMax),
        "Maximum observed time spent waiting for a connection to complete"),
    series("max_response_time_seconds", Gauge, B | S, Millis(C::RtimeMax),
        "Maximum observed time spent waiting for a server response"),
    series("max_total_time_seconds", Gauge, B | S, Millis(C::TtimeMax),
        "Maximum observed total request+response time (request+queue+connect+response+processing)"),
    series("uweight", Gauge, B | S, Int(C::Uweight),
        "Server's user weight, or sum of active servers' user weights for a backend"),
    series("agg_server_status", Gauge, B, ServerStates,
        "Backend's aggregated gauge of servers' status"),
    series("agg_server_check_status", Gauge, B, ServerStates,
        "[DEPRECATED] Backend's aggregated gauge of servers' status"),
    series("agg_check_status", Gauge, B, CheckStates,
        "Backend's aggregated gauge of servers' state check status"),
    series("active", Gauge, S, Int(C::Act),
        "Total number of active UP servers with a non-zero weight"),
    series("backup", Gauge, S, Int(C::Bck),
        "Total number of backup UP servers with a non-zero weight"),
    series("check_failures_total", Counter, S, Int(C::Chkfail),
        "Total number of failed individual health checks per server/backend, since the worker process started"),
    series("downtime_seconds_total", Counter, S, Int(C::Downtime),
        "Total time spent in DOWN state, for server or backend"),
    series("queue_limit", Gauge, S, Int(C::Qlimit),
        "Limit on the number of connections in queue, for servers only (maxqueue argument)"),
    series("current_throttle", Gauge, S, Int(C::Throttle),
        "Throttling ratio applied to a server's maxconn and weight during the slowstart period (0 to 100%)"),
    series("check_status", Gauge, S, Check(C::CheckStatus),
        "Status of last health check, per state label value."),
    series("check_code", Gauge, S, Int(C::CheckCode),
        "layer5-7 code, if available of the last health check."),
    series("check_duration_seconds", Gauge, S, Millis(C::CheckDuration),
        "Total duration of the latest server health check, in seconds."),
    series("agent_status", Gauge, S, Check(C::AgentStatus),
        "Status of last agent check, per state label value."),
    series("agent_code", Gauge, S, Int(C::AgentCode),
        "Status code reported by the latest server agent check"),
    series("agent_duration_seconds", Gauge, S, Millis(C::AgentDuration),
        "Total duration of the latest server agent check, in seconds."),
    series("idle_connections_current", Gauge, S, Int(C::SrvIcur),
        "Current number of idle connections available for reuse on this server"),
    series("idle_connections_limit", Gauge, S, Int(C::SrcIlim),
        "Limit on the number of available idle connections on this server (server 'pool_max_conn' directive)"),
    series("unsafe_idle_connections_current", Gauge, S, Int(C::IdleConnCur),
        "Current number of unsafe idle connections"),
    series("safe_idle_connections_current", Gauge, S, Int(C::SafeConnCur),
        "Current number of safe idle connections"),
    series("used_connections_current", Gauge, S, Int(C::UsedConnCur),
        "Current number of connections in use"),
    series("need_connections_current", Gauge, S, Int(C::NeedConnEst),
        "Estimated needed number of connections"),
    series("private_idle_connections_current", Gauge, S, Nothing,
        "Current number of private idle connections"),
];

/// A series of the exporter about the process.
#[derive(Clone, Copy, Debug)]
pub struct ProcessSeries {
    /// The name after `haproxy_process_`.
    pub name: &'static str,
    /// Its type.
    pub kind: Type,
    /// Its value.
    pub value: fn(&ProcessRow) -> Value,
    /// Its help.
    pub help: &'static str,
}

const fn process(
    name: &'static str,
    kind: Type,
    value: fn(&ProcessRow) -> Value,
    help: &'static str,
) -> ProcessSeries {
    ProcessSeries { name, kind, value, help }
}

/// The series about the process, without `node` and `build_info`, which have labels. What is zero here is
/// about things that the gateway does not have (pipes, compression, peers, pools that fail).
#[rustfmt::skip]
pub const PROCESS: &[ProcessSeries] = &[
    process("nbthread", Gauge, |p| p.facts.threads.into(),
        "Number of started threads (global.nbthread)"),
    process("nbproc", Gauge, |_| 1_u32.into(),
        "Number of started worker processes (historical, always 1)"),
    process("relative_process_id", Gauge, |_| 1_u32.into(),
        "Relative worker process number (1)"),
    process("uptime_seconds", Gauge, |p| p.uptime.into(),
        "How long ago this worker process was started (seconds)"),
    process("pool_failures_total", Counter, |_| 0_u32.into(),
        "Number of failed pool allocations since this worker was started"),
    process("max_fds", Gauge, |p| p.facts.ulimit_n.into(),
        "Hard limit on the number of per-process file descriptors"),
    process("max_sockets", Gauge, |p| p.facts.ulimit_n.into(),
        "Hard limit on the number of per-process sockets"),
    process("max_connections", Gauge, |p| p.facts.maxconn.into(),
        "Hard limit on the number of per-process connections (configured or imposed by Ulimit-n)"),
    process("hard_max_connections", Gauge, |p| p.facts.hard_maxconn.into(),
        "Hard limit on the number of per-process connections (imposed by Memmax_MB or Ulimit-n)"),
    process("current_connections", Gauge, |p| p.connections.0.into(),
        "Current number of connections on this worker process"),
    process("connections_total", Counter, |p| p.connections.1.into(),
        "Total number of connections on this worker process since started"),
    process("requests_total", Counter, |p| p.requests.into(),
        "Total number of requests on this worker process since started"),
    process("max_ssl_connections", Gauge, |p| p.facts.max_tls.into(),
        "Hard limit on the number of per-process SSL endpoints (front+back), 0=unlimited"),
    process("current_ssl_connections", Gauge, |p| p.tls.0.into(),
        "Current number of SSL endpoints on this worker process (front+back)"),
    process("ssl_connections_total", Counter, |p| p.tls.1.into(),
        "Total number of SSL endpoints on this worker process since started (front+back)"),
    process("max_pipes", Gauge, |_| 0_u32.into(),
        "Hard limit on the number of pipes for splicing, 0=unlimited"),
    process("pipes_used_total", Counter, |_| 0_u32.into(),
        "Current number of pipes in use in this worker process"),
    process("pipes_free_total", Counter, |_| 0_u32.into(),
        "Current number of allocated and available pipes in this worker process"),
    process("current_connection_rate", Gauge, |p| p.rates[0].0.into(),
        "Number of front connections created on this worker process over the last second"),
    process("limit_connection_rate", Gauge, |p| p.facts.rate_limits[0].into(),
        "Hard limit for ConnRate (global.maxconnrate)"),
    process("max_connection_rate", Gauge, |p| p.rates[0].1.into(),
        "Highest ConnRate reached on this worker process since started (in connections per second)"),
    process("current_session_rate", Gauge, |p| p.rates[1].0.into(),
        "Number of sessions created on this worker process over the last second"),
    process("limit_session_rate", Gauge, |p| p.facts.rate_limits[1].into(),
        "Hard limit for SessRate (global.maxsessrate)"),
    process("max_session_rate", Gauge, |p| p.rates[1].1.into(),
        "Highest SessRate reached on this worker process since started (in sessions per second)"),
    process("current_ssl_rate", Gauge, |p| p.rates[2].0.into(),
        "Number of SSL connections created on this worker process over the last second"),
    process("limit_ssl_rate", Gauge, |p| p.facts.rate_limits[2].into(),
        "Hard limit for SslRate (global.maxsslrate)"),
    process("max_ssl_rate", Gauge, |p| p.rates[2].1.into(),
        "Highest SslRate reached on this worker process since started (in connections per second)"),
    process("current_frontend_ssl_key_rate", Gauge, |p| p.rates[3].0.into(),
        "Number of SSL keys created on frontends in this worker process over the last second"),
    process("max_frontend_ssl_key_rate", Gauge, |p| p.rates[3].1.into(),
        "Highest SslFrontendKeyRate reached on this worker process since started (in SSL keys per second)"),
    process("frontend_ssl_reuse", Gauge, |p| p.tls_reuse_percent().into(),
        "Percent of frontend SSL connections which did not require a new key"),
    process("current_backend_ssl_key_rate", Gauge, |p| p.rates[4].0.into(),
        "Number of SSL keys created on backends in this worker process over the last second"),
    process("max_backend_ssl_key_rate", Gauge, |p| p.rates[4].1.into(),
        "Highest SslBackendKeyRate reached on this worker process since started (in SSL keys per second)"),
    process("ssl_cache_lookups_total", Counter, |p| p.tls_cache.0.into(),
        "Total number of SSL session ID lookups in the SSL session cache on this worker since started"),
    process("ssl_cache_misses_total", Counter, |p| p.tls_cache.1.into(),
        "Total number of SSL session ID lookups that didn't find a session in the SSL session cache on this worker since started"),
    process("http_comp_bytes_in_total", Counter, |_| 0_u32.into(),
        "Number of bytes submitted to the HTTP compressor in this worker process over the last second"),
    process("http_comp_bytes_out_total", Counter, |_| 0_u32.into(),
        "Number of bytes emitted by the HTTP compressor in this worker process over the last second"),
    process("limit_http_comp", Gauge, |_| 0_u32.into(),
        "Limit of CompressBpsOut beyond which HTTP compression is automatically disabled"),
    process("current_zlib_memory", Gauge, |_| 0_u32.into(),
        "Amount of memory currently used by HTTP compression on the current worker process (in bytes)"),
    process("max_zlib_memory", Gauge, |_| 0_u32.into(),
        "Limit on the amount of memory used by HTTP compression above which it is automatically disabled (in bytes, see global.maxzlibmem)"),
    process("current_tasks", Gauge, |p| p.facts.tasks.0.into(),
        "Total number of tasks in the current worker process (active + sleeping)"),
    process("current_run_queue", Gauge, |p| p.facts.tasks.1.into(),
        "Total number of active tasks+tasklets in the current worker process"),
    process("idle_time_percent", Gauge, |p| p.facts.idle_percent.into(),
        "Percentage of last second spent waiting in the current worker thread"),
    process("description", Gauge, |_| 0_u32.into(),
        "Node description (global.description)"),
    process("stopping", Gauge, |p| p.facts.stopping.into(),
        "1 if the worker process is currently stopping, otherwise zero"),
    process("jobs", Gauge, |p| p.jobs().into(),
        "Current number of active jobs on the current worker process (frontend connections, master connections, listeners)"),
    process("unstoppable_jobs", Gauge, |_| 0_u32.into(),
        "Current number of unstoppable jobs on the current worker process (master connections)"),
    process("listeners", Gauge, |p| p.facts.listeners.into(),
        "Current number of active listeners on the current worker process"),
    process("active_peers", Gauge, |_| 0_u32.into(),
        "Current number of verified active peers connections on the current worker process"),
    process("connected_peers", Gauge, |_| 0_u32.into(),
        "Current number of peers having passed the connection step on the current worker process"),
    process("dropped_logs_total", Counter, |p| p.facts.dropped_logs.into(),
        "Total number of dropped logs for current worker process since started"),
    process("busy_polling_enabled", Gauge, |_| 0_u32.into(),
        "1 if busy-polling is currently in use on the worker process, otherwise zero (config.busy-polling)"),
    process("failed_resolutions", Counter, |p| p.failed_resolutions.into(),
        "Total number of failed DNS resolutions in current worker process since started"),
    process("bytes_out_total", Counter, |p| p.bytes_out.0.into(),
        "Total number of bytes emitted by current worker process since started"),
    process("spliced_bytes_out_total", Counter, |_| 0_u32.into(),
        "Total number of bytes emitted by current worker process through a kernel pipe since started"),
    process("bytes_out_rate", Gauge, |p| p.bytes_out.1.into(),
        "Number of bytes emitted by current worker process over the last second"),
    process("recv_logs_total", Counter, |_| 0_u32.into(),
        "Total number of log messages received by log-forwarding listeners on this worker process since started"),
    process("max_memory_bytes", Gauge, |p| p.facts.memory_limit.into(),
        "Worker process's hard limit on memory usage in bytes (-m on command line)"),
    process("pool_allocated_bytes", Gauge, |p| p.facts.memory.0.into(),
        "Amount of memory allocated in pools (in bytes)"),
    process("pool_used_bytes", Gauge, |p| p.facts.memory.1.into(),
        "Amount of pool memory currently used (in bytes)"),
    process("start_time_seconds", Gauge, |p| p.started.into(),
        "Start time in seconds"),
    process("total_warnings", Counter, |p| p.warnings.into(),
        "Total warnings issued"),
    process("patterns_added_total", Gauge, |_| 0_u32.into(),
        "Total number of patterns added (acl/map entries)"),
    process("patterns_freed_total", Gauge, |_| 0_u32.into(),
        "Total number of patterns freed (acl/map entries)"),
    process("nb_thread_groups", Gauge, |_| 1_u32.into(),
        "Number of started thread groups (global.thread-groups)"),
];

/// The series about name servers, in the order of [`crate::snapshot::ResolverRow::counts`].
pub const RESOLVER: &[(&str, &str)] = &[
    ("sent", "Sent"),
    ("send_error", "Send error"),
    ("valid", "Valid"),
    ("update", "Update"),
    ("cname", "CNAME"),
    ("cname_error", "CNAME error"),
    ("any_err", "Any errors"),
    ("nx", "NX"),
    ("timeout", "Timeout"),
    ("refused", "Refused"),
    ("other", "Other"),
    ("invalid", "Invalid"),
    ("too_big", "Too big"),
    ("truncated", "Truncated"),
    ("outdated", "Outdated"),
];

/// The series about stick tables, in the order size, used, updates.
pub const STICK_TABLE: &[(&str, &str)] = &[
    ("size", "Stick table size."),
    ("used", "Number of entries used in this stick table."),
    (
        "local_updates",
        "Cumulative number of updates on the stick table initiated by the local process. Please note that this value will eventually wrap after 4294967295 since it is stored using unsigned int (uint32). As this metric is often used to compute the update rate of a given table between two queries, wrapping must be taken into account and the time between 2 queries must not exceed the theoretical time needed for this value to wrap.",
    ),
];

/// The states that a `State` series has, by kind of row.
pub fn states(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Frontend | Kind::Backend => &["DOWN", "UP"],
        Kind::Listener => &["WAITING", "OPEN", "FULL"],
        Kind::Server => SERVER_STATES,
    }
}

/// The states of servers.
pub const SERVER_STATES: &[&str] = &["DOWN", "UP", "MAINT", "DRAIN", "NOLB"];

/// The statuses of checks.
pub const CHECK_STATES: &[&str] = &[
    "HANA", "SOCKERR", "L4OK", "L4TOUT", "L4CON", "L6OK", "L6TOUT", "L6RSP", "L7TOUT", "L7RSP", "L7OK",
    "L7OKC", "L7STS", "PROCERR", "PROCTOUT", "PROCOK",
];

/// The classes of responses and their columns.
pub const CODES: &[(&str, Column)] = &[
    ("1xx", C::Hrsp1xx),
    ("2xx", C::Hrsp2xx),
    ("3xx", C::Hrsp3xx),
    ("4xx", C::Hrsp4xx),
    ("5xx", C::Hrsp5xx),
    ("other", C::HrspOther),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_stands_where_its_number_says() {
        for (place, (column, _)) in COLUMNS.iter().enumerate() {
            assert_eq!(*column as usize, place);
        }
    }
}
