//! Rules: what is done to a message, and when. An action is a row of [`ACTIONS`] and a file beside it.

mod action;
mod answer;
mod change;
mod message;
mod rule;
mod set;
mod step;

#[cfg(test)]
mod allocations;
#[cfg(test)]
mod property;
#[cfg(test)]
mod world;

pub use action::{
    ACTIONS, DECLINED, Declined, HttpError, Row, failed, header_name, later, unexpected_status,
};
pub use answer::{Answer, AnswerKind, Flow, Question, Service};
pub use change::{Change, End, LogLevel, Packet, Peer, Slot, SlotNumber, Throttle, Timer};
pub use expr::Phase;
pub use message::Message;
pub use rule::{Rule, parse_redirect};
pub use set::RuleSet;
pub use step::Step;
