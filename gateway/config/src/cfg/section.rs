//! The words that begin a section (configuration.txt 2.1).

/// Every section that HAProxy knows, those that nothing reads yet among them.
pub(crate) const SECTIONS: &[&str] = &[
    "global",
    "defaults",
    "frontend",
    "backend",
    "listen",
    "resolvers",
    "userlist",
    "peers",
    "mailers",
    "cache",
    "http-errors",
    "ring",
    "log-forward",
    "log-profile",
    "fcgi-app",
    "program",
    "crt-store",
    "traces",
    "acme",
    "healthcheck",
];

/// What to do about a section that nothing acts on yet.
pub(crate) fn advice(section: &str) -> &'static str {
    match section {
        "resolvers" => "remove it: names are resolved by the system's resolver, again and again",
        "userlist" => "remove it and the rules that ask for passwords, or keep this proxy on HAProxy for now",
        "peers" => "remove it: there are no stick tables to share yet",
        "mailers" => "watch the metrics instead",
        "ring" | "log-forward" => "log to stdout or to a syslog server",
        "http-errors" => "use 'errorfile' lines",
        "program" => "start the program beside the gateway, in a container or a unit of its own",
        "crt-store" => "write 'crt' on the 'bind' lines",
        _ => "remove it, or keep this file on HAProxy for now",
    }
}
