//! `get var`: a variable of the process.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["get", "var"],
    usage: "get var <name>",
    help: "retrieve contents of a process-wide variable",
    level: Level::Operator,
    run: |context, words| {
        let Some(name) = words.first() else {
            return Answer::Text("Missing process-wide variable identifier.\n".into());
        };
        Answer::Text(match context.subject.variable(name) {
            Some((kind, value)) => {
                // an empty line would end the answer, so a value's own line feeds are not kept
                let value = String::from_utf8_lossy(&value).replace('\n', " ");
                format!("{name}: type={kind} value=<{value}>\n")
            }
            None => "Variable not found.\n".into(),
        })
    },
};

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    #[test]
    fn a_variable_is_told_with_its_type() {
        assert_eq!(text("get var proc.x"), "proc.x: type=sint value=<5>\n");
        assert_eq!(text("get var proc.none"), "Variable not found.\n");
        assert_eq!(text("get var"), "Missing process-wide variable identifier.\n");
    }
}
