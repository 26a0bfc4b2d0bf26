//! The variables of the process: the limits that `global` sets them, and what they hold before anything is served
//! (configuration.txt 3.1 `set-var`, 3.2 `tune.vars.*`), and what the CLI makes of them.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use config::model::{Global, Model, Setting, VariableValue};
use expr::{
    Assignment, Naming, Phase, ProcessVars, Scope, Txn, TxnVars, Value, Var, VarLimits, VarScope, VarTable,
};
use lang::{Files, Span, Word, Words};

use crate::runtime::Runtime;

/// The variables of a new process, as the configuration sets them.
pub(crate) fn of_process(model: &Model, hostname: &str) -> Arc<ProcessVars> {
    let process = Arc::new(ProcessVars::new(limits(&model.global)));
    let mut parser = Parser { vars: TxnVars::new(Some(process.clone()), None), hostname };
    for line in &model.global.variables {
        parser.vars.refresh();
        let value = match &line.value {
            VariableValue::Expression(expr) => expr.eval(&parser).map(Value::into_owned),
            VariableValue::Format(format) => Some(Value::made(format.to_bytes(&parser))),
        };
        // a name that no place was given to is one that nobody reads
        if let (Some(value), Some(var)) = (value, model.asked.vars.find(&line.name)) {
            parser.vars.set(&var, Some(value));
        }
    }
    parser.vars.settle();
    process
}

fn limits(global: &Global) -> VarLimits {
    let size = |name| match global.settings.get(name) {
        Some(Setting::Size(size)) => usize::try_from(*size).unwrap_or(usize::MAX),
        _ => 0,
    };
    VarLimits {
        global: size("tune.vars.global-max-size"),
        process: size("tune.vars.proc-max-size"),
        session: size("tune.vars.sess-max-size"),
        transaction: size("tune.vars.txn-max-size"),
        message: size("tune.vars.reqres-max-size"),
        check: size("tune.vars.check-max-size"),
    }
}

/// Sets a variable of the process to the value of an expression or of a log format, as the CLI does (management.txt 9.3,
/// `set var`). A name that the configuration does not know gets a place in `names`.
///
/// # Errors
/// The name is none of the process', or the text is no expression or format there; in HAProxy's words.
pub(crate) fn assign(
    runtime: &Runtime,
    names: &mut VarTable,
    (name, text): (&str, &str),
    formatted: bool,
) -> Result<(), String> {
    let naming = Naming::default();
    let var = names.clone().name(name)?;
    if var.scope() != VarScope::Proc {
        let why = format!("'set var': cannot set variable '{name}', only scope 'proc' is permitted here.");
        return Err(why);
    }
    naming.borrow_mut().vars = names.clone();
    let scope = Scope::new(Phase::Cli, &NoFiles).with_vars(&naming);
    let words = [Word::new(text, Span::default())];
    let mut words = Words::new(&words, Span::default());
    let name = Word::new(name, Span::default());
    let assignment =
        Assignment::parse(&name, formatted, &mut words, &scope).map_err(|error| error.message)?;
    names.clone_from(&naming.borrow().vars);
    let mut vars = TxnVars::new(Some(runtime.vars.clone()), None);
    vars.refresh();
    let mut parser = Parser { vars, hostname: &runtime.hostname };
    if let Some(value) = assignment.value(&parser) {
        parser.vars.set(assignment.var(), Some(value));
    }
    Ok(())
}

/// Whoever speaks to the CLI reads no files through it.
struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &Path, _: u64) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_dir(&self, _: &Path) -> bool {
        false
    }

    fn exists(&self, _: &Path) -> bool {
        false
    }
}

/// What an expression may ask while the configuration is read.
struct Parser<'a> {
    vars: TxnVars,
    hostname: &'a str,
}

impl Txn for Parser<'_> {
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn random(&self) -> u32 {
        fastrand::u32(..)
    }

    fn hostname(&self) -> &str {
        self.hostname
    }

    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }

    fn has_scope(&self, scope: VarScope) -> bool {
        scope == VarScope::Proc
    }

    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }

    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        self.vars.defer(var, value);
    }
}
