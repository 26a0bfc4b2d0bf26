//! `track-sc0 <key> [table <table>]`, `track-sc1` …: from here on the key's entry is counted for this client.

use expr::{Expr, Parts, Purpose, Scope, TableUse, Txn, key_of};
use lang::{Diagnostic, Word, Words};
use table::Tracked;

use super::Action;
use crate::{Flow, Message};

#[derive(Debug)]
struct Track {
    counter: usize,
    key: Expr,
    table: String,
}

impl Action for Track {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        // the first rule that finds a key decides; a counter is not given back
        if !message.is_tracking(self.counter)
            && let Some(tracked) = self.find(message.txn())
        {
            message.track(self.counter, tracked);
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

impl Track {
    fn find(&self, txn: &dyn Txn) -> Option<Tracked> {
        let table = txn.tables()?.get(&self.table)?;
        table.track(&key_of(self.key.eval(txn)?, table.kind())?, txn.table_clock())
    }
}

pub(super) fn parse(
    tail: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    let counter = counter(tail, scope)?;
    if words.is_empty() {
        return Err(words.error("missing fetch method"));
    }
    let key = Expr::parse(words, scope)?;
    let table = match words.accept("table") {
        true => super::argument(words, "missing table name")?.text.clone(),
        false => scope.own_table(),
    };
    scope.use_table(TableUse {
        table: table.clone(),
        by: format!("track-sc{counter}"),
        purpose: Purpose::Track(key.kind()),
    });
    Ok(Box::new(Track { counter, key, table }))
}

/// The number behind `track-sc`; none is the first.
fn counter(tail: &Word, scope: &Scope<'_>) -> Result<usize, Diagnostic> {
    let text = &tail.text;
    let fail = |why| Err(Diagnostic::alert(tail.span, why));
    match text.parse() {
        Ok(counter) if counter < scope.stick_counters() => Ok(counter),
        Ok(_) => {
            let highest = scope.stick_counters().saturating_sub(1);
            fail(format!("{text} track-sc number exceeding {highest} (MAX_SESS_STKCTR-1) value"))
        }
        Err(_) if text.is_empty() => Ok(0),
        Err(_) => fail(format!("Wrong track-sc number '{text}'")),
    }
}

#[cfg(test)]
mod tests {
    use crate::Phase;
    use crate::world::{World, rule, rules};

    #[test]
    fn the_first_key_that_is_found_is_tracked() {
        let lines = [
            "track-sc0 hdr(none) table t",
            "set-header a %[sc0_tracked]",
            "track-sc0 src table t",
            "track-sc0 path table arrays",
            "add-header a %[sc0_tracked]-%[sc_conn_cnt(0)]-%[src_conn_cnt(t)]-%[table_cnt(arrays)]",
        ];
        let mut world = World::sample();
        rules(Phase::HttpRequest, &lines).run(&mut world);
        assert_eq!(world.header("a"), ["0", "1-1-1-0"]);
    }

    #[test]
    fn what_is_missing_is_said_in_haproxys_words() {
        for (text, why) in [
            ("track-sc0", "missing fetch method."),
            ("track-sc0 src table", "missing table name."),
            ("track-sc0 bogus", "unknown fetch method 'bogus'."),
            ("track-sc3 src", "3 track-sc number exceeding 2 (MAX_SESS_STKCTR-1) value."),
            ("track-sc-1 src", "Wrong track-sc number '-1'."),
        ] {
            let error = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert!(error.ends_with(&format!("rule : {why}")), "{error}");
        }
    }
}
