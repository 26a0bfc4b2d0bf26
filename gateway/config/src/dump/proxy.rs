//! `frontend`, `backend` and `listen` sections.

use std::time::Duration;

use rules::RuleSet;

use super::text::{self, Line, line};
use super::{balance, bind, check, connect, log, option, order, persist, rule, server, service, stick};
use crate::cfg::{self, Index, Sections};
use crate::draft;
use crate::lower::PROXY_TABLES;
use crate::model::{
    Asked, Backend, Frontend, Logging, Mode, Model, Persistence, ProxyOptions, Services, StickRule, Timeouts,
    UseBackend, UseServer,
};
use crate::resolve::RETRIES;

/// A section's lines: its own, and those that it can only inherit.
pub(super) struct Written {
    pub(super) own: Vec<Line>,
    pub(super) inherited: Vec<Line>,
}

/// What both halves of a `listen` say alike.
pub(super) struct Shared<'a> {
    mode: Mode,
    disabled: bool,
    timeouts: &'a Timeouts,
    options: &'a ProxyOptions,
    pub(super) services: &'a Services,
    logging: &'a Logging,
    pub(super) inspect_delay: Option<Duration>,
    pub(super) tcp_request_content: &'a RuleSet,
    pub(super) http_request: &'a RuleSet,
    pub(super) http_response: &'a RuleSet,
    pub(super) http_after_response: &'a RuleSet,
    pub(super) asked: &'a Asked,
    /// Of the backend half.
    pub(super) persistence: Option<&'a Persistence>,
}

/// What a half says alone: lines before the rules, and behind them.
struct Half<'a> {
    head: Vec<Line>,
    rules: Own<'a>,
    tail: Vec<Line>,
}

/// The rules that one half has and the other has not.
#[derive(Clone, Copy, Default)]
pub(super) struct Own<'a> {
    pub(super) connection: Option<&'a RuleSet>,
    pub(super) session: Option<&'a RuleSet>,
    pub(super) monitor_fail: &'a [expr::Cond],
    pub(super) switches: &'a [UseBackend],
    pub(super) response_delay: Option<Duration>,
    pub(super) response: Option<&'a RuleSet>,
    pub(super) servers: &'a [UseServer],
    pub(super) sticks: &'a [StickRule],
}

/// Writes the sections of one model.
pub(super) struct Writer<'a> {
    model: &'a Model,
    index: Index<draft::Proxy>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(model: &'a Model) -> Self {
        Self { model, index: Index::new(PROXY_TABLES) }
    }

    /// A section; its number is written if counting does not give it.
    pub(super) fn proxy(&self, proxy: &order::Proxy<'a>, own_id: bool) -> Written {
        let mut halves = Vec::new();
        let mut shared = None;
        for (half, said) in [
            proxy.back.map(|back| backend(back, self.model)),
            proxy.front.map(|front| frontend(front, self.model)),
        ]
        .into_iter()
        .flatten()
        {
            halves.push(half);
            let before: Option<Shared<'a>> = shared.take();
            shared = Some(Shared {
                persistence: before.and_then(|shared| shared.persistence).or(said.persistence),
                ..said
            });
        }
        let Some(shared) = shared else { return Written { own: Vec::new(), inherited: Vec::new() } };
        let own: Vec<Own<'_>> = halves.iter().map(|half| half.rules).collect();
        let servers = proxy.back.map_or(&[][..], |back| &back.servers);
        let rules = rule::lines(&shared, &own, servers, self.model);
        let mut lines: Vec<Line> =
            own_id.then(|| line(["id", &proxy.id().to_string()])).into_iter().collect();
        lines.extend(match shared.mode {
            Mode::Tcp => None,
            Mode::Http => Some(line(["mode", "http"])),
            Mode::Log => Some(line(["mode", "log"])),
            Mode::Spop => Some(line(["mode", "spop"])),
        });
        lines.extend(shared.disabled.then(|| line(["disabled"])));
        lines.extend(halves.iter_mut().rev().flat_map(|half| std::mem::take(&mut half.head)));
        lines.extend(log::targets(shared.logging, &self.model.global.logs));
        lines.extend(timeouts(shared.timeouts));
        lines.extend(option::lines(shared.options));
        lines.extend(service::lines(shared.services));
        lines.extend(rules);
        lines.extend(halves.into_iter().flat_map(|half| half.tail));
        self.sort(lines, log::traffic(&shared.logging.traffic), kind(proxy))
    }

    /// Keeps apart what the keyword's row does not allow in this kind of section.
    fn sort(&self, lines: Vec<Line>, traffic: Option<Line>, kind: Sections) -> Written {
        let legal =
            |line: &Line| self.index.find(&line.words).is_none_or(|(row, _)| row.sections.meets(kind));
        let (mut own, mut inherited): (Vec<_>, Vec<_>) = lines.into_iter().partition(legal);
        // where traffic logs have no meaning their form is legal and not heard
        if kind == cfg::BACKEND {
            inherited.extend(traffic)
        } else {
            own.extend(traffic)
        }
        Written { own, inherited }
    }
}

fn kind(proxy: &order::Proxy<'_>) -> Sections {
    match (proxy.front, proxy.back) {
        (Some(_), Some(_)) => cfg::LISTEN,
        (Some(_), None) => cfg::FRONTEND,
        (None, _) => cfg::BACKEND,
    }
}

fn frontend<'a>(frontend: &'a Frontend, model: &'a Model) -> (Half<'a>, Shared<'a>) {
    #[rustfmt::skip]
    let Frontend {
        mode, disabled, binds, maxconn, backlog, rate_limit, inspect_delay, tcp_request_content, http_request, http_response,
        use_backend, stick_table, default_backend, monitor_uri, timeouts, options, services, logging, tcp_request_connection,
        tcp_request_session, http_after_response, asked, captures, unique_id, monitor_fail,
        name: _, id: _, listen: _, place: _,
    } = frontend;
    let ca_base = model.global.ca_base.as_deref();
    let mut head: Vec<Line> = binds.iter().map(|one| bind::socket(one, ca_base)).collect();
    head.extend(maxconn.map(|max| line(["maxconn", &max.to_string()])));
    head.extend(backlog.map(|backlog| line(["backlog", &backlog.to_string()])));
    head.extend(rule::captures(captures));
    head.extend(rule::unique_id(unique_id));
    head.extend(rate_limit.map(|rate| line(["rate-limit", "sessions", &rate.to_string()])));
    head.extend(monitor_uri.as_ref().map(|uri| line(["monitor-uri", uri])));
    head.extend(stick_table.as_ref().map(stick::table));
    let tail = default_backend.map(|id| line(["default_backend", &model.backend(id).name]));
    let shared = Shared {
        mode: *mode,
        disabled: *disabled,
        timeouts,
        options,
        services,
        logging,
        inspect_delay: *inspect_delay,
        tcp_request_content,
        http_request,
        http_response,
        http_after_response,
        persistence: None,
        asked,
    };
    let rules = Own {
        connection: Some(tcp_request_connection),
        session: Some(tcp_request_session),
        monitor_fail,
        switches: use_backend,
        ..Own::default()
    };
    (Half { head, rules, tail: tail.into_iter().collect() }, shared)
}

fn backend<'a>(backend: &'a Backend, model: &'a Model) -> (Half<'a>, Shared<'a>) {
    #[rustfmt::skip]
    let Backend {
        mode, disabled, balance, hashing, persistence, connections, servers, retries, redispatch, all_backups, fullconn, stick_table, stick_rules, inspect_delay,
        tcp_request_content, http_request, http_response, timeouts, options, services, logging, response_delay,
        tcp_response_content, http_after_response, asked, use_server,
        name: _, id: _, listen: _, place: _,
    } = backend;
    let mut head: Vec<Line> = balance::lines(balance, hashing).collect();
    head.extend(connect::lines(connections));
    head.extend((*retries != RETRIES).then(|| line(["retries", &retries.to_string()])));
    head.extend(redispatch.map(|interval| {
        let usual = interval == cfg::option::LAST_RETRY;
        let words = line(["option", "redispatch"]);
        if usual { words } else { words.and(interval.to_string()) }
    }));
    head.extend(all_backups.then(|| line(["option", "allbackups"])));
    head.extend(fullconn.map(|full| line(["fullconn", &full.to_string()])));
    head.extend(stick_table.as_ref().map(stick::table));
    head.extend(persist::lines(persistence));
    let ca_base = model.global.ca_base.as_deref();
    let templates = connections.templates.iter().map(|template| server::template(template, ca_base));
    let tail = check::lines(servers).into_iter().chain(server::lines(servers, ca_base)).chain(templates);
    let shared = Shared {
        mode: *mode,
        disabled: *disabled,
        timeouts,
        options,
        services,
        logging,
        inspect_delay: *inspect_delay,
        tcp_request_content,
        http_request,
        http_response,
        http_after_response,
        persistence: Some(persistence),
        asked,
    };
    let rules = Own {
        response_delay: *response_delay,
        response: Some(tcp_response_content),
        servers: use_server,
        sticks: stick_rules,
        ..Own::default()
    };
    (Half { head, rules, tail: tail.collect() }, shared)
}

fn timeouts(timeouts: &Timeouts) -> impl Iterator<Item = Line> {
    #[rustfmt::skip]
    let Timeouts {
        connect, client, server, http_request, http_keep_alive, queue, check, client_fin, server_fin, tunnel, tarpit,
    } = *timeouts;
    let rows = [
        ("connect", connect),
        ("client", client),
        ("server", server),
        ("http-request", http_request),
        ("http-keep-alive", http_keep_alive),
        ("queue", queue),
        ("check", check),
        ("client-fin", client_fin),
        ("server-fin", server_fin),
        ("tunnel", tunnel),
        ("tarpit", tarpit),
    ];
    rows.into_iter().filter_map(|(name, value)| Some(line(["timeout", name, &text::time(value?)])))
}
