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
    fetch("ssl_fc_alpn", Type::Str, Phases::SESSION, |r, visit| text(r, |tls| tls.alpn.as_deref(), visit)).example("ssl_fc_alpn", "http/1.1"),
    fetch("ssl_fc_is_resumed", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.resumed, visit)).example("ssl_fc_is_resumed", "0"),
    fetch("ssl_fc_has_crt", Type::Bool, Phases::SESSION, |r, visit| has_certificate(r, visit)).example("ssl_fc_has_crt", "1"),
    fetch("ssl_fc_err", Type::Int, Phases::SESSION, error).example("ssl_fc_err", "0"),
    fetch("ssl_fc_err_str", Type::Str, Phases::SESSION, error_text).example("ssl_fc_err_str", ""),
    fetch("ssl_fc_has_early", Type::Bool, Phases::SESSION, |r, visit| truth(r, |_| false, visit)).example("ssl_fc_has_early", "0"),
    fetch("ssl_fc_npn", Type::Str, Phases::SESSION, |_, _| ()).example("ssl_fc_npn", ""),
    fetch("ssl_fc_alg_keysize", Type::Int, Phases::SESSION, |r, visit| one(r.txn.tls().and_then(key_bits).map(Value::Int), visit)).example("ssl_fc_alg_keysize", "256"),
    fetch("ssl_fc_use_keysize", Type::Int, Phases::SESSION, |r, visit| one(r.txn.tls().and_then(key_bits).map(Value::Int), visit)).example("ssl_fc_use_keysize", "256"),
    fetch("ssl_c_used", Type::Bool, Phases::SESSION, |r, visit| truth(r, |tls| tls.certificate.is_some(), visit)).example("ssl_c_used", "1"),
];

/// No error, or one whose number the TLS library does not tell.
fn error<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let failed = super::conn::failure(request).0 == super::conn::TLS_FAILURE;
    let number = |tls: &Tls| tls.error.map_or_else(|| (!failed).then_some(0), |(number, _)| Some(number));
    one(request.txn.tls().and_then(number).map(Value::Int), visit);
}

fn error_text<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    text(request, |tls| tls.error.map(|(_, text)| text), visit);
}

/// Whether this very handshake brought a certificate: a session that is taken up again remembers one.
fn has_certificate<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    if request.txn.connection_failure().is_none() {
        truth(request, |tls| tls.certificate.is_some() && !tls.resumed, visit);
    }
}

/// The bits of the cipher's key, by its name; what is no AES is ChaCha20.
pub(super) fn key_bits(tls: &Tls) -> Option<i64> {
    let bits = if tls.cipher.contains("128") { 128 } else { 256 };
    (!tls.cipher.is_empty()).then_some(bits)
}

fn text<'a>(request: &Request<'a>, of: fn(&'a Tls) -> Option<&'a str>, visit: Visit<'_, 'a>) {
    one(request.txn.tls().and_then(of).map(|text| Value::text(text.as_bytes())), visit);
}

fn truth<'a>(request: &Request<'a>, of: fn(&'a Tls) -> bool, visit: Visit<'_, 'a>) {
    one(request.txn.tls().map(|tls| Value::Bool(of(tls))), visit);
}
