//! JSON: texts made fit for it, and what is asked of it (configuration.txt 7.3.1).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

/// A path and what is to become of a number.
pub(super) const QUERY: &[Kind] = &[Kind::Str, Kind::Str];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("json", Type::Str, Type::Str, escape).takes(&[Kind::Str], 1).prepare(|args, _| code(args)).example("str('a\"b/c'),json(utf8s)", "a\\\"b\\/c"),
    convert("json_query", Type::Str, Type::Any, |v, a, _| query(&v.into_text(), a)).takes(QUERY, 1).prepare(|args, _| output(args)).example("str('{\"a\":{\"b\":[1,2]}}'),json_query('$.a.b[1]')", "2"),
];

/// How a text is decoded before it is escaped.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Code {
    utf8: bool,
    /// What cannot be decoded is left out.
    silent: bool,
    /// More bytes than a character needs are taken.
    permissive: bool,
}

const CODES: &[(&[u8], Code)] = &[
    (b"", Code { utf8: false, silent: true, permissive: false }),
    (b"ascii", Code { utf8: false, silent: true, permissive: false }),
    (b"utf8", Code { utf8: true, silent: false, permissive: false }),
    (b"utf8s", Code { utf8: true, silent: true, permissive: false }),
    (b"utf8p", Code { utf8: true, silent: false, permissive: true }),
    (b"utf8ps", Code { utf8: true, silent: true, permissive: true }),
];

fn find_code(args: &[Arg]) -> Option<Code> {
    let wanted = arg::text(args, 0);
    CODES.iter().find(|(name, _)| *name == wanted).map(|(_, code)| *code)
}

fn code(args: &[Arg]) -> Result<(), String> {
    let known = find_code(args).map(|_| ());
    known.ok_or_else(|| {
        "Unexpected input code type. Allowed value are 'ascii', 'utf8', 'utf8s', 'utf8p' and 'utf8ps'"
            .to_owned()
    })
}

fn escape<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let code = find_code(args)?;
    let text = value.into_text();
    let mut out = Vec::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some((first, after)) = rest.split_first() {
        let decoded =
            if code.utf8 { decode(rest, code.permissive) } else { (Some(u32::from(*first)), after) };
        rest = decoded.1;
        match decoded.0.filter(|c| *c <= 0xffff) {
            Some(c) => put(c, &mut out),
            None if code.silent => {}
            None => return None,
        }
    }
    Some(Value::made(out))
}

/// One character, or nothing if it is none, and what follows.
fn decode(text: &[u8], permissive: bool) -> (Option<u32>, &[u8]) {
    let (len, bits, least) = match text[0] {
        byte @ ..0x80 => (1, u32::from(byte), 0),
        byte @ 0xc0..0xe0 => (2, u32::from(byte & 0x1f), 0x80),
        byte @ 0xe0..0xf0 => (3, u32::from(byte & 0x0f), 0x800),
        byte @ 0xf0..0xf8 => (4, u32::from(byte & 0x07), 0x1_0000),
        _ => return (None, &text[1..]),
    };
    let following = text[1..].iter().take(len - 1).take_while(|byte| **byte & 0xc0 == 0x80);
    let (count, c) =
        following.fold((1, bits), |(count, c), byte| (count + 1, c << 6 | u32::from(byte & 0x3f)));
    let rest = &text[count..];
    let legal = count == len && (c >= least || permissive) && char::from_u32(c).is_some();
    (legal.then_some(c), rest)
}

/// Two letters where JSON has them, otherwise itself, otherwise its number.
fn put(c: u32, out: &mut Vec<u8>) {
    let short = match c {
        0x22 => b'"',
        0x5c => b'\\',
        0x2f => b'/',
        0x08 => b'b',
        0x0c => b'f',
        0x0a => b'n',
        0x0d => b'r',
        0x09 => b't',
        _ => 0,
    };
    match (short, u8::try_from(c)) {
        (1.., _) => out.extend([b'\\', short]),
        (0, Ok(byte @ b' '..=b'~')) => out.push(byte),
        _ => out.extend(format!("\\u{c:04x}").into_bytes()),
    }
}

pub(super) fn output(args: &[Arg]) -> Result<(), String> {
    match arg::text(args, 1) {
        b"" | b"int" => Ok(()),
        _ => Err("output_type only supports \"int\" as argument".to_owned()),
    }
}

/// What stands at the first argument's path in a text.
pub(super) fn query<'a>(text: &[u8], args: &[Arg]) -> Option<Value<'a>> {
    let mut place = Reader { text, at: 0, depth: 0 };
    place.follow(arg::text(args, 0))?;
    let raw = place.value()?;
    let int = arg::text(args, 1) == b"int";
    match raw.first()? {
        b't' => Some(Value::Bool(true)),
        b'f' => Some(Value::Bool(false)),
        b'"' => unescape(&raw[1..raw.len() - 1]).map(Value::made),
        b'-' | b'0'..=b'9' if int => integer(raw).map(Value::Int),
        b'-' | b'0'..=b'9' => Some(Value::made(general(std::str::from_utf8(raw).ok()?.parse().ok()?))),
        // HAProxy 2.6 gives nothing, 3.x the text
        b'[' => Some(Value::made(raw.to_vec())),
        _ => None,
    }
}

/// The largest whole number that JSON holds for certain.
const MAX_INT: i64 = (1 << 53) - 1;

fn integer(raw: &[u8]) -> Option<i64> {
    let number = crate::value::leading_int(raw);
    (-MAX_INT..=MAX_INT).contains(&number).then_some(number)
}

/// A number as C's `%g` writes it: six digits that count.
fn general(number: f64) -> Vec<u8> {
    let scientific = format!("{number:.5e}");
    let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    let text = if (-4..6).contains(&exponent) {
        let places = usize::try_from(5 - exponent).unwrap_or(0);
        trim(&format!("{number:.places$}"))
    } else {
        let sign = if exponent < 0 { '-' } else { '+' };
        format!("{}e{sign}{:02}", trim(digits), exponent.abs())
    };
    text.into_bytes()
}

/// A string's escapes resolved; of numbered ones HAProxy knows those of one byte.
fn unescape(raw: &[u8]) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(raw.len());
    let mut bytes = raw.iter().copied();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next()? {
            b'b' => 0x08,
            b'f' => 0x0c,
            b'n' => b'\n',
            b'r' => b'\r',
            b't' => b'\t',
            b'u' => {
                let digits: Vec<u8> = bytes.by_ref().take(4).collect();
                match &crate::convert::unhex(&digits)?[..] {
                    [0, byte] => *byte,
                    _ => return None,
                }
            }
            other @ (b'"' | b'\\' | b'/') => other,
            _ => return None,
        });
    }
    Some(out)
}

/// How deep objects and arrays may lie in each other.
const MAX_DEPTH: usize = 20;

/// A text that is read as far as is asked, without being held against the whole grammar, as HAProxy does. Nothing is
/// kept, and nothing recurses.
struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    depth: usize,
}

impl<'t> Reader<'t> {
    fn blanks(&mut self) {
        while self.text.get(self.at).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    /// Takes this byte, blanks before it.
    fn take(&mut self, byte: u8) -> Option<()> {
        self.blanks();
        (self.text.get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// Goes to the value at a path: `$.name[0].other`; a backslash takes a dot as it is.
    fn follow(&mut self, path: &[u8]) -> Option<()> {
        let mut rest = path.strip_prefix(b"$")?;
        while let Some((first, after)) = rest.split_first() {
            self.depth += 1;
            if self.depth > MAX_DEPTH {
                return None;
            }
            match first {
                b'.' => {
                    let (name, behind) = step(after);
                    self.member(&name)?;
                    rest = behind;
                }
                b'[' => {
                    let end = memchr::memchr(b']', after)?;
                    let index: usize = std::str::from_utf8(&after[..end]).ok()?.parse().ok()?;
                    self.element(index)?;
                    rest = &after[end + 1..];
                }
                _ => return None,
            }
        }
        Some(())
    }

    /// Goes to the value of an object's first member of a name.
    fn member(&mut self, name: &[u8]) -> Option<()> {
        self.take(b'{')?;
        loop {
            self.blanks();
            let key = self.string()?;
            self.take(b':')?;
            if &key[1..key.len() - 1] == name {
                return Some(());
            }
            self.value()?;
            self.take(b',')?;
        }
    }

    fn element(&mut self, index: usize) -> Option<()> {
        self.take(b'[')?;
        for _ in 0..index {
            self.value()?;
            self.take(b',')?;
        }
        Some(())
    }

    /// A string with its quotes.
    fn string(&mut self) -> Option<&'t [u8]> {
        let start = self.at;
        self.take(b'"')?;
        loop {
            match self.text.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(&self.text[start..self.at]);
                }
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
    }

    /// The text of the value that begins here.
    fn value(&mut self) -> Option<&'t [u8]> {
        self.blanks();
        let start = self.at;
        let mut depth = 0_usize;
        loop {
            match self.text.get(self.at) {
                Some(b'"') => drop(self.string()?),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n') if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                Some(byte) if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.') => {
                    self.scalar()
                }
                _ => return None,
            }
            if depth == 0 {
                return Some(&self.text[start..self.at]);
            }
        }
    }

    fn scalar(&mut self) {
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'+' | b'.');
        self.at += self.text[self.at..].iter().take_while(|byte| inside(byte)).count();
    }
}

/// A member's name at the beginning of a path, and what follows.
fn step(path: &[u8]) -> (Vec<u8>, &[u8]) {
    let mut name = Vec::new();
    let mut at = 0;
    while let Some(byte) = path.get(at) {
        match byte {
            b'.' | b'[' => break,
            b'\\' if at + 1 < path.len() => {
                name.push(path[at + 1]);
                at += 2;
            }
            byte => {
                name.push(*byte);
                at += 1;
            }
        }
    }
    (name, &path[at..])
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 yields, but for arrays.
    #[rustfmt::skip]
    const QUERIES: &[(&str, &str, Option<&str>)] = &[
        (r#"{"t":true,"f":false}"#, "$.t", Some("1")),
        (r#"{"t":true,"f":false}"#, "$.f", Some("0")),
        (r#"{"n":null}"#, "$.n", None),
        (r#"{"f":1.5}"#, "$.f", Some("1.5")),
        (r#"{"f":1.5}"#, "$.f,int", Some("1")),
        (r#"{"f":1e3}"#, "$.f", Some("1000")),
        (r#"{"f":1e20}"#, "$.f,int", Some("1")),
        (r#"{"f":12345678901234567890}"#, "$.f", Some("1.23457e+19")),
        (r#"{"f":-1.25e-3}"#, "$.f", Some("-0.00125")),
        (r#"{"f":0.1234567890123}"#, "$.f", Some("0.123457")),
        (r#"{"f":1234567}"#, "$.f", Some("1.23457e+06")),
        (r#"{"f":9007199254740993}"#, "$.f,int", None),
        (r#"{"s":"7"}"#, "$.s,int", Some("7")),
        (r#"{"k.x":"dot"}"#, r"$.k\.x", Some("dot")),
        (r#"{"o":{"z":1}}"#, "$.o", None),
        (r#"{"o":[1, 2]}"#, "$.o", Some("[1, 2]")),
        (r#"[1,[2,3]]"#, "$[1][0]", Some("2")),
        (r#" { "a" : { "b" : 3 } }"#, "$.a.b", Some("3")),
        (r#"{"a":[1,{"b":2}],"b":3}"#, "$.b", Some("3")),
        (r#"{"ab":1,"a":2}"#, "$.a", Some("2")),
        (r#"{"s":1,"s":2}"#, "$.s", Some("1")),
        (r#"{"s":1"#, "$.s", Some("1")),
        (r#"{"s":1}xx"#, "$.s", Some("1")),
        ("7", "$", Some("7")),
        (r#"{"a":1}"#, "a", None),
        (r#"{"a":1}"#, "$a", None),
        (r#"{"a":1}"#, "$.", None),
        (r#"{"s":"a\u0041\/\"\\b"}"#, "$.s", Some("aA/\"\\b")),
        (r#"{"s":"\u20ac"}"#, "$.s", None),
        (r#"{"s":"\q"}"#, "$.s", None),
    ];

    #[test]
    fn queries_yield_what_haproxys_do() {
        for (text, path, expected) in QUERIES {
            let (path, int) = path.split_once(',').map_or((*path, ""), |(path, int)| (path, int));
            let found = evaluate(&format!("str('{text}'),json_query('{path}',{int})"), &World::sample());
            assert_eq!(found.as_deref(), *expected, "{text} {path}");
        }
    }

    /// What HAProxy 2.6 yields.
    #[test]
    fn texts_are_escaped_as_in_haproxy() {
        for (expr, expected) in [
            ("bin(e282ac0a0d090108c3),json(ascii)", Some(r"\u00e2\u0082\u00ac\n\r\t\u0001\b\u00c3")),
            ("bin(e282ac0a0d0901c3),json(utf8)", None),
            ("bin(e282ac0a0d0901c3),json(utf8s)", Some(r"\u20ac\n\r\t\u0001")),
            ("bin(e282acc3),json(utf8p)", None),
            ("bin(e282acc3),json(utf8ps)", Some(r"\u20ac")),
            ("bin(f09f9880),json(utf8s)", Some("")),
            ("bin(f09f9880),json(utf8)", None),
            ("bin(c0af41),json(utf8ps)", Some(r"\/A")),
            ("bin(c0af41),json(utf8s)", Some("A")),
            ("bin(eda08041),json(utf8s)", Some("A")),
            ("bin(7f80),json", Some(r"\u007f\u0080")),
        ] {
            assert_eq!(evaluate(expr, &World::sample()).as_deref(), expected, "{expr}");
        }
    }

    #[test]
    fn a_bomb_is_passed_over() {
        let deep = "[".repeat(60_000);
        let closed = format!("{}{}", "[".repeat(30_000), "]".repeat(30_000));
        for (text, expected) in
            [(format!("{{\"a\":{deep}"), None), (format!("{{\"a\":{closed},\"b\":5}}"), Some("5"))]
        {
            let found = evaluate(&format!("str('{text}'),json_query('$.b')"), &World::sample());
            assert_eq!(found.as_deref(), expected);
        }
    }
}
