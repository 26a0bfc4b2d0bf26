//! TLS towards the client: certificates, settings in OpenSSL's words, the handshake and what it yields.
//!
//! rustls with the aws-lc-rs provider does the work. What it will not do is warned of by name (below TLS 1.2, CBC,
//! DHE, RSA key exchange). It also refuses a client hello whose server name is not a DNS name (`host:443`, a
//! leading hyphen, a blank) with the alert `illegal_parameter`, where OpenSSL passes on any bytes; a name that is an
//! address counts as none, and `ssl_fc_sni` has nothing of it. There is no setting for this, and a hello that is changed
//! before rustls reads it has another hash than the one that the client signs. The one way left is to change it and to
//! give rustls hashes that change it back, in each cipher suite: a change of how handshakes are hashed for clients that
//! RFC 6066 calls wrong, and not done here.

mod client;
mod facts;
mod handshake;
mod names;
mod pem;
mod settings;
mod store;
mod watch;

use std::path::Path;
use std::sync::Arc;

use config::model::{BindTls, Global};
use rustls::ServerConfig;

pub use client::{Refusal, Shown, Verdict};
pub use facts::Facts;
pub use handshake::{HandshakeError, TlsStream};
pub use store::Store;

/// Why a TLS configuration cannot be used, in HAProxy's words: a file and the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsError(String);

impl TlsError {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For a file: `unable to load certificate from file 'x.pem': reason`.
    pub(crate) fn file(what: &str, path: &Path, reason: impl std::fmt::Display) -> Self {
        Self(format!("{what} '{}' : {reason}", path.display()))
    }
}

impl std::fmt::Display for TlsError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for TlsError {}

/// All that a `bind … ssl` line means, ready for handshakes. Immutable: a reload builds the next one and keeps this
/// one where that fails.
#[derive(Debug)]
pub struct Tls {
    pub(crate) config: Arc<ServerConfig>,
    /// The same without ALPN, for clients whose offers are all unknown here: OpenSSL goes on without, rustls refuses.
    pub(crate) without_alpn: Arc<ServerConfig>,
    pub(crate) store: Arc<Store>,
    pub(crate) strict_sni: bool,
    /// Who judges clients' certificates, where they are asked for.
    verifier: Option<Arc<client::ClientVerifier>>,
    /// Whether handshakes let slip something that has to be kept.
    watches: bool,
    /// How many bytes of a client's hello are kept.
    pub(crate) hello_capacity: usize,
}

/// A hello up to the id of a session that the client wants to take up again.
pub(crate) const HELLO_BEGINNING: usize = 5 + 4 + 2 + 32 + 1 + 32;
/// The longest record there is (RFC 8446, 5.1), and what is around it.
pub(crate) const HELLO_WHOLE: usize = 5 + (1 << 14);

impl Tls {
    /// Reads the certificates and builds the settings of one `bind` line. The warnings are whole sentences.
    pub fn build(bind: &BindTls, global: &Global) -> Result<(Self, Vec<String>), TlsError> {
        settings::build(bind, global)
    }

    /// The certificates.
    pub fn store(&self) -> &Store {
        &self.store
    }
}
