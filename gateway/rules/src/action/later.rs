//! Actions that HAProxy knows and the gateway does not perform yet, so that a file that uses one is told so by name.

/// (how the action's word begins, what it belongs to).
#[rustfmt::skip]
const LATER: &[(&str, &str)] = &[
    ("lua.", "no Lua"), ("ot-group", "no OpenTracing filter"), ("send-spoe-group", "no SPOE"),
];

/// Every beginning of a name, with what it belongs to.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LATER.iter().copied()
}

/// What an action belongs to that is not here yet.
pub(super) fn find(name: &str) -> Option<&'static str> {
    LATER.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, reason)| *reason)
}
