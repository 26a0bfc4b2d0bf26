//! From the words of a `bind … ssl` line to a rustls configuration.

use std::path::PathBuf;
use std::sync::Arc;

use config::model::{BindTls, Global, TlsVersion};
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{Ticketer, default_provider};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::{ServerConfig, SupportedProtocolVersion, version};

use super::client::ClientVerifier;
use super::watch::{Secrets, Sessions};
use super::{HELLO_BEGINNING, HELLO_WHOLE, Store, Tls, TlsError, names};

/// Sessions kept for resumption where tickets are off.
const SESSIONS: usize = 4096;

pub(super) fn build(bind: &BindTls, global: &Global) -> Result<(Tls, Vec<String>), TlsError> {
    let mut warnings = Vec::new();
    let store = Arc::new(store(bind, global)?);
    let versions = versions(bind, global, &mut warnings)?;
    let provider = Arc::new(provider(bind, global, &versions, &mut warnings)?);
    let verifier = ClientVerifier::build(bind, &provider)?;
    let judge: Arc<dyn ClientCertVerifier> = match &verifier {
        Some(verifier) => verifier.clone(),
        None => WebPkiClientVerifier::no_client_auth(),
    };
    let fail = |e| TlsError::new(format!("TLS settings do not fit together: {e}"));
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&versions)
        .map_err(fail)?
        .with_client_cert_verifier(judge)
        .with_cert_resolver(store.clone());
    // OpenSSL under HAProxy goes by the server's order unless `prefer-client-ciphers` is said.
    config.ignore_client_order = true;
    if bind.no_tickets {
        config.session_storage = Sessions::new(SESSIONS);
        config.send_tls13_tickets = 0;
    } else {
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().map_err(fail)?;
    }
    if global.keylog() {
        config.key_log = Arc::new(Secrets);
    }
    let watches = verifier.is_some() || bind.no_tickets || global.keylog();
    let without_alpn = Arc::new(config.clone());
    config.alpn_protocols = bind.alpn.iter().map(|name| name.clone().into_bytes()).collect();
    let hello_capacity = if global.hello_lists() > 0 { HELLO_WHOLE } else { HELLO_BEGINNING };
    let (config, strict_sni) = (Arc::new(config), bind.strict_sni);
    Ok((Tls { config, without_alpn, store, strict_sni, verifier, watches, hello_capacity }, warnings))
}

fn store(bind: &BindTls, global: &Global) -> Result<Store, TlsError> {
    let based = |path: &PathBuf| match &global.crt_base {
        Some(base) if path.is_relative() && !path.starts_with(base) => base.join(path),
        _ => path.clone(),
    };
    let paths: Vec<PathBuf> = bind.certificates.iter().map(based).collect();
    let store = Store::load(&paths)?;
    if store.is_empty() && !bind.strict_sni {
        return Err(TlsError::new("no SSL certificate specified (use 'crt')."));
    }
    Ok(store)
}

fn versions(
    bind: &BindTls,
    global: &Global,
    warnings: &mut Vec<String>,
) -> Result<Vec<&'static SupportedProtocolVersion>, TlsError> {
    let min = bind.min.or(global.default_bind_min_tls).unwrap_or(TlsVersion::Tls12);
    let max = bind.max.or(global.default_bind_max_tls).unwrap_or(TlsVersion::Tls13);
    if min < TlsVersion::Tls12 {
        warnings.push(format!(
            "'ssl-min-ver {}': versions below TLSv1.2 are not spoken here, so the least is TLSv1.2",
            name(min)
        ));
    }
    let has = |wanted| min <= wanted && wanted <= max;
    let mut versions = Vec::new();
    if has(TlsVersion::Tls13) {
        versions.push(&version::TLS13);
    }
    if has(TlsVersion::Tls12) {
        versions.push(&version::TLS12);
    }
    if versions.is_empty() {
        let range = format!("'ssl-min-ver {}' and 'ssl-max-ver {}'", name(min), name(max));
        return Err(TlsError::new(format!("{range} leave no version: TLSv1.2 and TLSv1.3 are spoken here")));
    }
    Ok(versions)
}

fn name(version: TlsVersion) -> &'static str {
    match version {
        TlsVersion::Ssl3 => "SSLv3",
        TlsVersion::Tls10 => "TLSv1.0",
        TlsVersion::Tls11 => "TLSv1.1",
        TlsVersion::Tls12 => "TLSv1.2",
        TlsVersion::Tls13 => "TLSv1.3",
    }
}

/// The provider with the suites and curves asked for.
fn provider(
    bind: &BindTls,
    global: &Global,
    versions: &[&'static SupportedProtocolVersion],
    warnings: &mut Vec<String>,
) -> Result<CryptoProvider, TlsError> {
    let mut provider = default_provider();
    let speaks = |version| versions.contains(&version);
    provider.cipher_suites.clear();
    if speaks(&version::TLS13) {
        let list = bind.ciphersuites.as_ref().or(global.default_bind_ciphersuites.as_ref());
        provider.cipher_suites.extend(match list {
            Some(list) => {
                needed("ciphersuites", "TLS 1.3 cipher suites", list, names::ciphersuites(list), warnings)?
            }
            None => names::default_suites(true),
        });
    }
    if speaks(&version::TLS12) {
        let list = bind.ciphers.as_ref().or(global.default_bind_ciphers.as_ref());
        provider.cipher_suites.extend(match list {
            Some(list) => needed("ciphers", "SSL cipher list", list, names::ciphers(list), warnings)?,
            None => names::default_suites(false),
        });
    }
    if let Some(list) = &bind.curves {
        provider.kx_groups = needed("curves", "SSL curves list", list, names::curves(list), warnings)?;
    }
    Ok(provider)
}

/// What can be had of a list; an error if that is nothing, a warning if it is not all.
fn needed<T>(
    keyword: &str,
    what: &str,
    list: &str,
    chosen: names::Chosen<T>,
    warnings: &mut Vec<String>,
) -> Result<Vec<T>, TlsError> {
    if chosen.taken.is_empty() {
        return Err(TlsError::new(format!(
            "unable to set {what} to '{list}': nothing in it is available here"
        )));
    }
    if !chosen.missing.is_empty() {
        warnings
            .push(format!("'{keyword}': not available here and passed over: {}", chosen.missing.join(", ")));
    }
    Ok(chosen.taken)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(bind: &BindTls) -> Result<Vec<String>, String> {
        let mut warnings = Vec::new();
        let global = Global::default();
        let versions = versions(bind, &global, &mut warnings).map_err(|e| e.to_string())?;
        provider(bind, &global, &versions, &mut warnings).map_err(|e| e.to_string())?;
        Ok(warnings)
    }

    #[test]
    fn versions_below_1_2_are_warned_of() {
        let bind = BindTls { min: Some(TlsVersion::Tls10), ..BindTls::default() };
        assert!(built(&bind).unwrap()[0].starts_with("'ssl-min-ver TLSv1.0'"));
        assert!(
            built(&BindTls { max: Some(TlsVersion::Tls11), ..bind })
                .unwrap_err()
                .contains("leave no version")
        );
    }

    #[test]
    fn a_list_that_leaves_nothing_is_refused_and_one_that_leaves_something_is_warned_of() {
        let with = |list: &str| BindTls { ciphers: Some(list.to_owned()), ..BindTls::default() };
        assert!(
            built(&with("AES256-SHA"))
                .unwrap_err()
                .starts_with("unable to set SSL cipher list to 'AES256-SHA'")
        );
        let warnings = built(&with("AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256")).unwrap();
        assert_eq!(warnings, ["'ciphers': not available here and passed over: AES256-SHA"]);
    }

    #[test]
    fn a_list_for_a_version_that_is_not_spoken_is_not_looked_at() {
        let bind =
            BindTls { min: Some(TlsVersion::Tls13), ciphers: Some("NOPE".to_owned()), ..BindTls::default() };
        assert!(built(&bind).unwrap().is_empty());
    }
}
