//! The programs that are compared: their configurations for a work, starting and stopping them.

mod caddy;
mod envoy;
pub(crate) mod haproxy;
mod nginx;

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::certificate;
use crate::work::Work;

/// The subject that is no proxy, and is left out unless it is named.
const LEAST: &str = "relay";

/// A program under comparison.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    program: PathBuf,
    configure: fn(&Site<'_>) -> String,
    /// Arguments before the configuration file's path.
    arguments: &'static [&'static str],
}

/// A start of a program with a configuration of its own.
#[derive(Clone, Copy)]
pub(crate) struct Launch<'a> {
    /// What its files are called.
    pub(crate) name: &'a str,
    pub(crate) text: &'a str,
    pub(crate) listen: SocketAddr,
    pub(crate) folder: &'a Path,
    /// A program and its arguments, which it runs under.
    pub(crate) wrapper: &'a [&'a str],
}

impl Launch<'_> {
    /// What the program says.
    pub(crate) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }
}

/// What a configuration is written from.
struct Site<'a> {
    work: &'a Work,
    listen: SocketAddr,
    origin: SocketAddr,
    /// Of the work's kind of key; `None` in clear text.
    tls: Option<certificate::Files>,
    /// For the program that insists on one; removed by it at its end.
    pid: &'a Path,
}

impl Subject {
    /// The subjects of the comma-separated names that are installed; the others are named on standard error.
    pub(crate) fn chosen(names: &str, gateway: &Path) -> Vec<Self> {
        let all = [
            Self::new("gateway", gateway, haproxy::configure, &["-db", "-f"], "-v"),
            Self::new("haproxy", Path::new("haproxy"), haproxy::configure, &["-db", "-f"], "-v"),
            Self::new("nginx", Path::new("nginx"), nginx::configure, &["-c"], "-v"),
            Self::new("envoy", Path::new("envoy"), envoy::configure, envoy::ARGUMENTS, "--version"),
            Self::new("caddy", Path::new("caddy"), caddy::configure, caddy::ARGUMENTS, "version"),
        ];
        let asked = |subject: &Self| names.split(',').any(|name| subject.name.starts_with(name.trim()));
        let least = names.split(',').any(|name| name.trim() == LEAST).then(Self::least);
        all.into_iter().filter(asked).filter(Self::is_installed).chain(least).collect()
    }

    /// This program as a relay of bytes, by which the others are measured.
    fn least() -> Self {
        Self {
            name: LEAST,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            program: std::env::current_exe().unwrap_or_default(),
            configure: |site| format!("{} {}\n", site.listen, site.origin),
            arguments: &["relay"],
        }
    }

    /// Whether it can do this work.
    pub(crate) fn is_able(&self, work: &Work) -> bool {
        self.name != LEAST || work.tls.is_none()
    }

    fn new(
        name: &'static str,
        program: &Path,
        configure: fn(&Site<'_>) -> String,
        arguments: &'static [&'static str],
        version_flag: &str,
    ) -> Self {
        let said = Command::new(program).arg(version_flag).output();
        let version = said.map(|said| version(&[said.stdout, said.stderr].concat())).unwrap_or_default();
        Self { name, version, program: program.to_owned(), configure, arguments }
    }

    fn is_installed(&self) -> bool {
        if self.version.is_empty() {
            eprintln!("bench: {} does not run, so it is left out", self.program.display());
        }
        !self.version.is_empty()
    }

    /// Starts it on CPU 0 for this work, and returns when it listens.
    pub(crate) async fn start(&self, work: &Work, origin: SocketAddr, folder: &Path) -> io::Result<Running> {
        self.start_under(&[], work, origin, folder).await
    }

    /// The same, under a program of its own.
    pub(crate) async fn start_under(
        &self,
        wrapper: &[&str],
        work: &Work,
        origin: SocketAddr,
        folder: &Path,
    ) -> io::Result<Running> {
        let folder = &std::path::absolute(folder)?;
        let listen = free_address()?;
        let pid = folder.join("nginx.pid");
        let tls = work.tls.map(|tls| certificate::Files::of(tls.key, folder));
        let text = (self.configure)(&Site { work, listen, origin, tls, pid: &pid });
        let name = format!("{}-{}", self.name, work.name);
        self.launch(&Launch { name: &name, text: &text, listen, folder, wrapper }).await
    }

    /// Starts it on CPU 0 with this configuration, and returns when it listens.
    pub(crate) async fn launch(&self, launch: &Launch<'_>) -> io::Result<Running> {
        // Two of them go by the ending, and not to the same end.
        let ending = if self.name == "envoy" { "yaml" } else { "conf" };
        let file = launch.folder.join(format!("{}.{ending}", launch.name));
        std::fs::write(&file, launch.text)?;
        let log = std::fs::File::create(launch.log())?;
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .args(launch.wrapper)
            .arg(&self.program)
            .args(self.arguments)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut running = Running { child, listen: launch.listen };
        running.listening().await?;
        Ok(running)
    }
}

/// A subject that listens; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) listen: SocketAddr,
}

/// How often a program that starts is looked at: with the largest files, under valgrind, it takes a minute.
const PATIENCE: u32 = 12_000;

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn listening(&mut self) -> io::Result<()> {
        for _ in 0..PATIENCE {
            if tokio::net::TcpStream::connect(self.listen).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("ended before it listened: {status}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(io::Error::new(ErrorKind::TimedOut, "did not listen within two minutes"))
    }

    /// Ends it as Ctrl-C would, so that no child of it stays.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        Command::new("kill").arg("-INT").arg(self.pid().to_string()).status()?;
        for _ in 0..3_000 {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(io::Error::new(ErrorKind::TimedOut, "did not end within 30 s of SIGINT"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

/// The first number with dots that a program says of itself.
fn version(output: &[u8]) -> String {
    let text = String::from_utf8_lossy(output);
    let mut words = text.split(|c: char| c.is_whitespace() || matches!(c, '/' | '-' | '+'));
    let number = |word: &&str| word.contains('.') && word.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    words
        .find_map(|word| Some(word.strip_prefix('v').unwrap_or(word)).filter(number))
        .unwrap_or_default()
        .to_owned()
}

/// An address that nothing listened on a moment ago.
pub(crate) fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_first_number_with_dots() {
        let said = [
            "HAProxy version 2.6.12-1+deb12u4 2026/10/17",
            "nginx version: nginx/1.22.1",
            "\nbin/envoy  \
                    version: 9e5580/1.40.0/Clean",
            "v2.11.7 h1:yj0Y4fY=",
        ];
        let versions: Vec<_> = said.iter().map(|text| version(text.as_bytes())).collect();
        assert_eq!(versions, ["2.6.12", "1.22.1", "1.40.0", "2.11.7"]);
        assert_eq!(version(b"no number"), "");
    }
}
