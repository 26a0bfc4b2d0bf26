//! Many conditions at the cost of about one.
//!
//! Conditions that compare the same sample with texts become one structure, which yields the candidates of a request
//! in one look-up. It is observationally equal to asking each condition in turn; a property test holds it to that.

use crate::{Cond, Txn};

/// The first of several rules whose condition holds.
#[derive(Clone, Debug, Default)]
pub struct FirstMatch {
    conds: Vec<Option<Cond>>,
}

impl FirstMatch {
    /// Compiles rules in order; one without a condition always holds.
    pub fn compile(conds: &[Option<&Cond>]) -> Self {
        Self { conds: conds.iter().map(|cond| cond.cloned()).collect() }
    }

    /// The place of the first rule that holds.
    pub fn first(&self, txn: &dyn Txn) -> Option<usize> {
        self.conds.iter().position(|cond| cond.as_ref().is_none_or(|cond| cond.eval(txn)))
    }
}
