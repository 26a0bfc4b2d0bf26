//! The files that were read, in load order, and places in them.

use std::borrow::Cow;
use std::fmt::Write as _;

/// The room for a colon and the number of a line.
const LINE_DIGITS: usize = 8;

/// A file's place in [`Sources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct FileId(pub u32);

/// A stretch of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Span {
    /// The file.
    pub file: FileId,
    /// The line, counted from 1; 0 where a file as a whole is meant.
    pub line: u32,
    /// The first byte's column, counted from 0.
    pub start: u32,
    /// The column after the last byte.
    pub end: u32,
}

impl Span {
    /// From the beginning of `self` to the end of `last`, which is on the same line.
    pub fn to(self, last: Self) -> Self {
        Self { end: last.end.max(self.end), ..self }
    }

    /// The place just after this one.
    pub fn after(self) -> Self {
        Self { start: self.end, end: self.end + 1, ..self }
    }
}

/// The files that were read, with their lines: what a message needs to show a place.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    name: String,
    text: Vec<u8>,
    /// Where each line begins; a file is never so long that this is too narrow.
    starts: Vec<u32>,
    /// What stands for the number of each line, where the text was made from another spelling.
    labels: Vec<String>,
}

impl Sources {
    /// Adds a file and gives its id.
    pub fn add(&mut self, name: impl Into<String>, text: Vec<u8>) -> FileId {
        let mut starts = vec![0];
        let ends = (1..).zip(&text).filter(|(_, byte)| **byte == b'\n');
        starts.extend(ends.map(|(after, _): (u32, _)| after));
        self.files.push(Source { name: name.into(), text, starts, labels: Vec::new() });
        FileId(u32::try_from(self.files.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds a text that was made from another spelling: each line comes with what messages call its place.
    pub fn add_labelled(&mut self, name: impl Into<String>, lines: Vec<(String, String)>) -> FileId {
        let (labels, mut text) = (Vec::with_capacity(lines.len()), String::new());
        let labels = lines.into_iter().fold(labels, |mut labels, (label, line)| {
            text.push_str(&line.replace(['\n', '\r'], " "));
            text.push('\n');
            labels.push(label);
            labels
        });
        let file = self.add(name, text.into_bytes());
        if let Some(source) = self.files.last_mut() {
            source.labels = labels;
        }
        file
    }

    /// The name under which a file was asked for; empty for an id that is not of these sources.
    pub fn name(&self, file: FileId) -> &str {
        self.file(file).map_or("", |source| &source.name)
    }

    /// The names of all files, in load order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.files.iter().map(|source| source.name.as_str())
    }

    /// The line at a place as [`Sources::place`] writes it.
    pub fn line_at(&self, place: &str) -> Option<Cow<'_, str>> {
        let mut files = (0..).map(FileId).zip(&self.files);
        files.find_map(|(file, source)| {
            let within = place.strip_prefix(source.name.as_str())?.strip_prefix(':')?;
            let labelled = source.labels.iter().position(|label| label == within).map(|at| at + 1);
            let line = labelled.and_then(|line| u32::try_from(line).ok()).or_else(|| within.parse().ok())?;
            self.line(file, line)
        })
    }

    /// One line without its end; bytes that are not UTF-8 are replaced.
    pub fn line(&self, file: FileId, line: u32) -> Option<Cow<'_, str>> {
        self.line_bytes(file, line).map(String::from_utf8_lossy)
    }

    /// One line without its end, as it stands in the file.
    pub fn line_bytes(&self, file: FileId, line: u32) -> Option<&[u8]> {
        let source = self.file(file)?;
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        let start = *source.starts.get(index)? as usize;
        let end = source.starts.get(index + 1).map_or(source.text.len(), |next| *next as usize - 1);
        let text = source.text.get(start..end)?;
        Some(text.strip_suffix(b"\r").unwrap_or(text))
    }

    /// How many lines a file has; a last line without a newline counts.
    pub(crate) fn lines(&self, file: FileId) -> u32 {
        let count = self.file(file).map_or(0, |source| {
            let empty = source.starts.last().is_some_and(|last| *last as usize == source.text.len());
            source.starts.len() - usize::from(empty)
        });
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// Whether the file ends without a newline.
    pub(crate) fn is_truncated(&self, file: FileId) -> bool {
        self.file(file).is_some_and(|source| source.text.last().is_some_and(|byte| *byte != b'\n'))
    }

    /// `file:line`, or the file's name alone where no line is meant.
    pub fn place(&self, span: Span) -> String {
        match (span.line, self.label(span)) {
            (0, _) => self.name(span.file).to_owned(),
            (_, Some(label)) => format!("{}:{label}", self.name(span.file)),
            (line, None) => {
                let name = self.name(span.file);
                let mut place = String::with_capacity(name.len() + LINE_DIGITS);
                let _ = write!(place, "{name}:{line}"); // a text takes all that is written
                place
            }
        }
    }

    /// What stands for the line's number, in a text that was made from another spelling.
    pub fn label(&self, span: Span) -> Option<&str> {
        let index = usize::try_from(span.line).ok()?.checked_sub(1)?;
        self.file(span.file)?.labels.get(index).map(String::as_str)
    }

    fn file(&self, file: FileId) -> Option<&Source> {
        self.files.get(usize::try_from(file.0).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_lose_their_ends_and_count_from_one() {
        let mut sources = Sources::default();
        let file = sources.add("a.cfg", b"one\r\ntwo\n\nfour".to_vec());
        let lines: Vec<_> = (0..6).map(|line| sources.line(file, line).map(Cow::into_owned)).collect();
        let expected = [None, Some("one"), Some("two"), Some(""), Some("four"), None];
        assert_eq!(lines, expected.map(|line| line.map(str::to_owned)));
        assert_eq!(sources.lines(file), 4);
        assert!(sources.is_truncated(file));
    }

    #[test]
    fn lines_made_from_another_spelling_have_labels_for_places() {
        let mut sources = Sources::default();
        let lines = vec![("global".into(), "global".into()), ("global.maxconn".into(), "maxconn 1".into())];
        let file = sources.add_labelled("a.yaml", lines);
        assert_eq!(sources.place(Span { file, line: 2, start: 0, end: 1 }), "a.yaml:global.maxconn");
        assert_eq!(sources.line(file, 2).as_deref(), Some("maxconn 1"));
        assert_eq!(sources.line_at("a.yaml:global.maxconn").as_deref(), Some("maxconn 1"));
    }

    #[test]
    fn a_place_is_file_and_line() {
        let mut sources = Sources::default();
        let file = sources.add("a.cfg", b"one\n".to_vec());
        assert_eq!(sources.place(Span { file, line: 7, start: 0, end: 1 }), "a.cfg:7");
        assert_eq!(sources.place(Span { file, ..Span::default() }), "a.cfg");
        assert_eq!(sources.line_at("a.cfg:1").as_deref(), Some("one"));
        assert!(["a.cfg", "a.cfg:9", "a.cfg:x", "b.cfg:1"].iter().all(|at| sources.line_at(at).is_none()));
        assert_eq!(sources.lines(file), 1);
        assert!(!sources.is_truncated(file));
    }
}
