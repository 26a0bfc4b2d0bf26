//! `http-check expect` in all its forms, ready to be compared with an answer.

use std::borrow::Cow;

use config::model::{CheckExpect, CheckExpectOptions, CheckMatch, CheckPattern, CheckText};
use expr::Txn;
use pingora_error::{BError, Result};
use regex::bytes::Regex;

use super::Verdict;
use super::http::{Head, holds, invalid};
use super::probe::failure;
use super::scene::{Answer, Scene};

/// What an answer must be, and what is reported of it.
#[derive(Debug)]
pub(super) struct Expectation {
    not: bool,
    wanted: Wanted,
    options: CheckExpectOptions,
    pub(super) comment: Option<String>,
}

#[derive(Debug)]
enum Wanted {
    Status(Vec<(u16, u16)>),
    StatusPattern(Option<Regex>),
    Text(CheckText),
    Pattern(Option<Regex>),
    Header {
        full: bool,
        name: Compared,
        value: Option<Compared>,
    },
    /// What no `http-check` line asks for.
    Unknown,
}

/// How a header's name or value is compared, and what with.
#[derive(Debug)]
struct Compared {
    method: &'static str,
    regex: Option<Regex>,
    text: CheckText,
}

/// What is reported of an answer that is as it should be.
#[derive(Debug)]
pub(super) struct Report {
    pub(super) verdict: Verdict,
    /// As in HAProxy, it is told with what is about the response as such.
    pub(super) code: Option<u16>,
    pub(super) info: String,
}

impl Expectation {
    /// What this line asks for.
    pub(super) fn of(line: &CheckExpect) -> Self {
        let CheckExpect { not, what, options, comment } = line.clone();
        let wanted = match what {
            CheckMatch::Status(ranges) => Wanted::Status(ranges),
            CheckMatch::StatusPattern(pattern) => Wanted::StatusPattern(Regex::new(&pattern).ok()),
            CheckMatch::Text(text) => Wanted::Text(text),
            CheckMatch::Pattern(pattern) => Wanted::Pattern(Regex::new(&pattern).ok()),
            CheckMatch::Header { full, name, value } => {
                Wanted::Header { full, name: Compared::of(name), value: value.map(Compared::of) }
            }
            CheckMatch::Binary(_)
            | CheckMatch::BinaryPattern(_)
            | CheckMatch::BinaryFormat(_)
            | CheckMatch::Custom => Wanted::Unknown,
        };
        Self { not, wanted, options, comment }
    }

    /// What is asked for where no line says so.
    pub(super) fn success() -> Self {
        let options = CheckExpectOptions::default();
        Self { not: false, wanted: Wanted::Status(vec![(200, 399)]), options, comment: None }
    }

    /// What is reported where no answer comes in time.
    pub(super) fn late(&self) -> Verdict {
        told(self.options.tout_status.as_ref()).unwrap_or(Verdict::L7Timeout)
    }

    /// Judges what has come so far; `None` where more is needed.
    ///
    /// # Errors
    /// It is not what is wanted; a comment says which step that was.
    pub(super) fn judge(&self, scene: &Scene<'_>, comment: Option<&str>) -> Result<Option<Report>> {
        let Answer { bytes, ended, head, body, whole } = scene.answer;
        let Some(head) = head else {
            return if *ended { Err(invalid(&noted("", comment))) } else { Ok(None) };
        };
        let enough = self
            .options
            .min_recv
            .is_none_or(|least| usize::try_from(least).is_ok_and(|least| bytes.len() >= least));
        if !(enough || *ended || *whole) {
            return Ok(None);
        }
        let complete = *whole || *ended;
        let (met, text) = match &self.wanted {
            Wanted::Status(ranges) => {
                (Some(ranges.iter().any(|(low, high)| (*low..=*high).contains(&head.status))), false)
            }
            Wanted::StatusPattern(pattern) => {
                (Some(holds(pattern.as_ref(), head.status.to_string().as_bytes())?), false)
            }
            Wanted::Header { full, name, value } => {
                (Some(has_header(head, *full, name, value.as_ref(), scene)), false)
            }
            Wanted::Text(text) => {
                let text = made(text, scene);
                if text.is_empty() {
                    let info = noted("log-format string evaluated to an empty string", comment);
                    return Err(invalid(&info));
                }
                (found(contains(body, &text), complete), true)
            }
            Wanted::Pattern(pattern) => (found(holds(pattern.as_ref(), body)?, complete), true),
            Wanted::Unknown => (Some(false), false),
        };
        let Some(met) = met else { return Ok(None) };
        if met != self.not {
            return Ok(Some(self.report(scene, head)));
        }
        Err(self.fault(scene, head, text, comment))
    }

    fn report(&self, scene: &Scene<'_>, head: &Head) -> Report {
        let info = self.options.on_success.as_ref().map(|format| format.to_bytes(scene));
        let info = String::from_utf8_lossy(&info.unwrap_or_default()).into_owned();
        let verdict = told(self.options.ok_status.as_ref()).unwrap_or(Verdict::L7Ok);
        let code = (verdict == Verdict::L7Ok).then(|| self.code(scene, head));
        Report { verdict, code, info }
    }

    fn fault(&self, scene: &Scene<'_>, head: &Head, text: bool, comment: Option<&str>) -> BError {
        let usual = if text { Verdict::L7Response } else { Verdict::L7Status };
        let verdict = told(self.options.error_status.as_ref()).unwrap_or(usual);
        let info = match &self.options.on_error {
            Some(format) => String::from_utf8_lossy(&format.to_bytes(scene)).into_owned(),
            None if !text => head.reason.clone(),
            None if self.not => "HTTP check matched unwanted content".to_owned(),
            None => "HTTP content check did not match".to_owned(),
        };
        let code = (verdict == Verdict::L7Status).then(|| self.code(scene, head));
        failure(verdict, code, noted(&info, comment))
    }

    fn code(&self, scene: &Scene<'_>, head: &Head) -> u16 {
        let said = self.options.status_code.as_ref().and_then(|expr| expr.eval(scene)?.to_int());
        said.and_then(|code| u16::try_from(code).ok()).unwrap_or(head.status)
    }
}

/// What has not been found may still come.
fn found(found: bool, complete: bool) -> Option<bool> {
    (found || complete).then_some(found)
}

/// With the comment behind it, as HAProxy tells it.
pub(super) fn noted(info: &str, comment: Option<&str>) -> String {
    match comment {
        Some(comment) => format!("{info} comment: {comment}"),
        None => info.to_owned(),
    }
}

fn told(status: Option<&String>) -> Option<Verdict> {
    Verdict::named(status?)
}

/// The text, made if need be.
pub(super) fn made(text: &CheckText, txn: &dyn Txn) -> Vec<u8> {
    match text {
        CheckText::Plain(text) => text.clone().into_bytes(),
        CheckText::Format(format) => format.to_bytes(txn),
    }
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len().max(1)).any(|window| window == part)
}

/// Whether any line is one that is wanted; `hdr` looks at each of the values between commas.
fn has_header(head: &Head, full: bool, name: &Compared, value: Option<&Compared>, scene: &Scene<'_>) -> bool {
    let mut name = name.target(scene);
    name.text.make_ascii_lowercase();
    let value = value.map(|value| value.target(scene));
    let mut lines = head.lines.iter().filter(|(known, _)| name.is_met_by(known.as_bytes()));
    lines.any(|(_, line)| {
        let Some(value) = &value else { return true };
        if full {
            return value.is_met_by(line.trim_ascii());
        }
        line.split(|byte| *byte == b',').any(|part| value.is_met_by(part.trim_ascii()))
    })
}

impl Compared {
    fn of(CheckPattern { method, text }: CheckPattern) -> Self {
        let regex = match &text {
            CheckText::Plain(text) if method == "reg" => Regex::new(text).ok(),
            _ => None,
        };
        Self { method, regex, text }
    }

    /// With its text made, which may be an expression only then.
    fn target(&self, scene: &Scene<'_>) -> Target<'_> {
        let text = made(&self.text, scene);
        let regex = match (&self.regex, self.method) {
            (Some(regex), _) => Some(Cow::Borrowed(regex)),
            (None, "reg") => {
                std::str::from_utf8(&text).ok().and_then(|text| Regex::new(text).ok()).map(Cow::Owned)
            }
            (None, _) => None,
        };
        Target { method: self.method, regex, text }
    }
}

/// Something to compare with, whose text is made.
struct Target<'a> {
    method: &'static str,
    regex: Option<Cow<'a, Regex>>,
    text: Vec<u8>,
}

impl Target<'_> {
    fn is_met_by(&self, text: &[u8]) -> bool {
        match self.method {
            "beg" => text.starts_with(&self.text),
            "end" => text.ends_with(&self.text),
            "sub" => contains(text, &self.text),
            "reg" => self.regex.as_ref().is_some_and(|regex| regex.is_match(text)),
            _ => text == self.text,
        }
    }
}
