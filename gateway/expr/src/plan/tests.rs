//! What a plan does not do: ask twice, or ask at all.

use std::cell::Cell;
use std::net::IpAddr;
use std::ops::ControlFlow;

use http::HeaderName;
use lang::{Span, Words};

use super::{Plan, PlannedRule};
use crate::world::scope_at;
use crate::{Acls, Cond, Parts, Phase, Side, Txn};

/// A request that counts what it is asked.
#[derive(Default)]
struct Counted {
    uri: Cell<u32>,
    source: Cell<u32>,
    lines: Cell<u32>,
    method: Cell<u32>,
}

fn count(cell: &Cell<u32>) {
    cell.set(cell.get() + 1);
}

impl Txn for Counted {
    fn uri(&self) -> Option<&[u8]> {
        count(&self.uri);
        Some(b"/service-0777/x")
    }

    fn source(&self) -> Option<IpAddr> {
        count(&self.source);
        Some([192, 0, 2, 7].into())
    }

    fn method(&self) -> Option<&[u8]> {
        count(&self.method);
        Some(b"GET")
    }

    fn headers<'a>(
        &'a self,
        _: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        count(&self.lines);
        assert_eq!(name, Some(&http::header::HOST));
        let _ = visit(b"host", b"www.example.com");
    }
}

impl Counted {
    /// How often target, address, headers and method were asked for.
    fn counts(&self) -> [u32; 4] {
        [&self.uri, &self.source, &self.lines, &self.method].map(Cell::get)
    }
}

/// A rule that changes something, for each condition.
fn rules(acls: &[&str], conds: impl IntoIterator<Item = String>, changes: &Parts) -> Vec<PlannedRule> {
    let scope = scope_at(Phase::HttpRequest);
    let mut named = Acls::default();
    for line in acls {
        let words = lang::lex_line(line).unwrap();
        named.add(&mut Words::new(&words, Span::default()), &scope).unwrap();
    }
    let rule = |text: String| {
        let words = lang::lex_line(&text).unwrap();
        let cond = Cond::parse(&mut Words::new(&words, Span::default()), &named, &scope).unwrap();
        PlannedRule { cond: Some(cond), ends: false, changes: changes.clone() }
    };
    conds.into_iter().map(rule).collect()
}

/// Every rule that applies, and what was asked on the way.
fn applied(rules: Vec<PlannedRule>) -> (Vec<usize>, [u32; 4]) {
    let (plan, request) = (Plan::compile(rules), Counted::default());
    let mut walk = plan.walk(0, &request);
    let mut found = Vec::new();
    while let Some((rule, _)) = walk.next(&request) {
        found.push(rule);
        walk.applied(rule, &request);
    }
    (found, request.counts())
}

#[test]
fn a_sample_is_read_once_for_a_thousand_rules() {
    let conds = (0..1_000).map(|n| match n % 2 {
        0 => format!("if {{ path_beg /other-{n:04}/ }} or {{ hdr(host) -i www.{n}.com }}"),
        _ => format!("if {{ path_beg /service-{n:04}/ }} {{ src 192.0.2.0/24 }}"),
    });
    assert_eq!(applied(rules(&[], conds, &Parts::NONE)), (vec![777], [1, 1, 1, 0]));
}

#[test]
fn an_acl_that_many_rules_name_is_answered_once() {
    let conds = (0..100).map(|n| ["if !inside", "unless inside", "if inside !read"][n % 3].to_owned());
    let set = rules(&["inside src 192.0.2.0/24", "read method GET"], conds, &Parts::TARGET);
    assert_eq!(applied(set), (vec![], [0, 1, 0, 1]));
}

#[test]
fn what_a_rule_changes_is_read_again_and_nothing_else() {
    let conds =
        || (0..3).map(|_| "if { path_beg /service } { hdr(host) -m end .com } { src 192.0.2.7 }".to_owned());
    let (found, counts) = applied(rules(&[], conds(), &Parts::NONE));
    assert_eq!((found, counts), (vec![0, 1, 2], [1, 1, 1, 0]));
    let (found, counts) = applied(rules(&[], conds(), &Parts::TARGET));
    // after the last rule there is nobody to read it for
    assert_eq!((found, counts), (vec![0, 1, 2], [3, 1, 1, 0]));
}

#[test]
fn samples_for_rules_behind_the_last_one_are_not_read() {
    let mut set =
        rules(&[], ["if { path_beg /service }".to_owned(), "if { src 192.0.2.7 }".to_owned()], &Parts::ALL);
    set[0].ends = true;
    let (plan, request) = (Plan::compile(set), Counted::default());
    assert!(plan.walk(0, &request).next(&request).is_some());
    assert_eq!(request.counts(), [1, 0, 0, 0]);
}

#[test]
fn constants_are_gone_before_anything_is_asked() {
    let conds = [
        "if { always_false } { path /service-0777/x }",
        "if { always_true }",
        "if { int(3) gt 4 } or { str(a),upper A }",
        "unless FALSE",
        "if TRUE !{ bool(1) } or FALSE { src 192.0.2.7 }",
    ];
    let set = rules(&[], conds.map(str::to_owned), &Parts::ALL);
    let plan = Plan::compile(set.clone());
    let layout = plan.inner.loaded.as_ref().unwrap();
    assert_eq!((layout.samples.len(), &*layout.fixed), (0, &[1, 2, 3][..]));
    assert_eq!(applied(set), (vec![1, 2, 3], [0; 4]));
}
