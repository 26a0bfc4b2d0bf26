//! A cursor over the words of a directive: position and wording are its business, so that parse functions say only
//! what they want.

use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::units::{self, TimeUnit};
use crate::{Diagnostic, Span, Word};

/// A cursor over words; an iterator that can also look ahead and complain with a place.
#[derive(Clone, Debug)]
pub struct Words<'a> {
    words: &'a [Word],
    end: Span,
}

impl<'a> Iterator for Words<'a> {
    type Item = &'a Word;

    fn next(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        (self.words, self.end) = (rest, first.span.after());
        Some(first)
    }
}

impl<'a> Words<'a> {
    /// A cursor at the first of `words`; `end` is the place to blame when there is none.
    pub fn new(words: &'a [Word], end: Span) -> Self {
        Self { words, end }
    }

    /// The next word, left where it is.
    pub fn peek(&self) -> Option<&'a Word> {
        self.words.first()
    }

    /// The next word's text, left where it is.
    pub fn peek_text(&self) -> Option<&'a str> {
        self.peek().map(|word| word.text.as_str())
    }

    /// Whether the next word is one of these.
    pub fn at_any(&self, texts: &[&str]) -> bool {
        self.peek_text().is_some_and(|text| texts.contains(&text))
    }

    /// Steps over the next word if it is this one.
    pub fn accept(&mut self, text: &str) -> bool {
        let found = self.peek_text() == Some(text);
        if found {
            self.next();
        }
        found
    }

    /// The next word, or an error that says what was expected.
    pub fn expect(&mut self, what: &str) -> Result<&'a Word, Diagnostic> {
        self.next().ok_or_else(|| self.error(format!("missing argument, expects {what}")))
    }

    /// The words that are left, left where they are.
    pub fn rest(&self) -> &'a [Word] {
        self.words
    }

    /// The words that are left, taken.
    pub fn take_rest(&mut self) -> &'a [Word] {
        let rest = self.words;
        self.by_ref().for_each(drop);
        rest
    }

    /// How many words are left.
    pub fn remaining(&self) -> usize {
        self.words.len()
    }

    /// Whether no word is left.
    pub fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// The next word's place, or the place after the last.
    pub fn here(&self) -> Span {
        self.peek().map_or(self.end, |word| word.span)
    }

    /// An error at the next word.
    pub fn error(&self, message: impl Into<String>) -> Diagnostic {
        Diagnostic::alert(self.here(), message)
    }

    /// That nothing is left.
    pub fn finish(&self) -> Result<(), Diagnostic> {
        match self.peek() {
            None => Ok(()),
            Some(word) => Err(Diagnostic::alert(word.span, format!("unexpected argument '{}'", word.text))),
        }
    }

    /// A whole number within a range.
    pub fn int<T>(&mut self, what: &str, range: RangeInclusive<T>) -> Result<T, Diagnostic>
    where
        T: FromStr + PartialOrd + Display,
    {
        let word = self.expect(what)?;
        let bad = |why: String| Diagnostic::alert(word.span, why);
        let value: T = word
            .text
            .parse()
            .map_err(|_| bad(format!("invalid {what} '{}', an integer is expected", word.text)))?;
        if range.contains(&value) {
            return Ok(value);
        }
        let (low, high) = (range.start(), range.end());
        Err(bad(format!("invalid {what} '{value}', must be between {low} and {high}")))
    }

    /// A time, in milliseconds where no unit is written.
    pub fn time(&mut self, what: &str) -> Result<Duration, Diagnostic> {
        self.time_in(what, TimeUnit::Ms)
    }

    /// A time, in this unit where none is written.
    pub fn time_in(&mut self, what: &str, unit: TimeUnit) -> Result<Duration, Diagnostic> {
        let word = self.expect(what)?;
        units::parse_time(&word.text, unit)
            .map_err(|error| Diagnostic::alert(word.span, format!("{error} in {what} '{}'", word.text)))
    }

    /// A size in bytes, with `k`, `m` or `g`.
    pub fn size(&mut self, what: &str) -> Result<u64, Diagnostic> {
        let word = self.expect(what)?;
        units::parse_size(&word.text)
            .map_err(|error| Diagnostic::alert(word.span, format!("{error} in {what} '{}'", word.text)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lex_line;

    fn with<T>(line: &str, f: impl FnOnce(&mut Words<'_>) -> T) -> T {
        let words = lex_line(line).expect("the line lexes");
        f(&mut Words::new(&words, Span::default()))
    }

    #[test]
    fn a_missing_word_is_reported_after_the_last() {
        let error = with("maxconn", |words| {
            words.next();
            words.int("<number>", 0..=10).unwrap_err()
        });
        assert_eq!(error.message, "missing argument, expects <number>");
        assert_eq!(error.span.map(|s| (s.start, s.end)), Some((7, 8)));
    }

    #[test]
    fn numbers_are_held_to_their_range() {
        assert_eq!(with("7", |w| w.int("<n>", 0..=10).unwrap()), 7);
        let texts = ["11", "-1", "x", "99999999999999999999"];
        let errors = texts.map(|t| with(t, |w| w.int("<n>", 0..=10).unwrap_err().message));
        assert_eq!(errors[0], "invalid <n> '11', must be between 0 and 10");
        assert_eq!(errors[2], "invalid <n> 'x', an integer is expected");
    }

    #[test]
    fn what_is_left_over_is_an_error() {
        let error = with("a b", |w| {
            w.next();
            w.finish().unwrap_err()
        });
        assert_eq!(error.message, "unexpected argument 'b'");
    }
}
