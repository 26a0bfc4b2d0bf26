//! How conditions become a plan.

use std::collections::BTreeMap;

use super::{Plan, Sample, Slot, Yield};
use crate::Expr;
use crate::acl::Test;
use crate::cond::{Cond, Term};
use crate::matcher::text::Group;
use crate::matcher::{Method, Pattern};
use crate::regex::translate;
use regex::bytes::{RegexSet, RegexSetBuilder};

/// The plan of these rules.
pub(super) fn plan(conds: &[Option<Cond>]) -> Plan {
    let always = conds.iter().position(Option::is_none);
    let reached = conds.iter().take(always.unwrap_or(conds.len())).flatten();
    let mut draft = Draft::default();
    for (rule, cond) in reached.enumerate() {
        draft.add(rule, cond);
    }
    draft.finish(always)
}

/// How much of a condition can be looked up.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Reach {
    /// All: a text that matches makes it true.
    Whole,
    /// A part: without a text that matches it is not true.
    Part,
    /// Too little to say anything.
    None,
}

#[derive(Default)]
struct Draft {
    samples: BTreeMap<String, SampleDraft>,
    slots: Vec<Slot>,
    unconditional: Vec<usize>,
}

/// The texts that one sample is compared with, each with what it yields.
struct SampleDraft {
    expr: Expr,
    texts: BTreeMap<(Method, bool), Vec<Text>>,
    regexes: Vec<(Pattern, Yield)>,
}

/// A text, and what it means if it matches.
type Text = (Vec<u8>, Yield);

impl Draft {
    fn add(&mut self, rule: usize, cond: &Cond) {
        let groups = cond.groups().unwrap_or_default();
        let picked: Vec<_> = groups.iter().map(|group| pick(group)).collect();
        let reach = match &picked[..] {
            [] => Reach::None,
            parts if parts.iter().any(Option::is_none) => Reach::None,
            _ if groups.iter().all(|group| group.len() == 1) => Reach::Whole,
            _ => Reach::Part,
        };
        let what = match reach {
            Reach::Whole => Yield::Rule(rule),
            Reach::Part => Yield::Slot(self.slot(rule, cond)),
            Reach::None => {
                let slot = self.slot(rule, cond);
                return self.unconditional.push(slot);
            }
        };
        for test in picked.into_iter().flatten().flat_map(|term| term.acl.tests()) {
            self.file(test, what);
        }
    }

    fn slot(&mut self, rule: usize, cond: &Cond) -> usize {
        self.slots.push(Slot { rule, cond: cond.clone() });
        self.slots.len() - 1
    }

    fn file(&mut self, test: &Test, what: Yield) {
        let draft = self.samples.entry(test.expr.text().to_owned()).or_insert_with(|| SampleDraft {
            expr: test.expr.clone(),
            texts: BTreeMap::new(),
            regexes: Vec::new(),
        });
        let method = test.matcher.method();
        for pattern in test.matcher.patterns() {
            if method == Method::Reg {
                draft.regexes.push((pattern, what));
            } else {
                let texts = draft.texts.entry((method, pattern.ignore_case)).or_default();
                texts.push((pattern.text, what));
            }
        }
    }

    fn finish(self, always: Option<usize>) -> Plan {
        let slots = self.slots;
        let mut unconditional = vec![0_u64; slots.len().div_ceil(64)];
        for slot in self.unconditional {
            unconditional[slot / 64] |= 1 << (slot % 64);
        }
        let mut samples: Vec<_> = self.samples.into_values().map(|draft| draft.finish(&slots)).collect();
        samples.sort_by_key(|sample| sample.earliest);
        Plan { samples, slots, unconditional, always }
    }
}

/// The term of a group that is looked up.
fn pick(group: &[Term]) -> Option<&Term> {
    group.iter().find(|term| !term.negated && term.acl.tests().all(is_indexable))
}

fn is_indexable(test: &Test) -> bool {
    // what has changed may change again, and is asked as it is
    if test.matcher.is_changed() {
        return false;
    }
    match test.matcher.method() {
        Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom => true,
        Method::Reg => test.matcher.patterns().all(|pattern| regex_set(std::iter::once(&pattern)).is_some()),
        Method::Found
        | Method::Bool
        | Method::Int
        | Method::Ip
        | Method::Bin
        | Method::Len
        | Method::Http => false,
    }
}

/// So many expressions become one set.
const SET: usize = 256;

impl SampleDraft {
    fn finish(self, slots: &[Slot]) -> Sample {
        let rule_of = |what: &Yield| match what {
            Yield::Rule(rule) => *rule,
            Yield::Slot(slot) => slots[*slot].rule,
        };
        let mut yields = Vec::new();
        let mut number = |what: Yield| {
            let id = u32::try_from(yields.len()).expect("patterns are bounded by the size of files");
            yields.push(what);
            id
        };
        let mut groups = Vec::new();
        for ((method, fold), texts) in self.texts {
            let kept = without_shadowed(texts, fold, &rule_of);
            let keys = kept.iter().map(|(key, what)| (key.as_slice(), number(*what))).collect();
            groups.extend(Group::new(method, fold, keys));
        }
        let numbered: Vec<_> = self.regexes.iter().map(|(pattern, what)| (pattern, number(*what))).collect();
        let mut regexes = Vec::new();
        numbered.chunks(SET).for_each(|chunk| compile_sets(chunk, &mut regexes));
        let earliest = yields.iter().map(rule_of).min().unwrap_or(usize::MAX);
        Sample { expr: self.expr, earliest, groups, regexes, yields }
    }
}

/// Expressions as a set, or as two if one would be too large; each alone is known to compile.
fn compile_sets(numbered: &[(&Pattern, u32)], sets: &mut Vec<(RegexSet, Vec<u32>)>) {
    match regex_set(numbered.iter().map(|(pattern, _)| *pattern)) {
        Some(set) => sets.push((set, numbered.iter().map(|(_, id)| *id).collect())),
        None if numbered.len() > 1 => {
            let (left, right) = numbered.split_at(numbered.len() / 2);
            compile_sets(left, sets);
            compile_sets(right, sets);
        }
        None => {}
    }
}

/// What a set of expressions may take when compiled.
const MAX_SET: usize = 256 << 20;

/// All expressions as one set, if that is not too large.
fn regex_set<'a>(patterns: impl Iterator<Item = &'a Pattern>) -> Option<RegexSet> {
    let spelled = patterns.map(|pattern| {
        let text = translate(&String::from_utf8_lossy(&pattern.text));
        if pattern.ignore_case { format!("(?i:{text})") } else { text }
    });
    RegexSetBuilder::new(spelled).unicode(false).size_limit(MAX_SET).build().ok()
}

/// Of several rules for the same text, those up to the first that holds by it.
fn without_shadowed(texts: Vec<Text>, fold: bool, rule_of: &impl Fn(&Yield) -> usize) -> Vec<Text> {
    let mut by_text: BTreeMap<Vec<u8>, Vec<Yield>> = BTreeMap::new();
    for (mut text, what) in texts {
        if fold {
            text.make_ascii_lowercase();
        }
        by_text.entry(text).or_default().push(what);
    }
    let mut kept = Vec::new();
    for (text, mut yields) in by_text {
        yields.sort_by_key(|what| rule_of(what));
        yields.dedup();
        let last = yields.iter().position(|what| matches!(what, Yield::Rule(_)));
        yields.truncate(last.map_or(yields.len(), |at| at + 1));
        kept.extend(yields.into_iter().map(|what| (text.clone(), what)));
    }
    kept
}
