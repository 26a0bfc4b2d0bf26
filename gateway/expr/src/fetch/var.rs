//! Variables (configuration.txt 7.3.2, `var`).

use super::{Fetch, Request, Visit, fetch, one};
use crate::arg::{self, Kind};
use crate::{Phases, Type, Value};

#[rustfmt::skip]
pub(super) const FETCHES: &[Fetch] = &[
    fetch("var", Type::Any, Phases::ALL, var).takes(&[Kind::Var, Kind::Str], 1).example("var(txn.none,other)", "other"),
];

/// `var(name,default)`: the default is text. As in HAProxy it does not stand for a variable whose scope is not there.
fn var<'a>(request: &Request<'a>, visit: Visit<'_, 'a>) {
    let Some(var) = arg::var(request.args, 0) else { return };
    let default = || request.args.get(1).filter(|_| request.txn.has_scope(var.scope()));
    one(request.txn.var(var).or_else(|| default().map(|text| Value::text(text.text()))), visit);
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate_all};

    /// Each expression sees what those before it have set.
    #[test]
    fn variables_keep_type_and_value() {
        for (expressions, expected) in [
            (&["int(7),set-var(txn.n)", "var(txn.n),add(1)"][..], Some("8")),
            (&["int(7),set-var(txn.n)", "int(1),add(txn.n)"], Some("8")),
            (&["int(1),add(txn.none)"], None),
            (&["str(x),set-var(txn.s)", "int(1),add(txn.s)"], Some("1")),
            (&["str(5),set-var(txn.s)", "int(1),add(txn.s)"], Some("6")),
            (&["str(b),set-var(txn.s)", "str(a),concat(<,txn.s,>)"], Some("a<b>")),
            (&["str(a),concat(<,txn.none,>)"], Some("a<>")),
            (&["src,set-var(sess.a)", "var(sess.a),ipmask(24)"], Some("192.0.2.0")),
            (&["str(a),set-var(req.a),unset-var(req.a)", "var(req.a)"], None),
            (&["str(a),set-var(req.a),unset-var(req.a)", "var(req.a,)"], Some("")),
            (&["str(a),set-var(req.a),concat(req.a,req.a)"], Some("areq.aa")),
            (&["str(a),set-var(txn.a)", "var(txn.a),set-var(txn.b),concat(,txn.b)", "var(txn.b)"], Some("a")),
        ] {
            assert_eq!(evaluate_all(expressions, &World::sample()).as_deref(), expected, "{expressions:?}");
        }
    }

    /// What HAProxy 2.6 makes of the conditions.
    #[test]
    fn conditions_guard_a_variable() {
        for (first, second, expected) in [
            ("str(a),set-var(txn.a)", "str(b),set-var(txn.a,ifexists)", Some("b")),
            ("str(a)", "str(b),set-var(txn.a,ifexists)", None),
            ("str(a),set-var(txn.a)", "str(b),set-var(txn.a,ifnotexists)", Some("a")),
            ("str(a),set-var(txn.a),unset-var(txn.a)", "str(b),set-var(txn.a,ifnotexists)", Some("b")),
            ("str(a),set-var(txn.a),unset-var(txn.a)", "str(b),set-var(txn.a,ifnotset)", Some("b")),
            ("str(a),set-var(txn.a)", "str(b),set-var(txn.a,ifset)", Some("b")),
            ("str(a),set-var(txn.a)", "str(),set-var(txn.a,ifnotempty)", Some("a")),
            ("str(a),set-var(txn.a)", "str(),set-var(txn.a,ifempty)", Some("")),
            ("str(a),set-var(txn.a)", "int(0),set-var(txn.a,ifempty)", Some("a")),
            ("int(5),set-var(txn.a)", "int(4),set-var(txn.a,ifgt)", Some("4")),
            ("int(5),set-var(txn.a)", "int(6),set-var(txn.a,ifgt)", Some("5")),
            ("int(5),set-var(txn.a)", "int(6),set-var(txn.a,iflt)", Some("6")),
            ("str(5),set-var(txn.a)", "int(4),set-var(txn.a,iflt)", Some("4")),
        ] {
            let value = evaluate_all(&[first, second, "var(txn.a)"], &World::sample());
            assert_eq!(value.as_deref(), expected, "{first} {second}");
        }
    }
}
