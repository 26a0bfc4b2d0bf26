//! The variables of the process: the limits that `global` sets them, and what they hold before anything is served
//! (configuration.txt 3.1 `set-var`, 3.2 `tune.vars.*`).

use std::sync::Arc;
use std::time::SystemTime;

use config::model::{Global, Model, Setting, VariableValue};
use expr::{ProcessVars, Txn, TxnVars, Value, Var, VarLimits};

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

    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }

    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        self.vars.defer(var, value);
    }
}
