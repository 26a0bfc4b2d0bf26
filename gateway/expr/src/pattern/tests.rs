use super::{Change, Patterns, Which};
use crate::plan::FirstMatch;
use crate::world::{Shelf, World, cond_in, evaluate_in, scope_at};
use crate::{Expr, Phase, Scope};
use std::sync::Arc;

fn scope(patterns: &Arc<Patterns>) -> Scope<'static> {
    scope_at(Phase::Anywhere).with_patterns(patterns).on_line("x.cfg:3")
}

fn map(expr: &str, scope: &Scope<'_>) -> Expr {
    Expr::parse_text(expr, scope).unwrap_or_else(|bad| panic!("{expr}: {}", bad.why)).0
}

fn value(expr: &Expr) -> Option<String> {
    evaluate_in(expr, &World::sample())
}

#[test]
fn a_map_changes_for_all_that_use_it() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    let (exact, prefix) = (map("str(abc),map(keys.map)", &scope), map("str(abc),map_beg(keys.map)", &scope));
    assert_eq!((value(&exact), value(&prefix)), (None, Some("long".into())));
    let keys = patterns.find("keys.map").unwrap();
    keys.add(None, &[(b"abc", b"new")]).unwrap();
    assert_eq!((value(&exact), value(&prefix)), (Some("new".into()), Some("new".into())));
    assert_eq!(keys.set(Which::Pattern(b"abc"), b"newer"), Ok(Change::Done));
    assert_eq!(value(&prefix), Some("newer".into()));
    assert_eq!(keys.remove(Which::Pattern(b"abc")), Change::Done);
    assert_eq!(keys.remove(Which::Pattern(b"abc")), Change::Missing);
    assert_eq!((value(&exact), value(&prefix)), (None, Some("long".into())));
    keys.put(b"ab", b"put").unwrap();
    keys.put(b"x", b"y").unwrap();
    assert_eq!(value(&prefix), Some("put".into()));
    let items: Vec<_> = keys.items(None).into_iter().map(|item| item.pattern).collect();
    assert_eq!(items, [&b"a"[..], b"b", b"ab", b"a", b"x"]);
    keys.clear(None);
    assert_eq!((value(&prefix), keys.items(None).len()), (None, 0));
}

#[test]
fn a_generation_replaces_all_at_once() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    let expr = map("str(k),map(keys.map,-)", &scope);
    let keys = patterns.find("keys.map").unwrap();
    let next = keys.prepare();
    keys.add(Some(next), &[(b"k", b"v")]).unwrap();
    assert_eq!(value(&expr), Some("-".into()));
    assert_eq!((keys.items(None).len(), keys.items(Some(next)).len()), (4, 1));
    assert!(keys.commit(next) && !keys.commit(next) && !keys.commit(next + 1));
    assert_eq!((value(&expr), keys.items(None).len()), (Some("v".into()), 1));
}

#[test]
fn thousands_of_changes_leave_what_was_said_last() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    let exprs: Vec<_> =
        (0..300).step_by(7).map(|n| (n, map(&format!("str(k{n}),map(keys.map)"), &scope))).collect();
    let keys = patterns.find("keys.map").unwrap();
    for n in 0..300 {
        keys.put(format!("k{n}").as_bytes(), b"old").unwrap();
    }
    for n in (0..300).rev() {
        match n % 3 {
            0 => drop(keys.put(format!("k{n}").as_bytes(), format!("v{n}").as_bytes())),
            1 => drop(keys.remove(Which::Pattern(format!("k{n}").as_bytes()))),
            _ => {}
        }
    }
    for (n, expr) in exprs {
        let expected = [Some(format!("v{n}")), None, Some("old".to_owned())];
        assert_eq!(value(&expr), expected[n % 3], "{n}");
    }
}

#[test]
fn what_cannot_be_compared_or_yielded_is_not_added() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    map("src,map_ip_int(zones.map)", &scope);
    let zones = patterns.find("zones.map").unwrap();
    let why = "'xx' is not a valid IPv4 or IPv6 address";
    assert_eq!(zones.add(None, &[(b"10.9.0.0/16", b"1"), (b"xx", b"1")]), Err(why.into()));
    assert_eq!(zones.add(None, &[(b"10.9.0.0/16", b"x")]), Err("unable to parse 'x'".into()));
    let next = zones.prepare();
    assert_eq!(zones.add(Some(next), &[(b"xx", b"1")]), Err(why.into()));
    assert_eq!(zones.items(None).len(), 1);
}

#[test]
fn errors_of_files_name_the_line() {
    let error = |expr: &str| Expr::parse_text(expr, &scope(&Arc::default())).unwrap_err().why;
    for (expr, expected) in [
        (
            "src,map_ip(keys.map)",
            "invalid args in converter 'map_ip' : 'a' is not a valid IPv4 or IPv6 address at line 1 of file 'keys.map'",
        ),
        (
            "path,map_str_int(addresses.map)",
            "invalid args in converter 'map_str_int' : unable to parse '192.0.2.9' at line 2 of file 'addresses.map'",
        ),
        (
            "path,map_str_ip(addresses.map,x)",
            "invalid args in converter 'map_str_ip' : map: cannot parse default ip <x>.",
        ),
        (
            "path,map_str_int(numbers.map,x)",
            "invalid arg 2 in converter 'map_str_int' : failed to parse 'x' as type 'integer' at position 2",
        ),
        (
            "path,map(nope)",
            "invalid args in converter 'map' : failed to open pattern file <nope> (entity not found)",
        ),
    ] {
        assert_eq!(error(expr), expected);
    }
    let patterns = Arc::default();
    map("path,map(keys.map)", &scope(&patterns));
    let error = cond_in("if { path -f keys.map }", &scope(&patterns)).unwrap_err();
    assert_eq!(
        error.message,
        "The file \"keys.map\" is already used as two column file and cannot be used by as one column file."
    );
}

#[test]
fn references_are_numbered_and_described_as_in_haproxy() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    cond_in("if { path -i /a /b } or { path -u 1 /c } or { src -f nets.lst }", &scope).unwrap();
    map("path,map(keys.map)", &scope);
    map("path,map_beg(keys.map)", &scope);
    let told: Vec<_> = patterns
        .numbered()
        .iter()
        .map(|(id, one)| format!("{id} ({}) {}", one.name(), one.description()))
        .collect();
    assert_eq!(
        told,
        [
            "0 () acl 'path' file 'x.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=2",
            "1 () acl 'path' file 'x.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=1",
            "2 (nets.lst) pattern loaded from file 'nets.lst' used by acl at file 'x.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=2",
            "3 () acl 'src' file 'x.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=0",
            "4 (keys.map) pattern loaded from file 'keys.map' used by map at file 'x.cfg' line 3, by map at file 'x.cfg' line 3. curr_ver=0 next_ver=0 entry_cnt=8",
        ]
    );
    assert!(patterns.find("#1").unwrap().is_acl() && patterns.find("keys.map").unwrap().is_map());
    assert!(patterns.find("#9").is_none() && patterns.find("nope").is_none());
    let found = patterns.find("#0").unwrap().look_up(b"/A");
    assert_eq!((found[0].method, found[0].ignores_case, found[0].item.is_some()), ("str", true, true));
}

#[test]
fn conditions_and_their_plan_follow_a_change() {
    let patterns = Arc::default();
    let scope = scope(&patterns);
    let conds = ["if { path /x }", "if { path_beg -f paths.lst }", "if { path_beg /a }"]
        .map(|text| cond_in(text, &scope).unwrap());
    let plan = FirstMatch::compile(&conds.each_ref().map(Some));
    let first = || plan.first(&World::sample());
    assert_eq!(first(), Some(2));
    patterns.find("paths.lst").unwrap().add(None, &[(b"/a/", b"")]).unwrap();
    assert_eq!(first(), Some(1));
    patterns.find("#0").unwrap().add(None, &[(b"/a/b", b"")]).unwrap();
    assert_eq!(first(), Some(0));
    patterns.find("#0").unwrap().clear(None);
    patterns.find("paths.lst").unwrap().clear(None);
    assert_eq!((first(), conds[1].eval(&World::sample())), (Some(2), false));
}

#[test]
fn models_are_equal_when_their_files_hold_the_same() {
    let (one, other) = (Arc::default(), Arc::default());
    let (a, b) = (map("path,map(keys.map)", &scope(&one)), map("path,map(keys.map)", &scope(&other)));
    assert!(a == b);
    let changed = [("keys.map", "a else\n")];
    let files = Shelf::with(&changed);
    let third = Arc::default();
    let c = map("path,map(keys.map)", &Scope::new(Phase::Anywhere, &files).with_patterns(&third));
    assert!(a != c);
}

#[test]
fn a_hundred_thousand_lines_are_read_and_changed_in_a_moment() {
    let text: String = (0..100_000).fold(String::new(), |text, n| text + &format!("/path/{n}/x value{n}\n"));
    let lines = [("keys.map", text.as_str())];
    let files = Shelf::with(&lines);
    let patterns = Arc::default();
    let scope = Scope::new(Phase::Anywhere, &files).with_patterns(&patterns);
    for method in ["str", "beg", "end", "sub", "dir", "dom"] {
        let expr = map(&format!("str(/path/77777/x),map_{method}(keys.map)"), &scope);
        assert_eq!(value(&expr).as_deref(), Some("value77777"), "{method}");
    }
    let only = Arc::default();
    let scope = Scope::new(Phase::Anywhere, &files).with_patterns(&only);
    let expr = map("str(/path/77777/x),map_beg(keys.map)", &scope);
    let keys = only.find("keys.map").unwrap();
    for n in 0..2_000 {
        keys.put(format!("/new/{n}").as_bytes(), b"x").unwrap();
    }
    keys.put(b"/path/77777/x", b"changed").unwrap();
    assert_eq!((value(&expr).as_deref(), keys.items(None).len()), (Some("changed"), 102_000));
}
