//! What the lines of the sections say, before names are resolved and defaults are final.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use expr::Acls;
use lang::{Span, Word};
use rules::RuleSet;

use crate::cfg::{self, Sections as ProxyKind};
use crate::model::{
    Asked, Balance, Bind, Cache, Captures, Check, CheckKind, CheckStep, Connections, Global, Hashing,
    HttpErrors, LogProfile, LogTarget, Mailers, Mode, Persistence, ProxyOptions, Resolvers, ServerAddress,
    Services, StickRule, StickTable, Timeouts, TrafficLog, UniqueId,
};
use crate::reference::Reference;

/// Everything that was read.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) global: Global,
    /// Where each of the `log` lines of `global` stands.
    pub(crate) log_places: Vec<(Span, String)>,
    pub(crate) proxies: Vec<Proxy>,
    pub(crate) sections: Sections,
}

/// The sections that are neither `global` nor proxies, by kind.
#[derive(Debug, Default)]
pub(crate) struct Sections {
    pub(crate) resolvers: Vec<Named<Resolvers>>,
    pub(crate) userlists: Vec<Named<cfg::userlist::Draft>>,
    pub(crate) peers: Vec<Named<cfg::peers::Draft>>,
    pub(crate) caches: Vec<Named<Cache>>,
    pub(crate) http_errors: Vec<Named<HttpErrors>>,
    pub(crate) rings: Vec<Named<cfg::ring::Draft>>,
    pub(crate) log_forwards: Vec<Named<cfg::log_forward::Draft>>,
    pub(crate) log_profiles: Vec<Named<LogProfile>>,
    pub(crate) mailers: Vec<Named<Mailers>>,
    pub(crate) fcgi_apps: Vec<Named<cfg::fcgi_app::Draft>>,
    pub(crate) programs: Vec<Named<cfg::program::Draft>>,
    pub(crate) crt_stores: Vec<Named<cfg::crt_store::Draft>>,
    pub(crate) acmes: Vec<Named<cfg::acme::Draft>>,
    pub(crate) traces: Vec<Named<cfg::traces::Draft>>,
    pub(crate) healthchecks: Vec<Named<cfg::healthcheck::Draft>>,
}

/// Such a section: its line, and what its lines say.
#[derive(Debug)]
pub(crate) struct Named<T> {
    pub(crate) head: Head,
    pub(crate) body: T,
}

/// A section's line.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    /// Empty where it has none.
    pub(crate) name: String,
    /// The whole line.
    pub(crate) span: Span,
    pub(crate) place: String,
}

/// One `defaults`, `frontend`, `backend` or `listen` section.
pub(crate) struct Proxy {
    pub(crate) kind: ProxyKind,
    pub(crate) name: String,
    /// The section's line.
    pub(crate) span: Span,
    pub(crate) place: String,
    pub(crate) id: Option<(u32, Span)>,
    /// What `defaults` hand down, and what the section says over it.
    pub(crate) settings: Settings,
    pub(crate) acls: Acls,
    /// ACLs whose lines were refused: that they are missing later is no news.
    pub(crate) broken_acls: HashSet<String>,
    pub(crate) binds: Vec<Bind>,
    /// The files that its lines name.
    pub(crate) files: Vec<NamedFile>,
    pub(crate) servers: Vec<Server>,
    pub(crate) templates: Vec<Template>,
    pub(crate) use_backend: Vec<Switch>,
    pub(crate) use_server: Vec<Switch>,
    pub(crate) monitor_fail: Vec<expr::Cond>,
    pub(crate) captures: Captures,
    /// `stick-table`, and where it stands.
    pub(crate) stick_table: Option<(Span, StickTable)>,
    pub(crate) stick_rules: Vec<StickRule>,
    /// Keywords that were seen in this section itself.
    pub(crate) seen: HashSet<&'static str>,
    /// The latest kind of rule, for warnings about their order.
    pub(crate) order: Option<(u8, &'static str)>,
    /// What sockets are said to speak: where, and of which socket.
    pub(crate) protos: Vec<(Span, crate::model::Proto, String)>,
    /// Names in lines that are ignored where they stand.
    pub(crate) stray: Vec<Stray>,
}

impl std::fmt::Debug for Proxy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Proxy").field("kind", &self.kind).field("name", &self.name).finish_non_exhaustive()
    }
}

impl Proxy {
    /// An empty section.
    pub(crate) fn new(kind: ProxyKind, name: &str, span: Span, place: String) -> Self {
        Self {
            kind,
            name: name.to_owned(),
            span,
            place,
            id: None,
            settings: Settings::default(),
            acls: Acls::default(),
            broken_acls: HashSet::new(),
            binds: Vec::new(),
            files: Vec::new(),
            servers: Vec::new(),
            templates: Vec::new(),
            use_backend: Vec::new(),
            use_server: Vec::new(),
            monitor_fail: Vec::new(),
            captures: Captures::default(),
            stick_table: None,
            stick_rules: Vec::new(),
            seen: HashSet::new(),
            order: None,
            protos: Vec::new(),
            stray: Vec::new(),
        }
    }

    /// Whether this is the keyword's first line in the section.
    pub(crate) fn first_time(&mut self, keyword: &'static str) -> bool {
        self.seen.insert(keyword)
    }
}

/// What `defaults` hand down.
#[derive(Clone, Default)]
pub(crate) struct Settings {
    pub(crate) mode: Option<(Mode, Span)>,
    pub(crate) disabled: bool,
    pub(crate) maxconn: Option<u32>,
    pub(crate) backlog: Option<u32>,
    pub(crate) fullconn: Option<u32>,
    pub(crate) default_backend: Option<Word>,
    pub(crate) timeouts: Timeouts,
    pub(crate) options: ProxyOptions,
    /// Options that only HTTP has and that change nothing here.
    pub(crate) http_options: Vec<&'static str>,
    pub(crate) all_backups: bool,
    pub(crate) redispatch: Option<i32>,
    pub(crate) retries: Option<u32>,
    pub(crate) balance: Balance,
    /// What is wrong with the expression of `balance hash`.
    pub(crate) unhashed: Option<lang::Diagnostic>,
    /// `balance` was said.
    pub(crate) balance_said: bool,
    pub(crate) hashing: Hashing,
    pub(crate) persistence: Persistence,
    pub(crate) connections: Connections,
    pub(crate) services: Services,
    pub(crate) rate_limit: Option<u32>,
    pub(crate) logs: Vec<Log>,
    pub(crate) traffic: TrafficLog,
    /// Where the traffic log's form was asked for.
    pub(crate) traffic_span: Option<Span>,
    pub(crate) log_tag: Option<String>,
    /// `log-steps`.
    pub(crate) log_steps: Option<Vec<rules::Step>>,
    pub(crate) error_log: Option<expr::LogFormat>,
    pub(crate) structured: Option<expr::LogFormat>,
    /// Where it was asked for.
    pub(crate) structured_span: Option<Span>,
    pub(crate) unique_id: UniqueId,
    pub(crate) monitor_uri: Option<String>,
    pub(crate) http_check: Option<HttpCheck>,
    /// A check of another kind, where the latest line asks for one.
    pub(crate) probe: Option<CheckKind>,
    /// `http-check` lines, whether or not `option httpchk` was said before them.
    pub(crate) http_steps: Vec<CheckStep>,
    /// `tcp-check` lines, likewise.
    pub(crate) tcp_steps: Vec<CheckStep>,
    pub(crate) default_server: ServerOptions,
    /// The sections that lines name.
    pub(crate) references: Vec<Reference>,
    pub(crate) rules: Rules,
}

/// The rule sets of a section.
#[derive(Clone, Default)]
pub(crate) struct Rules {
    pub(crate) tcp_connection: RuleSet,
    pub(crate) tcp_session: RuleSet,
    pub(crate) inspect_delay: Option<Duration>,
    pub(crate) tcp_content: RuleSet,
    pub(crate) http_request: RuleSet,
    /// `redirect` lines, which run after the `http-request` rules.
    pub(crate) redirect: Vec<rules::Rule>,
    pub(crate) response_delay: Option<Duration>,
    pub(crate) tcp_response: RuleSet,
    pub(crate) http_response: RuleSet,
    pub(crate) http_after_response: RuleSet,
    /// The ACLs that expressions ask.
    pub(crate) asked: Asked,
    /// The stick tables that rules and expressions name, and where.
    pub(crate) tables: Vec<(Span, expr::TableUse)>,
}

impl Rules {
    /// The rule sets.
    pub(crate) fn sets(&self) -> [&RuleSet; 7] {
        [
            &self.tcp_connection,
            &self.tcp_session,
            &self.tcp_content,
            &self.http_request,
            &self.tcp_response,
            &self.http_response,
            &self.http_after_response,
        ]
    }

    /// Whether there is no rule among them.
    pub(crate) fn is_empty(&self) -> bool {
        self.tcp_connection.is_empty()
            && self.tcp_session.is_empty()
            && self.tcp_response.is_empty()
            && self.http_after_response.is_empty()
            && self.tcp_content.is_empty()
            && self.http_request.is_empty()
            && self.redirect.is_empty()
            && self.http_response.is_empty()
    }
}

/// A `log` line of a proxy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// `log global`.
    Global,
    /// A target of its own.
    Target(LogLine),
}

/// A `log` line that names a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LogLine {
    pub(crate) target: LogTarget,
    pub(crate) span: Span,
    pub(crate) place: String,
}

/// `option httpchk`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HttpCheck {
    pub(crate) method: String,
    pub(crate) uri: String,
    pub(crate) version: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Option<String>,
}

/// A file that a line names: whether it holds what it must is judged when the base directories are known.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NamedFile {
    pub(crate) file: PathBuf,
    pub(crate) span: Span,
    /// What stands before the message.
    pub(crate) label: String,
    /// The option that names it.
    pub(crate) keyword: &'static str,
    pub(crate) purpose: Purpose,
}

/// What a file is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// A certificate with its key, or a directory of those.
    Certificate,
    /// Lines that name certificates.
    CrtList,
    /// Authorities' certificates.
    Authorities,
    /// Lists of revoked certificates.
    Revocations,
    /// Keys for session tickets.
    TicketKeys,
    /// The authority that makes certificates.
    Signing,
}

/// A backend's or server's name in a line that is ignored.
#[derive(Debug)]
pub(crate) struct Stray {
    /// `use_backend`, `default_backend` or `use-server`.
    pub(crate) keyword: &'static str,
    pub(crate) name: Word,
}

/// A `use_backend` or `use-server` line.
#[derive(Clone, Debug)]
pub(crate) struct Switch {
    pub(crate) to: Word,
    /// The name is made for each request.
    pub(crate) format: Option<expr::LogFormat>,
    pub(crate) cond: Option<expr::Cond>,
    pub(crate) place: String,
}

/// A `server` line.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) place: String,
    pub(crate) address: ServerAddress,
    /// The address' place.
    pub(crate) address_span: Span,
    pub(crate) options: ServerOptions,
}

/// A `server-template` line; the server's name is what stands before the numbers.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    pub(crate) first: u32,
    pub(crate) last: u32,
    pub(crate) server: Server,
}

/// What a `server` line says after the address, and `default-server` before it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ServerOptions {
    /// `id`.
    pub(crate) id: Option<u32>,
    /// `check` was said.
    pub(crate) checked: bool,
    /// How, once checked.
    pub(crate) check: Check,
    /// Everything else, as the model has it; names and addresses come at the end.
    pub(crate) model: crate::model::Server,
    /// The files that the line names.
    pub(crate) files: Vec<NamedFile>,
    /// Where what is judged at the end stands.
    pub(crate) spans: ServerSpans,
}

/// Places in a `server` line.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct ServerSpans {
    pub(crate) track: Option<Span>,
    pub(crate) resolvers: Option<Span>,
    pub(crate) proto: Option<Span>,
    pub(crate) id: Option<Span>,
    pub(crate) sni: Option<Span>,
}

impl ServerOptions {
    /// Whether they are those of a `default-server` line, which has no name.
    pub(crate) fn is_default(&self) -> bool {
        self.model.name.is_empty()
    }

    /// The files that must hold what they are for: a certificate is looked at only where TLS is used.
    pub(crate) fn named_files(&self) -> impl Iterator<Item = NamedFile> + '_ {
        let encrypted = self.model.tls.on || self.model.check_over.tls;
        let read = move |file: &&NamedFile| encrypted || file.purpose != Purpose::Certificate;
        self.files.iter().filter(read).cloned()
    }
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            id: None,
            checked: false,
            check: Check {
                inter: Duration::from_secs(2),
                fastinter: None,
                downinter: None,
                rise: 2,
                fall: 3,
                port: None,
                addr: None,
                spread: 0,
                kind: CheckKind::Tcp,
            },
            model: crate::model::Server::default(),
            files: Vec::new(),
            spans: ServerSpans::default(),
        }
    }
}
