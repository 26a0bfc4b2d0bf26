//! `cookie`, `persist` and their like. Rules with conditions stand with the other rules.

use super::text::{self, Line, line};
use crate::model::{Cookie, CookieMode, Persistence};

/// What keeps clients on servers.
pub(super) fn lines(persistence: &Persistence) -> impl Iterator<Item = Line> {
    let Persistence { cookie, dynamic_key, rdp_cookie, rules: _ } = persistence;
    let key = dynamic_key.as_ref().map(|key| line(["dynamic-cookie-key", key]));
    let rdp = rdp_cookie.as_ref().map(|name| line(["persist", &format!("rdp-cookie({name})")]));
    [cookie.as_ref().map(written), key, rdp].into_iter().flatten()
}

fn written(cookie: &Cookie) -> Line {
    #[rustfmt::skip]
    let Cookie {
        name, mode, indirect, nocache, postonly, preserve, httponly, secure, domains, maxidle, maxlife, dynamic,
        attributes,
    } = cookie;
    let mode = match mode {
        CookieMode::Passive => None,
        CookieMode::Rewrite => Some("rewrite"),
        CookieMode::Insert => Some("insert"),
        CookieMode::Prefix => Some("prefix"),
    };
    let words = mode
        .into_iter()
        .fold(line(["cookie", name]), Line::and)
        .flag("indirect", *indirect)
        .flag("nocache", *nocache)
        .flag("postonly", *postonly)
        .flag("preserve", *preserve)
        .flag("httponly", *httponly)
        .flag("secure", *secure)
        .flag("dynamic", *dynamic)
        .set("maxidle", maxidle.map(text::time))
        .set("maxlife", maxlife.map(text::time));
    let words = domains.iter().fold(words, |words, domain| words.and("domain").and(domain));
    attributes.iter().fold(words, |words, attribute| words.and("attr").and(attribute))
}
