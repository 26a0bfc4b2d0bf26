//! Prometheus: HAProxy's exporter, and the gateway's own listener.

use crate::support::cases::Cases;
use crate::support::client::{Client, get};
use crate::support::deadline::{PATIENCE, eventually, within};
use crate::support::origin::{After, Origin, Script};
use crate::support::ports;
use crate::support::subject::{Config, Subject};
use std::collections::BTreeMap;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("metrics::the_exporter_tells_true_values_after_known_traffic", values);
    cases.test("metrics::every_tier_1_name_is_there_with_its_type", names);
    cases.test("metrics::the_exporter_answers_as_haproxys", shape);
    cases.ours_only(
        "metrics::a_listener_of_its_own_has_metrics_and_probes",
        "HAProxy has no --metrics",
        listener,
    );
}

/// Names, types and scopes that alerts and dashboards rely on, from `metrics-tier1.tsv`.
const TIER_1: &str = include_str!("metrics-tier1.tsv");

fn start(args: &[&str]) -> (Subject, Origin) {
    let origin = Origin::scripted(vec![
        Script::new("/500", "HTTP/1.1 500 Oops\r\nContent-Length: 0\r\n\r\n", After::Keep),
        Script::new("/404", "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n", After::Keep),
    ]);
    let mut all = vec!["-db"];
    all.extend(args);
    let subject = Config::new(
        "global\n  maxconn 4321\ndefaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n  retries 0\n\
         frontend front\n  bind \"fd@${FRONT}\"\n  http-request deny if { path /deny }\n  use_backend dead if { path /dead }\n  default_backend app\n\
         frontend prometheus\n  bind \"fd@${METRICS}\"\n  http-request use-service prometheus-exporter if { path /metrics }\n\
         backend app\n  server one \"${ORIGIN}\" check inter 50ms\n  server off 127.0.0.1:1 disabled\nbackend dead\n  server d 127.0.0.1:1\n",
    )
    .bind("FRONT")
    .bind("METRICS")
    .var("ORIGIN", origin.addr())
    .args(&all)
    .start();
    (subject, origin)
}

fn traffic(subject: &Subject) {
    for target in ["/", "/", "/404", "/500", "/deny", "/dead"] {
        get(subject.addr("FRONT"), target);
    }
}

/// The series by name and labels.
fn series(text: &str) -> BTreeMap<String, f64> {
    let lines = text.lines().filter(|l| !l.starts_with('#'));
    lines
        .filter_map(|l| l.rsplit_once(' '))
        .filter_map(|(k, v)| Some((k.to_owned(), v.parse().ok()?)))
        .collect()
}

fn values() {
    let (subject, _origin) = start(&[]);
    traffic(&subject);
    let scrape = || series(&get(subject.addr("METRICS"), "/metrics").text());
    #[rustfmt::skip]
    let rows = [
        ("haproxy_frontend_http_requests_total{proxy=\"front\"}", 6.0), ("haproxy_frontend_http_responses_total{proxy=\"front\",code=\"2xx\"}", 2.0),
        ("haproxy_frontend_http_responses_total{proxy=\"front\",code=\"4xx\"}", 2.0), ("haproxy_frontend_http_responses_total{proxy=\"front\",code=\"5xx\"}", 2.0),
        ("haproxy_frontend_requests_denied_total{proxy=\"front\"}", 1.0), ("haproxy_frontend_sessions_total{proxy=\"front\"}", 6.0), ("haproxy_frontend_connections_total{proxy=\"front\"}", 6.0),
        ("haproxy_frontend_status{proxy=\"front\",state=\"UP\"}", 1.0), ("haproxy_backend_http_responses_total{proxy=\"app\",code=\"2xx\"}", 2.0), ("haproxy_backend_http_responses_total{proxy=\"app\",code=\"5xx\"}", 1.0),
        ("haproxy_backend_sessions_total{proxy=\"app\"}", 4.0), ("haproxy_backend_connection_errors_total{proxy=\"dead\"}", 1.0), ("haproxy_backend_status{proxy=\"app\",state=\"UP\"}", 1.0), ("haproxy_backend_active_servers{proxy=\"app\"}", 1.0),
        ("haproxy_server_http_responses_total{proxy=\"app\",server=\"one\",code=\"4xx\"}", 1.0), ("haproxy_server_sessions_total{proxy=\"app\",server=\"one\"}", 4.0), ("haproxy_server_status{proxy=\"app\",server=\"off\",state=\"MAINT\"}", 1.0),
        ("haproxy_server_connection_errors_total{proxy=\"dead\",server=\"d\"}", 1.0), ("haproxy_process_max_connections", 4321.0), ("haproxy_backend_current_queue{proxy=\"app\"}", 0.0),
    ];
    let wrong = || {
        let all = scrape();
        rows.iter()
            .filter(|(n, v)| all.get(*n) != Some(v))
            .map(|(n, v)| format!("{n}: {:?}, not {v}", all.get(*n)))
            .collect::<Vec<_>>()
    };
    // The answer may be with the client before the last counter is.
    let settled = within(PATIENCE / 4, || wrong().is_empty().then_some(()));
    assert!(settled.is_some(), "{:#?}", wrong());
    let all = scrape();
    assert!(all["haproxy_process_requests_total"] >= 7.0);
    assert!(all["haproxy_frontend_bytes_in_total{proxy=\"front\"}"] > 100.0);
}

fn names() {
    let (subject, _origin) = start(&[]);
    traffic(&subject);
    let text = get(subject.addr("METRICS"), "/metrics").text();
    let mut missing = Vec::new();
    for row in TIER_1.lines().filter(|l| !l.starts_with('#')) {
        let Some((name, kind)) = row.split_once('\t') else { continue };
        if !text.contains(&format!("# TYPE {name} {kind}\n")) {
            missing.push(row);
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

fn shape() {
    let (subject, _origin) = start(&[]);
    let response = get(subject.addr("METRICS"), "/metrics");
    assert_eq!(response.status(), 200);
    assert_eq!(response.value("content-type").as_deref(), Some("text/plain; version=0.0.4"));
    assert_eq!(response.value("cache-control").as_deref(), Some("no-cache"));
    assert!(response.text().contains("# HELP haproxy_process_"));
    let mut client = Client::connect(subject.addr("METRICS"));
    client.send("HEAD /metrics HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(client.response("HEAD").status(), 200);
    assert_eq!(get(subject.addr("METRICS"), "/metrics?scope=nonsense").status(), 400);
    let only = get(subject.addr("METRICS"), "/metrics?scope=frontend").text();
    assert!(only.contains("haproxy_frontend_") && !only.contains("haproxy_server_"));
    assert_eq!(get(subject.addr("METRICS"), "/other").status(), 503);
}

fn listener() {
    let port = ports::free();
    let address = format!("127.0.0.1:{port}");
    let (subject, _origin) = start(&["--metrics", &address]);
    let addr = ([127, 0, 0, 1], port).into();
    eventually("the metrics listener", || Client::try_connect(addr).ok());
    traffic(&subject);
    let all = series(&get(addr, "/metrics").text());
    assert_eq!(all["haproxy_frontend_http_requests_total{proxy=\"front\"}"], 6.0);
    assert_eq!(get(addr, "/healthz").status(), 200);
    assert_eq!(get(addr, "/readyz").status(), 200);
    assert_eq!(get(addr, "/nothing").status(), 404);
}
