//! `-dK`: the keywords that are known here, class by class in HAProxy's layout, from the tables by which they are read
//! (management.txt 3).

use std::collections::BTreeSet;
use std::fmt::Write as _;

use config::vocabulary;

/// A class of keywords: its name, what it holds, and its listing.
type Class = (&'static str, &'static str, fn() -> String);

#[rustfmt::skip]
const CLASSES: &[Class] = &[
    ("acl", "ACL keywords",              acls),
    ("cfg", "configuration keywords",    configuration),
    ("cli", "CLI keywords",              commands),
    ("cnv", "sample converter keywords", converters),
    ("flt", "filter names",              filters),
    ("smp", "sample fetch functions",    fetches),
    ("svc", "service names",             services),
];

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
    for (name, _, list) in CLASSES {
        if wanted.contains(name) || wanted.contains(&"all") {
            out.push_str(&list());
        }
    }
    out
}

fn headed(head: &str, lines: BTreeSet<String>) -> String {
    let lines: Vec<String> = lines.into_iter().collect();
    format!("# List of registered {head}:\n{}\n", lines.join("\n"))
}

/// `path_beg = path -m beg`.
fn acls() -> String {
    let method = |alias: &&'static str| {
        let (fetch, method) = alias.rsplit_once('_')?;
        let known = matches!(method, "beg" | "dir" | "dom" | "end" | "len" | "reg" | "sub");
        let fetch = expr::fetch::find(fetch).filter(|_| known)?;
        Some(format!("{alias} = {} -m {method}", fetch.name))
    };
    let line = |alias: &'static str| method(&alias).unwrap_or_else(|| alias.to_owned());
    // every fetch is a criterion under each of its names
    let named = expr::fetch::all().flat_map(|row| {
        let names = [row.name].into_iter().chain(row.aliases.iter().copied());
        names.map(|name| format!("{name} = {} -m str", row.name))
    });
    headed("ACL keywords", expr::alias_names().map(line).chain(named).collect())
}

/// Keywords by section, as HAProxy groups them.
fn configuration() -> String {
    let mut out = String::from("# List of registered configuration keywords:\n");
    let entries = vocabulary::entries();
    let of = |place: &str| -> Vec<&vocabulary::Entry> {
        entries.iter().filter(|entry| entry.place == place).collect()
    };
    let sections: BTreeSet<&str> = of("sections").into_iter().map(|entry| entry.name).collect();
    let mut list = |section: &str, lines: Vec<String>| {
        let _ = writeln!(out, "{section}");
        let lines: BTreeSet<String> = lines.into_iter().collect();
        lines.iter().for_each(|line| out.push_str(&format!("\t{line}\n")));
    };
    let names = |place: &str| of(place).into_iter().map(|entry| entry.name.to_owned()).collect::<Vec<_>>();
    list("global", names("`global`"));
    let options = |place: &str, line: &str| {
        let words = |takes: usize| if takes == 0 { String::new() } else { format!(" +{takes}") };
        let all = of(place);
        all.into_iter()
            .map(|entry| format!("{line} {}{}", entry.name, words(entry.takes)))
            .collect::<Vec<_>>()
    };
    let rules = rules::ACTIONS.iter().map(|row| row.name).chain(rules::later().map(|(name, _)| name));
    let mut proxies = names("proxies");
    proxies.extend(options("`bind`", "bind <addr>"));
    proxies.extend(options("`server`", "server <name> <addr>"));
    proxies.extend(rules.map(|action| format!("action {action}")));
    list("listen", proxies);
    let taken = ["global", "defaults", "frontend", "backend", "listen"];
    for section in sections.iter().filter(|section| !taken.contains(section)) {
        list(section, names(&format!("`{section}`")));
    }
    list("crt-list", vocabulary::crt_list().map(str::to_owned).collect());
    out
}

fn commands() -> String {
    headed("CLI keywords", admin::cli::vocabulary().map(|(words, ..)| format!("{words} [WORKER] ")).collect())
}

fn converters() -> String {
    let line =
        |row: &expr::convert::Convert| format!("{}: {} => {}", row.name, row.input.name(), row.output.name());
    let later = expr::convert::later().map(|(name, _)| name.to_owned());
    headed("sample converter functions", expr::convert::all().map(line).chain(later).collect())
}

fn filters() -> String {
    let names = ["compression [COMP]", "trace [TRACE]"].map(str::to_owned);
    headed("filter names", names.into())
}

fn fetches() -> String {
    let lines = expr::fetch::all().flat_map(|row| {
        let names = [row.name].into_iter().chain(row.aliases.iter().copied());
        names.map(|name| format!("{name}: {}", row.kind.name())).collect::<Vec<_>>()
    });
    headed("sample fetch functions", lines.collect())
}

fn services() -> String {
    headed("service names", ["prometheus-exporter".to_owned()].into())
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    /// The names in a listing: what stands before its types and arguments.
    fn names(listing: &str) -> BTreeSet<String> {
        let lines = listing.lines().filter(|line| !line.starts_with('#'));
        let name = |line: &str| {
            let line = line.split("] ").last().unwrap_or_default();
            line.split(['(', ':', '=', '+']).next().unwrap_or_default().trim().to_owned()
        };
        lines.map(name).filter(|name| !name.is_empty()).collect()
    }

    /// What HAProxy lists and these tables do not.
    fn missing(class: &str) -> Vec<String> {
        let output = Command::new("haproxy").args([&format!("-dK{class}"), "-c", "-f", "/dev/null"]).output();
        let text = String::from_utf8_lossy(&output.expect("haproxy is needed").stdout).into_owned();
        let ours = names(&listing(class));
        let theirs = names(text.split("\nConfiguration file").next().unwrap_or_default());
        assert!(theirs.len() > 50, "{class}: only {} names", theirs.len());
        theirs.into_iter().filter(|name| !ours.contains(name)).collect()
    }

    #[test]
    fn every_converter_and_alias_that_haproxy_lists_is_listed() {
        let lacking: Vec<_> = ["cnv", "acl"].into_iter().map(|class| (class, missing(class))).collect();
        assert!(lacking.iter().all(|(_, names)| names.is_empty()), "{lacking:#?}");
    }

    #[test]
    fn help_lists_the_classes_as_haproxy_does() {
        let output = Command::new("haproxy").args(["-dKhelp", "-c", "-f", "/dev/null"]).output();
        let text = String::from_utf8_lossy(&output.expect("haproxy is needed").stdout).into_owned();
        assert!(text.starts_with(&listing("help")), "{text}\n{}", listing("help"));
        assert!(listing("nope").starts_with("# List of supported keyword classes:"));
    }

    #[test]
    fn options_are_listed_with_the_words_they_take() {
        let listed = listing("cfg");
        for line in ["\tbind <addr> alpn +1\n", "\tserver <name> <addr> ssl\n", "global\n\t"] {
            assert!(listed.contains(line), "{line}");
        }
    }
}
