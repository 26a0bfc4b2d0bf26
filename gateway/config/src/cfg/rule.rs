//! Lines that hold rules: `acl`, `tcp-request`, `http-request`, `http-response`, `use_backend`, `redirect`
//! (configuration.txt 4.2 and 7). What a rule does is the business of the crates `expr` and `rules`.

use expr::{Acls, Cond, LogFormat, Phase, Scope, Spot};
use lang::units::TimeUnit;
use lang::{Diagnostic, Word, Words};
use rules::{Rule, RuleSet};

use super::{ANY, BE, Context, DEFAULTS, FE, FRONTEND, Keyword, LISTEN, QUIC, keyword};
use crate::draft::{Proxy, Rules, Switch};
use crate::reference::Reference;

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("acl")                       .in_(ANY).parse(acl),
    keyword("tcp-request inspect-delay") .in_(ANY).lax().parse(inspect_delay).lacks("content rules are judged when the head is whole: nothing waits for the delay"),
    keyword("tcp-request connection")    .in_(FE).strict().parse(tcp_connection),
    keyword("tcp-request content")       .in_(ANY).parse(tcp_content),
    keyword("tcp-request session")       .in_(FE).strict().parse(tcp_session),
    keyword("tcp-request")               .in_(ANY).family(unknown_tcp_request),
    keyword("tcp-response content")      .in_(BE).strict().parse(tcp_response),
    keyword("tcp-response inspect-delay").in_(BE).strict().lax().parse(response_delay),
    keyword("tcp-response")              .in_(ANY).family(unknown_tcp_response),
    keyword("quic-initial")              .in_(FE).declined(QUIC),
    keyword("http-request")              .in_(ANY).parse(http_request),
    keyword("http-response")             .in_(ANY).parse(http_response),
    keyword("http-after-response")       .in_(ANY).parse(http_after_response),
    keyword("redirect")                  .in_(LISTEN).parse(redirect),
    keyword("use_backend")               .in_(FRONTEND).parse(use_backend),
    keyword("use-server")                .in_(super::BACKEND).parse(use_server),
    keyword("monitor fail")              .in_(FRONTEND).parse(monitor_fail),
    keyword("monitor")                   .in_(FRONTEND).family(|cx| Err(cx.words.error("'monitor' only supports 'fail'."))),
    keyword("block")     .in_(ANY).refused("The 'block' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' which uses the exact same syntax."),
    keyword("reqadd")    .in_(ANY).refused("The 'reqadd' directive is not supported anymore since HAProxy 2.1. Use 'http-request add-header' instead."),
    keyword("reqallow")  .in_(ANY).refused("The 'reqallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead."),
    keyword("reqiallow") .in_(ANY).refused("The 'reqiallow' directive is not supported anymore since HAProxy 2.1. Use 'http-request allow' instead."),
    keyword("reqdel")    .in_(ANY).refused("The 'reqdel' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead."),
    keyword("reqidel")   .in_(ANY).refused("The 'reqidel' directive is not supported anymore since HAProxy 2.1. Use 'http-request del-header' instead."),
    keyword("reqdeny")   .in_(ANY).refused("The 'reqdeny' not supported anymore since HAProxy 2.1. Use 'http-request deny' instead."),
    keyword("reqideny")  .in_(ANY).refused("The 'reqideny' directive is not supported anymore since HAProxy 2.1. Use 'http-request deny' instead."),
    keyword("reqpass")   .in_(ANY).refused("The 'reqpass' not supported anymore since HAProxy 2.1."),
    keyword("reqipass")  .in_(ANY).refused("The 'reqipass' directive is not supported anymore since HAProxy 2.1."),
    keyword("reqrep")    .in_(ANY).refused("The 'reqrep' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-path', 'http-request replace-uri' or 'http-request replace-header' instead."),
    keyword("reqirep")   .in_(ANY).refused("The 'reqirep' directive is not supported anymore since HAProxy 2.1. Use 'http-request replace-header' instead."),
    keyword("reqset")    .in_(ANY).refused("The 'reqset' directive is not supported anymore since HAProxy 2.1."),
    keyword("reqsetbe")  .in_(ANY).refused("The 'reqsetbe' directive is not supported anymore since HAProxy 2.1. Use 'use_backend' instead."),
    keyword("reqtarpit") .in_(ANY).refused("The 'reqtarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead."),
    keyword("reqitarpit").in_(ANY).refused("The 'reqitarpit' directive is not supported anymore since HAProxy 2.1. Use 'http-request tarpit' instead."),
    keyword("rspadd")    .in_(ANY).refused("The 'rspadd' directive is not supported anymore since HAProxy 2.1. Use 'http-response add-header' instead."),
    keyword("rspdel")    .in_(ANY).refused("The 'rspdel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' ."),
    keyword("rspidel")   .in_(ANY).refused("The 'rspidel' directive is not supported anymore since HAProxy 2.1. Use 'http-response del-header' instead."),
    keyword("rspdeny")   .in_(ANY).refused("The 'rspdeny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead."),
    keyword("rspideny")  .in_(ANY).refused("The 'rspideny' directive is not supported anymore since HAProxy 2.1. Use 'http-response deny' instead."),
    keyword("rsprep")    .in_(ANY).refused("The 'rsprep' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead."),
    keyword("rspirep")   .in_(ANY).refused("The 'rspirep' directive is not supported anymore since HAProxy 2.1. Use 'http-response replace-header' instead."),
];

/// The action that names a filter of its section.
const THROTTLE: &str = "set-bandwidth-limit";

/// Rules run in this order, whatever the order of the lines.
mod rank {
    pub(super) const TCP_CONNECTION: u8 = 1;
    pub(super) const TCP_SESSION: u8 = 2;
    pub(super) const TCP_CONTENT: u8 = 3;
    pub(super) const MONITOR_FAIL: u8 = 4;
    pub(super) const HTTP_REQUEST: u8 = 5;
    pub(super) const REDIRECT: u8 = 6;
    pub(super) const USE_BACKEND: u8 = 7;
    pub(super) const USE_SERVER: u8 = 8;
}

/// Warns where a line stands behind lines that run later, as HAProxy does.
fn ordered(cx: &mut Context<'_, Proxy>, rank: u8, what: &'static str) {
    match cx.target.order {
        Some((last, later)) if last > rank => {
            let article = if later == "http-request" { "an" } else { "a" };
            let what = if what.starts_with("tcp-request") { "tcp-request" } else { what };
            let message = format!(
                "a '{what}' rule placed after {article} '{later}' rule will still be processed before."
            );
            cx.notes.warning(cx.span, message);
        }
        _ => cx.target.order = Some((rank, what)),
    }
}

/// Rules in `defaults` need a name by which a section asks for them; HAProxy has other words for TCP's.
fn tcp_named(cx: &Context<'_, Proxy>, keyword: &str) -> Result<(), Diagnostic> {
    named(cx, "").map_err(|mut error| {
        error.message = match keyword.starts_with("tcp-request") {
            true => format!("{keyword} is not allowed in anonymous 'defaults' sections"),
            false => {
                format!("{keyword} is only allowed in 'backend' sections or 'defaults' section with a name")
            }
        };
        error
    })
}

/// The same for HTTP's and for ACLs.
fn named(cx: &Context<'_, Proxy>, what: &str) -> Result<(), Diagnostic> {
    if cx.target.kind == DEFAULTS && cx.target.name.is_empty() {
        return Err(Diagnostic::alert(
            cx.span,
            format!("{what} not allowed in anonymous 'defaults' section"),
        ));
    }
    Ok(())
}

fn acl(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    named(cx, "'acl'")?;
    if let Some(name) = cx.words.peek()
        && let Some(c) = super::server::bad_character(&name.text)
    {
        let message = format!("character '{c}' is not permitted in acl name '{}'.", name.text);
        return Err(Diagnostic::alert(name.span, message));
    }
    let name = cx.words.peek_text().unwrap_or_default().to_owned();
    let scope = cx.scope(Phase::Anywhere);
    let result = cx.target.acls.add(&mut cx.words, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    if result.is_err() {
        cx.target.broken_acls.insert(name);
    }
    result
}

/// Whether an error says no more than that an ACL is missing whose line was refused above.
fn is_echo(proxy: &Proxy, error: &Diagnostic) -> bool {
    let name = error.message.split_once("no such ACL : '").and_then(|(_, rest)| rest.split_once('\''));
    name.is_some_and(|(name, _)| proxy.broken_acls.contains(name))
}

fn inspect_delay(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-request inspect-delay")?;
    delay(cx, |rules| &mut rules.inspect_delay)
}

fn tcp_connection(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-request connection")?;
    ordered(cx, rank::TCP_CONNECTION, "tcp-request connection");
    push(cx, Phase::TcpConnection, |rules| &mut rules.tcp_connection)
}

fn tcp_session(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-request session")?;
    ordered(cx, rank::TCP_SESSION, "tcp-request session");
    push(cx, Phase::TcpSession, |rules| &mut rules.tcp_session)
}

fn response_delay(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-response inspect-delay")?;
    delay(cx, |rules| &mut rules.response_delay)
}

/// How long the bytes of a message are waited for; the first line counts.
fn delay(
    cx: &mut Context<'_, Proxy>,
    field: fn(&mut Rules) -> &mut Option<std::time::Duration>,
) -> Result<(), Diagnostic> {
    let keyword = cx.keyword;
    let owner = owner(cx.target);
    let expects = format!("'{keyword}' expects a positive delay in milliseconds, in {owner}");
    let missing = cx.words.error(&expects);
    let word = cx.words.next().ok_or(missing)?;
    let time = cx.time_of(word, TimeUnit::Ms).map_err(|bad| {
        let why = bad.to_string();
        let why = match why.strip_prefix("timer overflow (") {
            Some(limit) => format!("timer overflow in '{}', {}", word.text, limit.trim_end_matches(')')),
            None => why,
        };
        Diagnostic::alert(word.span, format!("{expects} ({why})"))
    })?;
    let slot = field(&mut cx.target.settings.rules);
    if slot.is_some() {
        let message = format!("ignoring {keyword} (was already defined) in {owner}");
        cx.notes.warning(cx.span, message);
    } else {
        *slot = Some(time);
    }
    Ok(())
}

/// `frontend 'f'`.
fn owner(proxy: &Proxy) -> String {
    match proxy.kind {
        DEFAULTS => "defaults section".to_owned(),
        _ => format!("{} '{}'", crate::judge::kind_in_words(proxy), proxy.name),
    }
}

fn tcp_response(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-response content")?;
    push(cx, Phase::TcpResponse, |rules| &mut rules.tcp_response)
}

fn tcp_content(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    tcp_named(cx, "tcp-request content")?;
    ordered(cx, rank::TCP_CONTENT, "tcp-request content");
    push(cx, Phase::TcpContent, |rules| &mut rules.tcp_content)
}

fn http_request(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    named(cx, "'http-request'")?;
    ordered(cx, rank::HTTP_REQUEST, "http-request");
    push(cx, Phase::HttpRequest, |rules| &mut rules.http_request)
}

fn http_response(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    named(cx, "'http-response'")?;
    push(cx, Phase::HttpResponse, |rules| &mut rules.http_response)
}

fn http_after_response(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    named(cx, "'http-after-response'")?;
    push(cx, Phase::HttpAfterResponse, |rules| &mut rules.http_after_response)
}

/// The old line: the same as `http-request redirect`, run after the other `http-request` rules.
fn redirect(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    ordered(cx, rank::REDIRECT, "redirect");
    let rule = scoped(cx, Phase::HttpRequest, rules::parse_redirect).map_err(|mut error| {
        error.message = error.message.replacen("'http-request redirect' rule", "redirect rule", 1);
        error
    })?;
    cx.target.settings.rules.redirect.extend(rule.map(|rule| rule.at(&cx.place)));
    Ok(())
}

fn push(
    cx: &mut Context<'_, Proxy>,
    phase: Phase,
    set: fn(&mut Rules) -> &mut RuleSet,
) -> Result<(), Diagnostic> {
    let words = cx.words.rest();
    if let Some(word) = words.first().filter(|word| word.text == THROTTLE && cx.target.kind == DEFAULTS) {
        let message = format!("'{} {THROTTLE}' not allowed in 'defaults' section", cx.keyword);
        return Err(Diagnostic::alert(word.span, message).hint("only the filters of a section can be meant"));
    }
    let rule = scoped(cx, phase, |words, acls, scope| Rule::parse(phase, words, acls, scope))?;
    if let Some(rule) = rule {
        cx.target.settings.references.extend(Reference::of_rule(words));
        let rule = super::capture::declare_for(cx.target, rule);
        let set = set(&mut cx.target.settings.rules);
        if let Some(message) = unreached(phase).filter(|_| set.is_final()) {
            cx.notes.warning(cx.span, message);
        }
        set.push(rule.at(&cx.place));
    }
    Ok(())
}

/// What is said of a rule behind one that always ends its set; HAProxy says nothing of TCP's rules.
fn unreached(phase: Phase) -> Option<String> {
    let what = match phase {
        Phase::HttpRequest => "http-request",
        Phase::HttpResponse => "http-response",
        Phase::HttpAfterResponse => "http-after-response",
        _ => return None,
    };
    Some(format!(
        "previous '{what}' action is final and has no condition attached, further entries are NOOP."
    ))
}

/// Reads the words that are left with what surrounds them, and keeps the warnings.
pub(crate) fn scoped<T>(
    cx: &mut Context<'_, Proxy>,
    phase: Phase,
    read: impl Fn(&mut Words<'_>, &Acls, &Scope<'_>) -> Result<T, Diagnostic>,
) -> Result<Option<T>, Diagnostic> {
    let scope = cx.scope(phase);
    scoped_in(cx, &scope, read)
}

/// The same where the place has words of its own.
fn scoped_in<T>(
    cx: &mut Context<'_, Proxy>,
    scope: &Scope<'_>,
    read: impl Fn(&mut Words<'_>, &Acls, &Scope<'_>) -> Result<T, Diagnostic>,
) -> Result<Option<T>, Diagnostic> {
    let result = read(&mut cx.words, &cx.target.acls, scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if is_echo(cx.target, &error) => {
            cx.words.take_rest();
            Ok(None)
        }
        Err(error) => Err(error),
    }
}

fn use_backend(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let backend = cx.expect("a backend name")?.clone();
    ordered(cx, rank::USE_BACKEND, "use_backend");
    let format = name_format(cx, &backend, Spot::USE_BACKEND)
        .map_err(|bad| bad.prefixed(&format!("failed to parse use_backend rule '{}' : ", backend.text)))?;
    let cond = condition(cx)?;
    let place = cx.place.clone();
    cx.target.use_backend.push(Switch { to: backend, format, cond, place });
    Ok(())
}

/// A name that is made for each request.
fn name_format(
    cx: &mut Context<'_, Proxy>,
    name: &Word,
    spot: Spot,
) -> Result<Option<LogFormat>, Diagnostic> {
    let scope = cx.scope(Phase::HttpRequest).in_spot(spot);
    let format = LogFormat::parse(name, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    let format = format?;
    Ok(Some(format).filter(|format| format.constant().is_none()))
}

fn use_server(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let server = cx.expect("a server name")?.clone();
    ordered(cx, rank::USE_SERVER, "use-server");
    if !cx.words.at_any(&["if", "unless"]) {
        let message = "'use-server' requires either 'if' or 'unless' followed by a condition.";
        return Err(cx.words.error(message));
    }
    let label = format!("use-server rule failed to parse log-format '{}' : ", server.text);
    let format = name_format(cx, &server, Spot::USE_SERVER).map_err(|bad| bad.prefixed(&label))?;
    let scope = cx.scope(Phase::HttpRequest).in_spot(Spot::USE_SERVER);
    let cond = scoped_in(cx, &scope, Cond::parse)
        .map_err(|bad| bad.prefixed("error detected while parsing switching rule : ").suffixed("."))?;
    let place = cx.place.clone();
    cx.target.use_server.push(Switch { to: server, format, cond, place });
    Ok(())
}

fn monitor_fail(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    ordered(cx, rank::MONITOR_FAIL, "monitor fail");
    if !cx.words.at_any(&["if", "unless"]) {
        let message = "'monitor fail' requires either 'if' or 'unless' followed by a condition.";
        return Err(cx.words.error(message));
    }
    let cond = scoped(cx, Phase::HttpRequest, Cond::parse).map_err(|bad| {
        bad.prefixed("error detected while parsing a 'monitor fail' condition : ").suffixed(".")
    })?;
    cx.target.monitor_fail.extend(cond);
    Ok(())
}

fn condition(cx: &mut Context<'_, Proxy>) -> Result<Option<Cond>, Diagnostic> {
    let Some(word) = cx.words.peek() else { return Ok(None) };
    if !matches!(word.text.as_str(), "if" | "unless") {
        let message = format!(
            "unexpected keyword '{}' after switching rule, only 'if' and 'unless' are allowed.",
            word.text
        );
        return Err(Diagnostic::alert(word.span, message));
    }
    let scope = cx.scope(Phase::HttpRequest).in_spot(Spot::USE_BACKEND);
    scoped_in(cx, &scope, Cond::parse)
        .map_err(|bad| bad.prefixed("error detected while parsing switching rule : ").suffixed("."))
}

fn unknown_tcp_response(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    unknown(cx, "'inspect-delay' or 'content'", &["inspect-delay", "content"])
}

/// The condition that a line cannot do without; `None` if it fails for an ACL whose line was refused above.
pub(crate) fn required(
    cx: &mut Context<'_, Proxy>,
    keyword: &str,
    phase: Phase,
) -> Result<Option<Cond>, Diagnostic> {
    if !cx.words.at_any(&["if", "unless"]) {
        let message = format!("'{keyword}' requires either 'if' or 'unless' followed by a condition.");
        return Err(cx.words.error(message));
    }
    let label = format!("error detected while parsing a '{keyword}' rule : ");
    scoped(cx, phase, Cond::parse).map_err(|bad| bad.prefixed(&label).suffixed("."))
}

fn unknown_tcp_request(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let names = ["inspect-delay", "connection", "content", "session"];
    unknown(cx, "'inspect-delay', 'connection', or 'content'", &names)
}

/// What is said of a family's line of none of its forms.
fn unknown(cx: &mut Context<'_, Proxy>, forms: &str, names: &[&'static str]) -> Result<(), Diagnostic> {
    let (keyword, owner) = (cx.keyword, owner(cx.target));
    let Some(got) = cx.words.peek_text() else {
        return Err(cx.words.error(format!("missing argument for '{keyword}' in {owner}")));
    };
    let message = format!("'{keyword}' expects {forms} in {owner} (got '{got}')");
    Err(cx.words.error(message).suggest(lang::suggest::nearest(got, names.iter().copied())))
}
