//! What the kernel knows of the client's connection, and of the server's (configuration.txt 7.3.3).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, TcpInfo, Type, Value};

const UNIT: &[Kind] = &[Kind::Str];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("fc_rtt", Type::Int, Phases::CLIENT, |r, v| time(r, |info| info.rtt, v)).takes(UNIT, 0).prepare(|args, _| unit(args)).example("fc_rtt(us)", "1500"),
    fetch("fc_rttvar", Type::Int, Phases::CLIENT, |r, v| time(r, |info| info.rttvar, v)).takes(UNIT, 0).prepare(|args, _| unit(args)).example("fc_rttvar", "0"),
    fetch("bc_rtt", Type::Int, Phases::SERVER, |r, v| server_time(r, |info| info.rtt, v)).takes(UNIT, 0).prepare(|args, _| unit(args)).since("3.0").example("bc_rtt(us)", "2500"),
    fetch("bc_rttvar", Type::Int, Phases::SERVER, |r, v| server_time(r, |info| info.rttvar, v)).takes(UNIT, 0).prepare(|args, _| unit(args)).since("3.0").example("bc_rttvar", "1"),
    fetch("fc_unacked", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.unacked, v)).takes(UNIT, 0).example("fc_unacked", "1"),
    fetch("fc_sacked", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.sacked, v)).takes(UNIT, 0).example("fc_sacked", "2"),
    fetch("fc_lost", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.lost, v)).takes(UNIT, 0).example("fc_lost", "3"),
    fetch("fc_retrans", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.retrans, v)).takes(UNIT, 0).example("fc_retrans", "4"),
    fetch("fc_fackets", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.fackets, v)).takes(UNIT, 0).example("fc_fackets", "5"),
    fetch("fc_reordering", Type::Int, Phases::CLIENT, |r, v| count(r, |info| info.reordering, v)).takes(UNIT, 0).example("fc_reordering", "6"),
];

fn unit(args: &[Arg]) -> Result<(), String> {
    match arg::text(args, 0) {
        b"" | b"us" | b"ms" => Ok(()),
        other => Err(format!("expects 'us' or 'ms', got '{}'", String::from_utf8_lossy(other))),
    }
}

fn time<'a>(request: &Request<'a>, of: fn(&TcpInfo) -> u32, visit: Visit<'_, 'a>) {
    one(request.txn.tcp_info().map(|info| in_unit(request, of(&info))), visit);
}

fn server_time<'a>(request: &Request<'a>, of: fn(&TcpInfo) -> u32, visit: Visit<'_, 'a>) {
    one(request.txn.server_tcp_info().map(|info| in_unit(request, of(&info))), visit);
}

/// In milliseconds unless the argument says otherwise.
fn in_unit(request: &Request<'_>, microseconds: u32) -> Value<'static> {
    let parts = if arg::text(request.args, 0) == b"us" { 1 } else { 1000 };
    Value::Int((microseconds / parts).into())
}

fn count<'a>(request: &Request<'a>, of: fn(&TcpInfo) -> u32, visit: Visit<'_, 'a>) {
    one(request.txn.tcp_info().map(|info| Value::Int(of(&info).into())), visit);
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate, scope_at};
    use crate::{Expr, Phase};

    #[test]
    fn times_are_in_the_unit_that_is_asked_for() {
        let world = World::sample();
        assert_eq!(evaluate("fc_rtt", &world).as_deref(), Some("1"));
        assert_eq!(evaluate("fc_rttvar(us)", &world).as_deref(), Some("700"));
        let bad = Expr::parse_text("fc_rtt(x)", &scope_at(Phase::HttpRequest)).unwrap_err();
        assert_eq!(bad.why, "invalid args in fetch method 'fc_rtt' : expects 'us' or 'ms', got 'x'");
    }
}
