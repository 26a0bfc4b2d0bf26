//! Fields of Protocol Buffers messages, bare or within gRPC (configuration.txt 7.3.1).

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

const FIELD: &[Kind] = &[Kind::Field, Kind::Str];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("protobuf", Type::Bin, Type::Any, |v, a, _| find(&v.into_bytes(), a)).takes(FIELD, 1).prepare(|args, _| read(args)).example("bin(0a02686910960132020814),protobuf(6.1,int32)", "20"),
    convert("ungrpc", Type::Bin, Type::Any, ungrpc).takes(FIELD, 1).prepare(|args, _| read(args)).example("bin(00000000070a0568656c6c6f),ungrpc(1)", "hello"),
];

/// How a field lies on the wire.
const VARINT: u64 = 0;
const LONG: u64 = 1;
const LENGTH: u64 = 2;
const SHORT: u64 = 5;

/// The types by name, with how they lie on the wire.
#[rustfmt::skip]
const TYPES: &[(&str, u64)] = &[
    ("int32", VARINT), ("uint32", VARINT), ("sint32", VARINT), ("int64", VARINT), ("uint64", VARINT), ("sint64", VARINT),
    ("bool", VARINT), ("enum", VARINT), ("fixed64", LONG), ("sfixed64", LONG), ("double", LONG),
    ("string", LENGTH), ("bytes", LENGTH), ("embedded", LENGTH), ("fixed32", SHORT), ("sfixed32", SHORT), ("float", SHORT),
];

/// The type is known.
fn read(args: &[Arg]) -> Result<(), String> {
    let kind = String::from_utf8_lossy(arg::text(args, 1)).into_owned();
    match kind.is_empty() || TYPES.iter().any(|(known, _)| *known == kind) {
        true => Ok(()),
        false => Err(format!("Wrong protocol buffer type '{kind}'")),
    }
}

/// A message behind five bytes: a flag for compression, and its length.
fn ungrpc<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let bytes = value.into_bytes();
    let (head, message) = bytes.split_at_checked(5)?;
    let length = u32::from_be_bytes(head[1..].try_into().ok()?);
    // a message that was cut off is looked through as far as it goes
    let length = usize::try_from(length).ok()?.min(message.len());
    find(&message[..length], args)
}

/// The field of these numbers, each within the one before.
fn find<'a>(message: &[u8], args: &[Arg]) -> Option<Value<'a>> {
    let mut inside = message;
    let numbers = arg::fields(arg::text(args, 0))?;
    let (last, outer) = numbers.split_last()?;
    for number in outer {
        let (LENGTH, content) = field(inside, *number)? else { return None };
        inside = content;
    }
    let (wire, content) = field(inside, *last)?;
    let kind = arg::text(args, 1);
    match TYPES.iter().find(|(known, _)| known.as_bytes() == kind) {
        None => Some(Value::Bin(content.to_vec().into())),
        Some((_, expected)) if *expected != wire => None,
        Some((_, LENGTH)) => Some(Value::Bin(content.to_vec().into())),
        Some((kind, _)) => number(kind, content).map(Value::Int),
    }
}

/// The first field of a number: how it lies on the wire, and its content.
fn field(mut message: &[u8], wanted: u64) -> Option<(u64, &[u8])> {
    while !message.is_empty() {
        let key = varint(&mut message)?;
        let (number, wire) = (key >> 3, key & 7);
        let content = match wire {
            VARINT => {
                let before = message;
                varint(&mut message)?;
                &before[..before.len() - message.len()]
            }
            LONG => message.split_off(..8)?,
            SHORT => message.split_off(..4)?,
            LENGTH => {
                let length = usize::try_from(varint(&mut message)?).ok()?;
                message.split_off(..length)?
            }
            _ => return None,
        };
        if number == wanted {
            return Some((wire, content));
        }
    }
    None
}

/// Seven bits in each byte, the lowest first.
fn varint(message: &mut &[u8]) -> Option<u64> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *message.split_off_first()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}

/// Numbers with a point lose what is behind it.
#[expect(clippy::cast_possible_truncation, reason = "HAProxy's samples are whole numbers")]
fn number(kind: &str, mut content: &[u8]) -> Option<i64> {
    Some(match kind {
        "sint32" | "sint64" => {
            let number = varint(&mut content)?;
            (number >> 1).cast_signed() ^ -((number & 1).cast_signed())
        }
        "double" => f64::from_le_bytes(content.try_into().ok()?) as i64,
        "float" => f32::from_le_bytes(content.try_into().ok()?) as i64,
        "fixed64" | "sfixed64" => i64::from_le_bytes(content.try_into().ok()?),
        "fixed32" => i64::from(u32::from_le_bytes(content.try_into().ok()?)),
        "sfixed32" => i64::from(i32::from_le_bytes(content.try_into().ok()?)),
        _ => varint(&mut content)?.cast_signed(),
    })
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    const MESSAGE: &str =
        "0a0568656c6c6f10960118ffffffffffffffffff0121000000000000f83f2d0000803f3204080a1014";

    /// What HAProxy 2.6 yields.
    #[test]
    fn fields_are_found_as_in_haproxy() {
        for (args, expected) in [
            ("1", Some("hello")),
            ("2,int32", Some("150")),
            ("3,int64", Some("-1")),
            ("2,sint32", Some("75")),
            ("4,double", Some("1")),
            ("5,fixed32", Some("1065353216")),
            ("5,float", Some("1")),
            ("6.2,int32", Some("20")),
            ("6.3,int32", None),
            ("9", None),
            ("2,bool", Some("150")),
            ("3,uint32", Some("-1")),
        ] {
            let found = evaluate(&format!("bin({MESSAGE}),protobuf({args})"), &World::sample());
            assert_eq!(found.as_deref(), expected, "{args}");
        }
        assert_eq!(
            evaluate(&format!("bin({MESSAGE}),protobuf(2),hex"), &World::sample()).as_deref(),
            Some("9601")
        );
        assert_eq!(evaluate("bin(0000000007),ungrpc(1)", &World::sample()), None);
    }
}
