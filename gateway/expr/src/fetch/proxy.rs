//! Names and numbers of the frontend, backend and server at work (configuration.txt 7.3.2, 7.3.3).

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("fe_id", Type::Int, Phases::CONNECTION, |r, visit| one(id(r.txn.frontend()), visit)).example("fe_id", "2"),
    fetch("fe_name", Type::Str, Phases::CONNECTION, |r, visit| one(name(r.txn.frontend()), visit)).example("fe_name", "www"),
    fetch("be_id", Type::Int, Phases::BACKEND, |r, visit| one(id(r.txn.backend()), visit)).example("be_id", "3"),
    fetch("be_name", Type::Str, Phases::BACKEND, |r, visit| one(name(r.txn.backend()), visit)).example("be_name", "app"),
    fetch("srv_id", Type::Int, Phases::SERVER, |r, visit| one(id(r.txn.server()), visit)).example("srv_id", "1"),
    fetch("srv_name", Type::Str, Phases::SERVER, |r, visit| one(name(r.txn.server()), visit)).example("srv_name", "s1"),
    fetch("unique-id", Type::Str, Phases::ALL, unique_id).example("unique-id", "id-7"),
];

fn id<'a>(named: Option<(&'a str, u32)>) -> Option<Value<'a>> {
    named.map(|(_, id)| Value::Int(id.into()))
}

fn name<'a>(named: Option<(&'a str, u32)>) -> Option<Value<'a>> {
    named.map(|(name, _)| Value::text(name.as_bytes()))
}

fn unique_id<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.unique_id().map(Value::text), visit);
}
