//! Clients' certificates, judged as OpenSSL judges them under HAProxy (configuration.txt 5.1: `verify`, `ca-file`,
//! `ca-verify-file`, `ca-ignore-err`, `crt-ignore-err`).
//!
//! webpki says whether a certificate is in order, and says one reason where it is not. OpenSSL says all that is wrong,
//! in an order that shows, and each of it may be passed over. So [`trial`] goes through the chain in OpenSSL's order;
//! webpki's word spares it the signatures of a chain that is in order, and stands for what the trial does not look into.

mod authorities;
mod chain;
mod extensions;
mod signature;
#[cfg(test)]
mod tests;
mod trial;
mod verdict;

use std::sync::Arc;

use config::model::{BindTls, IgnoredErrors};
use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::{EndEntityCert, KeyUsage};

use super::{TlsError, pem, watch};
use authorities::Authorities;
use trial::Trial;
pub use verdict::Verdict;

/// A certificate that a client showed, and what was found of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// What was found.
    pub verdict: Verdict,
    /// What it is refused for.
    pub refusal: Option<Refusal>,
    /// The certificate, in DER.
    pub certificate: Vec<u8>,
    /// The certificates that came with it, one behind the other.
    pub chain: Vec<u8>,
}

/// What is wrong with it and is not passed over: the error's number, and where in the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// OpenSSL's number.
    pub error: u8,
    /// 0 for the client's own certificate.
    pub depth: u8,
}

/// Judges the certificates of the clients of one `bind` line.
#[derive(Debug)]
pub(super) struct ClientVerifier {
    authorities: Authorities,
    hints: Vec<DistinguishedName>,
    mandatory: bool,
    /// Errors that are passed over, of authorities and of the certificate itself.
    ignored: [Option<IgnoredErrors>; 2],
    algorithms: WebPkiSupportedAlgorithms,
}

impl ClientVerifier {
    /// For a `bind` line with `verify optional` or `verify required`; `None` without.
    pub(super) fn build(bind: &BindTls, provider: &CryptoProvider) -> Result<Option<Arc<Self>>, TlsError> {
        let Some(mandatory) = bind.verify_client else { return Ok(None) };
        let files = [&bind.ca_file, &bind.ca_verify_file];
        let mut told = 0;
        let mut certificates = Vec::new();
        for (file, is_told) in files.into_iter().zip([true, false]) {
            let Some(file) = file else { continue };
            certificates.extend(pem::certificates(file)?);
            told = if is_told { certificates.len() } else { told };
        }
        let Some(file) = files.into_iter().flatten().next() else {
            return Err(TlsError::new("verify is enabled but no CA file specified (use 'ca-file')"));
        };
        let authorities = Authorities::new(certificates);
        if authorities.is_empty() {
            let reason = "it holds no certificate that can be used";
            return Err(TlsError::file("'ca-file' : unable to load", file, reason));
        }
        let hints = if bind.no_ca_names { Vec::new() } else { authorities.names(told) };
        Ok(Some(Arc::new(Self {
            authorities,
            hints,
            mandatory,
            ignored: [bind.ca_ignore_err.clone(), bind.crt_ignore_err.clone()],
            algorithms: provider.signature_verification_algorithms,
        })))
    }

    /// What is wrong with a certificate, and whether it is refused for that.
    pub(super) fn judge(
        &self,
        certificate: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> (Verdict, Result<(), Refusal>) {
        let proof = self.prove(certificate, sent, now);
        let mut trial = Trial::new(&self.ignored, self.algorithms.all, now);
        let outcome = trial.run(certificate, sent, &self.authorities, &proof);
        (trial.verdict, outcome)
    }

    fn prove(
        &self,
        certificate: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let (anchors, usage) = (self.authorities.anchors(), KeyUsage::client_auth());
        let certificate = EndEntityCert::try_from(certificate)?;
        certificate.verify_for_usage(self.algorithms.all, anchors, sent, now, usage, None, None).map(drop)
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn client_auth_mandatory(&self) -> bool {
        self.mandatory
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &self.hints
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (verdict, outcome) = self.judge(certificate, sent, now);
        let chain = sent.iter().flat_map(|der| der.iter()).copied().collect();
        let shown = Shown { verdict, refusal: outcome.err(), certificate: certificate.to_vec(), chain };
        watch::note(|watched| watched.shown = Some(Box::new(shown)));
        outcome
            .map(|()| ClientCertVerified::assertion())
            .map_err(|refusal| Error::InvalidCertificate(verdict::alert(refusal)))
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature::of_tls12(message, certificate, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        signature::of_tls13(message, certificate, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
