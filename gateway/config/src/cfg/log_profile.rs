//! `log-profile` sections, since HAProxy 3.1 (configuration.txt 8.3.5 there).

use expr::{LogFormat, Phase};
use lang::{Diagnostic, suggest};

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::Head;
use crate::model::{LogProfile, LogStep};

impl Kind for LogProfile {
    #[rustfmt::skip]
    const KEYWORDS: &'static [Keyword<Self>] = &[
        keyword("log-tag").takes(1, "a tag for use in syslog").parse(|cx| { cx.target.log_tag = Some(cx.text_or("'log-tag' expects a tag for use in syslog.")?); Ok(()) }),
        keyword("on")     .parse(on),
    ];
    const FORM: Form = Form::new("log-profile", "missing name for log-profile section.", |name, place| {
        format!(
            "log-profile section '{name}' has the same name as another log-profile section declared at {place}."
        )
    });

    fn begin(head: &Head) -> Self {
        Self { name: head.name.clone(), place: head.place.clone(), ..Self::default() }
    }
}

/// The steps at which something may be logged, those of `do-log` actions among them.
const STEPS: [&str; 14] = [
    "accept",
    "any",
    "close",
    "connect",
    "error",
    "http-after-res",
    "http-req",
    "http-res",
    "quic-init",
    "request",
    "response",
    "tcp-req-conn",
    "tcp-req-cont",
    "tcp-req-sess",
];

fn on(cx: &mut Context<'_, LogProfile>) -> Result<(), Diagnostic> {
    let word = cx.expect("a step, and what to log there")?;
    let name = word.text.as_str();
    if !STEPS.contains(&name) {
        let message = format!("'on' : unknown step '{name}'.");
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(name, STEPS)));
    }
    let mut step = LogStep { step: name.to_owned(), drop: false, format: None, sd: None };
    while let Some(option) = cx.words.next() {
        match option.text.as_str() {
            "drop" => step.drop = true,
            "format" => step.format = Some(format(cx)?),
            "sd" => step.sd = Some(format(cx)?),
            other => {
                let message = format!("'on {name}' expects 'drop', 'format' or 'sd' (got '{other}').");
                let meant = suggest::nearest(other, ["drop", "format", "sd"]);
                return Err(Diagnostic::alert(option.span, message).suggest(meant));
            }
        }
    }
    // a later line for a step takes the place of an earlier one
    cx.target.steps.retain(|known| known.step != step.step);
    cx.target.steps.push(step);
    Ok(())
}

fn format(cx: &mut Context<'_, LogProfile>) -> Result<LogFormat, Diagnostic> {
    let word = cx.expect("a log-format")?;
    let scope = cx.scope(Phase::Log);
    let result = LogFormat::parse_log(word, &scope);
    scope.take_warnings().into_iter().for_each(|warning| cx.notes.push(warning));
    result.map_err(|bad| bad.prefixed("failed to parse log-format : "))
}
