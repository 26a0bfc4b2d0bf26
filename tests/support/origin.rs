//! An origin server that answers by script and records every request as it came over the wire.

use super::deadline::{PATIENCE, eventually};
use super::message::{Message, Reader};
use std::collections::HashMap;
use std::io::{ErrorKind, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

/// What happens after the answer was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum After {
    /// The connection is kept for the next request.
    Keep,
    /// The origin closes.
    Close,
    /// The origin resets.
    Reset,
    /// The origin says nothing more until the peer closes.
    Stall,
    /// The origin sends back what comes (a WebSocket, as far as a proxy can tell).
    Echo,
}

/// What the origin does for a target that contains `path`.
#[derive(Clone, Debug)]
pub(crate) struct Script {
    path: &'static str,
    /// Sent when the head is there, before the body is read.
    early: Vec<u8>,
    /// Whether the answer waits for [`Origin::open_gate`].
    gated: bool,
    /// Whether the body is read before the answer.
    reads_body: bool,
    answer: Vec<u8>,
    after: After,
    /// What the first requests for a target get instead, one each.
    first: Vec<(Vec<u8>, After)>,
}

impl Script {
    pub(crate) fn new(path: &'static str, answer: impl Into<Vec<u8>>, after: After) -> Self {
        Self {
            path,
            early: Vec::new(),
            gated: false,
            reads_body: true,
            answer: answer.into(),
            after,
            first: Vec::new(),
        }
    }

    /// The first request for a target gets this; said twice, the second gets the second.
    pub(crate) fn at_first(mut self, answer: &str, after: After) -> Self {
        self.first.push((answer.into(), after));
        self
    }

    pub(crate) fn early(mut self, bytes: &str) -> Self {
        self.early = bytes.into();
        self
    }

    pub(crate) fn gated(mut self) -> Self {
        self.gated = true;
        self
    }

    pub(crate) fn without_body(mut self) -> Self {
        self.reads_body = false;
        self
    }
}

#[derive(Debug, Default)]
struct Seen {
    requests: Vec<Message>,
    connections: usize,
    /// How often each target with a script was asked for.
    asked: HashMap<String, usize>,
    /// How many of them are over.
    ended: usize,
    /// Heads since the last time requests were drained.
    heads: usize,
    open: bool,
    /// How often the gate was opened, so that one who waits is let go even if it closes at once.
    openings: usize,
}

#[derive(Debug)]
struct Shared {
    scripts: Vec<Script>,
    seen: Mutex<Seen>,
    changed: Condvar,
}

/// The origin; its threads end with their connections, and it listens as long as one of its copies is there.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    addr: SocketAddr,
    shared: Arc<Shared>,
    _listening: Arc<Listening>,
}

/// A socket that a thread accepts from, until this is dropped: hundreds of origins in one run must not stay open, or
/// subjects inherit numbers that are above their limits.
#[derive(Debug)]
struct Listening(TcpListener);

impl Drop for Listening {
    fn drop(&mut self) {
        // wakes the thread with an error
        let _ = socket2::SockRef::from(&self.0).shutdown(Shutdown::Both);
    }
}

/// The answer to anything without a script.
pub(crate) const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Origin: 1\r\n\r\nok";

impl Origin {
    /// An origin that answers everything with [`OK`].
    pub(crate) fn plain() -> Self {
        Self::scripted(Vec::new())
    }

    /// An origin that answers everything with its name.
    pub(crate) fn named(name: &str) -> Self {
        let answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{name}", name.len());
        Self::scripted(vec![Script::new("", answer, After::Keep)])
    }

    pub(crate) fn scripted(scripts: Vec<Script>) -> Self {
        Self::on(TcpListener::bind("127.0.0.1:0").expect("a free port"), scripts)
    }

    /// An origin on a given socket.
    pub(crate) fn on(listener: TcpListener, scripts: Vec<Script>) -> Self {
        let addr = listener.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared { scripts, seen: Mutex::default(), changed: Condvar::new() });
        let for_thread = Arc::clone(&shared);
        let listening = Listening(listener.try_clone().expect("a descriptor for the copy"));
        std::thread::spawn(move || accept(&listener, &for_thread));
        Self { addr, shared, _listening: Arc::new(listening) }
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// How many connections came so far.
    pub(crate) fn connections(&self) -> usize {
        self.shared.seen.lock().unwrap().connections
    }

    /// How many of them are open.
    pub(crate) fn open_connections(&self) -> usize {
        let seen = self.shared.seen.lock().unwrap();
        seen.connections - seen.ended
    }

    /// All requests so far.
    pub(crate) fn requests(&self) -> Vec<Message> {
        self.shared.seen.lock().unwrap().requests.clone()
    }

    /// Takes the requests that were recorded since the last time.
    pub(crate) fn drain(&self) -> Vec<Message> {
        let mut seen = self.shared.seen.lock().unwrap();
        seen.heads = 0;
        std::mem::take(&mut seen.requests)
    }

    /// How many heads were read since the last [`Origin::drain`]; their bodies may be on the way.
    pub(crate) fn heads(&self) -> usize {
        self.shared.seen.lock().unwrap().heads
    }

    /// Waits until a request was read, and returns the last one.
    pub(crate) fn last(&self) -> Message {
        eventually("a request at the origin", || self.requests().pop())
    }

    /// Lets gated answers go, now and from now on.
    pub(crate) fn open_gate(&self) {
        let mut seen = self.shared.seen.lock().unwrap();
        seen.open = true;
        seen.openings += 1;
        drop(seen);
        self.shared.changed.notify_all();
    }

    /// Makes gated answers wait again.
    pub(crate) fn close_gate(&self) {
        self.shared.seen.lock().unwrap().open = false;
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        let stream = match stream {
            Ok(stream) => stream,
            Err(error) if error.kind() == ErrorKind::InvalidInput => return,
            Err(_) => continue,
        };
        shared.seen.lock().unwrap().connections += 1;
        let shared = Arc::clone(shared);
        std::thread::spawn(move || {
            serve(stream, &shared);
            shared.seen.lock().unwrap().ended += 1;
        });
    }
}

/// Ends a connection so that nothing waits for ever.
const LONGEST: Duration = Duration::from_secs(60);

fn serve(stream: TcpStream, shared: &Shared) {
    let _ = stream.set_read_timeout(Some(LONGEST));
    let _ = stream.set_nodelay(true);
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = Reader::new(stream);
    while let Some(mut request) = reader.request_head() {
        shared.seen.lock().unwrap().heads += 1;
        let script = shared.script(&request.target());
        let _ = writer.write_all(&script.early);
        if script.reads_body {
            reader.request_body(&mut request);
        }
        let complete = request.complete || !script.reads_body;
        shared.record(request);
        if !complete {
            return;
        }
        if script.gated {
            shared.wait_for_gate();
        }
        if writer.write_all(&script.answer).is_err() || !follow(script.after, &mut reader, &mut writer) {
            return;
        }
    }
}

/// Does what comes after an answer; true when the next request may come.
fn follow(after: After, reader: &mut Reader<TcpStream>, writer: &mut TcpStream) -> bool {
    match after {
        After::Keep => return true,
        After::Close => {}
        After::Reset => {
            let _ = socket2::SockRef::from(&*writer).set_linger(Some(Duration::ZERO));
        }
        After::Stall => {
            let _ = reader.rest();
        }
        After::Echo => {
            while reader.fill().unwrap_or(false) && writer.write_all(&reader.buffer).is_ok() {
                reader.buffer.clear();
            }
        }
    }
    false
}

impl Shared {
    fn script(&self, target: &str) -> Script {
        let Some(mut script) = self.scripts.iter().find(|s| target.contains(s.path)).cloned() else {
            return Script::new("", OK, After::Keep);
        };
        if !script.first.is_empty() {
            let mut seen = self.seen.lock().unwrap();
            let turn = seen.asked.entry(target.to_owned()).or_default();
            if let Some((answer, after)) = script.first.get(*turn).cloned() {
                (script.answer, script.after) = (answer, after);
            }
            *turn += 1;
        }
        script
    }

    fn record(&self, request: Message) {
        self.seen.lock().unwrap().requests.push(request);
        self.changed.notify_all();
    }

    fn wait_for_gate(&self) {
        let seen = self.seen.lock().unwrap();
        let before = seen.openings;
        let shut = |seen: &mut Seen| !seen.open && seen.openings == before;
        let _ = self.changed.wait_timeout_while(seen, PATIENCE, shut);
    }
}
