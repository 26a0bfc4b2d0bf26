//! A condition as a plan asks it: what is constant is gone, and what several conditions ask is answered once.

use std::sync::Arc;

use crate::acl::Acl;
use crate::cond::Verdict;
use crate::{Cond, Txn};

/// So many answers are kept.
pub(super) const ANSWERS: usize = 128;

/// A condition, in terms of ACLs by number.
#[derive(Debug)]
pub(super) struct Question {
    unless: bool,
    /// True if all terms of one of the groups are.
    groups: Box<[Box<[Term]>]>,
}

#[derive(Debug)]
pub(super) struct Term {
    pub(super) negated: bool,
    /// Its number among the ACLs of the plan.
    pub(super) number: u32,
    acl: Arc<Acl>,
    /// Where its answer is kept.
    answer: Option<u8>,
    /// The look-up that yields the rule has answered it.
    given: bool,
}

/// A condition without what is constant in it.
pub(super) enum Folded {
    Always,
    Never,
    Open(Question),
    /// It is left as it is.
    Whole(Cond),
}

/// Answers that were given before, as bits.
#[derive(Debug, Default)]
pub(super) struct Answers {
    known: u128,
    true_ones: u128,
}

impl Answers {
    pub(super) fn forget(&mut self, answers: u128) {
        self.known &= !answers;
    }

    /// Answers with no.
    pub(super) fn deny(&mut self, answers: u128) {
        (self.known, self.true_ones) = (self.known | answers, self.true_ones & !answers);
    }

    /// Answers with yes.
    pub(super) fn affirm(&mut self, place: Option<u8>) {
        self.true_ones |= place.map_or(0, |place| 1 << place);
    }
}

/// What is known of an ACL before anything is asked.
pub(super) struct Known {
    pub(super) number: u32,
    /// It is the same whatever is asked about.
    pub(super) constant: Option<bool>,
    pub(super) answer: Option<u8>,
}

/// A condition without its constants; `known` tells of an ACL.
pub(super) fn fold(cond: &Cond, known: &mut dyn FnMut(&Arc<Acl>) -> Known) -> Folded {
    let (unless, groups) = cond.parts();
    let mut open: Vec<Box<[Term]>> = Vec::new();
    for group in groups {
        let mut terms = Some(Vec::new());
        for term in group {
            let Known { number, constant, answer } = known(&term.acl);
            match (constant, &mut terms) {
                (Some(holds), _) if holds == term.negated => terms = None,
                (None, Some(terms)) => {
                    let acl = Arc::clone(&term.acl);
                    terms.push(Term { negated: term.negated, number, acl, answer, given: false });
                }
                (Some(_), _) | (None, None) => {}
            }
        }
        match terms {
            Some(terms) if terms.is_empty() => return if unless { Folded::Never } else { Folded::Always },
            Some(terms) => open.push(terms.into()),
            None => {}
        }
    }
    match (open.is_empty(), unless) {
        (true, true) => Folded::Always,
        (true, false) => Folded::Never,
        (false, _) => Folded::Open(Question { unless, groups: open.into() }),
    }
}

impl Question {
    /// The groups of terms, unless the whole is negated.
    pub(super) fn groups(&self) -> Option<&[Box<[Term]>]> {
        (!self.unless).then_some(&self.groups)
    }

    /// The same, asked only when this ACL holds.
    pub(super) fn given(mut self, acl: u32) -> Self {
        for term in self.groups.iter_mut().flatten() {
            term.given = !term.negated && term.number == acl;
        }
        self
    }

    /// Whether it holds, all bytes being there; `fresh` says that nothing has changed since the look-up that yielded it.
    pub(super) fn holds(&self, txn: &dyn Txn, answers: &mut Answers, fresh: bool) -> bool {
        let mut groups = self.groups.iter();
        let any = groups.any(|group| {
            group.iter().all(|term| fresh && term.given || term.ask(txn, answers) != term.negated)
        });
        any != self.unless
    }
}

impl Term {
    fn ask(&self, txn: &dyn Txn, answers: &mut Answers) -> bool {
        let ask = || self.acl.judge(txn) == Verdict::True;
        let Some(bit) = self.answer.map(|place| 1 << place) else { return ask() };
        if answers.known & bit == 0 {
            answers.known |= bit;
            answers.true_ones = answers.true_ones & !bit | if ask() { bit } else { 0 };
        }
        answers.true_ones & bit != 0
    }
}
