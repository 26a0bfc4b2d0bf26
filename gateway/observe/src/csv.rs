//! `show stat`: comma-separated values in HAProxy's order (management.txt 9.1).

use crate::catalog::COLUMNS;
use crate::snapshot::{Row, Snapshot, Value};

/// The whole table, header first. The trailing empty line belongs to the protocol of the CLI and is added there.
pub fn csv(snapshot: &Snapshot) -> String {
    csv_of(snapshot.rows.iter())
}

/// The header and these rows.
pub fn csv_of<'a>(rows: impl Iterator<Item = &'a Row>) -> String {
    let mut text = String::with_capacity(4096);
    text.push_str("# ");
    for (_, name) in COLUMNS {
        text.push_str(name);
        text.push(',');
    }
    text.push('\n');
    for row in rows {
        for (column, _) in COLUMNS {
            write_value(&mut text, row.get(*column));
            text.push(',');
        }
        text.push('\n');
    }
    text
}

fn write_value(text: &mut String, value: &Value) {
    match value {
        Value::Empty => {}
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Text(word) if word.contains(['"', ',', '\n']) => {
            text.push('"');
            text.push_str(&word.replace('"', "\"\"").replace('\n', " "));
            text.push('"');
        }
        Value::Text(word) => text.push_str(word),
    }
}
