//! The programs that are compared: their configurations for a work, starting and stopping them.

use std::fmt::Write as _;
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::work::Work;

/// A program under comparison.
pub(crate) struct Subject {
    pub(crate) name: &'static str,
    pub(crate) version: String,
    program: PathBuf,
    configure: fn(&Site<'_>) -> String,
    /// Arguments before the configuration file's path.
    arguments: &'static [&'static str],
}

/// What a configuration is written from.
struct Site<'a> {
    work: &'a Work,
    listen: SocketAddr,
    origin: SocketAddr,
    /// Certificate and key in one file.
    pem: &'a Path,
    /// For the program that insists on one; removed by it at its end.
    pid: &'a Path,
}

impl Subject {
    /// The subjects of the comma-separated names that are installed; the others are named on standard error.
    pub(crate) fn chosen(names: &str, gateway: &Path) -> Vec<Self> {
        let all = [
            Self::new("gateway", gateway, haproxy_cfg, &["-db", "-f"], "-v"),
            Self::new("haproxy", Path::new("haproxy"), haproxy_cfg, &["-db", "-f"], "-v"),
            Self::new("nginx", Path::new("nginx"), nginx_conf, &["-c"], "-v"),
        ];
        let asked = |subject: &Self| names.split(',').any(|name| subject.name.starts_with(name.trim()));
        all.into_iter().filter(asked).filter(Self::is_installed).collect()
    }

    fn new(
        name: &'static str,
        program: &Path,
        configure: fn(&Site<'_>) -> String,
        arguments: &'static [&'static str],
        version_flag: &str,
    ) -> Self {
        let said = Command::new(program).arg(version_flag).output();
        let version = said.map(|said| first_line(&[said.stdout, said.stderr].concat())).unwrap_or_default();
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
        let folder = &std::path::absolute(folder)?;
        let listen = free_address()?;
        let (pem, pid) = (folder.join("gateway.pem"), folder.join("nginx.pid"));
        let file = folder.join(format!("{}-{}.conf", self.name, work.name));
        std::fs::write(&file, (self.configure)(&Site { work, listen, origin, pem: &pem, pid: &pid }))?;
        let log = std::fs::File::create(folder.join(format!("{}-{}.log", self.name, work.name)))?;
        let child = Command::new("taskset")
            .args(["-c", "0"])
            .arg(&self.program)
            .args(self.arguments)
            .arg(&file)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut running = Running { child, listen };
        running.listening().await?;
        Ok(running)
    }
}

/// A subject that listens; killed when dropped.
pub(crate) struct Running {
    child: Child,
    pub(crate) listen: SocketAddr,
}

impl Running {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    async fn listening(&mut self) -> io::Result<()> {
        for _ in 0..1_000 {
            if tokio::net::TcpStream::connect(self.listen).await.is_ok() {
                return Ok(());
            }
            if let Some(status) = self.child.try_wait()? {
                return Err(io::Error::other(format!("ended before it listened: {status}")));
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(io::Error::new(ErrorKind::TimedOut, "did not listen within 10 s"))
    }

    /// Ends it as Ctrl-C would, so that no child of it stays.
    pub(crate) async fn stop(mut self) -> io::Result<()> {
        Command::new("kill").arg("-INT").arg(self.pid().to_string()).status()?;
        for _ in 0..500 {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Err(io::Error::new(ErrorKind::TimedOut, "did not end within 5 s of SIGINT"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) && self.child.kill().is_ok() {
            self.child.wait().ok();
        }
    }
}

fn first_line(output: &[u8]) -> String {
    String::from_utf8_lossy(output).lines().next().unwrap_or_default().trim().to_owned()
}

/// An address that nothing listened on a moment ago.
fn free_address() -> io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}

/// A self-signed certificate for 127.0.0.1, P-256: `gateway.pem` with its key, `gateway.crt` without.
pub(crate) fn make_certificate(folder: &Path) -> io::Result<PathBuf> {
    let (key, certificate) = (folder.join("gateway.key"), folder.join("gateway.crt"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=gateway.example", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()?;
    if !made.status.success() {
        return Err(io::Error::other(format!("openssl: {}", String::from_utf8_lossy(&made.stderr))));
    }
    let both = [std::fs::read(&certificate)?, std::fs::read(&key)?].concat();
    std::fs::write(folder.join("gateway.pem"), both)?;
    Ok(certificate)
}

/// The same file for the gateway and for HAProxy.
fn haproxy_cfg(site: &Site<'_>) -> String {
    let Site { work, listen, origin, pem, .. } = site;
    let tls = match work.tls {
        true => format!(" ssl crt {} ssl-min-ver TLSv1.3", pem.display()),
        false => String::new(),
    };
    let mut text = format!(
        "global\n    maxconn 4000\n    nbthread 1\n\n\
         defaults\n    mode http\n    option forwardfor\n    timeout connect 5s\n    timeout client 30s\n    \
         timeout server 30s\n    timeout http-request 10s\n    timeout http-keep-alive 300s\n\n\
         frontend gateway\n    bind {listen}{tls}\n"
    );
    match work.rules {
        0 => text += "    default_backend origin\n",
        rules => {
            for index in 1..rules {
                let _ = writeln!(text, "    use_backend other if {{ path_beg /service-{index:04}/ }}");
            }
            text += "    use_backend origin if { path_beg /pac/ }\n";
        }
    }
    let _ = write!(
        text,
        "\nbackend origin\n    server origin {origin}\n\nbackend other\n    server other {origin} disabled\n"
    );
    text
}

fn nginx_conf(site: &Site<'_>) -> String {
    let Site { work, listen, origin, pem, pid } = site;
    let (pem, pid) = (pem.display(), pid.display());
    let tls = match work.tls {
        true => format!("ssl_certificate {pem}; ssl_certificate_key {pem}; ssl_protocols TLSv1.3;"),
        false => String::new(),
    };
    let ssl = if work.tls { " ssl" } else { "" };
    let other: String = (1..work.rules).fold(String::new(), |text, index| {
        text + &format!("    location /service-{index:04}/ {{ return 503; }}\n")
    });
    let path = if work.rules == 0 { "/" } else { "/pac/" };
    format!(
        "daemon off; worker_processes 1; user root; pid {pid}; error_log stderr crit;\n\
         events {{ worker_connections 4096; }}\n\
         http {{\n  access_log off; keepalive_requests 1000000000; keepalive_timeout 300s;\n  \
         upstream origin {{ server {origin}; keepalive 128; keepalive_requests 1000000000; }}\n  \
         server {{\n    listen {listen}{ssl}; {tls}\n{other}    \
         location {path} {{\n      proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection \"\";\n      \
         proxy_set_header Host $host; proxy_set_header X-Forwarded-For $remote_addr;\n    }}\n  }}\n}}\n"
    )
}
