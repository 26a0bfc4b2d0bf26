//! `strict-mode { on | off }`: whether a rule that cannot be applied, for HAProxy's buffer is full, ends the request
//! with 500. Here no buffer fills: there is nothing that either mode would do.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct StrictMode;

impl Action for StrictMode {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, "expects exactly 1 arguments")?;
    if !matches!(word.text.as_str(), "on" | "off") {
        let text = format!("Unexpected value '{}'. Only 'on' and 'off' are supported", word.text);
        return Err(Diagnostic::alert(word.span, text));
    }
    Ok(Box::new(StrictMode))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::rule;

    #[test]
    fn it_is_on_or_off() {
        let message = rule(Phase::HttpRequest, "strict-mode foo").unwrap_err().message;
        assert!(message.ends_with("Unexpected value 'foo'. Only 'on' and 'off' are supported."), "{message}");
    }
}
