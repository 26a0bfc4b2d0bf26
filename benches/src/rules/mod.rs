//! What rules cost: sets of a growing number of rules, large maps and the rules of a web site, in the gateway and in
//! HAProxy on the same file, and in the gateway by themselves.

mod case;
mod inside;
mod instructions;
mod table;

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::compare::Origin;
use crate::load::{Load, Plan};
use crate::subject::{Launch, Running, Subject, free_address, haproxy};
use crate::work::{WORKS, Work};
use crate::{cpu, memory};
use case::Case;
use inside::Inside;

/// Before a measurement, so that pools are filled and caches warm.
const WARM_UP: Duration = Duration::from_millis(500);

/// What to measure and for how long, out of the environment.
pub(crate) struct Settings {
    cases: Vec<Case>,
    subjects: Vec<Subject>,
    rounds: usize,
    window: Duration,
    folder: PathBuf,
    /// Whether instructions are counted, too.
    counted: bool,
}

impl Settings {
    /// Out of `WORK`, `ROUNDS`, `SECONDS`, `GATEWAY`, `OUT`, and `INSTRUCTIONS=0`.
    pub(crate) fn from_environment() -> Result<Self, String> {
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let number = |name: &str, default: &str| {
            let said = text(name, default);
            said.parse::<usize>().map_err(|_| format!("{name}={said} is no number"))
        };
        let settings = Self {
            cases: Case::chosen(&text("WORK", "")),
            subjects: Subject::chosen(
                "gateway,haproxy",
                Path::new(&text("GATEWAY", "target/release/gateway")),
            ),
            rounds: number("ROUNDS", "3")?,
            window: Duration::from_secs(number("SECONDS", "2")? as u64),
            folder: PathBuf::from(text("OUT", "target/bench")),
            counted: text("INSTRUCTIONS", "1") != "0" && instructions::can_be_counted(),
        };
        if settings.cases.is_empty() || settings.subjects.is_empty() {
            return Err("nothing to measure: WORK names nothing, or nothing is installed".to_owned());
        }
        Ok(settings)
    }
}

/// What was measured of one case.
pub(crate) struct Row {
    case: Case,
    /// The rules alone, in the gateway.
    inside: Alone,
    /// One for each subject.
    costs: Vec<Cost>,
}

/// What rules cost the gateway by themselves.
struct Alone {
    conditions: Duration,
    /// With what they do.
    all: Duration,
    /// The same in instructions.
    instructions: Option<u64>,
}

/// What a case costs a subject.
#[derive(Default)]
pub(crate) struct Cost {
    /// Microseconds of CPU time for each request, one of each round.
    cpu: Vec<f64>,
    instructions: Option<u64>,
    /// KiB once it has started and was asked.
    memory: u64,
    /// CPU time until it listens.
    start: Duration,
}

/// Measures everything, writes the table and prints it.
pub(crate) async fn run(settings: &Settings) -> io::Result<()> {
    std::fs::create_dir_all(&settings.folder)?;
    let folder = std::path::absolute(&settings.folder)?;
    let bench = Bench { settings, folder, origin: Origin::start().await? };
    let mut rows = Vec::new();
    for case in &settings.cases {
        let row =
            bench.row(case).await.map_err(|error| io::Error::other(format!("{}: {error}", case.name)))?;
        eprintln!("{}", table::line(&row, &settings.subjects));
        rows.push(row);
    }
    let text = table::all(settings, &rows);
    std::fs::write(settings.folder.join("rules.md"), &text)?;
    println!("{text}");
    Ok(())
}

/// Asks the rules of a case's file so often, for who counts what that takes.
pub(crate) fn ask(name: &str, file: &Path, times: usize) -> Result<(), String> {
    let case = case::CASES.iter().find(|case| case.name == name).ok_or("no such case")?;
    Inside::load(file, case.request())?.repeat(times);
    Ok(())
}

struct Bench<'a> {
    settings: &'a Settings,
    folder: PathBuf,
    origin: Origin,
}

impl Bench<'_> {
    async fn row(&self, case: &Case) -> io::Result<Row> {
        let lines = case.lines(&self.folder)?;
        let mut costs: Vec<Cost> = self.settings.subjects.iter().map(|_| Cost::default()).collect();
        for _ in 0..self.settings.rounds {
            for (subject, cost) in self.settings.subjects.iter().zip(&mut costs) {
                self.measure(case, &lines, subject, cost).await?;
            }
        }
        for (subject, cost) in self.settings.subjects.iter().zip(&mut costs) {
            if self.settings.counted {
                cost.instructions = Some(self.count(case, &lines, subject).await?);
            }
        }
        let file = self.folder.join(format!("rules-{}.cfg", case.name));
        std::fs::write(&file, self.text(&lines, ([127, 0, 0, 1], 1).into()))?;
        let rules = Inside::load(&file, case.request()).map_err(io::Error::other)?;
        let (conditions, all) = (rules.time_of_conditions(), rules.time());
        let instructions =
            self.settings.counted.then(|| instructions::of_rules(case.name, &file)).transpose()?;
        Ok(Row { case: *case, inside: Alone { conditions, all, instructions }, costs })
    }

    fn text(&self, lines: &str, listen: SocketAddr) -> String {
        haproxy::file(listen, "", lines, self.origin.address)
    }

    async fn measure(&self, case: &Case, lines: &str, subject: &Subject, cost: &mut Cost) -> io::Result<()> {
        let (listen, name) = (free_address()?, format!("{}-{}", subject.name, case.name));
        let text = self.text(lines, listen);
        let launch = Launch { name: &name, text: &text, listen, folder: &self.folder, wrapper: &[] };
        let running = subject.launch(&launch).await?;
        cost.start = cpu::time(running.pid());
        cost.cpu.push(self.cpu_of_request(&running, case).await?);
        cost.memory = memory::kib(running.pid());
        running.stop().await
    }

    /// Microseconds of CPU time.
    async fn cpu_of_request(&self, running: &Running, case: &Case) -> io::Result<f64> {
        let work = Work { clients: 16, ..WORKS[0] };
        let plan = Plan { others: case.requests().into(), ..Plan::new(running.listen, work, None) };
        let mut load = Load::start(&plan);
        tokio::time::sleep(WARM_UP).await;
        let state = || (cpu::time(running.pid()), load.tally.answered());
        let before = state();
        tokio::time::sleep(self.settings.window).await;
        let after = state();
        load.stop().await;
        let answered = after.1 - before.1;
        if answered == 0 || load.tally.failed() > 0 {
            return Err(io::Error::other(load.tally.summary()));
        }
        Ok((after.0 - before.0).as_secs_f64() * 1e6 / answered as f64)
    }

    async fn count(&self, case: &Case, lines: &str, subject: &Subject) -> io::Result<u64> {
        let (listen, name) = (free_address()?, format!("{}-{}-counted", subject.name, case.name));
        let text = self.text(lines, listen);
        let launch = Launch { name: &name, text: &text, listen, folder: &self.folder, wrapper: &[] };
        instructions::of_request(subject, &launch, &case.requests(), case.counted).await
    }
}
