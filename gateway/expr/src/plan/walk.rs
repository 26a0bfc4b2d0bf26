//! Finding the rules that apply, one after the other.

use super::found::{Found, NONE};
use super::question::Answers;
use super::{Effect, Held, How, Inner, Layout, build};
use crate::Txn;
use crate::cond::Verdict;

/// A way through the rules of a set. Between two of its steps the rule that was found may be applied.
pub struct Walk<'p> {
    plan: &'p Inner,
    epoch: u64,
    held: Held<'p>,
    /// The first rule that has not been considered.
    at: usize,
    state: State,
}

/// What has been found out so far.
struct State {
    /// How many samples have been looked up.
    looked: usize,
    found: Found,
    /// A sample has changed since it was looked up, so what was yielded must be asked.
    stale: bool,
    answers: Answers,
    /// The next of the rules that are considered in any case.
    fixed: usize,
}

impl std::fmt::Debug for Walk<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Walk(at {})", self.at)
    }
}

impl<'p> Walk<'p> {
    pub(super) fn new(plan: &'p Inner, from: usize, txn: &dyn Txn) -> Self {
        let epoch = plan.epoch();
        // what more bytes may change cannot be looked up once for all
        let held = if txn.more_to_come() { Held::InTurn } else { plan.at(epoch) };
        let rules = held.layout().map_or(0, |layout| layout.rules.len());
        let state = State {
            looked: 0,
            found: Found::new(rules),
            stale: false,
            answers: Answers::default(),
            fixed: 0,
        };
        Self { plan, epoch, held, at: from, state }
    }

    /// The next rule that applies, or of which more bytes must tell whether it does.
    pub fn next(&mut self, txn: &dyn Txn) -> Option<(usize, Verdict)> {
        let Some(layout) = self.held.layout() else { return self.next_in_turn(txn) };
        while let Some(rule) = self.state.candidate(layout, self.at, txn) {
            self.at = rule + 1;
            let holds = match &layout.rules[rule].how {
                How::Always => true,
                How::Whole(cond) => cond.eval(txn),
                How::Yielded(_) if !self.state.stale => true,
                How::Yielded(question) | How::Asked(question) => {
                    let fresh = !self.state.stale;
                    question.holds(txn, &mut self.state.answers, fresh)
                }
            };
            if holds {
                return Some((rule, Verdict::True));
            }
        }
        self.at = layout.rules.len();
        None
    }

    fn next_in_turn(&mut self, txn: &dyn Txn) -> Option<(usize, Verdict)> {
        while let Some(rule) = self.plan.rules.get(self.at) {
            self.at += 1;
            let verdict = rule.cond.as_ref().map_or(Verdict::True, |cond| cond.judge(txn));
            if verdict != Verdict::False {
                return Some((self.at - 1, verdict));
            }
        }
        None
    }

    /// Says that a rule was applied, which may have changed what is asked about.
    pub fn applied(&mut self, rule: usize, txn: &dyn Txn) {
        let Some(layout) = self.held.layout() else { return };
        if self.plan.epoch() != self.epoch {
            // patterns that the layout holds have changed
            self.held = Held::InTurn;
            return;
        }
        let effect = &layout.effects[layout.rules[rule].effect as usize];
        self.state.renew(layout, effect, self.at, txn);
    }
}

impl State {
    /// The next rule to be considered: all samples that it asks for or that may yield one before it have been looked up.
    fn candidate(&mut self, layout: &Layout, at: usize, txn: &dyn Txn) -> Option<usize> {
        let from = build::number(at);
        loop {
            let mut next = self.found.first_from(from);
            while let Some(fixed) = layout.fixed.get(self.fixed) {
                if *fixed >= from {
                    next = next.min(*fixed);
                    break;
                }
                self.fixed += 1;
            }
            match layout.samples.get(self.looked) {
                Some(sample) if sample.reach.0 <= next => {
                    if sample.reach.1 >= from {
                        sample.look_up(txn, from, &mut self.found, &mut self.answers);
                    }
                    self.looked += 1;
                }
                _ => return (next != NONE).then_some(next as usize),
            }
        }
    }

    /// Looks up again what has changed.
    fn renew(&mut self, layout: &Layout, effect: &Effect, at: usize, txn: &dyn Txn) {
        self.answers.forget(effect.answers);
        let from = build::number(at);
        for place in effect.samples.iter().map(|place| *place as usize) {
            let sample = &layout.samples[place];
            if place < self.looked && sample.reach.1 >= from {
                sample.look_up(txn, from, &mut self.found, &mut self.answers);
                self.stale = true;
            }
        }
    }
}
