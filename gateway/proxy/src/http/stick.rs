//! `stick` rules: a client's server is looked up in a stick table, and remembered there (configuration.txt 4.2).

use std::sync::Arc;

use config::model::StickRule;
use expr::Txn;
use table::{Data, Key, Table};
use upstream::Server;

use crate::ctx::Ctx;
use crate::message::ResponseHead;
use crate::runtime::Backend;

/// The server that a table remembers for this request; notes the keys under which its server is to be remembered.
pub(super) fn find(backend: &Backend, ctx: &mut Ctx) -> Option<Arc<Server>> {
    let rules = &backend.model().stick_rules;
    let (mut found, mut sticks) = (None, Vec::new());
    for rule in rules.iter().filter(|rule| !rule.on_response) {
        // of several rules that store in one table, the first with a key does
        if rule.stores && sticks.iter().any(|(table, _): &(Arc<Table>, Key)| table.name() == rule.table) {
            continue;
        }
        let Some((table, key)) = entry(rule, &ctx.view(None)) else { continue };
        if rule.matches && found.is_none() {
            found = look_up(backend, &table, &key, ctx);
        }
        if rule.stores {
            sticks.push((table, key));
        }
    }
    ctx.sticks = sticks;
    found
}

/// A response has come: its server is remembered under all keys that were noted, and those of the response.
pub(super) fn remember(head: &ResponseHead, ctx: &mut Ctx) {
    let (Some(backend), Some(server)) = (ctx.backend.clone(), ctx.server.clone()) else { return };
    let rules = &backend.model().stick_rules;
    if rules.is_empty() {
        return;
    }
    let mut sticks = std::mem::take(&mut ctx.sticks);
    for rule in rules.iter().filter(|rule| rule.on_response) {
        if sticks.iter().all(|(table, _)| table.name() != rule.table) {
            sticks.extend(entry(rule, &ctx.view(Some(head))));
        }
    }
    if server.line().non_stick {
        return;
    }
    let now = ctx.table_clock();
    for (table, key) in sticks {
        let name = table.name_number(&server_key(&table, &server, ctx));
        table.put(&key, now, |entry| {
            entry.set(Data::ServerId, 0, u64::from(server.id));
            entry.set(Data::ServerKey, 0, u64::from(name));
        });
    }
}

/// The table and the key of a rule, if it is to be applied and has a key.
fn entry(rule: &StickRule, txn: &dyn Txn) -> Option<(Arc<Table>, Key)> {
    if !rule.cond.as_ref().is_none_or(|cond| cond.eval(txn)) {
        return None;
    }
    let table = txn.tables()?.get(&rule.table)?;
    let key = expr::key_of(rule.key.eval(txn)?, table.kind())?;
    Some((table.clone(), key))
}

/// The server of an entry, by its name or address where that is known here, by its number otherwise.
fn look_up(backend: &Backend, table: &Table, key: &Key, ctx: &Ctx) -> Option<Arc<Server>> {
    let read = |entry: &mut table::Entry<'_>| (entry.get(Data::ServerId, 0), entry.get(Data::ServerKey, 0));
    let (id, name) = table.change(key, ctx.table_clock(), read)?;
    let servers = &backend.upstream.servers;
    let name = name.and_then(|number| table.numbered_name(number));
    let by_name = name.and_then(|name| servers.iter().find(|server| server_key(table, server, ctx) == *name));
    let by_id = || servers.iter().find(|server| id == Some(u64::from(server.id)));
    by_name.or_else(by_id).filter(|server| ctx.insistence.allows(server)).cloned()
}

/// What a table calls a server: its name, or its address and port (`srvkey addr`).
fn server_key(table: &Table, server: &Server, ctx: &Ctx) -> String {
    let route = ctx.route.as_ref();
    let by_address = route.is_some_and(|route| route.runtime.tables.is_by_address(table.name()));
    match server.address(None).filter(|_| by_address) {
        Some(address) => address.to_string(),
        None => server.name.to_string(),
    }
}
