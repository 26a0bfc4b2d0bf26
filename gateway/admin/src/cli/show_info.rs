//! `show info`: the process.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "info"],
    usage: "show info",
    help: "report information about the running process",
    level: Level::User,
    run: |context, words| {
        if let Some(refused) = unsupported("show info", words, &["typed", "json", "desc", "float"]) {
            return refused;
        }
        Answer::Text(observe::info(&context.subject.snapshot()))
    },
};

/// A form of output that the gateway does not have is refused: another form would be misread.
pub(super) fn unsupported(command: &str, words: &[String], forms: &[&str]) -> Option<Answer> {
    let form = words.iter().find(|word| forms.contains(&word.as_str()))?;
    Some(Answer::Text(format!("'{command} {form}' is not supported.\n")))
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    #[test]
    fn the_process_is_told_as_keys_and_values() {
        let info = text("show info");
        assert!(info.starts_with("Name: gateway\nVersion: 0.1.0\n"));
        assert!(info.ends_with("\nTainted: 0\n"));
        assert_eq!(text("show info json"), "'show info json' is not supported.\n");
    }
}
