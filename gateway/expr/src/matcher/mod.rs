//! Matching methods (`-m`): what a sample is compared with, and how (configuration.txt 7.1).

mod bytes;
mod number;
mod parse;
pub(crate) mod text;
mod trie;

use std::hash::{DefaultHasher, Hash, Hasher};

use lang::{Diagnostic, Words};
use regex::bytes::{Regex, RegexSet};

use crate::{Expr, Scope, Type, Value};
use bytes::Blocks;
pub(crate) use number::Networks;
use number::Ranges;
pub(crate) use parse::regex_set;
use text::Texts;

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
    ("ip",    Method::Ip,    &[Type::Ip, Type::Str, Type::Bin, Type::Int]),
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

/// A pattern with its text, before all patterns of a test become one structure.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Pattern {
    pub(crate) text: String,
    pub(crate) ignore_case: bool,
}

/// A method with its patterns, ready to be asked.
#[derive(Debug)]
pub(crate) struct Matcher {
    method: Method,
    /// The patterns as they were given; the plan builds larger structures from them.
    patterns: Vec<Pattern>,
    how: How,
}

#[derive(Debug)]
enum How {
    Found,
    Bool,
    /// Numbers without patterns: any but zero.
    Ints(Ranges),
    Len(Ranges),
    Ip(Networks),
    Bin(Blocks),
    Text(Texts),
    /// The known methods, and the others.
    Http(Texts, Texts),
    Reg(Expressions),
}

/// One expression is faster alone than as a set.
#[derive(Debug)]
enum Expressions {
    One(Box<Regex>),
    Many(RegexSet),
}

impl Matcher {
    /// Reads flags and values: the words behind the criterion.
    pub(crate) fn parse(
        expr: &Expr,
        implied: Option<Method>,
        words: &mut Words<'_>,
        scope: &Scope<'_>,
    ) -> Result<Self, Diagnostic> {
        parse::parse(expr, implied, words, scope)
    }

    pub(crate) fn method(&self) -> Method {
        self.method
    }

    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// What tells apart two tests whose words are the same but whose files are not.
    pub(crate) fn fingerprint(&self) -> String {
        let mut hasher = DefaultHasher::new();
        self.patterns.hash(&mut hasher);
        format!(" #{:016x}", hasher.finish())
    }

    /// Whether a sample matches.
    pub(crate) fn matches(&self, value: Value<'_>) -> bool {
        match &self.how {
            How::Found => true,
            How::Bool => value.to_bool().unwrap_or(false),
            How::Ints(ranges) => value.to_int().is_some_and(|n| ranges.contain(n)),
            How::Len(ranges) => i64::try_from(value.into_text().len()).is_ok_and(|n| ranges.contain(n)),
            How::Ip(networks) => value.to_ip().is_some_and(|ip| networks.contain(ip)),
            How::Bin(blocks) => blocks.contain(&value.into_text()),
            How::Text(texts) => texts.matches(&value.into_text()),
            How::Http(known, others) => {
                let method = value.into_text();
                if is_known(&method) { known.matches(&method) } else { others.matches(&method) }
            }
            How::Reg(Expressions::One(regex)) => regex.is_match(&value.into_text()),
            How::Reg(Expressions::Many(set)) => set.is_match(&value.into_text()),
        }
    }
}

/// Whether HAProxy knows this HTTP method, which it then compares by its number.
fn is_known(method: &[u8]) -> bool {
    let known = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE", "CONNECT"];
    known.iter().any(|name| name.as_bytes() == method)
}
