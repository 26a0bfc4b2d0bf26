//! The builders: facts and counters in, rows out. Which columns a kind of row leaves empty is HAProxy's choice
//! (the letters of management.txt 9.1), for tools take an empty column as "does not apply".

use super::facts::{
    BackendFacts, BackendStatus, CheckFacts, FrontendFacts, FrontendStatus, ListenerFacts, ListenerStatus,
    ProcessFacts, ServerFacts,
};
use super::{Kind, Mode, Row};
use crate::catalog::{CODES, Column};
use crate::counters::cell::{LastTime, Level, Rate};
use crate::counters::{
    BackendCounters, FrontendCounters, ListenerCounters, ProcessCounters, Responses, ServerCounters, Times,
};

/// The process' line: its facts and the values of its counters.
#[derive(Clone, Debug, Default)]
pub struct ProcessRow {
    /// What is known besides counters.
    pub facts: ProcessFacts,
    /// Seconds since the start.
    pub uptime: u64,
    /// When it started, in seconds since 1970.
    pub started: u64,
    /// Connections now, and ever.
    pub connections: (u64, u64),
    /// Requests ever.
    pub requests: u64,
    /// TLS connections now, and ever.
    pub tls: (u64, u64),
    /// Rates now and at most: connections, sessions, TLS connections, keys to clients, keys to servers.
    pub rates: [(u64, u64); 5],
    /// TLS session cache: looked up, missed.
    pub tls_cache: (u64, u64),
    /// Bytes sent, and sent in the last second.
    pub bytes_out: (u64, u64),
    /// Names that could not be resolved.
    pub failed_resolutions: u64,
    /// Warnings given.
    pub warnings: u64,
}

impl ProcessRow {
    /// Reads the counters.
    pub fn build(facts: ProcessFacts, counters: &ProcessCounters) -> Self {
        let read = |rate: &Rate| (rate.get(), rate.max());
        let started = counters.started().duration_since(std::time::UNIX_EPOCH);
        Self {
            facts,
            uptime: counters.uptime().as_secs(),
            started: started.map_or(0, |since| since.as_secs()),
            connections: (counters.connections.get(), counters.connections_total.get()),
            requests: counters.requests_total.get(),
            tls: (counters.tls.get(), counters.tls_total.get()),
            rates: [
                read(&counters.connection_rate),
                read(&counters.session_rate),
                read(&counters.tls_rate),
                read(&counters.front_key_rate),
                read(&counters.back_key_rate),
            ],
            tls_cache: (counters.tls_lookups.get(), counters.tls_misses.get()),
            bytes_out: (counters.bytes_out.get(), counters.bytes_out_rate.get() * 32),
            failed_resolutions: counters.failed_resolutions.get(),
            warnings: counters.warnings.get(),
        }
    }
}

impl ProcessRow {
    /// Percent of TLS connections of the last second that needed no new key.
    pub fn tls_reuse_percent(&self) -> u64 {
        let (connections, keys) = (self.rates[2].0, self.rates[3].0);
        connections.saturating_sub(keys) * 100 / connections.max(1)
    }

    /// What keeps the process busy: connections and listeners.
    pub fn jobs(&self) -> u64 {
        self.connections.0 + self.facts.listeners
    }
}

impl Row {
    /// A frontend's row.
    pub fn frontend(facts: &FrontendFacts<'_>, counters: &FrontendCounters) -> Self {
        let mut row = Self::new(Kind::Frontend, facts.name, "FRONTEND", facts.id, 0);
        let (status, state) = match facts.status {
            FrontendStatus::Open => ("OPEN", "UP"),
            FrontendStatus::Full => ("FULL", "UP"),
            FrontendStatus::Paused => ("PAUSED", "DOWN"),
            FrontendStatus::Stopped => ("STOP", "DOWN"),
        };
        row.state = state;
        row.set(Column::Status, status);
        row.set(Column::Mode, facts.mode.name());
        row.set(Column::Slim, facts.limit);
        row.set(Column::RateLim, facts.rate_limit);
        row.sessions(&counters.sessions, counters.sessions_total.get());
        row.bytes(counters.bytes_in.get(), counters.bytes_out.get());
        row.rate(&counters.session_rate);
        row.set(Column::Dreq, counters.denied_requests.get());
        row.set(Column::Dresp, counters.denied_responses.get());
        row.set(Column::Ereq, counters.request_errors.get());
        row.set(Column::ReqRate, counters.request_rate.get());
        row.set(Column::ReqRateMax, counters.request_rate.max());
        row.set(Column::ReqTot, counters.requests_total.get());
        row.set(Column::ConnRate, counters.connection_rate.get());
        row.set(Column::ConnRateMax, counters.connection_rate.max());
        row.set(Column::ConnTot, counters.connections_total.get());
        row.set(Column::Dcon, counters.denied_connections.get());
        row.set(Column::Dses, counters.denied_sessions.get());
        row.set(Column::Wrew, counters.failed_rewrites.get());
        row.set(Column::Eint, counters.internal_errors.get());
        row.responses(facts.mode, &counters.responses);
        row.cache(facts.mode);
        row.set(Column::Intercepted, (facts.mode == Mode::Http).then(|| counters.intercepted.get()));
        row.zeros(&[Column::CompIn, Column::CompOut, Column::CompByp, Column::CompRsp]);
        row.tls(counters.tls_sessions.get(), counters.tls_reused.get(), counters.tls_failed.get());
        row.protocols();
        row
    }

    /// A `bind` socket's row.
    pub fn listener(facts: &ListenerFacts<'_>, counters: &ListenerCounters) -> Self {
        let mut row = Self::new(Kind::Listener, facts.frontend, facts.name, facts.frontend_id, facts.id);
        row.state = match facts.status {
            ListenerStatus::Open => "OPEN",
            ListenerStatus::Full => "FULL",
            ListenerStatus::Waiting => "WAITING",
        };
        row.set(Column::Status, row.state);
        row.set(Column::Mode, facts.mode.name());
        row.set(Column::Slim, facts.limit);
        row.set(Column::Addr, facts.address.clone());
        row.sessions(&counters.sessions, counters.sessions_total.get());
        row.bytes(counters.bytes_in.get(), counters.bytes_out.get());
        row.set(Column::Dreq, counters.denied_requests.get());
        row.set(Column::Dresp, counters.denied_responses.get());
        row.set(Column::Ereq, counters.request_errors.get());
        row.set(Column::Dcon, counters.denied_connections.get());
        row.set(Column::Dses, counters.denied_sessions.get());
        row.set(Column::Wrew, counters.failed_rewrites.get());
        row.set(Column::Eint, counters.internal_errors.get());
        row.connections = counters.connections_total.get();
        row.tls(0, 0, 0);
        row
    }

    /// A backend's row.
    pub fn backend(facts: &BackendFacts<'_>, counters: &BackendCounters) -> Self {
        let mut row = Self::new(Kind::Backend, facts.name, "BACKEND", facts.id, 0);
        row.state = match facts.status {
            BackendStatus::Up => "UP",
            BackendStatus::Down => "DOWN",
        };
        row.set(Column::Status, row.state);
        row.set(Column::Mode, facts.mode.name());
        row.set(Column::Slim, facts.limit);
        row.set(Column::Weight, facts.weight);
        row.set(Column::Uweight, facts.user_weight);
        row.set(Column::Act, facts.active);
        row.set(Column::Bck, facts.backup);
        row.set(Column::Algo, facts.algorithm.to_owned());
        row.set(Column::Cookie, facts.cookie.map(str::to_owned));
        row.upstream(
            &counters.queue,
            &counters.sessions,
            counters.sessions_total.get(),
            &counters.session_rate,
        );
        row.bytes(counters.bytes_in.get(), counters.bytes_out.get());
        row.set(Column::Dreq, counters.denied_requests.get());
        row.set(Column::Dresp, counters.denied_responses.get());
        row.errors([
            counters.connection_errors.get(),
            counters.response_errors.get(),
            counters.retries.get(),
            counters.redispatches.get(),
            counters.client_aborts.get(),
            counters.server_aborts.get(),
        ]);
        row.use_of([counters.balanced.get(), counters.connects.get(), counters.reuses.get()]);
        row.set(Column::Chkdown, counters.availability.transitions());
        row.set(Column::Lastchg, counters.availability.last_change());
        row.set(Column::Downtime, counters.availability.downtime());
        row.last_session(&counters.last_session);
        row.times(&counters.times);
        row.set(Column::Wrew, counters.failed_rewrites.get());
        row.set(Column::Eint, counters.internal_errors.get());
        row.responses(facts.mode, &counters.responses);
        row.cache(facts.mode);
        row.requests(facts.mode, counters.requests_total.get());
        row.zeros(&[Column::CompIn, Column::CompOut, Column::CompByp, Column::CompRsp]);
        row.zeros(&[Column::AggServerStatus, Column::AggServerCheckStatus, Column::AggCheckStatus]);
        row.tls(0, 0, 0);
        row.protocols();
        row
    }

    /// A server's row.
    pub fn server(facts: &ServerFacts<'_>, counters: &ServerCounters) -> Self {
        let mut row = Self::new(Kind::Server, facts.backend, facts.name, facts.backend_id, facts.id);
        row.state = facts.status.label();
        row.server_facts(facts);
        row.upstream(
            &counters.queue,
            &counters.sessions,
            counters.sessions_total.get(),
            &counters.session_rate,
        );
        row.bytes(counters.bytes_in.get(), counters.bytes_out.get());
        row.set(Column::Dresp, counters.denied_responses.get());
        row.errors([
            counters.connection_errors.get(),
            counters.response_errors.get(),
            counters.retries.get(),
            counters.redispatches.get(),
            counters.client_aborts.get(),
            counters.server_aborts.get(),
        ]);
        row.use_of([counters.balanced.get(), counters.connects.get(), counters.reuses.get()]);
        row.set(Column::Lastchg, counters.availability.last_change());
        row.last_session(&counters.last_session);
        row.times(&counters.times);
        row.set(Column::Wrew, counters.failed_rewrites.get());
        row.set(Column::Eint, counters.internal_errors.get());
        row.set(Column::SrvIcur, counters.idle.get());
        row.set(Column::IdleConnCur, 0_u32);
        row.set(Column::SafeConnCur, counters.idle.get());
        row.set(Column::UsedConnCur, counters.used.get());
        row.set(Column::NeedConnEst, counters.used.max());
        row.responses(facts.mode, &counters.responses);
        row.requests(facts.mode, counters.requests_total.get());
        row.tls(0, 0, 0);
        if let Some(check) = &facts.check {
            row.set(Column::Chkfail, counters.failed_checks.get());
            row.set(Column::Chkdown, counters.availability.transitions());
            row.set(Column::Downtime, counters.availability.downtime());
            row.check(check);
        }
        row
    }

    fn server_facts(&mut self, facts: &ServerFacts<'_>) {
        self.set(Column::Status, facts.status.to_string());
        self.set(Column::Mode, facts.mode.name());
        self.set(Column::Slim, facts.limit);
        self.set(Column::Qlimit, facts.queue_limit);
        self.set(Column::Weight, facts.weight);
        self.set(Column::Uweight, facts.user_weight);
        self.set(Column::Act, !facts.backup);
        self.set(Column::Bck, facts.backup);
        self.set(Column::Addr, facts.address.clone());
        self.set(Column::Cookie, facts.cookie.map(str::to_owned));
        self.set(Column::Throttle, facts.throttle);
        self.set(Column::SrcIlim, facts.idle_limit);
    }

    fn check(&mut self, check: &CheckFacts) {
        let Some(status) = check.status else { return };
        let shown = if check.running { format!("* {status}") } else { status.to_owned() };
        self.set(Column::CheckStatus, shown);
        self.set(Column::CheckCode, check.code.map(u32::from));
        self.set(Column::CheckDuration, check.duration);
        let before_the_first = status == "INI" && check.description.is_empty();
        let description = if before_the_first { "Initializing" } else { &check.description };
        self.set(Column::CheckDesc, description.to_owned());
        self.set(Column::LastChk, (!check.last.is_empty()).then(|| check.last.clone()));
        self.set(Column::CheckRise, check.rise);
        self.set(Column::CheckFall, check.fall);
        self.set(Column::CheckHealth, check.health);
    }

    fn sessions(&mut self, level: &Level, total: u64) {
        self.set(Column::Scur, level.get());
        self.set(Column::Smax, level.max());
        self.set(Column::Stot, total);
    }

    fn rate(&mut self, rate: &Rate) {
        self.set(Column::Rate, rate.get());
        self.set(Column::RateMax, rate.max());
    }

    fn upstream(&mut self, queue: &Level, sessions: &Level, total: u64, rate: &Rate) {
        self.set(Column::Qcur, queue.get());
        self.set(Column::Qmax, queue.max());
        self.sessions(sessions, total);
        self.rate(rate);
    }

    fn bytes(&mut self, received: u64, sent: u64) {
        self.set(Column::Bin, received);
        self.set(Column::Bout, sent);
    }

    /// Connection errors, response errors, retries, redispatches, client's aborts, server's aborts.
    fn errors(&mut self, counts: [u64; 6]) {
        let columns =
            [Column::Econ, Column::Eresp, Column::Wretr, Column::Wredis, Column::CliAbrt, Column::SrvAbrt];
        columns.into_iter().zip(counts).for_each(|(column, count)| self.set(column, count));
    }

    /// Chosen by balancing, connections attempted, connections used again.
    fn use_of(&mut self, counts: [u64; 3]) {
        let columns = [Column::Lbtot, Column::Connect, Column::Reuse];
        columns.into_iter().zip(counts).for_each(|(column, count)| self.set(column, count));
    }

    fn last_session(&mut self, last: &LastTime) {
        self.set(Column::Lastsess, super::Value::Int(last.age().map_or(-1, |age| age.cast_signed())));
    }

    fn times(&mut self, times: &Times) {
        let stages = [
            (Column::Qtime, Column::QtimeMax, &times.queue),
            (Column::Ctime, Column::CtimeMax, &times.connect),
            (Column::Rtime, Column::RtimeMax, &times.response),
            (Column::Ttime, Column::TtimeMax, &times.total),
        ];
        for (average, max, value) in stages {
            self.set(average, value.get());
            self.set(max, value.max());
        }
    }

    fn responses(&mut self, mode: Mode, responses: &Responses) {
        if mode == Mode::Http {
            CODES.iter().zip(responses.get()).for_each(|((_, column), count)| self.set(*column, count));
        }
    }

    fn requests(&mut self, mode: Mode, total: u64) {
        if mode == Mode::Http {
            self.set(Column::ReqTot, total);
        }
    }

    fn cache(&mut self, mode: Mode) {
        if mode == Mode::Http {
            self.zeros(&[Column::CacheLookups, Column::CacheHits]);
        }
    }

    fn tls(&mut self, sessions: u64, reused: u64, failed: u64) {
        self.set(Column::SslSess, sessions);
        self.set(Column::SslReusedSess, reused);
        self.set(Column::SslFailedHandshake, failed);
    }

    fn protocols(&mut self) {
        let first = Column::H2HeadersRcvd as usize;
        self.values[first..].fill(super::Value::Int(0));
    }

    fn zeros(&mut self, columns: &[Column]) {
        columns.iter().for_each(|column| self.set(*column, 0_u32));
    }
}
