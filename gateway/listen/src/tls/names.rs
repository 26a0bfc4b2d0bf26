//! OpenSSL's names for cipher suites and curves, and its little language for lists of ciphers (openssl-ciphers(1)).

use rustls::crypto::SupportedKxGroup;
use rustls::crypto::aws_lc_rs::{cipher_suite, kx_group};
use rustls::{CipherSuite, NamedGroup, SupportedCipherSuite};

/// A cipher suite that rustls has.
struct Suite {
    /// OpenSSL's name.
    name: &'static str,
    /// rustls' suite.
    suite: SupportedCipherSuite,
    /// The words of a cipher string that take it in; empty for TLS 1.3, which has its own list.
    words: &'static [&'static str],
}

#[rustfmt::skip]
static SUITES: &[Suite] = &[
    Suite { name: "TLS_AES_256_GCM_SHA384",        suite: cipher_suite::TLS13_AES_256_GCM_SHA384,       words: &[] },
    Suite { name: "TLS_CHACHA20_POLY1305_SHA256",  suite: cipher_suite::TLS13_CHACHA20_POLY1305_SHA256, words: &[] },
    Suite { name: "TLS_AES_128_GCM_SHA256",        suite: cipher_suite::TLS13_AES_128_GCM_SHA256,       words: &[] },
    Suite { name: "ECDHE-ECDSA-AES256-GCM-SHA384", suite: cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
            words: &["aECDSA", "ECDSA", "AES256", "AES", "AESGCM", "SHA384"] },
    Suite { name: "ECDHE-RSA-AES256-GCM-SHA384",   suite: cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
            words: &["aRSA", "AES256", "AES", "AESGCM", "SHA384"] },
    Suite { name: "ECDHE-ECDSA-CHACHA20-POLY1305", suite: cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
            words: &["aECDSA", "ECDSA", "CHACHA20"] },
    Suite { name: "ECDHE-RSA-CHACHA20-POLY1305",   suite: cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
            words: &["aRSA", "CHACHA20"] },
    Suite { name: "ECDHE-ECDSA-AES128-GCM-SHA256", suite: cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            words: &["aECDSA", "ECDSA", "AES128", "AES", "AESGCM", "SHA256"] },
    Suite { name: "ECDHE-RSA-AES128-GCM-SHA256",   suite: cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
            words: &["aRSA", "AES128", "AES", "AESGCM", "SHA256"] },
];

/// Words that take in every suite for TLS 1.2 that is left in the table.
const EVERY: &[&str] = &["ALL", "DEFAULT", "HIGH", "ECDHE", "EECDH", "kECDHE", "kEECDH", "TLSv1.2", "FIPS"];

/// OpenSSL's name of a suite, as `ssl_fc_cipher` and the logs show it.
pub(super) fn cipher_name(suite: CipherSuite) -> Option<&'static str> {
    SUITES.iter().find(|row| row.suite.suite() == suite).map(|row| row.name)
}

/// OpenSSL's order when nothing is said.
pub(super) fn default_suites(is_13: bool) -> Vec<SupportedCipherSuite> {
    rows(is_13).map(|row| row.suite).collect()
}

fn rows(is_13: bool) -> impl Iterator<Item = &'static Suite> {
    SUITES.iter().filter(move |row| row.words.is_empty() == is_13)
}

/// What a list of names came to: what can be had, in order, and the names of what cannot.
pub(super) struct Chosen<T> {
    pub(super) taken: Vec<T>,
    pub(super) missing: Vec<String>,
}

/// `ciphers`: a cipher string, which concerns TLS 1.2 only.
pub(super) fn ciphers(list: &str) -> Chosen<SupportedCipherSuite> {
    let mut banned = vec![];
    let mut taken: Vec<&Suite> = Vec::new();
    let mut missing = Vec::new();
    for item in list.split([':', ',', ' ']).filter(|item| !item.is_empty() && !item.starts_with('@')) {
        let (sign, words) = match item.split_at_checked(1) {
            Some((sign @ ("!" | "-" | "+"), words)) => (sign, words),
            _ => ("", item),
        };
        let hit = |row: &Suite| words.split('+').all(|word| row.is(word));
        match sign {
            "!" | "-" => {
                taken.retain(|row| !hit(row));
                banned.extend(rows(false).filter(|row| sign == "!" && hit(row)).map(|row| row.name));
            }
            "+" => taken.sort_by_key(|row| hit(row)),
            _ => {
                let found = rows(false).filter(|row| hit(row));
                let new: Vec<_> = found.filter(|row| !banned.contains(&row.name)).collect();
                if !rows(false).any(hit) {
                    missing.push(item.to_owned());
                }
                taken.extend(
                    new.into_iter()
                        .filter(|row| !taken.iter().any(|had| had.name == row.name))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    Chosen { taken: taken.into_iter().map(|row| row.suite).collect(), missing }
}

impl Suite {
    fn is(&self, word: &str) -> bool {
        self.name == word || self.words.contains(&word) || EVERY.contains(&word)
    }
}

/// `ciphersuites`: names of TLS 1.3 suites.
pub(super) fn ciphersuites(list: &str) -> Chosen<SupportedCipherSuite> {
    named(list, |name| rows(true).find(|row| row.name == name).map(|row| row.suite))
}

#[rustfmt::skip]
static CURVES: &[(&[&str], &'static dyn SupportedKxGroup)] = &[
    (&["X25519", "x25519"],                    kx_group::X25519),
    (&["P-256", "prime256v1", "secp256r1"],    kx_group::SECP256R1),
    (&["P-384", "secp384r1"],                  kx_group::SECP384R1),
    (&["X25519MLKEM768"],                      kx_group::X25519MLKEM768),
    (&["SecP256r1MLKEM768"],                   kx_group::SECP256R1MLKEM768),
];

/// OpenSSL's name of a group, as `curves` takes it.
pub(super) fn group_name(group: NamedGroup) -> Option<&'static str> {
    CURVES.iter().find(|row| row.1.name() == group).and_then(|(names, _)| names.first().copied())
}

/// `curves`: names of groups.
pub(super) fn curves(list: &str) -> Chosen<&'static dyn SupportedKxGroup> {
    named(list, |name| CURVES.iter().find(|(names, _)| names.contains(&name)).map(|row| row.1))
}

fn named<T>(list: &str, find: impl Fn(&str) -> Option<T>) -> Chosen<T> {
    let mut chosen = Chosen { taken: Vec::new(), missing: Vec::new() };
    for name in list.split([':', ',', ' ']).filter(|name| !name.is_empty()) {
        match find(name) {
            Some(found) => chosen.taken.push(found),
            None => chosen.missing.push(name.to_owned()),
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(list: &str) -> Vec<&'static str> {
        ciphers(list).taken.iter().map(|suite| cipher_name(suite.suite()).unwrap()).collect()
    }

    #[test]
    fn every_suite_of_the_provider_has_a_name() {
        for suite in rustls::crypto::aws_lc_rs::ALL_CIPHER_SUITES {
            assert!(cipher_name(suite.suite()).is_some(), "{suite:?}");
        }
    }

    #[test]
    fn a_list_keeps_its_order() {
        let list = "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305";
        assert_eq!(names_of(list), ["ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-ECDSA-CHACHA20-POLY1305"]);
    }

    #[test]
    fn words_signs_and_combinations_mean_what_openssl_means() {
        assert_eq!(
            names_of("ECDHE+AESGCM+aRSA"),
            ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256"]
        );
        assert_eq!(names_of("!AES:ALL:@SECLEVEL=2").len(), 2);
        assert_eq!(names_of("ALL:-AES:ALL").len(), 6);
        assert_eq!(names_of("HIGH:!aNULL:!MD5").len(), 6);
        assert_eq!(
            names_of("CHACHA20:AES128:+CHACHA20:!aRSA").last(),
            Some(&"ECDHE-ECDSA-CHACHA20-POLY1305")
        );
    }

    #[test]
    fn what_cannot_be_had_is_named() {
        let chosen = ciphers("AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256:DHE-RSA-AES128-GCM-SHA256:!RC4");
        assert_eq!(
            (chosen.taken.len(), chosen.missing),
            (1, vec!["AES256-SHA".into(), "DHE-RSA-AES128-GCM-SHA256".into()])
        );
        let chosen = curves("X25519:P-521:secp384r1");
        assert_eq!((chosen.taken.len(), chosen.missing), (2, vec!["P-521".to_owned()]));
        assert_eq!(
            ciphersuites("TLS_AES_128_CCM_SHA256:TLS_AES_128_GCM_SHA256").missing,
            ["TLS_AES_128_CCM_SHA256"]
        );
    }
}
