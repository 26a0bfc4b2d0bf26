//! Rise and fall: when checks bring a server up and down, and when the next check is due. Sans-io.
//!
//! The score runs from 0 to `rise + fall - 1`; a server is up from `rise` on. A success while up restores the full
//! score, a failure while down takes it all, so that only *consecutive* results count. A server starts up, and its
//! first check alone decides: one failure brings it down at once (as HAProxy's binary does: `status: 0/2 DOWN`).

use std::time::Duration;

use config::model::Check;

/// The health of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fsm {
    rise: u32,
    fall: u32,
    score: u32,
    checked: bool,
}

/// What a check's result did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Nothing.
    Same,
    /// It moved the score, not the state.
    Moved,
    /// The server is up.
    Up,
    /// The server is down.
    Down,
}

impl Fsm {
    /// The health of a server that no check has looked at yet.
    pub(crate) fn of(check: Option<&Check>) -> Self {
        let (rise, fall) = check.map_or((1, 1), |check| (check.rise.max(1), check.fall.max(1)));
        Self { rise, fall, score: rise, checked: false }
    }

    /// Whether the server is up.
    pub(crate) fn up(&self) -> bool {
        self.score >= self.rise
    }

    /// How far it is on the way: checks that count and checks needed, as `status: 1/3 DOWN` says it.
    pub(crate) fn progress(&self) -> (u32, u32) {
        if self.up() { (self.score - self.rise + 1, self.fall) } else { (self.score, self.rise) }
    }

    /// A check has ended.
    pub(crate) fn result(&mut self, passed: bool) -> Step {
        let was = (self.score, self.checked);
        let was_up = self.up();
        self.checked = true;
        self.score = match (passed, was_up) {
            (true, true) => self.full(),
            (true, false) if self.score + 1 >= self.rise => self.full(),
            (true, false) => self.score + 1,
            (false, true) if self.score > self.rise => self.score - 1,
            (false, _) => 0,
        };
        match (was_up, self.up()) {
            (false, true) => Step::Up,
            (true, false) => Step::Down,
            _ if was == (self.score, true) => Step::Same,
            _ => Step::Moved,
        }
    }

    /// How long until the next check (configuration.txt 5.2, `inter`).
    pub(crate) fn interval(&self, check: &Check) -> Duration {
        let steady = self.checked && (self.score == 0 || self.score == self.full());
        match (steady, self.up()) {
            (true, true) => check.inter,
            (true, false) => check.downinter.unwrap_or(check.inter),
            (false, _) => check.fastinter.unwrap_or(check.inter),
        }
    }

    fn full(&self) -> u32 {
        self.rise + self.fall - 1
    }
}
