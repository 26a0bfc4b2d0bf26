//! Many conditions at the cost of about one.
//!
//! Conditions that compare the same sample with texts become one structure, which yields the candidates of a request
//! in one look-up. It is observationally equal to asking each condition in turn; a property test holds it to that.
//!
//! Patterns may change at run time. A reference that was changed once is left out of the structure from then on and
//! asked as it is, so that a plan is made anew once for each reference that changes, however often it does.

mod build;
#[cfg(test)]
mod property;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;
use regex::bytes::RegexSet;

use crate::matcher::text::Group;
use crate::{Cond, Expr, Txn};

/// The first of several rules whose condition holds. Cheap to clone.
#[derive(Clone, Default)]
pub struct FirstMatch {
    inner: Arc<Inner>,
}

#[derive(Default)]
struct Inner {
    /// Of the patterns that were loaded.
    plan: Plan,
    conds: Vec<Option<Cond>>,
    /// What counts the references that have changed; more than one only if rules of several models meet in a test.
    epochs: Vec<Arc<AtomicU64>>,
    /// The plan made since, and at which count.
    later: ArcSwapOption<(u64, Plan)>,
    making: Mutex<()>,
}

impl fmt::Debug for FirstMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Plan { samples, slots, always, .. } = &self.inner.plan;
        write!(f, "FirstMatch({} samples, {} conditions, always {always:?})", samples.len(), slots.len())
    }
}

/// How the first rule is found.
///
/// A rule is *indexed* when what its condition compares is looked up for all such rules at once, and *asked* when its
/// condition must be evaluated: because it has no part that can be looked up, or because it has others besides.
#[derive(Debug, Default)]
struct Plan {
    /// What is looked up, the earliest rules first.
    samples: Vec<Sample>,
    /// The rules that are asked, in order.
    slots: Vec<Slot>,
    /// The slots that are asked in any case, as a set of bits.
    unconditional: Vec<u64>,
    /// The first rule that holds without a condition; those behind it are never reached.
    always: Option<usize>,
}

/// A rule whose condition is evaluated.
#[derive(Debug)]
struct Slot {
    rule: usize,
    cond: Cond,
}

/// One sample, and all texts that it is compared with.
#[derive(Debug)]
struct Sample {
    expr: Expr,
    /// The first rule that a look-up can yield.
    earliest: usize,
    groups: Vec<Group>,
    /// Expressions in sets, each with the number of what it yields.
    regexes: Vec<(RegexSet, Vec<u32>)>,
    /// What the numbers of texts and expressions stand for.
    yields: Vec<Yield>,
}

/// What a text that matches means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Yield {
    /// The rule holds.
    Rule(usize),
    /// The rule in this slot may hold.
    Slot(usize),
}

impl FirstMatch {
    /// Compiles rules in order; one without a condition always holds.
    pub fn compile(conds: &[Option<&Cond>]) -> Self {
        let mut epochs: Vec<Arc<AtomicU64>> = Vec::new();
        for acl in conds.iter().flatten().flat_map(|cond| cond.acls()) {
            for epoch in acl.tests().map(|test| test.matcher.epoch()) {
                if !epochs.iter().any(|known| Arc::ptr_eq(known, epoch)) {
                    epochs.push(Arc::clone(epoch));
                }
            }
        }
        let conds: Vec<_> = conds.iter().map(|cond| cond.cloned()).collect();
        Self { inner: Arc::new(Inner { plan: build::plan(&conds), conds, epochs, ..Inner::default() }) }
    }

    /// The place of the first rule that holds.
    pub fn first(&self, txn: &dyn Txn) -> Option<usize> {
        match self.inner.epoch() {
            0 => self.inner.plan.first(txn),
            epoch => self.inner.first_since(epoch, txn),
        }
    }
}

impl Inner {
    fn epoch(&self) -> u64 {
        self.epochs.iter().map(|epoch| epoch.load(Ordering::Acquire)).sum()
    }

    /// The same once patterns have changed. While one thread makes the plan, others ask rule by rule.
    fn first_since(&self, epoch: u64, txn: &dyn Txn) -> Option<usize> {
        if let Some(later) = &*self.later.load()
            && later.0 == epoch
        {
            return later.1.first(txn);
        }
        if let Some(_making) = self.making.try_lock() {
            let plan = build::plan(&self.conds);
            let first = plan.first(txn);
            self.later.store(Some(Arc::new((epoch, plan))));
            return first;
        }
        self.conds.iter().position(|cond| cond.as_ref().is_none_or(|cond| cond.eval(txn)))
    }
}

impl Plan {
    fn first(&self, txn: &dyn Txn) -> Option<usize> {
        let mut found =
            Found { best: self.always.unwrap_or(usize::MAX), marks: Marks::new(&self.unconditional) };
        for sample in self.samples.iter().filter(|sample| sample.earliest < usize::MAX) {
            if sample.earliest < found.best {
                sample.look_up(txn, &mut found);
            }
        }
        let best = found.best;
        let asked = found.marks.iter().map(|slot| &self.slots[slot]);
        let earlier = asked.take_while(|slot| slot.rule < best).find(|slot| slot.cond.eval(txn));
        earlier.map(|slot| slot.rule).or((best < usize::MAX).then_some(best))
    }
}

impl Sample {
    fn look_up(&self, txn: &dyn Txn, found: &mut Found) {
        self.expr.each(txn, &mut |value| {
            let text = value.into_text();
            for group in &self.groups {
                let _ = group.visit(&text, &mut |id| {
                    found.note(self.yields[id as usize]);
                    ControlFlow::Continue(())
                });
            }
            // asking whether any matches costs no allocation, asking which does
            for (set, ids) in self.regexes.iter().filter(|(set, _)| set.is_match(&text)) {
                set.matches(&text).iter().for_each(|at| found.note(self.yields[ids[at] as usize]));
            }
            ControlFlow::Continue(())
        });
    }
}

/// What look-ups have yielded so far.
struct Found {
    best: usize,
    marks: Marks,
}

impl Found {
    fn note(&mut self, what: Yield) {
        match what {
            Yield::Rule(rule) => self.best = self.best.min(rule),
            Yield::Slot(slot) => self.marks.set(slot),
        }
    }
}

/// So many words of marks need no allocation.
const INLINE: usize = 16;

/// A set of slots, as bits.
enum Marks {
    Inline([u64; INLINE]),
    Heap(Vec<u64>),
}

impl Marks {
    fn new(start: &[u64]) -> Self {
        let mut inline = [0; INLINE];
        match inline.get_mut(..start.len()) {
            Some(words) => {
                words.copy_from_slice(start);
                Self::Inline(inline)
            }
            None => Self::Heap(start.to_vec()),
        }
    }

    fn words(&mut self) -> &mut [u64] {
        match self {
            Self::Inline(words) => words,
            Self::Heap(words) => words,
        }
    }

    fn set(&mut self, slot: usize) {
        self.words()[slot / 64] |= 1 << (slot % 64);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let words: &[u64] = match self {
            Self::Inline(words) => words,
            Self::Heap(words) => words,
        };
        words.iter().enumerate().flat_map(|(at, word)| Bits(*word).map(move |bit| at * 64 + bit))
    }
}

/// The places of the bits that are set.
struct Bits(u64);

impl Iterator for Bits {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let bit = self.0.trailing_zeros() as usize;
        self.0 &= self.0.checked_sub(1)?;
        Some(bit)
    }
}
