//! Proxy keywords that belong to no family (configuration.txt 4.2).

use lang::Diagnostic;

use super::{ADVICE, ANY, BACKEND, BE, Context, FE, FRONTEND, Keyword, LISTEN, bind, keyword, log, page};
use crate::draft::Proxy;
use crate::model::{Mode, PageOrigin, TrafficLog};

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("bind")                 .in_(FRONTEND).parse(bind::bind),
    keyword("mode")                 .in_(ANY).parse(mode).lacks("'tcp', 'log', 'spop'"),
    keyword("maxconn")              .in_(FE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.maxconn = Some(cx.number(0, u32::MAX)?).filter(|max| *max > 0); Ok(()) }),
    keyword("fullconn")             .in_(BE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.fullconn = Some(cx.number(0, u32::MAX)?); Ok(()) }),
    keyword("backlog")              .in_(FE).takes(1, "an integer argument").parse(|cx| { cx.target.settings.backlog = Some(cx.number(0, i32::MAX as u32)?); Ok(()) }),
    keyword("retries")              .in_(BE).takes(1, "an integer argument (dispatch counts for one)").parse(|cx| { cx.target.settings.retries = Some(cx.number(0, 10_000)?); Ok(()) }),
    keyword("default_backend")      .in_(FE).takes(1, "a backend name").parse(default_backend),
    keyword("disabled")             .in_(ANY).flag().parse(|cx| { cx.target.settings.disabled = true; Ok(()) }),
    keyword("enabled")              .in_(ANY).flag().parse(|cx| { cx.target.settings.disabled = false; Ok(()) }),
    keyword("id")                   .in_(LISTEN).takes(1, "an integer argument").parse(id),
    keyword("description")          .in_(LISTEN).takes(1, "a string argument").parse(|cx| { cx.rest_text(); Ok(()) }),
    keyword("log")                  .in_(ANY).no().parse(log::proxy),
    keyword("log-tag")              .in_(ANY).takes(1, "a tag for use in syslog").parse(|cx| { let tag = cx.expect("a tag")?.text.clone(); cx.target.settings.log_tag = Some(tag); Ok(()) }),
    keyword("log-format")           .in_(ANY).takes(1, "an argument").parse(log_format),
    keyword("monitor-uri")          .in_(FE).takes(1, "a URI").parse(|cx| { let uri = cx.expect("a URI")?.text.clone(); cx.target.settings.monitor_uri = Some(uri); Ok(()) }),
    keyword("errorfile")            .in_(ANY).parse(page::file),
    keyword("errorloc")             .in_(ANY).parse(|cx| page::location(cx, "302 Found", PageOrigin::Found)),
    keyword("errorloc302")          .in_(ANY).parse(|cx| page::location(cx, "302 Found", PageOrigin::Found)),
    keyword("errorloc303")          .in_(ANY).parse(|cx| page::location(cx, "303 See Other", PageOrigin::SeeOther)),
    keyword("http-reuse")           .in_(BE).takes(1, "a mode").parse(http_reuse).lacks("'never'; 'aggressive' and 'always' mean 'safe'"),

    keyword("bind-process")         .in_(ANY).takes(1, "a set").ignored("there is one process"),
    keyword("max-keep-alive-queue") .in_(BE).takes(1, "a number").ignored("idle connections are kept apart from the queue"),
    keyword("clitcpka-cnt")  .in_(FE).takes(1, "a number").ignored("TCP keep-alive probes are not sent"),
    keyword("clitcpka-idle") .in_(FE).takes(1, "a delay") .ignored("TCP keep-alive probes are not sent"),
    keyword("clitcpka-intvl").in_(FE).takes(1, "a delay") .ignored("TCP keep-alive probes are not sent"),
    keyword("srvtcpka-cnt")  .in_(BE).takes(1, "a number").ignored("TCP keep-alive probes are not sent"),
    keyword("srvtcpka-idle") .in_(BE).takes(1, "a delay") .ignored("TCP keep-alive probes are not sent"),
    keyword("srvtcpka-intvl").in_(BE).takes(1, "a delay") .ignored("TCP keep-alive probes are not sent"),
    keyword("load-server-state-from-file").in_(BE).takes(1, "a scope").ignored("server states live on through a reload inside the process"),
    keyword("server-state-file-name")     .in_(BE).ignored("server states live on through a reload inside the process"),
    keyword("persist rdp-cookie")         .in_(BE).unsupported("use 'balance source'"),
    keyword("guid")                 .in_(ANY).takes(1, "an identifier").ignored("it only names the proxy for tools"),

    keyword("compression")            .in_(ANY),
    keyword("cookie")                 .in_(BE).unsupported("remove it: cookie persistence comes later; 'balance source' keeps clients on servers"),
    keyword("email-alert")            .in_(ANY), keyword("errorfiles").in_(ANY),
    keyword("filter")                 .in_(LISTEN), keyword("http-error").in_(ANY).unsupported("use 'errorfile'"),
    keyword("http-send-name-header")  .in_(BE), keyword("log-steps").in_(FE),
    keyword("rate-limit")             .in_(FE), keyword("retry-on").in_(BE),
    keyword("stats")                  .in_(ANY).unsupported("remove it: 'stats socket' and the Prometheus exporter give the same figures"),
    keyword("stick")                  .in_(BACKEND).unsupported("use 'balance source'"), keyword("stick-table").in_(LISTEN),
    keyword("use-fcgi-app").in_(BACKEND),
    keyword("crt")                    .in_(FRONTEND), keyword("ssl-f-use").in_(FRONTEND), keyword("force-be-switch").in_(FRONTEND),
    keyword("namespace")              .in_(BE).takes(1, "a name").parse(|cx| { cx.expect("a name")?; Ok(()) }).later(ADVICE),
    keyword("appsession")  .in_(ANY).refused("'appsession' is not supported anymore since HAProxy 1.6."),
    keyword("grace")       .in_(ANY).refused("the 'grace' keyword is not supported any more since HAProxy version 2.5."),
    keyword("redisp")      .in_(ANY).refused("the 'redisp' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    keyword("redispatch")  .in_(ANY).refused("the 'redispatch' directive is not supported anymore since HAProxy 2.1. Use 'option redispatch'."),
    keyword("transparent") .in_(ANY).refused("the 'transparent' directive is not supported anymore. Use 'option transparent'."),
    keyword("from")        .in_(ANY).refused("'from' belongs on the section's line"),
];

fn mode(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let at = cx.words.here();
    let mode = match cx.words.next().map_or("", |word| word.text.as_str()) {
        "tcp" => Mode::Tcp,
        "http" => Mode::Http,
        other @ ("log" | "spop" | "health" | "haterm") => {
            settled(cx);
            return Err(Diagnostic::not_yet(at, format_args!("'mode {other}'")));
        }
        other => {
            let meant = lang::suggest::nearest(other, ["tcp", "http"]);
            settled(cx);
            return Err(Diagnostic::alert(at, format!("unknown proxy mode '{other}'.")).suggest(meant));
        }
    };
    cx.target.settings.mode = Some((mode, cx.span.to(at)));
    Ok(())
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

fn log_format(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("an argument")?.clone();
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
    cx.target.settings.traffic = TrafficLog::Format(format);
    cx.target.settings.traffic_span = Some(cx.span);
    Ok(())
}

/// How connections to servers are shared is the gateway's own business, but for `never`.
fn http_reuse(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("a mode")?.clone();
    match word.text.as_str() {
        "safe" => Ok(()), // the way it is
        "aggressive" | "always" => {
            super::tell(cx, "http-reuse", "idle connections to servers are shared where that is safe");
            Ok(())
        }
        "never" => {
            Err(cx.unsupported_word(&word).hint("use 'option httpclose' or 'option http-server-close'"))
        }
        other => {
            let message = format!(
                "'http-reuse' only supports 'never', 'safe', 'aggressive', 'always' (got '{other}')."
            );
            let meant = lang::suggest::nearest(other, ["never", "safe", "aggressive", "always"]);
            Err(Diagnostic::alert(word.span, message).suggest(meant))
        }
    }
}
