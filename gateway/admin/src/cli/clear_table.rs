//! `clear table`: removes entries of a stick table. What is tracked stays, with no counts.

use ::table::Clear;

use super::table::{filters, find, key, say};
use super::{Answer, Command, Context};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["clear", "table"],
    usage: "clear table <table> [<filter>]*",
    help: "remove an entry from a table (filter: data/key)",
    level: Level::Operator,
    run: |context, words| answer(context, words).unwrap_or_else(|refused| refused),
};

const FORM: &str =
    "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>";

fn answer(context: &Context<'_>, words: &[String]) -> Result<Answer, Answer> {
    let Some((name, words)) = words.split_first() else { return Err(say(FORM)) };
    let (table, now) = find(context, name)?;
    let gone = match words.first().map(String::as_str) {
        None => table.entries(now, |_, _| true),
        Some("key") => {
            let text = words.get(1).ok_or_else(|| say("Key value expected"))?;
            let wanted = key(&table, text, "Removing")?;
            let used = table.clear(&wanted) == Clear::InUse;
            let answer = if used { "Entry currently in use, cannot remove\n" } else { "" };
            return Ok(Answer::Text(answer.to_owned()));
        }
        Some(word) if word.starts_with("data.") => {
            let filters = filters(&table, words)?;
            table.entries(now, |_, entry| filters.iter().all(|filter| filter.takes(entry)))
        }
        Some(_) => return Err(say(FORM)),
    };
    gone.iter().for_each(|entry| _ = table.clear(&entry.key));
    Ok(Answer::Text(String::new()))
}

#[cfg(test)]
mod tests {
    use super::super::tests::session;

    #[test]
    fn entries_are_removed_by_key_by_value_or_all() {
        let run = session();
        let used = || run("show table addresses").lines().count() - 1;
        assert_eq!(run("clear table addresses key 192.0.2.1"), "");
        assert_eq!(run("clear table addresses key 192.0.2.1"), "");
        assert_eq!(used(), 2);
        run("clear table addresses data.gpc0 eq 3");
        assert_eq!(used(), 1);
        run("clear table addresses");
        assert_eq!(used(), 0);
    }

    #[test]
    fn what_is_wrong_is_said_in_haproxys_words() {
        let run = session();
        let form =
            "Required arguments: <table> \"data.<store_data_type>\" <operator> <value> or <table> key <key>";
        for (line, why) in
            [("", form), ("nope", "No such table"), ("names foo", form), ("names key", "Key value expected")]
        {
            assert_eq!(run(&format!("clear table {line}")), format!("{why}\n"));
        }
    }
}
