//! What surrounds an expression while it is read: where it stands, and where files and variables come from.

use std::cell::RefCell;
use std::sync::Arc;

use lang::{Diagnostic, Environment, Files};

use crate::{Mention, Naming, Patterns, Phase, Var};

/// Where an expression, condition or rule stands, and what it may look up while it is read.
pub struct Scope<'a> {
    /// The phase in which it will run.
    pub phase: Phase,
    /// Where files named by `-f`, `file`, `lf-file` … are read from.
    pub files: &'a dyn Files,
    /// What `env()` reads; without it every variable is empty.
    pub env: Option<&'a dyn Environment>,
    /// Whose line it is, for messages: `frontend 'www'`; may be empty.
    pub owner: String,
    /// What expressions have named so far.
    pub vars: Naming,
    /// The pattern references of the model that is being read.
    pub patterns: Arc<Patterns>,
    /// The line that is being read, `file:line`; may be empty.
    pub place: String,
    /// What is odd but no error: the caller takes it with [`Scope::take_warnings`].
    pub warnings: RefCell<Vec<Diagnostic>>,
}

impl std::fmt::Debug for Scope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scope").field("phase", &self.phase).finish_non_exhaustive()
    }
}

impl<'a> Scope<'a> {
    /// A scope without an environment.
    pub fn new(phase: Phase, files: &'a dyn Files) -> Self {
        let (owner, place) = (String::new(), String::new());
        let (vars, patterns, warnings) = (Naming::default(), Arc::default(), RefCell::default());
        Self { phase, files, env: None, owner, vars, patterns, place, warnings }
    }

    /// The same for a model with these pattern references.
    pub fn with_patterns(self, patterns: &Arc<Patterns>) -> Self {
        Self { patterns: Arc::clone(patterns), ..self }
    }

    /// The same for the line at this place.
    pub fn on_line(self, place: impl Into<String>) -> Self {
        Self { place: place.into(), ..self }
    }

    /// The same with an environment.
    pub fn with_env(self, env: &'a dyn Environment) -> Self {
        Self { env: Some(env), ..self }
    }

    /// The same for a line of this proxy: `frontend 'www'`.
    pub fn owned_by(self, owner: impl Into<String>) -> Self {
        Self { owner: owner.into(), ..self }
    }

    /// The same for an expression whose variables others name too.
    pub fn with_vars(self, vars: &Naming) -> Self {
        Self { vars: vars.clone(), ..self }
    }

    /// The same surroundings in another phase, with no warnings yet.
    pub fn at(&self, phase: Phase) -> Self {
        let (owner, place, vars) = (self.owner.clone(), self.place.clone(), self.vars.clone());
        let (patterns, warnings) = (Arc::clone(&self.patterns), RefCell::default());
        Self { phase, files: self.files, env: self.env, owner, vars, patterns, place, warnings }
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
