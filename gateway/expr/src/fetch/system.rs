//! The machine, the clock and chance (configuration.txt 7.3.2).

use std::time::{Duration, SystemTime};

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::{Phases, Scope, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("date", Type::Int, Phases::ALL, date).takes(&[Kind::Int, Kind::Str], 0).prepare(|args, _| unit(args, 1)).example("date(10)", "1700000010"),
    fetch("date_us", Type::Int, Phases::ALL, date_us).example("date_us", "250000"),
    fetch("request_date", Type::Int, Phases::MESSAGE, request_date).takes(&[Kind::Str], 0).prepare(|args, _| unit(args, 0)).since("3.0").example("request_date(ms)", "1699999999750"),
    fetch("env", Type::Str, Phases::ALL, env).takes(&[Kind::Str], 1).prepare(read_env).example("env(COLOUR)", "blue"),
    fetch("last_rule_file", Type::Str, Phases::INTERNAL, |r, visit| one(last_rule(r).map(|(file, _)| Value::text(file.as_bytes())), visit)).example("last_rule_file", ""),
    fetch("last_rule_line", Type::Int, Phases::INTERNAL, |r, visit| one(last_rule(r).and_then(|(_, line)| line.parse().ok()).map(Value::Int), visit)).example("last_rule_line", ""),
    fetch("hostname", Type::Str, Phases::ALL, |r, visit| one(Some(Value::text(r.txn.hostname().as_bytes())), visit)).example("hostname", "host-a"),
    fetch("nbproc", Type::Int, Phases::ALL, |_, visit| one(Some(Value::Int(1)), visit)).example("nbproc", "1"),
    fetch("proc", Type::Int, Phases::ALL, |_, visit| one(Some(Value::Int(1)), visit)).example("proc", "1"),
    fetch("pid", Type::Int, Phases::ALL, |_, visit| one(Some(Value::Int(std::process::id().into())), visit)).since("3.0").example("pid,bool", "1"),
    fetch("prio_class", Type::Int, Phases::INTERNAL, |r, visit| one(Some(Value::Int(r.txn.priority().0.into())), visit)).example("prio_class", "0"),
    fetch("prio_offset", Type::Int, Phases::INTERNAL, |r, visit| one(Some(Value::Int(r.txn.priority().1.into())), visit)).example("prio_offset", "0"),
    fetch("quic_enabled", Type::Bool, Phases::ALL, |_, visit| one(Some(Value::Bool(false)), visit)).since("3.0").example("quic_enabled", "0"),
    fetch("stopping", Type::Bool, Phases::INTERNAL, |r, visit| one(Some(Value::Bool(r.txn.stopping())), visit)).example("stopping", "0"),
    fetch("internal.strm.is_htx", Type::Bool, Phases::INTERNAL, |r, visit| one(Some(Value::Bool(r.txn.method().is_some())), visit)).example("internal.strm.is_htx", "1"),
    fetch("rand", Type::Int, Phases::ALL, rand).takes(&[Kind::Int], 0).example("rand(100)", "42"),
    fetch("thread", Type::Int, Phases::ALL, |r, visit| one(Some(Value::Int(r.txn.thread().into())), visit)).example("thread", "1"),
    fetch("uuid", Type::Str, Phases::ALL, uuid).takes(&[Kind::Int], 0).prepare(|args, _| version(args)).example("uuid", "6b8b4567-6b8b-4567-ab8b-45676b8b4567"),
    fetch("wait_end", Type::Bool, Phases::INTERNAL, wait_end).awaits().example("wait_end", "1"),
];

fn since_epoch(request: &Request<'_>) -> Duration {
    epoch(request.txn.now())
}

fn epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn clamp(n: u128) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// `date(offset,unit)`: the offset is in the unit.
fn date<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let offset = arg::int(request.args, 0).unwrap_or(0);
    let time = in_unit(since_epoch(request), arg::text(request.args, 1));
    one(Some(Value::Int(time.saturating_add(offset))), visit);
}

fn in_unit(time: Duration, unit: &[u8]) -> i64 {
    match unit {
        b"ms" => clamp(time.as_millis()),
        b"us" => clamp(time.as_micros()),
        _ => clamp(time.as_secs().into()),
    }
}

/// `request_date(unit)`: when the request's first byte came.
fn request_date<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let begun = request.txn.request_begun().map(epoch);
    one(begun.map(|begun| Value::Int(in_unit(begun, arg::text(request.args, 0)))), visit);
}

fn unit(args: &[Arg], at: usize) -> Result<(), String> {
    match arg::text(args, at) {
        b"" | b"s" | b"ms" | b"us" => Ok(()),
        other => Err(format!("expects 's', 'ms' or 'us', got '{}'", String::from_utf8_lossy(other))),
    }
}

fn date_us<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::Int(since_epoch(request).subsec_micros().into())), visit);
}

/// The file and the line of the last rule that ended a set.
fn last_rule<'a>(request: &Request<'a>) -> Option<(&'a str, &'a str)> {
    request.txn.last_rule()?.rsplit_once(':')
}

/// The variable is read once, at load, as HAProxy's workers never see another environment.
fn read_env(args: &mut Vec<Arg>, scope: &Scope<'_>) -> Result<(), String> {
    let name = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    args.clear();
    args.extend(scope.env.and_then(|env| env.get(&name)).map(|value| Arg::Str(value.into_bytes())));
    Ok(())
}

fn env<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.args.first().map(|value| Value::text(value.text())), visit);
}

/// `rand(n)`: below n, evenly.
fn rand<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let drawn = u64::from(request.txn.random());
    let value = match arg::int(request.args, 0).and_then(|range| u64::try_from(range).ok()) {
        Some(range) => drawn.wrapping_mul(range) >> 32,
        None => drawn,
    };
    one(i64::try_from(value).ok().map(Value::Int), visit);
}

fn version(args: &[Arg]) -> Result<(), String> {
    match arg::int(args, 0) {
        None | Some(4 | 7) => Ok(()),
        Some(version) => Err(format!("Unsupported UUID version: '{version}'")),
    }
}

fn uuid<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let [mut a, mut b, c, d] = std::array::from_fn(|_| request.txn.random());
    let version = arg::int(request.args, 0).unwrap_or(4);
    if version == 7 {
        // milliseconds stand first (RFC 9562 5.7)
        let bytes = since_epoch(request).as_millis().to_be_bytes();
        let [.., first, second, third, fourth, fifth, sixth] = bytes;
        a = u32::from_be_bytes([first, second, third, fourth]);
        b = b & 0xffff | u32::from_be_bytes([fifth, sixth, 0, 0]);
    }
    let text = format!(
        "{a:08x}-{:04x}-{version:x}{:03x}-{:04x}-{:04x}{d:08x}",
        b >> 16,
        b & 0xfff,
        (c >> 16) & 0x3fff | 0x8000,
        c & 0xffff
    );
    one(Some(Value::made(text.into_bytes())), visit);
}

/// Nothing while more may come; then true.
fn wait_end<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one((!request.txn.more_to_come()).then_some(Value::Bool(true)), visit);
}
