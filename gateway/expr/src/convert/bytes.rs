//! Bytes as numbers, and numbers as bytes (configuration.txt 7.3.1).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Type, Value};

const CHUNKS: &[Kind] = &[Kind::Str, Kind::Int, Kind::Int];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("be2dec", Type::Bin, Type::Str, |v, a, _| chunks(v, a, decimal)).takes(CHUNKS, 1).prepare(|args, _| sizes(args, 8)).example("bin(01020304050607),be2dec(:,2)", "258:772:1286:7"),
    convert("be2hex", Type::Bin, Type::Str, |v, a, _| chunks(v, a, hexadecimal)).takes(CHUNKS, 1).prepare(|args, _| sizes(args, i64::MAX)).example("bin(01020304050607),be2hex(--,2,1)", "0102--0304--0506"),
    convert("le2dec", Type::Bin, Type::Str, |v, a, _| chunks(v, a, backward)).takes(CHUNKS, 1).prepare(|args, _| sizes(args, 8)).since("3.2").example("bin(01020304050607),le2dec(:,2)", "513:1027:1541:7"),
    convert("base2", Type::Bin, Type::Str, |v, _, _| Some(base2(&v.into_bytes()))).since("3.2").example("bin(05ff),base2", "0000010111111111"),
    convert("htonl", Type::Int, Type::Bin, |v, _, _| htonl(&v)).example("int(-5),htonl,hex", "FFFFFFFB"),
];

fn sizes(args: &[Arg], most: i64) -> Result<(), String> {
    let size = arg::int(args, 1);
    match size {
        Some(size) if most == 8 && !(1..=most).contains(&size) => {
            return Err(format!("chunk_size out of [1..{most}] range ({size})"));
        }
        Some(size) if size < 1 => return Err(format!("chunk_size needs to be positive ({size})")),
        None if !arg::text(args, 0).is_empty() => {
            return Err(match most {
                8 => "chunk_size out of [1..8] range (0)".to_owned(),
                _ => "chunk_size needs to be positive (0)".to_owned(),
            });
        }
        _ => {}
    }
    match arg::int(args, 2) {
        None | Some(0 | 1) => Ok(()),
        Some(other) => Err(format!("Unsupported truncate value ({other})")),
    }
}

/// Some bytes at a time, with a separator between; what is left is left out if it is asked for.
fn chunks<'a>(value: Value<'a>, args: &[Arg], write: fn(&[u8], &mut Vec<u8>)) -> Option<Value<'a>> {
    let bytes = value.into_bytes();
    let size = arg::int(args, 1).and_then(|size| usize::try_from(size).ok()).unwrap_or(1).max(1);
    let whole = arg::int(args, 2) == Some(1);
    let mut out = Vec::with_capacity(bytes.len() * 2);
    for chunk in bytes.chunks(size).filter(|chunk| !whole || chunk.len() == size) {
        if !out.is_empty() {
            out.extend_from_slice(arg::text(args, 0));
        }
        write(chunk, &mut out);
    }
    Some(Value::made(out))
}

fn decimal(chunk: &[u8], out: &mut Vec<u8>) {
    let number = chunk.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    out.extend(number.to_string().into_bytes());
}

/// The same for a number whose lowest byte comes first.
fn backward(chunk: &[u8], out: &mut Vec<u8>) {
    let number = chunk.iter().rev().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
    out.extend(number.to_string().into_bytes());
}

/// Eight digits for each byte.
fn base2<'a>(bytes: &[u8]) -> Value<'a> {
    let digits = |byte: &u8| [7, 6, 5, 4, 3, 2, 1, 0].map(|bit| b'0' + (byte >> bit & 1));
    Value::made(bytes.iter().flat_map(digits).collect())
}

fn hexadecimal(chunk: &[u8], out: &mut Vec<u8>) {
    chunk.iter().for_each(|byte| out.extend(format!("{byte:02X}").into_bytes()));
}

fn htonl<'a>(value: &Value<'a>) -> Option<Value<'a>> {
    let [_, _, _, _, low @ ..] = value.to_int()?.to_be_bytes();
    Some(Value::Bin(low.to_vec().into()))
}
