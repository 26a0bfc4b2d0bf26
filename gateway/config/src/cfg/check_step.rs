//! The steps of checks: what `tcp-check` and `http-check` have in common (configuration.txt 4.2).

use expr::{Assignment, LogFormat, Phase};
use lang::units::{Host, Port};
use lang::{Diagnostic, Word, suggest};

use super::{BE, Context, Keyword, keyword};
use crate::draft::Proxy;
use crate::model::{CheckConnect, CheckPayload, CheckPort, CheckStep, CheckText};

/// What to do about steps that nothing acts on yet.
pub(crate) const ADVICE: &str = "remove it: 'check' alone tests the connection";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("tcp-check comment")       .in_(BE).parse(comment).lax().tunes("comments are for readers"),
    keyword("tcp-check connect")       .in_(BE).parse(connect).later(ADVICE),
    keyword("tcp-check send")          .in_(BE).parse(send).later(ADVICE),
    keyword("tcp-check send-lf")       .in_(BE).parse(send).later(ADVICE),
    keyword("tcp-check send-binary")   .in_(BE).parse(send).later(ADVICE),
    keyword("tcp-check send-binary-lf").in_(BE).parse(send).later(ADVICE),
    keyword("tcp-check expect")        .in_(BE).parse(super::expect::tcp).later(ADVICE),
    keyword("tcp-check set-var")       .in_(BE).parse(nameless).later(ADVICE),
    keyword("tcp-check set-var-fmt")   .in_(BE).parse(nameless).later(ADVICE),
    keyword("tcp-check unset-var")     .in_(BE).parse(nameless).later(ADVICE),
    keyword("tcp-check")               .in_(BE).family(unknown),
];

/// The steps of one of the two kinds; the section's own replace those of `defaults`.
pub(crate) fn steps<'a>(cx: &'a mut Context<'_, Proxy>) -> &'a mut Vec<CheckStep> {
    let proxy = &mut *cx.target;
    let (family, steps) = match is_http(cx.keyword) {
        true => ("http-check", &mut proxy.settings.http_steps),
        false => ("tcp-check", &mut proxy.settings.tcp_steps),
    };
    if proxy.seen.insert(family) {
        steps.clear();
    }
    steps
}

fn is_http(keyword: &str) -> bool {
    keyword.starts_with("http-check")
}

/// An error at the next word, with the line's keyword before it.
pub(crate) fn error(cx: &Context<'_, Proxy>, message: impl std::fmt::Display) -> Diagnostic {
    error_at(cx, cx.words.here(), message)
}

/// An error with the line's keyword before it.
pub(crate) fn error_at(
    cx: &Context<'_, Proxy>,
    span: lang::Span,
    message: impl std::fmt::Display,
) -> Diagnostic {
    Diagnostic::alert(span, format!("'{}' : {message}", cx.keyword))
}

/// The word behind an option.
pub(crate) fn argument<'a>(
    cx: &mut Context<'a, Proxy>,
    option: &str,
    what: &str,
) -> Result<&'a Word, Diagnostic> {
    cx.words.next().ok_or_else(|| error(cx, format_args!("'{option}' expects {what}.")))
}

/// The text behind an option.
pub(crate) fn text(cx: &mut Context<'_, Proxy>, option: &str) -> Result<String, Diagnostic> {
    argument(cx, option, "a string as argument").map(|word| word.text.clone())
}

/// A log-format string.
pub(crate) fn format(cx: &mut Context<'_, Proxy>, word: &Word) -> Result<LogFormat, Diagnostic> {
    let label = format!("'{}' : '{}' invalid log-format string (", cx.keyword, word.text);
    cx.format(word, Phase::Check).map_err(|bad| bad.prefixed(&label).suffixed(")."))
}

/// Hexadecimal digits, two for each byte.
pub(crate) fn binary(text: &str) -> Result<Vec<u8>, String> {
    if let Some(c) = text.chars().find(|c| !c.is_ascii_hexdigit()) {
        return Err(format!("invalid binary string (an hex digit is expected (found '{c}'))."));
    }
    if !text.len().is_multiple_of(2) {
        return Err("invalid binary string (an even number of hex digit is expected).".to_owned());
    }
    let digits: Vec<u8> = text.chars().filter_map(|c| u8::try_from(c.to_digit(16)?).ok()).collect();
    Ok(digits.chunks(2).map(|pair| pair.iter().fold(0, |byte, digit| byte << 4 | digit)).collect())
}

/// A step that neither sends nor waits.
pub(crate) fn is_aside(step: &CheckStep) -> bool {
    matches!(step, CheckStep::Comment(_) | CheckStep::SetVar { .. } | CheckStep::UnsetVar(_))
}

/// Adds a step where one of its kind may stand.
pub(crate) fn push(cx: &mut Context<'_, Proxy>, step: CheckStep) -> Result<(), Diagnostic> {
    let http = is_http(cx.keyword);
    let steps = steps(cx);
    let wrong = misplaced(steps, &step, http);
    if wrong.is_none() {
        steps.push(step);
    }
    wrong.map_or(Ok(()), |wrong| Err(error_at(cx, cx.span, wrong)))
}

/// A `connect` among steps asks for one at their beginning. In HTTP each connection has one request, and its answers
/// stand before the next.
fn misplaced(steps: &[CheckStep], step: &CheckStep, http: bool) -> Option<String> {
    let mut real = steps.iter().filter(|step| !is_aside(step));
    let (first, last) = (real.next(), steps.iter().rev().find(|step| !is_aside(step)));
    let connects = matches!(step, CheckStep::Connect(_));
    if connects && first.is_some_and(|step| !matches!(step, CheckStep::Connect(_))) {
        return Some(
            "first step MUST also be a 'connect', optionally preceded by a 'set-var', an 'unset-var' or a \
             'comment', when there is a 'connect' step in the tcp-check ruleset."
                .to_owned(),
        );
    }
    let (kind, missing) = match (step, last.filter(|_| http)?) {
        (CheckStep::Connect(_), CheckStep::Connect(_) | CheckStep::Request(_)) => ("connect", "expect"),
        (CheckStep::Request(_), CheckStep::Request(_) | CheckStep::Expect(_)) => ("send", "connect"),
        (CheckStep::Expect(_), CheckStep::Connect(_)) => ("expect", "send"),
        _ => return None,
    };
    // HAProxy counts the request of 'option httpchk' until a line behind a connection stands for it
    let asked = steps.iter().any(|step| matches!(step, CheckStep::Request(_)));
    let stands = asked && matches!(first, Some(CheckStep::Connect(_)));
    let number = steps.len() + usize::from(!stands);
    Some(format!("unable to add http-check {kind} rule at step {number} (missing {missing} rule)."))
}

/// `connect …`.
pub(crate) fn connect(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut step = CheckConnect::default();
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "default" => step.default = true,
            "ssl" => step.ssl = true,
            "send-proxy" => step.send_proxy = true,
            "via-socks4" => step.via_socks4 = true,
            "linger" => step.linger = true,
            "port" => step.port = Some(port(cx)?),
            "addr" => step.addr = Some(address(cx)?),
            "sni" => step.sni = Some(text(cx, "sni")?),
            "comment" => step.comment = Some(text(cx, "comment")?),
            "alpn" => {
                let missing = error(cx, "'alpn' : missing the comma-delimited ALPN protocol suite.");
                step.alpn = Some(cx.words.next().ok_or(missing)?.text.clone());
            }
            "proto" => step.proto = Some(proto(cx)?),
            other => {
                let message = format!(
                    "expects 'comment', 'port', 'addr', 'send-proxy', 'ssl', 'sni', 'alpn' or 'via-socks4', \
                     'linger', 'default' but got '{other}' as argument."
                );
                let meant = suggest::nearest(other, OPTIONS);
                return Err(error_at(cx, word.span, message).suggest(meant));
            }
        }
    }
    push(cx, CheckStep::Connect(Box::new(step)))
}

#[rustfmt::skip]
const OPTIONS: [&str; 11] = [
    "comment", "port", "addr", "send-proxy", "ssl", "sni", "alpn", "via-socks4", "linger", "default", "proto",
];

/// Protocols that a proxy in HTTP mode may speak to a server.
const HTTP_PROTOCOLS: [&str; 3] = ["h1", "h2", "fcgi"];

fn proto(cx: &mut Context<'_, Proxy>) -> Result<String, Diagnostic> {
    let word = argument(cx, "proto", "a MUX protocol as argument")?;
    let name = word.text.as_str();
    if name != "none" && !HTTP_PROTOCOLS.contains(&name) {
        let meant = suggest::nearest(name, HTTP_PROTOCOLS);
        let message = format!("'proto' : unknown MUX protocol '{name}'.");
        return Err(error_at(cx, word.span, message).suggest(meant));
    }
    if name != "none" && !is_http(cx.keyword) {
        let message = format!("'proto' : invalid MUX protocol '{name}' for tcp-check.");
        return Err(error_at(cx, word.span, message));
    }
    Ok(name.to_owned())
}

fn port(cx: &mut Context<'_, Proxy>) -> Result<CheckPort, Diagnostic> {
    let missing = "'port' expects a port number or a sample expression as argument.";
    let word = cx.words.peek().ok_or_else(|| error(cx, missing))?;
    let Ok(port) = word.text.parse::<i64>() else {
        let label = format!("'{}' : error detected while parsing port expression : ", cx.keyword);
        let context = Some("server directive");
        let expr = cx.expr_within(context, Phase::Check).map_err(|bad| bad.prefixed(&label).suffixed("."))?;
        return Ok(CheckPort::Expr(expr));
    };
    cx.words.next();
    let fixed = u16::try_from(port).ok().filter(|port| *port > 0).map(CheckPort::Fixed);
    fixed.ok_or_else(|| {
        let message =
            format!("expects a valid TCP port (from range 1 to 65535) or a sample expression, got {port}.");
        error_at(cx, word.span, message)
    })
}

fn address(cx: &mut Context<'_, Proxy>) -> Result<String, Diagnostic> {
    let word = argument(cx, "addr", "<ipv4|ipv6> as argument")?;
    let parsed = super::address::parse(cx, word, &word.text);
    let bad = |why: String| error_at(cx, word.span, format_args!("'addr' : {why}."));
    let address = parsed.map_err(&bad)?;
    let text = super::address::expand(&word.text, cx.world.env);
    match address.port {
        Port::None | Port::One(_) => {}
        Port::Range(..) => return Err(bad(format!("port range not permitted here in '{text}'"))),
        Port::Offset(_) => return Err(bad(format!("port offset not permitted here in '{text}'"))),
    }
    match address.host {
        Host::Name(name) => Err(bad(format!("invalid address: '{name}' in '{text}'"))),
        _ => Ok(text),
    }
}

/// `comment TEXT`.
pub(crate) fn comment(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let missing = error(cx, "expects a string as argument.");
    let text = cx.words.next().ok_or(missing)?.text.clone();
    push(cx, CheckStep::Comment(text))
}

/// `tcp-check send …` in its four forms.
fn send(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let form = cx.keyword.strip_prefix("tcp-check ").unwrap_or_default();
    let what = if form.starts_with("send-binary") { "binary string" } else { "string" };
    let word = argument(cx, what, &format!("a {form} as argument"))?;
    let payload = match form {
        "send-lf" => CheckPayload::Text(CheckText::Format(format(cx, word)?)),
        "send-binary" => {
            let bad = |why| error_at(cx, word.span, format_args!("'{}' {why}", word.text));
            CheckPayload::Binary(binary(&word.text).map_err(bad)?)
        }
        "send-binary-lf" => CheckPayload::BinaryFormat(format(cx, word)?),
        _ => CheckPayload::Text(CheckText::Plain(word.text.clone())),
    };
    let mut comment = None;
    while let Some(word) = cx.words.next() {
        if word.text != "comment" {
            let message = format!("expects 'comment' but got '{}' as argument.", word.text);
            return Err(error_at(cx, word.span, message).suggest(suggest::nearest(&word.text, ["comment"])));
        }
        comment = Some(text(cx, "comment")?);
    }
    push(cx, CheckStep::Send { payload, comment })
}

/// A line whose second word is none of the keywords: `set-var(…)`, `set-var-fmt(…)` and `unset-var(…)` hold a name.
/// `None` for another word.
pub(crate) fn variable(cx: &mut Context<'_, Proxy>) -> Option<Result<(), Diagnostic>> {
    let word = cx.words.peek()?;
    let (action, rest) = word.text.split_once('(')?;
    if !["set-var", "set-var-fmt", "unset-var"].contains(&action) {
        return None;
    }
    cx.words.next();
    let label = format!("'{} {}' : '{action}' : ", cx.keyword, word.text);
    let name = Word { text: rest.strip_suffix(')').unwrap_or(rest).to_owned(), ..word.clone() };
    let step = variable_step(cx, word, action, &name).map_err(|bad| bad.prefixed(&label).suffixed("."));
    cx.words.take_rest();
    let what = format!("'{} {action}'", cx.keyword);
    let told = step.and_then(|step| push(cx, step));
    if is_http(cx.keyword) {
        return Some(told);
    }
    Some(told.and_then(|()| Err(Diagnostic::not_yet(word.span, what).hint(ADVICE))))
}

fn variable_step(
    cx: &mut Context<'_, Proxy>,
    word: &Word,
    action: &str,
    name: &Word,
) -> Result<CheckStep, Diagnostic> {
    let scope = cx.scope(Phase::Check);
    if action == "unset-var" {
        let var = cx.world.vars.borrow_mut().name(&name.text);
        return var.map(CheckStep::UnsetVar).map_err(|why| Diagnostic::alert(word.span, why));
    }
    let formatted = action == "set-var-fmt";
    let text = cx.words.peek_text().unwrap_or_default().to_owned();
    let assignment = if formatted && cx.words.is_empty() {
        // HAProxy takes no format for an empty one
        let empty = [Word::new("", cx.words.here())];
        Assignment::parse(name, formatted, &mut lang::Words::new(&empty, cx.words.here()), &scope)
    } else {
        Assignment::parse(name, formatted, &mut cx.words, &scope)
    };
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    Ok(CheckStep::SetVar { action: word.text.clone(), text, assignment: Box::new(assignment?) })
}

/// `set-var` and its like without a name.
pub(crate) fn nameless(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let action = cx.keyword.rsplit(' ').next().unwrap_or_default();
    let message = format!(
        "'{action}' : invalid or incomplete action '{action}'. Expects 'set-var(<var-name>)', \
         'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'."
    );
    Err(error_at(cx, cx.span, message))
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if let Some(result) = variable(cx) {
        return result;
    }
    let got = cx.words.peek_text().unwrap_or_default();
    let message = format!(
        "'tcp-check' only supports 'comment', 'connect', 'send', 'send-binary', 'expect', 'set-var-fmt(*)', \
         'set-var(*)', 'unset-var(*)'. but got '{got}'"
    );
    let names = ["comment", "connect", "send", "send-lf", "send-binary", "send-binary-lf", "expect"];
    Err(cx.words.error(message).suggest(suggest::nearest(got, names)))
}
