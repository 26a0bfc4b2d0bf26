//! The process: command line, start, signals, reload, end. Behaves as HAProxy does, seen from outside.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line program speaks to its terminal"
)]

mod admin_sockets;
mod args;
mod check;
#[cfg(test)]
mod compatibility;
mod completion;
mod daemon;
mod demo;
mod disk;
mod dump;
mod entrypoint;
mod exit;
mod explain;
mod keywords;
mod load;
mod manual;
mod names;
mod notify;
mod pidfile;
mod privilege;
mod report;
mod run;
mod say;
mod serve;
mod signal;
mod version;

use std::ffi::OsString;
use std::process::ExitCode;

use args::{Action, Args};
use entrypoint::Started;

/// Runs the gateway on the process' own arguments.
pub fn main() -> ExitCode {
    let mut words = std::env::args_os();
    let program = words.next().unwrap_or_default();
    let words: Vec<OsString> = words.collect();
    match entrypoint::started_as(&program, words) {
        Started::Elsewhere(command) => entrypoint::execute(&command),
        Started::Gateway { words, name } => {
            entrypoint::name_process(&name);
            let explains = words.first().is_some_and(|word| word == "explain");
            match Args::parse(words) {
                Ok(args) => act(&args, &name),
                Err(error) => {
                    if explains {
                        return explain::misunderstood(&name, &error);
                    }
                    say::error(&format!("{name}: {error}\n\n{}", args::usage(&name)));
                    ExitCode::FAILURE
                }
            }
        }
    }
}

fn act(args: &Args, name: &str) -> ExitCode {
    match &args.action {
        Action::Help => {
            say::line(&format!("{}\n\n{}", version::short(), args::usage(name)));
            ExitCode::SUCCESS
        }
        Action::Version => {
            say::line(&version::short());
            ExitCode::SUCCESS
        }
        Action::VersionAndBuild => {
            say::line(&version::long());
            ExitCode::SUCCESS
        }
        Action::Condition(condition) => check::condition(args, condition),
        Action::Keywords(classes) => {
            say::text(&keywords::listing(classes));
            ExitCode::SUCCESS
        }
        Action::Check => check::configuration(args),
        Action::Run => run::run(args),
        Action::Demo => demo::run(args),
        Action::Dump(spelling) => dump::run(args, *spelling),
        Action::Explain(words) => explain::run(args, words, name),
        Action::Completions(shell) => {
            say::text(&completion::script(*shell, name));
            ExitCode::SUCCESS
        }
        Action::Man => {
            say::text(&manual::page(name));
            ExitCode::SUCCESS
        }
    }
}
