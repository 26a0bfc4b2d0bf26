//! Proxies, servers and sockets: what they are at and what is set for them (configuration.txt 7.3.2, 7.3.3).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Kind};
use crate::{Figure, Named, Phases, Subject, Type, Value};

const BACKEND: &[Kind] = &[Kind::Subject(Named::Backend)];
const FRONTEND: &[Kind] = &[Kind::Subject(Named::Frontend)];
const SERVER: &[Kind] = &[Kind::Subject(Named::Server)];
const HERE: &Subject = &Subject { proxy: None, server: None };

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("avg_queue", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::AverageQueue, v)).takes(BACKEND, 1).example("avg_queue(app)", "0"),
    fetch("be_conn", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::BackendConnections, v)).takes(BACKEND, 1).example("be_conn(app)", "1"),
    fetch("be_conn_free", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::BackendFree, v)).takes(BACKEND, 1).example("be_conn_free(app)", "-1"),
    fetch("be_sess_rate", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::BackendRate, v)).takes(BACKEND, 1).example("be_sess_rate(app)", "4"),
    fetch("connslots", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::Slots, v)).takes(BACKEND, 1).example("connslots(app)", "-1"),
    fetch("nbsrv", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::ServersUp, v)).takes(BACKEND, 1).example("nbsrv(app)", "1"),
    fetch("queue", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::Queue, v)).takes(BACKEND, 1).example("queue(app)", "0"),
    fetch("fe_conn", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::FrontendConnections, v)).takes(FRONTEND, 1).example("fe_conn(www)", "1"),
    fetch("fe_req_rate", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::RequestRate, v)).takes(FRONTEND, 1).example("fe_req_rate(www)", "7"),
    fetch("fe_sess_rate", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::FrontendRate, v)).takes(FRONTEND, 1).example("fe_sess_rate(www)", "8"),
    fetch("srv_conn", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::ServerConnections, v)).takes(SERVER, 1).example("srv_conn(app/s1)", "0"),
    fetch("srv_conn_free", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::ServerFree, v)).takes(SERVER, 1).example("srv_conn_free(app/s1)", "-1"),
    fetch("srv_is_up", Type::Bool, Phases::INTERNAL, up).takes(SERVER, 1).example("srv_is_up(app/s1)", "1"),
    fetch("srv_iweight", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::InitialWeight, v)).takes(SERVER, 1).example("srv_iweight(app/s1)", "1"),
    fetch("srv_uweight", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::UserWeight, v)).takes(SERVER, 1).example("srv_uweight(app/s1)", "1"),
    fetch("srv_weight", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::Weight, v)).takes(SERVER, 1).example("srv_weight(app/s1)", "1"),
    fetch("srv_queue", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::ServerQueue, v)).takes(SERVER, 1).example("srv_queue(app/s1)", "0"),
    fetch("srv_sess_rate", Type::Int, Phases::INTERNAL, |r, v| figure(r, Figure::ServerRate, v)).takes(SERVER, 1).example("srv_sess_rate(app/s1)", "15"),
    fetch("dst_conn", Type::Int, Phases::CONNECTION, |r, v| here(r, Figure::SocketConnections, v)).example("dst_conn", "1"),
    fetch("fe_client_timeout", Type::Int, Phases::CONNECTION, |r, v| here(r, Figure::ClientTimeout, v)).example("fe_client_timeout", "5000"),
    fetch("be_server_timeout", Type::Int, Phases::BACKEND, |r, v| here(r, Figure::ServerTimeout, v)).example("be_server_timeout", "5000"),
    fetch("be_tunnel_timeout", Type::Int, Phases::BACKEND, |r, v| here(r, Figure::TunnelTimeout, v)).example("be_tunnel_timeout", "0"),
    fetch("cur_server_timeout", Type::Int, Phases::BACKEND, |r, v| here(r, Figure::CurrentServerTimeout, v)).example("cur_server_timeout", "5000"),
    fetch("cur_tunnel_timeout", Type::Int, Phases::BACKEND, |r, v| here(r, Figure::CurrentTunnelTimeout, v)).example("cur_tunnel_timeout", "0"),
    fetch("fe_defbe", Type::Str, Phases::CONNECTION, |r, v| one(r.txn.default_backend().map(|name| Value::text(name.as_bytes())), v)).example("fe_defbe", "app"),
];

fn figure<'a>(request: &Request<'a>, figure: Figure, visit: Visit<'_, 'a>) {
    let of = arg::subject(request.args, 0).unwrap_or(HERE);
    one(request.txn.figure(figure, of).map(Value::Int), visit);
}

fn here<'a>(request: &Request<'a>, figure: Figure, visit: Visit<'_, 'a>) {
    one(request.txn.figure(figure, HERE).map(Value::Int), visit);
}

fn up<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    figure(request, Figure::ServerUp, &mut |value| visit(Value::Bool(value != Value::Int(0))));
}

#[cfg(test)]
mod tests {
    use crate::world::scope_at;
    use crate::{Expr, Named, Phase};

    #[test]
    fn names_are_noted_for_whoever_knows_the_sections() {
        let scope = scope_at(Phase::HttpRequest);
        for text in ["nbsrv(b)", "fe_conn", "srv_conn(b/s)", "srv_conn(s)"] {
            Expr::parse_text(text, &scope).unwrap_or_else(|bad| panic!("{text}: {}", bad.why));
        }
        let noted = scope.vars.borrow().mentions.clone();
        let shown: Vec<_> = noted
            .iter()
            .map(|it| (it.what, it.subject.proxy.as_deref(), it.subject.server.as_deref(), &*it.keyword))
            .collect();
        assert_eq!(
            shown,
            [
                (Named::Backend, Some("b"), None, "sample fetch keyword 'nbsrv' in http-request expression"),
                (Named::Frontend, None, None, "sample fetch keyword 'fe_conn' in http-request expression"),
                (
                    Named::Server,
                    Some("b"),
                    Some("s"),
                    "sample fetch keyword 'srv_conn' in http-request expression"
                ),
                (
                    Named::Server,
                    None,
                    Some("s"),
                    "sample fetch keyword 'srv_conn' in http-request expression"
                ),
            ]
        );
    }
}
