//! `replace-path`, `replace-pathq`, `replace-uri <regex> <fmt>`: the part is replaced as a whole if it matches.

use expr::{LogFormat, Parts, Scope};
use lang::{Diagnostic, Words};
use regex::bytes::Regex;

use super::Action;
use super::replace_header::{regex_and_format, replaced};
use super::set_uri::{Part, cut, splice};
use crate::{Flow, Message};

#[derive(Debug)]
struct ReplaceUri {
    part: Part,
    regex: Box<Regex>,
    with: LogFormat,
}

impl Action for ReplaceUri {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let Some(uri) = message.txn().uri() else { return Flow::Continue };
        let (origin, path, _) = cut(uri);
        let subject = match self.part {
            Part::Path => path,
            Part::PathAndQuery | Part::Query => &uri[origin.len()..],
            Part::All => uri,
        };
        let new = replaced(&self.regex, subject, &self.with.to_bytes(message.txn()));
        if let Some(uri) = new.map(|with| splice(uri, self.part, &with)) {
            message.set_uri(uri);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::TARGET
    }
}

pub(super) fn path(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::Path)
}

pub(super) fn pathq(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::PathAndQuery)
}

pub(super) fn uri(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, Part::All)
}

fn parse(words: &mut Words<'_>, scope: &Scope<'_>, part: Part) -> Result<Box<dyn Action>, Diagnostic> {
    let (regex, with) = regex_and_format(words, scope)?;
    Ok(Box::new(ReplaceUri { part, regex, with }))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rules};

    #[test]
    fn the_part_is_replaced_as_a_whole_if_it_matches() {
        for (uri, text, expected) in [
            ("/a/b?x=1", r"replace-path /a/(.*) /\1/%[method]", "/b/GET?x=1"),
            ("/a/b?x=1", r"replace-path b /c", "/c?x=1"),
            ("/a/b?x=1", r"replace-path zzz /c", "/a/b?x=1"),
            ("/a/b?x=1", r"replace-pathq (.*)\?(.*) /\2\1", "/x=1/a/b"),
            ("/a/b?x=1", r"replace-uri ^/a/(.*) /\1", "/b?x=1"),
            ("http://h/a", r"replace-uri ^http://h/(.*) https://i/\1", "https://i/a"),
        ] {
            let mut world = World { uri: uri.into(), ..World::sample() };
            rules(Phase::HttpRequest, &[text]).run(&mut world);
            assert_eq!(String::from_utf8_lossy(&world.uri), expected, "{uri} {text}");
        }
    }
}
