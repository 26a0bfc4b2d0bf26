//! `stick-table` and `stick` lines.

use table::{Data, Kind, Store};

use super::text::{self, Line, line};
use crate::model::{ServerKey, StickRule, StickTable};

/// The line of a table.
pub(super) fn table(table: &StickTable) -> Line {
    let StickTable { spec, peers, server_key, write_to, recv_only, place: _ } = table;
    let table::Spec { name: _, kind, size, expire, nopurge, store } = spec;
    let words = line(["stick-table", "type", kind.name()]);
    let words = match kind {
        Kind::Ip | Kind::Ipv6 | Kind::Integer => words,
        Kind::String(length) | Kind::Binary(length) => words.set("len", Some(length)),
    };
    let words = words
        .set("size", Some(size))
        .set("expire", expire.map(text::time))
        .flag("nopurge", *nopurge)
        .set("peers", peers.as_ref())
        .set("srvkey", (*server_key == ServerKey::Address).then_some("addr"))
        .set("write-to", write_to.as_ref())
        .flag("recv-only", *recv_only);
    let data: Vec<String> = store.iter().map(stored).collect();
    words.set("store", Some(data.join(",")).filter(|data| !data.is_empty()))
}

/// The line of a table in a `peers` section.
pub(super) fn shared(shared: &StickTable, section: &str) -> Line {
    let name = &shared.spec.name;
    let name = name.strip_prefix(section).and_then(|rest| rest.strip_prefix('/')).unwrap_or(name);
    let mut words = table(shared);
    words.words.splice(..1, line(["table", name]).words);
    words
}

/// The line of a rule, but for its condition.
pub(super) fn rule(rule: &StickRule) -> Line {
    let StickRule { matches, stores, on_response, key: _, words, table, cond: _, place: _ } = rule;
    let keyword = match (matches, stores, on_response) {
        (true, true, _) => "on",
        (true, false, _) => "match",
        (false, _, false) => "store-request",
        (false, _, true) => "store-response",
    };
    line(["stick", keyword, words]).set("table", Some(table))
}

/// One kind of data with its arguments.
fn stored(store: &Store) -> String {
    let Store { data, count, period } = store;
    let period = || format!("{period}ms");
    let name = data.name();
    match (data.is_array(), Data::is_rate(*data)) {
        (false, false) => name.to_owned(),
        (false, true) => format!("{name}({})", period()),
        (true, false) => format!("{name}({count})"),
        (true, true) => format!("{name}({count},{})", period()),
    }
}
