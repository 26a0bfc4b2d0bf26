//! `set-nice <value>`: how eagerly HAProxy's scheduler takes a request up. Nothing here is scheduled by importance.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct SetNice;

impl Action for SetNice {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, "expects exactly 1 argument (integer value)")?;
    let text = "'set-nice' is ignored : requests are not scheduled by importance";
    scope.warn(Diagnostic::warning(word.span, text));
    Ok(Box::new(SetNice))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::rule;

    #[test]
    fn a_value_must_be_there() {
        assert!(rule(Phase::HttpRequest, "set-nice -5000").is_ok());
        assert!(rule(Phase::HttpRequest, "set-nice").is_err());
    }
}
