//! The keyword tables as data: what becomes of each keyword that HAProxy knows, and why.

use crate::cfg::{self, ADVICE, Keyword, Status};
use crate::lower::PROXY_TABLES;

/// How much of something is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// All that HAProxy's manual says.
    Supported,
    /// Less than that.
    Partly,
    /// Accepted with a warning: it changes nothing that a client or server could see.
    Ignored,
    /// Refused, for now.
    Later,
    /// Refused, as HAProxy does.
    Gone,
}

/// One keyword.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Where it stands.
    pub place: &'static str,
    /// The keyword.
    pub name: &'static str,
    /// What becomes of it.
    pub standing: Standing,
    /// Why, or what is missing; empty where nothing needs to be said.
    pub reason: &'static str,
}

const READ: [&str; 5] = ["global", "defaults", "frontend", "backend", "listen"];

/// Every keyword of the configuration, in the order of the tables.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = cfg::section::SECTIONS.iter().map(|name| section(name)).collect();
    add(&mut entries, "`global`", &[cfg::global::KEYWORDS]);
    entries.extend(cfg::global::TUNED.iter().map(|name| tuned(name)));
    add(&mut entries, "proxies", PROXY_TABLES);
    add(&mut entries, "`bind`", &[cfg::bind::OPTIONS]);
    add(&mut entries, "`server`", &[cfg::server::OPTIONS]);
    entries
}

fn section(name: &'static str) -> Entry {
    let (standing, reason) = match READ.contains(&name) {
        true => (Standing::Supported, ""),
        false => (Standing::Later, short(cfg::section::advice(name))),
    };
    Entry { place: "sections", name, standing, reason }
}

fn tuned(name: &'static str) -> Entry {
    let reason = cfg::global::tuning(name).unwrap_or_default();
    Entry { place: "`global`", name, standing: Standing::Ignored, reason }
}

fn add<T>(entries: &mut Vec<Entry>, place: &'static str, tables: &[&'static [Keyword<T>]]) {
    let rows = tables.iter().flat_map(|rows| rows.iter()).filter(|row| !row.family);
    entries.extend(rows.map(|row| {
        let (standing, reason) = match (row.status, row.lacks) {
            (Status::Parse(_), _) if row.later.is_some() => (Standing::Later, row.later.map_or("", short)),
            (Status::Parse(_), None) => (Standing::Supported, ""),
            (Status::Parse(_), Some(lacks)) => (Standing::Partly, lacks),
            (Status::Ignored(reason), _) => (Standing::Ignored, reason),
            (Status::Unsupported(advice), _) => (Standing::Later, short(advice)),
            (Status::Refused(_), _) => (Standing::Gone, "as in HAProxy"),
        };
        Entry { place, name: row.name, standing, reason }
    }));
}

/// Advice, unless it is the one that everything gets.
fn short(advice: &'static str) -> &'static str {
    if advice == ADVICE { "" } else { advice }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_keyword_is_told_of_once_for_each_place() {
        let mut names: Vec<_> = entries().iter().map(|entry| (entry.place, entry.name)).collect();
        assert!(names.len() > 600, "{}", names.len());
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
