//! How many of the messages that the sources hold are in a golden file.
//!
//! A message is a text of several words that stands where an error is made. What only files on a disk, a size beyond all
//! bounds or the YAML spelling bring about is shown by tests of its own; the list of what no case shows is printed.

use std::path::{Path, PathBuf};

use regex::Regex;

/// Words that stand before a text where an error is made.
const MADE: &str = r"alert\(|warning\(|error\(|Err\(|bad\(|fail\(|needs\(|misses\(|takes\(|refused\(|ok_or|map_err|format!\(";
/// Words right before a text that is no message.
const NOT: &str =
    r#"(hint|later|unsupported|example|ignored|tunes|lacks|note|expect|\w*assert\w*!|panic!)\((\w+, )?$"#;
/// So many in a hundred must have a case.
const LEAST: usize = 83;

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
    let text = message.trim_end_matches('.').replace("{{", "\u{1}").replace("}}", "\u{2}");
    let hole = Regex::new(r"\{[^{}]*\}").expect("it is right");
    let parts: Vec<String> = hole
        .split(&text)
        .map(|part| regex::escape(&part.replace('\u{1}', "{").replace('\u{2}', "}")))
        .collect();
    Regex::new(&parts.join(".*")).expect("an escaped text is right")
}

#[test]
fn nearly_every_message_has_a_golden_case() {
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
    println!("{} of {all} messages have a case; without one:\n{}", all - unsaid.len(), unsaid.join("\n"));
    assert!(all > 500, "only {all} messages were found");
    assert!((all - unsaid.len()) * 100 >= all * LEAST, "{} of {all} have none", unsaid.len());
}
