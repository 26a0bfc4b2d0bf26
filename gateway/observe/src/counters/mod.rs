//! The counters, one structure for each kind of thing that is counted. Every increment is a method named after
//! the event, so that whoever sees the event writes one line and no arithmetic. They are shared by `Arc` and
//! outlive a reload when the thing they belong to does.

mod backend;
pub mod cell;
mod clock;
mod frontend;
mod process;
mod server;
mod shared;

pub use backend::BackendCounters;
pub use frontend::{FrontendCounters, ListenerCounters};
pub use process::ProcessCounters;
pub use server::ServerCounters;
pub use shared::{Availability, Responses, Times};

/// Writes the one-line methods of counters: `event(field) "documentation"`.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        $($(#[$doc])* #[inline] pub fn $name(&self) { self.$field.increment(); })*
    };
}
/// Writes the one-line methods of counters that take a number.
macro_rules! amounts {
    ($($(#[$doc:meta])* $name:ident => $field:ident;)*) => {
        $($(#[$doc])* #[inline] pub fn $name(&self, n: u64) { self.$field.add(n); })*
    };
}
use {amounts, events};
