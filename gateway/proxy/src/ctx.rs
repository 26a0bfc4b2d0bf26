//! What `ProxyHttp` carries along with one request, and how expressions and rules see it.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use expr::auth::Userlist;
use expr::{Figure, LogField, ServerLink, Side, Stream, Subject, Tls, Txn, TxnVars, Value, Var, VarScope};
use http::header::HeaderName;
use http::{Method, Version};
use observe::log::{Endpoint, LogRecord};
use rules::{Change, Peer, Throttle};

use crate::bandwidth::{Allowed, Limits, Now, Way};
use crate::client::Own;
use crate::connection::Connection;
use crate::edit::{RequestEditor, ResponseEditor};
use crate::effects::Effects;
use crate::exchange::ServerEnd;
use crate::fields::LogView;
use crate::figures::At;
use crate::http::buffer::{Buffered, announced};
use crate::http::finish;
use crate::http::persist::Insistence;
use crate::listener::Route;
use crate::message::{Lines, RequestHead, ResponseHead};
use crate::outcome::{Outcome, Stage};
use crate::runtime::{Backend, Frontend};
use crate::track::Trackers;

/// One request's way through the gateway.
#[derive(Debug)]
pub(crate) struct Ctx {
    /// Our own session with the client, while nobody uses it.
    pub own: Option<Own>,
    /// The client's connection.
    pub connection: Option<Arc<Connection>>,
    /// The configuration that judges it.
    pub route: Option<Arc<Route>>,
    /// The request's head, as rules have changed it.
    pub request: RequestHead,
    /// The backend, once it is chosen.
    pub backend: Option<Arc<Backend>>,
    /// The server's slot while it is held.
    pub slot: Option<upstream::Slot>,
    /// The server last tried, for the log.
    pub server: Option<Arc<upstream::Server>>,
    /// When things happened.
    pub times: Times,
    /// Where it is.
    pub stage: Stage,
    /// How it ended, where that is known already.
    pub outcome: Option<Outcome>,
    /// The status that the client saw.
    pub status: Option<u16>,
    /// Attempts that failed and were not the last.
    pub retries: u32,
    /// Another server was chosen than at first.
    pub redispatched: bool,
    /// No algorithm chose its server, but a rule or a stick table.
    pub directed: bool,
    /// Where the last rule stands that ended a set.
    pub last_rule: Option<Arc<str>>,
    /// How many requests the process had received before it.
    pub number: Option<u64>,
    /// The frontend counts it as being served.
    pub counted: bool,
    /// It was answered with the metrics, not by a server.
    pub service: Option<&'static str>,
    /// It is not to be logged.
    pub silent: bool,
    /// The connection is cut without an answer.
    pub cut: bool,
    /// Rules are asked before the response has come, and may be asked once more when it has (`tcp-response inspect-delay`).
    pub response_to_come: bool,
    /// The request line as it came.
    pub line: Bytes,
    /// Bytes of the heads as HAProxy counts them: (request, response).
    pub sizes: (u64, u64),
    /// Queue positions at entry: (server, backend).
    pub queued: (u64, u64),
    /// The request is HTTP/2.
    pub http2: bool,
    /// Bytes of the bodies: (request, response).
    pub body: (u64, u64),
    /// Attempts that failed, the last one included.
    pub failures: u32,
    /// What was decided after a failed attempt.
    pub next: Option<upstream::Next>,
    /// A rule's answer in place of the server's.
    pub instead: Option<crate::answer::Reply>,
    /// The client's connection ends after the answer.
    pub closing: bool,
    /// It is the connection's first request.
    pub first: bool,
    /// An `http-request` rule set was run: the log's `TR` is known.
    pub judged: bool,
    /// A rule ended it as if it had not been read: the log's `TR` is not known.
    pub unread: bool,
    /// The variables that it sees.
    pub vars: TxnVars,
    /// What counters of stick tables track for it.
    pub trackers: Trackers,
    /// What is tracked has counted this request: what is tracked from now on counts it by itself.
    pub request_counted: bool,
    /// The entries of stick tables that are to remember its server: (table, key).
    pub sticks: Vec<(Arc<table::Table>, table::Key)>,
    /// The connection with the server that it was sent over.
    pub link: Option<Arc<ServerEnd>>,
    /// What rules let filters hold back of its bodies.
    pub limits: Limits,
    /// How far it insists on the server that it belongs on.
    pub insistence: Insistence,
    /// What has come of the response's body with its head, if an expression reads bodies.
    pub response_body: Option<Bytes>,
    /// What has come of its body before a server was chosen.
    pub body_read: Buffered,
    /// Its id, once somebody has asked for it.
    pub id: OnceLock<Vec<u8>>,
    /// What rules have changed beside the heads.
    pub effects: Effects,
}

/// When a request reached its stages (configuration.txt 8.4).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    /// The accept.
    pub accepted: Instant,
    /// The accept, for the log.
    pub accepted_at: SystemTime,
    /// The handshakes.
    pub handshake: Duration,
    /// Idle before the first byte.
    pub idle: Duration,
    /// The first byte.
    pub started: Instant,
    /// The first byte, for the log.
    pub started_at: SystemTime,
    /// The head is whole.
    pub head: Instant,
    /// The first server was asked for.
    pub queued: Option<Instant>,
    /// A server was found.
    pub selected: Option<Instant>,
    /// The connection to it stood.
    pub connected: Option<Instant>,
    /// The head of its response came.
    pub response: Option<Instant>,
}

impl Default for Ctx {
    fn default() -> Self {
        Self::at(Instant::now())
    }
}

impl Ctx {
    /// A context of no request yet, whose times are all `now`.
    pub(crate) fn at(now: Instant) -> Self {
        let at = SystemTime::UNIX_EPOCH;
        let times = Times {
            accepted: now,
            accepted_at: at,
            handshake: Duration::ZERO,
            idle: Duration::ZERO,
            started: now,
            started_at: at,
            head: now,
            queued: None,
            selected: None,
            connected: None,
            response: None,
        };
        Self {
            own: None,
            connection: None,
            route: None,
            request: RequestHead::default(),
            backend: None,
            slot: None,
            server: None,
            times,
            stage: Stage::Request,
            outcome: None,
            status: None,
            retries: 0,
            redispatched: false,
            directed: false,
            last_rule: None,
            number: None,
            counted: false,
            service: None,
            silent: false,
            cut: false,
            response_to_come: false,
            line: Bytes::new(),
            sizes: (0, 0),
            queued: (0, 0),
            http2: false,
            body: (0, 0),
            failures: 0,
            next: None,
            instead: None,
            closing: false,
            first: true,
            judged: false,
            unread: false,
            vars: TxnVars::default(),
            trackers: Trackers::default(),
            request_counted: false,
            sticks: Vec::new(),
            link: None,
            limits: Limits::default(),
            insistence: Insistence::None,
            response_body: None,
            body_read: Buffered::default(),
            id: OnceLock::new(),
            effects: Effects::default(),
        }
    }

    /// The frontend, once the request has one.
    pub(crate) fn frontend(&self) -> Option<&Arc<Frontend>> {
        self.route.as_ref().map(|route| &route.frontend)
    }

    /// The client's address, as rules have left it; `None` on a unix socket.
    pub(crate) fn source(&self) -> Option<SocketAddr> {
        self.effects.source.over(self.connection.as_ref()?.source)
    }

    /// The address that it came to, as rules have left it.
    pub(crate) fn destination(&self) -> Option<SocketAddr> {
        self.effects.destination.over(self.connection.as_ref()?.destination)
    }

    /// Both ends, as logs show them.
    pub(crate) fn endpoints(&self, connection: &Connection) -> (Endpoint, Endpoint) {
        let shown = |end: Option<SocketAddr>, real| end.map_or(real, Endpoint::Ip);
        (
            shown(self.source(), connection.client_endpoint()),
            shown(self.destination(), connection.destination_endpoint()),
        )
    }

    /// Keeps what a rule has changed; what is about the client's connection is done at its next write.
    pub(crate) fn note(&mut self, change: Change) {
        let change = match change {
            Change::Throttle(throttle) => return self.throttle(&throttle),
            change => change,
        };
        let about_client = matches!(change, Change::Packets(Peer::Client, _));
        self.effects.note(change);
        if let (true, Some(connection)) = (about_client, &self.connection) {
            connection.packets.want(self.effects.client_packets);
        }
    }

    /// The method as the client wrote it.
    pub(crate) fn asked_method(&self) -> &Method {
        self.effects.first_method.as_ref().unwrap_or(&self.request.method)
    }

    /// Sets a filter of the section that the rule stands in to work.
    fn throttle(&mut self, throttle: &Throttle) {
        let (backend, route) = (self.backend.clone(), self.route.clone());
        let backend = backend.as_ref().map(|backend| backend.model());
        let frontend = route.as_ref().map(|route| route.frontend.model());
        let of_backend = backend.filter(|model| model.name == throttle.section).map(|model| &model.services);
        let of_frontend =
            frontend.filter(|model| model.name == throttle.section).map(|model| &model.services);
        let Some(services) = of_backend.or(of_frontend) else { return };
        let mut limits = std::mem::take(&mut self.limits);
        limits.set(throttle, &services.filters, &self.view(None), Instant::now());
        self.limits = limits;
    }

    /// So many bytes went that way, whatever the limits say.
    pub(crate) fn count_sent(&mut self, way: Way, bytes: usize) {
        if !self.limits.is_free(way) {
            let now = Now { at: Instant::now(), table: self.table_clock() };
            self.limits.count(way, bytes as u64, now);
        }
    }

    /// What the limits on bandwidth say of bytes that are to go that way.
    pub(crate) fn allow(&mut self, way: Way, wanted: usize) -> Allowed {
        if self.limits.is_free(way) {
            return Allowed::Bytes(wanted);
        }
        let now = Now { at: Instant::now(), table: self.table_clock() };
        self.limits.allow(way, wanted, now)
    }

    /// The request's id (`unique-id-format`), made when it is first asked for.
    pub(crate) fn unique_id(&self) -> Option<&[u8]> {
        let format = self.frontend()?.model().unique_id.format.as_ref()?;
        if self.id.get().is_none() {
            let id = format.to_bytes(&self.view(None));
            self.id.get_or_init(|| id);
        }
        self.id.get().map(Vec::as_slice)
    }

    /// Whether it ended in an error, as `option dontlog-normal` and its like see it; a retry is one, too.
    pub(crate) fn has_failed(&self) -> bool {
        let code = self.outcome.map_or(b'-', |outcome| outcome.code[0]);
        !matches!(code, b'-' | b'L') || self.retries > 0 || self.status.is_some_and(|status| status >= 500)
    }

    /// The request as expressions see it.
    pub(crate) fn view<'a>(&'a self, response: Option<&'a ResponseHead>) -> View<'a> {
        View { ctx: self, response }
    }
}

/// A request, and its response once there is one, as expressions see them.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    ctx: &'a Ctx,
    response: Option<&'a ResponseHead>,
}

impl View<'_> {
    /// Where the server that was chosen last is.
    pub(crate) fn server_address(&self) -> Option<SocketAddr> {
        self.ctx.server.as_ref()?.address(self.ctx.destination())?.ip()
    }
}

/// Passes on what an expression asks to the view that `$view` makes: one body for all who are asked.
macro_rules! txn_through_view {
    ($who:ident, $this:ident => $view:expr) => {
        impl Txn for $who<'_> {
            fn source(&self) -> Option<IpAddr> {
                self.ctx.source().map(|source| source.ip())
            }

            fn source_port(&self) -> Option<u16> {
                self.ctx.source().map(|source| source.port())
            }

            fn destination(&self) -> Option<IpAddr> {
                self.ctx.destination().map(|destination| destination.ip())
            }

            fn destination_port(&self) -> Option<u16> {
                self.ctx.destination().map(|destination| destination.port())
            }

            fn connection_source(&self) -> Option<SocketAddr> {
                self.ctx.connection.as_ref()?.source
            }

            fn connection_destination(&self) -> Option<SocketAddr> {
                self.ctx.connection.as_ref()?.destination
            }

            fn is_local(&self, ip: IpAddr) -> bool {
                crate::figures::is_local(ip)
            }

            fn proxied(&self) -> bool {
                self.ctx.connection.as_ref().is_some_and(|connection| connection.proxied)
            }

            fn server_link(&self) -> Option<&ServerLink> {
                self.ctx.link.as_deref().map(|end| &end.link)
            }

            fn server_tcp_info(&self) -> Option<expr::TcpInfo> {
                self.ctx.link.as_deref()?.socket.tcp_info()
            }

            fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
                let (route, backend) = (self.ctx.route.as_deref()?, self.ctx.backend.as_ref());
                let at = At { route: Some(route), runtime: &route.runtime, backend };
                let set = match figure {
                    Figure::CurrentServerTimeout => self.ctx.effects.server,
                    Figure::CurrentTunnelTimeout => self.ctx.effects.tunnel,
                    _ => None,
                };
                match set {
                    Some(time) => i64::try_from(time.as_millis()).ok(),
                    None => crate::figures::figure(at, figure, of),
                }
            }

            fn show(&self, stream: Stream, line: &[u8]) {
                if let Some(route) = &self.ctx.route {
                    route.runtime.show(stream, line);
                }
            }

            fn more_to_come(&self) -> bool {
                self.ctx.response_to_come
            }

            fn response_to_come(&self) -> bool {
                self.ctx.response_to_come
            }

            fn default_backend(&self) -> Option<&str> {
                crate::figures::default_backend(self.ctx.route.as_deref()?)
            }

            fn stopping(&self) -> bool {
                self.ctx.connection.as_ref().is_some_and(|connection| connection.listener.is_stopping())
            }

            fn hostname(&self) -> &str {
                self.ctx.route.as_ref().map_or("", |route| &route.runtime.hostname)
            }

            fn body(&self, side: Side) -> Option<&[u8]> {
                match side {
                    Side::Request => Some(self.ctx.body_read.bytes()),
                    Side::Response => self.ctx.response_body.as_deref(),
                }
            }

            fn body_size(&self, side: Side) -> Option<u64> {
                let $this = self;
                match (side, $view.response) {
                    (Side::Request, _) => Some(self.ctx.body_read.size(&self.ctx.request.lines)),
                    (Side::Response, Some(response)) => {
                        let come = self.ctx.response_body.as_ref()?.len() as u64;
                        Some(announced(&response.lines).unwrap_or(come))
                    }
                    (Side::Response, None) => None,
                }
            }

            fn tcp_info(&self) -> Option<expr::TcpInfo> {
                self.ctx.connection.as_ref()?.socket.tcp_info()
            }

            fn proxy_line(&self) -> Option<&expr::ProxyLine> {
                self.ctx.connection.as_ref()?.proxy_line.as_ref()
            }

            fn tls(&self) -> Option<&Tls> {
                self.ctx.connection.as_ref()?.tls.as_deref()
            }

            fn method(&self) -> Option<&[u8]> {
                let method = self.ctx.effects.numbered_method().unwrap_or(&self.ctx.request.method);
                Some(method.as_str().as_bytes())
            }

            fn request_line(&self) -> Option<&[u8]> {
                Some(&self.ctx.line)
            }

            fn uri(&self) -> Option<&[u8]> {
                Some(&self.ctx.request.target)
            }

            fn version(&self) -> Option<(u8, u8)> {
                Some(version_number(self.ctx.request.version))
            }

            fn status(&self) -> Option<u16> {
                let $this = self;
                $view.response.map(|response| response.status)
            }

            fn response_version(&self) -> Option<(u8, u8)> {
                let $this = self;
                $view.response.map(|response| version_number(response.version))
            }

            fn headers<'a>(
                &'a self,
                side: Side,
                name: Option<&HeaderName>,
                visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
            ) {
                let $this = self;
                $view.show(side, name, visit);
            }

            fn frontend(&self) -> Option<(&str, u32)> {
                self.ctx.frontend().map(|frontend| (&*frontend.model().name, frontend.model().id))
            }

            fn backend(&self) -> Option<(&str, u32)> {
                self.ctx.backend.as_ref().map(|backend| (&*backend.model().name, backend.model().id))
            }

            fn server(&self) -> Option<(&str, u32)> {
                self.ctx.server.as_ref().map(|server| (&*server.name, server.id))
            }

            fn listener(&self) -> Option<(&str, u32)> {
                let route = self.ctx.route.as_ref()?;
                let name = route.frontend.listener_names.get(route.bind)?;
                Some((name, u32::try_from(route.bind + 1).unwrap_or(u32::MAX)))
            }

            fn request_length(&self) -> u64 {
                self.ctx.sizes.0
            }

            fn first_request(&self) -> bool {
                self.ctx.first
            }

            fn priority(&self) -> (i32, i32) {
                (self.ctx.effects.priority.class, self.ctx.effects.priority.offset)
            }

            fn request_begun(&self) -> Option<SystemTime> {
                Some(self.ctx.times.started_at)
            }

            fn redispatched(&self) -> bool {
                self.ctx.redispatched
            }

            fn failed(&self) -> bool {
                self.ctx.has_failed()
            }

            fn served(&self) -> bool {
                self.ctx.service.is_some()
            }

            fn last_rule(&self) -> Option<&str> {
                self.ctx.last_rule.as_deref()
            }

            fn now(&self) -> SystemTime {
                SystemTime::now()
            }

            fn utc_offset(&self, seconds: i64) -> i64 {
                observe::log::date::offset(seconds)
            }

            fn random(&self) -> u32 {
                fastrand::u32(..)
            }

            fn tables(&self) -> Option<&table::Tables> {
                self.ctx.stick_tables().map(|tables| &tables.tables)
            }

            fn tracked(&self, counter: usize) -> Option<&table::Tracked> {
                self.ctx.tracked(counter)
            }

            fn table_clock(&self) -> table::Millis {
                self.ctx.table_clock()
            }

            fn var(&self, var: &Var) -> Option<Value<'_>> {
                self.ctx.vars.get(var)
            }

            fn has_scope(&self, scope: VarScope) -> bool {
                self.ctx.vars.has_scope(scope)
            }

            fn var_exists(&self, var: &Var) -> bool {
                self.ctx.vars.exists(var)
            }

            fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
                self.ctx.vars.defer(var, value);
            }

            fn userlist(&self, name: &str) -> Option<&Userlist> {
                self.ctx.route.as_ref()?.runtime.model.userlist(name)
            }

            fn capture(&self, side: Side, slot: usize) -> Option<Cow<'_, [u8]>> {
                self.ctx.effects.captures.get(side, slot)
            }

            fn defer_capture(&self, side: Side, slot: usize, text: &[u8]) -> bool {
                self.ctx.effects.captures.defer(side, slot, text)
            }

            fn unique_id(&self) -> Option<&[u8]> {
                self.ctx.unique_id()
            }

            fn log_field(&self, field: LogField, out: &mut Vec<u8>) -> bool {
                let $this = self;
                $view.field(field, out)
            }
        }
    };
}

txn_through_view!(View, this => *this);
txn_through_view!(RequestEditor, this => this.ctx.view(None));
txn_through_view!(ResponseEditor, this => this.ctx.view(Some(this.response)));

impl<'a> View<'a> {
    /// Shows header lines until told to stop.
    fn show(
        self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let lines: &'a Lines = match (side, self.response) {
            (Side::Request, _) => &self.ctx.request.lines,
            (Side::Response, Some(response)) => &response.lines,
            (Side::Response, None) => return,
        };
        let wanted = name.map(|name| name.as_str().as_bytes());
        for line in lines.iter().filter(|line| wanted.is_none_or(|wanted| line.name == wanted)) {
            if visit(&line.name, &line.value).is_break() {
                return;
            }
        }
    }

    /// A log-format tag while the request is under way: what is known of it by now.
    fn field(self, field: LogField, out: &mut Vec<u8>) -> bool {
        let (Some(route), Some(connection)) = (&self.ctx.route, &self.ctx.connection) else { return false };
        let frontend = route.frontend.model();
        let (client, destination) = self.ctx.endpoints(connection);
        let record = LogRecord {
            started: self.ctx.times.started_at,
            http: true,
            tls: connection.tls_facts(),
            backend: self.ctx.backend.as_ref().map_or(&frontend.name, |backend| &backend.model().name),
            server: self.ctx.server.as_ref().map(|server| &*server.name),
            status: self.ctx.status,
            request: Some(&self.ctx.line),
            timers: finish::timers(self.ctx, Instant::now()),
            bytes_in: self.ctx.sizes.0 + self.ctx.body.0,
            bytes_out: self.ctx.sizes.1 + self.ctx.body.1,
            actconn: connection.process.current(),
            retries: self.ctx.retries,
            number: self.ctx.number,
            ..LogRecord::new(&frontend.name, client, destination, connection.accepted_at)
        };
        LogView::without_message(&record).log_field(field, out)
    }
}

fn version_number(version: Version) -> (u8, u8) {
    match version {
        Version::HTTP_09 => (0, 9),
        Version::HTTP_10 => (1, 0),
        Version::HTTP_2 => (2, 0),
        Version::HTTP_3 => (3, 0),
        _ => (1, 1),
    }
}
