//! `set-method <fmt>`.

use expr::{LogFormat, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

#[derive(Debug)]
struct SetMethod(LogFormat);

impl Action for SetMethod {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let method = self.0.to_bytes(message.txn());
        // a request line without a valid method would be another request to the server
        if http::Method::from_bytes(&method).is_ok() {
            message.set_method(method);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::METHOD
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetMethod(LogFormat::parse(argument(words, "expects exactly 1 argument <format>")?, scope)?)))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rules};

    #[test]
    fn the_method_is_replaced_by_a_valid_one() {
        let mut world = World::sample();
        rules(Phase::HttpRequest, &["set-method POST", "set-method 'a b'"]).run(&mut world);
        assert_eq!(world.method, b"POST");
    }
}
