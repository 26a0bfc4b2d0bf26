//! `set-var` and `set-var-fmt` of `global`: variables of the process (configuration.txt 3.1).

use lang::{Diagnostic, Word};

use crate::cfg::Context;
use crate::model::{Global, Variable, VariableValue};

/// The scopes that a variable's name may begin with.
const SCOPES: &[&str] = &["proc", "sess", "txn", "req", "res", "check"];

fn name(cx: &mut Context<'_, Global>) -> Result<Word, Diagnostic> {
    let word = cx.expect("a name")?.clone();
    let keyword = cx.keyword;
    let (scope, rest) = word.text.split_once('.').unwrap_or((&word.text, ""));
    if !SCOPES.contains(&scope) || rest.is_empty() {
        let message = format!(
            "invalid variable name '{}'. A variable name must be start by its scope. The scope can be 'proc', 'sess', \
             'txn', 'req', 'res' or 'check'",
            word.text
        );
        return Err(Diagnostic::alert(word.span, message));
    }
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    if let Some(at) = rest.chars().position(|c| !legal(c)) {
        let message =
            format!("invalid variable name '{}' at char '{}'", word.text, rest.get(at..).unwrap_or_default());
        return Err(Diagnostic::alert(word.span, message));
    }
    if scope != "proc" {
        let message = format!(
            "'{keyword}': cannot set variable '{}', only scope 'proc' is permitted in the global section.",
            word.text
        );
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.world.vars.borrow_mut().name(&word.text).map_err(|why| Diagnostic::alert(word.span, why))?;
    Ok(word)
}

fn set(global: &mut Global, name: Word, value: VariableValue) {
    global.variables.push(Variable { name: name.text, value });
}

/// `set-var`; HAProxy does not look at what follows the expression.
pub(super) fn set_var(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let name = name(cx)?;
    let scope = cx.world.scope(expr::Phase::Config);
    let value = expr::Expr::parse(&mut cx.words, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    let value = value?;
    cx.words.take_rest();
    set(cx.target, name, VariableValue::Expression(value));
    Ok(())
}

/// `set-var-fmt`.
pub(super) fn set_var_fmt(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let name = name(cx)?;
    let word = cx.expect("a format string")?;
    let value = cx.format(word, expr::Phase::Config)?;
    cx.words.take_rest();
    set(cx.target, name, VariableValue::Format(value));
    Ok(())
}
