//! Sections in the YAML spelling; `crate::yaml` reads it.

use lang::Word;
use serde_yaml::{Mapping, Value};

use super::Section;
use super::text::{Line, joined, spelled};

/// Keywords whose second word becomes a key: lines with different second words may change places.
const NESTED: &[&str] = &[
    "acl",
    "errorfile",
    "errorloc302",
    "errorloc303",
    "option",
    "server",
    "stats",
    "tcp-request",
    "timeout",
];

/// A map from kinds of sections, or a list of such maps where the order of the sections needs it.
pub(super) fn write(sections: &[Section]) -> String {
    let said = sections.iter().filter(|section| section.keyword != "global" || !section.lines.is_empty());
    let said: Vec<&Section> = said.collect();
    let mut maps = vec![Mapping::new()];
    for run in said.chunk_by(|a, b| a.keyword == b.keyword) {
        let (key, value) = kind(run);
        let key = Value::from(key);
        match maps.last_mut() {
            Some(last) if !last.contains_key(&key) => drop(last.insert(key, value)),
            _ => maps.push(Mapping::from_iter([(key, value)])),
        }
    }
    let value = match maps.as_mut_slice() {
        [one] => Value::Mapping(std::mem::take(one)),
        several => {
            Value::Sequence(several.iter_mut().map(|map| Value::Mapping(std::mem::take(map))).collect())
        }
    };
    // only a map with a map as a key could fail
    serde_yaml::to_string(&value).unwrap_or_default()
}

/// All sections of a kind, under its key.
fn kind(run: &[&Section]) -> (String, Value) {
    let keyword = run.first().map_or("", |section| section.keyword);
    match (keyword, run) {
        ("global", [one]) => {
            let mut bodies: Vec<Value> = parts(&one.lines).map(|part| Value::Mapping(body(part))).collect();
            let value = if bodies.len() == 1 { bodies.remove(0) } else { Value::Sequence(bodies) };
            ("global".to_owned(), value)
        }
        // its lines are in the order in which they are applied
        ("traces", [one]) => ("traces".to_owned(), Value::Mapping(body(&one.lines))),
        ("defaults", _) => {
            let named = |section: &&Section| {
                let name = Some(&section.name).filter(|name| !name.is_empty());
                let name = name.map(|name| (Value::from("name"), Value::from(name.as_str())));
                Value::Mapping(name.into_iter().chain(body(&section.lines)).collect())
            };
            ("defaults".to_owned(), Value::Sequence(run.iter().map(named).collect()))
        }
        _ => {
            let by_name = |section: &&Section| {
                let from =
                    section.from.as_ref().map(|from| (Value::from("from"), Value::from(from.as_str())));
                let body = from.into_iter().chain(body(&section.lines)).collect();
                (Value::from(section.name.as_str()), Value::Mapping(body))
            };
            let plural = if keyword.ends_with('s') { keyword.to_owned() } else { format!("{keyword}s") };
            (plural, Value::Mapping(run.iter().map(by_name).collect()))
        }
    }
}

/// The order of lines about variables matters, though a map has each keyword once: such lines are cut into several
/// sections.
fn parts(lines: &[Line]) -> impl Iterator<Item = &[Line]> {
    let about = |line: &Line| {
        let keyword = line.words.first().map_or("", |word| word.text.as_str());
        ENVIRONMENT.iter().position(|known| *known == keyword)
    };
    lines.chunk_by(move |a, b| about(b).is_none() || about(a) == about(b))
}

const ENVIRONMENT: [&str; 4] = ["setenv", "presetenv", "unsetenv", "resetenv"];

fn body(lines: &[Line]) -> Mapping {
    group(lines.iter().map(|line| line.words.as_slice()), |keyword, rests| {
        let nested = NESTED.contains(&keyword) && rests.iter().all(|rest| !rest.is_empty());
        if nested {
            Value::Mapping(group(rests.into_iter(), |_, rests| values(&rests)))
        } else {
            values(&rests)
        }
    })
}

/// Lines by their first word, in the order in which these first appear.
fn group<'a>(
    lines: impl Iterator<Item = &'a [Word]>,
    value: impl Fn(&str, Vec<&'a [Word]>) -> Value,
) -> Mapping {
    let mut groups: Vec<(String, Vec<&[Word]>)> = Vec::new();
    let mut places = std::collections::HashMap::new();
    for (first, rest) in lines.filter_map(<[Word]>::split_first) {
        let key = spelled(first);
        let place = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some((_, rests)) => rests.push(rest),
            None => groups.push((key, vec![rest])),
        }
    }
    groups.into_iter().map(|(key, rests)| (scalar(&key), value(&key, rests))).collect()
}

/// One line's words as a scalar, those of several lines as a list.
fn values(rests: &[&[Word]]) -> Value {
    let one = |rest: &[Word]| if rest.is_empty() { Value::Bool(true) } else { scalar(&joined(rest)) };
    match rests {
        [rest] => one(rest),
        several => Value::Sequence(several.iter().map(|rest| one(rest)).collect()),
    }
}

/// A number where it is one, so that it needs no quotes.
fn scalar(text: &str) -> Value {
    match text.parse::<u64>() {
        Ok(number) if number.to_string() == text => Value::from(number),
        _ => Value::from(text),
    }
}
