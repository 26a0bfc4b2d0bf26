//! Every example of the tables of fetches, converters, matchers and criteria, in HAProxy and in the gateway: what the row
//! says it yields is what both yield, and a test holds where it says so. A new row is compared without further ado; one that HAProxy 2.6 does not know says `since`.

mod actions;
mod layer4;
mod stage;

use crate::support::cases::Cases;
use crate::support::subject::{Kind, kind};
use expr::Sample;
use std::collections::BTreeMap;
use std::fmt::Write as _;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("oracle::rows::every_action_does_in_haproxy_what_its_row_says", actions::every_row);
    cases.test("oracle::rows::every_example_yields_in_haproxy_what_its_row_says", every_row);
}

/// Rows that one configuration holds: each adds a header.
const CHUNK: usize = 60;

/// Rows whose values are never twice the same, and why: the shape of a value is compared, digits apart.
#[rustfmt::skip]
const CHANGING: &[(&str, &str)] = &[
    ("date", "the clock goes on"),
    ("rand", "drawn anew each time"),
    ("thread", "as the load falls"),
    ("uuid", "drawn anew each time"),
    ("be_sess_rate", "as many as came in the last second"),
    ("fe_req_rate", "as many as came in the last second"),
    ("fe_sess_rate", "as many as came in the last second"),
    ("srv_sess_rate", "as many as came in the last second"),
    ("fc_src", "the real connection's address"),
    ("fc_dst", "the real connection's address"),
    ("bc_dst", "the origin's address"),
    ("bc_src", "a port of the system's choice"),
    ("fc_rtt", "as the network is"),
    ("fc_unacked", "as the network is"),
    ("fc_sacked", "as the network is"),
    ("fc_lost", "as the network is"),
    ("fc_retrans", "as the network is"),
    ("fc_fackets", "as the network is"),
    ("fc_reordering", "as the network is"),
    ("bc_rtt", "as the network is"),
    ("table_expire", "the clock goes on"),
    ("table_idle", "the clock goes on"),
    ("ssl_fc_client_random", "drawn anew each time"),
    ("act_conn", "as the load is"),
    ("accept_date", "the clock goes on"),
    ("request_date", "the clock goes on"),
    ("bc.timer", "the clock goes on"),
    ("bytes_", "not all has come"),
    ("fc.timer", "the clock goes on"),
    ("req.timer", "the clock goes on"),
    ("res.timer", "the clock goes on"),
    ("txn.timer", "the clock goes on"),
];

/// Rows whose examples cannot be had from a running proxy, and why.
#[rustfmt::skip]
const APART: &[(&str, &str)] = &[
    ("txn.", "it has not ended"),
    ("ssl_fc_session_id", "it is known of TLS 1.2, and the client here speaks TLS 1.3"),
    ("ssl_fc_session_key", "it is known of TLS 1.2, and the client here speaks TLS 1.3"),
];

/// What a row's example needs around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Place {
    /// A request in clear.
    Clear,
    /// The same, and stick tables.
    Tables,
    /// The same, in a run of its own: it changes what others read.
    Alone,
    /// TLS with the client.
    Tls,
    /// TLS with the server.
    ServerTls,
    /// Bytes that nobody parses, in `mode tcp`.
    Bytes,
}

fn place(row: &Sample) -> Place {
    let changes = ["clr_", "inc_", "updt_"].iter().any(|part| row.name.contains(part));
    match (row.table, row.family) {
        (_, "table") if changes => Place::Alone,
        (_, "table") => Place::Tables,
        ("fetch", _) if row.name.starts_with("ssl_bc") || row.name.starts_with("ssl_s_") => Place::ServerTls,
        ("fetch" | "criterion", _) if row.name.starts_with("ssl_") => Place::Tls,
        ("fetch" | "criterion", "payload" | "rdp" | "hello") => Place::Bytes,
        _ => Place::Clear,
    }
}

fn named<'a>(list: &'a [(&str, &str)], row: &Sample) -> Option<&'a str> {
    let found = list.iter().find(|(name, _)| row.table == "fetch" && row.name.starts_with(name));
    found.or_else(|| list.iter().find(|(name, _)| row.name == *name)).map(|(_, why)| *why)
}

/// What is compared of a value.
fn told(row: &Sample, value: &str) -> String {
    match (row.name, named(CHANGING, row)) {
        ("hostname", _) => value.replace(&this_host(), row.value),
        (_, Some(_)) => shape(value),
        (_, None) => value.to_owned(),
    }
}

/// A text with one digit for every run of hexadecimal ones.
fn shape(text: &str) -> String {
    let mut shape = String::new();
    for c in text.chars() {
        match c.is_ascii_hexdigit() {
            true if shape.ends_with('0') => {}
            true => shape.push('0'),
            false => shape.push(c),
        }
    }
    shape
}

fn this_host() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned()
}

/// How many rows a family has, and how many of them were compared with HAProxy.
#[derive(Debug, Default)]
struct Count {
    rows: usize,
    compared: usize,
    shapes: usize,
    newer: usize,
}

fn every_row() {
    let mut counts: BTreeMap<(&str, &str), Count> = BTreeMap::new();
    let mut places: BTreeMap<Place, Vec<Sample>> = BTreeMap::new();
    for row in expr::samples() {
        let count = counts.entry((row.table, row.family)).or_default();
        count.rows += 1;
        count.newer += usize::from(row.since.is_some());
        if named(APART, &row).is_none() {
            let exact = named(CHANGING, &row).is_none();
            count.compared += usize::from(row.since.is_none() && exact);
            count.shapes += usize::from(row.since.is_none() && !exact);
            places.entry(place(&row)).or_default().push(row);
        }
    }
    let mut wrong = String::new();
    for (place, rows) in places {
        judge_place(place, rows, &mut wrong);
    }
    report(&counts);
    assert!(wrong.is_empty(), "{wrong}");
}

fn report(counts: &BTreeMap<(&str, &str), Count>) {
    for ((table, family), Count { rows, compared, shapes, newer }) in counts {
        println!(
            "rows: {table}/{family}: {rows}, {compared} compared with HAProxy, {shapes} in shape, {newer} of later HAProxy"
        );
    }
    let total = |of: fn(&Count) -> usize| counts.values().map(of).sum::<usize>();
    println!(
        "rows: {} in all, {} compared with HAProxy, {} in shape, {} of later HAProxy",
        total(|count| count.rows),
        total(|count| count.compared),
        total(|count| count.shapes),
        total(|count| count.newer)
    );
}

fn judge_place(place: Place, mut rows: Vec<Sample>, wrong: &mut String) {
    // the names of all headers are read before there are more
    rows.sort_by_key(|row| !row.name.contains("names"));
    let (known, newer): (Vec<_>, Vec<_>) = rows.into_iter().partition(|row| row.since.is_none());
    let size = if place == Place::Alone { 1 } else { CHUNK };
    for chunk in known.chunks(size) {
        judge(place, chunk, Kind::Haproxy, wrong);
        if kind() == Kind::Gateway {
            judge(place, chunk, Kind::Gateway, wrong);
        }
    }
    if kind() == Kind::Gateway {
        newer.chunks(size).for_each(|chunk| judge(place, chunk, Kind::Gateway, wrong));
    }
}

/// What the gateway says of a place that it does not have yet: the values of such rows are those of the examples' world.
const NOT_YET: &str = "not supported yet";

/// Notes the rows whose examples yield something else than they say.
fn judge(place: Place, rows: &[Sample], kind: Kind, wrong: &mut String) {
    let values = match place {
        Place::Bytes => layer4::yields(rows, kind),
        _ => stage::yields(place, rows, kind),
    };
    let Some(values) = values else { return };
    for (row, value) in rows.iter().zip(values) {
        let expected = told(row, &format!("<{}>", row.value));
        if value.as_deref().map(|value| told(row, value)) != Some(expected.clone()) {
            let _ = writeln!(
                wrong,
                "{} '{}' in {kind:?}: {} yields {value:?}, the row says {expected:?}",
                row.table, row.name, row.expression
            );
        }
    }
}

/// An expression as a word in double quotes has it.
fn quoted(row: &Sample) -> String {
    row.expression.replace('\\', "\\\\").replace('"', "\\\"").replace('$', "\\$")
}
