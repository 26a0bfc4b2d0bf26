//! What happens to servers, told to whoever wants to log it, in HAProxy's words.
//!
//! The texts are those of HAProxy's log lines (learnt from its output), for alerting rules grep them. `Display`
//! gives the line without date, tag and level.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use config::model::LogLevel;
use expr::{Figure, ProcessVars, Subject};
use table::{Millis, Tables};

use crate::Backend;
use crate::health::Outcome;
use crate::server::Server;

/// Somebody who wants to know.
pub trait Events: Send + Sync {
    /// Something happened to a server of this backend. Called from a background task: it must not block.
    fn event(&self, backend: &Backend, event: &Event<'_>);

    /// What checks may ask, if there is somebody to ask.
    fn world(&self) -> Option<Arc<dyn World>> {
        None
    }
}

/// What the expressions of checks may ask of the rest of the gateway.
pub trait World: Send + Sync {
    /// The variables of the process, which checks share with traffic.
    fn variables(&self) -> &Arc<ProcessVars>;
    /// A figure; what has no name is this backend.
    fn figure(&self, backend: &str, figure: Figure, of: &Subject) -> Option<i64>;
    /// This machine's name.
    fn hostname(&self) -> &str;
    /// The stick tables.
    fn tables(&self) -> &Tables;
    /// Their clock.
    fn table_clock(&self) -> Millis;
}

/// Nobody.
impl Events for () {
    fn event(&self, _: &Backend, _: &Event<'_>) {}
}

/// What happened.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A server went up or down.
    State(StateChange<'a>),
    /// A check changed what is known of a server (`option log-health-checks` alone tells of it).
    Check(CheckReport<'a>),
    /// A name has a new address.
    Address(AddressChange<'a>),
    /// A name that had no address has one.
    Resolved {
        /// The backend.
        backend: &'a str,
        /// The server.
        server: &'a Server,
        /// The name.
        host: &'a str,
    },
    /// A server takes traffic now that its name has an address.
    Ready {
        /// The backend.
        backend: &'a str,
        /// The server.
        server: &'a Server,
    },
    /// The last server of a backend went.
    NoServer {
        /// The backend.
        backend: &'a str,
    },
}

/// A server went up or down.
#[derive(Clone, Debug)]
pub struct StateChange<'a> {
    /// The backend.
    pub backend: &'a str,
    /// The server.
    pub server: &'a Server,
    /// Whether it is up now.
    pub up: bool,
    /// The check that decided, unless its report was logged already.
    pub outcome: Option<Outcome>,
    /// Active servers that take traffic now.
    pub active: usize,
    /// Backup servers that could.
    pub backup: usize,
    /// Sessions that it has.
    pub sessions: u64,
    /// Requests that waited for it and look for another server now.
    pub requeued: usize,
    /// Requests that wait for any server.
    pub remaining: u64,
}

/// The report of one check.
#[derive(Clone, Debug)]
pub struct CheckReport<'a> {
    /// The backend.
    pub backend: &'a str,
    /// The server.
    pub server: &'a Server,
    /// What the check found.
    pub outcome: Outcome,
    /// Whether the server is up, this check included.
    pub up: bool,
    /// How far it is on the way: (checks that count, checks needed).
    pub progress: (u32, u32),
}

/// A name has a new address.
#[derive(Clone, Debug)]
pub struct AddressChange<'a> {
    /// The backend.
    pub backend: &'a str,
    /// The server.
    pub server: &'a Server,
    /// Its address until now.
    pub from: Option<IpAddr>,
    /// Its address from now on.
    pub to: IpAddr,
    /// Who says so.
    pub by: &'a str,
}

impl Event<'_> {
    /// How grave it is, as HAProxy grades it.
    pub fn level(&self) -> LogLevel {
        match self {
            Self::NoServer { .. } => LogLevel::Emerg,
            Self::State(change) if !change.up => LogLevel::Alert,
            Self::State(_)
            | Self::Check(_)
            | Self::Address(_)
            | Self::Resolved { .. }
            | Self::Ready { .. } => LogLevel::Notice,
        }
    }
}

impl fmt::Display for Event<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::State(change) => change.fmt(f),
            Self::Check(report) => report.fmt(f),
            Self::Address(change) => change.fmt(f),
            Self::Resolved { backend, server, host } => {
                write!(f, "Server {backend}/{} ('{host}') is UP/READY (resolves again).", server.name)
            }
            Self::Ready { backend, server } => {
                write!(
                    f,
                    "Server {backend}/{} administratively READY thanks to valid DNS answer.",
                    server.name
                )
            }
            Self::NoServer { backend } => write!(f, "backend {backend} has no server available!"),
        }
    }
}

impl fmt::Display for StateChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.server.backup() { "Backup Server" } else { "Server" };
        let state = if self.up { "UP" } else { "DOWN" };
        write!(f, "{kind} {}/{} is {state}", self.backend, self.server.name)?;
        if let Some(outcome) = &self.outcome {
            write!(f, ", {outcome}")?;
        }
        let (active, backup) = (self.active, self.backup);
        let rest = if self.up { "online" } else { "left" };
        write!(f, ". {active} active and {backup} backup servers {rest}.")?;
        if active == 0 && backup > 0 {
            f.write_str(" Running on backup.")?;
        }
        if self.up {
            write!(f, " {} sessions requeued, {} total in queue.", self.requeued, self.remaining)
        } else {
            let (sessions, requeued, remaining) = (self.sessions, self.requeued, self.remaining);
            write!(f, " {sessions} sessions active, {requeued} requeued, {remaining} remaining in queue.")
        }
    }
}

impl fmt::Display for CheckReport<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.server.backup() { "backup server" } else { "server" };
        let result = if self.outcome.passed() { "succeeded" } else { "failed" };
        let (done, needed) = self.progress;
        let state = if self.up { "UP" } else { "DOWN" };
        write!(f, "Health check for {kind} {}/{} {result}, ", self.backend, self.server.name)?;
        write!(f, "{}, status: {done}/{needed} {state}.", self.outcome)
    }
}

impl fmt::Display for AddressChange<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{} changed its IP from ", self.backend, self.server.name)?;
        match self.from {
            Some(from) => write!(f, "{from}")?,
            None => f.write_str("(none)")?,
        }
        write!(f, " to {} by {}.", self.to, self.by)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use config::model::{self, Balance};

    use super::*;
    use crate::fixture::{ip, model, server};
    use crate::health::Verdict;

    fn refused() -> Outcome {
        let info = "Connection refused".into();
        Outcome { verdict: Verdict::L4Connection, code: None, info, duration: Duration::ZERO }
    }

    fn change(
        server: &Server,
        up: bool,
        outcome: Option<Outcome>,
        active: usize,
        backup: usize,
    ) -> Event<'_> {
        let (sessions, requeued, remaining) = (0, 0, 0);
        Event::State(StateChange {
            backend: "b",
            server,
            up,
            outcome,
            active,
            backup,
            sessions,
            requeued,
            remaining,
        })
    }

    #[test]
    fn changes_of_state_read_as_in_haproxys_log() {
        let spare = model::Server { backup: true, ..server("s2") };
        let backend = Backend::build(&model(Balance::RoundRobin, vec![server("s1"), spare]), None);
        let passed = Outcome { verdict: Verdict::L4Ok, info: String::new(), ..refused() };
        let (s1, s2) = (&backend.servers[0], &backend.servers[1]);
        for (event, level, text) in [
            (
                change(s1, false, Some(refused()), 0, 1),
                LogLevel::Alert,
                "Server b/s1 is DOWN, reason: Layer4 connection problem, info: \"Connection refused\", check duration: \
                 0ms. 0 active and 1 backup servers left. Running on backup. 0 sessions active, 0 requeued, 0 remaining \
                 in queue.",
            ),
            (
                change(s1, true, Some(passed), 1, 1),
                LogLevel::Notice,
                "Server b/s1 is UP, reason: Layer4 check passed, check duration: 0ms. 1 active and 1 backup servers \
                 online. 0 sessions requeued, 0 total in queue.",
            ),
            (
                change(s2, false, None, 1, 0),
                LogLevel::Alert,
                "Backup Server b/s2 is DOWN. 1 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 \
                 remaining in queue.",
            ),
            (Event::NoServer { backend: "b" }, LogLevel::Emerg, "backend b has no server available!"),
        ] {
            assert_eq!((event.to_string().as_str(), event.level()), (text, level));
        }
    }

    #[test]
    fn checks_and_addresses_read_as_in_haproxys_log() {
        let backend = Backend::build(&model(Balance::RoundRobin, vec![server("s1")]), None);
        let server = &*backend.servers[0];
        let report = CheckReport { backend: "b", server, outcome: refused(), up: false, progress: (0, 2) };
        assert_eq!(
            Event::Check(report).to_string(),
            "Health check for server b/s1 failed, reason: Layer4 connection problem, info: \"Connection refused\", \
             check duration: 0ms, status: 0/2 DOWN."
        );
        let to = ip("5.6.7.8");
        let change = AddressChange { backend: "b", server, from: Some(ip("1.2.3.4")), to, by: "DNS cache" };
        let text = "b/s1 changed its IP from 1.2.3.4 to 5.6.7.8 by DNS cache.";
        assert_eq!(Event::Address(change).to_string(), text);
        let text = "Server b/s1 ('el.svc') is UP/READY (resolves again).";
        assert_eq!(Event::Resolved { backend: "b", server, host: "el.svc" }.to_string(), text);
        let text = "Server b/s1 administratively READY thanks to valid DNS answer.";
        assert_eq!(Event::Ready { backend: "b", server }.to_string(), text);
    }
}
