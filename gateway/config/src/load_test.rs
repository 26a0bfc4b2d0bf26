//! Whole texts through the whole loader: what they mean, and exactly what is said about them.

use std::time::Duration;

use crate::model::{
    BindAddress, CheckKind, ExpectStatus, LogTo, Model, ServerAddress, ServerPort, SwitchTo, TrafficLog,
};
use crate::world::load_text;

/// A text that loads without a word.
fn model(text: &str) -> Model {
    let loaded = load_text("h.cfg", text);
    let said = loaded.diagnostics.render_pipe(&loaded.sources);
    loaded.model.unwrap_or_else(|| panic!("{said:#?}"))
}

const HTTP: &str = "defaults\n mode http\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n";

#[test]
fn the_original_manifests_load_without_a_word() {
    let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/reference/original-manifests");
    let mut seen = 0;
    for entry in std::fs::read_dir(dir).expect("../shared/reference/original-manifests is there") {
        let file = entry.expect("it can be listed").path().join("haproxy-cfg-cm.yaml");
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        for document in text.split("\n---") {
            let map: serde_yaml::Value = serde_yaml::from_str(document).expect("a manifest is YAML");
            let Some(cfg) = map.get("data").and_then(|data| data.get("haproxy.cfg")) else { continue };
            let loaded = load_text("haproxy.cfg", cfg.as_str().expect("a ConfigMap holds text"));
            let said = loaded.diagnostics.render_pipe(&loaded.sources);
            assert!(said.is_empty(), "{}: {said:#?}", file.display());
            judge_original(&loaded.model.expect("nothing was said"));
            seen += 1;
        }
    }
    assert_eq!(seen, 3);
}

fn judge_original(model: &Model) {
    assert_eq!((model.global.maxconn, model.global.nbthread), (Some(20_000), Some(2)));
    let (frontend, backend) = (&model.frontends[0], &model.backends[0]);
    let secs = |n| Some(Duration::from_secs(n));
    assert_eq!(frontend.timeouts.client, secs(30));
    assert_eq!(frontend.timeouts.client_fin, secs(1));
    assert_eq!(frontend.timeouts.http_request, secs(10));
    assert_eq!(frontend.timeouts.http_keep_alive, secs(300));
    assert_eq!(frontend.maxconn, Some(20_000));
    assert_eq!(frontend.inspect_delay, secs(5));
    assert_eq!(frontend.tcp_request_content.iter().count(), 1);
    assert_eq!(frontend.use_backend.len(), 1);
    let SwitchTo::Backend(chosen) = frontend.use_backend[0].backend else { panic!("a fixed name") };
    assert_eq!(model.backend(chosen).name, backend.name);
    assert!(frontend.use_backend[0].cond.is_some());
    assert!(matches!(frontend.binds[0].address, BindAddress::Tcp(at) if at.ip().is_unspecified()));
    assert_eq!((backend.timeouts.connect, backend.timeouts.check), (secs(5), secs(5)));
    assert_eq!(backend.redispatch, Some(-1));
    assert_eq!(backend.retries, 3);
    assert_eq!(backend.options.forwardfor.as_ref().map(|f| f.header.as_str()), Some("x-forwarded-for"));
    assert!(
        matches!(&backend.servers[0].address, ServerAddress::Name { host, .. } if host.ends_with("svc.cluster.local"))
    );
}

#[test]
fn defaults_hand_down_and_sections_say_over_them() {
    let model = model(
        "defaults base\n mode http\n maxconn 5\n timeout client 1s\n timeout server 1s\n timeout connect 1s\n \
         option dontlognull\n option httplog\n log stdout local0\ndefaults other from base\n timeout client 2s\n \
         no option dontlognull\nfrontend a\n bind :1\n maxconn 6\n default_backend b\nfrontend c from base\n bind \
         :2\nbackend b from base\n no log\n",
    );
    let (a, c) = (&model.frontends[0], &model.frontends[1]);
    assert_eq!(
        (a.timeouts.client, c.timeouts.client),
        (Some(Duration::from_secs(2)), Some(Duration::from_secs(1)))
    );
    assert_eq!((a.maxconn, c.maxconn), (Some(6), Some(5)));
    assert_eq!((a.options.dontlognull, c.options.dontlognull), (false, true));
    assert_eq!(a.logging.traffic, TrafficLog::Http { clf: false });
    assert_eq!((a.logging.targets.len(), model.backends[0].logging.targets.len()), (1, 0));
    assert_eq!(a.default_backend, Some(crate::model::BackendId(0)));
}

#[test]
fn a_listen_is_a_frontend_and_a_backend() {
    let model = model(&format!(
        "{HTTP}listen l\n bind :1\n http-request deny\n server s 127.0.0.1:1\nfrontend f\n bind :2\n"
    ));
    assert_eq!((model.frontends.len(), model.backends.len()), (2, 1));
    assert_eq!(model.frontends[0].listen, Some(crate::model::BackendId(0)));
    assert_eq!(model.backends[0].listen, Some(crate::model::FrontendId(0)));
    assert_eq!((model.frontends[0].id, model.backends[0].id, model.frontends[1].id), (2, 2, 3));
    assert_eq!(model.frontends[0].http_request, model.backends[0].http_request);
}

#[test]
fn ids_are_counted_as_haproxy_counts() {
    let model = model(&format!(
        "{HTTP}frontend a\n bind :1\nfrontend b\n id 7\n bind :2\nbackend c\n server s 127.0.0.1:1\n server t \
         127.0.0.1:2 id 5\n server u 127.0.0.1:3\nlisten d\n bind :3\n"
    ));
    let ids: Vec<u32> = model.frontends.iter().map(|f| f.id).collect();
    assert_eq!((ids, model.backends[0].id), (vec![2, 7, 5], 4));
    let ids: Vec<u32> = model.backends[0].servers.iter().map(|s| s.id).collect();
    assert_eq!(ids, [1, 5, 3]);
}

#[test]
fn binds_take_many_forms() {
    let model = model(&format!(
        "{HTTP}frontend f\n bind *:80,*:81 maxconn 5\n bind 127.0.0.1:90-92\n bind [::1]:80\n bind ipv6@:443 v6only\n \
         bind fd@4\n bind \"fd@${{FD}}\"\n bind /run/x mode 600 user u\n bind abns@n\n bind stream+127.0.0.1:7 name n \
         accept-proxy\n bind :443 ssl crt /etc/site.pem crt /etc/certs/ alpn h2,http/1.1 ssl-min-ver TLSv1.2 strict-sni\n"
    ));
    let binds = &model.frontends[0].binds;
    let names: Vec<&str> = binds.iter().map(|bind| bind.name.as_str()).collect();
    let expected = [
        "*:80",
        "*:81",
        "127.0.0.1:90",
        "127.0.0.1:91",
        "127.0.0.1:92",
        "[::1]:80",
        "ipv6@:443",
        "fd@4",
        "fd@3",
        "/run/x",
        "abns@n",
        "n",
        ":443",
    ];
    assert_eq!(names, expected);
    assert_eq!((binds[0].maxconn, binds[2].maxconn), (Some(5), None));
    assert_eq!(
        (&binds[8].address, &binds[10].address),
        (&BindAddress::Fd(3), &BindAddress::Abstract("n".into()))
    );
    assert_eq!(binds[9].permissions.mode, Some(0o600));
    let tls = binds[12].tls.as_ref().expect("ssl was said");
    assert_eq!((tls.certificates.len(), tls.strict_sni, tls.alpn.len()), (2, true, 2));
}

#[test]
fn servers_take_defaults_and_checks() {
    let model = model(&format!(
        "{HTTP}backend b\n balance leastconn\n default-server inter 3s fall 5 check\n server a 127.0.0.1:80 weight 10 \
         backup\n server c app.svc:+80 no-check disabled\n server d 10.0.0.1 no-check\n option httpchk HEAD /h HTTP/1.1\n \
         http-check send hdr Host x\n http-check expect status 200-299,301\n"
    ));
    let servers = &model.backends[0].servers;
    let check = servers[0].check.as_ref().expect("default-server says so");
    assert_eq!((check.inter, check.fall, check.rise), (Duration::from_secs(3), 5, 2));
    let CheckKind::Http { method, uri, headers, expect, .. } = &check.kind else { panic!("{check:?}") };
    assert_eq!((method.as_str(), uri.as_str(), headers.len()), ("HEAD", "/h", 1));
    assert_eq!(expect, &ExpectStatus::Status { not: false, ranges: vec![(200, 299), (301, 301)] });
    assert!(servers[0].backup && servers[0].weight == 10);
    assert!(servers[1].check.is_none() && servers[1].disabled);
    assert!(matches!(servers[1].address, ServerAddress::Name { port: ServerPort::Offset(80), .. }));
    assert!(matches!(servers[2].address, ServerAddress::Ip { port: ServerPort::Offset(0), .. }));
}

#[test]
fn logs_go_where_the_lines_say() {
    let model = model(&format!(
        "global\n log /dev/log local0\n log 127.0.0.1:5514 len 2000 format rfc5424 daemon info err\n{HTTP} log global\n \
         log global\n option httplog\nfrontend f\n bind :1\n log stderr format raw local7\n"
    ));
    let targets = &model.frontends[0].logging.targets;
    assert_eq!(targets.len(), 3);
    assert_eq!(targets[1].max_length, 2000);
    assert_eq!(targets[1].facility.0, 3);
    assert_eq!(targets[2].to, LogTo::Stderr);
    assert!(targets[1].max_level > targets[1].min_level);
}

#[test]
fn the_environment_and_setenv_reach_the_words() {
    let model = model(&format!(
        "global\n presetenv P 7001\n presetenv P 7002\n{HTTP}frontend f\n bind \":${{P}}\"\n"
    ));
    assert_eq!(model.frontends[0].binds[0].name, ":7001");
}

#[test]
fn a_place_has_a_caret_under_the_word_that_is_wrong() {
    let loaded = load_text("h.cfg", "backend b\n mode http\n server a 127.0.0.1:1 chek\n");
    let shown = loaded.diagnostics.render_terminal(&loaded.sources);
    assert!(
        shown.contains(
            "  --> h.cfg:3:23\n   |\n 3 |  server a 127.0.0.1:1 chek\n   |                       ^^^^\n"
        ),
        "{shown}"
    );
}

#[test]
fn zero_warning_refuses_a_file_with_warnings() {
    let loads = |text: &str| load_text("h.cfg", text).model.is_some();
    let (fine, odd) =
        (format!("{HTTP}frontend f\n bind :1\n"), "defaults\n mode http\nfrontend f\n bind :1\n");
    assert!(loads(&format!("global\n zero-warning\n{fine}")));
    assert!(loads(odd));
    assert!(!loads(&format!("global\n zero-warning\n{odd}")));
}
