//! The request's head (configuration.txt 7.3.6).

use std::net::IpAddr;
use std::ops::ControlFlow;

use super::{Fetch, Request, Visit, fetch, one, uri};
use crate::arg::{self, Arg, Kind};
use crate::value::{leading_int, leading_ipv4};
use crate::{Phases, Side, Type, Value};

pub(super) const HEADER: &[Kind] = &[Kind::Header, Kind::Int];
const NAME: &[Kind] = &[Kind::Str];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("path", Type::Str, Phases::REQUEST, |r, v| of_uri(r, uri::path, v)).awaits().example("path", "/a/b"),
    fetch("pathq", Type::Str, Phases::REQUEST, |r, v| of_uri(r, uri::path_and_query, v)).awaits().example("pathq", "/a/b?x=1&y=2"),
    fetch("url", Type::Str, Phases::REQUEST, |r, v| of_uri(r, Some, v)).awaits().example("url", "/a/b?x=1&y=2"),
    fetch("query", Type::Str, Phases::REQUEST, |r, v| of_uri(r, |uri| uri::split_query(uri).1, v)).awaits().example("query", "x=1&y=2"),
    fetch("base", Type::Str, Phases::REQUEST, |r, v| base(r, uri::path, v)).awaits().example("base", "www.example.com/a/b"),
    fetch("baseq", Type::Str, Phases::REQUEST, |r, v| base(r, uri::path_and_query, v)).awaits().example("baseq", "www.example.com/a/b?x=1&y=2"),
    fetch("url_ip", Type::Ip, Phases::REQUEST, url_ip).awaits().example("url_ip", ""),
    fetch("url_port", Type::Int, Phases::REQUEST, url_port).awaits().example("url_port", ""),
    fetch("method", Type::Method, Phases::MESSAGE, method).awaits().example("method", "GET"),
    fetch("req.ver", Type::Str, Phases::REQUEST, version).aliases(&["req_ver"]).awaits().example("req.ver", "1.1"),
    fetch("req.proto_http", Type::Bool, Phases::MESSAGE, proto_http).aliases(&["req_proto_http"]).awaits().example("req.proto_http", "1"),
    fetch("http_first_req", Type::Bool, Phases::MESSAGE, |r, v| one(Some(Value::Bool(r.txn.first_request())), v)).awaits().example("http_first_req", "1"),
    fetch("req.hdr", Type::Str, Phases::REQUEST, |r, v| value(r, Side::Request, v)).takes(HEADER, 0).awaits().example("req.hdr(accept)", "b"),
    fetch("req.fhdr", Type::Str, Phases::REQUEST, |r, v| line(r, Side::Request, v)).takes(HEADER, 0).awaits().example("req.fhdr(accept)", "a, b"),
    fetch("req.hdr_cnt", Type::Int, Phases::REQUEST, |r, v| count(r, Side::Request, true, v)).aliases(&["hdr_cnt"]).takes(&[Kind::Header], 0).awaits().example("req.hdr_cnt(accept)", "2"),
    fetch("req.fhdr_cnt", Type::Int, Phases::REQUEST, |r, v| count(r, Side::Request, false, v)).takes(&[Kind::Header], 0).awaits().example("req.fhdr_cnt(accept)", "1"),
    fetch("req.hdr_val", Type::Int, Phases::REQUEST, |r, v| number(r, Side::Request, v)).aliases(&["hdr_val"]).takes(HEADER, 0).awaits().example("req.hdr_val(content-length)", "12"),
    fetch("req.hdr_ip", Type::Ip, Phases::REQUEST, |r, v| address(r, Side::Request, v)).aliases(&["hdr_ip"]).takes(HEADER, 0).awaits().example("req.hdr_ip(x-forwarded-for)", "10.0.0.2"),
    fetch("req.hdr_names", Type::Str, Phases::REQUEST, |r, v| names(r, Side::Request, v)).takes(NAME, 0).awaits().example("req.hdr_names", "host,accept,cookie,content-length,x-forwarded-for,authorization,x-token"),
    fetch("req.hdrs", Type::Bin, Phases::REQUEST, |r, v| block(r, Side::Request, v)).awaits().example("req.hdrs,field(1,:)", "host"),
    fetch("req.hdrs_bin", Type::Bin, Phases::REQUEST, |r, v| block_bin(r, Side::Request, v)).awaits().example("req.hdrs_bin,bytes(0,6),hex", "04686F73740F"),
    fetch("hdr", Type::Str, Phases::HEADS, either).takes(HEADER, 0).awaits().example("hdr(host)", "www.example.com"),
    fetch("req.cook", Type::Str, Phases::REQUEST, |r, v| cookie(r, Side::Request, v)).aliases(&["cook"]).takes(NAME, 0).awaits().example("req.cook(sid)", "abc"),
    fetch("cookie", Type::Str, Phases::HEADS, |r, v| cookie(r, at_hand(r), v)).takes(NAME, 0).awaits().example("cookie(n)", "5"),
    fetch("req.cook_cnt", Type::Int, Phases::REQUEST, |r, v| cookie_count(r, Side::Request, v)).aliases(&["cook_cnt"]).takes(NAME, 0).awaits().example("req.cook_cnt(n)", "1"),
    fetch("req.cook_val", Type::Int, Phases::REQUEST, |r, v| cookie_number(r, Side::Request, v)).aliases(&["cook_val"]).takes(NAME, 0).awaits().example("req.cook_val(n)", "5"),
    fetch("url_param", Type::Str, Phases::REQUEST, param).aliases(&["urlp"]).takes(&[Kind::Str, Kind::Str], 0).awaits().example("url_param(y)", "2"),
    fetch("urlp_val", Type::Int, Phases::REQUEST, param_number).takes(&[Kind::Str, Kind::Str], 0).awaits().example("urlp_val(y)", "2"),
];

fn of_uri<'a>(request: &Request<'a>, part: fn(&'a [u8]) -> Option<&'a [u8]>, visit: Visit<'_, 'a>) {
    one(request.txn.uri().and_then(part).map(Value::text), visit);
}

/// The first Host value with the path behind it.
fn base<'a>(request: &Request<'a>, part: fn(&'a [u8]) -> Option<&'a [u8]>, visit: Visit<'_, 'a>) {
    let Some(uri) = request.txn.uri() else { return };
    let mut host: &[u8] = b"";
    request.txn.headers(Side::Request, Some(&http::header::HOST), &mut |_, value| {
        host = value;
        ControlFlow::Break(())
    });
    let path = part(uri).unwrap_or_default();
    if host.is_empty() {
        return one(Some(Value::text(path)), visit);
    }
    one(Some(Value::made([host, path].concat())), visit);
}

fn url_ip<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(url_address(request).map(|(ip, _)| Value::Ip(ip)), visit);
}

fn url_port<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(url_address(request).map(|(_, port)| Value::Int(port)), visit);
}

/// The address and port of an absolute target; a name is none.
fn url_address(request: &Request<'_>) -> Option<(IpAddr, i64)> {
    let authority = uri::authority(request.txn.uri()?)?;
    let end = memchr::memrchr(b':', authority).filter(|at| !authority[*at..].contains(&b']'));
    let host = &authority[..end.unwrap_or(authority.len())];
    let host = host.strip_prefix(b"[").and_then(|host| host.strip_suffix(b"]")).unwrap_or(host);
    let ip = std::str::from_utf8(host).ok()?.parse().ok()?;
    Some((ip, end.map_or(80, |at| leading_int(&authority[at + 1..]))))
}

fn method<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.method().map(|method| Value::Method(method.into())), visit);
}

fn version<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(request.txn.version().and_then(version_text).map(|text| Value::text(&text[5..])), visit);
}

/// `HTTP/1.1`.
pub(super) fn version_text(version: (u8, u8)) -> Option<&'static [u8]> {
    match version {
        (0, 9) => Some(b"HTTP/0.9"),
        (1, 0) => Some(b"HTTP/1.0"),
        (1, 1) => Some(b"HTTP/1.1"),
        (2, _) => Some(b"HTTP/2.0"),
        (3, _) => Some(b"HTTP/3.0"),
        _ => None,
    }
}

fn proto_http<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::Bool(request.txn.method().is_some())), visit);
}

/// `hdr`: of the message that is at hand.
fn either<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    value(request, at_hand(request), visit);
}

fn at_hand(request: &Request<'_>) -> Side {
    if request.txn.status().is_some() { Side::Response } else { Side::Request }
}

/// Values between commas.
pub(super) fn value<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    occurrence(request, &mut |each| values(request, side, each), visit);
}

/// Whole lines.
pub(super) fn line<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    occurrence(request, &mut |each| lines(request, side, each), visit);
}

pub(super) type Each<'v, 'a> = &'v mut dyn FnMut(&'a [u8]) -> ControlFlow<()>;

/// The occurrence that the second argument names: from the first, from the last when negative; by default every one
/// in a condition and the last elsewhere.
fn occurrence<'a>(request: &Request<'a>, all: &mut dyn FnMut(Each<'_, 'a>), visit: Visit<'_, 'a>) {
    let wanted = match arg::int(request.args, 1) {
        None | Some(0) if request.each => return all(&mut |value| visit(Value::text(value))),
        None | Some(0) => -1,
        Some(wanted) => wanted,
    };
    let mut left = wanted;
    if wanted < 0 {
        all(&mut |_| {
            left = left.saturating_add(1);
            ControlFlow::Continue(())
        });
        // `left` is now how many precede the wanted one
        if left < 0 {
            return;
        }
        left = left.saturating_add(1);
    }
    all(&mut |value| {
        left = left.saturating_sub(1);
        if left > 0 {
            return ControlFlow::Continue(());
        }
        let _ = visit(Value::text(value));
        ControlFlow::Break(())
    });
}

fn lines<'a>(request: &Request<'a>, side: Side, each: Each<'_, 'a>) {
    request.txn.headers(side, arg::header(request.args, 0), &mut |_, value| each(value));
}

fn values<'a>(request: &Request<'a>, side: Side, each: Each<'_, 'a>) {
    lines(request, side, &mut |line| {
        let mut rest = Some(line);
        while let Some(text) = rest {
            let end = end_of(b',', text);
            each(text[..end].trim_ascii())?;
            rest = text.get(end + 1..);
        }
        ControlFlow::Continue(())
    });
}

/// Where the next delimiter outside of quotes stands.
pub(super) fn end_of(delimiter: u8, text: &[u8]) -> usize {
    // most texts have none, and fewer have quotes in front of it
    let Some(first) = memchr::memchr(delimiter, text) else { return text.len() };
    let Some(quote) = memchr::memchr(b'"', &text[..first]) else { return first };
    let (mut quoted, mut at) = (false, quote);
    while let Some(byte) = text.get(at) {
        match byte {
            b'\\' if quoted => at += 1,
            b'"' => quoted = !quoted,
            byte if *byte == delimiter && !quoted => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Whether the message is still to come: then there is nothing to count, not even to none.
fn is_to_come(request: &Request<'_>, side: Side) -> bool {
    side == Side::Response && request.txn.status().is_none()
}

pub(super) fn count<'a>(request: &Request<'a>, side: Side, split: bool, visit: Visit<'_, 'a>) {
    if is_to_come(request, side) {
        return;
    }
    let mut n = 0;
    let mut one_more = |_: &'a [u8]| {
        n += 1;
        ControlFlow::Continue(())
    };
    if split {
        values(request, side, &mut one_more)
    } else {
        lines(request, side, &mut one_more)
    }
    one(Some(Value::Int(n)), visit);
}

pub(super) fn number<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    value(request, side, &mut |value| visit(Value::Int(value.to_int().unwrap_or(0))));
}

/// Addresses; what is none is passed over in a condition.
pub(super) fn address<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    value(request, side, &mut |value| match address_of(&value.into_text()) {
        Some(ip) => visit(Value::Ip(ip)),
        None => ControlFlow::Continue(()),
    });
}

/// An address and nothing else, but for the port that some proxies write behind one of IPv4.
fn address_of(text: &[u8]) -> Option<IpAddr> {
    let Some((ip, rest)) = leading_ipv4(text) else {
        return std::str::from_utf8(text).ok()?.parse().ok();
    };
    let within = |digits: &[u8], limit: u16| {
        let number = digits.iter().try_fold(0, |number: u32, digit| {
            let number = number * 10 + u32::from(digit.is_ascii_digit().then(|| digit - b'0')?);
            Some(number).filter(|number| *number <= u32::from(limit))
        });
        number.is_some()
    };
    // HAProxy reads a number with a sign, of which `-` alone is one
    let is_port = |text: &[u8]| match text {
        [b'-', digits @ ..] => within(digits, 0),
        digits => !digits.is_empty() && within(digits, u16::MAX),
    };
    match rest {
        [] => Some(ip.into()),
        [b':', port @ ..] if is_port(port) => Some(ip.into()),
        _ => None,
    }
}

/// The names of all lines, in order, joined.
pub(super) fn names<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let delimiter = request.args.first().map_or(&b","[..], Arg::text);
    let mut out = Vec::new();
    request.txn.headers(side, None, &mut |name, _| {
        if !out.is_empty() {
            out.extend_from_slice(delimiter);
        }
        out.extend(name.to_ascii_lowercase());
        ControlFlow::Continue(())
    });
    one(Some(Value::made(out)), visit);
}

/// All lines as they would be written, with the empty line.
pub(super) fn block<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let mut out = Vec::new();
    request.txn.headers(side, None, &mut |name, value| {
        for part in [&name.to_ascii_lowercase()[..], b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
        ControlFlow::Continue(())
    });
    out.extend_from_slice(b"\r\n");
    one(Some(Value::Bin(out.into())), visit);
}

/// All lines as names and values with their lengths in front, and two empty texts.
pub(super) fn block_bin<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    let mut out = Vec::new();
    request.txn.headers(side, None, &mut |name, value| {
        for part in [&name.to_ascii_lowercase()[..], value] {
            put_varint(part.len(), &mut out);
            out.extend_from_slice(part);
        }
        ControlFlow::Continue(())
    });
    out.extend_from_slice(&[0, 0]);
    one(Some(Value::Bin(out.into())), visit);
}

/// A number as SPOE writes it: below 240 one byte, then four bits and groups of seven.
fn put_varint(number: usize, out: &mut Vec<u8>) {
    let low = |number: usize, mask: usize| u8::try_from(number & mask).unwrap_or(0);
    if number < 240 {
        return out.push(low(number, 0xff));
    }
    out.push(low(number, 0x0f) | 0xf0);
    let mut rest = (number - 240) >> 4;
    while rest >= 128 {
        out.push(low(rest, 0x7f) | 0x80);
        rest = (rest - 128) >> 7;
    }
    out.push(low(rest, 0x7f));
}

/// The cookies' values, all or those of one name.
fn cookies<'a>(request: &Request<'a>, side: Side, each: Each<'_, 'a>) {
    let wanted = arg::text(request.args, 0);
    let (header, whole) = match side {
        Side::Request => (http::header::COOKIE, true),
        Side::Response => (http::header::SET_COOKIE, false),
    };
    request.txn.headers(side, Some(&header), &mut |_, line| {
        let mut rest = Some(line);
        // HAProxy does not look at what is no longer than the name and its sign, so an empty value at the end of a
        // line is there for `cook` and not for `cook(name)`
        while let Some(text) = rest.filter(|text| text.len() > wanted.len() + 1) {
            let end = end_of(b';', text);
            let pair = &text[..end];
            // a response's line holds one cookie and its attributes
            rest = text.get(end + 1..).filter(|_| whole);
            let Some(equals) = memchr::memchr(b'=', pair) else { continue };
            let (name, value) = (pair[..equals].trim_ascii(), pair[equals + 1..].trim_ascii());
            if wanted.is_empty() || name == wanted {
                each(value)?;
            }
        }
        ControlFlow::Continue(())
    });
}

/// Every cookie in a condition; elsewhere the last of a name, or the first of all.
pub(super) fn cookie<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    if request.each {
        return cookies(request, side, &mut |value| visit(Value::text(value)));
    }
    let any = arg::text(request.args, 0).is_empty();
    let mut found = None;
    cookies(request, side, &mut |value| {
        found = Some(value);
        if any { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    one(found.map(Value::text), visit);
}

pub(super) fn cookie_count<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    if is_to_come(request, side) {
        return;
    }
    let mut n = 0;
    cookies(request, side, &mut |_| {
        n += 1;
        ControlFlow::Continue(())
    });
    one(Some(Value::Int(n)), visit);
}

pub(super) fn cookie_number<'a>(request: &Request<'a>, side: Side, visit: Visit<'_, 'a>) {
    cookie(request, side, &mut |value| visit(Value::Int(value.to_int().unwrap_or(0))));
}

/// `url_param(name,delimiter)`: every value in a condition, the first elsewhere.
fn param<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let start = arg::text(request.args, 1).first().copied().unwrap_or(b'?');
    let Some(uri) = request.txn.uri() else { return };
    let Some(at) = memchr::memchr(start, uri) else { return };
    params(request, &uri[at + 1..], start, &mut |value| visit(Value::text(value)));
}

/// The values of the parameter that the first argument names, or of all.
pub(super) fn params<'a>(request: &Request<'a>, text: &'a [u8], start: u8, each: Each<'_, 'a>) {
    let wanted = arg::text(request.args, 0);
    let ends = |byte: &u8| matches!(byte, b'&' | b';') || *byte == start;
    for pair in text.split(ends) {
        let value = match memchr::memchr(b'=', pair) {
            Some(equals) if wanted.is_empty() || &pair[..equals] == wanted => &pair[equals + 1..],
            _ => continue,
        };
        if each(value).is_break() || !request.each {
            return;
        }
    }
}

fn param_number<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    param(request, &mut |value| visit(Value::Int(value.to_int().unwrap_or(0))));
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 yields for the same request.
    #[test]
    fn occurrences_are_counted_as_haproxy_counts_them() {
        let world = World::get(
            "/p;k=v?a=1&b=2;c=3&a=4&&d&e=&=f&x=%20+y?z=1",
            &[
                ("X", "a, \"b,c\" ,, d,"),
                ("X", "e"),
                ("X", ""),
                ("N", "1.2.3.4, foo, ::1"),
                ("Cookie", "a=1; b=\"q;r\"; a=2;c; d=;e=x y ;f=a=b"),
                ("Cookie", "a=3"),
                ("Cookie", "z="),
            ],
        );
        for (text, expected) in [
            ("hdr(x)", Some("")),
            ("hdr(x,1)", Some("a")),
            ("hdr(x,2)", Some("\"b,c\"")),
            ("hdr(x,3)", Some("")),
            ("hdr(x,4)", Some("d")),
            ("hdr(x,6)", Some("e")),
            ("hdr(x,8)", None),
            ("hdr(x,-2)", Some("e")),
            ("hdr(x,-4)", Some("d")),
            ("hdr(x,-7)", Some("a")),
            ("hdr(x,-8)", None),
            ("hdr_cnt(x)", Some("7")),
            ("req.fhdr_cnt(x)", Some("3")),
            ("req.fhdr(x,1)", Some("a, \"b,c\" ,, d,")),
            ("req.fhdr(x,-2)", Some("e")),
            ("hdr_ip(n)", Some("::1")),
            ("hdr_ip(n,1)", Some("1.2.3.4")),
            ("hdr_ip(n,2)", None),
            ("hdr_val(none)", None),
            ("cook(a)", Some("3")),
            ("cook(b)", Some("\"q;r\"")),
            ("cook(c)", None),
            ("cook(d)", Some("")),
            ("cook(e)", Some("x y")),
            ("cook(f)", Some("a=b")),
            ("cook", Some("1")),
            ("cook_cnt(a)", Some("3")),
            ("cook(z)", None),
            ("cook_cnt", Some("8")),
            ("url_param(a)", Some("1")),
            ("url_param(c)", Some("3")),
            ("url_param(d)", None),
            ("url_param(e)", Some("")),
            ("url_param", Some("1")),
            ("url_param(x)", Some("%20+y")),
            ("url_param(z)", Some("1")),
            ("url_param(k,;)", Some("v?a=1")),
            ("url_param(c,;)", Some("3")),
            ("url_param(a,&)", Some("4")),
            ("url_ip", None),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }

    /// What HAProxy 2.6 yields.
    #[test]
    fn texts_become_addresses_and_truths() {
        let world = World::get("/", &[("x", ""), ("n", "foo")]);
        for (text, expected) in [
            ("hdr(x),iif(yes,no)", None),
            ("hdr(n),iif(yes,no)", Some("no")),
            ("str(10.0.0.1x),ipmask(32)", Some("10.0.0.1")),
            ("str(010.0.0.0001),ipmask(32)", Some("10.0.0.1")),
            ("str(10.0.0.1.),ipmask(32)", None),
            ("str(10.0.0.256),ipmask(32)", None),
        ] {
            assert_eq!(evaluate(text, &world).as_deref(), expected, "{text}");
        }
    }

    /// What HAProxy 2.6 yields.
    #[test]
    fn addresses_may_have_a_port_behind_them_and_nothing_else() {
        for (value, expected) in [
            ("10.0.0.1:711", Some("10.0.0.1")),
            ("0010.0.0.1:000000080", Some("10.0.0.1")),
            ("10.0.0.1:65536", None),
            ("10.0.0.1:", None),
            ("10.0.0.1:+8", None),
            ("10.0.0.1:-", Some("10.0.0.1")),
            ("10.0.0.1:-1", None),
            ("10.0.0.1:80;", None),
            ("10.0.0.1x", None),
            ("::1", Some("::1")),
            ("::10.0.0.1", Some("::10.0.0.1")),
            ("::1a:1a", Some("::0.26.0.26")),
            ("::ffff:10.0.0.1", Some("::ffff:10.0.0.1")),
            ("[::1]:80", None),
        ] {
            let world = World::get("/", &[("x", value)]);
            assert_eq!(evaluate("hdr_ip(x)", &world).as_deref(), expected, "{value}");
        }
    }

    /// What HAProxy 2.6 counts.
    #[test]
    fn an_empty_cookie_at_the_end_of_a_line_is_seen_only_by_some() {
        for (cookie, all, named) in [
            ("a=", "1", "0"),
            ("=", "0", "0"),
            ("=;=", "1", "0"),
            ("b=1;a=", "2", "0"),
            ("b=1; a=", "2", "1"),
            ("b;a=", "1", "0"),
            ("a=;", "1", "1"),
        ] {
            let world = World::get("/", &[("cookie", cookie)]);
            assert_eq!(evaluate("cook_cnt", &world).as_deref(), Some(all), "{cookie}");
            assert_eq!(evaluate("cook_cnt(a)", &world).as_deref(), Some(named), "{cookie}");
        }
    }

    #[test]
    fn parts_of_absolute_targets() {
        for (text, uri, expected) in [
            ("url_ip", "http://192.0.2.1:8/a", Some("192.0.2.1")),
            ("url_port", "http://192.0.2.1:8/a", Some("8")),
            ("url_port", "http://[::1]/a", Some("80")),
            ("url_ip", "http://h.ex:8/a", None),
            ("url_port", "http://h.ex:8/a", None),
            ("base", "http://h.ex", Some("h")),
            ("base", "*", Some("h")),
            ("query", "/a?b?c", Some("b?c")),
            ("query", "/a", None),
        ] {
            assert_eq!(
                evaluate(text, &World::get(uri, &[("Host", "h")])).as_deref(),
                expected,
                "{text} {uri}"
            );
        }
    }
}
