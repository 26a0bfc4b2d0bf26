//! `crt-store` sections, since HAProxy 3.0 (configuration.txt 3.11 there).

use std::path::PathBuf;

use lang::{Diagnostic, Diagnostics, Span, Word, suggest};

use super::named::{Duplicate, Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::{CrtLoad, CrtStore};

/// The lines of a section; which files there must be is judged when `crt-base` is known.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) store: CrtStore,
    /// Where the `load` lines stand.
    pub(crate) spans: Vec<Span>,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("crt-base").takes(1, "a directory").parse(|cx| { cx.target.store.crt_base = Some(base(cx)?); Ok(()) }),
        keyword("key-base").takes(1, "a directory").parse(|cx| { cx.target.store.key_base = Some(base(cx)?); Ok(()) }),
        keyword("load")    .parse(load),
    ];
    const FORM: Form = Form {
        missing: None,
        duplicate: Duplicate::Refused(|name, place| {
            format!("crt-store section '{name}' has the same name as another one declared at {place}.")
        }),
        ..Form::new("crt-store", "", |_, _| String::new())
    };

    fn begin(head: &Head) -> Self {
        let (name, place) = (head.name.clone(), head.place.clone());
        Self { store: CrtStore { name, place, ..CrtStore::default() }, spans: Vec::new() }
    }

    fn end(&mut self, _: &Head, notes: &mut Diagnostics) {
        let loads = self.store.loads.iter().zip(&self.spans);
        for (index, (load, span)) in loads.enumerate() {
            let same = |other: &&CrtLoad| load.alias.is_some() && other.alias == load.alias;
            if self.store.loads.iter().take(index).any(|other| same(&other)) {
                let alias = load.alias.as_deref().unwrap_or_default();
                notes.alert(*span, format!("'load' : the alias '{alias}' is already used in this section."));
            }
        }
    }
}

/// A base must stand before the lines that it is for.
fn base(cx: &mut Context<'_, Draft>) -> Result<PathBuf, Diagnostic> {
    if !cx.target.store.loads.is_empty() {
        return Err(cx.error("must be said before the first 'load'."));
    }
    cx.expect("a directory").map(|word| PathBuf::from(&word.text))
}

/// What may follow `load`.
#[rustfmt::skip]
const PARAMETERS: [&str; 11] = [
    "acme", "alias", "crt", "domains", "generate-dummy", "issuer", "jwt", "key", "ocsp", "ocsp-update", "sctl",
];

fn load(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let mut load = CrtLoad::default();
    while let Some(word) = cx.words.next() {
        let name = word.text.as_str();
        if !PARAMETERS.contains(&name) {
            let message = format!("'load' : unknown keyword '{name}'");
            return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(name, PARAMETERS)));
        }
        let value = cx.word_or(&format!("'load' : '{name}' expects a value."))?;
        let text = value.text.clone();
        match name {
            "crt" => load.crt = text,
            "alias" => load.alias = Some(text),
            "key" => load.key = Some(text),
            "ocsp" => load.ocsp = Some(text),
            "issuer" => load.issuer = Some(text),
            "sctl" => load.sctl = Some(text),
            "acme" => load.acme = Some(text),
            "domains" => load.domains = text.split(',').map(str::to_owned).collect(),
            "ocsp-update" => load.ocsp_update = Some(switch(name, &value)?),
            "jwt" => load.jwt = Some(switch(name, &value)?),
            _ => load.generate_dummy = Some(switch(name, &value)?),
        }
    }
    if load.crt.is_empty() {
        return Err(cx.words.error("'load' expects 'crt' and the file of a certificate."));
    }
    cx.target.store.loads.push(load);
    cx.target.spans.push(cx.span);
    Ok(())
}

fn switch(name: &str, word: &Word) -> Result<bool, Diagnostic> {
    match word.text.as_str() {
        "on" => Ok(true),
        "off" => Ok(false),
        other => {
            let message = format!("'load' : '{name}' expects <on|off> (got '{other}').");
            Err(Diagnostic::alert(word.span, message))
        }
    }
}
