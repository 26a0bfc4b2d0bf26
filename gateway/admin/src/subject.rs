//! What is asked about and told what to do.

use std::sync::Arc;

use observe::Snapshot;
use table::{Millis, Table};

/// The gateway, as its operators see it. Implemented by the crate that owns the running parts.
pub trait Subject: Send + Sync + 'static {
    /// All statistics at this moment. May take a while; it is called off the traffic's threads.
    fn snapshot(&self) -> Snapshot;

    /// The gateway's version.
    fn version(&self) -> String;

    /// The type and the text of a variable of the process.
    fn variable(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
        let _ = name;
        None
    }

    /// Sets a variable of the process to the value of an expression, or of a log format.
    ///
    /// # Errors
    /// There is no such variable or value; a sentence says why.
    fn set_variable(&self, name: &str, text: &str, formatted: bool) -> Result<(), String> {
        let _ = (text, formatted);
        Err(format!("cannot set variable '{name}'"))
    }

    /// Whether the gateway should be given traffic; if not, why: `stopping`, `still loading`.
    fn ready(&self) -> Result<(), String>;

    /// What the running configuration's ACLs and maps compare with.
    fn patterns(&self) -> Option<Arc<expr::Patterns>> {
        None
    }

    /// The stick tables, in the order of the configuration, and the moment on their clock.
    fn stick_tables(&self) -> (Vec<Arc<Table>>, Millis) {
        (Vec::new(), 0)
    }

    /// Metrics of the gateway's own, shown beside those of the snapshot.
    fn own_metrics(&self) -> Option<&prometheus::Registry> {
        None
    }
}

/// What a CLI connection may do (`level` of `stats socket`, configuration.txt 3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Looks, at what is no secret.
    User,
    /// Looks, and clears what does no harm.
    #[default]
    Operator,
    /// Everything.
    Admin,
}

impl Level {
    /// From the model's number: 1 user, 2 operator, 3 admin.
    pub fn from_number(number: u8) -> Self {
        match number {
            0 | 1 => Self::User,
            2 => Self::Operator,
            _ => Self::Admin,
        }
    }

    /// As the CLI spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}
