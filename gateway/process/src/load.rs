//! From the command line's files to a model, as start, `-c` and reload all do it.

use config::model::{Model, Permissions};
use lang::{Facts, Sources};

use crate::args::Args;
use crate::disk::{Disk, Variables};
use crate::report::Report;

/// What `-dW` says.
pub(crate) const ZERO_WARNING: &str =
    "config : Some warnings were found and 'zero-warning' is set. Aborting.";

/// A model that may be used, and whether there were warnings.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) model: Model,
    pub(crate) warned: bool,
}

/// The files' meaning, before the machine is looked at.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) model: Model,
    pub(crate) sources: Sources,
    pub(crate) warned: bool,
}

/// Loads the files, says everything that was found, and gives the model if it may be used.
pub(crate) fn load(args: &Args, report: &Report) -> Option<Loaded> {
    load_with(args, &Variables::new(args), report)
}

/// The same with variables of the caller's.
pub(crate) fn load_with(args: &Args, variables: &Variables, report: &Report) -> Option<Loaded> {
    let Read { mut model, mut warned, .. } = read(args, variables, report)?;
    warned |= check_tls(&model, report)?;
    check_owners(&model, report)?;
    if args.zero_warning && warned {
        report.alert(ZERO_WARNING);
        return None;
    }
    apply(args, &mut model);
    Some(Loaded { model, warned })
}

/// Reads the files and says everything that is wrong in them.
pub(crate) fn read(args: &Args, variables: &Variables, report: &Report) -> Option<Read> {
    let (read, sound) = understand(args, variables, report)?;
    sound.then_some(read)
}

/// The same, and what directives that nothing acts on yet hold back, too; says whether it may be used.
pub(crate) fn understand(args: &Args, variables: &Variables, report: &Report) -> Option<(Read, bool)> {
    if let Some(missing) = missing_file(args) {
        report.alert(&missing);
        return None;
    }
    let loaded = config::load(&args.files, &Disk, variables, &Facts::default());
    report.diagnostics(&loaded.diagnostics, &loaded.sources);
    let sound = loaded.model.is_some();
    if !sound {
        let names: Vec<&str> = loaded.sources.names().collect();
        report.alert(&format!("config : Error(s) found in configuration file : {}", names.join(", ")));
        report.alert("config : Fatal errors found in configuration.");
    }
    let model = loaded.model.or(loaded.ahead)?;
    Some((Read { model, warned: loaded.diagnostics.has_warnings(), sources: loaded.sources }, sound))
}

fn missing_file(args: &Args) -> Option<String> {
    args.files.iter().find_map(|path| {
        let error = std::fs::metadata(path).err()?;
        let text = error.to_string();
        let reason = text.split(" (os error").next().unwrap_or_default();
        Some(format!("config : Cannot open configuration file/directory {} : {reason}", path.display()))
    })
}

/// Certificates and TLS settings are part of what a configuration must have right. Yields whether there were warnings.
pub(crate) fn check_tls(model: &Model, report: &Report) -> Option<bool> {
    let (mut failed, mut warned) = (false, false);
    for frontend in &model.frontends {
        for bind in &frontend.binds {
            let Some(tls) = &bind.tls else { continue };
            let place =
                format!("config : parsing [{}] : 'bind {}' in section 'frontend'", bind.place, bind.name);
            match listen::tls::Tls::build(tls, &model.global) {
                Ok((_, warnings)) => {
                    warned |= !warnings.is_empty();
                    warnings.iter().for_each(|warning| report.warning(&format!("{place} : {warning}")));
                }
                Err(error) => {
                    failed = true;
                    report.alert(&format!("{place} : {error}"));
                }
            }
        }
    }
    if failed {
        report.alert("config : Fatal errors found in configuration.");
    }
    (!failed).then_some(warned)
}

/// The users and groups that sockets are to belong to must be there, as HAProxy wants them also where they change nothing.
fn check_owners(model: &Model, report: &Report) -> Option<()> {
    let of_frontends = model.frontends.iter().flat_map(|frontend| {
        frontend.binds.iter().map(|bind| (bind, format!("'bind {}' in section 'frontend' :", bind.name)))
    });
    let of_cli = model.global.stats_sockets.iter();
    let of_cli = of_cli.map(|socket| (&socket.bind, "'stats socket' :".to_owned()));
    let mut failed = false;
    for (bind, line) in of_frontends.chain(of_cli) {
        let Permissions { user, group, .. } = &bind.permissions;
        let unknown = [
            ("user", user.as_ref().filter(|name| listen::account::user(name).is_none())),
            ("group", group.as_ref().filter(|name| listen::account::group(name).is_none())),
        ];
        for (what, name) in unknown {
            let Some(name) = name else { continue };
            failed = true;
            let place = &bind.place;
            report.alert(&format!(
                "config : parsing [{place}] : {line} '{what}' : unknown {what} name '{name}'"
            ));
        }
    }
    if failed {
        report.alert("config : Fatal errors found in configuration.");
    }
    (!failed).then_some(())
}

/// The command line goes before the files (management.txt 3).
pub(crate) fn apply(args: &Args, model: &mut Model) {
    if args.maxconn.is_some() {
        model.global.maxconn = args.maxconn;
    }
    if args.pid_file.is_some() {
        model.global.pidfile.clone_from(&args.pid_file);
    }
    model.global.daemon = (model.global.daemon || args.daemon) && !args.foreground;
    model.global.master_worker |= args.master_worker;
    if let Some(limit) = args.proxy_maxconn {
        for frontend in &mut model.frontends {
            frontend.maxconn.get_or_insert(limit);
        }
    }
}

/// Whether anything would listen.
pub(crate) fn listens(model: &Model) -> bool {
    let bound = model.frontends.iter().any(|frontend| !frontend.disabled && !frontend.binds.is_empty());
    bound || !model.global.stats_sockets.is_empty()
}
