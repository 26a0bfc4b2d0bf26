//! `set timeout cli`: how long this connection may be idle.

use std::time::Duration;

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["set", "timeout", "cli"],
    usage: "set timeout cli <delay>",
    help: "change the timeout of this connection",
    level: Level::User,
    run: |_, words| match words.first().and_then(|word| delay(word)) {
        Some(delay) => Answer::Timeout(delay),
        None => Answer::Text("Invalid timeout value.\n".into()),
    },
};

/// A time with a unit, seconds without one.
fn delay(word: &str) -> Option<Duration> {
    let digits = word.find(|character: char| !character.is_ascii_digit()).unwrap_or(word.len());
    let number: u64 = word[..digits].parse().ok()?;
    let micros = match &word[digits..] {
        "us" => 1,
        "ms" => 1_000,
        "" | "s" => 1_000_000,
        "m" => 60_000_000,
        "h" => 3_600_000_000,
        "d" => 86_400_000_000,
        _ => return None,
    };
    let delay = Duration::from_micros(number.checked_mul(micros)?);
    (!delay.is_zero()).then_some(delay)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, text};
    use super::*;

    #[test]
    fn a_delay_is_in_seconds_unless_it_says_otherwise() {
        for (word, millis) in [("3", 3000), ("3s", 3000), ("500ms", 500), ("2m", 120_000)] {
            let expected = Answer::Timeout(Duration::from_millis(millis));
            assert_eq!(answer(Level::User, &format!("set timeout cli {word}")), expected);
        }
        for word in ["", "0", "x", "-1", "99999999999999999999", "9999999999999999999d"] {
            assert_eq!(text(&format!("set timeout cli {word}")), "Invalid timeout value.\n");
        }
    }
}
