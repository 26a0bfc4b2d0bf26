//! Variables in the midst of an expression (configuration.txt 7.3.1, `set-var`, `unset-var`).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::var::Conditions;
use crate::{Txn, Type, Value};

const SET: &[Kind] = &[Kind::Var, Kind::Str, Kind::Str, Kind::Str, Kind::Str];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("set-var", Type::Any, Type::Any, set).takes(SET, 1).prepare(|args, _| conditions(args)).example("str(a),set-var(txn.a)", "a"),
    convert("unset-var", Type::Any, Type::Any, unset).takes(&[Kind::Var], 1).example("str(a),unset-var(txn.a)", "a"),
];

/// The words behind the name become one argument.
fn conditions(args: &mut Vec<Arg>) -> Result<(), String> {
    let words: Vec<_> =
        args.drain(1..).map(|word| String::from_utf8_lossy(word.text()).into_owned()).collect();
    let conditions = Conditions::parse(words.iter().map(String::as_str))?;
    args.push(Arg::Int(conditions.bits()));
    Ok(())
}

fn set<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let (var, conditions) = (arg::var(args, 0)?, Conditions::of_bits(arg::int(args, 1)?));
    if conditions.hold(var, &value, txn) {
        txn.defer_var(var, Some(value.clone().into_owned()));
    }
    Some(value)
}

fn unset<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    txn.defer_var(arg::var(args, 0)?, None);
    Some(value)
}
