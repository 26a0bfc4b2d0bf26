//! `set-header <name> <fmt>`, `add-header <name> <fmt>`.

use expr::{LogFormat, Parts, Scope};
use http::HeaderName;
use lang::{Diagnostic, Word, Words};

use super::{Action, argument, header_name};
use crate::{Flow, Message};

const TWO: &str = "expects exactly 2 arguments";

#[derive(Debug)]
struct SetHeader {
    name: HeaderName,
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
            message.set_header(&self.name, value);
        } else {
            message.add_header(&self.name, value);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::header(&self.name)
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
    // `X-A: b` with a colon too many: the line `X-A:: b` has the name without it, and nobody has set the name with it
    if let Some(bare) = name.text.strip_suffix(':') {
        super::warn_of_colon(name, scope);
        let name = header_name(&Word::new(bare, name.span))?;
        let value = LogFormat::parse(&Word::new(format!(": {}", value.text), value.span), scope)?;
        return Ok(Box::new(SetHeader { name, value, replaces: false }));
    }
    let value = LogFormat::parse(value, scope)?;
    Ok(Box::new(SetHeader { name: header_name(name)?, value, replaces }))
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
        assert!(rule(Phase::HttpRequest, "set-header 'X P' a").is_err());
    }
}
