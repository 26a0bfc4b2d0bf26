//! The Markdown table of what rules cost.

use std::fmt::Write as _;

use super::{Alone, Cost, Row, Settings};
use crate::report::{median, processor};
use crate::subject::Subject;

/// A row on one line, for whoever watches.
pub(super) fn line(row: &Row, subjects: &[Subject]) -> String {
    let Alone { conditions, all, instructions } = &row.inside;
    let mut text = format!(
        "{:<11} rules alone {:>6} ns, {} of them conditions, {} instructions",
        row.case.name,
        all.as_nanos(),
        conditions.as_nanos(),
        instructions.unwrap_or_default()
    );
    for (subject, cost) in subjects.iter().zip(&row.costs) {
        let _ = write!(
            text,
            "; {} {:.1} µs, {} instructions a request, {:.1} MiB, start {} ms",
            subject.name,
            cpu(cost),
            cost.instructions.unwrap_or_default(),
            cost.memory as f64 / 1024.0,
            cost.start.as_millis()
        );
    }
    text
}

fn cpu(cost: &Cost) -> f64 {
    let mut figures = cost.cpu.clone();
    figures.sort_by(f64::total_cmp);
    median(&figures).unwrap_or(f64::NAN)
}

/// A column of the table, with a cell for each subject.
type Column = (&'static str, fn(&Cost) -> String);

const COLUMNS: &[Column] = &[
    ("CPU a request, µs", |cost| format!("{:.1}", cpu(cost))),
    ("instructions a request", |cost| number(cost.instructions)),
    ("memory, MiB", |cost| format!("{:.1}", cost.memory as f64 / 1024.0)),
    ("CPU to start, ms", |cost| cost.start.as_millis().to_string()),
];

pub(super) fn all(settings: &Settings, rows: &[Row]) -> String {
    let names: Vec<_> = settings.subjects.iter().map(|subject| subject.name).collect();
    let heads = COLUMNS.iter().map(|(head, _)| format!("{head}: {}", names.join(" / ")));
    let mut text = format!(
        "| rules | conditions / rules alone, ns | instructions | {} |\n",
        heads.collect::<Vec<_>>().join(" | ")
    );
    let _ = writeln!(text, "|---|--:|--:|{}", "--:|".repeat(COLUMNS.len()));
    for Row { case, inside, costs } in rows {
        let (conditions, all) = (inside.conditions.as_nanos(), inside.all.as_nanos());
        let _ = write!(text, "| {} | {conditions} / {all} | {} |", case.title, number(inside.instructions));
        for (_, cell) in COLUMNS {
            let _ = write!(text, " {} |", costs.iter().map(cell).collect::<Vec<_>>().join(" / "));
        }
        text.push('\n');
    }
    let versions: Vec<_> =
        settings.subjects.iter().map(|subject| format!("{} {}", subject.name, subject.version)).collect();
    let _ = write!(
        text,
        "\nThe last of the rules is the one that matches, but for those that deny, of which none does. Rules alone: the \
         gateway's rule sets asked about a request in memory, their conditions only and with the changes that they make. CPU: 16 kept-alive \
         connections, small GET, median of {} rounds of {} s taken in turn. Instructions: in user space, by valgrind, \
         one request after the other. Memory: once it has started and was asked. {}; {}.\n",
        settings.rounds,
        settings.window.as_secs(),
        processor(),
        versions.join(", ")
    );
    text
}

fn number(number: Option<u64>) -> String {
    number.map_or("–".to_owned(), thousands)
}

/// `1,234,567`.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let texts = [0, 12, 123, 1_234, 123_456, 1_234_567].map(thousands);
        assert_eq!(texts, ["0", "12", "123", "1,234", "123,456", "1,234,567"]);
    }
}
