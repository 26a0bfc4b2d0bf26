//! Named ACLs: what they test, how their lines are read and merged (configuration.txt 7.1, 7.4).

use std::cell::RefCell;
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::fmt::Write as _;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use lang::{Diagnostic, Span, Word, Words};

use crate::cond::Verdict;
use crate::expr::{Bad, Expr};
use crate::matcher::{Matcher, Method};
use crate::{AS_ACL, Scope, Txn, arg, criterion};

/// One line of an ACL: a sample and what it is compared with.
pub(crate) struct Test {
    /// The line in one spelling; equality and the plan go by it.
    text: String,
    /// The line as it was written.
    words: Box<[String]>,
    pub(crate) expr: Expr,
    pub(crate) matcher: Matcher,
}

/// An ACL: true if one of its lines is. Lines of the same name that come later join it, also for conditions that
/// were read before them.
pub struct Acl {
    name: String,
    test: Test,
    next: OnceLock<Box<Self>>,
}

impl fmt::Debug for Acl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.tests().map(|test| &test.text)).finish()
    }
}

impl Drop for Acl {
    /// Line by line: thousands of lines of one name must not drop each other on the stack.
    fn drop(&mut self) {
        let mut next = self.next.take();
        while let Some(mut line) = next {
            next = line.next.take();
        }
    }
}

impl PartialEq for Acl {
    fn eq(&self, other: &Self) -> bool {
        self.tests().map(|test| &test.text).eq(other.tests().map(|test| &test.text))
    }
}

impl Acl {
    /// An ACL of one line: criterion, flags, values.
    pub(crate) fn parse(
        name: &str,
        words: &[Word],
        end: Span,
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        let test = Test::parse(words, end, scope)?;
        Ok(Self { name: name.to_owned(), test, next: OnceLock::new() })
    }

    /// Its name; empty for an anonymous one.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its lines as they were written: criterion, flags, values.
    pub fn lines(&self) -> impl Iterator<Item = &[String]> {
        self.tests().map(|test| &*test.words)
    }

    /// Whether it is what its name means without a line.
    pub fn is_predefined(&self) -> bool {
        let known = PREDEFINED.iter().find(|(name, _)| *name == self.name);
        known.is_some_and(|(_, words)| self.lines().eq([*words]))
    }

    /// What it tests, in one spelling; the ACLs that its samples name are told apart by where they are.
    pub(crate) fn key(&self) -> String {
        let mut key = String::new();
        for test in self.tests() {
            key.push_str(&test.text);
            for asked in test.expr.acls() {
                let _ = write!(key, " {:p}", Arc::as_ptr(asked)); // a text takes all that is written
            }
            key.push('\n');
        }
        key
    }

    /// Whether its samples ask this ACL, or ask one that does.
    fn asks(&self, sought: *const Self) -> bool {
        let (mut left, mut seen) = (vec![self], HashSet::new());
        while let Some(acl) = left.pop() {
            for asked in acl.tests().flat_map(|test| test.expr.acls()) {
                if std::ptr::eq(&raw const **asked, sought) {
                    return true;
                }
                if seen.insert(Arc::as_ptr(asked)) {
                    left.push(asked);
                }
            }
        }
        false
    }

    pub(crate) fn tests(&self) -> impl Iterator<Item = &Test> {
        std::iter::successors(Some(self), |acl| acl.next.get().map(|next| &**next)).map(|acl| &acl.test)
    }

    fn append(&self, added: Self) {
        let mut last = self;
        while let Some(next) = last.next.get() {
            last = next;
        }
        // `Acls` owns the only way here and holds it mutably, so nobody else appends meanwhile
        let _ = last.next.set(Box::new(added));
    }

    pub(crate) fn judge(&self, txn: &dyn Txn) -> Verdict {
        let mut verdict = Verdict::False;
        for test in self.tests() {
            verdict = verdict.or(test.judge(txn));
            if verdict == Verdict::True {
                break;
            }
        }
        verdict
    }

    /// Whether any line can ever be true here.
    pub(crate) fn is_legal(&self, scope: &Scope<'_>) -> bool {
        self.tests().any(|test| test.expr.is_legal(scope))
    }
}

impl Test {
    fn parse(words: &[Word], end: Span, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let missing = || Diagnostic::alert(end, "missing fetch method in ACL expression ''");
        let (first, values) = words.split_first().ok_or_else(missing)?;
        let (expr, method) = criterion(first, scope).map_err(|bad| bad.diagnostic(first.span))?;
        let mut cursor = Words::new(values, end);
        let matcher = Matcher::parse(&expr, &first.text, method, &mut cursor, scope)?;
        let mut text = format!("{} -m {}", expr.text(), matcher.method().name());
        for word in values {
            let _ = write!(text, " {:?}", word.text); // a text takes all that is written
        }
        text.push_str(&matcher.fingerprint());
        let words = words.iter().map(|word| word.text.clone()).collect();
        Ok(Self { text, words, expr, matcher })
    }

    fn judge(&self, txn: &dyn Txn) -> Verdict {
        let mut found = false;
        self.expr.each(txn, &mut |value| {
            found = self.matcher.matches(value);
            if found { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        match found {
            true => Verdict::True,
            false if self.expr.is_unsettled(txn) => Verdict::Unknown,
            false => Verdict::False,
        }
    }
}

/// Reads `hdr_beg(host)`, `path,lower` …: the sample, and the method its name implies.
fn criterion(word: &Word, scope: &Scope<'_>) -> Result<(Expr, Option<Method>), Bad> {
    let name = arg::name(&word.text);
    let method = criterion::find(name).map(|(_, method)| method);
    let (expr, used) = sample(name, &word.text, scope).map_err(|bad| told(bad, name, &word.text))?;
    if used < word.text.len() {
        let why = match expr.is_converted() || method.is_none() {
            true => expr.comma(&word.text),
            false => "missing comma after fetch keyword".to_owned(),
        };
        return Err(told(why.into(), name, &word.text));
    }
    let method = method.filter(|_| !expr.is_converted());
    Ok((expr, method))
}

/// The sample of a criterion of this name, and how long it is.
fn sample(name: &str, text: &str, scope: &Scope<'_>) -> Result<(Expr, usize), Bad> {
    scope.within(AS_ACL, || match criterion::find(name) {
        Some((fetch, _)) => Expr::parse_from(fetch, text, scope),
        None => Expr::parse_text(text, scope),
    })
}

/// What is wrong with a criterion, as it is said where it has a name of its own, and where it is a sample like others.
fn told(bad: Bad, name: &str, text: &str) -> Bad {
    let why = match criterion::find(name) {
        _ if bad.later => bad.why,
        None => format!("{} in ACL expression '{text}'", bad.why),
        Some(_) => {
            let fetch = format!("fetch method '{name}' : ");
            format!("ACL keyword '{name}' : {}", bad.why.strip_prefix(&fetch).unwrap_or(&bad.why))
        }
    };
    Bad { why, ..bad }
}

/// Among so many names of a section the one that was meant is looked for.
const NEAR: usize = 1000;

/// The ACLs that need no line (configuration.txt 7.4).
#[rustfmt::skip]
pub const PREDEFINED: &[(&str, &[&str])] = &[
    ("FALSE", &["always_false"]),
    ("HTTP", &["req.proto_http"]),
    ("HTTP_1.0", &["req.ver", "1.0"]),
    ("HTTP_1.1", &["req.ver", "1.1"]),
    ("HTTP_2.0", &["req.ver", "2.0"]),
    ("HTTP_3.0", &["req.ver", "3.0"]),
    ("HTTP_CONTENT", &["req.hdr_val(content-length)", "gt", "0"]),
    ("HTTP_URL_ABS", &["url_reg", "^[^/:]*://"]),
    ("HTTP_URL_SLASH", &["url_beg", "/"]),
    ("HTTP_URL_STAR", &["url", "*"]),
    ("LOCALHOST", &["src", "127.0.0.1/8", "::1"]),
    ("METH_CONNECT", &["method", "CONNECT"]),
    ("METH_DELETE", &["method", "DELETE"]),
    ("METH_GET", &["method", "GET", "HEAD"]),
    ("METH_HEAD", &["method", "HEAD"]),
    ("METH_OPTIONS", &["method", "OPTIONS"]),
    ("METH_POST", &["method", "POST"]),
    ("METH_PUT", &["method", "PUT"]),
    ("METH_TRACE", &["method", "TRACE"]),
    ("RDP_COOKIE", &["req.rdp_cookie_cnt", "gt", "0"]),
    ("REQ_CONTENT", &["req.len", "gt", "0"]),
    ("TRUE", &["always_true"]),
    ("WAIT_END", &["wait_end"]),
];

/// The named ACLs of one proxy; a clone names the same ones.
#[derive(Clone, Debug, Default)]
pub struct Acls {
    named: Rc<RefCell<BTreeMap<String, Arc<Acl>>>>,
}

impl Acls {
    /// Adds a line: the words after `acl`.
    pub fn add(&mut self, words: &mut Words<'_>, scope: &Scope<'_>) -> Result<(), Diagnostic> {
        let word = words.expect("a name")?;
        let name = &word.text;
        if let Some(bad) = name.chars().find(|c| !is_name(*c)) {
            let text = format!("character '{bad}' is not permitted in acl name '{name}'.");
            return Err(Diagnostic::alert(word.span, text));
        }
        if name == "or" {
            let text = format!(
                "acl name '{name}' will never match. 'or' is used to express a logical disjunction within a condition."
            );
            return Err(Diagnostic::alert(word.span, text));
        }
        let rest = words.take_rest();
        let acl = Acl::parse(name, rest, words.here(), scope)
            .map_err(|error| sentence(error, &format!("error detected while parsing ACL '{name}' : ")))?;
        let mut named = self.named.borrow_mut();
        match named.get(name) {
            Some(first) if acl.asks(Arc::as_ptr(first)) => {
                let text = format!("ACL '{name}' cannot be tested by itself.");
                return Err(Diagnostic::alert(word.span, text).hint("give this line a name of its own"));
            }
            Some(first) => first.append(acl),
            None => drop(named.insert(name.clone(), Arc::new(acl))),
        }
        Ok(())
    }

    /// The ACL of a name, or the predefined one.
    pub(crate) fn find(&self, word: &Word, scope: &Scope<'_>) -> Result<Arc<Acl>, Diagnostic> {
        let named = self.named.borrow();
        if let Some(acl) = named.get(&word.text) {
            return Ok(Arc::clone(acl));
        }
        let Some((name, line)) = PREDEFINED.iter().find(|(name, _)| *name == word.text) else {
            let names =
                named.keys().map(String::as_str).take(NEAR).chain(PREDEFINED.iter().map(|(name, _)| *name));
            let near = lang::suggest::nearest(&word.text, names);
            return Err(Diagnostic::alert(word.span, format!("no such ACL : '{}'", word.text)).suggest(near));
        };
        let words: Vec<_> = line.iter().map(|text| Word::new(*text, word.span)).collect();
        Ok(Arc::new(Acl::parse(name, &words, word.span, scope)?))
    }

    /// Whether there is one of this name, the predefined ones aside.
    pub fn has(&self, name: &str) -> bool {
        self.named.borrow().contains_key(name)
    }
}

/// An error within what the prefix says, as a sentence unless a suggestion follows.
pub(crate) fn sentence(error: Diagnostic, prefix: &str) -> Diagnostic {
    let mut error = error.prefixed(prefix);
    if error.suggestion.is_none() {
        error.message.push('.');
    }
    error
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':')
}
