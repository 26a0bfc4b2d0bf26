//! `crt-store` and `acme` sections (configuration.txt 3.11 and 3.12 of 3.x).

use std::path::PathBuf;

/// Certificates with all that belongs to them (HAProxy 3.0).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrtStore {
    /// Its name; empty for the one that has none. `crt` calls a certificate `@NAME/ALIAS`.
    pub name: String,
    /// `crt-base`.
    pub crt_base: Option<PathBuf>,
    /// `key-base`.
    pub key_base: Option<PathBuf>,
    /// `load` lines.
    pub loads: Vec<CrtLoad>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `load` line; names of files are as written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrtLoad {
    /// `crt`.
    pub crt: String,
    /// `alias`: the name that `crt` on a `bind` line may use.
    pub alias: Option<String>,
    /// `key`: the file of the key.
    pub key: Option<String>,
    /// `ocsp`: the file of an OCSP answer.
    pub ocsp: Option<String>,
    /// `issuer`: the file of the issuer's certificate.
    pub issuer: Option<String>,
    /// `sctl`: the file of a list of signed certificate timestamps.
    pub sctl: Option<String>,
    /// `ocsp-update`.
    pub ocsp_update: Option<bool>,
    /// `acme`: the section by which it is renewed.
    pub acme: Option<String>,
    /// `domains`: what it is asked for.
    pub domains: Vec<String>,
    /// `jwt`: it may verify tokens.
    pub jwt: Option<bool>,
    /// `generate-dummy`: one is made where the file is missing.
    pub generate_dummy: Option<bool>,
}

/// Where certificates come from by ACME (HAProxy 3.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acme {
    /// Its name.
    pub name: String,
    /// `directory`: the URL of the authority.
    pub directory: String,
    /// `account-key`: the file of the account's key; `NAME.account.key` where nothing is said.
    pub account_key: Option<PathBuf>,
    /// `contact`: a mail address.
    pub contact: Option<String>,
    /// `challenge`.
    pub challenge: Challenge,
    /// `keytype`, and the `bits` or `curves` that belong to it.
    pub key: KeyType,
    /// `map`: the map that holds the answers to challenges.
    pub map: Option<String>,
    /// `reuse-key`: a new certificate has the key of the old one.
    pub reuse_key: bool,
    /// `profile`: the kind of certificate that is asked for.
    pub profile: Option<String>,
    /// `provider-name`: the DNS provider, for whoever sets the records.
    pub provider_name: Option<String>,
    /// `acme-vars`: what that provider needs to know.
    pub vars: Option<String>,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// How the ownership of a name is proved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are those of RFC 8555 and its successors")]
pub enum Challenge {
    #[default]
    Http01,
    Dns01,
    DnsPersist01,
}

/// The key that is made for a certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyType {
    /// `RSA`, with this many bits.
    Rsa(u32),
    /// `ECDSA`, on this curve.
    Ecdsa(String),
}
