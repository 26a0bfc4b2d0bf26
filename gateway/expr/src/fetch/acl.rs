//! Named ACLs as samples (configuration.txt 3.0, 7.3.2, `acl`).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{Arg, Kind};
use crate::cond::Verdict;
use crate::{Phases, Scope, Txn, Type, Value};

/// As many as HAProxy takes.
const NAMES: &[Kind] = &[Kind::Str; 12];

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("acl", Type::Bool, Phases::ALL, holds).takes(NAMES, 1).prepare(|args, scope| named(args, scope)).awaits().since("2.9").example("acl(TRUE,!FALSE)", "1"),
];

/// The names become the ACLs that the section has by then, which lines to come may still add to.
pub(crate) fn named(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    for arg in args {
        let text = String::from_utf8_lossy(arg.text()).into_owned();
        let (name, negated) = text.strip_prefix('!').map_or((&*text, false), |name| (name, true));
        *arg = Arg::Acl(scope.ask(name)?, negated);
    }
    Ok(())
}

/// What the ACLs say together, all of which must hold, or not hold.
pub(crate) fn judge(args: &[Arg], txn: &dyn Txn) -> Verdict {
    let mut verdict = Verdict::True;
    for arg in args {
        if let Arg::Acl(acl, negated) = arg {
            let said = acl.judge(txn);
            verdict = verdict.and(if *negated { said.not() } else { said });
            if verdict == Verdict::False {
                break;
            }
        }
    }
    verdict
}

fn holds<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    one(Some(Value::Bool(judge(request.args, request.txn) == Verdict::True)), visit);
}

#[cfg(test)]
mod tests {
    use crate::world::{World, cond_with, scope_at};
    use crate::{Acls, Cond, Expr, Phase, Scope, Verdict};
    use lang::{Span, Words};

    fn add(acls: &Acls, scope: &Scope<'_>, text: &str) -> Result<(), lang::Diagnostic> {
        let words = lang::lex_line(text).unwrap();
        acls.clone().add(&mut Words::new(&words, Span::default()), scope)
    }

    fn section() -> (Acls, Scope<'static>) {
        let (acls, scope) = (Acls::default(), scope_at(Phase::Anywhere));
        scope.tables.borrow_mut().acls = acls.clone();
        (acls, scope)
    }

    fn holds(text: &str, scope: &Scope<'_>) -> bool {
        let (expr, _) = Expr::parse_text(text, scope).unwrap_or_else(|bad| panic!("{text}: {}", bad.why));
        expr.eval(&World::get("/one", &[])) == Some(crate::Value::Bool(true))
    }

    #[test]
    fn all_must_hold_or_not_hold_where_that_is_said() {
        let (acls, scope) = section();
        add(&acls, &scope, "one path /one").unwrap();
        add(&acls, &scope, "two path /two").unwrap();
        for (text, expected) in [
            ("acl(one)", true),
            ("acl(two)", false),
            ("acl(!two)", true),
            ("acl(one,!two,TRUE)", true),
            ("acl(one,two)", false),
            ("acl(one,METH_POST)", false),
            ("acl(one),not", false),
        ] {
            assert_eq!(holds(text, &scope), expected, "{text}");
        }
        let bad = Expr::parse_text("acl(three)", &scope).unwrap_err();
        assert!(bad.why.contains("no such ACL : 'three'"), "{}", bad.why);
    }

    #[test]
    fn lines_that_come_later_count_and_none_may_ask_itself() {
        let (acls, scope) = section();
        add(&acls, &scope, "a path /two").unwrap();
        let (before, _) = Expr::parse_text("acl(a)", &scope).unwrap();
        add(&acls, &scope, "b acl(a)").unwrap();
        add(&acls, &scope, "c acl(b),not").unwrap();
        assert!(!holds("acl(b)", &scope) && holds("acl(c)", &scope));
        add(&acls, &scope, "a path /one").unwrap();
        assert_eq!(before.eval(&World::get("/one", &[])), Some(crate::Value::Bool(true)));
        assert!(holds("acl(b)", &scope) && !holds("acl(c)", &scope));
        for line in ["a acl(a)", "a acl(b)", "a acl(c)"] {
            let bad = add(&acls, &scope, line).unwrap_err();
            assert_eq!(bad.message, "ACL 'a' cannot be tested by itself.", "{line}");
        }
    }

    #[test]
    fn what_is_not_known_yet_is_not_false() {
        let (acls, scope) = section();
        add(&acls, &scope, "long req.len gt 5000").unwrap();
        let world = World { more: true, ..World::get("/one", &[]) };
        let words = lang::lex_line("if { acl(long) }").unwrap();
        let cond = Cond::parse(&mut Words::new(&words, Span::default()), &acls, &scope).unwrap();
        assert_eq!(cond.judge(&world), Verdict::Unknown);
        assert_eq!(cond_with("if long", &acls).unwrap().judge(&world), Verdict::Unknown);
    }
}
