//! Converters: what turns one sample into another (configuration.txt 7.3.1). A row per name.

mod bytes;
mod capture;
mod cipher;
mod codec;
mod crypto;
mod date;
mod debug;
mod fix;
mod hash;
mod json;
mod jwe;
mod jwt;
mod later;
mod map;
mod mqtt;
mod net;
mod number;
mod protobuf;
mod rfc7239;
mod rsa_key;
mod state;
mod string;
mod table;
mod var;
mod when;
mod x509;

pub use x509::verify_error;

use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

use crate::arg::{Arg, Kind};
use crate::expr::Bad;
use crate::{Sample, Scope, Txn, Type, Value};
pub(crate) use codec::{unbase64, unhex};
pub(crate) use map::Output;

type Run = for<'a> fn(Value<'a>, &'a [Arg], &'a dyn Txn) -> Option<Value<'a>>;
type Prepare = fn(&mut Vec<Arg>, &Given<'_>) -> Result<(), String>;

/// What a row is told while its arguments are read.
pub(crate) struct Given<'a> {
    /// The converter's name.
    pub(crate) name: &'static str,
    /// What surrounds the expression.
    pub(crate) scope: &'a Scope<'a>,
}

/// A row of the tables of converters.
pub struct Convert {
    /// Its name.
    pub name: &'static str,
    /// What it takes; other types are cast to it first.
    pub input: Type,
    /// What it yields; `Any` is what it was given.
    pub output: Type,
    pub(crate) args: &'static [Kind],
    pub(crate) required: usize,
    pub(crate) prepare: Prepare,
    pub(crate) run: Run,
    /// Why it cannot be used yet.
    pub later: Option<&'static str>,
    /// The version of HAProxy that brought it, if 2.6 does not have it.
    pub since: Option<&'static str>,
    /// An expression that uses it, and what it yields for the sample request of the tests.
    pub example: (&'static str, &'static str),
}

impl fmt::Debug for Convert {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Convert({}: {} => {})", self.name, self.input.name(), self.output.name())
    }
}

pub(crate) const fn convert(name: &'static str, input: Type, output: Type, run: Run) -> Convert {
    Convert {
        name,
        input,
        output,
        args: &[],
        required: 0,
        prepare: |_, _| Ok(()),
        run,
        later: None,
        since: None,
        example: ("", ""),
    }
}

impl Convert {
    pub(crate) const fn takes(mut self, args: &'static [Kind], required: usize) -> Self {
        (self.args, self.required) = (args, required);
        self
    }

    pub(crate) const fn prepare(mut self, prepare: Prepare) -> Self {
        self.prepare = prepare;
        self
    }

    pub(crate) const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    pub(crate) const fn later(mut self, reason: &'static str) -> Self {
        self.later = Some(reason);
        self
    }

    pub(crate) const fn example(mut self, expr: &'static str, value: &'static str) -> Self {
        self.example = (expr, value);
        self
    }

    /// What it takes, as HAProxy's listing writes it.
    pub fn signature(&self) -> String {
        crate::arg::signature(self.args, self.required)
    }

    pub(crate) fn supported(&self, name: &str) -> Result<(), Bad> {
        match self.later {
            None => Ok(()),
            Some(reason) => Err(Bad::not_yet(&format!("converter '{name}'"), reason)),
        }
    }
}

/// The tables by the names of their files.
const FAMILIES: &[(&str, &[Convert])] = &[
    ("string", string::CONVERTS),
    ("number", number::CONVERTS),
    ("hash", hash::CONVERTS),
    ("codec", codec::CONVERTS),
    ("bytes", bytes::CONVERTS),
    ("crypto", crypto::CONVERTS),
    ("cipher", cipher::CONVERTS),
    ("date", date::CONVERTS),
    ("debug", debug::CONVERTS),
    ("json", json::CONVERTS),
    ("jwt", jwt::CONVERTS),
    ("jwe", jwe::CONVERTS),
    ("protobuf", protobuf::CONVERTS),
    ("map", map::CONVERTS),
    ("net", net::CONVERTS),
    ("table", table::VALUES),
    ("table", table::ARRAYS),
    ("table", table::CONVERTS),
    ("var", var::CONVERTS),
    ("capture", capture::CONVERTS),
    ("state", state::CONVERTS),
    ("fix", fix::CONVERTS),
    ("mqtt", mqtt::CONVERTS),
    ("rfc7239", rfc7239::CONVERTS),
    ("when", when::CONVERTS),
    ("x509", x509::CONVERTS),
];

/// Every converter that can be evaluated.
pub fn all() -> impl Iterator<Item = &'static Convert> {
    FAMILIES.iter().flat_map(|(_, rows)| rows.iter())
}

/// The family that a converter belongs to.
pub(crate) fn family(name: &str) -> Option<&'static str> {
    FAMILIES.iter().find(|(_, rows)| rows.iter().any(|row| row.name == name)).map(|(family, _)| *family)
}

/// The rows' examples.
pub(crate) fn samples() -> impl Iterator<Item = Sample> {
    let of = |family: &'static str, row: &'static Convert| Sample {
        table: "converter",
        name: row.name,
        family,
        expression: row.example.0,
        fails: None,
        value: row.example.1,
        since: row.since,
        response: false,
    };
    FAMILIES.iter().flat_map(move |(family, rows)| rows.iter().map(move |row| of(family, row)))
}

/// The converters that HAProxy knows and nothing evaluates yet, with what they belong to.
pub fn later() -> impl Iterator<Item = (&'static str, &'static str)> {
    later::names()
}

/// The rows by their names; of two with the same name the first counts.
static BY_NAME: LazyLock<HashMap<&'static str, &'static Convert>> = LazyLock::new(|| {
    let mut rows = HashMap::new();
    all().for_each(|row| {
        rows.entry(row.name).or_insert(row);
    });
    rows
});

/// The row of a name.
pub fn find(name: &str) -> Option<&'static Convert> {
    BY_NAME.get(name).copied().or_else(|| later::find(name))
}

/// The known name nearest to one that is not known.
pub fn nearest(name: &str) -> Option<&'static str> {
    lang::suggest::nearest(name, all().map(|row| row.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{World, evaluate};

    #[test]
    fn every_row_has_an_example_that_evaluates() {
        for row in all() {
            let (text, expected) = row.example;
            assert!(text.contains(row.name), "{} has no example", row.name);
            assert_eq!(evaluate(text, &World::sample()).as_deref(), Some(expected), "{text}");
        }
    }

    /// Texts that are as large as a head may be, and as awkward as can be.
    #[test]
    fn every_converter_takes_a_hostile_text_in_bounded_time_and_space() {
        const SIZE: usize = 64 << 10;
        let texts =
            ["a", "/", "%41", "\u{e9}", "{\"a\":", "[", "a,b;q=0.1,", "7.", "\\", "YWJj", "\"", "a.b.c"]
                .map(|piece| piece.repeat(SIZE / piece.len()));
        for row in all() {
            let at = row.example.0.rfind(&format!(",{}", row.name)).expect("its example uses it") + 1;
            let call = crate::arg::cut(&row.example.0[at..]).expect("its example is right");
            let text = &row.example.0[at..at + call.len];
            let cast = if row.input == Type::Bin { "bytes(0)," } else { "" };
            let scope = crate::world::scope_at(crate::Phase::Anywhere);
            let (expr, _) = crate::Expr::parse_text(&format!("req.fhdr(x),{cast}{text}"), &scope)
                .or_else(|_| crate::Expr::parse_text(&format!("req.fhdr(x),{text}"), &scope))
                .unwrap_or_else(|bad| panic!("{text}: {}", bad.why));
            for hostile in &texts {
                let world = World::get("/", &[("X", hostile)]);
                let len = expr.eval(&world).map_or(0, |value| value.into_raw().len());
                assert!(len <= 8 * SIZE + 64, "{text} makes {len} bytes of {hostile:.9}");
            }
        }
    }

    #[test]
    fn patterns_that_look_catastrophic_are_not() {
        let hostile = "a".repeat(64 << 10) + "!";
        let world = World::get("/", &[("X", &hostile)]);
        for pattern in ["^(a+)+$", "(a|aa)+$", "(.*a){20}$", "^(a|a)*b", "(a*)*c", "^(([a-z])+.)+[A-Z]$"] {
            let scope = crate::world::scope_at(crate::Phase::Anywhere);
            let text = format!("req.fhdr(x),regsub('{pattern}',x,g),length");
            let (expr, _) = crate::Expr::parse_text(&text, &scope).expect(pattern);
            assert!(expr.eval(&world).is_some(), "{pattern}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = all().map(|row| row.name).chain(later().map(|(name, _)| name)).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
