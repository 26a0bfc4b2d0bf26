//! Some patterns of a reference as one structure: what finds all those that match at the cost of about one.

mod blocks;
pub(crate) mod number;
mod regexes;

use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;

use super::reference::Entry;
use super::view::{Key, Probe};
use crate::matcher::text::Group;
use crate::matcher::{Method, is_known_method};
use blocks::Blocks;
use number::{Networks, Numbers};
use regexes::Regexes;

/// A pattern that cannot be compared with this method.
#[derive(Debug)]
pub(crate) struct Bad {
    /// Whose it is, among those that were given.
    pub(crate) at: usize,
    pub(crate) why: String,
}

/// Where matches are shown: how specific each is, and the entry.
pub(crate) type Visit<'v, 's> = &'v mut dyn FnMut(u32, &'s Arc<Entry>) -> ControlFlow<()>;

/// Entries and their structure.
#[derive(Debug)]
pub(crate) struct Segment {
    entries: Box<[Arc<Entry>]>,
    index: Index,
    /// The longest prefix counts most.
    by_length: bool,
}

#[derive(Debug)]
enum Index {
    /// The method has no patterns.
    None,
    Numbers(Numbers),
    Networks(Networks),
    Blocks(Blocks),
    Texts(Option<Group>),
    /// HTTP methods that are known, compared exactly, and others.
    Http(Option<Group>, Option<Group>),
    Regexes(Regexes),
}

impl Segment {
    pub(super) fn new(key: Key, entries: Vec<Arc<Entry>>) -> Result<Self, Bad> {
        let patterns = || entries.iter().map(|entry| &*entry.pattern);
        let index = match key.method {
            Method::Found | Method::Bool => Index::None,
            Method::Int | Method::Len => Numbers::new(key.dotted, patterns()).map(Index::Numbers)?,
            Method::Ip => Networks::new(patterns()).map(Index::Networks)?,
            Method::Bin => Blocks::new(patterns()).map(Index::Blocks)?,
            Method::Reg => Regexes::new(key.fold, patterns()).map(Index::Regexes)?,
            Method::Http => {
                let (known, others) = patterns().zip(0..).partition(|(method, _)| is_known_method(method));
                Index::Http(Group::new(Method::Str, false, known), Group::new(Method::Str, true, others))
            }
            Method::Str | Method::Beg | Method::End | Method::Sub | Method::Dir | Method::Dom => {
                Index::Texts(Group::new(key.method, key.fold, patterns().zip(0..).collect()))
            }
        };
        let by_length = key.method == Method::Beg && !key.fold;
        Ok(Self { entries: entries.into(), index, by_length })
    }

    pub(super) fn entries(&self) -> &[Arc<Entry>] {
        &self.entries
    }

    /// Whether matches are shown in the order of the entries.
    pub(super) fn is_ordered(&self) -> bool {
        matches!(self.index, Index::Regexes(_))
    }

    /// Shows the living entries that match, some perhaps more than once.
    pub(super) fn visit<'s>(&'s self, probe: &Probe<'_>, visit: Visit<'_, 's>) -> ControlFlow<()> {
        match (&self.index, probe) {
            (Index::Numbers(numbers), Probe::Int(n)) => {
                numbers.visit(*n, &mut |at| self.show(0, at, &mut *visit))
            }
            (Index::Networks(networks), Probe::Ip(ip)) => self.networks(networks, *ip, visit),
            (Index::Blocks(blocks), Probe::Text(bytes)) => {
                blocks.visit(bytes, &mut |at| self.show(0, at, &mut *visit))
            }
            (Index::Texts(Some(group)), Probe::Text(text)) => self.texts(group, text, visit),
            (Index::Http(known, others), Probe::Text(method)) => {
                let group = if is_known_method(method) { known } else { others };
                group.as_ref().map_or(ControlFlow::Continue(()), |group| self.texts(group, method, visit))
            }
            (Index::Regexes(regexes), Probe::Text(text)) => {
                regexes.visit(text, &mut |at| self.show(0, at, &mut *visit))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn texts<'s>(&'s self, group: &Group, text: &[u8], visit: Visit<'_, 's>) -> ControlFlow<()> {
        group.visit(text, &mut |at| {
            let weight = match self.by_length {
                true => self.entries[at as usize].pattern.len(),
                false => 0,
            };
            self.show(u32::try_from(weight).unwrap_or(u32::MAX), at, &mut *visit)
        })
    }

    fn networks<'s>(&'s self, networks: &Networks, ip: IpAddr, visit: Visit<'_, 's>) -> ControlFlow<()> {
        networks.visit(ip, &mut |bits, at| self.show(bits, at, &mut *visit))
    }

    fn show<'s>(&'s self, weight: u32, at: u32, visit: Visit<'_, 's>) -> ControlFlow<()> {
        let entry = &self.entries[at as usize];
        if entry.is_alive() { visit(weight, entry) } else { ControlFlow::Continue(()) }
    }
}
