//! How rules become a layout.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::question::{ANSWERS, Folded, Known, Question, Term, fold};
use super::sample::{List, Sample};
use super::{Effect, How, Layout, Lists, PlannedRule, Step};
use crate::acl::{Acl, Test};
use crate::cond::Verdict;
use crate::matcher::Method;
use crate::pattern::{Index, Key, ProbeKind};
use crate::{Cond, Expr, Parts, Txn};

/// The layout of these rules; nothing if patterns that could be compared alone cannot be together.
pub(super) fn layout(rules: &[PlannedRule]) -> Option<Layout> {
    let mut draft = Draft::default();
    for (rule, at) in rules.iter().zip(0..) {
        rule.cond.iter().for_each(|cond| draft.acls.count(at, cond));
    }
    draft.acls.settle();
    for (at, rule) in rules.iter().enumerate() {
        if draft.add(number(at), rule) && rule.ends {
            break;
        }
    }
    draft.finish(rules)
}

/// A place as it is kept; files are bounded, so places fit.
pub(super) fn number(at: usize) -> u32 {
    u32::try_from(at).expect("rules and patterns are bounded by the size of files")
}

/// What becomes a layout.
#[derive(Default)]
struct Draft {
    acls: AclTable,
    steps: Vec<(How, Parts)>,
    fixed: Vec<u32>,
}

/// Every ACL of the rules, those that test the same as one.
#[derive(Default)]
struct AclTable {
    rows: Vec<Row>,
    by_place: HashMap<*const Acl, u32>,
    by_key: HashMap<String, u32>,
}

struct Row {
    acl: Arc<Acl>,
    /// How often it is asked, and by which rule first.
    uses: u32,
    first: u32,
    constant: Option<bool>,
    /// What its verdict depends on; `None` if two in one run may differ though nothing was changed.
    parts: Option<Parts>,
    indexable: bool,
    answer: Option<u8>,
    /// The rules that it leads to.
    rules: Vec<u32>,
}

impl AclTable {
    fn count(&mut self, at: u32, cond: &Cond) {
        for term in cond.parts().1.iter().flatten() {
            let number = self.number(&term.acl);
            let row = &mut self.rows[number as usize];
            (row.uses, row.first) = (row.uses + 1, row.first.min(at));
        }
    }

    fn number(&mut self, acl: &Arc<Acl>) -> u32 {
        if let Some(known) = self.by_place.get(&Arc::as_ptr(acl)) {
            return *known;
        }
        let next = number(self.rows.len());
        let mut key = acl.key();
        if acl.tests().any(|test| test.matcher.is_changed()) {
            // it is no longer what its words say
            key.push_str(&next.to_string());
        }
        let known = *self.by_key.entry(key).or_insert(next);
        if known == next {
            self.rows.push(Row::new(acl));
        }
        self.by_place.insert(Arc::as_ptr(acl), known);
        known
    }

    /// Gives those that are asked several times a place for their answers, once all are counted.
    fn settle(&mut self) {
        let sets = |row: &Row| row.acl.tests().any(|test| test.expr.sets_variables());
        if self.rows.iter().any(sets) {
            // then variables may change at any question
            for row in &mut self.rows {
                if row.parts.as_ref().is_some_and(|parts| parts.meets(&Parts::VARIABLES)) {
                    (row.parts, row.indexable) = (None, false);
                }
            }
        }
        let shared = self.rows.iter_mut().filter(|row| row.uses > 1 && row.parts.is_some());
        shared.zip(0..).take(ANSWERS).for_each(|(row, place)| row.answer = Some(place));
    }

    fn known(&mut self, acl: &Arc<Acl>) -> Known {
        let number = self.number(acl);
        let Row { constant, answer, .. } = self.rows[number as usize];
        Known { number, constant, answer }
    }
}

/// Larger files are not copied into a layout: they are structures of their own.
const LARGE: usize = 1 << 14;

impl Row {
    fn new(acl: &Arc<Acl>) -> Self {
        let settled = acl.tests().all(|test| test.expr.is_constant() && !test.matcher.is_changed());
        let constant = settled.then(|| acl.judge(&Nothing) == Verdict::True);
        let parts = acl.tests().try_fold(Parts::PATTERNS, |all, test| Some(all.and(test.expr.parts()?)));
        let size: usize = acl.tests().map(|test| test.matcher.len()).sum();
        let indexable = parts.is_some() && size <= LARGE && acl.tests().all(is_indexable);
        let acl = Arc::clone(acl);
        Self { acl, uses: 0, first: u32::MAX, constant, parts, indexable, answer: None, rules: Vec::new() }
    }

    /// Where its answer is kept, if one look-up answers it.
    fn settled(&self) -> Option<u8> {
        let mut texts = self.acl.tests().map(|test| test.expr.text());
        let first = texts.next();
        self.answer.filter(|_| texts.all(|text| Some(text) == first))
    }

    /// The smaller, the better to look it up instead of others that must hold as well.
    fn cost(&self) -> (bool, u32) {
        (self.acl.tests().any(|test| test.expr.is_converted()), self.uses)
    }
}

fn is_indexable(test: &Test) -> bool {
    // what has changed may change again, and is asked as it is
    !test.matcher.is_changed() && !matches!(test.matcher.method(), Method::Found | Method::Bool)
}

fn writes(cond: &Cond) -> bool {
    cond.acls().flat_map(Acl::tests).any(|test| test.expr.writes())
}

/// Nothing that could be asked about.
struct Nothing;

impl Txn for Nothing {}

/// How much of a condition can be looked up.
enum Reach {
    /// All: a pattern that matches makes it true.
    Whole(Vec<u32>),
    /// A part: without a pattern that matches it is not true.
    Part(Vec<u32>),
    /// Too little to say anything.
    None,
}

impl Draft {
    /// Adds a rule; true if it applies to everything.
    fn add(&mut self, at: u32, rule: &PlannedRule) -> bool {
        let acls = &mut self.acls;
        let folded = match &rule.cond {
            None => Folded::Always,
            // every part of it must be asked that would be asked in turn
            Some(cond) if writes(cond) => Folded::Whole(cond.clone()),
            Some(cond) => fold(cond, &mut |acl| acls.known(acl)),
        };
        let (always, how) = match folded {
            Folded::Always => (true, Some(How::Always)),
            Folded::Never => (false, None),
            Folded::Whole(cond) => (false, Some(How::Whole(cond))),
            Folded::Open(question) => (false, Some(self.place(at, question))),
        };
        if matches!(how, Some(How::Always | How::Whole(_))) {
            self.fixed.push(at);
        }
        // one that never holds is never considered, so it does not matter how it would be
        self.steps.push((how.unwrap_or(How::Always), rule.changes.clone().and(Parts::VARIABLES)));
        always
    }

    /// Files a rule under what must match for it to hold.
    fn place(&mut self, at: u32, question: Question) -> How {
        let (whole, picked) = match self.reach(&question) {
            Reach::Whole(picked) => (true, picked),
            Reach::Part(picked) => (false, picked),
            Reach::None => {
                self.fixed.push(at);
                return How::Asked(question);
            }
        };
        for acl in &picked {
            self.acls.rows[*acl as usize].rules.push(at);
        }
        match picked[..] {
            _ if whole => How::Yielded(question),
            [only] => How::Asked(question.given(only)),
            _ => How::Asked(question),
        }
    }

    fn reach(&self, question: &Question) -> Reach {
        let groups = question.groups().unwrap_or_default();
        let picked: Option<Vec<u32>> = groups.iter().map(|group| self.pick(group)).collect();
        match picked {
            Some(picked) if picked.is_empty() => Reach::None,
            Some(picked) if groups.iter().all(|group| group.len() == 1) => Reach::Whole(picked),
            Some(picked) => Reach::Part(picked),
            None => Reach::None,
        }
    }

    /// The term of a group that is looked up: the one that the fewest rules share.
    fn pick(&self, group: &[Term]) -> Option<u32> {
        let rows = &self.acls.rows;
        let wanted = group.iter().filter(|term| !term.negated && rows[term.number as usize].indexable);
        wanted.min_by_key(|term| rows[term.number as usize].cost()).map(|term| term.number)
    }

    fn finish(mut self, rules: &[PlannedRule]) -> Option<Layout> {
        self.drop_shadowed(rules);
        let mut drafts: BTreeMap<&str, SampleDraft<'_>> = BTreeMap::new();
        for row in self.acls.rows.iter().filter(|row| !row.rules.is_empty()) {
            for test in row.acl.tests() {
                let draft = drafts.entry(test.expr.text()).or_insert_with(|| SampleDraft::new(&test.expr));
                draft.file(row, test);
            }
        }
        let mut samples = drafts.into_values().map(SampleDraft::finish).collect::<Option<Vec<_>>>()?;
        samples.sort_by_key(|sample| sample.reach.0);
        let mut effects = Effects::new(&samples, &self.acls.rows);
        let step = |(how, changes)| Step { how, effect: effects.of(changes) };
        let rules = self.steps.into_iter().map(step).collect();
        let effects = effects.rows.into();
        Some(Layout { samples: samples.into(), rules, fixed: self.fixed.into(), effects })
    }

    /// Where every rule ends the set, those that one pattern yields behind a first that it makes hold are not reached.
    fn drop_shadowed(&mut self, rules: &[PlannedRule]) {
        if !rules.iter().all(|rule| rule.ends) {
            return;
        }
        for row in &mut self.acls.rows {
            let whole = |rule: &u32| matches!(self.steps[*rule as usize].0, How::Yielded(_));
            let kept = row.rules.iter().position(whole).map_or(row.rules.len(), |first| first + 1);
            row.rules.truncate(kept);
        }
    }
}

/// Each pattern, with the ACLs that it is of.
type Patterns = BTreeMap<Vec<u8>, Vec<u32>>;

/// The patterns that one sample is compared with.
struct SampleDraft<'a> {
    expr: &'a Expr,
    /// For each way of comparing.
    patterns: BTreeMap<Key, Patterns>,
    /// The rules of each ACL.
    rules: Lists,
    /// Where the answer to each ACL is kept that this sample alone answers.
    answers: Vec<Option<u8>>,
    reach: (u32, u32),
    last: Option<*const Acl>,
}

impl<'a> SampleDraft<'a> {
    fn new(expr: &'a Expr) -> Self {
        let (patterns, rules) = (BTreeMap::new(), Lists::default());
        Self { expr, patterns, rules, answers: Vec::new(), reach: (u32::MAX, 0), last: None }
    }

    fn file(&mut self, row: &Row, test: &Test) {
        if self.last != Some(Arc::as_ptr(&row.acl)) {
            self.last = Some(Arc::as_ptr(&row.acl));
            self.rules.push(row.rules.iter().copied());
            self.answers.push(row.settled());
            let last = row.rules.iter().max().copied();
            // whoever asks first is answered by the look-up
            self.reach.0 = self.reach.0.min(row.first);
            self.reach.1 = self.reach.1.max(last.unwrap_or(0));
        }
        let acl = number(self.rules.ends.len() - 1);
        for (key, pattern) in test.matcher.loaded() {
            let acls = self.patterns.entry(key).or_default().entry(pattern.to_vec()).or_default();
            if acls.last() != Some(&acl) {
                acls.push(acl);
            }
        }
    }

    fn finish(self) -> Option<Sample> {
        let list = |(key, patterns): (Key, Patterns)| {
            let index = Index::new(key, patterns.keys().map(Vec::as_slice)).ok()?;
            let mut acls = Lists::default();
            patterns.into_values().for_each(|list| acls.push(list));
            Some(List { kind: ProbeKind::of(key.method), index, acls })
        };
        let lists = self.patterns.into_iter().map(list).collect::<Option<_>>()?;
        let settles = self.answers.iter().flatten().fold(0, |bits, place| bits | 1_u128 << place);
        let Self { reach, rules, answers, .. } = self;
        Some(Sample { expr: self.expr.clone(), reach, lists, rules, answers: answers.into(), settles })
    }
}

/// What becomes out of date by changes, each kind of which is worked out once.
struct Effects<'a> {
    samples: &'a [Sample],
    acls: &'a [Row],
    known: HashMap<Parts, u32>,
    rows: Vec<Effect>,
}

impl<'a> Effects<'a> {
    fn new(samples: &'a [Sample], acls: &'a [Row]) -> Self {
        Self { samples, acls, known: HashMap::new(), rows: Vec::new() }
    }

    fn of(&mut self, changes: Parts) -> u32 {
        if let Some(known) = self.known.get(&changes) {
            return *known;
        }
        let met = |parts: Option<Parts>| parts.is_none_or(|parts| parts.meets(&changes));
        let samples = self.samples.iter().zip(0..).filter(|(sample, _)| met(sample.expr.parts()));
        let samples = samples.map(|(_, place)| place).collect();
        let answered = self.acls.iter().filter_map(|row| row.answer.map(|place| (row, place)));
        let stale = answered.filter(|(row, _)| met(row.parts.clone()));
        let answers = stale.fold(0, |bits, (_, place)| bits | 1_u128 << place);
        self.rows.push(Effect { samples, answers });
        let next = number(self.rows.len() - 1);
        self.known.insert(changes, next);
        next
    }
}
