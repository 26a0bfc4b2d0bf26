//! What `show`, `get`, `add`, `set`, `del`, `clear`, `prepare` and `commit` have in common over ACLs and maps: how a
//! reference and a generation are named (management.txt 9.3).

use std::sync::Arc;

use expr::{Patterns, Reference};

use super::{Answer, Context};

/// Whether maps are meant or ACLs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Acl,
    Map,
}

impl Sort {
    /// As error messages call it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Acl => "ACL",
            Self::Map => "map",
        }
    }

    pub(super) fn has(self, reference: &Reference) -> bool {
        match self {
            Self::Acl => reference.is_acl(),
            Self::Map => reference.is_map(),
        }
    }

    /// The reference of a name.
    pub(super) fn find(self, context: &Context<'_>, name: &str) -> Result<Arc<Reference>, String> {
        let found = patterns(context).and_then(|patterns| patterns.find(name));
        let wanted = found.filter(|reference| self.has(reference) || !reference.is_used());
        wanted.ok_or_else(|| format!("Unknown {} identifier. Please use #<id> or <file>.\n", self.name()))
    }
}

/// The running configuration's references.
pub(super) fn patterns(context: &Context<'_>) -> Option<Arc<Patterns>> {
    context.subject.patterns()
}

/// `@version` in front of the other words; what is no number is 0.
pub(super) fn version(words: &[String]) -> (Option<u32>, &[String]) {
    match words.split_first() {
        Some((first, rest)) if first.starts_with('@') => (Some(first[1..].parse().unwrap_or(0)), rest),
        _ => (None, words),
    }
}

/// What was done, or why it was not.
pub(super) fn answer(result: Result<String, String>) -> Answer {
    Answer::Text(result.unwrap_or_else(|why| why))
}

/// A reason as a line.
pub(super) fn sentence(why: &str) -> String {
    format!("{why}.\n")
}
