//! Arithmetic and logic on numbers (configuration.txt 7.3.1). It saturates, as HAProxy's does.

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

const INT: &[Kind] = &[Kind::IntOrVar];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("add", Type::Int, Type::Int, |v, a, t| two(&v, a, t, i64::saturating_add)).takes(INT, 1).example("int(40),add(2)", "42"),
    convert("sub", Type::Int, Type::Int, |v, a, t| two(&v, a, t, i64::saturating_sub)).takes(INT, 1).example("int(40),sub(2)", "38"),
    convert("mul", Type::Int, Type::Int, |v, a, t| two(&v, a, t, i64::saturating_mul)).takes(INT, 1).example("int(40),mul(2)", "80"),
    convert("div", Type::Int, Type::Int, |v, a, t| two(&v, a, t, divide)).takes(INT, 1).example("int(-7),div(2)", "-3"),
    convert("mod", Type::Int, Type::Int, |v, a, t| two(&v, a, t, |n, by| n.checked_rem(by).unwrap_or(0))).takes(INT, 1).example("int(-7),mod(4)", "-3"),
    convert("and", Type::Int, Type::Int, |v, a, t| two(&v, a, t, |n, m| n & m)).takes(INT, 1).example("int(6),and(3)", "2"),
    convert("or", Type::Int, Type::Int, |v, a, t| two(&v, a, t, |n, m| n | m)).takes(INT, 1).example("int(6),or(3)", "7"),
    convert("xor", Type::Int, Type::Int, |v, a, t| two(&v, a, t, |n, m| n ^ m)).takes(INT, 1).example("int(6),xor(3)", "5"),
    convert("cpl", Type::Int, Type::Int, |v, _, _| one(&v, |n| !n)).example("int(5),cpl", "-6"),
    convert("neg", Type::Int, Type::Int, |v, _, _| one(&v, i64::saturating_neg)).example("int(5),neg", "-5"),
    convert("even", Type::Int, Type::Bool, |v, _, _| truth(&v, |n| n & 1 == 0)).example("int(5),even", "0"),
    convert("odd", Type::Int, Type::Bool, |v, _, _| truth(&v, |n| n & 1 == 1)).example("int(5),odd", "1"),
    convert("bool", Type::Int, Type::Bool, |v, _, _| truth(&v, |n| n != 0)).example("int(5),bool", "1"),
    convert("not", Type::Int, Type::Bool, |v, _, _| truth(&v, |n| n == 0)).example("int(5),not", "0"),
    convert("iif", Type::Bool, Type::Str, |v, a, _| choose(&v, a)).takes(&[Kind::Str, Kind::Str], 2).example("bool(1),iif(yes,no)", "yes"),
];

fn two<'a>(value: &Value<'a>, args: &[Arg], txn: &dyn Txn, with: fn(i64, i64) -> i64) -> Option<Value<'a>> {
    let other = match arg::var(args, 0) {
        Some(var) => txn.var(var)?.to_int()?,
        None => arg::int(args, 0)?,
    };
    Some(Value::Int(with(value.to_int()?, other)))
}

fn one<'a>(value: &Value<'a>, with: fn(i64) -> i64) -> Option<Value<'a>> {
    value.to_int().map(|n| Value::Int(with(n)))
}

fn truth<'a>(value: &Value<'a>, of: fn(i64) -> bool) -> Option<Value<'a>> {
    value.to_int().map(|n| Value::Bool(of(n)))
}

/// Division by zero yields the largest number.
fn divide(n: i64, by: i64) -> i64 {
    if by == 0 { i64::MAX } else { n.saturating_div(by) }
}

fn choose<'a>(value: &Value<'a>, args: &'a [Arg]) -> Option<Value<'a>> {
    let at = if value.to_bool()? { 0 } else { 1 };
    Some(Value::text(arg::text(args, at)))
}
