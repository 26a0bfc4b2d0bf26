//! Golden files: exactly what is said about a configuration, to tools and to people.
//!
//! `testdata/*.test` hold cases parted by a line `====`. A case is a configuration, `----`, what stands on a pipe (the
//! severity's letter, then the line), `----`, and what a terminal shows. `GATEWAY_REWRITE=1 cargo test -p config` writes
//! what is said now into the files, for a look at the difference; a new case needs the first `----` only.
//!
//! The configuration is `h.cfg`. Further files follow lines `==> NAME <==`, a name with a slash behind it is an empty
//! directory, one with two a directory that may not be read; a line `==> -f NAME… <==` says what is loaded instead of `h.cfg`. What a text file does not show is spelt:
//! `{{9*x}}` is nine of `x`, where `\n` is a line's end, `{{xff}}` is a byte, `{{no LF}}` takes away the line's end.

use std::path::{Path, PathBuf};

use lang::Facts;
use regex::bytes::{Captures, Regex};

use crate::world::World;
use crate::{Loaded, load};

const CASE: &str = "\n====\n";
const PART: &str = "----\n";
/// So many messages of one case are written down.
const MOST: usize = 200;

fn golden_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let entries = std::fs::read_dir(dir).expect("testdata/ is there");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// What a configuration's spelling stands for.
fn spelt_out(configuration: &str) -> Vec<u8> {
    let spelling =
        Regex::new(r"(?s)\{\{(?:(\d+)\*(.*?)|x([0-9a-f]{2})|no LF)\}\}(\n?)").expect("it is right");
    let meant = |found: &Captures<'_>| {
        let group = |number| found.get(number).map(|group| String::from_utf8_lossy(group.as_bytes()));
        let end = group(4).unwrap_or_default();
        match (group(1), group(2), group(3)) {
            (Some(count), Some(text), _) => {
                let count = count.parse().expect("a case repeats a number of times");
                (text.replace("\\n", "\n").repeat(count) + &end).into_bytes()
            }
            (_, _, Some(byte)) => {
                let byte = u8::from_str_radix(&byte, 16).expect("two digits are a byte");
                [&[byte], end.as_bytes()].concat()
            }
            _ => Vec::new(),
        }
    };
    spelling.replace_all(configuration.as_bytes(), meant).into_owned()
}

/// Loads a case's configuration.
fn loaded(configuration: &str) -> Loaded {
    let mut texts = vec![(PathBuf::from("h.cfg"), Vec::new())];
    let mut named = vec![PathBuf::from("h.cfg")];
    for line in spelt_out(configuration).split_inclusive(|byte| *byte == b'\n') {
        let text = String::from_utf8_lossy(line);
        let heading = text.trim_end().strip_prefix("==> ").and_then(|rest| rest.strip_suffix(" <=="));
        match heading.map(|heading| (heading, heading.strip_prefix("-f "))) {
            Some((_, Some(names))) => named = names.split(' ').map(PathBuf::from).collect(),
            Some((name, None)) => texts.push((name.into(), Vec::new())),
            None => texts.last_mut().expect("one is there").1.extend_from_slice(line),
        }
    }
    let world = World { texts, vars: vec![("FD", "3")] };
    load(&named, &world, &world, &Facts::default())
}

/// What is said of a case's configuration on a pipe and on a terminal.
fn told(configuration: &str) -> (String, String) {
    let loaded = loaded(configuration);
    let lines = loaded.diagnostics.render_pipe(&loaded.sources);
    let pipe = lines.into_iter().map(|(severity, line)| format!("{} {line}\n", &severity.name()[..1]));
    let terminal = loaded.diagnostics.render_terminal(&loaded.sources);
    let shown = terminal.split("\n\n").map(|one| format!("{one}\n\n"));
    (shortened(pipe.collect()), shortened(shown.collect()))
}

/// Of very many messages the first ones and the last.
fn shortened(mut messages: Vec<String>) -> String {
    if messages.len() > MOST {
        let left_out = messages.len() - 5;
        messages.splice(3..left_out + 3, [format!("({left_out} more)\n")]);
    }
    messages.concat()
}

/// The case as it would be written now.
fn case_now(case: &str) -> String {
    let case = format!("{case}\n");
    let configuration = case.split(PART).next().unwrap_or_default();
    let (pipe, terminal) = told(configuration);
    format!("{configuration}{PART}{pipe}{PART}{}", terminal.trim_end())
}

#[test]
fn all_is_said_as_it_is_written_down() {
    let rewrite = std::env::var_os("GATEWAY_REWRITE").is_some();
    let (mut cases, mut wrong) = (0, String::new());
    for file in golden_files() {
        let text = std::fs::read_to_string(&file).expect("a golden file is text");
        let mut now = text.split(CASE).take(1).map(str::to_owned).collect::<Vec<_>>();
        for case in text.trim_end().split(CASE).skip(1) {
            assert!(
                format!("{case}\n").contains(PART),
                "a case without {PART:?} in {}: {case}",
                file.display()
            );
            let said = case_now(case);
            cases += 1;
            if said != case {
                wrong.push_str(&format!("{}:\n{said}{CASE}", file.display()));
            }
            now.push(said);
        }
        if rewrite {
            std::fs::write(&file, now.join(CASE) + "\n").expect("a golden file can be written");
        }
    }
    assert!(cases > 15, "only {cases} cases");
    assert!(wrong.is_empty() || rewrite, "what is said now:\n{wrong}");
}

#[test]
fn every_error_says_what_to_write() {
    let files = golden_files().into_iter().map(|file| std::fs::read_to_string(file).expect("it is text"));
    let shown: Vec<String> = files
        .flat_map(|text| {
            text.split("\n\n").flat_map(|part| part.split("\n====\n")).map(str::to_owned).collect::<Vec<_>>()
        })
        .collect();
    let errors = shown.iter().filter_map(|part| part.rsplit_once("alert: ").map(|(_, error)| error));
    let (hinted, lacking): (Vec<&str>, Vec<&str>) = errors.partition(|error| error.contains("\n  hint: "));
    assert!(hinted.len() > 900, "only {} errors have a hint", hinted.len());
    assert!(lacking.is_empty(), "{} errors without a hint:\n{}", lacking.len(), lacking.join("\n"));
}
