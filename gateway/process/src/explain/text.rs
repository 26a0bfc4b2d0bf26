//! The explanation as people read it.

use std::fmt::Write as _;

use config::model::{Backend, BindAddress, FrontendId, Model, Server, ServerAddress, ServerPort};
use expr::Verdict;
use lang::Sources;
use proxy::Reply;

use super::entrance::{Door, Entrance};
use super::journey::{End, Journey, Stage};
use super::question::Question;
use super::request::Request;
use super::sent::{self, Mark};

/// The most of a page that is shown.
const PAGE: usize = 2000;

/// What the text is about.
pub(crate) struct Story<'a> {
    pub(crate) model: &'a Model,
    pub(crate) sources: &'a Sources,
    pub(crate) question: &'a Question,
}

impl Story<'_> {
    /// Nobody listens there.
    pub(crate) fn of_nobody(&self, why: &str, elsewhere: &[Door]) -> String {
        let mut out = self.head();
        let _ = write!(out, "\nNo frontend takes it: {why}.\nThe client would not get a connection.\n");
        if !elsewhere.is_empty() {
            out.push_str("\nWho listens elsewhere\n");
            elsewhere.iter().for_each(|door| self.socket(door, &mut out));
            out.push_str("  `--frontend NAME` explains the request as one of them would take it.\n");
        }
        out
    }

    /// The request's way.
    pub(crate) fn of(&self, entrance: &Entrance, request: &Request, journey: &Journey) -> String {
        let mut out = self.head();
        if let Entrance::Taken { door, others } = entrance {
            self.entrance(door, others, &mut out);
            journey.stages.iter().for_each(|stage| self.stage(stage, &mut out));
            if let Some(backend) = journey.backend {
                self.backend(self.model.backend(backend), request, &mut out);
            }
            self.end(door.frontend, request, journey, &mut out);
        }
        out
    }

    fn head(&self) -> String {
        let asked = self.question;
        let tls = if asked.tls { " over TLS" } else { "" };
        format!("{} {}{tls} from {}\n", asked.method, shown(&asked.url), asked.from)
    }

    fn entrance(&self, door: &Door, others: &[Door], out: &mut String) {
        let frontend = self.model.frontend(door.frontend);
        let _ =
            write!(out, "\nFrontend {} ({})\n  {}.\n", frontend.name, frontend.place, sentence(&door.why));
        self.socket(door, out);
        if others.is_empty() {
            return;
        }
        out.push_str("  Others that would fit; `--frontend NAME` chooses:\n");
        others.iter().for_each(|door| self.socket(door, out));
    }

    /// A socket of a frontend.
    fn socket(&self, door: &Door, out: &mut String) {
        let frontend = self.model.frontend(door.frontend);
        let Some(bind) = door.bind.and_then(|place| frontend.binds.get(place)) else { return };
        let at = match &bind.address {
            BindAddress::Tcp(address) => address.to_string(),
            BindAddress::Unix(path) => path.display().to_string(),
            BindAddress::Abstract(name) => format!("abns@{name}"),
            BindAddress::AbstractZ(name) => format!("abnsz@{name}"),
            BindAddress::Fd(number) => format!("fd@{number}"),
            BindAddress::SockPair(number) => format!("sockpair@{number}"),
            BindAddress::Quic(address) => format!("QUIC {address}"),
        };
        let tls = if bind.tls.is_some() { ", TLS" } else { "" };
        let _ = writeln!(out, "    {}  {at}{tls}  ({})", frontend.name, bind.place);
    }

    /// Rules, each with what it said of the request, and the ACLs that it said it by.
    fn stage(&self, stage: &Stage, out: &mut String) {
        let _ = write!(out, "\n{}\n", sentence(&stage.title));
        let width = widest(stage.steps.iter().map(|step| step.place.as_str()));
        for step in &stage.steps {
            let (said, place) = (word(step.verdict), &step.place);
            let words = step.words.clone().unwrap_or_else(|| self.words(place));
            let _ = writeln!(out, "  {said:<4} {place:<width$}  {words}");
            if !step.acls.is_empty() {
                let acls = step.acls.iter().map(|(name, said)| format!("{name}: {}", word(*said)));
                let _ = writeln!(out, "       {:<width$}    {}", "", acls.collect::<Vec<_>>().join(", "));
            }
        }
        if stage.unasked > 0 {
            let _ = writeln!(out, "  not asked: {} more", stage.unasked);
        }
    }

    /// The line at a place, as somebody wrote it.
    fn words(&self, place: &str) -> String {
        self.sources.line_at(place).map_or_else(String::new, |line| shown(line.trim()))
    }

    fn backend(&self, backend: &Backend, request: &Request, out: &mut String) {
        let _ = write!(out, "\nBackend {} ({})\n", backend.name, backend.place);
        let width = widest(backend.servers.iter().map(|server| server.name.as_str()));
        for server in &backend.servers {
            let told = [
                Some(format!("weight {}", server.weight)),
                server.backup.then(|| "backup".to_owned()),
                server.disabled.then(|| "disabled".to_owned()),
                server.check.as_ref().map(|_| "checked".to_owned()),
            ];
            let told: Vec<String> = told.into_iter().flatten().collect();
            let at = address(server, request.port());
            let _ = writeln!(out, "  {:<width$}  {at}  {}  ({})", server.name, told.join(", "), server.place);
        }
        if let Some(choice) = choice(backend) {
            let _ = writeln!(out, "  {choice}.");
        }
    }

    fn end(&self, id: FrontendId, request: &Request, journey: &Journey, out: &mut String) {
        let last = journey.stages.last().and_then(|stage| stage.steps.last());
        let rule = last.map_or_else(String::new, |step| format!("the rule at {}", step.place));
        match &journey.end {
            End::Server => self.sent(id, request, journey, out),
            End::Monitor(reply) => answer("`monitor-uri` is answered; nothing is logged", reply, out),
            End::Rule { reply, what, after } => {
                let pause = after.map_or_else(String::new, |pause| format!(" after {pause:?}"));
                answer(&format!("{rule} {what}{pause}; no server is asked"), reply, out);
            }
            End::Metrics => {
                let _ =
                    write!(out, "\nAnswer\n  {} has the figures for Prometheus shown.\n", sentence(&rule));
            }
            End::Closed { told } => {
                let how = if *told { "closes the connection" } else { "drops the connection silently" };
                let _ = write!(out, "\nAnswer\n  None: {rule} {how}.\n");
            }
            End::NoBackend(reply) => {
                answer("no `use_backend` rule matches and there is no `default_backend`", reply, out);
            }
            End::NoServer(reply) => answer("the backend has no server that may be used", reply, out),
        }
    }

    /// The request that the server gets, and who has a word on its answer.
    fn sent(&self, id: FrontendId, request: &Request, journey: &Journey, out: &mut String) {
        let (frontend, Some(backend)) = (self.model.frontend(id), journey.backend) else { return };
        let backend = self.model.backend(backend);
        out.push_str("\nRequest to the server (+ added, - not passed on)\n");
        for (mark, line) in sent::lines(self.question, request, frontend, backend) {
            let mark = match mark {
                Mark::Kept => ' ',
                Mark::Added => '+',
                Mark::Gone => '-',
            };
            let _ = writeln!(out, "  {mark} {}", shown(&line));
        }
        out.push_str("\nAnswer\n  The server's.\n");
        let theirs = (backend.listen != Some(id)).then_some(&backend.http_response);
        let rules: Vec<&str> = theirs
            .into_iter()
            .chain([&frontend.http_response])
            .flat_map(|rules| rules.iter().map(rules::Rule::place))
            .collect();
        if !rules.is_empty() {
            out.push_str("  These rules see it first:\n");
            let width = widest(rules.iter().copied());
            for place in rules {
                let _ = writeln!(out, "    {place:<width$}  {}", self.words(place));
            }
        }
    }
}

/// An answer of the gateway's own.
fn answer(why: &str, reply: &Reply, out: &mut String) {
    let head = &reply.head;
    let _ = write!(out, "\nAnswer\n  {}.\n", sentence(why));
    let _ = writeln!(out, "    HTTP/1.1 {} {}", head.status, shown(&String::from_utf8_lossy(&head.reason)));
    for line in head.lines.iter() {
        let (name, value) = (String::from_utf8_lossy(&line.name), String::from_utf8_lossy(&line.value));
        let _ = writeln!(out, "    {name}: {}", shown(&value));
    }
    let body = String::from_utf8_lossy(&reply.body[..reply.body.len().min(PAGE)]);
    if !body.is_empty() {
        out.push('\n');
        body.lines().for_each(|line| {
            let _ = writeln!(out, "    {}", shown(line));
        });
    }
    if reply.body.len() > PAGE {
        let _ = writeln!(out, "    … {} bytes in all", reply.body.len());
    }
}

/// How a server is chosen among those that may be used.
fn choice(backend: &Backend) -> Option<String> {
    let usable = backend.servers.iter().filter(|server| !server.disabled && server.weight > 0);
    let (backups, active): (Vec<&Server>, Vec<&Server>) = usable.partition(|server| server.backup);
    let by = format!("by `balance {}`", balance(backend));
    let reserve = if backups.is_empty() { "" } else { ", a backup only when nobody else is up" };
    Some(match (active.as_slice(), backups.as_slice()) {
        ([], []) => return None,
        ([], [_, _, ..]) if backend.all_backups => format!("Chosen among the backups {by}"),
        ([], [first, ..]) => format!("Chosen: {}, the first backup", first.name),
        ([one], _) => format!("Chosen: {}{reserve}", one.name),
        (_, _) => format!("Chosen {by}{reserve}"),
    })
}

fn balance(backend: &Backend) -> String {
    use config::model::Balance;
    match &backend.balance {
        Balance::RoundRobin => "roundrobin".to_owned(),
        Balance::StaticRr => "static-rr".to_owned(),
        Balance::LeastConn => "leastconn".to_owned(),
        Balance::First => "first".to_owned(),
        Balance::Source => "source".to_owned(),
        Balance::Random(draws) => format!("random({draws})"),
        Balance::Uri(_) => "uri".to_owned(),
        Balance::UrlParam { name, .. } => format!("url_param {name}"),
        Balance::Header { name, .. } => format!("hdr({name})"),
        Balance::RdpCookie(name) => format!("rdp-cookie({name})"),
        Balance::Hash(expr) => format!("hash {}", expr.text()),
        Balance::LogHash(converters) => format!("log-hash {converters}"),
        Balance::Sticky => "sticky".to_owned(),
    }
}

/// A server's address as written, with the port that it comes to.
fn address(server: &Server, came: u16) -> String {
    let port = |port: &ServerPort| match port {
        ServerPort::Fixed(port) => port.to_string(),
        ServerPort::Offset(by) => (i32::from(came) + by).to_string(),
    };
    match &server.address {
        ServerAddress::Ip { ip, port: at } if ip.is_ipv6() => format!("[{ip}]:{}", port(at)),
        ServerAddress::Ip { ip, port: at } => format!("{ip}:{}", port(at)),
        ServerAddress::Name { host, port: at, .. } => format!("{host}:{}", port(at)),
        ServerAddress::Unix(path) => path.display().to_string(),
        ServerAddress::Abstract(name) => format!("abns@{name}"),
        ServerAddress::SockPair(number) => format!("sockpair@{number}"),
        ServerAddress::Client { .. } => "the address that the client meant".to_owned(),
    }
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::True => "yes",
        Verdict::False => "no",
        Verdict::Unknown => "wait",
    }
}

fn widest<'a>(texts: impl Iterator<Item = &'a str>) -> usize {
    texts.map(str::len).max().unwrap_or_default()
}

/// A sentence begins with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Text from outside, without what would move a terminal's cursor.
fn shown(text: &str) -> String {
    let escape = |c: char| if c.is_control() { c.escape_default().to_string() } else { c.to_string() };
    text.chars().map(escape).collect()
}
