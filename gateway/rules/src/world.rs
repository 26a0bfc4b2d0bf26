//! A message in memory, for the tests.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use expr::{Acls, Phase, Scope, Side, Txn, TxnVars, Value, Var};
use http::HeaderName;
use lang::{Diagnostic, Words};
use table::{Data, Kind, Spec, Store, Tables, Tracked};

use crate::{Answer, Change, End, Flow, Message, Rule, RuleSet};

pub(crate) type Lines = Vec<(String, Vec<u8>)>;

/// A request and its response.
pub(crate) struct World {
    pub(crate) uri: Vec<u8>,
    pub(crate) method: Vec<u8>,
    pub(crate) status: Option<u16>,
    pub(crate) more: bool,
    pub(crate) source: IpAddr,
    pub(crate) request: Lines,
    pub(crate) response: Lines,
    pub(crate) vars: TxnVars,
    /// What rules have changed beside the heads.
    pub(crate) changes: Vec<Change>,
    pub(crate) tables: Tables,
    pub(crate) tracked: [Option<Tracked>; 3],
}

/// A table with single values and one with arrays.
fn tables() -> Tables {
    let store = |data: Data, count| Store { data, count, period: if data.is_rate() { 10_000 } else { 0 } };
    let spec = |name: &str, store: Vec<Store>| Spec {
        name: name.to_owned(),
        kind: Kind::Ip,
        size: 10,
        expire: None,
        nopurge: false,
        store,
    };
    let single = Data::ALL.iter().filter(|data| !data.is_array()).map(|data| store(*data, 1)).collect();
    let arrays = [Data::Gpt, Data::Gpc, Data::GpcRate].map(|data| store(data, 2)).to_vec();
    Tables::build([spec("t", single), spec("arrays", arrays)], None)
}

fn lines(text: &[(&str, &str)]) -> Lines {
    text.iter().map(|(name, value)| ((*name).to_owned(), value.as_bytes().to_vec())).collect()
}

impl World {
    pub(crate) fn sample() -> Self {
        Self {
            uri: b"/a/b".to_vec(),
            method: b"GET".to_vec(),
            status: None,
            more: false,
            source: IpAddr::from([192, 0, 2, 7]),
            request: lines(&[
                ("Host", "www.example.com"),
                ("Accept", "a, b"),
                ("Cookie", "sid=abc"),
                ("X-Forwarded-For", "10.0.0.1, 10.0.0.2"),
            ]),
            response: lines(&[("Server", "origin")]),
            vars: TxnVars::default(),
            changes: Vec::new(),
            tables: tables(),
            tracked: [None, None, None],
        }
    }

    /// The message that the rules of a phase are about.
    pub(crate) fn at(phase: Phase) -> Self {
        let status = matches!(phase, Phase::HttpResponse | Phase::HttpAfterResponse).then_some(200);
        Self { status, ..Self::sample() }
    }

    /// The values of a header of the side at work.
    pub(crate) fn header(&self, name: &str) -> Vec<String> {
        let list = if self.status.is_some() { &self.response } else { &self.request };
        let wanted = list.iter().filter(|(known, _)| known.eq_ignore_ascii_case(name));
        wanted.map(|(_, value)| String::from_utf8_lossy(value).into_owned()).collect()
    }

    fn lines_mut(&mut self) -> &mut Lines {
        if self.status.is_some() { &mut self.response } else { &mut self.request }
    }
}

impl Txn for World {
    fn source(&self) -> Option<IpAddr> {
        Some(self.source)
    }
    fn method(&self) -> Option<&[u8]> {
        Some(&self.method)
    }
    fn uri(&self) -> Option<&[u8]> {
        Some(&self.uri)
    }
    fn version(&self) -> Option<(u8, u8)> {
        Some((1, 1))
    }
    fn status(&self) -> Option<u16> {
        self.status
    }
    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }
    fn tables(&self) -> Option<&Tables> {
        Some(&self.tables)
    }
    fn tracked(&self, counter: usize) -> Option<&Tracked> {
        self.tracked.get(counter)?.as_ref()
    }
    fn var_exists(&self, var: &Var) -> bool {
        self.vars.exists(var)
    }
    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        self.vars.defer(var, value);
    }
    fn more_to_come(&self) -> bool {
        self.more
    }
    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let list = if side == Side::Request { &self.request } else { &self.response };
        for (known, value) in list {
            let wanted = name.is_none_or(|name| name.as_str().eq_ignore_ascii_case(known));
            if wanted && visit(known.as_bytes(), value).is_break() {
                return;
            }
        }
    }
}

impl Message for World {
    fn txn(&self) -> &dyn Txn {
        self
    }
    fn side(&self) -> Side {
        if self.status.is_some() { Side::Response } else { Side::Request }
    }
    fn add_header(&mut self, name: &[u8], value: &[u8]) {
        self.lines_mut().push((String::from_utf8_lossy(name).into_owned(), value.to_vec()));
    }
    fn del_header(&mut self, name: &[u8]) {
        self.lines_mut().retain(|(known, _)| !name.eq_ignore_ascii_case(known.as_bytes()));
    }
    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.lines_mut().retain(|(name, value)| keep(name.as_bytes(), value));
    }
    fn set_uri(&mut self, uri: Vec<u8>) {
        self.uri = uri;
    }
    fn set_method(&mut self, method: Vec<u8>) {
        self.method = method;
    }
    fn set_status(&mut self, status: u16) {
        self.status = Some(status);
    }
    fn is_tracking(&self, counter: usize) -> bool {
        self.tracked[counter].is_some()
    }
    fn track(&mut self, counter: usize, tracked: Tracked) {
        tracked.change(0, |entry| entry.add(Data::ConnCnt, 0, 1));
        self.tracked[counter] = Some(tracked);
    }
    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.vars.set(var, value);
    }

    fn change(&mut self, change: Change) {
        if let Change::Address(End::Source, source) = change {
            self.source = source;
        }
        self.changes.push(change);
    }
}

/// Files that are there by name.
struct Shelf;

impl lang::Files for Shelf {
    fn read(&self, path: &Path, _limit: u64) -> io::Result<Vec<u8>> {
        match path.to_str() {
            Some("body.txt") => Ok(b"file body\n".to_vec()),
            Some("seen.lst" | "names.map") => Ok(Vec::new()),
            Some("format.txt") => Ok(b"%[path]\n".to_vec()),
            Some("err.http") => Ok(b"HTTP/1.1 404 Not Found\r\nX-Err: 1\r\nConnection: close\r\n\
                Content-Type: text/plain\r\nContent-Length: 3\r\n\r\nerr"
                .to_vec()),
            _ => Err(io::Error::from(io::ErrorKind::NotFound)),
        }
    }
    fn list(&self, _dir: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
    fn is_dir(&self, _path: &Path) -> bool {
        false
    }
    fn exists(&self, _path: &Path) -> bool {
        false
    }
}

/// One section of pages, `site`, with one page.
impl expr::Pages for Shelf {
    fn section(&self, name: &str) -> Option<&[(u16, Vec<u8>)]> {
        static SITE: LazyLock<Vec<(u16, Vec<u8>)>> =
            LazyLock::new(|| vec![(503, b"HTTP/1.1 503 Back soon\r\nX-Site: 1\r\n\r\nsoon".to_vec())]);
        (name == "site").then_some(SITE.as_slice())
    }
}

pub(crate) fn scope(phase: Phase) -> Scope<'static> {
    Scope::new(phase, &Shelf).with_pages(&Shelf)
}

pub(crate) fn acls() -> Acls {
    Acls::default()
}

/// The rule of a line.
pub(crate) fn rule(phase: Phase, text: &str) -> Result<Rule, Diagnostic> {
    rule_in(&scope(phase), text)
}

/// The rule of a line among others.
pub(crate) fn rule_in(scope: &Scope<'_>, text: &str) -> Result<Rule, Diagnostic> {
    rule_with(scope, &acls(), text)
}

/// The rule of a line that may use these ACLs.
pub(crate) fn rule_with(scope: &Scope<'_>, acls: &Acls, text: &str) -> Result<Rule, Diagnostic> {
    let words = lang::lex_line(text).expect("the line lexes");
    let end = words.last().map(|word| word.span.after()).unwrap_or_default();
    Rule::parse(scope.phase, &mut Words::new(&words, end), acls, scope)
}

/// What a function reads of some words.
pub(crate) fn in_scope<T>(phase: Phase, text: &str, read: impl FnOnce(&mut Words<'_>, &Scope<'_>) -> T) -> T {
    let words = lang::lex_line(text).expect("the line lexes");
    let end = words.last().map(|word| word.span.after()).unwrap_or_default();
    read(&mut Words::new(&words, end), &scope(phase))
}

/// The rules of some lines.
pub(crate) fn rules(phase: Phase, lines: &[&str]) -> RuleSet {
    let (mut set, scope) = (RuleSet::default(), scope(phase));
    set.extend(
        lines.iter().map(|line| rule_in(&scope, line).unwrap_or_else(|d| panic!("{line}: {}", d.message))),
    );
    set
}

/// What a rule answers.
pub(crate) fn answer_to(phase: Phase, text: &str) -> Answer {
    match rules(phase, &[text]).run(&mut World::at(phase)) {
        Flow::Answer(answer) => answer,
        other => panic!("{text}: {other:?}"),
    }
}

/// An answer on one line.
pub(crate) struct Shown<'a>(pub(crate) &'a Answer);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(body) = &self.0.body else { return write!(f, "{} page", self.0.status) };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let headers: Vec<_> =
            self.0.headers.iter().map(|(name, value)| format!("{}: {}", text(name), text(value))).collect();
        write!(f, "{} {}||{}", self.0.sent.unwrap_or(self.0.status), headers.join("|"), text(body))
    }
}
