//! `balance first`: the server of the lowest `id` that has a free slot; weights do not count.

use std::sync::Arc;

use super::{Algorithm, Choice, Farm, Wish};
use crate::queue::Room;
use crate::server::Server;

/// It remembers nothing.
#[derive(Debug)]
pub(super) struct First;

impl Algorithm for First {
    fn choose(
        &self,
        farm: &Farm,
        servers: &[Arc<Server>],
        wish: &Wish,
        room: &mut dyn FnMut(usize) -> Room,
    ) -> Choice {
        let mut best: Option<(bool, u32, usize)> = None;
        for server in farm.members.iter().map(|server| *server as usize) {
            let rank = (Some(server) == wish.avoid, servers[server].id, server);
            if best.is_none_or(|best| rank < best) && room(server) == Room::Slot {
                best = Some(rank);
            }
        }
        match best {
            Some((_, _, server)) => Choice::Server(server),
            None if farm.members.is_empty() => Choice::Nobody,
            None => Choice::Busy,
        }
    }
}
