//! `set-src`, `set-src-port`, `set-dst`, `set-dst-port`: where the client's connection seems to come from and to go
//! to, for whoever asks from then on.

use expr::{Expr, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, sample};
use crate::{Change, End, Flow, Message};

#[derive(Debug)]
struct SetAddress(End, Expr);

impl Action for SetAddress {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        if let Some(address) = self.1.eval(message.txn()).and_then(|value| value.to_ip()) {
            message.change(Change::Address(self.0, address));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::ADDRESSES
    }
}

#[derive(Debug)]
struct SetPort(End, Expr);

impl Action for SetPort {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        if let Some(port) = self.1.eval(message.txn()).and_then(|value| value.to_int()) {
            // the number's lower half, as HAProxy takes it
            let [.., high, low] = port.to_be_bytes();
            message.change(Change::Port(self.0, u16::from_be_bytes([high, low])));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::ADDRESSES
    }
}

pub(super) fn src(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetAddress(End::Source, sample(words, scope)?)))
}

pub(super) fn dst(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetAddress(End::Destination, sample(words, scope)?)))
}

pub(super) fn src_port(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetPort(End::Source, sample(words, scope)?)))
}

pub(super) fn dst_port(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetPort(End::Destination, sample(words, scope)?)))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Change, End, Phase};

    #[test]
    fn what_is_an_address_is_noted_and_the_rest_is_not() {
        let set = rules(
            Phase::HttpRequest,
            &["set-src hdr(x-forwarded-for)", "set-src hdr(host)", "set-dst src", "set-dst-port int(70000)"],
        );
        let mut world = World::sample();
        set.run(&mut world);
        let address = |end, text: &str| Change::Address(end, text.parse().unwrap());
        assert_eq!(
            world.changes,
            [
                address(End::Source, "10.0.0.2"),
                // who asks later is told what the first rule has set
                address(End::Destination, "10.0.0.2"),
                Change::Port(End::Destination, 4464),
            ]
        );
        let message = rule(Phase::HttpRequest, "set-src").unwrap_err().message;
        assert!(message.ends_with("missing fetch method."), "{message}");
    }
}
