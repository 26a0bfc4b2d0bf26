//! The rules that look-ups have yielded.

/// So many need no allocation.
const FEW: usize = 32;

/// No rule; it comes behind all others.
pub(super) const NONE: u32 = u32::MAX;

/// A set of rules from which they are taken in order.
pub(super) struct Found {
    few: [u32; FEW],
    /// Those of `few` that are still wanted, in order.
    start: usize,
    end: usize,
    /// All of them as bits, once they were too many.
    many: Option<Box<[u64]>>,
    /// How many rules there are.
    rules: usize,
}

impl Found {
    pub(super) fn new(rules: usize) -> Self {
        Self { few: [0; FEW], start: 0, end: 0, many: None, rules }
    }

    /// Adds a rule.
    pub(super) fn add(&mut self, rule: u32) {
        if let Some(bits) = &mut self.many {
            return mark(bits, rule);
        }
        let wanted = &self.few[self.start..self.end];
        let Err(at) = wanted.binary_search(&rule) else { return };
        if self.end == FEW {
            if self.start == 0 {
                return self.spill(rule);
            }
            self.few.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
        let at = self.start + at;
        self.few.copy_within(at..self.end, at + 1);
        self.few[at] = rule;
        self.end += 1;
    }

    fn spill(&mut self, rule: u32) {
        let mut bits = vec![0; self.rules.div_ceil(64)].into_boxed_slice();
        self.few.iter().chain([&rule]).for_each(|rule| mark(&mut bits, *rule));
        self.many = Some(bits);
    }

    /// The first rule from this one on, or [`NONE`]. Those before it are wanted no more.
    pub(super) fn first_from(&mut self, from: u32) -> u32 {
        if let Some(bits) = &self.many {
            return next_bit(bits, from).unwrap_or(NONE);
        }
        while let Some(rule) = self.few[..self.end].get(self.start) {
            if *rule >= from {
                return *rule;
            }
            self.start += 1;
        }
        NONE
    }
}

fn mark(bits: &mut [u64], rule: u32) {
    bits[rule as usize / 64] |= 1 << (rule % 64);
}

fn next_bit(bits: &[u64], from: u32) -> Option<u32> {
    let start = from as usize / 64;
    let (first, rest) = bits.get(start..)?.split_first()?;
    let words = std::iter::once(first & (u64::MAX << (from % 64))).chain(rest.iter().copied());
    let (at, word) = words.enumerate().find(|(_, word)| *word != 0)?;
    u32::try_from((start + at) * 64).ok().map(|base| base + word.trailing_zeros())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_taken_in_order_each_once_however_many() {
        for count in [0_u32, 1, 5, 31, 32, 33, 40, 200] {
            let mut found = Found::new(1_000);
            // scattered, and each twice
            (0..2 * count).for_each(|n| found.add(n % count * 7 % 999));
            let mut expected: Vec<_> = (0..count).map(|n| n * 7 % 999).collect();
            expected.sort_unstable();
            let mut taken = Vec::new();
            loop {
                match found.first_from(taken.last().map_or(0, |last| last + 1)) {
                    NONE => break,
                    rule => taken.push(rule),
                }
            }
            assert_eq!(taken, expected, "{count}");
        }
    }

    #[test]
    fn rules_that_come_while_others_are_taken_find_room() {
        let mut found = Found::new(10_000);
        for rule in 0..1_000 {
            found.add(rule);
            found.add(rule + 5);
            assert_eq!(found.first_from(rule), rule);
        }
        assert!(found.many.is_none());
    }
}
