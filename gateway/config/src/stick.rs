//! Stick tables across sections: that each name has one table, and that what names a table finds it, with keys of its
//! type.

use std::collections::HashMap;

use expr::{Purpose, TableUse};
use lang::{Diagnostic, Diagnostics, Span, suggest};
use table::{Data, Kind, Store};

use crate::cfg::peers::Draft as Peers;
use crate::draft::{Named, Proxy};
use crate::judge::kind_in_words;
use crate::model::StickTable;

/// Judges the tables of all sections and what uses them; tables by which servers are remembered store servers.
pub(crate) fn judge(proxies: &mut [Proxy], peers: &mut [Named<Peers>], notes: &mut Diagnostics) {
    let mut kinds = names(proxies, notes);
    let shared = peers.iter().flat_map(|section| &section.body.tables);
    kinds.extend(shared.map(|table| (table.spec.name.clone(), table.spec.kind)));
    for proxy in &*proxies {
        for (span, one) in &proxy.settings.rules.tables {
            check(proxy, *span, one, &kinds, notes);
        }
        later(proxy, notes);
    }
    let sticky: Vec<String> =
        proxies.iter().flat_map(|proxy| &proxy.stick_rules).map(|rule| rule.table.clone()).collect();
    let own = proxies.iter_mut().filter_map(|proxy| proxy.stick_table.as_mut()).map(|(_, table)| table);
    let shared = peers.iter_mut().flat_map(|section| &mut section.body.tables);
    for table in own.chain(shared) {
        if sticky.contains(&table.spec.name) {
            remember_servers(table);
        }
    }
}

/// The type of each table.
fn names(proxies: &[Proxy], notes: &mut Diagnostics) -> HashMap<String, Kind> {
    let mut known: HashMap<&str, (&Proxy, &StickTable)> = HashMap::new();
    for proxy in proxies {
        let Some((span, table)) = &proxy.stick_table else { continue };
        let name = proxy.name.as_str();
        if let Some((other, first)) = known.get(name) {
            let (kind, place) = (kind_in_words(other), &first.place);
            notes.alert(
                *span,
                format!(
                    "stick-table name '{name}' conflicts with table declared in {kind} '{name}' at {place}."
                ),
            );
            continue;
        }
        known.insert(name, (proxy, table));
    }
    known.into_iter().map(|(name, (_, table))| (name.to_owned(), table.spec.kind)).collect()
}

fn check(proxy: &Proxy, span: Span, one: &TableUse, kinds: &HashMap<String, Kind>, notes: &mut Diagnostics) {
    let TableUse { table, by, purpose } = one;
    let name = &proxy.name;
    let Some(kind) = kinds.get(table) else {
        let message = match purpose {
            Purpose::Read => format!("unable to find table '{table}' referenced in {by} in proxy '{name}'."),
            Purpose::Track(_) => {
                format!("Proxy '{name}': unable to find table '{table}' referenced by {by}.")
            }
            Purpose::Stick(_) => format!("Proxy '{name}': unable to find stick-table '{table}'."),
        };
        let mut names: Vec<&str> = kinds.keys().map(String::as_str).collect();
        names.sort_unstable();
        let meant = suggest::nearest(table, names).map(str::to_owned);
        return notes.push(Diagnostic::alert(span, message).suggest(meant));
    };
    match purpose {
        Purpose::Track(sample) if !expr::can_be_key(*sample, *kind) => {
            let message = format!(
                "Proxy '{name}': stick-table '{table}' uses a type incompatible with the '{by}' rule."
            );
            notes.alert(span, message);
        }
        Purpose::Stick(sample) if !expr::can_be_key(*sample, *kind) => {
            let message =
                format!("Proxy '{name}': type of fetch not usable with type of stick-table '{table}'.");
            notes.alert(span, message);
        }
        Purpose::Read | Purpose::Track(_) | Purpose::Stick(_) => {}
    }
}

/// What is understood of a table and nothing acts on yet: all that is about other processes.
fn later(proxy: &Proxy, notes: &mut Diagnostics) {
    let Some((span, table)) = &proxy.stick_table else { return };
    let hint = "remove the word: the table is this process' own, and survives reloads";
    for (there, word) in [
        (table.peers.is_some(), "peers"),
        (table.write_to.is_some(), "write-to"),
        (table.recv_only, "recv-only"),
    ] {
        if there {
            notes.push(Diagnostic::not_yet(*span, format_args!("'stick-table … {word}'")).hint(hint));
        }
    }
}

fn remember_servers(table: &mut StickTable) {
    for data in [Data::ServerId, Data::ServerKey] {
        if table.spec.store.iter().all(|store| store.data != data) {
            table.spec.store.push(Store { data, count: 1, period: 0 });
        }
    }
    table.spec.store.sort_by_key(|store| store.data);
}
