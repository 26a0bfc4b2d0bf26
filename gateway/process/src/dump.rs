//! `--dump`: the effective configuration on standard output, in either spelling.

use std::io::Write as _;
use std::process::ExitCode;

use config::Spelling;

use crate::args::Args;
use crate::check::NO_LISTENER;
use crate::disk::Variables;
use crate::load::{self, Read};
use crate::report::Report;

/// Writes what the files mean, and ends as `-c` does. What is only refused for now is written too, so that a file can
/// be converted before all of it is acted on; the refusals stand on standard error.
pub(crate) fn run(args: &Args, spelling: Spelling) -> ExitCode {
    let report = Report::new(args.is_silent());
    if let Err(error) = crate::run::enter_directory(args) {
        report.alert(&error);
        return ExitCode::FAILURE;
    }
    let Some((read, sound)) = load::understand(args, &Variables::new(args), &report) else {
        return ExitCode::FAILURE;
    };
    let Read { mut model, mut warned, .. } = read;
    let sound = sound && load::check_tls(&model, &report).inspect(|more| warned |= more).is_some();
    load::apply(args, &mut model);
    if let Err(error) = std::io::stdout().write_all(config::dump(&model, spelling).as_bytes()) {
        report.alert(&format!("--dump : {error}"));
        return ExitCode::FAILURE;
    }
    if sound && args.zero_warning && warned {
        report.alert(load::ZERO_WARNING);
        return ExitCode::FAILURE;
    }
    match (sound, load::listens(&model)) {
        (false, _) => ExitCode::FAILURE,
        (true, false) => ExitCode::from(NO_LISTENER),
        (true, true) => ExitCode::SUCCESS,
    }
}
