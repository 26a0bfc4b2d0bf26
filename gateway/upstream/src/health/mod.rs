//! Health checks: what is asked of a server ([`tcp`], [`http`]), what the answer means ([`outcome`]), and what it
//! does to the server's state ([`fsm`]).

mod fsm;
mod http;
mod outcome;
mod probe;
mod tcp;

pub(crate) use fsm::{Fsm, Step};
pub use outcome::{Outcome, Verdict};
pub(crate) use probe::Probe;
