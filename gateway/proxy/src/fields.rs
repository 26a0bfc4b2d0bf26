//! A finished request as `log-format` sees it: the message, and the fields that only exist at the end
//! (configuration.txt 8.2.6).

use std::borrow::Cow;
use std::io::Write;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use expr::{Figure, LogField, ServerLink, Side, Stream, Subject, Tls, Txn, Value, Var, VarScope};
use http::HeaderName;
use observe::log::date::Moment;
use observe::log::format::escape;
use observe::log::{Endpoint, LogRecord};
use rules::Step;

use crate::ctx::View;

/// A record and the message it is about.
#[derive(Clone, Copy, Debug)]
pub struct LogView<'a> {
    record: &'a LogRecord<'a>,
    message: Option<View<'a>>,
    /// Why the connection came to nothing, and what its TLS was by then.
    failure: Option<(&'a str, Option<&'a Tls>)>,
    /// This machine's name, where there is no message that knows it.
    hostname: Option<&'a str>,
    /// The lines that the proxy has logged before.
    number: u64,
    /// When it is logged.
    step: Step,
}

impl<'a> LogView<'a> {
    /// The end of a request.
    pub fn new(record: &'a LogRecord<'a>, message: View<'a>) -> Self {
        Self { record, message: Some(message), ..Self::without_message(record) }
    }

    /// The end of a connection that brought no request.
    pub fn without_message(record: &'a LogRecord<'a>) -> Self {
        Self { record, message: None, failure: None, hostname: None, number: 0, step: Step::Close }
    }

    /// The end of a connection that came to nothing, for this reason; `tls` is what there is of its handshake.
    pub fn of_failure(record: &'a LogRecord<'a>, why: &'a str, tls: Option<&'a Tls>) -> Self {
        Self { failure: Some((why, tls)), ..Self::without_message(record) }
    }

    /// The same on a machine of this name.
    #[must_use]
    pub fn on(self, hostname: &'a str) -> Self {
        Self { hostname: Some(hostname), ..self }
    }

    /// The same behind so many other lines of the proxy.
    #[must_use]
    pub fn numbered(self, number: u64) -> Self {
        Self { number, ..self }
    }

    /// The same at this step.
    #[must_use]
    pub fn at(self, step: Step) -> Self {
        Self { step, ..self }
    }

    fn number(&self, tag: &str) -> Option<i64> {
        let record = self.record;
        let timers = &record.timers;
        let ended = |value: Option<u64>| Some(value.map_or(-1, signed));
        match tag {
            "B" => Some(signed(record.bytes_out)),
            "U" => Some(signed(record.bytes_in)),
            "ST" => Some(record.status.map_or(-1, i64::from)),
            "Ta" => Some(signed(timers.active)),
            "Tc" => ended(timers.connect),
            "Td" => Some(self.data_time()),
            "Th" => Some(signed(timers.handshake)),
            "Ti" => Some(signed(timers.idle)),
            "Tq" => ended(timers.request.map(|request| timers.handshake + timers.idle + request)),
            "TR" => ended(timers.request),
            "Tr" => ended(timers.response),
            "Tt" => Some(signed(timers.total)),
            "Tu" => Some(signed(timers.total.saturating_sub(timers.idle))),
            "Tw" => ended(timers.queue),
            "Ts" => Some(signed(since_epoch(record.accepted).as_secs())),
            "ms" => Some(i64::from(since_epoch(record.accepted).subsec_millis())),
            "ac" => Some(signed(record.actconn)),
            "fc" => Some(signed(record.feconn)),
            "bc" => Some(signed(record.beconn)),
            "sc" => Some(signed(record.srv_conn)),
            "rc" => Some(i64::from(record.retries)),
            "sq" => Some(signed(record.srv_queue)),
            "bq" => Some(signed(record.backend_queue)),
            "cp" => Some(port(record.client)),
            "fp" => Some(port(record.destination)),
            "lc" => Some(signed(self.number)),
            "bp" => self.server_end(|link| link.source).map(|end| i64::from(end.port())),
            "sp" => self.server().map(|end| i64::from(end.port())),
            "rt" => record.number.map(signed),
            "pid" => Some(i64::from(std::process::id())),
            _ => None,
        }
    }

    /// One end of the connection with the server.
    fn server_end(&self, end: fn(&ServerLink) -> Option<SocketAddr>) -> Option<SocketAddr> {
        end(self.message.as_ref()?.server_link()?)
    }

    /// Where the server is, whether it was reached or not.
    fn server(&self) -> Option<SocketAddr> {
        let asked = || self.message.as_ref().and_then(View::server_address);
        self.server_end(|link| link.destination).or_else(asked)
    }

    fn data_time(&self) -> i64 {
        let timers = &self.record.timers;
        let parts = [timers.request, timers.queue, timers.connect, timers.response];
        if parts.iter().any(Option::is_none) {
            return -1;
        }
        signed(timers.active.saturating_sub(parts.into_iter().flatten().sum()))
    }

    fn text(&self, tag: &str, out: &mut Vec<u8>) -> bool {
        let record = self.record;
        match tag {
            "f" => out.extend_from_slice(record.frontend.as_bytes()),
            "ft" => {
                out.extend_from_slice(record.frontend.as_bytes());
                if record.tls.is_some() {
                    out.push(b'~');
                }
            }
            "b" => out.extend_from_slice(record.backend.as_bytes()),
            "s" => out.extend_from_slice(record.server.unwrap_or("<NOSRV>").as_bytes()),
            "ts" => out.extend_from_slice(&record.termination.0[..2]),
            "tsc" => out.extend_from_slice(&record.termination.0),
            "r" => escape(record.request.unwrap_or(b"<BADREQ>"), SPECIAL, out),
            "HM" => escape(word(record.request, 0), SPECIAL, out),
            "HU" => escape(word(record.request, 1), SPECIAL, out),
            "HV" => escape(word(record.request, 2), SPECIAL, out),
            "HP" | "HPO" => escape(path(word(record.request, 1)), SPECIAL, out),
            "HQ" if record.request.is_none() => out.extend_from_slice(b"<BADREQ>"),
            "HQ" => escape(query(word(record.request, 1)), SPECIAL, out),
            "OG" => out.extend_from_slice(self.step.origin().as_bytes()),
            "sslv" => out.extend_from_slice(record.tls.map_or("-", |tls| tls.version).as_bytes()),
            "sslc" => out.extend_from_slice(record.tls.map_or("-", |tls| tls.cipher).as_bytes()),
            "ID" => match self.message.as_ref().and_then(Txn::unique_id) {
                Some(id) => out.extend_from_slice(id),
                None => return false,
            },
            "CC" => return put(record.req_cookie, out),
            "CS" => return put(record.res_cookie, out),
            "hr" => return captured(record.req_captures, out),
            "hs" => return captured(record.res_captures, out),
            "hrl" => return listed(record.req_captures, out),
            "hsl" => return listed(record.res_captures, out),
            "bi" => return put_ip(self.server_end(|link| link.source), out),
            "si" => return put_ip(self.server(), out),
            "H" => match self.hostname.or_else(|| self.message.as_ref().map(Txn::hostname)) {
                Some(name) => out.extend_from_slice(name.as_bytes()),
                None => return false,
            },
            "ci" => return address(record.client, out),
            "fi" => return address(record.destination, out),
            _ => return self.date(tag, out),
        }
        true
    }

    fn date(&self, tag: &str, out: &mut Vec<u8>) -> bool {
        let record = self.record;
        match tag {
            "t" => Moment::local(record.accepted).write_millis(out),
            "tr" => Moment::local(record.started).write_millis(out),
            "T" => Moment::utc(record.accepted).write_zoned(out),
            "Tl" => Moment::local(record.accepted).write_zoned(out),
            "trg" => Moment::utc(record.started).write_zoned(out),
            "trl" => Moment::local(record.started).write_zoned(out),
            _ => return false,
        }
        true
    }
}

/// What a part of the request line escapes besides unprintable bytes.
const SPECIAL: &[u8] = b"\"#";

/// What a captured text escapes besides unprintable bytes.
const CAPTURE: &[u8] = b"|\"{}#";

fn signed(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

fn since_epoch(time: SystemTime) -> Duration {
    time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

fn port(end: Endpoint) -> i64 {
    match end {
        Endpoint::Ip(addr) => i64::from(addr.port()),
        Endpoint::Unix(number) => i64::from(number),
    }
}

fn address(end: Endpoint, out: &mut Vec<u8>) -> bool {
    match end {
        Endpoint::Ip(addr) => write!(out, "{}", addr.ip()).is_ok(),
        Endpoint::Unix(_) => {
            out.extend_from_slice(b"unix");
            true
        }
    }
}

fn put_ip(end: Option<SocketAddr>, out: &mut Vec<u8>) -> bool {
    end.is_some_and(|end| write!(out, "{}", end.ip()).is_ok())
}

fn put(text: Option<&[u8]>, out: &mut Vec<u8>) -> bool {
    text.iter().for_each(|text| escape(text, SPECIAL, out));
    text.is_some()
}

/// `{first|second}`.
fn captured(slots: Option<&[Option<&[u8]>]>, out: &mut Vec<u8>) -> bool {
    let Some(slots) = slots else { return false };
    out.push(b'{');
    for (place, slot) in slots.iter().enumerate() {
        if place > 0 {
            out.push(b'|');
        }
        escape(slot.unwrap_or_default(), CAPTURE, out);
    }
    out.push(b'}');
    true
}

/// `first - third`.
fn listed(slots: Option<&[Option<&[u8]>]>, out: &mut Vec<u8>) -> bool {
    for (place, slot) in slots.unwrap_or_default().iter().enumerate() {
        if place > 0 {
            out.push(b' ');
        }
        escape(slot.filter(|slot| !slot.is_empty()).unwrap_or(b"-"), CAPTURE, out);
    }
    slots.is_some()
}

fn word(line: Option<&[u8]>, place: usize) -> &[u8] {
    line.and_then(|line| line.split(|byte| *byte == b' ').nth(place)).unwrap_or(b"<BADREQ>")
}

fn path(target: &[u8]) -> &[u8] {
    target.split(|byte| *byte == b'?').next().unwrap_or(target)
}

fn query(target: &[u8]) -> &[u8] {
    target.iter().position(|byte| *byte == b'?').map_or(b"", |at| &target[at..])
}

impl Txn for LogView<'_> {
    fn source(&self) -> Option<IpAddr> {
        match self.record.client {
            Endpoint::Ip(addr) => Some(addr.ip()),
            Endpoint::Unix(_) => None,
        }
    }

    fn source_port(&self) -> Option<u16> {
        self.message.as_ref()?.source_port()
    }

    fn destination(&self) -> Option<IpAddr> {
        match self.record.destination {
            Endpoint::Ip(addr) => Some(addr.ip()),
            Endpoint::Unix(_) => None,
        }
    }

    fn destination_port(&self) -> Option<u16> {
        self.message.as_ref()?.destination_port()
    }

    fn connection_source(&self) -> Option<SocketAddr> {
        self.message.as_ref()?.connection_source()
    }

    fn connection_destination(&self) -> Option<SocketAddr> {
        self.message.as_ref()?.connection_destination()
    }

    fn is_local(&self, ip: IpAddr) -> bool {
        self.message.as_ref().is_some_and(|message| message.is_local(ip))
    }

    fn proxied(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.proxied())
    }

    fn tcp_info(&self) -> Option<expr::TcpInfo> {
        self.message.as_ref()?.tcp_info()
    }

    fn server_tcp_info(&self) -> Option<expr::TcpInfo> {
        self.message.as_ref()?.server_tcp_info()
    }

    fn proxy_line(&self) -> Option<&expr::ProxyLine> {
        self.message.as_ref()?.proxy_line()
    }

    fn server_link(&self) -> Option<&ServerLink> {
        self.message.as_ref()?.server_link()
    }

    fn server(&self) -> Option<(&str, u32)> {
        self.message.as_ref()?.server()
    }

    fn listener(&self) -> Option<(&str, u32)> {
        self.message.as_ref()?.listener()
    }

    fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
        self.message.as_ref()?.figure(figure, of)
    }

    fn show(&self, stream: Stream, line: &[u8]) {
        if let Some(message) = &self.message {
            message.show(stream, line);
        }
    }

    fn default_backend(&self) -> Option<&str> {
        self.message.as_ref()?.default_backend()
    }

    fn stopping(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.stopping())
    }

    fn first_request(&self) -> bool {
        self.message.as_ref().is_none_or(|message| message.first_request())
    }

    fn hostname(&self) -> &str {
        self.message.as_ref().map_or("", |message| message.hostname())
    }

    fn random(&self) -> u32 {
        self.message.as_ref().map_or(0, |message| message.random())
    }

    fn capture(&self, side: Side, slot: usize) -> Option<Cow<'_, [u8]>> {
        self.message.as_ref()?.capture(side, slot)
    }

    fn defer_capture(&self, side: Side, slot: usize, text: &[u8]) -> bool {
        self.message.as_ref().is_some_and(|message| message.defer_capture(side, slot, text))
    }

    fn var(&self, var: &Var) -> Option<Value<'_>> {
        self.message.as_ref()?.var(var)
    }

    fn has_scope(&self, scope: VarScope) -> bool {
        self.message.as_ref().map_or(scope == VarScope::Proc, |message| message.has_scope(scope))
    }

    fn var_exists(&self, var: &Var) -> bool {
        self.message.as_ref().is_some_and(|message| message.var_exists(var))
    }

    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        if let Some(message) = &self.message {
            message.defer_var(var, value);
        }
    }

    fn tls(&self) -> Option<&Tls> {
        self.failure.and_then(|(_, tls)| tls).or_else(|| self.message.as_ref()?.tls())
    }

    fn connection_failure(&self) -> Option<&str> {
        self.failure.map(|(why, _)| why)
    }

    fn method(&self) -> Option<&[u8]> {
        self.message.as_ref()?.method()
    }

    fn request_line(&self) -> Option<&[u8]> {
        self.message.as_ref()?.request_line()
    }

    fn uri(&self) -> Option<&[u8]> {
        self.message.as_ref()?.uri()
    }

    fn version(&self) -> Option<(u8, u8)> {
        self.message.as_ref()?.version()
    }

    fn status(&self) -> Option<u16> {
        self.record.status
    }

    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        if let Some(message) = &self.message {
            message.headers(side, name, visit);
        }
    }

    fn frontend(&self) -> Option<(&str, u32)> {
        self.message.as_ref()?.frontend()
    }

    fn backend(&self) -> Option<(&str, u32)> {
        self.message.as_ref()?.backend()
    }

    fn body(&self, side: Side) -> Option<&[u8]> {
        self.message.as_ref()?.body(side)
    }

    fn body_size(&self, side: Side) -> Option<u64> {
        self.message.as_ref()?.body_size(side)
    }

    fn request_length(&self) -> u64 {
        self.message.as_ref().map_or(0, |message| message.request_length())
    }

    fn request_begun(&self) -> Option<SystemTime> {
        self.message.as_ref()?.request_begun()
    }

    fn redispatched(&self) -> bool {
        self.record.redispatched
    }

    fn failed(&self) -> bool {
        self.message.as_ref().is_none_or(|message| message.failed())
    }

    fn served(&self) -> bool {
        self.message.as_ref().is_some_and(|message| message.served())
    }

    fn last_rule(&self) -> Option<&str> {
        self.message.as_ref()?.last_rule()
    }

    fn priority(&self) -> (i32, i32) {
        self.message.as_ref().map_or((0, 0), |message| message.priority())
    }

    fn tables(&self) -> Option<&table::Tables> {
        self.message.as_ref()?.tables()
    }

    fn tracked(&self, counter: usize) -> Option<&table::Tracked> {
        self.message.as_ref()?.tracked(counter)
    }

    fn table_clock(&self) -> table::Millis {
        self.message.as_ref().map_or(0, |message| message.table_clock())
    }

    fn unique_id(&self) -> Option<&[u8]> {
        self.message.as_ref()?.unique_id()
    }

    fn userlist(&self, name: &str) -> Option<&expr::auth::Userlist> {
        self.message.as_ref()?.userlist(name)
    }

    fn utc_offset(&self, seconds: i64) -> i64 {
        observe::log::date::offset(seconds)
    }

    fn now(&self) -> SystemTime {
        SystemTime::now()
    }

    fn log_field(&self, field: LogField, out: &mut Vec<u8>) -> bool {
        match self.number(field.tag()) {
            Some(number) => write!(out, "{number}").is_ok(),
            None => self.text(field.tag(), out),
        }
    }
}
