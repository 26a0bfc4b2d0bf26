//! Lines in sections where their keywords do not belong: refused, or ignored with a warning, in HAProxy's words, which
//! are other ones for each age of keyword.

use lang::{Diagnostic, Severity, Span, Word};

use crate::cfg::{self, DEFAULTS, FRONTEND, Keyword, Misplaced, Prefix, Status};
use crate::draft::{Proxy, Stray};
use crate::lower::Lowering;

impl Lowering<'_> {
    /// Reads a line for its mistakes alone: what it says does not reach the section, and nothing need act on it.
    pub(crate) fn run_apart(
        &mut self,
        row: &'static Keyword<Proxy>,
        line: (Prefix, usize, &[Word]),
        span: Span,
        proxy: &mut Proxy,
    ) {
        let mut apart = Proxy::new(proxy.kind, &proxy.name, proxy.span, proxy.place.clone());
        std::mem::swap(&mut apart.acls, &mut proxy.acls);
        std::mem::swap(&mut apart.broken_acls, &mut proxy.broken_acls);
        let before = std::mem::take(self.notes);
        self.run(row, line, span, &mut apart);
        let said = std::mem::replace(self.notes, before);
        // that it would be ignored elsewhere too is no news
        let told = matches!(row.status, Status::Parse(_));
        let news = |one: &&Diagnostic| !one.later && (told || one.severity == Severity::Alert);
        said.iter().filter(news).for_each(|one| self.notes.push(one.clone()));
        std::mem::swap(&mut apart.acls, &mut proxy.acls);
        std::mem::swap(&mut apart.broken_acls, &mut proxy.broken_acls);
        proxy.files.append(&mut apart.files);
        if apart.settings.balance_said {
            proxy.settings.unhashed = apart.settings.unhashed.take();
        }
        if proxy.kind == FRONTEND {
            keep_checks(&mut apart, proxy);
        }
        proxy.stray.extend(strays(apart));
    }

    /// A line where it does not belong is refused or ignored; says whether its mistakes are worth telling.
    pub(crate) fn misplaced(&mut self, row: &Keyword<Proxy>, words: &[Word], proxy: &Proxy) -> bool {
        let span = words.first().map_or(proxy.span, |word| word.span);
        let refused = refused(row, proxy).unwrap_or_else(|| {
            if proxy.kind == DEFAULTS {
                return format!("'{}' not allowed in 'defaults' section.", family(row.name));
            }
            String::new()
        });
        if !refused.is_empty() {
            self.notes.alert(span, refused);
            return false;
        }
        if row.misplaced == Misplaced::Silent {
            return false;
        }
        self.notes.warning(span, ignored(row, proxy));
        matches!(row.status, Status::Parse(_) | Status::Ignored(_)) && row.misplaced != Misplaced::Unread
    }
}

/// How servers would be checked, if a frontend had any: whether the lines go together is judged all the same.
fn keep_checks(apart: &mut Proxy, proxy: &mut Proxy) {
    let (from, to) = (&mut apart.settings, &mut proxy.settings);
    to.http_steps.append(&mut from.http_steps);
    to.tcp_steps.append(&mut from.tcp_steps);
    to.http_check = from.http_check.take().or(to.http_check.take());
    to.probe = from.probe.take().or(to.probe.take());
    proxy.seen.extend(apart.seen.drain());
}

/// The names of backends and servers in a line that is ignored: HAProxy looks for them all the same.
fn strays(apart: Proxy) -> Vec<Stray> {
    let switch = |keyword, switch: crate::draft::Switch| {
        switch.format.is_none().then_some(Stray { keyword, name: switch.to })
    };
    let backends = apart.use_backend.into_iter().filter_map(|one| switch("use_backend", one));
    let servers = apart.use_server.into_iter().filter_map(|one| switch("use-server", one));
    let default = apart.settings.default_backend.map(|name| Stray { keyword: "default_backend", name });
    backends.chain(servers).chain(default).collect()
}

/// `because backend 'b' has no frontend capability`, and what it lacks.
fn because(proxy: &Proxy) -> (String, &'static str) {
    let (kind, lacks) =
        if proxy.kind == FRONTEND { ("frontend", "backend") } else { ("backend", "frontend") };
    (format!("because {kind} '{}' has no {lacks} capability", proxy.name), lacks)
}

/// What refuses a line.
fn refused(row: &Keyword<Proxy>, proxy: &Proxy) -> Option<String> {
    let name = row.name;
    let defaults = proxy.kind == DEFAULTS;
    match name {
        "tcp-request connection" | "tcp-request session" if !defaults => {
            return Some(format!("{name} is not allowed because backend {} is not a frontend", proxy.name));
        }
        "tcp-response content" | "tcp-response inspect-delay" => {
            return Some(format!(
                "{name} is only allowed in 'backend' sections or 'defaults' section with a name"
            ));
        }
        "declare" | "declare capture" if defaults => {
            return Some("'declare' not available in default section".to_owned());
        }
        "declare" | "declare capture" => {
            return Some("'declare' only available in frontend or listen section".to_owned());
        }
        "use-fcgi-app" => return Some(format!("'{name}' only available in backend or listen section")),
        "filter" if defaults => return Some("filter is not allowed in a 'default' section.".to_owned()),
        "stick-table" if defaults => {
            return Some(format!("'{name}' is not supported in 'defaults' section."));
        }
        "capture" if defaults => return Some(cfg::capture::FORMS.to_owned()),
        _ if defaults => return None,
        _ => {}
    }
    let (why, lacks) = because(proxy);
    let short = name.strip_prefix("option ").unwrap_or(name);
    match row.misplaced {
        Misplaced::Refused => Some(format!("'{name}' not allowed {why}.")),
        Misplaced::Only => Some(format!("'{short}' only available in {lacks} or listen section")),
        Misplaced::Silent | Misplaced::WillBe | Misplaced::Bare | Misplaced::Ignored | Misplaced::Unread => {
            None
        }
    }
}

/// The warning for a line that has no meaning where it stands.
fn ignored(row: &Keyword<Proxy>, proxy: &Proxy) -> String {
    let (why, _) = because(proxy);
    let name = row.name.strip_prefix("option ").unwrap_or(row.name);
    let other = match (name, proxy.kind) {
        ("maxconn", cfg::BACKEND) => " Maybe you want 'fullconn' instead ?",
        ("fullconn", FRONTEND) => " Maybe you want 'maxconn' instead ?",
        _ => "",
    };
    match row.misplaced {
        Misplaced::WillBe => format!("'{name}' will be ignored {why}"),
        Misplaced::Bare => format!("{name} will be ignored {why}"),
        _ => {
            let first = name.split(' ').next().unwrap_or(name);
            let name = if is_family(name) { first } else { name };
            format!("'{name}' ignored {why}.{other}")
        }
    }
}

/// HAProxy names the family alone for some lines.
fn is_family(name: &str) -> bool {
    matches!(
        name.split(' ').next(),
        Some("http-check" | "tcp-check" | "stick" | "capture" | "monitor" | "stats")
    )
}

/// The words of a keyword that HAProxy names in `defaults`.
fn family(name: &str) -> &str {
    match name {
        "capture request header" => "capture request",
        "capture response header" => "capture response",
        "capture cookie" | "stats admin" => name,
        _ if is_family(name) => name.split(' ').next().unwrap_or(name),
        _ => name,
    }
}
