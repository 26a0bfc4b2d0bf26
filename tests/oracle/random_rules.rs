//! Random rule sets of every family of actions on random requests: what each rule did is seen at the origin, by the
//! client and in the log line. The same seed makes the same ones; `ORACLE_SEED=N` tries another one and
//! `ORACLE_SEEDS=N` so many. Of a set that fails, only the rules without which it does not fail are shown.

use super::exchange::Exchange;
use super::random::{Dice, seeds};
use super::suite::Suite;
use crate::support::cases::Cases;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::random_rules::request_rules_do_what_they_do_in_haproxy", || compare(REQUEST));
    cases.test("oracle::random_rules::answers_and_their_order_are_haproxys", || compare(ANSWERS));
    cases.test("oracle::random_rules::response_rules_do_what_they_do_in_haproxy", || compare(RESPONSE));
    cases.test("oracle::random_rules::maps_and_lists_change_as_in_haproxy", || compare(PATTERNS));
}

/// What makes rules, and what they stand in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family {
    pub(super) name: &'static str,
    /// Makes one rule; one with `x-back` in it, or of `tcp-response`, is the backend's.
    pub(super) rule: fn(&mut Dice) -> String,
    /// How many a set has.
    pub(super) rules: usize,
    /// Makes what a client does.
    pub(super) exchange: fn(&mut Dice) -> Exchange,
    /// Lines for `defaults`.
    pub(super) defaults: &'static str,
    /// Lines before the rules.
    pub(super) first: &'static str,
    /// Lines behind them.
    pub(super) last: &'static str,
    /// Further sections.
    pub(super) more: &'static str,
}

const fn family(name: &'static str, rule: fn(&mut Dice) -> String, rules: usize) -> Family {
    let (exchange, first) = (Dice::request as fn(&mut Dice) -> Exchange, "  declare capture request len 8\n");
    Family { name, rule, rules, exchange, defaults: "", first, last: "", more: "" }
}

const REQUEST: Family = family("random-requests", request_rule, 25);
const ANSWERS: Family = family("random-answers", answer_rule, 12);
const RESPONSE: Family = family("random-responses", response_rule, 25);
const PATTERNS: Family = family("random-patterns", pattern_rule, 15);

/// Seeds that are always tried.
const SEEDS: u64 = 5;
const REQUESTS: usize = 30;

pub(super) fn compare(family: Family) {
    for seed in seeds(SEEDS) {
        let mut dice = Dice::of(seed);
        let rules: Vec<String> = (0..family.rules).map(|_| (family.rule)(&mut dice)).collect();
        let exchanges: Vec<Exchange> = (0..REQUESTS).map(|_| (family.exchange)(&mut dice)).collect();
        let difference = difference(family, &rules, &exchanges);
        if !difference.is_empty() {
            let (rules, difference) = shrunk(family, rules, &exchanges, difference);
            panic!("{} with ORACLE_SEED={seed}:\n{}\n{difference}", family.name, rules.join("\n"));
        }
    }
}

/// The rules of a failing set without which it does not fail, and what differs then.
fn shrunk(
    family: Family,
    mut rules: Vec<String>,
    exchanges: &[Exchange],
    mut shown: String,
) -> (Vec<String>, String) {
    let mut at = 0;
    while at < rules.len() {
        let mut fewer = rules.clone();
        fewer.remove(at);
        let left = difference(family, &fewer, exchanges);
        if left.is_empty() {
            at += 1;
        } else {
            (rules, shown) = (fewer, left);
        }
    }
    (rules, shown)
}

fn difference(family: Family, rules: &[String], exchanges: &[Exchange]) -> String {
    let mut suite = Suite::new(family.name);
    let is_backs = |rule: &&String| rule.contains("x-back") || rule.contains("tcp-response");
    let lines = |backs: bool| {
        rules
            .iter()
            .filter(|rule| is_backs(rule) == backs)
            .map(|rule| format!("{rule}\n"))
            .collect::<String>()
    };
    suite.frontend = format!("{}{MAPS}{}{}", family.first, lines(false), family.last);
    (suite.backend, suite.defaults, suite.more) = (lines(true).leak(), family.defaults, family.more);
    suite.files = vec![("m.map", "/a one\n/a/b two\n/ab three\n"), ("s.lst", "/a\n/b\n")];
    suite.exchanges = exchanges.to_vec();
    suite.difference()
}

/// What maps and lists hold is seen at the origin in every family.
const MAPS: &str = "  http-request set-header x-before \"%[path,map_beg(\\\"${DIR}/m.map\\\",none)]\"\n";

/// Names of lines that rules write; `x-back` marks the rules that are the backend's.
const NAMES: &[&str] = &["x", "x", "y", "z", "x-back"];

pub(super) fn line(rule: &str) -> String {
    format!("  {rule}")
}

/// A value in a log format, quoted.
pub(super) fn format_of(dice: &mut Dice) -> String {
    match dice.roll(4) {
        0 => format!("'{}'", dice.pick(&["a", "b", "a/b", "1", "x y"])),
        1 => format!("'%[{}]'", dice.expression()),
        2 => format!("'<%[{}]-%[var(txn.v)]>'", dice.expression()),
        _ => format!("'{}%[var(txn.v)]'", dice.pick(&["v", "", "a,"])),
    }
}

/// The end of a rule of a request: a condition, most of the time.
fn when(dice: &mut Dice) -> String {
    match dice.roll(6) {
        0 => String::new(),
        1 => format!(" if {{ var(txn.v) -m {} }}", dice.pick(&["found", "str a", "beg v", "sub b", "len 1"])),
        _ => format!(" {}", dice.condition()),
    }
}

fn request_rule(dice: &mut Dice) -> String {
    let name = dice.pick(NAMES);
    let rule = match dice.roll(13) {
        0 | 1 => format!("set-header {name} {}", format_of(dice)),
        2 | 3 => format!("add-header {name} {}", format_of(dice)),
        4 => format!("del-header {name}{}", dice.pick(&["", " -m beg", " -m end", " -m sub"])),
        5 => format!("replace-header {name} {} '{}'", dice.regex(), dice.pick(&["<\\\\0>", "n", "a\\\\0"])),
        6 => format!("replace-value {name} {} '{}'", dice.regex(), dice.pick(&["<\\\\0>", "n", "a\\\\0"])),
        7 | 8 => format!("set-var(txn.v) {}", dice.expression()),
        9 => "unset-var(txn.v)".to_owned(),
        10 => format!("set-var-fmt(txn.v) {}", format_of(dice)),
        11 => target_rule(dice),
        _ => format!("capture {} len {}", dice.expression(), 1 + dice.roll(9)),
    };
    let rule = if rule.starts_with("capture") && rule.contains("x-back") { "allow".to_owned() } else { rule };
    line(&format!("http-request {rule}{}", when(dice)))
}

fn target_rule(dice: &mut Dice) -> String {
    match dice.roll(6) {
        0 => format!("set-path {}", dice.pick(&["/n", "/a/b", "/x%[path]"])),
        1 => format!("set-query {}", dice.pick(&["q=n", "q=%[path,length]"])),
        2 => format!("set-pathq {}", dice.pick(&["/n?q=1", "/n", "/a%[pathq]"])),
        3 => format!("set-uri {}", dice.pick(&["/n?q=1", "/a%[path]"])),
        4 => format!("set-method {}", dice.pick(&["GET", "POST", "PUT"])),
        _ => format!("replace-path {} /{}", dice.regex(), dice.pick(&["n", "r\\\\0"])),
    }
}

/// Rules that end a set, among some that only leave their mark.
fn answer_rule(dice: &mut Dice) -> String {
    let rule = match dice.roll(14) {
        0 => format!("deny deny_status {}", dice.pick(&["400", "403", "404", "429", "500", "503"])),
        1 => "deny".to_owned(),
        2..=4 => redirect(dice),
        5 => "return status 200 content-type text/plain string ok hdr X-A a".to_owned(),
        6 => format!(
            "return status {} content-type text/plain lf-string {}",
            dice.pick(&["200", "404", "503"]),
            format_of(dice)
        ),
        7 => format!("return status 200 hdr X-A {}", format_of(dice)),
        8 => "allow".to_owned(),
        9 => return line(&format!("tcp-request content accept{}", when(dice))),
        10 => return line(&format!("http-after-response {}", head_rule(dice))),
        11 => {
            return line(&format!("http-after-response set-status {}{}", 200 + dice.roll(300), status(dice)));
        }
        _ => return request_rule(dice),
    };
    // without a condition nothing behind it would be seen
    line(&format!("http-request {rule} {}", dice.condition()))
}

/// A redirect in any form.
fn redirect(dice: &mut Dice) -> String {
    let to = match dice.roll(5) {
        0 => "location /l%[path,length]".to_owned(),
        1 => format!("location {} ignore-empty", format_of(dice)),
        2 => format!("prefix {}", dice.pick(&["/", "/p", "http://o.example", "'%[query]'"])),
        3 => format!("scheme {}", dice.pick(&["https", "'%[var(txn.v)]'"])),
        _ => format!("location '{}'", dice.pick(&["/x?y", "%[path]?%[query]"])),
    };
    let code = dice.pick(&["", "", " code 301", " code 302", " code 303", " code 307", " code 308"]);
    let options = [
        dice.pick(&["", "", " drop-query"]),
        dice.pick(&["", "", " append-slash"]),
        dice.pick(&["", "", " set-cookie A=1", " clear-cookie A", " clear-cookie A="]),
    ];
    format!("redirect {to}{code}{}", options.concat())
}

/// The end of a rule of a response.
pub(super) fn status(dice: &mut Dice) -> String {
    let cond = match dice.roll(7) {
        0 => return String::new(),
        1 => "status 200".to_owned(),
        2 => "status ge 300".to_owned(),
        3 => format!("res.hdr(x) -m {}", dice.pick(&["found", "str a", "beg a", "sub b"])),
        4 => "var(txn.v) -m found".to_owned(),
        5 => format!("capture.req.uri -m {}", dice.pick(&["beg /a", "sub b", "end /"])),
        _ => "capture.req.method GET".to_owned(),
    };
    format!(" {} {{ {cond} }}", dice.pick(&["if", "if", "unless"]))
}

fn head_rule(dice: &mut Dice) -> String {
    let name = dice.pick(NAMES);
    let value = dice.pick(&[
        "a",
        "'%[status]'",
        "'<%[res.hdr(x)]>'",
        "'%[var(txn.v)]'",
        "'%[res.hdr(x,1),upper]'",
        "'a,b'",
    ]);
    let rule = match dice.roll(6) {
        0 | 1 => format!("set-header {name} {value}"),
        2 => format!("add-header {name} {value}"),
        3 => format!("del-header {name}"),
        4 => format!("replace-header {name} {} n", dice.regex()),
        _ => format!("replace-value {name} {} n", dice.regex()),
    };
    format!("{rule}{}", status(dice))
}

fn response_rule(dice: &mut Dice) -> String {
    let set = dice.pick(&["http-response", "http-response", "http-after-response"]);
    let rule = match dice.roll(12) {
        0 => format!("set-status {}{}", 200 + dice.roll(300), status(dice)),
        1 => format!("set-var(txn.v) res.hdr(x){}", status(dice)),
        2 => format!("set-var(txn.v) status,add(1){}", status(dice)),
        3 => return line(&format!("http-request set-var(txn.v) {}", dice.expression())),
        4 if dice.roll(3) == 0 => format!("allow if {{ res.hdr(x) {} }}", dice.pick(&["a", "b"])),
        5 if dice.roll(3) == 0 => {
            return line(&format!(
                "http-response deny deny_status 503 if {{ capture.req.uri -m sub {} }}",
                dice.pick(&["c", "q"])
            ));
        }
        6 if dice.roll(3) == 0 => {
            return line(&format!(
                "http-response return status 404 content-type text/plain string no hdr X-N n if {{ capture.req.uri -m sub {} }}",
                dice.pick(&["A", "ab"])
            ));
        }
        7 => return line(&format!("http-request add-header {} {}", dice.pick(NAMES), format_of(dice))),
        _ => head_rule(dice),
    };
    line(&format!("{set} {rule}"))
}

fn pattern_rule(dice: &mut Dice) -> String {
    let key = dice.pick(&["%[path]", "%[req.hdr(x)]", "/a"]);
    let rule = match dice.roll(8) {
        0 | 1 => format!("set-map(\"${{DIR}}/m.map\") {key} {}", format_of(dice)),
        2 => format!("del-map(\"${{DIR}}/m.map\") {key}"),
        3 => format!("add-acl(\"${{DIR}}/s.lst\") {key}"),
        4 => format!("del-acl(\"${{DIR}}/s.lst\") {key}"),
        5 => return line("http-request add-header x-listed 1 if { path -f \"${DIR}/s.lst\" }"),
        _ => return line("http-request add-header x-now \"%[path,map_beg(\\\"${DIR}/m.map\\\",none)]\""),
    };
    line(&format!("http-request {rule} {}", dice.condition()))
}
