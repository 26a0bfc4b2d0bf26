//! `early-hint <name> <fmt>`: a line of a `103 Early Hints` (RFC 8297), which the client gets before the answer.

use expr::{LogFormat, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, Name, argument};
use crate::{Change, Flow, Message};

const TWO: &str = "expects exactly 2 arguments";

#[derive(Debug)]
struct EarlyHint {
    name: Name,
    value: LogFormat,
    /// As in HAProxy, hints share a response unless they have conditions.
    fresh: bool,
}

impl Action for EarlyHint {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let value = self.value.to_bytes(message.txn());
        message.change(Change::EarlyHint { name: self.name.bytes().to_vec(), value, fresh: self.fresh });
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let name = Name::parse(argument(words, TWO)?, scope)?;
    let value = LogFormat::parse(argument(words, TWO)?, scope)?;
    Ok(Box::new(EarlyHint { name, value, fresh: !words.is_empty() }))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rules};
    use crate::{Change, Phase};

    #[test]
    fn a_hint_is_noted() {
        let mut world = World::sample();
        rules(Phase::HttpRequest, &["early-hint Link <%[path].css>"]).run(&mut world);
        let name = b"link".to_vec();
        assert_eq!(world.changes, [Change::EarlyHint { name, value: b"</a/b.css>".to_vec(), fresh: false }]);
    }
}
