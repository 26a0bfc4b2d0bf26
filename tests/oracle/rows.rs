//! Every example of the tables of fetches and converters, in HAProxy and in the gateway: what the row says it yields is
//! what both send on. A new row is compared without further ado; one that HAProxy 2.6 does not know says `since`.

use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Kind, kind};
use expr::{SAMPLE_FILES, SAMPLE_REQUEST, SAMPLE_RESPONSE, Sample};
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::rows::every_example_yields_in_haproxy_what_its_row_says", every_row);
}

/// Rows that one configuration holds: each adds a header.
const CHUNK: usize = 60;

/// (table, what a row's name begins with, why its example cannot be had from a running proxy).
#[rustfmt::skip]
const APART: &[(&str, &str, &str)] = &[
    ("fetch", "ssl_", "the connection is in clear"),
    ("fetch", "req.len", "the parser's own bytes are counted"),
    ("fetch", "req.payload", "read before the request is parsed"),
    ("fetch", "date", "the clock goes on"),
    ("fetch", "hostname", "the machine's name"),
    ("fetch", "rand", "drawn anew each time"),
    ("fetch", "thread", "as the load falls"),
    ("fetch", "uuid", "drawn anew each time"),
    ("fetch", "http_auth_group", "yields the user there, and its groups are what it is compared with"),
    ("fetch", "unique-id", "its format is not configured"),
    ("fetch", "url_ip", "of a target without an address, HAProxy says 0.0.0.0"),
    ("fetch", "url_port", "of a target without an address, HAProxy says 0"),
    ("fetch", "be_sess_rate", "as many as came in the last second"),
    ("fetch", "fe_req_rate", "as many as came in the last second"),
    ("fetch", "fe_sess_rate", "as many as came in the last second"),
    ("fetch", "srv_sess_rate", "as many as came in the last second"),
    ("fetch", "fc_src", "the real connection's address"),
    ("fetch", "fc_dst", "the real connection's address"),
    ("fetch", "cur_server_timeout", "of a server that is not chosen yet"),
    ("fetch", "bc_dst", "the origin's address"),
    ("fetch", "bc_src", "a port of the system's choice"),
    ("fetch", "payload", "read before the request is parsed"),
    ("fetch", "req.rdp_cookie_cnt", "read before the request is parsed"),
    ("fetch", "res.body", "comes when it comes"),
    ("fetch", "res.len", "read before the response is parsed"),
    ("fetch", "res.payload", "read before the response is parsed"),
    ("fetch", "act_conn", "as the load is"),
    ("fetch", "accept_date", "the clock goes on"),
    ("fetch", "bc.timer", "the clock goes on"),
    ("fetch", "bytes_", "not all has come"),
    ("fetch", "fc.timer", "the clock goes on"),
    ("fetch", "req.timer", "the clock goes on"),
    ("fetch", "res.timer", "the clock goes on"),
    ("fetch", "txn.", "it has not ended"),
];

fn apart(row: &Sample) -> Option<&'static str> {
    if row.family == "table" {
        return Some("the stage has no stick table");
    }
    let found = APART.iter().find(|(table, name, _)| *table == row.table && row.name.starts_with(name));
    found.map(|(_, _, why)| *why)
}

/// How many rows a family has, and how many of them were compared with HAProxy.
#[derive(Debug, Default)]
struct Count {
    rows: usize,
    compared: usize,
    newer: usize,
}

fn every_row() {
    let mut counts: BTreeMap<(&str, &str), Count> = BTreeMap::new();
    let mut staged = Vec::new();
    for row in expr::samples() {
        let count = counts.entry((row.table, row.family)).or_default();
        count.rows += 1;
        count.newer += usize::from(row.since.is_some());
        if apart(&row).is_none() {
            count.compared += usize::from(row.since.is_none());
            staged.push(row);
        }
    }
    // the names of all headers are read before there are more
    staged.sort_by_key(|row| !row.name.contains("names"));
    let (known, newer): (Vec<_>, Vec<_>) = staged.into_iter().partition(|row| row.since.is_none());
    let mut wrong = String::new();
    for chunk in known.chunks(CHUNK) {
        judge(chunk, Kind::Haproxy, &mut wrong);
        judge(chunk, kind(), &mut wrong);
    }
    if kind() == Kind::Gateway {
        newer.chunks(CHUNK).for_each(|chunk| judge(chunk, Kind::Gateway, &mut wrong));
    }
    for ((table, family), Count { rows, compared, newer }) in &counts {
        println!("rows: {table}/{family}: {rows}, {compared} compared with HAProxy, {newer} of HAProxy 3.x");
    }
    let total = |of: fn(&Count) -> usize| counts.values().map(of).sum::<usize>();
    println!(
        "rows: {} in all, {} compared with HAProxy, {} of HAProxy 3.x",
        total(|count| count.rows),
        total(|count| count.compared),
        total(|count| count.newer)
    );
    assert!(wrong.is_empty(), "{wrong}");
}

/// Notes the rows whose examples yield something else than they say.
fn judge(rows: &[Sample], kind: Kind, wrong: &mut String) {
    for (row, value) in rows.iter().zip(yields(rows, kind)) {
        let expected = format!("<{}>", row.value);
        if value.as_deref() != Some(&expected) {
            let _ = writeln!(
                wrong,
                "{} '{}' in {kind:?}: {} yields {value:?}, the row says {expected:?}",
                row.table, row.name, row.expression
            );
        }
    }
}

/// What the examples yield, as headers at the origin or at the client.
fn yields(rows: &[Sample], kind: Kind) -> Vec<Option<String>> {
    let (mut of_frontend, mut rules) = (String::new(), String::new());
    for (number, row) in rows.iter().enumerate() {
        let set = if row.response { "http-response" } else { "http-request" };
        let text = row.expression.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$");
        // a frontend that is not named is the own one
        let rules = if row.name.starts_with("fe_") { &mut of_frontend } else { &mut rules };
        let _ = writeln!(rules, "  {set} set-header row-{number} \"<%[{text}]>\"");
    }
    let script = Script::new("", SAMPLE_RESPONSE, After::Close);
    let origin = Origin::scripted(vec![script]);
    let mut config = Config::new(format!(
        "userlist people\n  user ali insecure-password open:sesame\ndefaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
         frontend www\n  id 2\n  log 127.0.0.1:9 local0\n  option httplog\n  bind \"fd@${{IN}}\" name sock-1 accept-proxy\n  declare capture request len 4\n  declare capture response len 4\n  http-request capture str(kept) id 0\n{of_frontend}  default_backend app\n\
         backend app\n  id 3\n  http-response set-var(res.kept) str(back),capture-res(0)\n{rules}  server s1 \"${{ORIGIN}}\"\n"
    ))
    .bind("IN")
    .var("ORIGIN", origin.addr())
    .var("COLOUR", "blue");
    for (name, text) in SAMPLE_FILES {
        config = config.file(name, text);
    }
    let subject = config.in_its_directory().start_as(kind);
    let mut client = Client::connect(subject.addr("IN"));
    client.send(format!("PROXY TCP4 192.0.2.7 198.51.100.1 40000 443\r\n{SAMPLE_REQUEST}"));
    let Some(response) = client.try_response("GET") else {
        panic!("{kind:?} does not answer the sample request:\n{}\n{rules}", subject.stderr());
    };
    let request = origin.last();
    let value = |(number, row): (usize, &Sample)| {
        let message = if row.response { &response } else { &request };
        message.value(&format!("row-{number}"))
    };
    rows.iter().enumerate().map(value).collect()
}
