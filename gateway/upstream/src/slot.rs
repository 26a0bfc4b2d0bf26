//! A request's right to a server: while a [`Slot`] lives the request counts there, and its end wakes who waits next.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use crate::address::Address;
use crate::backend::Backend;
use crate::server::Server;

/// A server that was chosen for a request, until it is dropped.
#[derive(Debug)]
pub struct Slot {
    claim: Claim,
    address: Address,
    waited: Waited,
}

/// How long a request waited for its server, as log lines tell it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Waited {
    /// The time in queues.
    pub time: Duration,
    /// Who stood before it in the server's own queue (`srv_queue`).
    pub server_queue: u32,
    /// Who stood before it in the backend's queue (`backend_queue`).
    pub backend_queue: u32,
}

impl Slot {
    pub(crate) fn new(claim: Claim, address: Address, waited: Waited) -> Self {
        Self { claim, address, waited }
    }

    /// The server.
    pub fn server(&self) -> &Arc<Server> {
        &self.claim.backend.servers[self.claim.server]
    }

    /// Its backend.
    pub fn backend(&self) -> &Arc<Backend> {
        &self.claim.backend
    }

    /// Where to connect.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How long it was waited for.
    pub fn waited(&self) -> Waited {
        self.waited
    }
}

impl Deref for Slot {
    type Target = Arc<Server>;

    fn deref(&self) -> &Arc<Server> {
        self.server()
    }
}

/// The bare right, which can travel to who waits for it; dropped on the way, it goes to the next.
pub(crate) struct Claim {
    backend: Arc<Backend>,
    server: usize,
    spent: bool,
}

impl Claim {
    /// Counts a request on this server.
    pub(crate) fn new(backend: &Arc<Backend>, server: usize) -> Self {
        backend.entered(server);
        Self { backend: Arc::clone(backend), server, spent: false }
    }

    /// The server's place in its backend.
    pub(crate) fn server(&self) -> usize {
        self.server
    }

    /// Takes the claim back without waking anybody: the caller holds the slot on.
    pub(crate) fn forget(mut self) {
        self.spent = true;
        self.backend.left(self.server);
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        if !self.spent {
            self.backend.left(self.server);
            self.backend.freed(self.server);
        }
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("backend", &self.backend.name).field("server", &self.server).finish()
    }
}
