//! Authorities and what they sign, in order or not.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, date_time_ymd,
};

/// What makes a certificate of another kind.
pub(crate) type Adjust = fn(&mut CertificateParams);

/// The owner of a certificate.
#[derive(Debug)]
pub(crate) struct Party {
    params: CertificateParams,
    key: KeyPair,
    /// The certificate alone, as PEM.
    pub(crate) certificate: String,
}

impl Party {
    /// An authority that nobody stands above.
    pub(crate) fn root(name: &str) -> Self {
        Self::alone(name, as_authority)
    }

    /// One whose certificate is signed by itself.
    pub(crate) fn alone(name: &str, adjust: Adjust) -> Self {
        let (params, key) = begun(name, adjust);
        let certificate = params.self_signed(&key).expect("it can be signed").pem();
        Self { params, key, certificate }
    }

    /// One whose certificate this one signs.
    pub(crate) fn signs(&self, name: &str, adjust: Adjust) -> Self {
        let (params, key) = begun(name, adjust);
        let issuer = Issuer::from_params(&self.params, &self.key);
        let certificate = params.signed_by(&key, &issuer).expect("it can be signed").pem();
        Self { params, key, certificate }
    }

    /// What a client needs that shows the certificate and some more.
    pub(crate) fn with(&self, more: &[&Self]) -> String {
        let more: String = more.iter().map(|one| one.certificate.as_str()).collect();
        format!("{}{more}{}", self.certificate, self.key())
    }

    /// The key, as PEM.
    pub(crate) fn key(&self) -> String {
        self.key.serialize_pem()
    }

    /// A request for a certificate, as PEM.
    pub(crate) fn request(&self) -> String {
        let request = self.params.serialize_request(&self.key).and_then(|request| request.pem());
        request.expect("it can be asked for")
    }
}

fn begun(name: &str, adjust: Adjust) -> (CertificateParams, KeyPair) {
    let mut params = CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    adjust(&mut params);
    (params, KeyPair::generate().expect("a key can be made"))
}

/// An authority.
pub(crate) fn as_authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
}

/// Nothing in particular.
pub(crate) fn as_nothing(_: &mut CertificateParams) {}

/// A client.
pub(crate) fn as_client(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

/// A client's that was valid once.
pub(crate) fn as_expired(params: &mut CertificateParams) {
    as_client(params);
    is_over(params);
}

/// Valid in a year gone by.
pub(crate) fn is_over(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2019, 1, 1), date_time_ymd(2020, 1, 1));
}
