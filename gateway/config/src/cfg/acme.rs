//! `acme` sections, since HAProxy 3.2 (configuration.txt 3.12 there).

use std::path::PathBuf;

use lang::{Diagnostic, Diagnostics, suggest};

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::{Acme, Challenge, KeyType};

/// The lines of a section.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) acme: Acme,
    /// `keytype`, before `bits` and `curves` are known.
    rsa: bool,
    bits: u32,
    curves: String,
}

/// The bits of an RSA key where nothing is said.
pub(crate) const BITS: u32 = 2048;
/// The curve of an ECDSA key where nothing is said.
pub(crate) const CURVE: &str = "P-384";
/// The curves that a key may be on.
const CURVES: [&str; 3] = ["P-256", "P-384", "P-521"];

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("account-key").takes(1, "a file")          .parse(|cx| { cx.target.acme.account_key = Some(PathBuf::from(text(cx)?)); Ok(()) }),
        keyword("acme-vars")  .takes(1, "a string")        .parse(|cx| { cx.target.acme.vars = Some(text(cx)?); Ok(()) }),
        keyword("bits")       .takes(1, "a number of bits").parse(|cx| { cx.target.bits = cx.number(1024, 16384)?; Ok(()) }),
        keyword("challenge")  .takes(1, "a challenge type").parse(challenge),
        keyword("challenge-ready").takes(1, "a string").parse(|cx| text(cx).map(drop)),
        keyword("dns-delay")  .takes(1, "a time")          .parse(|cx| text(cx).map(drop)),
        keyword("dns-timeout").takes(1, "a time")          .parse(|cx| text(cx).map(drop)),
        keyword("contact")    .takes(1, "a mail address")  .parse(|cx| { cx.target.acme.contact = Some(text(cx)?); Ok(()) }),
        keyword("curves")     .takes(1, "a curve")         .parse(curves),
        keyword("directory")  .takes(1, "a URL")           .parse(directory),
        keyword("keytype")    .takes(1, "RSA or ECDSA")    .parse(keytype),
        keyword("map")        .takes(1, "a map")           .parse(|cx| { cx.target.acme.map = Some(text(cx)?); Ok(()) }),
        keyword("profile")    .takes(1, "a profile")       .parse(|cx| { cx.target.acme.profile = Some(text(cx)?); Ok(()) }),
        keyword("provider-name").takes(1, "a name")        .parse(|cx| { cx.target.acme.provider_name = Some(text(cx)?); Ok(()) }),
        keyword("reuse-key")  .takes(1, "on or off")       .parse(reuse_key),
    ];
    const FORM: Form = Form::new("acme", "'acme' expects a name as argument.", |name, place| {
        format!("acme section '{name}' already exists (declared at {place}).")
    });

    fn begin(head: &Head) -> Self {
        let acme = Acme {
            name: head.name.clone(),
            directory: String::new(),
            account_key: None,
            contact: None,
            challenge: Challenge::default(),
            key: KeyType::Ecdsa(CURVE.to_owned()),
            map: None,
            reuse_key: false,
            profile: None,
            provider_name: None,
            vars: None,
            place: head.place.clone(),
        };
        Self { acme, rsa: false, bits: BITS, curves: CURVE.to_owned() }
    }

    fn end(&mut self, head: &Head, notes: &mut Diagnostics) {
        if self.rsa {
            self.acme.key = KeyType::Rsa(self.bits);
        } else {
            self.acme.key = KeyType::Ecdsa(self.curves.clone());
        }
        if self.acme.directory.is_empty() {
            let message = format!("acme: no 'directory' specified for the section '{}'.", head.name);
            let hint = "write a line 'directory https://…', the URL that the authority publishes";
            notes.push(Diagnostic::alert(head.span, message).hint(hint));
        }
    }
}

fn text(cx: &mut Context<'_, Draft>) -> Result<String, Diagnostic> {
    cx.expect("a value").map(|word| word.text.clone())
}

/// An argument that is one of these.
fn one_of<const N: usize>(
    cx: &mut Context<'_, Draft>,
    names: [&'static str; N],
) -> Result<&'static str, Diagnostic> {
    let keyword = cx.keyword;
    let word = cx.expect("an argument")?;
    let found = names.into_iter().find(|name| name.eq_ignore_ascii_case(&word.text));
    found.ok_or_else(|| {
        let message = format!("'{keyword}' : unknown value '{}', expects one of {names:?}.", word.text);
        Diagnostic::alert(word.span, message.replace('"', "'")).suggest(suggest::nearest(&word.text, names))
    })
}

fn challenge(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.acme.challenge = match one_of(cx, ["HTTP-01", "DNS-01", "DNS-PERSIST-01"])? {
        "HTTP-01" => Challenge::Http01,
        "DNS-01" => Challenge::Dns01,
        _ => Challenge::DnsPersist01,
    };
    Ok(())
}

fn curves(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.curves = one_of(cx, CURVES)?.to_owned();
    Ok(())
}

fn keytype(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.rsa = one_of(cx, ["RSA", "ECDSA"])? == "RSA";
    Ok(())
}

fn reuse_key(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    cx.target.acme.reuse_key = one_of(cx, ["on", "off"])? == "on";
    Ok(())
}

fn directory(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.expect("a URL")?;
    if !word.text.starts_with("https://") && !word.text.starts_with("http://") {
        let message = format!("'directory' expects a URL (got '{}').", word.text);
        return Err(Diagnostic::alert(word.span, message));
    }
    cx.target.acme.directory = word.text.clone();
    Ok(())
}
