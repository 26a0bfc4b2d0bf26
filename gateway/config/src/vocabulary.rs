//! The keyword tables as data: what becomes of each keyword that HAProxy knows, and why.

use crate::cfg::named::Kind;
use crate::cfg::{self, ADVICE, Args, BACKEND, FRONTEND, Keyword, Status, section};
use crate::judge::HTTP_OPTIONS;
use crate::lower::PROXY_TABLES;
use crate::model;

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
    /// Refused for good, as HAProxy does.
    Gone,
    /// Refused for good, by choice.
    Declined,
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
    /// How many words must follow it.
    pub takes: usize,
    /// No word may follow it.
    pub flag: bool,
    /// It stands in sections where clients come in.
    pub front: bool,
    /// It stands in sections where servers are.
    pub back: bool,
    /// It is an option that only HTTP has.
    pub http: bool,
    /// Why, or what is missing; empty where nothing needs to be said.
    pub reason: &'static str,
}

/// Every keyword of the configuration, in the order of the tables.
pub fn entries() -> Vec<Entry> {
    let mut entries: Vec<Entry> = section::SECTIONS.iter().map(|name| a_section(name)).collect();
    add(&mut entries, "`global`", cfg::global::TABLES);
    add(&mut entries, "proxies", PROXY_TABLES);
    add(&mut entries, "`bind`", cfg::bind::OPTIONS);
    add(&mut entries, "`server`", cfg::server::OPTIONS);
    others(&mut entries);
    entries
}

/// The keywords of sections other than `global` and the proxies.
fn others(entries: &mut Vec<Entry>) {
    of::<model::Resolvers>(entries, "`resolvers`");
    of::<cfg::userlist::Draft>(entries, "`userlist`");
    of::<cfg::peers::Draft>(entries, "`peers`");
    of::<model::Mailers>(entries, "`mailers`");
    of::<model::Cache>(entries, "`cache`");
    of::<model::HttpErrors>(entries, "`http-errors`");
    of::<cfg::ring::Draft>(entries, "`ring`");
    of::<cfg::log_forward::Draft>(entries, "`log-forward`");
    of::<model::LogProfile>(entries, "`log-profile`");
    of::<cfg::fcgi_app::Draft>(entries, "`fcgi-app`");
    of::<cfg::program::Draft>(entries, "`program`");
    of::<cfg::crt_store::Draft>(entries, "`crt-store`");
    of::<cfg::traces::Draft>(entries, "`traces`");
    of::<cfg::acme::Draft>(entries, "`acme`");
    of::<cfg::healthcheck::Draft>(entries, "`healthcheck`");
}

/// The keywords of one kind; where nothing acts on the section, nothing acts on them.
fn of<T: Kind>(entries: &mut Vec<Entry>, place: &'static str) {
    let first = entries.len();
    add(entries, place, &[T::KEYWORDS]);
    let standing = match section::standing(T::FORM.section) {
        section::Standing::Read => return,
        section::Standing::Later(_) => Standing::Later,
        section::Standing::Refused(_) => Standing::Declined,
    };
    let own = entries.iter_mut().skip(first).filter(|entry| entry.standing != Standing::Gone);
    own.for_each(|entry| (entry.standing, entry.reason) = (standing, "with its section"));
}

fn a_section(name: &'static str) -> Entry {
    let (standing, reason) = match section::standing(name) {
        section::Standing::Read => (Standing::Supported, ""),
        section::Standing::Later(advice) => (Standing::Later, advice),
        section::Standing::Refused(advice) => (Standing::Declined, advice),
    };
    Entry {
        place: "sections",
        name,
        standing,
        takes: 0,
        flag: false,
        front: false,
        back: false,
        http: false,
        reason,
    }
}

fn add<T>(entries: &mut Vec<Entry>, place: &'static str, tables: &[&'static [Keyword<T>]]) {
    let rows = tables.iter().flat_map(|rows| rows.iter()).filter(|row| !row.family);
    entries.extend(rows.map(|row| {
        let (standing, reason) = match (row.status, row.lacks) {
            (Status::Parse(_), _) if row.later.is_some() => (Standing::Later, row.later.map_or("", short)),
            (Status::Parse(_), _) if row.tunes.is_some() => {
                (Standing::Ignored, row.tunes.unwrap_or_default())
            }
            (Status::Parse(_), None) => (Standing::Supported, ""),
            (Status::Parse(_), Some(lacks)) => (Standing::Partly, lacks),
            (Status::Ignored(reason), _) => (Standing::Ignored, reason),
            (Status::Unsupported(advice), _) => (Standing::Later, short(advice)),
            (Status::Declined(choice), _) => (Standing::Declined, choice.why),
            (Status::Refused(_), _) => (Standing::Gone, "as in HAProxy"),
        };
        let (front, back) = (row.sections.meets(FRONTEND), row.sections.meets(BACKEND));
        let http = row.name.strip_prefix("option ").is_some_and(|name| HTTP_OPTIONS.contains(&name));
        let (takes, flag) = (row.args.count(), matches!(row.args, Args::Exactly(0, _)));
        Entry { place, name: row.name, standing, takes, flag, front, back, http, reason }
    }));
}

/// The options that may stand in the brackets of a `crt-list` line, and how many words they take.
pub fn crt_list() -> impl Iterator<Item = (&'static str, usize)> {
    cfg::bind::CRT_LIST.iter().copied()
}

/// Whether an option of a `bind` line belongs to TLS.
pub fn is_of_tls(name: &str) -> bool {
    cfg::bind::TLS.iter().any(|row| row.name == name)
}

/// The filters, and what HAProxy's listing calls each.
pub fn filters() -> impl Iterator<Item = (&'static str, &'static str)> {
    cfg::service::FILTERS.iter().copied()
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
