//! What the installed HAProxy says about a file, for the tests that compare.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What one run of `haproxy -c` said.
#[derive(Clone, Debug, Default)]
pub(crate) struct Said {
    /// It answered in time.
    pub(crate) answered: bool,
    /// It would run, or would if the names of its servers resolved here.
    pub(crate) accepts: bool,
    /// Why it would not.
    pub(crate) alerts: Vec<Alert>,
    /// The names that did not resolve here.
    pub(crate) unresolved: Vec<Alert>,
}

/// One error.
#[derive(Clone, Debug)]
pub(crate) struct Alert {
    /// The line it names, if it names one.
    pub(crate) line: Option<u32>,
    /// The message behind the place.
    pub(crate) text: String,
}

/// What HAProxy says of names that no server here knows: the gateway starts without them.
const UNRESOLVED: [&str; 2] = ["could not resolve address", "Failed to initialize server(s) addr"];
/// What it says at the end, whatever was wrong.
const SUMMARY: [&str; 2] = ["Error(s) found in configuration file", "Fatal errors found in configuration"];

/// How `timeout` ends when it had to.
const NO_ANSWER: i32 = 124;

/// Asks HAProxy about a file, with these variables set.
pub(crate) fn ask(file: &Path, vars: &[(&'static str, &'static str)]) -> Said {
    let program = std::env::var_os("HAPROXY_BIN").unwrap_or_else(|| "haproxy".into());
    // now and then HAProxy waits for something for ever
    let output = Command::new("timeout")
        .arg("20")
        .arg(program)
        .args(["-c", "-f"])
        .arg(file)
        .envs(vars.iter().copied())
        .output()
        .expect("haproxy is needed");
    let text = String::from_utf8_lossy(&output.stderr);
    let alerts = text.lines().filter_map(|line| alert(line, file));
    let (unresolved, alerts): (Vec<Alert>, Vec<Alert>) =
        alerts.partition(|alert| UNRESOLVED.iter().any(|known| alert.text.contains(known)));
    // 2: nothing is wrong, and nothing would listen
    let accepts = matches!(output.status.code(), Some(0 | 2)) || (alerts.is_empty() && !text.is_empty());
    Said { answered: output.status.code() != Some(NO_ANSWER), accepts, alerts, unresolved }
}

/// Asks about many files, a few at a time; the answers are in the order of the files.
pub(crate) fn ask_all(files: &[PathBuf], vars: &[(&'static str, &'static str)]) -> Vec<Said> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut answers = Vec::new();
        while let Some((at, file)) = Some(next.fetch_add(1, Ordering::Relaxed)).map(|at| (at, files.get(at)))
        {
            let Some(file) = file else { break };
            answers.push((at, ask(file, vars)));
        }
        answers
    };
    let mut answers: Vec<(usize, Said)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("asking does not panic")).collect()
    });
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, said)| said).collect()
}

fn alert(line: &str, file: &Path) -> Option<Alert> {
    let (_, text) = line.strip_prefix("[ALERT]")?.split_once(" : ")?;
    if SUMMARY.iter().any(|summary| text.contains(summary)) {
        return None;
    }
    let name = format!("{}:", file.display());
    let place = text.split_once(&name).map(|(_, rest)| {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        rest.split_at(digits)
    });
    let place = place.and_then(|(line, rest)| Some((line.parse().ok()?, rest)));
    Some(match place {
        Some((line, rest)) => {
            let text = rest.trim_start_matches([']', ' ', ':', ')']).to_owned();
            Alert { line: Some(line), text: if text.is_empty() { rest.to_owned() } else { text } }
        }
        None => Alert { line: None, text: text.to_owned() },
    })
}
