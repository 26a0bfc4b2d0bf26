//! The tags of log formats (configuration.txt 8.2.6).

/// What a tag such as `%ci` stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LogField {
    row: &'static Row,
}

/// How a tag's value is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// A number.
    Number,
    /// A number that `X` writes in hexadecimal.
    HexNumber,
    /// A text: quoted by `Q`, escaped by `E`.
    Text,
    /// A date.
    Date,
    /// An address: a text that `X` writes in hexadecimal.
    Address,
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Row {
    tag: &'static str,
    shape: Shape,
    /// Only in `mode http`.
    http: bool,
}

const fn row(tag: &'static str, shape: Shape) -> Row {
    Row { tag, shape, http: false }
}

const fn http(tag: &'static str, shape: Shape) -> Row {
    Row { tag, shape, http: true }
}

/// The known tags.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("B", Shape::Number),
    http("CC", Shape::Text),
    http("CS", Shape::Text),
    row("H", Shape::Text),
    http("HM", Shape::Text),
    http("HP", Shape::Text),
    http("HPO", Shape::Text),
    http("HQ", Shape::Text),
    http("HU", Shape::Text),
    http("HV", Shape::Text),
    row("ID", Shape::Text),
    row("OG", Shape::Text),
    row("ST", Shape::Number),
    row("T", Shape::Date),
    http("Ta", Shape::Number),
    row("Tc", Shape::Number),
    row("Td", Shape::Number),
    row("Tl", Shape::Date),
    row("Th", Shape::Number),
    http("Ti", Shape::Number),
    http("Tq", Shape::Number),
    http("TR", Shape::Number),
    http("Tr", Shape::Number),
    row("Ts", Shape::HexNumber),
    row("Tt", Shape::Number),
    row("Tu", Shape::Number),
    row("Tw", Shape::Number),
    row("U", Shape::Number),
    row("ac", Shape::Number),
    row("b", Shape::Text),
    row("bc", Shape::Number),
    row("bi", Shape::Address),
    row("bp", Shape::HexNumber),
    row("bq", Shape::Number),
    row("ci", Shape::Address),
    row("cp", Shape::HexNumber),
    row("f", Shape::Text),
    row("fc", Shape::Number),
    row("fi", Shape::Address),
    row("fp", Shape::HexNumber),
    row("ft", Shape::Text),
    row("lc", Shape::Number),
    row("hr", Shape::Text),
    row("hrl", Shape::Text),
    row("hs", Shape::Text),
    row("hsl", Shape::Text),
    row("ms", Shape::Number),
    row("pid", Shape::HexNumber),
    http("r", Shape::Text),
    row("rc", Shape::Number),
    row("rt", Shape::HexNumber),
    row("s", Shape::Text),
    row("sc", Shape::Number),
    row("si", Shape::Address),
    row("sp", Shape::HexNumber),
    row("sq", Shape::Number),
    row("sslc", Shape::Text),
    row("sslv", Shape::Text),
    row("t", Shape::Date),
    http("tr", Shape::Date),
    http("trg", Shape::Date),
    http("trl", Shape::Date),
    row("ts", Shape::Text),
    http("tsc", Shape::Text),
];

impl LogField {
    /// The field of a tag, without its `%`.
    pub fn find(tag: &str) -> Option<Self> {
        ROWS.iter().find(|row| row.tag == tag).map(|row| Self { row })
    }

    /// Every field.
    pub fn all() -> impl Iterator<Item = Self> {
        ROWS.iter().map(|row| Self { row })
    }

    /// The tag, without its `%`: what an implementation of [`crate::Txn::log_field`] looks at.
    pub fn tag(self) -> &'static str {
        self.row.tag
    }

    /// How its value is written.
    pub fn shape(self) -> Shape {
        self.row.shape
    }

    /// Whether it is what was captured of headers: nothing at all where nothing is, not even a mark.
    pub(crate) fn is_list(self) -> bool {
        matches!(self.tag(), "hr" | "hs" | "hrl" | "hsl")
    }

    /// Whether it exists only in `mode http`.
    pub fn needs_http(self) -> bool {
        self.row.http
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn tags_are_unique_and_found() {
        let mut tags: Vec<_> = LogField::all().map(LogField::tag).collect();
        tags.sort_unstable();
        tags.dedup();
        assert_eq!(tags.len(), LogField::all().count());
        assert!(LogField::find("ci").is_some());
        assert!(LogField::find("nope").is_none());
    }

    /// The rows of the manual's table: which need HTTP, their tags, and whether they are numbers, dates or texts.
    #[test]
    fn the_manuals_table_is_here_whole() {
        let manual =
            Command::new("zcat").arg("/usr/share/doc/haproxy/configuration.txt.gz").output().unwrap();
        let manual = String::from_utf8_lossy(&manual.stdout).into_owned();
        let table = manual.split("\n8.2.6. Custom log format\n").nth(1).unwrap();
        let table = table.split("\n8.3. ").next().unwrap();
        let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
        let rows = table.lines().map(cells).filter(|cells| cells.len() == 6 && cells[2].starts_with('%'));
        let (mut known, mut wrong) = (0, Vec::new());
        for cells in rows.filter(|cells| cells[2] != "%o") {
            known += 1;
            let Some(field) = LogField::find(&cells[2][1..]) else {
                wrong.push(cells[2].clone());
                continue;
            };
            let is_number = matches!(field.shape(), Shape::Number | Shape::HexNumber);
            let listed = (cells[1] == "H", cells[4] == "numeric", cells[4] == "date");
            if (field.needs_http(), is_number, field.shape() == Shape::Date) != listed {
                wrong.push(format!("{field:?} is not {cells:?}"));
            }
        }
        assert_eq!(wrong, Vec::<String>::new());
        // `%OG` came with HAProxy 3.1
        assert_eq!(known + 1, LogField::all().count());
    }
}
