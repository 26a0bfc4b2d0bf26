//! A sample under a condition (configuration.txt 3.1, 7.3.1, `when`).

use super::{Convert, Given, convert};
use crate::arg::{self, Arg, Kind};
use crate::fetch::{judge_acls, named_acls};
use crate::{Txn, Type, Verdict};

/// The condition, and what its own arguments are: names of ACLs.
const CONDITION: &[Kind] = &[Kind::Str; 13];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("when", Type::Any, Type::Any, |v, a, txn| holds(a, txn).then_some(v)).takes(CONDITION, 1).prepare(condition).since("3.1").example("str(a),when(!error)", "a"),
];

/// Whether something is so of a stream.
type Is = fn(&dyn Txn) -> bool;

/// What may have become of a stream; the place in the list stands for it.
const CONDITIONS: &[(&str, Is)] = &[
    ("acl", |_| true),
    ("error", |txn| txn.failed()),
    ("forwarded", |txn| txn.server().is_some()),
    ("normal", |txn| !txn.failed()),
    ("processed", |txn| txn.server().is_some() || txn.served()),
    ("stopping", |txn| txn.stopping()),
    ("toapplet", |txn| txn.served()),
];

/// The condition becomes its place, and whether it must not hold; the other arguments become ACLs.
fn condition(args: &mut Vec<Arg>, given: &Given<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let (name, negated) = text.strip_prefix('!').map_or((&*text, false), |name| (name, true));
    let known = CONDITIONS.iter().zip(0..).find(|((known, _), _)| *known == name);
    let Some((_, place)) = known else {
        let names: Vec<_> = CONDITIONS.iter().map(|(name, _)| format!("'{name}'")).collect();
        return Err(format!("unknown condition '{name}', it may be one of {}", names.join(", ")));
    };
    match (name, args.len()) {
        ("acl", 1) => return Err("condition 'acl' expects the name of an ACL".to_owned()),
        ("acl", _) => named_acls(&mut args[1..], given.scope)?,
        (_, 1) => {}
        _ => return Err(format!("condition '{name}' takes no argument")),
    }
    args[0] = Arg::Int(place);
    args.push(Arg::Int(negated.into()));
    Ok(())
}

fn holds(args: &[Arg], txn: &dyn Txn) -> bool {
    let place = arg::int(args, 0).and_then(|place| usize::try_from(place).ok());
    let is = place.and_then(|place| CONDITIONS.get(place)).is_some_and(|(_, is)| is(txn));
    let negated = matches!(args.last(), Some(Arg::Int(1)));
    (is && judge_acls(args, txn) == Verdict::True) != negated
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate, scope_at};
    use crate::{Expr, Phase};

    #[test]
    fn a_sample_passes_where_the_condition_holds() {
        for (condition, passes) in [
            ("acl,TRUE", true),
            ("acl,TRUE,!TRUE", false),
            ("!acl,FALSE", true),
            ("error", false),
            ("!error", true),
            ("normal", true),
            ("forwarded", true),
            ("toapplet", false),
            ("processed", true),
            ("stopping", false),
        ] {
            let found = evaluate(&format!("str(a),when({condition})"), &World::sample());
            assert_eq!(found.is_some(), passes, "{condition}");
        }
    }

    #[test]
    fn conditions_are_judged_when_they_are_read() {
        let scope = scope_at(Phase::Anywhere);
        for (text, expected) in [
            ("when(never)", "unknown condition 'never', it may be one of 'acl', 'error'"),
            ("when(acl)", "condition 'acl' expects the name of an ACL"),
            ("when(acl,none)", "no such ACL : 'none'"),
            ("when(error,TRUE)", "condition 'error' takes no argument"),
        ] {
            let bad = Expr::parse_text(&format!("str(a),{text}"), &scope).unwrap_err();
            assert!(bad.why.contains(expected), "{text}: {}", bad.why);
        }
    }
}
