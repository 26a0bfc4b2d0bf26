//! Conditions: `if` and `unless`, and, or, not, named and anonymous ACLs (configuration.txt 7.2).

use std::fmt;
use std::sync::Arc;

use lang::{Diagnostic, Word, Words};

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
    /// Reads a condition: the words from `if` or `unless` to the end.
    pub fn parse(words: &mut Words<'_>, acls: &Acls, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let unless = match words.next() {
            Some(word) if word.text == "if" => false,
            Some(word) if word.text == "unless" => true,
            Some(word) => {
                let text = format!("expects 'if' or 'unless' followed by a condition, got '{}'", word.text);
                return Err(Diagnostic::alert(word.span, text));
            }
            None => return Err(words.error("expects 'if' or 'unless' followed by a condition")),
        };
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

    /// The groups of terms, unless the whole is negated.
    pub(crate) fn groups(&self) -> Option<&[Vec<Term>]> {
        (!self.inner.unless).then_some(&self.inner.groups)
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
    let (mut negated, mut any) = (false, false);
    while let Some(word) = words.next() {
        any = true;
        let mut text = word.text.as_str();
        if text == "or" || text == "||" {
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
    if !any {
        return Err(words.error("empty condition"));
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
        return Err(Diagnostic::alert(open.span, "missing closing '}' in condition."));
    };
    let inside = &rest[..len];
    words.by_ref().take(len + 1).for_each(drop);
    if inside.is_empty() {
        return Err(Diagnostic::alert(open.span, "missing keyword in anonymous ACL"));
    }
    let acl = Acl::parse("", inside, scope)?;
    if !acl.is_legal(scope) {
        scope.warn(never(&acl, "", open, scope));
    }
    Ok(Arc::new(acl))
}

fn never(acl: &Acl, name: &str, word: &Word, scope: &Scope<'_>) -> Diagnostic {
    let place = scope.phase.place();
    let text = if name.is_empty() {
        let keyword = acl.tests().next().map_or("", |test| test.expr.fetch().name);
        format!(
            "anonymous acl will never match because it uses keyword '{keyword}' which is incompatible with '{place}'"
        )
    } else {
        format!(
            "acl '{name}' will never match because it only involves keywords that are incompatible with '{place}'"
        )
    };
    Diagnostic::warning(word.span, text)
}
