//! Where and in which form a frontend's traffic is logged (configuration.txt 8).

use std::sync::atomic::{AtomicU64, Ordering};

use config::model::{LogFormat, LogProfile, LogTarget, LogTo, Logging, Model, ProxyOptions, TrafficLog};
use observe::log::{Destination, Head, Identity, Level, LogRecord, Sinks, Target, format};
use rules::Step;

use crate::events::level_of;
use crate::fields::LogView;

/// A proxy's log.
#[derive(Debug)]
pub struct Logger {
    /// The targets whose lines look as the proxy says.
    lines: observe::log::Logger,
    /// Those whose lines look as a profile says.
    profiled: Vec<Profiled>,
    traffic: TrafficLog,
    /// `error-log-format`.
    failures: Option<expr::LogFormat>,
    /// `log-format-sd`.
    structured: Option<expr::LogFormat>,
    /// `log-steps`.
    steps: Option<Vec<Step>>,
    dontlog_normal: bool,
    separate_errors: bool,
    /// The lines that were logged so far.
    written: AtomicU64,
}

/// The targets of one profile.
#[derive(Debug)]
struct Profiled {
    lines: observe::log::Logger,
    profile: LogProfile,
}

/// A line that is about to be logged.
#[derive(Clone, Copy, Debug)]
struct Entry<'a> {
    step: Step,
    level: Level,
    view: &'a LogView<'a>,
    /// What says how it looks, if that is not the target's business.
    profile: Option<&'a LogProfile>,
}

/// How a line looks of which no profile says otherwise.
type Usual<'a> = &'a dyn Fn(&LogView<'_>, &mut Vec<u8>);

impl Logger {
    /// The log that a proxy's `log` lines ask for.
    pub fn new(logging: &Logging, model: &Model, options: &ProxyOptions, sinks: &Sinks) -> Self {
        let global = &model.global;
        let tag = logging.tag.as_ref().or(global.log_tag.as_ref());
        let identity = Identity {
            tag: tag.cloned().unwrap_or_else(|| "haproxy".to_owned()),
            hostname: global.log_send_hostname.clone(),
            pid: std::process::id(),
        };
        let of = |profile: Option<&LogProfile>| {
            let name = profile.map(|profile| profile.name.as_str());
            let targets = logging.targets.iter().filter(|target| target.profile.as_deref() == name);
            let targets: Vec<Target> = targets.filter_map(target).collect();
            (!targets.is_empty()).then(|| sinks.logger(&targets, identity.clone()))
        };
        let profiled = model.log_profiles.iter().filter_map(|profile| {
            let lines = of(Some(profile))?;
            Some(Profiled { lines, profile: profile.clone() })
        });
        Self {
            profiled: profiled.collect(),
            lines: of(None).unwrap_or_else(|| sinks.logger(&[], identity.clone())),
            traffic: logging.traffic.clone(),
            failures: logging.error.clone(),
            structured: logging.structured.clone(),
            steps: logging.steps.clone(),
            dontlog_normal: options.dontlog_normal,
            separate_errors: options.log_separate_errors,
            written: AtomicU64::new(0),
        }
    }

    /// Whether any target wants lines of this level: if not, they need not even be made.
    pub fn wants(&self, level: Level) -> bool {
        self.lines.wants(level) || self.profiled.iter().any(|group| group.lines.wants(level))
    }

    /// Whether a line is logged at this step without a rule that asks for it.
    pub fn has_step(&self, step: Step) -> bool {
        self.steps.as_ref().map_or(step == Step::Close, |steps| steps.contains(&step))
    }

    /// The line of a request that ends; `failed` if it ended in an error; `told` is the level that a rule has set.
    pub fn traffic(&self, record: &LogRecord<'_>, view: &LogView<'_>, failed: bool, told: Option<Level>) {
        if self.dontlog_normal && !failed || !self.has_step(Step::Close) {
            return;
        }
        let usual = if failed && self.separate_errors { Level::Err } else { Level::Info };
        let entry = Entry { step: Step::Close, level: told.unwrap_or(usual), view, profile: None };
        self.log(entry, &|view, line| self.write(record, view, line));
    }

    /// The line of a request on its way.
    pub fn step(
        &self,
        step: Step,
        profile: Option<&LogProfile>,
        (record, view): (&LogRecord<'_>, &LogView<'_>),
        told: Option<Level>,
    ) {
        let entry = Entry { step, level: told.unwrap_or(Level::Info), view, profile };
        self.log(entry, &|view, line| self.write(record, view, line));
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
            Some(format) => self.failure(view, &|view, line| format.render(view, line)),
            None if self.traffic == TrafficLog::Default => {}
            None => self.failure(view, &|view, line| self.write(record, view, line)),
        }
    }

    /// The line of a connection that came to no request (8.2.5), for a reason, with the TLS that was begun on it.
    pub fn connection_error(
        &self,
        record: &LogRecord<'_>,
        listener: &str,
        (text, tls): (&str, Option<&expr::Tls>),
        hostname: &str,
    ) {
        let view = LogView::of_failure(record, text, tls).on(hostname);
        match &self.failures {
            Some(format) => self.failure(&view, &|view, line| format.render(view, line)),
            None => self.failure(&view, &|_, line| {
                let (client, accepted, frontend) = (record.client, record.accepted, record.frontend);
                format::connection_error(client, accepted, frontend, listener, text, line);
            }),
        }
    }

    fn failure(&self, view: &LogView<'_>, usual: Usual<'_>) {
        let level = if self.separate_errors { Level::Err } else { Level::Info };
        self.log(Entry { step: Step::Error, level, view, profile: None }, usual);
    }

    /// Gives a line to every target, each in its form.
    fn log(&self, entry: Entry<'_>, usual: Usual<'_>) {
        if !self.wants(entry.level) {
            return;
        }
        let view = &entry.view.numbered(self.written.fetch_add(1, Ordering::Relaxed)).at(entry.step);
        let entry = Entry { view, ..entry };
        self.send(&self.lines, entry, usual);
        for group in &self.profiled {
            let profile = entry.profile.or(Some(&group.profile));
            self.send(&group.lines, Entry { profile, ..entry }, usual);
        }
    }

    /// Sends a line, with its structured data where the configuration has some.
    fn send(&self, lines: &observe::log::Logger, entry: Entry<'_>, usual: Usual<'_>) {
        let Entry { step, level, view, profile } = entry;
        let said = profile.and_then(|profile| profile.at(step));
        if !lines.wants(level) || said.is_some_and(|said| said.drop) {
            return;
        }
        let mut line = Vec::with_capacity(256);
        match said.and_then(|said| said.format.as_ref()) {
            Some(format) => format.render(view, &mut line),
            None => usual(view, &mut line),
        }
        let mut structured = Vec::new();
        if let Some(format) = said.and_then(|said| said.sd.as_ref()).or(self.structured.as_ref()) {
            format.render(view, &mut structured);
        }
        lines.send_tagged(profile.and_then(|profile| profile.log_tag.as_deref()), level, &structured, &line);
    }

    /// A line about the proxy itself: a server's state, a start, a stop.
    pub fn event(&self, level: Level, text: &str) {
        self.lines.send(level, text.as_bytes());
        for group in &self.profiled {
            group.lines.send_tagged(group.profile.log_tag.as_deref(), level, b"", text.as_bytes());
        }
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
