//! OpenSSL's numbers of what is wrong with a certificate, what is remembered of them, and what the client is told.

use std::sync::Arc;

use rustls::{CertificateError, OtherError};

use super::Refusal;

/// What a client's certificate came to, in OpenSSL's numbers; all 0 where it is in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// The last error (`ssl_c_verify`).
    pub last: u8,
    /// The first error of the certificate itself (`ssl_c_err`).
    pub certificate: u8,
    /// The first error of an authority (`ssl_c_ca_err`).
    pub authority: u8,
    /// Where in the chain that was (`ssl_c_ca_err_depth`).
    pub depth: u8,
}

impl Verdict {
    pub(super) fn note(&mut self, error: u8, depth: u8) {
        self.last = error;
        if depth == 0 && self.certificate == 0 {
            self.certificate = error;
        }
        if depth > 0 && self.authority == 0 {
            (self.authority, self.depth) = (error, depth);
        }
    }

    /// What is left of it when the session is taken up again: OpenSSL keeps the last error in its sessions.
    pub(crate) fn resumed(self) -> Self {
        Self { last: self.last, ..Self::default() }
    }
}

/// OpenSSL's `X509_V_ERR_…`.
pub(super) mod error {
    pub(crate) const UNSPECIFIED: u8 = 1;
    pub(crate) const UNABLE_TO_GET_ISSUER_CERT: u8 = 2;
    pub(crate) const CERT_SIGNATURE_FAILURE: u8 = 7;
    pub(crate) const CERT_NOT_YET_VALID: u8 = 9;
    pub(crate) const CERT_HAS_EXPIRED: u8 = 10;
    pub(crate) const DEPTH_ZERO_SELF_SIGNED_CERT: u8 = 18;
    pub(crate) const SELF_SIGNED_CERT_IN_CHAIN: u8 = 19;
    pub(crate) const UNABLE_TO_GET_ISSUER_CERT_LOCALLY: u8 = 20;
    pub(crate) const UNABLE_TO_VERIFY_LEAF_SIGNATURE: u8 = 21;
    pub(crate) const CERT_CHAIN_TOO_LONG: u8 = 22;
    pub(crate) const CERT_REVOKED: u8 = 23;
    pub(crate) const PATH_LENGTH_EXCEEDED: u8 = 25;
    pub(crate) const INVALID_PURPOSE: u8 = 26;
    pub(crate) const KEYUSAGE_NO_CERTSIGN: u8 = 32;
    pub(crate) const UNHANDLED_CRITICAL_EXTENSION: u8 = 34;
    pub(crate) const INVALID_EXTENSION: u8 = 41;
    pub(crate) const PERMITTED_VIOLATION: u8 = 47;
    pub(crate) const EXCLUDED_VIOLATION: u8 = 48;
    pub(crate) const EE_KEY_TOO_SMALL: u8 = 66;
    pub(crate) const CA_KEY_TOO_SMALL: u8 = 67;
    pub(crate) const CA_MD_TOO_WEAK: u8 = 68;
    pub(crate) const INVALID_CA: u8 = 79;
}

/// The error of rustls that sends the alert that OpenSSL sends.
pub(super) fn alert(refusal: Refusal) -> CertificateError {
    match refusal.error {
        error::CERT_HAS_EXPIRED => CertificateError::Expired,
        error::CERT_REVOKED => CertificateError::Revoked,
        error::CERT_SIGNATURE_FAILURE => CertificateError::BadSignature,
        error::INVALID_PURPOSE => CertificateError::InvalidPurpose,
        error::CERT_NOT_YET_VALID
        | error::EE_KEY_TOO_SMALL
        | error::CA_KEY_TOO_SMALL
        | error::CA_MD_TOO_WEAK => CertificateError::BadEncoding,
        error::UNABLE_TO_GET_ISSUER_CERT
        | error::DEPTH_ZERO_SELF_SIGNED_CERT
        | error::SELF_SIGNED_CERT_IN_CHAIN
        | error::UNABLE_TO_GET_ISSUER_CERT_LOCALLY
        | error::UNABLE_TO_VERIFY_LEAF_SIGNATURE
        | error::CERT_CHAIN_TOO_LONG
        | error::PATH_LENGTH_EXCEEDED
        | error::INVALID_CA => CertificateError::UnknownIssuer,
        _ => CertificateError::Other(OtherError(Arc::new(refusal))),
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "verification error {} at depth {}", self.error, self.depth)
    }
}

impl std::error::Error for Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_error_of_each_side_and_the_last_of_all_are_kept() {
        let mut verdict = Verdict::default();
        for (error, depth) in [(20, 2), (10, 1), (18, 0), (26, 0)] {
            verdict.note(error, depth);
        }
        assert_eq!(verdict, Verdict { last: 26, certificate: 18, authority: 20, depth: 2 });
        assert_eq!(verdict.resumed(), Verdict { last: 26, ..Verdict::default() });
    }
}
