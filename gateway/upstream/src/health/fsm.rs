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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::balance::Dice;
    use crate::fixture::check;

    fn fsm(rise: u32, fall: u32) -> Fsm {
        Fsm::of(Some(&Check { rise, fall, ..check(1000) }))
    }

    /// The state after each result (`+` or `-`), as log lines say it.
    fn course(mut fsm: Fsm, results: &str) -> Vec<String> {
        let after = |result| {
            fsm.result(result == '+');
            let (done, of) = fsm.progress();
            format!("{done}/{of} {}", if fsm.up() { "UP" } else { "DOWN" })
        };
        results.chars().map(after).collect()
    }

    #[test]
    fn a_server_starts_up_and_its_first_check_decides() {
        assert!(fsm(2, 3).up());
        assert_eq!(course(fsm(2, 3), "-"), ["0/2 DOWN"]);
        assert_eq!(course(fsm(2, 3), "+"), ["3/3 UP"]);
        assert_eq!(fsm(2, 3).result(false), Step::Down);
        assert_eq!(fsm(2, 3).result(true), Step::Moved);
    }

    #[test]
    fn rise_successes_bring_it_up_and_fall_failures_down() {
        assert_eq!(
            course(fsm(3, 3), "-+++---"),
            ["0/3 DOWN", "1/3 DOWN", "2/3 DOWN", "3/3 UP", "2/3 UP", "1/3 UP", "0/3 DOWN"]
        );
    }

    #[test]
    fn only_consecutive_results_count() {
        assert_eq!(
            course(fsm(2, 3), "+--+--+"),
            ["3/3 UP", "2/3 UP", "1/3 UP", "3/3 UP", "2/3 UP", "1/3 UP", "3/3 UP"]
        );
        assert_eq!(
            course(fsm(3, 1), "-++-++"),
            ["0/3 DOWN", "1/3 DOWN", "2/3 DOWN", "0/3 DOWN", "1/3 DOWN", "2/3 DOWN"]
        );
    }

    #[test]
    fn what_changes_nothing_is_no_step() {
        let mut fsm = fsm(1, 1);
        assert_eq!(fsm.result(true), Step::Moved, "the first is news");
        assert_eq!(fsm.result(true), Step::Same);
        assert_eq!(fsm.result(false), Step::Down);
        assert_eq!(fsm.result(false), Step::Same);
        assert_eq!(fsm.result(true), Step::Up);
    }

    #[test]
    fn the_interval_follows_the_state() {
        let millis = |ms| Some(Duration::from_millis(ms));
        let check =
            Check { fastinter: millis(100), downinter: millis(5000), rise: 2, fall: 2, ..check(1000) };
        let mut fsm = Fsm::of(Some(&check));
        let mut next = |result: Option<bool>| {
            result.map(|result| fsm.result(result));
            fsm.interval(&check).as_millis()
        };
        assert_eq!(next(None), 100, "yet unchecked");
        assert_eq!(next(Some(true)), 1000, "up");
        assert_eq!(next(Some(false)), 100, "going down");
        assert_eq!(next(Some(false)), 5000, "down");
        assert_eq!(next(Some(true)), 100, "going up");
        assert_eq!(next(Some(true)), 1000, "up");
    }

    /// Against the plain reading of the manual: so many results of one kind in a row turn the state round.
    #[test]
    fn seeds_agree_with_counting_in_a_row() {
        for seed in 0..500 {
            let dice = Dice::new(seed);
            let (rise, fall) = (1 + dice.below(4) as u32, 1 + dice.below(4) as u32);
            let mut fsm = fsm(rise, fall);
            let mut up = dice.below(2) == 0;
            fsm.result(up);
            let mut against = 0;
            for _ in 0..100 {
                let passed = dice.below(3) > 0;
                against = if passed == up { 0 } else { against + 1 };
                if against == if up { fall } else { rise } {
                    (up, against) = (!up, 0);
                }
                fsm.result(passed);
                assert_eq!(fsm.up(), up, "seed {seed}");
                assert!(fsm.score <= fsm.full());
            }
        }
    }
}
