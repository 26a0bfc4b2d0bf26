//! What surrounds an expression while it is read: where it stands, and where files and variables come from.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use lang::{Diagnostic, Environment, Files, Span, Word};

use crate::fetch::Fetch;
use crate::{Acl, Acls, Mention, Naming, Patterns, Phase, Phases, TableUse, Var};

/// Which ends of connections a section has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Ends {
    /// Clients' and servers': `listen`, and whatever hands down to it.
    #[default]
    Both,
    /// Clients': `frontend`.
    Clients,
    /// Servers': `backend`.
    Servers,
}

/// A place that has words of its own for where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spot {
    /// What something is incompatible with there.
    pub place: &'static str,
    /// What a keyword of a fetch stands in there.
    pub context: &'static str,
}

impl Spot {
    /// `use_backend`.
    pub const USE_BACKEND: Self =
        Self { place: "frontend use-backend rule", context: "use_backend expression" };
    /// `use-server`.
    pub const USE_SERVER: Self = Self {
        place: "backend use-server, balance or stick-match rule",
        context: "use-server or balance expression",
    };
}

/// What the expressions of ACLs stand in, and those of the actions that HAProxy takes for ACLs in messages.
pub const AS_ACL: &str = "";

/// What expressions and rules are told of the section that is being read, and what they say of stick tables.
#[derive(Debug)]
pub struct TableNaming {
    /// The name of the section that is being read: of its table, where none is named.
    pub section: String,
    /// The section in a message: `frontend 'www'`; empty where it does not matter.
    pub owner: String,
    /// What connections it has.
    pub ends: Ends,
    /// What the expression that is being read stands in, where that is not what its place says ([`AS_ACL`] and others).
    pub context: Option<&'static str>,
    /// The counters that may track something (`tune.stick-counters`).
    pub stick_counters: usize,
    /// The tables that were named so far.
    pub uses: Vec<TableUse>,
    /// The ACLs of the section, as far as they have been read.
    pub acls: Acls,
    /// Those that expressions have named since they were last taken.
    pub asked: Vec<Arc<Acl>>,
}

impl Default for TableNaming {
    fn default() -> Self {
        Self {
            section: String::new(),
            owner: String::new(),
            ends: Ends::default(),
            context: None,
            stick_counters: STICK_COUNTERS,
            uses: Vec::new(),
            acls: Acls::default(),
            asked: Vec::new(),
        }
    }
}

/// The same while it is being filled.
pub type TableUses = Rc<RefCell<TableNaming>>;

/// Where an expression, condition or rule stands, and what it may look up while it is read.
pub struct Scope<'a> {
    /// The phase in which it will run.
    pub phase: Phase,
    /// Where files named by `-f`, `file`, `lf-file` … are read from.
    pub files: &'a dyn Files,
    /// What `env()` reads; without it every variable is empty.
    pub env: Option<&'a dyn Environment>,
    /// What is said of where it stands, if it is not what the phase says.
    pub spot: Option<Spot>,
    /// What expressions have named so far.
    pub vars: Naming,
    /// The pattern references of the model that is being read.
    pub patterns: Arc<Patterns>,
    /// The line that is being read, `file:line`; may be empty.
    pub place: String,
    /// The stick tables that were named so far.
    pub tables: TableUses,
    /// The `http-errors` sections; without them there is none.
    pub pages: Option<&'a dyn Pages>,
    /// What is odd but no error: the caller takes it with [`Scope::take_warnings`].
    pub warnings: RefCell<Vec<Diagnostic>>,
}

/// HAProxy's `tune.stick-counters` where nothing is said.
pub const STICK_COUNTERS: usize = 3;

/// The `http-errors` sections of a configuration (configuration.txt 3.8).
pub trait Pages {
    /// The answers that a section holds, each whole and by its status; `None` where there is no such section.
    fn section(&self, name: &str) -> Option<&[(u16, Vec<u8>)]>;
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl<'a> Scope<'a> {
    /// A scope without an environment.
    pub fn new(phase: Phase, files: &'a dyn Files) -> Self {
        Self {
            phase,
            files,
            env: None,
            spot: None,
            vars: Naming::default(),
            patterns: Arc::default(),
            place: String::new(),
            pages: None,
            tables: TableUses::default(),
            warnings: RefCell::default(),
        }
    }

    /// The same for a model with these pattern references.
    pub fn with_patterns(self, patterns: &Arc<Patterns>) -> Self {
        Self { patterns: Arc::clone(patterns), ..self }
    }

    /// The same with these `http-errors` sections.
    pub fn with_pages(self, pages: &'a dyn Pages) -> Self {
        Self { pages: Some(pages), ..self }
    }

    /// The same for the line at this place.
    pub fn on_line(self, place: impl Into<String>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// The same with an environment.
    pub fn with_env(self, env: &'a dyn Environment) -> Self {
        Self { env: Some(env), ..self }
    }

    /// The same in a place that has words of its own.
    pub fn in_spot(self, spot: Spot) -> Self {
        Self { spot: Some(spot), ..self }
    }

    /// The same for a line of this proxy: `frontend 'www'`.
    pub fn owned_by(self, owner: impl Into<String>) -> Self {
        self.tables.borrow_mut().owner = owner.into();
        self
    }

    /// Whose line it is, for messages: `frontend 'www'`; may be empty.
    pub fn owner(&self) -> String {
        self.tables.borrow().owner.clone()
    }

    /// Whether what a fetch reads exists here.
    pub fn has(&self, fetch: &Fetch) -> bool {
        let before_backend = matches!(self.phase, Phase::TcpContent | Phase::HttpRequest);
        let no_backend = before_backend && self.tables.borrow().ends == Ends::Clients;
        fetch.phases.contains(self.phase) && !(no_backend && fetch.phases == Phases::BACKEND)
    }

    /// How HAProxy names the place when something is not available there.
    pub fn place(&self) -> &'static str {
        match self.spot {
            Some(spot) => spot.place,
            None => self.phase.place(self.tables.borrow().ends),
        }
    }

    /// What `read` gives, where expressions stand in this (`redirect format string`, [`AS_ACL`]).
    pub fn within<T>(&self, context: &'static str, read: impl FnOnce() -> T) -> T {
        let outer = self.tables.borrow_mut().context.replace(context);
        let result = read();
        self.tables.borrow_mut().context = outer;
        result
    }

    /// The keyword of a fetch in HAProxy's words, with what it stands in.
    pub(crate) fn keyword(&self, name: &str) -> String {
        let context = match (self.tables.borrow().context, self.spot) {
            (Some(AS_ACL), _) => return format!("ACL keyword '{name}'"),
            (Some(context), _) => context,
            (None, Some(spot)) => spot.context,
            (None, None) => self.phase.context(),
        };
        let within = if context.is_empty() { "" } else { " in " };
        format!("sample fetch keyword '{name}'{within}{context}")
    }

    /// The same for an expression whose variables others name too.
    pub fn with_vars(self, vars: &Naming) -> Self {
        Self { vars: vars.clone(), ..self }
    }

    /// The same for a configuration whose tables are collected here.
    pub fn with_tables(self, tables: &TableUses) -> Self {
        Self { tables: tables.clone(), ..self }
    }

    /// The table that is meant where none is named: that of the section.
    pub fn own_table(&self) -> String {
        self.tables.borrow().section.clone()
    }

    /// The ACL of this name, which an expression asks.
    pub(crate) fn ask(&self, name: &str) -> Result<Arc<Acl>, String> {
        let acls = self.tables.borrow().acls.clone();
        let acl = acls.find(&Word::new(name, Span::default()), self).map_err(|bad| bad.message)?;
        self.tables.borrow_mut().asked.push(Arc::clone(&acl));
        Ok(acl)
    }

    /// The counters that may track something.
    pub fn stick_counters(&self) -> usize {
        self.tables.borrow().stick_counters
    }

    /// A table must be there once all sections are read.
    pub fn use_table(&self, table: TableUse) {
        self.tables.borrow_mut().uses.push(table);
    }

    /// The same surroundings in another phase, with no warnings yet.
    pub fn at(&self, phase: Phase) -> Self {
        Self {
            phase,
            files: self.files,
            env: self.env,
            spot: self.spot,
            vars: self.vars.clone(),
            patterns: Arc::clone(&self.patterns),
            place: self.place.clone(),
            pages: self.pages,
            tables: self.tables.clone(),
            warnings: RefCell::default(),
        }
    }

    /// Notes that a section must declare a name.
    pub(crate) fn refer(&self, mention: Mention) {
        self.vars.borrow_mut().mentions.push(mention);
    }

    /// The variable of a name.
    pub(crate) fn name_var(&self, name: &str) -> Result<Var, String> {
        self.vars.borrow_mut().name(name)
    }

    /// The file and the line that are being read.
    pub(crate) fn position(&self) -> (&str, u32) {
        let (file, line) = self.place.rsplit_once(':').unwrap_or_default();
        (file, line.parse().unwrap_or_default())
    }

    /// Notes something odd.
    pub fn warn(&self, diagnostic: Diagnostic) {
        self.warnings.borrow_mut().push(diagnostic);
    }

    /// What was noted since the last call.
    pub fn take_warnings(&self) -> Vec<Diagnostic> {
        self.warnings.take()
    }
}
