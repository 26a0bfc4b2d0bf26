//! `tcp-check expect` and `http-check expect` (configuration.txt 4.2).

use expr::{LogFormat, Phase};
use lang::{Diagnostic, Word, suggest};

use super::Context;
use super::check_step::{argument, binary, error, error_at, format, push, text};
use crate::draft::Proxy;
use crate::model::{CheckExpect, CheckExpectOptions, CheckMatch, CheckPattern, CheckStep, CheckText};

type Read<T> = Result<T, Diagnostic>;

/// What is looked for, by name; whether it is known to `http-check` and to `tcp-check`.
#[rustfmt::skip]
const MATCHES: [(&str, bool, bool); 11] = [
    ("string", true, true), ("rstring", true, true), ("string-lf", true, true), ("custom", true, true),
    ("status", true, false), ("rstatus", true, false), ("hdr", true, false), ("fhdr", true, false),
    ("binary", false, true), ("rbinary", false, true), ("binary-lf", false, true),
];

const OPTIONS: [&str; 8] = [
    "min-recv",
    "comment",
    "ok-status",
    "error-status",
    "tout-status",
    "on-success",
    "on-error",
    "status-code",
];

/// `tcp-check expect …`.
pub(crate) fn tcp(cx: &mut Context<'_, Proxy>) -> Read<()> {
    let expect = read(cx, false)?;
    push(cx, CheckStep::Expect(Box::new(expect)))
}

/// `http-check expect …`; one that looks at the status or at the body is acted on.
pub(crate) fn http(cx: &mut Context<'_, Proxy>) -> Read<()> {
    let expect = read(cx, true)?;
    let conditional = [&expect.options.ok_status, &expect.options.error_status];
    let conditional = conditional.into_iter().flatten().any(|status| status == "L7OKC");
    push(cx, CheckStep::Expect(Box::new(expect)))?;
    if conditional {
        let what = "'http-check expect' with the status 'L7OKC'";
        return Err(Diagnostic::not_yet(cx.span, what).hint("report 'L7OK' or 'L7STS'"));
    }
    Ok(())
}

fn read(cx: &mut Context<'_, Proxy>, http: bool) -> Read<CheckExpect> {
    let mut options = CheckExpectOptions::default();
    let (mut found, mut comment) = (None, None);
    while let Some(word) = cx.words.next() {
        let (not, name) = negated(cx, word);
        if not && OPTIONS.contains(&name) {
            return Err(error_at(cx, word.span, format_args!("[!] not supported with '{name}'.")));
        }
        if name == "comment" {
            comment = Some(text(cx, name)?);
            continue;
        }
        if option(cx, name, &mut options)? {
            continue;
        }
        if !MATCHES
            .iter()
            .any(|(known, in_http, in_tcp)| *known == name && if http { *in_http } else { *in_tcp })
        {
            return Err(unknown(cx, word, name, http));
        }
        if found.is_some() {
            return Err(error_at(cx, word.span, "only on pattern expected."));
        }
        found = Some((not, pattern(cx, name)?));
    }
    let (not, what) = found.ok_or_else(|| error(cx, "expects at least a matching pattern as arguments."))?;
    Ok(CheckExpect { not, what, options, comment })
}

/// The word without `!`, which may stand alone before it.
fn negated<'a>(cx: &mut Context<'a, Proxy>, word: &'a Word) -> (bool, &'a str) {
    let (mut not, mut name) = (false, word.text.as_str());
    while let Some(rest) = name.strip_prefix('!') {
        not = true;
        name = if rest.is_empty() { cx.words.next().map_or("", |word| word.text.as_str()) } else { rest };
    }
    (not, name)
}

fn unknown(cx: &Context<'_, Proxy>, word: &Word, name: &str, http: bool) -> Diagnostic {
    // the quotes are HAProxy's
    let known = if http {
        "[!]string', '[!]rstring', '[!]string-lf', '[!]status', '[!]rstatus', [!]hdr, [!]fhdr"
    } else {
        "'[!]binary', '[!]string', '[!]rstring', '[!]string-lf''[!]rbinary', '[!]binary-lf'"
    };
    let legal = MATCHES.iter().filter(|(_, in_http, in_tcp)| if http { *in_http } else { *in_tcp });
    let names: Vec<&str> = legal.map(|(name, ..)| *name).chain(OPTIONS).collect();
    let message = format!("'only supports min-recv, {known} or comment but got '{name}' as argument.");
    error_at(cx, word.span, message).suggest(suggest::nearest(name, names))
}

/// Reads an option's value; `false` for a word that is none.
fn option(cx: &mut Context<'_, Proxy>, name: &str, options: &mut CheckExpectOptions) -> Read<bool> {
    match name {
        "min-recv" => options.min_recv = Some(min_recv(cx)?),
        "ok-status" => {
            options.ok_status = Some(status(cx, name, &OK, "'L4OK', 'L6OK', 'L7OK' or 'L7OKC'")?);
        }
        "error-status" => {
            options.error_status = Some(status(cx, name, &ERROR, "'L4CON', 'L6RSP', 'L7RSP' or 'L7STS'")?);
        }
        "tout-status" => {
            options.tout_status = Some(status(cx, name, &TIMEOUT, "'L4TOUT', 'L6TOUT' or 'L7TOUT'")?);
        }
        "on-success" => options.on_success = Some(told(cx, name)?),
        "on-error" => options.on_error = Some(told(cx, name)?),
        "status-code" => {
            if cx.words.is_empty() {
                return Err(error(cx, "'status-code' expects an expression as argument."));
            }
            let label = format!("'{}' : error detected while parsing status-code expression : ", cx.keyword);
            let expr = cx.expr(Phase::Check).map_err(|bad| bad.prefixed(&label).suffixed("."))?;
            options.status_code = Some(expr);
        }
        _ => return Ok(false),
    }
    Ok(true)
}

const OK: [&str; 4] = ["L4OK", "L6OK", "L7OK", "L7OKC"];
const ERROR: [&str; 5] = ["L4CON", "L6RSP", "L7RSP", "L7STS", "L7OKC"];
const TIMEOUT: [&str; 3] = ["L4TOUT", "L6TOUT", "L7TOUT"];

fn status(cx: &mut Context<'_, Proxy>, option: &str, known: &[&'static str], shown: &str) -> Read<String> {
    let word = argument(cx, option, "a string as argument")?;
    if !known.contains(&word.text.as_str()) {
        let message = format!("'{option}' only supports {shown} status (got '{}').", word.text);
        let meant = suggest::nearest(&word.text, known.iter().copied());
        return Err(error_at(cx, word.span, message).suggest(meant));
    }
    Ok(word.text.clone())
}

fn told(cx: &mut Context<'_, Proxy>, option: &str) -> Read<LogFormat> {
    let word = argument(cx, option, "a string as argument")?;
    format(cx, word)
}

fn min_recv(cx: &mut Context<'_, Proxy>) -> Read<i32> {
    let word = argument(cx, "min-recv", "a integer as argument")?;
    let sign = usize::from(word.text.starts_with('-'));
    let digits = word.text.bytes().skip(sign).take_while(u8::is_ascii_digit).count();
    let (number, rest) = word.text.split_at(sign + digits);
    let value: i64 = if digits == 0 { 0 } else { number.parse().unwrap_or(i64::MAX) };
    let legal = i32::try_from(value).ok().filter(|value| *value >= -1);
    let wrong = "'min-recv' expects -1 or an integer from 0 to INT_MAX.";
    let value = legal.ok_or_else(|| error_at(cx, word.span, wrong))?;
    if digits == 0 || !rest.is_empty() {
        let message = format!("'{}' : '{}' is read as {value}, as HAProxy does", cx.keyword, word.text);
        cx.notes.warning(word.span, message);
    }
    Ok(value)
}

fn pattern(cx: &mut Context<'_, Proxy>, name: &str) -> Read<CheckMatch> {
    match name {
        "custom" => return Ok(CheckMatch::Custom),
        "hdr" | "fhdr" => return header(cx, name),
        _ => {}
    }
    let word = argument(cx, name, "a <pattern> as argument")?;
    Ok(match name {
        "status" => CheckMatch::Status(ranges(cx, word)?),
        "rstatus" => CheckMatch::StatusPattern(regex(cx, word)?),
        "rstring" => CheckMatch::Pattern(regex(cx, word)?),
        "rbinary" => CheckMatch::BinaryPattern(regex(cx, word)?),
        "binary" => CheckMatch::Binary(binary(&word.text).map_err(|why| error_at(cx, word.span, why))?),
        "string-lf" => CheckMatch::Text(CheckText::Format(format(cx, word)?)),
        "binary-lf" => CheckMatch::BinaryFormat(format(cx, word)?),
        _ => CheckMatch::Text(CheckText::Plain(word.text.clone())),
    })
}

fn regex(cx: &Context<'_, Proxy>, word: &Word) -> Read<String> {
    let compiled = expr::compile_regex(&word.text, false).map(|_| word.text.clone());
    compiled.map_err(|why| error_at(cx, word.span, format_args!("{why}.")))
}

/// Numbers of any size, as in HAProxy; nothing is 0.
fn ranges(cx: &Context<'_, Proxy>, word: &Word) -> Read<Vec<(u16, u16)>> {
    let bad = |why: String| error_at(cx, word.span, why);
    if let Some(c) = word.text.chars().find(|c| !(c.is_ascii_digit() || matches!(c, ',' | '-'))) {
        return Err(bad(format!("invalid character '{c}' in the list of status codes.")));
    }
    let code = |text: &str| if text.is_empty() { 0 } else { text.parse().unwrap_or(u16::MAX) };
    let range = |text: &str| {
        let (low, high) = text.split_once('-').unwrap_or((text, text));
        let (from, to) = (code(low), code(high));
        if from > to || high.contains('-') {
            return Err(bad(format!("invalid range of status codes '{text}'.")));
        }
        Ok((from, to))
    };
    word.text.split(',').map(range).collect()
}

/// `hdr { name | name-lf } [ -m METHOD ] PATTERN [ { value | value-lf } [ -m METHOD ] PATTERN ]`.
fn header(cx: &mut Context<'_, Proxy>, keyword: &str) -> Read<CheckMatch> {
    let missing = format!("'{keyword}' expects at the name keyword as first argument followed by a pattern.");
    let Some(word) = cx.words.peek().filter(|word| matches!(word.text.as_str(), "name" | "name-lf")) else {
        return Err(error(cx, missing));
    };
    cx.words.next();
    let name = compared(cx, keyword, word, &missing)?;
    let next = cx.words.peek().filter(|word| matches!(word.text.as_str(), "value" | "value-lf"));
    let value = match next {
        None => None,
        Some(word) => {
            cx.words.next();
            let missing = format!("'{keyword}' expect a pattern with the value keyword.");
            Some(compared(cx, keyword, word, &missing)?)
        }
    };
    Ok(CheckMatch::Header { full: keyword == "fhdr", name, value })
}

/// How a name or a value is compared.
pub(crate) const METHODS: [&str; 5] = ["str", "beg", "end", "sub", "reg"];

fn compared(cx: &mut Context<'_, Proxy>, keyword: &str, what: &Word, missing: &str) -> Read<CheckPattern> {
    const SHOWN: &str = "'str', 'beg', 'end', 'sub' or 'reg'";
    let formatted = what.text.ends_with("-lf");
    let mut method = "str";
    if cx.words.accept("-m") {
        let none = format!("'{keyword}' : '-m' expects at a matching pattern ({SHOWN}).");
        let word = cx.words.next().ok_or_else(|| error(cx, none))?;
        let known = METHODS.into_iter().find(|method| *method == word.text);
        method = known.ok_or_else(|| {
            let message = format!("'{keyword}' : '-m' only supports {SHOWN} (got '{}').", word.text);
            error_at(cx, word.span, message).suggest(suggest::nearest(&word.text, METHODS))
        })?;
        if formatted && method == "reg" {
            let message =
                format!("'{keyword}': log-format string is not supported with a regex matching method.");
            return Err(error_at(cx, word.span, message));
        }
    }
    let word = cx.words.next().ok_or_else(|| error(cx, missing))?;
    let text = match (formatted, method) {
        (true, _) => CheckText::Format(format(cx, word)?),
        (false, "reg") => CheckText::Plain(regex(cx, word)?),
        (false, _) => CheckText::Plain(word.text.clone()),
    };
    Ok(CheckPattern { method, text })
}
