//! `balance source`: the same client, the same server, as long as the set of servers stays.
//!
//! The hash is HAProxy's (learnt from its binary with PROXY protocol sources): an IPv4 address is its 32 bits, an
//! IPv6 address the exclusive or of its four words; modulo the total weight it names a turn in the static map. So a
//! client stays with its server when the gateway takes HAProxy's place. (`hash-type consistent` is not in the model;
//! pingora-load-balancing's ketama ring is where it would come from.)

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use super::{Algorithm, Choice, Farm, Wish, map};
use crate::queue::Room;
use crate::server::Server;

/// Whose turn it is among clients without an address (unix sockets), who take turns.
#[derive(Debug, Default)]
pub(super) struct Source(AtomicUsize);

impl Algorithm for Source {
    fn order(&self, weighted: &[(usize, u32)]) -> Vec<u32> {
        map::deal(weighted)
    }

    fn dynamic(&self) -> bool {
        false
    }

    fn choose(
        &self,
        farm: &Farm,
        _: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice {
        if farm.order.is_empty() {
            return Choice::Nobody;
        }
        let hash = wish.client.map_or_else(|| self.0.fetch_add(1, Relaxed), |client| hash(client) as usize);
        let server = farm.order[hash % farm.order.len()] as usize;
        if room(server) == Room::Slot { Choice::Server(server) } else { Choice::Wait(server) }
    }
}

fn hash(client: IpAddr) -> u32 {
    match client {
        IpAddr::V4(ip) => u32::from(ip),
        IpAddr::V6(ip) => {
            let bits = u128::from(ip);
            ((bits >> 96) ^ (bits >> 64) ^ (bits >> 32) ^ bits) as u32
        }
    }
}
