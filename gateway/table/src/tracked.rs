//! An entry that somebody holds: it stays while it is held, whatever comes.

use std::fmt;
use std::sync::Arc;

use crate::{Entry, Key, Millis, Table};

/// Where an entry lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) shard: usize,
    pub(crate) slot: u32,
}

/// A tracked entry. Whoever drops it has taken back what it counted as open.
pub struct Tracked {
    table: Arc<Table>,
    place: Place,
}

impl fmt::Debug for Tracked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tracked({} {:?})", self.table.name(), self.place)
    }
}

impl Tracked {
    pub(crate) fn new(table: Arc<Table>, place: Place) -> Self {
        Self { table, place }
    }

    /// The table it is in.
    pub fn table(&self) -> &Arc<Table> {
        &self.table
    }

    /// What it is found by.
    pub fn key(&self) -> Key {
        self.table.key_at(self.place)
    }

    /// Reads its values; that does not count as a use.
    pub fn read<R>(&self, now: Millis, read: impl FnOnce(&Entry<'_>) -> R) -> R {
        self.table.at(self.place, now, |entry| read(entry))
    }

    /// Changes its values, which is a use.
    pub fn change<R>(&self, now: Millis, change: impl FnOnce(&mut Entry<'_>) -> R) -> R {
        self.table.touch_at(self.place, now, change)
    }

    /// Changes its values, which is no use.
    pub fn change_quietly<R>(&self, now: Millis, change: impl FnOnce(&mut Entry<'_>) -> R) -> R {
        self.table.at(self.place, now, change)
    }
}

impl Drop for Tracked {
    fn drop(&mut self) {
        self.table.release(self.place);
    }
}
