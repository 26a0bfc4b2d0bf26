//! A hash of byte strings, each with numbers: one look-up finds the key that is the whole text.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::ops::Range;

use twox_hash::XxHash3_64;

/// Texts as long as this are folded without allocating; with longer keys there is no table.
const LONGEST: usize = 255;

/// The table. With `fold` keys are given in lower case, and texts may be in any.
#[derive(Debug)]
pub(crate) struct Whole {
    fold: bool,
    /// The length of the longest key: no other text can be one.
    longest: usize,
    places: HashMap<Box<[u8]>, Range<u32>, BuildHasherDefault<Hash>>,
    ids: Vec<u32>,
}

/// The hash of one slice, all at once. The keys are the configuration's, so nobody else chooses what collides.
#[derive(Default)]
pub(crate) struct Hash(u64);

impl Hasher for Hash {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 ^= XxHash3_64::oneshot(bytes);
    }

    /// The length of the slice, which its hash tells anyway.
    fn write_usize(&mut self, _: usize) {}
}

impl Whole {
    /// A table of these keys, which are in order; the keys again if some are too long.
    pub(crate) fn new(fold: bool, keys: Vec<(Vec<u8>, u32)>) -> Result<Self, Vec<(Vec<u8>, u32)>> {
        let longest = keys.iter().map(|(key, _)| key.len()).max().unwrap_or(0);
        if longest > LONGEST {
            return Err(keys);
        }
        let number = |at: usize| u32::try_from(at).expect("patterns are bounded by the size of files");
        let mut table =
            Self { fold, longest, places: HashMap::default(), ids: Vec::with_capacity(keys.len()) };
        table.places.reserve(keys.len());
        for (key, id) in keys {
            let start = number(table.ids.len());
            table.ids.push(id);
            // equal keys stand together
            table.places.entry(key.into_boxed_slice()).or_insert(start..start).end = start + 1;
        }
        Ok(table)
    }

    /// The numbers of the key that this text is.
    pub(crate) fn get(&self, text: &[u8]) -> &[u32] {
        if text.len() > self.longest {
            return &[];
        }
        let mut buffer = [0; LONGEST];
        let key = match self.fold {
            true => {
                let lower = &mut buffer[..text.len()];
                lower.copy_from_slice(text);
                lower.make_ascii_lowercase();
                lower
            }
            false => text,
        };
        match self.places.get(key) {
            Some(place) => &self.ids[place.start as usize..place.end as usize],
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(fold: bool, keys: &[&str]) -> Option<Whole> {
        let mut keys: Vec<_> = keys.iter().zip(0..).map(|(key, id)| (key.as_bytes().to_vec(), id)).collect();
        keys.sort_unstable();
        Whole::new(fold, keys).ok()
    }

    #[test]
    fn a_key_is_found_with_all_its_numbers() {
        let table = table(false, &["/a", "", "/b", "/a", "/A"]).unwrap();
        for (text, expected) in [
            ("/a", vec![0, 3]),
            ("/A", vec![4]),
            ("", vec![1]),
            ("/", vec![]),
            ("/bb", vec![]),
            ("/b", vec![2]),
        ] {
            assert_eq!(table.get(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn case_is_folded_on_request_and_long_texts_are_no_keys() {
        let long = "k".repeat(LONGEST);
        let folding = table(true, &["/a", &long]).unwrap();
        assert_eq!(folding.get(b"/A"), [0]);
        assert_eq!(folding.get(long.to_uppercase().as_bytes()), [1]);
        assert!(folding.get(&[b'k'; LONGEST + 1]).is_empty());
        assert!(table(true, &[&"k".repeat(LONGEST + 1)]).is_none());
    }
}
