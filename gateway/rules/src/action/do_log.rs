//! `do-log [ profile <name> ]` (HAProxy 3.1): logs a line at once, beside the one at the end.

use std::sync::Arc;

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Change, Flow, Message, Step};

#[derive(Debug)]
struct DoLog {
    step: Step,
    profile: Option<Arc<str>>,
}

impl Action for DoLog {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.change(Change::Log { step: self.step, profile: self.profile.clone() });
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let profile = if words.accept("profile") {
        Some(argument(words, "'profile' expects a log-profile name")?.text.as_str().into())
    } else {
        None
    };
    Ok(Box::new(DoLog { step: Step::in_phase(scope.phase), profile }))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, Phase, Step};

    #[test]
    fn a_line_is_asked_for_at_the_step_of_its_phase() {
        for (phase, step) in [
            (Phase::HttpRequest, Step::HttpReq),
            (Phase::HttpResponse, Step::HttpRes),
            (Phase::TcpSession, Step::TcpReqSess),
        ] {
            let mut world = World::sample();
            rules(phase, &["do-log", "do-log profile p"]).run(&mut world);
            let profile = Some("p".into());
            assert_eq!(world.changes, [Change::Log { step, profile: None }, Change::Log { step, profile }]);
        }
        let error = rule(Phase::HttpRequest, "do-log profile").unwrap_err();
        assert!(error.message.contains("'profile' expects a log-profile name"), "{}", error.message);
    }
}
