//! `show backend`: the names of the backends.

use observe::Kind;

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "backend"],
    usage: "show backend",
    help: "list backends in the current running config",
    level: Level::User,
    run: |context, _| {
        let mut text = String::from("# name\n");
        for row in context.subject.snapshot().rows.iter().filter(|row| row.kind == Kind::Backend) {
            text.push_str(&row.proxy);
            text.push('\n');
        }
        Answer::Text(text)
    },
};

#[cfg(test)]
mod tests {
    #[test]
    fn backends_are_listed_by_name() {
        assert_eq!(super::super::tests::text("show backend"), "# name\nbe\n");
    }
}
