//! Backends at run time: which server gets a request, who waits for one, who is alive, where each one is.
//!
//! What decides is sans-io (`queue`, `retry`, `health::fsm`, `balance`): clocks and choices come in as arguments,
//! decisions go out, so that seeded simulations can hold them to their invariants. What touches the network
//! (`health::tcp`, `health::http`, `resolve`) is thin, and `background` drives it.
//!
//! **What is pingora-load-balancing's and what is ours.** The framework's traits are the seams: every probe is its
//! `HealthCheck`, every name is its `ServiceDiscovery`, and what passes between them and our schedule is its
//! `Backend`. The state is ours, for its identity of a server (address and weight) cannot hold what HAProxy
//! promises: two `server` lines with one address, names, weights at run time, backup servers, queues, `maxconn`,
//! `leastconn`, an interval per server and per state, and a log line that says why. Selection is ours too: its
//! round robin is not smooth, and its hashing does not send a client where HAProxy sends it.

mod address;
mod backend;
mod background;
mod balance;
mod dns;
mod events;
#[cfg(test)]
mod fixture;
mod health;
mod queue;
mod resolve;
mod retry;
mod server;
mod slot;
#[cfg(test)]
mod tests;

pub use address::Address;
pub use backend::{Ask, Backend, Prefer, Unavailable};
pub use background::{Unresolved, spawn_background, start_addresses};
pub use dns::Resolver;
pub use events::{AddressChange, CheckReport, Event, Events, StateChange, World};
pub use health::{Outcome, Verdict};
pub use queue::Priority;
pub use resolve::{Lookup, Names, SystemLookup};
pub use retry::{Attempt, Next, RetryOn, RetryPolicy};
pub use server::{Admin, Server, Status};
pub use slot::{Slot, Waited};
