//! `balance`: which of the usable servers gets a request. One file per algorithm.
//!
//! An algorithm sees the [`Farm`], what the request brings along, and a question it may ask of each server: is there
//! room? It allocates nothing and locks nothing; what is costly is done when the farm changes, which is rare.

mod farm;
mod first;
mod leastconn;
mod map;
mod random;
mod roundrobin;
mod source;
mod static_rr;
#[cfg(test)]
mod tests;

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use config::model::Balance;

pub(crate) use farm::Farm;

use crate::queue::Room;
use crate::server::Server;

/// What a request brings along.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Wish {
    /// The client's address.
    pub(crate) client: Option<IpAddr>,
    /// A server that has just failed; another is better, if there is one.
    pub(crate) avoid: Option<usize>,
}

/// What an algorithm says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Choice {
    /// This server, which has a slot.
    Server(usize),
    /// This server and no other, though it has no slot now.
    Wait(usize),
    /// None has a slot; any will do.
    Busy,
    /// There is none.
    Nobody,
}

/// One algorithm.
pub(crate) trait Algorithm: Send + Sync + std::fmt::Debug {
    /// The farm's servers in the order in which turns are taken, each as often as its weight says; empty where
    /// the algorithm takes no turns.
    fn order(&self, _weighted: &[(usize, u32)]) -> Vec<u32> {
        Vec::new()
    }

    /// Whether weights changed at run time count; else those of the configuration do.
    fn dynamic(&self) -> bool {
        true
    }

    /// The server for this request.
    fn choose(
        &self,
        farm: &Farm,
        servers: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice;
}

/// The algorithm of this `balance` line.
pub(crate) fn algorithm(balance: &Balance, seed: u64) -> Box<dyn Algorithm> {
    match balance {
        // what no file here chooses by is refused while loading
        Balance::RoundRobin
        | Balance::Uri(_)
        | Balance::UrlParam { .. }
        | Balance::Header { .. }
        | Balance::RdpCookie(_)
        | Balance::Hash(_)
        | Balance::LogHash(_)
        | Balance::Sticky => Box::new(roundrobin::RoundRobin::default()),
        Balance::StaticRr => Box::new(static_rr::StaticRr::default()),
        Balance::LeastConn => Box::new(leastconn::LeastConn),
        Balance::First => Box::new(first::First),
        Balance::Source => Box::new(source::Source::default()),
        Balance::Random(draws) => Box::new(random::Random::new(*draws, seed)),
    }
}

/// Walks one round of turns from `start`: the first server that has a slot and is not to be avoided, else the avoided
/// one.
fn walk(order: &[u32], start: usize, wish: &Wish, room: &mut dyn FnMut(usize) -> Room) -> Choice {
    if order.is_empty() {
        return Choice::Nobody;
    }
    let mut avoided = None;
    let turns = order[start..].iter().chain(&order[..start]);
    for server in turns.map(|server| *server as usize) {
        if Some(server) == wish.avoid {
            avoided = avoided.or_else(|| (room(server) == Room::Slot).then_some(server));
        } else if room(server) == Room::Slot {
            return Choice::Server(server);
        }
    }
    avoided.map_or(Choice::Busy, Choice::Server)
}

/// Pseudo-random numbers without a lock: splitmix64 over a shared counter.
#[derive(Debug)]
pub(crate) struct Dice(AtomicU64);

impl Dice {
    /// The same seed, the same numbers.
    pub(crate) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// The next number.
    pub(crate) fn roll(&self) -> u64 {
        const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut mixed = self.0.fetch_add(GAMMA, Relaxed).wrapping_add(GAMMA);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// The next number below `bound`, which is not 0.
    pub(crate) fn below(&self, bound: u64) -> u64 {
        // the high half of the product: without a division, and even enough for any bound that is used here
        ((u128::from(self.roll()) * u128::from(bound)) >> 64) as u64
    }
}
