//! What the rules of a file cost by themselves: loaded as the gateway loads them, asked about a request in memory.

use std::borrow::Cow;
use std::hint::black_box;
use std::io;
use std::net::IpAddr;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime};

use config::model::{Model, SwitchTo};
use expr::plan::{FirstMatch, Plan, PlannedRule};
use expr::{Parts, Side, Txn, TxnVars, Value, Var};
use http::HeaderName;
use rules::{Flow, Message, RuleSet};

/// A file's rules, ready to be asked about one request.
pub(crate) struct Inside {
    model: Model,
    switch: FirstMatch,
    /// The conditions of its rules for requests and responses, without what the rules do.
    asked: [Plan; 2],
    fresh: Exchange,
}

impl Inside {
    /// Loads a file, of which the first frontend counts.
    pub(crate) fn load(file: &Path, request: &'static [u8]) -> Result<Self, String> {
        let model = load(file)?;
        model.compile();
        let frontend = model.frontends.first().ok_or("no frontend")?;
        let conditions: Vec<_> = frontend.use_backend.iter().map(|rule| rule.cond.as_ref()).collect();
        let switch = FirstMatch::compile(&conditions);
        let asked = [&frontend.http_request, &frontend.http_response].map(conditions_of);
        let inside = Self { model, switch, asked, fresh: Exchange::new(request) };
        match inside.judge(&mut inside.fresh.copy()).as_deref() {
            None | Some("origin") => Ok(inside),
            Some(other) => Err(format!("the rules lead to {other}")),
        }
    }

    /// The time of one request's way through all rules: the shortest of several rounds, without the time that it takes
    /// to make a request in memory.
    pub(crate) fn time(&self) -> Duration {
        let whole = shortest(|| drop(black_box(self.judge(&mut black_box(&self.fresh).copy()))));
        let copy = shortest(|| drop(black_box(black_box(&self.fresh).copy())));
        whole.saturating_sub(copy)
    }

    /// The time that all conditions alone take, of rules that change nothing.
    pub(crate) fn time_of_conditions(&self) -> Duration {
        let answered = Exchange { answered: true, ..self.fresh.copy() };
        shortest(|| {
            let [request, response] = &self.asked;
            black_box((
                every(request, &self.fresh),
                self.switch.first(&self.fresh),
                every(response, &answered),
            ));
        })
    }

    /// Asks so often.
    pub(crate) fn repeat(&self, times: usize) {
        (0..times).for_each(|_| drop(black_box(self.judge(&mut black_box(&self.fresh).copy()))));
    }

    /// All rules of the frontend; the name of the backend that they lead to. Not inlined, for valgrind counts what
    /// happens in it.
    #[inline(never)]
    fn judge(&self, exchange: &mut Exchange) -> Option<String> {
        let frontend = self.model.frontends.first()?;
        if !frontend.http_request.is_empty() {
            match frontend.http_request.run(exchange) {
                Flow::Continue | Flow::Accept => {}
                other => return Some(format!("{other:?}")),
            }
        }
        let name = self.switch.first(exchange).map(|place| match &frontend.use_backend[place].backend {
            SwitchTo::Backend(_) => None,
            SwitchTo::Named(format) => String::from_utf8(format.to_bytes(exchange)).ok(),
        });
        if !frontend.http_response.is_empty() {
            exchange.answered = true;
            frontend.http_response.run(exchange);
        }
        name.flatten()
    }
}

fn conditions_of(rules: &RuleSet) -> Plan {
    let planned = rules.iter().map(|rule| PlannedRule {
        cond: rule.cond().cloned(),
        ends: false,
        changes: Parts::NONE,
    });
    Plan::compile(planned.collect())
}

/// How many rules apply.
fn every(plan: &Plan, txn: &dyn Txn) -> usize {
    let mut walk = plan.walk(0, txn);
    std::iter::from_fn(|| walk.next(txn)).count()
}

fn load(file: &Path) -> Result<Model, String> {
    let loaded = config::load(&[file.to_owned()], &Disk, &NoEnvironment, &lang::Facts::default());
    loaded.model.ok_or_else(|| format!("{} is refused: {:?}", file.display(), loaded.diagnostics))
}

/// The shortest time of some work, of several rounds that are each long enough for the clock.
fn shortest(work: impl Fn()) -> Duration {
    let round = |times: u32| {
        let begun = Instant::now();
        (0..times).for_each(|_| work());
        begun.elapsed()
    };
    let mut times = 1;
    while round(times) < Duration::from_millis(10) {
        times *= 2;
    }
    let nanos = (0..20).map(|_| round(times).as_nanos() / u128::from(times)).min().unwrap_or_default();
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

/// What is the request's is borrowed, so that another one is made in a moment.
type Text = Cow<'static, [u8]>;

/// Header lines, names in lower case.
type Lines = Vec<(Text, Text)>;

/// A request and its response.
struct Exchange {
    uri: Text,
    method: Text,
    request: Lines,
    response: Lines,
    answered: bool,
    vars: TxnVars,
}

impl Exchange {
    /// Of a request of ours, which is well formed.
    fn new(request: &'static [u8]) -> Self {
        let text = std::str::from_utf8(request).unwrap_or_default();
        let mut lines = text.split("\r\n");
        let mut start = lines.next().unwrap_or_default().split(' ');
        let bytes = |text: &'static str| Text::Borrowed(text.as_bytes());
        let method = bytes(start.next().unwrap_or_default());
        let uri = bytes(start.next().unwrap_or_default());
        let line = |line: &'static str| {
            let (name, value) = line.split_once(": ")?;
            // leaked once, so that it can be borrowed as often as is measured
            Some((bytes(name.to_ascii_lowercase().leak()), bytes(value)))
        };
        let request = lines.filter_map(line).collect();
        let response = [("content-type", "text/plain"), ("content-length", "12"), ("server", "origin")];
        let response = response.map(|(name, value)| (bytes(name), bytes(value))).to_vec();
        Self { uri, method, request, response, answered: false, vars: TxnVars::default() }
    }

    /// Another one, before any rule.
    fn copy(&self) -> Self {
        // with the room that the gateway leaves in a head that it has read
        let mut request = Lines::with_capacity(self.request.len() + 2);
        request.extend_from_slice(&self.request);
        Self {
            request,
            uri: self.uri.clone(),
            method: self.method.clone(),
            response: self.response.clone(),
            answered: false,
            vars: TxnVars::default(),
        }
    }

    fn lines(&mut self) -> &mut Lines {
        if self.answered { &mut self.response } else { &mut self.request }
    }
}

impl Txn for Exchange {
    fn source(&self) -> Option<IpAddr> {
        Some(IpAddr::from([127, 0, 0, 1]))
    }
    fn destination_port(&self) -> Option<u16> {
        Some(80)
    }
    fn uri(&self) -> Option<&[u8]> {
        Some(&self.uri)
    }
    fn method(&self) -> Option<&[u8]> {
        Some(&self.method)
    }
    fn version(&self) -> Option<(u8, u8)> {
        Some((1, 1))
    }
    fn status(&self) -> Option<u16> {
        self.answered.then_some(200)
    }
    fn now(&self) -> SystemTime {
        SystemTime::now()
    }
    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.vars.get(var)
    }
    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let lines = if side == Side::Request { &self.request } else { &self.response };
        let wanted = name.map(|name| name.as_str().as_bytes());
        for (known, value) in lines {
            if wanted.is_none_or(|wanted| *wanted == **known) && visit(known, value).is_break() {
                return;
            }
        }
    }
}

impl Message for Exchange {
    fn txn(&self) -> &dyn Txn {
        self
    }
    fn side(&self) -> Side {
        if self.answered { Side::Response } else { Side::Request }
    }
    fn add_header(&mut self, name: &[u8], value: &[u8]) {
        self.lines().push((name.to_vec().into(), value.to_vec().into()));
    }
    fn del_header(&mut self, name: &[u8]) {
        self.lines().retain(|(known, _)| **known != *name);
    }
    fn retain_headers(&mut self, keep: &mut dyn FnMut(&[u8], &[u8]) -> bool) {
        self.lines().retain(|(name, value)| keep(name, value));
    }
    fn set_uri(&mut self, uri: Vec<u8>) {
        self.uri = uri.into();
    }
    fn set_method(&mut self, method: Vec<u8>) {
        self.method = method.into();
    }
    fn set_status(&mut self, _: u16) {}
    fn set_var(&mut self, var: &Var, value: Option<Value<'static>>) {
        self.vars.set(var, value);
    }
}

struct Disk;

impl lang::Files for Disk {
    fn read(&self, path: &Path, _: u64) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }
    fn list(&self, _: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(Vec::new())
    }
    fn is_dir(&self, path: &Path) -> bool {
        path.is_dir()
    }
    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }
}

struct NoEnvironment;

impl lang::Environment for NoEnvironment {
    fn get(&self, _: &str) -> Option<String> {
        None
    }
}
