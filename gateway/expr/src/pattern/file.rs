//! Files of patterns: a pattern on each line, or a key and a value (configuration.txt 7.1, 7.3.1 `map`).

use std::path::Path;

use crate::Scope;

/// The largest file that is read.
const MAX_FILE: u64 = 256 << 20;

/// What the lines of a file are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Columns {
    /// A pattern.
    One,
    /// A key, blanks, and a value that may hold blanks.
    Two,
}

/// A line that counts: its number, what is compared, and its value.
pub(super) struct Line<'a> {
    pub(super) number: u64,
    pub(super) pattern: &'a [u8],
    pub(super) value: &'a [u8],
}

/// The content of a file.
pub(super) fn read(name: &str, scope: &Scope<'_>) -> Result<Vec<u8>, String> {
    let failed = |error| format!("failed to open pattern file <{name}> ({error})");
    scope.files.read(Path::new(name), MAX_FILE).map_err(failed)
}

/// The lines that count; empty ones and comments do not.
pub(super) fn lines(content: &[u8], columns: Columns) -> impl Iterator<Item = Line<'_>> {
    let numbered = content.split(|byte| *byte == b'\n').zip(1..);
    numbered.filter_map(move |(line, number)| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.first() == Some(&b'#') {
            return None;
        }
        let (pattern, value) = cut(trim_start(line), columns);
        (!pattern.is_empty()).then_some(Line { number, pattern, value })
    })
}

fn cut(line: &[u8], columns: Columns) -> (&[u8], &[u8]) {
    let blank = match columns {
        Columns::One => None,
        Columns::Two => line.iter().position(|byte| is_blank(*byte)),
    };
    let (pattern, rest) = line.split_at(blank.unwrap_or(line.len()));
    let value = trim_start(rest);
    let end = value.iter().rposition(|byte| !is_blank(*byte)).map_or(0, |at| at + 1);
    (pattern, &value[..end])
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn trim_start(line: &[u8]) -> &[u8] {
    let start = line.iter().position(|byte| !is_blank(*byte)).unwrap_or(line.len());
    &line[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_end_at_a_blank_and_values_with_the_line() {
        let content = b"# c\n\n \t/a\tbe 1 \r\n #x y\n/b\n   \n/c";
        let read = |columns| -> Vec<(u64, String, String)> {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            lines(content, columns).map(|line| (line.number, text(line.pattern), text(line.value))).collect()
        };
        let row = |number, pattern: &str, value: &str| (number, pattern.to_owned(), value.to_owned());
        assert_eq!(
            read(Columns::Two),
            [row(3, "/a", "be 1"), row(4, "#x", "y"), row(5, "/b", ""), row(7, "/c", "")]
        );
        assert_eq!(
            read(Columns::One),
            [row(3, "/a\tbe 1 ", ""), row(4, "#x y", ""), row(5, "/b", ""), row(7, "/c", "")]
        );
    }
}
