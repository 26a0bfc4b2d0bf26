//! A part of a table: its entries in blocks, an index by key, and a list from the one used longest ago to the last used.
//!
//! All entries of a table live equally long after their last use, so the order of use is the order in which they expire.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use crate::{Key, Millis};

/// Entries of a block: memory grows in steps of this, and never moves.
const BLOCK: usize = 256;

/// No entry.
const NONE: u32 = u32::MAX;

/// An entry but for its values.
#[derive(Clone, Debug)]
struct Node {
    key: Key,
    /// When it was used last.
    used: Millis,
    older: u32,
    newer: u32,
    trackers: u32,
}

#[derive(Debug)]
struct Block {
    nodes: Vec<Node>,
    words: Box<[u32]>,
}

/// A part of a table.
#[derive(Debug)]
pub(crate) struct Shard {
    index: HashTable<u32>,
    blocks: Vec<Block>,
    /// Words of an entry.
    words: usize,
    free: Vec<u32>,
    oldest: u32,
    newest: u32,
}

impl Shard {
    pub(crate) fn new(words: usize) -> Self {
        Self {
            index: HashTable::new(),
            blocks: Vec::new(),
            words,
            free: Vec::new(),
            oldest: NONE,
            newest: NONE,
        }
    }

    /// How many entries there are.
    pub(crate) fn len(&self) -> usize {
        self.index.len()
    }

    /// When the oldest entry was used last; as late as can be if there is none.
    pub(crate) fn horizon(&self) -> Millis {
        if self.oldest == NONE { Millis::MAX } else { self.node(self.oldest).used }
    }

    pub(crate) fn find(&self, hash: u64, key: &Key) -> Option<u32> {
        self.index.find(hash, |slot| self.node(*slot).key == *key).copied()
    }

    /// Adds an entry without values as the newest.
    pub(crate) fn insert(&mut self, hash: u64, key: Key, used: Millis, hasher: &impl BuildHasher) -> u32 {
        let node = Node { key, used, older: NONE, newer: NONE, trackers: 0 };
        let slot = self.place(node);
        self.words_mut(slot).fill(0);
        let blocks = &self.blocks;
        let rehash = |slot: &u32| {
            let at = *slot as usize;
            hasher.hash_one(&blocks[at / BLOCK].nodes[at % BLOCK].key)
        };
        self.index.insert_unique(hash, slot, rehash);
        self.push(slot);
        slot
    }

    fn place(&mut self, node: Node) -> u32 {
        if let Some(slot) = self.free.pop() {
            *self.node_mut(slot) = node;
            return slot;
        }
        if self.blocks.last().is_none_or(|block| block.nodes.len() == BLOCK) {
            let words = vec![0; BLOCK * self.words].into_boxed_slice();
            self.blocks.push(Block { nodes: Vec::with_capacity(BLOCK), words });
        }
        let before = (self.blocks.len() - 1) * BLOCK;
        let block = self.blocks.last_mut().expect("one was pushed if there was none");
        block.nodes.push(node);
        u32::try_from(before + block.nodes.len() - 1).expect("a table's size is a number of 32 bits")
    }

    /// Removes an entry.
    pub(crate) fn remove(&mut self, slot: u32, hasher: &impl BuildHasher) {
        let hash = hasher.hash_one(&self.node(slot).key);
        if let Ok(found) = self.index.find_entry(hash, |known| *known == slot) {
            found.remove();
            self.unlink(slot);
            // the key's memory goes now, the slot's with the table
            self.node_mut(slot).key = Key::Integer(0);
            self.free.push(slot);
        }
    }

    /// Makes an entry the newest.
    pub(crate) fn touch(&mut self, slot: u32, used: Millis) {
        self.node_mut(slot).used = used;
        if self.newest != slot {
            self.unlink(slot);
            self.push(slot);
        }
    }

    /// Removes the oldest entry that nobody tracks, if its last use was no later than this. Of those that are
    /// tracked at most `patience` are moved out of the way: they will be asked again when all others were.
    pub(crate) fn remove_oldest(
        &mut self,
        latest: Millis,
        patience: usize,
        hasher: &impl BuildHasher,
    ) -> bool {
        for _ in 0..patience {
            let oldest = self.oldest;
            if oldest == NONE || self.node(oldest).used > latest {
                return false;
            }
            if self.node(oldest).trackers == 0 {
                self.remove(oldest, hasher);
                return true;
            }
            self.unlink(oldest);
            self.push(oldest);
        }
        false
    }

    pub(crate) fn key(&self, slot: u32) -> &Key {
        &self.node(slot).key
    }

    pub(crate) fn used(&self, slot: u32) -> Millis {
        self.node(slot).used
    }

    pub(crate) fn trackers(&self, slot: u32) -> u32 {
        self.node(slot).trackers
    }

    pub(crate) fn trackers_mut(&mut self, slot: u32) -> &mut u32 {
        &mut self.node_mut(slot).trackers
    }

    pub(crate) fn words_mut(&mut self, slot: u32) -> &mut [u32] {
        let (at, words) = (slot as usize, self.words);
        let from = at % BLOCK * words;
        &mut self.blocks[at / BLOCK].words[from..from + words]
    }

    /// The entries from the oldest to the newest.
    pub(crate) fn slots(&self) -> Vec<u32> {
        let mut slots = Vec::with_capacity(self.len());
        let mut at = self.oldest;
        while at != NONE {
            slots.push(at);
            at = self.node(at).newer;
        }
        slots
    }

    fn node(&self, slot: u32) -> &Node {
        let at = slot as usize;
        &self.blocks[at / BLOCK].nodes[at % BLOCK]
    }

    fn node_mut(&mut self, slot: u32) -> &mut Node {
        let at = slot as usize;
        &mut self.blocks[at / BLOCK].nodes[at % BLOCK]
    }

    fn push(&mut self, slot: u32) {
        let last = self.newest;
        let node = self.node_mut(slot);
        (node.older, node.newer) = (last, NONE);
        match last {
            NONE => self.oldest = slot,
            last => self.node_mut(last).newer = slot,
        }
        self.newest = slot;
    }

    fn unlink(&mut self, slot: u32) {
        let (older, newer) = (self.node(slot).older, self.node(slot).newer);
        match older {
            NONE => self.oldest = newer,
            older => self.node_mut(older).newer = newer,
        }
        match newer {
            NONE => self.newest = older,
            newer => self.node_mut(newer).older = older,
        }
    }

    /// What must always hold.
    #[cfg(test)]
    pub(crate) fn check_invariants(&self) {
        let slots = self.slots();
        assert_eq!(slots.len(), self.len(), "the list holds what the index holds");
        let held: usize = self.blocks.iter().map(|block| block.nodes.len()).sum();
        assert_eq!(held, slots.len() + self.free.len(), "every place is used or free");
        let mut backwards = Vec::new();
        let mut at = self.newest;
        while at != NONE {
            backwards.push(at);
            at = self.node(at).older;
        }
        backwards.reverse();
        assert_eq!(slots, backwards, "the list is one in both directions");
    }
}
