//! `deny`, `tarpit`: the request is refused (configuration.txt 4.2).

use expr::{Phase, Scope};
use lang::{Diagnostic, Words};

use super::Action;
use super::reply::Reply;
use crate::{AnswerKind, Flow, Message};

#[derive(Debug)]
struct Deny {
    reply: Reply,
    tarpit: bool,
}

impl Action for Deny {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        Flow::Answer(self.reply.answer(message.txn(), AnswerKind::Denied { tarpit: self.tarpit }))
    }

    fn loaded(&self) -> Option<&[u8]> {
        self.reply.loaded()
    }
}

/// 403 for a request, 502 for a response.
pub(super) fn deny(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let default = if scope.phase == Phase::HttpResponse { 502 } else { 403 };
    parse(words, scope, default, false)
}

/// The same after `timeout tarpit`, with 500 by default.
pub(super) fn tarpit(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, 500, true)
}

fn parse(
    words: &mut Words<'_>,
    scope: &Scope<'_>,
    default: u16,
    tarpit: bool,
) -> Result<Box<dyn Action>, Diagnostic> {
    let reply = Reply::parse(words, scope, default, true)?;
    Ok(Box::new(Deny { reply, tarpit }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{Shown, answer_to, rule};

    /// What HAProxy 2.6 sends; `page` is its built-in page for the status.
    #[test]
    fn denials_are_answered_as_haproxy_answers_them() {
        for (text, expected) in [
            ("deny", "403 page"),
            ("deny deny_status 429", "429 page"),
            ("deny status 429", "429 content-length: 0||"),
            ("deny status 418", "418 content-length: 0||"),
            ("deny hdr X-A b", "403 x-a: b|content-length: 0||"),
            (
                "deny status 404 content-type text/plain string nope",
                "404 content-length: 4|content-type: text/plain||nope",
            ),
            ("tarpit", "500 page"),
            ("tarpit deny_status 429", "429 page"),
            ("tarpit status 418", "418 content-length: 0||"),
        ] {
            assert_eq!(Shown(&answer_to(Phase::HttpRequest, text)).to_string(), expected, "{text}");
        }
        assert_eq!(Shown(&answer_to(Phase::HttpResponse, "deny")).to_string(), "502 page");
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("deny status 999", "Unexpected status code '999'."),
            ("deny deny_status", "'status' expects <status_code> as argument."),
            (
                "deny deny_status 418",
                "status code '418' not handled by default with 'default-errorfiles' argument..",
            ),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
