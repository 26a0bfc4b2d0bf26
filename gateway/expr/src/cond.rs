//! Conditions: `if` and `unless`, and, or, not, named and anonymous ACLs (configuration.txt 7.2).

use std::fmt;
use std::sync::Arc;

use lang::{Diagnostic, Span, Word, Words};

use crate::acl::{Acl, Acls};
use crate::{Scope, Txn};

/// What a test says while a connection's bytes may still arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It holds, and more bytes will not change that.
    True,
    /// It does not hold.
    False,
    /// More bytes are needed to tell.
    Unknown,
}

impl Verdict {
    /// Whether it is [`Self::True`].
    pub fn holds(self) -> bool {
        self == Self::True
    }

    pub(crate) fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::False, Self::False) => Self::False,
        }
    }

    pub(crate) fn and(self, other: Self) -> Self {
        self.not().or(other.not()).not()
    }

    pub(crate) fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

/// `if …` or `unless …`. Cheap to clone, self-contained; equal when its words and its ACLs' words are.
#[derive(Clone, PartialEq)]
pub struct Cond {
    inner: Arc<Inner>,
}

#[derive(PartialEq)]
struct Inner {
    unless: bool,
    /// True if all terms of one of the groups are.
    groups: Vec<Vec<Term>>,
}

/// An ACL or its negation.
#[derive(Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) negated: bool,
    pub(crate) acl: Arc<Acl>,
}

impl Cond {
    /// Whether one of its tests looks at a connection's bytes, which no request of HTTP has left.
    pub fn reads_bytes(&self) -> bool {
        let terms = self.inner.groups.iter().flatten();
        terms.flat_map(|term| term.acl.tests()).any(|test| test.expr.fetch().reads_bytes())
    }
}

impl fmt::Debug for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{:?}", if self.negated { "!" } else { "" }, self.acl)
    }
}

impl fmt::Debug for Cond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.inner.unless { "unless" } else { "if" };
        write!(f, "{word} {:?}", self.inner.groups)
    }
}

impl Cond {
    /// Reads a condition: the words from `if` or `unless`, which the caller has seen, to the end.
    pub fn parse(words: &mut Words<'_>, acls: &Acls, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let unless = words.next().is_some_and(|word| word.text == "unless");
        let groups = parse_groups(words, acls, scope)?;
        Ok(Self { inner: Arc::new(Inner { unless, groups }) })
    }

    /// Reads an optional condition: nothing is left, or it begins here.
    pub fn parse_rest(
        words: &mut Words<'_>,
        acls: &Acls,
        scope: &Scope<'_>,
    ) -> Result<Option<Self>, Diagnostic> {
        if words.is_empty() { Ok(None) } else { Self::parse(words, acls, scope).map(Some) }
    }

    /// Whether it holds, all bytes being there.
    pub fn eval(&self, txn: &dyn Txn) -> bool {
        self.judge(txn) == Verdict::True
    }

    /// Whether it holds as far as can be told now.
    pub fn judge(&self, txn: &dyn Txn) -> Verdict {
        let mut verdict = Verdict::False;
        for group in &self.inner.groups {
            verdict = verdict.or(judge_group(group, txn));
            if verdict == Verdict::True {
                break;
            }
        }
        if self.inner.unless { verdict.not() } else { verdict }
    }

    /// The ACLs it uses, in order, anonymous ones among them.
    pub fn acls(&self) -> impl Iterator<Item = &Acl> {
        self.inner.groups.iter().flatten().map(|term| &*term.acl)
    }

    /// Its words from `if` or `unless` on, those of values marked as quoted; `name` is what a named ACL is called.
    pub fn words(&self, name: &dyn Fn(&Acl) -> String) -> Vec<Word> {
        let bare = |text: &str| Word::new(text, Span::default());
        let mut words = vec![bare(if self.inner.unless { "unless" } else { "if" })];
        for (index, group) in self.inner.groups.iter().enumerate() {
            words.extend((index > 0).then(|| bare("or")));
            for Term { negated, acl } in group {
                let not = if *negated { "!" } else { "" };
                if !acl.name().is_empty() {
                    words.push(bare(&format!("{not}{}", name(acl))));
                    continue;
                }
                words.push(bare(&format!("{not}{{")));
                let values = acl.lines().flatten();
                words.extend(values.map(|text| Word { quoted: true, ..bare(text) }));
                words.push(bare("}"));
            }
        }
        words
    }

    /// The named ACLs in it, each once, and what they say as far as can be told now.
    pub fn named(&self, txn: &dyn Txn) -> Vec<(&str, Verdict)> {
        let mut told: Vec<(&str, Verdict)> = Vec::new();
        for acl in self.acls() {
            if !acl.name().is_empty() && told.iter().all(|(known, _)| *known != acl.name()) {
                told.push((acl.name(), acl.judge(txn)));
            }
        }
        told
    }

    /// Whether the whole is negated, and the groups of terms.
    pub(crate) fn parts(&self) -> (bool, &[Vec<Term>]) {
        (self.inner.unless, &self.inner.groups)
    }
}

fn judge_group(group: &[Term], txn: &dyn Txn) -> Verdict {
    let mut verdict = Verdict::True;
    for term in group {
        let one = term.acl.judge(txn);
        verdict = verdict.and(if term.negated { one.not() } else { one });
        if verdict == Verdict::False {
            break;
        }
    }
    verdict
}

fn parse_groups(words: &mut Words<'_>, acls: &Acls, scope: &Scope<'_>) -> Result<Vec<Vec<Term>>, Diagnostic> {
    let mut groups = vec![Vec::new()];
    let mut negated = false;
    while let Some(word) = words.next() {
        let mut text = word.text.as_str();
        if text.eq_ignore_ascii_case("or") || text == "||" {
            negated = false;
            groups.push(Vec::new());
            continue;
        }
        while let Some(rest) = text.strip_prefix('!') {
            (text, negated) = (rest, !negated);
        }
        if text.is_empty() {
            continue;
        }
        let acl = if text == "{" { anonymous(words, word, scope)? } else { named(text, word, acls, scope)? };
        let group = groups.last_mut().expect("it begins with one group and only grows");
        group.push(Term { negated: std::mem::take(&mut negated), acl });
    }
    if groups.iter().all(Vec::is_empty) {
        scope.warn(Diagnostic::warning(
            words.here(),
            "empty condition: 'if' never holds, 'unless' always does",
        ));
    }
    groups.retain(|group| !group.is_empty());
    Ok(groups)
}

fn named(text: &str, word: &Word, acls: &Acls, scope: &Scope<'_>) -> Result<Arc<Acl>, Diagnostic> {
    let acl = acls.find(&Word::new(text, word.span), scope)?;
    if !acl.is_legal(scope) {
        scope.warn(never(&acl, text, word, scope));
    }
    Ok(acl)
}

fn anonymous(words: &mut Words<'_>, open: &Word, scope: &Scope<'_>) -> Result<Arc<Acl>, Diagnostic> {
    let rest = words.rest();
    let Some(len) = rest.iter().position(|word| word.text == "}" && !word.quoted) else {
        return Err(Diagnostic::alert(open.span, "missing closing '}' in condition"));
    };
    let inside = &rest[..len];
    words.by_ref().take(len + 1).for_each(drop);
    let acl = Acl::parse("", inside, open.span, scope)?;
    if !acl.is_legal(scope) {
        scope.warn(never(&acl, "", open, scope));
    }
    Ok(Arc::new(acl))
}

fn never(acl: &Acl, name: &str, word: &Word, scope: &Scope<'_>) -> Diagnostic {
    let place = scope.place();
    let within = scope.phase.rules().map_or(String::new(), |rules| format!(" in '{rules}'"));
    let text = if name.is_empty() {
        let criterion = acl.lines().next().and_then(<[String]>::first).map_or("", String::as_str);
        let keyword = &criterion[..criterion.find(['(', ',']).unwrap_or(criterion.len())];
        format!(
            "anonymous acl will never match{within} because it uses keyword '{keyword}' which is incompatible with '{place}'"
        )
    } else {
        format!(
            "acl '{name}' will never match{within} because it only involves keywords that are incompatible with '{place}'"
        )
    };
    Diagnostic::warning(word.span, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Phase;
    use crate::world::{World, cond, cond_with, scope_at};

    fn sample() -> World {
        World::get(
            "/a/c?q=",
            &[("Host", "h:81"), ("X", "5, 7"), ("X", "b"), ("Cookie", "a=1; b=\"q;r\"; a=2")],
        )
    }

    /// What HAProxy 2.6 answers to the same conditions for the same request.
    #[rustfmt::skip]
    const CASES: &[(&str, bool)] = &[
        ("if", false),
        ("unless", true),
        ("if !", false),
        ("if || TRUE", true),
        ("if TRUE ||", true),
        ("if FALSE OR TRUE", true),
        ("if FALSE || !", false),
        ("if !!TRUE", true),
        ("if ! TRUE", false),
        ("if TRUE FALSE or TRUE", true),
        ("if TRUE !TRUE or FALSE", false),
        ("unless TRUE FALSE", true),
        ("if !{ path /zz }", true),
        ("if ! { path /zz }", true),
        ("if { cook(a) 1 }", true),
        ("if { cook(a) 2 }", true),
        ("if { cook 2 }", true),
        ("if { cook(b) '\"q;r\"' }", true),
        ("if { cook_val(a) 1 }", true),
        ("if { hdr(x),add(1) 6 }", true),
        ("if { hdr_val(x) 5 }", true),
        ("if { hdr(x) 7 }", true),
        ("if { hdr(x) '5, 7' }", false),
        ("if { req.fhdr(x) '5, 7' }", true),
        ("if { hdr(x,1) b }", false),
        ("if { hdr(x,-1) b }", true),
        ("if { hdr_cnt(x) 3 }", true),
        ("if { req.fhdr_cnt(x) 2 }", true),
        ("if { hdr(x) -m int gt 6 }", true),
        ("if { path,length gt 3 }", true),
        ("if { path_beg,lower /A }", false),
        ("if { url_beg http }", false),
        ("if { int(5) gt 3 lt 2 }", true),
        ("if { int(5) 1:3 5 }", true),
        ("if { int(5) gt 1:3 }", false),
        ("if { bool(1) 0 }", true),
        ("if { str(a) -m bool }", false),
        ("if { int(3) -m bool }", true),
        ("if { int(3) -m str 3 }", true),
        ("if { src -m beg 192. }", true),
        ("if { src -m reg ^192 }", true),
        ("if { src -m len 9 }", true),
        ("if { src 192.0.2.0/24 }", true),
        ("if { src -m int 3221225991 }", true),
        ("if { str(10a) -m int 10 }", true),
        ("if { str(1.2.3.4) -m ip 1.2.3.0/24 }", true),
        ("if { str(abc) -m bin 616263 }", true),
        ("if { bin(616263) -m str abc }", true),
        ("if { bin(616200) -m str ab }", true),
        ("if { bin(00ff) -m bin 00ff }", true),
        ("if { bin(00ff) -m bin 00FE 00FF }", true),
        ("if { bin(6100) -m bin 61 }", false),
        ("if { str(ab) -m bin 6162 }", true),
        ("if { bin(610062) -m len 3 }", false),
        ("if { bin(610062) -m len 1 }", true),
        ("if { bin(610062) -m sub b }", false),
        ("if { bin(610062) -m reg b }", false),
        ("if { int(5) -m len 1 }", true),
        ("if { int(1) lt 1:3 }", true),
        ("if { int(3) lt 1:3 }", true),
        ("if { int(2) gt 1:2 }", true),
        ("if { int(1) gt 1:3 }", true),
        ("if { int(2) gt 1:3 }", true),
        ("if { int(3) gt 1:3 }", true),
        ("if { int(4) gt 1:3 }", false),
        ("if { int(0) lt 1:3 }", false),
        ("if { int(1) lt 1:3 }", true),
        ("if { int(2) lt 1:3 }", true),
        ("if { int(4) lt 1:3 }", false),
        ("if { int(0) le 1:3 }", false),
        ("if { int(3) le 1:3 }", true),
        ("if { int(4) ge 1:3 }", false),
        ("if { int(1) ge 1:3 }", true),
        ("if { int(3) lt :3 }", true),
        ("if { int(0) lt 3: }", false),
        ("if { int(3) gt 3: }", true),
        ("if { int(3) gt :3 }", true),
        ("if { method GET POST }", true),
        ("if { method -i get }", false),
        ("if { method -i GET }", true),
        ("if { method -m str -i get }", true),
        ("if { method -m beg -i ge }", true),
        ("if { str(purge) -i PURGE }", true),
        ("if { method -m len 3 }", true),
        ("if { path_reg a.c$ }", true),
        ("if { path_reg -i A.C$ }", true),
        ("if { path -m reg z c$ }", true),
        ("if { path_sub x c y }", true),
        ("if { hdr_dom(host) h }", true),
        ("if { base_beg h:81/a }", true),
        ("if { path_end -i D C }", true),
        ("if { path_beg -- -i }", false),
        ("if { path_beg /x -i }", false),
        ("if { path_dir a }", true),
        ("if { path_dir / }", false),
        ("if { path_len 4 }", true),
        ("if { always_false -m found }", true),
        ("if { env(NOPE) -m found }", false),
        ("if { hdr(none) -m found }", false),
        ("if { hdr(none),length 0 }", false),
        ("if { hdr_cnt(none) 0 }", true),
        ("if { urlp(q) -m found }", true),
        ("if { path -f paths.lst }", false),
        ("if { path -f paths.lst /a/c }", true),
        ("if { str(/two) -f paths.lst }", true),
        ("if { str('#sharp') -f paths.lst }", true),
        ("if { str(/ONE) -f paths.lst -i x }", false),
        ("if { str(/ONE) -i -f paths.lst x }", true),
        ("if { str(10.9.9.9) -m ip -f nets.lst }", true),
        ("if { hdr_sub(host) -m beg h: }", true),
        ("if HTTP_URL_SLASH HTTP_1.1 METH_GET !METH_HEAD !HTTP_CONTENT WAIT_END REQ_CONTENT HTTP", true),
        ("if LOCALHOST or HTTP_URL_ABS or HTTP_URL_STAR or METH_POST", false),
    ];

    #[test]
    fn conditions_hold_as_they_do_in_haproxy() {
        for (text, expected) in CASES {
            let cond = cond(text).unwrap_or_else(|d| panic!("{text}: {}", d.message));
            assert_eq!(cond.eval(&sample()), *expected, "{text}");
        }
    }

    #[test]
    fn values_behind_one_that_cannot_be_converted_are_not_looked_at() {
        for (values, expected) in [("x, 10.0.0.1", false), ("10.0.0.1, x", true)] {
            let world = World::get("/", &[("x", values)]);
            let cond = cond("if { hdr(x),ipmask(32) -m found }").unwrap();
            assert_eq!(cond.eval(&world), expected, "{values}");
        }
    }

    #[test]
    fn lines_of_one_name_are_alternatives_also_for_conditions_read_before() {
        let mut acls = Acls::default();
        let scope = scope_at(Phase::Anywhere);
        let add = |text: &str, acls: &mut Acls| {
            let words = lang::lex_line(text).unwrap();
            acls.add(&mut Words::new(&words, Span::default()), &scope).unwrap();
        };
        add("x path /one", &mut acls);
        let before = cond_with("if x", &acls).unwrap();
        assert!(!before.eval(&sample()));
        add("x path_beg /a", &mut acls);
        assert!(before.eval(&sample()));
        assert_eq!(before, cond_with("if  x", &acls).unwrap());
        assert_ne!(before, cond_with("unless x", &acls).unwrap());
    }

    #[test]
    fn conditions_and_acls_are_written_as_they_were_read() {
        let mut acls = Acls::default();
        for line in ["x path /one", "x path_beg -i /a", "METH_GET method GET", "HTTP req.proto_http"] {
            let words = lang::lex_line(line).unwrap();
            acls.add(&mut Words::new(&words, Span::default()), &scope_at(Phase::Anywhere)).unwrap();
        }
        for text in ["if", "unless x METH_GET", "if !{ path -m beg -i /a } or HTTP TRUE", "if { path '}' }"] {
            let cond = cond_with(text, &acls).unwrap();
            let words = cond.words(&|acl| acl.name().to_owned());
            let again =
                Cond::parse(&mut Words::new(&words, Span::default()), &acls, &scope_at(Phase::HttpRequest));
            assert_eq!(again.unwrap(), cond, "{text}");
            let texts: Vec<_> = words.iter().map(|word| word.text.as_str()).collect();
            assert_eq!(texts.join(" "), text.replace('\'', ""));
        }
        let used = cond_with("if x METH_GET HTTP TRUE", &acls).unwrap();
        let seen: Vec<_> = used.acls().map(|acl| (acl.lines().count(), acl.is_predefined())).collect();
        assert_eq!(seen, [(2, false), (1, false), (1, true), (1, true)]);
        assert_eq!(used.acls().next().unwrap().lines().nth(1).unwrap(), ["path_beg", "-i", "/a"]);
    }

    #[test]
    fn the_acls_in_it_say_one_by_one_what_they_hold_of_a_request() {
        let cond = cond("if METH_POST !METH_GET or METH_GET { path / }").unwrap();
        assert_eq!(cond.named(&sample()), [("METH_POST", Verdict::False), ("METH_GET", Verdict::True)]);
    }

    #[test]
    fn errors_are_worded_as_haproxys() {
        for (text, expected) in [
            ("if nope", "no such ACL : 'nope'"),
            ("if { foo }", "unknown fetch method 'foo' in ACL expression 'foo'"),
            ("if { path", "missing closing '}' in condition"),
            ("unless { }", "missing fetch method in ACL expression ''"),
            ("if { path -m foo / }", "unknown matching method 'foo' when parsing ACL expression"),
            ("if { src 1.2.3.4.5 }", "'1.2.3.4.5' is not a valid IPv4 or IPv6 address"),
            ("if { dst_port abc }", "'abc' is not a number"),
            ("if { int(5) 3:1 }", "'3:1' is not a valid number range"),
            ("if { path -f none }", "failed to open pattern file <none> (entity not found)"),
            (
                "if { bin(00) 00 }",
                "matching method must be specified first (using '-m') when using a sample fetch of this type ('bin')",
            ),
            ("if { method -m int 5 }", "matching method 'int' cannot be used with fetch keyword 'method'"),
            (
                "if { path -x / }",
                "'-x' is not a valid ACL option. Please use '--' before any pattern beginning with a '-'",
            ),
            (
                "if { path -m beg -f paths.lst -m end }",
                "'-m' must only be specified before patterns and files in parsing ACL expression",
            ),
            (
                "if { hdr(host,a) b }",
                "ACL keyword 'hdr' : failed to parse 'a' as type 'integer' at position 2",
            ),
            ("if { hdr(host b }", "ACL keyword 'hdr' : expected ')'"),
            (
                "if { path,field(1 b }",
                "ACL keyword 'path' : invalid arg 1 in converter 'field' : expected ')'",
            ),
            ("if { path,foo b }", "ACL keyword 'path' : unknown converter 'foo'"),
            ("if { path,lower)x b }", "ACL keyword 'path' : missing comma after converter 'lower'"),
            ("if { ,lower b }", "missing fetch method in ACL expression ',lower'"),
            (
                "if { bin(0g) b }",
                "invalid args in fetch method 'bin' : an hex digit is expected (found 'g') in ACL expression 'bin(0g)'",
            ),
            ("if { path -f }", "failed to open pattern file <>"),
            ("if { path -m }", "unknown matching method '' when parsing ACL expression"),
            (
                "if { path_reg (a)\\1 }",
                "regex '(a)\\1' is invalid (a back-reference is not supported yet, for it cannot be matched in linear time)",
            ),
        ] {
            assert_eq!(cond(text).unwrap_err().message, expected, "{text}");
        }
        let near = |text| cond(text).unwrap_err().suggestion;
        assert_eq!(near("if METH_GTE").as_deref(), Some("METH_GET"));
        assert_eq!(near("if { path_bge /x }").as_deref(), Some("path_beg"));
        assert_eq!(near("if { path -m bge /x }").as_deref(), Some("beg"));
    }

    #[test]
    fn what_can_never_match_is_warned_of() {
        let scope = scope_at(Phase::HttpResponse);
        let words = lang::lex_line("if { path / }").unwrap();
        let end = Span::default();
        Cond::parse(&mut Words::new(&words, end), &Acls::default(), &scope).unwrap();
        assert_eq!(
            scope.take_warnings()[0].message,
            "anonymous acl will never match because it uses keyword 'path' which is incompatible with \
             'backend http-response header rule'"
        );
    }

    #[test]
    fn what_more_bytes_may_change_is_unknown() {
        let world = World { more: true, ..sample() };
        for (text, expected) in [
            ("if { req.len gt 5 }", Verdict::True),
            ("if { req.len gt 5000 }", Verdict::Unknown),
            ("if !{ req.len gt 5000 }", Verdict::Unknown),
            ("if WAIT_END", Verdict::Unknown),
            ("if FALSE WAIT_END", Verdict::False),
            ("if TRUE or WAIT_END", Verdict::True),
        ] {
            assert_eq!(cond(text).unwrap().judge(&world), expected, "{text}");
        }
    }
}
