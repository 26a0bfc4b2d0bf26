//! A line of the CLI: commands separated by `;`, words by blanks, `\` before a character that is meant as it is
//! (management.txt 9.3).

/// The commands of a line as words. A line without any word is one empty command.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut commands = vec![Vec::new()];
    let mut word: Option<String> = None;
    let mut escaped = false;
    for character in line.chars() {
        let last = commands.len() - 1;
        match character {
            _ if escaped => {
                escaped = false;
                word.get_or_insert_default().push(character);
            }
            '\\' => escaped = true,
            ';' => {
                commands[last].extend(word.take());
                commands.push(Vec::new());
            }
            ' ' | '\t' | '\r' => commands[last].extend(word.take()),
            _ => word.get_or_insert_default().push(character),
        }
    }
    let last = commands.len() - 1;
    commands[last].extend(word);
    commands.retain(|words| !words.is_empty());
    if commands.is_empty() {
        commands.push(Vec::new());
    }
    commands
}

/// Whether the lines that follow this one, up to an empty one, are its payload.
pub(crate) fn takes_payload(line: &str) -> bool {
    line.trim_end_matches('\r').ends_with(" <<")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn semicolons_separate_commands_and_blanks_words() {
        assert_eq!(
            commands("show info;  show\tstat -1 \r"),
            [vec!["show", "info"], vec!["show", "stat", "-1"]]
        );
        assert_eq!(commands("show version;"), [["show", "version"]]);
    }

    #[test]
    fn a_backslash_takes_a_character_as_it_is() {
        assert_eq!(commands("a\\;b c\\ d\\\\"), [["a;b", "c d\\"]]);
    }

    #[test]
    fn a_line_without_words_is_one_empty_command() {
        for line in ["", " ", ";", " ; ;"] {
            assert_eq!(commands(line), [Vec::<String>::new()], "{line:?}");
        }
    }

    #[test]
    fn a_payload_is_announced_at_the_end_of_the_line() {
        assert!(takes_payload("set map <<") && takes_payload("set map <<\r"));
        assert!(!takes_payload("set map<<") && !takes_payload("<< x"));
    }
}
