//! `log` lines, and the form of a proxy's log.

use super::text::{self, Line, line};
use crate::cfg::log::{DEFAULT_LENGTH, FACILITIES, FORMATS, LEVELS};
use crate::model::{LogFormat, LogLevel, LogSample, LogTarget, LogTo, Logging, TrafficLog};

/// One target.
pub(super) fn target(target: &LogTarget) -> Line {
    let LogTarget { to, format, facility, max_level, min_level, max_length, sample, profile } = target;
    let name = FORMATS.iter().find(|(_, known)| known == format).map(|(name, _)| name);
    let max = Some(*max_level).filter(|_| (*max_level, *min_level) != (LogLevel::Debug, LogLevel::Emerg));
    let min = Some(*min_level).filter(|min| *min != LogLevel::Emerg);
    let facility = FACILITIES.get(usize::from(facility.0)).copied().unwrap_or_default();
    let words = line(["log", &destination(to)])
        .set("len", Some(*max_length).filter(|length| *length != DEFAULT_LENGTH))
        .set("format", name.filter(|_| *format != LogFormat::default()))
        .set("sample", sample.as_ref().map(sampled))
        .set("profile", profile.as_ref())
        .and(facility);
    [max, min].into_iter().flatten().fold(words, |words, level| words.and(level_name(level)))
}

fn sampled(sample: &LogSample) -> String {
    let LogSample { ranges, size } = sample;
    let range =
        |(low, high): &(u32, u32)| if low == high { low.to_string() } else { format!("{low}-{high}") };
    format!("{}:{size}", ranges.iter().map(range).collect::<Vec<_>>().join(","))
}

fn level_name(level: LogLevel) -> &'static str {
    LEVELS.iter().find(|(_, known)| *known == level).map(|(name, _)| *name).unwrap_or_default()
}

fn destination(to: &LogTo) -> String {
    match to {
        LogTo::Stdout => "stdout".to_owned(),
        LogTo::Stderr => "stderr".to_owned(),
        LogTo::Fd(fd) => format!("fd@{fd}"),
        LogTo::Udp { name, addr: _ } => name.clone(),
        LogTo::Tcp { name, addr: _ } => format!("tcp@{}", name.rsplit('@').next().unwrap_or_default()),
        LogTo::Unix(path) => text::unix(path),
        LogTo::UnixStream(path) => format!("uxst@{}", path.display()),
        LogTo::Abstract(name) => format!("abns@{name}"),
        LogTo::Ring(name) => format!("ring@{name}"),
        LogTo::Backend(name) => format!("backend@{name}"),
    }
}

/// Where a proxy logs to; what it has from `log global` is written so.
pub(super) fn targets(logging: &Logging, global: &[LogTarget]) -> Vec<Line> {
    let Logging { targets, tag, error, structured, steps, traffic: _ } = logging;
    let shared = (!global.is_empty()).then(|| targets.windows(global.len()).position(|part| part == global));
    let mut lines: Vec<Line> = targets.iter().map(target).collect();
    if let Some(start) = shared.flatten() {
        lines.splice(start..start + global.len(), [line(["log", "global"])]);
    }
    lines.extend(error.as_ref().map(|format| line(["error-log-format", format.text()])));
    lines.extend(structured.as_ref().map(|format| line(["log-format-sd", format.text()])));
    lines.extend(tag.as_ref().map(|tag| line(["log-tag", tag])));
    lines.extend(steps.as_ref().map(|steps| {
        let names: Vec<&str> = steps.iter().map(|step| step.name()).collect();
        line(["log-steps", if names.is_empty() { "error".to_owned() } else { names.join(",") }.as_str()])
    }));
    lines
}

/// The form of the lines.
pub(super) fn traffic(form: &TrafficLog) -> Option<Line> {
    Some(match form {
        TrafficLog::Default => return None,
        TrafficLog::Tcp => line(["option", "tcplog"]),
        TrafficLog::Http { clf } => line(["option", "httplog"]).flag("clf", *clf),
        TrafficLog::Https => line(["option", "httpslog"]),
        TrafficLog::Format(format) => line(["log-format", format.text()]),
    })
}
