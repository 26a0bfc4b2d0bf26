//! `show acl`, `show map`, `get acl`, `get map`: what references hold, and what they find.

use std::fmt::Write as _;

use expr::{Found, Item};

use super::patterns::{Sort, answer, patterns, version};
use super::{Command, Context};
use crate::Level;

pub(super) const SHOW_ACL: Command = Command {
    words: &["show", "acl"],
    usage: "show acl [@<ver>] <acl>]",
    help: "report available acls or dump an acl's contents",
    level: Level::User,
    run: |context, words| answer(show(Sort::Acl, context, words)),
};

pub(super) const SHOW_MAP: Command = Command {
    words: &["show", "map"],
    usage: "show map [@ver] [map]",
    help: "report available maps or dump a map's contents",
    level: Level::User,
    run: |context, words| answer(show(Sort::Map, context, words)),
};

pub(super) const GET_ACL: Command = Command {
    words: &["get", "acl"],
    usage: "get acl <acl> <value>",
    help: "report the patterns matching a sample for an ACL",
    level: Level::User,
    run: |context, words| answer(get(Sort::Acl, context, words)),
};

pub(super) const GET_MAP: Command = Command {
    words: &["get", "map"],
    usage: "get map <acl> <value>",
    help: "report the keys and values matching a sample for a map",
    level: Level::User,
    run: |context, words| answer(get(Sort::Map, context, words)),
};

fn show(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let (version, words) = version(words);
    let Some(name) = words.first() else { return Ok(all(sort, context)) };
    let reference = sort.find(context, name)?;
    let mut out = String::new();
    for Item { id, pattern, value } in reference.items(version) {
        let _ = write!(out, "{id:#x} {}", String::from_utf8_lossy(&pattern));
        if sort == Sort::Map {
            let _ = write!(out, " {}", String::from_utf8_lossy(&value));
        }
        out.push('\n');
    }
    Ok(out)
}

fn all(sort: Sort, context: &Context<'_>) -> String {
    let mut out = "# id (file) description\n".to_owned();
    let numbered = patterns(context).map(|patterns| patterns.numbered()).unwrap_or_default();
    for (id, reference) in numbered.iter().filter(|(_, reference)| sort.has(reference)) {
        let _ = writeln!(out, "{id} ({}) {}", reference.name(), reference.description());
    }
    out
}

fn get(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let [name, value, ..] = words else {
        return Err(format!("Missing {} identifier and/or key.\n", sort.name()));
    };
    let found = sort.find(context, name)?.look_up(value.as_bytes());
    Ok(found.iter().map(|found| told(sort, found)).collect())
}

fn told(sort: Sort, found: &Found) -> String {
    let case = if found.ignores_case { "insensitive" } else { "sensitive" };
    let word = if sort == Sort::Map { "found" } else { "match" };
    let head = format!("type={}, case={case}, {word}=", found.method);
    let Some(item) = &found.item else { return format!("{head}no\n") };
    let index = if found.in_tree { "tree" } else { "list" };
    let pattern = String::from_utf8_lossy(&item.pattern);
    match sort {
        Sort::Acl => format!("{head}yes, idx={index}, pattern=\"{pattern}\"\n"),
        Sort::Map => {
            let value = String::from_utf8_lossy(&item.value);
            format!("{head}yes, idx={index}, key=\"{pattern}\", value=\"{value}\", type=\"str\"\n")
        }
    }
}
