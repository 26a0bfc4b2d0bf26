//! The atomic pieces that counters are made of. All orderings are relaxed: a counter says how many, never
//! that something else has happened.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use super::clock;

/// Only ever grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// One more.
    #[inline]
    pub fn increment(&self) {
        self.0.fetch_add(1, Relaxed);
    }

    /// One more; how many there were before.
    #[inline]
    pub fn next(&self) -> u64 {
        self.0.fetch_add(1, Relaxed)
    }

    /// `n` more.
    #[inline]
    pub fn add(&self, n: u64) {
        self.0.fetch_add(n, Relaxed);
    }

    /// The value now.
    #[inline]
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// The largest value seen.
#[derive(Debug, Default)]
pub struct Maximum(AtomicU64);

impl Maximum {
    /// Considers a value. Writes only when it is larger, so that the cache line stays shared.
    #[inline]
    pub fn see(&self, value: u64) {
        if value > self.0.load(Relaxed) {
            self.0.fetch_max(value, Relaxed);
        }
    }

    /// The largest value so far.
    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// How many there are at the moment, and the most there have been.
#[derive(Debug, Default)]
pub struct Level {
    now: AtomicU64,
    max: Maximum,
}

impl Level {
    /// One comes; the number with it.
    #[inline]
    pub fn enter(&self) -> u64 {
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.max.see(now);
        now
    }

    /// One goes. Going more often than coming would be a bug of the caller; the level then stays at zero.
    #[inline]
    pub fn leave(&self) {
        let before = self.now.fetch_sub(1, Relaxed);
        if before == 0 {
            debug_assert!(false, "a level was left more often than entered");
            self.now.fetch_add(1, Relaxed);
        }
    }

    /// The number now.
    #[inline]
    pub fn get(&self) -> u64 {
        self.now.load(Relaxed)
    }

    /// The most there have been at once.
    pub fn max(&self) -> u64 {
        self.max.get()
    }
}

/// Events a second: those of the current second and of the one before, weighted by how far the current one is.
#[derive(Debug, Default)]
pub struct Rate {
    /// The second in the upper half, its events in the lower one: both change together, without a lock.
    current: AtomicU64,
    previous: AtomicU32,
    max: AtomicU32,
}

impl Rate {
    /// An event happens now.
    #[inline]
    pub fn event(&self) {
        self.events_at(clock::millis(), 1);
    }

    /// `n` of them happen now.
    pub fn events(&self, n: u32) {
        self.events_at(clock::millis(), n);
    }

    fn events_at(&self, millis: u64, n: u32) {
        let second = millis / 1000 + 1;
        let seen = self.current.load(Relaxed);
        // a thread that was held up since it read the clock counts into the second that has come since
        if seen >> 32 >= second {
            self.current.fetch_add(u64::from(n), Relaxed);
            return;
        }
        // whoever wins the exchange closes the old second; the losers count into the new one
        match self.current.compare_exchange(seen, (second << 32) | u64::from(n), Relaxed, Relaxed) {
            Ok(_) => {
                let ended = count_of(seen);
                self.max.fetch_max(ended, Relaxed);
                self.previous.store(if seen >> 32 == second - 1 { ended } else { 0 }, Relaxed);
            }
            Err(_) => {
                self.current.fetch_add(u64::from(n), Relaxed);
            }
        }
    }

    /// Events in the last second.
    pub fn get(&self) -> u64 {
        self.get_at(clock::millis())
    }

    fn get_at(&self, millis: u64) -> u64 {
        let second = millis / 1000 + 1;
        let (seen, previous) = (self.current.load(Relaxed), self.previous.load(Relaxed));
        let (now, before) = match second.saturating_sub(seen >> 32) {
            0 => (count_of(seen), previous),
            1 => (0, count_of(seen)),
            _ => (0, 0),
        };
        let left = 1000 - millis % 1000;
        let rate = u64::from(now) + u64::from(before) * left / 1000;
        self.max.fetch_max(u32::try_from(rate).unwrap_or(u32::MAX), Relaxed);
        rate
    }

    /// The most events in a second.
    pub fn max(&self) -> u64 {
        u64::from(self.max.load(Relaxed).max(count_of(self.current.load(Relaxed))))
    }
}

fn count_of(packed: u64) -> u32 {
    (packed & u64::from(u32::MAX)) as u32
}

/// How many samples an average remembers, as in HAProxy's `qtime` … `ttime`.
const WINDOW: u64 = 1024;

/// The average of about the last 1024 samples, and the largest of all.
#[derive(Debug, Default)]
pub struct Average {
    sum: AtomicU64,
    samples: AtomicU64,
    max: Maximum,
}

impl Average {
    /// Takes a sample, in milliseconds.
    #[inline]
    pub fn sample(&self, value: u64) {
        self.max.see(value);
        if self.samples.load(Relaxed) < WINDOW {
            self.samples.fetch_add(1, Relaxed);
            self.sum.fetch_add(value, Relaxed);
            return;
        }
        // one sample's share goes, the new sample comes; two at once may both see the old sum, which is fine
        let share = self.sum.load(Relaxed).div_ceil(WINDOW);
        if value >= share {
            self.sum.fetch_add(value - share, Relaxed);
        } else {
            self.sum.fetch_sub(share - value, Relaxed);
        }
    }

    /// The average now.
    pub fn get(&self) -> u64 {
        let samples = self.samples.load(Relaxed).clamp(1, WINDOW);
        (self.sum.load(Relaxed) + samples / 2) / samples
    }

    /// The largest sample.
    pub fn max(&self) -> u64 {
        self.max.get()
    }
}

/// When something last happened.
#[derive(Debug, Default)]
pub struct LastTime(AtomicU64);

impl LastTime {
    /// It happens now.
    #[inline]
    pub fn now(&self) {
        let now = clock::millis().max(1);
        // a write a second at most, so that the cache line stays shared
        if now / 1000 != self.0.load(Relaxed) / 1000 {
            self.0.store(now, Relaxed);
        }
    }

    /// Seconds since then; `None` if it never happened.
    pub fn age(&self) -> Option<u64> {
        match self.0.load(Relaxed) {
            0 => None,
            then => Some(clock::millis().saturating_sub(then) / 1000),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_the_current_second_and_fades_the_one_before() {
        let rate = Rate::default();
        for _ in 0..10 {
            rate.events_at(5_000, 1);
        }
        assert_eq!(rate.get_at(5_100), 10);
        assert_eq!(rate.get_at(6_000), 10);
        assert_eq!(rate.get_at(6_500), 5);
        assert_eq!(rate.get_at(7_000), 0);
        assert_eq!(rate.max(), 10);
    }

    #[test]
    fn a_rate_forgets_a_second_that_is_not_the_last_one() {
        let rate = Rate::default();
        rate.events_at(5_000, 7);
        rate.events_at(9_000, 1);
        assert_eq!(rate.get_at(9_000), 1);
        assert_eq!(rate.max(), 7);
    }

    #[test]
    fn an_average_of_few_samples_is_their_mean() {
        let average = Average::default();
        average.sample(10);
        average.sample(20);
        assert_eq!(average.get(), 15);
        assert_eq!(average.max(), 20);
    }

    #[test]
    fn an_average_follows_the_last_thousand_samples() {
        let average = Average::default();
        (0..1024).for_each(|_| average.sample(1000));
        (0..8192).for_each(|_| average.sample(0));
        assert!(average.get() <= 1, "{}", average.get());
        (0..8192).for_each(|_| average.sample(500));
        assert!((495..=500).contains(&average.get()), "{}", average.get());
    }

    #[test]
    fn a_level_remembers_its_highest() {
        let level = Level::default();
        level.enter();
        level.enter();
        level.leave();
        assert_eq!((level.get(), level.max()), (1, 2));
    }
}
