//! Converters that HAProxy knows and the gateway does not run yet, so that a file that uses one is told so by name.

use super::{Convert, convert};
use crate::Type;

/// (the row that says what is lacking, and what to do instead; the names that it refuses).
#[rustfmt::skip]
static LATER: &[(Convert, &[&str])] = &[
    (lacks("a hash that only HAProxy's own source defines"), &["wt6"]),
    (lacks("packets that are kept with 'tcp-ss'"), &[
        "eth.data", "eth.dst", "eth.hdr", "eth.proto", "eth.src", "eth.vlan", "ip.data", "ip.df", "ip.dst", "ip.fp",
        "ip.hdr", "ip.proto", "ip.src", "ip.tos", "ip.ttl", "ip.ver"
    ]),
];

/// A row that has all that a message needs besides the name.
const fn lacks(reason: &'static str) -> Convert {
    convert("", Type::Any, Type::Any, |_, _, _| None).later(reason)
}

/// The row that refuses a name.
pub(super) fn find(name: &str) -> Option<&'static Convert> {
    LATER.iter().find(|(_, names)| names.contains(&name)).map(|(row, _)| row)
}

/// Every name, with why it is refused.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    let reason = |row: &'static Convert| row.later.unwrap_or_default();
    LATER.iter().flat_map(move |(row, names)| names.iter().map(move |name| (*name, reason(row))))
}
