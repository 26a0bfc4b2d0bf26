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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::{FrontendCounters, ServerCounters};
    use crate::snapshot::example::example;
    use crate::snapshot::{CheckFacts, FrontendFacts, Mode, ServerFacts, ServerStatus};

    /// Which columns of a line are not empty.
    fn filled(line: &str) -> Vec<bool> {
        line.split(',').map(|value| !value.is_empty()).collect()
    }

    #[test]
    fn the_header_is_haproxys() {
        assert_eq!(
            csv(&Snapshot::default()).trim_end(),
            include_str!("../testdata/show-stat.header").trim_end()
        );
    }

    #[test]
    fn the_same_columns_are_empty_as_in_haproxy() {
        // rows that HAProxy 2.6.12 wrote of the same kinds of things
        let haproxy = include_str!("../testdata/show-stat.rows");
        let ours = csv(&example());
        for (expected, line) in haproxy.lines().zip(ours.lines().skip(1)) {
            let (expected_filled, line_filled) = (filled(expected), filled(line));
            for (place, (_, name)) in COLUMNS.iter().enumerate() {
                assert_eq!(
                    expected_filled[place], line_filled[place],
                    "{name} in\n{line}\nas in\n{expected}"
                );
            }
        }
    }

    #[test]
    fn a_tcp_frontend_tells_nothing_of_http() {
        let haproxy = "ft,FRONTEND,,,0,1,9981,3,69,135,0,0,0,,,,,OPEN,,,,,,,,,1,6,0,,,,0,0,0,3,,,,,,,,,,,0,0,0,,,0,0,0,0,\
                       ,,,,,,,,,,,,,,,,,,,,tcp,,0,3,3,,0,0,0,,,,,,,,,,,0,,,,,,,,,-,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,\
                       0,0,0,0,0,";
        let facts = FrontendFacts { name: "ft", ..FrontendFacts::default() };
        let ours = csv_of([Row::frontend(&facts, &FrontendCounters::default())].iter());
        assert_eq!(filled(ours.lines().nth(1).unwrap()), filled(haproxy));
    }

    #[test]
    fn a_server_before_its_first_check_is_initializing() {
        let haproxy = "b0,s2,0,0,0,0,,0,0,0,,0,,0,0,0,0,UP 1/3,1,1,0,0,0,0,0,,1,2,2,,0,,2,0,,0,INI,,,0,0,0,0,0,0,,,,0,0,\
                       0,,,,,-1,,,0,0,0,0,,,,Initializing,,2,3,2,,,,127.0.0.1:18499,,http,,,,,,,,0,0,0,,,0,,0,0,0,0,0,\
                       0,0,0,0,1,,,,-,0,0,0,,,,,,,,,,,,,,,,,,,,,,";
        let check = CheckFacts { status: Some("INI"), rise: 2, fall: 3, health: 2, ..CheckFacts::default() };
        let facts = ServerFacts {
            backend: "b0",
            backend_id: 2,
            name: "s2",
            id: 2,
            mode: Mode::Http,
            status: ServerStatus::GoingDown(1, 3),
            weight: 1,
            user_weight: 1,
            address: "127.0.0.1:18499".into(),
            check: Some(check),
            ..ServerFacts::default()
        };
        let ours = csv_of([Row::server(&facts, &ServerCounters::default())].iter());
        assert_eq!(ours.lines().nth(1).unwrap(), haproxy);
    }

    #[test]
    fn a_value_that_is_ambiguous_is_quoted() {
        let mut text = String::new();
        write_value(&mut text, &Value::from("a,\"b\"\nc".to_owned()));
        assert_eq!(text, "\"a,\"\"b\"\" c\"");
    }
}
