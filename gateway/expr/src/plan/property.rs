//! The plan is held to the plain evaluator: random rules, random requests, the same answer.

use lang::{Span, Words};

use fastrand::Rng;

use super::{FirstMatch, Layout};
use crate::world::{World, scope_at};
use crate::{Acls, Cond, Phase};

/// What is chosen at random, from a seed, so that a failure can be repeated.
struct Dice(Rng);

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

    /// A path of few letters, so that rules meet requests.
    fn path(&mut self) -> String {
        let mut path = String::new();
        for _ in 0..self.roll(5) {
            path.push_str(self.pick(&["/", "a", "B", "b", "/a", ".", "/b.png", "c", "//", "-", "?q=a"]));
        }
        path
    }

    fn word(&mut self) -> String {
        let word = self.path();
        if word.is_empty() { "/".to_owned() } else { word }
    }

    fn regex(&mut self) -> &'static str {
        self.pick(&["^/a", "b$", "^/[ab]+", "a.*b", "\\.png$", "^$", "/a/|/b"])
    }

    fn acl(&mut self) -> String {
        let fetch = self.pick(&["path", "path", "path", "path", "hdr(host)", "url", "path,lower", "hdr(x)"]);
        match self.roll(20) {
            0 => format!("{fetch} -m reg {}", self.regex()),
            1 => format!("{fetch} -m reg -i {} {}", self.regex(), self.regex()),
            2 => self.pick(&["method POST", "method -i get PURGE", "method -i post"]).to_owned(),
            3 => format!("{fetch} -m found"),
            4 => format!("{fetch} -m len gt {}", self.roll(6)),
            5 => self.number(),
            6 => self.network(),
            7 => self
                .pick(&["always_true", "always_false", "str(a) -m str a b", "int(3) 4", "bool(1)"])
                .to_owned(),
            8 => self.pick(&["ssl_fc", "req.proto_http", "hdr_cnt(x) -m bool"]).to_owned(),
            9 => format!("{fetch} -m bin {}", self.pick(&["2F61", "2F612F61", "42"])),
            _ => {
                let method = self.pick(&["str", "beg", "beg", "end", "sub", "dir", "dom"]);
                let flag = self.pick(&["", "", "-i"]);
                let words: Vec<_> = (0..=self.roll(3)).map(|_| self.word()).collect();
                format!("{fetch} -m {method} {flag} -- {}", words.join(" "))
            }
        }
    }

    fn number(&mut self) -> String {
        let fetch = self.pick(&["hdr_cnt(x)", "hdr_val(n)", "hdr(n)", "path,length", "dst_port"]);
        let mut text = format!("{fetch} -m int");
        for _ in 0..=self.roll(4) {
            let (low, more) = (self.roll(9), self.roll(5));
            text.push_str(&match self.roll(5) {
                0 => format!(" {low}:{}", low + more),
                1 => format!(" {low}:"),
                2 => format!(" :{low}"),
                _ => format!(" {low}"),
            });
        }
        text
    }

    fn network(&mut self) -> String {
        let fetch = self.pick(&["src", "src", "hdr_ip(ip)"]);
        let networks =
            ["192.0.2.0/24", "192.0.2.7", "10.0.0.0/8", "10.1/16", "::/0", "::ffff:10.1.2.3", "0.0.0.0/0"];
        let words: Vec<_> = (0..=self.roll(3)).map(|_| self.pick(&networks)).collect();
        format!("{fetch} {}", words.join(" "))
    }

    fn cond(&mut self) -> String {
        let mut text = self.pick(&["if", "if", "if", "if", "unless"]).to_owned();
        for term in 0..=self.roll(3) {
            if term > 0 {
                text.push_str(self.pick(&["", " or"]));
            }
            text.push_str(self.pick(&[" ", " ", " ", " !"]));
            text.push_str(&format!("{{ {} }}", self.acl()));
        }
        text
    }

    fn world(&mut self) -> World {
        let host = self.pick(&["a.b", "www.a.b:80", "B", "/a", "a,b.c"]);
        let (path, x, y) = (self.path(), self.path(), self.path());
        let number = self.roll(12).to_string();
        let ip = self.pick(&["10.1.2.3", "10.1.9.9, 192.0.2.7", "::1", "none", ""]);
        let lines = [("Host", host), ("X", &x), ("X", &y), ("N", &number), ("Ip", ip)];
        let mut world = World::get(&format!("/{path}"), &lines);
        world.method = self.pick(&["GET", "POST"]).to_owned();
        world
    }
}

fn parse(text: &str) -> Cond {
    let words = lang::lex_line(text).unwrap_or_else(|_| panic!("{text} lexes"));
    let mut words = Words::new(&words, Span::default());
    Cond::parse(&mut words, &Acls::default(), &scope_at(Phase::HttpRequest))
        .unwrap_or_else(|d| panic!("{text}: {}", d.message))
}

fn in_turn(conds: &[Option<&Cond>], world: &World) -> Option<usize> {
    conds.iter().position(|cond| cond.is_none_or(|cond| cond.eval(world)))
}

#[test]
fn random_rules_give_the_same_answer_as_each_asked_in_turn() {
    let mut dice = Dice::new(0x9e37_79b9_7f4a_7c15);
    for round in 0..300 {
        let texts: Vec<_> = (0..dice.roll(40)).map(|_| dice.cond()).collect();
        let parsed: Vec<_> = texts.iter().map(|text| parse(text)).collect();
        let always = dice.roll(120);
        let conds: Vec<_> =
            parsed.iter().enumerate().map(|(at, cond)| (at != always).then_some(cond)).collect();
        let plan = FirstMatch::compile(&conds);
        for _ in 0..40 {
            let world = dice.world();
            let expected = in_turn(&conds, &world);
            let uri = &world.uri;
            assert_eq!(plan.first(&world), expected, "round {round}, {uri}, {texts:#?}");
        }
    }
}

fn layout(plan: &FirstMatch) -> &Layout {
    plan.plan.inner.loaded.as_ref().unwrap()
}

#[test]
fn a_thousand_prefixes_are_looked_up_and_none_is_asked() {
    let parsed: Vec<_> = (0..1000).map(|n| parse(&format!("if {{ path_beg /app{n}/ }}"))).collect();
    let conds: Vec<_> = parsed.iter().map(Some).collect();
    let plan = FirstMatch::compile(&conds);
    assert!(layout(&plan).fixed.is_empty());
    assert_eq!(plan.first(&World::get("/app999/x", &[])), Some(999));
    assert_eq!(plan.first(&World::get("/app1/x", &[])), Some(1));
    assert_eq!(plan.first(&World::get("/none", &[])), None);
}

#[test]
fn the_first_of_several_candidates_wins() {
    let parsed = [
        "if { path_beg /a } { method POST }",
        "if { path_end .png }",
        "if { path_beg /a/b } or { hdr(host) -i WWW }",
        "if { path_reg ^/a/[bc] }",
    ]
    .map(parse);
    let mut conds: Vec<_> = parsed.iter().map(Some).collect();
    conds.push(None);
    let plan = FirstMatch::compile(&conds);
    for (uri, host, expected) in
        [("/a/x.png", "h", 1), ("/a/b", "h", 2), ("/x", "www", 2), ("/a/c", "h", 3), ("/x", "h", 4)]
    {
        assert_eq!(plan.first(&World::get(uri, &[("Host", host)])), Some(expected), "{uri} {host}");
    }
    let post = World { method: "POST".to_owned(), ..World::get("/a/x.png", &[]) };
    assert_eq!(plan.first(&post), Some(0));
}

#[test]
fn more_slots_than_fit_inline_are_kept_apart() {
    let parsed: Vec<_> =
        (0..3000).map(|n| parse(&format!("if {{ path_beg /p{n} }} {{ method POST }}"))).collect();
    let conds: Vec<_> = parsed.iter().map(Some).collect();
    let plan = FirstMatch::compile(&conds);
    let post = World { method: "POST".to_owned(), ..World::get("/p2999", &[]) };
    assert_eq!(plan.first(&post), Some(2));
    assert_eq!(plan.first(&World::get("/p2999", &[])), None);
}

#[test]
fn no_rules_yield_nothing() {
    assert_eq!(FirstMatch::compile(&[]).first(&World::sample()), None);
    assert_eq!(FirstMatch::compile(&[None]).first(&World::sample()), Some(0));
}

/// Of these, texts are made that mean something now and then.
#[rustfmt::skip]
const PIECES: &[&str] = &[
    "hdr", "(", ")", ",", "%", "[", "]", "{", "}", "+Q", "path", "-1", "0", "\\", "'", "\"", "regsub", "field",
    "word", "bytes", "url_dec", "if", "!", "or", "-m", "reg", "sub", "é", "a", " ", "99999999999999999999", "src",
    "int", "lower", "-i", "--", "gt", ":", "*", "^", "o", "ci", "ipmask", "24", "url_param", "cook", "date",
];

#[test]
fn no_text_makes_a_parser_or_an_evaluation_panic() {
    let mut dice = Dice::new(0x2545_f491_4f6c_dd1d);
    let scope = scope_at(Phase::Anywhere);
    for _ in 0..600 {
        let text: String = (0..dice.roll(12)).map(|_| dice.pick(PIECES)).collect();
        let world = dice.world();
        if let Ok((expr, _)) = crate::Expr::parse_text(&text, &scope) {
            expr.eval(&world);
        }
        let word = lang::Word::new(text.as_str(), Span::default());
        if let Ok(format) = crate::LogFormat::parse(&word, &scope) {
            format.to_bytes(&world);
        }
        let spaced: Vec<_> =
            (0..dice.roll(9)).map(|_| lang::Word::new(dice.pick(PIECES), Span::default())).collect();
        if let Ok(cond) = Cond::parse(&mut Words::new(&spaced, Span::default()), &Acls::default(), &scope) {
            cond.eval(&world);
        }
    }
}
