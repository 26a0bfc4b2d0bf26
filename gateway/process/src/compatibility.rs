//! `conf/COMPATIBILITY.md`: what the tables say about everything that HAProxy knows, kept in step with them by a test.
//!
//! `GATEWAY_REWRITE=1 cargo test -p process compatibility` writes it anew.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use config::vocabulary::{self, Standing};

use crate::args;

/// One thing that HAProxy knows.
struct Entry {
    name: String,
    standing: Standing,
    reason: &'static str,
}

/// A part of the vocabulary.
struct Part {
    title: &'static str,
    entries: Vec<Entry>,
}

const STANDINGS: [(Standing, &str); 6] = [
    (Standing::Supported, "supported"),
    (Standing::Partly, "partly"),
    (Standing::Ignored, "ignored"),
    (Standing::Later, "not yet"),
    (Standing::Gone, "refused"),
    (Standing::Declined, "by choice"),
];

fn entry(name: &str, later: Option<&'static str>) -> Entry {
    let standing = if later.is_some() { Standing::Later } else { Standing::Supported };
    Entry { name: name.to_owned(), standing, reason: later.unwrap_or_default() }
}

fn keywords(title: &'static str, place: &str) -> Part {
    let rows = vocabulary::entries().into_iter().filter(|row| row.place == place);
    let entries =
        rows.map(|row| Entry { name: row.name.to_owned(), standing: row.standing, reason: row.reason });
    Part { title, entries: entries.collect() }
}

fn fetches() -> Part {
    let names = expr::fetch::all().flat_map(|row| [row.name].into_iter().chain(row.aliases.iter().copied()));
    let names: Vec<_> = names.collect();
    let derived = expr::alias_names().filter(|name| !names.contains(name));
    let here = names.iter().copied().chain(derived).map(|name| entry(name, None));
    let later = expr::fetch::later().map(|(name, why)| entry(name, Some(why)));
    Part { title: "Fetches and ACL criteria", entries: here.chain(later).collect() }
}

fn converters() -> Part {
    let here = expr::convert::all().map(|row| entry(row.name, None));
    let later = expr::convert::later().map(|(name, why)| entry(name, Some(why)));
    Part { title: "Converters", entries: here.chain(later).collect() }
}

fn log_tags() -> Part {
    let entries = expr::LogField::all().map(|field| Entry {
        name: format!("%{}", field.tag()),
        standing: Standing::Supported,
        reason: "",
    });
    Part { title: "Tags of `log-format`", entries: entries.collect() }
}

fn actions() -> Part {
    let here = rules::ACTIONS.iter().filter(|row| row.later.is_none());
    let here = here.map(|row| Entry { reason: row.note, ..entry(row.name, None) });
    let later = rules::later().map(|(name, why)| entry(name, Some(why)));
    let declined = rules::DECLINED.iter().map(|row| Entry {
        name: row.name.to_owned(),
        standing: Standing::Declined,
        reason: row.why,
    });
    Part { title: "Actions of rules", entries: here.chain(later).chain(declined).collect() }
}

fn commands() -> Part {
    let entries = admin::cli::vocabulary().map(|(words, here, reason)| {
        let standing = match (here, reason) {
            (false, _) => Standing::Later,
            (true, "") => Standing::Supported,
            (true, _) => Standing::Partly,
        };
        Entry { name: words.to_owned(), standing, reason }
    });
    Part { title: "Commands of the stats socket", entries: entries.collect() }
}

fn options() -> Part {
    let entries = args::vocabulary().map(|(name, works)| Entry {
        name: name.to_owned(),
        standing: if works { Standing::Supported } else { Standing::Ignored },
        reason: if works { "" } else { "accepted without a word: it would change nothing here" },
    });
    Part { title: "Options of the command line", entries: entries.collect() }
}

fn parts() -> Vec<Part> {
    vec![
        keywords("Sections", "sections"),
        keywords("Keywords of `global`", "`global`"),
        keywords("Keywords of proxies", "proxies"),
        keywords("Options of `bind`", "`bind`"),
        keywords("Options of `server`", "`server`"),
        fetches(),
        converters(),
        log_tags(),
        actions(),
        commands(),
        options(),
    ]
}

fn count(part: &Part, standing: Standing) -> usize {
    part.entries.iter().filter(|entry| entry.standing == standing).count()
}

/// How much of each part is there, and of all of it.
fn counts(parts: &[Part]) -> String {
    let mut table = String::from("| | known | ");
    STANDINGS.iter().for_each(|(_, name)| table.push_str(&format!("{name} | ")));
    table.push_str("\n|---|--:|--:|--:|--:|--:|--:|--:|\n");
    let mut row = |title: &str, of: &dyn Fn(Standing) -> usize, all: usize| {
        let cells: Vec<String> = STANDINGS.iter().map(|(standing, _)| of(*standing).to_string()).collect();
        let _ = writeln!(table, "| {title} | {all} | {} |", cells.join(" | "));
    };
    for part in parts {
        row(part.title, &|standing| count(part, standing), part.entries.len());
    }
    let sum = |standing| parts.iter().map(|part| count(part, standing)).sum();
    row("**all**", &sum, parts.iter().map(|part| part.entries.len()).sum());
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}

/// One part: for each standing and reason, the names.
fn section(part: &Part, page: &mut String) {
    let _ = writeln!(page, "\n## {}\n\n| | | why, or what is missing |\n|---|---|---|", part.title);
    let mut groups: BTreeMap<(Standing, &str), Vec<&str>> = BTreeMap::new();
    for entry in &part.entries {
        groups.entry((entry.standing, entry.reason)).or_default().push(&entry.name);
    }
    for ((standing, reason), mut names) in groups {
        names.sort_unstable();
        names.dedup();
        let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
        let standing = STANDINGS.iter().find(|(known, _)| *known == standing).map_or("", |(_, name)| name);
        let _ = writeln!(page, "| {standing} | {} | {} |", names.join(" "), reason.replace('|', "\\|"));
    }
}

fn page() -> String {
    let parts = parts();
    let mut page = String::from(
        "# What of HAProxy is here\n\n\
         Written by `GATEWAY_REWRITE=1 cargo test -p process compatibility` from the tables that the gateway itself \
         reads by;\nnot to be edited. The names are those of HAProxy 2.6 and, where they are known, of later ones.\n\n\
         * *supported*: as in HAProxy's manual\n\
         * *partly*: what the last column names is missing, and refused where it is asked for, unless it says more\n\
         * *ignored*: accepted with a warning, for it cannot change what a client or server sees\n\
         * *not yet*: refused by name, with file and line\n\
         * *refused*: as HAProxy itself refuses it\n\
         * *by choice*: refused, and to remain so; the last column says why or what to do instead\n\n",
    );
    page.push_str(&counts(&parts));
    parts.iter().for_each(|part| section(part, &mut page));
    page
}

#[test]
fn compatibility_is_written_down_as_the_tables_have_it() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conf/COMPATIBILITY.md");
    let page = page();
    if std::env::var_os("GATEWAY_REWRITE").is_some() {
        std::fs::write(&path, &page).expect("conf/ can be written");
    }
    println!("{}", counts(&parts()));
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    let stale = page.lines().zip(committed.lines()).find(|(now, then)| now != then);
    assert!(page == committed, "{} is stale, see its second line; first at {stale:?}", path.display());
}

/// What holds the words together, as libFuzzer writes it.
#[rustfmt::skip]
const SYNTAX: &[&str] = &[
    r#" if { "#, r#" } "#, r#" unless "#, r#" || "#, r#" !"#, r#"%["#, r#"]"#, r#"%ci:%cp"#, r#"%{+Q}o"#,
    r#"${X-y}"#, r#"\""#, r#".if "#, r#".elif "#, r#".else\x0a"#, r#".endif\x0a"#, r#"defined("#,
    r#"feature("#, r#"version_atleast("#, r#"streq("#, r#"\x0a    "#, r#" -m "#, r#" -i "#, r#" -f "#,
    r#" -- "#, r#"listen a\x0a"#, r#"frontend a\x0a"#, r#"backend a\x0a"#, r#"defaults\x0a"#,
    r#"global\x0a"#, r#":8080"#, r#"fd@3"#, r#"unix@"#, r#"127.0.0.1:80"#, r#"[::1]:80"#, r#",lower"#,
    r#",map("#, r#",regsub("#,
];

/// The words of the listings, and of what they do not hold: sections, tags of log formats, actions' own words.
fn dictionary() -> String {
    let listed = crate::keywords::listing("acl,cfg,cnv,flt,smp,svc");
    let listed = listed.lines().filter(|line| !line.starts_with('#'));
    let listed = listed.map(|line| line.rsplit("] ").next().unwrap_or(line).to_owned());
    let tags = expr::LogField::all().map(|field| format!("%{}", field.tag()));
    let sections = vocabulary::entries().into_iter().filter(|entry| entry.place == "sections");
    let examples = rules::ACTIONS.iter().map(|row| row.example.to_owned());
    let texts = listed.chain(sections.map(|entry| entry.name.to_owned())).chain(examples);
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '%');
    let words = texts.flat_map(|text| text.split(|c| !is_part(c)).map(str::to_owned).collect::<Vec<_>>());
    let words: BTreeSet<String> = words.filter(|word| word.len() > 1).chain(tags).collect();
    let all = words.iter().map(String::as_str).chain(SYNTAX.iter().copied());
    let lines: String = all.map(|word| format!("\"{word}\"\n")).collect();
    format!(
        "# Words of the configuration, from the gateway's own tables.\n\
         # Written by `GATEWAY_REWRITE=1 cargo test -p process compatibility`; not to be edited.\n{lines}"
    )
}

#[test]
fn the_fuzzers_dictionary_has_the_words_of_the_tables() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fuzz/haproxy.dict");
    let now = dictionary();
    assert!(now.lines().count() > 1000, "{} words", now.lines().count());
    if std::env::var_os("GATEWAY_REWRITE").is_some() {
        std::fs::write(&path, &now).expect("tests/fuzz/ can be written");
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(now == committed, "{} is stale, see its second line", path.display());
}
