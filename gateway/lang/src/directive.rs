//! What both front ends produce: sections of directives, each a row of words.

use crate::Span;

/// One word of a line, quotes and escapes resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// The text.
    pub text: String,
    /// Where it stands.
    pub span: Span,
    /// Some part of it was quoted.
    pub quoted: bool,
}

impl Word {
    /// A word without quotes.
    pub fn new(text: impl Into<String>, span: Span) -> Self {
        Self { text: text.into(), span, quoted: false }
    }
}

/// One line inside a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The words; never empty. The first is the keyword; the prefixes `no` and `default` are kept as words.
    pub words: Vec<Word>,
    /// From the first word to the last.
    pub span: Span,
}

impl Directive {
    /// A directive of these words, `None` when there are none.
    pub fn new(words: Vec<Word>) -> Option<Self> {
        let span = words.first()?.span.to(words.last()?.span);
        Some(Self { words, span })
    }

    /// The first word: the keyword, or a prefix.
    pub fn keyword(&self) -> &Word {
        self.words.first().expect("a directive has at least one word")
    }
}

/// A section: its keyword, what follows on the same line, and its directives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// `global`, `frontend`, …
    pub keyword: Word,
    /// The name and what else is on the line.
    pub args: Vec<Word>,
    /// The whole line.
    pub span: Span,
    /// The directives in order.
    pub directives: Vec<Directive>,
}

/// Everything that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Document {
    /// The sections in order of files and lines.
    pub sections: Vec<Section>,
}
