//! `set var`: gives a variable of the process another value; and the mode that HAProxy keeps it in.

use super::{Answer, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["set", "var"],
    usage: "set var <name> [fmt|expr] {<fmt>|<expr>}",
    help: "set variable from an expression or a format",
    level: Level::Operator,
    run: |context, words| {
        if !context.experimental {
            return Answer::Text("This command is restricted to experimental mode only.\n".into());
        }
        let text = match words {
            [] => "Missing process-wide variable identifier.\n".to_owned(),
            [_] => "Missing either 'expr', 'fmt' or expression.\n".to_owned(),
            [name, text] => set(context.subject, name, text, false),
            [name, kind, text, ..] if kind == "expr" => set(context.subject, name, text, false),
            [name, kind, text, ..] if kind == "fmt" => set(context.subject, name, text, true),
            [_, kind, ..] => {
                format!("'set var': arg type must be either 'expr' or 'fmt' but got '{kind}'.\n")
            }
        };
        Answer::Text(text)
    },
};

fn set(subject: &dyn crate::Subject, name: &str, text: &str, formatted: bool) -> String {
    match subject.set_variable(name, text, formatted) {
        Ok(()) => String::new(),
        Err(why) => format!("{why}\n"),
    }
}

pub(super) const EXPERIMENTAL: Command = Command {
    words: &["experimental-mode"],
    usage: "experimental-mode [on|off]",
    help: "enable experimental mode for the current CLI session",
    level: Level::Admin,
    run: |context, words| match words.first().map(String::as_str) {
        None => {
            let mode = if context.experimental { "ON" } else { "OFF" };
            Answer::Text(format!("experimental-mode is {mode}\n"))
        }
        Some(word) => Answer::Experimental(word == "on"),
    },
};

#[cfg(test)]
mod tests {
    use super::super::tests::{answer, text};
    use super::*;

    #[test]
    fn what_is_missing_or_wrong_is_said_in_haproxys_words() {
        let experimental = |line: &str| super::super::tests::experimental(line);
        assert_eq!(text("set var proc.x int(1)"), "This command is restricted to experimental mode only.\n");
        for (line, expected) in [
            ("set var", "Missing process-wide variable identifier.\n"),
            ("set var proc.x", "Missing either 'expr', 'fmt' or expression.\n"),
            ("set var proc.x a b", "'set var': arg type must be either 'expr' or 'fmt' but got 'a'.\n"),
            ("set var proc.x int(1)", "proc.x := int(1)\n"),
            ("set var proc.x expr int(1) if TRUE", "proc.x := int(1)\n"),
            ("set var proc.x fmt %[int(1)]", "proc.x := format %[int(1)]\n"),
        ] {
            assert_eq!(experimental(line), expected);
        }
    }

    #[test]
    fn the_mode_is_the_connections() {
        assert_eq!(text("experimental-mode"), "experimental-mode is OFF\n");
        assert_eq!(answer(Level::Admin, "experimental-mode on"), Answer::Experimental(true));
        assert_eq!(answer(Level::Admin, "experimental-mode off"), Answer::Experimental(false));
    }
}
