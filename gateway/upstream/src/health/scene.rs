//! A check as expressions see it: its variables, the answer that has come, and whom it is about.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;

use expr::{Figure, Side, Subject, Txn, TxnVars, Value, Var, VarScope};
use http::HeaderName;
use table::{Millis, Tables};

use super::http::Head;
use crate::backend::Backend;
use crate::events::World;
use crate::server::Server;

/// Whom a check is about: names and numbers of the backend and the server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    backend: (Arc<str>, u32),
    server: (Arc<str>, u32),
}

impl Names {
    /// Those of this server.
    pub(crate) fn of(backend: &Backend, server: &Server) -> Self {
        Self { backend: (backend.name.clone(), backend.id), server: (server.name.clone(), server.id) }
    }
}

/// An answer as far as it has come.
#[derive(Debug, Default)]
pub(super) struct Answer {
    /// All of it.
    pub(super) bytes: Vec<u8>,
    /// No more of it comes.
    pub(super) ended: bool,
    /// Its head, once that is whole.
    pub(super) head: Option<Head>,
    /// Its body so far.
    pub(super) body: Vec<u8>,
    /// That is all of the body.
    pub(super) whole: bool,
}

/// What an expression of a check sees.
pub(super) struct Scene<'a> {
    pub(super) names: &'a Names,
    pub(super) world: Option<&'a dyn World>,
    pub(super) vars: &'a TxnVars,
    pub(super) answer: &'a Answer,
}

impl Txn for Scene<'_> {
    fn backend(&self) -> Option<(&str, u32)> {
        Some((&self.names.backend.0, self.names.backend.1))
    }

    fn server(&self) -> Option<(&str, u32)> {
        Some((&self.names.server.0, self.names.server.1))
    }

    fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
        self.world?.figure(&self.names.backend.0, figure, of)
    }

    fn hostname(&self) -> &str {
        self.world.map_or("", World::hostname)
    }

    fn tables(&self) -> Option<&Tables> {
        self.world.map(World::tables)
    }

    fn table_clock(&self) -> Millis {
        self.world.map(World::table_clock).unwrap_or_default()
    }

    fn status(&self) -> Option<u16> {
        self.answer.head.as_ref().map(|head| head.status)
    }

    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let Some(head) = self.answer.head.as_ref().filter(|_| side == Side::Response) else { return };
        for (known, value) in &head.lines {
            let wanted = name.is_none_or(|name| name.as_str() == known);
            if wanted && visit(known.as_bytes(), value).is_break() {
                return;
            }
        }
    }

    fn body(&self, side: Side) -> Option<&[u8]> {
        (side == Side::Response && self.answer.head.is_some()).then_some(&self.answer.body)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u32 {
        fastrand::u32(..)
    }

    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }

    fn has_scope(&self, scope: VarScope) -> bool {
        matches!(scope, VarScope::Proc | VarScope::Check)
    }

    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }

    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        if self.has_scope(var.scope()) {
            self.vars.defer(var, value);
        }
    }
}
