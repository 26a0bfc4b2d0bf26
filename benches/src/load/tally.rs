//! What became of the requests.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Counts, and the times of paced requests.
#[derive(Default)]
pub(crate) struct Tally {
    answered: AtomicU64,
    failed: AtomicU64,
    /// Asked again because a kept connection was closed before a byte of the answer, as any client would.
    retried: AtomicU64,
    refused: AtomicU64,
    /// TLS handshakes, and how many of them took up an earlier session.
    handshakes: AtomicU64,
    resumed: AtomicU64,
    first_failure: Mutex<Option<String>>,
    times: Mutex<Vec<Duration>>,
}

impl Tally {
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Relaxed)
    }

    pub(crate) fn failed(&self) -> u64 {
        self.failed.load(Relaxed)
    }

    /// The share of the handshakes that took up an earlier session.
    pub(crate) fn resumed(&self) -> f64 {
        self.resumed.load(Relaxed) as f64 / (self.handshakes.load(Relaxed) as f64).max(1.0)
    }

    pub(super) fn answer(&self) {
        self.answered.fetch_add(1, Relaxed);
    }

    pub(super) fn took(&self, time: Duration) {
        self.times.lock().unwrap_or_else(PoisonError::into_inner).push(time);
    }

    pub(super) fn retry(&self) {
        self.retried.fetch_add(1, Relaxed);
    }

    pub(super) fn refuse(&self) {
        self.refused.fetch_add(1, Relaxed);
    }

    pub(super) fn handshake(&self, resumed: bool) {
        self.handshakes.fetch_add(1, Relaxed);
        self.resumed.fetch_add(u64::from(resumed), Relaxed);
    }

    pub(super) fn fail(&self, why: String) {
        self.failed.fetch_add(1, Relaxed);
        self.first_failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(why);
    }

    /// The time within which so many of a hundred paced requests were answered.
    pub(crate) fn percentile(&self, percent: usize) -> Option<Duration> {
        let mut times = self.times.lock().unwrap_or_else(PoisonError::into_inner).clone();
        times.sort_unstable();
        times.get((times.len() * percent / 100).min(times.len().saturating_sub(1))).copied()
    }

    /// One line for a person.
    pub(crate) fn summary(&self) -> String {
        let of = |counter: &AtomicU64| counter.load(Relaxed);
        let first = self.first_failure.lock().unwrap_or_else(PoisonError::into_inner);
        let first = first.as_ref().map(|why| format!(" (first: {why})")).unwrap_or_default();
        let (answered, failed) = (self.answered(), self.failed());
        let (retried, refused) = (of(&self.retried), of(&self.refused));
        format!("{answered} answered, {failed} failed{first}, {retried} asked again, {refused} refused")
    }
}
