//! The chain from a client's certificate up, put together as OpenSSL does: authorities first, then what the client sent.

use x509_parser::prelude::{ParsedExtension, X509Certificate};

use super::authorities::Authorities;

/// The most certificates of a chain: OpenSSL's own bound.
pub(super) const LONGEST: usize = 100;

/// A chain, the client's certificate first.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    pub(super) links: Vec<X509Certificate<'a>>,
    /// How it ends.
    pub(super) end: End,
}

/// How a chain ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// With an authority that nobody stands above.
    Trusted,
    /// With an authority whose own is not there.
    Unfinished,
    /// With a certificate that signed itself and is no authority.
    SelfSigned,
    /// With a certificate whose authority is not there.
    Unknown,
    /// Nowhere.
    TooLong,
}

impl<'a> Chain<'a> {
    pub(super) fn build(
        first: X509Certificate<'a>,
        mut sent: Vec<X509Certificate<'a>>,
        authorities: &'a Authorities,
        now: i64,
    ) -> Self {
        let mut links = vec![first];
        let mut is_trusted = false;
        let end = loop {
            let top = &links[links.len() - 1];
            if links.len() > LONGEST {
                break End::TooLong;
            }
            if is_self_signed(top) {
                let known = || authorities.named(top.subject().as_raw()).any(|a| a.as_raw() == top.as_raw());
                break if is_trusted || known() { End::Trusted } else { End::SelfSigned };
            }
            let above = authorities.named(top.issuer().as_raw()).filter(|above| may_have_issued(above, top));
            if let Some(above) = best(above, now) {
                is_trusted = true;
                links.push(above);
            } else if is_trusted {
                break End::Unfinished;
            } else if let Some(place) = sent.iter().position(|above| may_have_issued(above, top)) {
                links.push(sent.remove(place));
            } else {
                break End::Unknown;
            }
        };
        Self { links, end }
    }

    /// The last place.
    pub(super) fn top(&self) -> usize {
        self.links.len() - 1
    }
}

/// One that is valid now; otherwise the one that is valid longest.
fn best<'a>(candidates: impl Iterator<Item = X509Certificate<'a>>, now: i64) -> Option<X509Certificate<'a>> {
    candidates.max_by_key(|one| {
        let (from, until) = (one.validity().not_before.timestamp(), one.validity().not_after.timestamp());
        (from <= now && now < until, until)
    })
}

/// Whether a certificate names itself as its authority.
pub(super) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    may_have_issued(certificate, certificate)
}

/// Whether the names and the key's marks say that one signed the other.
fn may_have_issued(above: &X509Certificate<'_>, certificate: &X509Certificate<'_>) -> bool {
    if above.subject().as_raw() != certificate.issuer().as_raw() {
        return false;
    }
    let wanted = certificate.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::AuthorityKeyIdentifier(wanted) => Some(wanted),
        _ => None,
    });
    let own = above.iter_extensions().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectKeyIdentifier(own) => Some(own),
        _ => None,
    });
    let Some(wanted) = wanted else { return true };
    let same_key = match (&wanted.key_identifier, own) {
        (Some(wanted), Some(own)) => wanted.0 == own.0,
        _ => true,
    };
    same_key && wanted.authority_cert_serial.is_none_or(|serial| serial == above.raw_serial())
}
