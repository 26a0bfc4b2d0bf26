//! The commands of the runtime CLI: a table with one row each, and a file each (management.txt 9.3).

mod change_patterns;
mod clear_table;
mod get_var;
mod help;
mod later;
mod level;
mod line;
mod patterns;
mod prompt;
mod set_table;
mod set_timeout;
mod set_var;
mod show_backend;
mod show_cli_level;
mod show_env;
mod show_info;
mod show_patterns;
mod show_stat;
mod show_table;
mod show_version;
mod table;

use std::time::Duration;

pub(crate) use line::{commands, takes_payload};

use crate::{Level, Subject};

/// A command.
pub(crate) struct Command {
    /// Its words: `show`, `stat`.
    words: &'static [&'static str],
    /// Its line in the help: how it is written.
    usage: &'static str,
    /// Its line in the help: what it does.
    help: &'static str,
    /// The least level that may give it.
    level: Level,
    /// What it does, with the words after its own.
    run: fn(&Context<'_>, &[String]) -> Answer,
}

/// What a command sees.
pub(crate) struct Context<'a> {
    pub(crate) subject: &'a dyn Subject,
    pub(crate) level: Level,
    /// It takes commands that may change with any version.
    pub(crate) experimental: bool,
    /// The lines behind `<<`, if the command was given any.
    pub(crate) payload: Option<&'a str>,
}

/// What a command gives back.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    /// Text for the user, lines with their ends; none for a command that was only carried out.
    Text(String),
    /// The connection ends.
    Quit,
    /// The interactive mode is switched.
    Prompt,
    /// The connection's level is lowered.
    Lower(Level),
    /// Commands that may change with any version are taken from this connection, or no longer.
    Experimental(bool),
    /// The connection may be idle for as long.
    Timeout(Duration),
}

/// The commands, in the order of the help.
pub(crate) const COMMANDS: &[Command] = &[
    change_patterns::ADD_ACL,
    change_patterns::ADD_MAP,
    change_patterns::CLEAR_ACL,
    change_patterns::CLEAR_MAP,
    clear_table::COMMAND,
    change_patterns::COMMIT_ACL,
    change_patterns::COMMIT_MAP,
    change_patterns::DEL_ACL,
    change_patterns::DEL_MAP,
    show_patterns::GET_ACL,
    show_patterns::GET_MAP,
    set_var::EXPERIMENTAL,
    get_var::COMMAND,
    level::OPERATOR,
    change_patterns::PREPARE_ACL,
    change_patterns::PREPARE_MAP,
    change_patterns::SET_MAP,
    set_table::COMMAND,
    set_timeout::COMMAND,
    set_var::COMMAND,
    show_patterns::SHOW_ACL,
    show_backend::COMMAND,
    show_cli_level::COMMAND,
    show_env::COMMAND,
    show_info::COMMAND,
    show_patterns::SHOW_MAP,
    show_stat::COMMAND,
    show_table::COMMAND,
    show_version::COMMAND,
    level::USER,
    help::COMMAND,
    prompt::PROMPT,
    prompt::QUIT,
];

/// Every command that HAProxy knows: its words, whether it is carried out, and what is missing of it, or what it
/// belongs to if it is not carried out yet.
pub fn vocabulary() -> impl Iterator<Item = (&'static str, bool, &'static str)> {
    let here = COMMANDS.iter().map(|command| {
        let end = command.usage.find(['[', '<']).unwrap_or(command.usage.len());
        let words = command.usage[..end].trim_end();
        let words = SHORTER.iter().find(|(usage, _)| *usage == words).map_or(words, |(_, words)| words);
        let lacks = later::LACKS.iter().find(|(name, _)| *name == words);
        (words, true, lacks.map_or("", |(_, lacks)| *lacks))
    });
    here.chain(later::LATER.iter().map(|(words, reason)| (*words, false, *reason)))
}

/// Usages that begin with more words than HAProxy lists.
const SHORTER: &[(&str, &str)] =
    &[("commit acl @", "commit acl"), ("commit map @", "commit map"), ("set timeout cli", "set timeout")];

/// Commands that HAProxy's workers do not have.
const MASTER: &[&str] = &["@!<pid>", "@<relative pid>", "@master", "mcli-debug-mode", "reload", "show proc"];

/// Commands that both HAProxy's master and its workers have.
#[rustfmt::skip]
const BOTH: &[&str] = &[
    "experimental-mode", "expert-mode", "help", "operator", "prompt", "quit", "show cli level", "show cli sockets",
    "show version", "user",
];

/// Which of HAProxy's processes has a command, and who may give it, in the words of its listing.
pub fn audience(words: &str) -> &'static str {
    match words {
        _ if MASTER.contains(&words) => "[MASTER]",
        _ if BOTH.contains(&words) => "[MASTER] [WORKER]",
        "set var" => "[WORKER] [EXPERIM]",
        "httpclient" => "[WORKER] [EXPERT]",
        _ if words.starts_with("debug dev ") => "[WORKER] [EXPERT]",
        _ => "[WORKER]",
    }
}

/// Carries out one command.
pub(crate) fn run(context: &Context<'_>, words: &[String]) -> Answer {
    let Some(command) = find(words) else { return Answer::Text(help::unknown(words)) };
    if context.level < command.level {
        return Answer::Text("Permission denied\n".into());
    }
    (command.run)(context, &words[command.words.len()..])
}

/// The command that these words begin with; of several, the one with most words.
fn find(words: &[String]) -> Option<&'static Command> {
    let begins = |command: &&Command| {
        command.words.len() <= words.len() && command.words.iter().zip(words).all(|(own, given)| own == given)
    };
    COMMANDS.iter().filter(begins).max_by_key(|command| command.words.len())
}

#[cfg(test)]
pub(crate) mod tests {
    use std::sync::Arc;

    use ::table::{Data, Key, Kind, Millis, Spec, Store, Table};
    use observe::snapshot::{
        BackendFacts, FrontendFacts, ProcessFacts, ProcessRow, ServerFacts, ServerStatus,
    };
    use observe::{BackendCounters, FrontendCounters, Mode, Row, ServerCounters, Snapshot};

    use super::*;

    /// A gateway with one frontend, one backend and a server in maintenance.
    pub(crate) struct Example(pub(crate) Result<(), String>);

    /// A table of addresses with three entries, and one of names with an entry in each array.
    fn tables() -> Vec<Arc<Table>> {
        let spec = |name: &str, kind, size, expire, store: Vec<Store>| Spec {
            name: name.to_owned(),
            kind,
            size,
            expire,
            nopurge: false,
            store,
        };
        let store = |data: Data, count, period| Store { data, count, period };
        let addresses = vec![store(Data::Gpc0, 1, 0), store(Data::ConnRate, 1, 1000)];
        let names = vec![
            store(Data::ServerId, 1, 0),
            store(Data::ServerKey, 1, 0),
            store(Data::Gpt, 2, 0),
            store(Data::Gpc, 1, 0),
            store(Data::GpcRate, 2, 10_000),
        ];
        let minute = Some(Duration::from_secs(60));
        let addresses = Table::new(&spec("addresses", Kind::Ip, 100, minute, addresses));
        let names = Table::new(&spec("names", Kind::String(20), 10, None, names));
        for last in 1..4 {
            addresses.put(&Key::Ip([192, 0, 2, last].into()), 0, |entry| {
                entry.set(Data::Gpc0, 0, u64::from(last))
            });
        }
        let server = u64::from(names.name_number("s2"));
        names.put(&Key::String(b"a b"[..].into()), 0, |entry| {
            for (data, value) in [(Data::ServerId, 2), (Data::ServerKey, server), (Data::Gpc, 4)] {
                entry.set(data, 0, value);
            }
        });
        vec![Arc::new(addresses), Arc::new(names)]
    }

    /// A gateway whose tables stay from one command to the next.
    struct Kept(Vec<Arc<Table>>);

    impl Subject for Kept {
        fn snapshot(&self) -> Snapshot {
            Example(Ok(())).snapshot()
        }

        fn version(&self) -> String {
            String::new()
        }

        fn ready(&self) -> Result<(), String> {
            Ok(())
        }

        fn stick_tables(&self) -> (Vec<Arc<Table>>, Millis) {
            (self.0.clone(), 0)
        }
    }

    /// Commands one after the other, with what each says.
    pub(crate) fn session() -> impl Fn(&str) -> String {
        let subject = Kept(tables());
        move |line| {
            let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
            match run(
                &Context { subject: &subject, level: Level::Admin, experimental: false, payload: None },
                &words,
            ) {
                Answer::Text(text) => text,
                other => panic!("{other:?}"),
            }
        }
    }

    impl Subject for Example {
        fn snapshot(&self) -> Snapshot {
            let frontend = FrontendFacts { name: "fe", id: 2, mode: Mode::Http, ..FrontendFacts::default() };
            let backend = BackendFacts { name: "be", id: 3, mode: Mode::Http, ..BackendFacts::default() };
            let server =
                ServerFacts { backend: "be", backend_id: 3, id: 1, name: "s1", ..ServerFacts::default() };
            let maint = ServerFacts { name: "s2", id: 2, status: ServerStatus::Maint, ..server.clone() };
            let process = ProcessFacts { version: self.version(), ..ProcessFacts::default() };
            Snapshot {
                process: ProcessRow::build(process, &observe::ProcessCounters::default()),
                rows: vec![
                    Row::frontend(&frontend, &FrontendCounters::default()),
                    Row::server(&server, &ServerCounters::default()),
                    Row::server(&maint, &ServerCounters::default()),
                    Row::backend(&backend, &BackendCounters::default()),
                ],
                ..Snapshot::default()
            }
        }

        fn version(&self) -> String {
            "0.1.0".into()
        }

        fn variable(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
            (name == "proc.x").then(|| ("sint", b"5".to_vec()))
        }

        fn set_variable(&self, name: &str, text: &str, formatted: bool) -> Result<(), String> {
            Err(format!("{name} := {}{text}", if formatted { "format " } else { "" }))
        }

        fn ready(&self) -> Result<(), String> {
            self.0.clone()
        }

        fn stick_tables(&self) -> (Vec<Arc<Table>>, Millis) {
            (tables(), 0)
        }
    }

    pub(crate) fn answer(level: Level, line: &str) -> Answer {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        run(&Context { subject: &Example(Ok(())), level, experimental: false, payload: None }, &words)
    }

    pub(crate) fn experimental(line: &str) -> String {
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let subject = Example(Ok(()));
        match run(
            &Context { subject: &subject, level: Level::Admin, experimental: true, payload: None },
            &words,
        ) {
            Answer::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn text(line: &str) -> String {
        match answer(Level::Admin, line) {
            Answer::Text(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn commands_are_told_apart_and_each_has_a_help_line() {
        for (place, command) in COMMANDS.iter().enumerate() {
            assert!(
                COMMANDS[place + 1..].iter().all(|other| other.words != command.words),
                "{}",
                command.usage
            );
            assert!(command.usage.starts_with(&command.words.join(" ")), "{}", command.usage);
            assert!(!command.help.is_empty());
        }
    }

    #[test]
    fn a_level_that_is_too_low_is_refused() {
        assert_eq!(answer(Level::User, "show env"), Answer::Text("Permission denied\n".into()));
        assert_eq!(answer(Level::User, "operator"), Answer::Text("Permission denied\n".into()));
        assert_eq!(answer(Level::Admin, "operator"), Answer::Lower(Level::Operator));
        assert_eq!(answer(Level::Admin, "user"), Answer::Lower(Level::User));
    }

    #[test]
    fn more_words_than_a_command_takes_are_no_harm() {
        assert_eq!(text("show version extra"), "0.1.0\n");
    }
}
