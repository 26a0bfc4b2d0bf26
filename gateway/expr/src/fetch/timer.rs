//! What the log's tags say, as samples (HAProxy 3.x: `req.timer.*`, `res.timer.*`, `txn.*`, `bytes_in` …).

use super::{Fetch, Request, Visit, fetch, one};
use crate::{LogField, Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("accept_date", Type::Int, Phases::CONNECTION, |r, v| number(r, "Ts", v)).since("3.0").example("accept_date", "1700000000"),
    fetch("act_conn", Type::Int, Phases::CONNECTION, |r, v| number(r, "ac", v)).since("3.0").example("act_conn", "21"),
    fetch("bc.timer.connect", Type::Int, Phases::SERVER, |r, v| number(r, "Tc", v)).since("3.0").example("bc.timer.connect", "22"),
    fetch("bytes_in", Type::Int, Phases::CONNECTION, |r, v| number(r, "U", v)).since("3.0").example("bytes_in", "23"),
    fetch("bytes_out", Type::Int, Phases::CONNECTION, |r, v| number(r, "B", v)).since("3.0").example("bytes_out", "24"),
    fetch("fc.timer.handshake", Type::Int, Phases::CONNECTION, |r, v| number(r, "Th", v)).since("3.0").example("fc.timer.handshake", "25"),
    fetch("fc.timer.total", Type::Int, Phases::CONNECTION, |r, v| number(r, "Tt", v)).since("3.0").example("fc.timer.total", "26"),
    fetch("req.timer.hdr", Type::Int, Phases::MESSAGE, |r, v| number(r, "TR", v)).since("3.0").example("req.timer.hdr", "27"),
    fetch("req.timer.idle", Type::Int, Phases::MESSAGE, |r, v| number(r, "Ti", v)).since("3.0").example("req.timer.idle", "28"),
    fetch("req.timer.queue", Type::Int, Phases::MESSAGE, |r, v| number(r, "Tw", v)).since("3.0").example("req.timer.queue", "29"),
    fetch("req.timer.tq", Type::Int, Phases::MESSAGE, |r, v| number(r, "Tq", v)).since("3.0").example("req.timer.tq", "30"),
    fetch("res.timer.data", Type::Int, Phases::SERVER, |r, v| number(r, "Td", v)).since("3.0").example("res.timer.data", "31"),
    fetch("res.timer.hdr", Type::Int, Phases::SERVER, |r, v| number(r, "Tr", v)).since("3.0").example("res.timer.hdr", "32"),
    fetch("txn.conn_retries", Type::Int, Phases::SERVER, |r, v| number(r, "rc", v)).since("3.0").example("txn.conn_retries", "33"),
    fetch("txn.redispatched", Type::Bool, Phases::SERVER, |r, v| one(Some(Value::Bool(r.txn.redispatched())), v)).since("3.1").example("txn.redispatched", "1"),
    fetch("txn.sess_term_state", Type::Str, Phases::CONNECTION, |r, v| text(r, "ts", v)).since("3.0").example("txn.sess_term_state", "--"),
    fetch("txn.status", Type::Int, Phases::CONNECTION, |r, v| number(r, "ST", v)).since("3.0").example("txn.status", "200"),
    fetch("txn.timer.total", Type::Int, Phases::CONNECTION, |r, v| number(r, "Ta", v)).since("3.0").example("txn.timer.total", "34"),
    fetch("txn.timer.user", Type::Int, Phases::CONNECTION, |r, v| number(r, "Tu", v)).since("3.0").example("txn.timer.user", "35"),
];

fn field(request: &Request<'_>, tag: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    request.txn.log_field(LogField::find(tag)?, &mut out).then_some(out)
}

/// Nothing while it is not known, which the log writes as -1.
fn number<'a>(request: &Request<'a>, tag: &str, visit: Visit<'_, 'a>) {
    let number =
        field(request, tag).map(|text| crate::value::leading_int(&text)).filter(|number| *number >= 0);
    one(number.map(Value::Int), visit);
}

fn text<'a>(request: &Request<'a>, tag: &str, visit: Visit<'_, 'a>) {
    one(field(request, tag).map(Value::made), visit);
}
