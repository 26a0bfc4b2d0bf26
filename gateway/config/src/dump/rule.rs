//! Rules, conditions, and the ACLs that they name.

use std::collections::{HashMap, HashSet};

use expr::{Acl, Cond};
use lang::{Span, Word};
use rules::RuleSet;

use super::proxy::{Own, Shared};
use super::service;
use super::text::{self, Line, line};
use crate::model::{
    CaptureSlot, Captures, CookieCapture, Model, PersistRule, Server, ServerChoice, SwitchTo, UniqueId,
    UseBackend, UseServer,
};

/// All rules of a section, its ACLs before them.
pub(super) fn lines(shared: &Shared<'_>, own: &[Own<'_>], servers: &[Server], model: &Model) -> Vec<Line> {
    let Shared { tcp_request_content, http_request, http_response, http_after_response, .. } = shared;
    let sets = [*tcp_request_content, http_request, http_response, http_after_response]
        .into_iter()
        .chain(own.iter().flat_map(|own| [own.connection, own.session, own.response].into_iter().flatten()));
    let conds =
        sets.flat_map(RuleSet::iter).filter_map(rules::Rule::cond).chain(own.iter().flat_map(conds_of));
    let persist = shared.persistence.iter().flat_map(|persistence| &persistence.rules);
    let page = shared.services.stats.iter();
    let page_rules = page.clone().flat_map(|page| page.http_request.iter().filter_map(rules::Rule::cond));
    let conds = conds.chain(persist.clone().map(|rule| &rule.cond));
    let conds = conds.chain(page_rules).chain(page.clone().flat_map(|page| &page.admin));
    let (acls, mut lines) = Acls::new(shared.asked.iter().chain(conds.flat_map(Cond::acls)));
    for own in own {
        let set = |keyword, rules: Option<&RuleSet>| {
            rules.map(|rules| acls.rules(&line(["tcp-request", keyword]), rules)).unwrap_or_default()
        };
        lines.extend(set("connection", own.connection));
        lines.extend(set("session", own.session));
    }
    lines
        .extend(shared.inspect_delay.map(|delay| line(["tcp-request", "inspect-delay", &text::time(delay)])));
    lines.extend(acls.rules(&line(["tcp-request", "content"]), shared.tcp_request_content));
    let fail = |cond| acls.conditional(line(["monitor", "fail"]), Some(cond));
    lines.extend(own.iter().flat_map(|own| own.monitor_fail).map(fail));
    lines.extend(acls.rules(&line(["http-request"]), shared.http_request));
    own.iter().for_each(|own| acls.choices(own, servers, model, &mut lines));
    lines.extend(acls.rules(&line(["http-response"]), shared.http_response));
    lines.extend(acls.rules(&line(["http-after-response"]), shared.http_after_response));
    for page in page {
        lines.extend(service::page(page));
        lines.extend(acls.rules(&line(["stats", "http-request"]), &page.http_request));
        lines.extend(page.admin.iter().map(|cond| acls.conditional(line(["stats", "admin"]), Some(cond))));
    }
    lines.extend(persist.map(|PersistRule { force, cond }| {
        acls.conditional(line([if *force { "force-persist" } else { "ignore-persist" }]), Some(cond))
    }));
    let sticks = own.iter().flat_map(|own| own.sticks);
    lines.extend(sticks.map(|rule| acls.conditional(super::stick::rule(rule), rule.cond.as_ref())));
    lines
}

fn conds_of<'a>(own: &Own<'a>) -> impl Iterator<Item = &'a Cond> {
    let switches = own.switches.iter().filter_map(|switch| switch.cond.as_ref());
    let sticks = own.sticks.iter().filter_map(|rule| rule.cond.as_ref());
    switches.chain(own.monitor_fail).chain(own.servers.iter().map(|rule| &rule.cond)).chain(sticks)
}

/// `capture …` and `declare capture` lines.
pub(super) fn captures(captures: &Captures) -> Vec<Line> {
    let Captures { request, response, cookie } = captures;
    let slot = |side, CaptureSlot { header, length }: &CaptureSlot| match header {
        Some(header) => line(["capture", side, "header", header, "len", &length.to_string()]),
        None => line(["declare", "capture", side, "len", &length.to_string()]),
    };
    let mut lines: Vec<Line> = request.iter().map(|one| slot("request", one)).collect();
    lines.extend(response.iter().map(|one| slot("response", one)));
    let cookie = cookie.as_ref().map(|CookieCapture { begins, length }| {
        line(["capture", "cookie", begins, "len", &length.to_string()])
    });
    lines.extend(cookie);
    lines
}

/// `unique-id-…` lines.
pub(super) fn unique_id(id: &UniqueId) -> Vec<Line> {
    let UniqueId { format, header } = id;
    let format = format.as_ref().map(|format| line(["unique-id-format", format.text()]));
    format.into_iter().chain(header.as_ref().map(|name| line(["unique-id-header", name]))).collect()
}

/// The named ACLs of a section by their names. What a named `defaults` section handed down may use the section's own
/// names for other ACLs: those get a name of their own.
#[derive(Default)]
pub(super) struct Acls<'a> {
    known: HashMap<&'a str, Vec<(&'a Acl, String)>>,
    taken: HashSet<String>,
}

impl<'a> Acls<'a> {
    /// The names, and the lines that give them.
    pub(super) fn new(used: impl Iterator<Item = &'a Acl>) -> (Self, Vec<Line>) {
        let mut acls = Self::default();
        let mut lines = Vec::new();
        for acl in used.filter(|acl| !acl.name().is_empty()) {
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

    /// Where requests and responses go: the rules that only one half has.
    fn choices(&self, own: &Own<'_>, servers: &[Server], model: &Model, lines: &mut Vec<Line>) {
        for UseBackend { backend, cond, place: _ } in own.switches {
            let name = match backend {
                SwitchTo::Backend(id) => &model.backend(*id).name,
                SwitchTo::Named(format) => format.text(),
            };
            lines.push(self.conditional(line(["use_backend", name]), cond.as_ref()));
        }
        for UseServer { server, cond, place: _ } in own.servers {
            let name = match server {
                ServerChoice::At(at) => servers.get(*at).map_or("", |server| &server.name),
                ServerChoice::Named(format) => format.text(),
            };
            lines.push(self.conditional(line(["use-server", name]), Some(cond)));
        }
        let delay =
            own.response_delay.map(|delay| line(["tcp-response", "inspect-delay", &text::time(delay)]));
        lines.extend(delay);
        let rules = own.response.map(|rules| self.rules(&line(["tcp-response", "content"]), rules));
        lines.extend(rules.unwrap_or_default());
    }

    /// A line with its condition, if it has one.
    pub(super) fn conditional(&self, line: Line, cond: Option<&Cond>) -> Line {
        let name = |acl: &Acl| self.find(acl).unwrap_or(acl.name()).to_owned();
        line.with(cond.map(|cond| cond.words(&name)).unwrap_or_default())
    }
}

fn values(texts: &[String]) -> impl Iterator<Item = Word> {
    texts.iter().map(|text| Word { text: text.clone(), span: Span::default(), quoted: true })
}
