//! Slots that logs and `capture.*` samples show, filled in the midst of an expression (configuration.txt 7.3.1,
//! `capture-req`, `capture-res`).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Side, Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("capture-req", Type::Str, Type::Str, |v, a, t| keep(v, a, t, Side::Request)).takes(&[Kind::Int], 1).example("str(abc),capture-req(0)", "abc"),
    convert("capture-res", Type::Str, Type::Str, |v, a, t| keep(v, a, t, Side::Response)).takes(&[Kind::Int], 1).example("str(abc),capture-res(0)", "abc"),
];

/// Passes on what it keeps; where there is no such slot, no sample.
fn keep<'a>(value: Value<'a>, args: &[Arg], txn: &dyn Txn, side: Side) -> Option<Value<'a>> {
    let slot = usize::try_from(arg::int(args, 0)?).ok()?;
    let text = value.into_text();
    txn.defer_capture(side, slot, &text).then_some(Value::Str(text))
}
