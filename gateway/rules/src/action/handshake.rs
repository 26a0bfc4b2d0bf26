//! `wait-for-handshake`: a request that came with the first bytes of a TLS handshake waits for its end. Here requests
//! are read when the handshake has ended, so that there is nothing to wait for.

use expr::{Parts, Scope};
use lang::{Diagnostic, Words};

use super::Action;
use crate::{Flow, Message};

#[derive(Debug)]
struct WaitForHandshake;

impl Action for WaitForHandshake {
    fn apply(&self, _message: &mut dyn Message) -> Flow {
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn parse(_: &mut Words<'_>, _: &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(WaitForHandshake))
}
