//! `option httpchk` and `http-check …` (configuration.txt 4.2).

use lang::{Diagnostic, Word};

use super::{BE, Context, Keyword, keyword};
use crate::draft::{HttpCheck, HttpSend, Proxy};
use crate::model::ExpectStatus;

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("http-check send")          .in_(BE).parse(send).lacks("values made by a log-format"),
    keyword("http-check expect")        .in_(BE).parse(expect).lacks("'hdr', 'fhdr', 'string-lf', and the statuses to report"),
    keyword("http-check comment")       .in_(BE).ignored("comments are for readers"),
    keyword("http-check connect")       .in_(BE).unsupported("use the 'port' and 'addr' options of 'server'"),
    keyword("http-check disable-on-404").in_(BE),
    keyword("http-check send-state")    .in_(BE),
    keyword("http-check set-var")       .in_(BE), keyword("http-check set-var-fmt").in_(BE), keyword("http-check unset-var").in_(BE),
    keyword("http-check")               .in_(BE).family(unknown),
    keyword("option tcp-check")         .in_(BE).flag().unsupported("remove it: 'check' alone tests the connection"),
    keyword("tcp-check")                .in_(BE).unsupported("remove it: 'check' alone tests the connection"),
];

/// HAProxy's request where nothing is said.
const METHOD: &str = "OPTIONS";
const URI: &str = "/";
const VERSION: &str = "HTTP/1.0";

/// `option httpchk [METHOD] [URI [VERSION]]`.
pub(crate) fn httpchk(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let words: Vec<&Word> = cx.words.by_ref().take(3).collect();
    if let Some(word) = cx.words.peek() {
        let message = format!("'option httpchk' cannot handle unexpected argument '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    let text = |index: usize| words.get(index).map(|word: &&Word| word.text.clone());
    let mut check = HttpCheck {
        method: METHOD.to_owned(),
        uri: URI.to_owned(),
        version: VERSION.to_owned(),
        headers: Vec::new(),
        body: None,
    };
    match words.len() {
        0 => {}
        1 => check.uri = text(0).unwrap_or_default(),
        _ => {
            check.method = text(0).unwrap_or_default();
            check.uri = text(1).unwrap_or_default();
            check.version = text(2).unwrap_or(check.version);
        }
    }
    if check.version.contains(['\r', '\n']) {
        unpack(&mut check);
        let message = "'option httpchk' : hiding headers or body at the end of the version string is deprecated. \
                       Please, consider to use 'http-check send' directive instead.";
        cx.notes.warning(cx.span, message);
    }
    cx.target.settings.probe = None;
    cx.target.settings.http_check = Some(check);
    Ok(())
}

/// The old way: headers and a body behind the version.
fn unpack(check: &mut HttpCheck) {
    let text = check.version.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
    let mut lines = head.lines();
    check.version = lines.next().unwrap_or(VERSION).to_owned();
    check.headers = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.trim().to_owned(), value.trim().to_owned()))
        .collect();
    check.body = (!body.is_empty()).then(|| body.to_owned());
}

fn begin(cx: &mut Context<'_, Proxy>) {
    if !std::mem::replace(&mut cx.target.own_checks, true) {
        (cx.target.settings.http_send, cx.target.settings.expect) = (None, None);
    }
}

fn send(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    begin(cx);
    let mut send = HttpSend::default();
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "meth" => send.method = Some(argument(cx, word)?),
            "uri" => send.uri = Some(argument(cx, word)?),
            "ver" => send.version = Some(argument(cx, word)?),
            "body" => send.body = Some(argument(cx, word)?),
            "comment" => drop(argument(cx, word)?),
            "hdr" => {
                let name = argument(cx, word)?;
                let at = cx.words.here();
                let value = argument(cx, word)?;
                if value.contains('%') {
                    let what = "'http-check send' : a log-format value";
                    return Err(Diagnostic::not_yet(at, what).hint("write the value itself"));
                }
                send.headers.push((name, value));
            }
            "uri-lf" | "body-lf" => return Err(cx.unsupported_word(word)),
            other => {
                let message = format!(
                    "'http-check send' : expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or \
                     'body-lf' but got '{other}' as argument."
                );
                let names = ["comment", "meth", "uri", "ver", "hdr", "body"];
                return Err(
                    Diagnostic::alert(word.span, message).suggest(lang::suggest::nearest(other, names))
                );
            }
        }
    }
    cx.target.settings.http_send = Some(send);
    Ok(())
}

fn argument(cx: &mut Context<'_, Proxy>, option: &Word) -> Result<String, Diagnostic> {
    match cx.words.next() {
        Some(word) => Ok(word.text.clone()),
        None => {
            let message = format!("'{}' : '{}' expects an argument.", cx.keyword, option.text);
            Err(cx.words.error(message))
        }
    }
}

fn expect(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    begin(cx);
    if cx.target.settings.expect.is_some() {
        let what = "more than one 'http-check expect'";
        return Err(Diagnostic::not_yet(cx.span, what).hint("keep the one that matters"));
    }
    let mut found = None;
    let mut not = false;
    while let Some(word) = cx.words.next() {
        let (negated, name) =
            word.text.strip_prefix('!').map_or((false, word.text.as_str()), |rest| (true, rest));
        not |= negated;
        match name {
            "" if negated => {}
            "comment" => drop(argument(cx, word)?),
            "status" => found = Some(ExpectStatus::Status { not, ranges: ranges(cx, word)? }),
            "rstatus" => found = Some(ExpectStatus::Pattern { not, pattern: regex(cx, word)? }),
            "string" => found = Some(ExpectStatus::Body { not, pattern: argument(cx, word)?, regex: false }),
            "rstring" => found = Some(ExpectStatus::Body { not, pattern: regex(cx, word)?, regex: true }),
            "min-recv" | "ok-status" | "error-status" | "tout-status" | "on-success" | "on-error"
            | "status-code" | "string-lf" | "hdr" | "fhdr" => return Err(cx.unsupported_word(word)),
            other => {
                let message = format!(
                    "'http-check expect' : 'only supports min-recv, [!]string', '[!]rstring', '[!]string-lf', \
                     '[!]status', '[!]rstatus', [!]hdr, [!]fhdr or comment but got '{other}' as argument."
                );
                let meant =
                    lang::suggest::nearest(other, ["status", "rstatus", "string", "rstring", "comment"]);
                return Err(Diagnostic::alert(word.span, message).suggest(meant));
            }
        }
    }
    let usage = "'http-check expect' : expects at least a matching pattern as arguments.";
    cx.target.settings.expect = Some(found.ok_or_else(|| cx.words.error(usage))?);
    Ok(())
}

fn regex(cx: &mut Context<'_, Proxy>, option: &Word) -> Result<String, Diagnostic> {
    let at = cx.words.here();
    let pattern = argument(cx, option)?;
    match expr::compile_regex(&pattern, false) {
        Ok(_) => Ok(pattern),
        Err(why) => {
            Err(Diagnostic::alert(at, format!("'http-check expect' : invalid regular expression : {why}")))
        }
    }
}

fn ranges(cx: &mut Context<'_, Proxy>, option: &Word) -> Result<Vec<(u16, u16)>, Diagnostic> {
    let at = cx.words.here();
    let Some(word) = cx.words.next() else {
        let message = format!("'http-check expect' : '{}' expects a <pattern> as argument.", option.text);
        return Err(cx.words.error(message));
    };
    let bad = |why: String| Diagnostic::alert(at, format!("'http-check expect' : {why}"));
    if let Some(c) = word.text.chars().find(|c| !(c.is_ascii_digit() || matches!(c, ',' | '-'))) {
        return Err(bad(format!("invalid character '{c}' in the list of status codes.")));
    }
    let code = |text: &str| match text.parse::<u16>() {
        Ok(code) if (100..=999).contains(&code) => Ok(code),
        _ => Err(bad(format!("invalid status code '{text}'."))),
    };
    let range = |text: &str| match text.split_once('-') {
        None => code(text).map(|code| (code, code)),
        Some((low, high)) => match (code(low)?, code(high)?) {
            (low, high) if low <= high => Ok((low, high)),
            _ => Err(bad(format!("invalid range of status codes '{text}'."))),
        },
    };
    word.text.split(',').map(range).collect()
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    let message = format!(
        "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', \
         'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{got}'"
    );
    let names = ["disable-on-404", "send-state", "comment", "connect", "send", "expect"];
    Err(cx.words.error(message).suggest(lang::suggest::nearest(got, names)))
}
