//! What a client says of itself in `authorization` (configuration.txt 7.3.6, `http_auth_*`).

use std::ops::ControlFlow;

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Arg, Kind};
use crate::auth::User;
use crate::{Named, Phases, Side, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("http_auth", Type::Bool, Phases::REQUEST, |r, v| one(Some(Value::Bool(user(r).is_some())), v)).takes(&[Kind::Subject(Named::Userlist)], 1).awaits().example("http_auth(people)", "1"),
    fetch("http_auth_group", Type::Str, Phases::REQUEST, groups).takes(&[Kind::Subject(Named::Userlist)], 1).awaits().example("http_auth_group(people)", "ali"),
    fetch("http_auth_bearer", Type::Str, Phases::REQUEST, bearer).takes(&[Kind::Header], 0).awaits().example("http_auth_bearer(x-token)", "t0k"),
    fetch("http_auth_pass", Type::Str, Phases::REQUEST, |r, v| one(pair(r).map(|(_, password)| Value::made(password)), v)).awaits().example("http_auth_pass", "open:sesame"),
    fetch("http_auth_type", Type::Str, Phases::REQUEST, kind).awaits().example("http_auth_type", "Basic"),
    fetch("http_auth_user", Type::Str, Phases::REQUEST, |r, v| one(pair(r).map(|(user, _)| Value::made(user)), v)).awaits().example("http_auth_user", "ali"),
];

/// A header's scheme and what follows it.
fn credentials<'a>(request: &Request<'a>, name: &http::HeaderName) -> Option<(&'a [u8], &'a [u8])> {
    let mut line = None;
    request.txn.headers(Side::Request, Some(name), &mut |_, value| {
        line = Some(value);
        ControlFlow::Break(())
    });
    let line = line?;
    let end = memchr::memchr(b' ', line).filter(|end| *end > 0)?;
    Some((&line[..end], line[end..].trim_ascii_start()))
}

/// The scheme, in HAProxy's spelling, of credentials that are in order.
fn kind<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let scheme = match credentials(request, &http::header::AUTHORIZATION) {
        Some((scheme, _)) if scheme.eq_ignore_ascii_case(b"bearer") => Some(&b"Bearer"[..]),
        _ => pair(request).map(|_| &b"Basic"[..]),
    };
    one(scheme.map(Value::text), visit);
}

/// The user and the password of basic credentials.
fn pair(request: &Request<'_>) -> Option<(Vec<u8>, Vec<u8>)> {
    let (scheme, text) = credentials(request, &http::header::AUTHORIZATION)?;
    let text = Some(text).filter(|_| scheme.eq_ignore_ascii_case(b"basic"))?;
    let pair = crate::convert::unbase64(text)?;
    let colon = memchr::memchr(b':', &pair)?;
    Some((pair[..colon].to_vec(), pair[colon + 1..].to_vec()))
}

/// The user of the list that the request's name and password prove.
fn user<'a>(request: &Request<'a>) -> Option<&'a User> {
    let list = match request.args.first() {
        Some(Arg::Subject(subject)) => subject.proxy.as_deref()?,
        _ => return None,
    };
    let (_, text) = credentials(request, &http::header::AUTHORIZATION)
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"basic"))?;
    let pair = crate::convert::unbase64(text)?;
    let mut halves = pair.splitn(2, |byte| *byte == b':');
    let (name, password) = (halves.next()?, halves.next()?);
    request.txn.userlist(list)?.check(name, password)
}

/// That user's name; conditions are asked with each of the groups.
fn groups<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    if !request.each {
        return one(user(request).map(|user| Value::text(user.name.as_bytes())), visit);
    }
    for group in user(request).into_iter().flat_map(|user| &user.groups) {
        if visit(Value::text(group.as_bytes())).is_break() {
            return;
        }
    }
}

fn bearer<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let name = arg::header(request.args, 0).unwrap_or(&http::header::AUTHORIZATION);
    let token = credentials(request, name).filter(|(scheme, _)| scheme.eq_ignore_ascii_case(b"bearer"));
    one(token.map(|(_, token)| Value::text(token)), visit);
}
