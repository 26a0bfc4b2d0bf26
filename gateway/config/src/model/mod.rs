//! The model: what a configuration means, as plain data.
//!
//! No locks, no sockets, no clocks: two models compare equal when they mean the same, so that a reload is a
//! comparison of models. `resolve` is its only constructor.

mod bind;
mod check;
mod global;
mod proxy;
mod server;

pub use bind::{Bind, BindAddress, BindTls, Permissions, TlsVersion};
pub use check::{Check, CheckKind, ExpectStatus};
pub use global::{Global, LogFacility, LogFormat, LogLevel, LogTarget, LogTo, RunAs, StatsSocket};
pub use proxy::{
    Backend, BackendId, Balance, ConnectionMode, ForwardFor, Frontend, FrontendId, Logging, Mode, PageOrigin,
    ProxyOptions, Timeouts, TrafficLog, UseBackend,
};
pub use server::{Family, Server, ServerAddress, ServerPort};

use std::sync::Arc;

use expr::Patterns;

/// Everything that a set of configuration files means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The `global` section.
    pub global: Global,
    /// `frontend` sections and the frontend halves of `listen` sections, in the order of the files.
    pub frontends: Vec<Frontend>,
    /// `backend` sections and the backend halves of `listen` sections, in the order of the files.
    pub backends: Vec<Backend>,
    /// The variables that expressions name, and where their values are kept.
    pub variables: expr::VarTable,
    /// What ACLs and maps compare with, for those who change it at run time. Equality is theirs who use it: two models
    /// are equal when the files that they read held the same.
    pub patterns: Arc<Patterns>,
}

impl Model {
    /// The frontend that `id` names; ids come from this model alone.
    pub fn frontend(&self, id: FrontendId) -> &Frontend {
        &self.frontends[id.0]
    }

    /// The backend that `id` names; ids come from this model alone.
    pub fn backend(&self, id: BackendId) -> &Backend {
        &self.backends[id.0]
    }

    /// The same without the places of its lines: two models that mean the same are equal then, wherever they stand.
    #[must_use]
    pub fn without_places(&self) -> Self {
        let mut model = self.clone();
        for frontend in &mut model.frontends {
            frontend.place.clear();
            frontend.binds.iter_mut().for_each(|bind| bind.place.clear());
            frontend.use_backend.iter_mut().for_each(|rule| rule.place.clear());
        }
        for backend in &mut model.backends {
            backend.place.clear();
            backend.servers.iter_mut().for_each(|server| server.place.clear());
        }
        model
    }
}
