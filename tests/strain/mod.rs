//! Load that hurts: clients and origins that are slow, silent, many or gone. What does no harm goes on meanwhile, memory
//! stays bounded, and every outcome has the flags that HAProxy logs (configuration.txt 8.5).

mod descriptors;
mod flood;
mod idle;
mod slow;
mod stall;

use crate::load::Load;
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::deadline::{PATIENCE, within};
use crate::support::subject::{Config, Subject};
use std::collections::BTreeMap;
use std::fmt::Display;

pub(crate) fn cases(cases: &mut Cases) {
    descriptors::cases(cases);
    flood::cases(cases);
    idle::cases(cases);
    slow::cases(cases);
    stall::cases(cases);
}

/// A subject with one frontend and one server, which logs to its standard output.
#[derive(Debug)]
struct Stage {
    /// The address of `bind`.
    bind: &'static str,
    /// Lines for `global`.
    global: String,
    /// Lines for `defaults`.
    defaults: &'static str,
    /// Lines for `frontend front`.
    frontend: &'static str,
    /// Lines for `backend back`.
    backend: &'static str,
    /// What follows the server's address.
    server: &'static str,
}

impl Default for Stage {
    fn default() -> Self {
        let (defaults, frontend, backend, server) = ("", "", "", "");
        Self { bind: "\"fd@${FRONT}\"", global: String::new(), defaults, frontend, backend, server }
    }
}

impl Stage {
    fn start(&self, origin: impl Display) -> Subject {
        self.start_with(origin, |config| config)
    }

    fn start_with(&self, origin: impl Display, more: impl FnOnce(Config) -> Config) -> Subject {
        let config = Config::new(format!(
            "global\n  log stdout format raw local0\n  nbthread 1\n  stats socket \"${{DIR}}/cli.sock\"\n{}\
             defaults\n  mode http\n  log global\n  option httplog\n  retries 0\n  timeout connect 5s\n  \
             timeout client 30s\n  timeout server 30s\n{}\
             frontend front\n  bind {}\n{}  default_backend back\n\
             backend back\n{}  server s \"${{ORIGIN}}\" {}\n",
            self.global, self.defaults, self.bind, self.frontend, self.backend, self.server
        ))
        .bind("FRONT")
        .var("ORIGIN", origin);
        more(config).start()
    }
}

/// Status and flags of each request whose log line has `part` in it.
fn outcomes(subject: &Subject, part: &str) -> Vec<String> {
    let log = subject.stdout();
    log.lines().filter(|line| line.contains(part)).filter_map(outcome).collect()
}

/// `200 ----` of a line of `option httplog`: the fourth and the eighth word after the date.
fn outcome(line: &str) -> Option<String> {
    let words: Vec<&str> = line.split(' ').collect();
    let date = words.iter().position(|word| word.starts_with('['))?;
    Some(format!("{} {}", words.get(date + 4)?, words.get(date + 8)?))
}

/// Waits until `count` requests with `part` in their line have ended, all of them with `outcome`.
fn all_end(subject: &Subject, part: &str, count: usize, outcome: &str) {
    ends(subject, part, &[(outcome, count)]);
}

/// Waits until as many requests with `part` in their line have ended as are listed here, and compares.
fn ends(subject: &Subject, part: &str, expected: &[(&str, usize)]) {
    let count = expected.iter().map(|(_, count)| count).sum();
    // some end by a timeout of several seconds, and all the others are served meanwhile
    within(3 * PATIENCE, || (outcomes(subject, part).len() >= count).then_some(()))
        .unwrap_or_else(|| panic!("waited in vain for {count} lines with {part:?}"));
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    outcomes(subject, part).into_iter().for_each(|outcome| *seen.entry(outcome).or_default() += 1);
    let expected = expected.iter().map(|(outcome, count)| ((*outcome).to_owned(), *count)).collect();
    assert_eq!(seen, expected, "outcomes of {part:?}");
}

/// Traffic that does no harm is answered now, on kept connections and on new ones.
fn healthy(subject: &Subject) {
    let load = Load::start(subject.addr("FRONT"));
    load.wait_for("ok", 20);
    let seen = load.stop();
    assert!(seen.failures.is_empty(), "{:?}", seen.failures);
}

/// A client that has sent these bytes.
fn sent(subject: &Subject, bytes: &str) -> Client {
    let mut client = Client::connect(subject.addr("FRONT"));
    client.send(bytes);
    client
}

/// A field of a proxy's line in `show stat`, by its column (management.txt 9.1).
fn stat(subject: &Subject, line: &str, column: usize) -> u64 {
    let mut cli = Client::unix(&subject.path("cli.sock"));
    cli.send("show stat\n");
    let table = String::from_utf8(cli.rest()).unwrap();
    let row = table.lines().find(|row| row.starts_with(line)).unwrap_or_else(|| panic!("{line} in {table}"));
    row.split(',').nth(column).and_then(|field| field.parse().ok()).unwrap_or_default()
}
