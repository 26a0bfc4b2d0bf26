//! `http-error`: an answer in place of the one that the gateway would give by itself (configuration.txt 4.2). It is no
//! action, but it is said in the words of `return`.

use std::fmt;
use std::sync::Arc;

use expr::{Scope, Txn};
use lang::{Diagnostic, Words};

use super::reply::Reply;
use crate::{Answer, AnswerKind};

/// An `http-error` line. Cheap to clone; equal when its words and the files that they name are.
#[derive(Clone)]
pub struct HttpError {
    /// In place of the page for this status.
    pub status: u16,
    /// The words behind the keyword.
    words: Vec<String>,
    reply: Arc<Reply>,
}

impl fmt::Debug for HttpError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http-error")?;
        self.words.iter().try_for_each(|word| write!(f, " {word:?}"))
    }
}

impl PartialEq for HttpError {
    fn eq(&self, other: &Self) -> bool {
        self.words == other.words && self.reply.loaded() == other.reply.loaded()
    }
}

impl HttpError {
    /// Reads the words behind the keyword; the status and `None` where the page that is there already is meant:
    /// `default-errorfiles` takes back what was said before.
    ///
    /// # Errors
    /// What is wrong, in HAProxy's words.
    pub fn parse(status: u16, words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Option<Self>, Diagnostic> {
        let before = words.rest();
        let reply = Reply::parse(words, scope, status, false)?;
        if let Some(word) = words.peek() {
            return Err(Diagnostic::alert(word.span, format!("unknown keyword '{}'.", word.text)));
        }
        let texts = before.iter().map(|word| word.text.clone()).collect();
        Ok((!reply.is_page()).then(|| Self { status, words: texts, reply: Arc::new(reply) }))
    }

    /// The words behind the keyword.
    pub fn words(&self) -> &[String] {
        &self.words
    }

    /// The answer to a request.
    pub fn answer(&self, txn: &dyn Txn) -> Answer {
        self.reply.answer(txn, AnswerKind::Returned)
    }
}

#[cfg(test)]
mod tests {
    use expr::Phase;

    use super::*;
    use crate::world::{Shown, World, in_scope};

    #[test]
    fn an_answer_is_given_in_the_words_of_return() {
        for (text, expected) in [
            ("status 503", "503 content-length: 0||"),
            (
                "status 403 content-type text/plain lf-string '%[path]' hdr X-A %[method]",
                "403 x-a: GET|content-length: 4|content-type: text/plain||/a/b",
            ),
            ("status 410 errorfile err.http", "404 x-err: 1|content-type: text/plain|content-length: 3||err"),
        ] {
            let read = in_scope(Phase::HttpRequest, text, |words, scope| HttpError::parse(403, words, scope));
            let error = read.unwrap().expect("it is no page");
            assert_eq!(Shown(&error.answer(&World::sample())).to_string(), expected, "{text}");
        }
    }

    #[test]
    fn default_errorfiles_takes_back_what_was_said() {
        let read = in_scope(Phase::HttpRequest, "status 403 default-errorfiles", |words, scope| {
            HttpError::parse(403, words, scope)
        });
        assert_eq!(read, Ok(None));
    }
}
