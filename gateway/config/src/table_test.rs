//! The tables hold what HAProxy's own listing holds, and each word once.

use std::collections::BTreeSet;
use std::process::Command;

use crate::cfg::{self, Keyword};

fn names<T>(tables: &[&'static [Keyword<T>]]) -> Vec<&'static str> {
    tables.iter().flat_map(|rows| rows.iter()).map(|row| row.name).collect()
}

fn proxy_names() -> Vec<&'static str> {
    names(crate::lower::PROXY_TABLES)
}

#[test]
fn each_keyword_has_one_row() {
    for names in
        [proxy_names(), names(cfg::global::TABLES), names(cfg::bind::OPTIONS), names(cfg::server::OPTIONS)]
    {
        let mut seen = BTreeSet::new();
        let twice: Vec<_> = names.into_iter().filter(|name| !seen.insert(*name)).collect();
        assert!(twice.is_empty(), "{twice:?}");
    }
}

/// HAProxy's listing: the section or line, and the keyword.
fn listed() -> Vec<(String, String)> {
    let output = Command::new("haproxy")
        .args(["-dKcfg", "-c", "-f", "/dev/null"])
        .output()
        .expect("haproxy is needed");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut section = String::new();
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        match line.strip_prefix('\t') {
            Some(keyword) => found.push((section.clone(), keyword.to_owned())),
            None => section = line.to_owned(),
        }
    }
    assert!(found.len() > 400, "{} keywords", found.len());
    found
}

fn is_known(section: &str, line: &str) -> bool {
    let words: Vec<&str> = line.split(' ').collect();
    let proxy = proxy_names();
    match (section, words.as_slice()) {
        ("global", [word, ..]) => names(cfg::global::TABLES).contains(word),
        ("listen", ["bind", _, "ssl", option, ..] | ["bind", _, option, ..]) => {
            names(cfg::bind::OPTIONS).contains(option)
        }
        ("listen", ["server", _, _, option, ..]) => names(cfg::server::OPTIONS).contains(option),
        ("listen", ["option", option, ..]) => proxy.contains(&format!("option {option}").as_str()),
        // the actions are the business of the crate `rules`
        ("listen", [word, ..]) => proxy.iter().any(|name| name.split(' ').next() == Some(word)),
        ("crt-list", _) => true,
        _ => false,
    }
}

#[test]
fn all_of_haproxys_own_keywords_are_known() {
    let missing: Vec<_> = listed().into_iter().filter(|(section, line)| !is_known(section, line)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}

/// Keywords of the manual's matrix (configuration.txt 4.1).
#[rustfmt::skip]
const MATRIX: &[&str] = &[
    "acl", "backlog", "balance", "bind", "bind-process", "capture request header", "compression", "cookie",
    "default-server", "default_backend", "description", "disabled", "dispatch", "email-alert", "enabled",
    "errorfile", "error-log-format", "force-persist", "fullconn", "hash-type", "http-after-response",
    "http-send-name-header", "id", "ignore-persist", "load-server-state-from-file", "log", "log-format",
    "log-format-sd", "log-tag", "maxconn", "mode", "monitor fail", "monitor-uri", "option forwardfor",
    "option originalto", "option smtpchk", "redirect", "retries", "server", "server-state-file-name",
    "server-template", "source", "stats", "stick", "tcp-response content", "timeout tunnel",
    "unique-id-format", "use_backend", "use-server",
];

/// Keywords of the manual's list for `global` (configuration.txt 3).
#[rustfmt::skip]
const GLOBALS: &[&str] = &[
    "chroot", "cluster-secret", "cpu-map", "daemon", "external-check", "gid", "group",
    "insecure-fork-wanted", "localpeer", "maxcompcpuusage", "maxzlibmem", "node", "numa-cpu-mapping",
    "pidfile", "presetenv", "server-state-base", "set-dumpable", "ssl-engine", "ulimit-n", "unix-bind",
    "wurfl-cache-size", "51degrees-cache-size", "deviceatlas-separator", "busy-polling", "noepoll",
    "zero-warning",
];

#[test]
fn the_manuals_keywords_are_known() {
    let (proxy, global) = (proxy_names(), names(cfg::global::TABLES));
    let missing = MATRIX.iter().filter(|word| !proxy.contains(word));
    let missing: Vec<_> = missing.chain(GLOBALS.iter().filter(|word| !global.contains(word))).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
