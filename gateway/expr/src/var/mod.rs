//! Variables: their names, and the places that names become at load time (configuration.txt 7.3.2, `var`).

mod assign;
mod store;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;

use crate::Mention;

pub use assign::{Assignment, Conditions};
pub use store::{ProcessVars, SharedVars, Slots, TxnVars, VarLimits};

/// How long a variable lives, and who sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VarScope {
    /// `proc`: the process.
    Proc,
    /// `sess`: the client's connection.
    Sess,
    /// `txn`: a request and its response.
    Txn,
    /// `req`: until the response begins.
    Req,
    /// `res`: from then on.
    Res,
    /// `check`: one health check.
    Check,
}

/// The scopes by the word that a variable's name begins with.
const SCOPES: &[(&str, VarScope)] = &[
    ("proc", VarScope::Proc),
    ("sess", VarScope::Sess),
    ("txn", VarScope::Txn),
    ("req", VarScope::Req),
    ("res", VarScope::Res),
    ("check", VarScope::Check),
];

/// A variable: a place among those of its scope. Equal by name, since the place depends on the file it was read in.
#[derive(Clone)]
pub struct Var {
    scope: VarScope,
    slot: usize,
    name: Arc<str>,
}

impl Var {
    /// Who sees it.
    pub fn scope(&self) -> VarScope {
        self.scope
    }

    /// Its place among the variables of its scope.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Its name with its scope: `txn.path`.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Debug for Var {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Var({})", self.name)
    }
}

impl PartialEq for Var {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Var {}

/// The variables that the expressions of one configuration name, each with its place.
#[derive(Clone, Debug, Default)]
pub struct VarTable {
    names: [Vec<Arc<str>>; SCOPES.len()],
}

/// What the expressions of a configuration name, and ask for beyond the heads, while it is read.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// The variables.
    pub vars: VarTable,
    /// Proxies and servers that must exist.
    pub mentions: Vec<Mention>,
    /// An expression reads the body of a message of this side: (request, response).
    pub bodies: (bool, bool),
}

impl PartialEq for Names {
    /// What was met, and in which order, means nothing: expressions are compared by the names that they hold.
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Names {
    /// The variable of a name; see [`VarTable::name`].
    ///
    /// # Errors
    /// The name is none, in HAProxy's words.
    pub fn name(&mut self, name: &str) -> Result<Var, String> {
        self.vars.name(name)
    }
}

/// Names that are being gathered.
pub type Naming = Rc<RefCell<Names>>;

impl VarTable {
    /// The variable of a name; a name that is met for the first time gets a place.
    ///
    /// # Errors
    /// The name is none, in HAProxy's words.
    pub fn name(&mut self, name: &str) -> Result<Var, String> {
        let scope = scope_of(name)?;
        let names = &mut self.names[scope as usize];
        let slot = names.iter().position(|known| &**known == name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        Ok(Var { scope, slot, name: names[slot].clone() })
    }

    /// The variable of a name that was met.
    pub fn find(&self, name: &str) -> Option<Var> {
        let scope = scope_of(name).ok()?;
        let names = &self.names[scope as usize];
        let slot = names.iter().position(|known| &**known == name)?;
        Some(Var { scope, slot, name: names[slot].clone() })
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.names.iter().all(Vec::is_empty)
    }

    /// The names of a scope, in the order of their places.
    pub fn names(&self, scope: VarScope) -> &[Arc<str>] {
        &self.names[scope as usize]
    }
}

fn scope_of(name: &str) -> Result<VarScope, String> {
    if name.is_empty() {
        return Err("Empty variable name cannot be accepted".to_owned());
    }
    let known = name.split_once('.').filter(|(_, rest)| !rest.is_empty());
    let scope = known.and_then(|(word, _)| SCOPES.iter().find(|(scope, _)| *scope == word));
    let Some((_, scope)) = scope else {
        return Err(format!(
            "invalid variable name '{name}'. A variable name must be start by its scope. The scope can be 'proc', \
             'sess', 'txn', 'req', 'res' or 'check'"
        ));
    };
    let is_odd = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    match name.find(is_odd) {
        Some(at) => Err(format!("invalid syntax at char '{}'", &name[at..])),
        None => Ok(*scope),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_place() {
        let mut table = VarTable::default();
        let place = |table: &mut VarTable, name| table.name(name).unwrap().slot();
        assert_eq!(place(&mut table, "txn.a"), 0);
        assert_eq!(place(&mut table, "txn.b.c_1"), 1);
        assert_eq!(place(&mut table, "sess.a"), 0);
        assert_eq!(place(&mut table, "txn.a"), 0);
        assert_eq!(table.names(VarScope::Txn).len(), 2);
        assert!(table.find("txn.z").is_none());
    }

    #[test]
    fn names_are_refused_in_haproxys_words() {
        let error = |name| VarTable::default().name(name).unwrap_err();
        assert_eq!(error(""), "Empty variable name cannot be accepted");
        assert_eq!(error("txn.a-b"), "invalid syntax at char '-b'");
        for name in ["a", "txn", "txn.", "foo.a"] {
            let expected = format!(
                "invalid variable name '{name}'. A variable name must be start by its scope. The scope can be \
                 'proc', 'sess', 'txn', 'req', 'res' or 'check'"
            );
            assert_eq!(error(name), expected);
        }
    }
}
