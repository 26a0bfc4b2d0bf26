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
use crate::{Expr, Scope, Type, Value};

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

/// The methods by name, with the types of samples they take.
#[rustfmt::skip]
const METHODS: &[(&str, Method, &[Type])] = &[
    ("found", Method::Found, &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("bool",  Method::Bool,  &[Type::Bool, Type::Int, Type::Str]),
    ("int",   Method::Int,   &[Type::Bool, Type::Int, Type::Ip, Type::Str]),
    ("ip",    Method::Ip,    &[Type::Ip, Type::Str, Type::Int]),
    ("bin",   Method::Bin,   &[Type::Bin, Type::Str, Type::Method]),
    ("len",   Method::Len,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("str",   Method::Str,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("beg",   Method::Beg,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("end",   Method::End,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("sub",   Method::Sub,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("dir",   Method::Dir,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("dom",   Method::Dom,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
    ("reg",   Method::Reg,   &[Type::Bool, Type::Int, Type::Ip, Type::Str, Type::Bin, Type::Method]),
];

impl Method {
    /// Its name behind `-m`, where [`Self::Http`] cannot be written.
    pub(crate) fn name(self) -> &'static str {
        METHODS.iter().find(|(_, method, _)| *method == self).map_or("http", |(name, _, _)| name)
    }

    fn find(name: &str) -> Option<Self> {
        METHODS.iter().find(|(known, _, _)| *known == name).map(|(_, method, _)| *method)
    }

    fn names() -> impl Iterator<Item = &'static str> {
        METHODS.iter().map(|(name, _, _)| *name)
    }

    /// Whether it takes samples of this type.
    fn takes(self, kind: Type) -> bool {
        let row = METHODS.iter().find(|(_, method, _)| *method == self);
        kind == Type::Any || row.is_some_and(|(_, _, kinds)| kinds.contains(&kind))
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
