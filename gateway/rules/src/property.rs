//! A compiled rule set is held to the one that is asked in turn: random rules that also change what they read, random
//! requests, the same answer and the same message.

use expr::{Acls, Phase};
use fastrand::Rng;
use lang::{Span, Words};

use crate::world::{World, rule_with, scope};
use crate::{Flow, RuleSet};

/// What is chosen at random, from a seed, so that a failure can be repeated.
struct Dice(Rng);

/// Conditions' criteria with values that meet the requests now and then.
#[rustfmt::skip]
const TESTS: &[&str] = &[
    "path /a /a/b", "path_beg /a", "path_beg -i /A", "path_beg / -- /b", "path_end b .png", "path_sub a/b", "path_dir a",
    "path_reg ^/[ab]", "path_reg -i B$ x", "path,lower /a/b", "path -m len gt 2", "path -m found", "url_beg /a",
    "hdr(host) -i www.example.com", "hdr_beg(host) www", "hdr_dom(host) example", "hdr(x) a b", "hdr(x) -m found",
    "hdr_cnt(x) gt 1", "hdr(y) a", "hdr(n) -m int 1:3 7", "method GET", "method -i get PURGE", "src 192.0.2.0/24",
    "src 10.0.0.0/8", "var(txn.a) -m str a", "var(txn.a) -m found", "var(txn.a),upper -m str A", "always_true",
    "always_false", "int(3) 3", "path,set-var(txn.a) -m beg /b", "path -f seen.lst", "sc0_get_gpc0 gt 0",
    "base_beg www.example.com/a", "query -m found", "urlp(q) 1", "cook(sid) abc", "status 200 404", "res.hdr(server) a",
];

/// Actions, of which some change what later conditions read.
#[rustfmt::skip]
const ACTIONS: &[&str] = &[
    "set-header x a", "set-header x b", "add-header x %[path]", "del-header x", "set-header y %[hdr(x)]",
    "replace-header x a b", "del-header host", "set-header n %[hdr_cnt(x)]", "set-path /a/b", "set-path /b%[path]",
    "set-query q=1", "replace-path /a(.*) \\1/c", "set-uri /", "set-method POST", "set-var(txn.a) str(a)",
    "set-var(txn.a) path", "unset-var(txn.a)", "set-src hdr(ip)", "add-acl(seen.lst) %[path]", "del-acl(seen.lst) /a",
    "set-status 404", "set-log-level silent", "sc-inc-gpc0(0)", "track-sc0 src table t", "deny", "allow", "return status 204",
    "redirect location /x", "wait-for-body time 1s", "pause 1ms", "set-header z 1", "set-header z 2", "add-header z 3",
];

impl Dice {
    fn new(seed: u64) -> Self {
        Self(Rng::with_seed(seed))
    }

    fn roll(&mut self, below: usize) -> usize {
        self.0.usize(..below)
    }

    fn pick<'a>(&mut self, list: &[&'a str]) -> &'a str {
        list[self.roll(list.len())]
    }

    /// Named ACLs, which rules share.
    fn acls(&mut self, scope: &expr::Scope<'_>) -> Acls {
        let mut acls = Acls::default();
        for _ in 0..8 {
            let line = format!("{} {}", self.pick(NAMES), self.pick(TESTS));
            let words = lang::lex_line(&line).unwrap();
            acls.add(&mut Words::new(&words, Span::default()), scope).unwrap();
        }
        acls
    }

    fn term(&mut self, acls: &Acls) -> String {
        let name = self.pick(NAMES);
        match self.roll(3) > 0 && acls.has(name) {
            true => name.to_owned(),
            false => format!("{{ {} }}", self.pick(TESTS)),
        }
    }

    fn line(&mut self, phase: Phase, acls: &Acls) -> String {
        let mut text = loop {
            let action = self.pick(ACTIONS);
            if crate::world::rule(phase, action).is_ok() {
                break action.to_owned();
            }
        };
        if self.roll(6) == 0 {
            return text;
        }
        text.push_str(self.pick(&[" if", " if", " if", " unless"]));
        for term in 0..=self.roll(3) {
            if term > 0 {
                text.push_str(self.pick(&["", " or"]));
            }
            text.push_str(self.pick(&[" ", " ", " !"]));
            text.push_str(&self.term(acls));
        }
        text
    }

    fn world(&mut self, phase: Phase) -> World {
        let mut world = World::at(phase);
        world.uri = self.pick(&["/", "/a", "/a/b", "/A/B.png", "/b?q=1", "/c", "*"]).into();
        world.method = self.pick(&["GET", "POST", "PURGE"]).into();
        for name in ["x", "x", "y", "n", "ip"] {
            let value = self.pick(&["a", "b", "a, b", "2", "7", "10.1.2.3"]);
            if self.roll(2) == 0 {
                world.request.push((name.to_owned(), value.into()));
            }
        }
        world.more = phase == Phase::TcpContent && self.roll(3) == 0;
        world
    }
}

const NAMES: &[&str] = &["one", "two", "three", "four", "five"];

/// What came of a message: all flows up to the last, and what rules have changed.
fn outcome(set: &RuleSet, world: &mut World) -> String {
    let (mut next, mut flows) = (0, Vec::new());
    loop {
        let flow = set.run_from(&mut next, world);
        let goes_on = matches!(flow, Flow::Pause(_) | Flow::WaitForBody { .. } | Flow::Resolve(_));
        flows.push((flow, next));
        if !goes_on {
            break;
        }
    }
    let World { uri, method, status, request, response, vars, changes, source, tracked, .. } = world;
    let tracked: Vec<_> = tracked.iter().map(Option::is_some).collect();
    let lines = |lines: &[(String, Vec<u8>)]| -> Vec<String> {
        lines.iter().map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value))).collect()
    };
    let (request, response) = (lines(request), lines(response));
    format!(
        "{flows:?}\n{uri:?} {method:?} {status:?} {request:?} {response:?} {vars:?} {changes:?} {source} {tracked:?}"
    )
}

#[test]
fn random_rule_sets_do_the_same_compiled_and_in_turn() {
    let mut dice = Dice::new(0x9e37_79b9_7f4a_7c15);
    let phases = [
        Phase::HttpRequest,
        Phase::HttpRequest,
        Phase::HttpResponse,
        Phase::TcpContent,
        Phase::HttpAfterResponse,
    ];
    // more of them by hand: GATEWAY_ROUNDS=20000
    let rounds = std::env::var("GATEWAY_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(400);
    let (mut told, mut applied) = (0, 0);
    for round in 0..rounds {
        let phase = phases[round % phases.len()];
        // two scopes: patterns that rules change belong to one of the sets alone
        let scopes = [scope(phase), scope(phase)];
        let seed = dice.0.get_seed();
        let acls = scopes.each_ref().map(|scope| Dice::new(seed).acls(scope));
        dice.roll(2);
        let lines: Vec<_> = (0..dice.roll(30)).map(|_| dice.line(phase, &acls[0])).collect();
        let sets = [0, 1].map(|at| {
            let mut set = RuleSet::default();
            set.extend(lines.iter().map(|line| {
                rule_with(&scopes[at], &acls[at], line).unwrap_or_else(|d| panic!("{line}: {}", d.message))
            }));
            set
        });
        sets[0].compile();
        for _ in 0..20 {
            let seed = dice.0.get_seed();
            let [mut one, mut other] = [0, 1].map(|_| Dice::new(seed).world(phase));
            dice.roll(2);
            let expected = outcome(&sets[1], &mut other);
            assert_eq!(
                outcome(&sets[0], &mut one),
                expected,
                "round {round}, {phase:?}: {acls:?} {lines:#?}"
            );
            told += 1;
            applied += usize::from(expected.contains("Answer") || expected.contains("Accept"));
        }
    }
    // they were about something
    assert!(applied * 4 > told, "{applied} of {told}");
}
