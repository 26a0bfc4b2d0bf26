//! `sc-set-gpt(<idx>,<sc-id>) { <int> | <expr> }`, `sc-set-gpt0(<sc-id>) { <int> | <expr> }`.

use expr::{Expr, Parts, Scope, Txn};
use lang::{Diagnostic, Word, Words};
use table::Data;

use super::Action;
use super::stick_counter::{self, Place};
use crate::{Flow, Message};

/// A number that is written, or that an expression yields.
#[derive(Debug)]
pub(super) enum Number {
    Fixed(u32),
    Of(Expr),
}

impl Number {
    /// Reads it; where nothing is written it is 0, as in HAProxy.
    pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let Some(text) = words.peek_text() else { return Ok(Self::Fixed(0)) };
        let whole = text.parse::<i64>().ok();
        match whole {
            Some(number) => {
                words.next();
                Ok(Self::Fixed(low_half(number)))
            }
            None => Expr::parse(words, scope).map(Self::Of),
        }
    }

    pub(super) fn value(&self, txn: &dyn Txn) -> Option<u32> {
        match self {
            Self::Fixed(number) => Some(*number),
            Self::Of(expr) => expr.eval(txn)?.to_int().map(low_half),
        }
    }
}

/// Fields have 32 bits.
fn low_half(number: i64) -> u32 {
    u32::try_from(number & 0xffff_ffff).unwrap_or(u32::MAX)
}

#[derive(Debug)]
struct Set {
    place: Place,
    tag: Data,
    value: Number,
}

impl Action for Set {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let txn = message.txn();
        if let Some(value) = self.value.value(txn) {
            self.place.change(txn, |entry, index| _ = entry.set(self.tag, index, u64::from(value)));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn gpt(
    tail: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    let place = stick_counter::two("sc-set-gpt", "gpt", tail, scope)?;
    Ok(Box::new(Set { place, tag: Data::Gpt, value: Number::parse(words, scope)? }))
}

pub(super) fn gpt0(
    tail: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    let place = stick_counter::one("sc-set-gpt0", tail, scope)?;
    Ok(Box::new(Set { place, tag: Data::Gpt0, value: Number::parse(words, scope)? }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn tags_are_set_to_numbers_and_to_what_expressions_yield() {
        let lines = [
            "track-sc0 src table t",
            "track-sc1 src table arrays",
            "sc-set-gpt0(0) 7",
            "sc-set-gpt(1,1) path,length",
            "sc-set-gpt0(2) 1",
            "set-header a %[sc0_get_gpt0]-%[sc_get_gpt(1,1)]",
        ];
        let mut world = World::sample();
        rules(Phase::HttpRequest, &lines).run(&mut world);
        assert_eq!(world.header("a"), ["7-4"]);
    }

    #[test]
    fn what_is_no_number_is_an_expression() {
        let error = rule(Phase::HttpRequest, "sc-set-gpt0(0) 3x").unwrap_err().message;
        assert!(error.ends_with("unknown fetch method '3x'."), "{error}");
    }
}
