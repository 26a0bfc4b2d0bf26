//! The open half of the corpus of configurations from the field goes through the loader. What HAProxy loads must load,
//! or be held back by rows of the tables alone: those that nothing acts on yet, and those refused by choice. What
//! HAProxy refuses must be refused where HAProxy does.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use lang::{Diagnostic, Facts, Severity};

use crate::world::World;
use crate::{Loaded, load, oracle};

fn corpus() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus")
}

/// The corpus with the files that it names, made once per run.
pub(crate) fn prepared(purpose: &str) -> PathBuf {
    let corpus = corpus();
    let target = std::env::temp_dir().join(format!("gateway-{purpose}-{}", std::process::id()));
    assert!(
        corpus.join("open").is_dir(),
        "the corpus is missing: {} does not exist",
        corpus.join("open").display()
    );
    let status = Command::new(corpus.join("prepare")).arg(corpus.join("open")).arg(&target).status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "shared/corpus/prepare failed (it needs bash and openssl)"
    );
    target
}

/// Which of the files HAProxy 2.6 or 3.5 loads.
fn loaded_by_haproxy() -> BTreeMap<String, bool> {
    let text = std::fs::read_to_string(corpus().join("verdicts.tsv")).expect("verdicts.tsv is there");
    let row = |line: &str| {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, _, _, old, new, ..] = columns.as_slice() else { return None };
        Some(((*name).to_owned(), *old == "yes" || *new == "yes"))
    };
    text.lines().skip(1).filter_map(row).collect()
}

/// Its configurations.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .expect("it was made")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "cfg"))
        .collect();
    files.sort();
    assert!(files.len() > 100, "only {} files", files.len());
    files
}

/// The verdicts were made with these variables set.
pub(crate) fn world() -> World {
    let ports = ["HTTP_PORT", "HTTPS_PORT", "MQTT_PORT", "EDGES_RPC_PORT"].map(|name| (name, "8080"));
    let vars = ports.into_iter().chain([("BIND_CONFIG", ":8080"), ("SOCKET_PATH", "/run/docker.sock")]);
    World { texts: Vec::new(), vars: vars.collect() }
}

/// Rows that are refused by choice, by their beginning, and why.
const BY_CHOICE: &[(&str, &str)] = &[
    ("lua", "Lua"),
    ("http-request lua.", "Lua"),
    ("http-request use-service lua.", "Lua"),
    ("http-response lua.", "Lua"),
    ("http-after-response lua.", "Lua"),
    ("tcp-request content lua.", "Lua"),
    ("tcp-response content lua.", "Lua"),
    ("filter lua", "Lua"),
    ("filter spoe", "SPOE"),
    ("http-request send-spoe-group", "SPOE"),
    ("http-response send-spoe-group", "SPOE"),
    ("tcp-request content send-spoe-group", "SPOE"),
    ("tcp-response content send-spoe-group", "SPOE"),
    ("filter opentracing", "OpenTracing"),
    ("http-request ot-group", "OpenTracing"),
    ("http-response ot-group", "OpenTracing"),
    ("51degrees-", "device detection"),
    ("deviceatlas-", "device detection"),
    ("wurfl-", "device detection"),
    ("quic", "QUIC"),
    ("external-check", "external programs"),
    ("option external-check", "external programs"),
    ("program", "external programs"),
];

/// What neither HAProxy takes and the gateway does, and why.
const TAKEN_HERE: &[(&str, &str)] =
    &[("nbproc is not supported any more", "'nbproc 1' says what is true anyway: it is worth a warning")];

/// All that refuses a file.
fn refusals(loaded: &Loaded) -> Vec<Diagnostic> {
    loaded.diagnostics.iter().filter(|said| said.severity == Severity::Alert).cloned().collect()
}

/// The row that a refusal names: the last word in quotes before `is not supported`.
fn row(refusal: &Diagnostic) -> String {
    let text = refusal.text();
    let before = text.split(" is not supported").next().unwrap_or_default();
    let quoted = before.trim_end_matches(|c| c != '\'').trim_end_matches('\'').rsplit_once('\'');
    quoted.map_or(text.clone(), |(_, name)| name.to_owned())
}

fn by_choice(row: &str) -> Option<&'static str> {
    BY_CHOICE.iter().find(|(beginning, _)| row.starts_with(beginning)).map(|(_, why)| *why)
}

fn name(file: &Path) -> String {
    file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned()
}

#[test]
fn the_open_corpus_loads_or_is_held_back_by_rows_alone() {
    let dir = prepared("corpus");
    let verdicts = loaded_by_haproxy();
    let (mut loads, mut wrongly) = (0, Vec::new());
    let mut rows = BTreeMap::<String, BTreeSet<String>>::new();
    let good: Vec<PathBuf> = files(&dir).into_iter().filter(|file| verdicts[&name(file)]).collect();
    for file in &good {
        let loaded = load(std::slice::from_ref(file), &world(), &world(), &Facts::default());
        loads += usize::from(loaded.model.is_some());
        for refusal in refusals(&loaded) {
            let row = row(&refusal);
            if !refusal.later && by_choice(&row).is_none() {
                wrongly.push(refusal.render_pipe(&loaded.sources));
            }
            rows.entry(row).or_default().insert(name(file));
        }
    }
    let _ = std::fs::remove_dir_all(dir);
    println!("{loads} of the {} files load that HAProxy loads; the others wait for these rows:", good.len());
    let mut rows: Vec<_> = rows.into_iter().collect();
    rows.sort_by_key(|(row, files)| (usize::MAX - files.len(), row.clone()));
    for (row, files) in rows {
        let why = by_choice(&row).map_or(String::new(), |why| format!(" (by choice: {why})"));
        println!("{:4}  {row}{why}", files.len());
    }
    assert!(wrongly.is_empty(), "refused for another reason:\n{}", wrongly.join("\n"));
}

#[test]
fn what_haproxy_refuses_is_refused_in_the_same_line() {
    let dir = prepared("refused");
    let (verdicts, world) = (loaded_by_haproxy(), world());
    let bad: Vec<PathBuf> = files(&dir).into_iter().filter(|file| !verdicts[&name(file)]).collect();
    assert_eq!(bad.len(), 27);
    let answers = oracle::ask_all(&bad, &world.vars);
    let mut wrong = Vec::new();
    for (file, said) in bad.iter().zip(answers) {
        let loaded = load(std::slice::from_ref(file), &world, &world, &Facts::default());
        let judged = |refusal: &Diagnostic| !refusal.later && by_choice(&row(refusal)).is_none();
        let ours: Vec<Diagnostic> = refusals(&loaded).into_iter().filter(judged).collect();
        assert!(!said.accepts && !said.alerts.is_empty(), "{}: HAProxy takes it", file.display());
        let at = |line: Option<u32>| ours.iter().find(|refusal| refusal.span.map(|span| span.line) == line);
        let taken = |text: &str| TAKEN_HERE.iter().any(|(known, _)| text.starts_with(known));
        let first = said.alerts.iter().find(|alert| !taken(&alert.text) || at(alert.line).is_some());
        let Some(first) = first else {
            let only =
                |refusal: &Diagnostic| format!("{}: refused here alone: {}", name(file), refusal.text());
            wrong.extend(ours.iter().map(only));
            continue;
        };
        let Some(same) = at(first.line) else {
            wrong.push(format!("{}: nothing is said of line {:?}: {}", name(file), first.line, first.text));
            continue;
        };
        let word = first.text.split('\'').nth(1).unwrap_or_default();
        if !same.text().contains(word) {
            wrong.push(format!("{}: '{word}' is not spoken of: {}", name(file), same.text()));
        }
    }
    let _ = std::fs::remove_dir_all(dir);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
