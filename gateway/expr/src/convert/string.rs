//! Text (configuration.txt 7.3.1).

use std::borrow::Cow;
use std::sync::Arc;

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

const PART: &[Kind] = &[Kind::Int, Kind::Str, Kind::Int];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("lower", Type::Str, Type::Str, |v, _, _| Some(case(v, u8::is_ascii_uppercase, <[u8]>::make_ascii_lowercase))).example("str(AbC),lower", "abc"),
    convert("upper", Type::Str, Type::Str, |v, _, _| Some(case(v, u8::is_ascii_lowercase, <[u8]>::make_ascii_uppercase))).example("str(AbC),upper", "ABC"),
    convert("length", Type::Str, Type::Int, |v, _, _| i64::try_from(v.into_text().len()).ok().map(Value::Int)).example("str(abc),length", "3"),
    convert("bytes", Type::Bin, Type::Bin, bytes).takes(&[Kind::Int, Kind::Int], 1).example("str(abcd),bytes(1,2)", "bc"),
    convert("field", Type::Str, Type::Str, |v, a, _| parts(v, a, false)).takes(PART, 2).prepare(|args, _| numbered(args)).example("str(a//b),field(3,/)", "b"),
    convert("word", Type::Str, Type::Str, |v, a, _| parts(v, a, true)).takes(PART, 2).prepare(|args, _| numbered(args)).example("str(a//b),word(2,/)", "b"),
    convert("ltrim", Type::Str, Type::Str, |v, a, _| Some(trim(v, arg::text(a, 0), b""))).takes(&[Kind::Str], 1).example("str(xxab),ltrim(x)", "ab"),
    convert("rtrim", Type::Str, Type::Str, |v, a, _| Some(trim(v, b"", arg::text(a, 0)))).takes(&[Kind::Str], 1).example("str(abxx),rtrim(x)", "ab"),
    convert("cut_crlf", Type::Str, Type::Str, |v, _, _| Some(cut_crlf(v))).example("str(ab),cut_crlf", "ab"),
    convert("regsub", Type::Str, Type::Str, regsub).takes(&[Kind::Regex, Kind::Str, Kind::Str], 2).prepare(|args, _| compile(args)).example("str(aXbXc),regsub(X,Y)", "aYbXc"),
    convert("concat", Type::Str, Type::Str, concat).takes(&[Kind::Str, Kind::MaybeVar, Kind::Str], 1).example("str(a),concat(b)", "ab"),
    convert("add_item", Type::Str, Type::Str, add_item).takes(&[Kind::Str, Kind::MaybeVar, Kind::Str], 2).prepare(|args, _| something(args)).example("str(a),add_item(-,,x)", "a-x"),
    convert("strcmp", Type::Str, Type::Int, compare).takes(&[Kind::OtherVar], 1).example("str(b),set-var(txn.left),concat(c),strcmp(txn.left)", "1"),
    convert("param", Type::Str, Type::Str, |v, a, _| param(v, a)).takes(&[Kind::Str, Kind::Str], 1).prepare(|args, _| delimiter(args)).since("3.0").example("str(a=1;b=2),param(b,;)", "2"),
    convert("reverse", Type::Str, Type::Str, |v, _, _| Some(reverse(v))).since("3.4").example("str(example.com),reverse", "moc.elpmaxe"),
    convert("reverse_dom", Type::Str, Type::Str, |v, _, _| reverse_dom(&v.into_text())).since("3.4").example("str(mail.example.com.),reverse_dom", "com.example.mail"),
    convert("language", Type::Str, Type::Str, language).takes(&[Kind::Str, Kind::Str], 1).example("str('fr;q=0.8,es;q=0.9,en-US'),language(es;fr;en)", "en"),
];

/// Borrowed text stays borrowed where nothing changes.
fn case<'a>(value: Value<'a>, changes: fn(&u8) -> bool, change: fn(&mut [u8])) -> Value<'a> {
    let mut text = value.into_text();
    if text.iter().any(changes) {
        change(text.to_mut());
    }
    Value::Str(text)
}

/// A part of what may be borrowed.
fn slice(text: Cow<'_, [u8]>, start: usize, end: usize) -> Cow<'_, [u8]> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[start..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            text.drain(..start);
            Cow::Owned(text)
        }
    }
}

/// `bytes(offset,length)`: as much as is there. A variable that keeps some bytes of a text keeps a text, as in HAProxy.
fn bytes<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let is_text = matches!(value, Value::Str(_));
    let text = value.into_bytes();
    let number = |at| arg::int(args, at).and_then(|n| usize::try_from(n).ok());
    let start = number(0)?.min(text.len());
    let end = number(1).map_or(text.len(), |len| start.saturating_add(len).min(text.len()));
    let part = slice(text, start, end);
    Some(if is_text { Value::Str(part) } else { Value::Bin(part) })
}

fn numbered(args: &[Arg]) -> Result<(), String> {
    if arg::int(args, 0) == Some(0) {
        return Err("Unexpected value 0 for index".to_owned());
    }
    Ok(())
}

/// `field` and `word`: the parts between delimiters, counted from the first or, below zero, from the last. Words
/// are never empty. The third argument is how many, 0 for all that follow. A word that is not there is empty text, a
/// field that is not there is none.
fn parts<'a>(value: Value<'a>, args: &'a [Arg], words: bool) -> Option<Value<'a>> {
    let text = value.into_text();
    let (index, delimiters) = (arg::int(args, 0)?, arg::text(args, 1));
    let how_many = arg::int(args, 2).unwrap_or(1);
    let found = if index > 0 {
        span(&text, delimiters, words, index, how_many)
    } else {
        let backward: Vec<u8> = text.iter().rev().copied().collect();
        let span = span(&backward, delimiters, words, index.checked_neg()?, how_many);
        span.map(|(start, end)| (text.len() - end, text.len() - start))
    };
    let (start, end) = found.or(words.then_some((0, 0)))?;
    Some(Value::Str(slice(text, start, end)))
}

/// Where the parts `index` and following stand; up to the end if there are not so many.
fn span(text: &[u8], delimiters: &[u8], words: bool, index: i64, how_many: i64) -> Option<(usize, usize)> {
    let last = if how_many > 0 { index.saturating_add(how_many - 1) } else { i64::MAX };
    let (mut seen, mut start, mut at) = (0_i64, None, 0);
    for part in text.split(|byte| delimiters.contains(byte)) {
        let end = at + part.len();
        seen += i64::from(!(words && part.is_empty()));
        if seen == index && start.is_none() {
            start = Some(at);
        }
        if seen == last {
            return start.map(|start| (start, end));
        }
        at = end + 1;
    }
    start.map(|start| (start, text.len()))
}

fn trim<'a>(value: Value<'a>, left: &[u8], right: &[u8]) -> Value<'a> {
    let text = value.into_text();
    let start = text.iter().position(|byte| !left.contains(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !right.contains(byte)).map_or(start, |at| (at + 1).max(start));
    Value::Str(slice(text, start, end))
}

fn cut_crlf(value: Value<'_>) -> Value<'_> {
    let text = value.into_text();
    let end = memchr::memchr2(b'\r', b'\n', &text).unwrap_or(text.len());
    Value::Str(slice(text, 0, end))
}

/// `regsub(regex,replacement,flags)` with flags `g` and `i`.
fn compile(args: &mut Vec<Arg>) -> Result<(), String> {
    let flags = arg::text(args, 2).to_vec();
    if let Some(bad) = flags.iter().find(|flag| !matches!(flag, b'g' | b'i')) {
        return Err(format!("invalid regex flag '{}', only 'i' and 'g' are supported", char::from(*bad)));
    }
    let pattern = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let regex = crate::compile_regex(&pattern, flags.contains(&b'i'))?;
    args[0] = Arg::Regex(Arc::new(regex));
    args.truncate(2);
    args.push(Arg::Int(if flags.contains(&b'g') { 0 } else { 1 }));
    Ok(())
}

fn regsub<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let (Some(Arg::Regex(regex)), limit) = (args.first(), arg::int(args, 2)?) else { return None };
    let text = value.into_text();
    let limit = usize::try_from(limit).ok()?;
    Some(Value::made(crate::regex::replace(regex, &text, arg::text(args, 1), limit)))
}

/// `concat(start,var,end)`: a variable that is not set is nothing.
fn concat<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let mut text = value.into_text().into_owned();
    text.extend_from_slice(arg::text(args, 0));
    if let Some(value) = arg::var(args, 1).and_then(|var| txn.var(var)) {
        text.extend_from_slice(&value.into_text());
    }
    text.extend_from_slice(arg::text(args, 2));
    Some(Value::made(text))
}

fn something(args: &[Arg]) -> Result<(), String> {
    match arg::var(args, 1).is_some() || !arg::text(args, 2).is_empty() {
        true => Ok(()),
        false => Err("one of the optional arguments has to be nonempty".to_owned()),
    }
}

/// `add_item(delimiter,var,end)`: the delimiter only between what is there.
fn add_item<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let mut text = value.into_text().into_owned();
    let middle = arg::var(args, 1).and_then(|var| txn.var(var)).map(Value::into_text).unwrap_or_default();
    let end = arg::text(args, 2);
    let adds = !middle.is_empty() || !end.is_empty();
    if adds && !text.is_empty() {
        text.extend_from_slice(arg::text(args, 0));
    }
    text.extend_from_slice(&middle);
    text.extend_from_slice(end);
    Some(Value::made(text))
}

/// As strcmp(3): below zero if the sample comes before the variable. What differs is given, or how much longer it is.
fn compare<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let other = txn.var(arg::var(args, 0)?)?.into_text();
    let text = value.into_text();
    let differing = text.iter().zip(other.iter()).find(|(a, b)| a != b);
    let difference = match differing {
        Some((a, b)) => i64::from(*a) - i64::from(*b),
        None => i64::try_from(text.len()).ok()? - i64::try_from(other.len()).ok()?,
    };
    Some(Value::Int(difference.signum()))
}

fn delimiter(args: &[Arg]) -> Result<(), String> {
    match args.get(1).map(Arg::text) {
        Some(text) if text.len() != 1 => Err("delimiter must be a single character.".to_owned()),
        _ => Ok(()),
    }
}

/// `param(name,delimiter)`: the first parameter of that name; one without `=` is empty.
fn param<'a>(value: Value<'a>, args: &[Arg]) -> Option<Value<'a>> {
    let (name, delimiter) = (arg::text(args, 0), arg::text(args, 1).first().copied().unwrap_or(b'&'));
    let text = value.into_text();
    let mut start = 0;
    for part in text.split(|byte| *byte == delimiter) {
        match part.strip_prefix(name) {
            Some([b'=', found @ ..]) => {
                let (from, end) = (start + part.len() - found.len(), start + part.len());
                return Some(Value::Str(slice(text, from, end)));
            }
            Some([]) => return Some(Value::text(b"")),
            _ => start += part.len() + 1,
        }
    }
    None
}

/// Byte by byte.
fn reverse(value: Value<'_>) -> Value<'_> {
    let mut text = value.into_text().into_owned();
    text.reverse();
    Value::made(text)
}

/// The labels of a name from the last to the first; none may be empty, but for a dot at the end.
fn reverse_dom<'a>(name: &[u8]) -> Option<Value<'a>> {
    let name = name.strip_suffix(b".").unwrap_or(name);
    let labels: Vec<&[u8]> = name.rsplit(|byte| *byte == b'.').collect();
    labels.iter().all(|label| !label.is_empty()).then(|| Value::made(labels.join(&b'.')))
}

/// `language(a;b;c,default)`: what the client likes best of these; a variant may stand for its language.
fn language<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let text = value.into_text();
    let known: Vec<&[u8]> = arg::text(args, 0).split(|byte| *byte == b';').collect();
    let mut best: Option<(u32, &[u8])> = None;
    for wish in text.split(|byte| *byte == b',') {
        let (name, weight) = weighed(wish);
        let base = name.split(|byte| *byte == b'-').next().unwrap_or_default();
        let found = known.iter().find(|known| **known == name).or(known.iter().find(|known| **known == base));
        if let Some(found) = found
            && weight > best.map_or(0, |(weight, _)| weight)
        {
            best = Some((weight, found));
        }
    }
    let default = args.get(1).map(Arg::text);
    best.map(|(_, found)| found).or(default).map(Value::text)
}

/// A language, and its `q` in thousandths.
fn weighed(wish: &[u8]) -> (&[u8], u32) {
    let mut parts = wish.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
    let name = parts.next().unwrap_or_default();
    let weight = parts.find_map(|part| part.strip_prefix(b"q="));
    let thousandths = |text: &[u8]| {
        let digits = text.iter().filter(|byte| byte.is_ascii_digit()).chain(b"000").take(4);
        digits.fold(0, |number, digit| number * 10 + u32::from(digit - b'0'))
    };
    (name, weight.map_or(1000, thousandths))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 yields.
    #[rustfmt::skip]
    const CASES: &[(&str, Option<&str>)] = &[
        ("str(a.b.c),word(-1,.)", Some("c")),
        ("str(a.b.c),word(-1,.,2)", Some("b.c")),
        ("str(a.b.c),word(-1,.,0)", Some("a.b.c")),
        ("str(a.b.c),word(2,.,0)", Some("b.c")),
        ("str(a.b.c),word(4,.)", Some("")),
        ("str(a.b.c),field(4,.)", None),
        ("str(a.b.c.),field(4,.)", Some("")),
        ("str(a.b.c.),field(-1,.)", Some("")),
        ("str(.a..b.),word(1,.,2)", Some("a..b")),
        ("str(.a..b.),word(1,.,5)", Some("a..b.")),
        ("str(.a..b.),word(1,.,0)", Some("a..b.")),
        ("str(.a..b.),word(-1,.,0)", Some(".a..b")),
        ("str(.a..b.),word(-1,.,5)", Some(".a..b")),
        ("str(.a..b.),field(1,.,3)", Some(".a.")),
        ("str(.a..b.),field(2,.,9)", Some("a..b.")),
        ("str(.a..b.),field(-2,.,2)", Some(".b")),
        ("str(.a..b.),field(-2,.,9)", Some(".a..b")),
        ("str(a-b_c),word(2,-_)", Some("b")),
        ("str(abcabc),rtrim(cb)", Some("abca")),
        ("str(abcabc),ltrim(ab)", Some("cabc")),
        ("str(abc),bytes(5)", Some("")),
        ("str(abc),bytes(1,5)", Some("bc")),
        ("str(aXbXc),regsub(x,Y,gi)", Some("aYbYc")),
        ("str(aXbXc),regsub(Z,Q)", Some("aXbXc")),
        ("bin(616200),length", Some("2")),
        ("bin(616200),bytes(1),hex", Some("6200")),
        ("int(97),hex", Some("0000000000000061")),
        ("src,hex", Some("C0000207")),
        ("str(%41%zz),url_dec", None),
        ("str(YWJ),b64dec", None),
        ("str(YWJj=),b64dec", None),
        ("str(-_8),ub64dec,hex", Some("FBFF")),
        ("str(1g),hex2i", None),
        ("str(ffffffffffffffffff),hex2i", Some("-1")),
        ("int(-9223372036854775808),neg", Some("9223372036854775807")),
        ("int(-9223372036854775808),div(-1)", Some("9223372036854775807")),
        ("int(7),div(0)", Some("9223372036854775807")),
        ("int(7),mod(0)", Some("0")),
        ("int(4611686018427387904),mul(4)", Some("9223372036854775807")),
        ("str(2001:db8:1:2:3::1),ipmask(24,64)", Some("2001:db8:1:2::")),
        ("str(2001:db8::1),ipmask(24)", None),
        ("str([::1]:8),host_only", Some("[::1]")),
        ("str(h:),host_only", Some("h")),
        ("str(h),port_only", Some("0")),
    ];

    #[test]
    fn converters_yield_what_haproxys_do() {
        for (text, expected) in CASES {
            assert_eq!(evaluate(text, &World::sample()).as_deref(), *expected, "{text}");
        }
    }

    /// What the manual says.
    #[test]
    fn parameters_and_names_are_taken_apart() {
        for (text, expected) in [
            ("str(a=b&c=d&a=r),param(a)", Some("b")),
            ("str(a&b=c),param(a)", Some("")),
            ("str(a=&b&c=a),param(b)", Some("")),
            ("str(ab=1&a=2),param(a)", Some("2")),
            ("str(a=1;b=2;c=4),param(b)", None),
            ("query,param(y)", Some("2")),
            ("str(example.com),reverse_dom", Some("com.example")),
            ("str(a..b),reverse_dom", None),
            ("str(a..),reverse_dom", None),
            ("str(.a),reverse_dom", None),
            ("str(),reverse_dom", None),
        ] {
            assert_eq!(evaluate(text, &World::sample()).as_deref(), expected, "{text}");
        }
    }
}
