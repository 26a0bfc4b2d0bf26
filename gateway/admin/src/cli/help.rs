//! `help`, and what is said to a command that does not exist.

use super::{Answer, COMMANDS, Command};
use crate::Level;

pub(super) const COMMAND: Command = Command {
    words: &["help"],
    usage: "help [<command>]",
    help: "list matching or all commands",
    level: Level::User,
    run: |_, words| {
        Answer::Text(match matching(words) {
            None => list("The following commands are valid at this level:", |_| true),
            Some(matches) => list("The following commands are valid at this level:", matches),
        })
    },
};

/// The answer to a command that does not exist.
pub(super) fn unknown(words: &[String]) -> String {
    match matching(words) {
        Some(matches) => {
            list("Unknown command, but maybe one of the following ones is a better match:", matches)
        }
        None => list("Unknown command. Please enter one of the following commands only:", |_| true),
    }
}

/// Which commands are meant by these words; `None` if none or all of them could be.
fn matching(words: &[String]) -> Option<impl Fn(&Command) -> bool> {
    let words = words.to_vec();
    let near = move |command: &Command| {
        let mut given = words.iter();
        command.words.iter().zip(given.by_ref()).all(|(own, given)| alike(own, given)) && !words.is_empty()
    };
    COMMANDS.iter().any(&near).then_some(near)
}

/// A beginning of the word, or the word with a slip of the finger.
fn alike(own: &str, given: &str) -> bool {
    own.starts_with(given)
        || given.starts_with(own)
        || own.len() > 3 && one_slip(own.as_bytes(), given.as_bytes())
}

fn one_slip(own: &[u8], given: &[u8]) -> bool {
    let common = own.iter().zip(given).take_while(|(own, given)| own == given).count();
    let (own, given) = (&own[common..], &given[common..]);
    let rest = |text: &'_ [u8]| text.get(1..).unwrap_or_default().to_vec();
    rest(own) == given
        || own == rest(given)
        || rest(own) == rest(given)
        || own.len() > 1
            && given.len() > 1
            && own[0] == given[1]
            && own[1] == given[0]
            && own[2..] == given[2..]
}

fn list(title: &str, matches: impl Fn(&Command) -> bool) -> String {
    let always = |command: &&Command| matches!(command.words, ["help"] | ["prompt"] | ["quit"]);
    let mut text = format!("{title}\n");
    let (last, others): (Vec<&Command>, Vec<&Command>) = COMMANDS.iter().partition(always);
    for command in others.into_iter().filter(|command| matches(command)).chain(last) {
        text.push_str(&format!("  {:<40}: {}\n", command.usage, command.help));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::tests::text;

    const LAST: &str = "  help [<command>]                        : list matching or all commands\n  \
                        prompt                                  : toggle interactive mode with prompt\n  \
                        quit                                    : disconnect\n";

    #[test]
    fn help_lists_every_command_in_haproxys_form() {
        let help = text("help");
        assert!(help.starts_with(
            "The following commands are valid at this level:\n  add acl [@<ver>] <acl> <pattern>        : "
        ));
        assert!(
            help.contains(
                "\n  show version                            : show version of the current process\n"
            )
        );
        assert!(help.ends_with(LAST));
    }

    #[test]
    fn an_unknown_command_is_told_what_it_may_have_meant() {
        let expected = format!(
            "Unknown command, but maybe one of the following ones is a better match:\n  \
             show version                            : show version of the current process\n{LAST}"
        );
        assert_eq!(text("show vers"), expected);
        assert_eq!(text("shwo version"), expected);
    }

    #[test]
    fn a_command_like_no_other_is_told_all() {
        let answer = text("foo");
        assert!(answer.starts_with("Unknown command. Please enter one of the following commands only:\n"));
        assert_eq!(answer.lines().count(), super::COMMANDS.len() + 1);
        assert_eq!(text(""), answer);
    }
}
