//! What belongs on a server that is down goes there all the same: `option persist`, `force-persist`
//! (configuration.txt 4.2). `ignore-persist` is about cookies alone: stick tables and `use-server` are not asked about it.

use upstream::{Prefer, Server};

use crate::ctx::Ctx;
use crate::runtime::Backend;

/// How far a request insists on the server that it belongs on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Insistence {
    /// Not where that one is down.
    #[default]
    None,
    /// It goes there first (`option persist`).
    First,
    /// It goes there and nowhere else (`force-persist`).
    Alone,
}

impl Insistence {
    /// What the backend says of a request: the first of its rules that applies decides.
    pub(crate) fn of(backend: &Backend, ctx: &Ctx) -> Self {
        let model = backend.model();
        let rule = model.persistence.rules.iter().find(|rule| rule.cond.eval(&ctx.view(None)));
        match rule {
            Some(rule) if rule.force => Self::Alone,
            _ if model.options.persist => Self::First,
            _ => Self::None,
        }
    }

    /// Whether a request may go to a server that it belongs on.
    pub(crate) fn allows(self, server: &Server) -> bool {
        self != Self::None || server.takes_its_own()
    }

    /// The choice of that server.
    pub(crate) fn prefers(self, server: &Server) -> Prefer<'_> {
        match self {
            Self::None => Prefer::Server(server),
            Self::First | Self::Alone => Prefer::Down(server),
        }
    }
}
