//! `option httpchk` and `http-check …` (configuration.txt 4.2).

use expr::{LogFormat, Phase};
use lang::{Diagnostic, Word, suggest};

use super::check_step::{
    argument, comment, connect, error, error_at, format, nameless, push, steps, text, variable,
};
use super::{BE, Context, Keyword, expect, keyword};
use crate::draft::{HttpCheck, Proxy};
use crate::model::{CheckRequest, CheckStep, CheckText};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("http-check send")          .in_(BE).parse(send),
    keyword("http-check expect")        .in_(BE).parse(expect::http).lacks("'L7OKC'"),
    keyword("http-check comment")       .in_(BE).parse(comment).lax().tunes("comments are for readers"),
    keyword("http-check connect")       .in_(BE).parse(plain_connect).lacks("'ssl', 'sni', 'alpn', 'proto', 'send-proxy' and 'via-socks4'"),
    keyword("http-check disable-on-404").in_(BE).parse(disable_on_404).later(super::ADVICE),
    keyword("http-check send-state")    .in_(BE).parse(send_state).later(super::ADVICE),
    keyword("http-check set-var")       .in_(BE).parse(nameless),
    keyword("http-check set-var-fmt")   .in_(BE).parse(nameless),
    keyword("http-check unset-var")     .in_(BE).parse(nameless),
    keyword("http-check")               .in_(BE).family(unknown),
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
        unpack(&mut check).map_err(|head| {
            let message = format!("'option httpchk' : unable to parse the request '{head}'.");
            Diagnostic::alert(cx.span, message)
        })?;
        let message = "'option httpchk' : hiding headers or body at the end of the version string is deprecated. \
                       Please, consider to use 'http-check send' directive instead.";
        cx.notes.warning(cx.span, message);
    }
    cx.target.settings.probe = None;
    cx.target.settings.http_check = Some(check);
    Ok(())
}

/// The old way: headers and a body behind the version. What is no header is the error.
fn unpack(check: &mut HttpCheck) -> Result<(), String> {
    let text = check.version.replace("\r\n", "\n");
    let (head, body) = text.split_once("\n\n").unwrap_or((text.as_str(), ""));
    let mut lines = head.lines();
    check.version = lines.next().unwrap_or(VERSION).to_owned();
    let header = |line: &str| {
        let (name, value) = line.split_once(':').ok_or(line)?;
        Ok((name.trim().to_owned(), value.trim().to_owned()))
    };
    check.headers = lines.map(header).collect::<Result<_, String>>()?;
    check.body = (!body.is_empty()).then(|| body.to_owned());
    Ok(())
}

fn disable_on_404(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    cx.target.settings.options.disable_on_404 = true;
    no_more(cx)
}

fn send_state(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    cx.target.settings.options.send_state = true;
    no_more(cx)
}

/// HAProxy names the family alone.
fn no_more(cx: &Context<'_, Proxy>) -> Result<(), Diagnostic> {
    cx.words.peek().map_or(Ok(()), |word| {
        let message = format!("'http-check' cannot handle unexpected argument '{}'.", word.text);
        Err(Diagnostic::alert(word.span, message))
    })
}

/// `http-check connect …`, in the clear and without anything before the request.
fn plain_connect(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    connect(cx)?;
    let Some(CheckStep::Connect(step)) = steps(cx).last() else { return Ok(()) };
    let lacking = [
        ("ssl", step.ssl),
        ("sni", step.sni.is_some()),
        ("alpn", step.alpn.is_some()),
        ("proto", step.proto.as_ref().is_some_and(|proto| !matches!(proto.as_str(), "none" | "h1"))),
        ("send-proxy", step.send_proxy),
        ("via-socks4", step.via_socks4),
    ];
    match lacking.into_iter().find(|(_, said)| *said) {
        Some((option, _)) => {
            let what = format!("'http-check connect {option}'");
            Err(Diagnostic::not_yet(cx.span, what).hint("check a port that speaks plain HTTP"))
        }
        None => Ok(()),
    }
}

/// `http-check send …`.
fn send(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut request = CheckRequest::default();
    while let Some(word) = cx.words.next() {
        let option = word.text.as_str();
        match option {
            "meth" => request.method = Some(text(cx, option)?),
            "uri" => request.uri = Some(CheckText::Plain(text(cx, option)?)),
            "ver" => request.version = Some(text(cx, option)?),
            "body" => request.body = Some(CheckText::Plain(text(cx, option)?)),
            "comment" => request.comment = Some(text(cx, option)?),
            "uri-lf" => request.uri = Some(formatted(cx, option)?),
            "body-lf" => request.body = Some(formatted(cx, option)?),
            "hdr" => request.headers.push(header(cx)?),
            other => {
                let message = format!(
                    "expects 'comment', 'meth', 'uri', 'uri-lf', 'ver', 'hdr', 'body' or 'body-lf' but got \
                     '{other}' as argument."
                );
                let names = ["comment", "meth", "uri", "uri-lf", "ver", "hdr", "body", "body-lf"];
                return Err(error_at(cx, word.span, message).suggest(suggest::nearest(other, names)));
            }
        }
    }
    push(cx, CheckStep::Request(Box::new(request)))
}

/// A log-format string; one in which nothing is made is a text.
fn formatted(cx: &mut Context<'_, Proxy>, option: &str) -> Result<CheckText, Diagnostic> {
    let word = argument(cx, option, "a string as argument")?;
    format(cx, word).map(settled)
}

fn settled(format: LogFormat) -> CheckText {
    let constant = format.constant().map(|bytes| String::from_utf8(bytes.to_vec()));
    match constant {
        Some(Ok(text)) => CheckText::Plain(text),
        _ => CheckText::Format(format),
    }
}

/// `hdr NAME VALUE`, whose value may hold `%[…]`.
fn header(cx: &mut Context<'_, Proxy>) -> Result<(String, CheckText), Diagnostic> {
    let missing = error(cx, "'hdr' expects <name> and <value> as arguments.");
    let name = cx.words.next().filter(|name| !name.text.is_empty());
    let (Some(name), Some(value)) = (name, cx.words.next()) else { return Err(missing) };
    let label = format!("'{}' : ", cx.keyword);
    let value = cx.format(value, Phase::Check).map_err(|bad| bad.prefixed(&label).suffixed("."))?;
    Ok((name.text.clone(), settled(value)))
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if let Some(result) = variable(cx) {
        return result;
    }
    let got = cx.words.peek_text().unwrap_or_default();
    let message = format!(
        "'http-check' only supports 'disable-on-404', 'send-state', 'comment', 'connect', 'send', 'expect', \
         'set-var-fmt(*)', 'set-var(*)', 'unset-var(*)'. but got '{got}'"
    );
    let names = ["disable-on-404", "send-state", "comment", "connect", "send", "expect"];
    Err(cx.words.error(message).suggest(suggest::nearest(got, names)))
}
