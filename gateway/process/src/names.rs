//! Server names that do not resolve, for `-c`: HAProxy refuses them, the gateway starts without them and goes on
//! asking, so here they are worth a warning.

use std::collections::BTreeMap;
use std::net::ToSocketAddrs;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use config::model::{Model, ServerAddress};

/// How long all lookups together may take; a name that is still being looked up then is not spoken of.
const PATIENCE: Duration = Duration::from_secs(3);

/// The most names that are looked up at once: each takes a thread.
const AT_ONCE: usize = 64;

/// A warning for each server whose name does not resolve.
pub(crate) fn unresolved(model: &Model) -> Vec<String> {
    let mut servers: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for backend in &model.backends {
        for server in &backend.servers {
            if let ServerAddress::Name { host, .. } = &server.address {
                let place = format!("[{}] : 'server {}/{}'", server.place, backend.name, server.name);
                servers.entry(host).or_default().push(place);
            }
        }
    }
    let failed = failing(servers.keys().take(AT_ONCE).map(|&name| name.to_owned()));
    let places = failed
        .iter()
        .flat_map(|name| servers.get(name.as_str()).into_iter().flatten().map(move |p| (name, p)));
    places
        .map(|(name, place)| {
            format!(
                "config : {place} : could not resolve address '{name}'; it is looked up again while running"
            )
        })
        .collect()
}

/// Those of the names that certainly do not resolve, in order.
fn failing(names: impl Iterator<Item = String>) -> Vec<String> {
    let (sender, receiver) = mpsc::channel();
    for name in names {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let found = (name.as_str(), 0).to_socket_addrs().is_ok_and(|mut found| found.next().is_some());
            // Nobody waits any more after the deadline.
            let _ = sender.send((name, found));
        });
    }
    drop(sender);
    let end = Instant::now() + PATIENCE;
    let mut failed = Vec::new();
    while let Ok((name, found)) = receiver.recv_timeout(end.saturating_duration_since(Instant::now())) {
        if !found {
            failed.push(name);
        }
    }
    failed.sort();
    failed
}
