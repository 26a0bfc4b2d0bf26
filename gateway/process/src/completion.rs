//! Completions for shells, made of the table of options.

use crate::args::{self, COMMANDS, Flag, SHELLS, Shell, Takes};

/// What may follow an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Value {
    /// Nothing: another option may come.
    None,
    /// A file's name.
    File,
    /// A directory's.
    Directory,
    /// The name of a shell.
    Shell,
    /// One of the configuration's two languages.
    Spelling,
    /// A word that nobody can guess.
    Word,
}

fn value(flag: &Flag) -> Value {
    match flag.takes {
        Takes::Nothing | Takes::Rest(_) => Value::None,
        Takes::Word("<file|dir>" | "<pidfile>" | "<socket>") => Value::File,
        Takes::Word("<dir>") => Value::Directory,
        Takes::Word("<shell>") => Value::Shell,
        Takes::Word("<cfg|yaml>") => Value::Spelling,
        Takes::Word(_) | Takes::Pids => Value::Word,
    }
}

/// What follows `--dump`.
const SPELLINGS: &str = "cfg yaml";

fn shells() -> String {
    SHELLS.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ")
}

/// The script by which a shell completes the words behind `name`.
pub(crate) fn script(shell: Shell, name: &str) -> String {
    let lines = match shell {
        Shell::Bash => bash(name),
        Shell::Zsh => zsh(name),
        Shell::Fish => fish(name),
    };
    lines.join("\n") + "\n"
}

/// The name as a part of a function's name.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn bash(name: &str) -> Vec<String> {
    let all = || args::flags().chain(args::explain_flags());
    let names =
        |flags: &mut dyn Iterator<Item = &Flag>| flags.map(|flag| flag.name).collect::<Vec<_>>().join(" ");
    let behind = |wanted| {
        let flags: Vec<&str> = all().filter(|flag| value(flag) == wanted).map(|flag| flag.name).collect();
        flags.join("|")
    };
    let commands: Vec<&str> = COMMANDS.iter().map(|(command, ..)| *command).collect();
    let id = identifier(name);
    vec![
        format!("# completions of {name} for bash, written by `{name} --completions bash`"),
        format!("_{id}() {{"),
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words".to_owned(),
        "    COMPREPLY=()".to_owned(),
        "    case $prev in".to_owned(),
        format!(
            "        {}) compopt -o filenames; COMPREPLY=($(compgen -f -- \"$cur\")); return ;;",
            behind(Value::File)
        ),
        format!(
            "        {}) compopt -o filenames; COMPREPLY=($(compgen -d -- \"$cur\")); return ;;",
            behind(Value::Directory)
        ),
        format!(
            "        {}) COMPREPLY=($(compgen -W '{}' -- \"$cur\")); return ;;",
            behind(Value::Shell),
            shells()
        ),
        format!(
            "        {}) COMPREPLY=($(compgen -W '{SPELLINGS}' -- \"$cur\")); return ;;",
            behind(Value::Spelling)
        ),
        format!("        {}) return ;;", behind(Value::Word)),
        "    esac".to_owned(),
        format!("    words='{}'", names(&mut args::flags())),
        "    if [[ ${COMP_WORDS[1]} == explain ]]; then".to_owned(),
        format!("        words+=' {}'", names(&mut args::explain_flags())),
        "    fi".to_owned(),
        "    if [[ $COMP_CWORD -eq 1 ]]; then".to_owned(),
        format!("        words+=' {}'", commands.join(" ")),
        "    fi".to_owned(),
        "    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))".to_owned(),
        "}".to_owned(),
        format!("complete -F _{id} {name}"),
    ]
}

fn zsh(name: &str) -> Vec<String> {
    let id = identifier(name);
    let spec = |flag: &Flag| {
        let what = flag.value();
        let what = what.trim().trim_matches(['<', '>', '[', ']', '*']).replace([':', '[', ']', '\''], " ");
        let action = match value(flag) {
            Value::File => ":_files".to_owned(),
            Value::Directory => ":_directories".to_owned(),
            Value::Shell => format!(":({})", shells()),
            Value::Spelling => format!(":({SPELLINGS})"),
            Value::None | Value::Word => ":".to_owned(),
        };
        let (glued, tail) = match flag.takes {
            Takes::Nothing => ("", String::new()),
            Takes::Word(_) | Takes::Pids => ("", format!(":{what}{action}")),
            Takes::Rest(_) => ("-", format!("::{what}{action}")),
        };
        format!("        '*{}{glued}[{}]{tail}'", flag.name, zsh_text(flag.help))
    };
    let list = |flags: &mut dyn Iterator<Item = &Flag>| flags.map(spec).collect::<Vec<_>>();
    let mut lines = vec![
        format!("#compdef {name}"),
        format!("# completions of {name} for zsh, written by `{name} --completions zsh`"),
        format!("_{id}() {{"),
        "    local -a options commands".to_owned(),
        "    options=(".to_owned(),
    ];
    lines.extend(list(&mut args::flags()));
    lines.extend(
        ["    )", "    if [[ $words[2] == explain ]]; then", "        options+=("].map(str::to_owned),
    );
    lines.extend(list(&mut args::explain_flags()));
    lines.extend(["        )", "    fi", "    commands=("].map(str::to_owned));
    let commands =
        COMMANDS.iter().map(|(command, _, help)| format!("        '{command}:{}'", zsh_text(help)));
    lines.extend(commands);
    lines.extend([
        "    )".to_owned(),
        "    (( CURRENT == 2 )) && _describe command commands".to_owned(),
        "    _arguments $options '*: :_default'".to_owned(),
        "}".to_owned(),
        format!("compdef _{id} {name}"),
    ]);
    lines
}

/// Text within quotes and brackets.
fn zsh_text(text: &str) -> String {
    text.replace('\'', "'\\''").replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
}

fn fish(name: &str) -> Vec<String> {
    let line = |flag: &Flag, only: &str| {
        let spelled = match flag.name.strip_prefix("--") {
            Some(long) => format!("-l {long}"),
            None if flag.name.len() == 2 => format!("-s {}", &flag.name[1..]),
            None => format!("-o {}", &flag.name[1..]),
        };
        let takes = match value(flag) {
            Value::None => String::new(),
            Value::File => " -r -F".to_owned(),
            Value::Directory => " -x -a '(__fish_complete_directories)'".to_owned(),
            Value::Shell => format!(" -x -a '{}'", shells()),
            Value::Spelling => format!(" -x -a '{SPELLINGS}'"),
            Value::Word => " -x".to_owned(),
        };
        format!("complete -c {name}{only} {spelled}{takes} -d '{}'", flag.help.replace('\'', "\\'"))
    };
    let mut lines = vec![format!("# completions of {name} for fish, written by `{name} --completions fish`")];
    lines.push(format!("complete -c {name} -f"));
    lines.extend(COMMANDS.iter().map(|(command, _, help)| {
        format!("complete -c {name} -n __fish_use_subcommand -a {command} -d '{}'", help.replace('\'', "\\'"))
    }));
    lines.extend(args::flags().map(|flag| line(flag, "")));
    lines.extend(args::explain_flags().map(|flag| line(flag, " -n '__fish_seen_subcommand_from explain'")));
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How a script spells an option.
    fn spelling(shell: Shell, flag: &Flag) -> String {
        match (shell, flag.name.strip_prefix("--")) {
            (Shell::Fish, Some(long)) => format!(" -l {long} "),
            (Shell::Fish, None) if flag.name.len() == 2 => format!(" -s {} ", &flag.name[1..]),
            (Shell::Fish, None) => format!(" -o {} ", &flag.name[1..]),
            (Shell::Bash | Shell::Zsh, _) => flag.name.to_owned(),
        }
    }

    #[test]
    fn every_option_and_command_is_in_every_script() {
        for (name, shell) in SHELLS {
            let script = script(*shell, "gateway");
            for flag in args::flags().chain(args::explain_flags()) {
                assert!(script.contains(&spelling(*shell, flag)), "{} is not in that of {name}", flag.name);
            }
            assert!(COMMANDS.iter().all(|(command, ..)| script.contains(command)), "{name}");
            assert!(script.contains(&shells()), "{name}");
        }
    }

    #[test]
    fn quotes_in_the_help_do_not_end_a_string() {
        assert_eq!(zsh_text("the file's [x]: y"), "the file'\\''s \\[x\\]\\: y");
        let fish = script(Shell::Fish, "gateway");
        assert!(fish.contains("over the file\\'s \\'maxconn\\''"), "{fish}");
    }
}
