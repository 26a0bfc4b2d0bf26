//! The client's connection (configuration.txt 7.3.3).

use std::net::{IpAddr, SocketAddr};

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Txn, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("src", Type::Ip, Phases::CLIENT, |r, v| one(address(r.txn.source()), v)).example("src", "192.0.2.7"),
    fetch("src_port", Type::Int, Phases::CLIENT, |r, v| one(port(r.txn.source_port()), v)).example("src_port", "40000"),
    fetch("src_is_local", Type::Bool, Phases::CLIENT, |r, v| one(local(r, r.txn.source()), v)).example("src_is_local", "0"),
    fetch("dst", Type::Ip, Phases::CLIENT, |r, v| one(address(r.txn.destination()), v)).example("dst", "198.51.100.1"),
    fetch("dst_port", Type::Int, Phases::CLIENT, |r, v| one(port(r.txn.destination_port()), v)).example("dst_port", "443"),
    fetch("dst_is_local", Type::Bool, Phases::CLIENT, |r, v| one(local(r, r.txn.destination()), v)).example("dst_is_local", "0"),
    fetch("fc_src", Type::Ip, Phases::CLIENT, |r, v| one(address(ip(r, source)), v)).example("fc_src", "192.0.2.7"),
    fetch("fc_src_port", Type::Int, Phases::CLIENT, |r, v| one(port(source(r.txn).map(|addr| addr.port())), v)).example("fc_src_port", "40000"),
    fetch("fc_src_is_local", Type::Bool, Phases::CLIENT, |r, v| one(local(r, ip(r, source)), v)).example("fc_src_is_local", "0"),
    fetch("fc_dst", Type::Ip, Phases::CLIENT, |r, v| one(address(ip(r, destination)), v)).example("fc_dst", "198.51.100.1"),
    fetch("fc_dst_port", Type::Int, Phases::CLIENT, |r, v| one(port(destination(r.txn).map(|addr| addr.port())), v)).example("fc_dst_port", "443"),
    fetch("fc_dst_is_local", Type::Bool, Phases::CLIENT, |r, v| one(local(r, ip(r, destination)), v)).example("fc_dst_is_local", "0"),
    fetch("fc_err", Type::Int, Phases::CLIENT, |r, v| one(Some(Value::Int(failure(r).0)), v)).example("fc_err", "0"),
    fetch("fc_err_str", Type::Str, Phases::CLIENT, |r, v| one(Some(Value::text(failure(r).1.as_bytes())), v)).example("fc_err_str", "Success"),
    fetch("fc_http_major", Type::Int, Phases::CLIENT, http_major).example("fc_http_major", "1"),
    fetch("fc_pp_authority", Type::Str, Phases::CLIENT, |r, v| one(r.txn.proxy_line().and_then(|line| line.authority.as_deref()).map(Value::text), v)).example("fc_pp_authority", "pp.example.com"),
    fetch("fc_pp_unique_id", Type::Str, Phases::CLIENT, |r, v| one(r.txn.proxy_line().and_then(|line| line.unique_id.as_deref()).map(Value::text), v)).example("fc_pp_unique_id", "pp-7"),
    fetch("fc_rcvd_proxy", Type::Bool, Phases::CLIENT, |r, v| one(Some(Value::Bool(r.txn.proxied())), v)).example("fc_rcvd_proxy", "1"),
    fetch("so_id", Type::Int, Phases::CONNECTION, listener_id).example("so_id", "1"),
    fetch("so_name", Type::Str, Phases::CONNECTION, listener_name).example("so_name", "sock-1"),
];

/// What HAProxy numbers of what may become of a connection here (`fc_err_str` in the manual).
const FAILURES: &[(i64, &str)] = &[
    (0, "Success"),
    (11, "Connection closed while waiting for PROXY protocol header"),
    (12, "Connection error while waiting for PROXY protocol header"),
    (13, "Timeout while waiting for PROXY protocol header"),
    (14, "Truncated PROXY protocol header received"),
    (15, "Received something which does not look like a PROXY protocol header"),
    (16, "Received an invalid PROXY protocol header"),
    (17, "Received an unhandled protocol in the PROXY protocol header"),
    (18, "Connection closed while waiting for NetScaler Client IP header"),
    (19, "Connection error while waiting for NetScaler Client IP header"),
    (20, "Timeout while waiting for a NetScaler Client IP header"),
    (21, "Truncated NetScaler Client IP header received"),
    (22, "Received an invalid NetScaler Client IP magic number"),
    (23, "Received an unhandled protocol in the NetScaler Client IP header"),
    (24, "Connection closed during SSL handshake"),
    (25, "Connection error during SSL handshake"),
    (26, "Timeout during SSL handshake"),
    (30, "SSL client CA chain cannot be verified"),
    (31, "SSL client certificate not trusted"),
    (TLS_FAILURE, "SSL handshake failure"),
];

/// The TLS library has its own number for what went wrong.
pub(super) const TLS_FAILURE: i64 = 34;

/// The number and the words of what became of the client's connection.
pub(super) fn failure<'a>(request: &Request<'a>) -> (i64, &'a str) {
    let text = request.txn.connection_failure().unwrap_or("Success");
    FAILURES.iter().find(|(_, known)| *known == text).map_or((0, text), |(number, _)| (*number, text))
}

type End = fn(&dyn Txn) -> Option<SocketAddr>;

fn source(txn: &dyn Txn) -> Option<SocketAddr> {
    txn.connection_source()
}

fn destination(txn: &dyn Txn) -> Option<SocketAddr> {
    txn.connection_destination()
}

fn ip(request: &Request<'_>, end: End) -> Option<IpAddr> {
    end(request.txn).map(|addr| addr.ip())
}

/// A client of a socket for both families is an IPv4 client if its address is one in disguise.
fn address<'a>(ip: Option<IpAddr>) -> Option<Value<'a>> {
    ip.map(|ip| Value::Ip(ip.to_canonical()))
}

fn port<'a>(port: Option<u16>) -> Option<Value<'a>> {
    port.map(|port| Value::Int(port.into()))
}

fn local<'a>(request: &Request<'a>, ip: Option<IpAddr>) -> Option<Value<'a>> {
    ip.map(|ip| Value::Bool(request.txn.is_local(ip.to_canonical())))
}

/// HTTP/2 is 2, all else is 1.
fn http_major<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let two = request.txn.version().is_some_and(|(major, _)| major == 2);
    one(Some(Value::Int(if two { 2 } else { 1 })), visit);
}

fn listener_id<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.listener().map(|(_, id)| Value::Int(id.into())), visit);
}

fn listener_name<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let name = request.txn.listener().map(|(name, _)| name).filter(|name| !name.is_empty());
    one(name.map(|name| Value::text(name.as_bytes())), visit);
}
