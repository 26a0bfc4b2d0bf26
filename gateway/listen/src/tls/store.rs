//! The certificates of one `bind` line and the choice among them by server name.
//!
//! The first one loaded is the default. Files are taken in the order written, those of a directory in lexical order,
//! without `*.key`, `*.ocsp`, `*.issuer`, `*.sctl` (configuration.txt 5.1, `crt`).

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{SignatureAlgorithm, SignatureScheme};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{TlsError, pem};

/// Endings of files that stand beside certificates.
const NOT_CERTIFICATES: &[&str] = &["key", "ocsp", "issuer", "sctl"];

/// A certificate `NAME` may stand in these files instead, one for each kind of key.
const BUNDLE: &[&str] = &["ecdsa", "rsa"];

/// Certificates by name.
#[derive(Debug, Default)]
pub struct Store {
    all: Vec<Arc<CertifiedKey>>,
    /// Names in lower case; a wildcard without its `*`, so it begins with a dot.
    by_name: HashMap<String, Vec<Arc<CertifiedKey>>>,
}

impl Store {
    /// Loads files and directories.
    pub fn load(paths: &[PathBuf]) -> Result<Self, TlsError> {
        let mut store = Self::default();
        for path in paths {
            for file in files(path)? {
                store.add(Arc::new(pem::certified_key(&file)?), &file)?;
            }
        }
        Ok(store)
    }

    /// How many certificates there are.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Whether a certificate has this name.
    pub fn has(&self, name: &str) -> bool {
        self.named(name).is_some()
    }

    fn add(&mut self, key: Arc<CertifiedKey>, file: &Path) -> Result<(), TlsError> {
        let names = names(&key.cert[0])
            .map_err(|reason| TlsError::file("unable to load certificate from file", file, reason))?;
        for name in names {
            let name = name.strip_prefix('*').map_or(name.clone(), str::to_owned);
            self.by_name.entry(name).or_default().push(key.clone());
        }
        self.all.push(key);
        Ok(())
    }

    /// An exact name first, then the wildcard of its first label (configuration.txt 5.1, `crt`).
    fn named(&self, name: &str) -> Option<&[Arc<CertifiedKey>]> {
        let name = name.to_ascii_lowercase();
        let wildcard = || name.find('.').and_then(|dot| self.by_name.get(&name[dot..]));
        self.by_name.get(&name).or_else(wildcard).map(Vec::as_slice)
    }

    pub(super) fn choose(
        &self,
        name: Option<&str>,
        offered: &[SignatureScheme],
    ) -> Option<Arc<CertifiedKey>> {
        let candidates = match name.and_then(|name| self.named(name)) {
            Some(candidates) => candidates,
            None => self.default_candidates(),
        };
        let usable = |key: &&Arc<CertifiedKey>| key.key.choose_scheme(offered).is_some();
        let is_ecdsa = |key: &&Arc<CertifiedKey>| key.key.algorithm() == SignatureAlgorithm::ECDSA;
        let preferred = candidates.iter().filter(usable).find(is_ecdsa);
        preferred.or_else(|| candidates.iter().find(usable)).or_else(|| candidates.first()).cloned()
    }

    /// The first certificate, and those of the same first name with other kinds of key.
    fn default_candidates(&self) -> &[Arc<CertifiedKey>] {
        let Some(first) = self.all.first() else { return &[] };
        let siblings = self.by_name.values().find(|keys| keys.len() > 1 && Arc::ptr_eq(&keys[0], first));
        siblings.map_or(&self.all[..1], Vec::as_slice)
    }
}

impl ResolvesServerCert for Store {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.choose(hello.server_name(), hello.signature_schemes())
    }
}

/// The certificate files that a path stands for.
fn files(path: &Path) -> Result<Vec<PathBuf>, TlsError> {
    if path.is_dir() {
        return directory(path);
    }
    if !path.exists() {
        let bundle: Vec<_> =
            BUNDLE.iter().map(|kind| appended(path, kind)).filter(|path| path.is_file()).collect();
        if !bundle.is_empty() {
            return Ok(bundle);
        }
    }
    Ok(vec![path.to_owned()])
}

fn directory(path: &Path) -> Result<Vec<PathBuf>, TlsError> {
    let fail = |e| TlsError::file("unable to scan directory", path, e);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(fail)? {
        let file = entry.map_err(fail)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default();
        if file.is_file() && !NOT_CERTIFICATES.contains(&ending) {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn appended(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}

/// The DNS names of a certificate and its common name, in lower case and each once: HAProxy takes both.
fn names(der: &[u8]) -> Result<Vec<String>, String> {
    let (_, certificate) =
        X509Certificate::from_der(der).map_err(|e| format!("it is not an X.509 certificate: {e}"))?;
    let mut names = Vec::new();
    if let Ok(Some(alternative)) = certificate.subject_alternative_name() {
        for name in &alternative.value.general_names {
            if let GeneralName::DNSName(name) = name {
                names.push(name.to_ascii_lowercase());
            }
        }
    }
    let common = certificate.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    names.extend(common.map(str::to_ascii_lowercase));
    names.sort();
    names.dedup();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{CertificateParams, KeyPair};
    use std::fs;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("listen-store-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn pair(names: &[&str]) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    fn first_name(store: &Store, asked: Option<&str>) -> String {
        let chosen = store.choose(asked, &[SignatureScheme::ECDSA_NISTP256_SHA256]).unwrap();
        let names = names(&chosen.cert[0]).unwrap();
        names.into_iter().find(|name| name != "rcgen self signed cert").unwrap()
    }

    #[test]
    fn the_key_may_stand_before_the_certificate_or_beside_it() {
        let folder = Folder::new("order");
        let (certificate, key) = pair(&["a.test"]);
        let before = folder.write("before.pem", &(key.clone() + &certificate));
        let beside = folder.write("beside.pem", &certificate);
        folder.write("beside.pem.key", &key);
        let crt = folder.write("other.crt", &certificate);
        folder.write("other.key", &key);
        assert_eq!(Store::load(&[before, beside, crt]).unwrap().len(), 3);
    }

    #[test]
    fn a_directory_is_read_in_lexical_order_and_its_first_file_is_the_default() {
        let folder = Folder::new("directory");
        for name in ["b.test", "a.test"] {
            let (certificate, key) = pair(&[name]);
            folder.write(&format!("{name}.pem"), &(certificate + &key));
        }
        folder.write("a.test.pem.ocsp", "not a certificate");
        fs::create_dir(folder.0.join("..data")).unwrap();
        let store = Store::load(std::slice::from_ref(&folder.0)).unwrap();
        assert_eq!(store.len(), 2);
        assert_eq!(first_name(&store, None), "a.test");
        assert_eq!(first_name(&store, Some("nowhere.test")), "a.test");
        assert_eq!(first_name(&store, Some("B.TEST")), "b.test");
    }

    #[test]
    fn a_wildcard_covers_one_label_and_an_exact_name_goes_first() {
        let folder = Folder::new("wildcard");
        let (wild, wild_key) = pair(&["*.z.test"]);
        let (exact, exact_key) = pair(&["a.z.test"]);
        let paths = [folder.write("wild", &(wild + &wild_key)), folder.write("exact", &(exact + &exact_key))];
        let store = Store::load(&paths).unwrap();
        assert_eq!(first_name(&store, Some("a.z.test")), "a.z.test");
        assert_eq!(first_name(&store, Some("b.z.test")), "*.z.test");
        assert!(!store.has("z.test") && !store.has("b.a.z.test") && store.has("b.z.test"));
    }

    #[test]
    fn each_failure_names_the_file_and_the_reason() {
        let folder = Folder::new("failures");
        let (certificate, key) = pair(&["a.test"]);
        let (_, other_key) = pair(&["b.test"]);
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        for (name, text, reason) in [
            (
                "mismatch.pem",
                certificate.clone() + &other_key,
                "inconsistencies between private key and certificate loaded",
            ),
            ("nokey.pem", certificate.clone(), "No Private Key found in"),
            ("keyonly.pem", key, "it holds no certificate"),
            ("empty.pem", String::new(), "it holds no certificate"),
            ("broken.pem", certificate.replace("MII", "#II"), "it is not valid PEM"),
            ("encrypted.pem", certificate + encrypted, "its private key is encrypted"),
        ] {
            let error = Store::load(&[folder.write(name, &text)]).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains(reason), "{name}: {error}");
        }
        let absent = Store::load(&[folder.0.join("absent.pem")]).unwrap_err().to_string();
        assert!(absent.starts_with("unable to stat SSL certificate from file"), "{absent}");
        assert!(absent.ends_with("No such file or directory"), "{absent}");
    }

    #[test]
    fn a_bundle_offers_the_key_that_the_client_can_use() {
        let folder = Folder::new("bundle");
        let (certificate, key) = pair(&["a.test"]);
        folder.write("site.ecdsa", &(certificate + &key));
        let store = Store::load(&[folder.0.join("site")]).unwrap();
        assert_eq!(store.len(), 1);
    }
}
