//! JSON Web Tokens whose content is encrypted, in five parts (RFC 7516; configuration.txt 3.3, 7.3.1, `jwt_decrypt_cert`
//! and its like). What cannot be opened, whatever the reason, yields nothing.

use std::borrow::Cow;
use std::path::Path;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::cipher::{self, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::key_wrap::{self, AesKek, KeyWrap as _};
use aws_lc_rs::rand;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
};

use super::codec::{STANDARD, URL_SAFE, decode};
use super::jwt::{MAX_KEY, pem};
use super::{Convert, Given, convert, crypto, json, rsa_key};
use crate::arg::{self, Arg, Kind};
use crate::{Txn, Type, Value};

#[rustfmt::skip]
pub(super) const CONVERTS: &[Convert] = &[
    convert("jwt_decrypt_cert", Type::Bin, Type::Bin, by_certificate).takes(&[Kind::Str], 1).prepare(|args, given| certificate(args, given)).since("3.3").example(EXAMPLE_CERT, "joe"),
    convert("jwt_decrypt_jwk", Type::Bin, Type::Bin, by_jwk).takes(&[Kind::Str], 1).prepare(variable).since("3.3").example(EXAMPLE_JWK, "joe"),
    convert("jwt_decrypt_secret", Type::Bin, Type::Bin, by_secret).takes(&[Kind::Str], 1).prepare(|args, given| secret(args, given)).since("3.3").example(EXAMPLE_SECRET, "joe"),
];

/// A token with its key, encrypted by another program.
const EXAMPLE_SECRET: &str = "str(eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..vqYVskL9zwooYwhb.VRB1.xlRi564EABoS94Z4sdWSDA),jwt_decrypt_secret(JFcErHv0baDmirsK4VXQdgIu6gnc9KbdMTayrpQHuTI)";
const EXAMPLE_CERT: &str = "str(eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkEyNTZHQ00ifQ.HajVEbiEYPz-kT3c49XX6Hf_Chn-c24L03EyauFpAU26XsPoqDGZ3hmVnoGert7cOQ7zLU0vG0A06EZe-78yPnGvZUQgG7AL-8D6V_3beDl0zwxmrXATT3bRtmDm79bSfeoVyEYfW3VFn8PYMHZIPTwiq4nTFEQx7LBZFjjr1jzIub2OPI4-UlYnD5oPU57cSFQFmctWTjt3w8wGhWqJp9Fg3d1PxcgKouHKTXu73G6-lSbsDVxrup0XHqoI3mUKwHS4TICHL0aEkjQOTl8iiDBwPOMAm5iUZi5YoiaFlL3nB_z8HCI2wmA4h2YNHxnQpAT_OPA2aPF2syYpbr7xYw.D6Sxrxg3LINPZFIk.cItV.fnraYCJ8CM_QTGiOWQdLLA),jwt_decrypt_cert(jwe.pem)";
const EXAMPLE_JWK: &str = "str(eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..vqYVskL9zwooYwhb.VRB1.xlRi564EABoS94Z4sdWSDA),jwt_decrypt_jwk('{\"kty\":\"oct\",\"k\":\"JFcErHv0baDmirsK4VXQdgIu6gnc9KbdMTayrpQHuTI\"}')";

/// Who may open a token.
enum Opener<'k> {
    /// A key that both sides have.
    Secret(Cow<'k, [u8]>),
    /// A private key of RSA, as PKCS#8.
    Rsa(Cow<'k, [u8]>),
}

/// A token taken apart.
struct Token<'t> {
    header: Vec<u8>,
    /// The header as it stands: what the tag vouches for, too.
    protected: &'t [u8],
    /// The content's key, itself encrypted; empty where both sides have it.
    key: Vec<u8>,
    nonce: Vec<u8>,
    content: Vec<u8>,
    tag: Vec<u8>,
}

/// How a content is encrypted, and how many bytes its key has (RFC 7518, 5.1).
enum Content {
    Gcm(&'static aead::Algorithm, usize),
    /// The digest that vouches for it: its key comes first, as long as the cipher's.
    Chained(&'static cipher::Algorithm, &'static str, usize),
}

impl Content {
    fn find(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"A128GCM" => Self::Gcm(&aead::AES_128_GCM, 16),
            b"A192GCM" => Self::Gcm(&aead::AES_192_GCM, 24),
            b"A256GCM" => Self::Gcm(&aead::AES_256_GCM, 32),
            b"A128CBC-HS256" => Self::Chained(&cipher::AES_128, "sha256", 32),
            b"A192CBC-HS384" => Self::Chained(&cipher::AES_192, "sha384", 48),
            b"A256CBC-HS512" => Self::Chained(&cipher::AES_256, "sha512", 64),
            _ => return None,
        })
    }

    fn key_size(&self) -> usize {
        match self {
            Self::Gcm(_, size) | Self::Chained(_, _, size) => *size,
        }
    }

    fn open(&self, key: &[u8], token: &Token<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Gcm(algorithm, _) => {
                open(algorithm, key, &token.nonce, token.protected, &token.content, &token.tag)
            }
            Self::Chained(algorithm, digest, size) => {
                let (vouching, key) = key.split_at_checked(size / 2)?;
                let signed = [token.protected, &token.nonce, &token.content, &bits(token.protected)].concat();
                let expected = crypto::authenticate(digest, vouching, &signed)?;
                verify_slices_are_equal(&expected[..size / 2], &token.tag).ok()?;
                unchain(algorithm, key, &token.nonce, &token.content)
            }
        }
    }
}

/// How long a text is, in bits, as RFC 7518, 5.2.2.1 has it signed.
fn bits(text: &[u8]) -> [u8; 8] {
    (text.len() as u64 * 8).to_be_bytes()
}

fn open(
    algorithm: &'static aead::Algorithm,
    key: &[u8],
    nonce: &[u8],
    vouched: &[u8],
    content: &[u8],
    tag: &[u8],
) -> Option<Vec<u8>> {
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).ok()?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
    let mut text = [content, tag].concat();
    let length = key.open_in_place(nonce, Aad::from(vouched), &mut text).ok()?.len();
    text.truncate(length);
    Some(text)
}

fn unchain(
    algorithm: &'static cipher::Algorithm,
    key: &[u8],
    nonce: &[u8],
    content: &[u8],
) -> Option<Vec<u8>> {
    let nonce: [u8; 16] = nonce.try_into().ok()?;
    let key = PaddedBlockDecryptingKey::cbc_pkcs7(UnboundCipherKey::new(algorithm, key).ok()?).ok()?;
    let mut text = content.to_vec();
    let length = key.decrypt(&mut text, DecryptionContext::Iv128(nonce.into())).ok()?.len();
    text.truncate(length);
    Some(text)
}

impl<'t> Token<'t> {
    fn parse(text: &'t [u8]) -> Option<Self> {
        let mut parts = text.split(|byte| *byte == b'.');
        let protected = parts.next()?;
        let mut part = || decode(parts.next()?, URL_SAFE);
        let (key, nonce, content, tag) = (part()?, part()?, part()?, part()?);
        let header = decode(protected, URL_SAFE)?;
        parts.next().is_none().then_some(Self { header, protected, key, nonce, content, tag })
    }

    /// What the header says of something.
    fn field(&self, name: &str) -> Option<Vec<u8>> {
        field(&self.header, name)
    }

    fn open(&self, opener: &Opener<'_>) -> Option<Vec<u8>> {
        // a content that is compressed besides cannot be told from one that is not, were it given out as it is
        if self.field("zip").is_some() {
            return None;
        }
        let content = Content::find(&self.field("enc")?)?;
        let key = self.content_key(opener, content.key_size())?;
        content.open(&key, self)
    }

    /// The content's key of this size (RFC 7518, 4.1), but for `A192KW`, which the library does not unwrap, and what takes
    /// elliptic curves or passwords.
    fn content_key(&self, opener: &Opener<'_>, size: usize) -> Option<Vec<u8>> {
        match (&*self.field("alg")?, opener) {
            (b"dir", Opener::Secret(secret)) => self.key.is_empty().then(|| secret.to_vec()),
            (b"A128KW", Opener::Secret(secret)) => self.unwrap(&key_wrap::AES_128, secret),
            (b"A256KW", Opener::Secret(secret)) => self.unwrap(&key_wrap::AES_256, secret),
            (b"A128GCMKW", Opener::Secret(secret)) => self.unseal(&aead::AES_128_GCM, secret),
            (b"A192GCMKW", Opener::Secret(secret)) => self.unseal(&aead::AES_192_GCM, secret),
            (b"A256GCMKW", Opener::Secret(secret)) => self.unseal(&aead::AES_256_GCM, secret),
            (b"RSA1_5", Opener::Rsa(key)) => self.decrypt(key, None, size),
            (b"RSA-OAEP", Opener::Rsa(key)) => self.decrypt(key, Some(&OAEP_SHA1_MGF1SHA1), size),
            (b"RSA-OAEP-256", Opener::Rsa(key)) => self.decrypt(key, Some(&OAEP_SHA256_MGF1SHA256), size),
            _ => None,
        }
    }

    fn unwrap(&self, cipher: &'static key_wrap::AesBlockCipher, secret: &[u8]) -> Option<Vec<u8>> {
        let mut key = vec![0; self.key.len()];
        let length = AesKek::new(cipher, secret).ok()?.unwrap(&self.key, &mut key).ok()?.len();
        key.truncate(length);
        Some(key)
    }

    fn unseal(&self, algorithm: &'static aead::Algorithm, secret: &[u8]) -> Option<Vec<u8>> {
        let [nonce, tag] = ["iv", "tag"].map(|name| decode(&self.field(name)?, URL_SAFE));
        open(algorithm, secret, &nonce?, b"", &self.key, &tag?)
    }

    /// A key that cannot be read is a random one: nobody shall learn from how it fails whether the padding was right
    /// (RFC 7516, 11.5).
    fn decrypt(&self, key: &[u8], oaep: Option<&'static OaepAlgorithm>, size: usize) -> Option<Vec<u8>> {
        let key = PrivateDecryptingKey::from_pkcs8(key).ok()?;
        let mut text = vec![0; key.key_size_bytes()];
        let read = match oaep {
            Some(algorithm) => {
                OaepPrivateDecryptingKey::new(key).ok()?.decrypt(algorithm, &self.key, &mut text, None)
            }
            None => Pkcs1PrivateDecryptingKey::new(key).ok()?.decrypt(&self.key, &mut text),
        };
        let mut found = vec![0; size];
        rand::fill(&mut found).ok()?;
        if let Ok(read) = read.map(|read| &*read)
            && read.len() == size
        {
            found.copy_from_slice(read);
        }
        Some(found)
    }
}

/// The text at a name of a JSON object.
fn field(object: &[u8], name: &str) -> Option<Vec<u8>> {
    json::query(object, &[Arg::Str(format!("$.{name}").into_bytes())])
        .map(|found| found.into_text().into_owned())
}

/// The key that a JSON Web Key holds (RFC 7517, RFC 7518, 6).
fn jwk(text: &[u8]) -> Option<Opener<'static>> {
    let number = |name: &str| decode(&field(text, name)?, URL_SAFE);
    match &*field(text, "kty")? {
        b"oct" => number("k").map(|key| Opener::Secret(key.into())),
        b"RSA" => {
            let numbers = ["n", "e", "d", "p", "q", "dp", "dq", "qi"].map(number);
            let numbers = numbers.into_iter().collect::<Option<Vec<_>>>()?;
            Some(Opener::Rsa(rsa_key::wrapped(&rsa_key::of_numbers(&numbers)).into()))
        }
        _ => None,
    }
}

/// A secret in either alphabet of base64, with padding or without.
fn bytes_of(text: &[u8]) -> Option<Vec<u8>> {
    decode(text, URL_SAFE).or_else(|| decode(text, STANDARD))
}

/// A name of a variable, or a key, of which is kept what opens tokens, and whether it is one of RSA.
fn variable(args: &mut Vec<Arg>, given: &Given<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let (first, is_rsa) = match (given.scope.name_var(&text), jwk(text.as_bytes())) {
        (Ok(var), _) => (Arg::Var(var), false),
        (Err(_), Some(Opener::Secret(key))) => (Arg::Str(key.into_owned()), false),
        (Err(_), Some(Opener::Rsa(key))) => (Arg::Str(key.into_owned()), true),
        (Err(_), None) => {
            return Err(
                "failed to parse the JWK : a key of type 'oct' or 'RSA' or a variable is expected".to_owned()
            );
        }
    };
    args[0] = first;
    args.push(Arg::Int(is_rsa.into()));
    Ok(())
}

fn secret(args: &mut [Arg], given: &Given<'_>) -> Result<(), String> {
    let text = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    args[0] = match (given.scope.name_var(&text), bytes_of(text.as_bytes())) {
        (Ok(var), _) => Arg::Var(var),
        (Err(_), Some(bytes)) => Arg::Str(bytes),
        (Err(_), None) => {
            return Err("failed to parse the secret : base64 or a variable is expected".to_owned());
        }
    };
    Ok(())
}

/// The file is read now; HAProxy wants it to be loaded by a `bind` line or a `crt-store`, which is no matter here.
fn certificate(args: &mut [Arg], given: &Given<'_>) -> Result<(), String> {
    let path = String::from_utf8_lossy(arg::text(args, 0)).into_owned();
    let text = given
        .scope
        .files
        .read(Path::new(&path), MAX_KEY)
        .map_err(|why| format!("unable to read '{path}' : {why}"))?;
    let key =
        pem(&text, "PRIVATE KEY").or_else(|| pem(&text, "RSA PRIVATE KEY").map(|key| rsa_key::wrapped(&key)));
    args[0] = Arg::Str(key.ok_or_else(|| format!("'{path}' has no private key that can be read"))?);
    Ok(())
}

fn by_certificate<'a>(value: Value<'a>, args: &'a [Arg], _: &'a dyn Txn) -> Option<Value<'a>> {
    opened(value, &Opener::Rsa(arg::text(args, 0).into()))
}

fn by_jwk<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let written = || Cow::Borrowed(arg::text(args, 0));
    let opener = match (arg::var(args, 0), arg::int(args, 1)) {
        (Some(var), _) => jwk(&txn.var(var)?.into_text())?,
        (None, Some(1)) => Opener::Rsa(written()),
        (None, _) => Opener::Secret(written()),
    };
    opened(value, &opener)
}

fn by_secret<'a>(value: Value<'a>, args: &'a [Arg], txn: &'a dyn Txn) -> Option<Value<'a>> {
    let secret = match arg::var(args, 0) {
        Some(var) => bytes_of(&txn.var(var)?.into_text())?.into(),
        None => Cow::Borrowed(arg::text(args, 0)),
    };
    opened(value, &Opener::Secret(secret))
}

fn opened<'a>(value: Value<'a>, opener: &Opener<'_>) -> Option<Value<'a>> {
    Some(Value::Bin(Token::parse(&value.into_bytes())?.open(opener)?.into()))
}

#[cfg(test)]
mod tests {
    use crate::world::{World, evaluate_all, scope_at};
    use crate::{Expr, Phase};

    /// Made by another program: what the key's encryption is, what the content's is, the secret, the token.
    const TOKENS: &str = include_str!("../../testdata/jwe.tsv");
    const JWK: &str = include_str!("../../testdata/jwe.jwk");

    fn tokens() -> impl Iterator<Item = [&'static str; 4]> {
        TOKENS.lines().map(|line| {
            let mut fields = line.split('\t');
            std::array::from_fn(|_| fields.next().unwrap())
        })
    }

    fn opened(token: &str, converter: &str) -> Option<String> {
        let key = format!("str('{JWK}'),set-var(txn.jwk)");
        evaluate_all(&[&key, &format!("str({token}),{converter}")], &World::sample())
    }

    #[test]
    fn tokens_of_every_kind_are_opened_by_their_keys() {
        for [algorithm, content, secret, token] in tokens() {
            let of_secret = format!("jwt_decrypt_secret({})", if secret == "-" { "AAAA" } else { secret });
            let of_key = format!(r#"jwt_decrypt_jwk('{{"kty":"oct","k":"{secret}"}}')"#);
            let (right, wrong) = match secret {
                "-" => (
                    vec![
                        format!("jwt_decrypt_jwk('{JWK}')"),
                        "jwt_decrypt_jwk(txn.jwk)".to_owned(),
                        "jwt_decrypt_cert(jwe.pem)".to_owned(),
                    ],
                    of_secret,
                ),
                _ => (vec![of_secret, of_key], "jwt_decrypt_jwk(txn.jwk)".to_owned()),
            };
            for converter in right {
                assert_eq!(
                    opened(token, &converter).as_deref(),
                    Some("joe"),
                    "{algorithm} {content} {converter}"
                );
            }
            assert_eq!(opened(token, &wrong), None, "{algorithm} {content}");
        }
    }

    #[test]
    fn a_token_that_was_changed_anywhere_is_not_opened() {
        for [_, _, secret, token] in tokens().filter(|[_, _, secret, _]| *secret != "-") {
            let converter = format!("jwt_decrypt_secret({secret})");
            for at in 0..5 {
                let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
                let last = if parts[at].starts_with('A') { "B" } else { "A" };
                let changed = parts[at].len().min(1);
                parts[at].replace_range(..changed, last);
                assert_eq!(opened(&parts.join("."), &converter), None, "part {at} of {token}");
            }
            for cut in [&token[1..], token.rsplit_once('.').unwrap().0, &format!("{token}.AA")] {
                assert_eq!(opened(cut, &converter), None, "{cut}");
            }
        }
    }

    #[test]
    fn keys_are_judged_when_they_are_read() {
        let scope = scope_at(Phase::Anywhere);
        for text in [
            "str(a),jwt_decrypt_secret(no!base64)",
            "str(a),jwt_decrypt_jwk('{}')",
            "str(a),jwt_decrypt_cert(none.pem)",
        ] {
            assert!(Expr::parse_text(text, &scope).is_err(), "{text}");
        }
    }
}
