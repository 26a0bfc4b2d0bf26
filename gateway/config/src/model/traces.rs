//! `traces` sections (HAProxy 3.1).

/// A `trace` line: what the CLI's command of the same name would be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// What is traced: `h1`, `h2`, `stream`, …
    pub source: String,
    /// What is said about it, word by word.
    pub words: Vec<String>,
}
