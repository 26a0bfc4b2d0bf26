//! After a connection failed: whether to try again, when, and whether elsewhere. Pure.
//!
//! HAProxy's manual says it in three places (`retries`, `option redispatch`, `timeout connect`), its binary says the
//! rest, measured with refusing servers: without redispatch, or with one usable server, every retry waits
//! min(`timeout connect`, 1 s) and goes to the same server. With redispatch and several servers, an algorithm that
//! takes turns goes to another server at once on *every* retry, whatever the interval says; a hash keeps its server
//! and its pauses, and asks the algorithm again, at once, on the retries that the interval names.

use std::time::Duration;

use config::model::{Backend, Balance};

/// The turn-around pause before the same server is tried again (configuration.txt, `retries`).
const TURN_AROUND: Duration = Duration::from_secs(1);

/// What a backend says about retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    retries: u32,
    redispatch: i32,
    pause: Duration,
    hashed: bool,
}

/// What to do after a failed attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Answer with the error.
    GiveUp,
    /// Wait, then try the same server again (`Prefer::Server`).
    Same {
        /// For so long.
        pause: Duration,
    },
    /// Ask the algorithm again, at once, for another server (`Prefer::NotServer`).
    Redispatch,
}

impl RetryPolicy {
    /// The policy of this backend.
    pub fn of(backend: &Backend) -> Self {
        Self {
            retries: backend.retries,
            redispatch: backend.redispatch.unwrap_or(0),
            pause: backend.timeouts.connect.map_or(TURN_AROUND, |connect| connect.min(TURN_AROUND)),
            hashed: backend.balance == Balance::Source,
        }
    }

    /// What to do after `failed` attempts (1 after the first), when so many other servers could take the request.
    pub fn after(&self, failed: u32, others: usize) -> Next {
        if failed > self.retries {
            return Next::GiveUp;
        }
        if others > 0 && self.redispatch != 0 && (!self.hashed || self.turn(failed)) {
            return Next::Redispatch;
        }
        Next::Same { pause: self.pause }
    }

    /// The same policy with another number of retries, if there is one (`set-retries`).
    pub fn with_retries(self, retries: Option<u32>) -> Self {
        Self { retries: retries.unwrap_or(self.retries), ..self }
    }

    /// Whether a request may leave a server that it wants.
    pub(crate) fn redispatches(&self) -> bool {
        self.redispatch != 0
    }

    /// Whether the interval of `option redispatch` names this retry: every `P`th, or the `-N`th from the last.
    fn turn(&self, retry: u32) -> bool {
        let (retry, retries, interval) =
            (i64::from(retry), i64::from(self.retries), i64::from(self.redispatch));
        if interval > 0 { retry % interval == 0 } else { retry == retries + 1 + interval }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(retries: u32, redispatch: i32, hashed: bool) -> RetryPolicy {
        RetryPolicy { retries, redispatch, pause: TURN_AROUND, hashed }
    }

    /// `s` for the same server after a pause, `r` for a redispatch, as the retries come.
    fn course(policy: RetryPolicy, usable: usize) -> String {
        (1..)
            .map_while(|failed| match policy.after(failed, usable - 1) {
                Next::GiveUp => None,
                Next::Same { .. } => Some('s'),
                Next::Redispatch => Some('r'),
            })
            .collect()
    }

    #[test]
    fn without_redispatch_the_same_server_is_tried_after_a_pause() {
        assert_eq!(course(policy(3, 0, false), 5), "sss");
        assert_eq!(policy(3, 0, false).after(1, 5), Next::Same { pause: TURN_AROUND });
    }

    #[test]
    fn without_retries_the_first_failure_is_the_last() {
        assert_eq!(policy(0, -1, false).after(1, 5), Next::GiveUp);
    }

    #[test]
    fn a_request_may_have_a_number_of_its_own() {
        assert_eq!(course(policy(3, 0, false).with_retries(Some(1)), 5), "s");
        assert_eq!(course(policy(3, 0, false).with_retries(None), 5), "sss");
        assert_eq!(
            course(policy(2, -1, true).with_retries(Some(4)), 3),
            "sssr",
            "the last is counted from there"
        );
    }

    #[test]
    fn taking_turns_redispatches_every_retry_at_once() {
        for interval in [-1, -2, 1, 2, 3] {
            assert_eq!(course(policy(4, interval, false), 2), "rrrr");
        }
    }

    #[test]
    fn a_single_usable_server_is_always_given_its_pause() {
        for interval in [-2, -1, 1, 2] {
            assert_eq!(course(policy(4, interval, false), 1), "ssss");
            assert_eq!(course(policy(4, interval, true), 1), "ssss");
        }
    }

    #[test]
    fn a_hash_redispatches_when_the_interval_says_so() {
        assert_eq!(course(policy(4, -1, true), 2), "sssr");
        assert_eq!(course(policy(4, -2, true), 2), "ssrs");
        assert_eq!(course(policy(4, 1, true), 2), "rrrr");
        assert_eq!(course(policy(4, 2, true), 3), "srsr");
        assert_eq!(course(policy(1, -1, true), 3), "r");
    }
}
