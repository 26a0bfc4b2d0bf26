//! Actions: a row each, a file each (configuration.txt 4.2, `http-request` and its like).

mod accept;
mod auth;
mod capture;
mod declined;
mod del_header;
mod deny;
mod do_log;
mod do_resolve;
mod early_hint;
mod expect_proxy;
mod handshake;
mod headers_bin;
mod http_error;
mod modelled;
mod normalize_uri;
mod pattern;
mod pause;
mod priority;
mod redirect;
mod replace_header;
mod replace_uri;
mod reply;
mod retry;
mod r#return;
mod sc_inc_gpc;
mod sc_set_gpt;
mod set_address;
mod set_bandwidth_limit;
mod set_header;
mod set_log_level;
mod set_method;
mod set_nice;
mod set_status;
mod set_timeout;
mod set_uri;
mod set_var;
mod socket;
mod stick_counter;
mod strict_mode;
mod track_sc;
mod use_service;
mod wait_for_body;

use std::fmt;

use expr::{Expr, Parts, Phase, Scope};
use lang::{Diagnostic, Word, Words};

pub use declined::{DECLINED, Declined};
pub use http_error::HttpError;
pub use reply::{failed, unexpected_status};

use crate::{Flow, Message, Slot};

/// An action, its words understood.
pub(crate) trait Action: fmt::Debug + Send + Sync {
    /// Does it.
    fn apply(&self, message: &mut dyn Message) -> Flow;

    /// What it may change for the rules behind it, besides variables.
    fn changes(&self) -> Parts {
        Parts::ALL
    }

    /// What was loaded from files: two rules with the same words differ when it does.
    fn loaded(&self) -> Option<&[u8]> {
        None
    }

    /// The capture slot that it fills.
    fn slot(&self) -> Option<Slot> {
        None
    }

    /// Gives it the slot of this number.
    fn set_slot(&mut self, number: usize) {
        let _ = number;
    }
}

type Parse = fn(&mut Words<'_>, &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic>;
type ParseCall = fn(&Word, &mut Words<'_>, &Scope<'_>) -> Result<Box<dyn Action>, Diagnostic>;

/// How an action's words are understood.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    /// `deny`: its name is a word.
    Plain(Parse),
    /// `set-var(txn.a)`: its name has something in parentheses behind it; the forms of the family are for messages.
    Call(ParseCall, &'static str),
    /// `track-sc0`, `sc-inc-gpc0(1)`: its name may go on with a number, or with parentheses.
    Open(ParseCall),
}

/// A row of the table of actions.
pub struct Row {
    /// The word that names it.
    pub name: &'static str,
    /// The rule sets that may hold it.
    pub phases: &'static [Phase],
    pub(crate) form: Form,
    /// The words of a rule that uses it.
    pub example: &'static str,
    /// What that rule does, in `http-request` or else in the first of its rule sets, to the exchange of the tests: lines
    /// that the client gets (`<`), that the server gets (`>`) and of the log which are gone (`-`) or new (`+`).
    pub effect: &'static str,
    /// The version of HAProxy that brought it, if 2.6 does not have it.
    pub since: Option<&'static str>,
    /// No rule behind it is reached.
    pub(crate) ends: bool,
    /// It is read and judged, and nothing acts on it yet: what is missing.
    pub later: Option<&'static str>,
    /// Why it is right that it does nothing, if it does nothing.
    pub note: &'static str,
}

impl Row {
    /// What its example does.
    const fn does(mut self, effect: &'static str) -> Self {
        self.effect = effect;
        self
    }

    /// Known since that version of HAProxy, and not to 2.6.
    const fn since(mut self, version: &'static str) -> Self {
        self.since = Some(version);
        self
    }

    /// It has nothing to do here, for this reason.
    const fn note(mut self, why: &'static str) -> Self {
        self.note = why;
        self
    }

    /// How HAProxy's listing writes the keywords of rules that take it: with `*` where the word may go on.
    pub fn listed(&self) -> impl Iterator<Item = String> {
        let star = if matches!(self.form, Form::Plain(_)) { "" } else { "*" };
        self.phases.iter().map(move |phase| format!("{} {}{star}", keyword(*phase), self.name))
    }

    /// Nothing acts on it yet, for this is missing.
    const fn later(mut self, what: &'static str) -> Self {
        self.later = Some(what);
        self
    }
}

impl fmt::Debug for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Row({})", self.name)
    }
}

const fn made(name: &'static str, phases: &'static [Phase], form: Form, example: &'static str) -> Row {
    Row { name, phases, form, example, effect: "", since: None, ends: false, later: None, note: "" }
}

/// A row whose name is a word.
const fn row(name: &'static str, phases: &'static [Phase], parse: Parse, example: &'static str) -> Row {
    made(name, phases, Form::Plain(parse), example)
}

/// A row whose action ends the rule set.
const fn last(name: &'static str, phases: &'static [Phase], parse: Parse, example: &'static str) -> Row {
    Row { ends: true, ..row(name, phases, parse, example) }
}

/// A row whose name has something in parentheses behind it.
const fn call(
    name: &'static str,
    phases: &'static [Phase],
    (parse, family): (ParseCall, &'static str),
    example: &'static str,
) -> Row {
    made(name, phases, Form::Call(parse, family), example)
}

/// A row whose name may go on.
const fn open(name: &'static str, phases: &'static [Phase], parse: ParseCall, example: &'static str) -> Row {
    made(name, phases, Form::Open(parse), example)
}

const VARIABLES: &str = "'set-var(<var-name>)', 'set-var-fmt(<var-name>)' or 'unset-var(<var-name>)'";

const PATTERNS: &str = "'add-acl(<file>)', 'del-acl(<file>)', 'set-map(<file>)' or 'del-map(<file>)'";

const REQUEST: &[Phase] = &[Phase::HttpRequest];
const RESPONSE: &[Phase] = &[Phase::HttpResponse, Phase::HttpAfterResponse];
const HTTP: &[Phase] = &[Phase::HttpRequest, Phase::HttpResponse];
const HEADS: &[Phase] = &[Phase::HttpRequest, Phase::HttpResponse, Phase::HttpAfterResponse];
const ALL: &[Phase] = &[
    Phase::TcpConnection,
    Phase::TcpSession,
    Phase::TcpContent,
    Phase::TcpResponse,
    Phase::HttpRequest,
    Phase::HttpResponse,
    Phase::HttpAfterResponse,
];
const TCP: &[Phase] = &[Phase::TcpConnection, Phase::TcpSession, Phase::TcpContent, Phase::TcpResponse];
const REFUSE: &[Phase] =
    &[Phase::TcpConnection, Phase::TcpSession, Phase::TcpContent, Phase::TcpResponse, Phase::HttpRequest];
const DROP: &[Phase] = &[
    Phase::TcpConnection,
    Phase::TcpSession,
    Phase::TcpContent,
    Phase::TcpResponse,
    Phase::HttpRequest,
    Phase::HttpResponse,
];

const CAPTURE: &[Phase] =
    &[Phase::TcpContent, Phase::HttpRequest, Phase::HttpResponse, Phase::HttpAfterResponse];
const ACCEPTED: &[Phase] = &[Phase::TcpConnection];
const SESSION: &[Phase] = &[Phase::TcpSession];
const ANSWER: &[Phase] = &[Phase::HttpResponse];
const CONTENT: &[Phase] = &[Phase::TcpContent];
const SOCKETS: &[Phase] = &[
    Phase::TcpConnection,
    Phase::TcpSession,
    Phase::TcpContent,
    Phase::TcpResponse,
    Phase::HttpRequest,
    Phase::HttpResponse,
];
const TO_SERVER: &[Phase] = &[Phase::TcpContent, Phase::HttpRequest];
const CLOSE: &[Phase] = &[Phase::TcpResponse];
const MESSAGES: &[Phase] = &[Phase::TcpContent, Phase::TcpResponse, Phase::HttpRequest, Phase::HttpResponse];
const LOGGED: &[Phase] = &[
    Phase::TcpContent,
    Phase::TcpResponse,
    Phase::HttpRequest,
    Phase::HttpResponse,
    Phase::HttpAfterResponse,
];
const REQUESTS: &[Phase] = &[Phase::TcpConnection, Phase::TcpSession, Phase::TcpContent, Phase::HttpRequest];
const TRACK: &[Phase] =
    &[Phase::TcpConnection, Phase::TcpSession, Phase::TcpContent, Phase::HttpRequest, Phase::HttpResponse];

/// `redirect` as a line of its own.
pub(crate) static OLD_REDIRECT: Row = last("redirect", REQUEST, redirect::parse_old, "redirect location /x");

/// Every action.
#[rustfmt::skip]
pub const ACTIONS: &[Row] = &[
    last("accept",              TCP,      accept::accept,                "accept"),
    last("reject",              REFUSE,   accept::reject,                "reject").does("no < | no > | -log 200 | -log -- | +log -1 | +log PR"),
    last("silent-drop",         DROP,     accept::silent_drop,           "silent-drop").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< nothing, and no end | no > | -log 200 | -log -- | +log -1 | +log PR"),
    last("allow",               HEADS,    accept::accept,                "allow"),
    row("set-header",          HEADS,    set_header::set,               "set-header X-Path %[hdr(host)]").does("+> x-path: www.example.com"),
    row("add-header",          HEADS,    set_header::add,               "add-header X-A b").does("+> x-a: b"),
    row("del-header",          HEADS,    del_header::parse,             "del-header X-A -m beg").does("-> x-a: 1 | -> x-ab: 2"),
    row("replace-header",      HEADS,    replace_header::whole,         "replace-header Accept (.*)b (\\1)c").does("-> accept: a, b | +> accept: (a, )c"),
    row("replace-value",       HEADS,    replace_header::each,          "replace-value Accept a x").does("-> accept: a, b | +> accept: x, b"),
    row("set-path",            REQUEST,  set_uri::path,                 "set-path /x%[path]").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET /x/a//b?x=1&y=2 HTTP/1.1"),
    row("set-pathq",           REQUEST,  set_uri::pathq,                "set-pathq /x%[path]?q").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET /x/a//b?q HTTP/1.1"),
    row("set-query",           REQUEST,  set_uri::query,                "set-query a=1").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET /a//b?a=1 HTTP/1.1"),
    row("set-uri",             REQUEST,  set_uri::uri,                  "set-uri /x").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET /x HTTP/1.1"),
    row("replace-path",        REQUEST,  replace_uri::path,             "replace-path /a/(.*) /\\1").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET //b?x=1&y=2 HTTP/1.1"),
    row("replace-pathq",       REQUEST,  replace_uri::pathq,            "replace-pathq /a/(.*) /\\1").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET //b?x=1&y=2 HTTP/1.1"),
    row("replace-uri",         REQUEST,  replace_uri::uri,              "replace-uri ^/a/(.*) /\\1").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET //b?x=1&y=2 HTTP/1.1"),
    row("set-method",          REQUEST,  set_method::parse,             "set-method POST").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> POST /a//b?x=1&y=2 HTTP/1.1"),
    call("set-var",            ALL,      (set_var::set, VARIABLES),     "set-var(txn.a) src").does("-log a=- | +log a=192.0.2.10"),
    call("set-var-fmt",        ALL,      (set_var::set_format, VARIABLES), "set-var-fmt(txn.a) %[src]").does("-log a=- | +log a=192.0.2.10"),
    call("unset-var",          ALL,      (set_var::unset, VARIABLES),   "unset-var(txn.a)").does("-log a=was | +log a=-"),
    open("track-sc",            TRACK,    track_sc::parse,               "track-sc0 src table t").does("-log tracked=0 | -log t=-,-,- | +log tracked=1 | +log t=0,0,0"),
    open("sc-inc-gpc",          ALL,      sc_inc_gpc::gpc,               "sc-inc-gpc(0,0)").does("-log t=0,0,0 | -log arrays=0,0 | +log t=1,0,0 | +log arrays=1,0"),
    open("sc-inc-gpc0",         ALL,      sc_inc_gpc::gpc0,              "sc-inc-gpc0(0)").does("-log t=0,0,0 | +log t=1,0,0"),
    open("sc-inc-gpc1",         ALL,      sc_inc_gpc::gpc1,              "sc-inc-gpc1(0)").does("-log t=0,0,0 | +log t=0,1,0"),
    open("sc-add-gpc",          ALL,      sc_inc_gpc::add,               "sc-add-gpc(0,0) 5").does("-log t=0,0,0 | -log arrays=0,0 | +log t=5,0,0 | +log arrays=5,0").since("2.8"),
    open("sc-set-gpt",          ALL,      sc_set_gpt::gpt,               "sc-set-gpt(0,0) 5").does("-log t=0,0,0 | -log arrays=0,0 | +log t=0,0,5 | +log arrays=0,5"),
    open("sc-set-gpt0",         ALL,      sc_set_gpt::gpt0,              "sc-set-gpt0(0) 5").does("-log t=0,0,0 | +log t=0,0,5"),
    row("set-status",          RESPONSE, set_status::parse,             "set-status 503 reason Slow").does("-< HTTP/1.1 200 OK | +< HTTP/1.1 503 Slow | -log 200 | +log 503"),
    last("redirect",            HTTP,     redirect::parse,               "redirect location /x code 301").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< HTTP/1.1 301 Moved Permanently | +< content-length: 0 | +< location: /x | +< connection: close | no > | -log 200 | -log -- | +log 301 | +log LR"),
    last("deny",                HTTP,     deny::deny,                    "deny deny_status 429").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< HTTP/1.1 429 Too Many Requests | +< content-length: 117 | +< cache-control: no-cache | +< content-type: text/html | +< = <html><body><h1>429 Too Many Requests</h1>\\nYou have sent too many requests in a given amount of time.\\n</body></html>\\n | no > | -log 200 | -log -- | +log 429 | +log PR"),
    last("tarpit",              REQUEST,  deny::tarpit,                  "tarpit").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< HTTP/1.1 500 Internal Server Error | +< content-length: 97 | +< cache-control: no-cache | +< content-type: text/html | +< = <html><body><h1>500 Internal Server Error</h1>\\nAn internal server error occurred.\\n</body></html>\\n | no > | -log 200 | -log -- | +log 500 | +log PT"),
    last("return",              HTTP,     r#return::parse,               "return status 200 content-type text/plain string ok").does("-< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< content-length: 2 | +< content-type: text/plain | +< = ok | no > | -log -- | +log LR"),
    call("add-acl",            HEADS,    (pattern::add, PATTERNS),      "add-acl(seen.lst) %[src]").does("+< x-seen: yes"),
    call("del-acl",            HEADS,    (pattern::delete, PATTERNS),   "del-acl(seen.lst) %[src]").does("-< x-seen: yes"),
    call("set-map",            HEADS,    (pattern::set, PATTERNS),      "set-map(names.map) %[src] known").does("-log seen=- | +log seen=known"),
    call("del-map",            HEADS,    (pattern::delete, PATTERNS),   "del-map(names.map) %[src]").does("-log seen=somebody | +log seen=-"),
    row("set-tos",             SOCKETS,  socket::client_tos,            "set-tos 0x10"),
    row("set-mark",            SOCKETS,  socket::client_mark,            "set-mark 16"),
    row("set-fc-tos",          SOCKETS,  socket::client_tos,            "set-fc-tos 0x10").since("3.0"),
    row("set-fc-mark",         SOCKETS,  socket::client_mark,            "set-fc-mark 16").since("3.0"),
    row("set-bc-tos",          TO_SERVER, socket::server_tos,           "set-bc-tos 0x10").since("3.0"),
    row("set-bc-mark",         TO_SERVER, socket::server_mark,           "set-bc-mark 16").since("3.0"),
    row("set-priority-class",  TO_SERVER, priority::class,              "set-priority-class int(1)").does("-log prio=0,0 | +log prio=1,0"),
    row("set-priority-offset", TO_SERVER, priority::offset,             "set-priority-offset int(1)").does("-log prio=0,0 | +log prio=0,1"),
    row("cache-use",           REQUEST,  modelled::cache,               "cache-use small").later("no cache"),
    row("cache-store",         ANSWER,   modelled::cache,               "cache-store small").later("no cache"),
    row("expect-proxy",        ACCEPTED, expect_proxy::parse,           "expect-proxy layer4"),
    row("expect-netscaler-cip", ACCEPTED, expect_proxy::netscaler,             "expect-netscaler-cip layer4").does("no < | no > | no log"),
    last("switch-mode",         CONTENT,  modelled::switch_mode,         "switch-mode http").later("mode tcp"),
    row("set-bandwidth-limit", MESSAGES, set_bandwidth_limit::parse,    "set-bandwidth-limit slow limit 10k").since("2.7"),
    row("add-headers-bin",     HEADS,    headers_bin::add,                   "add-headers-bin str(A3gtYgFjAAA=),b64dec").does("+> x-b: c").since("3.2"),
    row("set-headers-bin",     HEADS,    headers_bin::set,                   "set-headers-bin str(A3gtYQE5AAA=),b64dec").does("-> x-a: 1 | +> x-a: 9").since("3.2"),
    row("del-headers-bin",     HEADS,    headers_bin::delete,                "del-headers-bin str(A3gtYQAAAA==),b64dec").does("-> x-a: 1").since("3.2"),
    row("attach-srv",          SESSION,  modelled::attach,              "attach-srv be/s").since("2.9").later("servers that connect by themselves"),
    row("do-log",              ALL,      do_log::parse,                 "do-log").does("+log -1").since("3.1"),
    call("do-resolve",         TO_SERVER, (do_resolve::parse, "'do-resolve(<varname>,<resolvers>[,<options>])'"), "do-resolve(txn.ip,dns) hdr(host)"),
    row("capture",             CAPTURE,  capture::parse,                "capture src id 0").does("-log hr={} | +log hr={192.0.2.10}"),
    last("auth",                REQUEST,  auth::parse,                   "auth realm Gold").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< HTTP/1.1 401 Unauthorized | +< content-length: 112 | +< cache-control: no-cache | +< content-type: text/html | +< www-authenticate: Basic realm=\"Gold\" | +< = <html><body><h1>401 Unauthorized</h1>\\nYou need a valid user and password to access this content.\\n</body></html>\\n | no > | -log 200 | -log -- | +log 401 | +log LR"),
    row("normalize-uri",       REQUEST,  normalize_uri::parse,          "normalize-uri path-merge-slashes").does("-> GET /a//b?x=1&y=2 HTTP/1.1 | +> GET /a/b?x=1&y=2 HTTP/1.1"),
    row("wait-for-handshake",  REQUEST,  handshake::parse,              "wait-for-handshake").note("nothing to wait for: early data is never accepted"),
    last("close",               CLOSE,    accept::close,                 "close").does("-< HTTP/1.1 200 OK | -< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< HTTP/1.1 502 Bad Gateway | +< content-length: 107 | +< cache-control: no-cache | +< content-type: text/html | +< = <html><body><h1>502 Bad Gateway</h1>\\nThe server returned an invalid or incomplete response.\\n</body></html>\\n | -log 200 | -log -- | +log 502 | +log SH"),
    row("set-log-level",       LOGGED,   set_log_level::parse,          "set-log-level silent").does("no log"),
    row("set-nice",            MESSAGES, set_nice::parse,               "set-nice 5"),
    row("set-timeout",         HTTP,     set_timeout::parse,            "set-timeout server 10s"),
    row("set-src",             REQUESTS, set_address::src,              "set-src ipv4(192.0.2.99)").does("-log 192.0.2.10 | +log 192.0.2.99"),
    row("set-src-port",        REQUESTS, set_address::src_port,         "set-src-port int(4000)").does("-log 40000 | +log 4000"),
    row("set-dst",             REQUESTS, set_address::dst,              "set-dst ipv4(192.0.2.99)").does("-log dst=198.51.100.1:443 | +log dst=192.0.2.99:443"),
    row("set-dst-port",        REQUESTS, set_address::dst_port,         "set-dst-port int(4000)").does("-log dst=198.51.100.1:443 | +log dst=198.51.100.1:4000"),
    row("early-hint",          REQUEST,  early_hint::parse,             "early-hint Link </a.css>;rel=preload").does("+< HTTP/1.1 103 Early Hints | +< link: </a.css>;rel=preload"),
    row("wait-for-body",       HTTP,     wait_for_body::parse,          "wait-for-body time 1s at-least 10"),
    row("pause",               HTTP,     pause::parse,                  "pause 10ms").since("3.2"),
    row("strict-mode",         HEADS,    strict_mode::parse,            "strict-mode off").note("nothing to choose: no rewrite fails for want of room in a buffer"),
    row("disable-l7-retry",    REQUEST,  retry::disable,                "disable-l7-retry"),
    row("set-retries",         REQUEST,  retry::set,                    "set-retries 2").since("3.2"),
    last("use-service",         REQUEST,  use_service::parse,            "use-service prometheus-exporter").does("-< server: origin | -< accept: a, b | -< x-a: 1 | -< x-ab: 2 | -< content-length: 5 | -< = hello | +< cache-control: no-cache | +< content-type: text/plain; version=0.0.4 | +< = # HELP … | no > | -log -- | +log LR"),
];

/// The actions that HAProxy knows and nothing performs yet, with what they belong to.
pub fn later() -> impl Iterator<Item = (&'static str, &'static str)> {
    ACTIONS.iter().filter_map(|row| Some((row.name, row.later?)))
}

impl Row {
    /// Reads the words behind the one that names the action.
    pub(crate) fn parse(
        &self,
        word: &Word,
        words: &mut Words<'_>,
        scope: &Scope<'_>,
    ) -> Result<Box<dyn Action>, Diagnostic> {
        let (parse, family) = match self.form {
            Form::Plain(parse) => return parse(words, scope),
            Form::Call(parse, family) => (parse, family),
            Form::Open(parse) => {
                let tail = word.text.strip_prefix(self.name).unwrap_or_default();
                return parse(&Word::new(tail, word.span), words, scope);
            }
        };
        let text = &word.text;
        let fail = |why| Err(Diagnostic::alert(word.span, why));
        match text[self.name.len()..].strip_prefix('(').map(|rest| rest.strip_suffix(')')) {
            Some(Some(inside)) => parse(&Word::new(inside, word.span), words, scope),
            Some(None) => fail(format!("incomplete argument after action '{text}'. Expects {family}")),
            None => fail(format!("invalid or incomplete action '{text}'. Expects {family}")),
        }
    }
}

/// Why there is no such action.
pub(crate) enum Missing {
    Unknown,
    Declined(&'static Declined),
}

/// The row of an action in a phase.
pub(crate) fn find(name: &str, phase: Phase) -> Result<&'static Row, Missing> {
    let (name, is_call) = name.split_once('(').map_or((name, false), |(name, _)| (name, true));
    let may_be = |row: &&Row| !is_call || !matches!(row.form, Form::Plain(_));
    let legal = || ACTIONS.iter().filter(|row| row.phases.contains(&phase)).filter(may_be);
    let begins = |row: &&Row| matches!(row.form, Form::Open(_)) && name.starts_with(row.name);
    let known = legal().find(|row| row.name == name).or_else(|| legal().find(begins));
    known.ok_or_else(|| declined::find(name).map_or(Missing::Unknown, Missing::Declined))
}

impl Missing {
    pub(crate) fn at(&self, word: &Word, phase: Phase, place: &str) -> Diagnostic {
        let name = &word.text;
        if let Self::Declined(row) = self {
            return row.refusal(word, format_args!("'{} {name}'", keyword(phase)));
        }
        let legal = ACTIONS.iter().filter(|row| row.phases.contains(&phase)).map(|row| row.name);
        let names: Vec<_> = legal.clone().map(|name| format!("'{name}'")).collect();
        let (keyword, names) = (keyword(phase), names.join(", "));
        let text = match phase.is_tcp() {
            true => format!("'{keyword}' expects {names}{place} (got '{name}')"),
            false if name.is_empty() => {
                format!("'{keyword}' expects {names}, but got '{name}' (missing argument).")
            }
            false => format!("'{keyword}' expects {names}, but got '{name}'"),
        };
        Diagnostic::alert(word.span, text).suggest(lang::suggest::nearest(name, legal))
    }
}

/// The next word, or HAProxy's complaint about their number; an empty one is none to it.
pub(crate) fn argument<'a>(words: &mut Words<'a>, complaint: &str) -> Result<&'a Word, Diagnostic> {
    let missing = words.error(complaint);
    words.next().filter(|word| !word.text.is_empty()).ok_or(missing)
}

/// The sample expression that is next.
pub(crate) fn sample(words: &mut Words<'_>, scope: &Scope<'_>) -> Result<Expr, Diagnostic> {
    if words.is_empty() {
        return Err(words.error("missing fetch method"));
    }
    Expr::parse(words, scope)
}

/// Whether the next word, which may be a number or a time, is a sample expression.
pub(crate) fn at_sample(words: &Words<'_>) -> bool {
    words.peek_text().is_some_and(|text| text.starts_with(|first: char| first.is_ascii_alphabetic()))
}

/// The keyword that begins the rules of a phase.
pub(crate) fn keyword(phase: Phase) -> &'static str {
    match phase {
        Phase::TcpConnection => "tcp-request connection",
        Phase::TcpSession => "tcp-request session",
        Phase::TcpContent => "tcp-request content",
        Phase::TcpResponse => "tcp-response content",
        Phase::HttpRequest => "http-request",
        Phase::HttpResponse => "http-response",
        Phase::HttpAfterResponse => "http-after-response",
        Phase::Log | Phase::Anywhere | Phase::Check | Phase::Config | Phase::Cli => "rule",
    }
}

/// The name of a header that is written, in lower case. As in HAProxy it need not be one that HTTP allows, of which `warn`
/// is told; a line end in it would begin another line.
///
/// # Errors
/// It cannot stand in a message at all.
pub fn header_name(word: &Word, warn: &mut dyn FnMut(Diagnostic)) -> Result<String, Diagnostic> {
    let text = &word.text;
    if text.is_empty() || text.contains(['\r', '\n', '\0']) {
        return Err(Diagnostic::alert(word.span, format!("'{text}' is not a valid header name")));
    }
    if http::HeaderName::from_bytes(text.as_bytes()).is_err() {
        let message = format!("'{text}' is taken for a header's name, as in HAProxy, and HTTP has no such");
        let warning = Diagnostic::warning(word.span, message);
        warn(match text.strip_suffix(':') {
            Some(bare) => warning.hint(format!("write '{bare}', without the colon")),
            None => warning.hint("a name is of letters, digits and '-'; others may refuse the message"),
        });
    }
    Ok(text.to_ascii_lowercase())
}

/// A header's name as a rule writes it, in lower case. As in HAProxy it need not be one that HTTP allows.
#[derive(Clone, Debug)]
pub(crate) struct Name(Box<[u8]>);

impl Name {
    /// Reads one.
    pub(crate) fn parse(word: &Word, scope: &Scope<'_>) -> Result<Self, Diagnostic> {
        header_name(word, &mut |warning| scope.warn(warning)).map(|name| Self(name.into_bytes().into()))
    }

    /// In lower case.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// What a change of the header changes.
    pub(crate) fn parts(&self) -> Parts {
        http::HeaderName::from_bytes(&self.0).map_or(Parts::HEADERS, |name| Parts::header(&name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::{World, rule, rules};

    #[test]
    fn every_example_parses_and_runs_wherever_it_is_legal() {
        for row in ACTIONS {
            assert!(row.example.starts_with(row.name), "{} has no example", row.name);
            for phase in row.phases {
                let set = rules(*phase, &[row.example]);
                set.run(&mut World::at(*phase));
            }
        }
    }

    #[test]
    fn every_action_is_refused_where_it_is_not_legal() {
        for row in ACTIONS {
            for phase in [Phase::TcpContent, Phase::HttpRequest, Phase::HttpResponse] {
                let refused = rule(phase, row.example).is_err();
                assert_eq!(refused, !row.phases.contains(&phase), "{} in {phase:?}", row.name);
            }
        }
    }

    #[test]
    fn an_unknown_action_suggests_a_known_one() {
        let error = rule(Phase::HttpRequest, "set-heder a b").unwrap_err();
        assert_eq!(error.suggestion.as_deref(), Some("set-header"));
        assert!(error.message.starts_with("'http-request' expects '"));
        assert!(error.message.ends_with(", but got 'set-heder'"));
    }

    #[test]
    fn what_haproxy_knows_and_we_do_not_is_said_so() {
        let scope = crate::world::scope(Phase::HttpRequest);
        let row = ACTIONS.iter().find(|row| row.later.is_some() && row.phases.contains(&scope.phase));
        let example = row.expect("something is always missing").example;
        crate::world::rule_in(&scope, example).unwrap();
        let said = scope.take_warnings();
        assert!(said.iter().any(|said| said.later), "{example}: {said:?}");
    }
}
