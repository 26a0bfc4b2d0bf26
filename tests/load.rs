//! Steady load from threads: kept connections and new ones, every failure counted and described.

use crate::support::client::Client;
use crate::support::deadline::eventually;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// What the load saw so far.
#[derive(Clone, Debug, Default)]
pub(crate) struct Seen {
    /// How often each body came back.
    pub(crate) bodies: BTreeMap<String, usize>,
    /// Requests that were not answered as they should be.
    pub(crate) failures: Vec<String>,
}

/// A running load.
#[derive(Debug)]
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    seen: Arc<Mutex<Seen>>,
    threads: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts two clients that keep their connection and two that make a new one for each request.
    pub(crate) fn start(addr: SocketAddr) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let threads = [true, true, false, false]
            .map(|keep| {
                let (stop, seen) = (Arc::clone(&stop), Arc::clone(&seen));
                std::thread::spawn(move || work(addr, keep, &stop, &seen))
            })
            .into_iter()
            .collect();
        Self { stop, seen, threads }
    }

    pub(crate) fn seen(&self) -> Seen {
        self.seen.lock().unwrap().clone()
    }

    /// Waits until `body` has come back `n` more times.
    pub(crate) fn wait_for(&self, body: &str, n: usize) {
        let count = || self.seen().bodies.get(body).copied().unwrap_or(0);
        let goal = count() + n;
        eventually(&format!("{n} answers {body}"), || (count() >= goal).then_some(()));
    }

    /// Ends the load and says what it saw.
    pub(crate) fn stop(mut self) -> Seen {
        self.end();
        self.seen()
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        self.end();
    }
}

fn work(addr: SocketAddr, keep: bool, stop: &AtomicBool, seen: &Mutex<Seen>) {
    let mut kept: Option<Client> = None;
    while !stop.load(Ordering::Relaxed) {
        let outcome = once(addr, keep, &mut kept);
        let mut seen = seen.lock().unwrap();
        match outcome {
            Ok(body) => *seen.bodies.entry(body).or_default() += 1,
            Err(failure) => seen.failures.push(failure),
        }
    }
}

/// One request. A kept connection that the server has closed between two requests is not a failure: every
/// client must expect that and ask again on a new one, once.
fn once(addr: SocketAddr, keep: bool, kept: &mut Option<Client>) -> Result<String, String> {
    let used = kept.take();
    let again = used.is_some();
    let mut client = match used {
        Some(client) => client,
        None => Client::try_connect(addr).map_err(|e| format!("connect: {e}"))?,
    };
    let close = if keep { "" } else { "Connection: close\r\n" };
    client.send(format!("POST /load HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n{close}\r\nhi"));
    let Some(response) = client.try_response("POST") else {
        return if again { once(addr, keep, kept) } else { Err("closed without an answer".to_owned()) };
    };
    if response.status() != 200 || !response.complete {
        return Err(format!("status {} {:?}", response.status(), response.text()));
    }
    let closing = response.value("connection").is_some_and(|v| v.eq_ignore_ascii_case("close"));
    if keep && !closing {
        *kept = Some(client);
    }
    Ok(response.text())
}
