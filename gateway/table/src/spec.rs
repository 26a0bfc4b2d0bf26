//! What a table is: its name, the type of its keys, its size, and what it stores.

use std::time::Duration;

use crate::{Data, Kind};

/// One kind of data that is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Store {
    /// The kind.
    pub data: Data,
    /// How many values; 1 unless it is an array.
    pub count: u32,
    /// A rate's period in milliseconds; 0 for what is no rate.
    pub period: u32,
}

/// A `stick-table` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// The table's name: its proxy's, or `section/name` for one of a `peers` section.
    pub name: String,
    /// The type of its keys.
    pub kind: Kind,
    /// The entries it may hold.
    pub size: usize,
    /// How long an entry stays after its last use; `None` is until room is needed.
    pub expire: Option<Duration>,
    /// New entries are refused when it is full, instead of the oldest making room.
    pub nopurge: bool,
    /// What is stored, each kind once.
    pub store: Vec<Store>,
}

/// Where an entry's values lie among its words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    fields: Vec<Field>,
    /// Words of an entry.
    pub(crate) words: usize,
}

/// Where one kind of data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field {
    pub(crate) store: Store,
    at: usize,
}

impl Field {
    /// The words of one of its values.
    pub(crate) fn range(&self, index: u32) -> std::ops::Range<usize> {
        let words = self.store.data.shape().words();
        let from = self.at + words * index as usize;
        from..from + words
    }
}

impl Layout {
    /// The layout of what is stored, in the order in which it is shown.
    pub fn new(store: &[Store]) -> Self {
        let mut store = store.to_vec();
        store.sort_by_key(|store| store.data);
        store.dedup_by_key(|store| store.data);
        let mut words = 0;
        let fields = store.into_iter().map(|store| {
            let at = words;
            words += store.data.shape().words() * store.count as usize;
            Field { store, at }
        });
        Self { fields: fields.collect(), words }
    }

    /// What is stored, in the order in which it is shown.
    pub fn stores(&self) -> impl Iterator<Item = &Store> {
        self.fields.iter().map(|field| &field.store)
    }

    /// Whether a kind is stored, by itself or as part of an array.
    pub fn has(&self, data: Data) -> bool {
        self.find(data, 0).is_some()
    }

    /// How a value is stored: by itself, or as part of an array.
    pub fn store(&self, data: Data, index: u32) -> Option<&Store> {
        self.find(data, index).map(|(field, _)| &field.store)
    }

    /// Where a value lies, and which of an array it is.
    pub(crate) fn find(&self, data: Data, index: u32) -> Option<(&Field, u32)> {
        let own = |data: Data, index: u32| {
            let field = self.fields.iter().find(|field| field.store.data == data)?;
            (index < field.store.count).then_some((field, index))
        };
        own(data, index).or_else(|| data.in_array().and_then(|(array, place)| own(array, place)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(data: Data, count: u32) -> Store {
        Store { data, count, period: if data.is_rate() { 1000 } else { 0 } }
    }

    #[test]
    fn values_lie_side_by_side() {
        let layout = Layout::new(&[store(Data::GpcRate, 2), store(Data::BytesInCnt, 1), store(Data::Gpt, 3)]);
        assert_eq!(layout.words, 2 + 3 + 2 * 3);
        let range = |data, index| layout.find(data, index).map(|(field, index)| field.range(index));
        assert_eq!(range(Data::BytesInCnt, 0), Some(0..2));
        assert_eq!(range(Data::Gpt, 2), Some(4..5));
        assert_eq!(range(Data::Gpt, 3), None);
        assert_eq!(range(Data::GpcRate, 1), Some(8..11));
    }

    #[test]
    fn the_first_of_an_array_stand_in_for_the_old_names() {
        let layout = Layout::new(&[store(Data::Gpc, 2), store(Data::GpcRate, 1)]);
        assert!(layout.has(Data::Gpc0) && layout.has(Data::Gpc1) && layout.has(Data::Gpc0Rate));
        assert!(!layout.has(Data::Gpc1Rate) && !layout.has(Data::Gpt0));
        assert!(!Layout::new(&[store(Data::Gpc0, 1)]).has(Data::Gpc));
    }
}
