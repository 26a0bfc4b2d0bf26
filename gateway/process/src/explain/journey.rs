//! The request's way through the rules: who was asked, what they said, and how it ends. It is the way that
//! `proxy` goes, by the same rule sets, with nobody on either side.

use std::ops::ControlFlow;
use std::time::Duration;

use config::model::{Backend, BackendId, Frontend, FrontendId, Mode, Model, SwitchTo};
use expr::{Cond, Txn, Verdict};
use http::Method;
use proxy::{Pages, Reply, page_of};
use rules::{AnswerKind, Flow, RuleSet, Service};

use super::request::Request;

/// A rule that was asked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// Where it stands, `file:line`; empty for what has no line of its own.
    pub(crate) place: String,
    /// Its words, where no line has them.
    pub(crate) words: Option<String>,
    pub(crate) verdict: Verdict,
    /// The named ACLs in its condition, and what they said.
    pub(crate) acls: Vec<(String, Verdict)>,
}

impl Step {
    fn new(place: &str, verdict: Verdict, cond: Option<&Cond>, txn: &dyn Txn) -> Self {
        let told = cond.map(|cond| cond.named(txn)).unwrap_or_default();
        let acls = told.into_iter().map(|(name, said)| (name.to_owned(), said)).collect();
        Self { place: place.to_owned(), words: None, verdict, acls }
    }
}

/// Rules that are asked one after the other.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    pub(crate) title: String,
    pub(crate) steps: Vec<Step>,
    /// The rules behind the one that ended the set.
    pub(crate) unasked: usize,
}

/// How it ends, as far as can be told without a server.
#[derive(Debug)]
pub(crate) enum End {
    /// A server is asked.
    Server,
    /// `monitor-uri` is answered.
    Monitor(Box<Reply>),
    /// A rule answers; a tarpit after a while.
    Rule { reply: Box<Reply>, what: &'static str, after: Option<Duration> },
    /// A rule has the figures shown.
    Metrics,
    /// A rule closes the connection, or forgets it.
    Closed { told: bool },
    /// No rule names a backend and there is no default one.
    NoBackend(Box<Reply>),
    /// The backend has no server that may be used.
    NoServer(Box<Reply>),
}

/// All of it.
#[derive(Debug)]
pub(crate) struct Journey {
    pub(crate) stages: Vec<Stage>,
    pub(crate) backend: Option<BackendId>,
    pub(crate) end: End,
}

/// Leads a request through a model.
pub(crate) fn lead(model: &Model, id: FrontendId, request: &mut Request) -> Journey {
    let mut journey = Journey { stages: Vec::new(), backend: None, end: End::Server };
    if let ControlFlow::Break(end) = walk(model, id, request, &mut journey) {
        journey.end = end;
    }
    journey
}

/// The way itself, which may end before a server is asked.
fn walk(model: &Model, id: FrontendId, request: &mut Request, journey: &mut Journey) -> ControlFlow<End> {
    let frontend = model.frontend(id);
    let front = Pages::new(&frontend.options);
    if is_monitor(frontend, request) {
        return ControlFlow::Break(End::Monitor(Box::new(page_of(&[&front], 200, request))));
    }
    let tarpit = frontend.timeouts.tarpit.or(frontend.timeouts.connect);
    let name = format!("frontend {}", frontend.name);
    let judge = Judge { name: &name, http: frontend.mode == Mode::Http, pages: &[&front], tarpit };
    judge.ask(&frontend.tcp_request_content, &frontend.http_request, request, &mut journey.stages)?;
    let Some(backend) = choose(model, frontend, request, &mut journey.stages) else {
        return ControlFlow::Break(End::NoBackend(Box::new(page_of(&[&front], 503, request))));
    };
    journey.backend = Some(backend);
    let backend = model.backend(backend);
    request.goes_to(backend);
    let back = Pages::new(&backend.options);
    let pages = [&back, &front];
    if backend.listen != Some(id) {
        let name = format!("backend {}", backend.name);
        let judge = Judge { name: &name, http: backend.mode == Mode::Http, pages: &pages, tarpit };
        judge.ask(&backend.tcp_request_content, &backend.http_request, request, &mut journey.stages)?;
    }
    if has_server(backend) {
        return ControlFlow::Continue(());
    }
    ControlFlow::Break(End::NoServer(Box::new(page_of(&pages, 503, request))))
}

fn is_monitor(frontend: &Frontend, request: &Request) -> bool {
    let asks = matches!(request.method, Method::GET | Method::HEAD);
    asks && frontend.monitor_uri.as_ref().is_some_and(|uri| request.target == uri.as_bytes())
}

/// Whether any server may be used, all of them being well.
fn has_server(backend: &Backend) -> bool {
    backend.servers.iter().any(|server| !server.disabled && server.weight > 0)
}

/// The first `use_backend` that matches, the default backend, the other half of a `listen`, or none.
fn choose(
    model: &Model,
    frontend: &Frontend,
    request: &Request,
    stages: &mut Vec<Stage>,
) -> Option<BackendId> {
    let mut stage = Stage { title: "choice of the backend".to_owned(), steps: Vec::new(), unasked: 0 };
    let mut chosen = None;
    for rule in &frontend.use_backend {
        if chosen.is_some() {
            stage.unasked += 1;
            continue;
        }
        let holds = rule.cond.as_ref().is_none_or(|cond| cond.eval(request));
        let verdict = if holds { Verdict::True } else { Verdict::False };
        stage.steps.push(Step::new(&rule.place, verdict, rule.cond.as_ref(), request));
        chosen = holds.then(|| named(model, &rule.backend, request)).flatten();
        if holds && chosen.is_none() {
            break;
        }
    }
    if let (None, Some(default)) = (chosen, frontend.default_backend) {
        let words = Some(format!("default_backend {}", model.backend(default).name));
        stage.steps.push(Step { words, ..Step::new("", Verdict::True, None, request) });
        chosen = Some(default);
    }
    if !stage.steps.is_empty() {
        stages.push(stage);
    }
    chosen.or(frontend.listen)
}

/// The backend that a rule means for a request; a name that is nobody's falls to the default backend.
fn named(model: &Model, to: &SwitchTo, request: &Request) -> Option<BackendId> {
    match to {
        SwitchTo::Backend(id) => Some(*id),
        SwitchTo::Named(format) => {
            let name = format.to_bytes(request);
            model.backends.iter().position(|backend| backend.name.as_bytes() == name).map(BackendId)
        }
    }
}

/// Whose rules are asked, and what they answer with.
struct Judge<'a> {
    name: &'a str,
    http: bool,
    pages: &'a [&'a Pages],
    /// How long a tarpit holds.
    tarpit: Option<Duration>,
}

impl Judge<'_> {
    /// Asks a proxy's rules.
    fn ask(
        &self,
        tcp: &RuleSet,
        http: &RuleSet,
        request: &mut Request,
        stages: &mut Vec<Stage>,
    ) -> ControlFlow<End> {
        self.run("tcp-request content", tcp, request, stages)?;
        if self.http { self.run("http-request", http, request, stages) } else { ControlFlow::Continue(()) }
    }

    fn run(
        &self,
        what: &str,
        rules: &RuleSet,
        request: &mut Request,
        stages: &mut Vec<Stage>,
    ) -> ControlFlow<End> {
        if rules.is_empty() {
            return ControlFlow::Continue(());
        }
        let mut steps = Vec::new();
        let flow = rules.run_told(request, |rule, verdict, txn| {
            steps.push(Step::new(rule.place(), verdict, rule.cond(), txn));
        });
        let unasked = rules.len() - steps.len();
        stages.push(Stage { title: format!("rules: {what} of {}", self.name), steps, unasked });
        self.end(flow, request).map_or(ControlFlow::Continue(()), ControlFlow::Break)
    }

    /// What a rule set's word means for the request.
    fn end(&self, flow: Flow, request: &Request) -> Option<End> {
        Some(match flow {
            Flow::Continue
            | Flow::Accept
            | Flow::Wait
            | Flow::Pause(_)
            | Flow::WaitForBody { .. }
            | Flow::Resolve(_) => {
                return None;
            }
            Flow::Close => End::Closed { told: true },
            Flow::SilentDrop => End::Closed { told: false },
            Flow::Service(Service::PrometheusExporter) => End::Metrics,
            Flow::Answer(answer) => {
                let tarpit = matches!(answer.kind, AnswerKind::Denied { tarpit: true });
                let what = match answer.kind {
                    AnswerKind::Denied { .. } => "refuses the request",
                    AnswerKind::Challenged => "asks the client who it is",
                    AnswerKind::Invalid => "refuses the request as invalid",
                    AnswerKind::NoResponse => "closes the server's connection",
                    AnswerKind::Redirect => "sends the client elsewhere",
                    AnswerKind::Returned => "answers",
                };
                let reply = Box::new(proxy::reply_of_rule(&answer, self.pages, request));
                End::Rule { reply, what, after: self.tarpit.filter(|_| tarpit) }
            }
        })
    }
}
