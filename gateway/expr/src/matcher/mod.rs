//! Matching methods (`-m`): what a sample is compared with, and how (configuration.txt 7.1).

mod parse;
pub(crate) mod text;
mod trie;
mod whole;

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use lang::{Diagnostic, Words};

use crate::pattern::{Key, Probe, View};
use crate::{Expr, Sample, Scope, Type, Value};

/// A matching method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Method {
    Found,
    Bool,
    Int,
    Ip,
    Bin,
    Len,
    Str,
    Beg,
    End,
    Sub,
    Dir,
    Dom,
    Reg,
    /// Whole, as `str`, but a known HTTP method never loses its case: what `method -i` means.
    Http,
}

/// A row of the table of methods.
struct Row {
    /// Its name behind `-m`.
    name: &'static str,
    method: Method,
    /// The types of samples it takes.
    takes: &'static [Type],
    /// A test that holds for the sample request of the tests, and one that does not.
    example: (&'static str, &'static str),
}

const fn row(name: &'static str, method: Method, takes: &'static [Type]) -> Row {
    Row { name, method, takes, example: ("", "") }
}

impl Row {
    const fn example(mut self, holds: &'static str, fails: &'static str) -> Self {
        self.example = (holds, fails);
        self
    }
}

const EVERY: &[Type] = &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method];

#[rustfmt::skip]
const METHODS: &[Row] = &[
    row("found", Method::Found, EVERY).example("req.hdr(host) -m found", "req.hdr(x-none) -m found"),
    row("bool",  Method::Bool,  &[Type::Bool, Type::Int, Type::Str]).example("req.hdr_cnt(accept) -m bool", "int(0) -m bool"),
    row("int",   Method::Int,   &[Type::Bool, Type::Int, Type::Ip, Type::Str]).example("req.hdr(content-length) -m int ge 12", "req.hdr(content-length) -m int 13:"),
    row("ip",    Method::Ip,    &[Type::Ip, Type::Str, Type::Int]).example("req.hdr(x-forwarded-for,1) -m ip 10.0.0.0/8", "req.hdr(x-forwarded-for,1) -m ip 10.0.0.2/31"),
    row("bin",   Method::Bin,   &[Type::Bin, Type::Str, Type::Method]).example("bin(0a0b) -m bin 0A0B", "bin(0a0b) -m bin 0a"),
    row("len",   Method::Len,   EVERY).example("path -m len gt 3", "path -m len 5"),
    row("str",   Method::Str,   EVERY).example("path -m str -i /A/B", "path -m str /A/B"),
    row("beg",   Method::Beg,   EVERY).example("path -m beg /a/", "path -m beg a/"),
    row("end",   Method::End,   EVERY).example("path -m end /b", "path -m end /a"),
    row("sub",   Method::Sub,   EVERY).example("url -m sub b?x", "url -m sub b?y"),
    row("dir",   Method::Dir,   EVERY).example("path -m dir a/b", "path -m dir c"),
    row("dom",   Method::Dom,   EVERY).example("req.hdr(host) -m dom example.com", "req.hdr(host) -m dom xample"),
    row("reg",   Method::Reg,   EVERY).example("path -m reg ^/[a-c]/b$", "path -m reg ^/[b-c]"),
];

impl Method {
    /// Its name behind `-m`, where [`Self::Http`] cannot be written.
    pub(crate) fn name(self) -> &'static str {
        METHODS.iter().find(|row| row.method == self).map_or("http", |row| row.name)
    }

    fn find(name: &str) -> Option<Self> {
        METHODS.iter().find(|row| row.name == name).map(|row| row.method)
    }

    fn names() -> impl Iterator<Item = &'static str> {
        METHODS.iter().map(|row| row.name)
    }

    /// Whether it takes samples of this type.
    fn takes(self, kind: Type) -> bool {
        let row = METHODS.iter().find(|row| row.method == self);
        kind == Type::Any || row.is_some_and(|row| row.takes.contains(&kind))
    }

    /// The method for samples of a type when none is named.
    fn default_for(kind: Type) -> Option<Self> {
        match kind {
            Type::Bool => Some(Self::Bool),
            Type::Int => Some(Self::Int),
            Type::Ip => Some(Self::Ip),
            Type::Str | Type::Method => Some(Self::Str),
            Type::Bin | Type::Any => None,
        }
    }
}

/// The rows' examples.
pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    METHODS.iter().map(|row| Sample {
        table: "matcher",
        name: row.name,
        family: "matcher",
        expression: row.example.0,
        fails: Some(row.example.1),
        value: Sample::HOLDS,
        since: None,
        response: false,
    })
}

/// A method with its patterns, ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher {
    method: Method,
    /// Those of each file, and those on the line.
    views: Vec<Arc<View>>,
    /// Counts the references of the model that have changed.
    epoch: Arc<AtomicU64>,
}

impl Matcher {
    /// Reads flags and values: the words behind the criterion, which is written so.
    pub(crate) fn parse(
        expr: &Expr,
        criterion: &str,
        implied: Option<Method>,
        words: &mut Words<'_>,
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        parse::parse(expr, criterion, implied, words, scope)
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    /// The patterns that were loaded, and how each is compared.
    pub(crate) fn loaded(&self) -> impl Iterator<Item = (Key, &[u8])> {
        self.views.iter().flat_map(|view| view.loaded().map(|pattern| (view.key(), pattern)))
    }

    /// How many patterns were loaded.
    pub(crate) fn len(&self) -> usize {
        self.views.iter().map(|view| view.loaded().len()).sum()
    }

    /// Whether the patterns are no longer those that were loaded.
    pub(crate) fn is_changed(&self) -> bool {
        self.views.iter().any(|view| view.is_changed())
    }

    /// What counts the references of its model that have changed.
    pub(crate) fn epoch(&self) -> &Arc<AtomicU64> {
        &self.epoch
    }

    /// What tells apart two tests whose words are the same but whose files are not.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.loaded().for_each(|(key, pattern)| (key.fold, pattern).hash(&mut hasher));
        format!(" #{:016x}", hasher.finish())
    }

    /// Whether a sample matches.
    pub(crate) fn matches(&self, value: Value<'_>) -> bool {
        match self.method {
            Method::Found => true,
            Method::Bool => value.to_bool().unwrap_or(false),
            method => Probe::new(method, value)
                .is_some_and(|probe| self.views.iter().any(|view| view.matches(&probe))),
        }
    }
}

/// Whether HAProxy knows this HTTP method, which it then compares by its number.
pub(crate) fn is_known_method(method: &[u8]) -> bool {
    let known = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];
    known.iter().any(|name| name.as_bytes() == method)
}
