//! `set-priority-class <expr>`, `set-priority-offset <expr>`: where a request stands in the queues of its backend.

use expr::{Expr, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, sample};
use crate::{Change, Flow, Message};

/// A class is within this, either way.
const CLASSES: i64 = 2047;

/// An offset is within this, in milliseconds, either way.
const OFFSETS: i64 = 524_287;

#[derive(Debug)]
struct SetPriority {
    sample: Expr,
    bound: i64,
    change: fn(i32) -> Change,
}

impl Action for SetPriority {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        // as in HAProxy, what yields nothing changes nothing
        if let Some(number) = self.sample.eval(message.txn()).and_then(|value| value.to_int()) {
            let number = i32::try_from(number.clamp(-self.bound, self.bound)).unwrap_or_default();
            message.change((self.change)(number));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn class(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let sample = sample(words, scope)?;
    Ok(Box::new(SetPriority { sample, bound: CLASSES, change: Change::PriorityClass }))
}

pub(super) fn offset(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let sample = sample(words, scope)?;
    Ok(Box::new(SetPriority { sample, bound: OFFSETS, change: Change::PriorityOffset }))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, Phase};

    #[test]
    fn numbers_are_kept_within_their_range_and_nothing_changes_nothing() {
        let set = rules(
            Phase::HttpRequest,
            &[
                "set-priority-class int(-5)",
                "set-priority-class int(9000)",
                "set-priority-offset int(-600000)",
                "set-priority-class hdr(none)",
            ],
        );
        let mut world = World::sample();
        set.run(&mut world);
        let expected =
            [Change::PriorityClass(-5), Change::PriorityClass(2047), Change::PriorityOffset(-524_287)];
        assert_eq!(world.changes, expected);
    }

    #[test]
    fn an_expression_must_be_there() {
        for (text, expected) in [
            ("set-priority-class", "missing fetch method."),
            ("set-priority-offset foo", "unknown fetch method 'foo'."),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.contains(expected.trim_end_matches('.')), "{message}");
        }
    }
}
