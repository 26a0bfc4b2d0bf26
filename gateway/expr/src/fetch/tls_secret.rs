//! What would open a client's TLS connection to others (configuration.txt 7.3.4). The secrets are there where
//! `tune.ssl.keylog` is on; nothing else here tells them. Early data is never accepted, so there is no secret of it.

use super::{Fetch, Request, Visit, fetch, one};
use crate::{Phases, Scope, Type, Value};
use lang::{Diagnostic, Span};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("ssl_fc_curve", Type::Str, Phases::SESSION, |r, v| one(r.txn.tls().map(|tls| tls.group).filter(|name| !name.is_empty()).map(|name| Value::text(name.as_bytes())), v)).since("2.9").example("ssl_fc_curve", "X25519"),
    fetch("ssl_fc_session_id", Type::Bin, Phases::SESSION, |r, v| one(r.txn.tls().map(|tls| &tls.session).filter(|id| !id.is_empty()).map(|id| Value::Bin(id[..].into())), v)).example("ssl_fc_session_id,hex", "5E55"),
    fetch("ssl_fc_session_key", Type::Bin, Phases::SESSION, |r, v| one(secret(r, "CLIENT_RANDOM").map(|key| Value::Bin(key.into())), v)).prepare(|_, scope| { warn(scope); Ok(()) }).example("ssl_fc_session_key,bytes(0,2),hex", "A5A5"),
    fetch("ssl_fc_client_handshake_traffic_secret", Type::Str, Phases::SESSION, |r, v| text(r, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", v)).example("ssl_fc_client_handshake_traffic_secret,length", "96"),
    fetch("ssl_fc_server_handshake_traffic_secret", Type::Str, Phases::SESSION, |r, v| text(r, "SERVER_HANDSHAKE_TRAFFIC_SECRET", v)).example("ssl_fc_server_handshake_traffic_secret,length", "96"),
    fetch("ssl_fc_client_traffic_secret_0", Type::Str, Phases::SESSION, |r, v| text(r, "CLIENT_TRAFFIC_SECRET_0", v)).example("ssl_fc_client_traffic_secret_0,length", "96"),
    fetch("ssl_fc_server_traffic_secret_0", Type::Str, Phases::SESSION, |r, v| text(r, "SERVER_TRAFFIC_SECRET_0", v)).example("ssl_fc_server_traffic_secret_0,length", "96"),
    fetch("ssl_fc_exporter_secret", Type::Str, Phases::SESSION, |r, v| text(r, "EXPORTER_SECRET", v)).example("ssl_fc_exporter_secret,length", "96"),
    fetch("ssl_fc_client_early_traffic_secret", Type::Str, Phases::SESSION, |_, _| ()).example("ssl_fc_client_early_traffic_secret", ""),
    fetch("ssl_fc_early_exporter_secret", Type::Str, Phases::SESSION, |_, _| ()).example("ssl_fc_early_exporter_secret", ""),
];

/// A key that is known of some connections only.
fn warn(scope: &Scope<'_>) {
    // arguments have no span: the line is told in words
    let text = format!(
        "{}: 'ssl_fc_session_key' is known of TLS 1.2 only, and only with 'tune.ssl.keylog on'",
        scope.place
    );
    scope.warn(Diagnostic::warning(Span::default(), text));
}

fn secret<'a>(request: &Request<'a>, label: &str) -> Option<&'a [u8]> {
    let secrets = &request.txn.tls()?.secrets;
    secrets.iter().find(|(known, _)| *known == label).map(|(_, secret)| secret.as_slice())
}

fn text<'a>(request: &Request<'a>, label: &str, visit: Visit<'_, 'a>) {
    let digits = |secret: &[u8]| secret.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    one(secret(request, label).map(|secret| Value::made(digits(secret).into_bytes())), visit);
}
