//! Where and in which form a frontend's traffic is logged (configuration.txt 8).

use std::sync::atomic::{AtomicU64, Ordering};

use config::model::{Global, LogFormat, LogTarget, LogTo, Logging, ProxyOptions, TrafficLog};
use observe::log::{Destination, Head, Identity, Level, LogRecord, Sinks, Target, format};

use crate::events::level_of;
use crate::fields::LogView;

/// A proxy's log.
#[derive(Debug)]
pub struct Logger {
    lines: observe::log::Logger,
    traffic: TrafficLog,
    /// `error-log-format`.
    failures: Option<expr::LogFormat>,
    /// `log-format-sd`.
    structured: Option<expr::LogFormat>,
    dontlog_normal: bool,
    separate_errors: bool,
    /// The lines that were logged so far.
    written: AtomicU64,
}

impl Logger {
    /// The log that a proxy's `log` lines ask for.
    pub fn new(logging: &Logging, global: &Global, options: &ProxyOptions, sinks: &Sinks) -> Self {
        let targets: Vec<Target> = logging.targets.iter().filter_map(target).collect();
        let tag = logging.tag.as_ref().or(global.log_tag.as_ref());
        let identity = Identity {
            tag: tag.cloned().unwrap_or_else(|| "haproxy".to_owned()),
            hostname: global.log_send_hostname.clone(),
            pid: std::process::id(),
        };
        Self {
            lines: sinks.logger(&targets, identity),
            traffic: logging.traffic.clone(),
            failures: logging.error.clone(),
            structured: logging.structured.clone(),
            dontlog_normal: options.dontlog_normal,
            separate_errors: options.log_separate_errors,
            written: AtomicU64::new(0),
        }
    }

    /// Whether a traffic line would go anywhere: if not, it need not be made.
    pub fn wants_traffic(&self) -> bool {
        // the most important level: a rule may have raised the line to it
        self.lines.wants(Level::Emerg)
    }

    /// The line of a request; `failed` if it ended in an error; `told` is the level that a rule has set.
    pub fn traffic(&self, record: &LogRecord<'_>, view: &LogView<'_>, failed: bool, told: Option<Level>) {
        if self.dontlog_normal && !failed {
            return;
        }
        let usual = if failed && self.separate_errors { Level::Err } else { Level::Info };
        let level = told.unwrap_or(usual);
        if !self.lines.wants(level) {
            return;
        }
        let view = &self.next(view);
        let mut line = Vec::with_capacity(256);
        self.write(record, view, &mut line);
        self.send(level, view, &line);
    }

    fn write(&self, record: &LogRecord<'_>, view: &LogView<'_>, line: &mut Vec<u8>) {
        match &self.traffic {
            TrafficLog::Default => format::connect(record, line),
            TrafficLog::Tcp => format::tcp(record, line),
            TrafficLog::Http { clf: false } => format::http(record, line),
            TrafficLog::Http { clf: true } => format::clf(record, line),
            TrafficLog::Https => format::https(record, line),
            TrafficLog::Format(format) => format.render(view, line),
        }
    }

    /// The line of bytes that were no request; the short form has none for it.
    pub fn error(&self, record: &LogRecord<'_>, view: &LogView<'_>) {
        match &self.failures {
            Some(format) => self.failure(format, view),
            None if self.traffic != TrafficLog::Default => self.traffic(record, view, true, None),
            None => {}
        }
    }

    /// A line in the form of `error-log-format`.
    fn failure(&self, format: &expr::LogFormat, view: &LogView<'_>) {
        let level = if self.separate_errors { Level::Err } else { Level::Info };
        if self.lines.wants(level) {
            let view = &self.next(view);
            let mut line = Vec::with_capacity(128);
            format.render(view, &mut line);
            self.send(level, view, &line);
        }
    }

    /// The view of a line that is about to be written, which knows how many there were.
    fn next<'a>(&self, view: &LogView<'a>) -> LogView<'a> {
        view.numbered(self.written.fetch_add(1, Ordering::Relaxed))
    }

    /// Sends a line, with its structured data where the configuration has some.
    fn send(&self, level: Level, view: &LogView<'_>, line: &[u8]) {
        let mut structured = Vec::new();
        if let Some(format) = &self.structured {
            format.render(view, &mut structured);
        }
        self.lines.send_structured(level, &structured, line);
    }

    /// The line of a connection that came to no request (8.2.5), for a reason, with the TLS that was begun on it.
    pub fn connection_error(
        &self,
        record: &LogRecord<'_>,
        listener: &str,
        (text, tls): (&str, Option<&expr::Tls>),
        hostname: &str,
    ) {
        if let Some(format) = &self.failures {
            let view = LogView::of_failure(record, text, tls).on(hostname);
            return self.failure(format, &view);
        }
        let level = if self.separate_errors { Level::Err } else { Level::Info };
        if self.lines.wants(level) {
            let mut line = Vec::with_capacity(128);
            format::connection_error(
                record.client,
                record.accepted,
                record.frontend,
                listener,
                text,
                &mut line,
            );
            self.lines.send(level, &line);
        }
    }

    /// A line about the proxy itself: a server's state, a start, a stop.
    pub fn event(&self, level: Level, text: &str) {
        self.lines.send(level, text.as_bytes());
    }
}

/// `None` for what no model has that is acted on: its lines are refused as not supported yet.
fn target(target: &LogTarget) -> Option<Target> {
    Some(Target {
        to: match &target.to {
            LogTo::Stdout => Destination::Stdout,
            LogTo::Stderr => Destination::Stderr,
            LogTo::Fd(fd) => Destination::Fd(*fd),
            LogTo::Udp { name, addr } => Destination::Udp { name: name.clone(), address: *addr },
            LogTo::Unix(path) => Destination::Unix(path.clone()),
            LogTo::Tcp { .. }
            | LogTo::UnixStream(_)
            | LogTo::Abstract(_)
            | LogTo::Ring(_)
            | LogTo::Backend(_) => return None,
        },
        head: match target.format {
            LogFormat::Raw => Head::Raw,
            LogFormat::Short => Head::Short,
            LogFormat::Local => Head::Local,
            LogFormat::Rfc3164 => Head::Rfc3164,
            LogFormat::Rfc5424 => Head::Rfc5424,
            LogFormat::Priority => Head::Priority,
            LogFormat::Timed => Head::Timed,
            LogFormat::Iso => Head::Iso,
        },
        facility: target.facility.0,
        max_level: level_of(target.max_level),
        min_level: level_of(target.min_level),
        max_length: target.max_length,
    })
}
