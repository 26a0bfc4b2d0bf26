//! The sockets for people and machines that look after the gateway: `stats socket` lines, `-S`, `--metrics`.
//!
//! Traffic matters more than they do: one that cannot be opened is warned of, and the gateway serves.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use admin::Level;
use config::model::{Bind, BindAddress, Global, Permissions, StatsSocket};
use listen::Listener;
use proxy::{Gateway, Task};
use tokio::sync::watch;

use crate::args::Args;
use crate::report::Report;
use crate::version::VERSION;

/// Connections that may wait.
const BACKLOG: u32 = 64;

/// `stats maxconn` when nothing is said.
const DEFAULT_CONNECTIONS: usize = 10;

/// The rights of the master's socket: who may reach it may do everything.
const ADMIN: u8 = 3;

/// Opened, not yet served.
#[derive(Debug, Default)]
pub(crate) struct AdminSockets {
    cli: Vec<(Listener, u8)>,
    metrics: Option<Listener>,
}

impl AdminSockets {
    /// Opens what the command line and the `global` section name.
    pub(crate) fn open(args: &Args, global: &Global, report: &Report) -> Self {
        let mut sockets = Self::default();
        let master = args.master_socket.as_deref().and_then(|text| match master_socket(text) {
            Ok(socket) => Some(socket),
            Err(error) => {
                report.warning(&format!("-S {text}: {error}; going on without it"));
                None
            }
        });
        for socket in global.stats_sockets.iter().chain(&master) {
            match Listener::open_plain(&socket.bind.address, &socket.bind.permissions, BACKLOG) {
                Ok(listener) => sockets.cli.push((listener, socket.level)),
                Err(error) => report.warning(&format!("stats socket: {error}; going on without it")),
            }
        }
        if let Some(text) = &args.metrics {
            let opened = address(text).and_then(|address| {
                Listener::open_plain(&address, &Permissions::default(), BACKLOG)
                    .map_err(|error| error.to_string())
            });
            match opened {
                Ok(listener) => sockets.metrics = Some(listener),
                Err(error) => report.warning(&format!("--metrics {text}: {error}; going on without it")),
            }
        }
        sockets
    }

    /// The work of serving them, for the background thread.
    pub(crate) fn serve(self, gateway: &Arc<Gateway>, leaving: Arc<AtomicBool>) -> Vec<Task> {
        let global = &gateway.runtime().model.global;
        let subject: Arc<dyn admin::Subject> = Arc::new(Subject { gateway: gateway.clone(), leaving });
        // They are served to the end of the process: who watches it wants to see it end.
        let (stop, stopped) = watch::channel(false);
        let most = global.stats_maxconn.map_or(DEFAULT_CONNECTIONS, |most| most as usize);
        let patience = global.stats_timeout.unwrap_or(admin::Settings::default().timeout);
        let mut tasks: Vec<Task> = Vec::new();
        for (listener, level) in self.cli {
            let settings = admin::Settings { level: Level::from_number(level), timeout: patience };
            let (subject, stopped) = (subject.clone(), stopped.clone());
            tasks.push(Box::pin(async move {
                match tied(listener) {
                    Ok(listener) => admin::accept::cli(listener, subject, settings, most, stopped).await,
                    Err(error) => log::error!("stats socket: {error}"),
                }
            }));
        }
        if let Some(listener) = self.metrics {
            tasks.push(Box::pin(async move {
                match tied(listener) {
                    Ok(listener) => {
                        admin::accept::metrics(listener, subject, DEFAULT_CONNECTIONS, stopped).await
                    }
                    Err(error) => log::error!("--metrics: {error}"),
                }
            }));
        }
        tasks.push(Box::pin(async move { stop.closed().await }));
        tasks
    }
}

/// The socket on the tokio runtime of the caller, as `admin` takes it.
fn tied(listener: Listener) -> io::Result<admin::accept::Listener> {
    let is_unix = listener.is_unix();
    let fd = OwnedFd::from(listener);
    if is_unix {
        tokio::net::UnixListener::from_std(fd.into()).map(admin::accept::Listener::Unix)
    } else {
        tokio::net::TcpListener::from_std(fd.into()).map(admin::accept::Listener::Tcp)
    }
}

/// The running gateway, as its operators see it.
struct Subject {
    gateway: Arc<Gateway>,
    /// Told to stop; traffic may still be taken for a while.
    leaving: Arc<AtomicBool>,
}

impl admin::Subject for Subject {
    fn snapshot(&self) -> observe::Snapshot {
        proxy::snapshot(&self.gateway)
    }

    fn version(&self) -> String {
        VERSION.to_owned()
    }

    fn variable(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
        self.gateway.runtime().variable(name)
    }

    fn set_variable(&self, name: &str, text: &str, formatted: bool) -> Result<(), String> {
        self.gateway.runtime().set_variable(name, text, formatted)
    }

    fn ready(&self) -> Result<(), String> {
        let leaving = self.leaving.load(Ordering::Acquire) || !self.gateway.is_ready();
        if leaving { Err("stopping".to_owned()) } else { Ok(()) }
    }

    fn patterns(&self) -> Option<Arc<expr::Patterns>> {
        Some(Arc::clone(&self.gateway.runtime().model.patterns))
    }

    fn stick_tables(&self) -> (Vec<Arc<table::Table>>, table::Millis) {
        self.gateway.stick_tables()
    }

    fn own_metrics(&self) -> Option<&prometheus::Registry> {
        Some(self.gateway.own_metrics())
    }
}

/// `-S address[,level admin][,mode 600]…`: the words of a `bind` line with commas between them.
fn master_socket(text: &str) -> Result<StatsSocket, String> {
    let mut words = text.split(',');
    let address = address(words.next().unwrap_or_default())?;
    let mut socket = StatsSocket { bind: Bind { address, ..Bind::default() }, level: ADMIN };
    let permissions = &mut socket.bind.permissions;
    while let Some(word) = words.next() {
        if word == "expose-fd" {
            // Sockets are not handed over; a reload keeps them in the process.
            words.next();
            continue;
        }
        let value = words.next().ok_or_else(|| format!("'{word}' needs a value"))?;
        let number = |radix| u32::from_str_radix(value, radix).map_err(|_| format!("'{word}' got '{value}'"));
        match word {
            "mode" => permissions.mode = Some(number(8)?),
            "uid" => permissions.uid = Some(number(10)?),
            "gid" => permissions.gid = Some(number(10)?),
            "user" => permissions.user = Some(value.to_owned()),
            "group" => permissions.group = Some(value.to_owned()),
            "level" => {}
            _ => return Err(format!("'{word}' is not known")),
        }
    }
    Ok(socket)
}

/// An address as in a `bind` line, with one port.
fn address(text: &str) -> Result<BindAddress, String> {
    use lang::units::{Host, Port, parse_address};
    let parsed = parse_address(text).map_err(|error| error.0)?;
    let tcp = |ip: IpAddr| match parsed.port {
        Port::One(port) => Ok(BindAddress::Tcp(SocketAddr::new(ip, port))),
        _ => Err(format!("'{text}' needs a port, as in 127.0.0.1:9101")),
    };
    match &parsed.host {
        Host::Any if parsed.family == Some(lang::units::Family::Ipv6) => tcp(Ipv6Addr::UNSPECIFIED.into()),
        Host::Any => tcp(Ipv4Addr::UNSPECIFIED.into()),
        Host::Ip(ip) => tcp(*ip),
        Host::Unix(path) => Ok(BindAddress::Unix(path.clone())),
        Host::Abstract(name) => Ok(BindAddress::Abstract(name.clone())),
        Host::Fd(fd) => Ok(BindAddress::Fd(*fd)),
        Host::AbstractZ(_) | Host::SockPair(_) => {
            Err(format!("'{text}' is an address that nothing serves yet"))
        }
        Host::Name(name) => Err(format!("'{name}' is a name; give an address")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_masters_socket_is_written_with_commas() {
        let socket = master_socket("/run/master.sock,level,admin,mode,600").unwrap();
        assert_eq!(socket.bind.address, BindAddress::Unix("/run/master.sock".into()));
        assert_eq!(socket.bind.permissions.mode, Some(0o600));
        assert!(master_socket("/run/x,mode").is_err());
    }

    #[test]
    fn the_metrics_address_has_a_port() {
        assert_eq!(address(":9101").unwrap(), BindAddress::Tcp("0.0.0.0:9101".parse().unwrap()));
        assert!(address("127.0.0.1").unwrap_err().contains("needs a port"));
    }
}
