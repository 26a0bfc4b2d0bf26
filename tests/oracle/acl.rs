//! Every form of ACL of the supported language against a table of requests. The origin gets one `x` header
//! for each rule that matched.

use super::exchange::{Exchange, request};
use super::suite::Suite;
use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::acl::path_forms_match_as_in_haproxy", || family("acl-path", PATHS, &by_path()).run());
    cases.test("oracle::acl::match_methods_match_as_in_haproxy", || {
        family("acl-m", METHODS, &by_path()).run()
    });
    cases.test("oracle::acl::regular_expressions_match_as_in_haproxy", || {
        family("acl-reg", REGS, &by_path()).run();
    });
    cases.test("oracle::acl::header_forms_match_as_in_haproxy", || {
        family("acl-hdr", HEADERS, &by_header()).run();
    });
    cases.test("oracle::acl::url_parameters_match_as_in_haproxy", || {
        family("acl-param", PARAMS, &by_query()).run();
    });
    cases.test("oracle::acl::methods_and_addresses_match_as_in_haproxy", || {
        family("acl-misc", MISC, &by_method()).run();
    });
    cases.test("oracle::acl::named_conditions_combine_as_in_haproxy", named);
}

#[rustfmt::skip]
const PATHS: &[&str] = &[
    "path /a", "path -i /a", "path /a /b /c", "path /", "path /a%2Fb", "path -i /A%2fb", "path //a",
    "path_beg /a", "path_beg -i /A", "path_beg /pac/", "path_beg -i /pac/", "path_beg /a/ /b/", "path_beg /", "path_beg //",
    "path_end .html", "path_end -i .HTML", "path_end /", "path_end a b", "path_end %2f",
    "path_dir a", "path_dir -i B", "path_dir /a/b", "path_dir b/c", "path_dir ..",
    "path_sub b", "path_sub -i PAC", "path_sub ..", "path_sub // %2F", "path_sub ?",
    "path -m found", "path_len 1", "path_len gt 100",
];

#[rustfmt::skip]
const METHODS: &[&str] = &[
    "path -m str /a", "path -m str -i /A /b", "path -m beg /a", "path -m beg -i /PAC", "path -m end c", "path -m end -i HTML",
    "path -m sub b/", "path -m sub -i B/", "path -m dir a", "path -m dir -i A", "path -m dom a", "path -m dom -i b", "path -m reg ^/[ab]$",
    "path -m reg -i ^/PAC", "path -m len 2", "path -m len 1:4", "path -m len ge 100", "path -m len lt 3",
    "path_beg -m str /a", "path,lower /a", "path,lower -m beg /pac", "path -f \"${DIR}/paths\"", "path -i -f \"${DIR}/paths\"",
    "path -f \"${DIR}/paths\" /zz", "path -m beg -f \"${DIR}/paths\"", "path -- -i", "path -i -- -i /A",
    "query -m found", "query a=b", "query -m beg a", "url /a", "url_beg /a?", "url -m sub ?a=b", "url_end b",
];

#[rustfmt::skip]
const REGS: &[&str] = &[
    "path_reg ^/a$", "path_reg -i ^/A$", "path_reg b", "path_reg ^/(a|b)(/.*)?$", "path_reg ^/a/?", "path_reg \\.html$", "path_reg -i \\.HTML$",
    "path_reg ^/[^/]+/[^/]+$", "path_reg //", "path_reg %2[fF]", "path_reg ^/.{100,}$", "path_reg ^$", "path_reg \\.\\.", "path_reg ^/\\w+$",
    "path_reg ^/x ^/b ^/pac", "url_reg \\?a=", "url_reg -i ^/A\\?A=B$",
];

#[rustfmt::skip]
const HEADERS: &[&str] = &[
    "hdr(host) h", "hdr(host) -i H.Example.org", "hdr(host) -m found", "hdr(x-a) -m found", "hdr(X-A) b", "hdr(x-a) -i B", "hdr(x-a) b c",
    "hdr_beg(host) www.", "hdr_beg(host) -i WWW.", "hdr_end(host) .org", "hdr_dom(host) example", "hdr_dom(host) -i EXAMPLE.org",
    "hdr_dom(host) example.org", "hdr_sub(x-a) c", "hdr_dir(x-a) b", "hdr_reg(x-a) ^b", "hdr_len(x-a) 1", "hdr_cnt(x-a) 2", "hdr_cnt(x-a) gt 2",
    "hdr_val(x-n) 5", "hdr_val(x-n) gt 4", "hdr_val(x-n) 1:9", "hdr(x-a,1) b", "hdr(x-a,2) c", "hdr(x-a,-1) c", "hdr_ip(x-ip) 10.0.0.0/8",
    "req.hdr(x-a) b", "req.fhdr(x-a) \"b,c\"", "req.hdr_cnt(x-a) 2", "req.fhdr_cnt(x-a) 1", "hdr(x-a) -m int 5", "hdr(x-n) -m int gt 4", "hdr(x-ip) -m ip 10.1.0.0/16",
    "hdr(x-a) -m len 1", "hdr(X-Github-Event) -m found", "hdr(x-a) -m dom b", "hdr(host),lower www.example.org", "req.hdr(host) -m end -i ORG",
];

#[rustfmt::skip]
const PARAMS: &[&str] = &[
    "url_param(a) b", "url_param(a) -m found", "url_param(a) -i B", "urlp(a) b", "urlp(c) -m int 5", "urlp(c) -m int gt 4",
    "url_param(A) b", "urlp_beg(a) b", "urlp_sub(a) c", "urlp_reg(a) ^b", "url_param(a) b%20c", "url_param(x) -m found", "urlp(a,;) b", "urlp(a) -m len 1", "urlp_val(c) 5",
];

#[rustfmt::skip]
const MISC: &[&str] = &[
    "method GET", "method POST PUT", "method -i get", "method HEAD", "method OPTIONS", "method PURGE", "METH_GET", "METH_POST", "METH_HEAD",
    "METH_OPTIONS", "METH_CONNECT", "METH_TRACE", "METH_PUT", "METH_DELETE", "HTTP", "HTTP_1.0", "HTTP_1.1", "HTTP_CONTENT", "HTTP_URL_ABS", "HTTP_URL_SLASH", "HTTP_URL_STAR",
    "LOCALHOST", "TRUE", "FALSE", "REQ_CONTENT", "WAIT_END", "src 127.0.0.1", "src 127.0.0.0/8", "src 10.0.0.0/8", "src 10.0.0.1 127.0.0.1", "src ::1", "src -f \"${DIR}/nets\"",
    "dst 127.0.0.1", "ssl_fc", "always_true", "always_false", "req.ver 1.1", "req.ver 1.0", "src_port gt 1023",
];

/// The frontend's rules: one header for each expression that is true.
fn family(name: &'static str, expressions: &[&str], exchanges: &[Exchange]) -> Suite {
    let rule = |e: &&str| {
        let tag: String = e.chars().filter(|c| !"\"\\ ".contains(*c)).take(24).collect();
        let tag = tag.replace(['%', '{', '}', '$', ',', '#'], "_");
        let condition = if e.chars().next().is_some_and(char::is_uppercase) {
            (*e).to_owned()
        } else {
            format!("{{ {e} }}")
        };
        format!("  http-request add-header x {tag} if {condition}\n")
    };
    let mut suite = Suite::new(name);
    suite.defaults = "";
    suite.frontend = expressions.iter().map(rule).collect();
    suite.files =
        vec![("paths", "# a comment\n/a\n\n/A/b \n/pac\n"), ("nets", "127.0.0.0/8\n# no\n10.0.0.1\n")];
    suite.exchanges = exchanges.to_vec();
    suite
}

fn by_path() -> Vec<Exchange> {
    let long = format!("/{}", "l".repeat(8000));
    #[rustfmt::skip]
    let targets = [
        "/", "/a", "/A", "/a/", "/a/b", "/a/b/c", "/A/b", "/b", "/b/c", "/pac", "/pac/", "/PAC/", "/Pac/x", "/pacx", "/x/pac/", "//", "//a", "/a//b", "/a/../b", "/..", "/./a",
        "/a%2Fb", "/a%2fb", "/%61", "/a?", "/a?a=b", "/A?A=B", "/a?x=/b", "/?/a", "/a/b.html", "/a/b.HTML", "/a/b.html?x", "/zz", "/-i", "*", "http://h/a", "http://h", "/a;b", "/a=b",
    ];
    let short = targets.map(|t| Exchange::one(t, "GET", request("GET", t, "", "")));
    let mut all = short.to_vec();
    all.push(Exchange::one("8 KB path", "GET", request("GET", &long, "", "")));
    all.push(Exchange::one("8 KB query", "GET", request("GET", &format!("/a?{}", &long[1..]), "", "")));
    all
}

fn by_header() -> Vec<Exchange> {
    #[rustfmt::skip]
    let rows = [
        "Host: h", "Host: H.example.ORG", "Host: www.example.org", "Host: WWW.EXAMPLE.ORG", "Host: www.example.org:8080", "Host: notexample.org", "Host:",
        "Host: h\r\nX-A: b", "Host: h\r\nX-A: B", "Host: h\r\nX-A: b,c", "Host: h\r\nX-A: b, c", "Host: h\r\nX-A: b\r\nx-a: c", "Host: h\r\nX-A:", "Host: h\r\nX-A: ,", "Host: h\r\nX-A: \"b,c\"",
        "Host: h\r\nX-A: a/b/c", "Host: h\r\nX-A: a.b.c", "Host: h\r\nX-A: 5", "Host: h\r\nX-N: 5", "Host: h\r\nX-N: 5x", "Host: h\r\nX-N: -5", "Host: h\r\nX-N: x", "Host: h\r\nX-N: 3, 5",
        "Host: h\r\nX-Ip: 10.1.2.3", "Host: h\r\nX-Ip: 10.2.2.3", "Host: h\r\nX-Ip: nonsense", "Host: h\r\nX-Ip: 1.1.1.1, 10.1.1.1", "Host: h\r\nX-Github-Event: push", "Host: h\r\nX-Github-Event:",
    ];
    rows.map(|r| Exchange::one(r.replace("\r\n", " "), "GET", format!("GET / HTTP/1.1\r\n{r}\r\n\r\n")))
        .to_vec()
}

fn by_query() -> Vec<Exchange> {
    #[rustfmt::skip]
    let targets = [
        "/?a=b", "/?a=B", "/?a=", "/?a", "/?", "/", "/?aa=b", "/?x=1&a=b", "/?a=b&a=c", "/?c=5", "/?c=5x", "/?a=b%20c", "/?a=b+c", "/?a=%62", "/?a=bc", "/?A=b", "/a=b?", "/?x=y;a=b", "/?&&a=b", "/?a=b#x", "/?a=b=c",
    ];
    targets.map(|t| Exchange::one(t, "GET", request("GET", t, "", ""))).to_vec()
}

fn by_method() -> Vec<Exchange> {
    let methods =
        ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PURGE", "get", "Post"];
    let mut all = methods.map(|m| Exchange::one(m, m, request(m, "/", "", ""))).to_vec();
    all.push(Exchange::one("OPTIONS *", "OPTIONS", request("OPTIONS", "*", "", "")));
    all.push(Exchange::one("absolute", "GET", request("GET", "http://h/x", "", "")));
    all.push(Exchange::one("with body", "POST", request("POST", "/", "Content-Length: 3\r\n", "abc")));
    all.push(Exchange::one("1.0", "GET", "GET / HTTP/1.0\r\n\r\n"));
    all
}

fn named() {
    let mut suite = Suite::new("acl-named");
    suite.frontend = "\
  acl a path_beg /a
  acl b path_end b
  acl a path_beg /x
  acl q query -m found
  acl post method POST
  http-request add-header x a if a
  http-request add-header x not-a if !a
  http-request add-header x a-and-b if a b
  http-request add-header x a-or-b if a or b
  http-request add-header x a-or-b-bars if a || b
  http-request add-header x a-and-b-or-q if a b or q
  http-request add-header x q-or-a-and-not-b if q or a !b
  http-request add-header x unless-a unless a
  http-request add-header x unless-a-or-b unless a or b
  http-request add-header x mixed if a { path_sub m } !q
  http-request add-header x anonymous-not if !{ path /a } !post
  http-request add-header x -not-spaced if ! a
  http-request add-header x q-or-post if q or post or { path / }
  use_backend other if a b !q
  use_backend other unless a or b or q or { path_beg / }
"
    .to_owned();
    suite.more = "backend other\n  http-request set-header x-backend other\n  server s \"${ORIGIN}\"\n";
    let targets =
        ["/", "/a", "/b", "/ab", "/a?q", "/ab?q", "/x", "/xb", "/amb", "/am", "/y", "/yb?q=1", "/am?q"];
    for target in targets {
        for method in ["GET", "POST"] {
            suite.exchanges.push(Exchange::one(
                format!("{method} {target}"),
                method,
                request(method, target, "Content-Length: 0\r\n", ""),
            ));
        }
    }
    suite.run();
}
