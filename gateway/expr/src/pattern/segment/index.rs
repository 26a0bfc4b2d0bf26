//! Patterns of one matching method by their numbers, in the structure that suits the method.

use std::ops::ControlFlow;

use super::Bad;
use super::blocks::Blocks;
use super::number::{Networks, Numbers};
use super::regexes::Regexes;
use crate::matcher::text::Group;
use crate::matcher::{Method, is_known_method};
use crate::pattern::view::{Key, Probe};

/// Where matches are shown: how specific each is, and the pattern's number.
type Show<'v> = &'v mut dyn FnMut(u32, u32) -> ControlFlow<()>;

/// The patterns, numbered from 0 in the order in which they were given.
#[derive(Debug)]
pub(crate) enum Index {
    /// The method has no patterns.
    None,
    /// Single numbers by binary search, ranges by an interval tree.
    Numbers(Numbers),
    /// A search for each length of prefix.
    Networks(Networks),
    /// Binary search.
    Blocks(Blocks),
    /// A hash, a prefix tree or an automaton.
    Texts(Option<Group>),
    /// HTTP methods that are known, compared exactly, and others.
    Http(Option<Group>, Option<Group>),
    /// An automaton of the literals that expressions cannot match without, and sets of the others.
    Regexes(Regexes),
}

impl Index {
    pub(crate) fn new<'p>(
        Key { method, fold, dotted }: Key,
        patterns: impl Iterator<Item = &'p [u8]>,
    ) -> Result<Self, Bad> {
        Ok(match method {
            Method::Found | Method::Bool => Self::None,
            Method::Int | Method::Len => Self::Numbers(Numbers::new(dotted, patterns)?),
            Method::Ip => Self::Networks(Networks::new(patterns)?),
            Method::Bin => Self::Blocks(Blocks::new(patterns)?),
            Method::Reg => Self::Regexes(Regexes::new(fold, patterns)?),
            Method::Http => {
                let (known, others) = patterns.zip(0..).partition(|(method, _)| is_known_method(method));
                Self::Http(Group::new(Method::Str, false, known), Group::new(Method::Str, true, others))
            }
            Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom => {
                Self::Texts(Group::new(method, fold, patterns.zip(0..).collect()))
            }
        })
    }

    /// Whether matches are shown in the order of their numbers.
    pub(crate) fn is_ordered(&self) -> bool {
        matches!(self, Self::Regexes(regexes) if regexes.is_ordered())
    }

    /// Shows the patterns that match, some perhaps more than once.
    pub(crate) fn visit(&self, probe: &Probe<'_>, show: Show<'_>) -> ControlFlow<()> {
        match (self, probe) {
            (Self::Numbers(numbers), Probe::Int(n)) => numbers.visit(*n, &mut |at| show(0, at)),
            (Self::Networks(networks), Probe::Ip(ip)) => networks.visit(*ip, show),
            (Self::Blocks(blocks), Probe::Text(bytes)) => blocks.visit(bytes, &mut |at| show(0, at)),
            (Self::Texts(Some(group)), Probe::Text(text)) => group.visit(text, &mut |at| show(0, at)),
            (Self::Http(known, others), Probe::Text(method)) => {
                let group = if is_known_method(method) { known } else { others };
                let found = group.as_ref().map(|group| group.visit(method, &mut |at| show(0, at)));
                found.unwrap_or(ControlFlow::Continue(()))
            }
            (Self::Regexes(regexes), Probe::Text(text)) => regexes.visit(text, &mut |at| show(0, at)),
            _ => ControlFlow::Continue(()),
        }
    }
}
