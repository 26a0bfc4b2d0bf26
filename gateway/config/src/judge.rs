//! What a section says that cannot have its meaning in the section's mode, or beside what else it says. Nothing here
//! needs another section.

use lang::{Diagnostic, Diagnostics};

use crate::cfg::{self, BACKEND, FRONTEND, LISTEN};
use crate::draft::{Proxy, Server, Settings};
use crate::model::{Balance, CheckKind, Connections, EmailAlert, Filter, Global, Mode, Proto, TrafficLog};

/// Says it, in HAProxy's words; and takes back what falls back to something else.
pub(crate) fn judge(proxy: &mut Proxy, notes: &mut Diagnostics) {
    if proxy.kind.meets(BACKEND) {
        fastcgi(proxy, notes);
    }
    if proxy.settings.disabled {
        return;
    }
    if proxy.settings.mode.map_or(Mode::Tcp, |(mode, _)| mode) != Mode::Http {
        without_http(proxy, notes);
    } else {
        bytes(proxy, notes);
    }
    if let Some(bad) = &proxy.settings.unhashed {
        let who = format!("{} '{}' [{}]: ", kind_in_words(proxy), proxy.name, proxy.place);
        notes.push(bad.clone().prefixed(&who));
    }
    protocols(proxy, notes);
    mails(proxy, notes);
    if proxy.kind.meets(BACKEND) {
        farm(proxy, notes);
    }
}

/// HAProxy calls a `listen` a proxy.
pub(crate) fn kind_in_words(proxy: &Proxy) -> &'static str {
    if proxy.kind == LISTEN { "proxy" } else { proxy.kind.name() }
}

/// What needs `mode http`.
fn without_http(proxy: &mut Proxy, notes: &mut Diagnostics) {
    let who = format!("{} '{}'", kind_in_words(proxy), proxy.name);
    let (front, back) = (proxy.kind.meets(FRONTEND), proxy.kind.meets(BACKEND));
    let settings = &proxy.settings;
    let mut refused = Vec::new();
    let mut warn = |message: String| notes.warning(proxy.span, message);
    if back && settings.persistence.cookie.is_some() {
        warn(format!("cookie will be ignored for {who} (needs 'mode http')."));
    }
    if front && settings.monitor_uri.is_some() {
        warn(format!("monitor-uri will be ignored for {who} (needs 'mode http')."));
    }
    if front && proxy.captures.cookie.is_some() {
        warn(format!("'capture' statement ignored for {who} as it requires HTTP mode."));
    }
    for server in proxy.servers.iter().filter(|server| back && server.options.model.cookie.is_some()) {
        let name = &server.name;
        warn(format!("{who} : ignoring cookie for server '{name}' as HTTP mode is disabled."));
    }
    let templates = proxy.templates.iter().map(|template| &template.server);
    let redirected = |server: &&Server| back && server.options.model.redir.is_some();
    for server in proxy.servers.iter().chain(templates).filter(redirected) {
        let message = format!("{who} : server cannot have cookie or redirect prefix in non-HTTP mode.");
        refused.push(Diagnostic::alert(server.span, message));
    }
    if settings.services.stats.is_some() {
        warn(format!("'stats' statement ignored for {who} as it requires HTTP mode."));
    }
    for rules in rules(settings) {
        warn(format!("'{rules}' rules ignored for {who} as they require HTTP mode."));
    }
    for option in settings.http_options.iter().filter(|option| front || !option.ends_with("on-response")) {
        warn(format!("'{option}' ignored for {who} as it requires HTTP mode."));
    }
    for option in options(settings, front, back) {
        warn(format!("'option {option}' ignored for {who} as it requires HTTP mode."));
    }
    let layer7 = matches!(
        settings.balance,
        Balance::Uri(_) | Balance::UrlParam { .. } | Balance::Header { .. } | Balance::Hash(_)
    );
    if back && layer7 {
        warn(format!(
            "Layer 7 hash not possible for {who} (needs 'mode http'). Falling back to round robin."
        ));
        proxy.settings.balance = Balance::RoundRobin;
    }
    refused.into_iter().for_each(|refusal| notes.push(refusal));
    if front {
        log_form(proxy, &who, notes);
    }
}

/// Conditions about bytes, where only messages are looked at.
fn bytes(proxy: &Proxy, notes: &mut Diagnostics) {
    let rules = &proxy.settings.rules;
    let sets = [
        &rules.tcp_connection,
        &rules.tcp_session,
        &rules.tcp_content,
        &rules.http_request,
        &rules.tcp_response,
        &rules.http_response,
        &rules.http_after_response,
    ];
    let of_sets = sets.into_iter().flat_map(|set| set.iter()).chain(&rules.redirect);
    let of_sets = of_sets.map(|rule| (rule.cond(), rule.place()));
    let switches = proxy.use_backend.iter().chain(&proxy.use_server);
    let of_switches = switches.map(|switch| (switch.cond.as_ref(), switch.place.as_str()));
    let of_stick = proxy.stick_rules.iter().map(|rule| (rule.cond.as_ref(), rule.place.as_str()));
    for (_, place) in of_sets
        .chain(of_switches)
        .chain(of_stick)
        .filter(|(cond, _)| cond.is_some_and(expr::Cond::reads_bytes))
    {
        let message = format!(
            "Proxy '{}': L6 sample fetches ignored on HTTP proxies (declared at {place}).",
            proxy.name
        );
        notes.warning(proxy.span, message);
    }
}

/// The kinds of rules that there are and that only HTTP has.
fn rules(settings: &Settings) -> impl Iterator<Item = &'static str> {
    let rules = &settings.rules;
    let kinds = [
        ("http-request", rules.http_request.is_empty()),
        ("http-response", rules.http_response.is_empty()),
        ("http-after-response", rules.http_after_response.is_empty()),
        ("redirect", rules.redirect.is_empty()),
    ];
    kinds.into_iter().filter_map(|(name, none)| (!none).then_some(name))
}

/// The options that only HTTP has, for the listing of keywords.
pub(crate) const HTTP_OPTIONS: &[&str] = &[
    "accept-invalid-http-request",
    "accept-invalid-http-response",
    "checkcache",
    "disable-h2-upgrade",
    "http-buffer-request",
    "http-ignore-probes",
    "http-no-delay",
    "http-pretend-keepalive",
    "http-use-proxy-header",
    "idle-close-on-response",
    "prefer-last-server",
];

/// The options that are set and that only HTTP has.
fn options(settings: &Settings, front: bool, back: bool) -> impl Iterator<Item = &'static str> {
    let options = &settings.options;
    #[rustfmt::skip]
    let rows = [
        ("forwardfor", options.forwardfor.is_some()),
        ("originalto", options.originalto.is_some()),
        ("accept-invalid-http-request", front && options.accept_invalid_request),
        ("accept-invalid-http-response", back && options.accept_invalid_response),
        ("checkcache", back && options.checkcache),
        ("disable-h2-upgrade", front && options.disable_h2_upgrade),
        ("http-buffer-request", options.buffer_request),
        ("http-ignore-probes", front && options.ignore_probes),
        ("http-pretend-keepalive", back && options.pretend_keepalive),
        ("http-use-proxy-header", front && options.use_proxy_header),
        ("prefer-last-server", back && options.prefer_last_server),
    ];
    rows.into_iter().filter_map(|(name, on)| on.then_some(name))
}

/// A log line of HTTP's form becomes one of TCP's.
fn log_form(proxy: &mut Proxy, who: &str, notes: &mut Diagnostics) {
    if let TrafficLog::Format(format) = &proxy.settings.traffic
        && let Some(tag) = format.needs_http()
    {
        let message =
            format!("failed to parse log-format : format variable '{tag}' is reserved for HTTP mode.");
        notes.alert(proxy.settings.traffic_span.unwrap_or(proxy.span), message);
    }
    let option = match proxy.settings.traffic {
        TrafficLog::Http { .. } => "httplog",
        TrafficLog::Https => "httpslog",
        TrafficLog::Default | TrafficLog::Tcp | TrafficLog::Format(_) => return,
    };
    let message = format!(
        "'option {option}' not usable with {who} (needs 'mode http'). Falling back to 'option tcplog'."
    );
    notes.warning(proxy.settings.traffic_span.unwrap_or(proxy.span), message);
    proxy.settings.traffic = TrafficLog::Tcp;
}

/// What `option external-check` needs, in the section and in `global`.
pub(crate) fn external(proxy: &Proxy, global: &Global, notes: &mut Diagnostics) {
    let settings = &proxy.settings;
    let Connections { external_command: command, external_path: path, .. } = &settings.connections;
    let (kind, name) = (kind_in_words(proxy), &proxy.name);
    if settings.disabled {
        return;
    }
    if !matches!(settings.probe, Some(CheckKind::External)) || settings.http_check.is_some() {
        for (what, _) in [("command", command), ("path", path)].iter().filter(|(_, said)| said.is_some()) {
            let message = format!(
                "'external-check {what}' will be ignored for {kind} '{name}' (requires 'option external-check')."
            );
            notes.warning(proxy.span, message);
        }
        return;
    }
    let said = |name: &str| global.settings.contains_key(name);
    let option = format!("Proxy '{name}' : 'option external-check'");
    if !said("external-check") {
        notes.alert(proxy.span, format!("{option} unable to find required 'global.external-check'."));
    }
    if !said("insecure-fork-wanted") {
        let message = format!(
            "Proxy '{name}' : 'insecure-fork-wanted' not enabled in the global section, 'option external-check' \
             will likely fail."
        );
        notes.warning(proxy.span, message);
    }
    match command {
        None => {
            notes.alert(proxy.span, format!("{option} unable to find required 'external-check command'."))
        }
        Some(command) if !command.starts_with('/') && path.is_none() => {
            let message = format!(
                "Proxy '{name}': 'external-check command' does not have a leading '/' and 'external-check path' is \
                 not set."
            );
            notes.alert(proxy.span, message);
        }
        Some(_) => {}
    }
}

/// Protocols that sockets and servers are said to speak, and that the section's mode has not.
fn protocols(proxy: &Proxy, notes: &mut Diagnostics) {
    let mode = proxy.settings.mode.map_or(Mode::Tcp, |(mode, _)| mode);
    let http = mode == Mode::Http;
    let who = format!("{} '{}'", kind_in_words(proxy), proxy.name);
    for (at, proto, whose) in &proxy.protos {
        let to_server = whose.starts_with("server");
        let usable = match proto {
            Proto::H1 | Proto::H2 => http,
            Proto::None => !http,
            Proto::Fcgi => to_server && http,
            Proto::Spop => mode == Mode::Spop,
        };
        if !usable {
            let name = cfg::bind::PROTOCOLS.iter().find(|(_, known)| known == proto);
            let name = name.map_or("", |(name, _)| name);
            notes.alert(*at, format!("{who} : MUX protocol '{name}' is not usable for {whose}."));
        }
    }
    let by_http = proxy.settings.http_check.is_some();
    for server in proxy.servers.iter().filter(|server| server.options.checked) {
        let Some(proto) = server.options.model.check_over.proto else { continue };
        if by_http == matches!(proto, Proto::None | Proto::Spop) {
            let message = format!(
                "config: {who}: server '{}' uses an incompatible MUX protocol for the selected check type",
                server.name
            );
            notes.alert(server.span, message);
        }
    }
}

/// FastCGI needs an application and servers that speak it; HAProxy looks at sections that are disabled too.
fn fastcgi(proxy: &Proxy, notes: &mut Diagnostics) {
    let (settings, name) = (&proxy.settings, &proxy.name);
    let filters = settings.services.filters.iter().filter_map(|filter| match filter {
        Filter::FcgiApp(app) => Some(app),
        _ => None,
    });
    let mut apps = settings.connections.fcgi_app.iter().chain(filters);
    let http = settings.mode.is_some_and(|(mode, _)| mode == Mode::Http);
    let templates = proxy.templates.iter().map(|template| (&template.server, template.first.to_string()));
    let servers = proxy.servers.iter().map(|server| (server, String::new())).chain(templates);
    let server = servers.into_iter().find(|(server, _)| server.options.model.proto == Some(Proto::Fcgi));
    let Some(app) = apps.next() else {
        if let Some((server, number)) = server.filter(|_| http) {
            let who = format!("{}{number}", server.name);
            let message = format!("proxy '{name}': FCGI server '{who}' has no FCGI app configured.");
            notes.alert(server.span, message);
        }
        return;
    };
    if !http {
        let message = format!("proxy '{name}': FCGI application cannot be used in non-HTTP mode.");
        notes.alert(proxy.span, message);
    } else if apps.any(|other| other != app) {
        notes.alert(proxy.span, format!("proxy '{name}' : only one fcgi-app supported per backend."));
    } else if server.is_none() {
        let message = format!("proxy '{name}': FCGI app configured but no FCGI server found.");
        notes.push(Diagnostic::alert(proxy.span, message).hint("write 'proto fcgi' on its 'server' lines"));
    }
}

/// Mails need all of who sends them, who gets them, and by whom.
fn mails(proxy: &Proxy, notes: &mut Diagnostics) {
    let EmailAlert { mailers, from, to, level, myhostname } = &proxy.settings.services.email;
    let needed = [mailers, from, to];
    let said = needed.iter().any(|field| field.is_some()) || level.is_some() || myhostname.is_some();
    if said && needed.iter().any(|field| field.is_none()) {
        let message = format!(
            "'email-alert' will be ignored for {} '{}' (the presence any of 'email-alert from', 'email-alert level' \
             'email-alert mailers', 'email-alert myhostname', or 'email-alert to' requires each of 'email-alert from', \
             'email-alert mailers' and 'email-alert to' to be present).",
            kind_in_words(proxy),
            proxy.name
        );
        notes.warning(proxy.span, message);
    }
}

/// What a backend says about its servers that does not go together.
fn farm(proxy: &Proxy, notes: &mut Diagnostics) {
    let settings = &proxy.settings;
    let who = format!("{} '{}'", kind_in_words(proxy), proxy.name);
    if settings.options.transparent && settings.balance_said {
        let message = format!("{who} cannot use both transparent and balance mode.");
        notes.push(Diagnostic::alert(proxy.span, message).hint("leave out one of the two"));
    } else if settings.connections.dispatch.is_some() && settings.balance_said {
        let message = format!(
            "dispatch address of {} '{}' will be ignored in balance mode.",
            kind_in_words(proxy),
            proxy.name
        );
        notes.warning(proxy.span, message);
    }
    templates(proxy, notes);
}

/// A server by a template has a name like any other: of two that meet, the later line is refused.
fn templates(proxy: &Proxy, notes: &mut Diagnostics) {
    for (at, template) in proxy.templates.iter().enumerate() {
        let servers = proxy.servers.iter().filter_map(|server| {
            let number = server.name.strip_prefix(&template.server.name)?.parse::<u32>().ok()?;
            (template.first..=template.last).contains(&number).then_some((server, number))
        });
        let others = proxy.templates.iter().skip(at + 1).filter_map(|other| {
            let first = template.first.max(other.first);
            let meet = template.server.name == other.server.name && first <= template.last.min(other.last);
            meet.then_some((&other.server, first))
        });
        for (other, number) in servers.chain(others) {
            twice(proxy, &template.server, other, number, notes);
        }
    }
}

/// Refuses the later of two lines that give a server the same name.
fn twice(proxy: &Proxy, template: &Server, other: &Server, number: u32, notes: &mut Diagnostics) {
    let (first, second) = match template.span.line <= other.span.line {
        true => (template, other),
        false => (other, template),
    };
    let line = first.place.rsplit_once(':').map_or(first.place.as_str(), |(_, line)| line);
    let message = format!(
        "{} '{}', another server named '{}{number}' was already defined at line {line}, please use distinct names.",
        kind_in_words(proxy),
        proxy.name,
        template.name
    );
    notes.alert(second.span, message);
}
