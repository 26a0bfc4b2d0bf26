//! Health checks: what is asked of a server ([`tcp`], [`http`], [`script`]), what the answer means ([`outcome`]), and what it
//! does to the server's state ([`fsm`]).

mod expectation;
mod fsm;
mod http;
mod outcome;
mod probe;
mod scene;
mod script;
mod tcp;

pub(crate) use fsm::{Fsm, Step};
pub use outcome::{Outcome, Verdict};
pub(crate) use probe::Probe;
pub(crate) use scene::Names;
