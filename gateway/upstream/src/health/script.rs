//! `option httpchk` with `http-check` lines that say more than one request and one status: connections, requests,
//! answers and variables, step by step.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use async_trait::async_trait;
use config::model::{CheckConnect, CheckPort, CheckRequest, CheckStep};
use expr::{Assignment, TxnVars, Var};
use pingora_error::{BError, Result};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::health_check::HealthCheck;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout_at};

use super::Verdict;
use super::expectation::{Expectation, Report, made, noted};
use super::http::{ANSWER, Head, invalid};
use super::probe::{Limits, Seen, failure, reason};
use super::scene::{Answer, Names, Scene};
use super::tcp::{Wire, connect};
use crate::events::World;

/// What a request has that no line gives anything to.
const PLAIN: (&str, &str, &str) = ("OPTIONS", "/", "HTTP/1.0");

/// Asks by HTTP, step by step.
#[derive(Debug)]
pub(super) struct Script {
    steps: Vec<Step>,
    names: Names,
    limits: Limits,
    thresholds: (u32, u32),
}

#[derive(Debug)]
enum Step {
    Connect(Box<CheckConnect>),
    Request(Box<CheckRequest>),
    Expect(Box<Expectation>),
    Set(Box<Assignment>),
    Unset(Var),
    Comment(String),
}

impl Script {
    pub(super) fn new(lines: &[CheckStep], names: Names, limits: Limits, thresholds: (u32, u32)) -> Self {
        let mut steps: Vec<Step> = lines.iter().filter_map(step).collect();
        let last = steps.iter().rev().find(|step| matches!(step, Step::Request(_) | Step::Expect(_)));
        if matches!(last, Some(Step::Request(_))) {
            steps.push(Step::Expect(Box::new(Expectation::success())));
        }
        Self { steps, names, limits, thresholds }
    }
}

fn step(line: &CheckStep) -> Option<Step> {
    Some(match line {
        CheckStep::Connect(connect) => Step::Connect(connect.clone()),
        CheckStep::Request(request) => Step::Request(request.clone()),
        CheckStep::Expect(expect) => Step::Expect(Box::new(Expectation::of(expect))),
        CheckStep::SetVar { assignment, .. } => Step::Set(assignment.clone()),
        CheckStep::UnsetVar(var) => Step::Unset(var.clone()),
        CheckStep::Comment(comment) => Step::Comment(comment.clone()),
        // a step of `tcp-check`
        CheckStep::Send { .. } => return None,
    })
}

#[async_trait]
impl HealthCheck for Script {
    async fn check(&self, target: &Target) -> Result<()> {
        let world = target.ext.get::<Arc<dyn World>>().cloned();
        let mut vars = TxnVars::new(world.as_ref().map(|world| world.variables().clone()), None);
        vars.refresh();
        let until = Instant::now() + self.limits.answer;
        let (wire, answer) = (None, Answer::default());
        let mut talk = Talk { script: self, target, until, world, vars, wire, answer };
        let report = talk.run().await?;
        if let Some(Report { verdict, code, info }) = report {
            code.into_iter().for_each(|code| Seen::note(target, code));
            Seen::tell(target, verdict, info);
        }
        Ok(())
    }

    fn health_threshold(&self, success: bool) -> usize {
        (if success { self.thresholds.0 } else { self.thresholds.1 }) as usize
    }
}

/// A check under way.
struct Talk<'a> {
    script: &'a Script,
    target: &'a Target,
    until: Instant,
    world: Option<Arc<dyn World>>,
    vars: TxnVars,
    wire: Option<Box<dyn Wire>>,
    answer: Answer,
}

impl Talk<'_> {
    /// Goes through the steps; the last expectation that was met says what is reported.
    async fn run(&mut self) -> Result<Option<Report>> {
        let script = self.script;
        let (mut report, mut comment) = (None, None);
        for step in &script.steps {
            match step {
                Step::Connect(connect) => self.connect(Some(connect)).await?,
                Step::Request(request) => self.send(request).await?,
                Step::Expect(expectation) => {
                    let told = expectation.comment.as_deref().or(comment);
                    report = Some(self.expect(expectation, told).await?);
                    // as in HAProxy a comment is about all expectations that follow it
                    continue;
                }
                Step::Set(assignment) => {
                    let value = assignment.value(&self.scene());
                    if value.is_some() {
                        self.vars.set(assignment.var(), value);
                    }
                }
                Step::Unset(var) => self.vars.set(var, None),
                Step::Comment(text) => {
                    comment = Some(text.as_str());
                    continue;
                }
            }
            self.vars.settle();
            comment = None;
        }
        Ok(report)
    }

    fn scene(&self) -> Scene<'_> {
        let world = self.world.as_deref();
        Scene { names: &self.script.names, world, vars: &self.vars, answer: &self.answer }
    }

    /// Connects anew, where the line says.
    async fn connect(&mut self, line: Option<&CheckConnect>) -> Result<()> {
        self.wire = None;
        self.answer = Answer::default();
        let mut target = self.target.clone();
        if let Some(line) = line {
            self.aim(&mut target, line)?;
        }
        let lingers = line.is_some_and(|line| line.linger);
        self.wire = Some(connect(&target, self.script.limits.connect, lingers).await?);
        Ok(())
    }

    fn aim(&self, target: &mut Target, line: &CheckConnect) -> Result<()> {
        let mut addr = target.addr.as_inet().copied();
        if let Some(text) = &line.addr {
            let port = addr.map_or(0, |addr| addr.port());
            let ip = text.parse::<IpAddr>().map(|ip| SocketAddr::new(ip, port));
            addr = Some(text.parse().or(ip).map_err(|_| nowhere())?);
        }
        let port = match &line.port {
            None => None,
            Some(CheckPort::Fixed(port)) => Some(*port),
            Some(CheckPort::Expr(expr)) => {
                let port = expr.eval(&self.scene()).and_then(|value| value.to_int());
                Some(port.and_then(|port| u16::try_from(port).ok()).ok_or_else(nowhere)?)
            }
        };
        if let (Some(addr), Some(port)) = (&mut addr, port) {
            addr.set_port(port);
        }
        if let Some(addr) = addr {
            target.addr = addr.into();
        }
        Ok(())
    }

    async fn send(&mut self, request: &CheckRequest) -> Result<()> {
        if self.wire.is_none() {
            self.connect(None).await?;
        }
        let bytes = self.written(request);
        self.answer = Answer::default();
        let until = self.until;
        let Some(wire) = &mut self.wire else { return Err(nowhere()) };
        match timeout_at(until, wire.write_all(&bytes)).await {
            Ok(Ok(())) => Ok(()),
            // a server that answers without listening (a 503 at once) is still heard below
            Ok(Err(error)) => {
                log::trace!("health check: the request was not read: {error}");
                Ok(())
            }
            Err(_) => Err(failure(Verdict::L7Timeout, None, "")),
        }
    }

    /// The request, as HAProxy writes it: names in lower case, `connection: close` only where 1.1 would keep it.
    fn written(&self, request: &CheckRequest) -> Vec<u8> {
        let scene = self.scene();
        let method = request.method.as_deref().unwrap_or(PLAIN.0);
        let version = request.version.as_deref().unwrap_or(PLAIN.2);
        let uri = request.uri.as_ref().map_or_else(|| PLAIN.1.into(), |uri| made(uri, &scene));
        let mut bytes = [method.as_bytes(), b" ", &uri, b" ", version.as_bytes(), b"\r\n"].concat();
        for (name, value) in &request.headers {
            bytes.extend_from_slice(name.to_ascii_lowercase().as_bytes());
            bytes.extend_from_slice(b": ");
            bytes.extend(made(value, &scene));
            bytes.extend_from_slice(b"\r\n");
        }
        let body = request.body.as_ref().map(|body| made(body, &scene));
        if let Some(body) = &body {
            bytes.extend_from_slice(format!("content-length: {}\r\n", body.len()).as_bytes());
        }
        if version == "HTTP/1.1" {
            bytes.extend_from_slice(b"connection: close\r\n");
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(body.unwrap_or_default());
        bytes
    }

    /// Reads until the answer is what is expected, or cannot become that.
    async fn expect(&mut self, expectation: &Expectation, comment: Option<&str>) -> Result<Report> {
        loop {
            if let Some(report) = expectation.judge(&self.scene(), comment)? {
                return Ok(report);
            }
            self.read().await.map_err(|error| match error {
                Trouble::Late => failure(expectation.late(), None, ""),
                Trouble::Invalid => invalid(&noted("", comment)),
                Trouble::Broken(error) => error,
            })?;
        }
    }

    async fn read(&mut self) -> Result<(), Trouble> {
        let (until, answer) = (self.until, &mut self.answer);
        let Some(wire) = &mut self.wire else { return Err(Trouble::Broken(nowhere())) };
        let room = ANSWER.saturating_sub(answer.bytes.len()) as u64;
        let read = timeout_at(until, wire.take(room).read_buf(&mut answer.bytes)).await;
        let read = read.map_err(|_| Trouble::Late)?;
        let read =
            read.map_err(|error| Trouble::Broken(failure(Verdict::SocketError, None, reason(&error))))?;
        answer.ended = read == 0;
        if answer.head.is_none() {
            answer.head = Head::parse(&answer.bytes).map_err(|_| Trouble::Invalid)?;
        }
        if let Some(head) = &answer.head {
            (answer.body, answer.whole) = head.body(&answer.bytes);
        }
        Ok(())
    }
}

/// Why nothing more came.
enum Trouble {
    Late,
    /// What came is no response.
    Invalid,
    Broken(BError),
}

fn nowhere() -> BError {
    failure(Verdict::SocketError, None, "no address")
}
