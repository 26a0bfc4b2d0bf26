//! After an attempt failed: whether to try again, when, and whether elsewhere. Pure.
//!
//! HAProxy's manual says it in four places (`retries`, `retry-on`, `option redispatch`, `timeout connect`), its binary
//! says the rest, measured with refusing servers: without redispatch, or with one usable server, every retry waits
//! min(`timeout connect`, 1 s) and goes to the same server. With redispatch and several servers, an algorithm that
//! takes turns goes to another server at once on *every* retry, whatever the interval says; a hash keeps its server
//! and its pauses, and asks the algorithm again, at once, on the retries that the interval names. So does a request
//! whose server no algorithm chose (`use-server`, stick tables).

use std::time::Duration;

use config::model::{Backend, Balance, RetryEvent};

use crate::server::Server;

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

/// What is tried again (`retry-on`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RetryOn {
    events: Vec<RetryEvent>,
    after_sending: bool,
}

impl RetryOn {
    /// What `all-retryable-errors` stands for. There is no `0rtt-rejected` in it, nor anywhere else: nothing is sent to
    /// a server as early data.
    const ALL: [RetryEvent; 8] = [
        RetryEvent::ConnFailure,
        RetryEvent::EmptyResponse,
        RetryEvent::JunkResponse,
        RetryEvent::ResponseTimeout,
        RetryEvent::Status(500),
        RetryEvent::Status(502),
        RetryEvent::Status(503),
        RetryEvent::Status(504),
    ];

    /// What this backend tries again.
    pub fn of(backend: &Backend) -> Self {
        let listed = &backend.connections.retry_on;
        let mut events: Vec<RetryEvent> = listed.clone();
        if listed.is_empty() {
            events.push(RetryEvent::ConnFailure);
        }
        if listed.contains(&RetryEvent::All) {
            events.extend(Self::ALL);
        }
        let early = |event: &RetryEvent| matches!(event, RetryEvent::None | RetryEvent::ConnFailure);
        let after_sending = !events.iter().all(early);
        Self { events, after_sending }
    }

    /// Whether this is tried again.
    pub fn has(&self, event: RetryEvent) -> bool {
        self.events.contains(&event)
    }

    /// Whether anything is tried again that is found out after the request was sent.
    pub fn after_sending(&self) -> bool {
        self.after_sending
    }
}

/// A failed attempt, as far as it matters for what is next.
#[derive(Clone, Copy, Debug)]
pub struct Attempt<'a> {
    /// How many attempts there were for this request, with this one.
    pub number: u32,
    /// The request has a number of retries of its own (`set-retries`).
    pub retries: Option<u32>,
    /// Where it went.
    pub server: &'a Server,
    /// It must not go elsewhere (`force-persist`).
    pub stays: bool,
    /// No algorithm chose that server.
    pub directed: bool,
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
    /// `directed` says that no algorithm chose its server.
    pub fn after(&self, failed: u32, others: usize, directed: bool) -> Next {
        if failed > self.retries {
            return Next::GiveUp;
        }
        let keeps = self.hashed || directed;
        if others > 0 && self.redispatch != 0 && (!keeps || self.turn(failed)) {
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
    use crate::fixture;

    fn policy(retries: u32, redispatch: i32, hashed: bool) -> RetryPolicy {
        RetryPolicy { retries, redispatch, pause: TURN_AROUND, hashed }
    }

    /// `s` for the same server after a pause, `r` for a redispatch, as the retries come.
    fn course(policy: RetryPolicy, usable: usize) -> String {
        course_of(policy, usable, false)
    }

    fn course_of(policy: RetryPolicy, usable: usize, directed: bool) -> String {
        (1..)
            .map_while(|failed| match policy.after(failed, usable - 1, directed) {
                Next::GiveUp => None,
                Next::Same { .. } => Some('s'),
                Next::Redispatch => Some('r'),
            })
            .collect()
    }

    #[test]
    fn without_redispatch_the_same_server_is_tried_after_a_pause() {
        assert_eq!(course(policy(3, 0, false), 5), "sss");
        assert_eq!(policy(3, 0, false).after(1, 5, false), Next::Same { pause: TURN_AROUND });
    }

    #[test]
    fn without_retries_the_first_failure_is_the_last() {
        assert_eq!(policy(0, -1, false).after(1, 5, false), Next::GiveUp);
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

    #[test]
    fn a_server_that_no_algorithm_chose_is_left_when_the_interval_says_so() {
        assert_eq!(course_of(policy(3, -1, false), 2, true), "ssr");
        assert_eq!(course_of(policy(3, 1, false), 2, true), "rrr");
        assert_eq!(course_of(policy(3, 2, false), 2, true), "srs");
        assert_eq!(course_of(policy(3, -1, false), 1, true), "sss");
    }

    #[test]
    fn what_is_tried_again_is_what_the_line_says() {
        let of = |events: &[RetryEvent]| {
            let mut backend = fixture::model(Balance::RoundRobin, Vec::new());
            backend.connections.retry_on = events.to_vec();
            RetryOn::of(&backend)
        };
        let plain = of(&[]);
        assert!(plain.has(RetryEvent::ConnFailure) && !plain.after_sending());
        let none = of(&[RetryEvent::None]);
        assert!(!none.has(RetryEvent::ConnFailure) && !none.after_sending());
        let status = of(&[RetryEvent::Status(404)]);
        assert!(status.has(RetryEvent::Status(404)) && !status.has(RetryEvent::ConnFailure));
        assert!(status.after_sending());
        let all = of(&[RetryEvent::All]);
        assert!(RetryOn::ALL.into_iter().all(|event| all.has(event)) && !all.has(RetryEvent::Status(404)));
    }
}
