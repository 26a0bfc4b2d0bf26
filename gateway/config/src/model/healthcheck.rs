//! `healthcheck` sections (HAProxy 3.4).

use super::CheckKind;

/// A way to check servers, under a name that `server` lines call it by.
#[derive(Clone, Debug, PartialEq)]
pub struct Healthcheck {
    /// Its name.
    pub name: String,
    /// What is sent and expected.
    pub kind: CheckKind,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}
