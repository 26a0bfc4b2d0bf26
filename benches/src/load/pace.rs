//! A steady pace: when each client asks, whatever becomes of the requests before.

use std::time::Duration;

use tokio::time::Instant;

/// The times at which one of several clients asks.
#[derive(Debug, Clone)]
pub(crate) struct Pace {
    next: Instant,
    interval: Duration,
}

impl Pace {
    /// The share of the client with this index in so many requests a second.
    pub(crate) fn new(rate: u32, clients: usize, index: usize) -> Self {
        let clients = u32::try_from(clients).unwrap_or(u32::MAX);
        let interval = Duration::from_secs(1) * clients / rate;
        let offset = interval * u32::try_from(index).unwrap_or(u32::MAX) / clients;
        Self { next: Instant::now() + offset, interval }
    }

    /// Waits for the next turn. The time from which its answer is measured: when it was due, if the request before it
    /// took too long; a timer that came late is not the answer's fault.
    pub(crate) async fn turn(&mut self) -> Instant {
        let due = self.next;
        self.next += self.interval;
        if due <= Instant::now() {
            return due;
        }
        tokio::time::sleep_until(due).await;
        Instant::now()
    }
}
