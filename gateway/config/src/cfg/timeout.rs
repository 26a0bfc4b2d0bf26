//! `timeout …` lines (configuration.txt 4.2).

use std::time::Duration;

use lang::units::TimeUnit;
use lang::{Diagnostic, Word};

use super::{ANY, BE, Context, FE, Keyword, Misplaced, keyword};
use crate::draft::Proxy;

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("timeout client")         .in_(FE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.client)),
    keyword("timeout client-fin")     .in_(FE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.client_fin)),
    keyword("timeout server")         .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.server)),
    keyword("timeout server-fin")     .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.server_fin)).lacks("the server's half of a tunnel waits as long as 'timeout server'"),
    keyword("timeout connect")        .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.connect)),
    keyword("timeout queue")          .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.queue)),
    keyword("timeout check")          .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.check)),
    keyword("timeout tunnel")         .in_(BE) .misplaced(Misplaced::WillBe).parse(|cx| set(cx, |p| &mut p.settings.timeouts.tunnel)),
    keyword("timeout tarpit")         .in_(ANY).parse(|cx| set(cx, |p| &mut p.settings.timeouts.tarpit)),
    keyword("timeout http-request")   .in_(ANY).parse(|cx| set(cx, |p| &mut p.settings.timeouts.http_request)),
    keyword("timeout http-keep-alive").in_(ANY).parse(|cx| set(cx, |p| &mut p.settings.timeouts.http_keep_alive)),
    keyword("timeout client-hs")      .in_(FE) .misplaced(Misplaced::WillBe).ignored("the TLS handshake is under 'timeout client'"),
    keyword("timeout")                .in_(ANY).family(unknown),
    keyword("contimeout")             .in_(ANY).refused("the 'contimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout connect'."),
    keyword("clitimeout")             .in_(ANY).refused("the 'clitimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout client'."),
    keyword("srvtimeout")             .in_(ANY).refused("the 'srvtimeout' directive is not supported anymore since HAProxy 2.1. Use 'timeout server'."),
];

fn set(
    cx: &mut Context<'_, Proxy>,
    field: fn(&mut Proxy) -> &mut Option<Duration>,
) -> Result<(), Diagnostic> {
    let time = value(cx)?;
    if !cx.target.first_time(cx.keyword) {
        let message = format!("overwriting '{}' which was already specified", cx.keyword);
        cx.notes.warning(cx.span, message);
    }
    *field(cx.target) = Some(time).filter(|time| !time.is_zero());
    Ok(())
}

fn value(cx: &mut Context<'_, Proxy>) -> Result<Duration, Diagnostic> {
    let keyword = cx.keyword;
    let word: &Word = match cx.words.next() {
        Some(word) => word,
        None => return Err(cx.error("expects an integer value (in milliseconds)")),
    };
    if word.text.is_empty() {
        return Err(Diagnostic::alert(
            word.span,
            format!("'{keyword}' expects an integer value (in milliseconds)"),
        ));
    }
    let time = cx.time_of(word, TimeUnit::Ms).map_err(|bad| {
        let bad = bad.to_string();
        let message = match bad.strip_prefix("timer overflow ") {
            Some(limit) => format!("timer overflow in argument '{}' to '{keyword}' {limit}", word.text),
            None => format!("{bad} in '{keyword}'"),
        };
        Diagnostic::alert(word.span, message)
    })?;
    match cx.words.peek() {
        None => Ok(time),
        Some(extra) => {
            let (extra, at) = (&extra.text, extra.span);
            let message =
                format!("'{keyword}' : unexpected extra argument '{extra}' after value '{}'.", word.text);
            Err(Diagnostic::alert(at, message))
        }
    }
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let names = [
        "client",
        "server",
        "connect",
        "check",
        "queue",
        "http-keep-alive",
        "http-request",
        "tunnel",
        "tarpit",
        "client-fin",
        "server-fin",
    ];
    let got = cx.words.peek_text().unwrap_or_default();
    let message = format!(
        "'timeout' supports 'client', 'server', 'connect', 'check', 'queue', 'http-keep-alive', 'http-request', \
         'tunnel', 'tarpit', 'client-fin' and 'server-fin' (got '{got}')"
    );
    Err(cx.words.error(message).suggest(lang::suggest::nearest(got, names)))
}
