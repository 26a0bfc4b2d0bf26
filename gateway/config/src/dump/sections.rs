//! Sections other than `global` and the proxies.

use super::text::{self, Line, line};
use super::{Section, bind, check, log, rule, server, stick};
use crate::cfg::{self, log::FORMATS};
use crate::model::{
    Acme, BindAddress, Cache, Challenge, CrtLoad, CrtStore, DgramBind, FcgiApp, Healthcheck, HttpErrors,
    KeyType, LogForward, LogProfile, LogStep, LogTarget, Logging, Mailer, Mailers, Model, Nameserver,
    NameserverAddress, PassHeader, Password, Peer, Peers, Resolvers, Ring, SetParam, Trace, User, Userlist,
};

/// All of them, kind by kind.
pub(super) fn all(model: &Model) -> Vec<Section> {
    let logs = &model.global.logs;
    let ca_base = model.global.ca_base.as_deref();
    let named = |keyword, name: &str, lines| Section { keyword, name: name.to_owned(), from: None, lines };
    let mut all = Vec::new();
    all.extend(model.resolvers.iter().map(|it| named("resolvers", &it.name, resolvers(it))));
    all.extend(model.userlists.iter().map(|it| named("userlist", &it.name, userlist(it))));
    all.extend(model.peers.iter().map(|it| named("peers", &it.name, peers(it, logs, ca_base))));
    all.extend(model.caches.iter().map(|it| named("cache", &it.name, cache(it))));
    all.extend(model.http_errors.iter().map(|it| named("http-errors", &it.name, http_errors(it))));
    all.extend(model.rings.iter().map(|it| named("ring", &it.name, ring(it, ca_base))));
    let forwards = model.log_forwards.iter();
    all.extend(forwards.map(|it| named("log-forward", &it.name, log_forward(it, logs, ca_base))));
    all.extend(model.log_profiles.iter().map(|it| named("log-profile", &it.name, log_profile(it))));
    all.extend(model.mailers.iter().map(|it| named("mailers", &it.name, mailers(it))));
    all.extend(model.fcgi_apps.iter().map(|it| named("fcgi-app", &it.name, fcgi_app(it, logs))));
    all.extend(model.crt_stores.iter().map(|it| named("crt-store", &it.name, crt_store(it))));
    all.extend(model.acmes.iter().map(|it| named("acme", &it.name, acme(it))));
    all.extend(model.healthchecks.iter().map(|it| named("healthcheck", &it.name, healthcheck(it))));
    if !model.traces.is_empty() {
        all.push(named("traces", "", model.traces.iter().map(trace).collect()));
    }
    all
}

/// A line of some words and a value, unless that is the usual one.
fn unless<T: PartialEq>(words: Line, value: &T, usual: &T, text: impl Fn(&T) -> String) -> Option<Line> {
    (value != usual).then(|| words.and(text(value)))
}

fn resolvers(resolvers: &Resolvers) -> Vec<Line> {
    #[rustfmt::skip]
    let Resolvers {
        name: _, nameservers, parse_resolv_conf, resolve_retries, timeout_resolve, timeout_retry,
        accepted_payload_size, hold, place: _,
    } = resolvers;
    let usual = cfg::resolvers::defaults();
    let mut lines = Vec::new();
    let mut system = *parse_resolv_conf;
    for server in nameservers {
        match nameserver(server) {
            Some(line) => lines.push(line),
            // where they stand among the others is the order in which they are asked
            None if std::mem::take(&mut system) => lines.push(line(["parse-resolv-conf"])),
            None => {}
        }
    }
    lines.extend(system.then(|| line(["parse-resolv-conf"])));
    let number = |number: &u32| number.to_string();
    lines.extend(unless(line(["resolve_retries"]), resolve_retries, &usual.resolve_retries, number));
    let time = |time: &std::time::Duration| text::time(*time);
    lines.extend(unless(line(["timeout", "resolve"]), timeout_resolve, &usual.timeout_resolve, time));
    lines.extend(unless(line(["timeout", "retry"]), timeout_retry, &usual.timeout_retry, time));
    let size = line(["accepted_payload_size"]);
    lines.extend(unless(size, accepted_payload_size, &usual.accepted_payload_size, u16::to_string));
    let crate::model::Hold { valid, obsolete, nx, refused, timeout, other } = hold;
    let holds = [
        ("valid", valid, usual.hold.valid),
        ("obsolete", obsolete, usual.hold.obsolete),
        ("nx", nx, usual.hold.nx),
        ("refused", refused, usual.hold.refused),
        ("timeout", timeout, usual.hold.timeout),
        ("other", other, usual.hold.other),
    ];
    lines.extend(
        holds
            .into_iter()
            .filter_map(|(kind, time_of, usual)| unless(line(["hold", kind]), time_of, &usual, time)),
    );
    lines
}

/// One that is not from the system's list.
fn nameserver(server: &Nameserver) -> Option<Line> {
    let Nameserver { name, to, from_system } = server;
    let address = match to {
        NameserverAddress::Udp(addr) => text::socket(&BindAddress::Tcp(*addr)),
        NameserverAddress::Tcp(addr) => format!("tcp@{}", text::socket(&BindAddress::Tcp(*addr))),
    };
    (!from_system).then(|| line(["nameserver", name, &address]))
}

fn userlist(list: &Userlist) -> Vec<Line> {
    let Userlist { name: _, groups, users, place: _ } = list;
    let groups = groups.iter().map(|group| line(["group", group]));
    let users = users.iter().map(|user| {
        let User { name, password, groups } = user;
        let groups = (!groups.is_empty()).then(|| groups.join(","));
        let words = line(["user", name]).set("groups", groups);
        match password {
            None => words,
            Some(Password::Crypt(hash)) => words.and("password").and(hash),
            Some(Password::Insecure(password)) => words.and("insecure-password").and(password),
        }
    });
    groups.chain(users).collect()
}

/// The `log` lines of a section that is no proxy.
fn logs(targets: &[LogTarget], global: &[LogTarget]) -> Vec<Line> {
    log::targets(&Logging { targets: targets.to_vec(), ..Logging::default() }, global)
}

fn peers(section: &Peers, global: &[LogTarget], ca_base: Option<&std::path::Path>) -> Vec<Line> {
    let Peers { name, disabled, bind: socket, peers, tables, shards, logs: targets, place: _ } = section;
    let mut lines = Vec::new();
    lines.extend(disabled.then(|| line(["disabled"])));
    lines.extend(logs(targets, global));
    lines.extend(socket.iter().map(|socket| bind::socket(socket, ca_base)));
    lines.extend(shards.map(|shards| line(["shards", &shards.to_string()])));
    let servers: Vec<_> = peers.iter().filter_map(|peer| peer.server.clone()).collect();
    let mut written = server::lines(&servers, ca_base);
    lines.extend(peers.iter().map(|peer| {
        let Peer { name, local, server } = peer;
        let words = server.as_ref().and_then(|_| written.next());
        let mut words = words.unwrap_or_else(|| line(["server", name]));
        // its address is the one of the socket
        if *local && socket.is_some() && words.words.len() > 2 {
            words.words.remove(2);
        }
        // beside a `bind` line a peer may only be a `server`
        if socket.is_none() {
            words.words.splice(..1, line(["peer"]).words);
        }
        words
    }));
    lines.extend(tables.iter().map(|table| stick::shared(table, name)));
    lines
}

fn cache(cache: &Cache) -> Vec<Line> {
    #[rustfmt::skip]
    let Cache {
        name: _, total_max_size, max_object_size, max_age, process_vary, max_secondary_entries, place: _,
    } = cache;
    let usual = total_max_size / cfg::cache::USUAL_SHARE;
    let lines = [
        Some(line(["total-max-size", &(total_max_size >> 20).to_string()])),
        unless(line(["max-object-size"]), max_object_size, &usual, u64::to_string),
        unless(line(["max-age"]), max_age, &cfg::cache::MAX_AGE, |age| age.as_secs().to_string()),
        process_vary.then(|| line(["process-vary", "on"])),
        unless(
            line(["max-secondary-entries"]),
            max_secondary_entries,
            &cfg::cache::SECONDARY_ENTRIES,
            u32::to_string,
        ),
    ];
    lines.into_iter().flatten().collect()
}

fn http_errors(section: &HttpErrors) -> Vec<Line> {
    let HttpErrors { name: _, pages, origins, place: _ } = section;
    let pages = pages.iter().zip(origins);
    pages.map(|((status, _), origin)| super::option::page(*status, origin)).collect()
}

fn ring(ring: &Ring, ca_base: Option<&std::path::Path>) -> Vec<Line> {
    #[rustfmt::skip]
    let Ring {
        name, description, format, max_length, size, backing_file, servers, timeout_connect, timeout_server, place: _,
    } = ring;
    let usual = cfg::ring::SIZE;
    let format_name = FORMATS.iter().find(|(_, known)| known == format).map_or("", |(name, _)| *name);
    let timeout = |which, time: &Option<_>| time.map(|time| line(["timeout", which, &text::time(time)]));
    let lines = [
        unless(line(["description"]), description, name, String::clone),
        (*format != crate::model::LogFormat::Raw).then(|| line(["format", format_name])),
        unless(line(["maxlen"]), max_length, &usual, usize::to_string),
        unless(line(["size"]), size, &usual, usize::to_string),
        backing_file.as_ref().map(|file| line(["backing-file", &text::path(file)])),
        timeout("connect", timeout_connect),
        timeout("server", timeout_server),
    ];
    lines.into_iter().flatten().chain(server::lines(servers, ca_base)).collect()
}

fn log_forward(section: &LogForward, global: &[LogTarget], ca_base: Option<&std::path::Path>) -> Vec<Line> {
    #[rustfmt::skip]
    let LogForward {
        name: _, binds, dgram_binds, logs: targets, maxconn, backlog, timeout_client, assume_rfc6587_ntf,
        dont_parse_log, host, place: _,
    } = section;
    let mut lines: Vec<Line> = binds.iter().map(|one| bind::socket(one, ca_base)).collect();
    lines.extend(dgram_binds.iter().map(dgram_bind));
    lines.extend(logs(targets, global));
    lines.extend(maxconn.map(|max| line(["maxconn", &max.to_string()])));
    lines.extend(backlog.map(|backlog| line(["backlog", &backlog.to_string()])));
    lines.extend(timeout_client.map(|time| line(["timeout", "client", &text::time(time)])));
    lines.extend(assume_rfc6587_ntf.then(|| line(["option", "assume-rfc6587-ntf"])));
    lines.extend(dont_parse_log.then(|| line(["option", "dont-parse-log"])));
    lines.extend(host.as_ref().map(|mode| line(["option", "host", mode])));
    lines
}

fn dgram_bind(bind: &DgramBind) -> Line {
    let DgramBind { address, name, interface, namespace, transparent, place: _ } = bind;
    line(["dgram-bind", &text::socket(address)])
        .set("name", name.as_ref())
        .set("interface", interface.as_ref())
        .set("namespace", namespace.as_ref())
        .flag("transparent", *transparent)
}

fn log_profile(profile: &LogProfile) -> Vec<Line> {
    let LogProfile { name: _, log_tag, steps, place: _ } = profile;
    let tag = log_tag.iter().map(|tag| line(["log-tag", tag]));
    let steps = steps.iter().map(|step| {
        let LogStep { step, drop, format, sd } = step;
        line(["on", step.name()])
            .flag("drop", *drop)
            .set("format", format.as_ref().map(expr::LogFormat::text))
            .set("sd", sd.as_ref().map(expr::LogFormat::text))
    });
    tag.chain(steps).collect()
}

fn mailers(section: &Mailers) -> Vec<Line> {
    let Mailers { name: _, mailers, timeout_mail, place: _ } = section;
    let timeout =
        unless(line(["timeout", "mail"]), timeout_mail, &cfg::mailers::TIMEOUT, |time| text::time(*time));
    let mailers = mailers
        .iter()
        .map(|Mailer { name, addr }| line(["mailer", name, &text::socket(&BindAddress::Tcp(*addr))]));
    timeout.into_iter().chain(mailers).collect()
}

fn fcgi_app(app: &FcgiApp, global: &[LogTarget]) -> Vec<Line> {
    #[rustfmt::skip]
    let FcgiApp {
        name: _, docroot, index, path_info, logs: targets, get_values, keep_conn, max_reqs, mpxs_conns, pass_headers,
        params, place: _,
    } = app;
    let option = |name, on: &bool| on.then(|| line(["option", name]));
    let conds = pass_headers.iter().map(|rule| &rule.cond).chain(params.iter().map(|rule| &rule.cond));
    let (acls, mut lines) = rule::Acls::new(conds.flatten().flat_map(expr::Cond::acls));
    lines.push(line(["docroot", docroot]));
    lines.extend(index.as_ref().map(|index| line(["index", index])));
    lines.extend(path_info.as_ref().map(|regex| line(["path-info", regex])));
    lines.extend(logs(targets, global).into_iter().map(|mut words| {
        words.words.splice(..1, line(["log-stderr"]).words);
        words
    }));
    lines.extend(option("get-values", get_values));
    lines.extend(option("keep-conn", keep_conn));
    let max_line = line(["option", "max-reqs"]);
    lines.extend(unless(max_line, max_reqs, &cfg::fcgi_app::MAX_REQS, u32::to_string));
    lines.extend(option("mpxs-conns", mpxs_conns));
    lines.extend(
        pass_headers
            .iter()
            .map(|PassHeader { name, cond }| acls.conditional(line(["pass-header", name]), cond.as_ref())),
    );
    lines.extend(params.iter().map(|SetParam { name, value, cond }| {
        acls.conditional(line(["set-param", name, value.text()]), cond.as_ref())
    }));
    lines
}

fn crt_store(store: &CrtStore) -> Vec<Line> {
    let CrtStore { name: _, crt_base, key_base, loads, place: _ } = store;
    let base = |keyword, base: &Option<std::path::PathBuf>| {
        base.as_deref().map(|base| line([keyword, &text::path(base)]))
    };
    let bases = [base("crt-base", crt_base), base("key-base", key_base)];
    bases.into_iter().flatten().chain(loads.iter().map(load)).collect()
}

fn load(load: &CrtLoad) -> Line {
    #[rustfmt::skip]
    let CrtLoad { crt, alias, key, ocsp, issuer, sctl, ocsp_update, acme, domains, jwt, generate_dummy } = load;
    let switch = |on: &Option<bool>| on.map(|on| if on { "on" } else { "off" });
    line(["load", "crt", crt])
        .set("alias", alias.as_ref())
        .set("key", key.as_ref())
        .set("ocsp", ocsp.as_ref())
        .set("issuer", issuer.as_ref())
        .set("sctl", sctl.as_ref())
        .set("ocsp-update", switch(ocsp_update))
        .set("acme", acme.as_ref())
        .set("domains", (!domains.is_empty()).then(|| domains.join(",")))
        .set("jwt", switch(jwt))
        .set("generate-dummy", switch(generate_dummy))
}

fn acme(acme: &Acme) -> Vec<Line> {
    #[rustfmt::skip]
    let Acme {
        name: _, directory, account_key, contact, challenge, key, map, reuse_key, profile, provider_name, vars,
        place: _,
    } = acme;
    let one = |keyword, value: &Option<String>| value.as_ref().map(|value| line([keyword, value]));
    let (kind, size) = match key {
        KeyType::Rsa(bits) => (Some(line(["keytype", "RSA"])), line(["bits", &bits.to_string()])),
        KeyType::Ecdsa(curve) => (None, line(["curves", curve])),
    };
    let challenge = match challenge {
        Challenge::Http01 => None,
        Challenge::Dns01 => Some("DNS-01"),
        Challenge::DnsPersist01 => Some("DNS-PERSIST-01"),
    };
    let lines = [
        Some(line(["directory", directory])),
        account_key.as_ref().map(|file| line(["account-key", &text::path(file)])),
        one("contact", contact),
        challenge.map(|challenge| line(["challenge", challenge])),
        kind,
        Some(size),
        one("map", map),
        reuse_key.then(|| line(["reuse-key", "on"])),
        one("profile", profile),
        one("provider-name", provider_name),
        one("acme-vars", vars),
    ];
    lines.into_iter().flatten().collect()
}

fn healthcheck(section: &Healthcheck) -> Vec<Line> {
    let Healthcheck { name: _, kind, place: _ } = section;
    let mut lines = check::of(kind);
    for line_of in &mut lines {
        if line_of.words.first().is_some_and(|word| word.text == "option") {
            line_of.words.splice(..1, line(["type"]).words);
        }
    }
    lines
}

fn trace(trace: &Trace) -> Line {
    let Trace { source, words } = trace;
    words.iter().fold(line(["trace", source]), |line, word| line.and(word))
}
