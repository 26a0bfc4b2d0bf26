//! `show table`: the stick tables, or the entries of one, all or some.

use super::table::{filters, find, key, say, write_entry, write_head};
use super::{Answer, Command, Context};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "table"],
    usage: "show table <table> [<filter>]*",
    help: "report table usage stats or dump this table's contents",
    level: Level::User,
    run: |context, words| answer(context, words).unwrap_or_else(|refused| refused),
};

fn answer(context: &Context<'_>, words: &[String]) -> Result<Answer, Answer> {
    let Some((name, words)) = words.split_first() else { return Ok(all(context)) };
    let (table, now) = find(context, name)?;
    let mut out = String::new();
    let mut entries = match words.first().map(String::as_str) {
        None => table.entries(now, |_, _| true),
        Some("key") => {
            let text = words.get(1).ok_or_else(|| say("Key value expected"))?;
            let wanted = key(&table, text, "Showing")?;
            let found = table.entry(&wanted, now);
            if found.is_none() {
                return Ok(Answer::Text(out));
            }
            found.into_iter().collect()
        }
        Some(word) if word.starts_with("data.") => {
            let filters = filters(&table, words)?;
            table.entries(now, |_, entry| filters.iter().all(|filter| filter.takes(entry)))
        }
        Some(_) => {
            return Err(say(
                "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>",
            ));
        }
    };
    write_head(&table, &mut out);
    entries.iter_mut().for_each(|entry| write_entry(&table, entry, &mut out));
    Ok(Answer::Text(out))
}

/// The tables alone, the last first as HAProxy has them.
fn all(context: &Context<'_>) -> Answer {
    let (tables, now) = context.subject.stick_tables();
    let mut out = String::new();
    for table in tables.iter().rev() {
        table.sweep(now);
        write_head(table, &mut out);
    }
    Answer::Text(out)
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    #[test]
    fn tables_are_listed_last_first() {
        assert_eq!(
            text("show table"),
            "# table: names, type: string, size:10, used:1\n# table: addresses, type: ip, size:100, used:3\n"
        );
    }

    #[test]
    fn entries_are_shown_with_all_their_values() {
        let shown = text("show table names");
        let (head, entry) = shown.split_once('\n').unwrap();
        assert_eq!(head, "# table: names, type: string, size:10, used:1");
        let (number, values) = entry.split_once(": ").unwrap();
        assert!(number.starts_with("0x"));
        assert_eq!(
            values,
            "key=a\\ b use=0 exp=0 server_id=2 server_key=s2 gpt0=0 gpt1=0 gpc0=4 gpc0_rate(10000)=0 \
             gpc1_rate(10000)=0\n"
        );
    }

    /// The keys that a command shows.
    fn keys(line: &str) -> Vec<String> {
        let key = |line: &str| Some(line.split_once("key=")?.1.split(' ').next()?.to_owned());
        text(line).lines().filter_map(key).collect()
    }

    #[test]
    fn entries_can_be_chosen() {
        assert_eq!(keys("show table addresses"), ["192.0.2.1", "192.0.2.2", "192.0.2.3"]);
        assert_eq!(keys("show table addresses key 192.0.2.2"), ["192.0.2.2"]);
        assert_eq!(text("show table addresses key 192.0.2.9"), "");
        assert_eq!(keys("show table addresses data.gpc0 ge 2"), ["192.0.2.2", "192.0.2.3"]);
        assert_eq!(keys("show table addresses data.gpc0 ge 2 data.gpc0 ne 3"), ["192.0.2.2"]);
    }

    #[test]
    fn what_is_wrong_is_said_in_haproxys_words() {
        for (line, why) in [
            ("nope", "No such table"),
            (
                "names foo",
                "Optional argument only supports \"data.<store_data_type>\" <operator> <value> and key <key>",
            ),
            ("names key", "Key value expected"),
            ("addresses key x", "Invalid key"),
            ("names data.gpc0", "Filter entry #1: Data type not stored in this table"),
            ("names data.nope gt 1", "Filter entry #1: Unknown data type"),
            (
                "addresses data.gpc0 foo 1",
                "Filter entry #1: Require and operator among \"eq\", \"ne\", \"le\", \"ge\", \"lt\", \"gt\"",
            ),
            ("addresses data.gpc0 gt x", "Filter entry #1: Require a valid integer value to compare against"),
            ("addresses data.gpc0 gt 1 data.nope lt 2", "Filter entry #2: Unknown data type"),
        ] {
            assert_eq!(text(&format!("show table {line}")), format!("{why}\n"));
        }
    }
}
