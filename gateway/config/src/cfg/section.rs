//! The words that begin a section (configuration.txt 2.1).

/// Every section that HAProxy knows.
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

/// What becomes of a section once its lines are read and judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It is acted on.
    Read,
    /// Nothing acts on it yet; the text says what to do meanwhile.
    Later(&'static str),
    /// It is refused for good; the text says what to do instead.
    Refused(&'static str),
}

/// What becomes of a section of this kind.
pub(crate) fn standing(section: &str) -> Standing {
    use Standing::{Later, Read, Refused};
    match section {
        "peers" => Later("remove it: stick tables are not shared with other processes yet"),
        "mailers" => Later("watch the metrics instead"),
        "ring" | "log-forward" => Later("log to stdout or to a syslog server"),
        "cache" => Later("remove it and the rules that use it"),
        "crt-store" => Later("write 'crt' on the 'bind' lines"),
        "acme" => Later("have certificates renewed by another program, and reload"),
        "traces" => Later("remove it, or use 'explain' to see which rules match"),
        "healthcheck" => Later("write its lines in the backend, 'type' as 'option'"),
        "program" => Refused("start the program beside the gateway, in a container or a unit of its own"),
        "fcgi-app" => Later("put a web server that speaks FastCGI beside the application, and proxy to it"),
        _ => Read,
    }
}
