//! The authorities that a `bind` line trusts.

use std::collections::HashMap;

use rustls::DistinguishedName;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Certificates by the name of their owner.
#[derive(Debug, Default)]
pub(super) struct Authorities {
    all: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
    /// Places in `all` by the owner's name as it is encoded.
    by_name: HashMap<Vec<u8>, Vec<usize>>,
}

impl Authorities {
    /// Of these; what is no certificate is passed over, as OpenSSL does.
    pub(super) fn new(certificates: Vec<CertificateDer<'static>>) -> Self {
        let mut this = Self::default();
        for certificate in certificates {
            let Ok((_, read)) = X509Certificate::from_der(&certificate) else { continue };
            let name = read.subject().as_raw().to_vec();
            if let Ok(anchor) = webpki::anchor_from_trusted_cert(&certificate) {
                this.anchors.push(anchor.to_owned());
            }
            this.by_name.entry(name).or_default().push(this.all.len());
            this.all.push(certificate);
        }
        this
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// As webpki wants them.
    pub(super) fn anchors(&self) -> &[TrustAnchor<'static>] {
        &self.anchors
    }

    /// The names of the first so many, which clients are told.
    pub(super) fn names(&self, first: usize) -> Vec<DistinguishedName> {
        let subjects = self.all.iter().take(first).filter_map(|der| X509Certificate::from_der(der).ok());
        subjects.map(|(_, read)| DistinguishedName::from(read.subject().as_raw().to_vec())).collect()
    }

    /// Those of a name.
    pub(super) fn named<'a>(&'a self, name: &[u8]) -> impl Iterator<Item = X509Certificate<'a>> {
        let places = self.by_name.get(name).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| Some(X509Certificate::from_der(self.all.get(*place)?).ok()?.1))
    }
}
