//! Pages in place of the built-in ones: `errorfile`, `errorloc` and its like (configuration.txt 4.2).

use std::path::Path;

use lang::{Diagnostic, Word};

use super::Context;
use crate::draft::Proxy;
use crate::model::PageOrigin;
use crate::reference::Reference;

/// The statuses that HAProxy has a page for; 414 and 431 came after 2.6.
const PAGES: &[u16] = &[
    200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 414, 421, 422, 425, 429, 431, 500, 501, 502, 503, 504,
];

/// An answer fits in one of HAProxy's buffers.
const MAX_PAGE: u64 = 1 << 20;

/// `errorfile CODE FILE`.
pub(crate) fn file(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let (status, page, origin) = read(cx, "errorfile : expects <status_code> and <file> as arguments.")?;
    set(cx, status, page, origin);
    Ok(())
}

/// The status and the page of an `errorfile` line.
pub(crate) fn read<T>(
    cx: &mut Context<'_, T>,
    usage: &str,
) -> Result<(u16, Vec<u8>, PageOrigin), Diagnostic> {
    let (status, file) = arguments(cx, usage)?;
    Ok((status, load(cx, file)?, PageOrigin::File((&file.text).into())))
}

/// The answer in a file.
fn load<T>(cx: &Context<'_, T>, file: &Word) -> Result<Vec<u8>, Diagnostic> {
    let name = &file.text;
    let bytes = cx.world.files.read(Path::new(name), MAX_PAGE).map_err(|error| {
        let message = format!("errorfile : error {} file '{name}'.", rules::failed(&error));
        Diagnostic::alert(file.span, message).hint(error.to_string())
    })?;
    if let Err(why) = judge(&bytes) {
        return Err(Diagnostic::alert(file.span, format!("errorfile : '{name}': {why}"))
            .hint("the file holds the whole answer: status line, headers, an empty line, the body"));
    }
    Ok(bytes)
}

/// `errorloc CODE URL`, `errorloc302`, `errorloc303`.
pub(crate) fn location(
    cx: &mut Context<'_, Proxy>,
    status_line: &str,
    origin: fn(String) -> PageOrigin,
) -> Result<(), Diagnostic> {
    let usage = format!("{} : expects <status_code> and <url> as arguments.", cx.keyword);
    let (status, url) = arguments(cx, &usage)?;
    if url.text.contains(|c: char| c.is_control()) {
        let message = format!("{} : the url has control characters", cx.keyword);
        return Err(Diagnostic::alert(url.span, message));
    }
    let page = format!(
        "HTTP/1.1 {status_line}\r\nCache-Control: no-cache\r\nContent-length: 0\r\nLocation: {}\r\n\r\n",
        url.text
    );
    set(cx, status, page.into_bytes(), origin(url.text.clone()));
    Ok(())
}

/// The status, and the word behind it.
fn arguments<'a, T>(cx: &mut Context<'a, T>, usage: &str) -> Result<(u16, &'a Word), Diagnostic> {
    let code = cx.words.next().filter(|code| !code.text.is_empty());
    let (Some(code), Some(word)) = (code, cx.words.next()) else {
        return Err(cx.words.error(usage));
    };
    Ok((status(&format!("{} :", cx.keyword), code)?, word))
}

/// A status that there is a page for.
fn status(label: &str, code: &Word) -> Result<u16, Diagnostic> {
    let number = number(&code.text);
    let status = u16::try_from(number).ok().filter(|status| PAGES.contains(status));
    status.ok_or_else(|| Diagnostic::alert(code.span, format!("{label} status code '{number}' not handled.")))
}

/// The digits that a word begins with, as HAProxy reads a number.
fn number(text: &str) -> u32 {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    text[..digits].parse().unwrap_or_default()
}

/// `errorfiles NAME [CODE…]`: pages of an `http-errors` section.
pub(crate) fn section(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let name = cx.word_or("errorfiles : expects <name> as argument.")?;
    let codes = cx.words.take_rest();
    let codes = codes.iter().map(|code| Ok((status("errorfiles :", code)?, code)));
    let codes: Vec<(u16, &Word)> = codes.collect::<Result<_, _>>()?;
    // a section that is not there is missed by those that inherit the line
    let Some(pages) = expr::Pages::section(cx.world.pages, &name.text) else {
        cx.target.settings.references.push(Reference::pages(&name, &cx.place));
        return Ok(());
    };
    for (status, code) in &codes {
        if !pages.iter().any(|(known, _)| known == status) {
            undeclared(cx, *status, &name, code);
        }
    }
    for (status, page) in pages {
        if codes.is_empty() || codes.iter().any(|(wanted, _)| wanted == status) {
            set(cx, *status, page.clone(), PageOrigin::Section(name.text.clone()));
        }
    }
    Ok(())
}

/// The pages of a section.
fn imported<'a>(cx: &Context<'a, Proxy>, name: &Word) -> Result<&'a [(u16, Vec<u8>)], Diagnostic> {
    let pages = cx.world.pages;
    expr::Pages::section(pages, &name.text).ok_or_else(|| {
        let message = format!(
            "proxy '{}': unknown http-errors section '{}' (at {}).",
            cx.target.name, name.text, cx.place
        );
        let names = pages.0.iter().map(|section| section.head.name.as_str());
        let meant = lang::suggest::nearest(&name.text, names).map(str::to_owned);
        Diagnostic::alert(name.span, message).suggest(meant)
    })
}

fn undeclared(cx: &mut Context<'_, Proxy>, status: u16, section: &Word, at: &Word) {
    let message = format!(
        "config: proxy '{}' : status '{status}' not declared in http-errors section '{}'",
        cx.target.name, section.text
    );
    cx.notes.warning(at.span, message);
}

/// `http-error status CODE …`: an answer in the words of `return`, in place of a page.
pub(crate) fn http_error(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let words = cx.words.rest();
    let status = error_status(cx, words)?;
    let value = |keyword: &str| match words {
        [a, b, c, d] => [(a, b), (c, d)].into_iter().find(|(key, _)| key.text == keyword),
        _ => None,
    };
    // a file and a section give the page just as lines of their own would
    if let Some((_, file)) = value("errorfile") {
        let page = load(cx, file)?;
        set(cx, status, page, PageOrigin::File((&file.text).into()));
    } else if let Some((key, name)) = value("errorfiles") {
        match imported(cx, name)?.iter().find(|(known, _)| *known == status) {
            Some((_, page)) => set(cx, status, page.clone(), PageOrigin::Section(name.text.clone())),
            None => undeclared(cx, status, name, key),
        }
    } else {
        return said(cx, status);
    }
    cx.words.take_rest();
    Ok(())
}

/// The status that an `http-error` line must say.
fn error_status(cx: &Context<'_, Proxy>, words: &[Word]) -> Result<u16, Diagnostic> {
    let at = words.iter().position(|word| word.text == "status");
    let at = at.ok_or_else(|| cx.words.error("http-error : expects at least a <status> as arguments."))?;
    let code = words.get(at + 1).ok_or_else(|| {
        let end = words.last().map_or(cx.span, |word| word.span).after();
        Diagnostic::alert(end, "http-error : 'status' expects <status_code> as argument")
    })?;
    let number = number(&code.text);
    if !(200..=599).contains(&number) {
        let message = format!("http-error : Unexpected status code '{number}'");
        return Err(Diagnostic::alert(code.span, message));
    }
    status("http-error:", code)
}

/// An answer that is made for each request.
fn said(cx: &mut Context<'_, Proxy>, status: u16) -> Result<(), Diagnostic> {
    let scope = cx.scope(expr::Phase::HttpRequest);
    let result =
        scope.within("http-error directive", || rules::HttpError::parse(status, &mut cx.words, &scope));
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    let error = result.map_err(|error| error.prefixed("http-error : "))?;
    clear(cx, status);
    let errors = &mut cx.target.settings.options.http_errors;
    errors.extend(error);
    errors.sort_by_key(|error| error.status);
    Ok(())
}

/// Takes back what was said of a status.
fn clear(cx: &mut Context<'_, Proxy>, status: u16) {
    let options = &mut cx.target.settings.options;
    options.http_errors.retain(|error| error.status != status);
    if let Ok(at) = options.errorfiles.binary_search_by_key(&status, |(known, _)| *known) {
        options.errorfiles.remove(at);
        options.errorfile_origins.remove(at);
    }
}

fn set(cx: &mut Context<'_, Proxy>, status: u16, page: Vec<u8>, origin: PageOrigin) {
    clear(cx, status);
    let options = &mut cx.target.settings.options;
    put(&mut options.errorfiles, &mut options.errorfile_origins, status, page, origin);
}

/// Puts a page where it belongs among pages sorted by status, in place of another for the same one.
pub(crate) fn put(
    pages: &mut Vec<(u16, Vec<u8>)>,
    origins: &mut Vec<PageOrigin>,
    status: u16,
    page: Vec<u8>,
    origin: PageOrigin,
) {
    match pages.binary_search_by_key(&status, |(other, _)| *other) {
        Ok(at) => (pages[at], origins[at]) = ((status, page), origin),
        Err(at) => {
            pages.insert(at, (status, page));
            origins.insert(at, origin);
        }
    }
}

/// Why these bytes are no answer, in HAProxy's words. No bytes at all are fine: then nothing is sent.
fn judge(page: &[u8]) -> Result<(), String> {
    if page.is_empty() {
        return Ok(());
    }
    let mut announced = None;
    let mut start = 0;
    for line in page.split_inclusive(|byte| *byte == b'\n') {
        let text = line.strip_suffix(b"\n").map(|text| text.strip_suffix(b"\r").unwrap_or(text));
        let text = text.ok_or_else(|| unparsable(-2))?;
        match (start, text) {
            (0, text) => status_line(text)?,
            (_, []) => return payload(page.len() - start - line.len(), announced),
            (_, text) => announced = header(text, start)?.or(announced),
        }
        start += line.len();
    }
    Err(unparsable(-2))
}

fn unparsable(offset: isize) -> String {
    format!("unable to parse headers (error offset: {offset})")
}

fn status_line(line: &[u8]) -> Result<(), String> {
    let mut words = line.split(|byte| *byte == b' ').filter(|word| !word.is_empty());
    let (version, status) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let status = match status {
        [a, b, c] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err(unparsable(if words.next().is_some() { 9 } else { 0 })),
    };
    match version {
        [b'H', b'T', b'T', b'P', b'/', major, b'.', minor]
            if major.is_ascii_digit() && minor.is_ascii_digit() => {}
        other => return Err(format!("invalid http version ({})", String::from_utf8_lossy(other))),
    }
    match status {
        0..200 => Err(format!("invalid http status code for an error message ({status})")),
        _ => Ok(()),
    }
}

/// What a header line announces of the payload.
fn header(line: &[u8], start: usize) -> Result<Option<usize>, String> {
    let is_token = |byte: &u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(byte);
    let length = line.iter().take_while(|byte| is_token(byte)).count();
    let (name, rest) = line.split_at(length);
    let Some((b':', value)) = rest.split_first().filter(|_| !name.is_empty()) else {
        return Err(unparsable((start + length).cast_signed()));
    };
    if name.eq_ignore_ascii_case(b"transfer-encoding") {
        return Err("chunk-encoded payload not supported".to_owned());
    }
    if !name.eq_ignore_ascii_case(b"content-length") {
        return Ok(None);
    }
    let number = std::str::from_utf8(value.trim_ascii()).ok().and_then(|text| text.parse().ok());
    number.map(Some).ok_or_else(|| unparsable((start + length + 1).cast_signed()))
}

fn payload(length: usize, announced: Option<usize>) -> Result<(), String> {
    match announced {
        Some(announced) if announced != length => {
            Err(format!("payload size does not match the announced content-length ({length} != {announced})"))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_whole_answer_or_nothing() {
        for page in [
            "",
            "HTTP/1.0 503 x\r\n\r\n",
            "HTTP/1.0 503\r\n\r\n",
            "HTTP/1.0 503 x\nA: b\n\nabc\n",
            "HTTP/2.0 200 ok\r\ncontent-length: 3\r\n\r\nabc",
        ] {
            assert_eq!(judge(page.as_bytes()), Ok(()), "{page:?}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_page_is_said_as_haproxy_says_it() {
        for (page, why) in [
            ("hello\n", "unable to parse headers (error offset: 0)"),
            ("HTTP/1.0 503 x\r\n", "unable to parse headers (error offset: -2)"),
            ("HTTP/1.1 503 x\r\nA", "unable to parse headers (error offset: -2)"),
            ("HTTP/1.1 503 x\r\nbad header: x\r\n\r\nabc", "unable to parse headers (error offset: 19)"),
            ("HTTP/1.1 503 x\r\nA b\r\n\r\n", "unable to parse headers (error offset: 17)"),
            (
                "HTTP/1.1 503 x\r\nContent-Length: 5\r\n\r\nabc",
                "payload size does not match the announced content-length (3 != 5)",
            ),
            (
                "HTTP/1.1 503 x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                "chunk-encoded payload not supported",
            ),
            ("HTTP/1.0 103 x\r\n\r\n", "invalid http status code for an error message (103)"),
            ("ICY 503 x\r\n\r\n", "invalid http version (ICY)"),
        ] {
            assert_eq!(judge(page.as_bytes()), Err(why.to_owned()), "{page:?}");
        }
    }
}
