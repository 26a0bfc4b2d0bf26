//! Many rules at the cost of about one.
//!
//! The conditions of a rule set become one plan: conditions that compare the same sample are looked up together, in one
//! structure for each way of comparing, and a look-up yields the rules that may hold. It is observationally equal to
//! asking each condition in turn; a property test holds it to that.
//!
//! Patterns may change at run time. A reference that was changed once is left out of the structures from then on and
//! asked as it is, so that a plan is made anew once for each reference that changes, however often it does.

mod build;
mod found;
#[cfg(test)]
mod property;
mod question;
mod sample;
#[cfg(test)]
mod tests;
mod walk;

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwapOption;
use parking_lot::Mutex;

use crate::{Cond, Parts, Txn};
use question::Question;
use sample::Sample;
pub use walk::Walk;

/// What a plan is told of a rule.
#[derive(Clone, Debug)]
pub struct PlannedRule {
    /// When it applies; `None` is always.
    pub cond: Option<Cond>,
    /// No rule behind it is reached when it applies.
    pub ends: bool,
    /// What may be different for the rules behind it when it has been applied. Variables may be in any case.
    pub changes: Parts,
}

/// Rules of which those that apply are found in order. Cheap to clone.
#[derive(Clone)]
pub struct Plan {
    inner: Arc<Inner>,
}

struct Inner {
    rules: Vec<PlannedRule>,
    /// What the loaded patterns became; `None` if they can only be asked in turn.
    loaded: Option<Layout>,
    /// What counts the references that have changed; more than one only if rules of several models meet in a test.
    epochs: Vec<Arc<AtomicU64>>,
    /// What they became since, and at which count.
    later: ArcSwapOption<(u64, Option<Layout>)>,
    making: Mutex<()>,
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.inner.loaded {
            Some(layout) => write!(f, "Plan({layout:?})"),
            None => write!(f, "Plan(in turn)"),
        }
    }
}

/// How rules are found, for patterns as they are at one time.
struct Layout {
    /// What is looked up, in the order of the first rules that it can yield.
    samples: Box<[Sample]>,
    /// The rules, up to the first that always ends.
    rules: Box<[Step]>,
    /// The rules that are considered in any case, in order.
    fixed: Box<[u32]>,
    /// What to do anew when a rule has been applied.
    effects: Box<[Effect]>,
}

impl fmt::Debug for Layout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { samples, rules, fixed, .. } = self;
        write!(f, "{} rules, {} samples, {} in any case", rules.len(), samples.len(), fixed.len())
    }
}

/// A rule when it is considered.
#[derive(Debug)]
struct Step {
    how: How,
    /// Which of the effects it has.
    effect: u32,
}

#[derive(Debug)]
enum How {
    /// It applies.
    Always,
    /// It applies if a look-up has yielded it, unless that was of a sample that has changed since.
    Yielded(Question),
    /// Its condition is asked.
    Asked(Question),
    /// Its condition is asked as it was written.
    Whole(Cond),
}

/// What the application of a rule makes out of date.
#[derive(Debug)]
struct Effect {
    /// Samples to look up again.
    samples: Box<[u32]>,
    /// Answers to forget.
    answers: u128,
}

impl Plan {
    /// Compiles rules in order.
    pub fn compile(rules: Vec<PlannedRule>) -> Self {
        let mut epochs: Vec<Arc<AtomicU64>> = Vec::new();
        let conds = rules.iter().filter_map(|rule| rule.cond.as_ref());
        for acl in conds.flat_map(Cond::acls) {
            for epoch in acl.tests().map(|test| test.matcher.epoch()) {
                if !epochs.iter().any(|known| Arc::ptr_eq(known, epoch)) {
                    epochs.push(Arc::clone(epoch));
                }
            }
        }
        let loaded = build::layout(&rules);
        let (later, making) = (ArcSwapOption::empty(), Mutex::new(()));
        Self { inner: Arc::new(Inner { rules, loaded, epochs, later, making }) }
    }

    /// Begins to find the rules that apply to what is asked about, from this place on.
    pub fn walk(&self, from: usize, txn: &dyn Txn) -> Walk<'_> {
        Walk::new(&self.inner, from, txn)
    }
}

/// What a plan goes by at one time.
enum Held<'p> {
    Loaded(&'p Layout),
    Since(Arc<(u64, Option<Layout>)>),
    /// Each condition is asked in turn.
    InTurn,
}

impl Inner {
    fn epoch(&self) -> u64 {
        self.epochs.iter().map(|epoch| epoch.load(Ordering::Acquire)).sum()
    }

    /// What holds at this count. While one thread makes it, others ask rule by rule.
    fn at(&self, epoch: u64) -> Held<'_> {
        if epoch == 0 {
            return self.loaded.as_ref().map_or(Held::InTurn, Held::Loaded);
        }
        if let Some(later) = self.later.load_full().filter(|later| later.0 == epoch) {
            return Held::Since(later);
        }
        let Some(_making) = self.making.try_lock() else { return Held::InTurn };
        let made = Arc::new((epoch, build::layout(&self.rules)));
        self.later.store(Some(Arc::clone(&made)));
        Held::Since(made)
    }
}

impl Held<'_> {
    fn layout(&self) -> Option<&Layout> {
        match self {
            Self::Loaded(layout) => Some(layout),
            Self::Since(made) => made.1.as_ref(),
            Self::InTurn => None,
        }
    }
}

/// The first of several rules whose condition holds. Cheap to clone.
#[derive(Clone, Debug)]
pub struct FirstMatch {
    plan: Plan,
}

impl Default for FirstMatch {
    fn default() -> Self {
        Self::compile(&[])
    }
}

impl FirstMatch {
    /// Compiles rules in order; one without a condition always holds.
    pub fn compile(conds: &[Option<&Cond>]) -> Self {
        let rule =
            |cond: &Option<&Cond>| PlannedRule { cond: cond.cloned(), ends: true, changes: Parts::NONE };
        Self { plan: Plan::compile(conds.iter().map(rule).collect()) }
    }

    /// The place of the first rule that holds.
    pub fn first(&self, txn: &dyn Txn) -> Option<usize> {
        let mut walk = self.plan.walk(0, txn);
        // a rule that waits for more bytes does not hold
        std::iter::from_fn(|| walk.next(txn)).find(|(_, verdict)| verdict.holds()).map(|(rule, _)| rule)
    }
}

/// A list of lists in one piece.
#[derive(Debug, Default)]
struct Lists {
    ends: Vec<u32>,
    items: Vec<u32>,
}

impl Lists {
    fn push(&mut self, items: impl IntoIterator<Item = u32>) {
        self.items.extend(items);
        self.ends.push(build::number(self.items.len()));
    }

    fn get(&self, at: u32) -> &[u32] {
        let at = at as usize;
        let start = at.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.items[start as usize..self.ends[at] as usize]
    }
}

/// Goes on, whatever was shown.
const ON: ControlFlow<()> = ControlFlow::Continue(());
