//! What the gateway tells about itself: counters, statistics pages, Prometheus and log lines.
//!
//! It knows no configuration, no runtime and no socket of the traffic: those who do count into the structures
//! of [`counters`], build a [`Snapshot`] from them when somebody asks, and format a [`log::LogRecord`] when a
//! request ends.

pub mod catalog;
pub mod counters;
pub mod csv;
pub mod info;
pub mod log;
pub mod prometheus;
pub mod snapshot;

pub use counters::{BackendCounters, FrontendCounters, ListenerCounters, ProcessCounters, ServerCounters};
pub use csv::csv;
pub use info::info;
pub use snapshot::{Kind, Mode, ProcessRow, Row, Snapshot};
