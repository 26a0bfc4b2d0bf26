//! `disable-l7-retry`, `set-retries <number>`: whether and how often a request is sent again.

use expr::{Expr, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Change, Flow, Message};

#[derive(Debug)]
struct NoRetry;

impl Action for NoRetry {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.change(Change::NoRetry);
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

#[derive(Debug)]
enum SetRetries {
    Fixed(u32),
    Sample(Expr),
}

impl Action for SetRetries {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let retries = match self {
            Self::Fixed(retries) => Some(*retries),
            Self::Sample(expr) => {
                let number = expr.eval(message.txn()).and_then(|value| value.to_int());
                number.and_then(|number| u32::try_from(number).ok())
            }
        };
        if let Some(retries) = retries {
            message.change(Change::Retries(retries.min(MOST)));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

/// More attempts are never made.
const MOST: u32 = 100;

pub(super) fn disable(_: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(NoRetry))
}

pub(super) fn set(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    if at_sample(words) {
        return Ok(Box::new(SetRetries::Sample(Expr::parse(words, scope)?)));
    }
    let word = argument(words, "expects exactly 1 argument (an integer or an expression)")?;
    let number = word.text.parse().ok().filter(|number| (0..=MOST).contains(number));
    number.map(|number| Box::new(SetRetries::Fixed(number)) as Box<dyn Action>).ok_or_else(|| {
        Diagnostic::alert(word.span, format!("expects an integer between 0 and {MOST}, got '{}'", word.text))
    })
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, Phase};

    #[test]
    fn what_is_asked_for_is_noted() {
        let set = rules(
            Phase::HttpRequest,
            &["set-retries 2", "set-retries int(700)", "disable-l7-retry", "set-retries int(-1)"],
        );
        let mut world = World::sample();
        set.run(&mut world);
        assert_eq!(world.changes, [Change::Retries(2), Change::Retries(100), Change::NoRetry]);
        assert!(rule(Phase::HttpRequest, "set-retries 101").is_err());
    }
}
