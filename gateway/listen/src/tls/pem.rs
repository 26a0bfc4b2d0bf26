//! Certificates and keys in PEM files: the chain and the key in any order in one file, the key in `FILE.key`
//! otherwise (configuration.txt 5.1, `crt`).

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::{PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use rustls::{Error, InconsistentKeys};

use super::TlsError;

/// The most bytes that are read of one file: a chain takes a few thousand.
const MAX_FILE: u64 = 4 * 1024 * 1024;

const CANNOT_LOAD: &str = "unable to load certificate from file";

/// The certificate, its chain and its key, checked to belong together.
pub(super) fn certified_key(path: &Path) -> Result<CertifiedKey, TlsError> {
    let pem = read(path)
        .map_err(|e| TlsError::file("unable to stat SSL certificate from file", path, plain(&e)))?;
    let sections = sections(&pem).map_err(|reason| TlsError::file(CANNOT_LOAD, path, reason))?;
    let chain = sections.certificates;
    if chain.is_empty() {
        return Err(TlsError::file(CANNOT_LOAD, path, "it holds no certificate"));
    }
    let key = match sections.key {
        Some(key) => key,
        None => key_beside(path)?,
    };
    match_key(path, chain, key)
}

/// The certificates of a `ca-file`.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let fail = |reason: String| TlsError::file("'ca-file' : unable to load", path, reason);
    let pem = read(path).map_err(|e| fail(plain(&e)))?;
    Ok(sections(&pem).map_err(fail)?.certificates)
}

#[derive(Default)]
struct Sections {
    certificates: Vec<CertificateDer<'static>>,
    key: Option<PrivateKeyDer<'static>>,
}

/// Takes a PEM text apart. DH parameters and the like are passed over, as HAProxy does.
fn sections(pem: &[u8]) -> Result<Sections, String> {
    if memmem(pem, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || memmem(pem, b"Proc-Type: 4,ENCRYPTED") {
        return Err(
            "its private key is encrypted; decrypt it first (openssl pkey -in FILE -out FILE)".to_owned()
        );
    }
    let mut found = Sections::default();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
        let (kind, der) = section.map_err(|e| format!("it is not valid PEM: {e}"))?;
        match kind {
            SectionKind::Certificate => found.certificates.push(der.into()),
            other => found.key = found.key.or_else(|| PrivateKeyDer::from_pem(other, der)),
        }
    }
    Ok(found)
}

fn memmem(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// `FILE.key`, or, for `NAME.crt`, `NAME.key` as well: both are found beside certificates.
fn key_beside(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let mut appended = path.as_os_str().to_owned();
    appended.push(".key");
    let appended = PathBuf::from(appended);
    let missing =
        |reason: String| TlsError::new(format!("No Private Key found in '{}'{reason}.", appended.display()));
    let replaced = path.with_extension("key");
    let place = [&appended, &replaced]
        .into_iter()
        .find(|place| place.is_file())
        .ok_or_else(|| missing(String::new()))?;
    let pem = read(place).map_err(|e| missing(format!(" ({})", plain(&e))))?;
    let key = sections(&pem).map_err(|reason| missing(format!(" ({reason})")))?.key;
    key.ok_or_else(|| missing(String::new()))
}

fn match_key(
    path: &Path,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
) -> Result<CertifiedKey, TlsError> {
    let key = default_provider()
        .key_provider
        .load_private_key(key)
        .map_err(|e| TlsError::file("unable to load private key from file", path, e))?;
    let certified = CertifiedKey::new(chain, Arc::clone(&key));
    match certified.keys_match() {
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => Err(TlsError::new(format!(
            "inconsistencies between private key and certificate loaded '{}'.",
            path.display()
        ))),
        // What rustls cannot compare, such as an X.509 version 1 certificate, is taken as it is.
        _ => Ok(certified),
    }
}

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = crate::file::open(path)?;
    let size = file.metadata()?.len();
    if size > MAX_FILE {
        return Err(io::Error::other(format!("{size} bytes are too many")));
    }
    let mut text = Vec::new();
    io::Read::read_to_end(&mut io::Read::take(file, MAX_FILE), &mut text)?;
    Ok(text)
}

/// The system's text without Rust's ` (os error N)`.
fn plain(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
