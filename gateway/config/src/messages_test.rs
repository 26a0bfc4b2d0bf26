//! Each message that the sources hold is in a golden file.
//!
//! A message is a text of several words that stands where an error is made.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Words that stand before a text where an error is made.
const MADE: &str = r"alert\(|warning\(|error\(|Err\(|bad\(|fail\(|needs\(|misses\(|takes\(|refused\(|ok_or|map_err|format!\(";
/// Words right before a text that is no message.
const NOT: &str = r#"(?x)
    (hint|later|unsupported|example|ignored|tunes|lacks|note|expect|\w*assert\w*!|panic!)\((\w+,)?$
    | example\("[^"]*",$ | reason\ =$ | instead:$ | \.format\(&format!\($"#;
/// Texts that are told to operators or written by the code itself, and are no messages about a configuration.
const OTHERS: &[&str] = &[
    // `show acl`, `show map`
    "acl '{keyword}' file '{}' line {}",
    "by {what} at file '{}' line {}",
    "pattern loaded from file '{name}' used {users}",
    "{text}. curr_ver={} next_ver={} entry_cnt={count}",
    // what a running process says of a table of patterns that grows
    "no more than {MAX_ENTRIES} entries",
    // the modern line that takes a legacy line's place
    "{side} {action} if {{ {fetch} -m reg{case} {} }}",
];

fn sources(dir: &Path, into: &mut Vec<PathBuf>) {
    for entry in
        std::fs::read_dir(dir).expect("sources are there").map(|entry| entry.expect("it is read").path())
    {
        let name = entry.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let is_test = name.ends_with("_test.rs")
            || ["tests.rs", "world.rs", "oracle.rs", "property.rs", "allocations.rs", "dump"]
                .contains(&&*name);
        match entry.is_dir() {
            _ if is_test => {}
            true => sources(&entry, into),
            false => into.push(entry),
        }
    }
}

/// The messages of one source, with `{…}` where something is filled in.
fn messages(text: &str) -> Vec<String> {
    let text = text.split("#[cfg(test)]").next().unwrap_or_default();
    let text = Regex::new(r"(?m)^\s*//.*$").expect("it is right").replace_all(text, "");
    let literal = Regex::new(r#""((?:[^"\\]|\\.)*)""#).expect("it is right");
    let (made, not) = (Regex::new(MADE).expect("it is right"), Regex::new(NOT).expect("it is right"));
    let broken = Regex::new(r"\\\n\s*").expect("it is right");
    let found = literal.captures_iter(&text).filter_map(|found| {
        let whole = found.get(0)?;
        let before: String = text[..whole.start()].chars().rev().take(160).collect();
        let before: String = before.chars().rev().collect();
        let before = before.rsplit(';').next().unwrap_or_default().trim_end().to_owned();
        let message = broken.replace_all(found.get(1)?.as_str(), "").replace("\\\"", "\"");
        let is_one = message.matches(' ').count() > 2
            && !message.contains('\n')
            && !message.starts_with(')')
            && !message.contains("\\r");
        (is_one && made.is_match(&before) && !not.is_match(&before)).then_some(message)
    });
    found.collect()
}

/// What a message looks like when it is said.
fn pattern(message: &str) -> Regex {
    // a hole that is filled in later is a hole, too
    let text = message.trim_end_matches('.').replace("{{}}", "{}");
    let text = text.replace("{{", "\u{1}").replace("}}", "\u{2}");
    let hole = Regex::new(r"\{[^{}]*\}").expect("it is right");
    let parts: Vec<String> = hole
        .split(&text)
        .map(|part| regex::escape(&part.replace('\u{1}', "{").replace('\u{2}', "}")))
        .collect();
    Regex::new(&parts.join(".*")).expect("an escaped text is right")
}

#[test]
fn every_message_has_a_golden_case() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut said = String::new();
    for entry in std::fs::read_dir(root.join("testdata")).expect("testdata/ is there") {
        let path = entry.expect("it is read").path();
        if path.extension().is_some_and(|extension| extension == "test") {
            said.push_str(&std::fs::read_to_string(path).expect("a golden file is text"));
        }
    }
    let mut files = Vec::new();
    ["lang", "expr", "rules", "config"]
        .iter()
        .for_each(|name| sources(&root.join("..").join(name).join("src"), &mut files));
    let (mut all, mut unsaid) = (0, Vec::new());
    for file in files {
        for message in messages(&std::fs::read_to_string(&file).expect("a source is text")) {
            all += 1;
            if !pattern(&message).is_match(&said) {
                unsaid.push(format!("{}: {message}", file.file_name().unwrap_or_default().to_string_lossy()));
            }
        }
    }
    unsaid.retain(|unsaid| !OTHERS.iter().any(|other| unsaid.ends_with(other)));
    assert!(all > 500, "only {all} messages were found");
    assert!(unsaid.is_empty(), "{} of {all} messages have no case:\n{}", unsaid.len(), unsaid.join("\n"));
}
