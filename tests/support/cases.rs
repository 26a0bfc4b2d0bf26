//! The list of cases, each a row: a name that is a sentence and a function. A case that cannot be true
//! of HAProxy says why, and is named at the end of a run against HAProxy instead of being passed over.

use super::subject::{Kind, kind};
use libtest_mimic::{Failed, Trial};

/// All cases of a run.
#[derive(Debug, Default)]
pub(crate) struct Cases {
    trials: Vec<Trial>,
    left_out: Vec<(String, &'static str)>,
}

impl Cases {
    /// A case that is true of the gateway and of HAProxy.
    pub(crate) fn test(&mut self, name: &str, run: fn()) {
        self.trials.push(Trial::test(name, move || {
            run();
            Ok::<(), Failed>(())
        }));
    }

    /// A case that HAProxy would fail, and why that is right.
    pub(crate) fn ours_only(&mut self, name: &str, reason: &'static str, run: fn()) {
        match kind() {
            Kind::Gateway => self.test(name, run),
            Kind::Haproxy => self.left_out.push((name.to_owned(), reason)),
        }
    }

    pub(crate) fn into_parts(self) -> (Vec<Trial>, Vec<(String, &'static str)>) {
        (self.trials, self.left_out)
    }
}
