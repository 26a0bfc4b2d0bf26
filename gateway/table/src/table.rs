//! A table: entries by key, spread over shards, at most so many.

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use parking_lot::{Mutex, MutexGuard};

use crate::shard::Shard;
use crate::tracked::Place;
use crate::{Entry, Key, Kind, Layout, Millis, Spec, Tracked};

/// The most shards of a table.
const SHARDS: usize = 64;

/// A shard has at least so many entries, so that a small table is one.
const SHARD_ENTRIES: usize = 256;

/// How many tracked entries one search for the oldest passes over: more than a table of one shard has.
const PATIENCE: usize = 1024;

/// What a table's entries do not expire by.
const NEVER: u64 = u64::MAX;

/// A stick table. All its methods may be called from any thread.
#[derive(Debug)]
pub struct Table {
    name: String,
    kind: Kind,
    layout: Layout,
    size: AtomicUsize,
    /// Milliseconds; `NEVER` is no time.
    expire: AtomicU64,
    nopurge: AtomicBool,
    shards: Box<[Part]>,
    /// Entries, and places that are about to become entries.
    used: AtomicUsize,
    /// Changes, for the metrics.
    updates: AtomicU64,
    hasher: RandomState,
    /// One thread at a time makes room.
    purging: Mutex<()>,
    /// Names that entries refer to by number, from 1 on; the configuration's servers.
    names: Mutex<Vec<Arc<str>>>,
}

/// A shard, and when its oldest entry was used, for whoever looks for the oldest of all.
#[derive(Debug)]
struct Part {
    shard: Mutex<Shard>,
    horizon: AtomicU64,
}

/// What became of a key that was to be removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clear {
    /// It is gone.
    Done,
    /// It was not there.
    Missing,
    /// Somebody tracks it: its values are zero, and it stays.
    InUse,
}

/// An entry, cut off from its table: what is shown.
#[derive(Clone, Debug)]
pub struct Cut {
    /// What it is found by.
    pub key: Key,
    /// Where it lies: its shard, and its place there.
    place: Place,
    words: Vec<u32>,
    now: Millis,
    expires_in: Millis,
    trackers: u32,
}

impl Cut {
    /// A number that no other entry of its table has.
    pub fn number(&self) -> u64 {
        ((self.place.shard as u64 + 1) << 32) | u64::from(self.place.slot)
    }

    /// Its values.
    pub fn read<R>(&mut self, layout: &Layout, read: impl FnOnce(&Entry<'_>) -> R) -> R {
        let (now, expires_in, trackers) = (self.now, self.expires_in, self.trackers);
        read(&Entry { layout, words: &mut self.words, now, expires_in, trackers })
    }
}

impl Table {
    /// An empty table.
    pub fn new(spec: &Spec) -> Self {
        let layout = Layout::new(&spec.store);
        let count = (spec.size / SHARD_ENTRIES).next_power_of_two().clamp(1, SHARDS);
        let part =
            || Part { shard: Mutex::new(Shard::new(layout.words)), horizon: AtomicU64::new(Millis::MAX) };
        let table = Self {
            name: spec.name.clone(),
            kind: spec.kind,
            shards: (0..count).map(|_| part()).collect(),
            layout,
            size: AtomicUsize::new(0),
            expire: AtomicU64::new(NEVER),
            nopurge: AtomicBool::new(false),
            used: AtomicUsize::new(0),
            updates: AtomicU64::new(0),
            hasher: RandomState::new(),
            purging: Mutex::new(()),
            names: Mutex::default(),
        };
        table.limit(spec);
        table
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The type of its keys.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What it stores.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Milliseconds that an entry stays after its last use; 0 where it does not go by itself.
    pub fn expire(&self) -> Millis {
        match self.expire.load(Ordering::Relaxed) {
            NEVER => 0,
            expire => expire,
        }
    }

    /// The entries it may hold.
    pub fn size(&self) -> usize {
        self.size.load(Ordering::Relaxed)
    }

    /// The entries it holds.
    pub fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// How often an entry was changed.
    pub fn updates(&self) -> u64 {
        self.updates.load(Ordering::Relaxed)
    }

    /// Whether what it holds is what a table of this line would hold.
    pub(crate) fn holds_what(&self, spec: &Spec) -> bool {
        self.kind == spec.kind && self.layout == Layout::new(&spec.store)
    }

    /// Its size and times are those of this line from now on.
    pub(crate) fn limit(&self, spec: &Spec) {
        let millis = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(NEVER);
        self.expire.store(spec.expire.map_or(NEVER, millis), Ordering::Relaxed);
        self.nopurge.store(spec.nopurge, Ordering::Relaxed);
        self.size.store(spec.size, Ordering::Relaxed);
        let over = self.used().saturating_sub(spec.size);
        if over > 0 {
            let _one = self.purging.lock();
            self.remove_oldest(over);
        }
    }

    /// The number that stands for a name in entries.
    pub fn name_number(&self, name: &str) -> u32 {
        let mut names = self.names.lock();
        let place = names.iter().position(|known| **known == *name).unwrap_or_else(|| {
            names.push(name.into());
            names.len() - 1
        });
        u32::try_from(place + 1).unwrap_or(0)
    }

    /// The name that a number stands for.
    pub fn numbered_name(&self, number: u64) -> Option<Arc<str>> {
        let place = usize::try_from(number).ok()?.checked_sub(1)?;
        self.names.lock().get(place).cloned()
    }

    /// Reads the values of a key that is there; that is no use of it.
    pub fn read<R>(&self, key: &Key, now: Millis, read: impl FnOnce(&Entry<'_>) -> R) -> Option<R> {
        self.with(key, now, false, |entry| read(entry))
    }

    /// Changes the values of a key that is there, which is a use of it.
    pub fn change<R>(&self, key: &Key, now: Millis, change: impl FnOnce(&mut Entry<'_>) -> R) -> Option<R> {
        self.with(key, now, true, change)
    }

    /// Changes the values of a key, which is a use of it; it is added if it is not there. `None`: there is no room.
    pub fn put<R>(&self, key: &Key, now: Millis, change: impl FnOnce(&mut Entry<'_>) -> R) -> Option<R> {
        self.with_room(key, now, |place, shard, slot| {
            let answer = self.on_entry(shard, slot, now, change);
            self.touch(&self.shards[place], shard, slot, now);
            answer
        })
    }

    /// Holds a key's entry, adding it if it is not there: as long as it is held it stays. `None`: there is no room.
    pub fn track(self: &Arc<Self>, key: &Key, now: Millis) -> Option<Tracked> {
        let place = self.with_room(key, now, |place, shard, slot| {
            self.touch(&self.shards[place], shard, slot, now);
            let trackers = shard.trackers_mut(slot);
            *trackers = trackers.saturating_add(1);
            Place { shard: place, slot }
        })?;
        Some(Tracked::new(self.clone(), place))
    }

    /// Removes a key, or makes its values zero if somebody tracks it.
    pub fn clear(&self, key: &Key) -> Clear {
        let (place, hash) = self.place(key);
        let part = &self.shards[place];
        let mut shard = part.shard.lock();
        match shard.find(hash, key) {
            None => Clear::Missing,
            Some(slot) if shard.trackers(slot) > 0 => {
                shard.words_mut(slot).fill(0);
                Clear::InUse
            }
            Some(slot) => {
                shard.remove(slot, &self.hasher);
                self.removed(part, &shard, 1);
                Clear::Done
            }
        }
    }

    /// The entry of a key.
    pub fn entry(&self, key: &Key, now: Millis) -> Option<Cut> {
        let (place, hash) = self.place(key);
        let mut shard = self.shards[place].shard.lock();
        let slot = shard.find(hash, key).filter(|slot| !self.is_gone(&shard, *slot, now))?;
        let place = Place { shard: place, slot };
        Some(self.on_entry(&mut shard, slot, now, |entry| Cut {
            key: key.clone(),
            place,
            words: entry.words.to_vec(),
            now,
            expires_in: entry.expires_in,
            trackers: entry.trackers,
        }))
    }

    /// Every entry that has not expired, in the order of the keys, if it is wanted.
    pub fn entries(&self, now: Millis, wanted: impl Fn(&Key, &Entry<'_>) -> bool) -> Vec<Cut> {
        let mut cuts = Vec::new();
        for (number, part) in self.shards.iter().enumerate() {
            let mut shard = part.shard.lock();
            for slot in shard.slots() {
                let place = Place { shard: number, slot };
                if self.is_expired(&shard, slot, now) && shard.trackers(slot) == 0 {
                    continue;
                }
                let key = shard.key(slot).clone();
                let cut = self.on_entry(&mut shard, slot, now, |entry| {
                    wanted(&key, entry).then(|| (entry.words.to_vec(), entry.expires_in, entry.trackers))
                });
                cuts.extend(cut.map(|(words, expires_in, trackers)| Cut {
                    key,
                    place,
                    words,
                    now,
                    expires_in,
                    trackers,
                }));
            }
        }
        cuts.sort_by(|a, b| a.key.cmp(&b.key));
        cuts
    }

    /// Removes what has expired.
    pub fn sweep(&self, now: Millis) {
        let expire = self.expire.load(Ordering::Relaxed);
        let due = |part: &&Part| part.horizon.load(Ordering::Relaxed).saturating_add(expire) <= now;
        for part in self.shards.iter().filter(due) {
            let mut shard = part.shard.lock();
            let gone = self.remove_expired(&mut shard, now, usize::MAX);
            self.removed(part, &shard, gone);
        }
    }

    pub(crate) fn at<R>(&self, place: Place, now: Millis, change: impl FnOnce(&mut Entry<'_>) -> R) -> R {
        self.on_entry(&mut self.shards[place.shard].shard.lock(), place.slot, now, change)
    }

    pub(crate) fn touch_at<R>(
        &self,
        place: Place,
        now: Millis,
        change: impl FnOnce(&mut Entry<'_>) -> R,
    ) -> R {
        let part = &self.shards[place.shard];
        let mut shard = part.shard.lock();
        let answer = self.on_entry(&mut shard, place.slot, now, change);
        self.touch(part, &mut shard, place.slot, now);
        answer
    }

    pub(crate) fn key_at(&self, place: Place) -> Key {
        self.shards[place.shard].shard.lock().key(place.slot).clone()
    }

    pub(crate) fn release(&self, place: Place) {
        let mut shard = self.shards[place.shard].shard.lock();
        let trackers = shard.trackers_mut(place.slot);
        *trackers = trackers.saturating_sub(1);
    }

    fn with<R>(
        &self,
        key: &Key,
        now: Millis,
        use_it: bool,
        change: impl FnOnce(&mut Entry<'_>) -> R,
    ) -> Option<R> {
        let (place, hash) = self.place(key);
        let part = &self.shards[place];
        let mut shard = part.shard.lock();
        let slot = shard.find(hash, key).filter(|slot| !self.is_gone(&shard, *slot, now))?;
        let answer = self.on_entry(&mut shard, slot, now, change);
        if use_it {
            self.touch(part, &mut shard, slot, now);
        }
        Some(answer)
    }

    /// Finds or adds an entry.
    fn with_room<R>(
        &self,
        key: &Key,
        now: Millis,
        then: impl FnOnce(usize, &mut Shard, u32) -> R,
    ) -> Option<R> {
        let (place, hash) = self.place(key);
        let part = &self.shards[place];
        let mut shard = part.shard.lock();
        if let Some(slot) = shard.find(hash, key) {
            if self.is_gone(&shard, slot, now) {
                shard.words_mut(slot).fill(0);
            }
            return Some(then(place, &mut shard, slot));
        }
        let expired = self.remove_expired(&mut shard, now, 2);
        self.removed(part, &shard, expired);
        if !self.reserve() {
            // room is made over all shards, so this one must be free meanwhile
            MutexGuard::unlocked(&mut shard, || self.make_room(now)).then_some(())?;
            if let Some(slot) = shard.find(hash, key) {
                self.used.fetch_sub(1, Ordering::Relaxed);
                return Some(then(place, &mut shard, slot));
            }
        }
        let slot = shard.insert(hash, key.clone(), now, &self.hasher);
        part.horizon.store(shard.horizon(), Ordering::Relaxed);
        Some(then(place, &mut shard, slot))
    }

    fn on_entry<R>(
        &self,
        shard: &mut Shard,
        slot: u32,
        now: Millis,
        change: impl FnOnce(&mut Entry<'_>) -> R,
    ) -> R {
        let expire = self.expire.load(Ordering::Relaxed);
        let expires_in = match expire {
            NEVER => 0,
            expire => shard.used(slot).saturating_add(expire).saturating_sub(now),
        };
        let trackers = shard.trackers(slot);
        change(&mut Entry { layout: &self.layout, words: shard.words_mut(slot), now, expires_in, trackers })
    }

    fn touch(&self, part: &Part, shard: &mut Shard, slot: u32, now: Millis) {
        shard.touch(slot, now);
        part.horizon.store(shard.horizon(), Ordering::Relaxed);
        self.updates.fetch_add(1, Ordering::Relaxed);
    }

    /// A key's shard, and its hash: bits in the middle choose the shard, for the index uses the others.
    fn place(&self, key: &Key) -> (usize, u64) {
        let hash = self.hasher.hash_one(key);
        ((hash >> 32) as usize & (self.shards.len() - 1), hash)
    }

    fn is_expired(&self, shard: &Shard, slot: u32, now: Millis) -> bool {
        let expire = self.expire.load(Ordering::Relaxed);
        expire != NEVER && shard.used(slot).saturating_add(expire) <= now
    }

    fn is_gone(&self, shard: &Shard, slot: u32, now: Millis) -> bool {
        shard.trackers(slot) == 0 && self.is_expired(shard, slot, now)
    }

    fn remove_expired(&self, shard: &mut Shard, now: Millis, most: usize) -> usize {
        let expire = self.expire.load(Ordering::Relaxed);
        let Some(latest) = now.checked_sub(expire) else { return 0 };
        let mut gone = 0;
        while gone < most && shard.remove_oldest(latest, PATIENCE, &self.hasher) {
            gone += 1;
        }
        gone
    }

    fn removed(&self, part: &Part, shard: &Shard, count: usize) {
        if count > 0 {
            self.used.fetch_sub(count, Ordering::Relaxed);
        }
        part.horizon.store(shard.horizon(), Ordering::Relaxed);
    }

    /// Takes a place for one more entry, if there is one.
    fn reserve(&self) -> bool {
        let size = self.size();
        let one_more = |used: usize| (used < size).then_some(used + 1);
        self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more).is_ok()
    }

    /// Makes room for a few entries and takes one of the places.
    fn make_room(&self, now: Millis) -> bool {
        let _one = self.purging.lock();
        // another thread may have made room meanwhile
        if self.reserve() {
            return true;
        }
        if self.nopurge.load(Ordering::Relaxed) {
            self.sweep(now);
        } else {
            // as many as HAProxy lets go at once
            self.remove_oldest(self.size() / 256 + 1);
        }
        self.reserve()
    }

    /// Removes so many entries, those first whose last use is longest ago.
    fn remove_oldest(&self, count: usize) {
        let (mut left, mut barren) = (count, 0_u64);
        while left > 0 {
            let Some((place, next)) = self.two_oldest(barren) else { return };
            let part = &self.shards[place];
            let mut shard = part.shard.lock();
            let mut gone = 0;
            while gone < left && shard.remove_oldest(next, PATIENCE, &self.hasher) {
                gone += 1;
            }
            self.removed(part, &shard, gone);
            left -= gone;
            if gone == 0 {
                // all that was looked at is tracked, or another thread was faster
                barren |= 1 << place;
            }
        }
    }

    /// The shard whose oldest entry is the oldest, of those that are not barren, and how old the next shard's is.
    fn two_oldest(&self, barren: u64) -> Option<(usize, Millis)> {
        let fertile = |place: &usize| barren & (1 << *place) == 0;
        let horizon = |place: usize| (self.shards[place].horizon.load(Ordering::Relaxed), place);
        let mut oldest = (Millis::MAX, None);
        let mut next = Millis::MAX;
        for (horizon, place) in (0..self.shards.len()).filter(fertile).map(horizon) {
            if horizon < oldest.0 {
                next = oldest.0;
                oldest = (horizon, Some(place));
            } else {
                next = next.min(horizon);
            }
        }
        oldest.1.map(|place| (place, next))
    }

    #[cfg(test)]
    pub(crate) fn shares_shard(&self, one: &Key, other: &Key) -> bool {
        self.place(one).0 == self.place(other).0
    }

    #[cfg(test)]
    pub(crate) fn check_invariants(&self) {
        let mut held = 0;
        for part in &*self.shards {
            let shard = part.shard.lock();
            shard.check_invariants();
            assert_eq!(part.horizon.load(Ordering::Relaxed), shard.horizon());
            held += shard.len();
        }
        assert_eq!(held, self.used());
        assert!(held <= self.size());
    }
}
