//! What is said on standard error while starting and reloading: HAProxy's one-line form, or carets on a terminal.

use std::cell::Cell;
use std::io::IsTerminal;

use lang::{Diagnostics, Severity, Sources};

use crate::say;
use crate::version::VERSION;

/// Writes messages to standard error, unless the process was told to be quiet.
#[derive(Debug)]
pub(crate) struct Report {
    silent: bool,
    terminal: bool,
    introduced: Cell<bool>,
}

impl Report {
    /// One that is silent or not.
    pub(crate) fn new(silent: bool) -> Self {
        Self { silent, terminal: std::io::stderr().is_terminal(), introduced: Cell::new(false) }
    }

    /// One that has introduced itself already: messages of a process that runs.
    pub(crate) fn running(silent: bool) -> Self {
        Self { introduced: Cell::new(true), ..Self::new(silent) }
    }

    /// All that loading found.
    pub(crate) fn diagnostics(&self, diagnostics: &Diagnostics, sources: &Sources) {
        if self.terminal && !self.silent && !diagnostics.is_empty() {
            say::error(&diagnostics.render_terminal(sources));
            return;
        }
        for (severity, text) in diagnostics.render_pipe(sources) {
            self.line(severity, &format!("config : {text}"));
        }
    }

    /// `[ALERT]    (pid) : …`
    pub(crate) fn alert(&self, text: &str) {
        self.line(Severity::Alert, text);
    }

    /// `[WARNING]  (pid) : …`
    pub(crate) fn warning(&self, text: &str) {
        self.line(Severity::Warning, text);
    }

    /// `[NOTICE]   (pid) : …`
    pub(crate) fn notice(&self, text: &str) {
        self.line(Severity::Notice, text);
    }

    fn line(&self, severity: Severity, text: &str) {
        if self.silent {
            return;
        }
        if severity != Severity::Notice && !self.introduced.replace(true) {
            say::error(&form(Severity::Notice, &format!("gateway version is {VERSION}")));
            if let Ok(path) = std::env::current_exe() {
                say::error(&form(Severity::Notice, &format!("path to executable is {}", path.display())));
            }
        }
        say::error(&form(severity, text));
    }
}

/// HAProxy's form of a message.
fn form(severity: Severity, text: &str) -> String {
    let name = match severity {
        Severity::Alert => "ALERT",
        Severity::Warning => "WARNING",
        Severity::Notice => "NOTICE",
    };
    format!("{:<10} ({}) : {text}", format!("[{name}]"), std::process::id())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_haproxys_columns() {
        let pid = std::process::id();
        assert_eq!(form(Severity::Alert, "x"), format!("[ALERT]    ({pid}) : x"));
        assert_eq!(form(Severity::Warning, "x"), format!("[WARNING]  ({pid}) : x"));
        assert_eq!(form(Severity::Notice, "x"), format!("[NOTICE]   ({pid}) : x"));
    }
}
