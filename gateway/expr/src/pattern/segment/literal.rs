//! The texts that an expression cannot match without.

use regex_syntax::hir::{Class, Hir, HirKind};

/// Shorter ones stand in too many texts to tell anything.
const SHORTEST: usize = 3;

/// Texts in lower case, of which every text that matches holds each in some case. Perhaps none.
pub(super) fn required(hir: &Hir) -> Vec<Vec<u8>> {
    let mut finder = Finder::default();
    finder.add(hir);
    finder.cut();
    finder.found
}

#[derive(Default)]
struct Finder {
    /// What has been certain to follow without a gap.
    run: Vec<u8>,
    found: Vec<Vec<u8>>,
}

impl Finder {
    /// Takes what must come next.
    fn add(&mut self, hir: &Hir) {
        match hir.kind() {
            HirKind::Literal(literal) => self.run.extend(literal.0.iter().map(u8::to_ascii_lowercase)),
            HirKind::Class(class) => match one_letter(class) {
                Some(letter) => self.run.push(letter),
                None => self.cut(),
            },
            HirKind::Concat(parts) => parts.iter().for_each(|part| self.add(part)),
            HirKind::Capture(capture) => self.add(&capture.sub),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                self.add(&repetition.sub);
                // once for certain, and then perhaps again
                self.cut();
            }
            HirKind::Look(_) | HirKind::Empty => {}
            HirKind::Repetition(_) | HirKind::Alternation(_) => self.cut(),
        }
    }

    /// Here anything may follow.
    fn cut(&mut self) {
        let run = std::mem::take(&mut self.run);
        if run.len() >= SHORTEST {
            self.found.push(run);
        }
    }
}

/// The letter, in lower case, of which a class holds both cases and nothing else, or the only byte in it.
fn one_letter(class: &Class) -> Option<u8> {
    let Class::Bytes(class) = class else { return None };
    let mut bytes = class.iter().flat_map(|range| range.start()..=range.end());
    let (first, second) = (bytes.next()?, bytes.next());
    let same = second.is_none_or(|second| second.eq_ignore_ascii_case(&first));
    (same && bytes.next().is_none()).then(|| first.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regex::parse;

    #[test]
    fn what_every_match_holds() {
        for (pattern, fold, expected) in [
            ("^/app/.*\\.php$", false, vec!["/app/", ".php"]),
            ("^/App", true, vec!["/app"]),
            ("(abc)+def", false, vec!["abc", "def"]),
            ("(abc)*defg?", false, vec!["def"]),
            ("ab|cd", false, vec![]),
            ("x(one|two)yyy", false, vec!["yyy"]),
            ("a.b", false, vec![]),
            ("[aA]b[cC][0-9]def", false, vec!["abc", "def"]),
            ("(?:abc){2}", false, vec!["abc"]),
            ("a{3}", false, vec![]),
            ("\\bword\\b", false, vec!["word"]),
        ] {
            let found = required(&parse(pattern, fold).unwrap());
            let found: Vec<_> = found.iter().map(|text| String::from_utf8_lossy(text)).collect();
            assert_eq!(found, expected, "{pattern}");
        }
    }
}
