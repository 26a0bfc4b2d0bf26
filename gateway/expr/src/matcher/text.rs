//! `-m str`, `beg`, `end`, `sub`, `dir`, `dom`: many texts in one structure (configuration.txt 7.1.3).

use std::ops::ControlFlow;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder, MatchKind};

use super::Method;
use super::trie::Trie;
use super::whole::Whole;

/// Up to so many patterns are compared one by one.
const FEW: usize = 4;

/// Texts that are compared in the same way, each with a number.
#[derive(Debug)]
pub(crate) struct Group {
    method: Method,
    fold: bool,
    how: How,
}

#[derive(Debug)]
enum How {
    /// Whole, beginning or end, one by one.
    Few(Vec<(Box<[u8]>, u32)>),
    /// Whole, all at once.
    Whole(Whole),
    /// Beginning, (backwards) end or, if some are very long, whole, all at once.
    Tree(Trie),
    /// Anywhere: the automaton's patterns, each with its numbers.
    Anywhere(Box<AhoCorasick>, Vec<Vec<u32>>),
}

impl Group {
    /// Nothing if no text is given that could match.
    pub(crate) fn new(method: Method, fold: bool, keys: Vec<(&[u8], u32)>) -> Option<Self> {
        let mut keys: Vec<_> = keys.into_iter().map(|(key, id)| (prepare(method, fold, key), id)).collect();
        if matches!(method, Method::Dir | Method::Dom) {
            // what is nothing but delimiters matches nothing
            keys.retain(|(key, _)| !key.is_empty());
        }
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return None;
        }
        let how = match method {
            Method::Sub | Method::Dir | Method::Dom => anywhere(fold, keys)?,
            _ if keys.len() <= FEW => {
                How::Few(keys.into_iter().map(|(key, id)| (key.into_boxed_slice(), id)).collect())
            }
            Method::Str => match Whole::new(fold, keys) {
                Ok(whole) => How::Whole(whole),
                Err(keys) => How::Tree(Trie::new(keys)),
            },
            _ => How::Tree(Trie::new(keys)),
        };
        Some(Self { method, fold, how })
    }

    /// Shows the numbers of all texts that match, some perhaps more than once.
    pub(crate) fn visit(
        &self,
        text: &[u8],
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        match &self.how {
            How::Few(keys) => {
                keys.iter().filter(|(key, _)| self.compares(text, key)).try_for_each(|(_, id)| visit(*id))
            }
            How::Whole(whole) => whole.get(text).iter().try_for_each(|id| visit(*id)),
            How::Tree(trie) => self.walk(trie, text, visit),
            // whether any is there is told faster than which
            How::Anywhere(automaton, _) if !automaton.is_match(text) => ControlFlow::Continue(()),
            How::Anywhere(automaton, ids) => automaton
                .find_overlapping_iter(text)
                .filter(|found| self.is_word(text, found.start(), found.end()))
                .flat_map(|found| &ids[found.pattern().as_usize()])
                .try_for_each(|id| visit(*id)),
        }
    }

    fn compares(&self, text: &[u8], key: &[u8]) -> bool {
        let len = key.len();
        let part = match self.method {
            Method::Beg => text.get(..len),
            // keys are kept backwards, so that one tree serves
            Method::End => {
                let Some(tail) = text.len().checked_sub(len).map(|at| &text[at..]) else { return false };
                return tail.iter().rev().zip(key).all(|(a, b)| self.same(*a) == *b);
            }
            _ => Some(text).filter(|text| text.len() == len),
        };
        match self.fold {
            true => part.is_some_and(|part| part.eq_ignore_ascii_case(key)),
            false => part == Some(key),
        }
    }

    #[inline]
    fn same(&self, byte: u8) -> u8 {
        if self.fold { byte.to_ascii_lowercase() } else { byte }
    }

    fn walk(
        &self,
        trie: &Trie,
        text: &[u8],
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let forward = |at: usize| text.get(at).map(|byte| self.same(*byte));
        let len = text.len();
        match self.method {
            Method::Beg => trie.walk(forward, &mut |id, _| visit(id)),
            Method::End => {
                let backward = |at: usize| Some(self.same(text[len.checked_sub(at + 1)?]));
                trie.walk(backward, &mut |id, _| visit(id))
            }
            _ => trie
                .walk(forward, &mut |id, end| if end == len { visit(id) } else { ControlFlow::Continue(()) }),
        }
    }

    /// Whether what was found stands between delimiters, where the method asks for that.
    fn is_word(&self, text: &[u8], start: usize, end: usize) -> bool {
        let delimiters = delimiters(self.method);
        delimiters.is_empty()
            || (start == 0 || delimiters.contains(&text[start - 1]))
                && text.get(end).is_none_or(|byte| delimiters.contains(byte))
    }
}

fn delimiters(method: Method) -> &'static [u8] {
    match method {
        Method::Dir => b"/?",
        Method::Dom => b"/?.:",
        _ => b"",
    }
}

/// The key as it is looked up: in lower case, without delimiters around it, backwards.
fn prepare(method: Method, fold: bool, key: &[u8]) -> Vec<u8> {
    let delimiters = delimiters(method);
    let trim = |byte: &u8| delimiters.contains(byte);
    let start = key.iter().position(|byte| !trim(byte)).unwrap_or(key.len());
    let end = key.iter().rposition(|byte| !trim(byte)).map_or(start, |at| at + 1);
    let mut key = key[start..end].to_vec();
    if fold {
        key.make_ascii_lowercase();
    }
    if method == Method::End {
        key.reverse();
    }
    key
}

fn anywhere(fold: bool, keys: Vec<(Vec<u8>, u32)>) -> Option<How> {
    let (mut texts, mut ids): (Vec<Vec<u8>>, Vec<Vec<u32>>) = (Vec::new(), Vec::new());
    for (key, id) in keys {
        match (texts.last() == Some(&key), ids.last_mut()) {
            (true, Some(list)) => list.push(id),
            _ => {
                texts.push(key);
                ids.push(vec![id]);
            }
        }
    }
    let automaton = AhoCorasickBuilder::new()
        .match_kind(MatchKind::Standard)
        .ascii_case_insensitive(fold)
        .build(texts)
        .expect("patterns are bounded by the size of files, far below the automaton's limits");
    Some(How::Anywhere(Box::new(automaton), ids))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(method: Method, fold: bool, keys: &[&str], text: &str) -> bool {
        let keys = keys.iter().map(|key| (key.as_bytes(), 0)).collect();
        let group = Group::new(method, fold, keys);
        group.is_some_and(|group| group.visit(text.as_bytes(), &mut |_| ControlFlow::Break(())).is_break())
    }

    #[rustfmt::skip]
    const CASES: &[(Method, bool, &str, &str, bool)] = &[
        (Method::Str, false, "/a", "/a", true),
        (Method::Str, false, "/a", "/A", false),
        (Method::Str, true, "/a", "/A", true),
        (Method::Str, false, "/a", "/a/", false),
        (Method::Beg, false, "/a", "/ab", true),
        (Method::Beg, false, "/ab", "/a", false),
        (Method::Beg, true, "/AB", "/abc", true),
        (Method::End, false, ".png", "/x.png", true),
        (Method::End, false, ".png", ".PNG", false),
        (Method::End, true, ".pNg", ".PNG", true),
        (Method::End, false, ".png", "png", false),
        (Method::Sub, false, "a/b", "/a/b", true),
        (Method::Sub, true, "A/B", "/a/b", true),
        (Method::Dir, false, "/images", "/images/png", true),
        (Method::Dir, false, "images/png", "/images/png/logo/32x32.png", true),
        (Method::Dir, false, "png", "/images/logo/32x32.png", false),
        (Method::Dir, false, "/", "/", false),
        (Method::Dir, false, "a/", "/x/a", true),
        (Method::Dom, false, "example.com", "www.example.com:80", true),
        (Method::Dom, false, ".www1", "http://www1.dc-eu.example.com:80/blah", true),
        (Method::Dom, false, "eu", "http://www1.dc-eu.example.com:80/blah", false),
        (Method::Dom, false, "dc-eu.example", "http://www1.dc-eu.example.com:80/blah", true),
        (Method::Dom, true, "EXAMPLE", "www.example.com", true),
    ];

    #[test]
    fn each_method_alone_and_among_many() {
        let others: Vec<String> = (0..9).map(|n| format!("other{n}")).collect();
        for (method, fold, key, text, expected) in CASES {
            assert_eq!(matches(*method, *fold, &[key], text), *expected, "{method:?} {key} {text}");
            let many: Vec<&str> = others.iter().map(String::as_str).chain([*key]).collect();
            assert_eq!(matches(*method, *fold, &many, text), *expected, "{method:?} {key} {text} among many");
        }
    }

    #[test]
    fn nothing_matches_nothing() {
        assert!(!matches(Method::Str, false, &[], ""));
        assert!(!matches(Method::Beg, false, &[], "/"));
    }
}
