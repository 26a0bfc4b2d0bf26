//! The model: what a configuration means, as plain data.
//!
//! No locks, no sockets, no clocks: two models compare equal when they mean the same, so that a reload is a
//! comparison of models. `resolve` is its only constructor.

mod balance;
mod bind;
mod cache;
mod certificates;
mod check;
mod check_step;
mod connect;
mod fcgi_app;
mod forwarded;
mod global;
mod healthcheck;
mod http_errors;
mod mailers;
mod peers;
mod persist;
mod proxy;
mod resolvers;
mod ring;
mod rule;
mod server;
mod service;
mod table;
mod traces;

pub use balance::{Affinity, Balance, HashFunction, Hashing, UriHash};
pub use bind::{
    Bind, BindAddress, BindTls, CrtList, CrtListEntry, IgnoredErrors, Permissions, Proto, Severity, Shards,
    ThreadSet, TlsVersion,
};
pub use cache::Cache;
pub use certificates::{Acme, Challenge, CrtLoad, CrtStore, KeyType};
pub use check::{Check, CheckKind, ExpectStatus};
pub use check_step::{
    CheckConnect, CheckExpect, CheckExpectOptions, CheckMatch, CheckPattern, CheckPayload, CheckPort,
    CheckRequest, CheckStep, CheckText,
};
pub use connect::{Connections, RetryEvent, Reuse, ServerTemplate, Source, UseSource};
pub use expr::auth::{Password, User, Userlist};
pub use fcgi_app::{FcgiApp, PassHeader, SetParam};
pub use forwarded::{ForwardFor, Forwarded, ForwardedValue, HeaderNames, OriginalTo};
pub use global::{
    CpuMap, DefaultPath, DefaultServer, Global, LogFacility, LogFormat, LogSample, LogTarget, LogTo, RunAs,
    Setting, StatsSocket, UnixBind, Variable, VariableValue,
};
pub use healthcheck::Healthcheck;
pub use http_errors::HttpErrors;
pub use mailers::{Mailer, Mailers};
pub use peers::{Peer, Peers};
pub use persist::{Cookie, CookieMode, PersistRule, Persistence};
pub use proxy::{
    Backend, BackendId, ConnectionMode, Frontend, FrontendId, Logging, Mode, PageOrigin, ProxyOptions,
    Timeouts, TrafficLog,
};
pub use resolvers::{Hold, Nameserver, NameserverAddress, Resolvers};
pub use ring::{DgramBind, LogForward, LogProfile, LogStep, Ring};
pub use rule::{
    Asked, CaptureSlot, Captures, CookieCapture, ServerChoice, SwitchTo, UniqueId, UseBackend, UseServer,
};
pub use rules::LogLevel;
pub use server::{
    Agent, CheckOver, Family, HashKey, InitAddr, InitState, Observe, OnError, Pool, Reactions, Resolve,
    SendProxy, Server, ServerAddress, ServerLog, ServerPort, ServerSource, ServerTls, WebSocket,
};
pub use service::{Algorithm, Bandwidth, Compression, Direction, EmailAlert, Filter, Services, StatsPage};
pub use table::{ServerKey, StickRule, StickTable};
pub use traces::Trace;

use std::sync::Arc;

use expr::Patterns;
use rules::RuleSet;

/// Everything that a set of configuration files means.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// The `global` section.
    pub global: Global,
    /// `frontend` sections and the frontend halves of `listen` sections, in the order of the files.
    pub frontends: Vec<Frontend>,
    /// `backend` sections and the backend halves of `listen` sections, in the order of the files.
    pub backends: Vec<Backend>,
    /// What expressions name and ask for: where the values of variables are kept, whether somebody reads bodies.
    pub asked: expr::Names,
    /// What ACLs and maps compare with, for those who change it at run time. Equality is theirs who use it: two models
    /// are equal when the files that they read held the same.
    pub patterns: Arc<Patterns>,
    /// `resolvers` sections.
    pub resolvers: Vec<Resolvers>,
    /// `userlist` sections.
    pub userlists: Vec<Userlist>,
    /// `peers` sections.
    pub peers: Vec<Peers>,
    /// `cache` sections.
    pub caches: Vec<Cache>,
    /// `http-errors` sections.
    pub http_errors: Vec<HttpErrors>,
    /// `ring` sections.
    pub rings: Vec<Ring>,
    /// `log-forward` sections.
    pub log_forwards: Vec<LogForward>,
    /// `log-profile` sections.
    pub log_profiles: Vec<LogProfile>,
    /// `mailers` sections.
    pub mailers: Vec<Mailers>,
    /// `fcgi-app` sections.
    pub fcgi_apps: Vec<FcgiApp>,
    /// `crt-store` sections.
    pub crt_stores: Vec<CrtStore>,
    /// `acme` sections.
    pub acmes: Vec<Acme>,
    /// `healthcheck` sections.
    pub healthchecks: Vec<Healthcheck>,
    /// The lines of `traces` sections.
    pub traces: Vec<Trace>,
}

/// Names the lookups of sections by name; they are few, and looked up while a configuration is read or built.
macro_rules! by_name {
    ($($(#[$doc:meta])* $name:ident: $list:ident -> $type:ty;)*) => {$(
        $(#[$doc])*
        pub fn $name(&self, name: &str) -> Option<&$type> {
            self.$list.iter().find(|section| section.name == name)
        }
    )*};
}

impl Model {
    by_name! {
        /// The `resolvers` section that `resolvers NAME` on a server or `do-resolve(…,NAME)` means. HAProxy makes one
        /// called `default` by itself, of `/etc/resolv.conf`: where only a server names it, this is `None` and the name is
        /// no error.
        resolvers_named: resolvers -> Resolvers;
        /// The `userlist` section that `http_auth(NAME)` means.
        userlist: userlists -> Userlist;
        /// The `peers` section that a `stick-table … peers NAME` means.
        peers_named: peers -> Peers;
        /// The `cache` section that `http-request cache-use NAME` and `filter cache NAME` mean.
        cache: caches -> Cache;
        /// The `http-errors` section that `errorfiles NAME` means.
        http_errors_named: http_errors -> HttpErrors;
        /// The `ring` section that `log ring@NAME` means.
        ring: rings -> Ring;
        /// The `log-profile` section that `log … profile NAME` means.
        log_profile: log_profiles -> LogProfile;
        /// The `mailers` section that `email-alert mailers NAME` means.
        mailers_named: mailers -> Mailers;
        /// The `fcgi-app` section that `use-fcgi-app NAME` and `filter fcgi-app NAME` mean.
        fcgi_app: fcgi_apps -> FcgiApp;
        /// The `crt-store` section that `crt @NAME/…` means; the empty name is the section's that has none.
        crt_store: crt_stores -> CrtStore;
        /// The `acme` section that `acme NAME` means.
        acme: acmes -> Acme;
        /// The `healthcheck` section that `healthcheck NAME` on a server means.
        healthcheck: healthchecks -> Healthcheck;
    }
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

    /// Makes the plans by which rules are found, once for all requests.
    pub fn compile(&self) {
        let frontends = self.frontends.iter().flat_map(Frontend::rule_sets);
        let backends = self.backends.iter().flat_map(Backend::rule_sets);
        frontends.chain(backends).for_each(RuleSet::compile);
    }

    /// The stick tables, in the order of their proxies.
    pub fn stick_tables(&self) -> Vec<&StickTable> {
        let front = self.frontends.iter().filter_map(|proxy| Some((proxy.id, proxy.stick_table.as_ref()?)));
        let back = self.backends.iter().filter_map(|proxy| Some((proxy.id, proxy.stick_table.as_ref()?)));
        let mut tables: Vec<_> = front.chain(back).collect();
        tables.sort_by_key(|(id, _)| *id);
        tables.into_iter().map(|(_, table)| table).collect()
    }

    /// The same without the places of its lines: two models that mean the same are equal then, wherever they stand.
    #[must_use]
    pub fn without_places(&self) -> Self {
        let mut model = self.clone();
        model.global.stats_sockets.iter_mut().for_each(|socket| socket.bind.place.clear());
        for frontend in &mut model.frontends {
            frontend.place.clear();
            frontend.binds.iter_mut().for_each(|bind| bind.place.clear());
            frontend.stick_table.iter_mut().for_each(|table| table.place.clear());
            frontend.use_backend.iter_mut().for_each(|rule| rule.place.clear());
        }
        for backend in &mut model.backends {
            backend.place.clear();
            backend.stick_table.iter_mut().for_each(|table| table.place.clear());
            backend.stick_rules.iter_mut().for_each(|rule| rule.place.clear());
            backend.servers.iter_mut().for_each(|server| server.place.clear());
            backend.use_server.iter_mut().for_each(|rule| rule.place.clear());
            let templates = &mut backend.connections.templates;
            templates.iter_mut().for_each(|template| template.server.place.clear());
        }
        model.section_places().for_each(String::clear);
        model
    }

    /// The places of the sections that are no proxies, and of the lines in them.
    fn section_places(&mut self) -> impl Iterator<Item = &mut String> {
        let peers = self.peers.iter_mut().flat_map(|section| {
            let servers = section.peers.iter_mut().filter_map(|peer| peer.server.as_mut());
            let servers = servers.map(|server| &mut server.place);
            let tables = section.tables.iter_mut().map(|table| &mut table.place);
            let bind = section.bind.as_mut().map(|bind| &mut bind.place);
            servers.chain(bind).chain(tables).chain([&mut section.place])
        });
        let rings = self.rings.iter_mut().flat_map(|section| {
            section.servers.iter_mut().map(|server| &mut server.place).chain([&mut section.place])
        });
        let forwards = self.log_forwards.iter_mut().flat_map(|section| {
            let binds = section.binds.iter_mut().map(|bind| &mut bind.place);
            let dgrams = section.dgram_binds.iter_mut().map(|bind| &mut bind.place);
            binds.chain(dgrams).chain([&mut section.place])
        });
        let resolvers = self.resolvers.iter_mut().map(|section| &mut section.place);
        resolvers
            .chain(self.userlists.iter_mut().map(|section| &mut section.place))
            .chain(self.caches.iter_mut().map(|section| &mut section.place))
            .chain(self.http_errors.iter_mut().map(|section| &mut section.place))
            .chain(self.log_profiles.iter_mut().map(|section| &mut section.place))
            .chain(self.mailers.iter_mut().map(|section| &mut section.place))
            .chain(self.fcgi_apps.iter_mut().map(|section| &mut section.place))
            .chain(self.crt_stores.iter_mut().map(|section| &mut section.place))
            .chain(self.acmes.iter_mut().map(|section| &mut section.place))
            .chain(self.healthchecks.iter_mut().map(|section| &mut section.place))
            .chain(peers)
            .chain(rings)
            .chain(forwards)
    }
}
