//! What a handshake lets slip while it goes on, and nobody can ask for afterwards: the certificate that the client showed,
//! the secrets that `tune.ssl.keylog` lets be told, the id of a new session.

use std::cell::RefCell;
use std::sync::Arc;

use rustls::KeyLog;
use rustls::server::{ServerSessionMemoryCache, StoresServerSessions};

use super::client::Shown;

tokio::task_local! {
    /// Where it is left: whoever waits for the handshake takes it from here.
    static WATCHED: RefCell<Watched>;
}

/// The secrets that are told, by the names that they have in key log files. Early data is never accepted, so there are
/// none of it.
const SECRETS: &[&str] = &[
    "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    "CLIENT_TRAFFIC_SECRET_0",
    "SERVER_TRAFFIC_SECRET_0",
    "EXPORTER_SECRET",
    "CLIENT_RANDOM",
];

/// What was seen of one handshake.
#[derive(Debug, Default)]
pub(super) struct Watched {
    pub(super) shown: Option<Box<Shown>>,
    pub(super) secrets: Vec<(&'static str, Vec<u8>)>,
    pub(super) session: Vec<u8>,
}

/// Waits for a handshake.
pub(super) async fn watch<F: Future>(handshake: F) -> (F::Output, Watched) {
    let mut handshake = std::pin::pin!(WATCHED.scope(RefCell::default(), handshake));
    let outcome = handshake.as_mut().await;
    (outcome, handshake.take_value().map(RefCell::into_inner).unwrap_or_default())
}

/// Notes something where a handshake is watched.
pub(super) fn note(change: impl FnOnce(&mut Watched)) {
    // nobody waits for it where only the handshake's own outcome counts
    let _ = WATCHED.try_with(|watched| change(&mut watched.borrow_mut()));
}

/// Notes secrets; they are written nowhere.
#[derive(Debug)]
pub(super) struct Secrets;

impl KeyLog for Secrets {
    fn log(&self, label: &str, _: &[u8], secret: &[u8]) {
        let Some(label) = SECRETS.iter().find(|known| **known == label) else { return };
        note(|watched| watched.secrets.push((label, secret.to_vec())));
    }

    fn will_log(&self, label: &str) -> bool {
        SECRETS.contains(&label)
    }
}

/// Keeps sessions, and notes the id of each new one.
#[derive(Debug)]
pub(super) struct Sessions(Arc<ServerSessionMemoryCache>);

impl Sessions {
    /// Of so many at most.
    pub(super) fn new(capacity: usize) -> Arc<Self> {
        Arc::new(Self(ServerSessionMemoryCache::new(capacity)))
    }
}

impl StoresServerSessions for Sessions {
    fn put(&self, key: Vec<u8>, value: Vec<u8>) -> bool {
        note(|watched| watched.session.clone_from(&key));
        self.0.put(key, value)
    }

    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key)
    }

    fn take(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.take(key)
    }

    fn can_cache(&self) -> bool {
        self.0.can_cache()
    }
}
