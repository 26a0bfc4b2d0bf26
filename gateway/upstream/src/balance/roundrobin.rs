//! `balance roundrobin`: in turns, by weight, smoothly; weights may change at run time.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Algorithm, Choice, Farm, Wish, map, walk};
use crate::queue::Room;
use crate::server::Server;

/// Whose turn it is: a count that only grows.
#[derive(Debug, Default)]
pub(super) struct RoundRobin(AtomicUsize);

impl Algorithm for RoundRobin {
    fn order(&self, weighted: &[(usize, u32)]) -> Vec<u32> {
        map::spread(weighted)
    }

    fn choose(
        &self,
        farm: &Farm,
        _: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice {
        let turns = farm.order.len().max(1);
        let start = self.0.fetch_add(1, Relaxed) % turns;
        walk(&farm.order, start, wish, room)
    }
}
