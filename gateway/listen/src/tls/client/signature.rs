//! Signatures of certificates and of clients' handshakes, also by certificates that webpki does not read, such as those of
//! version 1 of X.509: `openssl x509 -req` makes such ones.

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
    verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, DigitallySignedStruct, Error};
use webpki::{EndEntityCert, RawPublicKeyEntity};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Whether a certificate bears the signature of the key of the one above it.
pub(super) fn is_signed_by(
    certificate: &X509Certificate<'_>,
    above: &X509Certificate<'_>,
    algorithms: &[&dyn SignatureVerificationAlgorithm],
) -> bool {
    let key = SubjectPublicKeyInfoDer::from(above.public_key().raw);
    let Ok(key) = RawPublicKeyEntity::try_from(&key) else { return false };
    let oid = certificate.signature_algorithm.algorithm.as_bytes();
    let named = |algorithm: &&&dyn SignatureVerificationAlgorithm| {
        algorithm.signature_alg_id().as_ref().get(2..).is_some_and(|id| id.starts_with(oid))
    };
    let signed = certificate.tbs_certificate.as_ref();
    certificate.signature_algorithm == certificate.tbs_certificate.signature
        && algorithms.iter().filter(named).any(|algorithm| {
            key.verify_signature(*algorithm, signed, &certificate.signature_value.data).is_ok()
        })
}

/// A signature of a TLS 1.2 handshake.
pub(super) fn of_tls12(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if !is_unreadable(certificate) {
        return verify_tls12_signature(message, certificate, signed, algorithms);
    }
    let bad = || Error::InvalidCertificate(CertificateError::BadSignature);
    let key = key(certificate)?;
    let key = RawPublicKeyEntity::try_from(&key).map_err(|_| bad())?;
    let offered = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme).ok_or_else(bad)?;
    let fits = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        key.verify_signature(*algorithm, message, signed.signature()).is_ok()
    };
    offered.1.iter().any(fits).then(HandshakeSignatureValid::assertion).ok_or_else(bad)
}

/// A signature of a TLS 1.3 handshake.
pub(super) fn of_tls13(
    message: &[u8],
    certificate: &CertificateDer<'_>,
    signed: &DigitallySignedStruct,
    algorithms: &WebPkiSupportedAlgorithms,
) -> Result<HandshakeSignatureValid, Error> {
    if !is_unreadable(certificate) {
        return verify_tls13_signature(message, certificate, signed, algorithms);
    }
    verify_tls13_signature_with_raw_key(message, &key(certificate)?, signed, algorithms)
}

/// Whether webpki does not read it: it is of another version, or critical of something unknown that is passed over.
fn is_unreadable(certificate: &CertificateDer<'_>) -> bool {
    EndEntityCert::try_from(certificate).is_err()
}

fn key<'a>(certificate: &'a CertificateDer<'_>) -> Result<SubjectPublicKeyInfoDer<'a>, Error> {
    let bad = |_| Error::InvalidCertificate(CertificateError::BadEncoding);
    let (_, read) = X509Certificate::from_der(certificate).map_err(bad)?;
    Ok(SubjectPublicKeyInfoDer::from(read.tbs_certificate.subject_pki.raw))
}
