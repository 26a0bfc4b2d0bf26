//! What is wrong with a chain, in the order in which OpenSSL finds it.

use config::model::IgnoredErrors;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::authorities::Authorities;
use super::chain::{Chain, End, is_self_signed};
use super::verdict::error;
use super::{Refusal, Verdict, extensions, signature};

/// A certificate on trial.
pub(super) struct Trial<'t> {
    ignored: &'t [Option<IgnoredErrors>; 2],
    algorithms: &'t [&'t dyn SignatureVerificationAlgorithm],
    /// Seconds since 1970.
    now: i64,
    pub(super) verdict: Verdict,
}

impl<'t> Trial<'t> {
    /// With the errors that are passed over: of authorities, of the certificate itself.
    pub(super) fn new(
        ignored: &'t [Option<IgnoredErrors>; 2],
        algorithms: &'t [&'t dyn SignatureVerificationAlgorithm],
        now: UnixTime,
    ) -> Self {
        let now = i64::try_from(now.as_secs()).unwrap_or(i64::MAX);
        Self { ignored, algorithms, now, verdict: Verdict::default() }
    }

    /// Stops at the first error that is not passed over.
    pub(super) fn run(
        &mut self,
        certificate: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        authorities: &Authorities,
        proof: &Result<(), webpki::Error>,
    ) -> Result<(), Refusal> {
        let Ok((_, first)) = X509Certificate::from_der(certificate) else {
            self.verdict.note(error::UNSPECIFIED, 0);
            return Err(Refusal { error: error::UNSPECIFIED, depth: 0 });
        };
        if extensions::has_weak_key(&first) {
            self.complain(error::EE_KEY_TOO_SMALL, 0)?;
        }
        let sent = sent.iter().filter_map(|der| Some(X509Certificate::from_der(der).ok()?.1)).collect();
        let chain = Chain::build(first, sent, authorities, self.now);
        self.judge_end(&chain)?;
        self.judge_extensions(&chain)?;
        self.judge_strength(&chain)?;
        self.judge_signatures(&chain, proof.is_ok())?;
        self.judge_constraints(&chain, proof)?;
        self.judge_rest(proof)
    }

    fn complain(&mut self, error: u8, depth: usize) -> Result<(), Refusal> {
        let depth = u8::try_from(depth).unwrap_or(u8::MAX);
        self.verdict.note(error, depth);
        let [of_authorities, of_certificates] = self.ignored;
        let ignored = if depth > 0 { of_authorities } else { of_certificates };
        let is_ignored = ignored.as_ref().is_some_and(|ignored| ignored.has(error));
        is_ignored.then_some(()).ok_or(Refusal { error, depth })
    }

    fn judge_end(&mut self, chain: &Chain<'_>) -> Result<(), Refusal> {
        let top = chain.top();
        match chain.end {
            End::Trusted => Ok(()),
            End::Unfinished => self.complain(error::UNABLE_TO_GET_ISSUER_CERT, top),
            End::SelfSigned if top == 0 => self.complain(error::DEPTH_ZERO_SELF_SIGNED_CERT, top),
            End::SelfSigned => self.complain(error::SELF_SIGNED_CERT_IN_CHAIN, top),
            End::Unknown => self.complain(error::UNABLE_TO_GET_ISSUER_CERT_LOCALLY, top),
            // no list lets it pass: what comes behind it was not looked at
            End::TooLong => {
                self.verdict.note(error::CERT_CHAIN_TOO_LONG, u8::MAX);
                Err(Refusal { error: error::CERT_CHAIN_TOO_LONG, depth: u8::MAX })
            }
        }
    }

    fn judge_extensions(&mut self, chain: &Chain<'_>) -> Result<(), Refusal> {
        let mut authorities = 0;
        for (depth, link) in chain.links.iter().enumerate() {
            if extensions::are_broken(link) {
                self.complain(error::INVALID_EXTENSION, depth)?;
            }
            if extensions::has_unknown_critical(link) {
                self.complain(error::UNHANDLED_CRITICAL_EXTENSION, depth)?;
            }
            if depth > 0 && !extensions::is_authority(link, depth < chain.top()) {
                self.complain(error::INVALID_CA, depth)?;
            }
            if !extensions::is_for_clients(link, depth > 0) {
                self.complain(error::INVALID_PURPOSE, depth)?;
            }
            if depth > 1 && extensions::longest_path(link).is_some_and(|longest| authorities > longest) {
                self.complain(error::PATH_LENGTH_EXCEEDED, depth)?;
            }
            if depth > 0 && link.subject().as_raw() != link.issuer().as_raw() {
                authorities += 1;
            }
        }
        Ok(())
    }

    /// What OpenSSL asks at level 2 of security, Debian's.
    fn judge_strength(&mut self, chain: &Chain<'_>) -> Result<(), Refusal> {
        for (depth, link) in chain.links.iter().enumerate() {
            if depth > 0 && extensions::has_weak_key(link) {
                self.complain(error::CA_KEY_TOO_SMALL, depth)?;
            }
            if depth < chain.top() && extensions::has_weak_signature(link) {
                self.complain(error::CA_MD_TOO_WEAK, depth)?;
            }
        }
        Ok(())
    }

    /// Signatures, where nobody has proved them yet, and times, from the top down.
    fn judge_signatures(&mut self, chain: &Chain<'_>, is_proved: bool) -> Result<(), Refusal> {
        let top = chain.top();
        if is_self_signed(&chain.links[top]) {
            self.judge_time(&chain.links[top], top)?;
        } else if top == 0 {
            self.complain(error::UNABLE_TO_VERIFY_LEAF_SIGNATURE, 0)?;
            return self.judge_time(&chain.links[0], 0);
        }
        for depth in (0..top).rev() {
            let (link, above) = (&chain.links[depth], &chain.links[depth + 1]);
            if !extensions::may_sign(above) {
                self.complain(error::KEYUSAGE_NO_CERTSIGN, depth + 1)?;
            }
            if !is_proved && !signature::is_signed_by(link, above, self.algorithms) {
                self.complain(error::CERT_SIGNATURE_FAILURE, depth)?;
            }
            self.judge_time(link, depth)?;
        }
        Ok(())
    }

    fn judge_time(&mut self, link: &X509Certificate<'_>, depth: usize) -> Result<(), Refusal> {
        if link.validity().not_before.timestamp() > self.now {
            self.complain(error::CERT_NOT_YET_VALID, depth)?;
        }
        if link.validity().not_after.timestamp() <= self.now {
            self.complain(error::CERT_HAS_EXPIRED, depth)?;
        }
        Ok(())
    }

    /// Constraints of names are webpki's to judge: where it found another fault first, nobody knows that they are kept.
    fn judge_constraints(
        &mut self,
        chain: &Chain<'_>,
        proof: &Result<(), webpki::Error>,
    ) -> Result<(), Refusal> {
        if proof.is_ok() {
            return Ok(());
        }
        match extensions::constraints(&chain.links[1..]) {
            None => Ok(()),
            Some(extensions::Constraints::Permitted) => self.complain(error::PERMITTED_VIOLATION, 0),
            Some(extensions::Constraints::Excluded) => self.complain(error::EXCLUDED_VIOLATION, 0),
        }
    }

    /// What webpki found and OpenSSL does not mind, and what is left.
    fn judge_rest(&mut self, proof: &Result<(), webpki::Error>) -> Result<(), Refusal> {
        match proof {
            Ok(())
            | Err(
                webpki::Error::CaUsedAsEndEntity
                | webpki::Error::UnsupportedCertVersion
                | webpki::Error::MaximumPathDepthExceeded,
            ) => Ok(()),
            Err(_) if self.verdict != Verdict::default() => Ok(()),
            Err(_) => self.complain(error::UNSPECIFIED, 0),
        }
    }
}
