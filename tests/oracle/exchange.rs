//! One exchange: what a client does, step by step, and the transcript of what came of it.

use crate::support::client::Client;
use crate::support::deadline::{PATIENCE, eventually};
use crate::support::message::{Message, shown};
use crate::support::origin::Origin;
use crate::support::subject::Subject;
use crate::support::syslog::Syslog;
use std::sync::Mutex;
use std::time::Duration;

/// What the client does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends bytes.
    Send(Vec<u8>),
    /// Reads one response (and the interim ones before it) to a request with this method.
    Read(&'static str),
    /// Reads so many bytes.
    Take(usize),
    /// Reads until the subject closes.
    ReadAll,
    /// Ends its sending direction.
    Finish,
    /// Waits until the origin has recorded so many requests.
    AtOrigin(usize),
    /// Waits until the origin has read the head of a request.
    HeadAtOrigin,
    /// Another client takes a slot at the origin until the exchange is over.
    Occupy,
    /// Lets the origin's gated answers go.
    OpenGate,
    /// Sends another request and reads: is the connection still open?
    Probe,
    /// Resets the connection.
    Reset,
    /// Closes the connection.
    Close,
}

/// A named list of steps and how many log lines they give.
#[derive(Clone, Debug)]
pub(crate) struct Exchange {
    pub(crate) name: String,
    pub(crate) steps: Vec<Step>,
    pub(crate) logs: Logs,
    /// Whether the logged size is compared.
    pub(crate) sized: bool,
}

/// How many log lines to wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Logs {
    /// One for each response that was read.
    PerResponse,
    /// So many.
    Count(usize),
}

impl Exchange {
    pub(crate) fn new(name: impl Into<String>, steps: Vec<Step>) -> Self {
        Self { name: name.into(), steps, logs: Logs::PerResponse, sized: true }
    }

    /// Bytes that hold one request, its response, and whether the connection stays.
    pub(crate) fn one(name: impl Into<String>, method: &'static str, bytes: impl AsRef<[u8]>) -> Self {
        Self::new(name, vec![Step::Send(bytes.as_ref().to_vec()), Step::Read(method), Step::Probe])
    }

    /// A GET for `target` with further header lines, each ended by CRLF.
    pub(crate) fn get(target: &str, headers: &str) -> Self {
        Self::one(
            format!("GET {target} {headers}").trim().replace("\r\n", " "),
            "GET",
            request("GET", target, headers, ""),
        )
    }

    /// HAProxy logs now one size and now another.
    pub(crate) fn of_any_size(mut self) -> Self {
        self.sized = false;
        self
    }

    pub(crate) fn logs(mut self, n: usize) -> Self {
        self.logs = Logs::Count(n);
        self
    }
}

/// The bytes of a request with a Host.
pub(crate) fn request(method: &str, target: &str, headers: &str, body: &str) -> Vec<u8> {
    format!("{method} {target} HTTP/1.1\r\nHost: h\r\n{headers}\r\n{body}").into_bytes()
}

/// A subject with all that surrounds it.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) subject: Subject,
    pub(crate) origin: Origin,
    pub(crate) syslog: Syslog,
    pub(crate) others: Mutex<Vec<Client>>,
}

/// What was seen, line by line: (what, value).
pub(crate) type Transcript = Vec<(String, String)>;

impl World {
    /// Carries out an exchange.
    pub(crate) fn run(&self, exchange: &Exchange) -> Transcript {
        self.origin.drain();
        self.origin.close_gate();
        // A port number comes back sooner or later, so older lines do not count.
        let before = self.syslog.count();
        let mut client = Some(Client::connect(self.subject.addr("FRONT")));
        let port = client.as_ref().map_or(0, Client::port);
        let mut seen = Transcript::new();
        let mut responses = 0;
        for step in &exchange.steps {
            responses += self.step(step, &mut client, &mut seen);
        }
        drop(client);
        self.origin.open_gate();
        self.others.lock().unwrap().clear();
        let lines = match exchange.logs {
            Logs::PerResponse => responses,
            Logs::Count(n) => n,
        };
        self.log_lines(before, port, lines, &mut seen);
        seen.retain(|(what, _)| exchange.sized || what != "size");
        let recorded = self.origin.drain();
        seen.extend(recorded.iter().map(|m| ("origin".to_owned(), self.masked(&message(m), port))));
        seen
    }

    /// Carries out one step and says how many responses it read.
    fn step(&self, step: &Step, client: &mut Option<Client>, seen: &mut Transcript) -> usize {
        if let Step::AtOrigin(n) = step {
            eventually("the request at the origin", || (self.origin.requests().len() >= *n).then_some(()));
            return 0;
        }
        if matches!(step, Step::Reset | Step::Close) {
            let gone = client.take();
            if let (Step::Reset, Some(client)) = (step, gone) {
                client.reset();
            }
            return 0;
        }
        let Some(client) = client else { return 0 };
        let port = client.port();
        match step {
            Step::HeadAtOrigin => {
                eventually("the head at the origin", || (self.origin.heads() > 0).then_some(()))
            }
            Step::Send(bytes) => client.send(bytes),
            Step::Read(method) => return self.read(method, client, seen),
            Step::Take(n) => seen.push(("bytes".into(), shown(&client.take(*n)))),
            Step::ReadAll => seen.push(("bytes".into(), self.masked(&shown(&client.rest()), port))),
            Step::Finish => client.finish(),
            Step::Occupy => self.occupy(),
            Step::OpenGate => self.origin.open_gate(),
            Step::Probe => return probe(client, seen),
            Step::AtOrigin(_) | Step::Reset | Step::Close => {}
        }
        0
    }

    fn occupy(&self) {
        let mut other = Client::connect(self.subject.addr("FRONT"));
        other.send(request("GET", "/gate", "", ""));
        eventually("the other request at the origin", || self.origin.requests().pop());
        self.others.lock().unwrap().push(other);
    }

    fn read(&self, method: &str, client: &mut Client, seen: &mut Transcript) -> usize {
        let port = client.port();
        loop {
            let Some(response) = client.try_response(method) else {
                seen.push(("response".into(), "none: closed".into()));
                return 0;
            };
            seen.push(("response".into(), self.masked(&message(&response), port)));
            if response.status() >= 200 || response.status() == 101 {
                return 1;
            }
        }
    }

    fn log_lines(&self, before: usize, port: u16, n: usize, seen: &mut Transcript) {
        let part = format!("127.0.0.1:{port} ");
        let limit = if n == 0 { Duration::ZERO } else { PATIENCE / 4 };
        let lines = self.syslog.after(before, &part, n, limit);
        for line in &lines {
            let (line, size) = mask_log(&self.masked(line, port));
            seen.push(("log".to_owned(), line));
            seen.extend(size.map(|size| ("size".to_owned(), size)));
        }
    }

    /// Replaces what must differ: ports.
    fn masked(&self, text: &str, port: u16) -> String {
        let mut text = text.to_owned();
        for (addr, name) in [
            (self.subject.addr("FRONT").port(), "FRONT"),
            (self.origin.addr().port(), "ORIGIN"),
            (port, "CLIENT"),
        ] {
            text = text.replace(&format!(":{addr}"), &format!(":{name}"));
        }
        text
    }
}

fn message(m: &Message) -> String {
    let end = if m.complete { "" } else { " INCOMPLETE" };
    let trailers = if m.trailers.is_empty() { String::new() } else { format!(" + {}", shown(&m.trailers)) };
    format!("{} | {}{trailers}{end}", shown(&m.head), shown(&m.body))
}

/// Asks whether the connection is still open by using it.
fn probe(client: &mut Client, seen: &mut Transcript) -> usize {
    client.send(b"GET /probe HTTP/1.1\r\nHost: h\r\n\r\n");
    let answer = client.try_response("GET");
    seen.push(("end".into(), if answer.is_some() { "open".into() } else { "closed".into() }));
    usize::from(answer.is_some())
}

/// Replaces times and counts of connections in a log line; -1 stays, for it says what did not happen, and
/// so does the number of retries, which comes after the flags. The count of bytes is compared on its own.
fn mask_log(line: &str) -> (String, Option<String>) {
    let mut out = Vec::new();
    let quoted = line.find('"').unwrap_or(line.len());
    let mut after_flags = false;
    let mut size_in = None;
    let mut size = None;
    for word in line[..quoted].split(' ') {
        out.push(match word {
            w if w.starts_with('[') && w.contains(':') => "[TIME]".to_owned(),
            w if is_counters(w) => mask_numbers(w, after_flags),
            w if size_in == Some(1) => {
                size = Some(w.to_owned());
                "SIZE".to_owned()
            }
            w => w.to_owned(),
        });
        after_flags = is_flags(word);
        size_in = match size_in {
            // After httplog's five timers come status and size, after tcplog's three the size.
            None if is_counters(word) => Some(if word.matches('/').count() == 4 { 2 } else { 1 }),
            n => n.map(|n: usize| n.saturating_sub(1)),
        };
    }
    let mut masked = out.join(" ") + &line[quoted..];
    // A line is cut at 1,024 bytes of which some were masked, so its end is not compared.
    if line.len() > 960 {
        masked.truncate(800);
    }
    (masked, size)
}

/// `----`, `SC--` or, of TCP, `SD`.
fn is_flags(word: &str) -> bool {
    matches!(word.len(), 2 | 4) && word.bytes().all(|b| b == b'-' || b.is_ascii_alphabetic())
}

/// `0/0/1/2/3` and `1/1/0/0/+1`: timers or counts of connections.
fn is_counters(word: &str) -> bool {
    let parts: Vec<&str> = word.split('/').collect();
    let number = |p: &&str| p.trim_start_matches(['+', '-']).parse::<u64>().is_ok();
    (parts.len() == 5 || parts.len() == 3) && parts.iter().all(number)
}

fn mask_numbers(word: &str, keep_last: bool) -> String {
    let parts: Vec<&str> = word.split('/').collect();
    let mask = |(i, p): (usize, &&str)| match *p {
        "-1" => "-1".to_owned(),
        p if keep_last && i + 1 == parts.len() => p.to_owned(),
        p if p.starts_with('+') => "+N".to_owned(),
        _ => "N".to_owned(),
    };
    parts.iter().enumerate().map(mask).collect::<Vec<_>>().join("/")
}
