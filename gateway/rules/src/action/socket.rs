//! `set-tos`, `set-mark` and their like for either side (`set-fc-tos`, `set-bc-mark` …): what the kernel puts on the
//! packets of a connection.

use expr::{Expr, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument, at_sample};
use crate::{Flow, Message};

/// Read and judged; nothing acts on it yet.
#[derive(Debug)]
struct Socket;

impl Action for Socket {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

/// A number, as HAProxy reads it: decimal, octal behind `0`, hexadecimal behind `0x`.
fn number(text: &str) -> Option<u64> {
    match text.strip_prefix("0x").or(text.strip_prefix("0X")) {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None if text.len() > 1 && text.starts_with('0') => u64::from_str_radix(&text[1..], 8).ok(),
        None => text.parse().ok(),
    }
}

/// A number; HAProxy 3.x also takes an expression.
pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    if at_sample(words) && expr::fetch::find(words.peek_text().unwrap_or_default()).is_some() {
        Expr::parse(words, scope)?;
        return Ok(Box::new(Socket));
    }
    let word = argument(words, "expects exactly 1 argument (integer/hex value)")?;
    if number(&word.text).is_none() {
        let text = format!("invalid character starting at '{}' (integer/hex value expected)", word.text);
        return Err(Diagnostic::alert(word.span, text));
    }
    Ok(Box::new(Socket))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::rule;

    #[test]
    fn numbers_are_read_as_haproxy_reads_them() {
        for (text, expected) in
            [("16", Some(16)), ("0x10", Some(16)), ("020", Some(16)), ("0", Some(0)), ("x", None)]
        {
            assert_eq!(number(text), expected, "{text}");
        }
        let message = rule(Phase::HttpRequest, "set-tos foo").unwrap_err().message;
        assert!(
            message.ends_with("invalid character starting at 'foo' (integer/hex value expected)."),
            "{message}"
        );
    }
}
