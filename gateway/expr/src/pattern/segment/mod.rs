//! Some patterns of a reference as one structure: what finds all those that match at the cost of about one.

mod blocks;
mod index;
mod literal;
pub(crate) mod number;
mod regexes;

use std::ops::ControlFlow;
use std::sync::Arc;

use super::reference::Entry;
use super::view::{Key, Probe};
use crate::matcher::Method;
pub(crate) use index::Index;

/// A pattern that cannot be compared with this method.
#[derive(Debug)]
pub(crate) struct Bad {
    /// Whose it is, among those that were given.
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// Where matches are shown: how specific each is, and the entry.
pub(crate) type Visit<'v, 's> = &'v mut dyn FnMut(u32, &'s Arc<Entry>) -> ControlFlow<()>;

/// Entries and their structure.
#[derive(Debug)]
pub(crate) struct Segment {
    entries: Box<[Arc<Entry>]>,
    index: Index,
    /// The longest prefix counts most.
    by_length: bool,
}

impl Segment {
    pub(super) fn new(key: Key, entries: Vec<Arc<Entry>>) -> Result<Self, Bad> {
        let index = Index::new(key, entries.iter().map(|entry| &*entry.pattern))?;
        let by_length = key.method == Method::Beg && !key.fold;
        Ok(Self { entries: entries.into(), index, by_length })
    }

    pub(super) fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Whether matches are shown in the order of the entries.
    pub(super) fn is_ordered(&self) -> bool {
        self.index.is_ordered()
    }

    /// Shows the living entries that match, some perhaps more than once; `dead` becomes true where another would have.
    pub(super) fn visit<'s>(
        &'s self,
        probe: &Probe<'_>,
        dead: &mut bool,
        visit: Visit<'_, 's>,
    ) -> ControlFlow<()> {
        self.index.visit(probe, &mut |weight, at| {
            let entry = &self.entries[at as usize];
            let weight = match self.by_length {
                true => u32::try_from(entry.pattern.len()).unwrap_or(u32::MAX),
                false => weight,
            };
            if entry.is_alive() {
                return visit(weight, entry);
            }
            *dead = true;
            ControlFlow::Continue(())
        })
    }
}
