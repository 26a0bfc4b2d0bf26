//! What `-v` and `-vv` say: our own name and version, and the level of HAProxy's configuration that is followed.

use lang::Facts;

/// Our own version.
pub(crate) const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The HAProxy whose configuration and behaviour are followed.
pub(crate) const LEVEL: &str = "3.5";

/// `-v`.
pub(crate) fn short() -> String {
    format!(
        "gateway version {VERSION}\nFollows the configuration and behaviour of HAProxy {LEVEL}; it is not HAProxy.\n{}",
        running_on()
    )
}

/// `-vv`.
pub(crate) fn long() -> String {
    let facts = Facts::default();
    let features: Vec<String> = facts.features.iter().map(|name| format!("+{name}")).collect();
    [
        short(),
        format!(
            "Built for {}-{}, with Pingora and rustls (aws-lc-rs)",
            std::env::consts::ARCH,
            std::env::consts::OS
        ),
        String::new(),
        format!("Feature list : {} -LUA -QUIC", features.join(" ")),
        String::new(),
        format!("Threads by default : {}", run_threads()),
        "TLS versions : TLSv1.2 TLSv1.3".to_owned(),
        "Available services : prometheus-exporter".to_owned(),
    ]
    .join("\n")
}

fn run_threads() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn running_on() -> String {
    let read = |name| std::fs::read_to_string(format!("/proc/sys/kernel/{name}")).unwrap_or_default();
    format!("Running on: {} {}", read("ostype").trim(), read("osrelease").trim())
}
