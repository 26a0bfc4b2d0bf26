//! A draft becomes a model: names become ids, and everything that crosses a section's border is judged. The only
//! constructor of [`Model`].

use std::collections::{HashMap, HashSet};

use lang::{Diagnostic, Diagnostics, Severity, Word, suggest};

use crate::cfg::{BACKEND, FRONTEND, LISTEN, PEERS, World, server};
use rules::{Slot, SlotNumber};

use crate::draft::{Draft, Log, Proxy, Server, Settings, Switch, Template};
use crate::judge::kind_in_words;
use crate::model::{
    Backend, BackendId, BindTls, Check, CheckKind, Connections, Frontend, FrontendId, Global, LogTarget,
    Logging, Mode, Model, Server as ModelServer, ServerAddress, ServerChoice, ServerPort, ServerTemplate,
    SwitchTo, UseBackend, UseServer,
};
use crate::pem::{self, Lists};
use crate::stick;

/// The first proxy's number, as HAProxy counts (it keeps 1 for itself).
pub(crate) const FIRST_ID: u32 = 2;
/// The first server's number in each backend.
pub(crate) const FIRST_SERVER_ID: u32 = 1;
/// HAProxy's `retries` where nothing is said.
pub(crate) const RETRIES: u32 = 3;

/// Builds the model; it is worth something only if no error was noted.
pub(crate) fn resolve(mut draft: Draft, world: World<'_>, notes: &mut Diagnostics) -> Model {
    unique_names(&draft.proxies, notes);
    let ids = number(&draft.proxies, notes);
    stick::judge(&mut draft.proxies, &mut draft.sections.peers, notes);
    crate::bandwidth::judge(&draft.proxies, notes);
    let names = Names::new(&draft.proxies);
    crate::reference::judge(&draft.sections, &draft.proxies, notes);
    crate::reference::logged(&draft, notes);
    crate::reference::logged_by_rules(&draft, notes);
    crate::cross::judge(&draft.sections, &draft.proxies, notes);
    let forwards = draft.sections.log_forwards.iter().map(|forward| &forward.body.section);
    let peers = draft.sections.peers.iter().map(|peers| &peers.body.section);
    for section in forwards.chain(peers) {
        pem::judge(section, &draft.global, world, notes);
    }
    let resolving =
        Resolving { global: &draft.global, names: &names, lists: Lists::new(), notes: &mut *notes };
    let system = crate::reference::system(&draft.sections, &draft.proxies, world.files);
    let sections = crate::cross::resolve(draft.sections, world, resolving);
    let mut model = Model { global: draft.global, ..sections };
    model.resolvers.extend(system);
    let halves = |kind| draft.proxies.iter().filter(|proxy| proxy.kind.meets(kind)).count();
    model.frontends.reserve_exact(halves(FRONTEND));
    model.backends.reserve_exact(halves(BACKEND));
    for (mut proxy, id) in draft.proxies.into_iter().zip(ids) {
        crate::judge::judge(&mut proxy, notes);
        crate::judge::external(&proxy, &model.global, notes);
        judge(&proxy, notes);
        let of_servers = proxy.servers.iter().flat_map(|server| server.options.named_files());
        let of_servers: Vec<_> = of_servers.collect();
        proxy.files.extend(of_servers);
        let lists = pem::judge(&proxy, &model.global, world, notes);
        let resolving = Resolving { global: &model.global, names: &names, lists, notes: &mut *notes };
        let (frontend, backend) = resolving.proxy(proxy, id);
        link(&mut model, frontend, backend);
    }
    if model.frontends.is_empty() && model.backends.is_empty() && !notes.has_errors() {
        let message = "the configuration has no proxy".to_owned();
        notes.push(Diagnostic::new(Severity::Notice, None, message));
    }
    model
}

/// Adds both halves; those of a `listen` know each other.
fn link(model: &mut Model, frontend: Option<Frontend>, backend: Option<Backend>) {
    let (front, back) = (FrontendId(model.frontends.len()), BackendId(model.backends.len()));
    let both = frontend.is_some() && backend.is_some();
    if let Some(mut frontend) = frontend {
        frontend.listen = both.then_some(back);
        model.frontends.push(frontend);
    }
    if let Some(mut backend) = backend {
        backend.listen = both.then_some(front);
        model.backends.push(backend);
    }
}

/// The backends by name, and where each section of a name stands.
pub(crate) struct Names {
    backends: HashMap<String, (BackendId, Mode, String)>,
    /// By `backend/server`: whether anything tells its health, and whose health it shares.
    servers: HashMap<String, (bool, Option<String>)>,
}

impl Names {
    fn new(proxies: &[Proxy]) -> Self {
        let halves = proxies.iter().filter(|proxy| proxy.kind.meets(BACKEND));
        let backends = halves.enumerate().map(|(index, proxy)| {
            (proxy.name.clone(), (BackendId(index), mode(&proxy.settings), proxy.place.clone()))
        });
        let servers = proxies.iter().flat_map(|proxy| {
            let entry = |server: &Server, name: &str| {
                let model = &server.options.model;
                let told = server.options.checked || model.agent.on;
                let track = model.track.as_ref().map(|track| qualified(track, &proxy.name));
                (qualified(name, &proxy.name), (told, track))
            };
            let made = proxy.templates.iter().flat_map(move |template| {
                let numbers = template.first..=template.last;
                let name = move |number| format!("{}{number}", template.server.name);
                numbers.map(move |number| entry(&template.server, &name(number)))
            });
            proxy.servers.iter().map(move |server| entry(server, &server.name)).chain(made)
        });
        Self { backends: backends.collect(), servers: servers.collect() }
    }

    /// What is wrong with a server's sharing the health of another; both as `backend/server`.
    fn tracking(&self, own: &str, track: &str) -> Result<(), String> {
        let mut next = track.to_owned();
        let mut seen = HashSet::from([own.to_owned()]);
        loop {
            let (backend, server) = next.split_once('/').unwrap_or(("", &next));
            let Some((told, further)) = self.servers.get(&next) else {
                let (what, name) = match self.backends.contains_key(backend) {
                    true => ("server", server),
                    false => ("proxy", backend),
                };
                return Err(format!("unable to find required {what} '{name}' for tracking."));
            };
            if !seen.insert(next.clone()) {
                return Err(format!(
                    "unable to track {track} as it belongs to a tracking chain looping back to {next}."
                ));
            }
            match further {
                Some(further) => next = further.clone(),
                None if *told => return Ok(()),
                None => {
                    return Err(format!(
                        "unable to use {next} for tracking as it does not have any check nor agent enabled."
                    ));
                }
            }
        }
    }
}

/// `backend/server`.
fn qualified(server: &str, backend: &str) -> String {
    if server.contains('/') { server.to_owned() } else { format!("{backend}/{server}") }
}

fn mode(settings: &Settings) -> Mode {
    settings.mode.map_or(Mode::Tcp, |(mode, _)| mode)
}

/// Two frontends or two backends may not share a name; one of each may, with a warning, for HAProxy 3 refuses it.
fn unique_names(proxies: &[Proxy], notes: &mut Diagnostics) {
    let mut seen: HashMap<&str, Vec<&Proxy>> = HashMap::new();
    for proxy in proxies.iter().filter(|proxy| !proxy.name.is_empty()) {
        let others = seen.entry(&proxy.name).or_default();
        let kind = kind_in_words(proxy);
        if let Some(other) = others.iter().find(|other| other.kind.meets(proxy.kind)) {
            let message = format!(
                "{kind} '{}' has the same name as {} '{}' declared at {}.",
                proxy.name,
                kind_in_words(other),
                other.name,
                other.place
            );
            notes.alert(proxy.span, message);
        } else if let Some(other) = others.first() {
            let message = format!(
                "{kind} '{}' has the same name as {} '{}' declared at {}; HAProxy 3.3 refuses that.",
                proxy.name,
                kind_in_words(other),
                other.name,
                other.place
            );
            notes.warning(proxy.span, message);
        }
        others.push(proxy);
    }
}

/// `id`, or the next number that is free, counted as HAProxy counts.
fn number(proxies: &[Proxy], notes: &mut Diagnostics) -> Vec<u32> {
    let mut taken: HashMap<u32, &Proxy> = HashMap::new();
    for proxy in proxies {
        let Some((id, span)) = proxy.id else { continue };
        if let Some(other) = taken.get(&id) {
            let message = format!(
                "{} {} reuses same custom id as {} {} (declared at {}).",
                kind_in_words(proxy),
                proxy.name,
                kind_in_words(other),
                other.name,
                other.place
            );
            notes.alert(span, message);
        }
        taken.insert(id, proxy);
    }
    count(proxies.iter().map(|proxy| proxy.id.map(|(id, _)| id)), FIRST_ID)
}

/// The number that each was given, or the next from `first` on that was given to nobody.
pub(crate) fn count(given: impl Iterator<Item = Option<u32>> + Clone, first: u32) -> Vec<u32> {
    let taken: HashSet<u32> = given.clone().flatten().collect();
    let mut next = first;
    let number = |own: Option<u32>| {
        while taken.contains(&next) {
            next += 1;
        }
        next += 1;
        own.unwrap_or(next - 1)
    };
    given.map(number).collect()
}

/// What can be said about a section by itself.
fn judge(proxy: &Proxy, notes: &mut Diagnostics) {
    if mode(&proxy.settings) == Mode::Tcp && !proxy.settings.disabled {
        let (span, what) = match proxy.settings.mode {
            Some((_, span)) => (span, "'mode tcp'".to_owned()),
            None => {
                let (kind, name) = (kind_in_words(proxy), &proxy.name);
                (proxy.span, format!("{kind} '{name}' is in tcp mode, for nothing else is said: 'mode tcp'"))
            }
        };
        let hint = "say 'mode http' in the section or in 'defaults', if HTTP is what it carries";
        notes.push(Diagnostic::not_yet(span, what).hint(hint));
    }
    if proxy.kind.meets(FRONTEND) && proxy.binds.is_empty() && proxy.kind != LISTEN {
        let message = format!(
            "frontend '{}' has no 'bind' directive. Please declare it as a backend if this was intended.",
            proxy.name
        );
        notes.warning(proxy.span, message);
    }
    missing_timeouts(proxy, notes);
    let settings = &proxy.settings;
    let formed = settings.traffic_span.or(settings.structured_span).is_some();
    if formed && settings.logs.is_empty() && proxy.kind.meets(FRONTEND) {
        let message = format!(
            "log format ignored for {} '{}' since it has no log address.",
            kind_in_words(proxy),
            proxy.name
        );
        notes.warning(proxy.span, message);
    }
    crate::check::lonely(proxy, notes);
}

fn missing_timeouts(proxy: &Proxy, notes: &mut Diagnostics) {
    let timeouts = &proxy.settings.timeouts;
    let client = proxy.kind.meets(FRONTEND) && !proxy.binds.is_empty() && timeouts.client.is_none();
    let serves = proxy.kind.meets(BACKEND) && !proxy.servers.is_empty();
    if !client && !(serves && (timeouts.connect.is_none() || timeouts.server.is_none())) {
        return;
    }
    let message = format!(
        "missing timeouts for {} '{}'. While not properly invalid, you will certainly encounter various \
         problems with such a configuration. To fix this, please ensure that all following timeouts are set to a \
         non-zero value: 'client', 'connect', 'server'.",
        kind_in_words(proxy),
        proxy.name
    );
    notes.warning(proxy.span, message);
}

/// What a section is resolved with.
pub(crate) struct Resolving<'a> {
    pub(crate) global: &'a Global,
    names: &'a Names,
    pub(crate) lists: Lists,
    pub(crate) notes: &'a mut Diagnostics,
}

impl Resolving<'_> {
    fn proxy(mut self, mut proxy: Proxy, id: u32) -> (Option<Frontend>, Option<Backend>) {
        let redirects = std::mem::take(&mut proxy.settings.rules.redirect);
        redirects.into_iter().for_each(|rule| proxy.settings.rules.http_request.push(rule));
        let mut logging = self.logging(&proxy.settings);
        if proxy.kind == BACKEND {
            // a backend writes no lines
            (logging.error, logging.structured) = (None, None);
        }
        let backend = proxy.kind.meets(BACKEND).then(|| self.backend(&proxy, id, &logging));
        let frontend = proxy.kind.meets(FRONTEND).then(|| self.frontend(proxy, id, logging));
        (frontend, backend)
    }

    fn frontend(&mut self, mut proxy: Proxy, id: u32, logging: Logging) -> Frontend {
        let switches = std::mem::take(&mut proxy.use_backend);
        let own = (mode(&proxy.settings), proxy.name.clone(), proxy.place.clone());
        let use_backend = switches.into_iter().filter_map(|switch| {
            let backend = match switch.format {
                Some(format) => SwitchTo::Named(format),
                None => SwitchTo::Backend(self.target(&switch.to, &own, "use_backend")?),
            };
            Some(UseBackend { backend, cond: switch.cond, place: switch.place })
        });
        let use_backend = use_backend.collect();
        slots(&proxy, self.notes);
        let settings = proxy.settings;
        let default_backend = settings.default_backend.as_ref();
        let default_backend = default_backend.and_then(|word| self.target(word, &own, "default_backend"));
        let mut binds = proxy.binds;
        binds.iter_mut().filter_map(|bind| bind.tls.as_mut()).for_each(|tls| self.tls(tls));
        Frontend {
            name: proxy.name,
            id,
            mode: own.0,
            disabled: settings.disabled,
            binds,
            maxconn: settings.maxconn,
            backlog: settings.backlog,
            tcp_request_connection: settings.rules.tcp_connection,
            tcp_request_session: settings.rules.tcp_session,
            rate_limit: settings.rate_limit,
            inspect_delay: settings.rules.inspect_delay,
            tcp_request_content: settings.rules.tcp_content,
            http_request: settings.rules.http_request,
            http_response: settings.rules.http_response,
            http_after_response: settings.rules.http_after_response,
            asked: settings.rules.asked,
            captures: proxy.captures,
            unique_id: settings.unique_id,
            monitor_fail: proxy.monitor_fail,
            use_backend,
            stick_table: proxy.stick_table.map(|(_, table)| table).filter(|_| proxy.kind != LISTEN),
            default_backend,
            monitor_uri: settings.monitor_uri,
            timeouts: settings.timeouts,
            options: settings.options,
            services: settings.services,
            logging,
            listen: None,
            place: proxy.place,
        }
    }

    fn backend(&mut self, proxy: &Proxy, id: u32, logging: &Logging) -> Backend {
        let settings = proxy.settings.clone();
        let kind = crate::check::kind(&settings);
        let templates = proxy.templates.iter().map(|template| ServerTemplate {
            first: template.first,
            last: template.last,
            server: build_server(&template.server, 0, &kind, self.global),
        });
        let templates = templates.collect();
        Backend {
            name: proxy.name.clone(),
            id,
            mode: mode(&settings),
            disabled: settings.disabled,
            balance: settings.balance,
            hashing: settings.hashing,
            persistence: settings.persistence,
            connections: Connections { templates, ..settings.connections },
            servers: self.servers(proxy, &kind),
            retries: settings.retries.unwrap_or(RETRIES),
            redispatch: settings.redispatch,
            all_backups: settings.all_backups,
            fullconn: settings.fullconn,
            stick_table: proxy.stick_table.clone().map(|(_, table)| table),
            stick_rules: proxy.stick_rules.clone(),
            inspect_delay: settings.rules.inspect_delay,
            tcp_request_content: settings.rules.tcp_content,
            http_request: settings.rules.http_request,
            response_delay: settings.rules.response_delay,
            tcp_response_content: settings.rules.tcp_response,
            asked: settings.rules.asked,
            http_response: settings.rules.http_response,
            http_after_response: settings.rules.http_after_response,
            use_server: self.use_server(proxy),
            timeouts: settings.timeouts,
            options: settings.options,
            services: settings.services,
            logging: logging.clone(),
            listen: None,
            place: proxy.place.clone(),
        }
    }

    /// The `use-server` rules, with HAProxy's words where a server is not there.
    fn use_server(&mut self, proxy: &Proxy) -> Vec<UseServer> {
        let mut rules = Vec::new();
        for Switch { to, format, cond, place } in &proxy.use_server {
            let at = proxy.servers.iter().position(|server| server.name == to.text);
            let server = match (format, at) {
                (Some(format), _) => ServerChoice::Named(format.clone()),
                (None, Some(at)) => ServerChoice::At(at),
                (None, None) => {
                    let (kind, name) = (kind_in_words(proxy), &proxy.name);
                    let message = format!(
                        "{kind} '{name}' : unable to find server '{}' referenced in a 'use-server' rule.",
                        to.text
                    );
                    let names = proxy.servers.iter().map(|server| server.name.as_str());
                    let meant = suggest::nearest(&to.text, names).map(str::to_owned);
                    self.notes.push(Diagnostic::alert(to.span, message).suggest(meant));
                    continue;
                }
            };
            let cond = cond.clone();
            rules.extend(cond.map(|cond| UseServer { server, cond, place: place.clone() }));
        }
        rules
    }

    /// The backend that a name means, with HAProxy's words where there is none or its mode is another.
    fn target(&mut self, word: &Word, own: &(Mode, String, String), what: &str) -> Option<BackendId> {
        let (own_mode, own_name, own_place) = own;
        let Some((id, mode, place)) = self.names.backends.get(&word.text) else {
            if self.notes.are_enough() {
                return None;
            }
            let message = format!("Proxy '{own_name}': unable to find required {what}: '{}'.", word.text);
            let few = !self.notes.are_many();
            let names = self.names.backends.keys().filter(|_| few);
            let mut names: Vec<&str> = names.map(String::as_str).collect();
            names.sort_unstable();
            let meant = suggest::nearest(&word.text, names).map(str::to_owned);
            self.notes.push(Diagnostic::alert(word.span, message).suggest(meant));
            return None;
        };
        if place == own_place {
            let message = format!("Proxy '{own_name}': loop detected for {what}: '{own_name}'.");
            self.notes.alert(word.span, message);
        }
        if (own_mode, mode) == (&Mode::Http, &Mode::Tcp) {
            let role =
                if what == "use_backend" { "in a 'use_backend' rule" } else { "as its default backend" };
            let message = format!(
                "http frontend '{own_name}' ({own_place}) tries to use incompatible tcp backend '{}' ({place}) \
                 {role} (see 'mode').",
                word.text
            );
            self.notes.alert(word.span, message);
        }
        Some(*id)
    }

    /// Where a section logs to, the targets of `log global` among them.
    pub(crate) fn logging(&mut self, settings: &Settings) -> Logging {
        let targets = settings.logs.iter().flat_map(|log| -> Vec<LogTarget> {
            match log {
                Log::Global => self.global.logs.clone(),
                Log::Target(line) => vec![line.target.clone()],
            }
        });
        Logging {
            targets: targets.collect(),
            traffic: settings.traffic.clone(),
            error: settings.error_log.clone(),
            structured: settings.structured.clone(),
            tag: settings.log_tag.clone(),
            steps: settings.log_steps.clone(),
        }
    }

    /// What `ssl-default-bind-options` and `ca-base` say about every TLS socket.
    fn tls(&self, tls: &mut BindTls) {
        tls.no_tickets |= self.global.default_bind_no_tickets;
        tls.strict_sni |= self.global.default_bind_strict_sni;
        tls.curves = tls.curves.take().or_else(|| self.global.default_bind_curves.clone());
        tls.prefer_client_ciphers |= self.global.default_bind_prefer_client;
        let files = [&mut tls.ca_file, &mut tls.ca_verify_file, &mut tls.crl_file];
        files.into_iter().for_each(|file| below(self.global, file));
        for list in &mut tls.crt_lists {
            list.entries = self.lists.get(&list.file).cloned().unwrap_or_default();
        }
    }

    /// The servers of a section.
    pub(crate) fn servers(&mut self, proxy: &Proxy, kind: &CheckKind) -> Vec<ModelServer> {
        let mut seen: HashMap<&str, &Server> = HashMap::new();
        // of peers the last one counts
        for server in proxy.servers.iter().filter(|_| proxy.kind != PEERS) {
            if let Some(other) = seen.insert(&server.name, server) {
                let line = other.place.rsplit_once(':').map_or(other.place.as_str(), |(_, line)| line);
                let message = format!(
                    "{} '{}', another server named '{}' was already defined at line {line}, please use distinct \
                     names.",
                    kind_in_words(proxy),
                    proxy.name,
                    server.name
                );
                self.notes.alert(server.span, message);
            }
        }
        let ids = self.server_ids(proxy);
        self.tracked(proxy, kind);
        let first = |template: &Template| Server {
            name: format!("{}{}", template.server.name, template.first),
            ..template.server.clone()
        };
        let templates: Vec<Server> = proxy.templates.iter().map(first).collect();
        for server in proxy.servers.iter().chain(&templates) {
            self.notes.note(server::verifies(server, proxy, self.global));
        }
        templates.iter().for_each(|server| self.tracks(proxy, server));
        proxy
            .servers
            .iter()
            .zip(ids)
            .map(|(server, id)| build_server(server, id, kind, self.global))
            .collect()
    }

    /// `track`, and checks that have no port to go to.
    fn tracked(&mut self, proxy: &Proxy, check: &CheckKind) {
        for server in &proxy.servers {
            let options = &server.options;
            self.tracks(proxy, server);
            let portless = matches!(
                server.address,
                ServerAddress::Ip { port: ServerPort::Offset(_), .. }
                    | ServerAddress::Name { port: ServerPort::Offset(_), .. }
                    | ServerAddress::Client { port: ServerPort::Offset(_) }
            );
            let portless = options.checked && portless && options.check.port.is_none_or(|port| port == 0);
            if let Some(nor) = crate::check::portless(check).filter(|_| portless) {
                let (kind, proxy, name) = (kind_in_words(proxy), &proxy.name, &server.name);
                let message = format!(
                    "config: {kind} '{proxy}': server '{name}' has neither service port nor check port{nor}."
                );
                let alert = Diagnostic::alert(server.address_span, message);
                self.notes.push(alert.hint("write a port behind the address, or 'port' behind 'check'"));
            }
        }
    }

    /// Whose health a server shares.
    fn tracks(&mut self, proxy: &Proxy, server: &Server) {
        let own = qualified(&server.name, &proxy.name);
        if let Some(track) = &server.options.model.track
            && let Err(why) = self.names.tracking(&own, &qualified(track, &proxy.name))
        {
            let label = format!("'server {}/{}' : ", proxy.name, server.name);
            self.notes.alert(server.span, format!("{label}{why}"));
        }
    }

    fn server_ids(&mut self, proxy: &Proxy) -> Vec<u32> {
        let mut taken: HashMap<u32, &Server> = HashMap::new();
        for server in &proxy.servers {
            let Some(id) = server.options.id else { continue };
            if let Some(other) = taken.insert(id, server) {
                let message = format!(
                    "'server {}/{}' : 'id' : custom id {id} already used at {} ('server {}').",
                    proxy.name, server.name, other.place, other.name
                );
                self.notes.alert(server.options.spans.id.unwrap_or(server.span), message);
            }
        }
        count(proxy.servers.iter().map(|server| server.options.id), FIRST_SERVER_ID)
    }
}

/// Puts the name of an authority's file below `ca-base`.
fn below(global: &Global, file: &mut Option<std::path::PathBuf>) {
    if let (Some(base), Some(file)) = (&global.ca_base, file) {
        *file = base.join(&*file);
    }
}

fn build_server(server: &Server, id: u32, kind: &CheckKind, global: &Global) -> ModelServer {
    let options = &server.options;
    let mut model = options.model.clone();
    below(global, &mut model.tls.ca_file);
    below(global, &mut model.tls.crl_file);
    let check = Check { kind: kind.clone(), spread: global.spread_checks, ..options.check.clone() };
    ModelServer {
        name: server.name.clone(),
        id,
        address: server.address.clone(),
        check: options.checked.then_some(check),
        place: server.place.clone(),
        ..model
    }
}

/// The slots that rules of a frontend fill must be there.
fn slots(proxy: &Proxy, notes: &mut Diagnostics) {
    let rules = &proxy.settings.rules;
    let sets = [
        ("tcp-request content", &rules.tcp_content),
        ("http-request", &rules.http_request),
        ("http-response", &rules.http_response),
        ("http-after-response", &rules.http_after_response),
    ];
    for (keyword, rule) in
        sets.into_iter().flat_map(|(keyword, set)| set.iter().map(move |rule| (keyword, rule)))
    {
        let Some(Slot { side, number: SlotNumber::Id(id) }) = rule.slot() else { continue };
        let known = match side {
            expr::Side::Request => proxy.captures.request.len(),
            expr::Side::Response => proxy.captures.response.len(),
        };
        if id >= known {
            let message = format!(
                "Proxy '{}': unable to find capture id '{id}' referenced by {keyword} capture rule at {}.",
                proxy.name,
                rule.place()
            );
            notes.alert(proxy.span, message);
        }
    }
}
