//! A server's response: what is noted of it, what rules make of it, and the head that the client gets.

use std::sync::atomic::Ordering;
use std::time::Duration;

use config::model::Backend;
use rules::{AnswerKind, Flow, RuleSet};

use super::stick;
use crate::answer::{self, Reply};
use crate::ctx::Ctx;
use crate::edit::{RequestEditor, ResponseEditor};
use crate::message::ResponseHead;
use crate::outcome::{Blame, Outcome};

/// What the rules say of a response so far.
#[derive(Debug)]
pub(crate) enum Judged {
    /// It may go on; or, where the context says so, its connection is closed.
    Passed,
    /// The client gets this instead.
    Answered(Reply),
    /// They go on after so long.
    Pause(Duration),
    /// They go on when so much of the body has come, or when the time is up.
    WaitForBody {
        /// How long.
        time: Duration,
        /// How many bytes; 0 is all that a buffer holds.
        at_least: u64,
    },
}

/// Where a response stands among the rules: the backend's are asked, then the frontend's, each once.
#[derive(Debug, Default)]
pub(crate) struct Judging {
    begun: bool,
    set: usize,
    next: usize,
}

impl Judging {
    /// Asks on.
    pub(crate) fn go(&mut self, head: &mut ResponseHead, ctx: &mut Ctx) -> Judged {
        let (Some(route), Some(backend)) = (ctx.route.clone(), ctx.backend.clone()) else {
            return Judged::Passed;
        };
        let (frontend, model) = (route.frontend.model(), backend.model());
        if !std::mem::replace(&mut self.begun, true) {
            ctx.vars.respond();
            ctx.count_status(head.status);
            stick::remember(head, ctx);
            ctx.effects.captures.take_response(&frontend.captures, &head.lines);
            if let Some(reply) = content(model, head, ctx) {
                return Judged::Answered(reply);
            }
        }
        let same = model.listen == Some(route.frontend.id);
        let sets = [(!same).then_some(&model.http_response), Some(&frontend.http_response)];
        while let Some(rules) = sets.get(self.set).filter(|_| !ctx.cut) {
            let rules = rules.filter(|rules| !rules.is_empty());
            match rules.map_or(Judged::Passed, |rules| run(rules, &mut self.next, head, ctx)) {
                Judged::Passed => (self.set, self.next) = (self.set + 1, 0),
                judged => return judged,
            }
        }
        Judged::Passed
    }
}

/// Asks `tcp-response content` rules: as in HAProxy before anything has come, and, where one of them has to know what will
/// and there is a delay for it, all of them again when it has.
fn content(model: &Backend, head: &mut ResponseHead, ctx: &mut Ctx) -> Option<Reply> {
    let rules = &model.tcp_response_content;
    if rules.is_empty() {
        return None;
    }
    ctx.vars.refresh();
    ctx.response_to_come = model.response_delay.is_some();
    let early = rules.run(&mut RequestEditor { ctx });
    ctx.response_to_come = false;
    let (flow, seen) = match early {
        Flow::Wait => {
            ctx.vars.refresh();
            (rules.run(&mut ResponseEditor { ctx, response: head }), Some(head.status))
        }
        flow => (flow, None),
    };
    let code = match flow {
        Flow::Close => [b'P', b'D'],
        Flow::SilentDrop => {
            hide(ctx);
            [b'P', b'R']
        }
        // what has come is passed on
        Flow::Answer(_) if seen.is_some() => return None,
        Flow::Answer(rule) => {
            ctx.times.response = None;
            ctx.outcome = Some(Outcome::new(rule.status, b'S', b'H', Blame::Response));
            return Some(answer::of_rule(&rule, &super::request::pages_of(ctx), &ctx.view(Some(head))));
        }
        Flow::Continue
        | Flow::Accept
        | Flow::Wait
        | Flow::Pause(_)
        | Flow::WaitForBody { .. }
        | Flow::Resolve(_)
        | Flow::Service(_) => return None,
    };
    count_denied(ctx);
    (ctx.times.response, ctx.status, ctx.cut) = (None, seen, true);
    if seen.is_none() {
        ctx.sizes.1 = 0;
    }
    ctx.outcome = Some(Outcome { code, ..Outcome::RESPONSE_DENIED });
    None
}

/// Runs the rules that every answer goes through, our own ones too: the backend's, then the frontend's, each once.
pub(crate) fn after(head: &mut ResponseHead, ctx: &mut Ctx) {
    ctx.vars.respond();
    let Some(route) = ctx.route.clone() else { return };
    let frontend = route.frontend.model();
    let backend = ctx.backend.clone();
    let theirs = backend.as_ref().map(|backend| backend.model());
    let theirs = theirs.filter(|model| model.listen != Some(route.frontend.id));
    let sets = [theirs.map(|model| &model.http_after_response), Some(&frontend.http_after_response)];
    for rules in sets.into_iter().flatten().filter(|rules| !rules.is_empty()) {
        ctx.vars.refresh();
        // nothing that ends a request is legal there
        let before = head.status;
        rules.run(&mut ResponseEditor { ctx, response: head });
        if head.status != before {
            ctx.status = Some(head.status);
        }
    }
}

fn run(rules: &RuleSet, next: &mut usize, head: &mut ResponseHead, ctx: &mut Ctx) -> Judged {
    ctx.vars.refresh();
    match rules.run_from(next, &mut ResponseEditor { ctx, response: head }) {
        Flow::Continue | Flow::Accept | Flow::Wait | Flow::Resolve(_) => Judged::Passed,
        Flow::Pause(pause) => Judged::Pause(pause),
        Flow::WaitForBody { time, at_least } => Judged::WaitForBody { time, at_least },
        Flow::Answer(rule) => {
            let denied = matches!(rule.kind, AnswerKind::Denied { .. });
            if denied {
                count_denied(ctx);
            }
            // HAProxy counts such a response as one that never came.
            ctx.times.response = None;
            let letter = if denied { b'P' } else { b'L' };
            ctx.outcome = Some(Outcome { code: [letter, b'H'], ..Outcome::RESPONSE_DENIED });
            let pages = super::request::pages_of(ctx);
            Judged::Answered(answer::of_rule(&rule, &pages, &ctx.view(Some(head))))
        }
        Flow::SilentDrop => {
            hide(ctx);
            (ctx.times.response, ctx.status, ctx.cut) = (None, Some(head.status), true);
            ctx.outcome = Some(Outcome { code: *b"PR", ..Outcome::RESPONSE_DENIED });
            Judged::Passed
        }
        Flow::Close | Flow::Service(_) => {
            ctx.cut = true;
            ctx.outcome = Some(Outcome::RESPONSE_DENIED);
            Judged::Passed
        }
    }
}

/// Lets the connection's end go unnoticed by the client.
fn hide(ctx: &Ctx) {
    let connection = ctx.connection.iter();
    connection.for_each(|connection| connection.flags.hidden.store(true, Ordering::Relaxed));
}

fn count_denied(ctx: &Ctx) {
    if let Some(frontend) = ctx.frontend() {
        frontend.counters.denied_response();
    }
    if let Some(backend) = &ctx.backend {
        backend.upstream.counters.denied_response();
    }
    if let Some(server) = &ctx.server {
        server.counters.denied_response();
    }
}
