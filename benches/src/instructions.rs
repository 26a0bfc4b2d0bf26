//! The second instrument: instructions for each request in user space, counted by valgrind. Unlike time they are the
//! same on a busy machine, so that a change which makes requests dearer is seen before it is merged.

use std::fmt::Write as _;
use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::net::TcpListener;

use crate::callgrind::{CALLGRIND, collected};
use crate::load::{Load, Plan};
use crate::origin;
use crate::subject::Subject;
use crate::work::{WORKS, Work};

/// The works that are counted, in clear text: what a cipher costs is the library's business and differs with the
/// processor.
const COUNTED: [&str; 4] = ["keepalive", "webhooks", "newconn", "rules-1000"];
/// Requests of the shorter and of the longer run, whose difference leaves out starting and stopping.
const RUNS: [u64; 2] = [300, 1_300];
/// How often each run is counted. What else the machine does only ever adds: a client that comes late is waited for.
const REPEATS: usize = 3;
/// How often a work that seems dearer than it may be is counted again, on a machine that is busy.
const DOUBTS: usize = 3;
/// How much dearer than the figure in the file a request may become: counts differ a little from run to run.
const TOLERANCE: f64 = 0.03;

/// A work's figure.
type Figure = (&'static str, f64);

/// Counts, and compares with the figures of `file`; with `write` they are put there instead.
pub(crate) async fn run(gateway: &Path, file: &Path, write: bool) -> Result<(), Box<dyn std::error::Error>> {
    let folder = Path::new("target/bench");
    std::fs::create_dir_all(folder)?;
    let committed = if write { String::new() } else { std::fs::read_to_string(file)? };
    let mut figures = Vec::new();
    for name in COUNTED {
        let work = WORKS.iter().find(|work| work.name == name).ok_or("a work that is none")?;
        let bound = known(name, &committed).map_or(f64::INFINITY, |before| before * (1.0 + TOLERANCE));
        let mut figure = per_request(gateway, work, folder).await?;
        for _ in 0..DOUBTS {
            if figure <= bound {
                break;
            }
            figure = figure.min(per_request(gateway, work, folder).await?);
        }
        println!("{name:12} {figure:9.0} instructions per request");
        figures.push((name, figure));
    }
    if write {
        return Ok(std::fs::write(file, table(&figures))?);
    }
    let complaints = complaints(&figures, &committed);
    if complaints.is_empty() { Ok(()) } else { Err(complaints.join("\n       ").into()) }
}

async fn per_request(gateway: &Path, work: &Work, folder: &Path) -> io::Result<f64> {
    // One client after another: how many requests wait at once is a matter of timing.
    let work = Work { clients: 1, ..*work };
    let mut counts = [(0, 0); 2];
    for (count, requests) in counts.iter_mut().zip(RUNS) {
        *count = count_of(gateway, &work, requests, folder).await?;
        for _ in 1..REPEATS {
            *count = cheaper(*count, count_of(gateway, &work, requests, folder).await?);
        }
    }
    let [(fewer, less), (more, greater)] = counts;
    Ok((greater - less) as f64 / (more - fewer) as f64)
}

/// The run, of requests and instructions, whose requests cost less.
fn cheaper(one: (u64, u64), other: (u64, u64)) -> (u64, u64) {
    let cost = |(requests, instructions): (u64, u64)| instructions as f64 / requests as f64;
    if cost(other) < cost(one) { other } else { one }
}

/// The requests that were answered, and the instructions of the whole run.
async fn count_of(gateway: &Path, work: &Work, requests: u64, folder: &Path) -> io::Result<(u64, u64)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let origin = tokio::spawn(origin::serve(listener, Arc::default()));
    let subjects = Subject::chosen("gateway", gateway);
    let [subject] = &subjects[..] else { return Err(io::Error::other("the gateway does not run")) };
    let running = subject.start_under(&CALLGRIND, work, address, folder).await?;
    let mut load = Load::start(&Plan::new(running.listen, *work, None));
    while load.tally.answered() < requests && load.tally.failed() == 0 {
        tokio::task::yield_now().await;
    }
    load.stop().await;
    origin.abort();
    running.stop().await?;
    if load.tally.failed() > 0 {
        return Err(io::Error::other(format!("{}: {}", work.name, load.tally.summary())));
    }
    let log = folder.join(format!("gateway-{}.log", work.name));
    Ok((load.tally.answered(), collected(&log)?))
}

fn table(figures: &[Figure]) -> String {
    let mut text =
        String::from("# instructions per request in user space: `make test-instructions WRITE=write`\n");
    for (name, figure) in figures {
        let _ = writeln!(text, "{name}\t{figure:.0}");
    }
    text
}

/// The figure of a work in the file.
fn known(name: &str, committed: &str) -> Option<f64> {
    let mut rows = committed.lines().filter_map(|line| line.split_once('\t'));
    rows.find(|(work, _)| *work == name).and_then(|(_, figure)| figure.parse().ok())
}

/// Works that have become dearer than their figure allows, or have none.
fn complaints(figures: &[Figure], committed: &str) -> Vec<String> {
    figures
        .iter()
        .filter_map(|(name, figure)| match known(name, committed) {
            None => Some(format!("{name} has no figure yet")),
            Some(before) if *figure > before * (1.0 + TOLERANCE) => Some(format!(
                "{name} costs {figure:.0} instructions a request, {before:.0} before: more than {:.0} % dearer. Make it \
                 cheaper, or write the new figure and say in the commit what it buys",
                TOLERANCE * 100.0
            )),
            Some(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_two_runs_the_one_counts_that_was_disturbed_less() {
        assert_eq!(cheaper((10, 500), (11, 500)), (11, 500));
        assert_eq!(cheaper((10, 500), (10, 501)), (10, 500));
    }

    #[test]
    fn what_has_become_dearer_is_complained_of() {
        let committed = table(&[("keepalive", 20_000.0), ("newconn", 50_000.0)]);
        assert!(complaints(&[("keepalive", 20_500.0), ("newconn", 10.0)], &committed).is_empty());
        assert_eq!(complaints(&[("keepalive", 20_700.0), ("webhooks", 1.0)], &committed).len(), 2);
    }
}
