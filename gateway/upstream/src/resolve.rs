//! Names of servers → addresses. A name that does not resolve never stops anything: the server waits for its address.
//!
//! A name is a `ServiceDiscovery` of pingora-load-balancing; whoever knows names is a [`Lookup`], so tests feed it.
//! The system's resolver blocks, so it runs off the runtime, and only so many times at once. Its order is its
//! preference, and HAProxy takes its first answer; the framework's set of backends has no order, so each carries
//! its rank. A server keeps its address as long as the name still has it, and its last one when the name has none.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use config::model::Family;
use pingora_error::{Error, ErrorType, Result};
use pingora_load_balancing::Backend as Target;
use pingora_load_balancing::discovery::ServiceDiscovery;
use tokio::sync::Semaphore;

/// Between two looks at a name that resolves.
pub(crate) const STEADY: Duration = Duration::from_secs(10);

/// After the first failure; doubled by each that follows, up to [`STEADY`].
const FIRST_RETRY: Duration = Duration::from_millis(500);

/// Names looked up at once: a resolver that hangs must not take all blocking threads.
const AT_ONCE: usize = 16;

/// Somebody who knows the addresses of names. It may block.
pub trait Lookup: Send + Sync + 'static {
    /// The addresses of this name, the preferred one first.
    fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|addr| addr.ip()).collect())
    }
}

/// Looks names up, off the runtime and within bounds.
#[derive(Clone)]
pub struct Names {
    lookup: Arc<dyn Lookup>,
    at_once: Arc<Semaphore>,
}

impl Names {
    /// Asks `lookup`.
    pub fn new(lookup: impl Lookup) -> Self {
        Self { lookup: Arc::new(lookup), at_once: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    async fn addresses(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let permit = Arc::clone(&self.at_once).acquire_owned().await.map_err(io::Error::other)?;
        let (lookup, host) = (Arc::clone(&self.lookup), host.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            let _until_answered = permit; // held by the blocked thread, not by who waits for it
            lookup.lookup(&host)
        });
        asked.await.map_err(io::Error::other)?
    }
}

impl Default for Names {
    fn default() -> Self {
        Self::new(SystemLookup)
    }
}

impl std::fmt::Debug for Names {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// One name, of which addresses of one family may be wanted.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    pub(crate) names: Names,
    pub(crate) host: String,
    pub(crate) family: Option<Family>,
}

/// Where an address stood in the resolver's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Rank(usize);

#[async_trait]
impl ServiceDiscovery for Name {
    async fn discover(&self) -> Result<(BTreeSet<Target>, HashMap<u64, bool>)> {
        let found = self.names.addresses(&self.host).await;
        let found = found.map_err(|error| Error::explain(ErrorType::Custom("resolve"), error.to_string()))?;
        let wanted = found.into_iter().filter(|ip| match self.family {
            None => true,
            Some(Family::Ipv4) => ip.is_ipv4(),
            Some(Family::Ipv6) => ip.is_ipv6(),
        });
        let mut set = BTreeSet::new();
        for (rank, ip) in wanted.enumerate() {
            let mut target =
                Target { addr: SocketAddr::new(ip, 0).into(), weight: 1, ext: Default::default() };
            target.ext.insert(Rank(rank));
            set.insert(target); // the first of equals stays
        }
        Ok((set, HashMap::new()))
    }
}

impl Name {
    /// Its addresses, the preferred one first; empty when it has none or nobody knows.
    pub(crate) async fn resolve(&self) -> Vec<IpAddr> {
        let Ok((set, _)) = self.discover().await else { return Vec::new() };
        let mut ranked: Vec<(Option<Rank>, IpAddr)> = set
            .iter()
            .filter_map(|target| Some((target.ext.get::<Rank>().copied(), target.addr.as_inet()?.ip())))
            .collect();
        ranked.sort_unstable();
        ranked.into_iter().map(|(_, ip)| ip).collect()
    }
}

/// The address for a server that has `now`, when its name has these: the one it has, if it still may.
pub(crate) fn keep(now: Option<IpAddr>, found: &[IpAddr]) -> Option<IpAddr> {
    now.filter(|now| found.contains(now)).or_else(|| found.first().copied())
}

/// When to look again. Sans-io.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    failures: u32,
}

impl Pace {
    /// The pause after a look that found something, or did not.
    pub(crate) fn after(&mut self, found: bool) -> Duration {
        if found {
            self.failures = 0;
            return STEADY;
        }
        let pause = FIRST_RETRY.saturating_mul(1 << self.failures.min(16));
        self.failures += 1;
        pause.min(STEADY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Book(Vec<IpAddr>);

    impl Lookup for Book {
        fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
            if host == "known" { Ok(self.0.clone()) } else { Err(io::Error::other("no such name")) }
        }
    }

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    fn name(host: &str, family: Option<Family>) -> Name {
        let book = Book(vec![ip("::9"), ip("127.0.0.3"), ip("127.0.0.2"), ip("127.0.0.3")]);
        Name { names: Names::new(book), host: host.into(), family }
    }

    #[tokio::test]
    async fn addresses_come_in_the_resolvers_order_and_once() {
        assert_eq!(name("known", None).resolve().await, [ip("::9"), ip("127.0.0.3"), ip("127.0.0.2")]);
    }

    #[tokio::test]
    async fn a_family_is_taken_at_its_word() {
        assert_eq!(name("known", Some(Family::Ipv4)).resolve().await, [ip("127.0.0.3"), ip("127.0.0.2")]);
        assert_eq!(name("known", Some(Family::Ipv6)).resolve().await, [ip("::9")]);
    }

    #[tokio::test]
    async fn an_unknown_name_has_no_address() {
        assert!(name("unknown", None).resolve().await.is_empty());
    }

    #[test]
    fn an_address_is_kept_while_the_name_has_it() {
        let found = [ip("127.0.0.3"), ip("127.0.0.2")];
        assert_eq!(keep(None, &found), Some(found[0]));
        assert_eq!(keep(Some(found[1]), &found), Some(found[1]));
        assert_eq!(keep(Some(ip("127.0.0.9")), &found), Some(found[0]));
        assert_eq!(keep(None, &[]), None);
    }

    #[test]
    fn failures_are_retried_soon_then_less_often() {
        let mut pace = Pace::default();
        let pauses: Vec<u128> = (0..7).map(|_| pace.after(false).as_millis()).collect();
        assert_eq!(pauses, [500, 1000, 2000, 4000, 8000, 10000, 10000]);
        assert_eq!(pace.after(true), STEADY);
        assert_eq!(pace.after(false), FIRST_RETRY);
    }
}
