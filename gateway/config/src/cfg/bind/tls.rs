//! The options of `bind` that are about TLS (configuration.txt 5.1); the lines of a `crt-list` take some of them, too.

use lang::Diagnostic;

use super::Line;
use crate::cfg::{Context, Keyword, keyword};
use crate::draft::{NamedFile, Purpose};
use crate::model::{BindTls, CrtList, IgnoredErrors, TlsVersion};

const TICKETS: &str = "tickets are made with keys of the process' own";

/// A row of the table below.
const fn option(name: &'static str) -> Keyword<Line> {
    keyword(name)
}

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<Line>] = &[
    option("ssl")           .parse(|cx| { cx.target.ssl = true; Ok(()) }),
    option("alpn")          .misses("the comma-delimited ALPN protocol suite").parse(|cx| { cx.target.tls.alpn = protocols(cx)?; Ok(()) }),
    option("no-alpn")       .parse(|cx| { cx.target.tls.alpn.clear(); Ok(()) }),
    option("ca-file")       .misses("CAfile path").parse(|cx| { cx.target.tls.ca_file = Some(file(cx, Purpose::Authorities)?); Ok(()) }),
    option("ciphers")       .misses("cipher suite").parse(|cx| { cx.target.tls.ciphers = Some(cx.text()?); Ok(()) }),
    option("ciphersuites")  .misses("cipher suite").parse(|cx| { cx.target.tls.ciphersuites = Some(cx.text()?); Ok(()) }),
    option("crt")           .misses("certificate location").parse(|cx| { let file = file(cx, Purpose::Certificate)?; cx.target.tls.certificates.push(file); Ok(()) }),
    option("curves")        .misses("curve suite").parse(|cx| { cx.target.tls.curves = Some(cx.text()?); Ok(()) }),
    option("ecdhe")         .misses("named curve").parse(|cx| { cx.target.tls.ecdhe = Some(cx.text()?); Ok(()) }),
    option("no-tls-tickets").parse(|cx| { cx.target.tls.no_tickets = true; Ok(()) }),
    option("tls-tickets")   .parse(|cx| { cx.target.tls.no_tickets = false; Ok(()) }),
    option("ssl-max-ver")   .misses("the ssl/tls version").parse(|cx| { cx.target.tls.max = Some(version(cx)?); Ok(()) }),
    option("ssl-min-ver")   .misses("the ssl/tls version").parse(|cx| { cx.target.tls.min = Some(version(cx)?); Ok(()) }),
    option("strict-sni")    .parse(|cx| { cx.target.tls.strict_sni = true; Ok(()) }),
    option("no-strict-sni") .parse(|cx| { cx.target.tls.strict_sni = false; Ok(()) }),
    option("verify")        .misses("verify method").parse(verify),
    option("prefer-client-ciphers").parse(|cx| { cx.target.tls.prefer_client_ciphers = true; Ok(()) })
        .tunes("the order of the server's list is used"),

    // never spoken, so always so
    option("no-sslv3").parse(|_| Ok(())), option("no-tlsv10").parse(|_| Ok(())), option("no-tlsv11").parse(|_| Ok(())),
    option("no-tlsv12")     .parse(|cx| { cx.target.tls.min = Some(TlsVersion::Tls13); Ok(()) }),
    option("no-tlsv13")     .parse(|cx| { cx.target.tls.max = Some(TlsVersion::Tls12); Ok(()) }),
    option("force-sslv3")   .parse(|cx| { force(cx, TlsVersion::Ssl3) }),
    option("force-tlsv10")  .parse(|cx| { force(cx, TlsVersion::Tls10) }),
    option("force-tlsv11")  .parse(|cx| { force(cx, TlsVersion::Tls11) }),
    option("force-tlsv12")  .parse(|cx| { force(cx, TlsVersion::Tls12) }),
    option("force-tlsv13")  .parse(|cx| { force(cx, TlsVersion::Tls13) }),

    option("allow-0rtt")    .parse(|cx| { cx.target.tls.early_data = true; Ok(()) })
        .tunes("early data is never accepted, clients then send it after the handshake"),
    option("npn")           .misses("the comma-delimited NPN protocol suite").parse(|cx| { cx.target.tls.npn = protocols(cx)?; Ok(()) })
        .tunes("NPN is gone from TLS; use 'alpn'"),
    option("tls-ticket-keys").misses("TLS ticket keys file path").parse(|cx| { cx.target.tls.ticket_keys = Some(file(cx, Purpose::TicketKeys)?); Ok(()) })
        .tunes(TICKETS),
    option("ktls")          .misses("'on' or 'off'").parse(ktls).tunes("the bytes are the same without it"),

    option("crt-list")      .misses("certificate location").parse(crt_list).later("write 'crt' for each certificate, or for their directory"),
    option("default-crt")   .misses("certificate location").parse(default_crt).later("write 'crt'; the first one is the default"),
    option("ca-verify-file").misses("CAfile path").parse(|cx| { cx.target.tls.ca_verify_file = Some(file(cx, Purpose::Authorities)?); Ok(()) }),
    option("no-ca-names")   .parse(|cx| { cx.target.tls.no_ca_names = true; Ok(()) }),
    option("crl-file")      .misses("CRLfile path").parse(|cx| { cx.target.tls.crl_file = Some(file(cx, Purpose::Revocations)?); Ok(()) })
        .later("issue short-lived certificates, or keep this proxy on HAProxy for now"),
    option("ca-ignore-err") .misses("error IDs list").parse(|cx| { cx.target.tls.ca_ignore_err = Some(ignored(cx)?); Ok(()) }),
    option("crt-ignore-err").misses("error IDs list").parse(|cx| { cx.target.tls.crt_ignore_err = Some(ignored(cx)?); Ok(()) }),
    option("ca-sign-file")  .misses("CAfile path").parse(|cx| { cx.target.tls.ca_sign_file = Some(file(cx, Purpose::Signing)?); Ok(()) }),
    option("ca-sign-pass")  .misses("CAkey password").parse(|cx| { cx.target.tls.ca_sign_pass = Some(cx.text()?); Ok(()) }),
    option("generate-certificates").parse(|cx| { cx.target.tls.generate_certificates = true; Ok(()) }).later("write 'crt' for each name"),
    option("sigalgs")       .misses("signature algorithm list").parse(|cx| { cx.target.tls.sigalgs = Some(cx.text()?); Ok(()) }).later(CHOICE),
    option("client-sigalgs").misses("signature algorithm list").parse(|cx| { cx.target.tls.client_sigalgs = Some(cx.text()?); Ok(()) }).later(CHOICE),
    option("ech")           .misses("directory of ECH keys").parse(|cx| { cx.target.tls.ech = Some(cx.path()?); Ok(()) }).later("remove it: the client hello is not encrypted"),
    option("renegotiate")   .parse(|cx| { cx.target.tls.renegotiate = Some(true); Ok(()) }).tunes("clients may not renegotiate, and TLS 1.3 knows nothing of it"),
    option("no-renegotiate").parse(|cx| { cx.target.tls.renegotiate = Some(false); Ok(()) }),
];

const CHOICE: &str = "remove it: signatures are chosen among those that are safe";

/// What the words in brackets of a `crt-list` line may be, and how many words each takes.
pub(crate) const CRT_LIST: &[(&str, usize)] = &[
    ("allow-0rtt", 0),
    ("alpn", 1),
    ("ca-file", 1),
    ("ca-verify-file", 1),
    ("ciphers", 1),
    ("ciphersuites", 1),
    ("client-sigalgs", 1),
    ("crl-file", 1),
    ("curves", 1),
    ("ecdhe", 1),
    ("no-alpn", 0),
    ("no-ca-names", 0),
    ("npn", 1),
    ("sigalgs", 1),
    ("ssl-max-ver", 1),
    ("ssl-min-ver", 1),
    ("verify", 1),
];

/// Remembers a file, to be judged when the base directories are known.
fn file(cx: &mut Context<'_, Line>, purpose: Purpose) -> Result<std::path::PathBuf, Diagnostic> {
    let span = cx.words.here();
    let file = cx.path()?;
    let keyword = cx.keyword;
    cx.target.files.push(NamedFile { file: file.clone(), span, label: String::new(), keyword, purpose });
    Ok(file)
}

fn crt_list(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let file = file(cx, Purpose::CrtList)?;
    let after = cx.target.tls.certificates.len();
    cx.target.tls.crt_lists.push(CrtList { file, after, entries: Vec::new() });
    Ok(())
}

fn default_crt(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let file = file(cx, Purpose::Certificate)?;
    cx.target.tls.default_certificates.push(file);
    Ok(())
}

fn protocols(cx: &mut Context<'_, Line>) -> Result<Vec<String>, Diagnostic> {
    let at = cx.words.here();
    let names = cx.list()?;
    if names.iter().any(|name| name.len() > 255) {
        let message = format!("'{}' : one of the protocol names is too long", cx.keyword);
        return Err(Diagnostic::alert(at, message));
    }
    Ok(names)
}

fn ktls(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let choices = [("on", true), ("off", false)];
    let on = cx.choice(&choices, "'ktls' expects either 'on' or 'off' but got '{}'.")?;
    cx.target.bind.kernel_tls = Some(on);
    Ok(())
}

fn verify(cx: &mut Context<'_, Line>) -> Result<(), Diagnostic> {
    let methods = [("none", None), ("optional", Some(false)), ("required", Some(true))];
    let message =
        "'verify' : unknown verify method '{}', only 'none', 'optional', and 'required' are supported";
    cx.target.tls.verify_client = cx.choice(&methods, message)?;
    Ok(())
}

/// The last of OpenSSL's verification errors.
const LAST_ERROR: u8 = 94;

fn ignored(cx: &mut Context<'_, Line>) -> Result<IgnoredErrors, Diagnostic> {
    let word = cx.expect("a list")?;
    if word.text == "all" {
        return Ok(IgnoredErrors::All);
    }
    let number = |text: &str| {
        if let Some(number) = expr::verify_error(text) {
            return u64::from(number);
        }
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        text.get(..digits).and_then(|digits| digits.parse::<u64>().ok()).unwrap_or_default()
    };
    let mut errors = Vec::new();
    for id in word.text.split(',').map(number) {
        match u8::try_from(id) {
            Ok(id) if (1..=LAST_ERROR).contains(&id) => errors.push(id),
            _ => {
                let message = format!(
                    "'{}' : ID '{id}' out of range (1..{LAST_ERROR}) in error IDs list '{}'",
                    cx.keyword, word.text
                );
                return Err(Diagnostic::alert(word.span, message));
            }
        }
    }
    Ok(IgnoredErrors::Some(errors))
}

fn force(cx: &mut Context<'_, Line>, version: TlsVersion) -> Result<(), Diagnostic> {
    (cx.target.tls.min, cx.target.tls.max) = (Some(version), Some(version));
    Ok(())
}

fn version(cx: &mut Context<'_, Line>) -> Result<TlsVersion, Diagnostic> {
    let word = cx.expect("a version")?;
    tls_version(&word.text)
        .ok_or_else(|| Diagnostic::alert(word.span, format!("'{}' : unknown ssl/tls version", word.text)))
}

/// A TLS version by OpenSSL's name.
pub(crate) fn tls_version(name: &str) -> Option<TlsVersion> {
    Some(match name {
        "SSLv3" => TlsVersion::Ssl3,
        "TLSv1.0" => TlsVersion::Tls10,
        "TLSv1.1" => TlsVersion::Tls11,
        "TLSv1.2" => TlsVersion::Tls12,
        "TLSv1.3" => TlsVersion::Tls13,
        _ => return None,
    })
}

/// What cannot be in a line with `ssl`; the text follows `Proxy 'f': `, with `{}` for ` for bind ':443' at [file:line]`.
pub(crate) fn contradiction(tls: &BindTls) -> Option<&'static str> {
    if tls.certificates.is_empty()
        && tls.crt_lists.is_empty()
        && tls.default_certificates.is_empty()
        && !tls.strict_sni
    {
        return Some("no SSL certificate specified{} (use 'crt').");
    }
    if tls.verify_client.is_some() && tls.ca_file.is_none() && tls.ca_verify_file.is_none() {
        return Some("verify is enabled but no CA file specified{}.");
    }
    if tls.generate_certificates && tls.ca_sign_file.is_none() {
        return Some("cannot enable certificate generation, no CA certificate File configured{at}.");
    }
    let versions = (tls.min.or(tls.max.filter(|max| *max < TlsVersion::Tls12)), tls.max);
    if matches!(versions, (Some(min), Some(max)) if min > max) || tls.max == Some(TlsVersion::Ssl3) {
        return Some("all SSL/TLS versions are disabled{}.");
    }
    None
}

/// What is said of a list of curves with a name that OpenSSL does not have; as above.
pub(crate) fn unknown_curve(tls: &BindTls) -> Option<String> {
    let lists = [(&tls.curves, "SSL curves list"), (&tls.ecdhe, "elliptic named curve")];
    lists.into_iter().find_map(|(list, what)| {
        let list = list.as_ref()?;
        let known = list.split(':').all(is_curve);
        (!known).then(|| format!("unable to set {what} to '{list}'{{}}."))
    })
}

/// Whether a name is one of OpenSSL's for a curve, or for a group that stands beside them.
fn is_curve(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let numbered = |rest: &str| rest.starts_with(|c: char| c.is_ascii_digit());
    FAMILIES.iter().any(|family| name.strip_prefix(family).is_some_and(numbered))
}

/// The families of such names; in each a number follows.
const FAMILIES: &[&str] = &[
    "p-",
    "b-",
    "k-",
    "x",
    "secp",
    "sect",
    "prime",
    "brainpoolp",
    "ffdhe",
    "mlkem",
    "c2pnb",
    "c2tnb",
    "wap-wsg-idm-ecid-wtls",
];
