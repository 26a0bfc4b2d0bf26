//! `-c` and `-cc`: answers that are given without serving.

use std::process::ExitCode;

use lang::Facts;

use crate::args::Args;
use crate::disk::Variables;
use crate::load;
use crate::names;
use crate::report::Report;

/// HAProxy's code for a file that is right and has nothing to listen on.
pub(crate) const NO_LISTENER: u8 = 2;

/// `-c`: 0 if the configuration is valid, 1 if not.
pub(crate) fn configuration(args: &Args) -> ExitCode {
    if let Err(error) = crate::run::enter_directory(args) {
        Report::new(false).alert(&error);
        return ExitCode::FAILURE;
    }
    let report = Report::new(args.is_silent());
    let Some(loaded) = load::load(args, &report) else { return ExitCode::FAILURE };
    // the process ends with the answer: taking a great model apart piece by piece would cost a tenth of the time
    let loaded = std::mem::ManuallyDrop::new(loaded);
    crate::keywords::show(args);
    let unresolved = names::unresolved(&loaded.model);
    unresolved.iter().for_each(|warning| report.warning(warning));
    if args.zero_warning && !unresolved.is_empty() {
        report.alert(load::ZERO_WARNING);
        return ExitCode::FAILURE;
    }
    let say = |text: &str| {
        if !args.is_silent() {
            crate::say::line(text);
        }
    };
    if loaded.warned || !unresolved.is_empty() {
        say("Warnings were found.");
    }
    if !load::listens(&loaded.model) {
        say("Configuration file has no error but will not start (no listener) => exit(2).");
        return ExitCode::from(NO_LISTENER);
    }
    say("Configuration file is valid");
    ExitCode::SUCCESS
}

/// `-cc`: 0 true, 1 false, 2 not understood.
pub(crate) fn condition(args: &Args, text: &str) -> ExitCode {
    match lang::eval_condition(text, &Variables::new(args), &Facts::default()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(diagnostic) => {
            let text = format!("config : Failed to evaluate condition: {}", diagnostic.text());
            Report::new(args.is_silent()).alert(&text);
            ExitCode::from(2)
        }
    }
}
