//! The command line (management.txt 3): one row for each option, from which reading and `-h` both come.

use std::ffi::OsString;
use std::path::PathBuf;

use config::Spelling;

/// What is to be done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Action {
    /// Serve.
    #[default]
    Run,
    /// `-c`.
    Check,
    /// `-cc`.
    Condition(String),
    /// `-dK` without a file: the classes of keywords to list.
    Keywords(String),
    /// `-v`.
    Version,
    /// `-vv`.
    VersionAndBuild,
    /// `-h`.
    Help,
    /// `demo`.
    Demo,
    /// `explain`.
    Explain(Explain),
    /// `--dump`.
    Dump(Spelling),
    /// `--completions`.
    Completions(Shell),
    /// `--man`.
    Man,
}

/// The words of `explain`, as they were given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Explain {
    /// The method and the URL.
    pub(crate) request: Vec<String>,
    /// `-H`.
    pub(crate) headers: Vec<String>,
    /// `--from`.
    pub(crate) from: Option<String>,
    /// `--tls`.
    pub(crate) tls: bool,
    /// `--frontend`.
    pub(crate) frontend: Option<String>,
}

/// A shell that completes words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the shells' own")]
pub(crate) enum Shell {
    Bash,
    Zsh,
    Fish,
}

/// The shells by their names.
pub(crate) const SHELLS: &[(&str, Shell)] =
    &[("bash", Shell::Bash), ("zsh", Shell::Zsh), ("fish", Shell::Fish)];

/// How the old processes are told to go, once the new one has its sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Farewell {
    /// `-sf`: finish what is going on.
    Finish,
    /// `-st`: at once.
    Terminate,
}

/// The command line, understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) action: Action,
    /// `-f` and what follows `--`, in order.
    pub(crate) files: Vec<PathBuf>,
    /// `-C`.
    pub(crate) directory: Option<PathBuf>,
    /// `-D`.
    pub(crate) daemon: bool,
    /// `-d`, `-db`: stay in the foreground whatever the file says.
    pub(crate) foreground: bool,
    /// `-d`: tell more.
    pub(crate) debug: bool,
    /// `-q`.
    pub(crate) quiet: bool,
    /// `-V`.
    pub(crate) verbose: bool,
    /// `-W`, `-Ws`.
    pub(crate) master_worker: bool,
    /// `-Ws`: tell systemd.
    pub(crate) notify: bool,
    /// `-S`: where the master's CLI listens.
    pub(crate) master_socket: Option<String>,
    /// `-p`.
    pub(crate) pid_file: Option<PathBuf>,
    /// `-L`.
    pub(crate) local_peer: Option<String>,
    /// `-n`.
    pub(crate) maxconn: Option<u32>,
    /// `-N`.
    pub(crate) proxy_maxconn: Option<u32>,
    /// `-m`, in megabytes.
    pub(crate) memory: Option<u64>,
    /// `-sf`, `-st`: the old processes.
    pub(crate) old: Vec<i32>,
    /// Which of the two it was.
    pub(crate) farewell: Option<Farewell>,
    /// `-dK`: the classes of keywords to list.
    pub(crate) keywords: Option<String>,
    /// `-dW`.
    pub(crate) zero_warning: bool,
    /// `--metrics`, or `GATEWAY_METRICS`.
    pub(crate) metrics: Option<String>,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// No word.
    Nothing,
    /// The next word, with its name for `-h`.
    Word(&'static str),
    /// What stands right behind it, perhaps nothing.
    Rest(&'static str),
    /// Process numbers up to the next option.
    Pids,
}

type Apply = fn(&mut Args, &str) -> Result<(), String>;

pub(crate) struct Flag {
    pub(crate) name: &'static str,
    pub(crate) takes: Takes,
    apply: Apply,
    pub(crate) help: &'static str,
}

const fn flag(name: &'static str, takes: Takes, apply: Apply, help: &'static str) -> Flag {
    Flag { name, takes, apply, help }
}

use Takes::{Nothing, Pids, Rest, Word};

/// Options that HAProxy has and that change nothing here; `-h` says so.
const NO_EFFECT: &str = "accepted, has no effect here";

#[rustfmt::skip]
const FLAGS: &[Flag] = &[
    flag("-f",  Word("<file|dir>"), file,                                                   "loads this file, or the *.cfg files of this directory; may be repeated"),
    flag("-c",  Nothing,  |a, _| { a.action = Action::Check; Ok(()) },                      "checks the configuration and exits: 0 valid, 1 not"),
    flag("-cc", Word("<condition>"), |a, v| { a.action = Action::Condition(v.into()); Ok(()) }, "evaluates a condition and exits: 0 true, 1 false, 2 not understood"),
    flag("-v",  Nothing,  |a, _| { a.action = Action::Version; Ok(()) },                    "shows the version"),
    flag("-vv", Nothing,  |a, _| { a.action = Action::VersionAndBuild; Ok(()) },            "shows the version and what is built in"),
    flag("-h",  Nothing,  |a, _| { a.action = Action::Help; Ok(()) },                       "shows this"),
    flag("-C",  Word("<dir>"), |a, v| { a.directory = Some(v.into()); Ok(()) },             "changes to this directory before loading files"),
    flag("-D",  Nothing,  |a, _| { a.daemon = true; Ok(()) },                               "goes to the background"),
    flag("-db", Nothing,  |a, _| { a.foreground = true; Ok(()) },                           "stays in the foreground"),
    flag("-d",  Nothing,  |a, _| { a.foreground = true; a.debug = true; Ok(()) },           "stays in the foreground and tells more"),
    flag("-q",  Nothing,  |a, _| { a.quiet = true; Ok(()) },                                "says nothing while starting"),
    flag("-V",  Nothing,  |a, _| { a.verbose = true; Ok(()) },                              "speaks in spite of -q"),
    flag("-W",  Nothing,  |a, _| { a.master_worker = true; Ok(()) },                        "master-worker mode: exit codes and signals are those of a master"),
    flag("-Ws", Nothing,  |a, _| { a.master_worker = true; a.notify = true; Ok(()) },       "master-worker mode, telling systemd when ready"),
    flag("-S",  Word("<bind>[,<option>]*"), |a, v| { a.master_socket = Some(v.into()); Ok(()) }, "where the master's command line listens"),
    flag("-p",  Word("<pidfile>"), |a, v| { a.pid_file = Some(v.into()); Ok(()) },          "writes the process' number to this file"),
    flag("-L",  Word("<name>"), |a, v| { a.local_peer = Some(v.into()); Ok(()) },           "the local peer's name (default: the host's)"),
    flag("-n",  Word("<maxconn>"), |a, v| { a.maxconn = limit(v); Ok(()) },                 "connections at once, over the file's 'maxconn'"),
    flag("-N",  Word("<maxconn>"), |a, v| { a.proxy_maxconn = limit(v); Ok(()) },           "connections at once in a frontend whose section does not say"),
    flag("-m",  Word("<megabytes>"), |a, v| { a.memory = limit(v).map(u64::from); Ok(()) }, "the memory that may be used"),
    flag("-sf", Pids,     |a, v| old(a, v, Farewell::Finish),                               "tells old processes to finish, once the sockets are open"),
    flag("-st", Pids,     |a, v| old(a, v, Farewell::Terminate),                            "tells old processes to terminate, once the sockets are open"),
    flag("-x",  Word("<socket>"), |_, _| Ok(()),                                            NO_EFFECT),
    flag("-dW", Nothing,  |a, _| { a.zero_warning = true; Ok(()) },                         "refuses a configuration with warnings"),
    flag("-dK", Rest("<class[,class]*>"), |a, v| { a.keywords = Some(v.into()); Ok(()) },                     "lists the keywords of these classes, or the classes with 'help', once the files are read; without files it ends there"),
    flag("-dM", Rest("[<byte>]"), |_, _| Ok(()),                                            NO_EFFECT),
    flag("-dI", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dD", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-de", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dp", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dS", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dG", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dR", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dL", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dr", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dV", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dZ", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dF", Nothing,  |_, _| Ok(()),                                                    NO_EFFECT),
    flag("-dt", Rest("[<trace>]"), |_, _| Ok(()),                                           NO_EFFECT),
    flag("-dC", Rest("[<key>]"), |_, _| Ok(()),                                             NO_EFFECT),
    flag("--metrics", Word("<address>"), |a, v| { a.metrics = Some(v.into()); Ok(()) },     "serves /metrics, /healthz and /readyz here (also: GATEWAY_METRICS)"),
    flag("--dump", Word("<cfg|yaml>"), dump,                                                "writes the effective configuration and exits as -c; what is only 'not supported yet' is written too"),
    flag("--completions", Word("<shell>"), completions,                                     "writes completions for bash, zsh or fish"),
    flag("--man", Nothing, |a, _| { a.action = Action::Man; Ok(()) },                       "writes the manual page"),
];

/// What `explain` takes beside them.
#[rustfmt::skip]
const EXPLAIN: &[Flag] = &[
    flag("-H",         Word("<header>"),  |a, v| explain(a, |e| e.headers.push(v.into())),          "a header line, 'Name: value'; may be repeated"),
    flag("--from",     Word("<address>"), |a, v| explain(a, |e| e.from = Some(v.into())),           "the client's address (default: 127.0.0.1)"),
    flag("--tls",      Nothing,           |a, _| explain(a, |e| e.tls = true),                      "the client speaks TLS, as it does with https://"),
    flag("--frontend", Word("<name>"),    |a, v| explain(a, |e| e.frontend = Some(v.into())),       "the frontend that takes the request, whatever the URL says"),
];

/// The words that may stand in the first place.
#[rustfmt::skip]
pub(crate) const COMMANDS: &[(&str, &str, &str)] = &[
    ("demo",    "",                                      "sends a webhook through the gateway to a small listener on this machine"),
    ("explain", " <method> <url> [options] -f <file>", "tells what would become of a request, without a network: 0 told, 1 bad file, 2 bad words"),
];

fn explain(args: &mut Args, change: impl FnOnce(&mut Explain)) -> Result<(), String> {
    if let Action::Explain(words) = &mut args.action {
        change(words);
    }
    Ok(())
}

fn completions(args: &mut Args, name: &str) -> Result<(), String> {
    let shell = SHELLS.iter().find(|(known, _)| *known == name).map(|(_, shell)| *shell);
    let shell = shell.ok_or_else(|| format!("'{name}' is none of bash, zsh and fish"))?;
    args.action = Action::Completions(shell);
    Ok(())
}

fn dump(args: &mut Args, name: &str) -> Result<(), String> {
    let spelling = Spelling::find(name).ok_or_else(|| format!("'{name}' is none of cfg and yaml"))?;
    args.action = Action::Dump(spelling);
    Ok(())
}

fn file(args: &mut Args, value: &str) -> Result<(), String> {
    args.files.push(value.into());
    Ok(())
}

/// HAProxy reads these with `atol`: what is not a number is 0, and 0 is no limit.
fn limit(value: &str) -> Option<u32> {
    let digits = value.bytes().take_while(u8::is_ascii_digit).count();
    value[..digits].parse().ok().filter(|&limit| limit > 0)
}

fn old(args: &mut Args, pid: &str, farewell: Farewell) -> Result<(), String> {
    args.farewell = Some(farewell);
    if pid.is_empty() {
        return Ok(());
    }
    match pid.parse::<i32>() {
        Ok(pid) if pid > 0 => args.old.push(pid),
        // 0 and negative numbers would reach whole process groups.
        _ => return Err(format!("'{pid}' is not a process number")),
    }
    Ok(())
}

impl Action {
    /// Whether it is done whatever else is said.
    fn needs_nothing(&self) -> bool {
        matches!(self, Self::Help | Self::Version | Self::VersionAndBuild | Self::Completions(_) | Self::Man)
    }
}

impl Args {
    /// Reads the words after the program's name.
    pub(crate) fn parse(words: Vec<OsString>) -> Result<Self, String> {
        let mut args = Self::default();
        let mut words = words.into_iter().map(|word| word.to_string_lossy().into_owned()).peekable();
        match words.next_if(|word| COMMANDS.iter().any(|(name, ..)| name == word)).as_deref() {
            Some("explain") => args.action = Action::Explain(Explain::default()),
            Some(_) => args.action = Action::Demo,
            None => {}
        }
        while let Some(word) = words.next() {
            if word == "--" {
                args.files.extend(words.by_ref().map(PathBuf::from));
                break;
            }
            if let Action::Explain(explain) = &mut args.action
                && !word.starts_with('-')
            {
                explain.request.push(word);
                continue;
            }
            let (flag, rest) = find(&word, &args.action).ok_or_else(|| unknown(&word))?;
            match flag.takes {
                Nothing => (flag.apply)(&mut args, "")?,
                Rest(_) => (flag.apply)(&mut args, rest)?,
                Word(what) => {
                    let value = words.next().ok_or_else(|| format!("option '{}' needs {what}", flag.name))?;
                    (flag.apply)(&mut args, &value)?;
                }
                Pids => {
                    (flag.apply)(&mut args, "")?;
                    while let Some(pids) = words.next_if(|word| !word.starts_with('-')) {
                        pids.split_whitespace().try_for_each(|pid| (flag.apply)(&mut args, pid))?;
                    }
                }
            }
            if args.action.needs_nothing() {
                return Ok(args);
            }
        }
        args.complete()
    }

    fn complete(mut self) -> Result<Self, String> {
        if self.metrics.is_none() {
            self.metrics = std::env::var("GATEWAY_METRICS").ok().filter(|addr| !addr.is_empty());
        }
        if let Some(classes) = &self.keywords
            && self.files.is_empty()
            && matches!(self.action, Action::Run | Action::Check)
        {
            self.action = Action::Keywords(classes.clone());
        }
        let needs_file =
            matches!(self.action, Action::Run | Action::Check | Action::Explain(_) | Action::Dump(_));
        if needs_file && self.files.is_empty() {
            return Err("no configuration file was given (-f FILE)".to_owned());
        }
        Ok(self)
    }

    /// Whether nothing but errors of the command line is said: `-q` without `-V`.
    pub(crate) fn is_silent(&self) -> bool {
        self.quiet && !self.verbose
    }
}

/// Every option: its name, and whether it has an effect.
#[cfg(test)]
pub(crate) fn vocabulary() -> impl Iterator<Item = (&'static str, bool)> {
    FLAGS.iter().map(|flag| (flag.name, flag.help != NO_EFFECT))
}

/// The exact option, or one that takes what stands right behind it.
fn find<'a>(word: &'a str, action: &Action) -> Option<(&'static Flag, &'a str)> {
    let more = if matches!(action, Action::Explain(_)) { EXPLAIN } else { &[] };
    if let Some(flag) = FLAGS.iter().chain(more).find(|flag| flag.name == word) {
        return Some((flag, ""));
    }
    let glued = FLAGS.iter().filter(|flag| matches!(flag.takes, Rest(_)));
    glued.filter_map(|flag| Some((flag, word.strip_prefix(flag.name)?))).next()
}

fn unknown(word: &str) -> String {
    if word.starts_with('-') {
        format!("unknown option '{word}'")
    } else {
        format!("'{word}' is not an option; files are given with -f, or after --")
    }
}

/// Every option, those without effect among them.
pub(crate) fn flags() -> impl Iterator<Item = &'static Flag> {
    FLAGS.iter()
}

/// The options of `explain` alone.
pub(crate) fn explain_flags() -> impl Iterator<Item = &'static Flag> {
    EXPLAIN.iter()
}

impl Flag {
    /// Whether it is there for HAProxy's sake alone.
    pub(crate) fn has_no_effect(&self) -> bool {
        self.help == NO_EFFECT
    }

    /// What follows its name, as the help writes it.
    pub(crate) fn value(&self) -> String {
        match self.takes {
            Nothing => String::new(),
            Word(value) => format!(" {value}"),
            Rest(value) => value.to_owned(),
            Pids => " [pid]*".to_owned(),
        }
    }
}

/// What `-h` shows, and what follows an error.
pub(crate) fn usage(name: &str) -> String {
    let mut text = format!("Usage: {name} [options] -f <file> [-- <file>*]");
    for (command, words, _) in COMMANDS {
        text.push_str(&format!("\n       {name} {command}{words}"));
    }
    text.push_str("\n\nCommands:");
    for (command, _, help) in COMMANDS {
        text.push_str(&format!("\n  {command:<24} {help}"));
    }
    text.push_str("\n\nOptions:");
    text.push_str(&list(&mut FLAGS.iter().filter(|flag| !flag.has_no_effect())));
    text.push_str("\n\nOptions of explain:");
    text.push_str(&list(&mut EXPLAIN.iter()));
    let ignored: Vec<_> = FLAGS.iter().filter(|flag| flag.has_no_effect()).map(|flag| flag.name).collect();
    text.push_str(&format!("\n\nAccepted for HAProxy's sake, without effect: {}", ignored.join(" ")));
    text
}

/// What follows an error in the words of `explain`.
pub(crate) fn usage_of_explain(name: &str) -> String {
    let words = COMMANDS.iter().find(|(command, ..)| *command == "explain").map_or("", |(_, words, _)| words);
    format!("Usage: {name} explain{words}\n\nOptions:{}", list(&mut EXPLAIN.iter()))
}

/// Options and what they do, a line each.
fn list(flags: &mut dyn Iterator<Item = &Flag>) -> String {
    flags.map(|flag| format!("\n  {:<24} {}", format!("{}{}", flag.name, flag.value()), flag.help)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(words: &str) -> Result<Args, String> {
        Args::parse(words.split_whitespace().map(OsString::from).collect())
    }

    #[test]
    fn options_are_taken_in_any_order() {
        let one = parse("-W -db -f a.cfg -p /run/p -n 100").unwrap();
        assert_eq!(one, parse("-n 100 -p /run/p -f a.cfg -db -W").unwrap());
        assert_eq!((one.maxconn, one.master_worker, one.foreground), (Some(100), true, true));
    }

    #[test]
    fn files_come_from_f_and_from_after_two_dashes_in_order() {
        let args = parse("-f a -D -f b -- c -d").unwrap();
        assert_eq!(args.files, ["a", "b", "c", "-d"].map(PathBuf::from));
        assert!(args.daemon && !args.debug);
    }

    #[test]
    fn old_processes_are_listed_up_to_the_next_option() {
        let args = parse("-f a -sf 12 34 -D").unwrap();
        assert_eq!((args.old, args.farewell, args.daemon), (vec![12, 34], Some(Farewell::Finish), true));
        assert_eq!(parse("-f a -st").unwrap().farewell, Some(Farewell::Terminate));
        let quoted = ["-f", "a", "-sf", "1 2"].map(OsString::from).to_vec();
        assert_eq!(Args::parse(quoted).unwrap().old, [1, 2]);
        assert!(parse("-f a -sf 0").is_err());
    }

    #[test]
    fn an_option_with_something_glued_to_it_is_found_by_its_beginning() {
        assert!(parse("-f a -c -dKcfg,acl -dM0x50 -dMno-merge").is_ok());
        assert!(parse("-f a -dWx").is_err());
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert_eq!(parse("-f a -zz").unwrap_err(), "unknown option '-zz'");
        assert_eq!(parse("-f").unwrap_err(), "option '-f' needs <file|dir>");
        assert!(parse("-c a.cfg").unwrap_err().starts_with("'a.cfg' is not an option"));
        assert!(parse("-D").unwrap_err().starts_with("no configuration file"));
    }

    #[test]
    fn the_version_is_shown_whatever_follows() {
        assert_eq!(parse("-v -zz").unwrap().action, Action::Version);
        assert_eq!(parse("-vv").unwrap().action, Action::VersionAndBuild);
    }

    #[test]
    fn explain_takes_a_request_and_options_of_its_own() {
        let args = parse("explain GET http://h/ -H a:b --tls -f x --from ::1 --frontend www").unwrap();
        let Action::Explain(explain) = args.action else { panic!("{:?}", args.action) };
        assert_eq!(explain.request, ["GET", "http://h/"]);
        assert_eq!((explain.headers, explain.tls), (vec!["a:b".to_owned()], true));
        assert_eq!((explain.from.as_deref(), explain.frontend.as_deref()), (Some("::1"), Some("www")));
        assert_eq!(parse("-f x --tls").unwrap_err(), "unknown option '--tls'");
        assert!(parse("explain GET /").unwrap_err().starts_with("no configuration file"));
    }

    #[test]
    fn a_shell_is_one_that_is_known() {
        assert_eq!(parse("--completions zsh").unwrap().action, Action::Completions(Shell::Zsh));
        assert_eq!(parse("--completions csh").unwrap_err(), "'csh' is none of bash, zsh and fish");
        assert_eq!(parse("--man").unwrap().action, Action::Man);
    }

    #[test]
    fn a_spelling_is_one_that_is_known() {
        assert_eq!(parse("--dump yaml -f a").unwrap().action, Action::Dump(Spelling::Yaml));
        assert_eq!(parse("-f a --dump toml").unwrap_err(), "'toml' is none of cfg and yaml");
        assert!(parse("--dump cfg").unwrap_err().starts_with("no configuration file"));
    }

    #[test]
    fn a_limit_that_is_no_number_is_no_limit() {
        assert_eq!(parse("-f a -n abc").unwrap().maxconn, None);
        assert_eq!(parse("-f a -m 64 -N 10").unwrap().memory, Some(64));
    }

    #[test]
    fn every_option_is_there_once_and_in_the_help_or_named_as_without_effect() {
        let mut names: Vec<_> = flags().chain(explain_flags()).map(|flag| flag.name).collect();
        assert!(names.iter().all(|name| usage("x").contains(name)));
        names.sort_unstable();
        assert!(names.windows(2).all(|pair| pair[0] != pair[1]));
    }
}
