//! Rules in every phase: what they do to connections, requests, responses and log lines.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::rules::after_response_rules_see_every_answer", after_response);
    cases.test("oracle::rules::content_rules_end_a_request_before_it_is_read", content);
    cases.test("oracle::rules::contents_of_responses_are_judged_twice_if_they_must", content_twice);
    cases.test("oracle::rules::captures_are_logged", captures);
    cases.test("oracle::rules::captures_are_logged_by_tags", capture_tags);
    cases.test("oracle::rules::ids_are_made_once", ids);
    cases.test("oracle::rules::a_backend_is_named_by_a_format", named_backends);
    cases.test("oracle::rules::clients_are_asked_who_they_are", auth);
    cases.test("oracle::rules::log_levels_change_by_rules", log_levels);
    cases.test("oracle::rules::hints_come_before_the_answer", hints);
    cases.test("oracle::rules::addresses_change_by_rules", addresses);
    cases.test("oracle::rules::targets_are_normalised", normal_targets);
    cases.test("oracle::rules::times_change_by_rules", times);
    cases.test("oracle::rules::monitors_fail_by_conditions", monitors);
    cases.test("oracle::rules::connections_are_turned_away", turned_away);
    cases.test("oracle::rules::sessions_are_turned_away", sessions_turned_away);
    cases.test("oracle::rules::connections_change_their_source", moved_connection);
    cases.test("oracle::rules::redirects_in_all_forms", redirects);
    cases.test("oracle::rules::returns_in_all_forms", returns);
    cases.test("oracle::rules::passwords_are_checked", passwords);
    cases.test("oracle::rules::header_names_are_restricted", restricted_names);
    cases.test("oracle::rules::servers_are_told_of_the_original_address", original_to);
    cases.test("oracle::rules::servers_are_chosen_by_rules", chosen_servers);
    cases.test("oracle::rules::failures_have_their_own_lines", failure_lines);
    cases.test("oracle::rules::patterns_change_by_rules", changed_patterns);
}

fn gets(targets: &[(&str, &str)]) -> Vec<Exchange> {
    targets.iter().map(|(target, headers)| Exchange::get(target, headers)).collect()
}

fn after_response() {
    let mut suite = Suite::new("after-response");
    suite.frontend = r#"
  http-request deny if { path /deny }
  http-request return status 200 content-type a/b string own if { path /own }
  http-request redirect location /x if { path /to }
  http-request auth if { path /auth }
  use_backend none if { path /none }
  http-response deny if { res.hdr(x-deny) 1 }
  http-after-response set-header X-F f
  http-after-response set-header X-Who front
  http-after-response set-status 418 reason "Short and stout" if { status 503 }
  http-after-response del-header cache-control
  http-after-response add-header X-Status %[status]
  http-after-response replace-value content-type text/(.*) x/\1
  http-after-response allow if { status 403 }
  http-after-response set-header X-Not-403 1
"#
    .to_owned();
    suite.backend = "  http-after-response set-header X-B b\n  http-after-response set-header X-Who back\n  http-after-response allow if { res.hdr(x-origin) 1 }\n  http-after-response set-header X-Not-Origin 1\n  http-response return status 210 if { res.hdr(x-ret) 1 }\n";
    suite.more = "backend none\n  http-after-response set-header X-None 1\n";
    suite.scripts = vec![
        Script::new("/rdeny", "HTTP/1.1 200 OK\r\nX-Deny: 1\r\nContent-Length: 0\r\n\r\n", After::Keep),
        Script::new("/rret", "HTTP/1.1 200 OK\r\nX-Ret: 1\r\nContent-Length: 0\r\n\r\n", After::Keep),
    ];
    suite.exchanges = gets(&[
        ("/deny", ""),
        ("/own", ""),
        ("/to", ""),
        ("/auth", ""),
        ("/none", ""),
        ("/rdeny", ""),
        ("/rret", ""),
        ("/", ""),
    ]);
    suite.run();
}

fn content() {
    let mut suite = Suite::new("content-rules");
    suite.frontend = r#"
  tcp-request inspect-delay 2s
  tcp-request content reject if { path /reject }
  tcp-request content accept if { path /accept }
  tcp-request content reject if { path /accept }
  tcp-request content reject if { req.len gt 100000 }
  tcp-request content reject if { path /wait } !WAIT_END
  http-request set-header X-Http 1
  http-request reject if { path /http }
"#
    .to_owned();
    suite.backend = "  tcp-request content reject if { path /back }\n  tcp-response inspect-delay 1s\n  tcp-response content reject if { res.hdr(x-reject) 1 }\n  tcp-response content close if { res.hdr(x-reject) 2 }\n  tcp-response content accept if TRUE\n  http-response set-header X-R 1\n";
    suite.scripts = vec![
        Script::new("/rreject", "HTTP/1.1 200 OK\r\nX-Reject: 1\r\nContent-Length: 0\r\n\r\n", After::Keep),
        Script::new("/rclose", "HTTP/1.1 200 OK\r\nX-Reject: 2\r\nContent-Length: 0\r\n\r\n", After::Keep),
    ];
    suite.exchanges = ["/reject", "/http", "/back", "/rreject"]
        .map(|target| {
            let bytes = request("GET", target, "", "");
            Exchange::new(target, vec![Step::Send(bytes), Step::ReadAll]).logs(1)
        })
        .to_vec();
    suite.exchanges.extend(gets(&[("/accept", ""), ("/wait", ""), ("/", ""), ("/rclose", "")]));
    suite.run();
}

/// The rules of a backend with this one in their midst.
macro_rules! judging {
    ($rule:literal) => {
        concat!(
            "  tcp-response inspect-delay 1s\n  tcp-response content set-var(txn.v) var(txn.v),add(1)\n  ",
            "tcp-response content set-var(txn.h) res.hdr_cnt(x-origin)\n  tcp-response content ",
            $rule,
            "\n  tcp-response content set-var(txn.v) var(txn.v),add(100)\n  ",
            "http-response set-header x-seen '%[var(txn.v)] %[var(txn.h)]'\n"
        )
    };
}

/// Once before the response has come and, if a rule has to wait for it, all rules once more. None rejects: whether the
/// request has reached the server by then is a race in HAProxy.
fn content_twice() {
    for (name, rules) in [
        ("content-once", judging!("set-var(txn.v) var(txn.v),add(10)")),
        ("content-awaited", judging!("accept if { status 404 }")),
        ("content-taken", judging!("accept if { res.hdr_cnt(x-origin) 1 }")),
        ("content-known", judging!("accept if { method GET }")),
        ("content-at-the-end", judging!("accept if WAIT_END")),
    ] {
        let mut suite = Suite::new(name);
        suite.frontend = "  http-request set-var(txn.v) int(0)\n".to_owned();
        suite.backend = rules;
        suite.exchanges = gets(&[("/", "")]);
        suite.run();
    }
}

const CAPTURES: &str = r#"
  capture request header X len 4
  capture request header Y-Z len 400
  capture response header X-Origin len 4
  capture response header Content-Length len 4
  capture cookie SI len 6
  declare capture request len 5
  declare capture response len 5
  http-request capture path len 20
  http-request capture req.hdr(host) id 2
  http-response capture res.hdr(x-origin) id 2
  http-request return status 200 if { path /own }
  http-request deny if { path /deny }
"#;

fn captured() -> Vec<Exchange> {
    gets(&[
        ("/a", ""),
        ("/a/b", "X: abcdefgh\r\nX: second\r\nY-Z: a|b{c}\"d#\r\nCookie: a=b; SID=12345678; SI=9\r\n"),
        ("/own", "Cookie: SIx=1\r\nX: 1\r\n"),
        ("/deny", "Cookie: nSI=1\r\n"),
        ("/cookies", "Cookie: x=1\r\nCookie: SI=2\r\n"),
    ])
}

fn captures() {
    let mut suite = Suite::new("captures");
    suite.frontend = CAPTURES.to_owned();
    suite.scripts = vec![Script::new(
        "/cookies",
        "HTTP/1.1 200 OK\r\nSet-Cookie: a=SI\r\nSet-Cookie: SID=abcdef; path=/\r\nContent-Length: 0\r\n\r\n",
        After::Keep,
    )];
    suite.backend = "  http-request capture req.hdr(x) id 2 if { path /a/b }\n";
    suite.exchanges = captured();
    suite
        .exchanges
        .push(Exchange::new("bad", vec![Step::Send(b"GET /\r\n\r\n".to_vec()), Step::ReadAll]).logs(1));
    suite.run();
}

fn capture_tags() {
    let mut suite = Suite::new("capture-tags");
    suite.log = "log-format \"%ci:%cp %hr %hrl %hs %hsl %CC %CS %tsc %ts\"";
    suite.frontend = CAPTURES.to_owned();
    suite.exchanges = captured();
    suite.run();
}

fn ids() {
    let mut suite = Suite::new("ids");
    suite.log = "log-format \"%ci:%cp %ID %r %tsc\"";
    suite.frontend = r#"
  unique-id-format %{+X}o\ %ci:%[path]:%[req.hdr(x)]
  unique-id-header X-Id
  option forwardfor
  http-request set-path /early if { path /early }
  http-request set-header X-See %[unique-id] if { path_beg /see }
  http-request set-path /later%[path]
  http-request deny if { path_beg /later/deny }
"#
    .to_owned();
    suite.exchanges =
        gets(&[("/see", ""), ("/see", "X-Id: mine\r\nX: 7\r\n"), ("/plain", ""), ("/deny", "")]);
    suite.run();
}

fn named_backends() {
    let mut suite = Suite::new("named-backends");
    suite.frontend = "  use_backend %[req.hdr(to)] if { req.hdr(to) -m found }\n  use_backend b%[path,field(3,/)] if { path_beg /b/ }\n"
        .to_owned();
    suite.more =
        "backend other\n  http-request return status 202\nbackend b1\n  http-request return status 201\n";
    suite.exchanges = gets(&[
        ("/", ""),
        ("/", "To: other\r\n"),
        ("/", "To: nobody\r\n"),
        ("/", "To:\r\n"),
        ("/b/1", ""),
        ("/b/2", ""),
        ("/b/1", "To: other\r\n"),
    ]);
    suite.run();
}

fn auth() {
    let mut suite = Suite::new("auth");
    suite.frontend =
        "  http-request auth realm \"Top Secret\" if { path /top }\n  http-request auth if { path /front }\n"
            .to_owned();
    suite.backend =
        "  http-request auth if { path /back }\n  http-request auth realm x\\\"y unless { path / }\n";
    suite.exchanges =
        gets(&[("/top", ""), ("/front", ""), ("/back", ""), ("http://h/top", ""), ("/quote", ""), ("/", "")]);
    suite.exchanges.push(Exchange::one(
        "body",
        "POST",
        request("POST", "/top", "Content-Length: 3\r\n", "abc"),
    ));
    suite.exchanges.push(Exchange::one("head", "HEAD", request("HEAD", "/top", "", "")));
    suite.run();
}

fn log_levels() {
    let mut suite = Suite::new("log-levels");
    suite.frontend = r#"
  no log
  log "${LOG}" format raw local0 notice
  http-request set-log-level crit if { path /crit }
  http-request set-log-level silent if { path /silent }
  http-request set-log-level notice if { path /notice }
  http-request set-log-level debug if { path /debug }
  http-response set-log-level err if { res.hdr(x-origin) 1 } { capture.req.uri /response }
"#
    .to_owned();
    let one = |target: &str, lines| Exchange::get(target, "").logs(lines);
    suite.exchanges = vec![
        one("/", 0),
        one("/crit", 1),
        one("/silent", 0),
        one("/notice", 1),
        one("/debug", 0),
        one("/response", 1),
    ];
    suite.exchanges.iter_mut().for_each(|exchange| drop(exchange.steps.pop()));
    suite.run();
}

fn hints() {
    let mut suite = Suite::new("hints");
    suite.frontend = r#"
  http-request early-hint Link "</a.css>; rel=preload"
  http-request early-hint Link "<%[path].css>; rel=preload"
  http-request early-hint X-If 1 if { path /if }
  http-request early-hint X-If 2 if { path /if }
  http-request deny if { path /deny }
"#
    .to_owned();
    suite.exchanges = gets(&[("/", ""), ("/if", ""), ("/deny", "")]);
    suite.run();
}

fn addresses() {
    let mut suite = Suite::new("addresses");
    suite.log = "log-format \"%ci %fi %fp %r\"";
    suite.frontend = r#"
  option forwardfor
  http-request set-src req.hdr(src) if { req.hdr(src) -m found }
  http-request set-dst req.hdr(dst) if { req.hdr(dst) -m found }
  http-request set-dst-port int(99) if { path /port }
  http-request set-header X-Src %[src]
  http-request set-header X-Dst %[dst]:%[dst_port]
"#
    .to_owned();
    let one = |target: &str, headers| Exchange::get(target, headers).logs(0);
    suite.exchanges = vec![
        one("/port", ""),
        one("/", "Src: 1.2.3.4\r\n"),
        one("/", "Src: 1.2.3.4\r\nDst: 5.6.7.8\r\n"),
        one("/", "Src: 2001:db8::1\r\n"),
        one("/port", "Src: nonsense\r\n"),
        one("/port", "Dst: 2001:db8::1\r\n"),
    ];
    suite.run();
}

/// A suite for each, for 2.6 does not apply some of them under a condition.
fn normal_targets() {
    #[rustfmt::skip]
    let rows: [(&str, &[&str]); 11] = [
        ("path-merge-slashes", &["/slash//a///b//?x=//", "/slash", "http://h/slash//a"]),
        ("path-strip-dot", &["/.", "/dot/./", "/dot/./a/./b?./x", "/dot/.a/b.", "/dot/..", "/dot/a/.?x"]),
        ("path-strip-dotdot", &["/up/..", "/up/../", "/up/../..", "/up/../../a", "/up/a/b/../../c?x/..", "/up//../x", "/up/...", "/up/a..", "/up/../../../b/..", "/up/%2e%2e/", "/..", "/a//..//b"]),
        ("path-strip-dotdot full", &["/full/../..", "/full/../../a", "/full/../../../", "/a/b/../c"]),
        ("percent-decode-unreserved", &["/decode%61%41%7e%2f%2F?%61=%26", "/decode%zz%6", "/decode%"]),
        ("percent-decode-unreserved strict", &["/%61", "/%6", "/%zz", "/x?%zz"]),
        ("percent-to-uppercase", &["/upper%6f%aa?%bb", "/upper%g1%f"]),
        ("percent-to-uppercase strict", &["/supper%6f", "/supper%g1", "/supper%", "/supper?%a"]),
        ("query-sort-by-name", &["/sort?c=3&a=1&b=2", "/sort?a=3&b=4&a=1&b=5&a=2", "/sort?aaa=3&a=1&aa=2", "/sort?&b&a=&=x&a", "/sort", "/sort?"]),
        ("fragment-strip", &["/strip"]),
        ("fragment-encode", &["/encode"]),
    ];
    for (normalizer, targets) in rows {
        let mut suite = Suite::new("normal-targets");
        suite.global = "  expose-experimental-directives\n";
        suite.frontend = format!("  http-request normalize-uri {normalizer}\n");
        suite.exchanges = targets.iter().map(|target| Exchange::get(target, "")).collect();
        suite.run();
    }
}

fn times() {
    let mut suite = Suite::new("times");
    suite.backend = "  http-request set-timeout server 200ms if { path /gate }\n";
    suite.scripts =
        vec![Script::new("/gate", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", After::Keep).gated()];
    suite.exchanges =
        vec![Exchange::one("slow", "GET", request("GET", "/gate", "", "")), Exchange::get("/", "")];
    suite.run();
}

fn monitors() {
    let mut suite = Suite::new("monitors");
    suite.frontend = r#"
  tcp-request content reject if { path /alive } { req.hdr(x) reject }
  monitor-uri /alive
  acl down req.hdr(x) down
  monitor fail if down
  monitor fail unless { req.hdr(x,1) 1 2 } or { req.hdr(x) -m found }
  http-after-response set-header X-After 1
"#
    .to_owned();
    let one = |headers| Exchange::get("/alive", headers).logs(0);
    suite.exchanges = vec![one("X: up\r\n"), one("X: down\r\n"), one("")];
    suite.exchanges.iter_mut().for_each(|exchange| drop(exchange.steps.pop()));
    let rejected = request("GET", "/alive", "X: reject\r\n", "");
    suite.exchanges.push(Exchange::new("rejected", vec![Step::Send(rejected), Step::ReadAll]).logs(1));
    suite.run();
}

fn turned_away() {
    let mut suite = Suite::new("turned-away");
    suite.frontend = "  tcp-request connection accept if { src 127.0.0.1 } { dst_port 1 }\n  tcp-request connection reject if { src 127.0.0.0/8 }\n".to_owned();
    suite.exchanges = vec![Exchange::new("closed", vec![Step::Read("GET")]).logs(0)];
    suite.run();
}

fn sessions_turned_away() {
    let mut suite = Suite::new("sessions-turned-away");
    suite.frontend =
        "  tcp-request connection accept\n  tcp-request session reject if { src 127.0.0.0/8 }\n".to_owned();
    suite.exchanges = vec![Exchange::new("closed", vec![Step::Read("GET")]).logs(0)];
    suite.run();
}

fn moved_connection() {
    let mut suite = Suite::new("moved-connection");
    suite.frontend = "  tcp-request connection set-src ipv4(192.0.2.1)\n  tcp-request session set-dst ipv4(192.0.2.2)\n  tcp-request session accept if { src 192.0.2.1 }\n  tcp-request session reject\n  option forwardfor\n  http-request set-header X-Dst %[dst]\n".to_owned();
    suite.exchanges = vec![Exchange::get("/", "").logs(0)];
    suite.run();
}

fn redirects() {
    let mut suite = Suite::new("redirects-in-rules");
    suite.frontend = r#"
  redirect prefix http://last.example if { path_beg /old }
  http-request redirect location http://x/%[path] code 301 if { path /loc }
  http-request redirect prefix / drop-query append-slash set-cookie SEEN=1 if { path_beg /pre }
  http-request redirect scheme https code 307 if { path_beg /sch }
  http-request redirect location %[req.hdr(to)] ignore-empty if { path_beg /ign }
  http-request redirect location /c code 303 clear-cookie USER= if { path_beg /clr }
  http-response redirect location /gone if { status 200 } { capture.req.uri /resp }
"#
    .to_owned();
    suite.exchanges = gets(&[
        ("/old?x", ""),
        ("/loc", ""),
        ("/pre/a?b", ""),
        ("/sch/a?b", ""),
        ("/ign", ""),
        ("/ign", "To: /there\r\n"),
        ("/clr", ""),
        ("/resp", ""),
    ]);
    suite.exchanges.push(Exchange::one(
        "body",
        "POST",
        request("POST", "/loc", "Content-Length: 3\r\n", "abc"),
    ));
    suite.run();
}

fn returns() {
    let mut suite = Suite::new("returns");
    suite.files = vec![
        ("body.txt", "from a file\n"),
        ("format.txt", "path %[path]\n"),
        ("err.http", "HTTP/1.1 404 Nowhere\r\nX-Err: 1\r\nContent-Length: 4\r\n\r\nlost"),
    ];
    suite.frontend = r#"
  http-request return if { path /none }
  http-request return status 418 if { path /status }
  http-request return content-type text/plain string "a string" hdr X-A %[path] if { path /string }
  http-request return content-type text/plain lf-string "%[path] %ci" if { path /lf }
  http-request return content-type text/plain file "${DIR}/body.txt" hdr X-A a hdr X-A b if { path /file }
  http-request return content-type text/plain lf-file "${DIR}/format.txt" if { path /lffile }
  http-request return errorfile "${DIR}/err.http" if { path /errorfile }
  http-request return status 404 default-errorfiles if { path /default }
  http-request deny deny_status 429 if { path /deny }
  http-request deny status 429 content-type text/plain string denied if { path /denied }
  http-request tarpit deny_status 429 if { path /tarpit }
  http-request tarpit if { path /tarpit500 }
"#
    .to_owned();
    suite.defaults = "  timeout tarpit 100ms\n";
    suite.exchanges = gets(&[
        ("/none", ""),
        ("/status", ""),
        ("/string", ""),
        ("/lf", ""),
        ("/file", ""),
        ("/lffile", ""),
        ("/errorfile", ""),
        ("/default", ""),
        ("/deny", ""),
        ("/denied", ""),
        ("/tarpit", ""),
        ("/tarpit500", ""),
    ]);
    suite.exchanges.push(Exchange::one(
        "body",
        "POST",
        request("POST", "/string", "Content-Length: 3\r\n", "abc"),
    ));
    suite.exchanges.push(Exchange::one("head", "HEAD", request("HEAD", "/string", "", "")));
    suite.run();
}

fn passwords() {
    let mut suite = Suite::new("passwords");
    suite.frontend = r#"
  acl known http_auth(people)
  http-request auth unless known
  http-request deny if { path /cooks } !{ http_auth_group(people) cooks }
  http-request set-header X-Staff 1 if { http_auth_group(people) staff }
"#
    .to_owned();
    suite.more = "userlist people\n  group staff users ali\n  group cooks users bob\n  user ali insecure-password open:sesame\n  user bob password $5$abcdefgh$ZLdkj8mkc2XVSrPVjskDAgZPGjtj1VGVaa1aUkrMTU/ groups staff\n";
    suite.exchanges = gets(&[
        ("/", ""),
        // ali:open:sesame, ali:wrong, nobody:x, ali
        ("/", "Authorization: Basic YWxpOm9wZW46c2VzYW1l\r\n"),
        ("/cooks", "Authorization: Basic YWxpOm9wZW46c2VzYW1l\r\n"),
        ("/", "Authorization: Basic YWxpOndyb25n\r\n"),
        ("/", "Authorization: Basic bm9ib2R5Ong=\r\n"),
        ("/", "Authorization: Basic YWxp\r\n"),
        ("/", "Authorization: Basic !!!\r\n"),
        ("/", "Authorization: Bearer YWxpOm9wZW46c2VzYW1l\r\n"),
        ("/", "authorization: bAsIc YWxpOm9wZW46c2VzYW1l\r\n"),
    ]);
    suite.run();
}

fn chosen_servers() {
    let mut suite = Suite::new("chosen-servers");
    suite.backend = r#"
  use-server two if { req.hdr(s) 2 }
  use-server %[req.hdr(dyn)] if { req.hdr(dyn) -m found }
  use-server off if { req.hdr(s) 3 }
  http-response set-header X-Server %s
  balance first
  option redispatch 1
  retries 1
  server two "${ORIGIN}" weight 0
  server off "${ORIGIN}" disabled
"#;
    suite.exchanges = gets(&[
        ("/", ""),
        ("/", "S: 2\r\n"),
        ("/", "S: 3\r\n"),
        ("/", "Dyn: two\r\n"),
        ("/", "Dyn: s\r\n"),
        ("/", "Dyn: none\r\n"),
    ]);
    suite.run();
}

fn failure_lines() {
    let mut suite = Suite::new("failure-lines");
    suite.log = "error-log-format \"%ci:%cp E %f %ST %tsc\"\n  option httplog";
    let bytes = |text: &str| Exchange::new(text, vec![Step::Send(text.into()), Step::ReadAll]).logs(1);
    suite.exchanges = vec![bytes("GET / HTTP/1.1\r\nbad header\r\n\r\n"), Exchange::get("/", "")];
    suite.run();
}

fn changed_patterns() {
    let mut suite = Suite::new("changed-patterns");
    suite.files = vec![("seen.lst", ""), ("names.map", "/known known\n")];
    suite.frontend = r#"
  http-request set-header X-Seen 1 if { req.hdr(x) -f "${DIR}/seen.lst" }
  http-request set-header X-Name "%[path,map_str(${DIR}/names.map,nobody)]"
  http-request "add-acl(${DIR}/seen.lst)" %[req.hdr(x)] if { path /add }
  http-request "del-acl(${DIR}/seen.lst)" %[req.hdr(x)] if { path /del }
  http-request "set-map(${DIR}/names.map)" %[path] %[req.hdr(x)] if { req.hdr(set) 1 }
  http-request "del-map(${DIR}/names.map)" %[path] if { req.hdr(set) 0 }
  http-response "set-map(${DIR}/names.map)" /response %[status]
"#
    .to_owned();
    let once = |target: &str, headers| {
        Exchange::new(
            format!("{target} {headers}"),
            vec![Step::Send(request("GET", target, headers, "")), Step::Read("GET")],
        )
    };
    suite.exchanges = vec![
        once("/add", "X: a\r\n"),
        once("/", "X: a\r\n"),
        once("/", "X: b\r\n"),
        once("/del", "X: a\r\n"),
        once("/", "X: a\r\n"),
        once("/known", ""),
        once("/new", "X: one\r\nSet: 1\r\n"),
        once("/new", "X: two\r\nSet: 1\r\n"),
        once("/new", "Set: 0\r\n"),
        once("/new", ""),
        once("/response", ""),
    ];
    suite.run();
}

fn restricted_names() {
    for (front, back) in [("delete", "preserve"), ("reject", "delete"), ("preserve", "reject")] {
        let mut suite = Suite::new("restricted-names");
        suite.frontend = format!(
            "  option http-restrict-req-hdr-names {front}\n  http-request set-header X-Saw %[req.hdr(x_y)]\n  http-request set-header a_b 1 if {{ path /set }}\n"
        );
        suite.backend = match back {
            "delete" => "  option http-restrict-req-hdr-names delete\n  http-request set-header c.d 1\n",
            "reject" => "  option http-restrict-req-hdr-names reject\n",
            _ => "",
        };
        suite.exchanges = gets(&[("/", "x_y: 1\r\nZ: 2\r\nx.y: 3\r\n"), ("/", ""), ("/set", "")]);
        suite.run();
    }
}

fn original_to() {
    let mut suite = Suite::new("original-to");
    suite.frontend =
        "  option originalto\n  option forwardfor\n  unique-id-format id\n  unique-id-header X-Id\n"
            .to_owned();
    suite.exchanges = gets(&[("/", ""), ("/", "X-Original-To: mine\r\nX-After: 1\r\n")]);
    suite.run();
    let mut suite = Suite::new("original-to-named");
    suite.frontend = "  option originalto header X-Front\n".to_owned();
    suite.backend = "  option originalto header X-Back except 10.0.0.0/8\n";
    suite.exchanges = gets(&[("/", "")]);
    suite.run();
    let mut suite = Suite::new("original-to-except");
    suite.frontend = "  option originalto except 127.0.0.0/8\n".to_owned();
    suite.exchanges = gets(&[("/", "")]);
    suite.run();
}
