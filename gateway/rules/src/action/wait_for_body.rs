//! `wait-for-body time <time> [ at-least <bytes> ]`: the rules behind it are asked when the body has come.

use std::time::Duration;

use expr::{Parts, Scope};
use lang::units::{TimeUnit, parse_size, parse_time};
use lang::{Diagnostic, Word, Words};

use super::{Action, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct WaitForBody {
    time: Duration,
    at_least: u64,
}

impl Action for WaitForBody {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::WaitForBody { time: self.time, at_least: self.at_least }
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let missing = words.error("expects time <time> [ at-least <bytes> ]");
    let fail = |word: &Word, error: lang::units::UnitError| Diagnostic::alert(word.span, error.to_string());
    let (mut time, mut at_least) = (None, 0);
    loop {
        match words.peek_text() {
            Some("time") => {
                words.next();
                let word = argument(words, "missing argument for 'time'")?;
                time = Some(parse_time(&word.text, TimeUnit::Ms).map_err(|error| fail(word, error))?);
            }
            Some("at-least") => {
                words.next();
                let word = argument(words, "missing argument for 'at-least'")?;
                at_least = parse_size(&word.text).map_err(|error| fail(word, error))?;
            }
            _ => break,
        }
    }
    let time = time.ok_or(missing)?;
    Ok(Box::new(WaitForBody { time, at_least }))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use crate::world::{World, rule, rules};
    use crate::{Flow, Phase};

    #[test]
    fn the_set_goes_on_behind_the_wait() {
        let set = rules(Phase::HttpRequest, &["wait-for-body at-least 1k time 2s if METH_GET", "deny"]);
        let (mut world, mut next) = (World::sample(), 0);
        let wait = Flow::WaitForBody { time: Duration::from_secs(2), at_least: 1024 };
        assert_eq!(set.run_from(&mut next, &mut world), wait);
        assert!(matches!(set.run_from(&mut next, &mut world), Flow::Answer(_)));
    }

    /// HAProxy 2.6's words.
    #[test]
    fn what_is_missing_is_said() {
        for (text, why) in [
            ("wait-for-body", "expects time <time> [ at-least <bytes> ]"),
            ("wait-for-body at-least 10", "expects time <time> [ at-least <bytes> ]"),
            ("wait-for-body time", "missing argument for 'time'"),
            ("wait-for-body time 1s at-least", "missing argument for 'at-least'"),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            let place = "error detected while parsing 'http-request wait-for-body' rule : ";
            assert_eq!(message.trim_end_matches('.'), format!("{place}{why}"), "{text}");
        }
        assert!(rule(Phase::HttpRequest, "wait-for-body time 1x").is_err());
        assert!(rule(Phase::HttpRequest, "wait-for-body time 1s at-least x").is_err());
    }
}
