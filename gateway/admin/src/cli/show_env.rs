//! `show env`: the environment that the configuration was read with; it may hold secrets, so not for users.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["show", "env"],
    usage: "show env [var]",
    help: "dump environment variables known to the process",
    level: Level::Operator,
    run: |_, words| match words.first() {
        None => Answer::Text(std::env::vars_os().map(|(name, value)| line(&name, &value)).collect()),
        Some(name) => Answer::Text(match std::env::var_os(name) {
            Some(value) => line(name.as_ref(), &value),
            None => "Variable not found\n".into(),
        }),
    },
};

fn line(name: &std::ffi::OsStr, value: &std::ffi::OsStr) -> String {
    // an empty line would end the answer, so a value's own line feeds are not kept
    format!("{}={}\n", name.to_string_lossy(), value.to_string_lossy().replace('\n', " "))
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    #[test]
    fn one_variable_or_all_are_told() {
        let path = format!("PATH={}\n", std::env::var("PATH").unwrap());
        assert_eq!(text("show env PATH"), path);
        assert!(text("show env").contains(&path));
        assert_eq!(text("show env NO_SUCH_VARIABLE"), "Variable not found\n");
    }
}
