//! Rules, conditions, and the ACLs that they name.

use std::collections::{HashMap, HashSet};

use expr::{Acl, Cond};
use lang::{Span, Word};
use rules::RuleSet;

use super::proxy::Shared;
use super::text::{self, Line, line};
use crate::model::{Model, UseBackend};

/// All rules of a section, its ACLs before them.
pub(super) fn lines(shared: &Shared<'_>, switches: &[UseBackend], model: &Model) -> Vec<Line> {
    let sets = [shared.tcp_request_content, shared.http_request, shared.http_response];
    let conds = sets.into_iter().flat_map(RuleSet::iter).filter_map(rules::Rule::cond);
    let (acls, mut lines) = Acls::new(conds.chain(switches.iter().filter_map(|switch| switch.cond.as_ref())));
    lines
        .extend(shared.inspect_delay.map(|delay| line(["tcp-request", "inspect-delay", &text::time(delay)])));
    lines.extend(acls.rules(&line(["tcp-request", "content"]), shared.tcp_request_content));
    lines.extend(acls.rules(&line(["http-request"]), shared.http_request));
    for UseBackend { backend, cond, place: _ } in switches {
        let words = line(["use_backend", &model.backend(*backend).name]);
        lines.push(acls.conditional(words, cond.as_ref()));
    }
    lines.extend(acls.rules(&line(["http-response"]), shared.http_response));
    lines
}

/// The named ACLs of a section by their names. What a named `defaults` section handed down may use the section's own
/// names for other ACLs: those get a name of their own.
#[derive(Default)]
struct Acls<'a> {
    known: HashMap<&'a str, Vec<(&'a Acl, String)>>,
    taken: HashSet<String>,
}

impl<'a> Acls<'a> {
    /// The names, and the lines that give them.
    fn new(conds: impl Iterator<Item = &'a Cond>) -> (Self, Vec<Line>) {
        let mut acls = Self::default();
        let mut lines = Vec::new();
        for acl in conds.flat_map(Cond::acls).filter(|acl| !acl.name().is_empty()) {
            if acls.find(acl).is_some() {
                continue;
            }
            let name = acls.free(acl.name());
            if !(acl.is_predefined() && name == acl.name()) {
                lines.extend(acl.lines().map(|words| line(["acl", &name]).with(values(words))));
            }
            acls.taken.insert(name.clone());
            acls.known.entry(acl.name()).or_default().push((acl, name));
        }
        (acls, lines)
    }

    fn find(&self, acl: &Acl) -> Option<&str> {
        let namesakes = self.known.get(acl.name())?;
        // most conditions share the very ACL: its lines need not be compared then
        let same = |known: &Acl| std::ptr::eq(known, acl) || known == acl;
        namesakes.iter().find(|(known, _)| same(known)).map(|(_, name)| name.as_str())
    }

    fn free(&self, name: &str) -> String {
        let numbered = (2..).map(|number| format!("{name}.{number}"));
        let mut names = std::iter::once(name.to_owned()).chain(numbered);
        names.find(|name| !self.taken.contains(name)).unwrap_or_default()
    }

    fn rules(&self, keyword: &Line, set: &RuleSet) -> Vec<Line> {
        let rule =
            |rule: &rules::Rule| self.conditional(keyword.clone().with(values(rule.words())), rule.cond());
        set.iter().map(rule).collect()
    }

    fn conditional(&self, line: Line, cond: Option<&Cond>) -> Line {
        let name = |acl: &Acl| self.find(acl).unwrap_or(acl.name()).to_owned();
        line.with(cond.map(|cond| cond.words(&name)).unwrap_or_default())
    }
}

fn values(texts: &[String]) -> impl Iterator<Item = Word> {
    texts.iter().map(|text| Word { text: text.clone(), span: Span::default(), quoted: true })
}
