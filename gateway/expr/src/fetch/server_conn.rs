//! The connection with the server (configuration.txt 7.3.3, 7.3.4).

use std::net::SocketAddr;

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, ServerLink, Tls, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("bc_dst", Type::Ip, Phases::SERVER, |r, v| ip(r, |link| link.destination, v)).example("bc_dst", "203.0.113.5"),
    fetch("bc_dst_port", Type::Int, Phases::SERVER, |r, v| port(r, |link| link.destination, v)).example("bc_dst_port", "8080"),
    fetch("bc_src", Type::Ip, Phases::SERVER, |r, v| ip(r, |link| link.source, v)).example("bc_src", "198.51.100.1"),
    fetch("bc_src_port", Type::Int, Phases::SERVER, |r, v| port(r, |link| link.source, v)).example("bc_src_port", "50000"),
    fetch("bc_http_major", Type::Int, Phases::SERVER, |r, v| one(r.txn.server_link().map(|_| Value::Int(1)), v)).example("bc_http_major", "1"),
    fetch("bc_err", Type::Int, Phases::SERVER, |r, v| one(r.txn.server_link().map(|_| Value::Int(0)), v)).example("bc_err", "0"),
    fetch("bc_err_str", Type::Str, Phases::SERVER, |r, v| one(r.txn.server_link().map(|_| Value::text(b"Success")), v)).example("bc_err_str", "Success"),
    fetch("ssl_bc", Type::Bool, Phases::SERVER, |r, v| one(Some(Value::Bool(tls(r).is_some())), v)).example("ssl_bc", "1"),
    fetch("ssl_bc_alpn", Type::Str, Phases::SERVER, |r, v| text(r, |tls| tls.alpn.as_deref(), v)).example("ssl_bc_alpn", "http/1.1"),
    fetch("ssl_bc_cipher", Type::Str, Phases::SERVER, |r, v| text(r, |tls| Some(&tls.cipher), v)).example("ssl_bc_cipher", "TLS_AES_256_GCM_SHA384"),
    fetch("ssl_bc_protocol", Type::Str, Phases::SERVER, |r, v| text(r, |tls| Some(&tls.version), v)).example("ssl_bc_protocol", "TLSv1.3"),
    fetch("ssl_bc_is_resumed", Type::Bool, Phases::SERVER, |r, v| one(tls(r).map(|tls| Value::Bool(tls.resumed)), v)).example("ssl_bc_is_resumed", "0"),
    fetch("ssl_bc_alg_keysize", Type::Int, Phases::SERVER, |r, v| one(tls(r).and_then(super::tls::key_bits).map(Value::Int), v)).example("ssl_bc_alg_keysize", "256"),
    fetch("ssl_bc_use_keysize", Type::Int, Phases::SERVER, |r, v| one(tls(r).and_then(super::tls::key_bits).map(Value::Int), v)).example("ssl_bc_use_keysize", "256"),
];

type End = fn(&ServerLink) -> Option<SocketAddr>;

fn ip<'a>(request: &Request<'a>, end: End, visit: Visit<'_, 'a>) {
    let addr = request.txn.server_link().and_then(end);
    one(addr.map(|addr| Value::Ip(addr.ip().to_canonical())), visit);
}

fn port<'a>(request: &Request<'a>, end: End, visit: Visit<'_, 'a>) {
    let addr = request.txn.server_link().and_then(end);
    one(addr.map(|addr| Value::Int(addr.port().into())), visit);
}

fn tls<'a>(request: &Request<'a>) -> Option<&'a Tls> {
    request.txn.server_link()?.tls.as_ref()
}

fn text<'a>(request: &Request<'a>, of: fn(&'a Tls) -> Option<&'a str>, visit: Visit<'_, 'a>) {
    one(tls(request).and_then(of).map(|text| Value::text(text.as_bytes())), visit);
}
