//! What sections other than `global` and the proxies have in common: a name, a table of keywords, and little else.
//! Each kind is one implementation of [`Kind`], in a file of its own.

use lang::units::{TimeUnit, UnitError};
use lang::{Diagnostic, Diagnostics, Word};

use super::{Context, Keyword};
use crate::draft::Head;

/// A kind of section: what its lines fill, and by which table they are read.
pub(crate) trait Kind: Sized + 'static {
    /// Its keywords.
    const KEYWORDS: &'static [Keyword<Self>];
    /// The line that begins it.
    const FORM: Form;

    /// A section without lines.
    fn begin(head: &Head) -> Self;

    /// Judges it when its last line is read.
    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        let _ = (head, notes);
    }
}

/// How a section's line is read, and HAProxy's words for what is wrong with it.
#[derive(Clone, Copy)]
pub(crate) struct Form {
    /// The word that begins it.
    pub(crate) section: &'static str,
    /// What is said when the name is missing; `None` where it may be.
    pub(crate) missing: Option<&'static str>,
    /// Words behind the name are refused, and not just ignored.
    pub(crate) strict: bool,
    /// Any character may be in the name.
    pub(crate) any_name: bool,
    /// What is said of a name that is taken: by which section's place it is known.
    pub(crate) duplicate: Duplicate,
    /// What is said of a keyword that the table has not.
    pub(crate) unknown: fn(&str) -> Option<String>,
}

/// What two sections of one name mean.
#[derive(Clone, Copy)]
pub(crate) enum Duplicate {
    /// An error: the words, given the name and the place of the first.
    Refused(fn(&str, &str) -> String),
    /// The second one's line is ignored with a warning, and its lines belong to the section declared last.
    Joined(fn(&str) -> String),
    /// There may be as many as one likes.
    Fine,
}

impl Form {
    /// The usual form; the missing name and the duplicate have words of their own in every kind.
    pub(crate) const fn new(
        section: &'static str,
        missing: &'static str,
        duplicate: fn(&str, &str) -> String,
    ) -> Self {
        Self {
            section,
            missing: Some(missing),
            strict: true,
            any_name: false,
            duplicate: Duplicate::Refused(duplicate),
            unknown: |_| None,
        }
    }

    /// Words behind the name are ignored.
    pub(crate) const fn lenient(mut self) -> Self {
        self.strict = false;
        self
    }

    /// The name is not judged.
    pub(crate) const fn any_name(mut self) -> Self {
        self.any_name = true;
        self
    }

    /// It says something of its own about unknown keywords.
    pub(crate) const fn unknown(mut self, unknown: fn(&str) -> Option<String>) -> Self {
        self.unknown = unknown;
        self
    }
}

impl<T> Context<'_, T> {
    /// The words that are left mean nothing to HAProxy; ours is to say so.
    pub(crate) fn ignore_rest(&mut self) {
        let Some(word) = self.words.peek() else { return };
        let message =
            format!("'{}' : '{}' and what follows is ignored, as HAProxy does", self.keyword, word.text);
        self.notes.warning(word.span, message);
        self.words.take_rest();
    }

    /// The next word as a text of its own, or this error.
    pub(crate) fn text_or(&mut self, missing: &str) -> Result<String, Diagnostic> {
        self.word_or(missing).map(|word| word.text)
    }

    /// The next word, or this error.
    pub(crate) fn word_or(&mut self, missing: &str) -> Result<Word, Diagnostic> {
        self.words.next().cloned().ok_or_else(|| self.words.error(missing))
    }

    /// Reads the words that are left into a part of the target, by the function of another table.
    pub(crate) fn part<U: 'static>(
        &mut self,
        part: impl FnOnce(&mut T) -> &mut U,
        parse: super::Parse<U>,
    ) -> Result<(), Diagnostic> {
        let mut inner = Context {
            target: part(&mut *self.target),
            words: self.words.clone(),
            keyword: self.keyword,
            argument: "",
            span: self.span,
            prefix: self.prefix,
            world: self.world,
            notes: &mut *self.notes,
            told: &mut *self.told,
            place: self.place.clone(),
        };
        let result = parse(&mut inner);
        let left = inner.words.remaining();
        let read = self.words.remaining() - left;
        self.words.by_ref().take(read).for_each(drop);
        result
    }
}

/// A time in milliseconds, with the words that these sections have for a bad one: `… in argument to <what>.`
pub(crate) fn time(word: &Word, what: &str) -> Result<std::time::Duration, Diagnostic> {
    time_in(word, what, &word.text, TimeUnit::Ms)
}

/// The same in another unit; `named` is what an overflow is said to be in.
pub(crate) fn time_in(
    word: &Word,
    what: &str,
    named: &str,
    unit: TimeUnit,
) -> Result<std::time::Duration, Diagnostic> {
    lang::units::parse_time(&word.text, unit).map_err(|UnitError(why)| {
        let message = match why.strip_prefix("timer overflow") {
            Some(_) => format!(
                "timer overflow in argument <{named}> to <{what}>, maximum value is 2147483647 ms (~24.8 days)."
            ),
            None => format!("{why} in argument to <{what}>."),
        };
        Diagnostic::alert(word.span, message)
    })
}

/// Refuses a name with a character that HAProxy does not permit in names.
pub(crate) fn check_name(word: &Word, what: &str) -> Result<(), Diagnostic> {
    match super::server::bad_character(&word.text) {
        None => Ok(()),
        Some(c) => {
            let message = format!("character '{c}' is not permitted in {what} '{}'.", word.text);
            Err(Diagnostic::alert(word.span, message))
        }
    }
}
