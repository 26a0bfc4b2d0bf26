//! Answers that the proxy makes itself: error pages, `deny`, `return`, `redirect`, byte for byte.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use std::fmt::Write as _;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::answers::every_error_page_is_haproxys", error_pages);
    cases.test("oracle::answers::returns_and_denials_are_haproxys", returns);
    cases.test("oracle::answers::redirects_are_haproxys", redirects);
    cases.test("oracle::answers::response_rules_can_answer", response_rules);
    cases.test("oracle::answers::what_a_rule_makes_204_loses_its_length", emptied);
    cases.test("oracle::answers::error_files_replace_the_pages", error_files);
    cases.test("oracle::answers::no_server_and_no_backend_give_503", no_server);
}

/// All ways to ask for the same answer, for its connection handling differs.
fn forms(target: &str) -> Vec<Exchange> {
    let v10 = |headers: &str| format!("GET {target} HTTP/1.0\r\n{headers}\r\n");
    let body = "Content-Length: 3\r\n";
    vec![
        Exchange::get(target, ""),
        Exchange::one(format!("HEAD {target}"), "HEAD", request("HEAD", target, "", "")),
        Exchange::one(format!("POST {target}"), "POST", request("POST", target, body, "abc")),
        Exchange::one(
            format!("partial POST {target}"),
            "POST",
            request("POST", target, "Content-Length: 9\r\n", "abc"),
        ),
        Exchange::get(target, "Connection: close\r\n"),
        Exchange::one(format!("1.0 {target}"), "GET", v10("")),
        Exchange::one(format!("1.0 keep-alive {target}"), "GET", v10("Connection: keep-alive\r\n")),
        Exchange::new(
            format!("pipelined {target}"),
            vec![
                Step::Send([request("GET", target, "", ""), request("GET", "/after", "", "")].concat()),
                Step::Read("GET"),
                Step::Read("GET"),
            ],
        ),
    ]
}

fn error_pages() {
    let mut suite = Suite::new("error-pages");
    let statuses = [200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 425, 429, 500, 501, 502, 503, 504];
    for status in statuses {
        let _ = writeln!(suite.frontend, "  http-request deny deny_status {status} if {{ path /{status} }}");
        suite.exchanges.push(Exchange::get(&format!("/{status}"), ""));
    }
    suite.frontend.push_str("  http-request deny if { path /deny }\n");
    for target in ["/deny", "/400", "/408", "/500"] {
        suite.exchanges.extend(forms(target));
    }
    suite.run();
}

/// Found by long random runs: its size in the log counted the length twice.
fn emptied() {
    let mut suite = Suite::new("emptied");
    suite.frontend = r#"
  http-after-response set-status 204 if { capture.req.method GET }
  http-request redirect prefix http://o.example if { path /redirect }
  http-request return status 200 content-type text/plain string hello if { path /return }
  http-request return status 204 if { path /204 }
  http-request deny if { path /deny }
"#
    .to_owned();
    for target in ["/redirect", "/return", "/204", "/deny"] {
        suite.exchanges.extend(forms(target));
    }
    suite.run();
}

fn returns() {
    let mut suite = Suite::new("returns");
    suite.files = vec![("body.txt", "from a file\n"), ("format.txt", "path=%[path] src=%[src]\n")];
    suite.frontend = r#"
  http-request return if { path /bare }
  http-request return status 200 content-type text/plain string "hello" hdr X-A "b c" hdr X-B %[path] if { path /full }
  http-request return status 404 if { path /404 }
  http-request return status 418 content-type text/plain string tea if { path /418 }
  http-request return status 299 content-type text/plain string odd if { path /299 }
  http-request return status 204 if { path /204 }
  http-request return status 204 hdr x y if { path /204h }
  http-request return status 201 content-type "application/json" lf-string "{\"p\":\"%[path]\",\"q\":\"%[query]\"}" if { path /lf }
  http-request return status 200 content-type text/plain file "${DIR}/body.txt" if { path /file }
  http-request return status 200 content-type text/plain lf-file "${DIR}/format.txt" if { path /lffile }
  http-request return status 503 default-errorfiles if { path /default }
  http-request return status 200 hdr Cache-Control "max-age=1" hdr Location /x if { path /headers }
  http-request deny status 403 content-type text/plain string "no way" hdr X-Why because if { path /deny }
  http-request deny status 451 content-type text/plain string "law" if { path /451 }
  http-request deny deny_status 429 if { path /429 }
"#
    .to_owned();
    #[rustfmt::skip]
    let targets = [
        "/bare", "/404", "/418", "/299", "/204", "/204h", "/lf?x=1", "/file", "/lffile", "/default", "/headers", "/deny", "/451", "/429",
    ];
    suite.exchanges = targets.map(|t| Exchange::get(t, "")).to_vec();
    suite.exchanges.extend(forms("/full"));
    suite.run();
}

fn redirects() {
    let mut suite = Suite::new("redirects");
    suite.frontend = r"
  http-request redirect location /x if { path /loc }
  http-request redirect location https://%[hdr(host)]/y%[path] code 301 if { path_beg /fmt }
  http-request redirect prefix /pre code 301 if { path_beg /prefix }
  http-request redirect prefix https://other.example if { path_beg /site }
  http-request redirect prefix / code 302 if { path_beg /root }
  http-request redirect scheme https if { path_beg /scheme }
  http-request redirect scheme https code 301 if !{ ssl_fc } { path_beg /tls }
  http-request redirect location /y code 307 set-cookie A=b if { path_beg /set }
  http-request redirect prefix /p drop-query append-slash code 303 if { path_beg /drop }
  http-request redirect prefix /p drop-query if { path_beg /query }
  http-request redirect location /z clear-cookie A= code 308 if { path_beg /clear }
  redirect location /old if { path /legacy }
"
    .to_owned();
    #[rustfmt::skip]
    let targets = [
        "/loc?a=b", "/fmt/a", "/prefix/q?a=b", "/site/q?a=b", "/root/a", "/scheme/x?y=z", "/tls/a", "/set", "/drop/a?b", "/drop/a/", "/query/a?b", "/clear", "/legacy", "/none",
    ];
    suite.exchanges = targets.map(|t| Exchange::get(t, "")).to_vec();
    suite.exchanges.extend(forms("/loc"));
    suite.exchanges.push(Exchange::one("no host", "GET", "GET /scheme/x HTTP/1.1\r\n\r\n"));
    suite.exchanges.push(Exchange::one(
        "host with port",
        "GET",
        "GET /scheme/x HTTP/1.1\r\nHost: h:8080\r\n\r\n",
    ));
    suite.exchanges.push(Exchange::one("absolute", "GET", request("GET", "http://h/prefix/x?y", "", "")));
    suite.run();
}

fn response_rules() {
    let mut suite = Suite::new("response-rules");
    suite.frontend = r#"
  acl deny path_beg /deny
  acl deny404 path_beg /404
  acl ret path_beg /return
  acl red path_beg /redirect
  http-request set-header x-do deny if deny
"#
    .to_owned();
    suite.scripts = ["deny", "404", "return", "redirect", "all"]
        .map(|name| {
            let answer = format!("HTTP/1.1 200 OK\r\nX-Do: {name}\r\nContent-Length: 2\r\n\r\nok");
            crate::support::origin::Script::new(name, answer, crate::support::origin::After::Keep)
        })
        .to_vec();
    suite.backend = r#"
  http-response deny if { res.hdr(x-do) deny }
  http-response deny deny_status 404 if { res.hdr(x-do) 404 }
  http-response return status 203 content-type text/plain string swapped hdr X-Y z if { res.hdr(x-do) return }
  http-response redirect location /elsewhere if { res.hdr(x-do) redirect }
"#;
    suite.exchanges =
        ["/deny", "/404", "/return", "/redirect", "/all", "/none"].map(|t| Exchange::get(t, "")).to_vec();
    suite.run();
}

fn error_files() {
    let mut suite = Suite::new("error-files");
    suite.files = vec![
        (
            "503.http",
            "HTTP/1.0 503 Nope\r\nCache-Control: no-cache\r\nConnection: close\r\nContent-Type: text/plain\r\n\r\nmine\n",
        ),
        ("403.http", "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\nX-Own: Yes\r\n\r\nnope"),
        ("400.http", "HTTP/1.1 400 Bad\r\nContent-Length: 3\r\nConnection: close\r\n\r\nbad"),
    ];
    suite.frontend = r#"
  errorfile 503 "${DIR}/503.http"
  errorfile 403 "${DIR}/403.http"
  errorfile 400 "${DIR}/400.http"
  errorfile 404 /dev/null
  errorloc 401 https://sorry.example/401
  errorloc302 500 https://sorry.example/500
  errorloc303 502 https://sorry.example/502
  http-request deny deny_status 503 if { path /503 }
  http-request deny deny_status 403 if { path /403 }
  http-request deny deny_status 404 if { path /404 }
  http-request deny deny_status 401 if { path /401 }
  http-request deny deny_status 500 if { path /500 }
  http-request deny deny_status 502 if { path /502 }
"#
    .to_owned();
    for target in ["/503", "/403", "/401", "/500", "/502"] {
        suite.exchanges.extend(forms(target));
    }
    let nothing = vec![Step::Send(request("GET", "/404", "", "")), Step::ReadAll];
    suite.exchanges.push(Exchange::new("an empty page", nothing).logs(1));
    suite
        .exchanges
        .push(Exchange::new("bad request", vec![Step::Send(b"bad\r\n\r\n".to_vec()), Step::ReadAll]).logs(1));
    suite.run();
}

fn no_server() {
    let mut suite = Suite::new("no-server");
    suite.frontend = "
  use_backend empty if { path_beg /empty }
  use_backend off if { path_beg /off }
  use_backend dead if { path_beg /dead }
"
    .to_owned();
    suite.more = "
backend empty
backend off
  server a 127.0.0.1:1 disabled
backend dead
  retries 0
  server a 127.0.0.1:1
";
    for target in ["/empty", "/off", "/dead"] {
        suite.exchanges.extend(forms(target));
    }
    suite.run();
    let mut suite = Suite::new("no-backend");
    suite.fallback = "use_backend app if { path /app }";
    suite.exchanges = forms("/");
    suite.exchanges.push(Exchange::get("/app", ""));
    suite.run();
}
