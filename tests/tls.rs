//! TLS on the client side: the certificate by name, versions, HTTP/2 by a real client.

use crate::support::cases::Cases;
use crate::support::deadline::eventually;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Dir, Subject, run};
use crate::support::tls::{Ask, certificate, connect};
use rustls::version::{TLS12, TLS13};
use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("tls::requests_come_through", plain);
    cases.test("tls::the_certificate_follows_the_name", by_name);
    cases.test("tls::strict_sni_refuses_unknown_names", strict);
    cases.test("tls::ssl_min_ver_refuses_older_versions", min_version);
    cases.test("tls::alpn_prefers_h2", alpn);
    cases.test("tls::http2_works_end_to_end", http2);
    cases.test("tls::http2_multiplexes", multiplexed);
    cases.test("tls::answers_of_the_proxy_work_over_http2", own_answers);
    cases.test("tls::a_websocket_echoes", websocket);
    cases.test("tls::ssl_fc_tells_tls_from_clear_text", ssl_fc);
    cases.test("tls::a_bad_certificate_is_named", bad_certificate);
    cases.test("tls::addresses_and_odd_names_are_served_with_the_default_certificate", odd_names);
    cases.ours_only(
        "tls::a_server_name_that_is_no_dns_name_is_refused_with_an_alert",
        "OpenSSL takes any bytes for a name and HAProxy answers; rustls refuses the client hello",
        bad_names,
    );
}

fn subject(bind: &str, files: &[(&str, &str)]) -> (Subject, Origin) {
    let origin = Origin::plain();
    let mut config = Config::new(format!(
        "global\n  log stdout format raw local0\n  stats socket \"${{DIR}}/cli.sock\"\n\
         defaults\n  mode http\n  log global\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{TLS}}\" ssl {bind}\n  bind \"fd@${{CLEAR}}\"\n\
         http-request redirect scheme https if !{{ ssl_fc }} {{ path /secure }}\n\
         http-request set-header X-Tls %[ssl_fc]\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("TLS")
    .bind("CLEAR")
    .var("ORIGIN", origin.addr());
    for (name, text) in files {
        config = config.file(name, text);
    }
    (config.start(), origin)
}

fn plain() {
    let cert = certificate(&["a.test"]);
    let (subject, origin) = subject("crt \"${DIR}/a.pem\"", &[("a.pem", &cert.pem)]);
    let mut session = connect(subject.addr("TLS"), &Ask::name("a.test")).unwrap();
    assert_eq!(session.client.get("/x").status(), 200);
    assert_eq!(session.client.get("/y").status(), 200, "and the connection is kept");
    assert_eq!(session.certificate, cert.der);
    assert_eq!(origin.last().value("x-tls").as_deref(), Some("1"));
}

/// A directory of certificates: `a.test`, `*.wild.test`, `default.test` first in order.
fn directory(bind: &str) -> (Subject, Vec<(&'static str, Vec<u8>)>) {
    let names = [("default.test", "0"), ("a.test", "a"), ("*.wild.test", "w"), ("b.test", "b")];
    let made: Vec<_> = names.map(|(name, file)| (name, file, certificate(&[name]))).into_iter().collect();
    let origin = Origin::plain();
    let config = Config::new(format!(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{TLS}}\" ssl crt \"${{DIR}}/certs\" {bind}\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("TLS")
    .var("ORIGIN", origin.addr());
    fs::create_dir(config.path("certs")).unwrap();
    let config =
        made.iter().fold(config, |c, (_, file, cert)| c.file(&format!("certs/{file}.pem"), &cert.pem));
    (config.start(), made.into_iter().map(|(name, _, cert)| (name, cert.der)).collect())
}

fn by_name() {
    let (subject, certs) = directory("");
    let shown = |name: Option<&'static str>| {
        let ask = Ask { name, ..Ask::name("a.test") };
        let der = connect(subject.addr("TLS"), &ask).unwrap().certificate;
        certs.iter().find(|(_, c)| *c == der).map_or("unknown", |(n, _)| *n)
    };
    assert_eq!(shown(Some("a.test")), "a.test");
    assert_eq!(shown(Some("b.test")), "b.test");
    assert_eq!(shown(Some("B.TEST")), "b.test");
    assert_eq!(shown(Some("x.wild.test")), "*.wild.test");
    assert_eq!(shown(Some("unknown.test")), "default.test", "the first certificate is the default");
    assert_eq!(shown(None), "default.test");
}

fn strict() {
    let (subject, _) = directory("strict-sni");
    assert!(connect(subject.addr("TLS"), &Ask::name("a.test")).is_ok());
    assert!(connect(subject.addr("TLS"), &Ask::name("unknown.test")).is_err());
    assert!(connect(subject.addr("TLS"), &Ask { name: None, ..Ask::name("a.test") }).is_err());
}

fn min_version() {
    let cert = certificate(&["a.test"]);
    let (subject, _o) = subject("crt \"${DIR}/a.pem\" ssl-min-ver TLSv1.3", &[("a.pem", &cert.pem)]);
    let with = |version| Ask { versions: vec![version], ..Ask::name("a.test") };
    assert!(connect(subject.addr("TLS"), &with(&TLS12)).is_err());
    let session = connect(subject.addr("TLS"), &with(&TLS13)).unwrap();
    assert!(session.version.contains("TLSv1_3"), "{}", session.version);
}

fn alpn() {
    let cert = certificate(&["a.test"]);
    let (subject, _o) = subject("crt \"${DIR}/a.pem\" alpn h2,http/1.1", &[("a.pem", &cert.pem)]);
    let with = |alpn: &[&'static str]| {
        connect(subject.addr("TLS"), &Ask { alpn: alpn.to_vec(), ..Ask::name("a.test") }).unwrap().alpn
    };
    assert_eq!(with(&["http/1.1", "h2"]).as_deref(), Some("h2"));
    assert_eq!(with(&["http/1.1"]).as_deref(), Some("http/1.1"));
    assert_eq!(with(&[]), None);
}

/// curl's answer: status, version, body.
fn curl(args: &[&str], subject: &Subject, path: &str) -> String {
    let port = subject.addr("TLS").port();
    let resolve = format!("a.test:{port}:127.0.0.1");
    let output = Command::new("curl")
        .args([
            "-sk",
            "--max-time",
            "10",
            "--noproxy",
            "*",
            "--resolve",
            &resolve,
            "-w",
            " %{http_code} %{http_version}",
        ])
        .args(args)
        .arg(format!("https://a.test:{port}{path}"))
        .output()
        .expect("curl is installed");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn http2() {
    let cert = certificate(&["a.test"]);
    let (subject, origin) = subject("crt \"${DIR}/a.pem\" alpn h2,http/1.1", &[("a.pem", &cert.pem)]);
    assert_eq!(curl(&["--http2"], &subject, "/x?y=1"), "ok 200 2");
    let seen = origin.last();
    assert!(seen.head.starts_with(b"GET /x?y=1 HTTP/1.1\r\n"), "{:?}", String::from_utf8_lossy(&seen.head));
    assert_eq!(seen.value("host"), Some(format!("a.test:{}", subject.addr("TLS").port())));
    let body = subject.dir().write("body", "p".repeat(200_000));
    let data = format!("@{}", body.display());
    assert_eq!(curl(&["--http2", "--data-binary", &data, "-H", "X-Hook: 1"], &subject, "/post"), "ok 200 2");
    let posted = origin.last();
    assert_eq!((posted.body.len(), posted.value("x-hook").as_deref()), (200_000, Some("1")));
    assert_eq!(curl(&["--http1.1"], &subject, "/x"), "ok 200 1.1");
    assert_eq!(curl(&["--http2", "-I"], &subject, "/x").split(' ').next_back(), Some("2"));
}

fn multiplexed() {
    let cert = certificate(&["a.test"]);
    let (subject, origin) = subject("crt \"${DIR}/a.pem\" alpn h2", &[("a.pem", &cert.pem)]);
    let url = format!("https://127.0.0.1:{}/m", subject.addr("TLS").port());
    let output =
        Command::new("h2load").args(["-n100", "-c2", "-m10", &url]).output().expect("h2load is installed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("100 succeeded, 0 failed") && text.contains("100 2xx"), "{text}");
    assert_eq!(origin.requests().len(), 100);
}

fn own_answers() {
    let cert = certificate(&["a.test"]);
    let files = [("a.pem", cert.pem.as_str())];
    let (subject, _o) = subject(
        "crt \"${DIR}/a.pem\" alpn h2\n  http-request deny if { path /deny }\n  http-request redirect location /x if { path /go }",
        &files,
    );
    let denied = curl(&["--http2"], &subject, "/deny");
    assert_eq!(
        denied,
        "<html><body><h1>403 Forbidden</h1>\nRequest forbidden by administrative rules.\n</body></html>\n 403 2"
    );
    assert_eq!(curl(&["--http2"], &subject, "/go"), " 302 2");
}

fn websocket() {
    let switch = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                  Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
    let origin = Origin::scripted(vec![Script::new("/ws", switch, After::Echo)]);
    let cert = certificate(&["a.test"]);
    let subject = Config::new(
        "defaults\n  mode http\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${TLS}\" ssl crt \"${DIR}/a.pem\" alpn h2,http/1.1\n  default_backend b\n\
         backend b\n  server s \"${ORIGIN}\"\n",
    )
    .bind("TLS")
    .var("ORIGIN", origin.addr())
    .file("a.pem", &cert.pem)
    .start();
    let ask = Ask { alpn: vec!["http/1.1"], ..Ask::name("a.test") };
    let mut client = connect(subject.addr("TLS"), &ask).unwrap().client;
    client.send(
        "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    assert_eq!(client.response("GET").status(), 101);
    for size in [1, 100, 100_000] {
        let sent = "e".repeat(size);
        client.send(&sent);
        assert!(client.take(size) == sent.as_bytes(), "an echo of {size} bytes");
    }
}

fn ssl_fc() {
    let cert = certificate(&["a.test"]);
    let (subject, _o) = subject("crt \"${DIR}/a.pem\"", &[("a.pem", &cert.pem)]);
    let clear = crate::support::client::get(subject.addr("CLEAR"), "/secure");
    assert_eq!((clear.status(), clear.value("location").as_deref()), (302, Some("https://h/secure")));
    let mut session = connect(subject.addr("TLS"), &Ask::name("a.test")).unwrap();
    assert_eq!(session.client.get("/secure").status(), 200);
}

fn bad_certificate() {
    let dir = Dir::new();
    let pem = dir.write("broken.pem", "-----BEGIN CERTIFICATE-----\nnonsense\n-----END CERTIFICATE-----\n");
    let cfg = dir.write(
        "c.cfg",
        format!(
            "defaults\n  mode http\n  timeout client 5s\nfrontend f\n  bind 127.0.0.1:8443 ssl crt {}\n",
            pem.display()
        ),
    );
    let (code, _, stderr) = run(&["-c", "-f", &cfg.display().to_string()]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("broken.pem"), "{stderr}");
}

/// What the server says to a client that asks for `name` by OpenSSL, which sends any name.
fn ask_by_openssl(subject: &Subject, name: &str) -> String {
    let mut client = Command::new("openssl")
        .args(["s_client", "-quiet", "-ign_eof", "-servername", name, "-connect"])
        .arg(subject.addr("TLS").to_string())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    // A client that was refused is gone before it has read this.
    let _ = client.stdin.take().map(|mut stdin| stdin.write_all(b"GET /x HTTP/1.0\r\n\r\n"));
    let output = client.wait_with_output().expect("the client is ours");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

fn odd_names() {
    let cert = certificate(&["a.test"]);
    let (subject, _o) = subject("crt \"${DIR}/a.pem\"", &[("a.pem", &cert.pem)]);
    for name in ["127.0.0.1", "::1", "a_b.test", "a.test."] {
        let said = ask_by_openssl(&subject, name);
        assert!(said.contains("HTTP/1.1 200 OK"), "{name}: {said}");
    }
}

/// The column `ssl_failed_handshake` of the frontend in `show stat`.
fn failed_handshakes(subject: &Subject) -> String {
    let mut cli = subject.cli("cli.sock");
    cli.send("show stat\n");
    let table = String::from_utf8(cli.rest()).unwrap();
    let fields = |start: &str| {
        let row = table.lines().find(|row| row.starts_with(start)).unwrap();
        row.split(',').map(str::to_owned).collect::<Vec<_>>()
    };
    let column = fields("# pxname").iter().position(|name| name == "ssl_failed_handshake").unwrap();
    fields("f,FRONTEND,").swap_remove(column)
}

/// Some tools send `host:port`. Nothing but the hello itself says what was asked for, and its bytes are part of what both
/// sides sign: what rustls does not read cannot be mended on the way to it.
fn bad_names() {
    let cert = certificate(&["a.test"]);
    let (subject, _o) = subject("crt \"${DIR}/a.pem\"", &[("a.pem", &cert.pem)]);
    for name in ["a.test:443", "-x.test", "a b"] {
        let said = ask_by_openssl(&subject, name);
        assert!(said.contains("alert illegal parameter"), "{name}: {said}");
    }
    let logged = || subject.stdout().matches(" f/1: SSL handshake failure").count();
    eventually("a line of the log for each", || (logged() == 3).then_some(()));
    assert_eq!(failed_handshakes(&subject), "3");
    assert!(ask_by_openssl(&subject, "a.test").contains("HTTP/1.1 200 OK"), "others are served");
}
