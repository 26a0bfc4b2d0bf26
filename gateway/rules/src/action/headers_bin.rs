//! `add-headers-bin`, `set-headers-bin`, `del-headers-bin <expr> [ prefix <fmt> ] [ -m str|beg|end|sub ]` (HAProxy 3.2): many
//! headers at once, in the form of `req.hdrs_bin`: names and values with their lengths in front, and two empty texts.
//!
//! What is not of that form changes nothing, and a name that HTTP does not allow is left out: other than one that a file
//! holds it may come from anybody.

use std::collections::HashSet;

use expr::{Expr, LogFormat, Parts, Scope};
use lang::{Diagnostic, Words, suggest};

use super::{Action, argument, sample};
use crate::{Flow, Message};

#[derive(Debug)]
struct HeadersBin {
    what: What,
    lines: Expr,
    /// What stands before each name.
    prefix: Option<LogFormat>,
}

#[derive(Clone, Copy, Debug)]
enum What {
    Add,
    Set,
    /// The names are compared so.
    Delete(How),
}

/// How a name is compared.
#[derive(Clone, Copy, Debug)]
enum How {
    Whole,
    Beg,
    End,
    Sub,
}

/// The methods of `-m`.
const METHODS: [(&str, How); 4] =
    [("str", How::Whole), ("beg", How::Beg), ("end", How::End), ("sub", How::Sub)];

impl How {
    fn matches(self, name: &[u8], given: &[u8]) -> bool {
        match self {
            Self::Whole => name == given,
            Self::Beg => name.starts_with(given),
            Self::End => name.ends_with(given),
            Self::Sub => name.windows(given.len().max(1)).any(|part| part == given),
        }
    }
}

/// A name in lower case, and a value.
type Line = (Vec<u8>, Vec<u8>);

impl HeadersBin {
    fn lines(&self, message: &dyn Message) -> Option<Vec<Line>> {
        let block = self.lines.eval(message.txn())?.into_bytes();
        let prefix = self.prefix.as_ref().map(|prefix| prefix.to_bytes(message.txn())).unwrap_or_default();
        let mut rest = &block[..];
        let mut lines = Vec::new();
        loop {
            let (name, value) = (text(&mut rest)?, text(&mut rest)?);
            if name.is_empty() {
                return value.is_empty().then_some(lines);
            }
            let name = [&prefix, name].concat().to_ascii_lowercase();
            if http::HeaderName::from_bytes(&name).is_ok() {
                lines.push((name, value.to_vec()));
            }
        }
    }
}

/// The next text of a block.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = varint(rest)?;
    let (text, behind) = rest.split_at_checked(length)?;
    *rest = behind;
    Some(text)
}

/// A number as SPOE writes it: below 240 one byte, then four bits and groups of seven.
fn varint(rest: &mut &[u8]) -> Option<usize> {
    let (first, mut behind) = rest.split_first()?;
    let (mut number, mut shift, mut last) = (usize::from(*first), 4, *first < 240);
    while !last {
        let (next, more) = behind.split_first()?;
        behind = more;
        number = number.checked_add(usize::from(*next).checked_shl(shift).filter(|_| shift < 32)?)?;
        shift += 7;
        last = *next < 128;
    }
    *rest = behind;
    Some(number)
}

impl Action for HeadersBin {
    fn apply(&self, message: &mut dyn Message) -> Flow {
        let Some(lines) = self.lines(message) else { return Flow::Continue };
        match self.what {
            What::Add => {}
            What::Set => {
                let names: HashSet<&[u8]> = lines.iter().map(|(name, _)| &name[..]).collect();
                message.retain_headers(&mut |name, _| !names.contains(&name.to_ascii_lowercase()[..]));
            }
            What::Delete(how) => {
                message.retain_headers(&mut |name, _| {
                    let name = name.to_ascii_lowercase();
                    !lines.iter().any(|(given, _)| how.matches(&name, given))
                });
                return Flow::Continue;
            }
        }
        lines.iter().for_each(|(name, value)| message.add_header(name, value));
        Flow::Continue
    }

    fn changes(&self) -> Parts {
        Parts::HEADERS
    }
}

type Read = Result<Box<dyn Action>, Diagnostic>;

pub(super) fn add(words: &mut Words<'_>, scope: &Scope<'_>) -> Read {
    parse(words, scope, What::Add)
}

pub(super) fn set(words: &mut Words<'_>, scope: &Scope<'_>) -> Read {
    parse(words, scope, What::Set)
}

pub(super) fn delete(words: &mut Words<'_>, scope: &Scope<'_>) -> Read {
    parse(words, scope, What::Delete(How::Whole))
}

fn parse(words: &mut Words<'_>, scope: &Scope<'_>, mut what: What) -> Read {
    let lines = sample(words, scope)?;
    let mut prefix = None;
    loop {
        if words.accept("prefix") {
            prefix = Some(LogFormat::parse(argument(words, "'prefix' expects a value")?, scope)?);
        } else if matches!(what, What::Delete(_)) && words.accept("-m") {
            what = What::Delete(how(words)?);
        } else {
            return Ok(Box::new(HeadersBin { what, lines, prefix }));
        }
    }
}

fn how(words: &mut Words<'_>) -> Result<How, Diagnostic> {
    let word = argument(words, "'-m' expects a matching method")?;
    let known = METHODS.iter().find(|(name, _)| *name == word.text);
    known.map(|(_, how)| *how).ok_or_else(|| {
        let meant = suggest::nearest(&word.text, METHODS.map(|(name, _)| name));
        let message = format!("'-m' with unsupported matching method '{}'", word.text);
        Diagnostic::alert(word.span, message).suggest(meant)
    })
}

#[cfg(test)]
mod tests {
    use super::varint;
    use crate::Phase;
    use crate::world::{World, rule, rules};

    /// The action with a block of these bytes in hexadecimal, as `req.hdrs_bin` writes it.
    fn run(action: &str, block: &str, more: &str) -> World {
        let mut world = World::sample();
        let digits = block.replace(' ', "");
        let bytes: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        world.request.push(("Block".to_owned(), bytes));
        rules(Phase::HttpRequest, &[&format!("{action} req.hdr(block) {more}")]).run(&mut world);
        world.request.retain(|(name, _)| name != "Block");
        world
    }

    /// `accept: d`, `x-n: 1`, `x-n: 2`.
    const BLOCK: &str = "06616363657074 0164 03782d6e 0131 03582d4e 0132 0000";

    #[test]
    fn lines_are_added_or_take_the_place_of_others() {
        let world = run("add-headers-bin", BLOCK, "");
        assert_eq!(
            (world.header("accept"), world.header("x-n")),
            (texts(&["a, b", "d"]), texts(&["1", "2"]))
        );
        let world = run("set-headers-bin", BLOCK, "");
        assert_eq!((world.header("accept"), world.header("x-n")), (texts(&["d"]), texts(&["1", "2"])));
        let world = run("add-headers-bin", BLOCK, "prefix X-%[method]-");
        assert_eq!(world.header("x-get-accept"), ["d"]);
    }

    #[test]
    fn lines_are_removed_by_their_names() {
        let left = |block: &str, more: &str| run("del-headers-bin", block, more).header("accept").len();
        assert_eq!((left(BLOCK, ""), left("03782d6e 00 0000", "")), (0, 1));
        // `acc`, `ept`, `cce`
        assert_eq!((left("03616363 00 0000", "-m beg"), left("03616363 00 0000", "")), (0, 1));
        assert_eq!((left("03657074 00 0000", "-m end"), left("03636365 00 0000", "-m sub")), (0, 0));
        assert_eq!(left("04636570 74 00 0000", "prefix ac"), 0);
    }

    #[test]
    fn what_comes_from_anybody_does_no_harm() {
        for broken in [
            "",
            "06",
            "0661",
            "03782d6e",
            "03782d6e 05 31",
            "03782d6e 0131",
            "03782d6e 0131 00",
            "f0ffffffffffffff",
        ] {
            let world = run("set-headers-bin", broken, "");
            assert_eq!(
                (world.header("accept"), world.header("x-n").len()),
                (texts(&["a, b"]), 0),
                "{broken}"
            );
        }
        // a name with a line end in it
        let world = run("add-headers-bin", "05610d0a623a 0131 03782d6e 0131 0000", "");
        assert_eq!(world.header("x-n"), ["1"]);
        assert!(world.request.iter().all(|(name, _)| !name.contains('\n')));
    }

    #[test]
    fn long_texts_have_long_lengths() {
        // 240, 2,287 and 2,288 as SPOE writes them
        for (bytes, number) in [(&[0xf0, 0x00][..], 240), (&[0xff, 0x7f], 2287), (&[0xf0, 0x80, 0x00], 2288)]
        {
            assert_eq!(varint(&mut &bytes[..]), Some(number));
        }
        assert_eq!(varint(&mut &[0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff][..]), None);
    }

    #[test]
    fn words_are_judged() {
        for (text, expected) in [
            ("del-headers-bin var(txn.a) -m reg", "'-m' with unsupported matching method 'reg'"),
            ("del-headers-bin var(txn.a) -m", "'-m' expects a matching method"),
            ("set-headers-bin var(txn.a) prefix", "'prefix' expects a value"),
            ("set-headers-bin", "missing fetch method"),
        ] {
            let error = rule(Phase::HttpRequest, text).unwrap_err();
            assert!(error.message.contains(expected), "{}", error.message);
        }
    }

    fn texts(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| (*text).to_owned()).collect()
    }
}
