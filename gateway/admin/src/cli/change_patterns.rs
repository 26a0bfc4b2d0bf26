//! `add`, `set`, `del` and `clear` over ACLs and maps, and `prepare` and `commit`, which replace all entries at once.

use expr::{Change, Reference, Which};

use super::patterns::{Sort, answer, sentence, version};
use super::{Answer, Command, Context};
use crate::Level;

#[rustfmt::skip]
pub(super) const ADD_ACL: Command = command(&["add", "acl"], "add acl [@<ver>] <acl> <pattern>", "add an acl entry", |c, w| answer(add_acl(c, w)));
#[rustfmt::skip]
pub(super) const ADD_MAP: Command = command(&["add", "map"], "add map [@<ver>] <map> <key> <val>", "add a map entry (payload supported instead of key/val)", |c, w| answer(add_map(c, w)));
#[rustfmt::skip]
pub(super) const SET_MAP: Command = command(&["set", "map"], "set map <map> [<key>|#<ref>] <value>", "modify a map entry", |c, w| answer(set_map(c, w)));
#[rustfmt::skip]
pub(super) const DEL_ACL: Command = command(&["del", "acl"], "del acl <acl> [<key>|#<ref>]", "delete acl entries matching <key>", |c, w| answer(del(Sort::Acl, c, w)));
#[rustfmt::skip]
pub(super) const DEL_MAP: Command = command(&["del", "map"], "del map <map> [<key>|#<ref>]", "delete map entries matching <key>", |c, w| answer(del(Sort::Map, c, w)));
#[rustfmt::skip]
pub(super) const CLEAR_ACL: Command = command(&["clear", "acl"], "clear acl [@<ver>] <acl>", "clear the contents of this acl", |c, w| answer(clear(Sort::Acl, c, w)));
#[rustfmt::skip]
pub(super) const CLEAR_MAP: Command = command(&["clear", "map"], "clear map [@<ver>] <map>", "clear the contents of this map", |c, w| answer(clear(Sort::Map, c, w)));
#[rustfmt::skip]
pub(super) const PREPARE_ACL: Command = command(&["prepare", "acl"], "prepare acl <acl>", "prepare a new version for atomic ACL replacement", |c, w| answer(prepare(Sort::Acl, c, w)));
#[rustfmt::skip]
pub(super) const PREPARE_MAP: Command = command(&["prepare", "map"], "prepare map <acl>", "prepare a new version for atomic map replacement", |c, w| answer(prepare(Sort::Map, c, w)));
#[rustfmt::skip]
pub(super) const COMMIT_ACL: Command = command(&["commit", "acl"], "commit acl @<ver> <acl>", "commit the ACL at this version", |c, w| answer(commit(Sort::Acl, c, w)));
#[rustfmt::skip]
pub(super) const COMMIT_MAP: Command = command(&["commit", "map"], "commit map @<ver> <map>", "commit the map at this version", |c, w| answer(commit(Sort::Map, c, w)));

/// HAProxy lets every level change patterns.
const fn command(
    words: &'static [&'static str],
    usage: &'static str,
    help: &'static str,
    run: fn(&Context<'_>, &[String]) -> Answer,
) -> Command {
    Command { words, usage, help, level: Level::User, run }
}

fn add_acl(context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let (version, words) = version(words);
    let [name, pattern, ..] = words else {
        return Err("'add acl' expects two parameters: ACL identifier and pattern.\n".into());
    };
    let reference = Sort::Acl.find(context, name)?;
    done(&reference.add(version, &[(pattern.as_bytes(), b"")]))
}

fn add_map(context: &Context<'_>, words: &[String]) -> Result<String, String> {
    const USAGE: &str = "'add map' expects three parameters (map identifier, key and value) or one parameter \
        (map identifier) and a payload\n";
    let (version, words) = version(words);
    let (name, pairs) = match (words, context.payload) {
        ([name, ..], Some(payload)) => (name, pairs(payload)?),
        ([name, key, value, ..], None) => (name, vec![(key.as_bytes(), value.as_bytes())]),
        _ => return Err(USAGE.into()),
    };
    done(&Sort::Map.find(context, name)?.add(version, &pairs))
}

/// A key and a value.
type Pair<'a> = (&'a [u8], &'a [u8]);

/// Those on each line of a payload.
fn pairs(payload: &str) -> Result<Vec<Pair<'_>>, String> {
    let blank = [' ', '\t'];
    let lines = payload.lines().map(|line| line.trim_start_matches(blank)).filter(|line| !line.is_empty());
    let pair = |line| match str::split_once(line, blank) {
        Some((key, value)) => Ok((key.as_bytes(), value.trim_start_matches(blank).as_bytes())),
        None => Err(format!("Missing value for key '{line}'.\n")),
    };
    lines.map(pair).collect()
}

fn set_map(context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let [name, key, value, ..] = words else {
        return Err("'set map' expects three parameters: map identifier, key and value.\n".into());
    };
    let reference = Sort::Map.find(context, name)?;
    let missing = match key.starts_with('#') {
        true => "key or pattern not found",
        false => "entry not found",
    };
    match reference.set(which(key), value.as_bytes()) {
        Ok(Change::Done) => Ok(String::new()),
        Ok(Change::Missing) => Err(sentence(missing)),
        Err(why) => Err(sentence(&why)),
    }
}

fn del(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let [name, key, ..] = words else {
        return Err(format!("This command expects two parameters: {} identifier and key.\n", sort.name()));
    };
    match sort.find(context, name)?.remove(which(key)) {
        Change::Done => Ok(String::new()),
        Change::Missing => Err("Key not found.\n".into()),
    }
}

fn clear(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let (version, words) = version(words);
    named(sort, context, words)?.clear(version);
    Ok(String::new())
}

fn prepare(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let name = words.first().map_or("", String::as_str);
    let version = sort.find(context, name)?.prepare();
    Ok(format!("New version created: {version}\n"))
}

fn commit(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<String, String> {
    let (Some(version), words) = version(words) else { return Err("Missing version number.\n".into()) };
    match named(sort, context, words)?.commit(version) {
        true => Ok(String::new()),
        false => Err("Version number out of range.\n".into()),
    }
}

fn named(sort: Sort, context: &Context<'_>, words: &[String]) -> Result<std::sync::Arc<Reference>, String> {
    let name = words.first().ok_or_else(|| format!("Missing {} identifier.\n", sort.name()))?;
    sort.find(context, name)
}

/// `#0x1f` is an entry's number, anything else its pattern. What begins so and is no number is no entry.
fn which(key: &str) -> Which<'_> {
    match key.strip_prefix('#') {
        Some(id) => Which::Id(u64::from_str_radix(id.trim_start_matches("0x"), 16).unwrap_or(u64::MAX)),
        None => Which::Pattern(key.as_bytes()),
    }
}

fn done(result: &Result<(), String>) -> Result<String, String> {
    match result {
        Ok(()) => Ok(String::new()),
        Err(why) => Err(sentence(why)),
    }
}
