//! Proxies and servers by names that are known only when a request comes (configuration.txt 7.3.1, `nbsrv`,
//! `srv_queue`).

use super::{Convert, convert};
use crate::{Figure, Subject, Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("nbsrv", Type::Str, Type::Int, |v, _, t| of_proxy(&v, t, Figure::ServersUp).map(Value::Int)).example("str(app),nbsrv", "1"),
    convert("srv_queue", Type::Str, Type::Int, |v, _, t| of_server(&v, t, Figure::ServerQueue).map(Value::Int)).example("str(app/s1),srv_queue", "0"),
    convert("srv_is_up", Type::Str, Type::Bool, |v, _, t| of_server(&v, t, Figure::ServerUp).map(|up| Value::Bool(up != 0))).since("3.0").example("str(app/s1),srv_is_up", "1"),
    convert("fe_exists", Type::Str, Type::Bool, |v, _, t| Some(Value::Bool(of_proxy(&v, t, Figure::FrontendConnections).is_some()))).since("3.4").example("str(www),fe_exists", "1"),
];

/// A figure of the proxy that a sample names; no sample where there is no such one.
fn of_proxy(value: &Value<'_>, txn: &dyn Txn, figure: Figure) -> Option<i64> {
    let name = name(value)?;
    txn.figure(figure, &Subject { proxy: Some(name), server: None })
}

/// The same of a server, `backend/server` or one of the backend at work.
fn of_server(value: &Value<'_>, txn: &dyn Txn, figure: Figure) -> Option<i64> {
    let name = name(value)?;
    let (proxy, server) = match name.split_once('/') {
        Some((proxy, server)) => (Some(proxy.to_owned()), server),
        None => (None, &*name),
    };
    txn.figure(figure, &Subject { proxy, server: Some(server.to_owned()) })
}

fn name(value: &Value<'_>) -> Option<String> {
    String::from_utf8(value.borrowed().into_text().into_owned()).ok().filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    #[test]
    fn a_name_that_nothing_has_yields_no_sample() {
        let world = World::sample();
        for (text, expected) in [
            ("str(none),nbsrv", None),
            ("str(),nbsrv", None),
            ("str(none/s1),srv_queue", None),
            ("str(s1),srv_queue", Some("0")),
            ("str(none),fe_exists", Some("0")),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }
}
