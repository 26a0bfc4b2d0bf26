//! A request's body as far as it was read, so that it can be sent a second time.

use bytes::Bytes;

use crate::message::Lines;

/// Bodies up to this size can be sent again, whatever a buffer holds.
const LIMIT: usize = 64 * 1024;

/// What was read of the client's body, as long as it is small enough to be sent again.
#[derive(Debug, Default)]
pub(in crate::exchange) struct Replay {
    /// What was read, piece by piece.
    pub(super) parts: Vec<Bytes>,
    size: usize,
    /// Bodies up to this size can be sent again.
    limit: usize,
    lost: bool,
    /// That is all.
    pub(super) done: bool,
    /// What stood behind it, once it was read.
    pub(super) trailers: Option<Lines>,
    /// The client has seen an interim response to it.
    pub(super) interim: bool,
}

impl Replay {
    /// Whether all that was read can be sent again.
    pub(in crate::exchange) fn is_whole(&self) -> bool {
        !self.lost
    }

    /// Whether all of the request was read, is here, and takes no more than so many bytes, so that it can be sent again
    /// after a response. A client that was told of an interim response is not told twice.
    pub(in crate::exchange) fn fits(&self, room: usize) -> bool {
        self.done && !self.lost && self.size <= room && !self.interim
    }

    /// What was read before there was a server, and whether it was all; what fits into so many bytes is kept.
    pub(in crate::exchange) fn of((part, done): (Option<Bytes>, bool), room: usize) -> Self {
        let size = part.as_ref().map_or(0, Bytes::len);
        let limit = room.max(LIMIT);
        Self { parts: part.into_iter().collect(), size, limit, done, ..Self::default() }
    }

    /// Keeps what was read.
    pub(super) fn remember(&mut self, part: &Bytes) {
        if self.lost || self.size + part.len() > self.limit {
            self.lost = true;
            self.parts.clear();
        } else {
            self.size += part.len();
            self.parts.push(part.clone());
        }
    }
}
