//! `-dK`: the keywords that are known here, class by class in HAProxy's layout, from the tables by which they are read
//! (management.txt 3).

mod configuration;
mod samples;

use std::fmt::Write as _;

use crate::args::Args;

/// A class of keywords: its name, what it holds, and its listing.
type Class = (&'static str, &'static str, fn() -> String);

#[rustfmt::skip]
const CLASSES: &[Class] = &[
    ("acl", "ACL keywords",              samples::acls),
    ("cfg", "configuration keywords",    configuration::list),
    ("cli", "CLI keywords",              commands),
    ("cnv", "sample converter keywords", samples::converters),
    ("flt", "filter names",              filters),
    ("smp", "sample fetch functions",    samples::fetches),
    ("svc", "service names",             services),
];

/// Writes what `-dK` asks for, if it was given: HAProxy does so once the files are read.
pub(crate) fn show(args: &Args) {
    if let Some(classes) = &args.keywords {
        crate::say::text(&listing(classes));
    }
}

/// The classes of `acl,cfg`; `all` is every one, `help` and unknown ones list the classes.
pub(crate) fn listing(classes: &str) -> String {
    let mut out = String::new();
    let wanted: Vec<&str> = classes.split(',').filter(|name| !name.is_empty()).collect();
    let known = |name: &str| name == "all" || CLASSES.iter().any(|(class, ..)| *class == name);
    if wanted.is_empty() || !wanted.iter().all(|name| known(name)) {
        out.push_str("# List of supported keyword classes:\nall: list all keywords\n");
        for (name, what, _) in CLASSES {
            let _ = writeln!(out, "{name}: {what}");
        }
    }
    for class in wanted {
        let lists = CLASSES.iter().filter(|(name, ..)| *name == class || class == "all");
        lists.for_each(|(_, _, list)| out.push_str(&list()));
    }
    out
}

/// A heading and what stands under it, in alphabetical order.
fn headed(head: &str, mut lines: Vec<String>) -> String {
    lines.sort_unstable();
    format!("# List of registered {head}:\n{}\n", lines.join("\n"))
}

/// `show stat [WORKER] `: HAProxy's lines end in a space.
fn commands() -> String {
    let lines =
        admin::cli::vocabulary().map(|(words, ..)| format!("{words} {} ", admin::cli::audience(words)));
    headed("CLI keywords", lines.collect())
}

fn filters() -> String {
    let line = |(name, family)| format!("{name} [{family}]");
    headed("filter names", config::vocabulary::filters().map(line).collect())
}

fn services() -> String {
    headed("service names", vec!["prometheus-exporter".to_owned()])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::process::Command;

    use super::*;

    /// HAProxy's listing of a class.
    fn haproxys(class: &str) -> String {
        let output = Command::new("haproxy").args([&format!("-dK{class}"), "-c", "-f", "/dev/null"]).output();
        let text = String::from_utf8_lossy(&output.expect("haproxy is needed").stdout).into_owned();
        text.split("\nConfiguration file").next().unwrap_or_default().to_owned()
    }

    /// The lines of a listing, each behind the section under which it stands.
    fn lines(listing: &str) -> BTreeSet<String> {
        let mut section = "";
        let mut lines = BTreeSet::new();
        for line in listing.lines().map(str::trim_end).filter(|line| !line.starts_with('#')) {
            match line.strip_prefix('\t') {
                Some(keyword) => drop(lines.insert(format!("{section} / {keyword}"))),
                None => {
                    section = line;
                    lines.insert(line.to_owned());
                }
            }
        }
        lines
    }

    /// Where the listings differ in more than what is not evaluated yet: (class, HAProxy's line, why ours is another).
    #[rustfmt::skip]
    const OTHERWISE: &[(&str, &str, &str)] = &[
        ("cfg", "listen / server <name> <addr> source +-1", "-1 is HAProxy's word for 'as many as it likes'"),
        ("cfg", "listen / tcp-request content use-service", "a service answers HTTP"),
        ("cnv", "aes_gcm_dec(integer,string,string,string): bin => bin", "3.x takes additional data"),
        ("cnv", "protobuf(Protocol buffers field number[,string]): bin => bin", "a field may be a number"),
        ("cnv", "ungrpc(Protocol buffers field number[,string]): bin => bin", "a field may be a number"),
        ("cnv", "ipmask(IPv4 mask[,IPv6 mask]): ipv4 => addr", "addresses of both kinds come out"),
        ("smp", "[ . . . . . . . . . . . Y Y Y Y Y Y Y Y Y . . ] bc_dst: sint", "it yields an address"),
        ("smp", "[ . . . . . . . . . . . Y Y Y Y Y Y Y Y Y . . ] bc_src: sint", "it yields an address"),
        ("smp", "[ . . . . . . . . . . Y Y Y Y Y Y Y Y Y Y . . ] res.cache_hit: bool", "no response is there where a source is chosen"),
        ("smp", "[ . . . . . . . . . . Y Y Y Y Y Y Y Y Y Y . . ] res.cache_name: str", "no response is there where a source is chosen"),
        ("smp", "[ . . . . . . . . . . Y Y Y Y Y Y Y Y Y Y . . ] srv_id: sint", "no server is known where its source is chosen"),
        ("smp", "[ . . . . . . . . . . Y Y Y Y Y Y Y Y Y Y . . ] srv_name: str", "no server is known where its source is chosen"),
    ];

    /// What HAProxy lists and these tables do not, word for word: signature, types, and where it is legal.
    fn missing(class: &str) -> Vec<String> {
        let (ours, theirs) = (lines(&listing(class)), lines(&haproxys(class)));
        assert!(theirs.len() > 50, "{class}: only {} lines", theirs.len());
        let otherwise = |line: &String| OTHERWISE.iter().any(|(of, known, _)| *of == class && known == line);
        theirs.into_iter().filter(|line| !ours.contains(line) && !otherwise(line)).collect()
    }

    #[test]
    fn configuration_commands_and_criteria_are_listed_word_for_word_as_haproxy_does() {
        for class in ["cfg", "cli", "acl"] {
            assert_eq!(missing(class), Vec::<String>::new(), "{class}");
        }
    }

    /// What nothing evaluates yet is listed with its name alone.
    #[test]
    fn converters_and_fetches_are_listed_with_haproxys_arguments_types_and_places() {
        let convert = |line: &String| line.split(['(', ':']).next().and_then(expr::convert::find);
        let lacking = missing("cnv").into_iter();
        let lacking: Vec<_> =
            lacking.filter(|line| convert(line).is_none_or(|row| row.later.is_none())).collect();
        assert_eq!(lacking, Vec::<String>::new());
        let name = |line: &String| line.split("] ").last()?.split(['(', ':']).next().map(str::to_owned);
        let fetch = |line: &String| name(line).and_then(|name| expr::fetch::find(&name));
        let lacking = missing("smp").into_iter();
        let lacking: Vec<_> =
            lacking.filter(|line| fetch(line).is_none_or(|row| row.later.is_none())).collect();
        assert_eq!(lacking, Vec::<String>::new());
    }

    /// What stands before the types and arguments.
    fn names(listing: &str) -> BTreeSet<String> {
        let named = |line: &String| {
            let line = line.split("] ").last().unwrap_or_default();
            line.split(['(', ':', '=']).next().unwrap_or_default().trim().to_owned()
        };
        lines(listing).iter().map(named).collect()
    }

    #[test]
    fn every_name_that_haproxy_lists_is_listed() {
        for class in ["acl", "cnv", "flt", "smp", "svc"] {
            let (ours, theirs) = (names(&listing(class)), names(&haproxys(class)));
            let lacking: Vec<_> = theirs.difference(&ours).collect();
            assert!(!theirs.is_empty() && lacking.is_empty(), "{class}: {lacking:?}");
        }
    }

    /// Every exception is one: HAProxy still says so, and our line differs.
    #[test]
    fn exceptions_are_needed() {
        for (class, line, why) in OTHERWISE {
            assert!(lines(&haproxys(class)).contains(*line), "{line}: {why}");
            assert!(!lines(&listing(class)).contains(*line), "{line}: {why}");
        }
    }

    #[test]
    fn help_lists_the_classes_as_haproxy_does() {
        assert!(haproxys("help").starts_with(listing("help").trim_end()), "{}", listing("help"));
        assert!(listing("nope").starts_with("# List of supported keyword classes:"));
    }

    #[test]
    fn the_table_of_places_is_haproxys() {
        let table = |listing: &str| {
            let lines = listing.lines().filter(|line| line.starts_with('#'));
            lines.map(|line| line.trim_end().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(table(&listing("smp")), table(&haproxys("smp")));
    }
}
