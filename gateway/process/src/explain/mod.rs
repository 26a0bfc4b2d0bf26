//! `gateway explain METHOD URL`: what would become of a request, told without a network.
//!
//! `question` understands the words, `entrance` finds the frontend, `journey` leads a `request` in memory through the
//! rules, `sent` is what the server would get, `text` tells it.

mod entrance;
mod journey;
mod question;
mod request;
mod sent;
mod text;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

use config::model::Model;
use lang::Sources;

use crate::args::{self, Args, Explain};
use crate::disk::Variables;
use crate::load;
use crate::report::Report;
use entrance::Entrance;
use question::Question;
use request::Request;
use text::Story;

/// What the shell is told of words that are not understood.
const MISUNDERSTOOD: u8 = 2;

/// Says what was wrong with the words.
pub(crate) fn misunderstood(name: &str, error: &str) -> ExitCode {
    crate::say::error(&format!("{name} explain: {error}\n\n{}", args::usage_of_explain(name)));
    ExitCode::from(MISUNDERSTOOD)
}

/// Explains: 0 if it could, 1 for files that cannot be used, 2 for words that are not understood.
pub(crate) fn run(args: &Args, words: &Explain, name: &str) -> ExitCode {
    let question = match Question::read(words) {
        Ok(question) => question,
        Err(error) => return misunderstood(name, &error),
    };
    let report = Report::new(args.is_silent());
    if let Err(error) = crate::run::enter_directory(args) {
        report.alert(&error);
        return ExitCode::FAILURE;
    }
    let Some(read) = load::read(args, &Variables::new(args), &report) else { return ExitCode::FAILURE };
    match explain(&read.model, &read.sources, &question) {
        Ok(text) => {
            crate::say::text(&text);
            ExitCode::SUCCESS
        }
        Err(error) => misunderstood(name, &error),
    }
}

/// The explanation.
fn explain(model: &Model, sources: &Sources, question: &Question) -> Result<String, String> {
    let story = Story { model, sources, question };
    let entrance = entrance::find(model, question)?;
    Ok(match &entrance {
        Entrance::Nobody { why, elsewhere } => story.of_nobody(why, elsewhere),
        Entrance::Taken { door, .. } => {
            let mut request = Request::new(question, door, model.frontend(door.frontend));
            let journey = journey::lead(model, door.frontend, &mut request);
            story.of(&entrance, &request, &journey)
        }
    })
}
