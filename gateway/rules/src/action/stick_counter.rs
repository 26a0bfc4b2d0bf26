//! What the actions over stick-table counters have in common: the numbers in their names.

use expr::{Scope, Txn};
use lang::{Diagnostic, Word};
use table::Entry;

/// A counter, and which value of an array; none is the value that has a name of its own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Place {
    pub(super) counter: usize,
    pub(super) index: Option<u32>,
}

impl Place {
    /// Changes what is tracked, if anything is.
    pub(super) fn change(self, txn: &dyn Txn, change: impl FnOnce(&mut Entry<'_>, u32)) {
        if let Some(tracked) = txn.tracked(self.counter) {
            let index = self.index.unwrap_or(0);
            tracked.change(txn.table_clock(), |entry| change(entry, index));
        }
    }
}

/// `(0)` behind `sc-inc-gpc0`: the counter's number; without one it is the first.
pub(super) fn one(name: &'static str, tail: &Word, scope: &Scope<'_>) -> Result<Place, Diagnostic> {
    let text = format!("{name}{}", tail.text);
    let fail = |why: String| Err(Diagnostic::alert(tail.span, why));
    let inside = match tail.text.strip_prefix('(') {
        None if tail.text.is_empty() => "",
        // HAProxy does not look at what follows the parenthesis
        Some(rest) if rest.contains(')') => rest.split(')').next().unwrap_or_default(),
        _ => return fail(format!("invalid stick table track ID '{text}'. Expects {name}(<Track ID>)")),
    };
    match inside.parse() {
        Ok(counter) => within(counter, None, &text, tail, scope),
        Err(_) if inside.is_empty() => within(0, None, &text, tail, scope),
        Err(_) => fail(format!("invalid stick table track ID '{text}'. Expects {name}(<Track ID>)")),
    }
}

/// `(1,0)` behind `sc-inc-gpc`: the value's number and the counter's; `what` is HAProxy's word for the value.
pub(super) fn two(
    name: &'static str,
    what: &str,
    tail: &Word,
    scope: &Scope<'_>,
) -> Result<Place, Diagnostic> {
    let text = format!("{name}{}", tail.text);
    let form = format!("Expects {name}(<{} ID>,<Track ID>)", what.to_uppercase());
    let fail = |why: String| Err(Diagnostic::alert(tail.span, why));
    let Some(inside) = tail.text.strip_prefix('(') else {
        return fail(format!("invalid {what} ID '{text}'. {form}"));
    };
    let Some((Ok(index), rest)) = inside.split_once(',').map(|(index, rest)| (index.parse(), rest)) else {
        return fail(format!("Missing {what} ID '{text}'. {form}"));
    };
    match rest.split_once(')').map(|(counter, _)| counter.parse()) {
        Some(Ok(counter)) => within(counter, Some(index), &text, tail, scope),
        _ => fail(format!("invalid stick table track ID '{text}'. {form}")),
    }
}

fn within(
    counter: usize,
    index: Option<u32>,
    text: &str,
    tail: &Word,
    scope: &Scope<'_>,
) -> Result<Place, Diagnostic> {
    if counter < scope.stick_counters() {
        return Ok(Place { counter, index });
    }
    let highest = scope.stick_counters().saturating_sub(1);
    // HAProxy does not say the name for these two
    let shown = match text.starts_with("sc-inc-gpc0") || text.starts_with("sc-inc-gpc1") {
        true => String::new(),
        false => format!(" '{text}'"),
    };
    let why = format!("invalid stick table track ID{shown}. The max allowed ID is {highest}");
    Err(Diagnostic::alert(tail.span, why))
}
