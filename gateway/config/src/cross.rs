//! Sections other than `global` and the proxies become the model's: what crosses their borders is judged here.

use std::path::{Path, PathBuf};

use lang::{Diagnostics, Files, Word, suggest};

use crate::cfg::{self, FRONTEND, World};
use crate::draft::{Log, Named, Proxy, Sections};
use crate::model::{
    CheckKind, CrtLoad, CrtStore, FcgiApp, Healthcheck, LogForward, LogTo, Model, Peer, Peers, Ring, User,
    Userlist,
};
use crate::resolve::Resolving;

/// What can be said about names over all sections.
pub(crate) fn judge(sections: &Sections, proxies: &[Proxy], notes: &mut Diagnostics) {
    for forward in &sections.log_forwards {
        let name = &forward.head.name;
        let same = proxies.iter().find(|proxy| proxy.kind.meets(FRONTEND) && proxy.name == *name);
        if let Some(proxy) = same.filter(|proxy| !proxy.name.is_empty()) {
            let message = format!(
                "log forward section '{name}' has the same name as frontend '{}' declared at {}.",
                proxy.name, proxy.place
            );
            notes.alert(forward.head.span, message);
        }
    }
    for app in &sections.fcgi_apps {
        rings_of(app, sections, notes);
    }
    for mailers in &sections.mailers {
        if !proxies.iter().any(|proxy| crate::reference::mails_by(proxy, &mailers.head.name)) {
            let message = format!("Removing incomplete section 'mailers {}'.", mailers.head.name);
            let hint = "no proxy has 'email-alert mailers', 'email-alert from' and 'email-alert to' for it";
            notes.push(lang::Diagnostic::warning(mailers.head.span, message).hint(hint));
        }
    }
}

/// Where an application's `log-stderr` lines go must be there.
fn rings_of(app: &Named<cfg::fcgi_app::Draft>, sections: &Sections, notes: &mut Diagnostics) {
    for log in &app.body.logs.settings.logs {
        let Log::Target(line) = log else { continue };
        let LogTo::Ring(name) = &line.target.to else { continue };
        let known = || sections.rings.iter().map(|ring| ring.head.name.as_str());
        if !known().any(|ring| ring == name) {
            let message =
                format!("fcgi-app '{}' : log server uses unknown ring named '{name}'.", app.head.name);
            let meant = suggest::nearest(name, known());
            notes.push(lang::Diagnostic::alert(line.span, message).suggest(meant.map(str::to_owned)));
        }
    }
}

/// The model without its proxies.
pub(crate) fn resolve(sections: Sections, world: World<'_>, mut resolving: Resolving<'_>) -> Model {
    let files = world.files;
    let acmes: Vec<String> = sections.acmes.iter().map(|acme| acme.head.name.clone()).collect();
    let stores = Stores { files, acmes: &acmes, crt_base: resolving.global.crt_base.as_deref() };
    Model {
        resolvers: bodies(sections.resolvers),
        userlists: sections.userlists.into_iter().map(|list| userlist(list, resolving.notes)).collect(),
        peers: sections.peers.into_iter().map(|section| peers(section, world, &mut resolving)).collect(),
        caches: bodies(sections.caches),
        http_errors: bodies(sections.http_errors),
        rings: sections.rings.into_iter().map(|section| ring(section, &mut resolving)).collect(),
        log_forwards: sections
            .log_forwards
            .into_iter()
            .map(|section| log_forward(section, &mut resolving))
            .collect(),
        log_profiles: bodies(sections.log_profiles),
        mailers: bodies(sections.mailers),
        fcgi_apps: sections.fcgi_apps.into_iter().map(|section| fcgi_app(section, &mut resolving)).collect(),
        crt_stores: sections
            .crt_stores
            .into_iter()
            .map(|section| stores.judge(section.body, resolving.notes))
            .collect(),
        acmes: sections.acmes.into_iter().map(|section| section.body.acme).collect(),
        healthchecks: sections.healthchecks.into_iter().map(healthcheck).collect(),
        traces: sections.traces.into_iter().flat_map(|section| section.body.traces).collect(),
        ..Model::default()
    }
}

fn bodies<T>(sections: Vec<Named<T>>) -> Vec<T> {
    sections.into_iter().map(|section| section.body).collect()
}

/// Who is in which group may be said on either side.
fn userlist(section: Named<cfg::userlist::Draft>, notes: &mut Diagnostics) -> Userlist {
    let Named { head, body: cfg::userlist::Draft { name, groups, users } } = section;
    let mut unknown = |word: &Word, what: &str, whose: &str, known: Vec<&str>| {
        let message = format!("userlist '{name}': no such {what} '{}' specified in {whose}", word.text);
        let meant = suggest::nearest(&word.text, known).map(str::to_owned);
        notes.push(lang::Diagnostic::alert(word.span, message).suggest(meant));
    };
    for group in &groups {
        for word in group.users.iter().filter(|word| !users.iter().any(|user| user.name == word.text)) {
            let known = users.iter().map(|user| user.name.as_str()).collect();
            unknown(word, "user", &format!("group '{}'", group.name), known);
        }
    }
    for user in &users {
        for word in user.groups.iter().filter(|word| !groups.iter().any(|group| group.name == word.text)) {
            let known = groups.iter().map(|group| group.name.as_str()).collect();
            unknown(word, "group", &format!("user '{}'", user.name), known);
        }
    }
    let has = |words: &[Word], name: &str| words.iter().any(|word| word.text == name);
    let users = users.into_iter().map(|user| {
        let of =
            groups.iter().filter(|group| has(&user.groups, &group.name) || has(&group.users, &user.name));
        let groups = of.map(|group| group.name.clone()).collect();
        User { name: user.name, password: user.password, groups }
    });
    let users = users.collect();
    Userlist { name, groups: groups.into_iter().map(|group| group.name).collect(), users, place: head.place }
}

fn peers(section: Named<cfg::peers::Draft>, world: World<'_>, resolving: &mut Resolving<'_>) -> Peers {
    let Named { head, body } = section;
    let local = &*world.local_peer.borrow();
    crate::pem::judge(&body.section, resolving.global, world, resolving.notes);
    unequal(&body, local, resolving.notes);
    if !body.disabled && !body.names.iter().any(|name| name == local) {
        let message = format!("Removing incomplete section 'peers {}' (no peer named '{local}').", head.name);
        let hint = "say 'localpeer' in 'global', or -L on the command line, to name this process";
        resolving.notes.push(lang::Diagnostic::warning(head.span, message).hint(hint));
    }
    let mut servers = resolving.servers(&body.section, &CheckKind::Tcp);
    let peers = body.names.iter().map(|name| {
        let at = servers.iter().position(|server| server.name == *name);
        Peer { name: name.clone(), local: name == local, server: at.map(|at| servers.remove(at)) }
    });
    Peers {
        name: head.name.clone(),
        disabled: body.disabled,
        peers: peers.collect(),
        bind: body.section.binds.first().cloned(),
        tables: body.tables,
        shards: body.shards,
        logs: resolving.logging(&body.section.settings).targets,
        place: head.place,
    }
}

/// Whether what the local peer's line says of TLS is what its socket speaks.
fn unequal(body: &cfg::peers::Draft, local: &str, notes: &mut Diagnostics) {
    let Some((span, place)) = &body.local else { return };
    let line = |place: &str| place.rsplit_once(':').and_then(|(_, line)| line.parse::<u32>().ok());
    let first = body.bound.as_ref().filter(|bound| line(bound) < line(place)).unwrap_or(place);
    let own = body.section.servers.iter().find(|server| server.name == local);
    let connects = own.map_or(&body.section.settings.default_server, |server| &server.options).model.tls.on;
    let listens = body.section.binds.first().is_some_and(|bind| bind.tls.is_some());
    let (listener, server) = match (listens, connects) {
        (true, false) => ("a SSL", "a non-SSL"),
        (false, true) => ("a non-SSL", "a SSL"),
        _ => return,
    };
    let message = format!(
        "Peers section '{local}': local peer have {listener} listener and {server} server configured at line {first}."
    );
    notes.warning(*span, message);
}

fn ring(section: Named<cfg::ring::Draft>, resolving: &mut Resolving<'_>) -> Ring {
    let Named { head, body } = section;
    Ring {
        description: body.description.unwrap_or_else(|| head.name.clone()),
        name: head.name,
        format: body.format,
        max_length: body.max_length,
        size: body.size,
        backing_file: body.backing_file,
        servers: resolving.servers(&body.servers, &CheckKind::Tcp),
        timeout_connect: body.timeout_connect,
        timeout_server: body.timeout_server,
        place: head.place,
    }
}

fn log_forward(section: Named<cfg::log_forward::Draft>, resolving: &mut Resolving<'_>) -> LogForward {
    let Named { head, body } = section;
    LogForward {
        name: head.name,
        logs: resolving.logging(&body.section.settings).targets,
        binds: body.section.binds,
        dgram_binds: body.dgram_binds,
        maxconn: body.maxconn,
        backlog: body.backlog,
        timeout_client: body.timeout_client,
        assume_rfc6587_ntf: body.assume_rfc6587_ntf,
        dont_parse_log: body.dont_parse_log,
        host: body.host,
        place: head.place,
    }
}

fn fcgi_app(section: Named<cfg::fcgi_app::Draft>, resolving: &mut Resolving<'_>) -> FcgiApp {
    let cfg::fcgi_app::Draft { app, logs, .. } = section.body;
    FcgiApp { logs: resolving.logging(&logs.settings).targets, ..app }
}

fn healthcheck(section: Named<cfg::healthcheck::Draft>) -> Healthcheck {
    let kind = crate::check::kind(&section.body.checks.settings);
    Healthcheck { name: section.head.name, kind, place: section.head.place }
}

/// What certificates in stores are judged with.
struct Stores<'a> {
    files: &'a dyn Files,
    acmes: &'a [String],
    crt_base: Option<&'a Path>,
}

impl Stores<'_> {
    /// The files of a store must be there, but for a certificate that is yet to be made.
    fn judge(&self, draft: cfg::crt_store::Draft, notes: &mut Diagnostics) -> CrtStore {
        let cfg::crt_store::Draft { store, spans } = draft;
        for (load, span) in store.loads.iter().zip(spans) {
            for file in self.missing(&store, load) {
                let path = file.display();
                let message = format!(
                    "'load' : unable to stat SSL certificate from file '{path}' : No such file or directory."
                );
                notes.alert(span, message);
            }
            if let Some(name) = load.acme.as_ref().filter(|name| !self.acmes.contains(name)) {
                let meant = suggest::nearest(name, self.acmes.iter().map(String::as_str));
                let message = format!("'load' : couldn't find the acme section named '{name}'.");
                notes.push(lang::Diagnostic::alert(span, message).suggest(meant));
            }
        }
        store
    }

    /// The files of a line that are not there.
    fn missing(&self, store: &CrtStore, load: &CrtLoad) -> Vec<PathBuf> {
        let below =
            |base: Option<&Path>, name: &str| base.map_or_else(|| name.into(), |base| base.join(name));
        let crt_base = store.crt_base.as_deref().or(self.crt_base);
        let made = load.acme.is_some() || load.generate_dummy == Some(true);
        let crt = Some(&load.crt).filter(|_| !made).map(|name| below(crt_base, name));
        let key = load.key.as_ref().filter(|_| !made);
        let key = key.map(|name| below(store.key_base.as_deref(), name));
        let others = [&load.ocsp, &load.issuer, &load.sctl].into_iter().flatten();
        let others = others.map(|name| below(crt_base, name));
        let all = crt.into_iter().chain(key).chain(others);
        all.filter(|file| !self.files.exists(file)).collect()
    }
}
