//! A sample expression: a fetch and the converters after it.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

use lang::{Diagnostic, Words};

use crate::arg::{self, Arg, Owner};
use crate::convert::{self, Convert, Given};
use crate::fetch::{self, Fetch, Request};
use crate::parts;
use crate::{Acl, Parts, Purpose, Scope, TableUse, Txn, Type, Value};

/// `req.hdr(host),lower`: what is read and how it is converted. Cheap to clone; equal when written alike and their files hold the same.
#[derive(Clone)]
pub struct Expr {
    inner: Arc<Inner>,
}

struct Inner {
    /// The expression in one spelling: canonical names, arguments as written.
    text: String,
    fetch: &'static Fetch,
    args: Vec<Arg>,
    steps: Vec<Step>,
    /// What tells apart the contents of the files it looks up.
    files: Vec<u64>,
}

struct Step {
    convert: &'static Convert,
    args: Vec<Arg>,
}

impl fmt::Debug for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Expr({})", self.inner.text)
    }
}

impl PartialEq for Expr {
    fn eq(&self, other: &Self) -> bool {
        self.inner.text == other.inner.text
            && self.inner.files == other.inner.files
            && self.acls().eq(other.acls())
    }
}

impl Eq for Expr {}

impl Expr {
    /// Reads the expression that the next word holds.
    pub fn parse(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        let word = words.expect("a sample expression")?;
        let (expr, used) = Self::parse_text(&word.text, scope).map_err(|bad| bad.diagnostic(word.span))?;
        let source = expr.inner.fetch.source();
        match &word.text[used..] {
            "" if scope.has(expr.inner.fetch) => Ok(expr),
            "" => Err(Diagnostic::alert(
                word.span,
                format!(
                    "fetch method '{}' extracts information from '{source}', none of which is available here",
                    word.text
                ),
            )),
            _ => Err(Diagnostic::alert(word.span, expr.comma(&word.text))),
        }
    }

    /// What is said where something else than a comma follows the expression at the beginning of a text.
    pub(crate) fn comma(&self, text: &str) -> String {
        match self.inner.steps.last() {
            Some(step) => format!("missing comma after converter '{}'", step.convert.name),
            None => {
                format!("missing comma after fetch keyword '{}'", arg::name(text))
            }
        }
    }

    /// Reads an expression at the beginning of a text, and says how long it is. Where it stands is not judged.
    pub(crate) fn parse_text(text: &str, scope: &Scope<'_>) -> Result<(Self, usize), Bad> {
        let call = arg::cut(text).map_err(|unclosed| unclosed.fetch())?;
        if call.name.is_empty() {
            return Err("missing fetch method".to_owned().into());
        }
        let row = fetch::find(call.name).ok_or_else(|| Bad::unknown_fetch(call.name))?;
        Self::parse_from(row, text, scope)
    }

    /// The same for a text that begins with another name for this fetch.
    pub(crate) fn parse_from(
        fetch: &'static Fetch,
        text: &str,
        scope: &Scope<'_>,
    ) -> Result<(Self, usize), Bad> {
        let call = arg::cut(text).map_err(|unclosed| unclosed.fetch())?;
        fetch.supported(call.name)?;
        let mut normal = String::from(fetch.name);
        spell_args(&mut normal, call.args.as_deref());
        let owner = Owner::Fetch(call.name);
        let mut args = arg::check(owner, fetch.args, fetch.required, call.args, scope)?;
        (fetch.prepare)(&mut args, scope).map_err(|why| owner.refused(&why))?;
        fetch.note_body(scope);
        let name = call.name;
        note_tables(&args, || scope.keyword(name), scope);
        let mut used = call.len;
        let mut steps = Vec::new();
        let mut kind = fetch.kind;
        let mut files = Vec::new();
        while let Some(rest) = text[used..].strip_prefix(',') {
            let call = arg::cut(rest).map_err(|unclosed| unclosed.converter())?;
            used += 1 + call.len;
            // nothing between two commas, or behind the last, is nothing
            if call.name.is_empty() && (text[used..].is_empty() || text[used..].starts_with([',', ']'])) {
                continue;
            }
            let row = convert::find(call.name).ok_or_else(|| Bad::unknown_converter(call.name))?;
            row.supported(call.name)?;
            if !kind.casts_to(row.input) {
                return Err(format!("converter '{}' cannot be applied", row.name).into());
            }
            normal.push(',');
            normal.push_str(row.name);
            spell_args(&mut normal, call.args.as_deref());
            let owner = Owner::Converter(row.name);
            let mut args = arg::check(owner, row.args, row.required, call.args, scope)?;
            let fail = |why| format!("invalid args in converter '{}' : {why}", row.name);
            (row.prepare)(&mut args, &Given { name: row.name, scope }).map_err(fail)?;
            files.extend(args.iter().filter_map(|arg| match arg {
                Arg::View(_, content) => Some(*content),
                _ => None,
            }));
            let keyword = || format!("conversion keyword '{}' for {}", row.name, scope.keyword(name));
            note_tables(&args, keyword, scope);
            kind = row.output;
            steps.push(Step { convert: row, args });
        }
        Ok((Self { inner: Arc::new(Inner { text: normal, fetch, args, steps, files }) }, used))
    }

    /// Whether what it reads exists where it stands.
    pub(crate) fn is_legal(&self, scope: &Scope<'_>) -> bool {
        scope.has(self.inner.fetch)
    }

    /// The fetch it begins with.
    pub fn fetch(&self) -> &'static Fetch {
        self.inner.fetch
    }

    /// The expression in one spelling.
    pub fn text(&self) -> &str {
        &self.inner.text
    }

    /// The type of what it yields.
    pub fn kind(&self) -> Type {
        let outputs = self.inner.steps.iter().rev().map(|step| step.convert.output);
        outputs.chain([self.inner.fetch.kind]).find(|kind| *kind != Type::Any).unwrap_or(Type::Any)
    }

    /// The parts that its samples are taken from; `None` if two of one request may differ though nothing was changed, or
    /// if taking one changes something.
    pub(crate) fn parts(&self) -> Option<Parts> {
        let fetched = parts::of_fetch(self.inner.fetch.name, &self.inner.args);
        self.inner.steps.iter().fold(fetched, |all, step| {
            let family = convert::family(step.convert.name)?;
            Some(all?.and(parts::of_converter(family, &step.args)?))
        })
    }

    /// The ACLs that it asks.
    pub(crate) fn acls(&self) -> impl Iterator<Item = &Arc<Acl>> {
        let args = self.inner.steps.iter().flat_map(|step| &step.args).chain(&self.inner.args);
        args.filter_map(|arg| match arg {
            Arg::Acl(acl, _) => Some(acl),
            _ => None,
        })
    }

    /// Whether taking its samples may change variables.
    pub(crate) fn sets_variables(&self) -> bool {
        self.inner.steps.iter().any(|step| matches!(step.convert.name, "set-var" | "unset-var"))
            || self.acls().any(|acl| acl.tests().any(|test| test.expr.sets_variables()))
    }

    /// Whether taking its samples changes anything.
    pub(crate) fn writes(&self) -> bool {
        self.sets_variables()
            || parts::writes(self.inner.fetch.name)
            || self.acls().any(|acl| acl.tests().any(|test| test.expr.writes()))
    }

    /// Whether it yields the same whatever it is asked about.
    pub(crate) fn is_constant(&self) -> bool {
        fetch::is_constant(self.inner.fetch) && self.parts() == Some(Parts::NONE)
    }

    /// Whether converters follow the fetch.
    pub fn is_converted(&self) -> bool {
        !self.inner.steps.is_empty()
    }

    /// The sample, or nothing where there is none. Of several (a header on many lines) the one that HAProxy takes.
    pub fn eval<'a>(&'a self, txn: &'a dyn Txn) -> Option<Value<'a>> {
        let mut found = None;
        self.visit(txn, false, &mut |value| {
            found = Some(value);
            ControlFlow::Break(())
        });
        found
    }

    /// Shows every sample there is, until told to stop.
    pub fn each<'a>(&'a self, txn: &'a dyn Txn, visit: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>) {
        self.visit(txn, true, visit);
    }

    /// Whether bytes that have not arrived yet may change what it yields.
    pub fn is_unsettled(&self, txn: &dyn Txn) -> bool {
        let fetch = self.inner.fetch;
        txn.more_to_come() && if txn.response_to_come() { fetch.awaits_response() } else { fetch.awaits }
    }

    fn visit<'a>(
        &'a self,
        txn: &'a dyn Txn,
        each: bool,
        visit: &mut dyn FnMut(Value<'a>) -> ControlFlow<()>,
    ) {
        let request = Request { txn, args: &self.inner.args, each };
        if self.inner.steps.is_empty() {
            return (self.inner.fetch.read)(&request, visit);
        }
        (self.inner.fetch.read)(&request, &mut |value| match self.convert(value, txn) {
            Some(value) => visit(value),
            // the values behind one that cannot be converted are not looked at either, as in HAProxy
            None => ControlFlow::Break(()),
        });
    }

    fn convert<'a>(&'a self, value: Value<'a>, txn: &'a dyn Txn) -> Option<Value<'a>> {
        self.inner.steps.iter().try_fold(value, |value, step| {
            let input = match (value, step.convert.input) {
                // a text that is taken for bytes stays a text, and so does what is cut out of it
                (text @ Value::Str(_), Type::Bin) => text,
                (value, input) => value.cast(input)?,
            };
            (step.convert.run)(input, &step.args, txn)
        })
    }
}

/// The tables that arguments name are looked for when all sections are read.
fn note_tables(args: &[Arg], keyword: impl Fn() -> String, scope: &Scope<'_>) {
    for (at, table) in args.iter().enumerate().filter_map(|(at, arg)| Some((at + 1, arg.as_table()?))) {
        scope.use_table(TableUse {
            table: table.to_owned(),
            by: format!("arg {at} of {}", keyword()),
            purpose: Purpose::Read,
        });
    }
}

fn spell_args(out: &mut String, args: Option<&[String]>) {
    if let Some(args) = args.filter(|args| args.iter().any(|arg| !arg.is_empty())) {
        out.push('(');
        out.push_str(&args.join(","));
        out.push(')');
    }
}

/// Why a text is no expression, with the word that may have been meant.
#[derive(Debug)]
pub(crate) struct Bad {
    pub(crate) why: String,
    pub(crate) suggestion: Option<&'static str>,
    /// It is right, and nothing evaluates it yet.
    pub(crate) later: bool,
}

impl Bad {
    fn unknown_fetch(name: &str) -> Self {
        Self { why: format!("unknown fetch method '{name}'"), suggestion: fetch::nearest(name), later: false }
    }

    fn unknown_converter(name: &str) -> Self {
        Self { why: format!("unknown converter '{name}'"), suggestion: convert::nearest(name), later: false }
    }

    /// What HAProxy knows and nothing here evaluates yet.
    pub(crate) fn not_yet(what: &str, reason: &str) -> Self {
        Self { later: true, ..format!("{what} is not supported yet ({reason})").into() }
    }

    pub(crate) fn diagnostic(self, span: lang::Span) -> Diagnostic {
        let alert = Diagnostic::alert(span, self.why).suggest(self.suggestion);
        Diagnostic { later: self.later, ..alert }
    }
}

impl From<String> for Bad {
    fn from(why: String) -> Self {
        Self { later: crate::regex::is_later(&why), why, suggestion: None }
    }
}
