//! `normalize-uri <normalizer>`: spellings of one target become one (RFC 3986, 6; configuration.txt 4.2,
//! `http-request normalize-uri`).

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::set_uri::cut;
use super::{Action, argument};
use crate::{Answer, AnswerKind, Flow, Message};

#[derive(Clone, Copy, Debug)]
enum Normalizer {
    FragmentEncode,
    FragmentStrip,
    MergeSlashes,
    StripDot,
    /// `full`: also the segments that lead above the root.
    StripDotDot {
        full: bool,
    },
    DecodeUnreserved {
        strict: bool,
    },
    ToUppercase {
        strict: bool,
    },
    SortQuery,
}

const NAMES: [&str; 8] = [
    "fragment-encode",
    "fragment-strip",
    "path-merge-slashes",
    "path-strip-dot",
    "path-strip-dotdot",
    "percent-decode-unreserved",
    "percent-to-uppercase",
    "query-sort-by-name",
];

/// A percent sign without two hexadecimal digits behind it.
struct BadPercent;

impl Action for Normalizer {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let Some(uri) = message.txn().uri() else { return Flow::Continue };
        match self.normal(uri) {
            Ok(normal) if normal == uri => Flow::Continue,
            Ok(normal) => {
                message.set_uri(normal);
                Flow::Continue
            }
            Err(BadPercent) => Flow::Answer(Answer::page(400, AnswerKind::Invalid)),
        }
    }

    fn changes(&self) -> Parts {
        Parts::TARGET
    }
}

impl Normalizer {
    fn normal(self, uri: &[u8]) -> Result<Vec<u8>, BadPercent> {
        let (origin, path, query) = cut(uri);
        Ok(match self {
            Self::FragmentEncode => [origin, &encode_hashes(path), &encode_hashes(query)].concat(),
            Self::FragmentStrip => {
                let rest = [path, query].concat();
                let end = rest.iter().position(|byte| *byte == b'#').unwrap_or(rest.len());
                [origin, &rest[..end]].concat()
            }
            Self::MergeSlashes => [origin, &merge_slashes(path), query].concat(),
            Self::StripDot => [origin, &strip_dot(path), query].concat(),
            Self::StripDotDot { full } => [origin, &strip_dotdot(path, full), query].concat(),
            Self::DecodeUnreserved { strict } => {
                [origin, &percent(path, strict, decode)?, &percent(query, strict, decode)?].concat()
            }
            Self::ToUppercase { strict } => {
                [origin, &percent(path, strict, uppercase)?, &percent(query, strict, uppercase)?].concat()
            }
            Self::SortQuery => [origin, path, &sort(query)].concat(),
        })
    }
}

fn encode_hashes(text: &[u8]) -> Vec<u8> {
    let parts: Vec<&[u8]> = text.split(|byte| *byte == b'#').collect();
    parts.join(&b"%23"[..])
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(path.len());
    for byte in path {
        if *byte != b'/' || out.last() != Some(&b'/') {
            out.push(*byte);
        }
    }
    out
}

/// Segments that are a single dot go, with the slash behind them.
fn strip_dot(path: &[u8]) -> Vec<u8> {
    let mut segments: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let last = segments.len() - 1;
    if segments[last] == b"." {
        segments[last] = b"";
    }
    segments.retain(|segment| segment != b".");
    segments.join(&b'/')
}

/// Segments that are two dots go, with the segment before them.
fn strip_dotdot(path: &[u8], full: bool) -> Vec<u8> {
    let Some(rest) = path.strip_prefix(b"/") else { return path.to_vec() };
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut open = false;
    for segment in rest.split(|byte| *byte == b'/') {
        open = segment == b"..";
        match kept.last() {
            _ if !open => kept.push(segment),
            Some(before) if *before != b".." => drop(kept.pop()),
            _ if full => {}
            _ => kept.push(segment),
        }
    }
    // what ended with two dots was a directory
    if open {
        kept.push(b"");
    }
    [b"/", &kept.join(&b'/')[..]].concat()
}

/// Rewrites what stands for a byte.
fn percent(text: &[u8], strict: bool, write: fn(&[u8], u8, &mut Vec<u8>)) -> Result<Vec<u8>, BadPercent> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..2).filter(|_| *first == b'%');
        match digits.and_then(|digits| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()) {
            Some(byte) if behind[0] != b'+' => {
                write(&rest[..3], byte, &mut out);
                rest = &rest[3..];
            }
            _ if *first == b'%' && strict => return Err(BadPercent),
            _ => {
                out.push(*first);
                rest = behind;
            }
        }
    }
    Ok(out)
}

fn decode(written: &[u8], byte: u8, out: &mut Vec<u8>) {
    if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
        out.push(byte);
    } else {
        out.extend_from_slice(written);
    }
}

fn uppercase(written: &[u8], _byte: u8, out: &mut Vec<u8>) {
    out.extend(written.to_ascii_uppercase());
}

/// Parameters in the order of their names; those of one name keep theirs.
fn sort(query: &[u8]) -> Vec<u8> {
    let Some(rest) = query.strip_prefix(b"?") else { return query.to_vec() };
    let name = |parameter: &&[u8]| parameter.split(|byte| *byte == b'=').next().unwrap_or_default().to_vec();
    let mut parameters: Vec<&[u8]> = rest.split(|byte| *byte == b'&').collect();
    parameters.sort_by_cached_key(name);
    [b"?", &parameters.join(&b'&')[..]].concat()
}

pub(super) fn parse(words: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    let word = argument(words, "missing argument <normalizer>")?;
    let option = |words: &mut Words<'_>, known: &'static str| match words
        .peek()
        .filter(|word| word.text != "if" && word.text != "unless")
    {
        None => Ok(false),
        Some(other) if other.text == known => Ok(words.next().is_some()),
        Some(other) => {
            let text = format!("unknown argument '{}' for '{}' normalizer", other.text, word.text);
            Err(Diagnostic::alert(other.span, text).suggest(Some(known)))
        }
    };
    let normalizer = match word.text.as_str() {
        "fragment-encode" => Normalizer::FragmentEncode,
        "fragment-strip" => Normalizer::FragmentStrip,
        "path-merge-slashes" => Normalizer::MergeSlashes,
        "path-strip-dot" => Normalizer::StripDot,
        "path-strip-dotdot" => Normalizer::StripDotDot { full: option(words, "full")? },
        "percent-decode-unreserved" => Normalizer::DecodeUnreserved { strict: option(words, "strict")? },
        "percent-to-uppercase" => Normalizer::ToUppercase { strict: option(words, "strict")? },
        "query-sort-by-name" => Normalizer::SortQuery,
        other => {
            let names: Vec<String> = NAMES.iter().map(|name| format!("'{name}'")).collect();
            let text = format!("unknown normalizer '{other}', expects one of {}", names.join(", "));
            let near = lang::suggest::nearest(other, NAMES);
            return Err(Diagnostic::alert(word.span, text).suggest(near));
        }
    };
    Ok(Box::new(normalizer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, rule, rules};

    /// The manual's examples, and what HAProxy 2.6 makes of others.
    #[rustfmt::skip]
    const CASES: &[(&str, &str, &str)] = &[
        ("fragment-encode", "/#foo?q#r", "/%23foo?q%23r"),
        ("fragment-strip", "/foo#bar", "/foo"),
        ("path-merge-slashes", "//", "/"), ("path-merge-slashes", "/foo//bar?a=b//c", "/foo/bar?a=b//c"),
        ("path-strip-dot", "/.", "/"), ("path-strip-dot", "/./bar/", "/bar/"), ("path-strip-dot", "/a/./a", "/a/a"),
        ("path-strip-dot", "/.well-known/", "/.well-known/"), ("path-strip-dot", "/a/.", "/a/"),
        ("path-strip-dotdot", "/foo/../", "/"), ("path-strip-dotdot", "/foo/../bar/", "/bar/"),
        ("path-strip-dotdot", "/foo/bar/../", "/foo/"), ("path-strip-dotdot", "/../bar/", "/../bar/"),
        ("path-strip-dotdot", "/bar/../../", "/../"), ("path-strip-dotdot", "/foo//../", "/foo/"),
        ("path-strip-dotdot", "/foo/%2E%2E/", "/foo/%2E%2E/"), ("path-strip-dotdot", "/foo/bar/..", "/foo/"),
        ("path-strip-dotdot full", "/../bar/", "/bar/"), ("path-strip-dotdot full", "/bar/../../", "/"),
        ("percent-decode-unreserved", "/%61dmin?foo%3D%62ar=b%61z", "/admin?foo%3Dbar=baz"),
        ("percent-decode-unreserved", "/a%zz%6", "/a%zz%6"),
        ("percent-to-uppercase", "/%6f?%6f", "/%6F?%6F"),
        ("query-sort-by-name", "/?c=3&a=1&b=2", "/?a=1&b=2&c=3"),
        ("query-sort-by-name", "/?aaa=3&a=1&aa=2", "/?a=1&aa=2&aaa=3"),
        ("query-sort-by-name", "/?a=3&b=4&a=1&b=5&a=2", "/?a=3&a=1&a=2&b=4&b=5"),
    ];

    #[test]
    fn targets_are_normalised_as_the_manual_says() {
        for (normalizer, uri, expected) in CASES {
            let mut world = World { uri: (*uri).into(), ..World::sample() };
            rules(Phase::HttpRequest, &[&format!("normalize-uri {normalizer}")]).run(&mut world);
            assert_eq!(String::from_utf8_lossy(&world.uri), *expected, "{normalizer} {uri}");
        }
    }

    #[test]
    fn strictness_refuses_what_cannot_be_read() {
        let set = rules(Phase::HttpRequest, &["normalize-uri percent-to-uppercase strict"]);
        for (uri, refused) in [("/%zz", true), ("/%6", true), ("/%6a?%", true), ("/%6a", false)] {
            let flow = set.run(&mut World { uri: uri.into(), ..World::sample() });
            assert_eq!(matches!(flow, Flow::Answer(Answer { status: 400, .. })), refused, "{uri}");
        }
    }

    #[test]
    fn what_is_no_normalizer_is_refused_with_the_nearest() {
        let near = |text: &str| rule(Phase::HttpRequest, text).unwrap_err().suggestion;
        assert_eq!(near("normalize-uri path-strip-dots").as_deref(), Some("path-strip-dot"));
        assert_eq!(near("normalize-uri path-strip-dotdot ful").as_deref(), Some("full"));
    }
}
