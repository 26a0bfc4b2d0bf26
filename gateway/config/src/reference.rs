//! Names of sections that are no proxies, in lines of proxies: the sections must be there.

use lang::{Diagnostic, Diagnostics, Files, Span, Word, suggest};

use crate::cfg::BACKEND;
use crate::draft::{Draft, Log, LogLine, Named, Proxy, Purpose, Sections, Server, Stray};
use crate::judge::kind_in_words;
use crate::model::{LogTarget, LogTo, Resolvers};

/// A name in a line of a proxy, until all sections are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reference {
    pub(crate) what: Kind,
    pub(crate) name: String,
    /// Where the name stands.
    pub(crate) span: Span,
    /// Its line, where the message names it: `file:line`.
    pub(crate) place: String,
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `cache-use`, `cache-store`, `filter cache`.
    Cache,
    /// `use-fcgi-app`, `filter fcgi-app`.
    FcgiApp,
    /// `email-alert mailers`.
    Mailers,
    /// `errorfiles`.
    HttpErrors,
    /// `stick-table … peers`.
    Peers,
    /// `do-resolve(…,NAME)`.
    Resolvers,
}

impl Reference {
    /// The name that a word is.
    pub(crate) fn to(what: Kind, word: &Word) -> Self {
        Self { what, name: word.text.clone(), span: word.span, place: String::new() }
    }

    /// The name of a section of pages, in the line at this place.
    pub(crate) fn pages(word: &Word, place: &str) -> Self {
        Self { place: place.to_owned(), ..Self::to(Kind::HttpErrors, word) }
    }

    /// The name in a rule, whose words these are.
    pub(crate) fn of_rule(words: &[Word]) -> Option<Self> {
        let action = words.first()?;
        if matches!(action.text.as_str(), "cache-use" | "cache-store") {
            return words.get(1).map(|word| Self::to(Kind::Cache, word));
        }
        let inside = action.text.strip_prefix("do-resolve(")?.strip_suffix(')')?;
        let name = inside.split(',').nth(1)?.trim();
        Some(Self { what: Kind::Resolvers, name: name.to_owned(), span: action.span, place: String::new() })
    }
}

/// The `resolvers` section that HAProxy makes of the system's settings.
const SYSTEM: &str = "default";

/// That section, where a rule means it and the file has no other of its name.
pub(crate) fn system(sections: &Sections, proxies: &[Proxy], files: &dyn Files) -> Option<Resolvers> {
    let means_it = |known: &Reference| known.what == Kind::Resolvers && known.name == SYSTEM;
    let mut used = proxies.iter().filter(|proxy| !proxy.settings.disabled);
    let asked = used.any(|proxy| proxy.settings.references.iter().any(means_it));
    (asked && !heads(&sections.resolvers).contains(&SYSTEM))
        .then(|| crate::cfg::resolvers::of_system(SYSTEM, files))
        .flatten()
}

/// Refuses every name that no section has, in HAProxy's words.
pub(crate) fn judge(sections: &Sections, proxies: &[Proxy], notes: &mut Diagnostics) {
    for proxy in proxies.iter().filter(|proxy| !proxy.settings.disabled) {
        for reference in &proxy.settings.references {
            let known = names(sections, reference.what);
            let unused = reference.what == Kind::Mailers && !mails(proxy);
            if !unused && !known.contains(&reference.name.as_str()) {
                let refusal = Diagnostic::alert(reference.span, missing(proxy, reference));
                let meant = suggest::nearest(&reference.name, known).map(str::to_owned);
                notes.push(refusal.suggest(meant));
            }
        }
        strays(proxies, proxy, notes);
        stored(sections, proxy, notes);
        let templates = proxy.templates.iter().map(|template| &template.server);
        proxy.servers.iter().chain(templates).for_each(|server| resolved(sections, proxy, server, notes));
    }
}

/// Names in lines that are ignored where they stand: HAProxy misses what it does not find all the same.
fn strays(proxies: &[Proxy], proxy: &Proxy, notes: &mut Diagnostics) {
    let is_backend = |name: &str| proxies.iter().any(|other| other.kind.meets(BACKEND) && other.name == name);
    for Stray { keyword, name } in &proxy.stray {
        let message = match *keyword {
            "use-server" => format!(
                "{} '{}' : unable to find server '{}' referenced in a 'use-server' rule.",
                proxy.kind.name(),
                proxy.name,
                name.text
            ),
            _ if name.text == proxy.name => {
                format!("Proxy '{}': loop detected for {keyword}: '{}'.", proxy.name, name.text)
            }
            _ if is_backend(&name.text) => continue,
            _ => format!("Proxy '{}': unable to find required {keyword}: '{}'.", proxy.name, name.text),
        };
        notes.alert(name.span, message);
    }
}

/// `crt @STORE/NAME`: a line of that `crt-store` section must have the name, or be of the file.
fn stored(sections: &Sections, proxy: &Proxy, notes: &mut Diagnostics) {
    for file in proxy.files.iter().filter(|file| file.purpose == Purpose::Certificate) {
        let Some((store, name)) = file.file.to_str().and_then(|text| text.strip_prefix('@')?.split_once('/'))
        else {
            continue;
        };
        let store = sections.crt_stores.iter().find(|section| section.head.name == store);
        let loads = store.map_or(&[][..], |section| &section.body.store.loads);
        if !loads.iter().any(|load| load.alias.as_deref() == Some(name) || load.crt == name) {
            let (label, path) = (&file.label, file.file.display());
            let message = format!(
                "{label}unable to stat SSL certificate from file '{path}' : No such file or directory."
            );
            let hint = "no 'crt-store' section has a certificate of this name";
            notes.push(Diagnostic::alert(file.span, message).hint(hint));
        }
    }
}

/// `resolvers NAME` of a server, from its own line or from `default-server`.
fn resolved(sections: &Sections, proxy: &Proxy, server: &Server, notes: &mut Diagnostics) {
    let Some(name) = &server.options.model.resolve.resolvers else { return };
    let known = names(sections, Kind::Resolvers);
    if known.contains(&name.as_str()) {
        return;
    }
    let message = format!(
        "{} '{}', server '{}': unable to find required resolvers '{name}'",
        kind_in_words(proxy),
        proxy.name,
        server.name
    );
    let span = server.options.spans.resolvers.unwrap_or(server.span);
    let meant = suggest::nearest(name, known).map(str::to_owned);
    notes.push(Diagnostic::alert(span, message).suggest(meant));
}

/// `ring@NAME`, `backend@NAME` and `profile NAME` of `log` lines.
pub(crate) fn logged(draft: &Draft, notes: &mut Diagnostics) {
    let own = draft.global.logs.iter().zip(&draft.log_places);
    for (target, (span, place)) in own {
        unlogged(draft, target, &format!("global log server declared{}", at(place)), *span, notes);
    }
    let of_proxies = draft.proxies.iter().map(|proxy| ("proxy", proxy));
    let forwards = &draft.sections.log_forwards;
    let of_forwards = forwards.iter().map(|forward| ("log-forward", &forward.body.section));
    let of_peers = draft.sections.peers.iter().map(|peers| ("peers", &peers.body.section));
    for (kind, section) in of_proxies.chain(of_forwards).chain(of_peers) {
        for log in &section.settings.logs {
            let Log::Target(LogLine { target, span, place }) = log else { continue };
            let what = format!("log server declared in {kind} section '{}'{}", section.name, at(place));
            unlogged(draft, target, &what, *span, notes);
        }
    }
}

/// ` in file 'h.cfg' at line 3`.
fn at(place: &str) -> String {
    let (file, line) = place.rsplit_once(':').unwrap_or((place, ""));
    format!(" in file '{file}' at line {line}")
}

/// Refuses a target whose section is not there.
fn unlogged(draft: &Draft, target: &LogTarget, what: &str, span: Span, notes: &mut Diagnostics) {
    let sections = &draft.sections;
    let backends = draft.proxies.iter().filter(|proxy| proxy.kind.meets(BACKEND));
    let mut judge = |kind: &str, name: &str, known: Vec<&str>| {
        if known.contains(&name) {
            return;
        }
        let meant = suggest::nearest(name, known).map(str::to_owned);
        let message = format!("{what} uses unknown {kind} named '{name}'.");
        // HAProxy 2.6 takes a ring that is not there, and drops what is logged to it
        let (said, hint) = match kind {
            "ring" => (
                Diagnostic::warning(span, message),
                "these lines go nowhere: declare the ring, or remove them",
            ),
            _ => (Diagnostic::alert(span, message), ""),
        };
        let said = said.suggest(meant);
        notes.push(if hint.is_empty() { said } else { said.hint(hint) });
    };
    match &target.to {
        LogTo::Ring(name) => judge("ring", name, heads(&sections.rings)),
        LogTo::Backend(name) => {
            judge("backend", name, backends.map(|proxy| proxy.name.as_str()).collect());
        }
        _ => {}
    }
    if let Some(name) = &target.profile {
        judge("log-profile", name, heads(&sections.log_profiles));
    }
}

/// `do-log profile NAME` of rules.
pub(crate) fn logged_by_rules(draft: &Draft, notes: &mut Diagnostics) {
    let known = heads(&draft.sections.log_profiles);
    for proxy in draft.proxies.iter().filter(|proxy| !proxy.settings.disabled) {
        for rule in proxy.settings.rules.sets().into_iter().flat_map(|set| set.iter()) {
            if let [action, word, name, ..] = rule.words()
                && (action.as_str(), word.as_str()) == ("do-log", "profile")
                && !known.contains(&name.as_str())
            {
                let who = format!("{} '{}'", kind_in_words(proxy), proxy.name);
                let message = format!(
                    "{who}: rule 'do-log' at {} uses unknown log-profile named '{name}'.",
                    rule.place()
                );
                let meant = suggest::nearest(name, known.iter().copied()).map(str::to_owned);
                notes.push(Diagnostic::alert(proxy.span, message).suggest(meant));
            }
        }
    }
}

fn heads<T>(sections: &[Named<T>]) -> Vec<&str> {
    sections.iter().map(|section| section.head.name.as_str()).collect()
}

/// The names that there are.
fn names(sections: &Sections, what: Kind) -> Vec<&str> {
    match what {
        Kind::Cache => heads(&sections.caches),
        Kind::FcgiApp => heads(&sections.fcgi_apps),
        Kind::HttpErrors => heads(&sections.http_errors),
        Kind::Mailers => heads(&sections.mailers),
        Kind::Peers => heads(&sections.peers),
        Kind::Resolvers => heads(&sections.resolvers).into_iter().chain([SYSTEM]).collect(),
    }
}

/// Whether a section sends its mails by these mailers.
pub(crate) fn mails_by(proxy: &Proxy, mailers: &str) -> bool {
    let named = |one: &Reference| one.what == Kind::Mailers && one.name == mailers;
    mails(proxy) && proxy.settings.references.iter().any(named)
}

/// Whether the section's mails are complete; if not, none of it is looked at.
fn mails(proxy: &Proxy) -> bool {
    let email = &proxy.settings.services.email;
    email.from.is_some() && email.to.is_some()
}

fn missing(proxy: &Proxy, Reference { what, name, place, .. }: &Reference) -> String {
    let own = &proxy.name;
    match what {
        Kind::Cache => {
            let kind = kind_in_words(proxy);
            format!(
                "config: {kind} '{own}': unable to find the cache '{name}' referenced by the filter 'cache'."
            )
        }
        Kind::FcgiApp => format!("proxy '{own}' : fcgi-app '{name}' not found."),
        Kind::HttpErrors => format!("proxy '{own}': unknown http-errors section '{name}' (at {place})."),
        Kind::Mailers => format!("Proxy '{own}': unable to find mailers '{name}'."),
        Kind::Peers => format!("Proxy '{own}': unable to find sync peers '{name}'."),
        Kind::Resolvers => {
            format!("Proxy '{own}': Can't find resolvers section '{name}' for do-resolve action.")
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::world::said;

    const HEAD: &str = "defaults\n mode http\n timeout client 1s\n timeout connect 1s\n timeout server 1s\n\
                        resolvers dns\n nameserver a 192.0.2.1:53\ncache small\n total-max-size 4\n\
                        mailers post\n mailer a 192.0.2.1:25\npeers two\n peer a 192.0.2.1:1\n\
                        fcgi-app php\n docroot /a\nuserlist people\n user a insecure-password b\nbackend b\n";

    /// A line, the line with the name that is meant, and HAProxy 2.6's words where there is none such.
    const LINES: &[(&str, &str, &str)] = &[
        (
            "server s a:80 resolvers dn",
            "dns",
            "backend 'b', server 's': unable to find required resolvers 'dn'",
        ),
        (
            "server-template s 2 a:80 resolvers dn",
            "dns",
            "backend 'b', server 's': unable to find required resolvers 'dn'",
        ),
        (
            "http-request do-resolve(txn.a,dn) src",
            "dns",
            "Proxy 'b': Can't find resolvers section 'dn' for do-resolve action",
        ),
        (
            "http-request cache-use smal",
            "small",
            "config: backend 'b': unable to find the cache 'smal' referenced by the filter 'cache'",
        ),
        (
            "http-response cache-store smal if { status 200 }",
            "small",
            "config: backend 'b': unable to find the cache 'smal' referenced by the filter 'cache'",
        ),
        (
            "filter cache smal",
            "small",
            "config: backend 'b': unable to find the cache 'smal' referenced by the filter 'cache'",
        ),
        ("use-fcgi-app ph", "php", "proxy 'b' : fcgi-app 'ph' not found"),
        ("filter fcgi-app ph", "php", "proxy 'b' : fcgi-app 'ph' not found"),
        (
            "email-alert from a@b\n email-alert to a@b\n email-alert mailers pos",
            "post",
            "Proxy 'b': unable to find mailers 'pos'",
        ),
        ("stick-table type ip size 10 peers tw", "two", "Proxy 'b': unable to find sync peers 'tw'"),
        (
            "http-request deny if { http_auth(peopl) }",
            "people",
            "unable to find userlist 'peopl' referenced in arg 1",
        ),
    ];

    fn about(line: &str, expected: &str) -> Vec<String> {
        let said = said(&format!("{HEAD} {line}\n"));
        said.into_iter().filter(|line| line.contains(expected)).collect()
    }

    #[test]
    fn names_that_no_section_has_are_refused_with_the_name_that_was_meant() {
        for (line, name, expected) in LINES {
            let found = about(line, expected);
            let [refusal] = &found[..] else { panic!("{line}: {found:?}") };
            assert!(refusal.starts_with("A "), "{refusal}");
            assert!(refusal.ends_with(&format!("did you mean '{name}' maybe ?")), "{refusal}");
            let wrong = &name[..name.len() - 1];
            let right = line.replace(&format!("{wrong})"), &format!("{name})"));
            let right = right.replace(&format!(" {wrong}"), &format!(" {name}"));
            let right = right.replace(&format!("({wrong})"), &format!("({name})")).replace(",dn)", ",dns)");
            assert_eq!(about(&right, "unable to find"), [""; 0], "{right}");
            assert_eq!(about(&right, "Can't find"), [""; 0], "{right}");
            assert_eq!(about(&right, "not found"), [""; 0], "{right}");
        }
    }

    #[test]
    fn a_certificate_of_a_store_must_be_in_it() {
        let store = "crt-store web\n load crt a.pem alias here\n";
        let file = |name: &str| format!("{store}listen l\n mode http\n bind :1 ssl crt @{name}\n");
        let missing = |name: &str| {
            let said = said(&file(name));
            said.into_iter().filter(|line| line.contains(&format!("from file '@{name}'"))).count()
        };
        assert_eq!(["web/here", "web/a.pem", "web/there", "wb/here"].map(missing), [0, 0, 1, 1]);
    }

    /// HAProxy does not look at what is disabled, nor at mails that lack something; `default` is the system's.
    #[test]
    fn names_that_nothing_uses_are_left_alone() {
        for line in [
            "disabled\n filter cache smal\n use-fcgi-app ph\n server s a:80 resolvers dn",
            "email-alert mailers pos",
            "server s a:80 resolvers default",
        ] {
            assert_eq!(about(line, "unable to find"), [""; 0], "{line}");
            assert_eq!(about(line, "not found"), [""; 0], "{line}");
        }
    }
}
