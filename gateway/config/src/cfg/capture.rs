//! What is kept of messages: `capture …`, `declare capture`, and the ids of requests (configuration.txt 4.2).

use expr::{LogFormat, Phase, Scope, Side};
use lang::Diagnostic;
use rules::{Rule, Slot, SlotNumber};

use super::{ANY, BACKEND, Context, DEFAULTS, FRONTEND, Keyword, keyword};
use crate::draft::Proxy;
use crate::model::{CaptureSlot, CookieCapture};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("capture request header") .in_(FRONTEND).parse(|cx| header(cx, Side::Request)),
    keyword("capture response header").in_(FRONTEND).parse(|cx| header(cx, Side::Response)),
    keyword("capture cookie")         .in_(FRONTEND).lax().parse(cookie),
    keyword("capture")                .in_(FRONTEND).family(|cx| Err(cx.words.error(FORMS))),
    keyword("declare capture")        .in_(FRONTEND).parse(declare),
    keyword("declare")                .in_(FRONTEND).family(unknown_declaration),
    keyword("unique-id-format")       .in_(ANY).parse(unique_id_format),
    keyword("unique-id-header")       .in_(ANY).parse(unique_id_header),
    keyword("error-log-format")       .in_(ANY).parse(error_log),
    keyword("log-format-sd")          .in_(ANY).parse(structured),
];

/// What is said of a `capture` line that is of none of its forms.
pub(crate) const FORMS: &str = "'capture' expects 'cookie' or 'request header' or 'response header'.";

/// The most that a slot keeps: a line is never longer.
const MOST: u32 = 65_536;

/// Digits, as HAProxy reads them: what is no number is 0.
fn length(text: &str) -> usize {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse::<u32>().map_or(0, |length| length.min(MOST)) as usize
}

fn header(cx: &mut Context<'_, Proxy>, side: Side) -> Result<(), Diagnostic> {
    let what = if side == Side::Request { "capture request" } else { "capture response" };
    let wrong = cx.words.error(format!("'{what}' expects 'header' <header_name> 'len' <len>."));
    let name = cx.words.next().filter(|name| !name.text.is_empty());
    let (Some(name), true, Some(len)) = (name, cx.words.accept("len"), cx.words.next()) else {
        return Err(wrong);
    };
    if let Some(word) = cx.words.peek() {
        let message = format!("'{what}' cannot handle unexpected argument '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    let header = Some(name.text.to_ascii_lowercase());
    push(cx.target, side, CaptureSlot { header, length: length(&len.text) });
    Ok(())
}

fn push(proxy: &mut Proxy, side: Side, slot: CaptureSlot) -> usize {
    let slots = match side {
        Side::Request => &mut proxy.captures.request,
        Side::Response => &mut proxy.captures.response,
    };
    slots.push(slot);
    slots.len() - 1
}

/// Gives a rule that says how long its capture is the next slot.
pub(super) fn declare_for(proxy: &mut Proxy, rule: Rule) -> Rule {
    match rule.slot() {
        Some(Slot { side, number: SlotNumber::Length(length) }) => {
            let id = push(proxy, side, CaptureSlot { header: None, length: length.min(MOST as usize) });
            rule.in_slot(id)
        }
        Some(Slot { number: SlotNumber::Id(_), .. }) | None => rule,
    }
}

fn cookie(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let wrong = cx.words.error("'capture' expects 'cookie' <cookie_name> 'len' <len>.");
    let (Some(name), Some(keyword), Some(len)) = (cx.words.next(), cx.words.next(), cx.words.next()) else {
        return Err(wrong);
    };
    if keyword.text != "len" {
        let message = format!("'{}' : '{}' is read as 'len', as HAProxy does", cx.keyword, keyword.text);
        cx.notes.warning(keyword.span, message);
    }
    cx.target.captures.cookie = Some(CookieCapture { begins: name.text.clone(), length: length(&len.text) });
    Ok(())
}

fn declare(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let side = match cx.words.peek_text() {
        Some("request") => Side::Request,
        Some("response") => Side::Response,
        _ => {
            let message = "'declare capture' requires a direction ('request' or 'response')";
            let near =
                lang::suggest::nearest(cx.words.peek_text().unwrap_or_default(), ["request", "response"]);
            return Err(cx.words.error(message).suggest(near));
        }
    };
    cx.words.next();
    let message = "'declare capture': 'len' requires a numeric value that represents the capture length";
    let wrong = cx.words.error(message);
    let (true, Some(len)) = (cx.words.accept("len"), cx.words.next()) else { return Err(wrong) };
    let length = length(&len.text);
    if length == 0 {
        return Err(Diagnostic::alert(len.span, "length must be > 0"));
    }
    push(cx.target, side, CaptureSlot { header: None, length });
    Ok(())
}

fn unknown_declaration(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    if got.is_empty() {
        let message = "'declare' needs a second keyword that specify the type of declaration ('capture')";
        return Err(cx.words.error(message));
    }
    Err(cx.words.error(format!("unknown declaration type '{got}' (supports 'capture')")))
}

fn unique_id_format(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let format = format(cx, Phase::HttpRequest, LogFormat::parse_id)?;
    cx.target.settings.unique_id.format = Some(format);
    Ok(())
}

fn unique_id_header(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let missing = cx.words.error("unique-id-header expects an argument.");
    let word = cx.words.next().ok_or(missing)?;
    cx.target.settings.unique_id.header = Some(cx.header_name(word)?);
    Ok(())
}

fn error_log(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(format) = log_format(cx)? else { return Ok(()) };
    if cx.target.kind == DEFAULTS && cx.target.settings.error_log.is_some() {
        let keyword = cx.keyword;
        let message = format!("'{keyword}' overrides previous '{keyword}' in 'defaults' section.");
        cx.notes.warning(cx.span, message);
    }
    cx.target.settings.error_log = Some(format);
    Ok(())
}

fn structured(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(format) = log_format(cx)? else { return Ok(()) };
    cx.target.settings.structured = Some(format);
    cx.target.settings.structured_span = Some(cx.span);
    Ok(())
}

/// A format of log lines; a backend writes none.
fn log_format(cx: &mut Context<'_, Proxy>) -> Result<Option<LogFormat>, Diagnostic> {
    if cx.target.kind == BACKEND && cx.words.remaining() == 1 {
        let (name, keyword) = (&cx.target.name, cx.keyword);
        let message = format!("backend '{name}' : '{keyword}' directive is ignored in backends.");
        cx.notes.warning(cx.span, message);
        cx.words.next();
        return Ok(None);
    }
    format(cx, Phase::Log, LogFormat::parse_log).map(Some)
}

type Parse = fn(&lang::Word, &Scope<'_>) -> Result<LogFormat, Diagnostic>;

fn format(cx: &mut Context<'_, Proxy>, phase: Phase, parse: Parse) -> Result<LogFormat, Diagnostic> {
    let keyword = cx.keyword;
    let missing = cx.words.error(format!("{keyword} expects an argument."));
    let word = cx.words.next().ok_or(missing)?;
    if let Some(more) = cx.words.peek() {
        let message = format!("{keyword} expects only one argument, don't forget to escape spaces!");
        return Err(Diagnostic::alert(more.span, message));
    }
    let scope = cx.scope(phase);
    let result = match keyword {
        "unique-id-format" => scope.within("unique-id-format string", || parse(word, &scope)),
        "log-format-sd" => scope.within("log-format-sd string", || parse(word, &scope)),
        _ => parse(word, &scope),
    };
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    let what = if keyword == "unique-id-format" { "unique-id" } else { keyword };
    result.map_err(|bad| bad.prefixed(&format!("failed to parse {what} : ")))
}
