//! `log` lines, in `global` and in proxies (configuration.txt 3.1 and 4.2).

use std::net::SocketAddr;

use lang::units::{Address, Host, Kind, Port};
use lang::{Diagnostic, Span, Word, Words};

use super::{Context, Prefix};
use crate::draft::{Log, LogLine, Proxy};
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
        return no_more(&cx.words);
    }
    if cx.words.peek_text() == Some("global") {
        return Err(cx.words.error("log : 'global' is not supported for a global syslog server"));
    }
    let target = target(cx, "log : expects <address> and <facility>  as arguments")?;
    cx.target.logs.push(target);
    Ok(())
}

/// `log` in a proxy or in `defaults`.
pub(crate) fn proxy(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let logs = &mut cx.target.settings.logs;
    if cx.prefix != Prefix::None {
        logs.clear();
        return no_more(&cx.words);
    }
    if cx.words.peek_text() == Some("global") && cx.words.remaining() == 1 {
        cx.words.next();
        if !logs.contains(&Log::Global) {
            logs.push(Log::Global);
        }
        return Ok(());
    }
    let target = target(cx, "log : expects <address> and <facility> or global as arguments")?;
    let line = LogLine { target, span: cx.span, place: cx.place.clone() };
    cx.target.settings.logs.push(Log::Target(line));
    Ok(())
}

fn no_more(words: &Words<'_>) -> Result<(), Diagnostic> {
    match words.peek() {
        Some(word) => Err(Diagnostic::alert(word.span, "log : 'no log' does not expect arguments")),
        None => Ok(()),
    }
}

/// The options stand in this order alone; what is out of it is taken for the facility.
fn target<T>(cx: &mut Context<'_, T>, usage: &str) -> Result<LogTarget, Diagnostic> {
    let whole = cx.words.remaining() > 1 && cx.words.rest().iter().take(2).all(|word| !word.text.is_empty());
    let address = cx.words.next().filter(|_| whole).ok_or_else(|| cx.words.error(usage))?;
    let to = destination(cx, address)?;
    let max_length = match option(cx, "len") {
        Some((_, value)) => length(&value)?,
        None => DEFAULT_LENGTH,
    };
    let format = match option(cx, "format") {
        Some((_, value)) => find(&FORMATS, &value)
            .ok_or_else(|| named("unknown log format", &value, FORMATS.map(|(name, _)| name)))?,
        None => LogFormat::default(),
    };
    let sample = match option(cx, "sample") {
        Some((at, value)) => {
            let bad = |why| Diagnostic::alert(value.span, format!("log : {why}"));
            let sample = sampled(&value.text).map_err(bad)?;
            wait(cx, at, "'log … sample'", "remove the option and its value");
            Some(sample)
        }
        None => None,
    };
    let profile = option(cx, "profile").map(|(_, value)| value.text);
    let word = word(cx);
    let number =
        FACILITIES.iter().position(|name| *name == word.text).ok_or_else(|| unknown_facility(&word))?;
    let facility = LogFacility(u8::try_from(number).unwrap_or_default());
    let max_level = level(cx, "level", LogLevel::Debug)?;
    let min_level = level(cx, "minimum level", LogLevel::Emerg)?;
    match cx.words.peek() {
        Some(word) => {
            let message = format!("log : cannot handle unexpected argument '{}'", word.text);
            Err(Diagnostic::alert(word.span, message))
        }
        None => Ok(LogTarget { to, format, facility, max_level, min_level, max_length, sample, profile }),
    }
}

/// The place and the value of this option, if it is what comes next.
fn option<T>(cx: &mut Context<'_, T>, name: &str) -> Option<(Span, Word)> {
    let at = cx.words.here();
    cx.words.accept(name).then(|| (at, word(cx)))
}

/// The next word; an empty one where there is none, as HAProxy has it.
fn word<T>(cx: &mut Context<'_, T>) -> Word {
    let missing = Word { text: String::new(), span: cx.words.here(), quoted: false };
    cx.words.next().cloned().unwrap_or(missing)
}

/// Notes that nothing acts on a part of the line, which is right by itself.
fn wait<T>(cx: &mut Context<'_, T>, at: Span, what: &str, hint: &str) {
    cx.notes.push(Diagnostic::not_yet(at, what).hint(hint));
}

/// A level; an empty word is none.
fn level<T>(cx: &mut Context<'_, T>, what: &str, default: LogLevel) -> Result<LogLevel, Diagnostic> {
    let what = what.replace("level", "log level");
    match cx.words.next().filter(|word| !word.text.is_empty()) {
        None => Ok(default),
        Some(word) => find(&LEVELS, word)
            .ok_or_else(|| named(&format!("unknown optional {what}"), word, LEVELS.map(|(name, _)| name))),
    }
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
    let unknown = named("unknown log facility", word, FACILITIES);
    match word.text.as_str() {
        "len" | "format" | "sample" | "profile" => {
            unknown.hint("the order is 'len', 'format', 'sample', 'profile', and then the facility")
        }
        _ => unknown,
    }
}

/// The target that a word names. What nothing writes to yet is noted.
fn destination<T>(cx: &mut Context<'_, T>, word: &Word) -> Result<LogTo, Diagnostic> {
    let later = "log to stdout or to a syslog server over UDP";
    if let Some(name) = word.text.strip_prefix("ring@") {
        wait(cx, word.span, "log : 'ring@'", later);
        return Ok(LogTo::Ring(name.to_owned()));
    }
    if let Some(name) = word.text.strip_prefix("backend@") {
        wait(cx, word.span, "log : 'backend@'", later);
        return Ok(LogTo::Backend(name.to_owned()));
    }
    match word.text.as_str() {
        "stdout" => return Ok(LogTo::Stdout),
        "stderr" => return Ok(LogTo::Stderr),
        _ => {}
    }
    let bad = |why: String| Diagnostic::alert(word.span, format!("log : {why}"));
    if word.text == "global" {
        let refusal = match cx.words.peek() {
            Some(word) if !FACILITIES.contains(&word.text.as_str()) => {
                Diagnostic::alert(word.span, format!("log : unknown log facility '{}'", word.text))
            }
            _ => bad("invalid address: 'global' in 'global'".to_owned()),
        };
        return Err(
            refusal.hint("nothing follows 'log global': its options are those of the lines in 'global'")
        );
    }
    let address = super::address::parse(cx, word, &word.text).map_err(bad)?;
    let to = address_of(&address, &word.text).map_err(bad)?;
    if matches!(to, LogTo::Tcp { .. } | LogTo::UnixStream(_) | LogTo::Abstract(_)) {
        wait(cx, word.span, &format!("log : logging to '{}'", word.text), later);
    }
    Ok(to)
}

fn address_of(address: &Address, text: &str) -> Result<LogTo, String> {
    let port = match address.port {
        Port::None | Port::One(0) => SYSLOG_PORT,
        Port::One(port) => port,
        Port::Range(..) => return Err(format!("port range not permitted here in '{text}'")),
        Port::Offset(_) => return Err(format!("port offset not permitted here in '{text}'")),
    };
    let stream = address.kind == Kind::Stream;
    let (name, addr) = match &address.host {
        Host::Fd(1) => return Ok(LogTo::Stdout),
        Host::Fd(2) => return Ok(LogTo::Stderr),
        Host::Fd(fd) => return Ok(LogTo::Fd(*fd)),
        Host::Unix(path) if stream => return Ok(LogTo::UnixStream(path.clone())),
        Host::Unix(path) => return Ok(LogTo::Unix(path.clone())),
        Host::Abstract(name) | Host::AbstractZ(name) => return Ok(LogTo::Abstract(name.clone())),
        Host::SockPair(fd) => return Err(format!("cannot use file descriptor '{fd}' : it is not a socket.")),
        Host::Ip(ip) => (text.to_owned(), Some(SocketAddr::new(*ip, port))),
        Host::Name(name) => (format!("{name}:{port}"), None),
        Host::Any => (text.to_owned(), Some(SocketAddr::from(([127, 0, 0, 1], port)))),
    };
    Ok(if stream { LogTo::Tcp { name, addr } } else { LogTo::Udp { name, addr } })
}
