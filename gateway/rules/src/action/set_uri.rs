//! `set-path`, `set-pathq`, `set-query`, `set-uri`: parts of the request's target, each by a format.

use expr::{LogFormat, Parts, Scope};
use lang::{Diagnostic, Words};

use super::{Action, argument};
use crate::{Flow, Message};

/// The part that is replaced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Path,
    PathAndQuery,
    Query,
    All,
}

#[derive(Debug)]
struct SetUri {
    part: Part,
    with: LogFormat,
}

impl Action for SetUri {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let with = self.with.to_bytes(message.txn());
        if let Some(uri) = message.txn().uri().map(|uri| splice(uri, self.part, &with)) {
            message.set_uri(uri);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::TARGET
    }
}

/// The target with one part replaced.
pub(super) fn splice(uri: &[u8], part: Part, with: &[u8]) -> Vec<u8> {
    let (origin, path, query) = cut(uri);
    match part {
        Part::All => with.to_vec(),
        Part::Path => [origin, with, query].concat(),
        Part::PathAndQuery => [origin, with].concat(),
        Part::Query if query.is_empty() && with.is_empty() => uri.to_vec(),
        Part::Query => [origin, path, b"?", with].concat(),
    }
}

/// What stands before the path, the path, and the query with its question mark.
pub(super) fn cut(uri: &[u8]) -> (&[u8], &[u8], &[u8]) {
    let start = match uri.first() {
        Some(b'/') | None => 0,
        Some(_) => path_start(uri).unwrap_or(if uri == b"*" { 0 } else { uri.len() }),
    };
    let (origin, rest) = uri.split_at(start);
    let end = rest.iter().position(|byte| *byte == b'?').unwrap_or(rest.len());
    (origin, &rest[..end], &rest[end..])
}

/// Where the path of an absolute target begins.
fn path_start(uri: &[u8]) -> Option<usize> {
    let authority = uri.windows(3).position(|part| part == b"://")? + 3;
    Some(authority + uri[authority..].iter().position(|byte| *byte == b'/')?)
}

pub(super) fn path(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::Path)
}

pub(super) fn pathq(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::PathAndQuery)
}

pub(super) fn query(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::Query)
}

pub(super) fn uri(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::All)
}

fn parse(words: &mut Words<'_>, scope: &Scope<'_>, part: Part) -> Result<Box<dyn Action>, Diagnostic> {
    let with = LogFormat::parse(argument(words, "expects exactly 1 argument <format>")?, scope)?;
    Ok(Box::new(SetUri { part, with }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rules};

    #[test]
    fn each_part_is_replaced_and_the_others_stay() {
        for (uri, text, expected) in [
            ("/a/b?x=1", "set-path /n%[path]", "/n/a/b?x=1"),
            ("/a/b", "set-path /n", "/n"),
            ("/a/b?x=1", "set-pathq /n?y", "/n?y"),
            ("/a/b?x=1", "set-query y", "/a/b?y"),
            ("/a/b", "set-query y", "/a/b?y"),
            ("/a/b?x", "set-query %[hdr(none)]", "/a/b?"),
            ("/a/b", "set-query %[hdr(none)]", "/a/b"),
            ("/a/b?x=1", "set-uri /n", "/n"),
            ("http://h/a?x", "set-path /n", "http://h/n?x"),
            ("http://h/a?x", "set-pathq /n", "http://h/n"),
        ] {
            let mut world = World { uri: uri.into(), ..World::sample() };
            rules(Phase::HttpRequest, &[text]).run(&mut world);
            assert_eq!(String::from_utf8_lossy(&world.uri), expected, "{uri} {text}");
        }
    }
}
