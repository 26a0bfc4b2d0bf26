//! AES in its GCM and CBC modes (configuration.txt 7.3.1, `aes_gcm_dec`, `aes_cbc_enc` and their like). Keys, nonces and
//! tags are base64, or variables that hold it.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{
    self, DecryptionContext, EncryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::iv::FixedLength;

use super::codec::{STANDARD, encode};
use super::crypto::{revealed, secret};
use super::{Convert, convert};
use crate::arg::{self, Arg, Kind};
use crate::{Scope, Txn, Type, Value};

const GCM: &[Kind] = &[Kind::Int, Kind::Str, Kind::Str, Kind::Str, Kind::Str];
const CBC: &[Kind] = &[Kind::Int, Kind::Str, Kind::Str, Kind::Str];

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("aes_gcm_dec", Type::Bin, Type::Bin, open).takes(GCM, 4).prepare(|args, given| opened(args, given.scope)).example("bin(0388DACE60B6A392F328C2B971B2FE78),aes_gcm_dec(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,q25H1CzsE731OmeyEle93w==),hex", "00000000000000000000000000000000"),
    convert("aes_gcm_enc", Type::Bin, Type::Bin, seal).takes(GCM, 4).prepare(|args, given| sealed(args, given.scope)).since("3.0").example("bin(00000000000000000000000000000000),aes_gcm_enc(128,AAAAAAAAAAAAAAAA,AAAAAAAAAAAAAAAAAAAAAA==,txn.tag),hex", "0388DACE60B6A392F328C2B971B2FE78"),
    convert("aes_cbc_dec", Type::Bin, Type::Bin, decrypt).takes(CBC, 3).prepare(|args, given| chained(args, given.scope)).since("3.4").example("bin(976A995F94CF4C1E24B6E2FB067E7A69),aes_cbc_dec(128,AAAAAAAAAAAAAAAAAAAAAA==,AAAAAAAAAAAAAAAAAAAAAA==)", "abc"),
    convert("aes_cbc_enc", Type::Bin, Type::Bin, encrypt).takes(CBC, 3).prepare(|args, given| chained(args, given.scope)).since("3.4").example("str(abc),aes_cbc_enc(128,AAAAAAAAAAAAAAAAAAAAAA==,AAAAAAAAAAAAAAAAAAAAAA==),hex", "976A995F94CF4C1E24B6E2FB067E7A69"),
];

fn size(args: &[Arg]) -> Result<(), String> {
    match arg::int(args, 0) {
        Some(128 | 192 | 256) => Ok(()),
        _ => Err("key size must be 128, 192 or 256 (bits).".to_owned()),
    }
}

/// The arguments that are secrets, if they were written.
fn secrets(args: &mut [Arg], scope: &Scope<'_>, named: &[(usize, &str)]) -> Result<(), String> {
    let written = named.iter().filter(|(at, _)| *at < args.len()).copied().collect::<Vec<_>>();
    written.into_iter().try_for_each(|(at, what)| secret(args, at, what, scope))
}

fn opened(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    size(args)?;
    secrets(args, scope, &[(1, "nonce"), (2, "key"), (3, "aead_tag"), (4, "aad")])
}

/// The tag goes to a variable.
fn sealed(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    size(args)?;
    secrets(args, scope, &[(1, "nonce"), (2, "key"), (4, "aad")])?;
    let name = String::from_utf8_lossy(arg::text(args, 3)).into_owned();
    let var =
        scope.name_var(&name).map_err(|_| "failed to parse aead_tag : a variable is expected".to_owned())?;
    args[3] = Arg::Var(var);
    Ok(())
}

/// There is nothing in CBC that could vouch for additional data.
fn chained(args: &mut [Arg], scope: &Scope<'_>) -> Result<(), String> {
    size(args)?;
    if args.len() > 3 {
        return Err("CBC does not authenticate: 'aad' cannot be checked.".to_owned());
    }
    secrets(args, scope, &[(1, "nonce"), (2, "key")])
}

/// The key, and the nonce.
fn gcm(args: &[Arg], txn: &dyn Txn) -> Option<(LessSafeKey, Nonce)> {
    let algorithm = match arg::int(args, 0)? {
        128 => &aead::AES_128_GCM,
        192 => &aead::AES_192_GCM,
        _ => &aead::AES_256_GCM,
    };
    let nonce = Nonce::try_assume_unique_for_key(&revealed(args, 1, txn)?).ok()?;
    Some((LessSafeKey::new(UnboundKey::new(algorithm, &revealed(args, 2, txn)?).ok()?), nonce))
}

/// The additional data, which the tag vouches for.
fn additional(args: &[Arg], txn: &dyn Txn) -> Option<Aad<Vec<u8>>> {
    Some(Aad::from(if args.len() > 4 { revealed(args, 4, txn)? } else { Vec::new() }))
}

fn open<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let (key, nonce) = gcm(args, txn)?;
    let mut text = value.into_bytes().into_owned();
    let size = text.len();
    text.extend(revealed(args, 3, txn)?);
    key.open_in_place(nonce, additional(args, txn)?, &mut text).ok()?;
    text.truncate(size);
    Some(Value::Bin(text.into()))
}

fn seal<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let (key, nonce) = gcm(args, txn)?;
    let mut text = value.into_bytes().into_owned();
    let tag = key.seal_in_place_separate_tag(nonce, additional(args, txn)?, &mut text).ok()?;
    txn.defer_var(arg::var(args, 3)?, Some(Value::made(encode(tag.as_ref(), STANDARD, true))));
    Some(Value::Bin(text.into()))
}

/// The key, and the nonce, which is a block.
fn cbc(args: &[Arg], txn: &dyn Txn) -> Option<(UnboundCipherKey, FixedLength<16>)> {
    let algorithm = match arg::int(args, 0)? {
        128 => &cipher::AES_128,
        192 => &cipher::AES_192,
        _ => &cipher::AES_256,
    };
    let nonce: [u8; 16] = revealed(args, 1, txn)?.try_into().ok()?;
    Some((UnboundCipherKey::new(algorithm, &revealed(args, 2, txn)?).ok()?, nonce.into()))
}

fn encrypt<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let (key, nonce) = cbc(args, txn)?;
    let mut text = value.into_bytes().into_owned();
    let key = PaddedBlockEncryptingKey::cbc_pkcs7(key).ok()?;
    key.less_safe_encrypt(&mut text, EncryptionContext::Iv128(nonce)).ok()?;
    Some(Value::Bin(text.into()))
}

fn decrypt<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let (key, nonce) = cbc(args, txn)?;
    let mut text = value.into_bytes().into_owned();
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(key).ok()?;
    let length = key.decrypt(&mut text, DecryptionContext::Iv128(nonce)).ok()?.len();
    text.truncate(length);
    Some(Value::Bin(text.into()))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate, scope_at};
    use crate::{Expr, Phase};

    #[test]
    fn what_is_sealed_is_opened_with_its_tag_and_additional_data() {
        let key = "Zm9vb2Zvb29mb29wZm9vbw==";
        let nonce = "MTIzNDU2Nzg5MDEy";
        let text = format!(
            "str(secret),aes_gcm_enc(128,{nonce},{key},txn.t,YWFk),aes_gcm_dec(128,{nonce},{key},txn.t"
        );
        let world = World::sample();
        assert_eq!(evaluate(&format!("{text},YWFk)"), &world).as_deref(), Some("secret"));
        assert_eq!(evaluate(&format!("{text},YWFh)"), &world), None);
        assert_eq!(evaluate(&format!("{text})"), &world), None);
    }

    /// As `openssl enc -aes-256-cbc` has it.
    #[test]
    fn blocks_are_chained_as_openssl_chains_them() {
        let keyed = "256,MDEyMzQ1Njc4OWFiY2RlZg==,MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
        let sealed = evaluate(&format!("str(sixteen letters!),aes_cbc_enc({keyed}),hex"), &World::sample());
        assert_eq!(
            sealed.as_deref(),
            Some("212AB9855F23827E8BAC5D0014B02579AF9FE41A1215A57DBA51F86AA20DDBDC")
        );
        let opened = format!("bin({}),aes_cbc_dec({keyed})", sealed.unwrap_or_default());
        assert_eq!(evaluate(&opened, &World::sample()).as_deref(), Some("sixteen letters!"));
        assert_eq!(evaluate(&format!("str(no block),aes_cbc_dec({keyed})"), &World::sample()), None);
    }

    #[test]
    fn arguments_are_judged_when_they_are_read() {
        let scope = scope_at(Phase::Anywhere);
        for text in [
            "str(a),aes_cbc_enc(64,AAAA,AAAA)",
            "str(a),aes_cbc_enc(128,AAAA,not base64)",
            "str(a),aes_cbc_enc(128,AAAA,AAAA,AAAA)",
            "str(a),aes_gcm_enc(128,AAAA,AAAA,AAAA)",
        ] {
            assert!(Expr::parse_text(text, &scope).is_err(), "{text}");
        }
    }
}
