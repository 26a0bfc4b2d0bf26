//! The open half of the corpus of configurations from the field goes through the loader: how many load, and the most
//! frequent reasons why others do not. What must hold here is that nothing panics and every refusal has a place.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use lang::{Facts, Severity};

use crate::load;
use crate::world::World;

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

#[test]
fn the_open_corpus_goes_through_the_loader() {
    let dir = prepared("corpus");
    let verdicts = loaded_by_haproxy();
    let (files, world) = (files(&dir), world());
    let (mut loads, mut reasons, mut wrongly) = (0, BTreeMap::<String, usize>::new(), Vec::new());
    for file in &files {
        let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let loaded = load(std::slice::from_ref(file), &world, &world, &Facts::default());
        let accepted = loaded.model.is_some();
        loads += usize::from(accepted);
        let good = verdicts.get(&name).copied().unwrap_or_default();
        if accepted && !good {
            wrongly.push(format!("{name}: loads, HAProxy refuses it"));
        }
        let mut once: Vec<String> = Vec::new();
        for said in loaded.diagnostics.iter().filter(|said| said.severity == Severity::Alert) {
            let text = said.text();
            if good && !said.later {
                wrongly.push(format!("{name}: {}", said.render_pipe(&loaded.sources)));
            }
            if good && !once.contains(&text) {
                once.push(text);
            }
        }
        once.into_iter().for_each(|text| *reasons.entry(generic(&text)).or_default() += 1);
    }
    report(&files, loads, &verdicts, reasons, &wrongly);
    let _ = std::fs::remove_dir_all(dir);
}

/// A message without the names in it, so that the same reason counts as one.
fn generic(text: &str) -> String {
    let Some(at) = text.find(" is in tcp mode") else { return text.to_owned() };
    format!("NAME{}", text.get(at..).unwrap_or_default())
}

fn report(
    files: &[PathBuf],
    loads: usize,
    verdicts: &BTreeMap<String, bool>,
    reasons: BTreeMap<String, usize>,
    wrongly: &[String],
) {
    let good = verdicts.values().filter(|good| **good).count();
    println!("{loads} of {} files load; HAProxy loads {good}", files.len());
    let mut reasons: Vec<(String, usize)> = reasons.into_iter().collect();
    reasons.sort_by_key(|(text, count)| (usize::MAX - count, text.clone()));
    println!("the most frequent reasons, by files that HAProxy loads:");
    reasons.iter().take(40).for_each(|(text, count)| println!("{count:4}  {text}"));
    println!("differences from HAProxy that are not 'not supported':");
    wrongly.iter().for_each(|line| println!("      {line}"));
}
