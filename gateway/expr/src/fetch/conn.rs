//! The client's connection (configuration.txt 7.3.3).

use std::net::IpAddr;

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("src", Type::Ip, Phases::ALL, source).aliases(&["fc_src"]).example("src", "192.0.2.7"),
    fetch("src_port", Type::Int, Phases::ALL, source_port).aliases(&["fc_src_port"]).example("src_port", "40000"),
    fetch("dst", Type::Ip, Phases::ALL, destination).aliases(&["fc_dst"]).example("dst", "198.51.100.1"),
    fetch("dst_port", Type::Int, Phases::ALL, destination_port).aliases(&["fc_dst_port"]).example("dst_port", "443"),
    fetch("so_id", Type::Int, Phases::ALL, listener_id).example("so_id", "1"),
    fetch("so_name", Type::Str, Phases::ALL, listener_name).example("so_name", "sock-1"),
];

fn source<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(address(request.txn.source()), visit);
}

fn destination<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(address(request.txn.destination()), visit);
}

/// A client of a socket for both families is an IPv4 client if its address is one in disguise.
fn address<'a>(ip: Option<IpAddr>) -> Option<Value<'a>> {
    ip.map(|ip| Value::Ip(ip.to_canonical()))
}

fn source_port<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    port(request.txn.source_port(), visit);
}

fn destination_port<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    port(request.txn.destination_port(), visit);
}

fn port<'a>(port: Option<u16>, visit: Visit<'_, 'a>) {
    one(port.map(|port| Value::Int(port.into())), visit);
}

fn listener_id<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.listener().map(|(_, id)| Value::Int(id.into())), visit);
}

fn listener_name<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.listener().map(|(name, _)| Value::text(name.as_bytes())), visit);
}
