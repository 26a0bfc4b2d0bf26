//! `log` lines, in `global` and in proxies (configuration.txt 3.1 and 4.2).

use std::net::SocketAddr;

use lang::units::{Host, Kind, Port};
use lang::{Diagnostic, Word, Words};

use super::{Context, Prefix};
use crate::draft::{Log, Proxy};
use crate::model::{Global, LogFacility, LogFormat, LogLevel, LogSample, LogTarget, LogTo};

/// HAProxy's names for the facilities, by number.
pub(crate) const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "auth2", "ftp", "ntp",
    "audit", "alert", "cron2", "local0", "local1", "local2", "local3", "local4", "local5", "local6",
    "local7",
];

/// The levels by name.
pub(crate) const LEVELS: [(&str, LogLevel); 8] = LogLevel::NAMES;

/// The formats by name.
pub(crate) const FORMATS: [(&str, LogFormat); 8] = [
    ("local", LogFormat::Local),
    ("rfc3164", LogFormat::Rfc3164),
    ("rfc5424", LogFormat::Rfc5424),
    ("priority", LogFormat::Priority),
    ("short", LogFormat::Short),
    ("timed", LogFormat::Timed),
    ("iso", LogFormat::Iso),
    ("raw", LogFormat::Raw),
];

/// The longest line where nothing is said.
pub(crate) const DEFAULT_LENGTH: usize = 1024;
/// Syslog's port (RFC 5426).
const SYSLOG_PORT: u16 = 514;

/// `log` in `global`.
pub(crate) fn global(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    if cx.prefix != Prefix::None {
        cx.target.logs.clear();
        return Ok(());
    }
    if cx.words.peek_text() == Some("global") {
        return Err(cx.words.error("log : 'global' is not supported for a global syslog server"));
    }
    let target = target(cx, "log : expects <address> and <facility> as arguments")?;
    cx.target.logs.push(target);
    Ok(())
}

/// `log` in a proxy or in `defaults`.
pub(crate) fn proxy(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let logs = &mut cx.target.settings.logs;
    if cx.prefix != Prefix::None {
        logs.clear();
        return match cx.words.peek() {
            Some(word) => Err(Diagnostic::alert(word.span, "log : 'no log' does not expect arguments")),
            None => Ok(()),
        };
    }
    if cx.words.accept("global") {
        if let Some(word) = cx.words.peek() {
            return Err(unknown_facility(word));
        }
        if !logs.contains(&Log::Global) {
            logs.push(Log::Global);
        }
        return Ok(());
    }
    let target = target(cx, "log : expects <address> and <facility> or global as arguments")?;
    cx.target.settings.logs.push(Log::Target(target));
    Ok(())
}

fn target<T>(cx: &mut Context<'_, T>, usage: &str) -> Result<LogTarget, Diagnostic> {
    let missing = |words: &Words<'_>| words.error(usage);
    let address = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    let to = destination(cx, address)?;
    let (mut format, mut max_length) = (LogFormat::default(), DEFAULT_LENGTH);
    let (mut sample, mut profile) = (None, None);
    while let Some(option) = cx.words.peek().filter(|word| is_option(&word.text)) {
        cx.words.next();
        let value = cx.words.next().ok_or_else(|| missing(&cx.words))?;
        match option.text.as_str() {
            "len" => max_length = length(value)?,
            "format" => {
                format = find(&FORMATS, value)
                    .ok_or_else(|| named("unknown log format", value, FORMATS.map(|(name, _)| name)))?;
            }
            other => {
                if other == "sample" {
                    let bad = |why| Diagnostic::alert(value.span, format!("log : {why}"));
                    sample = Some(sampled(&value.text).map_err(bad)?);
                } else {
                    profile = Some(value.text.clone());
                }
                let refusal = Diagnostic::not_yet(option.span, format_args!("'log … {other}'"));
                cx.notes.push(refusal.hint("remove the option and its value"));
            }
        }
    }
    let words = &mut cx.words;
    let word = words.next().ok_or_else(|| missing(words))?;
    let number =
        FACILITIES.iter().position(|name| *name == word.text).ok_or_else(|| unknown_facility(word))?;
    let facility = LogFacility(u8::try_from(number).unwrap_or_default());
    let mut level = |default| match words.next() {
        None => Ok(default),
        Some(word) => find(&LEVELS, word)
            .ok_or_else(|| named("unknown optional log level", word, LEVELS.map(|(name, _)| name))),
    };
    let (max_level, min_level) = (level(LogLevel::Debug)?, level(LogLevel::Emerg)?);
    Ok(LogTarget { to, format, facility, max_level, min_level, max_length, sample, profile })
}

/// `RANGES:SIZE`; the error is in HAProxy's words.
fn sampled(text: &str) -> Result<LogSample, String> {
    let (list, size) = text.split_once(':').ok_or("Missing sample size")?;
    if list.is_empty() {
        return Err("no sampling ranges given".to_owned());
    }
    let range = |text: &str| {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let ends = low.parse().ok().zip(high.parse().ok());
        ends.filter(|(low, high)| 0 < *low && low <= high)
            .ok_or_else(|| format!("wrong sample range '{text}'"))
    };
    let mut ranges = list.split(',').map(range).collect::<Result<Vec<(u32, u32)>, _>>()?;
    ranges.sort_unstable();
    if ranges.windows(2).any(|pair| matches!(pair, [(_, end), (begin, _)] if begin <= end)) {
        return Err("ranges are overlapping".to_owned());
    }
    let wrong = || format!("wrong sample size '{size}' for sample range '{list}'");
    let size = size.parse().ok().filter(|size| *size > 0).ok_or_else(wrong)?;
    match ranges.last() {
        Some((_, most)) if *most > size => Err(format!(
            "sample size {size} should be greater or equal to {most} the maximum of the high ranges limits"
        )),
        _ => Ok(LogSample { ranges, size }),
    }
}

fn is_option(text: &str) -> bool {
    matches!(text, "len" | "format" | "sample" | "profile")
}

fn length(word: &Word) -> Result<usize, Diagnostic> {
    match word.text.parse::<usize>() {
        Ok(length) if (80..=65535).contains(&length) => Ok(length),
        _ => {
            let message = format!("log : invalid log length '{}', must be between 80 and 65535", word.text);
            Err(Diagnostic::alert(word.span, message))
        }
    }
}

fn find<T: Copy>(table: &[(&str, T)], word: &Word) -> Option<T> {
    table.iter().find(|(name, _)| *name == word.text).map(|(_, value)| *value)
}

fn named<const N: usize>(what: &str, word: &Word, names: [&'static str; N]) -> Diagnostic {
    let meant = lang::suggest::nearest(&word.text, names);
    Diagnostic::alert(word.span, format!("log : {what} '{}'", word.text)).suggest(meant)
}

fn unknown_facility(word: &Word) -> Diagnostic {
    named("unknown log facility", word, FACILITIES)
}

fn destination<T>(cx: &mut Context<'_, T>, word: &Word) -> Result<LogTo, Diagnostic> {
    match word.text.as_str() {
        "stdout" => return Ok(LogTo::Stdout),
        "stderr" => return Ok(LogTo::Stderr),
        text if text.starts_with("ring@") => {
            return Err(Diagnostic::not_yet(word.span, "log : 'ring@'").hint("log to stdout"));
        }
        _ => {}
    }
    let bad = |why: String| Diagnostic::alert(word.span, format!("log : {why}"));
    let address = super::address::parse(cx, word, &word.text).map_err(bad)?;
    if address.kind == Kind::Stream {
        let what = format_args!("log : logging over a stream to '{}'", word.text);
        return Err(Diagnostic::not_yet(word.span, what));
    }
    let port = match address.port {
        Port::None => SYSLOG_PORT,
        Port::One(port) => port,
        Port::Range(..) | Port::Offset(_) => {
            return Err(bad(format!("port range or offset not permitted here in '{}'", word.text)));
        }
    };
    Ok(match address.host {
        Host::Fd(1) => LogTo::Stdout,
        Host::Fd(2) => LogTo::Stderr,
        Host::Fd(fd) => LogTo::Fd(fd),
        Host::Unix(path) => LogTo::Unix(path),
        Host::Ip(ip) => LogTo::Udp { name: word.text.clone(), addr: Some(SocketAddr::new(ip, port)) },
        Host::Name(name) => LogTo::Udp { name: format!("{name}:{port}"), addr: None },
        Host::Any => {
            LogTo::Udp { name: word.text.clone(), addr: Some(SocketAddr::from(([127, 0, 0, 1], port))) }
        }
        Host::Abstract(_) | Host::AbstractZ(_) | Host::SockPair(_) => {
            return Err(Diagnostic::not_yet(word.span, format_args!("log : address '{}'", word.text)));
        }
    })
}
