//! What black-box tests cannot make a HAProxy say, or not in a bearable time. The numbers themselves are compared with
//! HAProxy's in `tests/verify.rs`.

use std::time::Duration;

use config::model::{BindTls, IgnoredErrors};
use rcgen::{
    BasicConstraints, CertificateParams, GeneralSubtree, IsCa, Issuer, KeyPair, NameConstraints, SanType,
    date_time_ymd,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, UnixTime};

use super::*;

type Signer = Issuer<'static, KeyPair>;

fn params(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params
}

fn authority(name: &str) -> CertificateParams {
    let mut params = params(name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

fn expired() -> CertificateParams {
    let mut params = params("expired");
    params.not_after = date_time_ymd(2020, 1, 1);
    params
}

fn root() -> (CertificateDer<'static>, Signer) {
    let (params, key) = (authority("root"), KeyPair::generate().unwrap());
    (params.self_signed(&key).unwrap().der().clone(), Issuer::new(params, key))
}

fn signed(params: CertificateParams, by: &Signer) -> (CertificateDer<'static>, Signer) {
    let key = KeyPair::generate().unwrap();
    (params.signed_by(&key, by).unwrap().der().clone(), Issuer::new(params, key))
}

fn verifier(roots: Vec<CertificateDer<'static>>, crt: &[u8]) -> ClientVerifier {
    ClientVerifier {
        authorities: Authorities::new(roots),
        hints: Vec::new(),
        mandatory: true,
        ignored: [None, Some(IgnoredErrors::Some(crt.to_vec()))],
        algorithms: default_provider().signature_verification_algorithms,
    }
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_750_000_000))
}

#[test]
fn constraints_of_names_are_not_lost_behind_an_error_that_is_passed_over() {
    let (ca, signer) = root();
    let mut constrained = authority("constrained");
    constrained.name_constraints = Some(NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("ok.test".to_owned())],
        excluded_subtrees: Vec::new(),
    });
    let (between, signer) = signed(constrained, &signer);
    let mut expired = expired();
    expired.subject_alt_names = vec![SanType::DnsName("bad.test".try_into().unwrap())];
    let (certificate, _) = signed(expired, &signer);
    let (verdict, outcome) = verifier(vec![ca], &[10]).judge(&certificate, &[between], now());
    assert_eq!(outcome, Err(Refusal { error: 47, depth: 0 }));
    assert_eq!((verdict.certificate, verdict.last), (10, 47));
}

#[test]
fn a_forged_signature_is_not_lost_behind_an_error_that_is_passed_over() {
    let ((ca, _), (_, stranger)) = (root(), root());
    let (certificate, _) = signed(expired(), &stranger);
    let (_, outcome) = verifier(vec![ca], &[10]).judge(&certificate, &[], now());
    assert_eq!(outcome, Err(Refusal { error: 7, depth: 0 }));
}

#[test]
fn a_chain_without_end_is_refused_whatever_is_passed_over() {
    let (_, mut signer) = root();
    let mut chain = Vec::new();
    for number in 0..=chain::LONGEST {
        let (certificate, next) = signed(authority(&format!("{number}")), &signer);
        chain.insert(0, certificate);
        signer = next;
    }
    let mut verifier = verifier(vec![root().0], &[]);
    verifier.ignored = [Some(IgnoredErrors::All), Some(IgnoredErrors::All)];
    let (_, outcome) = verifier.judge(&chain[0], &chain[1..], now());
    assert_eq!(outcome, Err(Refusal { error: 22, depth: u8::MAX }));
}

#[test]
fn what_is_no_certificate_is_refused_whatever_is_passed_over() {
    let mut verifier = verifier(vec![root().0], &[]);
    verifier.ignored = [Some(IgnoredErrors::All), Some(IgnoredErrors::All)];
    for bytes in [&b""[..], b"0", &[0x30, 0x82, 0xff, 0xff], &[0; 64]] {
        let (_, outcome) = verifier.judge(&CertificateDer::from(bytes), &[], now());
        assert_eq!(outcome, Err(Refusal { error: 1, depth: 0 }));
    }
    let (ca, signer) = root();
    let (good, _) = signed(params("good"), &signer);
    verifier.authorities = Authorities::new(vec![ca]);
    for cut in 0..good.len() {
        let (_, outcome) = verifier.judge(&CertificateDer::from(&good[..cut]), &[], now());
        assert!(outcome.is_err(), "{cut} bytes of {}", good.len());
    }
    assert_eq!(verifier.judge(&good, &[], now()), (Verdict::default(), Ok(())));
}

#[test]
fn verification_needs_a_ca_file() {
    let bind = BindTls { verify_client: Some(true), ..BindTls::default() };
    let error = ClientVerifier::build(&bind, &default_provider()).unwrap_err();
    assert!(error.to_string().starts_with("verify is enabled but no CA file"));
}
