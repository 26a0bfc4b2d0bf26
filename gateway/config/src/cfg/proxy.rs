//! Proxy keywords that belong to no family (configuration.txt 4.2).

use lang::{Diagnostic, Word};

use super::{
    ANY, BACKEND, BE, Context, FE, FRONTEND, Keyword, LISTEN, Misplaced, bind, keyword, log, log_profile,
    page,
};
use crate::draft::Proxy;
use crate::model::{Mode, PageOrigin, TrafficLog};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("bind")                 .in_(FRONTEND).parse(bind::bind),
    keyword("mode")                 .in_(ANY).parse(mode).lacks("'tcp', 'log', 'spop'"),
    keyword("maxconn")              .in_(FE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.maxconn = Some(cx.number(0, u32::MAX)?).filter(|max| *max > 0); Ok(()) }),
    keyword("fullconn")             .in_(BE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.fullconn = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("backlog")              .in_(FE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.backlog = Some(cx.number(0, i32::MAX as u32)?); Ok(()) }),
    keyword("retries")              .in_(BE).takes(1, "an integer argument (dispatch counts for one)").parse(retries),
    keyword("default_backend")      .in_(FE).takes(1, "a backend name").parse(default_backend),
    keyword("disabled")             .in_(ANY).flag().parse(|cx| { cx.target.settings.disabled = true; Ok(()) }),
    keyword("enabled")              .in_(ANY).flag().parse(|cx| { cx.target.settings.disabled = false; Ok(()) }),
    keyword("id")                   .in_(LISTEN).takes(1, "an integer argument").parse(id),
    keyword("description")          .in_(LISTEN).takes(1, "a string argument").parse(|cx| { cx.rest_text(); Ok(()) }),
    keyword("log")                  .in_(ANY).no().parse(log::proxy),
    keyword("log-tag")              .in_(ANY).lax().takes(1, "a tag for use in syslog").parse(|cx| { let tag = cx.expect("a tag")?.text.clone(); cx.target.settings.log_tag = Some(tag); Ok(()) }),
    keyword("log-format")           .in_(ANY).parse(log_format),
    keyword("monitor-uri")          .in_(FE).takes(1, "an URI").parse(|cx| { let uri = cx.expect("a URI")?.text.clone(); cx.target.settings.monitor_uri = Some(uri); Ok(()) }),
    keyword("errorfile")            .in_(ANY).parse(page::file),
    keyword("errorfiles")           .in_(ANY).parse(page::section),
    keyword("http-error")           .in_(ANY).parse(page::http_error),
    keyword("errorloc")             .in_(ANY).parse(|cx| page::location(cx, "302 Found", PageOrigin::Found)),
    keyword("errorloc302")          .in_(ANY).parse(|cx| page::location(cx, "302 Found", PageOrigin::Found)),
    keyword("errorloc303")          .in_(ANY).parse(|cx| page::location(cx, "303 See Other", PageOrigin::SeeOther)),

    keyword("bind-process")         .in_(ANY).lax().parse(bind_process).tunes("there is one process"),
    keyword("guid")                 .in_(ANY).takes(1, "an identifier").ignored("it only names the proxy for tools"),

    keyword("log-steps")            .in_(FE).takes(1, "'all' or a list of steps").parse(log_profile::steps),
    keyword("rate-limit")             .in_(FE).lax().misplaced(Misplaced::Silent).family(unknown_limit),
    keyword("rate-limit sessions")    .in_(FE).lax().misplaced(Misplaced::Bare).parse(rate_limit).later("use 'maxconn'"),
    keyword("crt")                    .in_(FRONTEND), keyword("ssl-f-use").in_(FRONTEND), keyword("force-be-switch").in_(FRONTEND),
    keyword("appsession")  .in_(ANY).refused("'appsession' is not supported anymore since HAProxy 1.6."),
    keyword("grace")       .in_(ANY).refused("the 'grace' keyword is not supported any more since HAProxy version 2.5."),
    keyword("redisp")      .in_(ANY).refused("keyword 'redisp' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    keyword("redispatch")  .in_(ANY).refused("keyword 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    keyword("from")        .in_(ANY).refused("'from' belongs on the section's line"),
];

fn mode(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let mode = match cx.words.next().map_or("", |word| word.text.as_str()) {
        "tcp" => Mode::Tcp,
        "http" => Mode::Http,
        "log" => Mode::Log,
        "spop" => Mode::Spop,
        "health" => {
            settled(cx);
            let message =
                "'mode health' doesn't exist anymore. Please use 'http-request return status 200' instead.";
            return Err(
                Diagnostic::alert(at, message).hint("write 'mode http' and 'http-request return status 200'")
            );
        }
        other => {
            let meant = lang::suggest::nearest(other, ["tcp", "http"]);
            settled(cx);
            return Err(Diagnostic::alert(at, format!("unknown proxy mode '{other}'.")).suggest(meant));
        }
    };
    cx.target.settings.mode = Some((mode, cx.span.to(at)));
    match mode {
        Mode::Tcp | Mode::Http => Ok(()),
        Mode::Log => Err(Diagnostic::not_yet(at, "'mode log'").hint("send the logs to a syslog server")),
        Mode::Spop => {
            Err(Diagnostic::not_yet(at, "'mode spop'").hint("remove the backend: there are no agents"))
        }
    }
}

/// The mode was refused: that it is then TCP is no news.
fn settled(cx: &mut Context<'_, Proxy>) {
    cx.target.settings.mode = Some((Mode::Http, cx.span));
}

fn default_backend(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("a backend name")?.clone();
    cx.target.settings.default_backend = Some(word);
    Ok(())
}

fn id(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let span = cx.words.here();
    let id =
        cx.number(1, i32::MAX as u32).map_err(|_| Diagnostic::alert(span, "custom id has to be > 0."))?;
    cx.target.id = Some((id, span));
    Ok(())
}

/// `bind-process`: a set of processes, of which there is one.
fn bind_process(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.words.next();
    if let Some(word) = word
        && let Err(why) = set(&word.text)
    {
        let message = format!("bind-process : '{}' is not a valid number/range.{why}", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    let message = "'bind-process' has no effect, is deprecated, and will be removed in version 2.7.";
    cx.notes.warning(cx.span, message);
    Ok(())
}

/// What is wrong with a set of processes.
fn set(text: &str) -> Result<(), &'static str> {
    if matches!(text, "all" | "odd" | "even") {
        return Ok(());
    }
    let ends: Vec<u32> = text.split('-').map(|end| end.parse().map_err(|_| "")).collect::<Result<_, _>>()?;
    match ends.iter().all(|end| *end == 1) {
        true => Ok(()),
        false => Err(" It supports numbers from 1 to 1."),
    }
}

fn log_format(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let missing = cx.words.error("log-format expects an argument.");
    let word = cx.words.next().ok_or(missing)?.clone();
    if let Some(more) = cx.words.peek() {
        let message = "log-format expects only one argument, don't forget to escape spaces!";
        return Err(Diagnostic::alert(more.span, message));
    }
    if cx.target.kind == BACKEND {
        let message =
            format!("backend '{}' : 'log-format' directive is ignored in backends.", cx.target.name);
        cx.notes.warning(cx.span, message);
        return Ok(());
    }
    let scope = cx.scope(expr::Phase::Log);
    let result = expr::LogFormat::parse_log(&word, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    let format = result.map_err(|bad| bad.prefixed("failed to parse log-format : "))?;
    super::option::log_as(cx, TrafficLog::Format(format));
    Ok(())
}

/// HAProxy reads the digits that there are, and none is 0.
fn retries(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("an integer argument (dispatch counts for one).")?;
    let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
    let retries: u32 = word.text.get(..digits).and_then(|digits| digits.parse().ok()).unwrap_or_default();
    if digits < word.text.len() {
        let message = format!("'retries' : '{}' is read as {retries}, as HAProxy does", word.text);
        cx.notes.warning(word.span, message);
    }
    cx.target.settings.retries = Some(retries);
    Ok(())
}

/// HAProxy's count of whole numbers where it takes no unit.
pub(crate) fn integer(word: &Word, keyword: &str) -> Result<i64, Diagnostic> {
    let (sign, digits) = word.text.strip_prefix('-').map_or((1, word.text.as_str()), |rest| (-1, rest));
    let odd = digits.chars().find(|c| !c.is_ascii_digit());
    match (odd, digits.parse::<i64>()) {
        (None, Ok(number)) => Ok(sign * number),
        (odd, _) => {
            let message = format!(
                "'{keyword}' : unexpected character '{}' in integer value '{}'",
                odd.unwrap_or('?'),
                word.text
            );
            Err(Diagnostic::alert(word.span, message))
        }
    }
}

fn rate_limit(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let missing = "'rate-limit sessions' expects expects an integer value (in sessions/second)";
    let word = cx.words.next().ok_or_else(|| cx.words.error(missing))?;
    let rate = integer(word, cx.keyword)?;
    if !cx.target.first_time(cx.keyword) {
        cx.notes.warning(cx.span, "overwriting rate-limit sessions which was already specified");
    }
    cx.target.settings.rate_limit = u32::try_from(rate).ok().filter(|rate| *rate > 0);
    Ok(())
}

fn unknown_limit(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let got = cx.words.peek_text().unwrap_or_default();
    let message = format!("'rate-limit' only supports 'sessions' (got '{got}')");
    Err(cx.words.error(message).suggest(lang::suggest::nearest(got, ["sessions"])))
}
