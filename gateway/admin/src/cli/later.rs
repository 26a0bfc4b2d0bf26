//! Commands that HAProxy knows and the gateway does not carry out yet, for those who compare.

/// (how the commands begin, what they belong to).
#[rustfmt::skip]
pub(super) const LATER: &[(&str, &str)] = &[
    ("@!<pid>", "there is one process"), ("@<relative pid>", "there is one process"), ("@master", "there is one process"),
    ("_getsocks", "sockets stay open through a reload inside the process"),
    ("abort ssl", "certificates changed at run time"), ("add ssl", "certificates changed at run time"),
    ("commit ssl", "certificates changed at run time"), ("del ssl", "certificates changed at run time"),
    ("new ssl", "certificates changed at run time"), ("set ssl", "certificates changed at run time"),
    ("add server", "servers changed at run time"), ("del server", "servers changed at run time"),
    ("disable agent", "agents"), ("enable agent", "agents"),
    ("disable dynamic-cookie backend", "cookies"), ("enable dynamic-cookie backend", "cookies"),
    ("set dynamic-cookie-key backend", "cookies"),
    ("disable frontend", "proxies changed at run time"), ("enable frontend", "proxies changed at run time"),
    ("shutdown frontend", "proxies changed at run time"),
    ("disable health", "servers changed at run time"), ("enable health", "servers changed at run time"),
    ("disable server", "servers changed at run time"), ("enable server", "servers changed at run time"),
    ("set server", "servers changed at run time"), ("get weight", "servers changed at run time"),
    ("set weight", "servers changed at run time"), ("set maxconn", "limits changed at run time"),
    ("set rate-limit", "limits changed at run time"), ("shutdown session", "sessions"), ("shutdown sessions", "sessions"),
    ("show sess", "sessions"), ("show errors", "broken messages are logged, not kept"),
    ("clear counters", "counters are for Prometheus, which wants them to grow"),
    ("show peers", "peers"), ("show cache", "no cache"), ("show resolvers", "resolvers"),
    ("set var", "variables"),
    ("show servers conn", "states of servers"), ("show servers state", "states of servers"),
    ("show ssl", "certificates shown at run time"), ("show tls-keys", "certificates shown at run time"),
    ("show startup-logs", "messages of the start go to standard error"), ("show events", "rings"),
    ("show schema json", "JSON"), ("show cli sockets", "sockets of the CLI"),
    ("show proc", "there is one process"), ("reload", "send SIGUSR2"), ("mcli-debug-mode", "there is one process"),
    ("set severity-output", "severities before lines"),
    ("experimental-mode", "nothing hides behind it"), ("expert-mode", "nothing hides behind it"),
    ("httpclient", "internals of another program"), ("debug dev", "internals of another program"),
    ("set profiling", "internals of another program"), ("show profiling", "internals of another program"),
    ("show activity", "internals of another program"), ("show fd", "internals of another program"),
    ("show libs", "internals of another program"), ("show pools", "internals of another program"),
    ("show tasks", "internals of another program"), ("show threads", "internals of another program"),
    ("show trace", "internals of another program"), ("trace", "internals of another program"),
];

/// (command, what of it is missing).
pub(super) const LACKS: &[(&str, &str)] =
    &[("show info", "`typed`, `json` and `desc`"), ("show stat", "`typed`, `json` and `desc`")];

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::super::vocabulary;

    #[test]
    fn every_command_of_haproxys_own_listing_is_told_of() {
        let output = Command::new("haproxy")
            .args(["-dKcli", "-c", "-f", "/dev/null"])
            .output()
            .expect("haproxy is needed");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let listed = text.lines().filter_map(|line| line.split_once(" [")).map(|(command, _)| command);
        let known: Vec<&str> = vocabulary().map(|(words, _, _)| words).collect();
        let begins = |command: &str, words: &str| {
            command.strip_prefix(words).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
        };
        let missing: Vec<_> = listed
            .filter(|command| !known.iter().any(|words| begins(command, words) || begins(words, command)))
            .collect();
        assert!(missing.is_empty(), "{missing:?}");
    }
}
