//! What a check found, in HAProxy's names (`check_status` of `show stat`) and sentences.

use std::fmt;
use std::time::Duration;

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The connection was accepted.
    L4Ok,
    /// The connection took too long.
    L4Timeout,
    /// The connection failed.
    L4Connection,
    /// `L6OK`, `L6TOUT` and `L6RSP` are only ever reported because a line of the check says so.
    L6Ok,
    /// See there.
    L6Timeout,
    /// See there.
    L6Response,
    /// The response was as expected.
    L7Ok,
    /// The response took too long.
    L7Timeout,
    /// The response was broken, or its body was not as expected.
    L7Response,
    /// The status was not as expected.
    L7Status,
    /// The check could not be made: there is no socket, or no address.
    SocketError,
}

/// Rows: the name in `check_status`, the sentence in log lines and `check_desc`, whether it is a success.
#[rustfmt::skip]
const VERDICTS: &[(Verdict, &str, &str, bool)] = &[
    (Verdict::L4Ok,         "L4OK",   "Layer4 check passed",       true),
    (Verdict::L4Timeout,    "L4TOUT", "Layer4 timeout",            false),
    (Verdict::L4Connection, "L4CON",  "Layer4 connection problem", false),
    (Verdict::L6Ok,         "L6OK",   "Layer6 check passed",       true),
    (Verdict::L6Timeout,    "L6TOUT", "Layer6 timeout",            false),
    (Verdict::L6Response,   "L6RSP",  "Layer6 invalid response",   false),
    (Verdict::L7Ok,         "L7OK",   "Layer7 check passed",       true),
    (Verdict::L7Timeout,    "L7TOUT", "Layer7 timeout",            false),
    (Verdict::L7Response,   "L7RSP",  "Layer7 invalid response",   false),
    (Verdict::L7Status,     "L7STS",  "Layer7 wrong status",       false),
    (Verdict::SocketError,  "SOCKERR","Socket error",              false),
];

impl Verdict {
    /// Its name in `check_status`: `L4OK`, `L7STS`, …
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// Its sentence: `Layer4 connection problem`.
    pub fn sentence(self) -> &'static str {
        self.row().2
    }

    /// Whether the server is well.
    pub fn passed(self) -> bool {
        self.row().3
    }

    /// The verdict of this name.
    pub fn named(name: &str) -> Option<Self> {
        VERDICTS.iter().find(|row| row.1 == name).map(|row| row.0)
    }

    fn row(self) -> &'static (Self, &'static str, &'static str, bool) {
        VERDICTS.iter().find(|row| row.0 == self).unwrap_or(&VERDICTS[0])
    }
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub verdict: Verdict,
    /// The HTTP status, where one was read.
    pub code: Option<u16>,
    /// What more there is to say: the system's error, the reason phrase.
    pub info: String,
    /// How long it took.
    pub duration: Duration,
}

impl Outcome {
    /// Whether the server is well.
    pub fn passed(&self) -> bool {
        self.verdict.passed()
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "reason: {}", self.verdict.sentence())?;
        if let Some(code) = self.code {
            write!(f, ", code: {code}")?;
        }
        if !self.info.is_empty() {
            write!(f, ", info: \"{}\"", self.info)?;
        }
        write!(f, ", check duration: {}ms", self.duration.as_millis())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verdict_has_its_own_row() {
        for row in VERDICTS {
            assert_eq!(row.0.name(), row.1);
            assert_eq!(Verdict::named(row.1), Some(row.0));
        }
    }

    #[test]
    fn an_outcome_reads_as_in_haproxys_log() {
        let mut outcome = Outcome {
            verdict: Verdict::L4Connection,
            code: None,
            info: "Connection refused".into(),
            duration: Duration::from_micros(400),
        };
        let text = "reason: Layer4 connection problem, info: \"Connection refused\", check duration: 0ms";
        assert_eq!(outcome.to_string(), text);
        outcome = Outcome { verdict: Verdict::L7Ok, code: Some(200), info: String::new(), ..outcome };
        assert_eq!(outcome.to_string(), "reason: Layer7 check passed, code: 200, check duration: 0ms");
    }
}
