//! Hashes and checksums: not for secrets (configuration.txt 7.3.1).

use twox_hash::{XxHash3_64, XxHash32, XxHash64};

use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Type, Value};

const INT: &[Kind] = &[Kind::Int];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("crc32", Type::Bin, Type::Int, |v, a, _| short(v, a, |bytes| checksum(&CRC32, bytes))).takes(INT, 0).example("str(abc),crc32", "891568578"),
    convert("crc32c", Type::Bin, Type::Int, |v, a, _| short(v, a, |bytes| checksum(&CRC32C, bytes))).takes(INT, 0).example("str(abc),crc32c(1)", "1285784220"),
    convert("djb2", Type::Bin, Type::Int, |v, a, _| short(v, a, djb2)).takes(INT, 0).example("str(abc),djb2(1)", "2235766107"),
    convert("sdbm", Type::Bin, Type::Int, |v, a, _| short(v, a, sdbm)).takes(INT, 0).example("str(abc),sdbm", "807794786"),
    convert("xxh32", Type::Bin, Type::Int, |v, a, _| xxh32(v, a)).takes(INT, 0).example("str(abc),xxh32(5)", "1562728233"),
    convert("xxh64", Type::Bin, Type::Int, |v, a, _| long(v, a, XxHash64::oneshot)).takes(INT, 0).example("str(abc),xxh64(7)", "-7028621457359472937"),
    convert("xxh3", Type::Bin, Type::Int, |v, a, _| long(v, a, XxHash3_64::oneshot_with_seed)).takes(INT, 0).example("str(abc),xxh3(7)", "5260018501835528466"),
];

/// A hash of 32 bits, spread over all of them if the argument asks for that.
fn short<'a>(value: Value<'a>, args: &[Arg], hash: fn(&[u8]) -> u32) -> Option<Value<'a>> {
    let hash = hash(&value.into_bytes());
    let spread = arg::int(args, 0).is_some_and(|n| n != 0);
    Some(Value::Int(i64::from(if spread { avalanche(hash) } else { hash })))
}

/// A hash of 64 bits with a seed.
fn long<'a>(value: Value<'a>, args: &[Arg], hash: fn(u64, &[u8]) -> u64) -> Option<Value<'a>> {
    let seed = arg::int(args, 0).unwrap_or(0).cast_unsigned();
    Some(Value::Int(hash(seed, &value.into_bytes()).cast_signed()))
}

fn xxh32<'a>(value: Value<'a>, args: &[Arg]) -> Option<Value<'a>> {
    let [_, _, _, _, seed @ ..] = arg::int(args, 0).unwrap_or(0).to_be_bytes();
    Some(Value::Int(i64::from(XxHash32::oneshot(u32::from_be_bytes(seed), &value.into_bytes()))))
}

const CRC32: [u32; 256] = table(0xedb8_8320);
const CRC32C: [u32; 256] = table(0x82f6_3b78);

/// What each byte does to a checksum of this polynomial, lowest bit first.
const fn table(polynomial: u32) -> [u32; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let (mut entry, mut bit) = (byte as u32, 0);
        while bit < 8 {
            entry = if entry & 1 == 1 { entry >> 1 ^ polynomial } else { entry >> 1 };
            bit += 1;
        }
        table[byte] = entry;
        byte += 1;
    }
    table
}

fn checksum(table: &[u32; 256], bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| sum >> 8 ^ table[((sum ^ u32::from(*byte)) & 255) as usize])
}

/// Bernstein's hash.
fn djb2(bytes: &[u8]) -> u32 {
    bytes.iter().fold(5381, |hash: u32, byte| hash.wrapping_mul(33).wrapping_add(u32::from(*byte)))
}

/// The hash of the sdbm database.
fn sdbm(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |hash: u32, byte| hash.wrapping_mul(65_599).wrapping_add(u32::from(*byte)))
}

/// Jenkins' full avalanche: every bit of the input changes every bit of the output half of the time.
fn avalanche(hash: u32) -> u32 {
    let hash = hash.wrapping_add(0x7ed5_5d16).wrapping_add(hash << 12);
    let hash = hash ^ 0xc761_c23c ^ hash >> 19;
    let hash = hash.wrapping_add(0x1656_67b1).wrapping_add(hash << 5);
    let hash = hash.wrapping_add(0xd3a2_646c) ^ hash << 9;
    let hash = hash.wrapping_add(0xfd70_46c5).wrapping_add(hash << 3);
    // the lowest bits of what comes out reach the highest, too
    (hash ^ 0xb55a_4f09 ^ hash >> 16).wrapping_mul(0xc000_0001)
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    /// What HAProxy 2.6 yields.
    #[test]
    fn hashes_are_haproxys() {
        for (expr, expected) in [
            ("str(abc),crc32(1)", "930845320"),
            ("str(abc),crc32(-1)", "930845320"),
            ("str(q),crc32(1)", "1561354067"),
            ("str(abc),crc32c", "910901175"),
            ("str(abc),djb2", "193485963"),
            ("str(abcd),djb2(1)", "1062536028"),
            ("str(abcde),sdbm(1)", "908673264"),
            ("str(abc),xxh32", "852579327"),
            ("str(abc),xxh64", "4952883123889572249"),
            ("str(abc),xxh3", "8696274497037089104"),
        ] {
            assert_eq!(evaluate(expr, &World::sample()).as_deref(), Some(expected), "{expr}");
        }
    }
}
