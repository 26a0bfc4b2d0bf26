//! `set-header <name> <fmt>`, `add-header <name> <fmt>`.

use expr::{LogFormat, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, Name, argument};
use crate::{Flow, Message};

const TWO: &str = "expects exactly 2 arguments";

#[derive(Debug)]
struct SetHeader {
    name: Name,
    value: LogFormat,
    /// Lines of the name that are there go first.
    replaces: bool,
}

impl Action for SetHeader {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let made;
        let value = match self.value.constant() {
            Some(value) => value,
            None => {
                made = self.value.to_bytes(message.txn());
                &made
            }
        };
        if self.replaces {
            message.set_header(self.name.bytes(), value);
        } else {
            message.add_header(self.name.bytes(), value);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        self.name.parts()
    }
}

pub(super) fn set(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, true)
}

pub(super) fn add(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, false)
}

fn parse(words: &mut Words<'_>, scope: &Scope<'_>, replaces: bool) -> Result<Box<dyn Action>, Diagnostic> {
    let (name, value) = (argument(words, TWO)?, argument(words, TWO)?);
    let name = Name::parse(name, scope)?;
    Ok(Box::new(SetHeader { name, value: LogFormat::parse(value, scope)?, replaces }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn set_replaces_and_add_appends() {
        let mut world = World::sample();
        rules(Phase::HttpRequest, &["add-header Accept c", "add-header X-N %[path]"]).run(&mut world);
        assert_eq!(world.header("accept"), ["a, b", "c"]);
        assert_eq!(world.header("x-n"), ["/a/b"]);
        rules(Phase::HttpRequest, &["set-header Accept d%%"]).run(&mut world);
        assert_eq!(world.header("accept"), ["d%"]);
    }

    #[test]
    fn responses_have_their_own_headers() {
        let mut world = World::at(Phase::HttpResponse);
        rules(Phase::HttpResponse, &["set-header X-Status %[status]"]).run(&mut world);
        assert_eq!(world.header("x-status"), ["200"]);
    }

    #[test]
    fn what_is_not_available_is_refused() {
        let error = rule(Phase::HttpResponse, "set-header X-P %[path]").unwrap_err();
        assert!(error.message.contains("not available here"), "{}", error.message);
        assert!(rule(Phase::HttpRequest, "set-header X-P").is_err());
        assert!(rule(Phase::HttpRequest, "set-header 'X\nP' a").is_err());
    }

    #[test]
    fn names_that_http_does_not_allow_are_set_all_the_same() {
        let mut world = World::sample();
        let lines = ["set-header 'X P' 1", "set-header 'x p' 2", "add-header X-A: b", "del-header x-a"];
        rules(Phase::HttpRequest, &lines).run(&mut world);
        assert_eq!((world.header("x p"), world.header("x-a:")), (vec!["2".to_owned()], vec!["b".to_owned()]));
    }
}
