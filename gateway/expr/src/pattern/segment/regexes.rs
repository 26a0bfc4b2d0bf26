//! `-m reg`: many expressions at the cost of few.
//!
//! Up to a few hundred are one automaton. Of more, those that cannot match without a text of their own (which is most,
//! in maps) are looked for by that text in one automaton for all, and only the few whose text is there are asked; the
//! others are sets.

use std::collections::HashMap;
use std::fmt;
use std::ops::ControlFlow;

use aho_corasick::{AhoCorasick, AhoCorasickBuilder};
use regex::bytes::Regex;
use regex_automata::nfa::thompson::backtrack::{BoundedBacktracker, Cache};
use regex_automata::nfa::thompson::pikevm::PikeVM;
use regex_automata::nfa::thompson::{Compiler, Config, NFA, WhichCaptures};
use regex_automata::util::pool::Pool;
use regex_automata::{Input, MatchKind, PatternSet, meta};
use regex_syntax::hir::Hir;

use super::{Bad, literal};
use crate::regex::{compile, parse};

/// So many expressions become one set.
const SET: usize = 256;
/// What a set may take when compiled.
const MAX_SET: usize = 256 << 20;
/// What one expression may take when compiled.
const MAX_ONE: usize = 10 << 20;
/// Expressions that share a text with more others than this are better asked as a set.
const SHARED: u32 = 16;

/// Where the numbers of expressions that match are shown.
type Show<'v> = &'v mut dyn FnMut(u32) -> ControlFlow<()>;

/// Expressions in the order of their entries.
#[derive(Debug)]
pub(crate) struct Regexes {
    sought: Option<Sought>,
    parts: Vec<Part>,
}

/// An expression that was understood.
struct Parsed<'p> {
    text: &'p str,
    hir: Hir,
    number: u32,
}

impl Regexes {
    pub(super) fn new<'a>(fold: bool, patterns: impl Iterator<Item = &'a [u8]>) -> Result<Self, Bad> {
        let mut parsed = Vec::new();
        for (pattern, number) in patterns.zip(0..) {
            let bad = |why| Bad { at: number as usize, why };
            let text = std::str::from_utf8(pattern).map_err(|_| bad("this regex is no text".to_owned()))?;
            parsed.push(Parsed { text, hir: parse(text, fold).map_err(bad)?, number });
        }
        let sought = if parsed.len() > SET { Sought::take(&mut parsed, fold)? } else { None };
        let mut parts = Vec::new();
        for chunk in parsed.chunks(SET) {
            put(chunk, fold, &mut parts)?;
        }
        Ok(Self { sought, parts })
    }

    /// Whether matches are shown in order.
    pub(super) fn is_ordered(&self) -> bool {
        self.sought.is_none()
    }

    /// Shows the numbers of the expressions that match.
    pub(super) fn visit(&self, text: &[u8], show: Show<'_>) -> ControlFlow<()> {
        if let Some(sought) = &self.sought {
            sought.visit(text, show)?;
        }
        self.parts.iter().try_for_each(|part| part.visit(text, show))
    }
}

/// What is needed to ask a set; kept, so that asking allocates nothing.
type Places = Pool<PatternSet, fn() -> PatternSet>;

/// One expression is faster alone than as a set.
enum Part {
    One(Box<Regex>, u32),
    Many(Box<meta::Regex>, Box<[u32]>, Places),
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(..) => write!(f, "one"),
            Self::Many(_, numbers, _) => write!(f, "{} together", numbers.len()),
        }
    }
}

impl Part {
    fn visit(&self, text: &[u8], show: Show<'_>) -> ControlFlow<()> {
        match self {
            Self::One(regex, number) if regex.is_match(text) => show(*number),
            Self::Many(set, numbers, places) if set.is_match(text) => {
                let mut found = places.get();
                found.clear();
                set.which_overlapping_matches(&Input::new(text), &mut found);
                found.iter().try_for_each(|place| show(numbers[place.as_usize()]))
            }
            Self::One(..) | Self::Many(..) => ControlFlow::Continue(()),
        }
    }
}

/// Adds expressions as a set, or as two if one would be too large.
fn put(chunk: &[Parsed<'_>], fold: bool, parts: &mut Vec<Part>) -> Result<(), Bad> {
    match chunk {
        [] => return Ok(()),
        [Parsed { text, number, .. }] => {
            let regex = compile(text, fold).map_err(|why| Bad { at: *number as usize, why })?;
            parts.push(Part::One(Box::new(regex), *number));
            return Ok(());
        }
        _ => {}
    }
    let Ok(set) = set(chunk) else {
        let (left, right) = chunk.split_at(chunk.len() / 2);
        put(left, fold, parts)?;
        return put(right, fold, parts);
    };
    let numbers = chunk.iter().map(|parsed| parsed.number).collect();
    parts.push(Part::Many(Box::new(set), numbers, Pool::new(|| PatternSet::new(SET))));
    Ok(())
}

fn set(chunk: &[Parsed<'_>]) -> Result<meta::Regex, Box<meta::BuildError>> {
    let config = meta::Config::new()
        .match_kind(MatchKind::All)
        .utf8_empty(false)
        .which_captures(WhichCaptures::None)
        .nfa_size_limit(Some(MAX_SET));
    let hirs: Vec<_> = chunk.iter().map(|parsed| &parsed.hir).collect();
    meta::Builder::new().configure(config).build_many_from_hir(&hirs).map_err(Box::new)
}

/// Expressions that are looked for by a text that each needs.
struct Sought {
    texts: AhoCorasick,
    /// The expressions behind each text, as places in `asked`.
    behind: Vec<Box<[u32]>>,
    asked: Vec<(BoundedBacktracker, u32)>,
    scratch: Pool<Scratch, fn() -> Scratch>,
}

/// What asking needs; kept, so that it allocates nothing.
struct Scratch {
    cache: Cache,
    hits: Vec<u32>,
}

impl fmt::Debug for Sought {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} by {} texts", self.asked.len(), self.behind.len())
    }
}

impl Sought {
    /// Takes those out that have a text of their own; nothing if there are none.
    fn take(parsed: &mut Vec<Parsed<'_>>, fold: bool) -> Result<Option<Self>, Bad> {
        let texts: Vec<_> = parsed.iter().map(|parsed| literal::required(&parsed.hir)).collect();
        let mut shared: HashMap<&[u8], u32> = HashMap::new();
        texts.iter().flatten().for_each(|text| *shared.entry(text).or_default() += 1);
        let rarest = |texts: &Vec<Vec<u8>>| {
            let rank = |text: &&Vec<u8>| (shared[text.as_slice()], std::cmp::Reverse(text.len()));
            texts.iter().min_by_key(rank).filter(|text| shared[text.as_slice()] <= SHARED).cloned()
        };
        let chosen: Vec<Option<Vec<u8>>> = texts.iter().map(rarest).collect();
        let mut by_text: HashMap<Vec<u8>, Vec<u32>> = HashMap::new();
        let (mut asked, mut rest) = (Vec::new(), Vec::new());
        for (parsed, text) in parsed.drain(..).zip(chosen) {
            let Some(text) = text else {
                rest.push(parsed);
                continue;
            };
            by_text.entry(text).or_default().push(u32::try_from(asked.len()).unwrap_or(u32::MAX));
            asked.push((backtracker(&parsed, fold)?, parsed.number));
        }
        *parsed = rest;
        if asked.is_empty() {
            return Ok(None);
        }
        let (texts, behind): (Vec<_>, Vec<_>) = by_text.into_iter().unzip();
        let texts = AhoCorasickBuilder::new().ascii_case_insensitive(true).build(texts);
        let texts =
            texts.expect("patterns are bounded by the size of files, far below the automaton's limits");
        let behind = behind.into_iter().map(Vec::into_boxed_slice).collect();
        Ok(Some(Self { texts, behind, asked, scratch: Pool::new(Scratch::new) }))
    }

    fn visit(&self, text: &[u8], show: Show<'_>) -> ControlFlow<()> {
        let mut scratch = self.scratch.get();
        let Scratch { cache, hits } = &mut *scratch;
        hits.clear();
        for found in self.texts.find_overlapping_iter(text) {
            hits.extend(&self.behind[found.pattern().as_usize()]);
        }
        hits.sort_unstable();
        hits.dedup();
        let asked = hits.iter().map(|place| &self.asked[*place as usize]);
        let mut matching = asked.filter(|(regex, _)| matches(regex, cache, text)).map(|(_, number)| *number);
        matching.try_for_each(show)
    }
}

impl Scratch {
    fn new() -> Self {
        let any = BoundedBacktracker::always_match().expect("it needs no pattern");
        Self { cache: any.create_cache(), hits: Vec::new() }
    }
}

fn backtracker(parsed: &Parsed<'_>, fold: bool) -> Result<BoundedBacktracker, Bad> {
    let config = Config::new().utf8(false).which_captures(WhichCaptures::None).nfa_size_limit(Some(MAX_ONE));
    let nfa: Result<NFA, _> = Compiler::new().configure(config).build_from_hir(&parsed.hir);
    nfa.and_then(BoundedBacktracker::new_from_nfa).map_err(|error| {
        let why = compile(parsed.text, fold).err().unwrap_or_else(|| error.to_string());
        Bad { at: parsed.number as usize, why }
    })
}

/// Whether one matches. Texts of many kilobytes take more room than is kept.
fn matches(regex: &BoundedBacktracker, cache: &mut Cache, text: &[u8]) -> bool {
    regex.reset_cache(cache);
    regex.try_is_match(cache, text).unwrap_or_else(|_| {
        PikeVM::new_from_nfa(regex.get_nfa().clone())
            .is_ok_and(|machine| machine.is_match(&mut machine.create_cache(), text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regexes(patterns: &[String], fold: bool) -> Regexes {
        Regexes::new(fold, patterns.iter().map(String::as_bytes)).unwrap()
    }

    fn found(regexes: &Regexes, text: &[u8]) -> Vec<u32> {
        let mut found = Vec::new();
        let _ = regexes.visit(text, &mut |number| {
            found.push(number);
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found
    }

    /// Some with a text of their own, some that share theirs, some without any.
    fn many() -> Vec<String> {
        (0..1_000)
            .map(|n| match n % 4 {
                0 => format!("^/app-{n}/.*\\.php$"),
                1 => format!("(^|/)v{n}x(/|$)"),
                2 => format!("/shared/.*[a-z]{{{}}}$", n % 7 + 1),
                _ => format!("^/[{}]$", char::from(b'a' + (n % 26) as u8)),
            })
            .collect()
    }

    #[test]
    fn many_say_what_each_says_alone() {
        for fold in [false, true] {
            let patterns = many();
            let together = regexes(&patterns, fold);
            assert!(together.sought.is_some() && !together.parts.is_empty());
            let alone: Vec<_> = patterns.iter().map(|text| compile(text, fold).unwrap()).collect();
            for text in [
                "/app-4/x.php",
                "/APP-4/x.PHP",
                "/app-400/v5x/x.php",
                "/v5x/v9x",
                "/shared/abc",
                "/c",
                "/C",
                "",
                "/app-8/app-8/v1x/x.php",
                "/shared/app-4/x.php",
            ] {
                let expected: Vec<u32> = (0..)
                    .zip(&alone)
                    .filter(|(_, one)| one.is_match(text.as_bytes()))
                    .map(|(n, _)| n)
                    .collect();
                assert_eq!(found(&together, text.as_bytes()), expected, "{text} {fold}");
            }
        }
    }

    /// Expressions and texts with which an engine that backtracks would not come back.
    #[test]
    fn expressions_that_look_catastrophic_come_to_an_end() {
        let hard = ["(x+x+)+y", "(.*)*=(.*)*;", "^(([a-z])+.)+[A-Z]([a-z])+$", "(a|aa)+$", "([a-z]+)*!"];
        let own = (0..300).map(|n| format!("needle-{n}-{}", hard[n % hard.len()]));
        let none = (0..300).map(|n| format!("(?:{})[0-9]{{{}}}", hard[n % hard.len()], n % 9));
        let patterns: Vec<String> = own.chain(none).collect();
        let together = regexes(&patterns, false);
        let long = |text: &str| text.repeat(64 << 10);
        for (text, expected) in [
            (long("x"), vec![]),
            (format!("needle-3-{}", long("a")), vec![3]),
            (format!("needle-0-{}y", long("x")), vec![0, 300, 345, 390, 435, 480, 525, 570]),
            (long("="), vec![]),
        ] {
            let alone = |n: &u32| compile(&patterns[*n as usize], false).unwrap().is_match(text.as_bytes());
            assert!(expected.iter().all(alone));
            let found = found(&together, text.as_bytes());
            assert!(expected.iter().all(|n| found.contains(n)), "{found:?}");
            assert!(found.iter().all(alone), "{found:?}");
        }
    }

    #[test]
    fn what_is_wrong_is_said_of_the_one_that_is() {
        let mut patterns = many();
        patterns[700] = "a(".to_owned();
        let bad = Regexes::new(false, patterns.iter().map(String::as_bytes)).unwrap_err();
        assert_eq!((bad.at, bad.why.contains("missing closing parenthesis")), (700, true));
    }
}
