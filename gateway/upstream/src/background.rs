//! What goes on beside the traffic: checks and the resolving of names, on the current tokio runtime, until told.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use config::model::{Check, Family};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::address::Address;
use crate::backend::{Backend, Moved};
use crate::balance::Dice;
use crate::events::{AddressChange, CheckReport, Event, Events, StateChange};
use crate::health::{self, Outcome, Probe, Step};
use crate::resolve::{Name, Names, Pace, keep};
use crate::server::{Admin, Server};

/// One server of one backend.
type Seat = (Arc<Backend>, usize);

/// The servers of each name that is asked for, with the family wanted.
type Seats = BTreeMap<(String, u8), (Option<Family>, Vec<Seat>)>;

/// A server whose name has no address yet.
#[derive(Clone, Debug)]
pub struct Unresolved {
    /// Its backend.
    pub backend: Arc<Backend>,
    /// The server.
    pub server: Arc<Server>,
    /// The name.
    pub host: String,
}

/// Looks up all names of these backends at once, no longer than `limit`; those that are left.
///
/// To be awaited before traffic is taken, so that the first request finds its server. What is left is found later by
/// [`spawn_background`].
pub async fn start_addresses(backends: &[Arc<Backend>], names: &Names, limit: Duration) -> Vec<Unresolved> {
    let mut lookups = JoinSet::new();
    for ((host, _), (family, seats)) in seats(backends) {
        if seats.iter().all(|(backend, server)| backend.servers[*server].ip().is_some()) {
            continue; // kept from the configuration before
        }
        let name = Name { names: names.clone(), host, family };
        lookups.spawn(async move {
            let found = name.resolve().await;
            settle(&seats, &found, &(), "system");
        });
    }
    // dropping the set on time-out leaves the threads to finish by themselves; nobody waits for them
    let _in_time = timeout(limit, async { while lookups.join_next().await.is_some() {} }).await;
    drop(lookups);
    let servers =
        backends.iter().flat_map(|backend| backend.servers.iter().map(move |server| (backend, server)));
    servers
        .filter(|(_, server)| server.ip().is_none())
        .filter_map(|(backend, server)| {
            let (host, _) = server.host()?;
            Some(Unresolved {
                backend: Arc::clone(backend),
                server: Arc::clone(server),
                host: host.to_owned(),
            })
        })
        .collect()
}

/// Checks the servers of these backends and resolves their names until `stop` says `true` or its sender is gone.
///
/// All backends of a configuration in one call: the first checks are spread over the shortest interval of all.
pub fn spawn_background(
    backends: &[Arc<Backend>],
    stop: &watch::Receiver<bool>,
    names: &Names,
    events: &Arc<dyn Events>,
) {
    let mut tasks = JoinSet::new();
    for (round, due) in rounds(backends, events) {
        tasks.spawn(async move { round.run(due).await });
    }
    for ((host, _), (family, seats)) in seats(backends) {
        let name = Name { names: names.clone(), host, family };
        tasks.spawn(resolving(name, seats, Arc::clone(events)));
    }
    if tasks.is_empty() {
        return;
    }
    let mut stop = stop.clone();
    // dropping the set ends every task at its next await
    tokio::spawn(async move {
        // an error says that the sender is gone, which tells as much
        stop.wait_for(|stop| *stop).await.map(drop).unwrap_or_default();
        tasks.shutdown().await;
    });
}

impl Backend {
    /// [`spawn_background`] for this backend alone.
    pub fn spawn_background(
        self: &Arc<Self>,
        stop: &watch::Receiver<bool>,
        names: &Names,
        events: &Arc<dyn Events>,
    ) {
        spawn_background(std::slice::from_ref(self), stop, names, events);
    }
}

/// The checks of one server, one after the other.
struct Round {
    backend: Arc<Backend>,
    server: Arc<Server>,
    check: Check,
    probe: Probe,
    events: Arc<dyn Events>,
    dice: Dice,
}

/// The rounds of all checked servers and when each begins: evenly over the shortest interval, as HAProxy does.
fn rounds(backends: &[Arc<Backend>], events: &Arc<dyn Events>) -> Vec<(Round, Duration)> {
    let mut rounds = Vec::new();
    for backend in backends {
        for server in &backend.servers {
            let Some(check) = server.line().check.clone() else { continue };
            let timeouts = backend.timeouts();
            let names = health::Names::of(backend, server);
            let probe = Probe::of(&check, (timeouts.connect, timeouts.check), names);
            let (backend, server, events) = (Arc::clone(backend), Arc::clone(server), Arc::clone(events));
            let dice = Dice::new(u64::from(std::process::id()) << 32 | rounds.len() as u64);
            rounds.push(Round { backend, server, check, probe, events, dice });
        }
    }
    let shortest = rounds.iter().map(|round| round.check.inter).min().unwrap_or_default();
    let count = u32::try_from(rounds.len()).unwrap_or(u32::MAX).max(1);
    rounds.into_iter().zip(0..).map(|(round, at)| (round, shortest * at / count)).collect()
}

impl Round {
    async fn run(self, due: Duration) {
        let mut next = Instant::now() + due;
        loop {
            sleep_until(next).await;
            let begun = Instant::now();
            if self.server.admin() != Admin::Maint {
                let address = self.address();
                // without an address there is nothing to check: the name is what is missing, and is being looked for
                if address.is_some() || self.server.host().is_none() {
                    let outcome = self.probe.ask(address.as_ref(), self.events.world()).await;
                    report(&self.backend, &self.server, &outcome, &*self.events);
                }
            }
            let pause = self.server.health(|health| health.interval(&self.check));
            let pause = varied(pause, self.check.spread, &self.dice).max(Duration::from_millis(1));
            next = (begun + pause).max(Instant::now());
        }
    }

    /// Where to check: the server's address, unless the check has its own.
    fn address(&self) -> Option<Address> {
        // no client has come: a server that is where its clients went is checked on this machine, as in HAProxy
        let came = Some(SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)));
        let Some(mut addr) = self.server.address(came)?.ip() else { return self.server.address(came) };
        if let Some(port) = self.check.port {
            addr.set_port(port);
        }
        if let Some(ip) = self.check.addr {
            addr.set_ip(ip);
        }
        (addr.port() != 0).then_some(Address::Ip(addr))
    }
}

/// An interval, longer or shorter by up to so many percent (`spread-checks`).
fn varied(interval: Duration, percent: u8, dice: &Dice) -> Duration {
    let span = interval * 2 * u32::from(percent) / 100;
    let whole = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
    interval - span / 2 + Duration::from_micros(dice.below(whole.max(1)))
}

/// What the end of a check does: counters, state, queue, and who is told.
fn report(backend: &Arc<Backend>, server: &Arc<Server>, outcome: &Outcome, events: &dyn Events) {
    let (was_up, before) = (server.healthy(), server.last_check());
    let (step, progress) =
        server.judge(outcome, |health| (health.result(outcome.passed()), health.progress()));
    if was_up && !outcome.passed() {
        server.counters.failed_check();
    }
    let up = server.healthy();
    let news = before.is_none_or(|before| before.verdict != outcome.verdict);
    if (step != Step::Same || news) && backend.log_checks() {
        let name = &*backend.name;
        let report = CheckReport { backend: name, server, outcome: outcome.clone(), up, progress };
        events.event(backend, &Event::Check(report));
    }
    match step {
        Step::Same | Step::Moved => {}
        Step::Up => {
            server.counters.availability.came_up();
            changed(backend, server, outcome, events);
        }
        Step::Down => {
            server.counters.availability.went_down();
            changed(backend, server, outcome, events);
        }
    }
}

fn changed(backend: &Arc<Backend>, server: &Arc<Server>, outcome: &Outcome, events: &dyn Events) {
    let was_available = backend.available();
    let Moved { evicted, admitted } = backend.refresh();
    let up = server.healthy();
    let change = StateChange {
        backend: &backend.name,
        server,
        up,
        outcome: (!backend.log_checks()).then(|| outcome.clone()),
        active: backend.active(),
        backup: backend.backups(),
        sessions: server.counters.current(),
        requeued: if up { admitted } else { evicted },
        remaining: backend.counters.waiting(),
    };
    events.event(backend, &Event::State(change));
    if was_available && !backend.available() {
        events.event(backend, &Event::NoServer { backend: &backend.name });
    }
}

/// Whose names these are, each name once.
fn seats(backends: &[Arc<Backend>]) -> Seats {
    let mut seats = Seats::new();
    for backend in backends {
        for server in &backend.servers {
            if let Some((host, family)) = server.host() {
                let order = match family {
                    None => 0,
                    Some(Family::Ipv4) => 4,
                    Some(Family::Ipv6) => 6,
                };
                let entry = seats.entry((host.to_owned(), order)).or_insert_with(|| (family, Vec::new()));
                entry.1.push((Arc::clone(backend), server.index()));
            }
        }
    }
    seats
}

/// Looks one name up again and again.
async fn resolving(name: Name, seats: Vec<Seat>, events: Arc<dyn Events>) {
    let mut pace = Pace::default();
    let known = seats.iter().all(|(backend, server)| backend.servers[*server].ip().is_some());
    let mut pause = pace.after(known);
    loop {
        tokio::time::sleep(pause).await;
        let found = name.resolve().await;
        settle(&seats, &found, &*events, "the system's resolver");
        pause = pace.after(!found.is_empty());
    }
}

/// Gives the servers of a name what was found for it.
fn settle(seats: &[Seat], found: &[IpAddr], events: &dyn Events, by: &str) {
    for (backend, server) in seats {
        let server = &backend.servers[*server];
        let now = server.ip();
        let Some(to) = keep(now, found).filter(|to| Some(*to) != now) else { continue };
        let from = server.moved(to);
        let name = &*backend.name;
        events.event(backend, &Event::Address(AddressChange { backend: name, server, from, to, by }));
        if let (None, Some((host, _))) = (from, server.host()) {
            let _newly_usable = backend.refresh();
            events.event(backend, &Event::Resolved { backend: name, server, host });
            events.event(backend, &Event::Ready { backend: name, server });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_vary_by_the_percent_told_and_no_more() {
        let (second, dice) = (Duration::from_secs(1), Dice::new(7));
        assert_eq!(varied(second, 0, &dice), second);
        let drawn: Vec<_> = (0..1000).map(|_| varied(second, 50, &dice)).collect();
        let (least, most) = (drawn.iter().min().unwrap(), drawn.iter().max().unwrap());
        assert!(*least >= second / 2 && *least < second * 6 / 10, "{least:?}");
        assert!(*most < second * 3 / 2 && *most > second * 14 / 10, "{most:?}");
    }
}
