//! The doors for those who run the gateway: the runtime CLI of the `stats socket` lines, and the small HTTP
//! server of `--metrics`. Both see the gateway through [`Subject`] alone and speak over any stream, so they
//! know neither how the gateway is built nor what it listens on.

pub mod accept;
pub mod cli;
pub mod metrics;
mod session;
mod subject;

pub use session::{Settings, serve};
pub use subject::{Level, Subject};
