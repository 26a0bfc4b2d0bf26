//! What limits on bandwidth do to the bodies of an exchange: a piece is held until it may go on, and nothing is read
//! behind it, so that no more than one is ever held each way.

use std::time::Instant;

use bytes::Bytes;
use pingora::{Error, Result};

use super::Relay;
use crate::bandwidth::{Allowed, Way};

/// What was read from the client and may not go on yet.
#[derive(Debug, Default)]
pub(super) struct Held {
    data: Bytes,
    /// It is the last of the body.
    last: bool,
    /// When to ask again; nothing where nothing is held.
    pub(super) due: Option<Instant>,
}

impl Relay<'_, '_> {
    /// Takes a piece of the client's body for the server.
    pub(super) fn pass_to_server(&mut self, data: Bytes, last: bool) {
        self.held = Held { data, last, due: None };
        self.release();
    }

    /// Lets go of as much of what is held as may go on by now.
    pub(super) fn release(&mut self) {
        self.held.due = None;
        while !self.held.data.is_empty() {
            match self.ctx.allow(Way::Server, self.held.data.len()) {
                Allowed::Bytes(bytes) => {
                    let part = self.held.data.split_to(bytes);
                    self.queue_body(&part);
                }
                Allowed::Wait(pause) => {
                    self.held.due = Some(Instant::now() + pause);
                    return;
                }
            }
        }
        if std::mem::take(&mut self.held.last) {
            self.end_body();
        }
    }

    /// Passes a piece of the response on, at once where nothing holds it back. The server is not read meanwhile.
    pub(super) async fn pass_to_client(&mut self, mut data: Bytes, end: bool) -> Result<()> {
        while !self.ctx.limits.is_free(Way::Client) {
            match self.ctx.allow(Way::Client, data.len()) {
                Allowed::Bytes(bytes) if bytes < data.len() => {
                    let part = data.split_to(bytes);
                    self.client.body(part, false).await.map_err(Error::into_down)?;
                }
                Allowed::Bytes(_) => break,
                Allowed::Wait(pause) => {
                    self.client.flush().await.map_err(Error::into_down)?;
                    tokio::time::sleep(pause).await;
                }
            }
        }
        self.client.body(data, end).await.map_err(Error::into_down)
    }
}
