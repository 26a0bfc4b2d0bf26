//! `-m reg`: many expressions in few automata.

use std::ops::ControlFlow;

use regex::bytes::{Regex, RegexSet, RegexSetBuilder};

use super::Bad;
use crate::regex::{compile, translate};

/// So many expressions become one set.
const SET: usize = 256;
/// What a set may take when compiled.
const MAX_SET: usize = 256 << 20;

/// Expressions in the order of their entries.
#[derive(Debug)]
pub(crate) struct Regexes(Vec<Part>);

/// One expression is faster alone than as a set.
#[derive(Debug)]
enum Part {
    One(Box<Regex>, u32),
    Many(RegexSet, u32),
}

impl Regexes {
    pub(super) fn new<'a>(fold: bool, patterns: impl Iterator<Item = &'a [u8]>) -> Result<Self, Bad> {
        let mut texts = Vec::new();
        for (at, pattern) in patterns.enumerate() {
            let bad = |why| Bad { at, why };
            let text = std::str::from_utf8(pattern).map_err(|_| bad("this regex is no text".to_owned()))?;
            // each alone first, for the message
            let regex = compile(text, fold).map_err(bad)?;
            texts.push((text, regex));
        }
        let mut parts = Vec::new();
        let mut texts = texts.into_iter().zip(0..).peekable();
        while texts.peek().is_some() {
            let chunk: Vec<_> = texts.by_ref().take(SET).collect();
            put(chunk, fold, &mut parts);
        }
        Ok(Self(parts))
    }

    /// Shows the numbers of the expressions that match, in order.
    pub(super) fn visit(
        &self,
        text: &[u8],
        visit: &mut dyn FnMut(u32) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        self.0.iter().try_for_each(|part| match part {
            Part::One(regex, at) if regex.is_match(text) => visit(*at),
            // asking whether any matches costs no allocation, asking which does
            Part::Many(set, first) if set.is_match(text) => {
                let places = set.matches(text);
                places
                    .iter()
                    .filter_map(|place| u32::try_from(place).ok())
                    .try_for_each(|at| visit(first + at))
            }
            Part::One(..) | Part::Many(..) => ControlFlow::Continue(()),
        })
    }
}

/// Adds expressions as a set, or as two if one would be too large; each alone is known to compile.
fn put(mut chunk: Vec<((&str, Regex), u32)>, fold: bool, parts: &mut Vec<Part>) {
    if chunk.len() <= 1 {
        parts.extend(chunk.into_iter().map(|((_, regex), at)| Part::One(Box::new(regex), at)));
        return;
    }
    match set(chunk.iter().map(|((text, _), _)| *text), fold) {
        Some(set) => parts.push(Part::Many(set, chunk[0].1)),
        None => {
            let right = chunk.split_off(chunk.len() / 2);
            put(chunk, fold, parts);
            put(right, fold, parts);
        }
    }
}

fn set<'a>(texts: impl Iterator<Item = &'a str>, fold: bool) -> Option<RegexSet> {
    let mut builder = RegexSetBuilder::new(texts.map(translate));
    builder.unicode(false).case_insensitive(fold).size_limit(MAX_SET).build().ok()
}
