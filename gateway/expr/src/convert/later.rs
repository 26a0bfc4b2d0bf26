//! Converters that HAProxy knows and the gateway does not run yet, so that a file that uses one is told so by name.

use super::{Convert, convert};
use crate::Type;

/// (what they belong to, their names).
#[rustfmt::skip]
const LATER: &[(&str, &[&str])] = &[
    ("a hash that only HAProxy's own source defines", &["wt6"]),
    ("an expression does not look at ACLs: 'http-request set-var' with 'if' sets what to use instead", &["when"]),
    ("tokens that are encrypted", &["jwt_decrypt_cert", "jwt_decrypt_jwk", "jwt_decrypt_secret"]),
    ("packets that are kept with 'tcp-ss'", &[
        "eth.data", "eth.dst", "eth.hdr", "eth.proto", "eth.src", "eth.vlan", "ip.data", "ip.df", "ip.dst", "ip.fp",
        "ip.hdr", "ip.proto", "ip.src", "ip.tos", "ip.ttl", "ip.ver"
    ]),
];

/// One row for each reason: all that a message needs besides the name.
static ROWS: &[Convert] = &[
    convert("", Type::Any, Type::Any, |_, _, _| None).later("a hash that only HAProxy's own source defines"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later(
        "an expression does not look at ACLs: 'http-request set-var' with 'if' sets what to use instead",
    ),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("tokens that are encrypted"),
    convert("", Type::Any, Type::Any, |_, _, _| None).later("packets that are kept with 'tcp-ss'"),
];

/// The row that refuses a name.
pub(super) fn find(name: &str) -> Option<&'static Convert> {
    let at = LATER.iter().position(|(_, names)| names.contains(&name))?;
    ROWS.get(at)
}

/// Every name, with what it belongs to.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LATER.iter().flat_map(|(reason, names)| names.iter().map(|name| (*name, *reason)))
}
