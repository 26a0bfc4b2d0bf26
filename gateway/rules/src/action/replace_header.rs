//! `replace-header <name> <regex> <fmt>`: whole lines; `replace-value`: each value between commas.

use expr::fetch::value_end;
use expr::{LogFormat, Parts, Scope, compile_regex, expand_replacement};
use lang::{Diagnostic, Words};
use regex::bytes::Regex;

use super::{Action, Name, argument};
use crate::{Flow, Message};

const TWO: &str = "expects exactly 2 arguments <match-regex> and <replace-format>";

#[derive(Debug)]
struct ReplaceHeader {
    name: Name,
    regex: Box<Regex>,
    with: LogFormat,
    /// Values between commas, not whole lines.
    each: bool,
}

impl Action for ReplaceHeader {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let with = self.with.to_bytes(message.txn());
        let rewrite = |text: &[u8]| replaced(&self.regex, text, &with);
        if self.each {
            message.rewrite_headers(self.name.bytes(), &mut |line| each_value(line, rewrite));
        } else {
            message.rewrite_headers(self.name.bytes(), &mut |line| rewrite(line));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        self.name.parts()
    }
}

/// What replaces a text as a whole if the expression is found in it.
pub(super) fn replaced(regex: &Regex, text: &[u8], with: &[u8]) -> Option<Vec<u8>> {
    let found = regex.captures(text)?;
    Some(expand_replacement(with, |group| found.get(group).map(|part| part.as_bytes())))
}

/// A line with its values rewritten; one that is takes the spaces around it along.
fn each_value(line: &[u8], rewrite: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(line.len());
    let mut changed = false;
    let mut rest = Some(line);
    while let Some(text) = rest {
        let end = value_end(text);
        let new = rewrite(text[..end].trim_ascii());
        changed |= new.is_some();
        out.extend_from_slice(new.as_deref().unwrap_or(&text[..end]));
        rest = text.get(end + 1..);
        if rest.is_some() {
            out.push(b',');
        }
    }
    changed.then_some(out)
}

pub(super) fn whole(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, false)
}

pub(super) fn each(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    parse(words, scope, true)
}

fn parse(words: &mut Words<'_>, scope: &Scope<'_>, each: bool) -> Result<Box<dyn Action>, Diagnostic> {
    const THREE: &str = "expects exactly 3 arguments";
    let name = argument(words, THREE)?;
    let (regex, with) = pair(words, THREE, scope)?;
    let name = Name::parse(name, scope)?;
    Ok(Box::new(ReplaceHeader { name, regex, with, each }))
}

/// `<match-regex> <replace-fmt>`.
pub(super) fn regex_and_format(
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<(Box<Regex>, LogFormat), Diagnostic> {
    pair(words, TWO, scope)
}

fn pair(
    words: &mut Words<'_>,
    usage: &str,
    scope: &Scope<'_>,
) -> Result<(Box<Regex>, LogFormat), Diagnostic> {
    let (word, format) = (argument(words, usage)?, argument(words, usage)?);
    let regex = compile_regex(&word.text, false).map_err(|why| expr::regex_refusal(word.span, why))?;
    Ok((Box::new(regex), LogFormat::parse(format, scope)?))
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rules};

    #[test]
    fn a_line_is_replaced_as_a_whole_and_values_one_by_one() {
        let mut world = World::sample();
        rules(Phase::HttpRequest, &[r"replace-header Accept '(.), (.)' \2-\1-%[method]"]).run(&mut world);
        assert_eq!(world.header("accept"), ["b-a-GET"]);
        let mut world = World::sample();
        rules(Phase::HttpRequest, &[r"replace-value X-Forwarded-For ^10\.0\.0\.(.*)$ x\1"]).run(&mut world);
        assert_eq!(world.header("x-forwarded-for"), ["x1,x2"]);
    }

    /// What HAProxy 2.6 sends.
    #[test]
    fn values_are_cut_outside_of_quotes() {
        let line = b"a , b , \"c,b\",,b";
        for (regex, with, expected) in [
            ("b", &b"<\\0>"[..], Some("a ,<b>,<b>,,<b>")),
            ("^$", b"e", Some("a , b , \"c,b\",e,b")),
            ("a", b"z", Some("z, b , \"c,b\",,b")),
            ("^c", b"z", None),
        ] {
            let regex = super::compile_regex(regex, false).unwrap();
            let new = super::each_value(line, |text| super::replaced(&regex, text, with));
            assert_eq!(new.map(|new| String::from_utf8(new).unwrap()).as_deref(), expected, "{regex}");
        }
    }

    #[test]
    fn a_line_that_does_not_match_stays() {
        let mut world = World::sample();
        rules(Phase::HttpRequest, &["replace-header Accept zzz y"]).run(&mut world);
        assert_eq!(world.header("accept"), ["a, b"]);
    }
}
