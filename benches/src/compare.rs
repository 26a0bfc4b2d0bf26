//! The comparison: subjects on CPU 0 in turn, origin and clients on CPU 1, CPU time per request answered.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::load::{Load, Plan};
use crate::subject::{Running, Subject};
use crate::work::{Speech, WORKS, Work};
use crate::{certificate, cpu, memory, origin, report};

/// Before a measurement, so that pools are filled and caches warm.
const WARM_UP: Duration = Duration::from_millis(500);
/// How many connections wait while memory is measured.
const IDLE: usize = 4_000;

/// What to compare and for how long; each a variable of the environment, so that `WORK=tls make bench` works.
pub(crate) struct Settings {
    pub(crate) works: Vec<Work>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    pub(crate) folder: PathBuf,
    /// Whether memory is measured too.
    pub(crate) memory: bool,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self, String> {
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let number = |name: &str, default: &str| {
            let said = text(name, default);
            said.parse::<usize>().ok().filter(|n| *n > 0).ok_or(format!("{name}={said} is no number above 0"))
        };
        let settings = Self {
            memory: text("WORK", "").is_empty() || text("WORK", "").contains("memory"),
            works: Work::chosen(&text("WORK", "")),
            subjects: Subject::chosen(
                &text("SUBJECTS", ""),
                Path::new(&text("GATEWAY", "target/release/gateway")),
            ),
            rounds: number("ROUNDS", "5")?,
            window: Duration::from_secs(number("SECONDS", "3")? as u64),
            folder: PathBuf::from(text("OUT", "target/bench")),
        };
        if settings.works.is_empty() && !settings.memory || settings.subjects.is_empty() {
            return Err("nothing to compare: WORK and SUBJECTS name nothing that is here".to_owned());
        }
        Ok(settings)
    }
}

/// One measurement.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    pub(crate) work: &'static str,
    pub(crate) subject: &'static str,
    /// Microseconds of CPU time for each request answered.
    pub(crate) cpu_per_request: f64,
    pub(crate) requests_per_second: f64,
    /// Connections that the origin saw, for each request.
    pub(crate) origin_connections_per_request: f64,
    pub(crate) failed: u64,
    /// The share of TLS handshakes that took up an earlier session.
    pub(crate) resumed: f64,
    /// Response times at the work's steady pace: the median, and what 99 of 100 stay under.
    pub(crate) times: Option<[Duration; 2]>,
}

/// What a subject's memory comes to, in KiB.
#[derive(Debug, Clone)]
pub(crate) struct Memory {
    pub(crate) subject: &'static str,
    /// Started, and asked a few times.
    pub(crate) at_rest: u64,
    /// More for each of [`IDLE`] kept-alive connections that wait.
    pub(crate) per_connection: f64,
}

/// Runs every round, writes the tables, the figures and the chart, and prints the tables.
pub(crate) async fn run(settings: &Settings) -> io::Result<()> {
    std::fs::create_dir_all(&settings.folder)?;
    certificate::make(&settings.folder)?;
    let bench = Bench { settings, origin: Origin::start().await? };
    let mut samples = Vec::new();
    for round in 1..=settings.rounds {
        for work in &settings.works {
            for subject in settings.subjects.iter().filter(|subject| subject.is_able(work)) {
                let sample = bench.measure(work, subject).await.map_err(|error| of(subject, work, &error))?;
                eprintln!("round {round}: {}", report::line(&sample));
                samples.push(sample);
            }
        }
    }
    let mut memory = Vec::new();
    for subject in settings.subjects.iter().filter(|_| settings.memory) {
        memory.push(bench.memory(subject).await.map_err(|error| of(subject, &WORKS[0], &error))?);
        eprintln!("{:?}", memory.last());
    }
    report::write(settings, &samples, &memory)
}

fn of(subject: &Subject, work: &Work, error: &io::Error) -> io::Error {
    io::Error::other(format!("{}, {}: {error}", subject.name, work.name))
}

struct Bench<'a> {
    settings: &'a Settings,
    origin: Origin,
}

impl Bench<'_> {
    async fn start(&self, work: &Work, subject: &Subject) -> io::Result<(Running, Plan)> {
        let folder = &self.settings.folder;
        let alpn: &[&str] = if matches!(work.speech, Speech::Http2 { .. }) { &["h2"] } else { &[] };
        let tls = work.tls.map(|tls| certificate::client(tls, alpn, folder)).transpose()?;
        let running = subject.start(work, self.origin.address, folder).await?;
        let plan = Plan::new(running.listen, *work, tls);
        Ok((running, plan))
    }

    async fn measure(&self, work: &Work, subject: &Subject) -> io::Result<Sample> {
        let (running, plan) = self.start(work, subject).await?;
        let mut load = Load::start(&plan);
        tokio::time::sleep(WARM_UP).await;
        let state = || (cpu::time(running.pid()), load.tally.answered(), self.origin.connections());
        let (cpu_before, answered_before, connections_before) = state();
        let begun = tokio::time::Instant::now();
        tokio::time::sleep(self.settings.window).await;
        let (cpu_after, answered_after, connections_after) = state();
        let elapsed = begun.elapsed();
        load.stop().await;
        let (answered, failed) = (answered_after - answered_before, load.tally.failed());
        if answered == 0 || failed > answered / 100 {
            return Err(io::Error::other(load.tally.summary()));
        }
        let times = if work.rate == 0 { None } else { Some(self.times(&plan).await?) };
        running.stop().await?;
        Ok(Sample {
            work: work.name,
            subject: subject.name,
            cpu_per_request: (cpu_after - cpu_before).as_secs_f64() * 1e6 / answered as f64,
            requests_per_second: answered as f64 / elapsed.as_secs_f64(),
            origin_connections_per_request: (connections_after - connections_before) as f64 / answered as f64,
            failed,
            resumed: load.tally.resumed(),
            times,
        })
    }

    /// Response times at the work's pace.
    async fn times(&self, plan: &Plan) -> io::Result<[Duration; 2]> {
        let mut load = Load::start(&Plan { rate: Some(plan.work.rate), ..plan.clone() });
        tokio::time::sleep(self.settings.window).await;
        load.stop().await;
        match (load.tally.failed(), load.tally.percentile(50), load.tally.percentile(99)) {
            (0, Some(median), Some(most)) => Ok([median, most]),
            _ => Err(io::Error::other(load.tally.summary())),
        }
    }

    async fn memory(&self, subject: &Subject) -> io::Result<Memory> {
        let (running, plan) = self.start(&WORKS[0], subject).await?;
        drop(memory::idle(running.listen, &plan.request, 10).await?);
        let at_rest = memory::kib(running.pid());
        let waiting = memory::idle(running.listen, &plan.request, IDLE).await?;
        let full = memory::kib(running.pid());
        drop(waiting);
        running.stop().await?;
        let per_connection = full.saturating_sub(at_rest) as f64 / IDLE as f64;
        Ok(Memory { subject: subject.name, at_rest, per_connection })
    }
}

/// The origin, serving.
pub(crate) struct Origin {
    pub(crate) address: SocketAddr,
    tally: Arc<origin::Tally>,
}

impl Origin {
    pub(crate) async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, tally) = (listener.local_addr()?, Arc::<origin::Tally>::default());
        tokio::spawn(origin::serve(listener, Arc::clone(&tally)));
        Ok(Self { address, tally })
    }

    fn connections(&self) -> u64 {
        self.tally.connections.load(Relaxed)
    }
}
