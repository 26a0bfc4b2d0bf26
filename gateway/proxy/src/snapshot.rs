//! The gateway's state at a moment, for `show stat`, `/metrics` and whoever else asks.

use std::sync::Arc;

use config::model::{self, Balance};
use observe::prometheus::Query;
use observe::snapshot::{
    BackendFacts, BackendStatus, CheckFacts, FrontendFacts, FrontendStatus, ListenerFacts, ListenerStatus,
    ProcessFacts, ServerFacts, ServerStatus, StickTableRow,
};
use observe::{Mode, ProcessRow, Row, Snapshot};
use upstream::Status;

use crate::answer::{Reply, head};
use crate::gateway::Gateway;
use crate::runtime::{Backend, Frontend};

/// The state of everything, proxies in the order of the configuration.
pub fn take(gateway: &Gateway) -> Snapshot {
    let runtime = gateway.runtime();
    let mut rows = Vec::new();
    for frontend in &runtime.frontends {
        frontend_rows(gateway, frontend, &mut rows);
        if let Some(half) = frontend.model().listen {
            backend_rows(runtime.backend(half), &mut rows);
        }
    }
    for backend in runtime.backends.iter().filter(|backend| backend.model().listen.is_none()) {
        backend_rows(backend, &mut rows);
    }
    // Stable: the rows of one proxy stay as they are.
    rows.sort_by_key(|row| row.proxy_id);
    Snapshot { process: process_row(gateway), rows, tables: stick_tables(gateway), resolvers: Vec::new() }
}

/// The answer of `use-service prometheus-exporter`.
pub(crate) async fn metrics(gateway: &Arc<Gateway>, query: &str) -> Reply {
    let Some(query) = Query::parse(query) else {
        let fields = [(&b"content-length"[..], &b"0"[..])];
        return Reply::new(head(400, None, fields.into_iter()), bytes::Bytes::new());
    };
    let subject = gateway.clone();
    // Thousands of servers make a long text: not on a thread that serves traffic.
    let rendering = tokio::task::spawn_blocking(move || {
        observe::prometheus::render(&take(&subject), &query, Some(subject.own_metrics()))
    });
    let body = rendering.await.unwrap_or_default();
    let length = body.len().to_string();
    let fields: [(&[u8], &[u8]); 3] = [
        (b"cache-control", b"no-cache"),
        (b"content-type", b"text/plain; version=0.0.4"),
        (b"content-length", length.as_bytes()),
    ];
    Reply::new(head(200, None, fields.into_iter()), body.into())
}

fn stick_tables(gateway: &Gateway) -> Vec<StickTableRow> {
    let (tables, now) = gateway.stick_tables();
    let row = |table: Arc<table::Table>| {
        table.sweep(now);
        StickTableRow {
            name: table.name().to_owned(),
            kind: table.kind().name().to_owned(),
            size: table.size() as u64,
            used: table.used() as u64,
            updates: table.updates() & 0xffff_ffff,
        }
    };
    tables.into_iter().map(row).collect()
}

fn process_row(gateway: &Gateway) -> ProcessRow {
    let facts = gateway.facts();
    let runtime = gateway.runtime();
    let global = &runtime.model.global;
    let listeners = gateway.sockets().borrow().iter().filter(|socket| !socket.is_stopping()).count();
    ProcessRow::build(
        ProcessFacts {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            threads: u32::try_from(facts.threads).unwrap_or(u32::MAX),
            pid: std::process::id(),
            ulimit_n: facts.ulimit_n,
            maxconn: u64::from(facts.maxconn),
            hard_maxconn: u64::from(facts.hard_maxconn),
            node: global.node.clone().unwrap_or_default(),
            description: global.description.clone().unwrap_or_default(),
            stopping: !gateway.is_ready(),
            listeners: listeners as u64,
            dropped_logs: gateway.sinks.dropped(),
            memory_limit: facts.memory_limit,
            ..ProcessFacts::default()
        },
        &gateway.process,
    )
}

fn mode(mode: model::Mode) -> Mode {
    match mode {
        model::Mode::Tcp | model::Mode::Log | model::Mode::Spop => Mode::Tcp,
        model::Mode::Http => Mode::Http,
    }
}

fn frontend_rows(gateway: &Gateway, frontend: &Frontend, rows: &mut Vec<Row>) {
    let model = frontend.model();
    let limit = frontend.limit.as_ref();
    let full = limit.is_some_and(|limit| limit.is_full());
    let status = match (model.disabled || !gateway.is_ready(), full) {
        (true, _) => FrontendStatus::Stopped,
        (false, true) => FrontendStatus::Full,
        (false, false) => FrontendStatus::Open,
    };
    let facts = FrontendFacts {
        name: &model.name,
        id: model.id,
        mode: mode(model.mode),
        status,
        limit: limit.map_or(0, |limit| limit.size() as u64),
        rate_limit: 0,
    };
    rows.push(Row::frontend(&facts, &frontend.counters));
    // As in HAProxy, sockets have rows of their own only when asked for.
    if !model.options.socket_stats {
        return;
    }
    for (place, (bind, counters)) in model.binds.iter().zip(&frontend.listeners).enumerate() {
        let limit = frontend.bind_limits.get(place).cloned().flatten();
        let facts = ListenerFacts {
            frontend: &model.name,
            frontend_id: model.id,
            name: &bind.name,
            id: u32::try_from(place + 1).unwrap_or(u32::MAX),
            mode: mode(model.mode),
            status: if limit.as_ref().is_some_and(|limit| limit.is_full()) {
                ListenerStatus::Full
            } else {
                ListenerStatus::Open
            },
            limit: limit.map_or(0, |limit| limit.size() as u64),
            address: bind.name.clone(),
        };
        rows.push(Row::listener(&facts, counters));
    }
}

fn backend_rows(backend: &Backend, rows: &mut Vec<Row>) {
    let model = backend.model();
    for server in &backend.upstream.servers {
        rows.push(server_row(backend, server));
    }
    let upstream = &backend.upstream;
    let facts = BackendFacts {
        name: &model.name,
        id: model.id,
        mode: mode(model.mode),
        status: if upstream.available() { BackendStatus::Up } else { BackendStatus::Down },
        weight: u64::from(upstream.weight()),
        user_weight: u64::from(upstream.weight()),
        active: upstream.active() as u64,
        backup: upstream.backups() as u64,
        limit: u64::from(model.fullconn.unwrap_or(0)),
        algorithm: algorithm(&model.balance),
        cookie: None,
    };
    rows.push(Row::backend(&facts, &upstream.counters));
}

fn algorithm(balance: &Balance) -> &'static str {
    match balance {
        Balance::RoundRobin => "roundrobin",
        Balance::StaticRr => "static-rr",
        Balance::LeastConn => "leastconn",
        Balance::First => "first",
        Balance::Source => "source",
        Balance::Random(_) => "random",
        Balance::Uri(_) => "uri",
        Balance::UrlParam { .. } => "url_param",
        Balance::Header { .. } => "hdr",
        Balance::RdpCookie(_) => "rdp-cookie",
        Balance::Hash(_) => "hash",
        Balance::LogHash(_) => "log-hash",
        Balance::Sticky => "sticky",
    }
}

fn server_row(backend: &Backend, server: &upstream::Server) -> Row {
    let (model, line) = (backend.model(), server.line());
    let facts = ServerFacts {
        backend: &model.name,
        backend_id: model.id,
        name: &server.name,
        id: server.id,
        mode: mode(model.mode),
        status: status(server.status()),
        weight: u64::from(server.weight()),
        user_weight: u64::from(server.weight()),
        backup: server.backup(),
        limit: line.maxconn.map(u64::from),
        queue_limit: line.maxqueue.map(u64::from),
        address: server.address(None).map(|address| address.to_string()).unwrap_or_default(),
        cookie: None,
        check: line.check.as_ref().map(|check| check_facts(server, check)),
        throttle: None,
        idle_limit: None,
    };
    Row::server(&facts, &server.counters)
}

fn status(status: Status) -> ServerStatus {
    match status {
        Status::NoCheck => ServerStatus::NoCheck,
        Status::Up(left, of) if left == of => ServerStatus::Up,
        Status::Up(left, of) => ServerStatus::GoingDown(left, of),
        Status::Down(0, _) => ServerStatus::Down,
        Status::Down(done, of) => ServerStatus::GoingUp(done, of),
        Status::Drain => ServerStatus::Drain,
        Status::Maint => ServerStatus::Maint,
        Status::Unresolved => ServerStatus::MaintResolution,
    }
}

fn check_facts(server: &upstream::Server, check: &model::Check) -> CheckFacts {
    let outcome = server.last_check();
    let health = match server.status() {
        Status::Up(left, _) => check.rise + left - 1,
        Status::Down(done, _) => done,
        Status::NoCheck | Status::Drain | Status::Maint | Status::Unresolved => 0,
    };
    let mut facts = CheckFacts {
        status: Some("INI"),
        rise: check.rise,
        fall: check.fall,
        health,
        ..CheckFacts::default()
    };
    if let Some(outcome) = outcome {
        facts.status = Some(outcome.verdict.name());
        facts.description = outcome.verdict.sentence().to_owned();
        facts.code = outcome.code;
        facts.duration = Some(crate::http1::serve::millis(outcome.duration));
        facts.last = outcome.info.clone();
    }
    facts
}
