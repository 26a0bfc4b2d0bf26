//! The groups of counters that several kinds of things have: responses by class, times, availability.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::cell::{Average, Counter};
use super::clock;

/// Responses by the class of their status.
#[derive(Debug, Default)]
pub struct Responses([Counter; 6]);

impl Responses {
    /// A response with this status; what is not 100 to 599 counts as other.
    #[inline]
    pub fn count(&self, status: u16) {
        let class = usize::from(status / 100);
        self.0[if (1..=5).contains(&class) { class - 1 } else { 5 }].increment();
    }

    /// 1xx, 2xx, 3xx, 4xx, 5xx, other.
    pub fn get(&self) -> [u64; 6] {
        std::array::from_fn(|class| self.0[class].get())
    }
}

/// The averages and maxima of the times of a request, in milliseconds.
#[derive(Debug, Default)]
pub struct Times {
    pub(crate) queue: Average,
    pub(crate) connect: Average,
    pub(crate) response: Average,
    pub(crate) total: Average,
}

impl Times {
    /// A request has ended: the times that it has, `None` for a stage it did not reach.
    pub fn sample(
        &self,
        queue: Option<u64>,
        connect: Option<u64>,
        response: Option<u64>,
        total: Option<u64>,
    ) {
        let stages = [
            (&self.queue, queue),
            (&self.connect, connect),
            (&self.response, response),
            (&self.total, total),
        ];
        for (average, value) in stages {
            if let Some(value) = value {
                average.sample(value);
            }
        }
    }
}

/// How often and how long something was down.
#[derive(Debug)]
pub struct Availability {
    transitions: Counter,
    downtime_before: AtomicU64,
    changed: AtomicU64,
    down: AtomicU64,
}

impl Default for Availability {
    fn default() -> Self {
        Self {
            transitions: Counter::default(),
            downtime_before: AtomicU64::new(0),
            changed: AtomicU64::new(clock::millis()),
            down: AtomicU64::new(0),
        }
    }
}

impl Availability {
    /// It went from up to down, by a failed check or by what follows from one.
    pub fn went_down(&self) {
        if self.down.swap(1, Relaxed) == 0 {
            self.transitions.increment();
            self.changed.store(clock::millis(), Relaxed);
        }
    }

    /// It is down from the start, which is no transition.
    pub fn starts_down(&self) {
        self.down.store(1, Relaxed);
    }

    /// It is up again.
    pub fn came_up(&self) {
        if self.down.swap(0, Relaxed) == 1 {
            let now = clock::millis();
            let since = self.changed.swap(now, Relaxed);
            self.downtime_before.fetch_add(now.saturating_sub(since), Relaxed);
        }
    }

    /// Its state changed in a way that is neither (maintenance, drain).
    pub fn changed(&self) {
        self.changed.store(clock::millis(), Relaxed);
    }

    /// Changes from up to down.
    pub fn transitions(&self) -> u64 {
        self.transitions.get()
    }

    /// Seconds since the last change.
    pub fn last_change(&self) -> u64 {
        clock::millis().saturating_sub(self.changed.load(Relaxed)) / 1000
    }

    /// Seconds spent down, the present ones included.
    pub fn downtime(&self) -> u64 {
        let mut total = self.downtime_before.load(Relaxed);
        if self.down.load(Relaxed) == 1 {
            total += clock::millis().saturating_sub(self.changed.load(Relaxed));
        }
        total / 1000
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_class() {
        let responses = Responses::default();
        for status in [100, 200, 204, 301, 404, 503, 599, 0, 99, 600, u16::MAX] {
            responses.count(status);
        }
        assert_eq!(responses.get(), [1, 2, 1, 1, 2, 4]);
    }

    #[test]
    fn going_down_twice_is_one_transition() {
        let availability = Availability::default();
        availability.went_down();
        availability.went_down();
        availability.came_up();
        availability.went_down();
        assert_eq!(availability.transitions(), 2);
    }
}
