//! `accept`, `allow`, `reject`, `silent-drop`: the message goes on, or the connection ends.

use expr::Scope;
use lang::{Diagnostic, Words};

use super::Action;
use crate::{Answer, AnswerKind, Flow, Message};

#[derive(Debug)]
struct End(Flow);

impl Action for End {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        self.0.clone()
    }
}

pub(super) fn accept(_: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(End(Flow::Accept)))
}

pub(super) fn reject(_: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(End(Flow::Close)))
}

/// `close`: the server's connection ends before its answer is passed on.
pub(super) fn close(_: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(End(Flow::Answer(Answer::page(502, AnswerKind::NoResponse)))))
}

/// `silent-drop [rst-ttl <ttl>]`.
pub(super) fn silent_drop(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    if words.accept("rst-ttl") {
        words.int("<ttl>", 0..=255)?;
    }
    Ok(Box::new(End(Flow::SilentDrop)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, rules};

    #[test]
    fn each_ends_the_set_in_its_way() {
        for (phase, text, flow) in [
            (Phase::TcpConnection, "accept", Flow::Accept),
            (Phase::TcpContent, "reject", Flow::Close),
            (Phase::HttpRequest, "allow", Flow::Accept),
            (Phase::HttpRequest, "reject", Flow::Close),
            (Phase::HttpRequest, "silent-drop", Flow::SilentDrop),
        ] {
            assert_eq!(rules(phase, &[text]).run(&mut World::sample()), flow, "{text}");
        }
    }
}
