//! `h1-case-adjust` and `h1-case-adjust-file`: how header names are written for peers that cannot read lower case
//! (configuration.txt 3.1). The proxies' `option h1-case-adjust-bogus-…` ask for them.

use lang::{Diagnostic, Span};

use crate::cfg::Context;
use crate::model::Global;

const DIFFERS: &str = "<from> and <to> must not differ execpt the case";

/// The most that is read of a file of names.
const MAX_FILE: u64 = 1 << 20;

fn add(global: &mut Global, from: &str, to: &str) -> Result<(), String> {
    if !from.eq_ignore_ascii_case(to) {
        return Err(DIFFERS.to_owned());
    }
    match global.header_case.insert(from.to_ascii_lowercase(), to.to_owned()) {
        Some(_) => Err(format!("duplicate entry '{from}'")),
        None => Ok(()),
    }
}

/// `h1-case-adjust`.
pub(super) fn adjust(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let (from, to) = (cx.expect("a name")?, cx.expect("a name")?);
    add(cx.target, &from.text, &to.text).map_err(|why| Diagnostic::alert(from.span.to(to.span), why))
}

/// `h1-case-adjust-file`: a pair of names on each line.
pub(super) fn adjust_file(cx: &mut Context<'_, Global>) -> Result<(), Diagnostic> {
    let word = cx.expect("a file")?;
    let (file, at): (&str, Span) = (&word.text, word.span);
    let bad = |why: String| Diagnostic::alert(at, format!("h1-headers-case-adjust-file '{file}'{why}"));
    let text = cx
        .world
        .files
        .read(std::path::Path::new(file), MAX_FILE)
        .map_err(|_| bad(": failed to open file.".to_owned()))?;
    let text = String::from_utf8_lossy(&text);
    for (number, line) in (1..).zip(text.lines()) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(from) = words.next() else { continue };
        let to = words.next().unwrap_or_default();
        add(cx.target, from, to).map_err(|why| bad(format!(" : {why} at line {number}.")))?;
    }
    Ok(())
}
