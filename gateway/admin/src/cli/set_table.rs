//! `set table`: adds an entry of a stick table, or changes its values.

use ::table::Data;

use super::table::{data, find, key, say};
use super::{Answer, Command, Context};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["set", "table"],
    usage: "set table <table> key <k> [data.* <v>]*",
    help: "update or create a table entry's data",
    level: Level::Operator,
    run: |context, words| answer(context, words).unwrap_or_else(|refused| refused),
};

const FORM: &str = "Required arguments: <table> key <key> [data.<store_data_type> <value>]*";

fn answer(context: &Context<'_>, words: &[String]) -> Result<Answer, Answer> {
    let Some((name, words)) = words.split_first() else { return Err(say(FORM)) };
    let (table, now) = find(context, name)?;
    match words.first().map(String::as_str) {
        None => return Ok(Answer::Text(String::new())),
        Some("key") => {}
        Some(word) if word.starts_with("data.") => {
            return Err(say(
                "content-based lookup is only supported with the \"show\" and \"clear\" actions",
            ));
        }
        Some(_) => return Err(say(FORM)),
    }
    let text = words.get(1).ok_or_else(|| say("Key value expected"))?;
    let wanted = match table.kind() {
        ::table::Kind::Binary(_) => {
            return Err(say(
                "Inserting keys into tables of type other than ip, ipv6, string and integer is not supported",
            ));
        }
        _ => key(&table, text, "Inserting")?,
    };
    // as in HAProxy, what stands before a mistake is done
    let (values, mistake) = values(&table, &words[2..]);
    table
        .put(&wanted, now, |entry| values.iter().for_each(|(data, value)| _ = entry.set(*data, 0, *value)))
        .ok_or_else(|| say("Unable to allocate a new entry"))?;
    Ok(mistake.unwrap_or(Answer::Text(String::new())))
}

/// The values up to the first mistake.
fn values(table: &::table::Table, words: &[String]) -> (Vec<(Data, u64)>, Option<Answer>) {
    let mut values = Vec::new();
    for pair in words.chunks(2) {
        let word = pair.first().map_or("", String::as_str);
        if !word.starts_with("data.") {
            return (values, Some(say("\"data.<type>\" followed by a value expected")));
        }
        let data = match data(table, word) {
            Ok(data) => data,
            Err(why) => return (values, Some(say(why))),
        };
        let value = pair.get(1).filter(|_| data != Data::ServerKey).and_then(|text| text.parse::<i64>().ok());
        match value {
            Some(value) => values.push((data, u64::from_ne_bytes(value.to_ne_bytes()))),
            None => return (values, Some(say("Require a valid integer value to store"))),
        }
    }
    (values, None)
}

#[cfg(test)]
mod tests {
    use super::super::tests::session;

    #[test]
    fn entries_are_added_and_changed() {
        let run = session();
        assert_eq!(run("set table addresses key 192.0.2.9 data.gpc0 7 data.conn_rate 3"), "");
        let shown = run("show table addresses key 192.0.2.9");
        assert!(shown.ends_with("key=192.0.2.9 use=0 exp=60000 gpc0=7 conn_rate(1000)=3\n"), "{shown}");
        run("set table addresses key 192.0.2.9 data.gpc0 -1");
        assert!(run("show table addresses key 192.0.2.9").contains(" gpc0=4294967295 "));
        assert_eq!(run("set table addresses key 192.0.2.10 data.gpc0 1 data.nope 2"), "Unknown data type\n");
        assert!(run("show table addresses key 192.0.2.10").contains(" gpc0=1 "));
    }

    #[test]
    fn what_is_wrong_is_said_in_haproxys_words() {
        let run = session();
        for (line, why) in [
            ("", "Required arguments: <table> key <key> [data.<store_data_type> <value>]*"),
            ("nope key 1", "No such table"),
            ("names foo", "Required arguments: <table> key <key> [data.<store_data_type> <value>]*"),
            ("names key", "Key value expected"),
            ("names key a foo 1", "\"data.<type>\" followed by a value expected"),
            ("names key a data.gpc1 1", "Data type not stored in this table"),
            ("names key a data.server_key s", "Require a valid integer value to store"),
            (
                "names data.gpc eq 9",
                "content-based lookup is only supported with the \"show\" and \"clear\" actions",
            ),
        ] {
            assert_eq!(run(&format!("set table {line}")), format!("{why}\n"));
        }
        assert_eq!(run("set table names"), "");
    }
}
