//! What a certificate says about itself, as OpenSSL reads it.

use x509_parser::prelude::{
    BasicConstraints, ExtendedKeyUsage, KeyUsage, NSCertType, ParsedExtension, X509Certificate, X509Version,
};
use x509_parser::public_key::PublicKey;

use super::chain::is_self_signed;

/// Extensions that may be critical; others are not understood, and so nothing may be made of the certificate.
#[rustfmt::skip]
const UNDERSTOOD: &[&str] = &[
    "2.5.29.15", "2.5.29.17", "2.5.29.19", "2.5.29.30", "2.5.29.31", "2.5.29.32", "2.5.29.33", "2.5.29.36", "2.5.29.37",
    "2.5.29.54", "2.16.840.1.113730.1.1",
];

/// Signatures over digests that are broken: MD2, MD4, MD5, SHA-1.
#[rustfmt::skip]
const WEAK: &[&str] = &[
    "1.2.840.113549.1.1.2", "1.2.840.113549.1.1.3", "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1",
    "1.2.840.10040.4.3",
];

/// The least bits of keys, with 112 bits of security.
const LEAST_RSA: usize = 2048;
const LEAST_EC: usize = 224;

/// What names below an authority are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Constraints {
    /// They have to be among some.
    Permitted,
    /// They must not be among some.
    Excluded,
}

pub(super) fn are_broken(certificate: &X509Certificate<'_>) -> bool {
    let is_broken = |one: &ParsedExtension<'_>| matches!(one, ParsedExtension::ParseError { .. });
    certificate.iter_extensions().any(|one| is_broken(one.parsed_extension()))
        || certificate.extensions_map().is_err()
}

pub(super) fn has_unknown_critical(certificate: &X509Certificate<'_>) -> bool {
    let is_known = |id: &str| UNDERSTOOD.contains(&id);
    certificate.iter_extensions().any(|one| one.critical && !is_known(&one.oid.to_id_string()))
}

pub(super) fn has_weak_key(certificate: &X509Certificate<'_>) -> bool {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) => key.key_size() < LEAST_RSA,
        Ok(PublicKey::EC(key)) => key.key_size() < LEAST_EC,
        // others have one size, or cannot be verified with
        _ => false,
    }
}

pub(super) fn has_weak_signature(certificate: &X509Certificate<'_>) -> bool {
    WEAK.contains(&certificate.signature_algorithm.algorithm.to_id_string().as_str())
}

/// Whether it may stand above others; one in the midst of a chain has to say so itself.
pub(super) fn is_authority(certificate: &X509Certificate<'_>, is_between: bool) -> bool {
    if !may_sign(certificate) {
        return false;
    }
    match basic_constraints(certificate) {
        Some(constraints) => constraints.ca,
        None if is_between => false,
        None => {
            let is_old = certificate.version() == X509Version::V1 && is_self_signed(certificate);
            is_old || key_usage(certificate).is_some()
        }
    }
}

/// Whether what it says about its key lets it sign certificates.
pub(super) fn may_sign(certificate: &X509Certificate<'_>) -> bool {
    key_usage(certificate).is_none_or(KeyUsage::key_cert_sign)
}

/// Whether it may be used for TLS clients: by one, or by an authority above.
pub(super) fn is_for_clients(certificate: &X509Certificate<'_>, is_above: bool) -> bool {
    if extended_usage(certificate).is_some_and(|usage| !usage.client_auth) {
        return false;
    }
    if is_above {
        return is_authority(certificate, false);
    }
    let signs = |usage: &KeyUsage| usage.digital_signature() || usage.key_agreement();
    key_usage(certificate).is_none_or(signs) && netscape(certificate).is_none_or(NSCertType::ssl_client)
}

/// How many authorities may stand below it.
pub(super) fn longest_path(certificate: &X509Certificate<'_>) -> Option<u32> {
    basic_constraints(certificate)?.path_len_constraint
}

/// What the names below these authorities are held to.
pub(super) fn constraints(authorities: &[X509Certificate<'_>]) -> Option<Constraints> {
    let found = authorities.iter().flat_map(|link| link.extensions()).filter_map(|one| {
        match one.parsed_extension() {
            ParsedExtension::NameConstraints(names) => Some(names.permitted_subtrees.is_some()),
            _ => None,
        }
    });
    let permits = found.reduce(|a, b| a || b)?;
    Some(if permits { Constraints::Permitted } else { Constraints::Excluded })
}

fn find<'c, 'a, T: ?Sized>(
    certificate: &'c X509Certificate<'a>,
    of: impl Fn(&'c ParsedExtension<'a>) -> Option<&'c T>,
) -> Option<&'c T> {
    certificate.extensions().iter().find_map(|one| of(one.parsed_extension()))
}

fn basic_constraints<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c BasicConstraints> {
    find(certificate, |one| match one {
        ParsedExtension::BasicConstraints(found) => Some(found),
        _ => None,
    })
}

fn key_usage<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c KeyUsage> {
    find(certificate, |one| match one {
        ParsedExtension::KeyUsage(found) => Some(found),
        _ => None,
    })
}

fn extended_usage<'c, 'a>(certificate: &'c X509Certificate<'a>) -> Option<&'c ExtendedKeyUsage<'a>> {
    find(certificate, |one| match one {
        ParsedExtension::ExtendedKeyUsage(found) => Some(found),
        _ => None,
    })
}

fn netscape<'c>(certificate: &'c X509Certificate<'_>) -> Option<&'c NSCertType> {
    find(certificate, |one| match one {
        ParsedExtension::NSCertType(found) => Some(found),
        _ => None,
    })
}
