//! Variables across rules, phases and the requests of one connection, and the fetches of both ends' state.

use super::exchange::{Exchange, Step, request};
use super::suite::Suite;
use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::variables::scopes_live_as_long_as_in_haproxy", || scopes().run());
    cases.test("oracle::variables::types_and_conditions_are_those_of_haproxy", || types().run());
    cases.test("oracle::variables::limits_leave_room_for_what_fits_in_haproxy", || limits().run());
    cases.test("oracle::variables::slots_are_filled_in_the_midst_of_an_expression", || slots().run());
    cases.test("oracle::variables::both_ends_are_told_of_as_in_haproxy", || ends().run());
}

fn get(target: &str, headers: &str) -> Vec<u8> {
    request("GET", target, headers, "")
}

/// Three requests on one connection.
fn three(name: &str, headers: &str) -> Exchange {
    let step = |target: &str| [Step::Send(get(target, headers)), Step::Read("GET")];
    Exchange::new(name, [step("/one?a=1"), step("/two"), step("/three?b=2")].concat())
}

fn lines(rules: &[&str]) -> String {
    rules.iter().map(|rule| format!("  {rule}\n")).collect()
}

fn scopes() -> Suite {
    let mut suite = Suite::new("vars-scopes");
    suite.frontend = lines(&[
        "tcp-request connection set-var(sess.c) src",
        "tcp-request session set-var(sess.s) int(7)",
        "tcp-request content set-var(txn.t) path",
        "http-request set-var(sess.n) var(sess.n,0),add(1)",
        "http-request set-var(txn.p) path",
        "http-request set-var(req.q) query",
        "http-request set-var(res.early) str(x)",
        "http-request set-var(proc.n) var(proc.n,0),add(1)",
        "http-request set-header x-sess \"%[var(sess.c)] %[var(sess.s)] %[var(sess.n)]\"",
        "http-request set-header x-req \"<%[var(txn.t)]> <%[var(req.q)]> <%[var(res.early)]>\"",
        "http-request deny deny_status 429 if { var(sess.n) -m int gt 2 }",
        "http-response set-var(res.s) status",
        "http-response set-var(req.late) str(x)",
        "http-response set-header x-res \"<%[var(txn.p)]> <%[var(req.q)]> <%[var(res.s)]> <%[var(req.late)]>\"",
        "http-after-response set-header x-after \"%[var(sess.n)] %[var(txn.p)] %[var(proc.n)]\"",
    ]);
    suite.log = "log-format \"%ST %[var(txn.p)] %[var(sess.n)] <%[var(req.q)]>\"";
    suite.exchanges = vec![three("three requests", ""), three("three more", "X-A: b\r\n")];
    suite
}

fn slots() -> Suite {
    let mut suite = Suite::new("vars-slots");
    suite.frontend = lines(&[
        "declare capture request len 4",
        "declare capture response len 4",
        "http-request set-header x-a \"<%[path,capture-req(0),upper]> <%[capture.req.hdr(0)]>\"",
        "http-request set-header x-b \"<%[path,capture-req(7)]> <%[path,capture-req(-1)]>\"",
        "http-request set-var(txn.a) query,capture-req(0) if { path /three }",
        "http-request set-header x-c \"<%[str(app),nbsrv]> <%[str(none),nbsrv]> <%[str(app/s),srv_queue]> <%[str(s),srv_queue]>\"",
        "http-response set-header x-r \"<%[status,capture-res(0)]> <%[capture.res.hdr(0)]>\"",
    ]);
    suite.backend = "  http-request set-header x-d \"<%[str(s),srv_queue]>\"\n";
    suite.log = "log-format \"%hr %hs %[path,capture-req(0)] %[capture.req.hdr(0)]\"";
    suite.exchanges = vec![three("three requests", "")];
    suite
}

fn types() -> Suite {
    let mut suite = Suite::new("vars-types");
    suite.frontend = lines(&[
        "http-request set-var(txn.m) method",
        "http-request set-var(txn.ip) src",
        "http-request set-var(txn.b) bool(true)",
        "http-request set-var(txn.h) req.hdr(x-n)",
        "http-request set-var(txn.bin) bin(610062)",
        "http-request set-var-fmt(txn.f) \"%[src]:%[method]\"",
        "http-request set-header x-1 \"%[var(txn.m)] %[var(txn.ip),ipmask(8)] %[var(txn.b)] %[var(txn.f)]\"",
        "http-request set-header x-2 \"<%[var(txn.h),add(1)]> <%[var(txn.bin)]> <%[var(txn.bin),hex]> <%[var(txn.bin),length]>\"",
        "http-request set-header x-3 \"%[str(a),set-var(txn.a),concat(-,txn.h,-)] %[var(txn.a),upper]\"",
        "http-request set-header x-4 \"%[int(5),add(txn.h)] %[int(5),mul(txn.none)] <%[var(txn.none)]> <%[var(txn.none,d)]>\"",
        "http-request unset-var(txn.a)",
        "http-request set-var(txn.a,ifexists) str(1)",
        "http-request set-var(txn.new,ifexists) str(2)",
        "http-request set-var(txn.h,ifnotempty) req.hdr(x-empty)",
        "http-request set-var(txn.n) int(5)",
        "http-request set-var(txn.n,ifgt) req.hdr_val(x-n)",
        "http-request set-var(txn.k) int(5)",
        "http-request set-var(txn.k,iflt) req.hdr_val(x-n)",
        "http-request set-header x-5 \"<%[var(txn.a)]> <%[var(txn.new)]> <%[var(txn.h)]> <%[var(txn.n)]> <%[var(txn.k)]>\"",
        "http-request set-header x-6 yes if { var(txn.h) -m int gt 3 }",
        "http-request set-header x-7 yes if { var(txn.h) -m found } { var(txn.f) -m sub GET }",
        "http-request set-header x-8 yes if { var(txn.ip) -m ip 127.0.0.0/8 }",
    ]);
    let rows = ["", "X-N: 4\r\n", "X-N: 6\r\n", "X-N: abc\r\n", "X-N: 3, 9\r\nX-Empty:\r\n", "X-N:\r\n"];
    suite.exchanges = rows.iter().map(|row| Exchange::get("/", row)).collect();
    suite
}

fn limits() -> Suite {
    let mut suite = Suite::new("vars-limits");
    // up to the limit: beyond it HAProxy 2.6 cuts texts off, and here they are not set
    suite.global = "  tune.vars.reqres-max-size 100\n";
    suite.frontend = lines(&[
        "http-request set-var(req.a) hdr(x-a)",
        "http-request set-header x-1 \"<%[var(req.a),length]>\"",
    ]);
    let sizes = [0, 1, 10, 19];
    suite.exchanges =
        sizes.iter().map(|size| Exchange::get("/", &format!("X-A: {}\r\n", "a".repeat(*size)))).collect();
    suite
}

fn ends() -> Suite {
    let mut suite = Suite::new("vars-ends");
    suite.frontend = lines(&[
        "http-request set-header x-1 \"%[nbsrv(app)] %[connslots(app)] %[be_conn(app)] %[be_conn_free(app)] %[queue(app)]\"",
        "http-request set-header x-2 \"%[fe_defbe] %[fe_conn,bool] %[fe_client_timeout] %[dst_conn,bool] %[src_is_local] %[stopping]\"",
        "http-request set-header x-3 \"%[base32] %[url32] %[base32+src,hex] %[req.hdrs_bin,hex]\"",
        "http-request set-header x-4 \"<%[http_auth_type]> <%[http_auth_user]> <%[http_auth_pass]> <%[http_auth_bearer]>\"",
        "http-request set-header x-5 \"%[fc_http_major] %[fc_rcvd_proxy] %[fc_err] %[fc_err_str] <%[req.ver]>\"",
        "http-response set-header x-6 \"%[bc_dst] %[bc_http_major] %[bc_err_str] %[ssl_bc] %[be_server_timeout]\"",
    ]);
    suite.exchanges = [
        ("/", ""),
        ("/a/b?x=1", "X-A: b\r\n"),
        ("http://other.example/a", ""),
        ("/", "Authorization: Basic YWxpOm9wZW46c2VzYW1l\r\n"),
        ("/", "Authorization: Basic ####\r\n"),
        ("/", "Authorization: Basic\r\n"),
        ("/", "Authorization: basic  YTpi\r\n"),
        ("/", "Authorization: Basic bm9jb2xvbg==\r\n"),
        ("/", "Authorization: Bearer t0k\r\n"),
        ("/", "Authorization: Digest x\r\n"),
    ]
    .map(|(target, headers)| Exchange::get(target, headers))
    .to_vec();
    suite
}
