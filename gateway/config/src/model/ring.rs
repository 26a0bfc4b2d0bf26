//! `ring`, `log-forward` and `log-profile` sections (configuration.txt 3.9, 3.10 and 8.3.5 of 3.x).

use std::path::PathBuf;
use std::time::Duration;

use super::{Bind, BindAddress, LogFormat, LogTarget, Server};

/// A buffer of log lines, read by the runtime CLI and sent on to servers.
#[derive(Clone, Debug, PartialEq)]
pub struct Ring {
    /// Its name; `log` lines call it `ring@NAME`.
    pub name: String,
    /// `description`, the name itself where nothing is said.
    pub description: String,
    /// `format`.
    pub format: LogFormat,
    /// `maxlen`: the longest line that is kept, in bytes.
    pub max_length: usize,
    /// `size`, in bytes.
    pub size: usize,
    /// `backing-file`: the buffer outlives the process there.
    pub backing_file: Option<PathBuf>,
    /// `server` lines: where the lines are sent on to.
    pub servers: Vec<Server>,
    /// `timeout connect`.
    pub timeout_connect: Option<Duration>,
    /// `timeout server`.
    pub timeout_server: Option<Duration>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// Syslog lines that are taken and sent on.
#[derive(Clone, Debug, PartialEq)]
pub struct LogForward {
    /// Its name.
    pub name: String,
    /// `bind`: syslog over connections.
    pub binds: Vec<Bind>,
    /// `dgram-bind`: syslog over datagrams.
    pub dgram_binds: Vec<DgramBind>,
    /// `log` lines, the targets of `log global` among them.
    pub logs: Vec<LogTarget>,
    /// `maxconn`: connections at once.
    pub maxconn: Option<u32>,
    /// `backlog`.
    pub backlog: Option<u32>,
    /// `timeout client`.
    pub timeout_client: Option<Duration>,
    /// `option assume-rfc6587-ntf`: lines end at line feeds, whatever they begin with (HAProxy 3.1).
    pub assume_rfc6587_ntf: bool,
    /// `option dont-parse-log`: lines are sent on as they come (HAProxy 3.1).
    pub dont_parse_log: bool,
    /// `option host`: what becomes of the host's name in a line (HAProxy 3.2).
    pub host: Option<String>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// One socket of a `dgram-bind` line: a line with several addresses or a port range gives several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DgramBind {
    /// Where it listens; `Tcp` is an address and a port, for datagrams here.
    pub address: BindAddress,
    /// `name`.
    pub name: Option<String>,
    /// `interface`.
    pub interface: Option<String>,
    /// `namespace`.
    pub namespace: Option<String>,
    /// `transparent`.
    pub transparent: bool,
    /// Where the line stands, for messages: `file:line`.
    pub place: String,
}

/// What is logged at which step (HAProxy 3.1).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct LogProfile {
    /// Its name; `log` lines ask for it with `profile NAME`.
    pub name: String,
    /// `log-tag`.
    pub log_tag: Option<String>,
    /// `on` lines, in their order.
    pub steps: Vec<LogStep>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

impl LogProfile {
    /// What it says of a step: the line of that step, or else that of any.
    pub fn at(&self, step: rules::Step) -> Option<&LogStep> {
        let line = |step| self.steps.iter().find(|line| line.step == step);
        line(step).or_else(|| line(rules::Step::Any))
    }
}

/// An `on` line.
#[derive(Clone, Debug, PartialEq)]
pub struct LogStep {
    /// When: `accept`, `request`, …
    pub step: rules::Step,
    /// `drop`: nothing is logged.
    pub drop: bool,
    /// `format`.
    pub format: Option<expr::LogFormat>,
    /// `sd`: RFC 5424's structured data.
    pub sd: Option<expr::LogFormat>,
}
