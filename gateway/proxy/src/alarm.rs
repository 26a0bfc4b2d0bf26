//! Deadlines that cost nothing while they keep being met.
//!
//! A timer for each wait is made, put into the runtime's wheel and taken out again, several times a request. Here one
//! timer serves all waits of a connection: it stays where it is as long as it rings before the wait's deadline, and is
//! moved when it does.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep_until};

/// The one timer of a connection.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    sleep: Option<Pin<Box<Sleep>>>,
    /// Who is woken when it rings.
    waker: Option<Waker>,
}

impl Alarm {
    /// What `future` yields, or `None` if it is not ready within `patience`; without one it may take for ever.
    pub(crate) async fn within<F: Future>(
        &mut self,
        patience: Option<Duration>,
        future: F,
    ) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut deadline = None;
        poll_fn(|cx| {
            if let Poll::Ready(output) = future.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
            let Some(patience) = patience else { return Poll::Pending };
            // A time that no clock can tell never comes.
            let begun = *deadline.get_or_insert_with(|| Instant::now().checked_add(patience));
            match begun {
                Some(deadline) if self.has_come(deadline, cx) => Poll::Ready(None),
                _ => Poll::Pending,
            }
        })
        .await
    }

    /// Whether a deadline has come; if not, the task is woken when it does, or before.
    fn has_come(&mut self, deadline: Instant, cx: &mut Context<'_>) -> bool {
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
        loop {
            let is_late = sleep.deadline() > deadline;
            if is_late || sleep.is_elapsed() && sleep.deadline() < deadline {
                sleep.as_mut().reset(deadline);
            } else if !sleep.is_elapsed()
                && self.waker.as_ref().is_some_and(|waker| waker.will_wake(cx.waker()))
            {
                return false;
            }
            if sleep.as_mut().poll(cx).is_pending() {
                self.waker = Some(cx.waker().clone());
                return false;
            }
            self.waker = None;
            if sleep.deadline() >= deadline {
                return true;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use super::*;

    const SHORT: Option<Duration> = Some(Duration::from_secs(1));
    const LONG: Option<Duration> = Some(Duration::from_secs(5));

    async fn timed(alarm: &mut Alarm, patience: Option<Duration>) -> Duration {
        let begun = Instant::now();
        assert_eq!(alarm.within(patience, pending::<()>()).await, None);
        begun.elapsed()
    }

    /// Its time stands still while somebody works and jumps to the next timer when nobody does: no test waits.
    fn runtime() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    fn about(patience: Option<Duration>, taken: Duration) -> bool {
        let patience = patience.unwrap_or_default();
        taken >= patience && taken < patience + Duration::from_millis(10)
    }

    #[test]
    fn every_wait_has_its_own_deadline() {
        runtime().block_on(async {
            let mut alarm = Alarm::default();
            for patience in [SHORT, LONG, SHORT, SHORT, LONG] {
                let taken = timed(&mut alarm, patience).await;
                assert!(about(patience, taken), "{patience:?}: {taken:?}");
            }
        });
    }

    #[test]
    fn a_wait_that_was_met_leaves_the_next_one_its_whole_time() {
        runtime().block_on(async {
            let mut alarm = Alarm::default();
            let soon = tokio::time::sleep(Duration::from_millis(900));
            assert_eq!(alarm.within(SHORT, soon).await, Some(()));
            assert!(about(LONG, timed(&mut alarm, LONG).await), "longer than what is left of the timer");
            assert_eq!(alarm.within(LONG, ready(7)).await, Some(7));
            assert!(about(SHORT, timed(&mut alarm, SHORT).await), "shorter than what is left of it");
        });
    }

    #[test]
    fn whoever_waits_now_is_woken() {
        runtime().block_on(async {
            let mut alarm = Alarm::default();
            // Polled once by nobody, as a connection is that another request waits with later.
            let mut context = Context::from_waker(Waker::noop());
            {
                let mut waiting = pin!(alarm.within(SHORT, pending::<()>()));
                assert!(waiting.as_mut().poll(&mut context).is_pending());
            }
            assert!(about(LONG, timed(&mut alarm, LONG).await));
        });
    }

    #[test]
    fn without_patience_and_with_too_much_there_is_no_end() {
        runtime().block_on(async {
            let mut alarm = Alarm::default();
            for patience in [None, Some(Duration::MAX)] {
                let hour = tokio::time::sleep(Duration::from_secs(3_600));
                assert_eq!(alarm.within(patience, hour).await, Some(()));
            }
        });
    }
}
