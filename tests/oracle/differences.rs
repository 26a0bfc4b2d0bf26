//! Reads `differences.toml`: `[[difference]]` with `case` (`*` stands for anything), `what` and `reason`.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::support::subject::{Kind, kind};

/// A known difference.
#[derive(Debug, Default)]
struct Difference {
    case: String,
    what: String,
    reason: String,
    seen: AtomicBool,
}

static LISTED: LazyLock<Vec<Difference>> = LazyLock::new(|| parse(include_str!("differences.toml")));

/// Whether a difference in `what` of `case` is known; remembers that it was met.
pub(crate) fn is_listed(case: &str, what: &str) -> bool {
    let matches = |d: &&Difference| (d.what == what || d.what == "*") && matches(&d.case, case);
    let mut found = false;
    for difference in LISTED.iter().filter(matches) {
        difference.seen.store(true, Ordering::Relaxed);
        found = true;
    }
    found && kind() == Kind::Gateway
}

/// Prints the listed differences that no exchange showed; true when there are any.
pub(crate) fn report_stale() -> bool {
    if kind() == Kind::Haproxy {
        return false;
    }
    let mut any = false;
    for d in LISTED.iter().filter(|d| !d.seen.load(Ordering::Relaxed)) {
        println!("differences.toml: no longer differs: {} in {} ({})", d.case, d.what, d.reason);
        any = true;
    }
    any
}

/// The two shapes of line that the file has; anything else is a mistake in it.
fn parse(text: &str) -> Vec<Difference> {
    let mut list: Vec<Difference> = Vec::new();
    for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
        if line == "[[difference]]" {
            list.push(Difference::default());
            continue;
        }
        let (key, value) = line.split_once(" = ").unwrap_or_else(|| panic!("differences.toml: {line}"));
        let value = value.trim_matches(['"', '\'']).to_owned();
        let entry = list.last_mut().expect("a [[difference]] comes first");
        match key {
            "case" => entry.case = value,
            "what" => entry.what = value,
            "reason" => entry.reason = value,
            _ => panic!("differences.toml: {line}"),
        }
    }
    assert!(list.iter().all(|d| !d.reason.is_empty()), "every difference has its reason");
    list
}

/// `*` stands for any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| {
            text.char_indices().map(|(i, _)| i).chain([text.len()]).any(|i| matches(rest, &text[i..]))
        }),
    }
}
