//! `option …` lines (configuration.txt 4.2).

use lang::units::parse_network;
use lang::{Diagnostic, Word};

use super::{ANY, BE, Context, FE, Keyword, Prefix, check, keyword};
use crate::draft::Proxy;
use crate::model::{ConnectionMode, ForwardFor, ProxyOptions, TrafficLog};

const PROBES: &str = "TCP keep-alive probes are not sent: timeouts find peers that are gone";
const SPLICING: &str = "data is moved as the gateway sees fit";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("option abortonclose")         .in_(BE) .no().parse(|cx| flag(cx, |o| &mut o.abortonclose)),
    keyword("option http-buffer-request")  .in_(ANY).no().parse(|cx| flag(cx, |o| &mut o.buffer_request)),
    keyword("option allbackups")           .in_(BE) .no().parse(|cx| { cx.target.settings.all_backups = cx.on(); Ok(()) }),
    keyword("option dontlog-normal")       .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.dontlog_normal)),
    keyword("option dontlognull")          .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.dontlognull)),
    keyword("option log-health-checks")    .in_(BE) .no().parse(|cx| flag(cx, |o| &mut o.log_health_checks)),
    keyword("option log-separate-errors")  .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.log_separate_errors)),
    keyword("option socket-stats")         .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.socket_stats)),
    keyword("option logasap")              .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.logasap)),
    keyword("option http-ignore-probes")   .in_(FE) .no().parse(|cx| flag(cx, |o| &mut o.ignore_probes)),
    keyword("option forwardfor")           .in_(ANY)     .parse(forwardfor),
    keyword("option http-keep-alive")      .in_(ANY).no().parse(|cx| connection(cx, ConnectionMode::KeepAlive)),
    keyword("option http-server-close")    .in_(ANY).no().parse(|cx| connection(cx, ConnectionMode::ServerClose)),
    keyword("option httpclose")            .in_(ANY).no().parse(|cx| connection(cx, ConnectionMode::Close)),
    keyword("option httplog")              .in_(ANY)     .parse(httplog),
    keyword("option httpslog")             .in_(ANY)     .parse(|cx| traffic(cx, TrafficLog::Https)),
    keyword("option tcplog")               .in_(ANY)     .parse(tcplog).lacks("'clf'"),
    keyword("option redispatch")           .in_(BE) .no().parse(redispatch),
    keyword("option httpchk")              .in_(BE)      .parse(check::httpchk),

    keyword("option contstats")            .in_(FE) .no().ignored("counters are always up to date"),
    keyword("option clitcpka")             .in_(FE) .no().ignored(PROBES),
    keyword("option srvtcpka")             .in_(BE) .no().ignored(PROBES),
    keyword("option tcpka")                .in_(ANY)     .ignored(PROBES),
    keyword("option independent-streams")  .in_(ANY).no().ignored("each direction has its own timer anyway"),
    keyword("option splice-auto")          .in_(ANY).no().ignored(SPLICING),
    keyword("option splice-request")       .in_(ANY).no().ignored(SPLICING),
    keyword("option splice-response")      .in_(ANY).no().ignored(SPLICING),
    keyword("option tcp-smart-accept")     .in_(FE) .no().ignored("it only saves a packet"),
    keyword("option tcp-smart-connect")    .in_(BE) .no().ignored("it only saves a packet"),
    keyword("option http-no-delay")        .in_(ANY).no().ignored("nothing is delayed"),
    keyword("option http-pretend-keepalive").in_(BE).no(),
    keyword("option idle-close-on-response").in_(FE).no().ignored("idle connections are closed after the response in flight"),
    keyword("option persist")              .in_(BE) .no().ignored("there is no persistence to keep: cookies are not supported yet"),
    keyword("option disable-h2-upgrade")   .in_(FE) .no(),
    keyword("option http-restrict-req-hdr-names").in_(ANY).takes(1, "preserve, delete or reject").parse(header_names).lacks("'delete' and 'reject'"),
    keyword("option http-drop-request-trailers") .in_(BE).no(),
    keyword("option http-drop-response-trailers").in_(FE).no(),
    keyword("option use-small-buffers")    .in_(ANY).no().ignored("buffers grow as needed"),

    keyword("option accept-invalid-http-request")   .in_(FE) .no(), keyword("option accept-invalid-http-response").in_(BE).no(),
    keyword("option accept-unsafe-violations-in-http-request") .in_(FE).no(),
    keyword("option accept-unsafe-violations-in-http-response").in_(BE).no(),
    keyword("option assume-rfc6587-ntf")            .in_(FE) .no(), keyword("option checkcache").in_(BE).no(),
    keyword("option dont-parse-log")                .in_(FE) .no(), keyword("option external-check").in_(BE),
    keyword("option forwarded")                     .in_(ANY).no().unsupported("use 'option forwardfor'"),
    keyword("option h1-case-adjust-bogus-client")   .in_(FE) .no(), keyword("option h1-case-adjust-bogus-server").in_(BE).no(),
    keyword("option host")                          .in_(FE),
    keyword("option http-use-proxy-header").in_(FE).no(),
    keyword("option http_proxy")                    .in_(ANY).no().refused("option 'http_proxy' is not supported any more since HAProxy 2.6"),
    keyword("option httpclose-forced")              .in_(ANY).no(),
    keyword("option forceclose")                    .in_(ANY).no().refused("option 'forceclose' is not supported any more since HAProxy 2.0, please just remove it, or use 'option httpclose' if absolutely needed."),
    keyword("option http-tunnel")                   .in_(ANY).no().refused("option 'http-tunnel' is not supported any more since HAProxy 2.1, please just remove it, it shouldn't be needed."),
    keyword("option ldap-check").in_(BE), keyword("option mysql-check").in_(BE), keyword("option pgsql-check").in_(BE),
    keyword("option redis-check").in_(BE), keyword("option smtpchk").in_(BE), keyword("option spop-check").in_(BE),
    keyword("option ssl-hello-chk").in_(BE), keyword("option tcp-check").in_(BE).unsupported("remove it: 'check' alone tests the connection"),
    keyword("option lb-agent-chk").in_(BE), keyword("option nolinger").in_(ANY).no(), keyword("option originalto").in_(ANY),
    keyword("option prefer-last-server").in_(BE).no(), keyword("option transparent").in_(BE).no(),
    keyword("option")                      .in_(ANY).no().family(unknown),
];

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
    (cx.target.settings.traffic, cx.target.settings.traffic_span) = (form, Some(cx.span));
    Ok(())
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
    if cx.words.accept("clf") {
        return Err(Diagnostic::not_yet(cx.span, "'option tcplog clf'").hint("use 'option tcplog'"));
    }
    traffic(cx, TrafficLog::Tcp)
}

/// HAProxy's header when nothing else is said, in lower case.
pub(crate) const FORWARDED_FOR: &str = "x-forwarded-for";

fn forwardfor(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let mut value = ForwardFor { header: FORWARDED_FOR.to_owned(), except: Vec::new(), if_none: false };
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "except" => {
                let usage = "'option forwardfor except' expects <address>[/mask] as argument.";
                let network = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
                value.except =
                    vec![parse_network(&network.text).map_err(|_| Diagnostic::alert(network.span, usage))?];
            }
            "header" => {
                let usage = "'option forwardfor header' expects a header name as argument.";
                let header = cx.words.next().ok_or_else(|| cx.words.error(usage))?;
                value.header = header_name(header)?;
            }
            "if-none" => value.if_none = true,
            _ => {
                let usage =
                    "'option forwardfor' only supports optional values: 'except', 'header' and 'if-none'.";
                let meant = lang::suggest::nearest(&word.text, ["except", "header", "if-none"]);
                return Err(Diagnostic::alert(word.span, usage).suggest(meant));
            }
        }
    }
    cx.target.settings.options.forwardfor = Some(value);
    Ok(())
}

fn header_name(word: &Word) -> Result<String, Diagnostic> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if word.text.is_empty() || !word.text.chars().all(legal) {
        return Err(Diagnostic::alert(word.span, format!("'{}' is not a header name", word.text)));
    }
    Ok(word.text.to_ascii_lowercase())
}

/// Where nothing else is said, the last retry may go to another server.
pub(crate) const LAST_RETRY: i32 = -1;

fn redispatch(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let interval = match cx.words.next() {
        None => LAST_RETRY,
        Some(word) => word.text.parse().map_err(|_| {
            let message = format!("'option redispatch' expects an integer, got '{}'.", word.text);
            Diagnostic::alert(word.span, message)
        })?,
    };
    cx.target.settings.redispatch =
        Some(interval).filter(|interval| cx.prefix == Prefix::None && *interval != 0);
    Ok(())
}

/// `preserve` is what happens anyway in HTTP mode.
fn header_names(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("preserve, delete or reject")?.clone();
    match word.text.as_str() {
        "preserve" => Ok(()),
        "delete" | "reject" => Err(cx.unsupported_word(&word)),
        other => {
            let message = format!("'{other}' : unknown option, expects 'preserve', 'delete' or 'reject'");
            Err(Diagnostic::alert(word.span, message))
        }
    }
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.peek() else { return Err(cx.words.error("'option' expects an option name.")) };
    let names = KEYWORDS.iter().filter_map(|row| row.name.strip_prefix("option "));
    let meant = lang::suggest::nearest(&word.text, names);
    let message = match cx.prefix {
        Prefix::None => format!("unknown option '{}'.", word.text),
        Prefix::No | Prefix::Default => {
            format!("negation/default is not supported for option '{}'.", word.text)
        }
    };
    Err(Diagnostic::alert(word.span, message).suggest(meant))
}
