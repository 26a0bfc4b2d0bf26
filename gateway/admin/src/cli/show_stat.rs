//! `show stat`: the statistics of proxies and servers, all or some.

use observe::{Kind, Row, Snapshot};

use super::show_info::unsupported;
use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "stat"],
    usage: "show stat [no-maint|up]*",
    help: "report counters for each proxy and server",
    level: Level::User,
    run: |context, words| {
        if let Some(refused) = unsupported("show stat", words, &["typed", "json", "desc"]) {
            return refused;
        }
        let snapshot = context.subject.snapshot();
        match Filter::parse(words, &snapshot) {
            Some(filter) => {
                Answer::Text(observe::csv::csv_of(snapshot.rows.iter().filter(|row| filter.takes(row))))
            }
            None => Answer::Text("No such proxy.\n".into()),
        }
    },
};

/// Which rows are asked for.
struct Filter {
    /// A proxy's number.
    proxy: Option<u32>,
    /// 1 frontends, 2 backends, 4 servers, 8 listeners, added up.
    kinds: i64,
    /// A server's number.
    id: Option<u32>,
    no_maint: bool,
    up: bool,
}

impl Filter {
    /// `[{<iid>|<proxy>} <type> <sid>] [no-maint] [up]`; the first three are there together or not at all.
    fn parse(words: &[String], snapshot: &Snapshot) -> Option<Self> {
        let has = |word: &str| words.iter().any(|given| given == word);
        let mut filter = Self { proxy: None, kinds: -1, id: None, no_maint: has("no-maint"), up: has("up") };
        if let [proxy, kinds, id, ..] = words {
            filter.proxy = match proxy.parse::<i64>() {
                Ok(number) if number < 0 => None,
                Ok(number) => {
                    Some(snapshot.rows.iter().find(|row| i64::from(row.proxy_id) == number)?.proxy_id)
                }
                Err(_) => Some(snapshot.rows.iter().find(|row| row.proxy == *proxy)?.proxy_id),
            };
            filter.kinds = kinds.parse().unwrap_or(0);
            filter.id = id.parse().ok();
        }
        Some(filter)
    }

    fn takes(&self, row: &Row) -> bool {
        let kind = match row.kind {
            Kind::Frontend => 1,
            Kind::Backend => 2,
            Kind::Server => 4,
            Kind::Listener => 8,
        };
        let server = row.kind == Kind::Server;
        self.proxy.is_none_or(|proxy| proxy == row.proxy_id)
            && self.kinds & kind != 0
            && self.id.is_none_or(|id| id == row.id)
            && !(server && self.no_maint && row.state == "MAINT")
            && !(server && self.up && matches!(row.state, "MAINT" | "DOWN"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    /// The proxy and name of each row.
    fn rows(line: &str) -> Vec<String> {
        let name = |row: &str| row.split(',').take(2).collect::<Vec<_>>().join("/");
        text(line).lines().skip(1).map(name).collect()
    }

    #[test]
    fn everything_is_told_in_order() {
        assert!(text("show stat").starts_with("# pxname,svname,qcur,"));
        assert_eq!(rows("show stat"), ["fe/FRONTEND", "be/s1", "be/s2", "be/BACKEND"]);
        assert_eq!(rows("show stat nope"), rows("show stat"));
    }

    #[test]
    fn proxies_kinds_and_servers_can_be_chosen() {
        assert_eq!(rows("show stat -1 4 -1"), ["be/s1", "be/s2"]);
        assert_eq!(rows("show stat -1 3 -1"), ["fe/FRONTEND", "be/BACKEND"]);
        assert_eq!(rows("show stat fe -1 -1"), ["fe/FRONTEND"]);
        assert_eq!(rows("show stat 3 4 2"), ["be/s2"]);
        assert_eq!(text("show stat 99 1 -1"), "No such proxy.\n");
        assert_eq!(text("show stat nope 1 -1"), "No such proxy.\n");
    }

    #[test]
    fn servers_in_maintenance_can_be_left_out() {
        assert_eq!(rows("show stat no-maint"), ["fe/FRONTEND", "be/s1", "be/BACKEND"]);
        assert_eq!(rows("show stat up"), ["fe/FRONTEND", "be/s1", "be/BACKEND"]);
    }

    #[test]
    fn a_form_that_does_not_exist_is_refused() {
        assert_eq!(text("show stat json"), "'show stat json' is not supported.\n");
    }
}
