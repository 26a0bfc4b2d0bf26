//! `expect-proxy layer4`, `expect-netscaler-cip layer4`: a connection whose real ends are told on its first line.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::Action;
use crate::{Change, Flow, Message};

#[derive(Debug)]
struct ExpectProxy;

impl Action for ExpectProxy {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.change(Change::ExpectProxy);
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

#[derive(Debug)]
struct ExpectNetscaler;

impl Action for ExpectNetscaler {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.change(Change::ExpectNetscaler);
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    layer4(words, scope)?;
    Ok(Box::new(ExpectProxy))
}

pub(super) fn netscaler(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    layer4(words, scope)?;
    Ok(Box::new(ExpectNetscaler))
}

fn layer4(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<(), Diagnostic> {
    let got = words.peek_text().unwrap_or_default();
    if !words.clone().accept("layer4") {
        let owner = scope.owner();
        let place = if owner.is_empty() { String::new() } else { format!(" in {owner}") };
        return Err(words
            .error(format!("only supports 'layer4'{place} (got '{got}')"))
            .suggest(Some("layer4")));
    }
    words.next();
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, Phase};

    #[test]
    fn only_the_fourth_layer_has_such_a_line() {
        let mut world = World::sample();
        rules(Phase::TcpConnection, &["expect-proxy layer4", "expect-netscaler-cip layer4"]).run(&mut world);
        assert_eq!(world.changes, [Change::ExpectProxy, Change::ExpectNetscaler]);
        for text in ["expect-proxy layer5", "expect-netscaler-cip layer5"] {
            let message = rule(Phase::TcpConnection, text).unwrap_err().message;
            assert!(message.contains("only supports 'layer4' (got 'layer5')"), "{message}");
        }
    }
}
