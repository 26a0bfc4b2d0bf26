//! Digests and message authentication (configuration.txt 7.3.1). Names are OpenSSL's, in any case.

use aws_lc_rs::digest::{self, digest};
use md5::Digest as _;

use super::codec::{STANDARD, decode};
use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Scope, Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("sha1", Type::Bin, Type::Bin, |v, _, _| Some(made(hash("sha1", &v.into_bytes())?))).example("str(abc),sha1,hex", "A9993E364706816ABA3E25717850C26C9CD0D89D"),
    convert("sha2", Type::Bin, Type::Bin, sha2).takes(&[Kind::Int], 0).prepare(|args, _| bits(args)).example("str(abc),sha2,hex", "BA7816BF8F01CFEA414140DE5DAE2223B00361A396177A9CB410FF61F20015AD"),
    convert("digest", Type::Bin, Type::Bin, |v, a, _| Some(made(hash(name(a)?, &v.into_bytes())?))).takes(&[Kind::Str], 1).prepare(|args, _| algorithm(args)).example("str(abc),digest(md5),hex", "900150983CD24FB0D6963F7D28E17F72"),
    convert("hmac", Type::Bin, Type::Bin, hmac).takes(&[Kind::Str, Kind::Str], 2).prepare(|args, given| keyed(args, given.scope)).example("str(abc),hmac(sha256,a2V5),hex", "9C196E32DC0175F86F4B1CB89289D6619DE6BEE699E4C378E68309ED97A1A6AB"),
    convert("secure_memcmp", Type::Bin, Type::Bool, same).takes(&[Kind::OtherVar], 1).example("str(a),set-var(txn.same),secure_memcmp(txn.same)", "1"),
];

fn made<'a>(bytes: Vec<u8>) -> Value<'a> {
    Value::Bin(bytes.into())
}

/// (its names at OpenSSL in lower case, what computes it, the size of its blocks).
#[rustfmt::skip]
const DIGESTS: &[(&[&str], &digest::Algorithm, usize)] = &[
    (&["sha1", "sha-1", "ssl3-sha1"], &digest::SHA1_FOR_LEGACY_USE_ONLY, 64),
    (&["sha224", "sha-224", "sha2-224"], &digest::SHA224, 64),
    (&["sha256", "sha-256", "sha2-256"], &digest::SHA256, 64),
    (&["sha384", "sha-384", "sha2-384"], &digest::SHA384, 128),
    (&["sha512", "sha-512", "sha2-512"], &digest::SHA512, 128),
    (&["sha512-256", "sha-512/256", "sha2-512/256"], &digest::SHA512_256, 128),
    (&["sha3-256"], &digest::SHA3_256, 136),
    (&["sha3-384"], &digest::SHA3_384, 104),
    (&["sha3-512"], &digest::SHA3_512, 72),
];

/// MD5's, too.
fn block_size(name: &str) -> Option<usize> {
    if is_md5(name) {
        return Some(64);
    }
    known(name).map(|(_, block)| block)
}

fn known(name: &str) -> Option<(&'static digest::Algorithm, usize)> {
    let is = |known: &&str| known.eq_ignore_ascii_case(name);
    DIGESTS.iter().find(|(names, ..)| names.iter().any(is)).map(|row| (row.1, row.2))
}

fn is_md5(name: &str) -> bool {
    name.eq_ignore_ascii_case("md5") || name.eq_ignore_ascii_case("ssl3-md5")
}

fn hash(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    if is_md5(name) {
        return Some(md5::Md5::digest(bytes).to_vec());
    }
    known(name).map(|(algorithm, _)| digest(algorithm, bytes).as_ref().to_vec())
}

fn name(args: &[Arg]) -> Option<&str> {
    std::str::from_utf8(arg::text(args, 0)).ok()
}

fn algorithm(args: &[Arg]) -> Result<(), String> {
    match name(args).and_then(block_size) {
        Some(_) => Ok(()),
        None => Err("algorithm must be a valid OpenSSL message digest name.".to_owned()),
    }
}

fn bits(args: &[Arg]) -> Result<(), String> {
    match arg::int(args, 0) {
        None | Some(224 | 256 | 384 | 512) => Ok(()),
        Some(other) => Err(format!("Unsupported number of bits: '{other}'")),
    }
}

fn sha2<'a>(value: Value<'a>, args: &'a [Arg], _: &dyn Txn) -> Option<Value<'a>> {
    let algorithm = match arg::int(args, 0) {
        Some(224) => &digest::SHA224,
        Some(384) => &digest::SHA384,
        Some(512) => &digest::SHA512,
        _ => &digest::SHA256,
    };
    Some(made(digest(algorithm, &value.into_bytes()).as_ref().to_vec()))
}

/// An argument that is a variable's name, or base64: what it holds is kept.
pub(super) fn secret(args: &mut [Arg], at: usize, what: &str, scope: &Scope<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(arg::text(args, at)).into_owned();
    args[at] = match (scope.name_var(&text), decode(text.as_bytes(), STANDARD)) {
        (Ok(var), _) => Arg::Var(var),
        (Err(_), Some(bytes)) if text.len().is_multiple_of(4) => Arg::Str(bytes),
        (Err(_), _) => {
            return Err(format!(
                "failed to parse {what} : argument needs to be base64 encoded, and can either be a string or a variable"
            ));
        }
    };
    Ok(())
}

/// What such an argument stands for; variables hold base64, too.
pub(super) fn revealed(args: &[Arg], at: usize, txn: &dyn Txn) -> Option<Vec<u8>> {
    match arg::var(args, at) {
        Some(var) => decode(&txn.var(var)?.into_text(), STANDARD),
        None => Some(arg::text(args, at).to_vec()),
    }
}

fn keyed(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    algorithm(args)?;
    secret(args, 1, "key", scope)
}

fn hmac<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let key = revealed(args, 1, txn)?;
    authenticate(name(args)?, &key, &value.into_bytes()).map(made)
}

/// RFC 2104, over any digest.
pub(super) fn authenticate(name: &str, key: &[u8], message: &[u8]) -> Option<Vec<u8>> {
    let size = block_size(name)?;
    let key = if key.len() > size { hash(name, key)? } else { key.to_vec() };
    let padded = |mask: u8| (0..size).map(|at| key.get(at).copied().unwrap_or(0) ^ mask).collect::<Vec<u8>>();
    let mut inner = padded(0x36);
    inner.extend_from_slice(message);
    let mut outer = padded(0x5c);
    outer.extend(hash(name, &inner)?);
    hash(name, &outer)
}

/// Takes the same time wherever two values of one length differ.
fn same<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let other = txn.var(arg::var(args, 0)?)?.into_bytes();
    let equal = aws_lc_rs::constant_time::verify_slices_are_equal(&value.into_bytes(), &other).is_ok();
    Some(Value::Bool(equal))
}
