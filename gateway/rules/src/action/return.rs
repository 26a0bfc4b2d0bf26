//! `return`: an answer of our own (configuration.txt 4.2, `http-request return`).

use expr::Scope;
use lang::{Diagnostic, Words};

use super::Action;
use super::reply::Reply;
use crate::{AnswerKind, Flow, Message};

#[derive(Debug)]
struct Return(Reply);

impl Action for Return {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        Flow::Answer(self.0.answer(message.txn(), AnswerKind::Returned))
    }

    fn loaded(&self) -> Option<&[u8]> {
        self.0.loaded()
    }
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(Return(Reply::parse(words, scope, 200, false)?)))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{Shown, answer_to, rule};

    /// What HAProxy 2.6 sends.
    #[test]
    fn answers_are_those_of_haproxy() {
        for (text, expected) in [
            ("return", "200 content-length: 0||"),
            ("return status 204", "204 ||"),
            ("return status 404", "404 content-length: 0||"),
            ("return hdr X-A b", "200 x-a: b|content-length: 0||"),
            ("return hdr X-A '%[hdr(none)]' hdr X-B b", "200 x-b: b|content-length: 0||"),
            ("return status 403 default-errorfiles", "403 page"),
            (
                "return content-type text/plain string hello",
                "200 content-length: 5|content-type: text/plain||hello",
            ),
            (
                "return status 201 content-type text/plain lf-string 'a %[path]' hdr X-A '%[method]' hdr X-B c",
                "201 x-a: GET|x-b: c|content-length: 6|content-type: text/plain||a /a/b",
            ),
            (
                "return content-type text/plain file body.txt",
                "200 content-length: 10|content-type: text/plain||file body\n",
            ),
            (
                "return content-type text/plain lf-file format.txt",
                "200 content-length: 5|content-type: text/plain||/a/b\n",
            ),
            (
                "return status 404 errorfile err.http",
                "404 x-err: 1|content-type: text/plain|content-length: 3||err",
            ),
            ("return status 503 errorfiles site", "503 x-site: 1|content-length: 4||soon"),
            ("return status 404 errorfiles site", "404 content-length: 0||"),
        ] {
            assert_eq!(Shown(&answer_to(Phase::HttpRequest, text)).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("return status 700", "Unexpected status code '700'."),
            ("return string a", "a content type must be defined when non-empty payload is configured."),
            ("return content-type a/b file none", "error opening file 'none'."),
            ("return content-type a/b string", "'string' expects <str> as argument."),
            ("return status 503 errorfiles", "'errorfiles' expects <name> as argument."),
            (
                "return status 503 errorfiles none",
                "unknown http-errors section 'none' referenced by an http reply.",
            ),
            (
                "return status 299 errorfiles site",
                "status code '299' not handled by default with 'errorfiles' argument..",
            ),
            (
                "return status 503 errorfiles site errorfile err.http",
                "unexpected 'errorfile' argument, 'errorfiles' already defined.",
            ),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
    }
}
