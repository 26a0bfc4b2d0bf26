//! A rule is an action and a condition.

use std::fmt;
use std::sync::Arc;

use expr::plan::PlannedRule;
use expr::{Acls, Cond, Phase, Scope, Verdict};
use lang::{Diagnostic, Word, Words};

use crate::action::{self, Action, OLD_REDIRECT};
use crate::{Flow, Message, Slot};

/// A rule. Cheap to clone; equal when its words and the ACLs it uses are.
#[derive(Clone)]
pub struct Rule {
    inner: Arc<Inner>,
    /// Where its line stands, for messages: `file:line`; no part of what it means.
    place: Arc<str>,
}

struct Inner {
    phase: Phase,
    /// The action's words.
    words: Vec<String>,
    action: Box<dyn Action>,
    cond: Option<Cond>,
    ends: bool,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (name, words) = self.inner.words.split_first().expect("an action has a name");
        write!(f, "{name}")?;
        words.iter().try_for_each(|word| write!(f, " {word:?}"))?;
        self.inner.cond.iter().try_for_each(|cond| write!(f, " {cond:?}"))
    }
}

impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&*self.inner, &*other.inner);
        a.phase == b.phase && a.words == b.words && a.cond == b.cond && a.action.loaded() == b.action.loaded()
    }
}

impl Rule {
    /// Reads a rule: the words behind `http-request`, `tcp-request content` …
    pub fn parse(
        phase: Phase,
        words: &mut Words<'_>,
        acls: &Acls,
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        let nothing = Word::new("", words.here());
        let word = words.next().unwrap_or(&nothing);
        let row =
            action::find(&word.text, phase).map_err(|why| why.at(word, phase, &within(&scope.owner())))?;
        finish((row, word), phase, words, acls, scope)
    }

    /// Whether no rule behind it is ever reached: it ends the set, under no condition.
    pub fn is_final(&self) -> bool {
        self.inner.ends && self.inner.cond.is_none()
    }

    /// The same rule, said to stand at this place.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self { place: place.into(), ..self }
    }

    /// Where its line stands, `file:line`; empty if nobody said.
    pub fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn judge(&self, message: &dyn Message) -> Verdict {
        self.inner.cond.as_ref().map_or(Verdict::True, |cond| cond.judge(message.txn()))
    }

    /// The action's words, its name first.
    pub fn words(&self) -> &[String] {
        &self.inner.words
    }

    /// The capture slot that it fills.
    pub fn slot(&self) -> Option<Slot> {
        self.inner.action.slot()
    }

    /// The same rule, filling the slot of this number.
    #[must_use]
    pub fn in_slot(mut self, number: usize) -> Self {
        if let Some(inner) = Arc::get_mut(&mut self.inner) {
            inner.action.set_slot(number);
            if let [.., keyword, value] = &mut inner.words[..] {
                (*keyword, *value) = ("id".to_owned(), number.to_string());
            }
        }
        self
    }

    /// When it is applied; `None` is always.
    pub fn cond(&self) -> Option<&Cond> {
        self.inner.cond.as_ref()
    }

    pub(crate) fn apply(&self, message: &mut dyn Message) -> Flow {
        let flow = self.inner.action.apply(message);
        if flow.is_final() {
            message.conclude(&self.place);
        }
        flow
    }

    /// What the plan of its set is told of it.
    pub(crate) fn planned(&self) -> PlannedRule {
        let Inner { action, cond, ends, .. } = &*self.inner;
        PlannedRule { cond: cond.clone(), ends: *ends, changes: action.changes() }
    }
}

/// Reads the rest of a rule whose action is known.
fn finish(
    (row, name): (&'static action::Row, &Word),
    phase: Phase,
    words: &mut Words<'_>,
    acls: &Acls,
    scope: &Scope<'_>,
) -> Result<Rule, Diagnostic> {
    let said = || format!("{} {}", action::keyword(phase), name.text);
    let before = words.rest();
    let elsewhere = (scope.phase != phase).then(|| scope.at(phase));
    let scope_here = elsewhere.as_ref().unwrap_or(scope);
    let read = |words: &mut Words<'_>| match context(row.name, phase) {
        Some(context) => scope_here.within(context, || row.parse(name, words, scope_here)),
        None => row.parse(name, words, scope_here),
    };
    let action = read(words).map_err(|error| in_action(error, (phase, row), &said(), &scope.owner()))?;
    let own = before.iter().take(before.len() - words.remaining()).map(|word| word.text.clone());
    let texts = std::iter::once(name.text.clone()).chain(own).collect();
    let joint = words.peek();
    if let Some(word) = joint.filter(|word| word.text != "if" && word.text != "unless") {
        return Err(no_condition(word, phase, &said(), &scope.owner()));
    }
    let joint = joint.map(|word| word.text.as_str()).unwrap_or_default();
    let cond = Cond::parse_rest(words, acls, scope_here)
        .map_err(|error| in_condition(error, (phase, row), (&said(), joint), &scope.owner()))?;
    if let Some(reason) = row.later {
        let refusal = Diagnostic::not_yet(name.span, format_args!("'{}'", said()));
        scope.warn(refusal.suffixed(&format!(" ({reason})")));
    }
    let warnings = elsewhere.map(|scope| scope.take_warnings()).unwrap_or_default();
    warnings.into_iter().for_each(|warning| scope.warn(warning));
    Ok(Rule {
        inner: Arc::new(Inner { phase, words: texts, action, cond, ends: row.ends }),
        place: "".into(),
    })
}

/// What HAProxy says that the expressions of an action stand in, where that is not its place.
fn context(action: &str, phase: Phase) -> Option<&'static str> {
    match action {
        "redirect" => Some("redirect format string"),
        "track-sc" => Some("tracking rule"),
        "capture" if phase.is_tcp() => Some("capture rule"),
        _ => None,
    }
}

/// ` in frontend 'www'`, where somebody said whose line it is.
fn within(owner: &str) -> String {
    if owner.is_empty() { String::new() } else { format!(" in {owner}") }
}

/// What is wrong with the words of an action.
fn in_action(error: Diagnostic, (phase, row): (Phase, &action::Row), said: &str, owner: &str) -> Diagnostic {
    // HAProxy reads these itself, and says nothing on top of what the others say of themselves
    let is_own = row.name == "capture" || row.name == "track-sc";
    match phase.is_tcp() {
        true if row.name.starts_with("expect-") => error.prefixed(&format!("'{said}' ")),
        true if is_own => error.prefixed(&format!("'{said}' : ")),
        true => error,
        false => sentence(error, &format!("error detected{} while parsing '{said}' rule : ", within(owner))),
    }
}

/// What is wrong with the condition of a rule, which begins with `if` or `unless`.
fn in_condition(
    error: Diagnostic,
    (phase, row): (Phase, &action::Row),
    (said, joint): (&str, &str),
    owner: &str,
) -> Diagnostic {
    let place = within(owner);
    if phase.is_tcp() {
        let label = format!("'{said}' : error detected{place} while parsing '{joint}' condition : ");
        return error.prefixed(&label);
    }
    let label = match row.name {
        "redirect" => format!("error detected{place} while parsing '{said}' rule : error in condition: "),
        _ => format!("error detected while parsing an '{said}' condition : "),
    };
    sentence(error, &label)
}

/// Something else than a condition stands behind an action.
fn no_condition(word: &Word, phase: Phase, said: &str, owner: &str) -> Diagnostic {
    let found = &word.text;
    let place = if owner.is_empty() { String::new() } else { format!(", in {owner}") };
    let text = match phase.is_tcp() {
        true => format!("'{said}' only accepts 'if' or 'unless'{place} (got '{found}')"),
        false => {
            format!("'{said}' expects either 'if' or 'unless' followed by a condition but found '{found}'.")
        }
    };
    Diagnostic::alert(word.span, text)
}

/// An error within what the prefix says, as a sentence unless a suggestion follows.
fn sentence(error: Diagnostic, prefix: &str) -> Diagnostic {
    let mut error = error.prefixed(prefix);
    if error.suggestion.is_none() {
        error.message.push('.');
    }
    error
}

/// The old keyword `redirect`: the words behind it.
pub fn parse_redirect(words: &mut Words<'_>, acls: &Acls, scope: &Scope<'_>) -> Result<Rule, Diagnostic> {
    let word = Word::new(OLD_REDIRECT.name, words.here());
    finish((&OLD_REDIRECT, &word), Phase::HttpRequest, words, acls, scope).map_err(|error| Diagnostic {
        message: error.message.replacen("'http-request redirect' rule", "redirect rule", 1),
        ..error
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RuleSet;
    use crate::world::{World, acls, rule, rules};

    #[test]
    fn rules_run_in_order_until_one_is_final() {
        let set = rules(Phase::HttpRequest, &["set-header a 1", "allow if { path /a/b }", "set-header b 2"]);
        let mut world = World::sample();
        assert_eq!(set.run(&mut world), Flow::Accept);
        assert_eq!(world.header("a"), ["1"]);
        assert!(world.header("b").is_empty());
    }

    #[test]
    fn it_is_told_which_rules_were_asked_and_where_they_stand() {
        let mut set = RuleSet::default();
        for (place, text) in [("f:1", "deny if FALSE"), ("f:2", "allow"), ("f:3", "deny")] {
            set.push(rule(Phase::HttpRequest, text).unwrap().at(place));
        }
        let mut told = Vec::new();
        set.run_told(&mut World::sample(), |rule, verdict, _| told.push((rule.place().to_owned(), verdict)));
        assert_eq!(told, [("f:1".to_owned(), Verdict::False), ("f:2".to_owned(), Verdict::True)]);
        assert_eq!(
            rule(Phase::HttpRequest, "deny").unwrap().at("f:9"),
            rule(Phase::HttpRequest, "deny").unwrap()
        );
    }

    #[test]
    fn later_rules_see_what_earlier_ones_changed() {
        let set = rules(Phase::HttpRequest, &["set-path /new", "set-header a %[path] if { path /new }"]);
        let mut world = World::sample();
        assert_eq!(set.run(&mut world), Flow::Continue);
        assert_eq!(world.header("a"), ["/new"]);
    }

    #[test]
    fn rules_are_equal_by_their_words() {
        let parse = |text| rule(Phase::HttpRequest, text).unwrap();
        assert_eq!(parse("set-header a  b"), parse("set-header a \"b\""));
        assert_ne!(parse("set-header a b"), parse("set-header a c"));
        assert_ne!(parse("deny if { path /a }"), parse("deny if { path /b }"));
        assert_ne!(parse("deny if { path /a }"), parse("deny unless { path /a }"));
    }

    #[test]
    fn content_rules_wait_for_bytes_that_may_change_them() {
        let set = rules(Phase::TcpContent, &["reject if { req.len gt 1000 }", "accept"]);
        let mut world = World { more: true, ..World::sample() };
        assert_eq!(set.run(&mut world), Flow::Wait);
        world.more = false;
        assert_eq!(set.run(&mut world), Flow::Accept);
    }

    #[test]
    fn a_final_rule_without_a_condition_is_the_last() {
        for (text, last) in [("deny", true), ("deny if TRUE", false), ("set-header a b", false)] {
            assert_eq!(rule(Phase::HttpRequest, text).unwrap().is_final(), last, "{text}");
        }
    }

    #[test]
    fn old_keywords_are_rules() {
        let words = lang::lex_line("location /x if { path /a/b }").unwrap();
        let scope = crate::world::scope(Phase::HttpRequest);
        let rule = parse_redirect(&mut Words::new(&words, lang::Span::default()), &acls(), &scope).unwrap();
        let mut set = RuleSet::default();
        set.push(rule);
        assert!(matches!(set.run(&mut World::sample()), Flow::Answer(_)));
    }

    #[test]
    fn what_follows_an_action_must_be_a_condition() {
        for (text, expected) in [
            (
                "allow sometimes",
                "'http-request allow' expects either 'if' or 'unless' followed by a condition but found 'sometimes'.",
            ),
            (
                "deny if nope",
                "error detected while parsing an 'http-request deny' condition : no such ACL : 'nope'.",
            ),
            (
                "set-header X",
                "error detected while parsing 'http-request set-header' rule : expects exactly 2 arguments.",
            ),
            (
                "set-header X %[foo]",
                "error detected while parsing 'http-request set-header' rule : \
                 failed to parse sample expression <foo]> : unknown fetch method 'foo'.",
            ),
        ] {
            assert_eq!(rule(Phase::HttpRequest, text).unwrap_err().message, expected);
        }
    }
}
