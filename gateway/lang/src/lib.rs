//! Configuration as text: words, directives, sections, conditional blocks, and what is said about them.
//!
//! This crate knows no keyword: it cuts files into words with HAProxy's quoting, evaluates `.if` blocks, and gives
//! each word its place. Whoever asks brings the files, the environment and the facts; nothing here does I/O.

mod condition;
mod diagnostic;
mod directive;
mod lexer;
mod load;
mod source;
pub mod suggest;
pub mod units;
mod words;

pub use condition::{Facts, Version, eval_condition};
pub use diagnostic::{Diagnostic, Diagnostics, MAX_ERRORS, Severity};
pub use directive::{Directive, Document, Section, Word};
pub use lexer::{lex_line, lex_line_in};
pub use load::{
    Convert, EnvChange, Environment, Files, Grammar, Lines, MAX_FILE, MAX_IF_DEPTH, MAX_WORDS, Misspelt,
    Overlay, load_cfg,
};
pub use source::{FileId, Sources, Span};
pub use words::Words;
