//! `redirect location|prefix|scheme <fmt> [code …] [option …]` (configuration.txt 4.2, `redirect`).

use std::ops::ControlFlow;

use bytes::Bytes;
use expr::{LogFormat, Phase, Scope, Side, Txn};
use lang::{Diagnostic, Word, Words};

use super::Action;
use super::set_uri::cut;
use crate::{Answer, AnswerKind, Flow, Message};

/// As HAProxy 2.6 tells them, which knows no `keep-query`.
const KEYWORDS: &str = "'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', \
                        'drop-query', 'ignore-empty' or 'append-slash'";

#[derive(Debug)]
struct Redirect {
    kind: Kind,
    to: LogFormat,
    code: u16,
    drop_query: bool,
    /// A location gets the request's query (3.2).
    keep_query: bool,
    append_slash: bool,
    ignore_empty: bool,
    /// The whole value of `set-cookie`.
    cookie: Option<String>,
}

/// What is given, the rest being taken from the request.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Location,
    Prefix,
    Scheme,
}

impl Action for Redirect {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        match self.location(message.txn()) {
            Some(location) => Flow::Answer(self.answer(location)),
            None => Flow::Continue,
        }
    }
}

impl Redirect {
    /// Where to, or nothing for an empty place that is to be ignored.
    fn location(&self, txn: &dyn Txn) -> Option<Vec<u8>> {
        let mut out = self.to.to_bytes(txn);
        if out.is_empty() && self.ignore_empty {
            return None;
        }
        match self.kind {
            Kind::Location if self.keep_query => append_query(txn, &mut out),
            Kind::Location => {}
            Kind::Prefix => {
                // a prefix of `/` alone stands for nothing, so that paths can be made relative to the host
                if out == b"/" {
                    out.clear();
                }
                self.append_path(txn, &mut out);
            }
            Kind::Scheme => {
                out.extend_from_slice(b"://");
                out.extend(host(txn).unwrap_or_default());
                self.append_path(txn, &mut out);
            }
        }
        Some(out)
    }

    fn append_path(&self, txn: &dyn Txn, out: &mut Vec<u8>) {
        let (_, path, query) = cut(txn.uri().unwrap_or_default());
        // `*` and an authority alone have no path
        out.extend_from_slice(if path.starts_with(b"/") { path } else { b"/" });
        if !self.drop_query {
            out.extend_from_slice(query);
        }
        if self.append_slash && out.last() != Some(&b'/') {
            out.push(b'/');
        }
    }

    fn answer(&self, location: Vec<u8>) -> Answer {
        let mut headers = vec![(b"content-length".to_vec(), b"0".to_vec()), (b"location".to_vec(), location)];
        // the others may be kept by caches by their nature
        if matches!(self.code, 302 | 303 | 307) {
            headers.push((b"cache-control".to_vec(), b"no-cache".to_vec()));
        }
        if let Some(cookie) = &self.cookie {
            headers.push((b"set-cookie".to_vec(), cookie.clone().into_bytes()));
        }
        Answer {
            status: self.code,
            sent: None,
            // the other codes have the phrases that any answer has
            reason: (self.code == 302).then(|| b"Found".to_vec()),
            kind: AnswerKind::Redirect,
            headers,
            body: Some(Bytes::new()),
            silent: false,
            close_after_body: true,
        }
    }
}

/// The request's query behind the one that a location has, if it has one.
fn append_query(txn: &dyn Txn, out: &mut Vec<u8>) {
    let (_, _, query) = cut(txn.uri().unwrap_or_default());
    if let Some(query) = query.strip_prefix(b"?").filter(|query| !query.is_empty()) {
        out.push(if out.contains(&b'?') { b'&' } else { b'?' });
        out.extend_from_slice(query);
    }
}

/// The first Host value.
fn host(txn: &dyn Txn) -> Option<Vec<u8>> {
    let mut host = None;
    txn.headers(Side::Request, Some(&http::header::HOST), &mut |_, value| {
        host = Some(value.to_vec());
        ControlFlow::Break(())
    });
    host
}

pub(super) fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    read(words, scope, LogFormat::parse)
}

/// The old line of its own, whose places are no formats: they are sent as they stand.
pub(super) fn parse_old(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    read(words, scope, |word, scope| {
        if word.text.contains('%') {
            let message = format!("'redirect' : '{}' is sent as it stands, as in HAProxy", word.text);
            let hint =
                "only 'http-request redirect' fills in what '%' stands for: write 'http-request redirect …'";
            scope.warn(Diagnostic::warning(word.span, message).hint(hint));
        }
        LogFormat::parse(&Word { text: word.text.replace('%', "%%"), ..word.clone() }, scope)
    })
}

type Place = fn(&Word, &Scope<'_>) -> Result<LogFormat, Diagnostic>;

fn read(words: &mut Words<'_>, scope: &Scope<'_>, to: Place) -> Result<Box<dyn Action>, Diagnostic> {
    let start = words.here();
    let mut place = None;
    let (mut drop_query, mut keep_query, mut append_slash, mut ignore_empty) = (false, false, false, false);
    let (mut code, mut cookie) = (302, None);
    while let Some(word) = words.peek().filter(|word| word.text != "if" && word.text != "unless") {
        words.next();
        match word.text.as_str() {
            "location" => place = Some((Kind::Location, to(argument(words, "location")?, scope)?)),
            "prefix" => place = Some((Kind::Prefix, to(argument(words, "prefix")?, scope)?)),
            "scheme" => place = Some((Kind::Scheme, to(argument(words, "scheme")?, scope)?)),
            "code" => code = status(words)?,
            "set-cookie" => cookie = Some(format!("{}; path=/;", text(words, "set-cookie")?)),
            "clear-cookie" => {
                cookie = Some(format!("{}; path=/; Max-Age=0;", text(words, "clear-cookie")?));
            }
            "drop-query" => drop_query = true,
            "keep-query" => keep_query = true,
            "append-slash" => append_slash = true,
            "ignore-empty" => ignore_empty = true,
            other => {
                let message = format!("expects {KEYWORDS} (was '{other}')");
                return Err(Diagnostic::alert(word.span, message));
            }
        }
    }
    let (kind, to) =
        place.ok_or_else(|| words.error("redirection type expected ('prefix', 'location', or 'scheme')"))?;
    // the request is gone by then
    if scope.phase != Phase::HttpRequest && !matches!(kind, Kind::Location) {
        return Err(Diagnostic::alert(start, "response only supports redirect type 'location'"));
    }
    Ok(Box::new(Redirect { kind, to, code, drop_query, keep_query, append_slash, ignore_empty, cookie }))
}

fn text<'a>(words: &mut Words<'a>, keyword: &str) -> Result<&'a str, Diagnostic> {
    let missing = words.error(format!("missing argument for '{keyword}'"));
    words.next().map(|word| word.text.as_str()).ok_or(missing)
}

fn argument<'a>(words: &mut Words<'a>, keyword: &str) -> Result<&'a Word, Diagnostic> {
    let missing = words.error(format!("missing argument for '{keyword}'"));
    words.next().filter(|word| !word.text.is_empty()).ok_or(missing)
}

fn status(words: &mut Words<'_>) -> Result<u16, Diagnostic> {
    let here = words.here();
    let code = text(words, "code")?;
    let known = ["301", "302", "303", "307", "308"];
    let unknown = || {
        let message =
            format!("'code': unsupported HTTP code '{code}' (must be one of 301, 302, 303, 307 or 308)");
        Diagnostic::alert(here, message)
    };
    known.iter().find(|known| **known == code).and_then(|code| code.parse().ok()).ok_or_else(unknown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{World, rule, rules};

    fn location(uri: &str, text: &str) -> Option<String> {
        let mut world = World { uri: uri.into(), ..World::sample() };
        match rules(Phase::HttpRequest, &[text]).run(&mut world) {
            Flow::Answer(answer) => Some(String::from_utf8_lossy(&answer.headers[1].1).into_owned()),
            _ => None,
        }
    }

    /// What HAProxy 2.6 sends.
    #[test]
    fn locations_are_built_as_haproxy_builds_them() {
        for (uri, text, expected) in [
            ("/loc", "redirect location /new", "/new"),
            ("/loc2", "redirect location http://x/%[path] code 301", "http://x//loc2"),
            ("/pre/a?b=1", "redirect prefix http://p.example", "http://p.example/pre/a?b=1"),
            ("/root/a?b", "redirect prefix /", "/root/a?b"),
            ("/a?b=1&c", "redirect location /new keep-query", "/new?b=1&c"),
            ("/a?b=1", "redirect location /new?x keep-query", "/new?x&b=1"),
            ("/a?", "redirect location /new keep-query", "/new"),
            ("/a", "redirect location /new?x keep-query", "/new?x"),
            ("/dq/a?b", "redirect prefix /x drop-query", "/x/dq/a"),
            ("/as/a?b", "redirect prefix /x drop-query append-slash", "/x/as/a/"),
            ("/as/a/?b", "redirect prefix /x drop-query append-slash", "/x/as/a/"),
            ("/bs/a?b", "redirect prefix /x append-slash", "/x/bs/a?b/"),
            ("/bs/a", "redirect prefix /x append-slash", "/x/bs/a/"),
            ("/sch/a?b", "redirect scheme https", "https://www.example.com/sch/a?b"),
            ("/s/a?b", "redirect scheme https code 308 drop-query", "https://www.example.com/s/a"),
            ("http://abs/x?q", "redirect prefix http://p", "http://p/x?q"),
            ("*", "redirect scheme https", "https://www.example.com/"),
            ("h.ex:8", "redirect prefix http://p", "http://p/"),
            ("http://h", "redirect prefix http://p", "http://p/"),
            ("/x", "redirect location %[hdr(none)]", ""),
        ] {
            assert_eq!(location(uri, text).as_deref(), Some(expected), "{uri} {text}");
        }
        assert_eq!(location("/x", "redirect location %[hdr(none)] ignore-empty"), None);
    }

    #[test]
    fn headers_come_in_haproxys_order() {
        let headers = |text: &str| match rules(Phase::HttpRequest, &[text]).run(&mut World::sample()) {
            Flow::Answer(answer) => answer
                .headers
                .iter()
                .map(|(name, value)| {
                    format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
                })
                .collect::<Vec<_>>()
                .join("|"),
            other => panic!("{other:?}"),
        };
        for (text, expected) in [
            ("redirect location /n", "content-length: 0|location: /n|cache-control: no-cache"),
            ("redirect location /n code 301", "content-length: 0|location: /n"),
            ("redirect location /n code 303", "content-length: 0|location: /n|cache-control: no-cache"),
            ("redirect location /n code 308", "content-length: 0|location: /n"),
            (
                "redirect location /n code 307 set-cookie A=1",
                "content-length: 0|location: /n|cache-control: no-cache|set-cookie: A=1; path=/;",
            ),
            (
                "redirect location /n code 301 clear-cookie A=",
                "content-length: 0|location: /n|set-cookie: A=; path=/; Max-Age=0;",
            ),
        ] {
            assert_eq!(headers(text), expected, "{text}");
        }
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("redirect", "redirection type expected ('prefix', 'location', or 'scheme')."),
            ("redirect location", "missing argument for 'location'."),
            (
                "redirect location /x code 399",
                "'code': unsupported HTTP code '399' (must be one of 301, 302, 303, 307 or 308).",
            ),
            (
                "redirect foo /x",
                "expects 'code', 'prefix', 'location', 'scheme', 'set-cookie', 'clear-cookie', 'drop-query', \
                 'ignore-empty' or 'append-slash' (was 'foo').",
            ),
        ] {
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(message.ends_with(expected), "{message}");
        }
        let message = rule(Phase::HttpResponse, "redirect scheme https").unwrap_err().message;
        assert!(message.ends_with("response only supports redirect type 'location'."), "{message}");
    }
}
