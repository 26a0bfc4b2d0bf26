//! The hint of an error that brings none of its own: what helps against its family, or a line that is right.
//!
//! Who words an error knows best what to write instead, and says so. Many have only HAProxy's words, which tell what is
//! expected: what such a line looks like stands in the example that has one of every keyword.

use lang::{Diagnostic, Diagnostics, Severity, Sources};

/// A line of every keyword; the dump is held to it as well.
const EXAMPLES: &str = include_str!("../testdata/maximal.cfg");

/// The longest example that helps.
const LONGEST: usize = 110;

const BLOCKS: &str = "each '.if' is closed by an '.endif', with '.elif' and '.else' between; there are '.notice', '.warning', '.alert' too";

/// (what the message says, what to do). The first that fits is taken, so what is special stands first.
#[rustfmt::skip]
const FAMILIES: &[(&str, &str)] = &[
    // lines of old
    ("'reqadd'",                     "for example: 'http-request add-header X-Name value'"),
    ("'rspadd'",                     "for example: 'http-response add-header X-Name value'"),
    ("'reqdel'",                     "for example: 'http-request del-header X-Name'"),
    ("'reqidel'",                    "for example: 'http-request del-header X-Name'"),
    ("'rspdel'",                     "for example: 'http-response del-header X-Name'"),
    ("'rspidel'",                    "for example: 'http-response del-header X-Name'"),
    ("Use 'http-request replace-",   "for example: 'http-request replace-path /old/(.*) /new/\\1', or 'http-request replace-header Host (.*):80 \\1'"),
    ("Use 'http-response replace-",  "for example: 'http-response replace-header Location http://(.*) https://\\1'"),
    ("Use 'http-request deny'",      "for example: 'http-request deny if { path_beg /private }'"),
    ("Use 'http-response deny'",     "for example: 'http-response deny if { status 500 }'"),
    ("Use 'http-request tarpit'",    "for example: 'http-request tarpit if { path_beg /private }'"),
    ("Use 'http-request allow'",     "for example: 'http-request allow if { path_beg /public }'"),
    ("Use 'use_backend'",            "for example: 'use_backend app if { path_beg /app }'"),
    ("Use 'timeout ",                "write that, with the same time behind it"),
    ("not supported any",            "remove the line: rules ('http-request …', 'http-response …') do what it did"),
    // names that nothing bears, and that two bear
    ("no such ACL",                  "declare it above the line that uses it: 'acl NAME CRITERION VALUE'"),
    ("unable to find userlist",      "declare it: 'userlist NAME', and in it 'user joe password HASH'"),
    ("missing userlist name",        "name a 'userlist' section in the parentheses: 'http_auth(NAME)'"),
    ("missing server name",          "name the backend and the server in the parentheses: 'srv_is_up(BACKEND/SERVER)'"),
    ("unable to find table",         "declare it in that section, for instance: 'stick-table type ip size 100k expire 30m store http_req_rate(10s)'"),
    ("no such table",                "declare it, for instance: 'stick-table type ip size 100k expire 30m'"),
    ("unable to find required default_backend", "declare it with 'backend NAME', or mend the name"),
    ("unable to find required use_backend", "declare it with 'backend NAME', or mend the name"),
    ("defaults section",             "declare it above: 'defaults NAME', or leave 'from' out to take the last one"),
    ("ambiguous defaults",           "give each 'defaults' section a name of its own"),
    ("unable to find",               "declare it, or mend the name"),
    ("not found",                    "declare it, or mend the name"),
    ("no such",                      "declare it, or mend the name"),
    ("has the same name",            "rename one of the two"),
    ("already exists",               "rename one of the two"),
    ("already declared",             "rename one of the two, or put their lines together"),
    ("already used",                 "choose another, or leave one of the two out"),
    ("same custom id",               "give each an 'id' of its own, or leave 'id' out: numbers are then given out"),
    ("another server named",         "give each server of the section a name of its own"),
    ("Duplicate",                    "rename one of the two"),
    ("duplicate",                    "leave one of the two out"),
    ("declared twice",               "leave one of the two out"),
    // files
    ("unable to load SSL",           "the file must hold the certificate, its chain and its key in PEM, and be readable by the user that starts the gateway"),
    ("No Private Key",               "put the key into the certificate's file, or beside it as FILE.key"),
    ("Cannot open",                  "mend the path, or let the user that starts the gateway read it"),
    ("cannot open",                  "mend the path, or let the user that starts the gateway read it"),
    ("failed to open",               "mend the path, or let the user that starts the gateway read it"),
    ("unable to open",               "mend the path, or let the user that starts the gateway read it"),
    ("error reading",                "mend the path, or let the user that starts the gateway read it"),
    ("No such file",                 "mend the path: relative ones begin where the gateway was started, or at 'default-path'"),
    // what is too much
    ("line too long",                "split it: what is meant as several lines may have lost its line ends"),
    ("too many errors",              "mend the first ones: the others may follow from them"),
    ("too many nested",              "put the inner blocks into files of their own"),
    ("more than",                    "split the configuration"),
    // conditions, expressions
    ("missing closing '}' in condition", "close it with a word '}': '{ path_beg /api }'"),
    ("predicate",                    "the predicates are defined(), feature(), streq(), strneq(), strstr(), version_atleast(), version_before(), openssl_version_atleast() and the like"),
    ("conditional expression",       "for example: '.if defined(HAPROXY_MWORKER) && !streq(\"$STAGE\",test)'"),
    ("only accepts 'if' or 'unless'", "what follows the action begins with 'if' or 'unless'; quote a value that has spaces"),
    ("expects 'if' or 'unless'",     "write a condition behind it: 'if { path_beg /api }'"),
    ("missing fetch method",         "name what is to be read, for instance 'src', 'path' or 'req.hdr(host)'; 'gateway -dKsmp' lists all"),
    ("unknown fetch method",         "'gateway -dKsmp' lists what can be read; variables are read with 'var(txn.name)'"),
    ("unknown converter",            "'gateway -dKcnv' lists the converters"),
    ("variable name",                "begin it with its scope: 'proc.', 'sess.', 'txn.', 'req.' or 'res.', then letters, digits, '.' and '_'"),
    ("cannot be accepted",           "begin it with its scope: 'proc.', 'sess.', 'txn.', 'req.' or 'res.'"),
    ("none of which is available",   "move the rule to where it is, or keep the sample in a variable: 'http-request set-var(txn.name) …', and read 'var(txn.name)' here"),
    ("regex '",                       "quote the expression ('…') so that backslashes and parentheses reach it, and mend what is said to be wrong"),
    ("matching method",              "say how to compare, for instance '-m str', '-m beg', '-m reg' or '-m found'"),
    ("as type 'integer'",            "write a whole number there"),
    ("type 'integer'",               "write a whole number there"),
    ("as type 'IPv4 mask'",          "write a mask as bits or as an address: '24' or '255.255.255.0'"),
    ("as type 'IPv",                 "write an address without a port"),
    ("missing arguments",            "arguments stand in parentheses right behind the name; 'gateway -dKsmp' and '-dKcnv' show which"),
    ("expected ')' before",          "leave out what stands too much; 'gateway -dKsmp' and '-dKcnv' show the arguments"),
    ("expected ')'",                 "close the parenthesis; quote arguments that hold one"),
    ("but got nothing",              "write it, or leave the parentheses out where it is optional"),
    ("is expected (found",           "write pairs of hexadecimal digits: '0d0a'"),
    ("hex digit",                    "write pairs of hexadecimal digits: '0d0a'"),
    ("will never match. 'or'",       "call it something else"),
    ("in acl name",                  "a name has letters, digits, '-', '_', '.' and ':'"),
    ("behind '%",                    "close it, or write '%%' for a percent sign"),
    ("'.if'",                        BLOCKS),
    ("'.elif'",                      BLOCKS),
    ("'.else'",                      BLOCKS),
    ("'.endif'",                     BLOCKS),
    ("unknown directive '.",         BLOCKS),
    ("for '.",                       "it takes one word: quote what has spaces"),
    ("after sample expression",      "converters follow behind a comma without spaces: 'path,lower'"),
    ("experimental",                 "say 'expose-experimental-directives' in 'global', above it"),
    ("negation/default",             "remove the word before it"),
    ("no docroot",                   "say where the scripts lie: 'docroot /var/www'"),
    ("lacks a command",              "name the program: 'command PROGRAM ARGUMENTS'"),
    ("Unexpected argument",          "remove it, or quote what has spaces"),
    ("ssl-default-",                 "the options are 'ssl-min-ver TLSv1.2', 'no-tls-tickets', 'no-tlsv10' and their like"),
    // addresses, numbers, times
    ("port range",                   "ports are from 1 to 65535, the first of a range not above the last"),
    ("invalid port",                 "ports are from 1 to 65535"),
    ("unknown address prefix",       "the prefixes are 'ipv4@', 'ipv6@', 'unix@', 'abns@', 'fd@' and 'sockpair@'"),
    ("file descriptor",              "an inherited socket is written 'fd@3'"),
    ("timer overflow",               "the longest time is 24 days; a proxy that waits longer has no use for a timeout"),
    // places
    ("out of section",               "begin a section above it: 'global', 'defaults', 'frontend NAME', 'backend NAME' or 'listen NAME'"),
    ("no frontend capability",       "move it to a 'frontend' or 'listen' section"),
    ("no backend capability",        "move it to a 'backend' or 'listen' section"),
    ("not allowed in 'defaults'",    "move it to the sections that need it"),
    ("not allowed",                  "move it to a section that may have it; 'gateway -dKcfg' lists the keywords of each"),
    ("is not permitted",             "names have letters, digits, '-', '_', '.' and ':'"),
    ("needs 'mode http'",            "say 'mode http' in the section or in 'defaults'"),
    ("unknown keyword",              "'gateway -dKcfg' lists the keywords of each section"),
    ("unknown statement",            "'gateway -dKcfg' lists the keywords of each section"),
    ("unknown registered keyword",   "'gateway -dKcfg' lists the keywords of each section"),
];

/// The same for what no example answers.
#[rustfmt::skip]
const REST: &[(&str, &str)] = &[
    ("address",                      "write it as '192.0.2.1:80', '[2001:db8::1]:80', 'name.example:80' or '/run/app.sock'"),
    ("size",                         "a size is a number, with 'k', 'm' or 'g' behind it for multiples: '32k'"),
    ("unexpected",                   "remove it; converters follow behind a comma without spaces: 'path,lower'"),
    ("network",                      "write it as '192.0.2.0/24' or '2001:db8::/32'"),
    ("port number",                  "ports are digits, from 1 to 65535"),
    ("missing port",                 "write the port behind the address: '192.0.2.1:80'"),
    ("log-format",                   "samples stand in '%[…]', tags are as '%ci'; '%%' is a percent sign"),
    ("as type '",                    "write something of that type there"),
    ("character in argument to",     "a time is a number and 'us', 'ms', 's', 'm', 'h' or 'd': '30s'"),
    ("time unit",                    "a time is a number and 'us', 'ms', 's', 'm', 'h' or 'd': '30s'"),
    ("timer underflow",              "the shortest time is a millisecond; 0 means none"),
    ("too long",    "shorten it"),
    ("'from'",      "write it behind the section's name: 'frontend www from NAME'"),
    ("'on'",        "write 'on' or 'off'"),
    ("integer",     "write a whole number in digits"),
    ("<path>",      "write a path behind it, quoted if it has spaces"),
    ("<name>",      "write a name behind it"),
    ("<id>",        "write a name behind it"),
    ("'none'",      "write one of the words that the message has"),
    ("usesrc",      "write 'source ADDRESS' before it"),
    ("",            "the manual has its form; 'gateway -dKcfg' lists the keywords of each section and the words they take"),
];

/// Gives a hint to every error that has none.
pub(crate) fn advise(diagnostics: &mut Diagnostics, sources: &Sources) {
    diagnostics.change(|diagnostic| {
        if diagnostic.severity == Severity::Alert && diagnostic.hint.is_none() {
            diagnostic.hint = hint(diagnostic, sources);
        }
    });
}

fn hint(diagnostic: &Diagnostic, sources: &Sources) -> Option<String> {
    let line = diagnostic.span.and_then(|span| sources.line(span.file, span.line)).unwrap_or_default();
    let words: Vec<&str> = line.split_whitespace().collect();
    if let Some(meant) = &diagnostic.suggestion {
        let right = example(&[meant.as_str()]).map(|line| format!("for example: '{line}'"));
        return right.or_else(|| Some(format!("write '{meant}'")));
    }
    let family = FAMILIES.iter().find(|(said, _)| diagnostic.message.contains(said));
    let own = || {
        let column = diagnostic.span.map_or(0, |span| span.start as usize);
        let line = of_rule(&words).or_else(|| of_option(&line, column, &words)).or_else(|| example(&words));
        line.filter(|right| *right != words.join(" ")).map(|line| format!("for example: '{line}'"))
    };
    // a family says what is wrong; HAProxy's 'expects …' is best answered by a line that is right
    let rest = || Some(REST.iter().find(|(said, _)| diagnostic.message.contains(said))?.1.to_owned());
    family.map(|(_, hint)| (*hint).to_owned()).or_else(own).or_else(rest)
}

/// The lines of the example, word by word.
fn lines() -> impl Iterator<Item = Vec<&'static str>> {
    EXAMPLES.lines().filter(|line| !line.starts_with('#')).map(|line| line.split_whitespace().collect())
}

/// `http-request deny deny_status 429`: every action has its own example.
fn of_rule(words: &[&str]) -> Option<String> {
    let at = match words.first()? {
        &"http-request" | &"http-response" | &"http-after-response" => 1,
        &"tcp-request" | &"tcp-response" => 2,
        _ => return None,
    };
    let name = words.get(at)?.split('(').next()?;
    let row = rules::ACTIONS.iter().find(|row| row.name == name)?;
    Some(format!("{} {}", words.get(..at)?.join(" "), row.example))
}

/// `server … inter 2s`: the option of a `bind` or `server` line at which the place is, or before it.
fn of_option(line: &str, column: usize, words: &[&str]) -> Option<String> {
    let keyword = *words.first()?;
    if !matches!(keyword, "bind" | "server" | "default-server" | "server-template") {
        return None;
    }
    let upto = line.get(..column).unwrap_or(line).split_whitespace().count();
    let near = [upto, upto.saturating_sub(1)];
    let named = near.into_iter().filter(|at| *at > 0).filter_map(|at| words.get(at));
    named.copied().find_map(|option| {
        let kin = |first: &str| first == keyword || (keyword != "bind" && first.contains("server"));
        let mut own = lines().filter(|words| words.first().is_some_and(|first| kin(first)));
        own.find_map(|words| {
            let at = words.iter().skip(1).position(|word| *word == option)? + 1;
            let end = words.len().min(at + 2);
            Some(format!("{keyword} … {}", words.get(at..end)?.join(" ")))
        })
    })
}

/// The first line of the example that begins with as many of the words as one can have.
fn example(words: &[&str]) -> Option<String> {
    let name = |word: &str| word.split('(').next().unwrap_or_default().to_owned();
    (1..=words.len().min(3)).rev().find_map(|count| {
        let wanted: Vec<String> = words.iter().take(count).map(|word| name(word)).collect();
        let begins = |line: &Vec<&str>| {
            line.len() >= count && line.iter().zip(&wanted).all(|(word, wanted)| name(word) == *wanted)
        };
        lines()
            .filter(|line| *line != ["global"])
            .filter(begins)
            .map(|line| line.join(" "))
            .min_by_key(String::len)
            .map(shortened)
    })
}

/// What of a line helps; the rest are more options.
fn shortened(line: String) -> String {
    let cut = line.char_indices().take_while(|(at, _)| *at < LONGEST).filter(|(_, c)| *c == ' ').last();
    match cut {
        Some((at, _)) if line.len() > LONGEST => format!("{} …", &line[..at]),
        _ => line,
    }
}

#[cfg(test)]
mod tests {
    use crate::world::load_text;

    /// The hint of the first error of a file.
    fn hint(text: &str) -> String {
        let loaded = load_text("h.cfg", text);
        let first = loaded.diagnostics.iter().find(|d| d.severity == lang::Severity::Alert);
        first.and_then(|d| d.hint.clone()).unwrap_or_default()
    }

    #[test]
    fn what_is_expected_is_shown_by_a_line_that_is_right() {
        let within = |line: &str| format!("listen l\n mode http\n bind :1\n {line}\n");
        assert_eq!(hint(&within("stats scope")), "for example: 'stats scope .'");
        assert!(hint(&within("http-reuse x")).starts_with("for example: 'http-reuse "));
        assert_eq!(
            hint(&within("http-request replace-path a")),
            "for example: 'http-request replace-path /a/(.*) /\\1'"
        );
        assert_eq!(hint(&within("server s 127.0.0.1:1 inter")), "for example: 'server … inter 1s'");
    }

    #[test]
    fn a_family_says_what_to_do() {
        let within = |line: &str| format!("listen l\n mode http\n bind :1\n {line}\n");
        assert!(hint(&within("http-request deny if nope")).starts_with("declare it above"));
        assert!(hint(&within("default_backend nope")).starts_with("declare it"));
        assert!(hint("timeout client 3s\n").starts_with("begin a section above it"));
    }
}
