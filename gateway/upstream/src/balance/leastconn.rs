//! `balance leastconn`: the server with the least to do for its weight; of equals, the one longest left alone.
//!
//! What HAProxy compares was learnt from the order in which held connections fill weighted servers: nothing for an
//! idle server, else (requests + 1) / weight; waiting requests count too, and a server whose queue is bounded by
//! `maxqueue` is chosen for its queue before the backend's own (configuration.txt, `leastconn` and `maxqueue`).

use std::sync::Arc;

use super::{Algorithm, Choice, Farm, Wish};
use crate::queue::Room;
use crate::server::Server;

/// It remembers nothing: each server knows what it has to do and when it was last touched.
#[derive(Debug)]
pub(super) struct LeastConn;

impl Algorithm for LeastConn {
    fn choose(
        &self,
        farm: &Farm,
        servers: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice {
        let mut best: Option<(Rank, usize, Room)> = None;
        for server in farm.members.iter().map(|server| *server as usize) {
            let rank = Rank::of(&servers[server], Some(server) == wish.avoid);
            if best.is_none_or(|(best, ..)| rank.less(&best)) {
                let room = room(server);
                best = if room == Room::None { best } else { Some((rank, server, room)) };
            }
        }
        match best {
            Some((_, server, Room::Slot)) => Choice::Server(server),
            Some((_, server, _)) => Choice::Wait(server),
            None if farm.members.is_empty() => Choice::Nobody,
            None => Choice::Busy,
        }
    }
}

/// How much a server has to do, to be compared.
#[derive(Clone, Copy, Debug)]
struct Rank {
    avoided: bool,
    load: u64,
    weight: u64,
    stamp: u64,
}

impl Rank {
    fn of(server: &Server, avoided: bool) -> Self {
        let requests = u64::from(server.busy()) + server.counters.waiting();
        let load = if requests == 0 { 0 } else { requests + 1 };
        Self { avoided, load, weight: u64::from(server.weight().max(1)), stamp: server.stamp() }
    }

    fn less(&self, other: &Self) -> bool {
        let (mine, theirs) = (self.load * other.weight, other.load * self.weight);
        (self.avoided, mine, self.stamp) < (other.avoided, theirs, other.stamp)
    }
}
