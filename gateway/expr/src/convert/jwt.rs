//! JSON Web Tokens in three parts (configuration.txt 7.3.1, RFC 7515).

use std::borrow::Cow;
use std::path::Path;

use aws_lc_rs::signature::{self, UnparsedPublicKey, VerificationAlgorithm};

use super::codec::{STANDARD, URL_SAFE, decode};
use super::{Convert, Given, convert, crypto, json};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("jwt_header_query", Type::Bin, Type::Any, |v, a, _| part(v, a, 0)).takes(json::QUERY, 0).prepare(|args, _| json::output(args)).example("str(eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2ln),jwt_header_query($.alg)", "HS256"),
    convert("jwt_payload_query", Type::Bin, Type::Any, |v, a, _| part(v, a, 1)).takes(json::QUERY, 0).prepare(|args, _| json::output(args)).example("str(eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.c2ln),jwt_payload_query($.sub)", "joe"),
    convert("jwt_verify", Type::Bin, Type::Int, verify).takes(&[Kind::Str, Kind::Str], 2).prepare(load).example("str(eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ.5B6XKd2w5xrfGHwZJ_VisE9Su1EQayejNryeI-xV9u4),jwt_verify(HS256,key)", "1"),
];

/// What `jwt_verify` says besides right and wrong.
const UNKNOWN_ALGORITHM: i64 = -1;
const INVALID_TOKEN: i64 = -3;
const UNKNOWN_CERTIFICATE: i64 = -5;

/// The largest file with a key that is read.
pub(super) const MAX_KEY: u64 = 1 << 20;

/// How a token is signed.
enum Signing {
    None,
    /// With a secret, by this digest.
    Secret(&'static str),
    Public(&'static dyn VerificationAlgorithm),
}

fn signing(name: &str) -> Option<Signing> {
    Some(match name {
        "none" => Signing::None,
        "HS256" => Signing::Secret("sha256"),
        "HS384" => Signing::Secret("sha384"),
        "HS512" => Signing::Secret("sha512"),
        "RS256" => Signing::Public(&signature::RSA_PKCS1_2048_8192_SHA256),
        "RS384" => Signing::Public(&signature::RSA_PKCS1_2048_8192_SHA384),
        "RS512" => Signing::Public(&signature::RSA_PKCS1_2048_8192_SHA512),
        "PS256" => Signing::Public(&signature::RSA_PSS_2048_8192_SHA256),
        "PS384" => Signing::Public(&signature::RSA_PSS_2048_8192_SHA384),
        "PS512" => Signing::Public(&signature::RSA_PSS_2048_8192_SHA512),
        "ES256" => Signing::Public(&signature::ECDSA_P256_SHA256_FIXED),
        "ES384" => Signing::Public(&signature::ECDSA_P384_SHA384_FIXED),
        "ES512" => Signing::Public(&signature::ECDSA_P521_SHA512_FIXED),
        _ => return None,
    })
}

/// Part `at` of a token, decoded; with a path what stands there.
fn part<'a>(value: Value<'a>, args: &[Arg], at: usize) -> Option<Value<'a>> {
    let token = value.into_bytes();
    let parts: Vec<&[u8]> = token.split(|byte| *byte == b'.').collect();
    if parts.len() != 3 {
        return None;
    }
    let text = decode(parts[at], URL_SAFE)?;
    match arg::text(args, 0) {
        b"" => Some(Value::made(text)),
        _ => json::query(&text, args),
    }
}

/// The algorithm is named or a variable holds its name; the key is a secret or a file, which is read now.
fn load(args: &mut Vec<Arg>, given: &Given<'_>) -> Result<(), String> {
    let scope = given.scope;
    let name = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let key = String::from_utf8_lossy(arg::text(args, 1)).into_owned();
    match (signing(&name), scope.name_var(&name)) {
        (Some(_), _) => {}
        (None, Ok(var)) => args[0] = Arg::Var(var),
        (None, Err(_)) => return Err(format!("unknown JWT algorithm: {name}")),
    }
    let named = matches!(signing(&name), Some(Signing::None | Signing::Secret(_)));
    if let (Ok(var), true) = (scope.name_var(&key), key.contains('.') && !key.contains('/')) {
        args[1] = Arg::Var(var);
    }
    let file = scope.files.read(Path::new(&key), MAX_KEY).ok().filter(|_| !named);
    // a file that is not there counts when a token comes, as in HAProxy
    args.push(Arg::Str(file.and_then(|text| pem(&text, "PUBLIC KEY")).unwrap_or_default()));
    Ok(())
}

/// The first block of this name in a PEM file, decoded (RFC 7468).
pub(super) fn pem(text: &[u8], name: &str) -> Option<Vec<u8>> {
    let text = std::str::from_utf8(text).ok()?;
    let (_, behind) = text.split_once(&format!("-----BEGIN {name}-----"))?;
    let (inside, _) = behind.split_once(&format!("-----END {name}-----"))?;
    let digits: Vec<u8> = inside.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    decode(&digits, STANDARD)
}

fn verify<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let token = value.into_bytes();
    let argument = |at| match arg::var(args, at) {
        Some(var) => txn.var(var).map(Value::into_text),
        None => Some(Cow::Borrowed(arg::text(args, at))),
    };
    let (name, key) = (argument(0)?, argument(1)?);
    let name = String::from_utf8_lossy(&name);
    Some(Value::Int(signing(&name).map_or(UNKNOWN_ALGORITHM, |signing| {
        judge(&token, &signing, &key, arg::text(args, 2)).unwrap_or(INVALID_TOKEN)
    })))
}

/// What is to be said of a token; nothing if it is none.
fn judge(token: &[u8], signing: &Signing, secret: &[u8], key: &[u8]) -> Option<i64> {
    let end = memchr::memrchr(b'.', token)?;
    let (signed, signature) = (&token[..end], &token[end + 1..]);
    memchr::memchr(b'.', signed).filter(|dot| !signed[dot + 1..].contains(&b'.'))?;
    Some(match signing {
        Signing::None => i64::from(signature.is_empty()),
        Signing::Secret(digest) => {
            let expected = crypto::authenticate(digest, secret, signed)?;
            let signature = decode(signature, URL_SAFE)?;
            i64::from(aws_lc_rs::constant_time::verify_slices_are_equal(&expected, &signature).is_ok())
        }
        Signing::Public(_) if key.is_empty() => UNKNOWN_CERTIFICATE,
        Signing::Public(algorithm) => {
            let signature = decode(signature, URL_SAFE)?;
            i64::from(UnparsedPublicKey::new(*algorithm, key).verify(signed, &signature).is_ok())
        }
    })
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate};

    const TOKEN: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJqb2UifQ";

    /// What HAProxy 2.6 says, but for the whole payload, which it does not give.
    #[test]
    fn tokens_are_judged_as_in_haproxy() {
        for (token, converter, expected) in [
            (format!("{TOKEN}.sig"), "jwt_verify(HS256,key)", "0"),
            (format!("{TOKEN}.sig"), "jwt_verify(HS384,key)", "0"),
            (format!("{TOKEN}.sig"), "jwt_verify(none,key)", "0"),
            (format!("{TOKEN}."), "jwt_verify(none,'')", "1"),
            ("a.b".to_owned(), "jwt_verify(HS256,key)", "-3"),
            (format!("{TOKEN}.sig"), "jwt_verify(RS256,/nope)", "-5"),
            (format!("{TOKEN}.sig"), "jwt_payload_query", r#"{"sub":"joe"}"#),
        ] {
            let found = evaluate(&format!("str({token}),{converter}"), &World::sample());
            assert_eq!(found.as_deref(), Some(expected), "{token} {converter}");
        }
        assert_eq!(evaluate("str(a.b),jwt_payload_query", &World::sample()), None);
    }

    #[test]
    fn signatures_of_key_pairs_are_verified_with_public_keys() {
        let world = World::sample();
        for (name, token, file) in crate::samples::TOKENS {
            let of = |token: &str| evaluate(&format!("str({token}),jwt_verify({name},{file})"), &world);
            assert_eq!(of(token).as_deref(), Some("1"), "{name}");
            let (signed, signature) = token.rsplit_once('.').unwrap();
            assert_eq!(of(&format!("{signed}x.{signature}")).as_deref(), Some("0"), "{name}");
        }
    }
}
