//! One pattern reference: its entries, its generations, and the views that read it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use parking_lot::Mutex;
use regex::bytes::Regex;

use super::file::{self, Columns};
use super::segment::Bad;
use super::view::{Key, Probe, View};
use crate::convert::Output;
use crate::matcher::Method;
use crate::{Scope, Value};

/// What traffic or operators may put into one reference.
const MAX_ENTRIES: usize = 1 << 24;

/// A pattern, and in maps its value.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its place among the others; what is loaded has the numbers of its lines.
    pub(super) id: u64,
    generation: u32,
    pub(super) pattern: Box<[u8]>,
    pub(crate) value: Box<[u8]>,
    alive: AtomicBool,
    /// For `map_regm`, made when it is first found.
    regex: OnceLock<Option<Box<Regex>>>,
}

impl Entry {
    fn new(id: u64, generation: u32, pattern: &[u8], value: &[u8]) -> Arc<Self> {
        let alive = AtomicBool::new(true);
        Arc::new(Self {
            id,
            generation,
            pattern: pattern.into(),
            value: value.into(),
            alive,
            regex: OnceLock::new(),
        })
    }

    pub(super) fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }

    /// The pattern as an expression; it was compiled before, when it was loaded.
    pub(crate) fn regex(&self) -> Option<&Regex> {
        let compile = || {
            let text = std::str::from_utf8(&self.pattern).ok()?;
            crate::compile_regex(text, false).ok().map(Box::new)
        };
        self.regex.get_or_init(compile).as_deref()
    }

    /// What is compared.
    pub(crate) fn pattern(&self) -> &[u8] {
        &self.pattern
    }
}

/// An entry as an operator sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// What it is called by as long as it lives: `#0x1f`.
    pub id: u64,
    /// What is compared.
    pub pattern: Vec<u8>,
    /// A map's value.
    pub value: Vec<u8>,
}

/// What a look-up by an operator found, for one way of comparing.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The method's name behind `-m`.
    pub method: &'static str,
    /// `-i`.
    pub ignores_case: bool,
    /// Whether HAProxy keeps such patterns in a tree.
    pub in_tree: bool,
    /// What was found.
    pub item: Option<Item>,
}

/// Which entries are meant.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// Those of this pattern.
    Pattern(&'a [u8]),
    /// The one with this number.
    Id(u64),
}

/// What changing a reference came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It was done.
    Done,
    /// Nothing there was meant.
    Missing,
}

/// Patterns that have a name or a number and may change.
pub struct Reference {
    name: String,
    inner: Mutex<Inner>,
    changed: Arc<AtomicBool>,
    epoch: Arc<AtomicU64>,
}

#[derive(Default)]
struct Inner {
    /// `-u`.
    id: Option<u32>,
    columns: Option<Columns>,
    loaded: bool,
    fingerprint: u64,
    /// Whose it is: `acl 'path' file 'x.cfg' line 3`, or who uses the file.
    users: Vec<String>,
    used_as_acl: bool,
    current: u32,
    next: u32,
    next_entry: u64,
    entries: BTreeMap<u64, Arc<Entry>>,
    /// The numbers of entries by the hashes of their patterns; made with the first change.
    by_pattern: Option<BTreeSet<(u64, u64)>>,
    views: Vec<Arc<View>>,
    /// What the values must be.
    outputs: Vec<Output>,
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({:?})", self.name)
    }
}

impl Reference {
    pub(super) fn named(name: &str, epoch: Arc<AtomicU64>) -> Self {
        let inner = Mutex::new(Inner { next_entry: 1, ..Inner::default() });
        Self { name: name.to_owned(), inner, changed: Arc::default(), epoch }
    }

    pub(super) fn inline(keyword: &str, position: (&str, u32), epoch: Arc<AtomicU64>) -> Self {
        let made = Self::named("", epoch);
        {
            let mut inner = made.inner.lock();
            inner.users = vec![format!("acl '{keyword}' file '{}' line {}", position.0, position.1)];
            inner.used_as_acl = true;
        }
        made
    }

    /// Reads its file, once.
    pub(super) fn load(&self, columns: Columns, scope: &Scope<'_>) -> Result<(), String> {
        let mut inner = self.inner.lock();
        match (inner.columns, columns) {
            (Some(Columns::One), Columns::Two) => return Err(self.conflict("one", "two")),
            (Some(Columns::Two), Columns::One) => return Err(self.conflict("two", "one")),
            _ => inner.columns = Some(columns),
        }
        if inner.loaded {
            return Ok(());
        }
        let content = file::read(&self.name, scope)?;
        inner.loaded = true;
        inner.fingerprint = hash(&content);
        let lines = file::lines(&content, columns);
        inner.entries =
            lines.map(|line| (line.number, Entry::new(line.number, 0, line.pattern, line.value))).collect();
        inner.next_entry = inner.entries.keys().next_back().map_or(1, |last| last + 1);
        Ok(())
    }

    fn conflict(&self, is: &str, wanted: &str) -> String {
        format!(
            "The file \"{}\" is already used as {is} column file and cannot be used by as {wanted} column file.",
            self.name
        )
    }

    /// Adds what stands on the line that it is for.
    pub(crate) fn push(&self, pattern: &str) {
        let mut inner = self.inner.lock();
        let id = inner.next_entry;
        inner.next_entry += 1;
        inner.entries.insert(id, Entry::new(id, 0, pattern.as_bytes(), b""));
    }

    /// Gives it a number of the file's own (`-u`).
    pub(crate) fn number(&self, id: u32) {
        self.inner.lock().id = Some(id);
    }

    /// Notes who uses it: an ACL, or a map.
    pub(crate) fn used_by(&self, what: &str, position: (&str, u32)) {
        let mut inner = self.inner.lock();
        inner.users.push(format!("by {what} at file '{}' line {}", position.0, position.1));
        inner.used_as_acl |= what == "acl";
    }

    /// The view of a way of comparing. A pattern that cannot be compared so is an error with its place: the entry's
    /// number, and the reason with file and line.
    pub(crate) fn view(&self, key: Key) -> Result<Arc<View>, (usize, String)> {
        let mut inner = self.inner.lock();
        if let Some(view) = inner.views.iter().find(|view| view.key == key) {
            return Ok(Arc::clone(view));
        }
        let entries: Vec<_> = inner.entries.values().cloned().collect();
        let view = View::new(key, entries, Arc::clone(&self.changed))
            .map_err(|bad| (bad.at, self.located(&inner, &bad)))?;
        let view = Arc::new(view);
        inner.views.push(Arc::clone(&view));
        Ok(view)
    }

    fn located(&self, inner: &Inner, bad: &Bad) -> String {
        let line = inner.entries.keys().nth(bad.at).copied().unwrap_or_default();
        match self.name.as_str() {
            "" => bad.why.clone(),
            name => format!("{} at line {line} of file '{name}'", bad.why),
        }
    }

    /// Says that all values must be of this type; it is held to that when it changes, too.
    pub(crate) fn demand(&self, output: Output) -> Result<(), String> {
        let mut inner = self.inner.lock();
        if let Some((line, entry)) = inner.entries.iter().find(|(_, entry)| !output.takes(&entry.value)) {
            let value = String::from_utf8_lossy(&entry.value);
            return Err(format!("unable to parse '{value}' at line {line} of file '{}'", self.name));
        }
        if !inner.outputs.contains(&output) {
            inner.outputs.push(output);
        }
        Ok(())
    }

    /// The file's name; empty for the values of a line.
    pub fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn given_id(&self) -> Option<u32> {
        self.inner.lock().id
    }

    /// What its file held, as one number.
    pub(crate) fn fingerprint(&self) -> u64 {
        self.inner.lock().fingerprint
    }

    /// Whether maps use it.
    pub fn is_map(&self) -> bool {
        self.inner.lock().columns == Some(Columns::Two)
    }

    /// Whether any ACL or map uses it; one that only actions name is neither.
    pub fn is_used(&self) -> bool {
        let inner = self.inner.lock();
        inner.used_as_acl || inner.columns.is_some()
    }

    /// Whether ACLs use it.
    pub fn is_acl(&self) -> bool {
        let inner = self.inner.lock();
        inner.used_as_acl || inner.columns == Some(Columns::One)
    }

    /// What `show acl` tells about it: who uses it, its generations, and how many structures' entries it has.
    pub fn description(&self) -> String {
        let inner = self.inner.lock();
        let users = inner.users.join(", ");
        let text = match self.name.as_str() {
            "" => users,
            name => format!("pattern loaded from file '{name}' used {users}"),
        };
        let count = inner.entries.len() * inner.views.len();
        format!("{text}. curr_ver={} next_ver={} entry_cnt={count}", inner.current, inner.next)
    }

    /// Its entries of a generation, by default the current one, in order.
    pub fn items(&self, generation: Option<u32>) -> Vec<Item> {
        let inner = self.inner.lock();
        let wanted = generation.unwrap_or(inner.current);
        inner.entries.values().filter(|entry| entry.generation == wanted).map(|entry| item(entry)).collect()
    }

    /// What each way of comparing finds for a text.
    pub fn look_up(&self, text: &[u8]) -> Vec<Found> {
        let views = self.inner.lock().views.clone();
        let found = views.iter().map(|view| {
            let Key { method, fold, .. } = view.key;
            let probe = Probe::new(method, Value::text(text));
            let item = probe.and_then(|probe| view.best(&probe).map(|hit| item(hit.entry())));
            let tree = match method {
                Method::Str | Method::Beg => !fold,
                method => method == Method::Ip,
            };
            Found { method: method.name(), ignores_case: fold, in_tree: tree, item }
        });
        found.collect()
    }

    /// Whether the current generation holds this pattern, letter by letter.
    pub fn holds(&self, pattern: &[u8]) -> bool {
        let mut inner = self.inner.lock();
        let generation = inner.current;
        !inner.meant(Which::Pattern(pattern), generation).is_empty()
    }

    /// Adds entries to a generation, by default the current one: all, or none and the reason.
    pub fn add(&self, generation: Option<u32>, pairs: &[(&[u8], &[u8])]) -> Result<(), String> {
        let mut inner = self.inner.lock();
        self.insert(&mut inner, generation, pairs)
    }

    /// Adds a pattern, or, where it is there, sets its value: what `set-map` and `add-acl` do.
    pub fn put(&self, pattern: &[u8], value: &[u8]) -> Result<(), String> {
        let mut inner = self.inner.lock();
        match self.change(&mut inner, Which::Pattern(pattern), value)? {
            Change::Done => Ok(()),
            Change::Missing => self.insert(&mut inner, None, &[(pattern, value)]),
        }
    }

    /// Sets the value of entries of the current generation.
    pub fn set(&self, which: Which<'_>, value: &[u8]) -> Result<Change, String> {
        self.change(&mut self.inner.lock(), which, value)
    }

    /// Removes entries of the current generation.
    pub fn remove(&self, which: Which<'_>) -> Change {
        let mut inner = self.inner.lock();
        let generation = inner.current;
        let meant = inner.meant(which, generation);
        if meant.is_empty() {
            return Change::Missing;
        }
        self.note_change();
        meant.iter().for_each(|id| inner.forget(*id));
        Change::Done
    }

    /// Empties a generation, by default the current one. All that is older than it goes, too.
    pub fn clear(&self, generation: Option<u32>) {
        let mut inner = self.inner.lock();
        let wanted = generation.unwrap_or(inner.current);
        self.note_change();
        inner.drop_where(|entry| entry.generation == wanted);
        if wanted == inner.current {
            // nothing cannot be a bad pattern
            let _ = inner.rebuild();
        }
    }

    /// Opens a new generation, to be filled and then committed; its number.
    pub fn prepare(&self) -> u32 {
        let mut inner = self.inner.lock();
        inner.next = inner.next.wrapping_add(1);
        inner.next
    }

    /// Makes a prepared generation the current one; false if there is none of that number.
    pub fn commit(&self, generation: u32) -> bool {
        let mut inner = self.inner.lock();
        if generation <= inner.current || generation > inner.next {
            return false;
        }
        self.note_change();
        inner.current = generation;
        // each pattern was tried when it was added
        let _ = inner.rebuild();
        // whoever still looks at the old ones finds them as they were
        inner.lose_where(|entry| entry.generation < generation);
        true
    }

    fn insert(
        &self,
        inner: &mut Inner,
        generation: Option<u32>,
        pairs: &[(&[u8], &[u8])],
    ) -> Result<(), String> {
        if inner.entries.len() + pairs.len() > MAX_ENTRIES {
            return Err(format!("no more than {MAX_ENTRIES} entries"));
        }
        for (_, value) in pairs {
            inner.judge(value)?;
        }
        let generation = generation.unwrap_or(inner.current);
        let first = inner.next_entry;
        let entries: Vec<_> = pairs
            .iter()
            .zip(first..)
            .map(|((key, value), id)| Entry::new(id, generation, key, value))
            .collect();
        if generation == inner.current {
            self.note_change();
            inner.show(&entries)?;
        } else {
            inner
                .views
                .iter()
                .try_for_each(|view| View::try_out(view.key, &entries))
                .map_err(|bad| bad.why)?;
        }
        inner.next_entry += entries.len() as u64;
        inner.keep(entries);
        Ok(())
    }

    fn change(&self, inner: &mut Inner, which: Which<'_>, value: &[u8]) -> Result<Change, String> {
        let generation = inner.current;
        let meant = inner.meant(which, generation);
        if meant.is_empty() {
            return Ok(Change::Missing);
        }
        inner.judge(value)?;
        let olds: Vec<_> = meant.iter().filter_map(|id| inner.entries.get(id).cloned()).collect();
        if olds.iter().all(|old| *old.value == *value) {
            return Ok(Change::Done);
        }
        self.note_change();
        let news: Vec<_> =
            olds.iter().map(|old| Entry::new(old.id, generation, &old.pattern, value)).collect();
        inner.show(&news)?;
        olds.iter().for_each(|old| old.alive.store(false, Ordering::Release));
        inner.keep(news);
        Ok(Change::Done)
    }

    /// From now on views must look at what is live.
    fn note_change(&self) {
        if !self.changed.swap(true, Ordering::AcqRel) {
            self.epoch.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Inner {
    /// Whether every map can yield this value.
    fn judge(&self, value: &[u8]) -> Result<(), String> {
        match self.outputs.iter().all(|output| output.takes(value)) {
            true => Ok(()),
            false => Err(format!("unable to parse '{}'", String::from_utf8_lossy(value))),
        }
    }

    /// The numbers of the entries that are meant.
    fn meant(&mut self, which: Which<'_>, generation: u32) -> Vec<u64> {
        let is = |entry: &Entry| entry.generation == generation;
        match which {
            Which::Id(id) => {
                self.entries.get(&id).filter(|entry| is(entry)).map(|_| id).into_iter().collect()
            }
            Which::Pattern(pattern) => {
                let entries = &self.entries;
                let known = self.by_pattern.get_or_insert_with(|| {
                    entries.values().map(|entry| (hash(&entry.pattern), entry.id)).collect()
                });
                let wanted = hash(pattern);
                let same = known.range((wanted, 0)..=(wanted, u64::MAX)).map(|(_, id)| *id);
                same.filter(|id| entries.get(id).is_some_and(|entry| is(entry) && *entry.pattern == *pattern))
                    .collect()
            }
        }
    }

    /// Lets the views see new entries: all of them, or none.
    fn show(&self, entries: &[Arc<Entry>]) -> Result<(), String> {
        for view in &self.views {
            View::try_out(view.key, entries).map_err(|bad| bad.why)?;
        }
        self.views.iter().try_for_each(|view| view.add(entries.to_vec())).map_err(|bad| bad.why)
    }

    fn keep(&mut self, entries: Vec<Arc<Entry>>) {
        for entry in entries {
            if let Some(known) = &mut self.by_pattern {
                known.insert((hash(&entry.pattern), entry.id));
            }
            self.entries.insert(entry.id, entry);
        }
    }

    /// Takes an entry from the reference; views still have it.
    fn lose(&mut self, id: u64) -> Option<Arc<Entry>> {
        let entry = self.entries.remove(&id)?;
        if let Some(known) = &mut self.by_pattern {
            known.remove(&(hash(&entry.pattern), id));
        }
        Some(entry)
    }

    /// Takes an entry from the reference and from the views.
    fn forget(&mut self, id: u64) {
        if let Some(entry) = self.lose(id) {
            entry.alive.store(false, Ordering::Release);
        }
    }

    fn those(&self, wanted: impl Fn(&Entry) -> bool) -> Vec<u64> {
        self.entries.values().filter(|entry| wanted(entry)).map(|entry| entry.id).collect()
    }

    fn drop_where(&mut self, gone: impl Fn(&Entry) -> bool) {
        self.those(gone).into_iter().for_each(|id| self.forget(id));
    }

    fn lose_where(&mut self, gone: impl Fn(&Entry) -> bool) {
        self.those(gone).into_iter().for_each(|id| drop(self.lose(id)));
    }

    fn rebuild(&self) -> Result<(), Bad> {
        let current = self.entries.values().filter(|entry| entry.generation == self.current);
        let current: Vec<_> = current.cloned().collect();
        self.views.iter().try_for_each(|view| view.replace(current.clone()))
    }
}

fn item(entry: &Entry) -> Item {
    Item { id: entry.id, pattern: entry.pattern.to_vec(), value: entry.value.to_vec() }
}

fn hash(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish()
}
