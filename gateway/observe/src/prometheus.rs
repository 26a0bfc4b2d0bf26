//! `/metrics`: a snapshot as the families of HAProxy's exporter, through a registry of the `prometheus` crate,
//! so that names, labels and types pass its checks and other metrics can be added beside them.

use parking_lot::Mutex;
use prometheus::core::{Collector, Desc};
use prometheus::proto::{
    Counter as CounterProto, Gauge as GaugeProto, LabelPair, Metric, MetricFamily, MetricType,
};
use prometheus::{Encoder, Registry, TextEncoder};

use crate::catalog::{
    CHECK_STATES, CODES, Column, PROCESS, RESOLVER, SERIES, SERVER_STATES, STICK_TABLE, Series, Source, Type,
    states,
};
use crate::snapshot::{Kind, Row, Snapshot, Value};

/// The content type of [`render`]'s text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4";

/// What is asked for: the query string of `/metrics`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    scopes: Vec<String>,
    no_maint: bool,
}

/// The scopes that may be asked for.
const SCOPES: &[&str] = &["global", "frontend", "listener", "backend", "server", "sticktable", "resolver"];

impl Default for Query {
    fn default() -> Self {
        Self { scopes: SCOPES.iter().map(|&scope| scope.to_owned()).collect(), no_maint: false }
    }
}

impl Query {
    /// Understands `scope=frontend&scope=server&no-maint`; `None` is an answer of 400. Parameters of HAProxy's
    /// exporter that only choose an extent (`extra-counters`, `desc-labels`) change nothing.
    pub fn parse(query: &str) -> Option<Self> {
        let mut asked = Self { scopes: Vec::new(), no_maint: false };
        let mut chosen = false;
        for part in query.split('&').filter(|part| !part.is_empty()) {
            match part.split_once('=') {
                Some(("scope", "")) => (asked.scopes, chosen) = (Vec::new(), true),
                Some(("scope", "*")) => (asked.scopes, chosen) = (Self::default().scopes, true),
                Some(("scope", name)) if SCOPES.contains(&name) => {
                    asked.scopes.push(name.to_owned());
                    chosen = true;
                }
                Some(("scope", _)) => return None,
                None if part == "no-maint" => asked.no_maint = true,
                _ => {}
            }
        }
        if !chosen {
            asked.scopes = Self::default().scopes;
        }
        Some(asked)
    }

    fn wants(&self, scope: &str) -> bool {
        self.scopes.iter().any(|wanted| wanted == scope)
    }
}

/// The text of `/metrics`. Families of `more`, the gateway's own, come with those of the snapshot.
pub fn render(snapshot: &Snapshot, query: &Query, more: Option<&Registry>) -> Vec<u8> {
    let registry = Registry::new();
    // a fresh registry cannot refuse its only collector; if it did, there would be nothing to show
    let registered = registry.register(Box::new(SnapshotCollector(Mutex::new(families(snapshot, query)))));
    debug_assert!(registered.is_ok(), "{registered:?}");
    let mut gathered = registry.gather();
    gathered.extend(more.map(Registry::gather).unwrap_or_default());
    let mut text = Vec::with_capacity(64 * 1024);
    let encoded = TextEncoder::new().encode(&gathered, &mut text);
    debug_assert!(encoded.is_ok(), "{encoded:?}");
    text
}

/// The families of one snapshot, made before it is registered and collected once.
struct SnapshotCollector(Mutex<Vec<MetricFamily>>);

impl Collector for SnapshotCollector {
    fn desc(&self) -> Vec<&Desc> {
        Vec::new()
    }

    fn collect(&self) -> Vec<MetricFamily> {
        std::mem::take(&mut self.0.lock())
    }
}

fn families(snapshot: &Snapshot, query: &Query) -> Vec<MetricFamily> {
    let mut families = Vec::new();
    if query.wants("global") {
        process(snapshot, &mut families);
    }
    let kinds = [
        (Kind::Frontend, "frontend"),
        (Kind::Listener, "listener"),
        (Kind::Backend, "backend"),
        (Kind::Server, "server"),
    ];
    for (kind, scope) in kinds.into_iter().filter(|(_, scope)| query.wants(scope)) {
        let maint = |row: &&Row| query.no_maint && kind == Kind::Server && row.state == "MAINT";
        let rows: Vec<&Row> = snapshot.rows.iter().filter(|row| row.kind == kind && !maint(row)).collect();
        for series in SERIES.iter().filter(|series| series.is_about(kind)) {
            let metrics = rows.iter().flat_map(|row| of_row(snapshot, series, row)).collect();
            push(
                &mut families,
                format!("haproxy_{scope}_{}", series.name),
                series.kind,
                series.help,
                metrics,
            );
        }
    }
    if query.wants("sticktable") {
        stick_tables(snapshot, &mut families);
    }
    if query.wants("resolver") {
        resolvers(snapshot, &mut families);
    }
    families
}

fn push(families: &mut Vec<MetricFamily>, name: String, kind: Type, help: &str, metrics: Vec<Metric>) {
    if metrics.is_empty() {
        return;
    }
    let mut family = MetricFamily::default();
    family.set_name(name);
    family.set_help(help.to_owned());
    family.set_field_type(match kind {
        Type::Gauge => MetricType::GAUGE,
        Type::Counter => MetricType::COUNTER,
    });
    family.set_metric(metrics);
    families.push(family);
}

fn metric(kind: Type, labels: &[(&str, &str)], value: f64) -> Metric {
    let mut metric = Metric::default();
    metric.set_label(
        labels
            .iter()
            .map(|(name, value)| {
                let mut pair = LabelPair::default();
                pair.set_name((*name).to_owned());
                pair.set_value((*value).to_owned());
                pair
            })
            .collect(),
    );
    match kind {
        Type::Gauge => {
            let mut gauge = GaugeProto::default();
            gauge.set_value(value);
            metric.set_gauge(gauge);
        }
        Type::Counter => {
            let mut counter = CounterProto::default();
            counter.set_value(value);
            metric.set_counter(counter);
        }
    }
    metric
}

fn process(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) {
    let facts = &snapshot.process.facts;
    for series in PROCESS {
        let value = number(&(series.value)(&snapshot.process));
        let metrics = vec![metric(series.kind, &[], value)];
        push(families, format!("haproxy_process_{}", series.name), series.kind, series.help, metrics);
    }
    let node = vec![metric(Type::Gauge, &[("node", &facts.node)], 1.0)];
    push(families, "haproxy_process_node".into(), Type::Gauge, "Node name (global.node)", node);
    let build = vec![metric(Type::Gauge, &[("version", &facts.version)], 1.0)];
    push(families, "haproxy_process_build_info".into(), Type::Gauge, "Build info", build);
}

fn of_row(snapshot: &Snapshot, series: &Series, row: &Row) -> Vec<Metric> {
    let labels: &[(&str, &str)] = match row.kind {
        Kind::Frontend | Kind::Backend => &[("proxy", &row.proxy)],
        Kind::Listener => &[("proxy", &row.proxy), ("listener", &row.name)],
        Kind::Server => &[("proxy", &row.proxy), ("server", &row.name)],
    };
    let one = |value: f64| vec![metric(series.kind, labels, value)];
    match series.source {
        Source::Nothing => one(0.0),
        Source::Int(Column::ConnTot) if row.kind == Kind::Listener => one(row.connections as f64),
        Source::Int(column) if does_not_apply(row, column) => Vec::new(),
        Source::Int(Column::CheckCode) if *row.get(Column::CheckCode) == Value::Empty => one(0.0),
        Source::Int(column) => one(number(row.get(column))),
        Source::Millis(column) => match row.get(column) {
            Value::Empty if column == Column::CheckDuration => Vec::new(),
            Value::Empty => one(0.0),
            value => one(number(value) / 1000.0),
        },
        Source::Codes => {
            let codes = CODES.iter().map(|(code, column)| (*code, row.get(*column)));
            let codes = codes.filter(|(_, value)| **value != Value::Empty);
            codes
                .map(|(code, value)| metric(series.kind, &with(labels, ("code", code)), number(value)))
                .collect()
        }
        Source::State => states(row.kind)
            .iter()
            .map(|state| of_state(series, labels, state, row.state == *state))
            .collect(),
        Source::Check(column) => match check_state(row, column) {
            None if column == Column::CheckStatus => Vec::new(),
            now => CHECK_STATES
                .iter()
                .map(|state| of_state(series, labels, state, now == Some(*state)))
                .collect(),
        },
        Source::ServerStates => {
            let now = |server: &Row| Some(server.state.to_owned());
            counted(snapshot, series, row, SERVER_STATES, now)
        }
        Source::CheckStates => {
            let now = |server: &Row| check_state(server, Column::CheckStatus).map(str::to_owned);
            counted(snapshot, series, row, CHECK_STATES, now)
        }
    }
}

fn of_state(series: &Series, labels: &[(&str, &str)], state: &str, is: bool) -> Metric {
    metric(series.kind, &with(labels, ("state", state)), f64::from(u8::from(is)))
}

/// A backend's servers, counted by a state of theirs.
fn counted(
    snapshot: &Snapshot,
    series: &Series,
    backend: &Row,
    states: &[&str],
    state_of: impl Fn(&Row) -> Option<String>,
) -> Vec<Metric> {
    let servers = snapshot.rows.iter().filter(|row| row.kind == Kind::Server && row.proxy == backend.proxy);
    let now: Vec<String> = servers.filter_map(state_of).collect();
    let count = |state: &str| now.iter().filter(|now| *now == state).count() as f64;
    states
        .iter()
        .map(|state| metric(series.kind, &[("proxy", &backend.proxy), ("state", state)], count(state)))
        .collect()
}

/// The status of a row's check, without the mark of one that is running.
fn check_state(row: &Row, column: Column) -> Option<&str> {
    match row.get(column) {
        Value::Text(status) => Some(status.trim_start_matches("* ")),
        Value::Empty | Value::Int(_) => None,
    }
}

/// Columns that say nothing of this row: HTTP in a TCP proxy, checks of a server that has none. Every other
/// empty column is a number that is not known, NaN.
fn does_not_apply(row: &Row, column: Column) -> bool {
    match column {
        Column::ReqTot => *row.get(Column::Mode) == Value::from("tcp"),
        Column::Intercepted | Column::CacheLookups | Column::CacheHits => *row.get(column) == Value::Empty,
        Column::CheckCode => *row.get(Column::CheckStatus) == Value::Empty,
        _ => false,
    }
}

fn with<'a>(labels: &[(&'a str, &'a str)], more: (&'a str, &'a str)) -> Vec<(&'a str, &'a str)> {
    labels.iter().copied().chain([more]).collect()
}

fn number(value: &Value) -> f64 {
    match value {
        Value::Int(number) => *number as f64,
        Value::Empty => f64::NAN,
        Value::Text(_) => 0.0,
    }
}

fn stick_tables(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) {
    for (place, (name, help)) in STICK_TABLE.iter().enumerate() {
        let metrics = snapshot.tables.iter().map(|table| {
            let value = [table.size, table.used, table.updates][place];
            metric(Type::Gauge, &[("name", &table.name), ("type", &table.kind)], value as f64)
        });
        push(families, format!("haproxy_sticktable_{name}"), Type::Gauge, help, metrics.collect());
    }
}

fn resolvers(snapshot: &Snapshot, families: &mut Vec<MetricFamily>) {
    for (place, (name, help)) in RESOLVER.iter().enumerate() {
        let metrics = snapshot.resolvers.iter().map(|server| {
            let labels = [("resolver", server.resolvers.as_str()), ("nameserver", server.name.as_str())];
            metric(Type::Gauge, &labels, server.counts[place] as f64)
        });
        push(families, format!("haproxy_resolver_{name}"), Type::Gauge, help, metrics.collect());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::snapshot::example::example;

    fn text(snapshot: &Snapshot, query: &str) -> String {
        String::from_utf8(render(snapshot, &Query::parse(query).unwrap(), None)).unwrap()
    }

    /// The label names of each series, and the values of the one that is a fixed set.
    fn series_of(text: &str) -> BTreeMap<String, Vec<String>> {
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let name = line.split(['{', ' ']).next().unwrap();
            let labels = line.split_once('{').map_or("", |(_, rest)| rest.split_once('}').unwrap().0);
            let fixed = |label: &str| matches!(label.split('=').next(), Some("state" | "code"));
            let labels = labels.split(',').filter(|label| !label.is_empty()).map(|label| {
                let (name, value) = label.split_once('=').unwrap();
                if fixed(label) { format!("{name}={}", value.trim_matches('"')) } else { name.to_owned() }
            });
            let known = found.entry(name.to_owned()).or_default();
            for label in labels {
                if !known.contains(&label) {
                    known.push(label);
                }
            }
        }
        // the registry sorts by values, and the order says nothing
        found.values_mut().for_each(|labels| labels.sort());
        found
    }

    #[test]
    fn every_series_of_haproxys_exporter_is_there_with_its_labels_type_and_help() {
        let text = text(&example(), "");
        let found = series_of(&text);
        let table = include_str!("../testdata/prometheus-metrics.tsv");
        let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|line| line.split('\t').collect()).collect();
        assert_eq!(rows.len(), 254);
        for row in &rows {
            let [name, kind, _, labels, help] = row[..] else { panic!("{row:?}") };
            let mut expected: Vec<String> = labels
                .split(',')
                .filter(|label| !label.is_empty())
                .flat_map(|label| match label.split_once('=') {
                    Some((name, values)) => {
                        values.split('|').map(|value| format!("{name}={value}")).collect()
                    }
                    None => vec![label.to_owned()],
                })
                .collect();
            expected.sort();
            assert_eq!(found.get(name), Some(&expected), "{name}");
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "type of {name}");
            assert!(text.contains(&format!("# HELP {name} {help}\n")), "help of {name}");
        }
        assert_eq!(found.len(), rows.len(), "no series that HAProxy's exporter has not");
    }

    #[test]
    fn values_are_told_as_haproxy_tells_them() {
        let text = text(&example(), "");
        for line in [
            "haproxy_server_limit_sessions{proxy=\"be\",server=\"s2\"} NaN",
            "haproxy_server_limit_sessions{proxy=\"be\",server=\"s1\"} 10",
            "haproxy_server_check_duration_seconds{proxy=\"be\",server=\"s1\"} 0.002",
            "haproxy_server_status{proxy=\"be\",server=\"s2\",state=\"MAINT\"} 1",
            "haproxy_backend_agg_server_status{proxy=\"be\",state=\"UP\"} 1",
            "haproxy_backend_agg_check_status{proxy=\"be\",state=\"L7OK\"} 1",
            "haproxy_frontend_http_responses_total{proxy=\"fe\",code=\"2xx\"} 1",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}");
        }
    }

    #[test]
    fn a_query_chooses_scopes_and_may_be_wrong() {
        let snapshot = example();
        let frontends = text(&snapshot, "scope=frontend");
        assert!(frontends.contains("haproxy_frontend_") && !frontends.contains("haproxy_server_"));
        assert!(!text(&snapshot, "no-maint").contains("server=\"s2\""));
        assert_eq!(text(&snapshot, "scope="), "");
        assert_eq!(Query::parse("scope=nothing"), None);
        assert_eq!(Query::parse("scope=*"), Some(Query::default()));
    }

    #[test]
    fn an_empty_snapshot_is_told_without_failing() {
        assert!(text(&Snapshot::default(), "").contains("haproxy_process_nbthread 0\n"));
    }
}
