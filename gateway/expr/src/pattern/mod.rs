//! Pattern references: what ACLs and maps compare with, by file or by line, and how it changes at run time
//! (configuration.txt 7.1 and 7.3.1 `map`, management.txt 9.3 `add map`).
//!
//! [`Patterns`] belongs to one model and is filled while that is read. Every file is one [`Reference`] however many
//! ACLs, maps and actions use it; every ACL line has one of its own for the values written on it. What evaluates holds
//! a [`View`]: the reference's patterns as one structure for one matching method. As long as nothing was changed a view
//! is read without a lock or a count; afterwards through one atomic pointer.
//!
//! Actions that change patterns (`add-acl`, `del-acl`, `set-map`, `del-map`) ask [`Patterns::file`] for the reference
//! while they are read and then call [`Reference::put`] or [`Reference::remove`]; commands of the CLI find theirs with
//! [`Patterns::find`]. A reload reads the files anew, and their content rules.

mod file;
mod reference;
mod segment;
mod view;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use parking_lot::Mutex;

pub(crate) use file::Columns;
pub(crate) use reference::Entry;
pub use reference::{Change, Found, Item, Reference, Which};
pub(crate) use segment::Index;
pub(crate) use segment::number::{NOT_EQUAL, Operators};
pub(crate) use view::{Hit, Key, Probe, ProbeKind, View};

use crate::Scope;

/// Every pattern reference of one model.
#[derive(Default)]
pub struct Patterns {
    all: Mutex<Vec<Arc<Reference>>>,
    epoch: Arc<AtomicU64>,
}

impl fmt::Debug for Patterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Patterns")
    }
}

impl PartialEq for Patterns {
    /// Always: what files hold is compared by the expressions and ACLs that read them, and what changed at run time
    /// does not count.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Patterns {
    /// The reference of this name for an action that changes it. One that no ACL and no map has named is empty, and
    /// ones that are read later find in it what the file holds.
    pub fn file(&self, name: &str) -> Arc<Reference> {
        let mut all = self.all.lock();
        if let Some(known) = all.iter().find(|reference| reference.name() == name) {
            return Arc::clone(known);
        }
        let made = Arc::new(Reference::named(name, Arc::clone(&self.epoch)));
        all.push(Arc::clone(&made));
        made
    }

    /// The reference of a file, read if it was not before.
    pub(crate) fn read(
        &self,
        name: &str,
        columns: Columns,
        scope: &Scope<'_>,
    ) -> Result<Arc<Reference>, String> {
        let reference = self.file(name);
        reference.load(columns, scope)?;
        Ok(reference)
    }

    /// A new reference without a name, for the values of one line.
    pub(crate) fn inline(&self, keyword: &str, scope: &Scope<'_>) -> Arc<Reference> {
        let made = Arc::new(Reference::inline(keyword, scope.position(), Arc::clone(&self.epoch)));
        self.all.lock().push(Arc::clone(&made));
        made
    }

    /// Every reference with its number: the one it was given (`-u`), or the next that is free, in the order in which
    /// they were read.
    pub fn numbered(&self) -> Vec<(u32, Arc<Reference>)> {
        let all = self.all.lock().clone();
        let taken: Vec<u32> = all.iter().filter_map(|reference| reference.given_id()).collect();
        let mut free = (0..).filter(|id| !taken.contains(id));
        let mut next = || free.next().unwrap_or(u32::MAX);
        let mut numbered: Vec<_> =
            all.into_iter().map(|one| (one.given_id().unwrap_or_else(&mut next), one)).collect();
        numbered.sort_by_key(|(id, _)| *id);
        numbered
    }

    /// The reference that an operator names: `#3`, or a file's name.
    pub fn find(&self, name: &str) -> Option<Arc<Reference>> {
        match name.strip_prefix('#') {
            Some(number) => {
                let number: u32 = number.parse().ok()?;
                self.numbered().into_iter().find(|(id, _)| *id == number).map(|(_, reference)| reference)
            }
            None => self.files().into_iter().find(|reference| reference.name() == name),
        }
    }

    fn files(&self) -> Vec<Arc<Reference>> {
        self.all.lock().iter().filter(|reference| !reference.name().is_empty()).cloned().collect()
    }

    /// Grows when a reference is changed for the first time: what was compiled from patterns is stale then.
    pub(crate) fn epoch(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.epoch)
    }
}

#[cfg(test)]
mod tests;
