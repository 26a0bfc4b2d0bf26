//! `set-log-level <level>`: how important the request's log line is, or that there is none.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Change, Flow, LogLevel, Message};

const WRONG: &str = "expects exactly 1 argument (log level name or 'silent')";

#[derive(Debug)]
struct SetLogLevel(Option<LogLevel>);

impl Action for SetLogLevel {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.change(Change::LogLevel(self.0));
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, WRONG)?;
    if word.text == "silent" {
        return Ok(Box::new(SetLogLevel(None)));
    }
    let known = LogLevel::NAMES.iter().find(|(name, _)| *name == word.text);
    let (_, level) = known.ok_or_else(|| {
        let names = LogLevel::NAMES.iter().map(|(name, _)| *name).chain(["silent"]);
        Diagnostic::alert(word.span, WRONG).suggest(lang::suggest::nearest(&word.text, names))
    })?;
    Ok(Box::new(SetLogLevel(Some(*level))))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, LogLevel, Phase};

    #[test]
    fn a_level_or_silence_is_noted() {
        let set = rules(Phase::HttpRequest, &["set-log-level crit", "set-log-level silent"]);
        let mut world = World::sample();
        set.run(&mut world);
        assert_eq!(world.changes, [Change::LogLevel(Some(LogLevel::Crit)), Change::LogLevel(None)]);
        let error = rule(Phase::HttpRequest, "set-log-level silnt").unwrap_err();
        assert!(error.message.ends_with("expects exactly 1 argument (log level name or 'silent')"));
        assert_eq!(error.suggestion.as_deref(), Some("silent"));
    }
}
