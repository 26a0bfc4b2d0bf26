//! The comparison: subjects on CPU 0 in turn, origin and clients on CPU 1, CPU time per request answered.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use tokio::net::TcpListener;

use crate::load::{Load, Plan};
use crate::subject::{self, Subject};
use crate::work::Work;
use crate::{cpu, origin, report};

/// Before a measurement, so that pools are filled and caches warm.
const WARM_UP: Duration = Duration::from_millis(500);

/// What to compare and for how long; each a variable of the environment, so that `WORK=tls make bench` works.
pub(crate) struct Settings {
    pub(crate) works: Vec<Work>,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) rounds: usize,
    pub(crate) window: Duration,
    pub(crate) folder: PathBuf,
}

impl Settings {
    pub(crate) fn from_environment() -> Result<Self, String> {
        let text = |name: &str, default: &str| std::env::var(name).unwrap_or_else(|_| default.to_owned());
        let number = |name: &str, default: &str| {
            let said = text(name, default);
            said.parse::<usize>().ok().filter(|n| *n > 0).ok_or(format!("{name}={said} is no number above 0"))
        };
        let settings = Self {
            works: Work::chosen(&text("WORK", "")),
            subjects: Subject::chosen(
                &text("SUBJECTS", ""),
                Path::new(&text("GATEWAY", "target/release/gateway")),
            ),
            rounds: number("ROUNDS", "5")?,
            window: Duration::from_secs(number("SECONDS", "3")? as u64),
            folder: PathBuf::from(text("OUT", "target/bench")),
        };
        if settings.works.is_empty() || settings.subjects.is_empty() {
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
}

/// Runs every round, writes the table and the figures, and prints the table.
pub(crate) async fn run(settings: &Settings) -> io::Result<()> {
    std::fs::create_dir_all(&settings.folder)?;
    let certificate = subject::make_certificate(&settings.folder)?;
    let bench = Bench { settings, tls: trust(&certificate)?, origin: Origin::start().await? };
    let mut samples = Vec::new();
    for round in 1..=settings.rounds {
        for work in &settings.works {
            for subject in &settings.subjects {
                let sample = bench
                    .measure(work, subject)
                    .await
                    .map_err(|error| io::Error::other(format!("{}, {}: {error}", subject.name, work.name)))?;
                eprintln!("round {round}: {}", report::line(&sample));
                samples.push(sample);
            }
        }
    }
    report::write(settings, &samples)
}

struct Bench<'a> {
    settings: &'a Settings,
    tls: Arc<rustls::ClientConfig>,
    origin: Origin,
}

impl Bench<'_> {
    async fn measure(&self, work: &Work, subject: &Subject) -> io::Result<Sample> {
        let running = subject.start(work, self.origin.address, &self.settings.folder).await?;
        let mut load = Load::start(&Plan {
            address: running.listen,
            clients: work.clients,
            request: Arc::from(work.request()),
            keep_alive: work.keep_alive,
            tls: work.tls.then(|| Arc::clone(&self.tls)),
            until_refused: false,
        });
        tokio::time::sleep(WARM_UP).await;
        let state = || (cpu::time(running.pid()), load.tally.answered(), self.origin.connections());
        let (cpu_before, answered_before, connections_before) = state();
        let begun = tokio::time::Instant::now();
        tokio::time::sleep(self.settings.window).await;
        let (cpu_after, answered_after, connections_after) = state();
        let elapsed = begun.elapsed();
        load.stop().await;
        let (answered, failed) = (answered_after - answered_before, load.tally.failed());
        let summary = load.tally.summary();
        running.stop().await?;
        if answered == 0 || failed > answered / 100 {
            return Err(io::Error::other(summary));
        }
        Ok(Sample {
            work: work.name,
            subject: subject.name,
            cpu_per_request: (cpu_after - cpu_before).as_secs_f64() * 1e6 / answered as f64,
            requests_per_second: answered as f64 / elapsed.as_secs_f64(),
            origin_connections_per_request: (connections_after - connections_before) as f64 / answered as f64,
            failed,
        })
    }
}

struct Origin {
    address: SocketAddr,
    tally: Arc<origin::Tally>,
}

impl Origin {
    async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let (address, tally) = (listener.local_addr()?, Arc::<origin::Tally>::default());
        tokio::spawn(origin::serve(listener, Arc::clone(&tally)));
        Ok(Self { address, tally })
    }

    fn connections(&self) -> u64 {
        self.tally.connections.load(Relaxed)
    }
}

/// A client that trusts this one certificate and makes a full TLS 1.3 handshake each time.
fn trust(certificate: &Path) -> io::Result<Arc<rustls::ClientConfig>> {
    let certificate = CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).map_err(io::Error::other)?;
    // Named, for in a build of the whole workspace rustls has more than one provider to choose from.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = rustls::client::Resumption::disabled();
    Ok(Arc::new(config))
}
