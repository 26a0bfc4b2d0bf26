//! `ssl-…` keywords of `global` (configuration.txt 3.1).

use std::path::PathBuf;

use lang::{Diagnostic, Word};

use crate::cfg::{Context, bind};
use crate::model::{Global, TlsVersion};

/// The options of both statements, for suggestions.
const OPTIONS: &[&str] = &[
    "ssl-min-ver",
    "ssl-max-ver",
    "no-tls-tickets",
    "no-sslv3",
    "no-tlsv10",
    "no-tlsv11",
    "no-tlsv12",
    "no-tlsv13",
    "force-tlsv12",
    "force-tlsv13",
    "prefer-client-ciphers",
    "strict-sni",
];

/// What options say about versions and tickets.
#[derive(Default)]
struct Said {
    min: Option<TlsVersion>,
    max: Option<TlsVersion>,
    no_tickets: Option<bool>,
    strict_sni: Option<bool>,
    prefer_client: bool,
}

fn options(cx: &mut Context<'_, Global>, for_bind: bool) -> Result<Said, Diagnostic> {
    let statement = cx.keyword;
    if cx.words.is_empty() {
        let message = format!("global statement '{statement}' expects an option as an argument.");
        return Err(cx.words.error(message));
    }
    let mut said = Said::default();
    while let Some(word) = cx.words.next() {
        match word.text.as_str() {
            "ssl-min-ver" => said.min = Some(version(cx, word)?),
            "ssl-max-ver" => said.max = Some(version(cx, word)?),
            "no-tls-tickets" => said.no_tickets = Some(true),
            "tls-tickets" => said.no_tickets = Some(false),
            "no-tlsv12" => said.min = Some(TlsVersion::Tls13),
            "no-tlsv13" => said.max = Some(TlsVersion::Tls12),
            // never offered, or the way it is anyway
            "no-sslv3" | "no-tlsv10" | "no-tlsv11" | "no-renegotiate" => {}
            "prefer-client-ciphers" if for_bind => said.prefer_client = true,
            "strict-sni" if for_bind => said.strict_sni = Some(true),
            "no-strict-sni" if for_bind => said.strict_sni = Some(false),
            other => match forced(other) {
                Some(version) => (said.min, said.max) = (Some(version), Some(version)),
                None => return Err(unknown(word, statement)),
            },
        }
    }
    Ok(said)
}

fn forced(option: &str) -> Option<TlsVersion> {
    Some(match option {
        "force-sslv3" => TlsVersion::Ssl3,
        "force-tlsv10" => TlsVersion::Tls10,
        "force-tlsv11" => TlsVersion::Tls11,
        "force-tlsv12" => TlsVersion::Tls12,
        "force-tlsv13" => TlsVersion::Tls13,
        _ => return None,
    })
}

fn unknown(word: &Word, statement: &str) -> Diagnostic {
    let message = format!("unknown option '{}' on global statement '{statement}'.", word.text);
    Diagnostic::alert(word.span, message).suggest(lang::suggest::nearest(&word.text, OPTIONS.iter().copied()))
}

fn version(cx: &mut Context<'_, Global>, option: &Word) -> Result<TlsVersion, Diagnostic> {
    let statement = cx.keyword;
    let missing =
        format!("'{}' : missing the ssl/tls version on global statement '{statement}'.", option.text);
    let word = cx.words.next().ok_or_else(|| cx.words.error(missing))?;
    bind::tls_version(&word.text).ok_or_else(|| {
        let message = format!("'{}' : unknown ssl/tls version on global statement '{statement}'.", word.text);
        Diagnostic::alert(word.span, message)
    })
}

/// `ssl-default-bind-options`.
pub(super) fn bind_options(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let said = options(cx, true)?;
    let global = &mut *cx.target;
    global.default_bind_min_tls = said.min.or(global.default_bind_min_tls);
    global.default_bind_max_tls = said.max.or(global.default_bind_max_tls);
    global.default_bind_no_tickets = said.no_tickets.unwrap_or(global.default_bind_no_tickets);
    global.default_bind_strict_sni = said.strict_sni.unwrap_or(global.default_bind_strict_sni);
    global.default_bind_prefer_client |= said.prefer_client;
    Ok(())
}

/// `ssl-default-server-options`.
pub(super) fn server_options(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let said = options(cx, false)?;
    let server = &mut cx.target.default_server;
    server.min = said.min.or(server.min);
    server.max = said.max.or(server.max);
    server.no_tickets = said.no_tickets.unwrap_or(server.no_tickets);
    Ok(())
}

/// `ssl-server-verify`.
pub(super) fn server_verify(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let methods = [("none", true), ("required", false)];
    cx.target.no_server_verify =
        cx.choice(&methods, "'ssl-server-verify' expects 'none' or 'required' as argument.")?;
    Ok(())
}

/// `issuers-chain-path`.
pub(super) fn issuers(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a directory")?;
    let path = PathBuf::from(&word.text);
    if !cx.world.files.is_dir(&path) {
        let message = if cx.world.files.exists(&path) {
            format!("global statement 'issuers-chain-path': {} is not a directory.", word.text)
        } else {
            "global statement 'issuers-chain-path' expects a directory path as an argument.".to_owned()
        };
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.issuers = Some(path);
    Ok(())
}

/// What `ssl-load-extra-files` may name.
const EXTRA: &[&str] = &["bundle", "sctl", "ocsp", "issuer", "key"];

/// `ssl-load-extra-files`; keys, and files for each kind of key, are looked for whatever it says.
pub(super) fn extra_files(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    const USAGE: &str =
        "'ssl-load-extra-files' expects one or multiple arguments (none, all, bundle, sctl, ocsp, issuer).";
    if cx.words.is_empty() {
        return Err(cx.words.error(USAGE));
    }
    let words = cx.words.take_rest();
    if let Some(lone) = words.iter().find(|word| matches!(word.text.as_str(), "none" | "all"))
        && words.len() > 1
    {
        let message = "'ssl-load-extra-files' 'none' and 'all' can be only used alone";
        return Err(Diagnostic::alert(lone.span, message));
    }
    let mut kinds = Vec::new();
    for word in words {
        match word.text.as_str() {
            "none" => {}
            "all" => {
                cx.target.extra_files = None;
                return Ok(());
            }
            kind if EXTRA.contains(&kind) => kinds.push(kind.to_owned()),
            other => {
                let known = EXTRA.iter().copied().chain(["none", "all"]);
                return Err(Diagnostic::alert(word.span, USAGE).suggest(lang::suggest::nearest(other, known)));
            }
        }
    }
    cx.target.extra_files = Some(kinds);
    Ok(())
}
