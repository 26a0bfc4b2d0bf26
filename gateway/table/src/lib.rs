//! Stick tables and rate counters (configuration.txt 4.2, `stick-table`).
//!
//! A table maps keys to counters, for as long as nothing older must go to make room. It owns no clock: whoever asks says
//! what time it is, in milliseconds since any fixed moment. Its memory is bounded by its size, and its entries are
//! spread over shards, so that threads meet only where they want the same few keys.

mod data;
mod entry;
mod key;
mod rate;
mod shard;
mod spec;
mod table;
mod tables;
mod tracked;

#[cfg(test)]
mod simulation;

pub use data::{Data, Shape};
pub use entry::Entry;
pub use key::{Key, Kind};
pub use spec::{Layout, Spec, Store};
pub use table::{Clear, Cut, Table};
pub use tables::Tables;
pub use tracked::Tracked;

/// A moment: milliseconds since one that all who use a table agree on.
pub type Millis = u64;
