//! Constants (configuration.txt 7.3.2).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::value::leading_int;
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("always_true", Type::Bool, Phases::ALL, |_, visit| one(Some(Value::Bool(true)), visit)).example("always_true", "1"),
    fetch("always_false", Type::Bool, Phases::ALL, |_, visit| one(Some(Value::Bool(false)), visit)).example("always_false", "0"),
    fetch("bool", Type::Bool, Phases::ALL, boolean).takes(&[Kind::Str], 1).prepare(|args, _| truth(args)).example("bool(true)", "1"),
    fetch("int", Type::Int, Phases::ALL, integer).takes(&[Kind::Int], 1).example("int(-5)", "-5"),
    fetch("str", Type::Str, Phases::ALL, string).takes(&[Kind::Str], 1).example("str('a, b')", "a, b"),
    fetch("bin", Type::Bin, Phases::ALL, binary).takes(&[Kind::Str], 1).prepare(|args, _| unhex(args)).example("bin(61626364)", "abcd"),
    fetch("meth", Type::Method, Phases::ALL, method).takes(&[Kind::Str], 1).example("meth(GET)", "GET"),
    fetch("ipv4", Type::Ip, Phases::ALL, address).takes(&[Kind::Ip4], 1).example("ipv4(1.2.3.4)", "1.2.3.4"),
    fetch("ipv6", Type::Ip, Phases::ALL, address).takes(&[Kind::Ip6], 1).example("ipv6(::1)", "::1"),
];

fn boolean<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(arg::int(request.args, 0).map(|n| Value::Bool(n != 0)), visit);
}

fn integer<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(arg::int(request.args, 0).map(Value::Int), visit);
}

fn string<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::text(arg::text(request.args, 0))), visit);
}

fn binary<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::Bin(arg::text(request.args, 0).into())), visit);
}

fn method<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::Method(arg::text(request.args, 0).into())), visit);
}

fn address<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let ip = match request.args.first() {
        Some(Arg::Ip(ip)) => Some(Value::Ip(*ip)),
        _ => None,
    };
    one(ip, visit);
}

fn truth(args: &mut [Arg]) -> Result<(), String> {
    let text = String::from_utf8_lossy(arg::text(args, 0)).to_ascii_lowercase();
    let value = match text.as_str() {
        "true" => 1,
        "false" => 0,
        digits if digits.parse::<i64>().is_ok() => leading_int(digits.as_bytes()),
        _ => return Err("Expects 'true', 'false', '0' or '1'".to_owned()),
    };
    args[0] = Arg::Int(value);
    Ok(())
}

fn unhex(args: &mut [Arg]) -> Result<(), String> {
    let digits = arg::text(args, 0);
    if !digits.len().is_multiple_of(2) {
        return Err("an even number of hex digit is expected".to_owned());
    }
    let odd = digits.iter().find(|digit| !digit.is_ascii_hexdigit()).copied().unwrap_or_default();
    let bytes = crate::convert::unhex(digits)
        .ok_or_else(|| format!("an hex digit is expected (found '{}')", char::from(odd)))?;
    args[0] = Arg::Str(bytes);
    Ok(())
}
