//! Self-signed certificates, and a client that trusts them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::work::Tls;

/// The name in the certificates, by which the clients ask.
pub(crate) const NAME: &str = "gateway.example";

/// The kind of a certificate's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    P256,
    Rsa2048,
}

impl Key {
    fn stem(self) -> &'static str {
        match self {
            Self::P256 => "p256",
            Self::Rsa2048 => "rsa2048",
        }
    }

    fn words(self) -> &'static [&'static str] {
        match self {
            Self::P256 => &["ec", "-pkeyopt", "ec_paramgen_curve:P-256"],
            Self::Rsa2048 => &["rsa:2048"],
        }
    }
}

/// The files of a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    /// Certificate and key in one file.
    pub(crate) both: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

impl Files {
    /// Where those of a key stand.
    pub(crate) fn of(key: Key, folder: &Path) -> Self {
        let file = |ending: &str| folder.join(format!("{}.{ending}", key.stem()));
        Self { both: file("pem"), certificate: file("crt"), key: file("key") }
    }
}

/// Makes the certificates of both kinds, each valid for two days.
pub(crate) fn make(folder: &Path) -> io::Result<()> {
    for key in [Key::P256, Key::Rsa2048] {
        let files = Files::of(key, folder);
        let made = Command::new("openssl")
            .args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=gateway.example", "-newkey"])
            .args(key.words())
            .args(["-addext", "subjectAltName=DNS:gateway.example"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
            .arg(&files.key)
            .arg("-out")
            .arg(&files.certificate)
            .output()?;
        if !made.status.success() {
            return Err(io::Error::other(format!("openssl: {}", String::from_utf8_lossy(&made.stderr))));
        }
        let both = [std::fs::read(&files.certificate)?, std::fs::read(&files.key)?].concat();
        std::fs::write(&files.both, both)?;
    }
    Ok(())
}

/// A client that trusts the certificate of a work, with these protocols in its ALPN.
pub(crate) fn client(tls: Tls, alpn: &[&str], folder: &Path) -> io::Result<Arc<rustls::ClientConfig>> {
    let certificate = Files::of(tls.key, folder).certificate;
    let certificate = CertificateDer::from_pem_file(certificate).map_err(io::Error::other)?;
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).map_err(io::Error::other)?;
    // Named, for in a build of the whole workspace rustls has more than one provider to choose from.
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(io::Error::other)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    if !tls.resumed {
        config.resumption = rustls::client::Resumption::disabled();
    }
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    Ok(Arc::new(config))
}
