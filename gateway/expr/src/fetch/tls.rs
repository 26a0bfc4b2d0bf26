//! The client's TLS connection (configuration.txt 7.3.4).

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Tls, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("ssl_fc", Type::Bool, Phases::SESSION, |r, visit| one(Some(Value::Bool(r.txn.tls().is_some())), visit)).example("ssl_fc", "1"),
    fetch("ssl_fc_sni", Type::Str, Phases::SESSION, |r, visit| text(r, |tls| tls.sni.as_deref(), visit)).example("ssl_fc_sni", "www.example.com"),
    fetch("ssl_fc_has_sni", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.sni.is_some(), visit)).example("ssl_fc_has_sni", "1"),
    fetch("ssl_fc_protocol", Type::Str, Phases::SESSION, |r, visit| text(r, |tls| Some(&tls.version), visit)).example("ssl_fc_protocol", "TLSv1.3"),
    fetch("ssl_fc_cipher", Type::Str, Phases::SESSION, |r, visit| text(r, |tls| Some(&tls.cipher), visit)).example("ssl_fc_cipher", "TLS_AES_256_GCM_SHA384"),
    fetch("ssl_fc_alpn", Type::Str, Phases::SESSION, |r, visit| text(r, |tls| tls.alpn.as_deref(), visit)).example("ssl_fc_alpn", "h2"),
    fetch("ssl_fc_is_resumed", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.resumed, visit)).example("ssl_fc_is_resumed", "0"),
    fetch("ssl_fc_has_crt", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.client_certificate, visit)).example("ssl_fc_has_crt", "0"),
    fetch("ssl_c_used", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.client_certificate, visit)).example("ssl_c_used", "0"),
];

fn text<'a>(request: &Request<'a>, of: fn(&'a Tls) -> Option<&'a str>, visit: Visit<'_, 'a>) {
    one(request.txn.tls().and_then(of).map(|text| Value::text(text.as_bytes())), visit);
}

fn truth<'a>(request: &Request<'a>, of: fn(&'a Tls) -> bool, visit: Visit<'_, 'a>) {
    one(request.txn.tls().map(|tls| Value::Bool(of(tls))), visit);
}
