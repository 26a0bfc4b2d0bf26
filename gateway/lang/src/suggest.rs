//! The nearest known word to one that is not known.

/// The candidate that was probably meant: by edit distance, none when none is near.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // a word longer than any keyword is no misspelling, and the distance costs its length squared
    if word.len() > 64 {
        return None;
    }
    let word: Vec<char> = word.chars().collect();
    let allowed = match word.len() {
        0..=1 => return None,
        2..=4 => 1,
        5..=8 => 2,
        _ => 3,
    };
    candidates
        .into_iter()
        // of many candidates most are told apart by their length alone; a character has at most four bytes
        .filter(|candidate| candidate.len() <= 4 * (word.len() + allowed))
        .filter(|candidate| candidate.chars().count().abs_diff(word.len()) <= allowed)
        .map(|candidate| (distance(&word, &candidate.chars().collect::<Vec<_>>()), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits that turn one into the other: insert, delete, replace, swap neighbours.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i];
        for j in 1..=b.len() {
            let replaced = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut best = replaced.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                best = best.min(before[j - 2] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typo_finds_its_word_and_a_stranger_finds_none() {
        let known = ["bind", "balance", "default_backend", "use_backend", "timeout client"];
        for (typo, meant) in [
            ("bnid", Some("bind")),
            ("balence", Some("balance")),
            ("defualt_backend", Some("default_backend")),
            ("default-backend", Some("default_backend")),
            ("zebra", None),
            ("x", None),
        ] {
            assert_eq!(nearest(typo, known), meant, "{typo}");
        }
    }

    #[test]
    fn a_very_long_word_costs_nothing() {
        assert_eq!(nearest(&"x".repeat(1_000_000), ["bind"]), None);
    }
}
