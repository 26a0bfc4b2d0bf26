//! HTTP/2 from the client, over TLS and in clear text with prior knowledge, by a real client: curl.

use crate::support::cases::Cases;
use crate::support::deadline::PATIENCE;
use crate::support::message::Message;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Subject};
use crate::support::syslog::Syslog;
use crate::support::tls::certificate;
use std::process::Command;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("http2::webhooks_of_any_size_reach_the_listener_over_tls", || webhooks(Over::Tls));
    cases.test("http2::webhooks_of_any_size_reach_the_listener_in_clear_text", || webhooks(Over::Clear));
    cases.test("http2::a_body_of_unknown_length_goes_on_in_chunks", unknown_length);
    cases.test("http2::responses_of_any_framing_come_whole", responses);
    cases.test("http2::pages_are_haproxys_over_tls", || pages(Over::Tls));
    cases.test("http2::pages_are_haproxys_in_clear_text", || pages(Over::Clear));
    cases.ours_only(
        "http2::a_server_that_fails_is_answered_502_and_asked_once",
        "HAProxy 2.6 resets the stream, which clients take for leave to try again: curl does five times",
        bad_gateway,
    );
    cases.test("http2::log_lines_name_the_version_and_the_whole_address", logged);
    cases.test("http2::one_connection_serves_many_requests", one_connection);
    cases.test("http2::what_a_server_fails_at_is_sent_again", retried);
    cases.test("http2::a_bind_that_names_its_protocol_speaks_no_other", named_protocol);
}

/// What HTTP/2 comes over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Over {
    Tls,
    Clear,
}

/// What every file of these cases begins with.
const HEAD: &str = r#"
global
  log "${LOG}" format raw local0
defaults
  mode http
  log global
  option httplog
  timeout client 5s
  timeout server 5s
  timeout connect 5s
"#;

const CONFIG: &str = r#"
frontend f
  bind "fd@${TLS}" ssl crt "${DIR}/a.pem" alpn h2,http/1.1
  bind "fd@${CLEAR}"
  http-request deny if { path /denied }
  http-request deny deny_status 404 if { path /404 }
  use_backend none if { path /none }
  default_backend app
backend app
  option forwardfor
  retries 0
  server s "${ORIGIN}"
backend none
"#;

#[derive(Debug)]
struct World {
    subject: Subject,
    origin: Origin,
    syslog: Syslog,
}

fn world() -> World {
    let keep = |path, answer: String| Script::new(path, answer, After::Keep);
    let big = "b".repeat(1 << 20);
    let origin = Origin::scripted(vec![
        keep("/big", format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{big}", big.len())),
        keep(
            "/chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n".into(),
        ),
        keep(
            "/hints",
            "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
                .into(),
        ),
        keep("/no-content", "HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n".into()),
        Script::new("/until-close", "HTTP/1.1 200 OK\r\n\r\nto the end", After::Close),
        Script::new("/empty", "", After::Close),
    ]);
    let syslog = Syslog::start();
    let subject = Config::new(format!("{HEAD}{CONFIG}"))
        .bind("TLS")
        .bind("CLEAR")
        .var("ORIGIN", origin.addr())
        .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
        .file("a.pem", &certificate(&["a.test"]).pem)
        .start();
    World { subject, origin, syslog }
}

impl World {
    fn port(&self, over: Over) -> u16 {
        self.subject.addr(if over == Over::Tls { "TLS" } else { "CLEAR" }).port()
    }

    /// Lets curl ask for `path`; head and body of what it got.
    fn ask(&self, over: Over, args: &[&str], path: &str) -> Message {
        let output = self.curl(over, args, &[path]);
        let at = output.windows(4).position(|w| w == b"\r\n\r\n").map_or(output.len(), |at| at + 4);
        Message { head: output[..at].to_vec(), body: output[at..].to_vec(), ..Message::default() }
    }

    fn curl(&self, over: Over, args: &[&str], paths: &[&str]) -> Vec<u8> {
        let port = self.port(over);
        let (scheme, version) =
            if over == Over::Tls { ("https", "--http2") } else { ("http", "--http2-prior-knowledge") };
        let output = Command::new("curl")
            .args(["-sik", "--max-time", "10", "--noproxy", "*", "-H", "Expect:", version])
            .args(["--resolve", &format!("a.test:{port}:127.0.0.1")])
            .args(args)
            .args(paths.iter().map(|path| format!("{scheme}://a.test:{port}{path}")))
            .output()
            .expect("curl is installed");
        assert!(output.status.success(), "curl {args:?} {paths:?}: {output:?}");
        output.stdout
    }
}

fn webhooks(over: Over) {
    let world = world();
    for size in [0, 1, 8 << 10, 200_000, 3 << 20] {
        let body = world.subject.dir().write("body", "w".repeat(size));
        let data = format!("@{}", body.display());
        let headers = ["-H", "X-GitHub-Event: push", "-H", "X-Forwarded-For: 1.2.3.4", "-H", "X-Z: z"];
        let answer = world.ask(over, &[&["--data-binary", &data][..], &headers].concat(), "/pac/?a=b");
        assert_eq!(answer.head, b"HTTP/2 200 \r\ncontent-length: 2\r\nx-origin: 1\r\n\r\n");
        assert_eq!(answer.text(), "ok");
        let seen = world.origin.last();
        assert!(
            seen.head.starts_with(b"POST /pac/?a=b HTTP/1.1\r\n"),
            "{}",
            String::from_utf8_lossy(&seen.head)
        );
        assert!(seen.complete && seen.text() == "w".repeat(size), "{size} bytes");
        assert_eq!(seen.values("content-length"), [size.to_string()]);
        assert_eq!(seen.values("host"), [format!("a.test:{}", world.port(over))]);
        assert_eq!(seen.values("x-github-event"), ["push"]);
        assert_eq!(seen.values("x-forwarded-for"), ["1.2.3.4", "127.0.0.1"]);
        assert!(seen.head.ends_with(b"x-forwarded-for: 127.0.0.1\r\n\r\n"), "it is the last line");
    }
}

fn unknown_length() {
    let world = world();
    let body = world.subject.dir().write("body", "u".repeat(50_000));
    let data = format!("@{}", body.display());
    for over in [Over::Tls, Over::Clear] {
        let args = ["-X", "POST", "--data-binary", &data, "-H", "Content-Length:"];
        assert_eq!(world.ask(over, &args, "/pac/").text(), "ok");
        let seen = world.origin.last();
        assert_eq!(seen.values("transfer-encoding"), ["chunked"]);
        assert_eq!(seen.values("content-length"), Vec::<String>::new());
        assert!(seen.complete && seen.text() == "u".repeat(50_000));
    }
}

fn responses() {
    let world = world();
    for over in [Over::Tls, Over::Clear] {
        assert_eq!(world.ask(over, &[], "/big").body.len(), 1 << 20);
        let chunked = world.ask(over, &[], "/chunked");
        assert_eq!((chunked.head, chunked.body), (b"HTTP/2 200 \r\n\r\n".to_vec(), b"abcde".to_vec()));
        assert_eq!(world.ask(over, &[], "/until-close").text(), "to the end");
        assert_eq!(world.ask(over, &[], "/no-content").head, b"HTTP/2 204 \r\nx-a: b\r\n\r\n");
        let hints = world.ask(over, &[], "/hints");
        assert_eq!(hints.head, b"HTTP/2 103 \r\nlink: </a>\r\n\r\n");
        assert_eq!(hints.text(), "HTTP/2 200 \r\ncontent-length: 2\r\n\r\nok");
        let head = world.ask(over, &["-I"], "/x").head;
        assert_eq!(head, b"HTTP/2 200 \r\ncontent-length: 2\r\nx-origin: 1\r\n\r\n");
    }
}

fn page(world: &World, over: Over, path: &str, status: u16, title: &str, text: &str) {
    let body = format!("<html><body><h1>{status} {title}</h1>\n{text}\n</body></html>\n");
    let head = format!(
        "HTTP/2 {status} \r\ncontent-length: {}\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n\r\n",
        body.len()
    );
    let answer = world.ask(over, &[], path);
    assert_eq!((String::from_utf8_lossy(&answer.head).into_owned(), answer.text()), (head, body));
}

fn pages(over: Over) {
    let world = world();
    page(&world, over, "/denied", 403, "Forbidden", "Request forbidden by administrative rules.");
    page(&world, over, "/404", 404, "Not Found", "The resource could not be found.");
    page(&world, over, "/none", 503, "Service Unavailable", "No server is available to handle this request.");
}

fn bad_gateway() {
    let world = world();
    for over in [Over::Tls, Over::Clear] {
        let text = "The server returned an invalid or incomplete response.";
        page(&world, over, "/empty", 502, "Bad Gateway", text);
        world.origin.drain();
        assert_eq!(world.ask(over, &["-d", "push"], "/empty").status(), 502);
        assert_eq!(world.origin.requests().len(), 1, "the webhook was delivered once");
    }
}

fn logged() {
    let world = world();
    for (over, scheme, front) in [(Over::Tls, "https", "f~"), (Over::Clear, "http", "f")] {
        let port = world.port(over);
        for (path, server, result) in [
            ("/x?y=z", "app/s", "200 60 - - ----"),
            ("/denied", "f/<NOSRV>", "403 192 - - PR--"),
            ("/none", "none/<NOSRV>", "503 217 - - SC--"),
        ] {
            world.ask(over, &[], path);
            let request = format!("\"GET {scheme}://a.test:{port}{path} HTTP/2.0\"");
            let line = world.syslog.expect(&request);
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!((words[2], words[3]), (front, server), "{line}");
            assert_eq!(words[5..10].join(" "), result, "{line}");
        }
    }
}

fn one_connection() {
    let world = world();
    // curl 7.88 cannot use a clear-text connection twice.
    let output = world.curl(Over::Tls, &[], &["/1", "/denied", "/2", "/none", "/3"]);
    let text = String::from_utf8_lossy(&output).into_owned();
    let statuses: Vec<&str> = text.split("HTTP/2 ").skip(1).map(|part| &part[..3]).collect();
    assert_eq!(statuses, ["200", "403", "200", "503", "200"]);
    let line = world.syslog.expect("/3 ");
    let client = line.split(' ').next().unwrap_or_default();
    assert_eq!(world.syslog.with(client, 5, PATIENCE).len(), 5, "all from one port");
}

/// `proto` on a bind line: what comes first tells nothing any more.
fn retried() {
    const CONFIG: &str = r#"
frontend f
  bind "fd@${CLEAR}"
  default_backend app
backend app
  retry-on all-retryable-errors
  server s "${ORIGIN}"
"#;
    let once = |path, answer, after| {
        let good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";
        Script::new(path, good, After::Keep).at_first(answer, after)
    };
    let busy = "HTTP/1.1 503 Busy\r\nContent-Length: 2\r\n\r\nno";
    let origin = Origin::scripted(vec![once("/busy", busy, After::Keep), once("/empty", "", After::Close)]);
    let syslog = Syslog::start();
    let subject = Config::new(format!("{HEAD}{CONFIG}"))
        .bind("CLEAR")
        .var("ORIGIN", origin.addr())
        .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
        .start();
    for (path, body) in [("/busy", "x=1"), ("/empty", "x=2")] {
        let url = format!("http://{}{path}", subject.addr("CLEAR"));
        let output = Command::new("curl")
            .args(["-s", "--max-time", "10", "--noproxy", "*", "--http2-prior-knowledge", "-d", body, &url])
            .output()
            .expect("curl is installed");
        assert_eq!(output.stdout, b"good", "{path}");
        let bodies: Vec<_> = origin.drain().iter().map(|request| request.text()).collect();
        assert_eq!(bodies, [body, body], "{path}");
    }
}

fn named_protocol() {
    const CONFIG: &str = r#"
frontend f
  bind "fd@${H1}" proto h1
  bind "fd@${H2}" proto h2
  http-request return status 200
"#;
    let syslog = Syslog::start();
    let subject = Config::new(format!("{HEAD}{CONFIG}"))
        .bind("H1")
        .bind("H2")
        .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
        .start();
    let rows = [
        ("H1", "--http1.1", "GET /H1--http1.1 HTTP/1.1", " 200 ", true),
        ("H2", "--http2-prior-knowledge", "/H2--http2-prior-knowledge HTTP/2.0", " 200 ", true),
        ("H1", "--http2-prior-knowledge", "<BADREQ>", " 400 ", false),
        ("H2", "--http1.1", "<BADREQ>", " 0 ", false),
    ];
    for (at, (bind, version, request, status, answered)) in rows.into_iter().enumerate() {
        let url = format!("http://{}/{bind}{version}", subject.addr(bind));
        let output = Command::new("curl")
            .args(["-s", "--max-time", "10", "--noproxy", "*", version, &url])
            .output()
            .expect("curl is installed");
        assert_eq!(output.status.success(), answered, "{bind} {version}: {output:?}");
        let lines = syslog.after(at, " f ", 1, PATIENCE);
        let line = lines.first().expect("it is logged");
        assert!(line.contains(request) && line.contains(status), "{bind} {version}: {line}");
    }
}
