//! `traces` sections, since HAProxy 3.1 (configuration.txt 3.13 there).

use lang::{Diagnostic, suggest};

use super::named::{Duplicate, Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::Trace;

/// The lines of a section.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) traces: Vec<Trace>,
}

impl Kind for Draft {
    const KEYWORDS: &'static [Keyword<Self>] = &[keyword("trace").parse(trace)];
    const FORM: Form =
        Form { missing: None, duplicate: Duplicate::Fine, ..Form::new("traces", "", |_, _| String::new()) };

    fn begin(_: &Head) -> Self {
        Self::default()
    }
}

/// What the CLI's command `trace` takes behind a source (management.txt 9.3).
#[rustfmt::skip]
const WORDS: [&str; 10] = [
    "event", "follow", "level", "lock", "pause", "sink", "start", "stop", "verbosity", "filter",
];

fn trace(cx: &mut Context<'_, Draft>) -> Result<(), Diagnostic> {
    let source = cx.word_or("'trace' expects a trace source, and what is said about it.")?;
    if let Some(word) = cx.words.peek().filter(|word| !WORDS.contains(&word.text.as_str())) {
        let message = format!("'trace {}' : unknown trace keyword '{}'", source.text, word.text);
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(&word.text, WORDS)));
    }
    let words = cx.words.take_rest().iter().map(|word| word.text.clone()).collect();
    cx.target.traces.push(Trace { source: source.text, words });
    Ok(())
}
