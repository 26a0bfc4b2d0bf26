//! A reference's patterns as one matching method sees them.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;

use super::reference::Entry;
use super::segment::{Bad, Segment};
use crate::Value;
use crate::matcher::Method;

/// How patterns are compared; a reference has one view for each that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) method: Method,
    /// `-i`.
    pub(crate) fold: bool,
    /// Numbers may be versions: `3.1`.
    pub(crate) dotted: bool,
}

impl Key {
    /// Case counts, and numbers are plain.
    pub(crate) fn plain(method: Method) -> Self {
        Self { method, fold: false, dotted: false }
    }
}

/// A sample as a method compares it.
#[derive(Debug)]
pub(crate) enum Probe<'v> {
    Int(i64),
    Ip(IpAddr),
    Text(Cow<'v, [u8]>),
}

/// What kind of probe a method compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeKind {
    Int,
    Len,
    Ip,
    Bytes,
    Text,
}

impl ProbeKind {
    pub(crate) fn of(method: Method) -> Self {
        match method {
            Method::Int => Self::Int,
            Method::Len => Self::Len,
            Method::Ip => Self::Ip,
            Method::Bin => Self::Bytes,
            _ => Self::Text,
        }
    }
}

impl<'v> Probe<'v> {
    /// Nothing if the sample cannot be compared so.
    pub(crate) fn new(method: Method, value: Value<'v>) -> Option<Self> {
        Self::of(ProbeKind::of(method), value)
    }

    /// The same for a kind.
    pub(crate) fn of(kind: ProbeKind, value: Value<'v>) -> Option<Self> {
        match kind {
            ProbeKind::Int => value.to_int().map(Self::Int),
            ProbeKind::Len => i64::try_from(value.into_text().len()).ok().map(Self::Int),
            ProbeKind::Ip => value.to_ip().map(Self::Ip),
            ProbeKind::Bytes => Some(Self::Text(value.into_bytes())),
            ProbeKind::Text => Some(Self::Text(value.into_text())),
        }
    }
}

/// What was found: borrowed from the view while nothing has changed.
#[derive(Debug)]
pub(crate) enum Hit<'a> {
    Loaded(&'a Entry),
    Changed(Arc<Entry>),
}

impl Hit<'_> {
    /// The entry.
    pub(crate) fn entry(&self) -> &Entry {
        match self {
            Self::Loaded(entry) => entry,
            Self::Changed(entry) => entry,
        }
    }
}

/// A reference's patterns in structures of one method.
pub(crate) struct View {
    pub(super) key: Key,
    /// What was loaded; all there is until something changes.
    loaded: Arc<Segment>,
    changed: Arc<AtomicBool>,
    /// What holds since: the older the larger.
    live: ArcSwap<Vec<Arc<Segment>>>,
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({:?}, {} patterns)", self.key, self.loaded.entries().len())
    }
}

impl View {
    pub(super) fn new(key: Key, entries: Vec<Arc<Entry>>, changed: Arc<AtomicBool>) -> Result<Self, Bad> {
        let loaded = Arc::new(Segment::new(key, entries)?);
        let live = ArcSwap::from_pointee(vec![Arc::clone(&loaded)]);
        Ok(Self { key, loaded, changed, live })
    }

    /// How it compares.
    pub(crate) fn method(&self) -> Method {
        self.key.method
    }

    /// The whole of it.
    pub(crate) fn key(&self) -> Key {
        self.key
    }

    /// Whether something was changed at run time.
    pub(crate) fn is_changed(&self) -> bool {
        self.changed.load(Ordering::Acquire)
    }

    /// The patterns that were loaded.
    pub(crate) fn loaded(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.loaded.entries().iter().map(|entry| &*entry.pattern)
    }

    /// Whether any pattern matches.
    pub(crate) fn matches(&self, probe: &Probe<'_>) -> bool {
        let found = |segment: &Segment, dead: &mut bool| {
            segment.visit(probe, dead, &mut |_, _| ControlFlow::Break(())).is_break()
        };
        if !self.is_changed() {
            let mut dead = false;
            let found = found(&self.loaded, &mut dead);
            if found || !dead {
                return found;
            }
        }
        self.settled(|live, dead| live.iter().any(|segment| found(segment, dead)))
    }

    /// The pattern that HAProxy would take: the most specific one, then the first.
    pub(crate) fn best<'a>(&'a self, probe: &Probe<'_>) -> Option<Hit<'a>> {
        if !self.is_changed() {
            let mut dead = false;
            let found = best_of(&self.loaded, probe, &mut dead);
            if !dead {
                return found.map(|(_, entry)| Hit::Loaded(entry));
            }
        }
        self.settled(|live, dead| {
            let found = live.iter().filter_map(|segment| best_of(segment, probe, dead));
            found.min_by_key(|(rank, _)| *rank).map(|(_, entry)| Hit::Changed(Arc::clone(entry)))
        })
    }

    /// Looks at what is live. Who meets an entry that has just died looks again if something took its place meanwhile,
    /// for what took it was put there before: an answer is an old or a new one, never that there is none.
    fn settled<T>(&self, look: impl Fn(&[Arc<Segment>], &mut bool) -> T) -> T {
        loop {
            let live = self.live.load();
            let mut dead = false;
            let found = look(&live, &mut dead);
            if !dead || Arc::ptr_eq(&live, &self.live.load()) {
                return found;
            }
        }
    }

    /// Adds entries that are younger than all others.
    pub(super) fn add(&self, entries: Vec<Arc<Entry>>) -> Result<(), Bad> {
        let mut segments = Vec::clone(&self.live.load());
        segments.push(Arc::new(Segment::new(self.key, entries)?));
        // like the digits of a number that is counted up: each entry is moved as often as the number has digits
        while let [.., before, last] = &segments[..]
            && last.entries().len() * 2 >= before.entries().len()
        {
            let both = before.entries().iter().chain(last.entries()).filter(|entry| entry.is_alive());
            let merged = Segment::new(self.key, both.cloned().collect())?;
            segments.truncate(segments.len() - 2);
            segments.push(Arc::new(merged));
        }
        self.live.store(Arc::new(segments));
        Ok(())
    }

    /// Whether these entries can be compared so.
    pub(super) fn try_out(key: Key, entries: &[Arc<Entry>]) -> Result<(), Bad> {
        Segment::new(key, entries.to_vec()).map(drop)
    }

    /// Puts these entries in the place of all others.
    pub(super) fn replace(&self, entries: Vec<Arc<Entry>>) -> Result<(), Bad> {
        self.live.store(Arc::new(vec![Arc::new(Segment::new(self.key, entries)?)]));
        Ok(())
    }
}

/// What is found first: the longest prefix or network, then the oldest entry.
type Rank = (u32, u64);

fn best_of<'s>(segment: &'s Segment, probe: &Probe<'_>, dead: &mut bool) -> Option<(Rank, &'s Arc<Entry>)> {
    let mut best: Option<(Rank, &Arc<Entry>)> = None;
    let _ = segment.visit(probe, dead, &mut |weight, entry| {
        let rank = (u32::MAX - weight, entry.id);
        if best.as_ref().is_none_or(|(known, _)| rank < *known) {
            best = Some((rank, entry));
        }
        match segment.is_ordered() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    });
    best
}
