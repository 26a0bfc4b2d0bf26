//! `balance random(N)`: of N servers drawn by weight, the one with the least to do.
//!
//! HAProxy draws from its consistent hash ring, whose shares only approach the weights; drawing from the dealt turns
//! gives every server exactly its share.

use std::sync::Arc;

use super::{Algorithm, Choice, Dice, Farm, Wish, map, walk};
use crate::queue::Room;
use crate::server::Server;

/// How many are drawn, and the dice.
#[derive(Debug)]
pub(super) struct Random {
    draws: u32,
    dice: Dice,
}

impl Random {
    pub(super) fn new(draws: u32, seed: u64) -> Self {
        Self { draws: draws.max(1), dice: Dice::new(seed) }
    }
}

impl Algorithm for Random {
    fn order(&self, weighted: &[(usize, u32)]) -> Vec<u32> {
        map::spread(weighted)
    }

    fn choose(
        &self,
        farm: &Farm,
        servers: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice {
        let turns = farm.order.len();
        if turns == 0 {
            return Choice::Nobody;
        }
        let mut best: Option<usize> = None;
        let mut from = 0;
        for _ in 0..self.draws {
            from = self.dice.below(turns as u64) as usize;
            let drawn = farm.order[from] as usize;
            let lighter = best.is_none_or(|best| less(&servers[drawn], &servers[best]));
            if lighter && Some(drawn) != wish.avoid && room(drawn) == Room::Slot {
                best = Some(drawn);
            }
        }
        best.map_or_else(|| walk(&farm.order, from, wish, room), Choice::Server)
    }
}

/// Whether `a` has less to do for its weight than `b`.
fn less(a: &Server, b: &Server) -> bool {
    let load = |server: &Server| u64::from(server.busy()) + server.counters.waiting();
    load(a) * u64::from(b.weight().max(1)) < load(b) * u64::from(a.weight().max(1))
}
