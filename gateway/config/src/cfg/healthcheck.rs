//! `healthcheck` sections, since HAProxy 3.4: the lines about checks that a backend may have, under a name.

use lang::{Diagnostic, suggest};

use super::named::{Form, Kind};
use super::{BACKEND, Context, Keyword, keyword, run};
use crate::draft::{Head, Proxy};
use crate::lower::PROXY_INDEX;

/// The lines of a section, as those of a backend of this name.
#[derive(Debug)]
pub(crate) struct Draft {
    pub(crate) checks: Proxy,
}

impl Kind for Draft {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("http-check").parse(|cx| as_backend(cx, "http-check")),
        keyword("tcp-check") .parse(|cx| as_backend(cx, "tcp-check")),
        keyword("type")      .parse(kind),
    ];
    const FORM: Form =
        Form::new("healthcheck", "'healthcheck' expects a name as argument.", |name, place| {
            format!("healthcheck section '{name}' has the same name as another one declared at {place}.")
        });

    fn begin(head: &Head) -> Self {
        Self { checks: Proxy::new(BACKEND, &head.name, head.span, head.place.clone()) }
    }
}

/// The kinds of checks: the names that a backend has behind `option`.
#[rustfmt::skip]
const TYPES: [&str; 9] = [
    "httpchk", "ldap-check", "mysql-check", "pgsql-check", "redis-check", "smtpchk", "spop-check", "ssl-hello-chk",
    "tcp-check",
];

fn kind(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let word = cx.word_or("'type' expects a type of check.")?;
    if !TYPES.contains(&word.text.as_str()) {
        let message = format!("'type' : unknown check type '{}'.", word.text);
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(&word.text, TYPES)));
    }
    let option = lang::Word::new("option", cx.span);
    backend_line(cx, &[option, word])
}

fn as_backend(cx: &mut Context<'_, Draft>, keyword: &str) -> Result<(), Diagnostic> {
    let word = lang::Word::new(keyword, cx.span);
    backend_line(cx, &[word])
}

/// Reads the line as a backend's: what stands before the words that are left is given.
fn backend_line(cx: &mut Context<'_, Draft>, head: &[lang::Word]) -> Result<(), Diagnostic> {
    let words = [head, cx.words.take_rest()].concat();
    let (row, count) =
        PROXY_INDEX.find(&words).expect("backends know all of TYPES, 'http-check' and 'tcp-check'");
    let (keyword, rest) = words.split_at(count.min(words.len()));
    let span = keyword.last().map_or(cx.span, |word| word.span);
    let mut line = Context {
        target: &mut cx.target.checks,
        words: lang::Words::new(rest, span.after()),
        keyword: row.name,
        argument: "",
        span,
        prefix: cx.prefix,
        world: cx.world,
        notes: &mut *cx.notes,
        told: &mut *cx.told,
        place: cx.place.clone(),
    };
    run(row, &mut line, true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backends_know_each_line() {
        for words in
            TYPES.map(|kind| vec!["option", kind]).into_iter().chain([vec!["http-check"], vec!["tcp-check"]])
        {
            let line: Vec<lang::Word> =
                words.iter().map(|word| lang::Word::new(*word, lang::Span::default())).collect();
            assert!(PROXY_INDEX.find(&line).is_some(), "{words:?}");
        }
    }
}
