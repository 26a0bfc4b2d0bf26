//! The options of `server` that are about TLS, and about how checks are connected (configuration.txt 5.2).

use std::path::PathBuf;

use lang::{Diagnostic, Word};

use crate::cfg::bind::{PROTOCOLS, tls_version};
use crate::cfg::{Context, Keyword, keyword};
use crate::draft::{NamedFile, Purpose, ServerOptions};
use crate::model::{Proto, ServerTls, TlsVersion};

const TLS: &str = "put the servers behind plain HTTP: TLS to servers comes later";
const CHECKS: &str = "remove it: checks are made over plain connections";
const NPN: &str = "NPN is gone from TLS; use 'alpn'";
const KTLS: &str = "the bytes are the same without it";

/// A row of the table below.
const fn option(name: &'static str) -> Keyword<ServerOptions> {
    keyword(name)
}

#[rustfmt::skip]
pub(crate) const OPTIONS: &[Keyword<ServerOptions>] = &[
    option("ssl")           .parse(|cx| { cx.target.model.tls.on = true; Ok(()) }).later(TLS),
    option("no-ssl")        .parse(|cx| { cx.target.model.tls.on = false; Ok(()) }),
    option("verify")        .misses("verify method").parse(verify).later(TLS),
    option("verifyhost")    .misses("hostname to verify against").parse(|cx| { cx.target.model.tls.verify_host = Some(cx.text()?); Ok(()) }).later(TLS),
    option("ca-file")       .misses("CAfile path").parse(|cx| { cx.target.model.tls.ca_file = Some(file(cx, Purpose::Authorities)?); Ok(()) }).later(TLS),
    option("crl-file")      .misses("CRLfile path").parse(|cx| { cx.target.model.tls.crl_file = Some(file(cx, Purpose::Revocations)?); Ok(()) }).later(TLS),
    option("crt")           .misses("certificate file path").parse(|cx| { cx.target.model.tls.certificate = Some(file(cx, Purpose::Certificate)?); Ok(()) }).later(TLS),
    option("sni")           .misses("sni expression").parse(sni).later(TLS),
    option("sni-auto")      .parse(|cx| { cx.target.model.tls.sni_auto = Some(true); Ok(()) }).later(TLS),
    option("no-sni-auto")   .parse(|cx| { cx.target.model.tls.sni_auto = Some(false); Ok(()) }),
    option("alpn")          .misses("the comma-delimited ALPN protocol suite").parse(|cx| { cx.target.model.tls.alpn = cx.list()?; Ok(()) }).later(TLS),
    option("npn")           .misses("the comma-delimited NPN protocol suite").parse(|cx| { cx.target.model.tls.npn = cx.list()?; Ok(()) }).tunes(NPN),
    option("ciphers")       .misses("cipher suite").parse(|cx| { cx.target.model.tls.ciphers = Some(cx.text()?); Ok(()) }).later(TLS),
    option("ciphersuites")  .misses("cipher suite").parse(|cx| { cx.target.model.tls.ciphersuites = Some(cx.text()?); Ok(()) }).later(TLS),
    option("curves")        .misses("curve suite").parse(|cx| { cx.target.model.tls.curves = Some(cx.text()?); Ok(()) }).later(TLS),
    option("sigalgs")       .misses("signature algorithm list").parse(|cx| { cx.target.model.tls.sigalgs = Some(cx.text()?); Ok(()) }).later(TLS),
    option("client-sigalgs").misses("signature algorithm list").parse(|cx| { cx.target.model.tls.client_sigalgs = Some(cx.text()?); Ok(()) }).later(TLS),
    option("ssl-min-ver")   .misses("the ssl/tls version").parse(|cx| { cx.target.model.tls.min = Some(version(cx)?); Ok(()) }).later(TLS),
    option("ssl-max-ver")   .misses("the ssl/tls version").parse(|cx| { cx.target.model.tls.max = Some(version(cx)?); Ok(()) }).later(TLS),
    option("allow-0rtt")    .parse(|cx| { cx.target.model.tls.early_data = true; Ok(()) }).tunes("requests are sent after the handshake"),
    option("ssl-reuse")     .parse(|cx| { cx.target.model.tls.no_reuse = false; Ok(()) }),
    option("no-ssl-reuse")  .parse(|cx| { cx.target.model.tls.no_reuse = true; Ok(()) }).later(TLS),
    option("tls-tickets")   .parse(|cx| { cx.target.model.tls.no_tickets = false; Ok(()) }),
    option("no-tls-tickets").parse(|cx| { cx.target.model.tls.no_tickets = true; Ok(()) }).later(TLS),
    option("renegotiate")   .parse(|cx| { cx.target.model.tls.renegotiate = Some(true); Ok(()) }).later(TLS),
    option("no-renegotiate").parse(|cx| { cx.target.model.tls.renegotiate = Some(false); Ok(()) }),
    option("ech")           .misses("ECH configuration").parse(|cx| { cx.target.model.tls.ech = Some(cx.text()?); Ok(()) }).later(TLS),
    option("ktls")          .misses("'on' or 'off'").parse(ktls).tunes(KTLS),
    option("ssl-f-use")     .unsupported("write 'crt'"),

    // never spoken, so always so
    option("no-sslv3").parse(|_| Ok(())), option("no-tlsv10").parse(|_| Ok(())), option("no-tlsv11").parse(|_| Ok(())),
    option("no-tlsv12")     .parse(|cx| { cx.target.model.tls.min = Some(TlsVersion::Tls13); Ok(()) }).later(TLS),
    option("no-tlsv13")     .parse(|cx| { cx.target.model.tls.max = Some(TlsVersion::Tls12); Ok(()) }).later(TLS),
    option("force-sslv3")   .parse(|cx| force(cx, TlsVersion::Ssl3)).later(TLS),
    option("force-tlsv10")  .parse(|cx| force(cx, TlsVersion::Tls10)).later(TLS),
    option("force-tlsv11")  .parse(|cx| force(cx, TlsVersion::Tls11)).later(TLS),
    option("force-tlsv12")  .parse(|cx| force(cx, TlsVersion::Tls12)).later(TLS),
    option("force-tlsv13")  .parse(|cx| force(cx, TlsVersion::Tls13)).later(TLS),

    option("check-ssl")     .parse(|cx| { cx.target.model.check_over.tls = true; Ok(()) }).later(CHECKS),
    option("no-check-ssl")  .parse(|cx| { cx.target.model.check_over.tls = false; Ok(()) }),
    option("check-sni")     .misses("SNI").parse(|cx| { cx.target.model.check_over.sni = Some(cx.text()?); Ok(()) }).later(CHECKS),
    option("check-sni-auto").parse(|cx| { cx.target.model.check_over.sni_auto = Some(true); Ok(()) }).later(CHECKS),
    option("no-check-sni-auto").parse(|cx| { cx.target.model.check_over.sni_auto = Some(false); Ok(()) }),
    option("check-alpn")    .misses("the comma-delimited ALPN protocol suite").parse(|cx| { cx.target.model.check_over.alpn = cx.list()?; Ok(()) }).later(CHECKS),
    option("check-proto")   .misses("value").parse(|cx| { cx.target.model.check_over.proto = Some(proto(cx)?); Ok(()) }).later(CHECKS),
    option("check-send-proxy").parse(|cx| { cx.target.model.check_over.send_proxy = true; Ok(()) }).later(CHECKS),
    option("no-check-send-proxy").parse(|cx| { cx.target.model.check_over.send_proxy = false; Ok(()) }),
    option("check-via-socks4").parse(|cx| { cx.target.model.check_over.via_socks4 = true; Ok(()) }).later(CHECKS),
    option("check-reuse-pool").parse(|cx| { cx.target.model.check_over.reuse_pool = true; Ok(()) }).tunes("a check opens a connection of its own"),
    option("no-check-reuse-pool").parse(|cx| { cx.target.model.check_over.reuse_pool = false; Ok(()) }),
    option("check-pool-conn-name").takes(1, "<value> as argument").parse(|cx| { cx.target.model.check_over.pool_conn_name = Some(cx.text()?); Ok(()) })
        .tunes("a check opens a connection of its own"),
];

fn file(cx: &mut Context<'_, ServerOptions>, purpose: Purpose) -> Result<PathBuf, Diagnostic> {
    let span = cx.words.here();
    let file = cx.path()?;
    let keyword = cx.keyword;
    let named = NamedFile { file: file.clone(), span, label: String::new(), keyword, purpose };
    cx.target.files.retain(|other| other.keyword != keyword);
    cx.target.files.push(named);
    Ok(file)
}

fn verify(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let methods = [("none", false), ("required", true)];
    let message = "'verify' : unknown verify method '{}', only 'none' and 'required' are supported";
    cx.target.model.tls.verify = Some(cx.choice(&methods, message)?);
    Ok(())
}

/// `sni`, which is judged where the server is: HAProxy does not look at that of a `default-server` without servers.
fn sni(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let word = cx.expect("a value")?;
    (cx.target.model.tls.sni, cx.target.spans.sni) = (Some(word.text.clone()), Some(word.span));
    if cx.target.is_default()
        && let Err(why) = expression(cx, word, "sni")
    {
        cx.notes
            .push(why.as_warning().hint("each 'server' line behind it that does not say another is refused"));
    }
    Ok(())
}

/// Judges what a server says of its name to the other side, or what a `default-server` line says.
pub(super) fn judge_sni<T>(
    cx: &mut Context<'_, T>,
    options: &ServerOptions,
    name: &Word,
    label: &str,
) -> Result<(), Diagnostic> {
    let Some(text) = &options.model.tls.sni else { return Ok(()) };
    let word = Word::new(text.as_str(), options.spans.sni.unwrap_or(name.span));
    expression(cx, &word, "sni").map_err(|why| why.prefixed(label))
}

/// Judges an expression that yields a value for each connection to the server.
pub(super) fn expression<T>(cx: &mut Context<'_, T>, word: &Word, what: &str) -> Result<(), Diagnostic> {
    let scope = cx.world.scope(expr::Phase::HttpRequest);
    let mut words = lang::Words::new(std::slice::from_ref(word), word.span.after());
    let result = scope.within("server directive", || expr::Expr::parse(&mut words, &scope));
    let label = format!("error detected while parsing {what} expression : ");
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning.prefixed(&label)));
    result.map(drop).map_err(|error| error.prefixed(&label))
}

fn ktls(cx: &mut Context<'_, ServerOptions>) -> Result<(), Diagnostic> {
    let choices = [("on", true), ("off", false)];
    let on = cx.choice(&choices, "'ktls' expects either 'on' or 'off' but got '{}'.")?;
    cx.target.model.tls.kernel_tls = Some(on);
    Ok(())
}

/// The protocol that a word names.
pub(super) fn proto(cx: &mut Context<'_, ServerOptions>) -> Result<Proto, Diagnostic> {
    let message = format!("'{}' :  unknown MUX protocol '{{}}'", cx.keyword);
    cx.choice(PROTOCOLS, &message)
}

fn force(cx: &mut Context<'_, ServerOptions>, version: TlsVersion) -> Result<(), Diagnostic> {
    (cx.target.model.tls.min, cx.target.model.tls.max) = (Some(version), Some(version));
    Ok(())
}

fn version(cx: &mut Context<'_, ServerOptions>) -> Result<TlsVersion, Diagnostic> {
    let word = cx.expect("a version")?;
    tls_version(&word.text)
        .ok_or_else(|| Diagnostic::alert(word.span, format!("'{}' : unknown ssl/tls version", word.text)))
}

/// Whether a range of versions leaves none that HAProxy speaks: SSLv3 is gone from its library.
pub(super) fn no_version(tls: &ServerTls) -> bool {
    matches!((tls.min, tls.max), (Some(min), Some(max)) if min > max) || tls.max == Some(TlsVersion::Ssl3)
}
