//! Commands that HAProxy knows and the gateway does not carry out yet, for those who compare.

const CERTIFICATES: &str = "certificates changed at run time";
const INSIDE: &str = "internals of another program";

/// (how the commands begin, what they belong to).
#[rustfmt::skip]
pub(super) const LATER: &[(&str, &str)] = &[
    ("@!<pid>", "there is one process"), ("@<relative pid>", "there is one process"), ("@master", "there is one process"),
    ("_getsocks", "sockets stay open through a reload inside the process"),
    ("abort ssl ca-file", CERTIFICATES), ("abort ssl cert", CERTIFICATES), ("abort ssl crl-file", CERTIFICATES),
    ("add ssl crt-list", CERTIFICATES),
    ("commit ssl ca-file", CERTIFICATES), ("commit ssl cert", CERTIFICATES), ("commit ssl crl-file", CERTIFICATES),
    ("del ssl ca-file", CERTIFICATES), ("del ssl cert", CERTIFICATES), ("del ssl crl-file", CERTIFICATES),
    ("del ssl crt-list", CERTIFICATES),
    ("new ssl ca-file", CERTIFICATES), ("new ssl cert", CERTIFICATES), ("new ssl crl-file", CERTIFICATES),
    ("set ssl ca-file", CERTIFICATES), ("set ssl cert", CERTIFICATES), ("set ssl crl-file", CERTIFICATES),
    ("set ssl ocsp-response", CERTIFICATES), ("set ssl tls-key", CERTIFICATES),
    ("add server", "servers changed at run time"), ("del server", "servers changed at run time"),
    ("disable agent", "agents"), ("enable agent", "agents"),
    ("disable dynamic-cookie backend", "cookies"), ("enable dynamic-cookie backend", "cookies"),
    ("set dynamic-cookie-key backend", "cookies"),
    ("disable frontend", "proxies changed at run time"), ("enable frontend", "proxies changed at run time"),
    ("shutdown frontend", "proxies changed at run time"),
    ("disable health", "servers changed at run time"), ("enable health", "servers changed at run time"),
    ("disable server", "servers changed at run time"), ("enable server", "servers changed at run time"),
    ("set server", "servers changed at run time"), ("get weight", "servers changed at run time"),
    ("set weight", "servers changed at run time"), ("set maxconn frontend", "limits changed at run time"),
    ("set maxconn global", "limits changed at run time"), ("set maxconn server", "limits changed at run time"),
    ("set rate-limit", "limits changed at run time"), ("shutdown session", "sessions"), ("shutdown sessions server", "sessions"),
    ("show sess", "sessions"), ("show errors", "broken messages are logged, not kept"),
    ("clear counters", "counters are for Prometheus, which wants them to grow"),
    ("show peers", "peers"), ("show cache", "no cache"), ("show resolvers", "resolvers"),
    ("show servers conn", "states of servers"), ("show servers state", "states of servers"),
    ("show ssl ca-file", "certificates shown at run time"), ("show ssl cert", "certificates shown at run time"),
    ("show ssl crl-file", "certificates shown at run time"), ("show ssl crt-list", "certificates shown at run time"),
    ("show ssl ocsp-response", "certificates shown at run time"), ("show ssl providers", "certificates shown at run time"),
    ("show tls-keys", "certificates shown at run time"),
    ("show startup-logs", "messages of the start go to standard error"), ("show events", "rings"),
    ("show schema json", "JSON"), ("show cli sockets", "sockets of the CLI"),
    ("show proc", "there is one process"), ("reload", "send SIGUSR2"), ("mcli-debug-mode", "there is one process"),
    ("set severity-output", "severities before lines"),
    ("expert-mode", "nothing hides behind it"),
    ("httpclient", INSIDE),
    ("debug dev bug", INSIDE), ("debug dev check", INSIDE), ("debug dev close", INSIDE), ("debug dev delay", INSIDE),
    ("debug dev exit", INSIDE), ("debug dev fd", INSIDE), ("debug dev hex", INSIDE), ("debug dev log", INSIDE),
    ("debug dev loop", INSIDE), ("debug dev panic", INSIDE), ("debug dev sched", INSIDE), ("debug dev stream", INSIDE),
    ("debug dev sym", INSIDE), ("debug dev tkill", INSIDE), ("debug dev warn", INSIDE), ("debug dev write", INSIDE),
    ("set profiling", INSIDE), ("show profiling", INSIDE),
    ("show activity", INSIDE), ("show fd", INSIDE),
    ("show libs", INSIDE), ("show pools", INSIDE),
    ("show tasks", INSIDE), ("show threads", INSIDE),
    ("show trace", INSIDE), ("trace", INSIDE),
];

/// (command, what of it is missing).
pub(super) const LACKS: &[(&str, &str)] =
    &[("show info", "`typed`, `json` and `desc`"), ("show stat", "`typed`, `json` and `desc`")];

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::{audience, vocabulary};

    #[test]
    fn every_command_of_haproxys_own_listing_is_told_of() {
        let output = Command::new("haproxy")
            .args(["-dKcli", "-c", "-f", "/dev/null"])
            .output()
            .expect("haproxy is needed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed: Vec<&str> = text.lines().filter(|line| line.contains(" [")).map(str::trim_end).collect();
        assert!(listed.len() > 100, "{listed:?}");
        let known: Vec<String> =
            vocabulary().map(|(words, ..)| format!("{words} {}", audience(words))).collect();
        let missing: Vec<_> =
            listed.iter().filter(|line| !known.iter().any(|known| known == *line)).collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
