//! `set-var`: what a variable is set to, and under which conditions.

use lang::{Diagnostic, Word, Words};

use super::Var;
use crate::{Expr, LogFormat, Scope, Txn, Value};

/// What must hold for a variable to be set (configuration.txt 7.3.1, `set-var`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Conditions(u8);

/// A condition holds of the value to be set, the variable's value, and whether the variable exists.
type Holds = fn(&Value<'_>, Option<&Value<'_>>, bool) -> bool;

const CONDITIONS: &[(&str, Holds)] = &[
    ("ifexists", |_, _, exists| exists),
    ("ifnotexists", |_, _, exists| !exists),
    ("ifempty", |new, _, _| is_empty(new)),
    ("ifnotempty", |new, _, _| !is_empty(new)),
    ("ifset", |_, old, _| old.is_some()),
    ("ifnotset", |_, old, _| old.is_none()),
    ("ifgt", |new, old, _| numbers(new, old).is_none_or(|(new, old)| old > new)),
    ("iflt", |new, old, _| numbers(new, old).is_none_or(|(new, old)| old < new)),
];

/// Only what has a length can be empty.
fn is_empty(value: &Value<'_>) -> bool {
    match value {
        Value::Str(text) | Value::Bin(text) | Value::Method(text) => text.is_empty(),
        Value::Bool(_) | Value::Int(_) | Value::Ip(_) => false,
    }
}

fn numbers(new: &Value<'_>, old: Option<&Value<'_>>) -> Option<(i64, i64)> {
    match (new, old) {
        (Value::Int(new), Some(Value::Int(old))) => Some((*new, *old)),
        _ => None,
    }
}

impl Conditions {
    /// Reads the words behind a variable's name.
    ///
    /// # Errors
    /// There is no such condition, in HAProxy's words.
    pub(crate) fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, String> {
        let mut bits = 0;
        for word in words.into_iter().filter(|word| !word.is_empty()) {
            let place = CONDITIONS.iter().position(|(name, _)| *name == word);
            bits |= 1 << place.ok_or_else(|| format!("unknown condition \"{word}\""))?;
        }
        Ok(Self(bits))
    }

    pub(crate) fn bits(self) -> i64 {
        self.0.into()
    }

    pub(crate) fn of_bits(bits: i64) -> Self {
        Self(u8::try_from(bits).unwrap_or(0))
    }

    /// Whether a variable may be set to a value.
    pub fn hold(self, var: &Var, new: &Value<'_>, txn: &dyn Txn) -> bool {
        if self.0 == 0 {
            return true;
        }
        let (old, exists) = (txn.var(var), txn.var_exists(var));
        let asked = CONDITIONS.iter().enumerate().filter(|(place, _)| self.0 & 1 << place != 0);
        asked.into_iter().all(|(_, (_, holds))| holds(new, old.as_ref(), exists))
    }
}

/// `set-var(name,cond…) expr` and `set-var-fmt(name,cond…) fmt`: an action's, or a line of `global`.
#[derive(Clone, Debug, PartialEq)]
pub struct Assignment {
    var: Var,
    conditions: Conditions,
    source: Source,
}

#[derive(Clone, Debug, PartialEq)]
enum Source {
    Expr(Expr),
    Format(LogFormat),
}

impl Assignment {
    /// Reads what stands between the parentheses behind `set-var` (`txn.a,ifexists`), and the expression or, behind
    /// `set-var-fmt`, the log-format string that follows.
    ///
    /// # Errors
    /// The name, a condition, or what follows is wrong.
    pub fn parse(
        name: &Word,
        formatted: bool,
        words: &mut Words<'_>,
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        let fail = |why| Diagnostic::alert(name.span, why);
        let mut parts = name.text.split(',');
        let var = scope.name_var(parts.next().unwrap_or_default()).map_err(fail)?;
        let conditions = Conditions::parse(parts).map_err(fail)?;
        let source = if formatted {
            let missing = words.error("missing log-format string");
            Source::Format(LogFormat::parse(words.next().ok_or(missing)?, scope)?)
        } else {
            let missing = words.error("missing fetch method");
            words.peek().ok_or(missing)?;
            Source::Expr(Expr::parse(words, scope)?)
        };
        Ok(Self { var, conditions, source })
    }

    /// The variable.
    pub fn var(&self) -> &Var {
        &self.var
    }

    /// What it is to be set to; `None` leaves it as it is.
    pub fn value(&self, txn: &dyn Txn) -> Option<Value<'static>> {
        let value = match &self.source {
            Source::Expr(expr) => expr.eval(txn)?,
            Source::Format(format) => Value::made(format.to_bytes(txn)),
        };
        self.conditions.hold(&self.var, &value, txn).then(|| value.into_owned())
    }
}
