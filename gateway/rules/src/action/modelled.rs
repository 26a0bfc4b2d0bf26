//! Actions whose subsystem is not here yet: their words are read and judged, so that only this is told of them.

use expr::{Expr, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

/// Read and judged; nothing acts on it yet.
#[derive(Debug)]
pub(super) struct Modelled;

impl Action for Modelled {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Continue
    }
}

type Read = Result<Box<dyn Action>, Diagnostic>;

/// `cache-use <name>`, `cache-store <name>`.
pub(super) fn cache(words: &mut Words<'_>, _: &Scope<'_>) -> Read {
    argument(words, "expects a cache name")?;
    Ok(Box::new(Modelled))
}

/// `switch-mode http [ proto <name> ]`.
pub(super) fn switch_mode(words: &mut Words<'_>, _: &Scope<'_>) -> Read {
    let got = words.peek_text().unwrap_or_default();
    let wrong = words.error(format!("'tcp-request switch-mode' expects a valid mode (got '{got}')"));
    if !words.accept("http") {
        return Err(wrong.suggest(Some("http")));
    }
    if words.accept("proto") {
        let got = words.peek_text().unwrap_or_default();
        let text = format!(
            "'tcp-request switch-mode': 'proto' expects a valid MUX protocol, if specified (got '{got}')"
        );
        let wrong = words.error(text);
        if !(words.accept("h1") || words.accept("h2")) {
            return Err(wrong);
        }
    }
    Ok(Box::new(Modelled))
}

/// `attach-srv <server> [ name <expr> ]`.
pub(super) fn attach(words: &mut Words<'_>, scope: &Scope<'_>) -> Read {
    argument(words, "expects a server name")?;
    if words.accept("name") {
        Expr::parse(words, scope)?;
    }
    Ok(Box::new(Modelled))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::rule;

    #[test]
    fn their_words_are_judged_all_the_same() {
        for (phase, text, expected) in [
            (Phase::HttpRequest, "cache-use", "expects a cache name."),
            (
                Phase::TcpContent,
                "switch-mode tcp",
                "'tcp-request switch-mode' expects a valid mode (got 'tcp').",
            ),
        ] {
            let error = rule(phase, text).unwrap_err();
            assert!(error.message.contains(expected.trim_end_matches('.')), "{}", error.message);
            assert!(!error.later, "{text}");
        }
    }
}
