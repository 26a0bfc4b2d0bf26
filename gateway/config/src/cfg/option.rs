//! `option …` lines (configuration.txt 4.2).

use std::net::IpAddr;

use lang::units::parse_network;
use lang::{Diagnostic, suggest};

use super::{ADVICE, ANY, BE, Context, FE, Keyword, Prefix, check, forwarded, keyword};
use crate::draft::Proxy;
use crate::model::{ConnectionMode, ForwardFor, HeaderNames, OriginalTo, ProxyOptions, TrafficLog};

const PROBES: &str = "TCP keep-alive probes are not sent: timeouts find peers that are gone";
const SPLICING: &str = "data is moved as the gateway sees fit";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("option abortonclose")         .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.abortonclose)),
    keyword("option allbackups")           .in_(BE) .no().flag().parse(|cx| { cx.target.settings.all_backups = cx.on(); Ok(()) }),
    keyword("option dontlog-normal")       .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.dontlog_normal)),
    keyword("option dontlognull")          .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.dontlognull)),
    keyword("option log-health-checks")    .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.log_health_checks)),
    keyword("option log-separate-errors")  .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.log_separate_errors)),
    keyword("option socket-stats")         .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.socket_stats)),
    keyword("option logasap")              .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.logasap)),
    keyword("option http-ignore-probes")   .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.ignore_probes)),
    keyword("option forwardfor")           .in_(ANY)     .parse(forwardfor),
    keyword("option http-keep-alive")      .in_(ANY).no().flag().parse(|cx| connection(cx, ConnectionMode::KeepAlive)),
    keyword("option http-server-close")    .in_(ANY).no().flag().parse(|cx| connection(cx, ConnectionMode::ServerClose)),
    keyword("option httpclose")            .in_(ANY).no().flag().parse(|cx| connection(cx, ConnectionMode::Close)),
    keyword("option httplog")              .in_(ANY)     .parse(httplog),
    keyword("option httpslog")             .in_(ANY).lax().parse(|cx| traffic(cx, TrafficLog::Https)),
    keyword("option tcplog")               .in_(ANY)     .parse(tcplog).lacks("'clf'"),
    keyword("option redispatch")           .in_(BE) .no().lax().parse(redispatch),
    keyword("option httpchk")              .in_(BE)      .parse(check::httpchk),

    keyword("option originalto")           .in_(ANY)     .parse(originalto),
    keyword("option forwarded")            .in_(BE) .no().parse(forwarded::forwarded),
    keyword("option accept-invalid-http-request")   .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.accept_invalid_request)).later(ADVICE),
    keyword("option accept-unsafe-violations-in-http-request") .in_(FE).no().flag().parse(|cx| flag(cx, |o| &mut o.accept_invalid_request)).later(ADVICE),
    keyword("option accept-invalid-http-response")  .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.accept_invalid_response)).later(ADVICE),
    keyword("option accept-unsafe-violations-in-http-response").in_(BE).no().flag().parse(|cx| flag(cx, |o| &mut o.accept_invalid_response)).later(ADVICE),
    keyword("option assume-rfc6587-ntf")   .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.assume_rfc6587)).later(ADVICE),
    keyword("option dont-parse-log")       .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.dont_parse_log)).later(ADVICE),
    keyword("option checkcache")           .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.checkcache)).later(ADVICE),
    keyword("option disable-h2-upgrade")   .in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.disable_h2_upgrade)).later(ADVICE),
    keyword("option h1-case-adjust-bogus-client").in_(FE).no().flag().parse(|cx| flag(cx, |o| &mut o.h1_case_client)).later(ADVICE),
    keyword("option h1-case-adjust-bogus-server").in_(BE).no().flag().parse(|cx| flag(cx, |o| &mut o.h1_case_server)).later(ADVICE),
    keyword("option http-buffer-request")  .in_(ANY).no().flag().parse(|cx| flag(cx, |o| &mut o.buffer_request)),
    keyword("option http-drop-request-trailers") .in_(BE).no().flag().parse(|cx| flag(cx, |o| &mut o.drop_request_trailers)).later(ADVICE),
    keyword("option http-drop-response-trailers").in_(FE).no().flag().parse(|cx| flag(cx, |o| &mut o.drop_response_trailers)).later(ADVICE),
    keyword("option http-pretend-keepalive").in_(BE).no().flag().parse(|cx| flag(cx, |o| &mut o.pretend_keepalive)).later(ADVICE),
    keyword("option http-restrict-req-hdr-names").in_(ANY).parse(header_names),
    keyword("option http-use-proxy-header").in_(FE) .no().flag().parse(|cx| flag(cx, |o| &mut o.use_proxy_header)).later(ADVICE),
    keyword("option nolinger")             .in_(ANY).no().flag().parse(|cx| flag(cx, |o| &mut o.nolinger)).later(ADVICE),
    keyword("option persist")              .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.persist)),
    keyword("option prefer-last-server")   .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.prefer_last_server)).later(ADVICE),
    keyword("option transparent")          .in_(BE) .no().flag().parse(|cx| flag(cx, |o| &mut o.transparent)).later(ADVICE),
    keyword("transparent")                 .in_(BE) .parse(|cx| flag(cx, |o| &mut o.transparent)).later(ADVICE),

    keyword("option contstats")            .in_(FE) .no().flag().ignored("counters are always up to date"),
    keyword("option clitcpka")             .in_(FE) .no().flag().ignored(PROBES),
    keyword("option srvtcpka")             .in_(BE) .no().flag().ignored(PROBES),
    keyword("option tcpka")                .in_(ANY)     .flag().ignored(PROBES),
    keyword("option independent-streams")  .in_(ANY).no().flag().ignored("each direction has its own timer anyway"),
    keyword("option splice-auto")          .in_(ANY).no().flag().ignored(SPLICING),
    keyword("option splice-request")       .in_(ANY).no().flag().ignored(SPLICING),
    keyword("option splice-response")      .in_(ANY).no().flag().ignored(SPLICING),
    keyword("option tcp-smart-accept")     .in_(FE) .no().flag().ignored("it only saves a packet"),
    keyword("option tcp-smart-connect")    .in_(BE) .no().flag().ignored("it only saves a packet"),
    keyword("option http-no-delay")        .in_(ANY).no().flag().parse(remembered).tunes("nothing is delayed"),
    keyword("option idle-close-on-response").in_(FE).no().flag().parse(remembered).tunes("idle connections are closed after the response in flight"),
    keyword("option use-small-buffers")    .in_(ANY).no().lax().ignored("buffers grow as needed"),

    keyword("option http_proxy")           .in_(ANY).no().refused("option 'http_proxy' is not supported any more since HAProxy 2.5. This option stopped working in HAProxy 1.9 and usually had nasty side effects. It can be more reliably implemented with combinations of 'http-request set-dst' and 'http-request set-uri', and even 'http-request do-resolve' if DNS resolution is desired."),
    keyword("option forceclose")           .in_(ANY).no().refused("option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use 'option httpclose' if absolutely needed."),
    keyword("option http-tunnel")          .in_(ANY).no().refused("option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't be needed."),
    keyword("option")                      .in_(ANY).no().family(unknown),
];

/// An option that changes nothing, and of which something is said in `mode tcp`.
fn remembered(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let (on, keyword) = (cx.on(), cx.keyword);
    let options = &mut cx.target.settings.http_options;
    options.retain(|known| *known != keyword);
    options.extend(on.then_some(keyword));
    Ok(())
}

fn flag(cx: &mut Context<'_, Proxy>, field: fn(&mut ProxyOptions) -> &mut bool) -> Result<(), Diagnostic> {
    *field(&mut cx.target.settings.options) = cx.on();
    Ok(())
}

fn connection(cx: &mut Context<'_, Proxy>, mode: ConnectionMode) -> Result<(), Diagnostic> {
    let current = &mut cx.target.settings.options.connection;
    match cx.prefix {
        Prefix::None => *current = mode,
        Prefix::No | Prefix::Default if *current == mode => *current = ConnectionMode::KeepAlive,
        Prefix::No | Prefix::Default => {}
    }
    Ok(())
}

fn traffic(cx: &mut Context<'_, Proxy>, form: TrafficLog) -> Result<(), Diagnostic> {
    if cx.target.kind == super::BACKEND {
        let message =
            format!("backend '{}' : '{}' directive is ignored in backends.", cx.target.name, cx.keyword);
        cx.notes.warning(cx.span, message);
        return Ok(());
    }
    log_as(cx, form);
    Ok(())
}

/// How the traffic is logged from here on; `defaults` should say it once.
pub(crate) fn log_as(cx: &mut Context<'_, Proxy>, form: TrafficLog) {
    let before = match cx.target.settings.traffic {
        _ if cx.target.settings.traffic_span.is_none() => None,
        TrafficLog::Default => None,
        TrafficLog::Tcp => Some("option tcplog"),
        TrafficLog::Http { .. } => Some("option httplog"),
        TrafficLog::Https => Some("option httpslog"),
        TrafficLog::Format(_) => Some("log-format"),
    };
    if let Some(before) = before.filter(|_| cx.target.kind == super::DEFAULTS) {
        let message = format!("'{}' overrides previous '{before}' in 'defaults' section.", cx.keyword);
        cx.notes.warning(cx.span, message);
    }
    (cx.target.settings.traffic, cx.target.settings.traffic_span) = (form, Some(cx.span));
}

fn httplog(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let clf = cx.words.accept("clf");
    match cx.words.peek() {
        Some(word) if !clf => {
            Err(Diagnostic::alert(word.span, "keyword 'httplog' only supports option 'clf'."))
        }
        _ => traffic(cx, TrafficLog::Http { clf }),
    }
}

fn tcplog(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    if let Some(word) = cx.words.peek().filter(|word| word.text == "clf") {
        cx.words.next();
        traffic(cx, TrafficLog::Tcp)?;
        return Err(Diagnostic::not_yet(word.span, "'option tcplog clf'").hint("use 'option tcplog'"));
    }
    traffic(cx, TrafficLog::Tcp)
}

/// HAProxy's header when nothing else is said, in lower case.
pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";

fn forwardfor(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut value = ForwardFor { header: FORWARDED_FOR.to_owned(), except: Vec::new(), if_none: false };
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "except" => value.except = vec![except(cx)?],
            "header" => value.header = header(cx)?,
            "if-none" => value.if_none = true,
            _ => {
                let usage =
                    "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.";
                let meant = suggest::nearest(&word.text, ["except", "header", "if-none"]);
                return Err(Diagnostic::alert(word.span, usage).suggest(meant));
            }
        }
    }
    cx.target.settings.options.forwardfor = Some(value);
    Ok(())
}

/// HAProxy's header for the address that the client meant, in lower case.
pub(crate) const ORIGINAL_TO: &str = "x-original-to";

fn originalto(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut value = OriginalTo { header: ORIGINAL_TO.to_owned(), except: Vec::new() };
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "except" => value.except = vec![except(cx)?],
            "header" => value.header = header(cx)?,
            _ => {
                let usage = "'option originalto' only supports optional values: 'except' and 'header'.";
                let meant = suggest::nearest(&word.text, ["except", "header"]);
                return Err(Diagnostic::alert(word.span, usage).suggest(meant));
            }
        }
    }
    cx.target.settings.options.originalto = Some(value);
    Ok(())
}

fn except(cx: &mut Context<'_, Proxy>) -> Result<(IpAddr, u8), Diagnostic> {
    let usage = format!("'{} except' expects <address>[/mask] as argument.", cx.keyword);
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage.as_str()))?;
    parse_network(&word.text).map_err(|_| Diagnostic::alert(word.span, usage))
}

fn header(cx: &mut Context<'_, Proxy>) -> Result<String, Diagnostic> {
    let usage = format!("'{} header' expects <header_name> as argument.", cx.keyword);
    let word = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
    cx.header_name(word)
}

/// Where nothing else is said, the last retry may go to another server.
pub(crate) const LAST_RETRY: i32 = -1;

fn redispatch(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let interval = match cx.words.next() {
        None => LAST_RETRY,
        Some(word) => word.text.parse().unwrap_or_else(|_| {
            let message = format!("'option redispatch' : '{}' is read as 0, as HAProxy does", word.text);
            cx.notes.warning(word.span, message);
            0
        }),
    };
    cx.target.settings.redispatch =
        Some(interval).filter(|interval| cx.prefix == Prefix::None && *interval != 0);
    Ok(())
}

/// `option http-restrict-req-hdr-names preserve|delete|reject`.
fn header_names(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    const EXPECTED: &str =
        "option 'http-restrict-req-hdr-names' expects 'preserve', 'reject' or 'delete' option.";
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error(format!("missing parameter. {EXPECTED}")));
    };
    let names = match word.text.as_str() {
        "preserve" => HeaderNames::Preserve,
        "delete" => HeaderNames::Delete,
        "reject" => HeaderNames::Reject,
        other => {
            let meant = suggest::nearest(other, ["preserve", "delete", "reject"]);
            let message = format!("invalid parameter '{other}'. {EXPECTED}");
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    };
    if let Some(extra) = cx.words.peek() {
        let message = format!("'option' cannot handle unexpected argument '{}'.", extra.text);
        return Err(Diagnostic::alert(extra.span, message));
    }
    cx.target.settings.options.header_names = names;
    Ok(())
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.peek() else { return Err(cx.words.error("'option' expects an option name.")) };
    let names = KEYWORDS.iter().filter_map(|row| row.name.strip_prefix("option "));
    let meant = suggest::nearest(&word.text, names);
    let message = match cx.prefix {
        Prefix::None => format!("unknown option '{}'.", word.text),
        Prefix::No | Prefix::Default => {
            format!("negation/default is not supported for option '{}'.", word.text)
        }
    };
    Err(Diagnostic::alert(word.span, message).suggest(meant))
}
