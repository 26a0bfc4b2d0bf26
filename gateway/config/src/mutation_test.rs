//! Each file of the corpus that HAProxy loads is broken in one place at a time, and HAProxy and the loader are asked:
//! both must refuse it, or both take it, and a refusal must point at what was broken.
//!
//! What is broken is chosen by a seed (`GATEWAY_SEED` for another one); `cargo test -p config mutation -- --nocapture`
//! shows the share on which both agree, and each family of differences with an example.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use lang::{Diagnostic, Facts, Severity, Word};

use crate::corpus_test::{files, prepared, world};
use crate::load;
use crate::oracle::{self, Alert, Said};
use crate::world::World;

/// How many places of a file are broken in each way.
const PLACES: usize = 3;
const SEED: u64 = 1;

/// A way to break a line.
type Break = fn(&[Word], &str, &mut Dice) -> Option<Change>;

#[rustfmt::skip]
const WAYS: &[(&str, Break)] = &[
    ("a typo in a keyword",  keyword_typo),
    ("a typo in a word",     word_typo),
    ("a missing argument",   missing_argument),
    ("an undefined name",    undefined_name),
    ("a bad number",         bad_number),
    ("a bad address",        bad_address),
];

/// Differences that are meant: a piece of HAProxy's message where it alone refuses, of ours where that is alone, and why.
#[rustfmt::skip]
const MEANT: &[(&str, &str)] = &[
    ("log : invalid address: ",         "a log server's name may be resolved later"),
    (" : missing ']' in address",       "HAProxy takes it for a name, which 'resolvers' of the line would ask for later"),
    ("expects an integer argument",     "HAProxy reads what is no number, or not there, as 0 or as another number"),
    ("value must be between",           "HAProxy reads what is too large as another number"),
    ("wrong value '",                    "HAProxy reads what is no number as 0 or as another number"),
    ("length must be > 0",              "HAProxy reads what is no number as another number"),
    ("expects a value >= 1024",         "HAProxy reads what is no number as another number"),
    ("'refresh' needs an interval",     "HAProxy reads what is not there as 0"),
    ("weight is not within",            "HAProxy reads what is no number as 0"),
    ("'weight' expects a weight",       "HAProxy reads what is not there as 0"),
];

/// A stretch of a line (in bytes) and what takes its place.
struct Change {
    start: usize,
    end: usize,
    new: String,
}

/// A file with one thing broken.
struct Mutant {
    file: PathBuf,
    way: &'static str,
    line: u32,
    /// The changed stretch in the new line.
    start: u32,
    end: u32,
    /// The new line.
    text: String,
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides.max(1)
    }

    fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.roll(list.len()))
    }
}

/// Replaces a word that has no quotes.
fn replace(word: &Word, new: String) -> Option<Change> {
    let (start, end) = (word.span.start as usize, word.span.end as usize);
    (!word.quoted && word.text != new && end - start == word.text.len()).then_some(Change { start, end, new })
}

/// Two neighbours change places.
fn swapped(text: &str, dice: &mut Dice) -> Option<String> {
    let mut letters: Vec<char> = text.chars().collect();
    let at: Vec<usize> = (1..letters.len()).filter(|&at| letters[at - 1] != letters[at]).collect();
    let at = *dice.pick(&at)?;
    letters.swap(at - 1, at);
    Some(letters.into_iter().collect())
}

fn keyword_typo(words: &[Word], _: &str, dice: &mut Dice) -> Option<Change> {
    let word = words.first()?;
    replace(word, swapped(&word.text, dice)?)
}

fn word_typo(words: &[Word], _: &str, dice: &mut Dice) -> Option<Change> {
    let plain =
        |word: &&Word| word.text.len() > 2 && word.text.bytes().all(|b| b.is_ascii_lowercase() || b == b'-');
    let words: Vec<&Word> = words.iter().skip(1).filter(plain).collect();
    let word = dice.pick(&words)?;
    replace(word, swapped(&word.text, dice)?)
}

fn missing_argument(words: &[Word], _: &str, _: &mut Dice) -> Option<Change> {
    let [.., before, last] = words else { return None };
    Some(Change { start: before.span.end as usize, end: last.span.end as usize, new: String::new() })
}

fn undefined_name(words: &[Word], _: &str, dice: &mut Dice) -> Option<Change> {
    let named = words.iter().position(|word| ["if", "unless", "from"].contains(&word.text.as_str()));
    let named = named.map(|at| at + 1).or_else(|| {
        ["use_backend", "default_backend", "use-server"].contains(&words[0].text.as_str()).then_some(1)
    })?;
    let is_name = |word: &&Word| word.text.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let names: Vec<&Word> = words.iter().skip(named).filter(is_name).collect();
    replace(dice.pick(&names)?, "no_such_thing".to_owned())
}

fn bad_number(words: &[Word], _: &str, dice: &mut Dice) -> Option<Change> {
    let number = |word: &&Word| {
        let digits = word.text.bytes().take_while(u8::is_ascii_digit).count();
        digits > 0 && ["", "s", "ms", "m", "h", "d", "k"].contains(&&word.text[digits..])
    };
    let numbers: Vec<&Word> = words.iter().skip(1).filter(number).collect();
    let word = dice.pick(&numbers)?;
    let bad = ["x12", "12x", "-5", "99999999999999", "1.5"];
    replace(word, (*dice.pick(&bad)?).to_owned())
}

fn bad_address(words: &[Word], _: &str, dice: &mut Dice) -> Option<Change> {
    let at = match words.first()?.text.as_str() {
        "bind" | "log" => 1,
        "server" | "nameserver" | "peer" => 2,
        _ => return None,
    };
    let bad =
        ["127.0.0.1:99999", "127.0.0.1:abc", "127.0.0.1:-1", "127.0.0.1:80-70", "[::1:80", "bad_host!:80"];
    replace(words.get(at)?, (*dice.pick(&bad)?).to_owned())
}

/// The mutants of one file.
fn mutants(file: &Path, text: &str, seed: u64) -> Vec<(Mutant, String)> {
    let name: u64 = file.file_name().map_or(0, |name| {
        name.as_encoded_bytes().iter().fold(7, |sum: u64, byte| sum.wrapping_mul(31) + u64::from(*byte))
    });
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ name);
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let mut found = Vec::new();
    for (way, breaks) in WAYS {
        // a line that cannot be broken this way is passed over, but not for ever
        let (mut tries, mut seen) = (0, Vec::new());
        while seen.len() < PLACES && tries < 200 {
            tries += 1;
            let at = dice.roll(lines.len());
            let Some(line) = lines.get(at).filter(|_| !seen.contains(&at)) else { continue };
            let Ok(words) = lang::lex_line(line.trim_end()) else { continue };
            if words.is_empty() || words[0].text.starts_with('.') {
                continue;
            }
            let Some(change) = breaks(&words, line, &mut dice) else { continue };
            seen.push(at);
            found.push(mutant(file, way, &lines, at, &change));
        }
    }
    found
}

fn mutant(file: &Path, way: &'static str, lines: &[&str], at: usize, change: &Change) -> (Mutant, String) {
    let line = lines[at];
    let new = format!("{}{}{}", &line[..change.start], change.new, &line[change.end..]);
    let whole = [&lines[..at], &[new.as_str()], &lines[at + 1..]].concat().concat();
    let column = |at: usize| u32::try_from(at).expect("a short line");
    let (start, end) = (column(change.start), column(change.start + change.new.len()));
    let line = u32::try_from(at + 1).expect("a short file");
    (Mutant { file: file.to_owned(), way, line, start, end, text: new.trim().to_owned() }, whole)
}

/// What came of a mutant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// Both take it.
    Taken,
    /// Both refuse it, and both at the same place.
    Refused,
    /// Both refuse it, but ours points elsewhere.
    Elsewhere,
    /// Its row is not read yet: it is refused for that.
    Unread,
    /// HAProxy alone refuses it.
    OnlyHaproxy,
    /// The loader alone refuses it.
    OnlyOurs,
}

/// Compares, and gives the two messages that tell the difference.
fn compare(mutant: &Mutant, path: &Path, said: &Said, world: &World) -> (Outcome, String, String) {
    let loaded = load(&[path.to_owned()], world, world, &Facts::default());
    let alerts: Vec<&Diagnostic> =
        loaded.diagnostics.iter().filter(|said| said.severity == Severity::Alert).collect();
    let errors: Vec<&&Diagnostic> = alerts.iter().filter(|said| !said.later).collect();
    let theirs = said.alerts.first();
    let points = |said: &&&Diagnostic| {
        said.span.is_some_and(|span| {
            let here = span.line == mutant.line
                && (mutant.start == mutant.end || (span.start <= mutant.end && mutant.start <= span.end));
            here || theirs.is_none_or(|alert| alert.line == Some(span.line) || same_complaint(alert, said))
        })
    };
    let here = errors.iter().find(|said| points(said));
    let ours = here.or(errors.first()).map_or(String::new(), |said| said.text());
    let unread =
        alerts.iter().any(|said| said.later && said.span.is_some_and(|span| span.line == mutant.line));
    // what cannot be an address is a name to HAProxy, which it refuses for not resolving
    let no_name = said.unresolved.iter().any(|alert| alert.line == Some(mutant.line));
    let outcome = match (said.accepts, errors.is_empty()) {
        (true, false) if here.is_some() && no_name => Outcome::Refused,
        (true, true) => Outcome::Taken,
        (true, false) => Outcome::OnlyOurs,
        (false, true) if unread => Outcome::Unread,
        (false, true) => Outcome::OnlyHaproxy,
        (false, false) if here.is_some() => Outcome::Refused,
        (false, false) => Outcome::Elsewhere,
    };
    (outcome, theirs.map_or(String::new(), |alert| alert.text.clone()), ours)
}

/// HAProxy names no line, and both speak of the same words.
fn same_complaint(theirs: &Alert, ours: &Diagnostic) -> bool {
    let text = ours.text();
    theirs.line.is_none() && theirs.text.split('\'').skip(1).step_by(2).all(|word| text.contains(word))
}

/// A message without what stands in quotes, so that a family counts as one.
fn family(text: &str) -> String {
    let parts = text.split('\'').enumerate();
    parts
        .map(|(at, part)| if at % 2 == 0 { part } else { "'…'" })
        .collect::<String>()
        .chars()
        .take(90)
        .collect()
}

#[test]
fn what_is_broken_is_refused_as_haproxy_refuses_it() {
    let dir = prepared("mutants");
    let world = world();
    let all = files(&dir);
    let good = oracle::ask_all(&all, &world.vars);
    let seed = std::env::var("GATEWAY_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(SEED);
    let (mut list, mut paths) = (Vec::new(), Vec::new());
    for (file, _) in all.iter().zip(&good).filter(|(_, said)| said.accepts) {
        let Ok(text) = std::fs::read_to_string(file) else { continue };
        for (mutant, whole) in mutants(file, &text, seed) {
            let path = dir.join(format!("{:05}.cfg", list.len()));
            std::fs::write(&path, whole).expect("a temporary file");
            list.push(mutant);
            paths.push(path);
        }
    }
    let answers = oracle::ask_all(&paths, &world.vars);
    let mut report = Report::default();
    for ((mutant, path), said) in list.iter().zip(&paths).zip(&answers).filter(|(_, said)| said.answered) {
        let (outcome, theirs, ours) = compare(mutant, path, said, &world);
        report.add(mutant, outcome, &theirs, &ours);
    }
    let _ = std::fs::remove_dir_all(dir);
    report.print();
    assert!(list.len() > 500, "only {} mutants", list.len());
    let unexplained = report.unexplained;
    assert!(
        unexplained.is_empty(),
        "{} differences without a reason:\n{}",
        unexplained.len(),
        unexplained.join("\n")
    );
}

#[derive(Default)]
struct Report {
    outcomes: BTreeMap<(&'static str, Outcome), usize>,
    families: BTreeMap<(Outcome, String), Vec<String>>,
    unexplained: Vec<String>,
}

impl Report {
    fn add(&mut self, mutant: &Mutant, outcome: Outcome, theirs: &str, ours: &str) {
        *self.outcomes.entry((mutant.way, outcome)).or_default() += 1;
        if matches!(outcome, Outcome::Taken | Outcome::Refused) {
            return;
        }
        let name =
            mutant.file.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let example = format!(
            "{name}:{} {}: {}\n          HAProxy: {theirs}\n          ours:    {ours}",
            mutant.line, mutant.way, mutant.text
        );
        let key = format!("{} / {}", family(theirs), family(ours));
        self.families.entry((outcome, key)).or_default().push(example.clone());
        let meant = |text: &str| MEANT.iter().any(|(piece, _)| text.contains(piece));
        if outcome != Outcome::Unread && !meant(theirs) && !meant(ours) {
            self.unexplained.push(example);
        }
    }

    fn print(&self) {
        let all: usize = self.outcomes.values().sum();
        let agree = self
            .outcomes
            .iter()
            .filter(|((_, outcome), _)| matches!(outcome, Outcome::Taken | Outcome::Refused));
        let agree: usize = agree.map(|(_, count)| count).sum();
        println!(
            "{agree} of {all} mutants: both agree; {} differences have no reason",
            self.unexplained.len()
        );
        for ((way, outcome), count) in &self.outcomes {
            println!("{count:6}  {way}: {outcome:?}");
        }
        let mut families: Vec<_> = self.families.iter().collect();
        families.sort_by_key(|((outcome, _), examples)| (*outcome, usize::MAX - examples.len()));
        for ((outcome, _), examples) in families {
            println!("{:4} {outcome:?} {}", examples.len(), examples[0]);
        }
    }
}
