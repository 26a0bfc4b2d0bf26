//! `pause { <time> | <expr> }`: nothing happens for a while (HAProxy 3.2).

use std::time::Duration;

use expr::{Expr, Parts, Scope};
use lang::units::{TimeUnit, parse_time};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Flow, Message};

#[derive(Debug)]
enum Pause {
    Fixed(Duration),
    /// In milliseconds.
    Sample(Expr),
}

impl Action for Pause {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let millis = match self {
            Self::Fixed(time) => return Flow::Pause(*time),
            Self::Sample(expr) => expr.eval(message.txn()).and_then(|value| value.to_int()),
        };
        match millis.and_then(|millis| u64::try_from(millis).ok()) {
            Some(millis) if millis > 0 => Flow::Pause(Duration::from_millis(millis)),
            _ => Flow::Continue,
        }
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    if at_sample(words) {
        return Ok(Box::new(Pause::Sample(Expr::parse(words, scope)?)));
    }
    let word = argument(words, "expects a time value or an expression")?;
    let time = parse_time(&word.text, TimeUnit::Ms)
        .map_err(|error| Diagnostic::alert(word.span, format!("{error} in rule 'pause'")))?;
    Ok(Box::new(Pause::Fixed(time)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::world::{World, rule, rules};
    use crate::{Flow, Phase};

    #[test]
    fn the_set_goes_on_behind_a_pause() {
        let set = rules(Phase::HttpRequest, &["set-path /x", "pause 20ms", "pause hdr(none)", "deny"]);
        let (mut world, mut next) = (World::sample(), 0);
        assert_eq!(set.run_from(&mut next, &mut world), Flow::Pause(Duration::from_millis(20)));
        assert_eq!(next, 2);
        assert!(matches!(set.run_from(&mut next, &mut world), Flow::Answer(_)));
        assert!(rule(Phase::HttpRequest, "pause soon").is_err());
    }
}
