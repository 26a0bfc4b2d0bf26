//! Every wait of the tests has a deadline and a condition; no test waits for time to pass.

use std::time::{Duration, Instant};

/// Longer than anything that works takes, short enough that a hang is a failure and not a nuisance.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Asks `probe` again until it has an answer; fails the test by name after [`PATIENCE`].
pub(crate) fn eventually<T>(what: &str, probe: impl FnMut() -> Option<T>) -> T {
    within(PATIENCE, probe).unwrap_or_else(|| panic!("waited {PATIENCE:?} in vain for {what}"))
}

/// Asks `probe` again until it has an answer or `limit` has passed.
pub(crate) fn within<T>(limit: Duration, mut probe: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        if let Some(answer) = probe() {
            return Some(answer);
        }
        if Instant::now() >= end {
            return None;
        }
        pause();
    }
}

#[expect(clippy::disallowed_methods, reason = "the one pause between two looks at a condition")]
fn pause() {
    std::thread::sleep(Duration::from_millis(5));
}
