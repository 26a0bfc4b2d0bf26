//! Traffic logs and the log lines of state changes, in HAProxy's formats and over its kinds of targets. The
//! gateway's own diagnostics (the `log` crate) are another thing and are set up by `process`.
//!
//! A line is made of two parts: the message, formatted once by the functions of [`format`] or [`event`], and a
//! head for each target ([`Head`]); [`Sinks`] writes them without ever making the caller wait.

pub mod date;
pub mod event;
pub mod format;
mod head;
mod output;
mod record;
mod sink;
mod writer;

pub use head::{Head, Identity};
pub use record::{Endpoint, LogRecord, Termination, Timers, TlsFacts};
pub use sink::{Destination, Logger, Sinks, Target};

/// A syslog severity, most important first (RFC 5424, 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the eight names are syslog's own")]
pub enum Level {
    Emerg,
    Alert,
    Crit,
    Err,
    Warning,
    Notice,
    Info,
    Debug,
}
