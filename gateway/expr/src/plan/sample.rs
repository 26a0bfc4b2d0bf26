//! A sample, and all patterns that the rules of a set compare it with.

use super::found::Found;
use super::question::Answers;
use super::{Lists, ON};
use crate::pattern::{Index, Probe, ProbeKind};
use crate::{Expr, Txn};

/// What is read once for all rules that compare it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) expr: Expr,
    /// The first rule that asks for it, and the last that a look-up can yield.
    pub(super) reach: (u32, u32),
    /// One for each way of comparing.
    pub(super) lists: Box<[List]>,
    /// The rules that each ACL leads to.
    pub(super) rules: Lists,
    /// Where the answer to each ACL is kept that a look-up answers.
    pub(super) answers: Box<[Option<u8>]>,
    /// All of these.
    pub(super) settles: u128,
}

/// Patterns that are compared in the same way.
#[derive(Debug)]
pub(super) struct List {
    pub(super) kind: ProbeKind,
    pub(super) index: Index,
    /// The ACLs, in the numbering of the sample, that each pattern is of.
    pub(super) acls: Lists,
}

impl Sample {
    /// Adds the rules, from one on, that what is asked about may make hold.
    pub(super) fn look_up(&self, txn: &dyn Txn, from: u32, found: &mut Found, answers: &mut Answers) {
        answers.deny(self.settles);
        self.expr.each(txn, &mut |value| {
            // lists of one kind stand together
            let (mut kind, mut probe) = (None, None);
            for list in &self.lists {
                if kind != Some(list.kind) {
                    (kind, probe) = (Some(list.kind), Probe::of(list.kind, value.borrowed()));
                }
                let Some(probe) = &probe else { continue };
                let _ = list.index.visit(probe, &mut |_, pattern| {
                    for acl in list.acls.get(pattern) {
                        answers.affirm(self.answers[*acl as usize]);
                        let rules = self.rules.get(*acl).iter().filter(|rule| **rule >= from);
                        rules.for_each(|rule| found.add(*rule));
                    }
                    ON
                });
            }
            ON
        });
    }
}
