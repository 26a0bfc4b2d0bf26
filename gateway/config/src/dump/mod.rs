//! The effective configuration: a model as text again, in either spelling, such that loading the text gives an equal
//! model.
//!
//! Each type of the model is taken apart field by field, without `..`: a new field does not compile until it is said
//! here how it is written. What loading an empty section gives anyway is left out. Lines that a section may only
//! inherit (a frontend's `timeout server`) stand in a `defaults` section of their own.

mod balance;
mod bind;
mod cfg;
mod check;
mod check_step;
mod connect;
mod global;
mod log;
mod option;
mod order;
mod persist;
mod proxy;
mod rule;
mod sections;
mod server;
mod service;
mod stick;
#[cfg(test)]
mod tests;
mod text;
mod yaml;

use crate::model::Model;
use text::Line;
pub(crate) use text::quote;

/// Which of the two languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spelling {
    /// HAProxy's.
    Cfg,
    /// YAML.
    Yaml,
}

impl Spelling {
    /// The spelling of a name: `cfg` or `yaml`.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "cfg" => Some(Self::Cfg),
            "yaml" | "yml" => Some(Self::Yaml),
            _ => None,
        }
    }
}

/// Writes a model as a configuration.
pub fn dump(model: &Model, spelling: Spelling) -> String {
    match spelling {
        Spelling::Cfg => cfg::write(&sections(model, &order::natural(model))),
        Spelling::Yaml => yaml::write(&sections(model, &order::grouped(model))),
    }
}

/// A section to be written.
struct Section {
    keyword: &'static str,
    /// Empty for `global` and the `defaults` that hand nothing down.
    name: String,
    /// The `defaults` section that it names.
    from: Option<String>,
    lines: Vec<Line>,
}

/// `global`, then what is no proxy, then `defaults`, then the proxies in this order.
fn sections(model: &Model, order: &[order::Proxy<'_>]) -> Vec<Section> {
    let ids: Vec<u32> = order.iter().map(order::Proxy::id).collect();
    let own_ids = order::uncounted(&ids, crate::resolve::FIRST_ID);
    let writer = proxy::Writer::new(model);
    let mut proxies = Vec::new();
    let mut inherited = Inherited::default();
    for (proxy, own_id) in order.iter().zip(own_ids) {
        let written = writer.proxy(proxy, own_id);
        let from = inherited.name(proxy.keyword(), written.inherited);
        let (keyword, name) = (proxy.keyword(), proxy.name().to_owned());
        proxies.push(Section { keyword, name, from, lines: written.own });
    }
    let global = global::lines(&model.global);
    let global = Section { keyword: "global", name: String::new(), from: None, lines: global };
    let defaults = inherited.sections(proxies.iter().any(|proxy| proxy.from.is_none()));
    std::iter::once(global).chain(sections::all(model)).chain(defaults).chain(proxies).collect()
}

/// The `defaults` sections that are needed, each once.
#[derive(Default)]
struct Inherited {
    sections: Vec<Section>,
}

impl Inherited {
    /// The name of the section that hands these lines down; `None` if there is nothing to hand down.
    fn name(&mut self, keyword: &str, lines: Vec<Line>) -> Option<String> {
        if lines.is_empty() {
            return None;
        }
        if let Some(known) = self.sections.iter().find(|section| section.lines == lines) {
            return Some(known.name.clone());
        }
        let name = format!("{keyword}-{}", self.sections.len() + 1);
        self.sections.push(Section { keyword: "defaults", name: name.clone(), from: None, lines });
        Some(name)
    }

    /// The last `defaults` section is everybody's who names none: those must inherit nothing.
    fn sections(self, some_name_none: bool) -> Vec<Section> {
        let mut sections = self.sections;
        if some_name_none && !sections.is_empty() {
            sections.push(Section {
                keyword: "defaults",
                name: String::new(),
                from: None,
                lines: Vec::new(),
            });
        }
        sections
    }
}
