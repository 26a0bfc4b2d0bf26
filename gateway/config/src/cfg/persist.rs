//! What keeps clients on their servers: `cookie`, `persist`, `force-persist` (configuration.txt 4.2).

use std::time::Duration;

use expr::{Cond, Phase};
use lang::units::TimeUnit;
use lang::{Diagnostic, Word, suggest};

use super::balance::RDP_COOKIE;
use super::{BACKEND, BE, Context, Keyword, Misplaced, keyword, rule};
use crate::draft::Proxy;
use crate::model::{Cookie, CookieMode, PersistRule};

const SOURCE: &str = "remove it: 'balance source' keeps clients on servers";

#[rustfmt::skip]
pub(crate) const KEYWORDS: &[Keyword<Proxy>] = &[
    keyword("cookie")            .in_(BE).parse(cookie).later(SOURCE),
    keyword("dynamic-cookie-key").in_(BE).lax().takes(1, "<secret_key> as argument").parse(dynamic_key).later(SOURCE),
    keyword("persist")           .in_(BE).lax().misplaced(Misplaced::Silent).parse(persist).later(SOURCE),
    keyword("force-persist")     .in_(BACKEND).parse(|cx| rule(cx, true)),
    keyword("ignore-persist")    .in_(BACKEND).parse(|cx| rule(cx, false)),
];

const OPTIONS: &[&str] = &[
    "rewrite", "insert", "prefix", "indirect", "nocache", "postonly", "preserve", "httponly", "secure",
    "domain", "maxidle", "maxlife", "dynamic", "attr",
];

fn cookie(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let name = cx.expect("<cookie_name> as argument")?;
    let mut cookie = Cookie { name: name.text.clone(), ..Cookie::default() };
    while let Some(word) = cx.words.next() {
        option(cx, word, &mut cookie)?;
    }
    if cookie.indirect && cookie.mode == CookieMode::Rewrite {
        return Err(Diagnostic::alert(cx.span, "cookie 'rewrite' and 'indirect' modes are incompatible."));
    }
    if cookie.preserve && !(cookie.mode == CookieMode::Insert || cookie.indirect) {
        let message = "cookie 'preserve' requires at least 'insert' or 'indirect'.";
        return Err(Diagnostic::alert(cx.span, message));
    }
    cx.target.settings.persistence.cookie = Some(cookie);
    Ok(())
}

fn option(cx: &mut Context<'_, Proxy>, word: &Word, cookie: &mut Cookie) -> Result<(), Diagnostic> {
    match word.text.as_str() {
        "rewrite" => mode(word, cookie, CookieMode::Rewrite)?,
        "insert" => mode(word, cookie, CookieMode::Insert)?,
        "prefix" => mode(word, cookie, CookieMode::Prefix)?,
        "indirect" => cookie.indirect = true,
        "nocache" => cookie.nocache = true,
        "postonly" => cookie.postonly = true,
        "preserve" => cookie.preserve = true,
        "httponly" => cookie.httponly = true,
        "secure" => cookie.secure = true,
        "dynamic" => cookie.dynamic = true,
        "domain" => cookie.domains.push(domain(cx)?),
        "maxidle" => cookie.maxidle = Some(age(cx, "maxidle", "idletime")?),
        "maxlife" => cookie.maxlife = Some(age(cx, "maxlife", "lifetime")?),
        "attr" => cookie.attributes.push(attribute(cx)?),
        other => {
            let message = "'cookie' supports 'rewrite', 'insert', 'prefix', 'indirect', 'nocache', 'postonly', \
                           'domain', 'maxidle', 'dynamic', 'maxlife' and 'attr' options.";
            let meant = suggest::nearest(other, OPTIONS.iter().copied());
            return Err(Diagnostic::alert(word.span, message).suggest(meant));
        }
    }
    Ok(())
}

fn mode(word: &Word, cookie: &mut Cookie, mode: CookieMode) -> Result<(), Diagnostic> {
    if cookie.mode != CookieMode::Passive && cookie.mode != mode {
        let message = "cookie 'rewrite', 'insert' and 'prefix' modes are incompatible.";
        return Err(Diagnostic::alert(word.span, message));
    }
    cookie.mode = mode;
    Ok(())
}

fn domain(cx: &mut Context<'_, Proxy>) -> Result<String, Diagnostic> {
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error("'domain' expects <domain> as argument."));
    };
    if !word.text.get(1..).is_some_and(|rest| rest.contains('.')) {
        let message = format!(
            "domain '{}' contains no embedded dot, this configuration may not work properly (see RFC6265#5.2.3).",
            word.text
        );
        cx.notes.warning(word.span, message);
    }
    if let Some(c) = word.text.chars().find(|c| !(c.is_ascii_alphanumeric() || "-_.".contains(*c))) {
        let message = format!("character '{c}' is not permitted in domain name '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    Ok(word.text.clone())
}

fn attribute(cx: &mut Context<'_, Proxy>) -> Result<String, Diagnostic> {
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error("'attr' expects <value> as argument."));
    };
    // what stands behind a `;` of `Set-Cookie` can hold no other
    match word.text.bytes().find(|byte| *byte == b';' || byte.is_ascii_control()) {
        None => Ok(word.text.clone()),
        Some(byte) => {
            let message = format!("character '%x{byte:02X}' is not permitted in attribute value.");
            Err(Diagnostic::alert(word.span, message))
        }
    }
}

fn age(cx: &mut Context<'_, Proxy>, option: &str, what: &str) -> Result<Duration, Diagnostic> {
    let Some(word) = cx.words.next() else {
        return Err(cx.words.error(format!("'{option}' expects <{what}> in seconds as argument.")));
    };
    cx.time_of(word, TimeUnit::S)
        .map_err(|bad| Diagnostic::alert(word.span, format!("{bad} in argument to <{option}>.")))
}

fn dynamic_key(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let key = cx.expect("<secret_key> as argument")?;
    cx.target.settings.persistence.dynamic_key = Some(key.text.clone());
    Ok(())
}

fn persist(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let Some(word) = cx.words.next() else { return Err(cx.words.error("missing persist method.")) };
    let name = match word.text.split_once('(') {
        None if word.text == "rdp-cookie" => RDP_COOKIE,
        Some(("rdp-cookie", rest)) => match rest.split_once(')') {
            Some((name, _)) if !name.is_empty() => name,
            _ => {
                let message = "persist rdp-cookie(name)' requires an rdp cookie name.";
                return Err(Diagnostic::alert(word.span, message));
            }
        },
        _ => {
            let meant = suggest::nearest(&word.text, ["rdp-cookie"]);
            return Err(Diagnostic::alert(word.span, "unknown persist method.").suggest(meant));
        }
    };
    cx.target.settings.persistence.rdp_cookie = Some(name.to_owned());
    Ok(())
}

fn rule(cx: &mut Context<'_, Proxy>, force: bool) -> Result<(), Diagnostic> {
    let keyword = cx.keyword;
    let cond = rule::required(cx, keyword, Phase::HttpRequest)?;
    let rules = &mut cx.target.settings.persistence.rules;
    rules.extend(cond.map(|cond: Cond| PersistRule { force, cond }));
    Ok(())
}
