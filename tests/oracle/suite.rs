//! A suite: one configuration, both subjects on it, many exchanges. Every difference that is not listed is
//! reported, with both sides.

use super::differences;
use super::exchange::{Exchange, Transcript, World};
use crate::support::origin::{Origin, Script};
use crate::support::subject::{Config, Kind, kind};
use crate::support::syslog::Syslog;
use std::fmt::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// One configuration and the exchanges to carry out on it.
#[derive(Debug)]
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// The line that chooses the log's format.
    pub(crate) log: &'static str,
    /// Lines for `global`.
    pub(crate) global: &'static str,
    /// Lines for `defaults`.
    pub(crate) defaults: &'static str,
    /// Lines for `frontend front`, which has its bind already.
    pub(crate) frontend: String,
    /// The line that names the default backend.
    pub(crate) fallback: &'static str,
    /// Lines for `backend app`, which has its server already.
    pub(crate) backend: &'static str,
    /// Further sections.
    pub(crate) more: &'static str,
    pub(crate) scripts: Vec<Script>,
    pub(crate) files: Vec<(&'static str, &'static str)>,
    pub(crate) exchanges: Vec<Exchange>,
}

impl Suite {
    pub(crate) fn new(name: &'static str) -> Self {
        Self {
            name,
            log: "option httplog",
            global: "",
            defaults: "",
            frontend: String::new(),
            fallback: "default_backend app",
            backend: "",
            more: "",
            scripts: Vec::new(),
            files: Vec::new(),
            exchanges: Vec::new(),
        }
    }

    /// Runs all exchanges through the gateway and through HAProxy, and compares.
    pub(crate) fn run(&self) {
        let difference = self.difference();
        assert!(difference.is_empty(), "{difference}");
    }

    /// What differs from HAProxy and is not listed, as text; empty when nothing does.
    pub(crate) fn difference(&self) -> String {
        let ours = || self.transcripts(kind());
        let theirs = || self.transcripts(Kind::Haproxy);
        let (theirs, ours) = std::thread::scope(|scope| {
            let ours = scope.spawn(ours);
            (theirs(), ours.join().expect("the gateway's side of the comparison failed, see above"))
        });
        let mut failures = String::new();
        let mut failed = 0;
        for ((exchange, ours), theirs) in self.exchanges.iter().zip(ours).zip(theirs) {
            let report = compare(&format!("{}/{}", self.name, exchange.name), &ours, &theirs);
            failed += usize::from(!report.is_empty());
            failures.push_str(&report);
        }
        let total = self.exchanges.len();
        if failed == 0 {
            return String::new();
        }
        format!("{failed} of {total} exchanges of {} differ from HAProxy:\n{failures}", self.name)
    }

    fn transcripts(&self, kind: Kind) -> Vec<Transcript> {
        let world = self.world(kind);
        self.exchanges.iter().map(|e| world.run(e)).collect()
    }

    fn world(&self, kind: Kind) -> World {
        let origin = Origin::scripted(self.scripts.clone());
        let syslog = Syslog::start();
        let mut config = Config::new(self.text())
            .bind("FRONT")
            .var("ORIGIN", origin.addr())
            .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()));
        for (name, content) in &self.files {
            config = config.file(name, content);
        }
        World { subject: config.start_as(kind), origin, syslog, others: Mutex::default() }
    }

    fn text(&self) -> String {
        format!(
            "global\n  log \"${{LOG}}\" format raw local0\n  maxconn 2000\n  nbthread 1\n{}\
             defaults base\n  mode http\n  log global\n  {}\n  timeout connect 5s\n  \
             timeout client 8s\n  timeout server 8s\n{}\n\
             frontend front\n  bind \"fd@${{FRONT}}\"\n{}\n  {}\n\
             backend app\n{}\n  server s \"${{ORIGIN}}\"\n{}\n",
            self.global, self.log, self.defaults, self.frontend, self.fallback, self.backend, self.more
        )
    }
}

static COMPARED: AtomicUsize = AtomicUsize::new(0);
static DIFFERING: AtomicUsize = AtomicUsize::new(0);

/// How many exchanges were compared, and how many of them differ as listed.
pub(crate) fn compared() -> (usize, usize) {
    (COMPARED.load(Ordering::Relaxed), DIFFERING.load(Ordering::Relaxed))
}

/// The unlisted differences of one exchange as text, empty when there are none.
fn compare(name: &str, ours: &Transcript, theirs: &Transcript) -> String {
    COMPARED.fetch_add(1, Ordering::Relaxed);
    let mut report = String::new();
    let mut listed = false;
    let mut labels: Vec<&str> = ours.iter().chain(theirs).map(|(what, _)| what.as_str()).collect();
    labels.sort_unstable();
    labels.dedup();
    for what in labels {
        let (a, b) = (values(ours, what), values(theirs, what));
        if a == b {
            continue;
        }
        if differences::is_listed(name, what) {
            listed = true;
            continue;
        }
        let _ = writeln!(report, "* {name}: {what}");
        for value in &b {
            let _ = writeln!(report, "    haproxy {value}");
        }
        for value in &a {
            let _ = writeln!(report, "    gateway {value}");
        }
        if a.is_empty() || b.is_empty() {
            report.push_str("    (nothing on the other side)\n");
        }
    }
    DIFFERING.fetch_add(usize::from(listed), Ordering::Relaxed);
    report
}

fn values<'a>(transcript: &'a Transcript, what: &str) -> Vec<&'a str> {
    transcript.iter().filter(|(w, _)| w == what).map(|(_, value)| value.as_str()).collect()
}
