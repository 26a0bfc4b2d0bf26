//! Random rule sets about what outlives a rule: counters of stick tables, variables from phase to phase, captures,
//! bodies, connections that are cut. Seeds and shrinking are those of `random_rules`.

use super::exchange::{Exchange, Step};
use super::random::Dice;
use super::random_rules::{Family, compare, format_of, line, status};
use crate::support::cases::Cases;
use std::fmt::Write as _;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::random_state::counters_count_what_they_count_in_haproxy", || compare(COUNTERS));
    cases.test("oracle::random_state::variables_live_as_long_as_in_haproxy", || compare(VARIABLES));
    cases.test("oracle::random_state::what_ends_an_exchange_ends_it_as_in_haproxy", || compare(ENDS));
    cases.test("oracle::random_state::contents_of_responses_are_judged_as_in_haproxy", || compare(CONTENTS));
    cases.test("oracle::random_state::bodies_are_read_as_in_haproxy", || compare(BODIES));
}

const COUNTERS: Family = Family {
    name: "random-counters",
    rule: counter_rule,
    rules: 20,
    exchange: Dice::request,
    defaults: "",
    first: "",
    last: "  http-request set-header x-all \"%[path,table_http_req_cnt(t)] %[path,table_gpc0(t)] %[path,table_gpt0(t)] \
           %[path,table_http_err_cnt(t)] %[path,table_conn_cnt(t)] %[path,table_conn_cur(t)] %[table_cnt(t)] %[table_cnt(u)]\"\n  \
           http-response set-header x-sc \"%[sc0_http_req_cnt] %[sc1_get_gpc0] %[sc2_get_gpc0] %[sc0_tracked] \
           %[sc1_tracked] %[sc2_tracked] %[sc_get_gpt0(0)] %[sc_http_err_cnt(1)] %[sc_trackers(0)]\"\n",
    more: "backend t\n  stick-table type string len 12 size 100 expire 1h store gpt0,gpc0,gpc1,conn_cnt,conn_cur,sess_cnt,\
           http_req_cnt,http_err_cnt,http_fail_cnt\n\
           backend u\n  stick-table type string len 30 size 100 expire 1h store gpt0,gpc0,conn_cnt,http_req_cnt,http_err_cnt\n",
};

const VARIABLES: Family = Family {
    name: "random-variables",
    rule: variable_rule,
    rules: 30,
    exchange: several,
    defaults: "",
    first: "  declare capture request len 9\n  declare capture response len 9\n  capture request header X len 5\n  \
            capture response header x-v len 20\n",
    last: "",
    more: "",
};

const ENDS: Family = Family {
    name: "random-ends",
    rule: end_rule,
    rules: 12,
    exchange: once,
    defaults: "  timeout tarpit 10ms\n",
    first: "",
    last: "",
    more: "userlist people\n  user ali insecure-password open\n  user eve insecure-password sesame\n",
};

const BODIES: Family = Family {
    name: "random-bodies",
    rule: body_rule,
    rules: 15,
    exchange: with_body,
    defaults: "",
    first: "  option http-buffer-request\n",
    last: "",
    more: "",
};

const CONTENTS: Family = Family {
    name: "random-contents",
    rule: content_rule,
    rules: 15,
    exchange: once,
    defaults: "",
    first: "",
    last: "  http-response set-header x-seen \"%[var(txn.v)] %[var(txn.w)] %[var(res.v)]\"\n",
    more: "",
};

/// Several requests on one connection, which end with it.
fn several(dice: &mut Dice) -> Exchange {
    let mut steps = Vec::new();
    let mut name = String::new();
    for _ in 0..=dice.roll(2) {
        let (target, headers) = dice.head();
        let _ = write!(name, "GET {target} {} ", headers.replace("\r\n", " "));
        steps.push(Step::Send(format!("GET {target} HTTP/1.1\r\n{headers}\r\n").into_bytes()));
        steps.push(Step::Read("GET"));
    }
    let requests = steps.len() / 2;
    Exchange::new(name.trim(), steps).logs(requests)
}

/// One request, which may find its connection closed.
fn once(dice: &mut Dice) -> Exchange {
    let (target, headers) = dice.head();
    let auth = dice.pick(&[
        "",
        "",
        "Authorization: Basic YWxpOm9wZW4=\r\n",
        "Authorization: Basic ZXZlOnNlc2FtZQ==\r\n",
        "Authorization: Basic ZXZlOm5v\r\n",
    ]);
    let name = format!("GET {target} {headers}{auth}").trim().replace("\r\n", " ");
    let sent = format!("GET {target} HTTP/1.1\r\n{headers}{auth}\r\n");
    Exchange::new(name, vec![Step::Send(sent.into_bytes()), Step::Read("GET")]).logs(1)
}

const BODY: &[&str] = &["a=1", "&", "b=", "x", "%41", "a", "=", ";", "1234567890", "/", "\"", "+"];

fn with_body(dice: &mut Dice) -> Exchange {
    let (target, headers) = dice.head();
    let body = dice.text(BODY);
    let (coding, sent) = match dice.roll(3) {
        0 if !body.is_empty() => {
            let (first, second) = body.split_at(dice.roll(body.len()));
            let chunk = |part: &str| match part {
                "" => String::new(),
                part => format!("{:x}\r\n{part}\r\n", part.len()),
            };
            ("Transfer-Encoding: chunked\r\n".to_owned(), chunk(first) + &chunk(second) + "0\r\n\r\n")
        }
        _ => (format!("Content-Length: {}\r\n", body.len()), body.clone()),
    };
    let name = format!("POST {target} {headers}{coding}{body}").replace("\r\n", " ");
    Exchange::one(name, "POST", format!("POST {target} HTTP/1.1\r\n{headers}{coding}\r\n{sent}"))
}

fn counter_rule(dice: &mut Dice) -> String {
    let number = dice.roll(3);
    let table = dice.pick(&["t", "t", "u"]);
    let rule = match dice.roll(11) {
        0..=3 => format!(
            "track-sc{number} {} table {table}",
            dice.pick(&["path", "hdr(x)", "url", "urlp(q)", "src"])
        ),
        4 => format!("sc-inc-gpc0({number})"),
        5 => format!("sc-inc-gpc1({number})"),
        6 => format!("sc-set-gpt0({number}) {}", dice.pick(&["7", "path,length", "hdr(x),length", "int(0)"])),
        7 => format!("deny deny_status {} if {}", dice.pick(&["403", "429", "503"]), counted(dice)),
        8 => "add-header x-seen '%[path,table_http_req_cnt(t)] %[path,in_table(u)] %[src_get_gpc0(t)]'"
            .to_owned(),
        9 => return response_counter(dice),
        _ => format!("add-header x-inc %[sc{number}_inc_gpc0] if {}", counted(dice)),
    };
    if rule.contains(" if ") {
        return line(&format!("http-request {rule}"));
    }
    let set = dice.pick(&["http-request", "http-request", "tcp-request content"]);
    let set = if rule.starts_with("add-header") { "http-request" } else { set };
    let when = match dice.roll(3) {
        0 => String::new(),
        1 => format!(" if {}", counted(dice)),
        _ => format!(" {}", dice.condition()),
    };
    line(&format!("{set} {rule}{when}"))
}

/// A condition about a counter.
fn counted(dice: &mut Dice) -> String {
    let number = dice.roll(3);
    let what = match dice.roll(7) {
        0 => format!("sc{number}_http_req_cnt gt {}", dice.roll(4)),
        1 => format!("sc_get_gpc0({number}) ge {}", 1 + dice.roll(3)),
        2 => format!("sc{number}_tracked"),
        3 => format!("sc_get_gpt0({number}) {}", dice.roll(8)),
        4 => format!("sc{number}_http_err_cnt gt 0"),
        5 => "path,in_table(t)".to_owned(),
        _ => format!("sc{number}_conn_cnt gt {}", dice.roll(3)),
    };
    format!("{}{{ {what} }}", dice.pick(&["", "", "!"]))
}

fn response_counter(dice: &mut Dice) -> String {
    let number = dice.roll(3);
    let rule = match dice.roll(4) {
        0 => format!("sc-inc-gpc0({number})"),
        1 => format!("sc-set-gpt0({number}) status"),
        2 => format!("track-sc{number} status table t"),
        _ => format!("add-header x-res '%[sc{number}_get_gpc0] %[sc{number}_http_req_cnt]'"),
    };
    line(&format!("http-response {rule}{}", status(dice)))
}

const SCOPES: &[&str] = &["proc.v", "sess.v", "sess.w", "txn.v", "txn.w", "req.v", "res.v"];

fn variable_rule(dice: &mut Dice) -> String {
    let set = dice.pick(&[
        "tcp-request connection",
        "tcp-request session",
        "tcp-request content",
        "http-request",
        "http-request",
        "http-response",
        "http-response",
        "http-after-response",
    ]);
    let var = dice.pick(SCOPES);
    let other = dice.pick(SCOPES);
    let of_request = set == "http-request" || set == "tcp-request content";
    let value = match dice.roll(5) {
        0 => format!("var({other})"),
        1 => format!("var({other}),add(1)"),
        2 => format!("str({})", dice.pick(&["a", "b", "1"])),
        3 if of_request => dice.expression(),
        _ => format!("var({other},{})", dice.roll(5)),
    };
    let rule = match dice.roll(8) {
        0 if set.starts_with("http") => {
            format!("set-header {} '%[var({var})]'", dice.pick(&["x-v", "x-w", "x-back"]))
        }
        1 if set.starts_with("http") => format!("add-header x-v '<%[var({other})]>'"),
        2 => format!("unset-var({var})"),
        3 if of_request => format!("set-var-fmt({var}) {}", format_of(dice)),
        4 => format!(
            "set-var({var},{}) {value}",
            dice.pick(&["ifexists", "ifnotexists", "ifset", "ifnotset", "ifgt", "ifnotempty"])
        ),
        5 if set == "http-request" => format!("capture var({var}) id 0"),
        6 if set == "http-response" => format!("capture var({var}) id 0"),
        _ => format!("set-var({var}) {value}"),
    };
    let rule = if rule.contains("x-back") && rule.starts_with("capture") { "allow".to_owned() } else { rule };
    let when = match dice.roll(3) {
        0 => String::new(),
        _ => format!(
            " {} {{ var({other}) -m {} }}",
            dice.pick(&["if", "unless"]),
            dice.pick(&["found", "str a", "int gt 1", "len 1"])
        ),
    };
    line(&format!("{set} {rule}{when}"))
}

fn end_rule(dice: &mut Dice) -> String {
    let rule = match dice.roll(12) {
        0 => format!("http-request reject {}", dice.condition()),
        1 => format!("tcp-request content reject {}", dice.condition()),
        2 => format!(
            "http-request tarpit deny_status {} {}",
            dice.pick(&["403", "429", "500"]),
            dice.condition()
        ),
        3 => format!("http-request auth realm {} {}", dice.pick(&["Gold", "'a b'"]), dice.condition()),
        4 => "http-request auth unless { http_auth(people) }".to_owned(),
        5 => format!(
            "http-request set-header x-user '%[http_auth_user] %[http_auth_pass]' {}",
            dice.condition()
        ),
        6 => format!("tcp-request content accept {}", dice.condition()),
        7 => format!(
            "tcp-response content {} {{ res.len gt {} }}",
            dice.pick(&["reject if", "accept if"]),
            dice.roll(3) * 60
        ),
        8 => format!("http-response deny deny_status 503{}", status(dice)),
        9 => format!("http-after-response add-header x-after '%[status]'{}", status(dice)),
        10 => format!(
            "http-request return status 200 content-type text/plain lf-string '%[path] %[http_auth_type]' {}",
            dice.condition()
        ),
        _ => format!("http-request set-var(txn.v) {}", dice.expression()),
    };
    // without a condition nothing behind it would be seen
    let bare = rule.starts_with("http-response deny") && !rule.contains('{');
    line(&if bare { format!("{rule} if {{ status 404 }}") } else { rule })
}

const OF_BODY: &[&str] = &[
    "req.body",
    "req.body_len",
    "req.body_size",
    "req.body_param(a)",
    "req.body_param(b)",
    "req.body_param",
    "req.body,length",
    "req.body,lower",
    "req.body_param(a),url_dec",
    "req.body,field(1,=)",
];

fn body_rule(dice: &mut Dice) -> String {
    let fetch = dice.pick(OF_BODY);
    let rule = match dice.roll(5) {
        0 | 1 => format!("add-header x-body '<%[{fetch}]>'"),
        2 => format!("set-var(txn.v) {fetch}"),
        3 => format!(
            "deny deny_status {} if {{ req.body -m sub {} }}",
            dice.pick(&["403", "413"]),
            dice.pick(&["x;", "%41b", "11"])
        ),
        _ => "add-header x-len '%[req.body_len] %[var(txn.v)]'".to_owned(),
    };
    let when = match dice.roll(3) {
        _ if rule.contains(" if ") => String::new(),
        0 => format!(" if {{ req.body_param(a) -m {} }}", dice.pick(&["found", "str 1", "len 1"])),
        1 => format!(" if {{ req.body_len gt {} }}", dice.roll(9)),
        _ => format!(" {}", dice.condition()),
    };
    line(&format!("http-request {rule}{when}"))
}

/// What holds of a response once it is there; without `inspect-delay` rules are asked before that.
const OF_RESPONSE: &[&str] =
    &["{ status 200 }", "{ res.hdr(x-origin) -m found }", "{ res.hdr_cnt(x-origin) 1 }", "{ res.ver 1.1 }"];

const OF_VARIABLES: &[&str] = &[
    "{ var(txn.v) -m found }",
    "{ var(txn.w) -m int 3 }",
    "{ var(res.v) -m str 200 }",
    "WAIT_END",
    "{ src 127.0.0.1 }",
];

fn content_rule(dice: &mut Dice) -> String {
    let var = dice.pick(&["txn.v", "txn.w", "res.v"]);
    let value = dice.pick(&["status", "res.hdr(x-origin)", "int(3)", "var(txn.v)", "res.hdr_cnt(x)"]);
    let when = match dice.roll(4) {
        0 => String::new(),
        1 => format!(" {} {}", dice.pick(&["if", "unless"]), dice.pick(OF_VARIABLES)),
        _ => format!(" {} {}", dice.pick(&["if", "if", "unless"]), dice.pick(OF_RESPONSE)),
    };
    // none rejects and none asks for `res.len`: HAProxy tells the size of what has come by then
    line(&match dice.roll(8) {
        0 => "tcp-response inspect-delay 200ms".to_owned(),
        1 => format!("tcp-response content accept{when}"),
        2 => format!("tcp-response content unset-var({var}){when}"),
        3 => format!("http-response set-header x-v '%[var({var})]'{when}"),
        _ => format!("tcp-response content set-var({var}) {value}{when}"),
    })
}
