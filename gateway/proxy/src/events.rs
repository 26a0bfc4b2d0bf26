//! What happens to servers, written to the log of their backend.

use std::sync::{Arc, Weak};

use config::model::LogLevel;
use expr::ProcessVars;
use observe::log::Level;
use upstream::{Event, Events};

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

    fn variables(&self) -> Option<Arc<ProcessVars>> {
        self.runtime.upgrade().map(|runtime| runtime.vars.clone())
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
