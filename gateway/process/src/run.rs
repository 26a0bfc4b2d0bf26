//! A process' life: load, fit the limits, go to the background, bind, give up rights, serve, end.

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use config::model::Model;
use listen::limits;
use proxy::Gateway;

use crate::admin_sockets::AdminSockets;
use crate::args::{Args, Farewell};
use crate::daemon::{self, Ready, Side};
use crate::notify::Notifier;
use crate::report::Report;
use crate::serve::{self, Serving};
use crate::{exit, load, pidfile, privilege, signal};

/// Serves until told to stop.
pub(crate) fn run(args: &Args) -> ExitCode {
    let report = Report::new(args.is_silent());
    // From here on signals wait until somebody listens to them: none may kill a process that has just started.
    signal::hold();
    match start(args, &report) {
        Ok(code) => code,
        Err(errors) => {
            errors.iter().for_each(|error| report.alert(error));
            ExitCode::FAILURE
        }
    }
}

fn start(args: &Args, report: &Report) -> Result<ExitCode, Vec<String>> {
    enter_directory(args).map_err(one)?;
    let Some(loaded) = load::load(args, report) else { return Ok(ExitCode::FAILURE) };
    crate::keywords::show(args);
    let model = loaded.model;
    if !load::listens(&model) {
        return Err(one("No enabled listener found (check for 'bind' directives) ! Exiting."));
    }
    if let Some(megabytes) = args.memory {
        let warning = limits::limit_memory(megabytes).map_err(|e| one(format!("-m {megabytes}: {e}")))?;
        warning.iter().for_each(|warning| report.warning(warning));
    }
    let facts = fit_limits(args, &model, report);
    let ready = match background(&model)? {
        Background::Stay => None,
        Background::Child(ready) => Some(ready),
        Background::Leave(code) => return Ok(code),
    };
    let global = model.global.clone();
    let master_worker = global.master_worker;
    let sinks = observe::log::Sinks::start();
    let gateway = Gateway::build(Arc::new(model), facts, sinks)?;
    let sockets = AdminSockets::open(args, &global, report);
    if let Some(path) = &global.pidfile {
        write_pid(path, report);
    }
    let warnings = privilege::give_up(&global.run_as, global.chroot.as_deref()).map_err(one)?;
    warnings.iter().for_each(|warning| report.warning(warning));
    start_log(args);
    dismiss(args);
    if master_worker {
        report.notice("Loading success.");
    }
    let notifier = Notifier::from_environment(args.notify);
    let end = serve::serve(Serving { args: args.clone(), gateway, sockets, notifier, ready });
    Ok(exit::verdict(end, master_worker).carry_out())
}

fn one(error: impl Into<String>) -> Vec<String> {
    vec![error.into()]
}

/// `-C`.
pub(crate) fn enter_directory(args: &Args) -> Result<(), String> {
    let Some(path) = &args.directory else { return Ok(()) };
    std::env::set_current_dir(path)
        .map_err(|e| format!("Could not change to directory {} : {e}", path.display()))
}

/// Raises the limit on descriptors, or lowers `maxconn` to what there is.
fn fit_limits(args: &Args, model: &Model, report: &Report) -> proxy::Facts {
    let threads = threads(model);
    let wants = limits::Wants {
        maxconn: model.global.maxconn,
        listeners: count(model.frontends.iter().map(|frontend| frontend.binds.len()))
            + count([model.global.stats_sockets.len()]),
        threads: u32::try_from(threads).unwrap_or(u32::MAX),
        checks: count(model.backends.iter().map(|b| b.servers.iter().filter(|s| s.check.is_some()).count())),
        ulimit_n: model.global.ulimit_n,
    };
    let ideal = wants.settle(u64::MAX).descriptors;
    // Where the limits cannot even be asked for, the smallest usual one is assumed.
    let hard = if wants.maxconn.is_some() {
        limits::reachable_descriptors(ideal).unwrap_or(1024)
    } else {
        limits::descriptors().map_or(1024, |(_, hard)| hard)
    };
    let settled = wants.settle(hard);
    if let Some(warning) = &settled.warning {
        report.warning(warning);
    }
    let ulimit_n = limits::raise_descriptors(settled.descriptors).unwrap_or(settled.descriptors);
    proxy::Facts {
        maxconn: settled.maxconn,
        hard_maxconn: limits::Wants { maxconn: None, ..wants }.settle(ulimit_n).maxconn,
        ulimit_n,
        threads,
        memory_limit: args.memory.unwrap_or(0).saturating_mul(1024 * 1024),
    }
}

fn count(lengths: impl IntoIterator<Item = usize>) -> u32 {
    u32::try_from(lengths.into_iter().sum::<usize>()).unwrap_or(u32::MAX)
}

fn threads(model: &Model) -> usize {
    let available = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    model.global.nbthread.map_or_else(available, usize::from).max(1)
}

enum Background {
    Stay,
    Child(Ready),
    Leave(ExitCode),
}

fn background(model: &Model) -> Result<Background, Vec<String>> {
    if !model.global.daemon {
        return Ok(Background::Stay);
    }
    match daemon::split() {
        Ok(Side::Child(ready)) => Ok(Background::Child(ready)),
        Ok(Side::Parent(code)) => Ok(Background::Leave(code)),
        Err(error) => Err(one(format!("Cannot fork: {error}"))),
    }
}

fn write_pid(path: &Path, report: &Report) {
    if let Err(warning) = pidfile::write(path) {
        report.warning(&warning);
    }
}

/// The gateway's own log goes to standard error; traffic has its `log` lines.
fn start_log(args: &Args) {
    let default = match (args.debug, args.is_silent()) {
        (true, _) => "info",
        (false, true) => "error",
        (false, false) => "warn",
    };
    let filter = std::env::var("GATEWAY_LOG").unwrap_or_else(|_| default.to_owned());
    let started = env_logger::Builder::new()
        .parse_filters(&filter)
        .format(|out, record| {
            use std::io::Write;
            let level = format!(
                "[{}]",
                if record.level() == log::Level::Warn { "WARNING" } else { record.level().as_str() }
            );
            writeln!(out, "{level:<10} ({}) : {}", std::process::id(), record.args())
        })
        .try_init();
    if started.is_err() {
        log::debug!("the log was started before");
    }
}

/// Tells the processes before this one to go, now that their connections find new sockets.
fn dismiss(args: &Args) {
    let Some(farewell) = args.farewell else { return };
    let signal = match farewell {
        Farewell::Finish => libc::SIGUSR1,
        Farewell::Terminate => libc::SIGTERM,
    };
    for &pid in &args.old {
        if let Err(error) = signal::send(pid, signal) {
            log::warn!("cannot tell process {pid} to go: {error}");
        }
    }
}
