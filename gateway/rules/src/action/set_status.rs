//! `set-status <status> [reason <text>]`.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct SetStatus {
    status: u16,
    reason: Option<String>,
}

impl Action for SetStatus {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.set_status(self.status);
        if let Some(reason) = &self.reason {
            message.set_reason(reason.as_bytes());
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::STATUS
    }
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    const WRONG: &str = "expects an integer status code between 100 and 999";
    let word = argument(words, "expects 1 argument: <status>; or 3 arguments: <status> reason <fmt>")?;
    let number = word.text.parse().ok().filter(|status| (100..=999).contains(status));
    let status = number.ok_or_else(|| Diagnostic::alert(word.span, WRONG))?;
    let has_reason = words.rest().get(1).is_some_and(|reason| !reason.text.is_empty());
    let reason = match has_reason && words.accept("reason") {
        true => words.next().map(|reason| reason.text.clone()),
        false => None,
    };
    Ok(Box::new(SetStatus { status, reason }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn the_status_is_replaced() {
        let mut world = World::at(Phase::HttpResponse);
        rules(Phase::HttpResponse, &["set-status 431 reason \"Too Slow\""]).run(&mut world);
        assert_eq!(world.status, Some(431));
        assert!(rule(Phase::HttpResponse, "set-status 99").is_err());
        assert!(rule(Phase::HttpResponse, "set-status 1000").is_err());
    }
}
