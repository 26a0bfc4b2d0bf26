//! `log-profile` sections, since HAProxy 3.1 (configuration.txt 8.3.5 there).

use expr::{LogFormat, Phase};
use lang::{Diagnostic, suggest};
use rules::Step;

use super::named::{Form, Kind};
use super::{Context, Keyword, keyword};
use crate::draft::{Head, Proxy};
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

fn on(cx: &mut Context<'_, LogProfile>) -> Result<(), Diagnostic> {
    let word = cx.expect("a step, and what to log there")?;
    let name = word.text.as_str();
    let Some(known) = Step::of(name) else {
        let message = format!("'on' : unknown step '{name}'.");
        return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(name, Step::names())));
    };
    let mut step = LogStep { step: known, drop: false, format: None, sd: None };
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

/// `log-steps` in a section with clients (configuration.txt 4.2 of HAProxy 3.1).
pub(crate) fn steps(cx: &mut Context<'_, Proxy>) -> Result<(), Diagnostic> {
    let word = cx.expect("'all' or a list of steps")?.clone();
    let mut steps = Vec::new();
    for name in word.text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
        match Step::of(name).filter(|step| Step::REGULAR.contains(step)) {
            Some(step) if !steps.contains(&step) => steps.push(step),
            // what went wrong is always logged
            Some(_) => {}
            None if name == "error" => {}
            None if name == "all" || name == "any" => steps = Step::REGULAR.to_vec(),
            None => {
                let message = format!("'log-steps' : unknown step '{name}'.");
                let known = Step::REGULAR.into_iter().map(Step::name).chain(["all"]);
                return Err(Diagnostic::alert(word.span, message).suggest(suggest::nearest(name, known)));
            }
        }
    }
    cx.target.settings.log_steps = Some(steps);
    Ok(())
}
