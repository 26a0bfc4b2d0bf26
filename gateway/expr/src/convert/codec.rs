//! Encodings: hexadecimal, base64, percent (configuration.txt 7.3.1).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

pub(super) const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
pub(super) const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("hex", Type::Bin, Type::Str, hex).example("str(abc),hex", "616263"),
    convert("hex2i", Type::Str, Type::Int, hex2i).example("str(0A0b),hex2i", "2571"),
    convert("base64", Type::Bin, Type::Str, |v, _, _| Some(Value::made(encode(&v.into_bytes(), STANDARD, true)))).example("str(abcd),base64", "YWJjZA=="),
    convert("b64dec", Type::Str, Type::Bin, |v, _, _| Some(v.into_text()).filter(|text| text.len().is_multiple_of(4)).and_then(|text| decode(&text, STANDARD)).map(|bytes| Value::Bin(bytes.into()))).example("str(YWJjZA==),b64dec", "abcd"),
    convert("ub64enc", Type::Bin, Type::Str, |v, _, _| Some(Value::made(encode(&v.into_bytes(), URL_SAFE, false)))).example("str(a?>d),ub64enc", "YT8-ZA"),
    convert("ub64dec", Type::Str, Type::Bin, |v, _, _| decode(&v.into_text(), URL_SAFE).map(|bytes| Value::Bin(bytes.into()))).example("str(YT8-ZA),ub64dec", "a?>d"),
    convert("url_dec", Type::Str, Type::Str, url_dec).takes(&[Kind::Int], 0).example("str(a%20b+c?d+e),url_dec", "a b+c?d e"),
    convert("url_enc", Type::Str, Type::Str, url_enc).takes(&[Kind::Str], 1).prepare(|args, _| encoding(args)).example("str(a b/c?d),url_enc", "a%20b%2Fc%3Fd"),
];

fn hex<'a>(value: Value<'a>, _: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let digits = |byte: &u8| [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]];
    Some(Value::made(value.into_bytes().iter().flat_map(digits).collect()))
}

/// The bytes of pairs of hexadecimal digits.
pub(crate) fn unhex(digits: &[u8]) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) {
        return None;
    }
    digits.chunks_exact(2).map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?)).collect()
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

fn hex2i<'a>(value: Value<'a>, _: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let text = value.into_text();
    let add = |n: i64, byte: &u8| digit(*byte).map(|digit| n.wrapping_shl(4) | i64::from(digit));
    text.iter().try_fold(0_i64, add).map(Value::Int)
}

pub(super) fn encode(bytes: &[u8], alphabet: &[u8; 64], pad: bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |i: usize| u32::from(chunk.get(i).copied().unwrap_or(0));
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            if place <= chunk.len() {
                out.push(alphabet[(bits >> (18 - 6 * place) & 63) as usize]);
            } else if pad {
                out.push(b'=');
            }
        }
    }
    out
}

/// Nothing if a byte is not of the alphabet.
pub(super) fn decode(text: &[u8], alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = &text[..text.len() - padding];
    if padding > 2 || text.len() % 4 == 1 {
        return None;
    }
    let mut out = Vec::with_capacity(text.len() / 4 * 3 + 2);
    for chunk in text.chunks(4) {
        let mut bits = 0;
        for place in 0..4 {
            let sextet = match chunk.get(place) {
                Some(byte) => memchr::memchr(*byte, alphabet)?,
                None => 0,
            };
            bits = bits << 6 | u32::try_from(sextet).ok()?;
        }
        let [_, bytes @ ..] = bits.to_be_bytes();
        out.extend_from_slice(&bytes[..chunk.len() - 1]);
    }
    Some(out)
}

/// The bytes of a base64 text.
pub(crate) fn unbase64(text: &[u8]) -> Option<Vec<u8>> {
    decode(text, STANDARD)
}

/// `url_dec(in_form)`: a plus is a space behind a question mark, or everywhere in a form.
fn url_dec<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let text = value.into_text();
    let mut form = arg::int(args, 0).is_some_and(|n| n != 0);
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        at += 1;
        match byte {
            b'+' if form => out.push(b' '),
            b'%' => {
                let decoded = unhex(text.get(at..at + 2)?)?;
                out.extend(decoded);
                at += 2;
            }
            b'?' => {
                form = true;
                out.push(b'?');
            }
            other => out.push(*other),
        }
    }
    Some(Value::made(out))
}

fn encoding(args: &[Arg]) -> Result<(), String> {
    match arg::text(args, 0) {
        b"" | b"query" => Ok(()),
        _ => Err("Unexpected encode type. Allowed value is 'query'".to_owned()),
    }
}

/// Everything but letters, digits and `-._~` becomes `%XX`.
fn url_enc<'a>(value: Value<'a>, _: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let text = value.into_text();
    let mut out = Vec::with_capacity(text.len());
    for byte in text.iter() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(*byte),
            other => out.extend(format!("%{other:02X}").into_bytes()),
        }
    }
    Some(Value::made(out))
}
