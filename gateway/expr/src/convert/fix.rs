//! Messages of the Financial Information eXchange, the first of what was sent (configuration.txt 7.3.1,
//! `fix_is_valid`, `fix_tag_value`).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("fix_is_valid", Type::Bin, Type::Bool, |v, _, _| is_valid(&v.into_bytes()).map(Value::Bool)).example("bin(383d4649582e342e3201393d350133353d410131303d31373801),fix_is_valid", "1"),
    convert("fix_tag_value", Type::Bin, Type::Bin, |v, a, _| tag_value(&v.into_bytes(), a)).takes(&[Kind::Str], 1).prepare(|args, _| number(args)).example("bin(383d4649582e342e3201393d350133353d410131303d31373801),fix_tag_value(MsgType)", "A"),
];

/// What stands behind every field.
const END: u8 = 1;
/// The shortest message that has all that it must have.
const SHORTEST: usize = b"8=FIX.4.2|9=5|35=A|10=178|".len();

const BEGIN_STRING: i64 = 8;
const BODY_LENGTH: i64 = 9;
const CHECK_SUM: i64 = 10;
const MSG_TYPE: i64 = 35;

/// The tags that have names, in any case.
#[rustfmt::skip]
const NAMES: &[(&str, i64)] = &[
    ("BeginString", BEGIN_STRING), ("BodyLength", BODY_LENGTH), ("CheckSum", CHECK_SUM), ("MsgType", MSG_TYPE),
    ("SenderCompID", 49), ("TargetCompID", 56),
];

const VERSIONS: &[&[u8]] = &[b"FIX.4.0", b"FIX.4.1", b"FIX.4.2", b"FIX.4.3", b"FIX.4.4", b"FIXT.1.1"];

fn number(args: &mut [Arg]) -> Result<(), String> {
    let name = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let named = NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(&name)).map(|(_, tag)| *tag);
    let tag = named.or_else(|| tag_of(name.as_bytes()));
    args[0] = Arg::Int(tag.ok_or_else(|| format!("Unknown FIX tag name '{name}'"))?);
    Ok(())
}

/// A tag: a number above zero.
fn tag_of(digits: &[u8]) -> Option<i64> {
    decimal(digits).filter(|tag| *tag > 0)
}

fn decimal(digits: &[u8]) -> Option<i64> {
    let all = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    all.then(|| std::str::from_utf8(digits).ok()?.parse().ok()).flatten()
}

/// A field, and how far into the message it begins and ends.
struct Field<'a> {
    tag: Option<i64>,
    value: &'a [u8],
    start: usize,
    end: usize,
}

/// The fields that have come whole.
fn fields(message: &[u8]) -> impl Iterator<Item = Field<'_>> {
    let mut start = 0;
    std::iter::from_fn(move || {
        let rest = &message[start..];
        let equals = memchr::memchr(b'=', rest)?;
        let length = memchr::memchr(END, &rest[equals..])?;
        let end = start + equals + length + 1;
        let value = &rest[equals + 1..equals + length];
        let field = Field { tag: tag_of(&rest[..equals]), value, start, end };
        start = end;
        Some(field)
    })
}

/// Nothing while more must come to tell.
fn is_valid(message: &[u8]) -> Option<bool> {
    if message.len() < SHORTEST {
        return None;
    }
    let (mut body, mut length) = (0, None);
    for (place, field) in fields(message).enumerate() {
        let right = match (place, field.tag) {
            (0, Some(BEGIN_STRING)) => VERSIONS.contains(&field.value),
            (1, Some(BODY_LENGTH)) => {
                (body, length) = (field.end, decimal(field.value));
                length.is_some()
            }
            (2, Some(MSG_TYPE)) => true,
            (0..=2, _) | (_, None) => false,
            (_, Some(CHECK_SUM)) => {
                let come = i64::try_from(field.start - body).ok();
                return Some(length == come && sums_up(&message[..field.start], field.value));
            }
            (_, Some(_)) => true,
        };
        if !right {
            return Some(false);
        }
    }
    None
}

/// The sum of all bytes in front of the checksum, in three digits.
fn sums_up(bytes: &[u8], digits: &[u8]) -> bool {
    let sum = bytes.iter().fold(0, |sum: u8, byte| sum.wrapping_add(*byte));
    digits == format!("{sum:03}").as_bytes()
}

/// The value of the first field with this tag, whether or not the rest is in order.
fn tag_value(message: &[u8], args: &[Arg]) -> Option<Value<'static>> {
    let wanted = arg::int(args, 0)?;
    for field in fields(message) {
        match field.tag? {
            tag if tag == wanted => return Some(Value::Bin(field.value.to_vec().into())),
            CHECK_SUM => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(text: &str) -> Vec<u8> {
        text.replace('|', "\u{1}").into_bytes()
    }

    /// What HAProxy 2.6 says of the same messages.
    #[test]
    fn messages_are_valid_where_haproxy_says_so() {
        for (text, expected) in [
            ("8=FIX.4.2|9=42|35=A|49=SENDER|56=TARGET|34=1|98=0|108=30|10=174|", Some(true)),
            ("8=FIXT.1.1|9=15|35=A|49=SENDER|10=159|", Some(true)),
            ("8=FIX.5.0|9=15|35=A|49=SENDER|10=078|", Some(false)),
            ("8=FIX.4.5|9=15|35=A|49=SENDER|10=082|", Some(false)),
            ("8=FIX.4.2|9=15|35=A|49=SENDER|10=000|", Some(false)),
            ("8=FIX.4.2|9=5|35=A|10=434|", Some(false)),
            ("8=FIX.4.2|9=5|35=A|10=0178|", Some(false)),
            ("8=FIX.4.2|9=9|35=A|49=SENDER|10=034|", Some(false)),
            ("8=FIX.4.2|9=15|49=SENDER|35=A|10=079|", Some(false)),
            ("8=FIX.4.2|9=9|35=A|49=|10=097|", Some(true)),
            ("8=FIX.4.2|9=8|35=A|=x|10=107|", Some(false)),
            ("8=FIX.4.2|9=9|35=A|a=x|10=205|", Some(false)),
            ("8=FIX.4.2|9=9|35=A|0=a|10=133|", Some(false)),
            ("8=FIX.4.2|9=015|35=A|49=SENDER|10=127|", Some(true)),
            ("8=FIX.4.2|9=15|35=A|49=SENDER|10=079|8=FIX", Some(true)),
            ("8=FIX.4.2|9=15|35=A|49=SENDER|10=079", None),
            ("8=FIX.9.9|9=50|", None),
            ("8=FIX.9.9|9=50|35=A|49=SENDERSENDERSENDER|", Some(false)),
            ("8=FIX.4.2|9=50|35=A|49=SENDERSENDERSENDER|", None),
            ("8=FIX.4.2|9=x|35=A|49=SENDERSENDERSENDER|", Some(false)),
            ("GET / HTTP/1.1 aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa|x|", None),
            ("", None),
        ] {
            assert_eq!(is_valid(&message(text)), expected, "{text}");
        }
    }

    #[test]
    fn values_are_found_up_to_the_checksum_or_what_is_no_tag() {
        let value = |text: &str, tag| {
            let found = tag_value(&message(text), &[Arg::Int(tag)])?;
            Some(String::from_utf8(found.into_bytes().into_owned()).unwrap())
        };
        assert_eq!(value("8=FIX.4.2|9=17|35=A|49=S1|49=S2|10=068|", 49).as_deref(), Some("S1"));
        assert_eq!(value("8=FIX.4.2|9=12|35=A|58=a=b|10=139|", 58).as_deref(), Some("a=b"));
        assert_eq!(value("8=FIX.4.2|9=11|35=A|058=a|10=027|", 58).as_deref(), Some("a"));
        assert_eq!(value("8=FIX.4.2|9=9|35=A|a=x|10=205|", 10), None);
        assert_eq!(value("8=FIX.4.2|9=9|35=A|10=205|49=x|", 49), None);
        assert_eq!(value("8=FIX.4.2", 8), None);
    }

    #[test]
    fn tags_are_numbers_or_known_names() {
        let read = |text: &str| number(&mut [Arg::Str(text.into())]);
        assert!(["msgtype", "35", "058"].iter().all(|text| read(text).is_ok()));
        assert_eq!(read("0"), Err("Unknown FIX tag name '0'".to_owned()));
        assert!(["", "-4", "4x", "TargetComID"].iter().all(|text| read(text).is_err()));
    }
}
