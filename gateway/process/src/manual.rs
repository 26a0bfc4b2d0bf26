//! The manual page in roff, made of the table of options.

use crate::args::{self, COMMANDS, Flag};
use crate::version::{LEVEL, VERSION};

const DESCRIPTION: &str = "Takes the place of HAProxy where it stands: the same configuration files, command line, \
    signals, exit codes and log lines. Files whose names end in .yaml or .yml hold the same configuration in YAML. \
    What of HAProxy is not there yet is refused by name, with its place and a hint.";

#[rustfmt::skip]
const EXIT: &[(&str, &str)] = &[
    ("0", "It did what it was asked for, and ended in peace."),
    ("1", "It could not: the configuration, the command line or the machine is at fault, and it said how."),
    ("2", "-c: the files are right, but nothing would listen. -cc, explain: the words are not understood."),
];

const ENVIRONMENT: &[(&str, &str)] = &[("GATEWAY_METRICS", "Where --metrics listens, if it is not given.")];

/// The page.
pub(crate) fn page(name: &str) -> String {
    let mut page = vec![
        format!(".TH {} 1 \"\" \"gateway {VERSION}\" \"User Commands\"", name.to_uppercase()),
        ".SH NAME".to_owned(),
        format!("{name} \\- proxies HTTP as HAProxy {LEVEL} does"),
        ".SH SYNOPSIS".to_owned(),
        format!(".B {name}"),
        "[options] \\-f <file> [\\-\\- <file>*]".to_owned(),
    ];
    for (command, words, _) in COMMANDS {
        page.extend([".br".to_owned(), format!(".B {name} {command}"), text(words)]);
    }
    page.extend([".SH DESCRIPTION".to_owned(), text(DESCRIPTION), ".SH COMMANDS".to_owned()]);
    COMMANDS.iter().for_each(|(command, words, help)| entry(&mut page, command, words, help));
    page.push(".SH OPTIONS".to_owned());
    args::flags().filter(|flag| !flag.has_no_effect()).for_each(|flag| option(&mut page, flag));
    page.push(".SH OPTIONS OF EXPLAIN".to_owned());
    args::explain_flags().for_each(|flag| option(&mut page, flag));
    page.push(".SH OPTIONS WITHOUT EFFECT".to_owned());
    page.push(text("These are accepted because HAProxy has them:"));
    let ignored: Vec<&str> =
        args::flags().filter(|flag| flag.has_no_effect()).map(|flag| flag.name).collect();
    page.push(text(&ignored.join(" ")));
    page.push(".SH EXIT STATUS".to_owned());
    EXIT.iter().for_each(|(code, meaning)| entry(&mut page, code, "", meaning));
    page.push(".SH ENVIRONMENT".to_owned());
    ENVIRONMENT.iter().for_each(|(variable, meaning)| entry(&mut page, variable, "", meaning));
    page.extend([".SH SEE ALSO".to_owned(), ".BR haproxy (1)".to_owned()]);
    page.join("\n") + "\n"
}

fn option(page: &mut Vec<String>, flag: &Flag) {
    entry(page, flag.name, &flag.value(), flag.help);
}

/// A name in bold, what follows it, and what it means.
fn entry(page: &mut Vec<String>, name: &str, rest: &str, meaning: &str) {
    page.extend([".TP".to_owned(), format!("\\fB{}\\fR{}", text(name), escape(rest)), text(meaning)]);
}

/// A line of text: it begins no request, whatever it begins with.
fn text(line: &str) -> String {
    let line = escape(line.trim_start());
    if line.starts_with(['.', '\'']) { format!("\\&{line}") } else { line }
}

/// A dash that can be copied, and a backslash that is one.
fn escape(text: &str) -> String {
    text.replace('\\', "\\e").replace('-', "\\-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_option_is_on_the_page() {
        let page = page("gateway").replace("\\-", "-");
        for flag in args::flags().chain(args::explain_flags()) {
            let here = if flag.has_no_effect() {
                page.split_whitespace().any(|word| word == flag.name)
            } else {
                page.contains(&format!("\\fB{}\\fR{}\n{}", flag.name, flag.value(), flag.help))
            };
            assert!(here, "{} is missing", flag.name);
        }
    }

    #[test]
    fn requests_are_roffs_own_and_nothing_else_begins_like_one() {
        let known = [".TH", ".SH", ".B", ".BR", ".TP", ".br"];
        for line in page("gateway").lines().filter(|line| line.starts_with(['.', '\''])) {
            let request = line.split(' ').next().unwrap_or_default();
            assert!(known.contains(&request), "{line}");
        }
        assert_eq!(text(".x -y \\n"), "\\&.x \\-y \\en");
    }
}
