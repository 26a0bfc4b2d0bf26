//! What happens to servers, written to the log of their backend.

use std::sync::{Arc, Weak};

use config::model::LogLevel;
use expr::{Figure, ProcessVars, Subject};
use observe::log::Level;
use table::{Millis, Tables};
use upstream::{Event, Events, World};

use crate::figures::{At, figure};
use crate::runtime::Runtime;

/// Writes the events of all backends of one configuration, each to its backend's log.
#[derive(Debug)]
pub(crate) struct ServerEvents {
    /// Weak, for the checks hold this and must not keep a configuration that was replaced.
    runtime: Weak<Runtime>,
}

impl ServerEvents {
    /// Events of this configuration.
    pub(crate) fn new(runtime: &Arc<Runtime>) -> Self {
        Self { runtime: Arc::downgrade(runtime) }
    }
}

impl Events for ServerEvents {
    fn event(&self, backend: &upstream::Backend, event: &Event<'_>) {
        let Some(runtime) = self.runtime.upgrade() else { return };
        let Some(backend) = runtime.backend_named(&backend.name) else { return };
        let text = event.to_string();
        log::warn!("{text}");
        backend.log.event(level_of(event.level()), &text);
    }

    fn world(&self) -> Option<Arc<dyn World>> {
        self.runtime.upgrade().map(|runtime| runtime as Arc<dyn World>)
    }
}

impl World for Runtime {
    fn variables(&self) -> &Arc<ProcessVars> {
        &self.vars
    }

    fn figure(&self, backend: &str, what: Figure, of: &Subject) -> Option<i64> {
        figure(At { route: None, runtime: self, backend: self.backend_named(backend) }, what, of)
    }

    fn hostname(&self) -> &str {
        &self.hostname
    }

    fn tables(&self) -> &Tables {
        &self.tables.tables
    }

    fn table_clock(&self) -> Millis {
        self.tables.now()
    }
}

/// The configuration's level as the log spells it.
pub(crate) fn level_of(level: LogLevel) -> Level {
    match level {
        LogLevel::Emerg => Level::Emerg,
        LogLevel::Alert => Level::Alert,
        LogLevel::Crit => Level::Crit,
        LogLevel::Err => Level::Err,
        LogLevel::Warning => Level::Warning,
        LogLevel::Notice => Level::Notice,
        LogLevel::Info => Level::Info,
        LogLevel::Debug => Level::Debug,
    }
}
