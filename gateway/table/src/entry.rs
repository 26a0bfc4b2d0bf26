//! The values of one entry.

use crate::spec::{Field, Layout};
use crate::{Data, Millis, rate};

/// One entry's values, for reading and changing while its shard is held.
#[derive(Debug)]
pub struct Entry<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) words: &'a mut [u32],
    pub(crate) now: Millis,
    /// Milliseconds until it goes; 0 where it does not go by itself.
    pub(crate) expires_in: Millis,
    /// How many track it.
    pub(crate) trackers: u32,
}

impl Entry<'_> {
    /// How many track it.
    pub fn trackers(&self) -> u32 {
        self.trackers
    }

    /// Milliseconds until it goes; 0 where it does not go by itself.
    pub fn expires_in(&self) -> Millis {
        self.expires_in
    }

    /// What is stored.
    pub fn layout(&self) -> &Layout {
        self.layout
    }

    /// A value: what was counted, or how often it came in the last period. `None` is what is not stored.
    pub fn get(&self, data: Data, index: u32) -> Option<u64> {
        let (field, index) = self.layout.find(data, index)?;
        let words = &self.words[field.range(index)];
        Some(match *words {
            [low, high] => u64::from(high) << 32 | u64::from(low),
            [began, current, past] => {
                u64::from(rate::read(&[began, current, past], field.store.period, self.clock()))
            }
            _ => words.first().copied().map_or(0, u64::from),
        })
    }

    /// Adds to a value; false is what is not stored. Numbers go round after their last, as HAProxy's.
    pub fn add(&mut self, data: Data, index: u32, amount: u64) -> bool {
        let Some((field, index)) = self.layout.find(data, index) else { return false };
        let (field, now) = (*field, self.clock());
        let few = u32::try_from(amount).unwrap_or(u32::MAX);
        match self.field(&field, index) {
            [low, high] => {
                let sum = (u64::from(*high) << 32 | u64::from(*low)).wrapping_add(amount);
                (*low, *high) = halves(sum);
            }
            [began, current, past] => {
                let mut counter = [*began, *current, *past];
                rate::add(&mut counter, field.store.period, now, few);
                [*began, *current, *past] = counter;
            }
            words => words.iter_mut().for_each(|word| *word = word.wrapping_add(few)),
        }
        true
    }

    /// Takes one away, down to nothing.
    pub fn subtract_one(&mut self, data: Data) {
        let Some((field, index)) = self.layout.find(data, 0) else { return };
        let field = *field;
        if let [word] = self.field(&field, index) {
            *word = word.saturating_sub(1);
        }
    }

    /// Gives a value; false is what is not stored.
    pub fn set(&mut self, data: Data, index: u32, value: u64) -> bool {
        let Some((field, index)) = self.layout.find(data, index) else { return false };
        let (field, now) = (*field, self.clock());
        // what is wider than the field keeps its low bits, as in HAProxy
        let (low_bits, high_bits) = halves(value);
        match self.field(&field, index) {
            [low, high] => (*low, *high) = (low_bits, high_bits),
            [began, current, past] => {
                let mut counter = [*began, *current, *past];
                rate::set(&mut counter, now, low_bits);
                [*began, *current, *past] = counter;
            }
            words => words.iter_mut().for_each(|word| *word = low_bits),
        }
        true
    }

    fn field(&mut self, field: &Field, index: u32) -> &mut [u32] {
        &mut self.words[field.range(index)]
    }

    /// The low bits of the time: all that a rate needs.
    fn clock(&self) -> u32 {
        halves(self.now).0
    }
}

/// Low and high bits.
#[expect(clippy::cast_possible_truncation, reason = "each half is what the cast keeps")]
fn halves(value: u64) -> (u32, u32) {
    (value as u32, (value >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Store;

    fn with(data: &[Data], test: impl FnOnce(Entry<'_>)) {
        let stores: Vec<Store> =
            data.iter().map(|data| Store { data: *data, count: 2, period: 1000 }).collect();
        let layout = Layout::new(&stores);
        let mut words = vec![0; layout.words];
        let words = &mut words[..];
        test(Entry { layout: &layout, words, now: 1 << 40, expires_in: 0, trackers: 0 });
    }

    #[test]
    fn values_are_added_set_and_read() {
        with(&[Data::Gpc, Data::GpcRate, Data::BytesInCnt], |mut entry| {
            assert!(entry.add(Data::Gpc, 1, 3) && entry.add(Data::Gpc1Rate, 0, 3));
            assert_eq!((entry.get(Data::Gpc, 1), entry.get(Data::Gpc1, 0)), (Some(3), Some(3)));
            assert_eq!((entry.get(Data::GpcRate, 1), entry.get(Data::GpcRate, 0)), (Some(3), Some(0)));
            assert!(entry.set(Data::BytesInCnt, 0, u64::MAX - 1) && entry.add(Data::BytesInCnt, 0, 1));
            assert_eq!(entry.get(Data::BytesInCnt, 0), Some(u64::MAX));
            assert!(!entry.add(Data::ConnCnt, 0, 1) && !entry.set(Data::Gpc, 2, 1));
            assert_eq!(entry.get(Data::Gpc, 2), None);
        });
    }

    #[test]
    fn what_is_open_is_never_less_than_none() {
        with(&[Data::ConnCur], |mut entry| {
            entry.add(Data::ConnCur, 0, 1);
            (0..3).for_each(|_| entry.subtract_one(Data::ConnCur));
            assert_eq!(entry.get(Data::ConnCur, 0), Some(0));
        });
    }
}
