//! Where logs go: UDP with a syslog header, standard output, and what happens when nobody takes them.

use crate::support::cases::Cases;
use crate::support::client::{Client, get, request};
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::origin::Origin;
use crate::support::subject::{Config, Subject};
use crate::support::syslog::Syslog;
use crate::support::tls::certificate;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("logs::rfc3164_over_udp_is_the_default", rfc3164);
    cases.test("logs::rfc5424_over_udp", rfc5424);
    cases.test("logs::short_and_raw_over_udp", short_and_raw);
    cases.test("logs::facility_and_level_make_the_priority", priority);
    cases.test("logs::a_level_filter_holds_back_what_is_less", filter);
    cases.test("logs::stdout_gets_lines", || to_file("stdout"));
    cases.test("logs::requests_are_numbered", numbered);
    cases.test("logs::samples_are_shown_on_standard_streams", shown);
    cases.test("logs::stderr_gets_lines", || to_file("stderr"));
    cases.test("logs::a_unix_datagram_socket_gets_lines", unix);
    cases.test("logs::two_targets_both_get_lines", two_targets);
    cases.test("logs::log_format_sd_is_the_structured_data_of_rfc5424", structured);
    cases.test("logs::log_tag_replaces_the_name", tag);
    cases.test("logs::error_log_format_tells_why_a_connection_came_to_nothing", failures);
    cases.test("logs::a_full_disk_does_not_stop_traffic", full);
    cases.test("logs::nobody_listening_does_not_stop_traffic", nobody);
}

fn subject(
    global: &str,
    proxy: &str,
    syslog: &Syslog,
    more: impl FnOnce(Config) -> Config,
) -> (Subject, Origin) {
    let origin = Origin::plain();
    let config = Config::new(format!(
        "global\n{global}\ndefaults\n  mode http\n  log global\n  option httplog\n  timeout client 5s\n  timeout server 5s\n  timeout connect 5s\n\
         frontend f\n  bind \"fd@${{FRONT}}\"\n{proxy}\n  default_backend b\nbackend b\n  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("FRONT")
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .var("ORIGIN", origin.addr());
    (more(config).start(), origin)
}

/// The line of one request.
fn line(target: &str) -> String {
    let syslog = Syslog::start();
    let (subject, _origin) = subject(target, "", &syslog, |c| c);
    assert_eq!(get(subject.addr("FRONT"), "/logged").status(), 200);
    syslog.expect("GET /logged")
}

const BODY_START: &str = "127.0.0.1:";
const BODY_END: &str = " ---- 1/1/0/0/0 0/0 \"GET /logged HTTP/1.1\"";

fn rfc3164() {
    let line = line("  log \"${LOG}\" local0");
    let (header, body) = line.split_at(line.find(BODY_START).expect("a body"));
    let words: Vec<&str> = header.split_whitespace().collect();
    assert!(header.starts_with("<134>") && words.len() == 4, "{line}");
    let name = words[3];
    assert!(name.starts_with("haproxy[") && name.ends_with("]:"), "{line}");
    assert_eq!(words[2].split(':').count(), 3, "a time: {line}");
    assert!(body.ends_with(BODY_END), "{line}");
}

fn rfc5424() {
    let line = line("  log \"${LOG}\" format rfc5424 local0");
    let (header, body) = line.split_at(line.find(BODY_START).expect("a body"));
    assert!(
        header.starts_with("<134>1 20") && header.contains(" haproxy ") && header.ends_with(" - - "),
        "{line}"
    );
    assert!(body.ends_with(BODY_END), "{line}");
}

fn short_and_raw() {
    let short = line("  log \"${LOG}\" format short local0");
    assert!(short.starts_with("<6>127.0.0.1:") && short.ends_with(BODY_END), "{short}");
    let raw = line("  log \"${LOG}\" format raw local0");
    assert!(raw.starts_with(BODY_START) && raw.ends_with(BODY_END), "{raw}");
}

fn priority() {
    let line = line("  log \"${LOG}\" local3");
    assert!(line.starts_with("<158>"), "local3.info: {line}");
}

fn filter() {
    let syslog = Syslog::start();
    let proxy = "  http-request deny if { path /deny }\n  option log-separate-errors";
    let (subject, _origin) = subject("  log \"${LOG}\" format short local0 err", proxy, &syslog, |c| c);
    get(subject.addr("FRONT"), "/fine");
    assert_eq!(get(subject.addr("FRONT"), "/deny").status(), 403);
    let line = syslog.expect("GET /deny");
    assert!(line.starts_with("<3>"), "{line}");
    assert!(!syslog.lines().iter().any(|l| l.contains("/fine")), "{:?}", syslog.lines());
}

fn to_file(which: &str) {
    let syslog = Syslog::start();
    let (subject, _origin) = subject(&format!("  log {which} format raw local0"), "", &syslog, |c| c);
    get(subject.addr("FRONT"), "/logged");
    let text = || if which == "stdout" { subject.stdout() } else { subject.stderr() };
    let line = eventually("the line", || text().lines().find(|l| l.contains("/logged")).map(str::to_owned));
    assert!(line.starts_with(BODY_START) && line.ends_with(BODY_END), "{line}");
}

/// One after the other, whatever their connection; a head that is refused has a number, too.
fn numbered() {
    let syslog = Syslog::start();
    let subject = Config::new(
        "global\n  log \"${LOG}\" format raw local0\ndefaults\n  mode http\n  log global\n  timeout client 5s\n  \
         timeout server 5s\n  timeout connect 5s\n  unique-id-format \"%{+X}o%rt\"\n  log-format \"<%rt %ID %ST>\"\n\
         frontend f\n  bind \"fd@${FRONT}\"\n  http-request return status 200 content-type text/plain \
         lf-string \"%rt %[unique-id]\"\n",
    )
    .bind("FRONT")
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .start();
    assert_eq!(get(subject.addr("FRONT"), "/").text(), "0 0000");
    syslog.expect("<0 0000 200>");
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send("nonsense\r\n\r\n");
    assert_eq!(client.response("GET").status(), 400);
    syslog.expect("<1 ");
    for number in 2..20 {
        let id = format!("{number} {number:04X}");
        assert_eq!(get(subject.addr("FRONT"), "/").text(), id);
        syslog.expect(&format!("<{id} 200>"));
    }
}

/// Wherever an expression is: on a connection, in a request, in a response, in the line itself.
fn shown() {
    let syslog = Syslog::start();
    let proxy = "  tcp-request connection set-var(sess.a) src,debug(connection,stderr)\n  \
                 http-request set-var(txn.a) path,debug(request,stdout)\n  \
                 http-response set-header x-status %[status,debug(response,stderr)]\n  \
                 log-format %[var(txn.a),debug(line,stdout)]";
    let (subject, _origin) = subject("  log \"${LOG}\" format raw local0", proxy, &syslog, |c| c);
    get(subject.addr("FRONT"), "/shown");
    for (error, expected) in [
        (true, "[debug] connection: type=ipv4 <127.0.0.1>"),
        (false, "[debug] request: type=str </shown>"),
        (true, "[debug] response: type=sint <200>"),
        (false, "[debug] line: type=str </shown>"),
    ] {
        let text = || if error { subject.stderr() } else { subject.stdout() };
        eventually(expected, || text().lines().any(|line| line == expected).then_some(()));
    }
}

fn unix() {
    let syslog = Syslog::start();
    let dir = crate::support::subject::Dir::new();
    let path = dir.path().join("log");
    let socket = std::os::unix::net::UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let (subject, _origin) =
        subject("  log \"${SOCKET}\" format raw local0", "", &syslog, |c| c.var("SOCKET", path.display()));
    get(subject.addr("FRONT"), "/logged");
    let line = eventually("the line", || {
        let mut buffer = [0; 2048];
        let n = socket.recv(&mut buffer).ok()?;
        Some(String::from_utf8_lossy(&buffer[..n]).into_owned()).filter(|l| l.contains("/logged"))
    });
    assert!(line.starts_with(BODY_START) && line.trim_end().ends_with(BODY_END), "{line}");
}

fn two_targets() {
    let (one, two) = (Syslog::start(), Syslog::start());
    let other = format!("127.0.0.1:{}", two.addr().port());
    let global = "  log \"${LOG}\" format raw local0\n  log \"${OTHER}\" format short local1";
    let (subject, _origin) = subject(global, "", &one, |c| c.var("OTHER", other));
    get(subject.addr("FRONT"), "/logged");
    one.expect("GET /logged");
    two.expect("GET /logged");
}

/// The data stands where RFC 5424 has it, and nowhere in other forms.
fn structured() {
    let (one, two) = (Syslog::start(), Syslog::start());
    let other = format!("127.0.0.1:{}", two.addr().port());
    let global = "  log \"${LOG}\" format rfc5424 local0\n  log \"${OTHER}\" local0";
    let lines = "  http-request capture req.hdr(user-agent) len 20\n  log-format \"said %HP\"\n  \
                 log-format-sd \"[ex@1 path=\\\"%HP\\\" status=\\\"%ST\\\" agent=\\\"%{+E}[capture.req.hdr(0)]\\\"]\"\n";
    let (subject, _origin) = subject(global, lines, &one, |c| c.var("OTHER", other));
    request(
        subject.addr("FRONT"),
        "GET /sd HTTP/1.1\r\nHost: h\r\nUser-Agent: a\"]b\r\nConnection: close",
        "",
    );
    let line = one.expect("said /sd");
    let expected = " - [ex@1 path=\"/sd\" status=\"200\" agent=\"a\\\"\\]b\"] said /sd";
    assert!(line.contains(expected), "{line}");
    let line = two.expect("said /sd");
    assert!(!line.contains("ex@1"), "{line}");
}

fn tag() {
    let line = line("  log \"${LOG}\" local0\n  log-tag gw");
    assert!(line.contains(" gw["), "{line}");
}

fn nobody() {
    let syslog = Syslog::start();
    let global = "  log 127.0.0.1:9 local0\n  log /nonexistent/socket local0";
    let (subject, _origin) = subject(global, "", &syslog, |c| c);
    for _ in 0..50 {
        assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    }
}

fn full() {
    let syslog = Syslog::start();
    let global = "  log stdout format raw local0\n  log \"${LOG}\" format raw local0";
    let (subject, _origin) = subject(global, "", &syslog, |c| c.stdout_to("/dev/full"));
    for _ in 0..50 {
        assert_eq!(get(subject.addr("FRONT"), "/").status(), 200);
    }
    assert_eq!(
        syslog.with("\"GET / HTTP/1.1\"", 50, PATIENCE).len(),
        50,
        "the other target still gets its lines"
    );
}

/// What a client sends, whether it closes then, and what is said of it.
fn failures() {
    let syslog = Syslog::start();
    let subject = Config::new(
        "global\n  log \"${LOG}\" format raw local0\ndefaults\n  mode http\n  log global\n  timeout client 300ms\n  \
         timeout http-request 300ms\n  timeout server 5s\n  timeout connect 5s\n  \
         error-log-format \"%ci:%cp %[fc_err] <%[fc_err_str]> %[ssl_fc] <%[ssl_c_verify]> %[ssl_c_err]\"\n\
         frontend f\n  bind \"fd@${PROXY}\" accept-proxy\n  bind \"fd@${TLS}\" ssl crt \"${DIR}/a.pem\"\n  \
         bind \"fd@${CIP}\" accept-netscaler-cip 1\n  http-request return status 200\n",
    )
    .bind("CIP")
    .file("a.pem", certificate(&["a.example"]).pem)
    .bind("PROXY")
    .bind("TLS")
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .start();
    for (name, sent, closes, said) in [
        ("TLS", "GET / HTTP/1.1\r\n\r\n", false, "34 <SSL handshake failure> 1 <-> 0"),
        ("TLS", "", true, "24 <Connection closed during SSL handshake> 1 <-> 0"),
        ("TLS", "", false, "26 <Timeout during SSL handshake> 1 <-> 0"),
        (
            "PROXY",
            "GET / HTTP/1.1\r\n\r\n",
            false,
            "15 <Received something which does not look like a PROXY protocol header> 0 <-> -",
        ),
        ("PROXY", "", true, "11 <Connection closed while waiting for PROXY protocol header> 0 <-> -"),
        ("PROXY", "", false, "13 <Timeout while waiting for PROXY protocol header> 0 <-> -"),
        ("PROXY", "PROXY TCP4 x\r\n", false, "16 <Received an invalid PROXY protocol header> 0 <-> -"),
        ("CIP", "", true, "18 <Connection closed while waiting for NetScaler Client IP header> 0 <-> -"),
        ("CIP", "", false, "20 <Timeout while waiting for a NetScaler Client IP header> 0 <-> -"),
        ("CIP", "\0\0\0", true, "21 <Truncated NetScaler Client IP header received> 0 <-> -"),
        (
            "CIP",
            "GET / HTTP/1.1\r\nHost: h\r\nX: 0123456789\r\n\r\n",
            false,
            "22 <Received an invalid NetScaler Client IP magic number> 0 <-> -",
        ),
        ("PROXY", "PROXY TCP4 1.2.", true, "14 <Truncated PROXY protocol header received> 0 <-> -"),
    ] {
        let mut client = Client::connect(subject.addr(name));
        let port = client.port();
        client.send(sent);
        if closes {
            drop(client);
        }
        let line = syslog.expect(&format!("127.0.0.1:{port} "));
        assert!(line.ends_with(said), "{line} for {sent:?}, not {said}");
    }
}
