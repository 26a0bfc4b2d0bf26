//! What `deny`, `tarpit` and `return` answer with: status, headers and a payload (configuration.txt 4.2,
//! `http-request return`).

use std::path::Path;

use bytes::Bytes;
use expr::{LogFormat, Scope, Txn};
use lang::{Diagnostic, Word, Words};

use crate::{Answer, AnswerKind};

/// The largest file that is loaded as a payload.
const MAX_FILE: u64 = 64 << 20;

/// The statuses for which there is a built-in page.
const PAGES: &[u16] =
    &[200, 400, 401, 403, 404, 405, 407, 408, 410, 413, 421, 422, 425, 429, 500, 501, 502, 503, 504];

/// An answer that is made for each request.
#[derive(Debug)]
pub(super) struct Reply {
    status: u16,
    payload: Payload,
    content_type: Option<String>,
    headers: Vec<(Vec<u8>, LogFormat)>,
}

#[derive(Debug)]
enum Payload {
    /// The page for the status.
    Page,
    Empty,
    Fixed(Bytes),
    Format(LogFormat),
    /// A whole answer from a file.
    ErrorFile(ErrorFile),
}

/// An answer as it stands in a file; without a status for an empty file, which is no answer at all.
#[derive(Clone, Debug, Default)]
struct ErrorFile {
    status: Option<u16>,
    reason: Vec<u8>,
    headers: Vec<(Vec<u8>, Vec<u8>)>,
    body: Bytes,
}

impl Reply {
    pub(super) fn answer(&self, txn: &dyn Txn, kind: AnswerKind) -> Answer {
        let body = match &self.payload {
            Payload::Page => return Answer::page(self.status, kind),
            Payload::ErrorFile(file) => return file.answer(self.status, kind),
            Payload::Empty => Bytes::new(),
            Payload::Fixed(bytes) => bytes.clone(),
            Payload::Format(format) => format.to_bytes(txn).into(),
        };
        let lines = self.headers.iter().map(|(name, value)| (name.clone(), value.to_bytes(txn)));
        // as in HAProxy, there is no line for an empty value
        let mut headers: Vec<_> = lines.filter(|(_, value)| !value.is_empty()).collect();
        // these statuses have no body at all
        if self.status >= 200 && self.status != 204 {
            headers.push((b"content-length".to_vec(), body.len().to_string().into_bytes()));
        }
        if let Some(content_type) = self.content_type.as_ref().filter(|_| !body.is_empty()) {
            headers.push((b"content-type".to_vec(), content_type.clone().into_bytes()));
        }
        Answer { status: self.status, headers, body: Some(body), ..Answer::page(self.status, kind) }
    }

    /// Whether it is the page that there is for its status.
    pub(super) fn is_page(&self) -> bool {
        matches!(self.payload, Payload::Page)
    }

    /// What was read from a file, for the comparison of rules.
    pub(super) fn loaded(&self) -> Option<&[u8]> {
        match &self.payload {
            Payload::Fixed(bytes) => Some(bytes),
            Payload::ErrorFile(file) => Some(&file.body),
            Payload::Format(format) => Some(format.text().as_bytes()),
            Payload::Page | Payload::Empty => None,
        }
    }

    /// Reads arguments up to the condition.
    pub(super) fn parse(
        words: &mut Words<'_>,
        scope: &Scope<'_>,
        default: u16,
        denies: bool,
    ) -> Result<Self, Diagnostic> {
        let start = words.here();
        let mut draft = Draft::default();
        // what is no argument is left for the condition's parser to complain about
        while let Some(word) = words.peek().filter(|word| is_argument(&word.text, denies)) {
            words.next();
            draft.argument(word, words, scope)?;
        }
        draft.finish(start, scope, default, denies)
    }
}

/// The arguments that say what the payload is, of which there is one.
const PAYLOADS: [&str; 7] =
    ["errorfile", "errorfiles", "default-errorfiles", "file", "lf-file", "string", "lf-string"];

/// Arguments as they come.
#[derive(Default)]
struct Draft {
    status: Option<u16>,
    /// `deny_status` means the page of that status.
    page: bool,
    payload: Option<Payload>,
    /// The argument that said what the payload is.
    said: Option<&'static str>,
    /// `errorfiles`: the section, whose page is known once the status is.
    section: Option<Word>,
    content_type: Option<String>,
    headers: Vec<(Vec<u8>, LogFormat)>,
}

impl Draft {
    fn argument(&mut self, word: &Word, words: &mut Words<'_>, scope: &Scope<'_>) -> Result<(), Diagnostic> {
        let keyword = word.text.as_str();
        match keyword {
            "status" => self.status = Some(status(words)?),
            "deny_status" => {
                self.status = Some(status(words)?);
                self.page = true;
            }
            "content-type" => self.content_type = Some(value(words, keyword, "<ctype>")?.text.clone()),
            "hdr" => {
                let missing = "'hdr' expects <name> and <value> as arguments";
                let name = super::Name::parse(super::argument(words, missing)?, scope)?;
                let format = LogFormat::parse(super::argument(words, missing)?, scope)?;
                self.headers.push((name.bytes().to_vec(), format));
            }
            _ => return self.payload(word, words, scope),
        }
        Ok(())
    }

    fn payload(&mut self, word: &Word, words: &mut Words<'_>, scope: &Scope<'_>) -> Result<(), Diagnostic> {
        let keyword = word.text.as_str();
        if let Some(said) = self.said.filter(|_| PAYLOADS.contains(&keyword)) {
            let message = format!("unexpected '{keyword}' argument, '{said}' already defined");
            return Err(Diagnostic::alert(word.span, message));
        }
        self.said = PAYLOADS.iter().find(|known| **known == keyword).copied();
        if keyword == "errorfiles" {
            self.section = Some(value(words, keyword, "<name>")?.clone());
        } else {
            self.payload = Some(payload(keyword, word, words, scope)?);
        }
        Ok(())
    }

    /// The answer that a section has for a status; nothing is sent as payload where it has none.
    fn of_section(
        &self,
        status: u16,
        start: lang::Span,
        scope: &Scope<'_>,
    ) -> Result<Option<Payload>, Diagnostic> {
        let Some(name) = &self.section else { return Ok(None) };
        if !PAGES.contains(&status) {
            let message =
                format!("status code '{status}' not handled by default with 'errorfiles' argument.");
            return Err(Diagnostic::alert(start, message));
        }
        Ok(Some(match section_page(name, status, scope)? {
            Some(file) => Payload::ErrorFile(file),
            None => {
                let message = format!(
                    "status '{status}' referenced by an http reply not declared in http-errors section '{}'.",
                    name.text
                );
                scope.warn(Diagnostic::warning(name.span, message));
                Payload::Empty
            }
        }))
    }

    fn finish(
        self,
        start: lang::Span,
        scope: &Scope<'_>,
        default: u16,
        denies: bool,
    ) -> Result<Reply, Diagnostic> {
        let fail = |text: String| Err(Diagnostic::alert(start, text));
        let section = self.of_section(self.status.unwrap_or(default), start, scope)?;
        let content_type = self.content_type;
        // it has nothing to stand before
        let warn_of_type = |why: &str| {
            if let Some(content_type) = &content_type {
                let message = format!("content-type '{content_type}' ignored by the http reply {why}.");
                scope.warn(Diagnostic::warning(start, message));
            }
        };
        let bare = denies && self.status.is_none() && self.headers.is_empty();
        let payload = match self.payload.or(section) {
            Some(payload) => payload,
            None if self.page || bare => Payload::Page,
            None => Payload::Empty,
        };
        let status = self.status.unwrap_or(default);
        match &payload {
            Payload::Page if !PAGES.contains(&status) => {
                return fail(format!(
                    "status code '{status}' not handled by default with 'default-errorfiles' argument."
                ));
            }
            Payload::Page if bare => warn_of_type("because neither errorfile nor payload defined"),
            Payload::Page | Payload::ErrorFile(_) => {
                warn_of_type("when used with an erorrfile");
                if !self.headers.is_empty() {
                    let message = "hdr parameters ignored by the http reply when used with an erorrfile.";
                    scope.warn(Diagnostic::warning(start, message));
                }
            }
            Payload::Empty => warn_of_type("because neither errorfile nor payload defined"),
            Payload::Fixed(bytes) if bytes.is_empty() => {
                warn_of_type("when used with an empty payload");
            }
            Payload::Fixed(_) | Payload::Format(_) if content_type.is_none() => {
                return fail("a content type must be defined when non-empty payload is configured".into());
            }
            Payload::Fixed(_) | Payload::Format(_) => {}
        }
        Ok(Reply { status, payload, content_type, headers: self.headers })
    }
}

fn value<'a>(words: &mut Words<'a>, keyword: &str, what: &str) -> Result<&'a Word, Diagnostic> {
    let missing = words.error(format!("'{keyword}' expects {what} as argument"));
    // an empty text is a text, anything else that is empty is not there to HAProxy
    words.next().filter(|word| !word.text.is_empty() || keyword.ends_with("string")).ok_or(missing)
}

/// What is said of a status that an answer cannot have. HAProxy reads the digits that a word begins with.
pub fn unexpected_status(word: &str) -> String {
    let digits = word.bytes().take_while(u8::is_ascii_digit).count();
    let number = Some(&word[..digits]).filter(|number| !number.is_empty()).unwrap_or("0");
    format!("Unexpected status code '{number}'")
}

fn status(words: &mut Words<'_>) -> Result<u16, Diagnostic> {
    let word = value(words, "status", "<status_code>")?;
    word.text
        .parse()
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| Diagnostic::alert(word.span, unexpected_status(&word.text)))
}

fn payload(
    keyword: &str,
    word: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Payload, Diagnostic> {
    match keyword {
        "default-errorfiles" => Ok(Payload::Page),
        "string" => {
            let text = value(words, keyword, "<str>")?;
            Ok(Payload::Fixed(text.text.clone().into()))
        }
        "lf-string" => LogFormat::parse(value(words, keyword, "<fmt>")?, scope).map(Payload::Format),
        "file" => read(value(words, keyword, "<file>")?, scope).map(|bytes| Payload::Fixed(bytes.into())),
        "lf-file" => {
            let file = value(words, keyword, "<file>")?;
            let text = String::from_utf8(read(file, scope)?)
                .map_err(|_| Diagnostic::alert(file.span, format!("file '{}' is no text", file.text)))?;
            let text = Word { text, span: file.span, quoted: true };
            LogFormat::parse(&text, scope).map(Payload::Format)
        }
        "errorfile" => {
            let file = value(words, keyword, "<fmt>")?;
            ErrorFile::parse(&read(file, scope)?).map(Payload::ErrorFile).ok_or_else(|| {
                Diagnostic::alert(file.span, format!("unable to parse the error file '{}'", file.text))
            })
        }
        _ => Err(Diagnostic::alert(word.span, format!("unexpected argument '{keyword}'"))),
    }
}

/// The answer that an `http-errors` section has for a status.
fn section_page(name: &Word, status: u16, scope: &Scope<'_>) -> Result<Option<ErrorFile>, Diagnostic> {
    let section = scope.pages.and_then(|pages| pages.section(&name.text)).ok_or_else(|| {
        let message = format!("unknown http-errors section '{}' referenced by an http reply", name.text);
        Diagnostic::alert(name.span, message)
    })?;
    let page = section.iter().find(|(known, _)| *known == status);
    Ok(page.and_then(|(_, page)| ErrorFile::parse(page)))
}

const ARGUMENTS: &[&str] = &[
    "status",
    "content-type",
    "hdr",
    "default-errorfiles",
    "errorfile",
    "errorfiles",
    "file",
    "lf-file",
    "string",
    "lf-string",
];

fn is_argument(word: &str, denies: bool) -> bool {
    ARGUMENTS.contains(&word) || denies && word == "deny_status"
}

/// What went wrong with a file, in HAProxy's word: a directory opens and cannot be read.
pub fn failed(error: &std::io::Error) -> &'static str {
    if error.kind() == std::io::ErrorKind::IsADirectory { "reading" } else { "opening" }
}

fn read(file: &Word, scope: &Scope<'_>) -> Result<Vec<u8>, Diagnostic> {
    let name = &file.text;
    scope
        .files
        .read(Path::new(name), MAX_FILE)
        .map_err(|error| Diagnostic::alert(file.span, format!("error {} file '{name}'", failed(&error))))
}

impl ErrorFile {
    /// Reads an HTTP answer; lines may end with or without a carriage return.
    fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.is_empty() {
            return Some(Self::default());
        }
        let mut lines = Lines(bytes);
        let first = lines.next_line()?;
        let mut parts = first.splitn(3, |byte| *byte == b' ').filter(|part| !part.is_empty());
        let version = parts.next()?;
        if !version.starts_with(b"HTTP/") {
            return None;
        }
        let status: u16 = std::str::from_utf8(parts.next()?).ok()?.parse().ok()?;
        let reason = parts.next().unwrap_or_default().to_vec();
        let mut headers = Vec::new();
        loop {
            let line = lines.next_line()?;
            if line.is_empty() {
                break;
            }
            let colon = line.iter().position(|byte| *byte == b':')?;
            let name = http::HeaderName::from_bytes(&line[..colon]).ok()?;
            // how the connection goes on is not the file's business
            if name != http::header::CONNECTION {
                headers.push((name.as_str().as_bytes().to_vec(), line[colon + 1..].trim_ascii().to_vec()));
            }
        }
        let file = Self { status: Some(status), reason, headers, body: Bytes::copy_from_slice(lines.0) };
        (200..=599).contains(&status).then(|| file.with_length())
    }

    /// Adds the length if the file does not say it.
    fn with_length(mut self) -> Self {
        let told = self.headers.iter().any(|(name, _)| name == b"content-length");
        if !told && self.status != Some(204) {
            self.headers.push((b"content-length".to_vec(), self.body.len().to_string().into_bytes()));
        }
        self
    }

    /// What the file says; as in HAProxy the log shows the status that the rule has without it.
    fn answer(&self, logged: u16, kind: AnswerKind) -> Answer {
        Answer {
            sent: self.status,
            silent: self.status.is_none(),
            reason: Some(self.reason.clone()),
            headers: self.headers.clone(),
            body: Some(self.body.clone()),
            ..Answer::page(logged, kind)
        }
    }
}

/// What is left of a file, line by line.
struct Lines<'a>(&'a [u8]);

impl<'a> Lines<'a> {
    fn next_line(&mut self) -> Option<&'a [u8]> {
        let end = self.0.iter().position(|byte| *byte == b'\n')?;
        let line = &self.0[..end];
        self.0 = &self.0[end + 1..];
        Some(line.strip_suffix(b"\r").unwrap_or(line))
    }
}
