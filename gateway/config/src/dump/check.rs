//! What checks send and expect: `option httpchk`, `http-check`.

use super::check_step::{literal, step};
use super::text::{Line, line};
use crate::model::{CheckKind, ExpectStatus, Server};

/// The lines of a backend; its servers are all checked in the same way.
pub(super) fn lines(servers: &[Server]) -> Vec<Line> {
    let checks = servers.iter().filter_map(|server| server.check.as_ref());
    checks.map(|check| of(&check.kind)).next().unwrap_or_default()
}

/// The lines about one kind of check.
pub(super) fn of(kind: &CheckKind) -> Vec<Line> {
    match kind {
        CheckKind::Tcp => Vec::new(),
        CheckKind::Http { method, uri, version, headers, body, expect } => {
            let lines = [
                Some(line(["option", "httpchk", method, uri, version])),
                send(method, headers, body.as_deref()),
                expectation(expect),
            ];
            lines.into_iter().flatten().collect()
        }
        CheckKind::HttpSteps(steps) => {
            let steps = steps.iter().map(|one| step("http-check", one));
            std::iter::once(line(["option", "httpchk"])).chain(steps).collect()
        }
        CheckKind::TcpSteps(steps) => {
            let steps = steps.iter().map(|one| step("tcp-check", one));
            std::iter::once(line(["option", "tcp-check"])).chain(steps).collect()
        }
        kind => vec![probe(kind)],
    }
}

/// A check that speaks a protocol of its own.
fn probe(kind: &CheckKind) -> Line {
    match kind {
        CheckKind::Mysql { user: None, old: _ } => line(["option", "mysql-check"]),
        CheckKind::Mysql { user: Some(user), old } => {
            line(["option", "mysql-check", "user", user]).flag("pre-41", *old)
        }
        CheckKind::Pgsql { user } => line(["option", "pgsql-check", "user", user]),
        CheckKind::Redis => line(["option", "redis-check"]),
        CheckKind::Ldap => line(["option", "ldap-check"]),
        CheckKind::Smtp { hello } => {
            let (command, domain) = hello.split_once(' ').unwrap_or((hello, ""));
            line(["option", "smtpchk", command, domain])
        }
        CheckKind::SslHello => line(["option", "ssl-hello-chk"]),
        CheckKind::Spop => line(["option", "spop-check"]),
        CheckKind::External => line(["option", "external-check"]),
        CheckKind::Tcp | CheckKind::Http { .. } | CheckKind::HttpSteps(_) | CheckKind::TcpSteps(_) => {
            line([])
        }
    }
}

fn send(method: &str, headers: &[(String, String)], body: Option<&str>) -> Option<Line> {
    if headers.is_empty() && body.is_none() {
        return None;
    }
    let add = |line: Line, (name, value): &(String, String)| line.and("hdr").and(name).and(literal(value));
    let line = headers.iter().fold(line(["http-check", "send"]), add).set("body", body);
    let ends_empty = line.words.last().is_some_and(|word| word.text.is_empty());
    // an empty last word would not be read
    Some(line.set("meth", ends_empty.then_some(method)))
}

fn expectation(expect: &ExpectStatus) -> Option<Line> {
    let (not, keyword, pattern) = match expect {
        ExpectStatus::Success => return None,
        ExpectStatus::Status { not, ranges } => (not, "status", statuses(ranges)),
        ExpectStatus::Pattern { not, pattern } => (not, "rstatus", pattern.clone()),
        ExpectStatus::Body { not, pattern, regex: false } => (not, "string", pattern.clone()),
        ExpectStatus::Body { not, pattern, regex: true } => (not, "rstring", pattern.clone()),
    };
    let comment = pattern.is_empty().then_some("anything"); // an empty last word would not be read
    Some(line(["http-check", "expect"]).flag("!", *not).and(keyword).and(pattern).set("comment", comment))
}

/// A list of ranges.
pub(super) fn statuses(ranges: &[(u16, u16)]) -> String {
    let range =
        |(low, high): &(u16, u16)| if low == high { low.to_string() } else { format!("{low}-{high}") };
    ranges.iter().map(range).collect::<Vec<_>>().join(",")
}
