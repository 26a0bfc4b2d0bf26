//! `set-var(<name>,<cond>…) <expr>`, `set-var-fmt(<name>,<cond>…) <fmt>`, `unset-var(<name>)`.

use expr::{Assignment, Parts, Scope, Var};
use lang::{Diagnostic, Word, Words};

use super::Action;
use crate::{Flow, Message};

#[derive(Debug)]
struct SetVar(Assignment);

impl Action for SetVar {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        if let Some(value) = self.0.value(message.txn()) {
            message.set_var(self.0.var(), Some(value));
        }
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

#[derive(Debug)]
struct UnsetVar(Var);

impl Action for UnsetVar {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        message.set_var(&self.0, None);
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::NONE
    }
}

pub(super) fn set(
    name: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetVar(Assignment::parse(name, false, words, scope)?)))
}

pub(super) fn set_format(
    name: &Word,
    words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    Ok(Box::new(SetVar(Assignment::parse(name, true, words, scope)?)))
}

pub(super) fn unset(
    name: &Word,
    _words: &mut Words<'_>,
    scope: &Scope<'_>,
) -> Result<Box<dyn Action>, Diagnostic> {
    let fail = |why| Diagnostic::alert(name.span, why);
    if name.text.contains(',') {
        let why = "unset-var does not expect parameters after the variable name. Only \"set-var\" and \
                   \"set-var-fmt\" manage conditions";
        return Err(fail(why.to_owned()));
    }
    scope.vars.borrow_mut().name(&name.text).map(|var| Box::new(UnsetVar(var)) as _).map_err(fail)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, rule, rules};
    use crate::{Flow, Phase};

    #[test]
    fn a_rule_reads_what_an_earlier_one_has_set() {
        let set = rules(
            Phase::HttpRequest,
            &[
                "set-var(txn.path) path",
                "set-var-fmt(req.who) %[src]:%[var(txn.path)]",
                "set-header a %[var(txn.path)]",
                "set-header b %[var(req.who)]",
                "unset-var(txn.path)",
                "set-header c <%[var(txn.path)]>",
                "set-var(txn.path) hdr(none)",
                "set-header d <%[var(txn.path,none)]>",
            ],
        );
        let mut world = World::sample();
        assert_eq!(set.run(&mut world), Flow::Continue);
        assert_eq!(world.header("a"), ["/a/b"]);
        assert_eq!(world.header("b"), ["192.0.2.7:/a/b"]);
        assert_eq!(world.header("c"), ["<>"]);
        assert_eq!(world.header("d"), ["<none>"]);
    }

    #[test]
    fn a_variable_stays_as_it_is_where_its_conditions_do_not_hold() {
        let set = rules(
            Phase::HttpRequest,
            &[
                "set-var(txn.n) int(5)",
                "set-var(txn.n,ifexists,ifgt) int(7)",
                "set-var(txn.m,ifexists) int(7)",
                "set-header a %[var(txn.n)]%[var(txn.m)]",
            ],
        );
        let mut world = World::sample();
        set.run(&mut world);
        assert_eq!(world.header("a"), ["5"]);
    }

    /// HAProxy 2.6's words.
    #[test]
    fn what_is_no_variable_is_refused() {
        const SCOPES: &str = "A variable name must be start by its scope. The scope can be 'proc', 'sess', 'txn', \
                              'req', 'res' or 'check'";
        for (text, why) in [
            ("set-var(foo.a) path", format!("invalid variable name 'foo.a'. {SCOPES}")),
            ("unset-var(txn)", format!("invalid variable name 'txn'. {SCOPES}")),
            ("set-var() path", "Empty variable name cannot be accepted".to_owned()),
            (
                "set-var path",
                "invalid or incomplete action 'set-var'. Expects 'set-var(<var-name>)', \
                 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'"
                    .to_owned(),
            ),
            (
                "set-var(txn.a",
                "incomplete argument after action 'set-var(txn.a'. Expects 'set-var(<var-name>)', \
                 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'"
                    .to_owned(),
            ),
            ("set-var(txn.a,bogus) path", "unknown condition \"bogus\"".to_owned()),
            ("set-var(txn.a) foo", "unknown fetch method 'foo'".to_owned()),
            ("set-var(txn.a)", "missing fetch method".to_owned()),
            (
                "unset-var(txn.a,ifset)",
                "unset-var does not expect parameters after the variable name. Only \"set-var\" and \
                 \"set-var-fmt\" manage conditions"
                    .to_owned(),
            ),
        ] {
            let word = text.split(' ').next().unwrap();
            let expected = format!("error detected while parsing 'http-request {word}' rule : {why}");
            let message = rule(Phase::HttpRequest, text).unwrap_err().message;
            assert_eq!(message.trim_end_matches('.'), expected, "{text}");
        }
    }
}
