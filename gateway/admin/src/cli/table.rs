//! What the commands over stick tables have in common: keys, values, filters, and how an entry is shown.

use std::fmt::Write as _;
use std::sync::Arc;

use ::table::{Cut, Data, Entry, Key, Kind, Layout, Millis, Table};

use super::{Answer, Context};

/// How many conditions a command may have.
const FILTERS: usize = 4;

/// A text on a line of its own.
pub(super) fn say(text: &str) -> Answer {
    Answer::Text(format!("{text}\n"))
}

/// The table of a name, and the moment.
pub(super) fn find(context: &Context<'_>, name: &str) -> Result<(Arc<Table>, Millis), Answer> {
    let (tables, now) = context.subject.stick_tables();
    let table = tables.into_iter().find(|table| table.name() == name).ok_or_else(|| say("No such table"))?;
    table.sweep(now);
    Ok((table, now))
}

/// A key as it is written; `doing` begins the refusal of types that cannot be written.
pub(super) fn key(table: &Table, text: &str, doing: &str) -> Result<Key, Answer> {
    let read = match table.kind() {
        Kind::Ip => text.parse().ok().map(Key::Ip),
        Kind::Ipv6 => text.parse().ok().map(Key::Ipv6),
        Kind::Integer => text.parse().ok().map(Key::Integer),
        Kind::String(_) => table.kind().text(text.as_bytes()),
        Kind::Binary(_) => {
            return Err(say(&format!(
                "{doing} keys from tables of type other than ip, ipv6, string and integer is not supported"
            )));
        }
    };
    read.ok_or_else(|| say("Invalid key"))
}

/// The kind of data that `data.gpc0` names, if the table stores it.
pub(super) fn data(table: &Table, word: &str) -> Result<Data, &'static str> {
    let name = word.strip_prefix("data.").unwrap_or(word);
    let data = Data::find(name).ok_or("Unknown data type")?;
    let stored = table.layout().stores().any(|store| store.data == data);
    if stored { Ok(data) } else { Err("Data type not stored in this table") }
}

/// `data.gpc0 gt 5`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Filter {
    data: Data,
    holds: fn(i64, i64) -> bool,
    value: i64,
}

/// Conditions, all of which must hold.
pub(super) fn filters(table: &Table, words: &[String]) -> Result<Vec<Filter>, Answer> {
    let chunks = words.chunks(3).take_while(|words| words.first().is_some_and(|word| !word.is_empty()));
    chunks.take(FILTERS).zip(1..).map(|(words, number)| filter(table, words, number)).collect()
}

fn filter(table: &Table, words: &[String], number: usize) -> Result<Filter, Answer> {
    let fail = |why: &str| say(&format!("Filter entry #{number}: {why}"));
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let holds: fn(i64, i64) -> bool = match word(1) {
        "eq" => |a, b| a == b,
        "ne" => |a, b| a != b,
        "le" => |a, b| a <= b,
        "ge" => |a, b| a >= b,
        "lt" => |a, b| a < b,
        "gt" => |a, b| a > b,
        _ => {
            data(table, word(0)).map_err(fail)?;
            return Err(fail("Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\""));
        }
    };
    let data = data(table, word(0)).map_err(fail)?;
    let value = word(2).parse().map_err(|_| fail("Require a valid integer value to compare against"))?;
    Ok(Filter { data, holds, value })
}

impl Filter {
    /// Whether an entry is wanted.
    pub(super) fn takes(&self, entry: &Entry<'_>) -> bool {
        let value = entry.get(self.data, 0).and_then(|value| i64::try_from(value).ok());
        value.is_some_and(|value| (self.holds)(value, self.value))
    }
}

/// The line of a table.
pub(super) fn write_head(table: &Table, out: &mut String) {
    let (name, kind, size, used) = (table.name(), table.kind().name(), table.size(), table.used());
    let _ = writeln!(out, "# table: {name}, type: {kind}, size:{size}, used:{used}");
}

/// The line of an entry.
pub(super) fn write_entry(table: &Table, cut: &mut Cut, out: &mut String) {
    let (layout, number) = (table.layout(), cut.number());
    let _ = write!(out, "{number:#x}: key={}", cut.key);
    cut.read(layout, |entry| {
        let _ = write!(out, " use={} exp={}", entry.trackers(), entry.expires_in());
        write_values(table, layout, entry, out);
    });
    out.push('\n');
}

fn write_values(table: &Table, layout: &Layout, entry: &Entry<'_>, out: &mut String) {
    for store in layout.stores() {
        for index in 0..store.count {
            let value = entry.get(store.data, index).unwrap_or(0);
            let name = store.data.name();
            let _ = match (store.data, store.data.is_rate()) {
                (Data::Gpt | Data::Gpc, _) => write!(out, " {name}{index}={value}"),
                (Data::GpcRate, _) => write!(out, " gpc{index}_rate({})={value}", store.period),
                (Data::ServerKey, _) => {
                    write!(out, " {name}={}", table.numbered_name(value).as_deref().unwrap_or("-"))
                }
                (_, true) => write!(out, " {name}({})={value}", store.period),
                (_, false) => write!(out, " {name}={value}"),
            };
        }
    }
}
