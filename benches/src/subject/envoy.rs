//! Envoy with one worker thread.

use std::fmt::Write as _;

use super::Site;
use crate::work::Speech;

pub(super) const ARGUMENTS: &[&str] =
    &["--concurrency", "1", "--disable-hot-restart", "--log-level", "error", "--config-path"];

const UNLIMITED: &str = "{ priority: DEFAULT, max_connections: 100000, max_pending_requests: 100000, \
                         max_requests: 100000 }";

pub(super) fn configure(site: &Site<'_>) -> String {
    let Site { work, listen, origin, .. } = site;
    let mut routes = String::new();
    for index in 1..work.rules {
        let _ = writeln!(
            routes,
            "              - {{ match: {{ prefix: \"/service-{index:04}/\" }}, direct_response: {{ status: 503 }} }}"
        );
    }
    let path = if work.rules == 0 { "/" } else { "/pac/" };
    let upgrades = match work.speech {
        Speech::WebSocket => "\n          upgrade_configs: [{ upgrade_type: websocket }]",
        Speech::Http1 | Speech::Http2 { .. } => "",
    };
    format!(
        "static_resources:
  listeners:
  - address: {{ socket_address: {{ address: {}, port_value: {} }} }}
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
          stat_prefix: bench
          use_remote_address: true{upgrades}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: {{ \"@type\": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
          route_config:
            virtual_hosts:
            - name: all
              domains: [\"*\"]
              routes:
{routes}              - {{ match: {{ prefix: \"{path}\" }}, route: {{ cluster: origin, timeout: 30s }} }}
{}  clusters:
  - name: origin
    connect_timeout: 5s
    circuit_breakers: {{ thresholds: [{UNLIMITED}] }}
    load_assignment:
      cluster_name: origin
      endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: {}, port_value: {} }} }} }} }}] }}]
",
        listen.ip(),
        listen.port(),
        tls(site),
        origin.ip(),
        origin.port()
    )
}

fn tls(site: &Site<'_>) -> String {
    let Some(files) = &site.tls else { return String::new() };
    let alpn = match site.work.speech {
        Speech::Http2 { .. } => "h2",
        Speech::Http1 | Speech::WebSocket => "http/1.1",
    };
    format!(
        "      transport_socket:
        name: envoy.transport_sockets.tls
        typed_config:
          \"@type\": type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext
          common_tls_context:
            alpn_protocols: [\"{alpn}\"]
            tls_params: {{ tls_minimum_protocol_version: TLSv1_3, tls_maximum_protocol_version: TLSv1_3 }}
            tls_certificates:
            - certificate_chain: {{ filename: {} }}
              private_key: {{ filename: {} }}
",
        files.certificate.display(),
        files.key.display()
    )
}
