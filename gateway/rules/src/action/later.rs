//! Actions that HAProxy knows and the gateway does not perform yet, so that a file that uses one is told so by name.

/// (how the action's word begins, what it belongs to).
#[rustfmt::skip]
const LATER: &[(&str, &str)] = &[
    ("add-acl", "patterns changed at run time"), ("del-acl", "patterns changed at run time"),
    ("set-map", "maps"), ("del-map", "maps"),
    ("cache-use", "no cache"), ("cache-store", "no cache"),
    ("do-resolve", "resolvers in rules"), ("do-log", "of HAProxy 3.x"),
    ("expect-proxy", "PROXY protocol in rules"), ("expect-netscaler-cip", "NetScaler"),
    ("lua.", "no Lua"),
    ("send-spoe-group", "no SPOE"),
    ("set-bandwidth-limit", "filters"), ("set-bc-mark", "sockets in rules"), ("set-bc-tos", "sockets in rules"),
    ("set-fc-mark", "sockets in rules"), ("set-fc-tos", "sockets in rules"),
    ("set-mark", "sockets in rules"), ("set-tos", "sockets in rules"),
    ("set-priority-class", "queues in rules"), ("set-priority-offset", "queues in rules"),
    ("switch-mode", "mode changes"),
];

/// Every beginning of a name, with what it belongs to.
pub(super) fn names() -> impl Iterator<Item = (&'static str, &'static str)> {
    LATER.iter().copied()
}

/// What an action belongs to that is not here yet.
pub(super) fn find(name: &str) -> Option<&'static str> {
    LATER.iter().find(|(prefix, _)| name.starts_with(prefix)).map(|(_, reason)| *reason)
}
