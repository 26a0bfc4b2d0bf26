//! The clock of rates and ages: coarse, monotonic, and cheap enough to be asked at every event.

/// Milliseconds since the machine started, exact to a few.
#[inline]
pub(super) fn millis() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    #[expect(
        unsafe_code,
        reason = "std has no coarse clock; the exact one costs five times as much an event"
    )]
    // SAFETY: `time` is a valid timespec for the whole call, and the call writes nothing else.
    unsafe {
        libc::clock_gettime(libc::CLOCK_MONOTONIC_COARSE, &raw mut time);
    }
    u64::try_from(time.tv_sec).unwrap_or(0) * 1000 + u64::try_from(time.tv_nsec).unwrap_or(0) / 1_000_000
}
