//! Everything that is built from one configuration, swapped whole at a reload.

use std::collections::HashMap;
use std::sync::Arc;

use config::model::{self, BackendId, FrontendId, Model};
use expr::plan::FirstMatch;
use expr::{ProcessVars, Stream, Value, VarScope, VarTable};
use observe::log::{Destination, Sinks};
use observe::{FrontendCounters, ListenerCounters};
use parking_lot::Mutex;
use tokio::sync::watch;
use upstream::Resolver;

use crate::answer::Pages;
use crate::http1::head::Limits;
use crate::logger::Logger;
use crate::track::StickTables;

/// What one configuration became.
#[derive(Debug)]
pub struct Runtime {
    /// The configuration.
    pub model: Arc<Model>,
    /// In the order of the model.
    pub frontends: Vec<Arc<Frontend>>,
    /// In the order of the model.
    pub backends: Vec<Arc<Backend>>,
    /// The variables of the process: those of a new configuration begin anew, as a new process' do.
    pub vars: Arc<ProcessVars>,
    /// The names of variables, those that only the CLI has named among them.
    names: Mutex<VarTable>,
    /// This machine's name.
    pub hostname: String,
    /// The place of each proxy by its name: (frontends, backends).
    named: (HashMap<String, usize>, HashMap<String, usize>),
    /// Who is asked for the addresses of names, in the order of the model.
    resolvers: Vec<Arc<Resolver>>,
    /// The stick tables.
    pub tables: Arc<StickTables>,
    /// Where the standard streams are written.
    sinks: Sinks,
    /// Ends this configuration's checks and name lookups.
    stop: watch::Sender<bool>,
}

/// A frontend at run time.
#[derive(Debug)]
pub struct Frontend {
    /// Its place in the model.
    pub id: FrontendId,
    model: Arc<Model>,
    /// What it counts.
    pub counters: Arc<FrontendCounters>,
    /// What each of its sockets counts.
    pub listeners: Vec<Arc<ListenerCounters>>,
    /// `name` of each; empty where it has none.
    pub listener_names: Vec<String>,
    /// `maxconn` of the frontend.
    pub limit: Option<Arc<listen::Limit>>,
    /// `maxconn` of each socket.
    pub bind_limits: Vec<Option<Arc<listen::Limit>>>,
    /// TLS of each socket.
    pub tls: Vec<Option<Arc<listen::tls::Tls>>>,
    /// Its error pages.
    pub pages: Pages,
    /// Its `use_backend` rules, compiled.
    pub switch: FirstMatch,
    /// Where its traffic is logged.
    pub log: Logger,
    /// What a request's head may have.
    pub limits: Limits,
}

/// A backend at run time.
#[derive(Debug)]
pub struct Backend {
    /// Its place in the model.
    pub id: BackendId,
    model: Arc<Model>,
    /// Its servers and who gets a request.
    pub upstream: Arc<upstream::Backend>,
    /// Its error pages, which go before the frontend's.
    pub pages: Pages,
    /// Where the states of its servers are logged.
    pub log: Logger,
}

impl Frontend {
    /// What the configuration says of it.
    pub fn model(&self) -> &model::Frontend {
        self.model.frontend(self.id)
    }
}

impl Backend {
    /// What the configuration says of it.
    pub fn model(&self) -> &model::Backend {
        self.model.backend(self.id)
    }
}

/// What a runtime is built with.
#[derive(Debug)]
pub struct Materials<'a> {
    /// The configuration.
    pub model: Arc<Model>,
    /// The runtime before it: counters, server states and certificates that go on.
    pub previous: Option<&'a Runtime>,
    /// The process' connection limit after all limits were considered.
    pub maxconn: u32,
    /// Where log lines go.
    pub sinks: &'a Sinks,
}

impl Runtime {
    /// Builds everything that can fail before anything is changed.
    ///
    /// # Errors
    /// All reasons, each a sentence that names its place.
    pub fn build(materials: &Materials<'_>) -> Result<Arc<Self>, Vec<String>> {
        let model = &materials.model;
        model.compile();
        let mut errors = Vec::new();
        let frontends = (0..model.frontends.len())
            .map(|place| Arc::new(build_frontend(materials, FrontendId(place), &mut errors)))
            .collect();
        if !errors.is_empty() {
            return Err(errors);
        }
        let backends =
            (0..model.backends.len()).map(|place| build_backend(materials, BackendId(place))).collect();
        let (stop, _) = watch::channel(false);
        let hostname = hostname();
        let places = |names: &mut dyn Iterator<Item = &String>| {
            names.enumerate().map(|(place, name)| (name.clone(), place)).collect()
        };
        Ok(Arc::new(Self {
            model: model.clone(),
            frontends,
            backends,
            tables: StickTables::build(model, materials.previous.map(|previous| &*previous.tables)),
            vars: crate::variables::of_process(model, &hostname),
            names: Mutex::new(model.asked.vars.clone()),
            hostname,
            named: (
                places(&mut model.frontends.iter().map(|frontend| &frontend.name)),
                places(&mut model.backends.iter().map(|backend| &backend.name)),
            ),
            resolvers: build_resolvers(model, materials.previous),
            sinks: materials.sinks.clone(),
            stop,
        }))
    }

    /// Shows a line on a standard stream.
    pub(crate) fn show(&self, stream: Stream, line: &[u8]) {
        let to = match stream {
            Stream::Out => Destination::Stdout,
            Stream::Error => Destination::Stderr,
        };
        self.sinks.write(&to, line);
    }

    /// The backend of an id.
    pub fn backend(&self, id: BackendId) -> &Arc<Backend> {
        &self.backends[id.0]
    }

    /// Becomes true when this configuration is not used any more.
    pub fn stopped(&self) -> watch::Receiver<bool> {
        self.stop.subscribe()
    }

    /// Ends the checks and lookups of this configuration.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// The type and the text of a variable of the process; `None` where it is not known or not set.
    pub fn variable(&self, name: &str) -> Option<(&'static str, Vec<u8>)> {
        let var = self.names.lock().find(name).filter(|var| var.scope() == VarScope::Proc)?;
        let value = self.vars.vars.read().get(var.slot())?.clone();
        let kind = match &value {
            Value::Ip(std::net::IpAddr::V4(_)) => "ipv4",
            Value::Ip(std::net::IpAddr::V6(_)) => "ipv6",
            other => other.kind().name(),
        };
        Some((kind, value.into_text().into_owned()))
    }

    /// Sets a variable of the process to the value of an expression, or of a log format.
    ///
    /// # Errors
    /// There is no such variable or value, in HAProxy's words.
    pub fn set_variable(&self, name: &str, text: &str, formatted: bool) -> Result<(), String> {
        crate::variables::assign(self, &mut self.names.lock(), (name, text), formatted)
    }

    /// The frontend of a name.
    pub fn frontend_named(&self, name: &str) -> Option<&Arc<Frontend>> {
        self.named.0.get(name).and_then(|place| self.frontends.get(*place))
    }

    /// The name servers of the `resolvers` section of a name.
    pub fn resolver(&self, name: &str) -> Option<&Arc<Resolver>> {
        self.resolvers.iter().find(|resolver| resolver.section().name == name)
    }

    /// The backend of a name.
    pub fn backend_named(&self, name: &str) -> Option<&Arc<Backend>> {
        self.named.1.get(name).and_then(|place| self.backends.get(*place))
    }
}

/// What name servers have said goes on through a reload where their section is the same.
fn build_resolvers(model: &Model, previous: Option<&Runtime>) -> Vec<Arc<Resolver>> {
    let before = |section: &model::Resolvers| {
        let known = previous?.resolver(&section.name)?;
        (known.section() == section).then(|| known.clone())
    };
    let build = |section: &model::Resolvers| {
        before(section).unwrap_or_else(|| Arc::new(Resolver::new(section.clone())))
    };
    model.resolvers.iter().map(build).collect()
}

/// What the kernel says; nothing where it says nothing.
fn hostname() -> String {
    std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim_end().to_owned()
}

fn build_frontend(materials: &Materials<'_>, id: FrontendId, errors: &mut Vec<String>) -> Frontend {
    let model = &materials.model;
    let frontend = model.frontend(id);
    let before = materials.previous.and_then(|previous| previous.frontend_named(&frontend.name));
    let conditions: Vec<Option<&expr::Cond>> =
        frontend.use_backend.iter().map(|rule| rule.cond.as_ref()).collect();
    let counted = |place: usize, name: &str| {
        let known = before.and_then(|before| {
            let known = before.model().binds.iter().position(|bind| bind.name == name)?;
            before.listeners.get(known).cloned()
        });
        let _ = place;
        known.unwrap_or_default()
    };
    Frontend {
        id,
        model: model.clone(),
        counters: before.map(|before| before.counters.clone()).unwrap_or_default(),
        listeners: frontend
            .binds
            .iter()
            .enumerate()
            .map(|(place, bind)| counted(place, &bind.name))
            .collect(),
        listener_names: frontend.binds.iter().map(|bind| bind.own_name().to_owned()).collect(),
        limit: frontend_limit(frontend, before, materials.maxconn),
        bind_limits: frontend.binds.iter().map(|bind| bind.maxconn.map(listen::Limit::new)).collect(),
        tls: frontend.binds.iter().map(|bind| build_tls(bind, model, errors)).collect(),
        pages: Pages::new(&frontend.options),
        switch: FirstMatch::compile(&conditions),
        log: Logger::new(&frontend.logging, model, &frontend.options, materials.sinks),
        limits: Limits {
            bytes: model.global.head_size,
            headers: model.global.max_headers.saturating_sub(1),
            any_payload: model.global.accepts_any_payload(),
        },
    }
}

/// A frontend's limit goes on through a reload, since its connections do.
fn frontend_limit(
    frontend: &model::Frontend,
    before: Option<&Arc<Frontend>>,
    maxconn: u32,
) -> Option<Arc<listen::Limit>> {
    let size = frontend.maxconn.filter(|size| *size > 0).unwrap_or(maxconn);
    let limit = before.and_then(|before| before.limit.clone()).unwrap_or_else(|| listen::Limit::new(size));
    limit.resize(size);
    Some(limit)
}

fn build_tls(bind: &model::Bind, model: &Model, errors: &mut Vec<String>) -> Option<Arc<listen::tls::Tls>> {
    let tls = bind.tls.as_ref()?;
    match listen::tls::Tls::build(tls, &model.global) {
        Ok((context, warnings)) => {
            for warning in warnings {
                log::warn!("{}: {warning}", bind.place);
            }
            Some(Arc::new(context))
        }
        Err(error) => {
            errors.push(format!("{}: {error}", bind.place));
            None
        }
    }
}

fn build_backend(materials: &Materials<'_>, id: BackendId) -> Arc<Backend> {
    let model = materials.model.backend(id);
    let before = materials.previous.and_then(|previous| previous.backend_named(&model.name));
    Arc::new(Backend {
        id,
        model: materials.model.clone(),
        upstream: upstream::Backend::build(model, before.map(|before| &*before.upstream)),
        pages: Pages::new(&model.options),
        log: Logger::new(&model.logging, &materials.model, &model.options, materials.sinks),
    })
}
