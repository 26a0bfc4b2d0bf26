//! A sample, and all patterns that the rules of a set compare it with.

use super::found::Found;
use super::{Lists, ON};
use crate::matcher::Method;
use crate::pattern::{Index, Probe};
use crate::{Expr, Txn};

/// What is read once for all rules that compare it.
#[derive(Debug)]
pub(super) struct Sample {
    pub(super) expr: Expr,
    /// The first and the last rule that a look-up can yield.
    pub(super) reach: (u32, u32),
    /// One for each way of comparing.
    pub(super) lists: Box<[List]>,
    /// The rules that each ACL leads to.
    pub(super) rules: Lists,
}

/// Patterns that are compared in the same way.
#[derive(Debug)]
pub(super) struct List {
    pub(super) method: Method,
    pub(super) index: Index,
    /// The ACLs, in the numbering of the sample, that each pattern is of.
    pub(super) acls: Lists,
}

impl Sample {
    /// Adds the rules, from one on, that what is asked about may make hold.
    pub(super) fn look_up(&self, txn: &dyn Txn, from: u32, found: &mut Found) {
        self.expr.each(txn, &mut |value| {
            for list in &self.lists {
                let Some(probe) = Probe::new(list.method, value.borrowed()) else { continue };
                let _ = list.index.visit(&probe, &mut |_, pattern| {
                    let acls = list.acls.get(pattern).iter();
                    let rules = acls.flat_map(|acl| self.rules.get(*acl));
                    rules.filter(|rule| **rule >= from).for_each(|rule| found.add(*rule));
                    ON
                });
            }
            ON
        });
    }
}
