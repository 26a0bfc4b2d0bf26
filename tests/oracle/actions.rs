//! Rules that change messages: what the origin and the client see of `set-header`, `add-header`,
//! `del-header`, `set-path`, `replace-path` and `option forwardfor`.

use super::exchange::{Exchange, request};
use super::suite::Suite;
use crate::support::cases::Cases;
use crate::support::origin::{After, Script};

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::actions::request_headers_change_as_in_haproxy", request_headers);
    cases.test("oracle::actions::response_headers_change_as_in_haproxy", response_headers);
    cases.test("oracle::actions::paths_change_as_in_haproxy", paths);
    cases.test("oracle::actions::a_method_and_a_line_are_told_as_they_came", methods);
    cases.test("oracle::actions::forwardfor_is_a_new_last_line", || {
        forwarded("forwardfor", "  option forwardfor\n")
    });
    cases.test("oracle::actions::forwardfor_if_none_leaves_what_is_there", || {
        forwarded("forwardfor-if-none", "  option forwardfor if-none\n");
    });
    cases.test("oracle::actions::forwardfor_except_a_network_adds_nothing", || {
        forwarded("forwardfor-except", "  option forwardfor except 127.0.0.0/8\n");
    });
    cases.test("oracle::actions::forwardfor_has_its_own_header_name", || {
        forwarded("forwardfor-header", "  option forwardfor header X-Real-IP\n");
    });
    cases.test("oracle::actions::forwardfor_with_httpclose_comes_before_connection", || {
        forwarded("forwardfor-close", "  option forwardfor\n  option httpclose\n");
    });
}

fn request_headers() {
    let mut suite = Suite::new("request-headers");
    suite.frontend = r#"
  http-request set-header X-Set new if { path_beg /set }
  http-request add-header X-Add more if { path_beg /add }
  http-request del-header X-Del if { path_beg /del }
  http-request del-header x-p -m beg if { path_beg /mbeg }
  http-request del-header -z -m end if { path_beg /mend }
  http-request del-header mid -m sub if { path_beg /msub }
  http-request del-header ^x-[0-9]+$ -m reg if { path_beg /mreg }
  http-request set-header X-F "%[path] %[method] %[src] %[req.hdr(host)] %[url] %[query]" if { path_beg /fmt }
  http-request set-header X-Missing "[%[req.hdr(x-none)]]" if { path_beg /fmt }
  http-request set-header X-Tags "%ci %f %HM %HU %HP" if { path_beg /fmt }
  http-request set-header X-Quote "a \"b\" c\\d 100%%" if { path_beg /quote }
  http-request set-header Host other.example if { path_beg /host }
  http-request set-header X-First 1 if { path_beg /order }
  http-request add-header X-Second 2 if { path_beg /order }
  http-request set-header X-First 3 if { path_beg /order }
  http-request set-header X-Saw "%[req.hdr(X-First)]" if { path_beg /order }
  http-request set-header X-Lower "%[req.hdr(X-Value),lower]" if { path_beg /conv }
"#
    .to_owned();
    suite.backend = "  http-request set-header X-Backend %[path] if { hdr(x-set) new }\n";
    #[rustfmt::skip]
    let rows = [
        ("/set", ""), ("/set", "X-Set: old\r\n"), ("/set", "x-set: a\r\nX-Other: o\r\nX-SET: b\r\n"),
        ("/add", ""), ("/add", "X-Add: old\r\nX-Z: z\r\n"), ("/del", "X-Del: a\r\nX-Keep: k\r\nx-del: b\r\n"), ("/del", ""),
        ("/mbeg", "X-P: a\r\nX-Path: b\r\nX-Q: c\r\n"), ("/mend", "A-Z: a\r\nB-Zz: b\r\nX-z: c\r\n"), ("/msub", "A-Mid-B: a\r\nMid: b\r\nM-id: c\r\n"), ("/mreg", "X-1: a\r\nX-22: b\r\nX-2a: c\r\n"),
        ("/fmt?q=1&r", ""), ("/quote", ""), ("/host", ""), ("/order", "X-First: 0\r\n"), ("/conv", "X-Value: MiXeD\r\n"), ("/none", "X-Untouched: 1\r\n"),
    ];
    suite.exchanges = rows.map(|(target, headers)| Exchange::get(target, headers)).to_vec();
    suite.run();
}

fn response_headers() {
    let mut suite = Suite::new("response-headers");
    suite.scripts = vec![Script::new(
        "/rich",
        "HTTP/1.1 201 Made\r\nServer: o\r\nX-Del: 1\r\nX-Set: old\r\nContent-Type: a/b\r\nX-Del: 2\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\nContent-Length: 2\r\n\r\nok",
        After::Keep,
    )];
    suite.frontend = r#"
  http-response set-header X-Set new
  http-response add-header X-Add "%[status]"
  http-response del-header X-Del
  http-response del-header set-cookie if { status 200 }
  http-response set-header Strict-Transport-Security "max-age=16000000; includeSubDomains; preload;"
  http-request deny if { path /deny }
  http-request return status 200 content-type text/plain string "own" if { path /own }
"#
    .to_owned();
    suite.backend = "  http-response set-header X-Backend be\n  http-response add-header X-Ct %[res.hdr(content-type)] if { res.hdr(content-type) -m found }\n";
    suite.exchanges = ["/", "/rich", "/deny", "/own"].map(|t| Exchange::get(t, "")).to_vec();
    suite.run();
}

fn paths() {
    let mut suite = Suite::new("paths");
    suite.frontend = r#"
  http-request set-path /pre%[path] if { path_beg /set }
  http-request set-path "/with space" if { path_beg /space }
  http-request set-path %[path,lower] if { path_beg /LOW }
  http-request replace-path /r/(.*) /s/\1 if { path_beg /r/ }
  http-request replace-path (.*) \1x if { path_end .z }
  http-request replace-path /swap/([^/]*)/([^/]*) /\2/\1 if { path_beg /swap }
  http-request replace-path ^/none$ /other if { path_beg /none }
  http-request replace-path /strip(/.*)?$ \1 if { path_beg /strip }
  http-request set-header X-Path %[path]
"#
    .to_owned();
    #[rustfmt::skip]
    let targets = [
        "/set", "/set?a=b", "/set/..//x?/set", "/LOW/Case?Q=Keep", "/r/one?r=/r/two", "/r/", "/y.z", "/y.z?q.z", "/swap/a/b", "/swap/a/b/c?x", "/none", "/nonesuch", "/strip/me?x=1",
        "/plain", "/a%20b", "http://h/set?x", "http://h/r/abs",
    ];
    suite.exchanges = targets.map(|t| Exchange::get(t, "")).to_vec();
    suite.run();
}

/// HAProxy takes the number of a method once: what has none is read where it stands.
fn methods() {
    let mut suite = Suite::new("methods");
    suite.frontend = r#"
  http-request set-method %[req.hdr(x-to)] if { req.hdr(x-to) -m found }
  http-request set-uri /other?b=2 if { path /uri }
  http-request set-header X-Told "%[method] %[capture.req.method] %[capture.req.uri] %[capture.req.ver]"
  http-request set-header X-Get 1 if METH_GET
  http-request set-header X-Post 1 if METH_POST
  http-request set-header X-Odd 1 if { method ODD }
"#
    .to_owned();
    suite.backend = "  http-request set-method PUT if { path /twice }\n  \
                     http-response set-header X-Told \"%[capture.req.method] %[capture.req.uri]\"\n";
    suite.log = "log-format \"%ci:%cp %HM %HU %r %[capture.req.method] %[capture.req.uri]\"";
    let rows = [
        ("GET", "POST"),
        ("POST", "GET"),
        ("GET", "ODD"),
        ("PATCH", "ODD"),
        ("ODD", "PATCH"),
        ("DELETE", "GET"),
    ];
    suite.exchanges = rows
        .into_iter()
        .flat_map(|(from, to)| ["/", "/uri?a=1", "/twice"].map(|target| (from, to, target)))
        .map(|(from, to, target)| {
            let sent = request(from, target, &format!("X-To: {to}\r\n"), "");
            Exchange::one(format!("{from} {target} to {to}"), from, sent)
        })
        .collect();
    suite.run();
}

fn forwarded(name: &'static str, options: &'static str) {
    let mut suite = Suite::new(name);
    suite.backend = options;
    suite.exchanges = [
        "",
        "X-Forwarded-For: 1.2.3.4\r\nX-After: a\r\n",
        "x-forwarded-for: 1.2.3.4\r\nX-Forwarded-For: 5.6.7.8, 9.9.9.9\r\n",
        "X-Real-IP: 8.8.8.8\r\n",
        "X-Forwarded-For:\r\n",
    ]
    .map(|headers| Exchange::get("/", headers))
    .to_vec();
    suite.exchanges.push(Exchange::one(
        "body",
        "POST",
        request("POST", "/", "Content-Length: 3\r\nX-After: a\r\n", "abc"),
    ));
    suite.run();
}
