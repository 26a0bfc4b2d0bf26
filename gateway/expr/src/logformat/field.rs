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
    /// Nothing knows its value yet.
    later: bool,
}

const fn row(tag: &'static str, shape: Shape) -> Row {
    Row { tag, shape, http: false, later: false }
}

const fn http(tag: &'static str, shape: Shape) -> Row {
    Row { tag, shape, http: true, later: false }
}

const fn later(tag: &'static str, shape: Shape) -> Row {
    Row { tag, shape, http: false, later: true }
}

/// The known tags.
#[rustfmt::skip]
const ROWS: &[Row] = &[
    row("B", Shape::Number),
    http("CC", Shape::Text),
    http("CS", Shape::Text),
    later("H", Shape::Text),
    http("HM", Shape::Text),
    http("HP", Shape::Text),
    http("HPO", Shape::Text),
    http("HQ", Shape::Text),
    http("HU", Shape::Text),
    http("HV", Shape::Text),
    row("ID", Shape::Text),
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
    later("bi", Shape::Address),
    later("bp", Shape::HexNumber),
    row("bq", Shape::Number),
    row("ci", Shape::Address),
    row("cp", Shape::HexNumber),
    row("f", Shape::Text),
    row("fc", Shape::Number),
    row("fi", Shape::Address),
    row("fp", Shape::HexNumber),
    row("ft", Shape::Text),
    later("lc", Shape::Number),
    row("hr", Shape::Text),
    row("hrl", Shape::Text),
    row("hs", Shape::Text),
    row("hsl", Shape::Text),
    row("ms", Shape::Number),
    row("pid", Shape::HexNumber),
    http("r", Shape::Text),
    row("rc", Shape::Number),
    later("rt", Shape::HexNumber),
    row("s", Shape::Text),
    row("sc", Shape::Number),
    later("si", Shape::Address),
    later("sp", Shape::HexNumber),
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

    /// Whether nothing knows its value yet: it is written as what is missing.
    pub fn is_later(self) -> bool {
        self.row.later
    }

    /// Whether it exists only in `mode http`.
    pub fn needs_http(self) -> bool {
        self.row.http
    }
}

#[cfg(test)]
mod tests {
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
}
