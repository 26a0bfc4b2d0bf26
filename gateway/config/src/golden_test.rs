//! Golden files: exactly what is said about a configuration, to tools and to people.
//!
//! `testdata/*.test` hold cases parted by a line `====`. A case is a configuration (further files follow lines
//! `==> NAME <==`), `----`, what stands on a pipe (the severity's letter, then the line), and perhaps `----` and what a
//! terminal shows. `GATEWAY_REWRITE=1 cargo test -p config` writes what is said now into the files, for a look at the
//! difference.

use std::path::{Path, PathBuf};

use lang::{Facts, Severity};

use crate::world::World;
use crate::{Loaded, load};

const CASE: &str = "\n====\n";
const PART: &str = "----\n";

fn golden_files() -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    let entries = std::fs::read_dir(dir).expect("testdata/ is there");
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "test"));
    files.sort();
    files
}

/// Loads a case's configuration.
fn loaded(configuration: &str) -> Loaded {
    let mut names = vec![("h.cfg", String::new())];
    for line in configuration.split_inclusive('\n') {
        match line.trim_end().strip_prefix("==> ").and_then(|rest| rest.strip_suffix(" <==")) {
            Some(name) => names.push((name, String::new())),
            None => names.last_mut().expect("one is there").1.push_str(line),
        }
    }
    let texts = names.into_iter().map(|(name, text)| (name.into(), text.into_bytes())).collect();
    let world = World { texts, vars: vec![("FD", "3")] };
    load(&["h.cfg".into()], &world, &world, &Facts::default())
}

/// What is said of a case's configuration on a pipe and on a terminal.
fn told(configuration: &str) -> (String, String) {
    let loaded = loaded(configuration);
    let lines = loaded.diagnostics.render_pipe(&loaded.sources);
    let pipe = lines.into_iter().map(|(severity, line)| format!("{} {line}\n", &severity.name()[..1]));
    (pipe.collect(), loaded.diagnostics.render_terminal(&loaded.sources))
}

/// The case as it would be written now.
fn case_now(case: &str) -> String {
    let mut parts = case.splitn(3, PART);
    let configuration = parts.next().unwrap_or_default();
    let shows_terminal = parts.nth(1).is_some();
    let (pipe, terminal) = told(configuration);
    match shows_terminal {
        true => format!("{configuration}{PART}{pipe}{PART}{}", terminal.trim_end()),
        false => format!("{configuration}{PART}{}", pipe.trim_end()),
    }
}

#[test]
fn all_is_said_as_it_is_written_down() {
    let rewrite = std::env::var_os("GATEWAY_REWRITE").is_some();
    let (mut cases, mut wrong) = (0, String::new());
    for file in golden_files() {
        let text = std::fs::read_to_string(&file).expect("a golden file is text");
        let mut now = text.split(CASE).take(1).map(str::to_owned).collect::<Vec<_>>();
        for case in text.trim_end().split(CASE).skip(1) {
            assert!(case.contains(PART), "a case without {PART:?} in {}: {case}", file.display());
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

/// The errors of a case that say nothing of what to write.
fn without_hint(configuration: &str) -> Vec<String> {
    let loaded = loaded(configuration);
    let errors = loaded.diagnostics.iter().filter(|told| told.severity == Severity::Alert);
    errors.filter(|told| told.hint.is_none()).map(|told| told.render_pipe(&loaded.sources)).collect()
}

#[test]
fn every_error_says_what_to_write() {
    let files = golden_files().into_iter().map(|file| std::fs::read_to_string(file).expect("it is text"));
    let cases: Vec<String> =
        files.flat_map(|text| text.split(CASE).skip(1).map(str::to_owned).collect::<Vec<_>>()).collect();
    let lacking: Vec<_> =
        cases.iter().flat_map(|case| without_hint(case.split(PART).next().unwrap_or_default())).collect();
    assert!(lacking.is_empty(), "{} errors without a hint:\n{}", lacking.len(), lacking.join("\n"));
}
