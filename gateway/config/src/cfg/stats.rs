//! `stats …` lines of proxies (configuration.txt 4.2).

use expr::Phase;
use lang::units::TimeUnit;
use lang::{Diagnostic, suggest};
use rules::Rule;

use super::{ANY, Context, Keyword, LISTEN, keyword, rule};
use crate::draft::Proxy;
use crate::model::StatsPage;

const PAGE: &str = "remove it: 'stats socket' and the Prometheus exporter give the same figures";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("stats enable")      .in_(ANY).lax().parse(|cx| { page(cx); Ok(()) }).later(PAGE),
    keyword("stats uri")         .in_(ANY).lax().parse(|cx| { let uri = text(cx, "'uri' needs an URI prefix.")?; page(cx).uri = Some(uri); Ok(()) }).later(PAGE),
    keyword("stats realm")       .in_(ANY).lax().parse(|cx| { let realm = text(cx, "'realm' needs an realm name.")?; page(cx).realm = Some(realm); Ok(()) }).later(PAGE),
    keyword("stats auth")        .in_(ANY).lax().parse(auth).later(PAGE),
    keyword("stats refresh")     .in_(ANY).lax().parse(refresh).later(PAGE),
    keyword("stats scope")       .in_(ANY).lax().parse(|cx| { let name = text(cx, "'scope' needs a proxy name.")?; page(cx).scopes.push(name); Ok(()) }).later(PAGE),
    keyword("stats hide-version").in_(ANY).lax().parse(|cx| { page(cx).hide_version = true; Ok(()) }).later(PAGE),
    keyword("stats show-legends").in_(ANY).lax().parse(|cx| { page(cx).legends = true; Ok(()) }).later(PAGE),
    keyword("stats show-modules").in_(ANY).lax().parse(|cx| { page(cx).modules = true; Ok(()) }).later(PAGE),
    keyword("stats show-desc")   .in_(ANY).lax().parse(description).later(PAGE),
    keyword("stats show-node")   .in_(ANY).lax().parse(node).later(PAGE),
    keyword("stats admin")       .in_(LISTEN).parse(admin).later(PAGE),
    keyword("stats http-request").in_(LISTEN).parse(http_request).later(PAGE),
    keyword("stats")             .in_(ANY).family(unknown),
];

/// The section's own page: its first line drops what `defaults` say of one.
fn page<'a>(cx: &'a mut Context<'_, Proxy>) -> &'a mut StatsPage {
    let stats = &mut cx.target.settings.services.stats;
    if cx.target.seen.insert("stats") {
        *stats = None;
    }
    stats.get_or_insert_default()
}

fn text(cx: &mut Context<'_, Proxy>, missing: &str) -> Result<String, Diagnostic> {
    cx.words.next().map(|word| word.text.clone()).ok_or_else(|| cx.words.error(missing))
}

/// A user without a password cannot log in; a second line for the same user is not looked at.
fn auth(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let text = text(cx, "'auth' needs a user:password account.")?;
    let (user, password) = text.split_once(':').unwrap_or((&text, ""));
    let users = &mut page(cx).users;
    if users.iter().any(|(known, _)| known == user) {
        let message = format!("uri auth: ignoring duplicated user '{user}'.");
        cx.notes.warning(cx.span, message);
    } else {
        users.push((user.to_owned(), password.to_owned()));
    }
    Ok(())
}

fn refresh(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.words.next().ok_or_else(|| cx.words.error("'refresh' needs an interval."))?;
    let time = cx.time_of(word, TimeUnit::S).map_err(|bad| {
        Diagnostic::alert(word.span, format!("{bad} in argument to stats refresh interval."))
    })?;
    page(cx).refresh = Some(time).filter(|time| !time.is_zero());
    Ok(())
}

fn description(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let text = cx.rest_text();
    if text.is_empty() {
        let message = "'show-desc' requires a parameter or 'desc' to be set in the global section.";
        cx.notes.warning(cx.span, message);
    }
    page(cx).description = Some(text);
    Ok(())
}

fn node(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.words.next();
    let name = word.map_or("", |word| word.text.as_str());
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if let Some(word) = word.filter(|_| !name.chars().all(legal)) {
        let message = "'stats show-node' invalid node name - should be a stringwith digits(0-9), letters(A-Z, a-z), \
                       hyphen(-) or underscode(_).";
        return Err(Diagnostic::alert(word.span, message));
    }
    page(cx).node = Some(name.to_owned());
    Ok(())
}

fn admin(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let cond = rule::required(cx, "stats admin", Phase::HttpRequest)?;
    page(cx).admin.extend(cond);
    Ok(())
}

fn http_request(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let phase = Phase::HttpRequest;
    let rule = rule::scoped(cx, phase, |words, acls, scope| Rule::parse(phase, words, acls, scope))?;
    if let Some(rule) = rule {
        let rule = rule.at(&cx.place);
        page(cx).http_request.push(rule);
    }
    Ok(())
}

fn unknown(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    const EXPECTED: &str = "expects 'admin', 'uri', 'realm', 'auth', 'scope', 'enable', 'hide-version', 'show-node', \
                            'show-desc' or 'show-legends'.";
    let Some(got) = cx.words.peek_text() else {
        return Err(cx.words.error(format!("missing keyword in 'stats', {EXPECTED}")));
    };
    let names = KEYWORDS.iter().filter_map(|row| row.name.strip_prefix("stats "));
    let meant = suggest::nearest(got, names);
    let error = cx.words.error(format!("unknown stats parameter '{got}', {EXPECTED}")).suggest(meant);
    Err(match got {
        "socket" | "timeout" | "maxconn" | "bind-process" => {
            error.hint(format!("'stats {got}' belongs in the section 'global'"))
        }
        _ => error,
    })
}
