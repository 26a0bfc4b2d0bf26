//! The model of a configuration, and the two languages that lower to it.
//!
//! `haproxy.cfg` and its YAML spelling become the same directives (`lang`, `yaml`), which one set of keyword tables
//! (`cfg`) lowers into a draft; `resolve` makes the model of it. Loading never fails: everything understood and
//! everything wrong come back together, and the model is there only if nothing is wrong.

mod advice;
mod bandwidth;
mod cfg;
mod check;
mod cross;
mod draft;
mod dump;
mod judge;
mod lower;
mod mention;
mod misplaced;
pub mod model;
mod pem;
mod reference;
mod resolve;
mod sections;
mod stick;
pub mod vocabulary;
mod yaml;

#[cfg(test)]
mod corpus_test;
#[cfg(test)]
mod defaults_test;
#[cfg(test)]
mod examples_test;
#[cfg(test)]
mod golden_test;
#[cfg(test)]
mod hostile_test;
#[cfg(test)]
mod load_test;
#[cfg(test)]
mod manual_test;
#[cfg(test)]
mod messages_test;
#[cfg(test)]
mod mutation_test;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod oracle_test;
#[cfg(test)]
mod sections_test;
#[cfg(test)]
mod stick_test;
#[cfg(test)]
mod table_test;
#[cfg(test)]
mod world;

pub use dump::{Spelling, dump};

use std::cell::RefCell;
use std::path::PathBuf;
use std::sync::Arc;

use lang::{Diagnostic, Diagnostics, Environment, Facts, Files, Grammar, Severity, Sources};
use model::Model;

/// What loading gives.
#[derive(Debug)]
pub struct Loaded {
    /// The model, if there was no error.
    pub model: Option<Model>,
    /// The model all the same, if its only errors are directives that nothing acts on yet.
    pub ahead: Option<Model>,
    /// The files, for showing places.
    pub sources: Sources,
    /// All that was said.
    pub diagnostics: Diagnostics,
}

/// Where the command line, or the host's name, says what this process is called among its peers.
const LOCAL_PEER: &str = "HAPROXY_LOCALPEER";

/// What `zero-warning` says of a file with warnings.
const ZERO_WARNING: &str = "Some warnings were found and 'zero-warning' is set. Aborting.";

/// Loads files (`.cfg`, or `.yaml` and `.yml` in the YAML spelling) and directories of `*.cfg`, in this order.
pub fn load(paths: &[PathBuf], files: &dyn Files, env: &dyn Environment, facts: &Facts) -> Loaded {
    let grammar = Grammar {
        sections: cfg::section::SECTIONS,
        environment: cfg::global::environment,
        convert: yaml::convert,
    };
    let (document, sources, mut diagnostics) = lang::load_cfg(paths, files, env, facts, grammar);
    let mut after = lang::Overlay::new(env);
    let lines = document.sections.iter().flat_map(|section| {
        section.directives.iter().map(|directive| (section.keyword.text.as_str(), directive))
    });
    lines
        .filter_map(|(section, line)| cfg::global::environment(section, line))
        .for_each(|change| after.apply(change));
    let (vars, patterns) = (expr::Naming::default(), Arc::default());
    let (tables, pages) = (expr::TableUses::default(), cfg::Pages::default());
    let (env, vars_of, all) = (&after, &vars, &patterns);
    let local_peer = RefCell::new(env.get(LOCAL_PEER).unwrap_or_default());
    let world = cfg::World {
        files,
        env,
        vars: vars_of,
        patterns: all,
        tables: &tables,
        pages: &pages,
        local_peer: &local_peer,
    };
    let draft = lower::lower(document, &sources, world, &mut diagnostics);
    let mut model = resolve::resolve(draft, world, &mut diagnostics);
    model.asked = vars.take();
    model.patterns = patterns.clone();
    mention::check(&model, &mut diagnostics);
    let only_later = diagnostics.has_only_later_errors();
    if model.global.zero_warning && diagnostics.has_warnings() {
        diagnostics.push(Diagnostic::new(Severity::Alert, None, ZERO_WARNING.to_owned()));
    }
    advice::advise(&mut diagnostics, &sources);
    let (model, ahead) = match diagnostics.has_errors() {
        false => (Some(model), None),
        true => (None, Some(model).filter(|_| only_later)),
    };
    Loaded { model, ahead, sources, diagnostics }
}
