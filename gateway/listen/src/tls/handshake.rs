//! The server's side of a handshake, with OpenSSL's manners where rustls has its own: a name that `strict-sni` refuses
//! gets `unrecognized_name`, and an ALPN offer without anything known is passed over.

use std::io;

use rustls::server::{Acceptor, ClientHello};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio_rustls::LazyConfigAcceptor;

use super::{Facts, Tls};

/// An encrypted connection.
pub type TlsStream<IO> = tokio_rustls::server::TlsStream<IO>;

/// Why a handshake failed.
#[derive(Debug)]
pub enum HandshakeError {
    /// The client left, or the connection broke, before the first byte of the handshake was complete.
    Closed(io::Error),
    /// The client said something that cannot be agreed to.
    Failed(io::Error),
    /// `strict-sni`: no certificate has the name the client asked for, or it asked for none.
    UnknownName(Option<String>),
}

impl std::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed(error) => write!(f, "Connection closed during SSL handshake ({error})"),
            Self::Failed(error) => write!(f, "SSL handshake failure ({error})"),
            Self::UnknownName(Some(name)) => write!(f, "SSL handshake failure (no certificate for '{name}')"),
            Self::UnknownName(None) => f.write_str("SSL handshake failure (no server name)"),
        }
    }
}

impl std::error::Error for HandshakeError {}

impl From<io::Error> for HandshakeError {
    fn from(error: io::Error) -> Self {
        // rustls' own complaints come as `InvalidData`; everything else is the connection's.
        if error.kind() == io::ErrorKind::InvalidData { Self::Failed(error) } else { Self::Closed(error) }
    }
}

impl Tls {
    /// Does the handshake. The caller sets the deadline (`timeout client`, or `timeout http-request`).
    pub async fn handshake<IO>(&self, io: IO) -> Result<(TlsStream<IO>, Facts), HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let start = LazyConfigAcceptor::new(Acceptor::default(), io).await?;
        let hello = start.client_hello();
        if self.strict_sni && !hello.server_name().is_some_and(|name| self.store.has(name)) {
            let name = hello.server_name().map(str::to_owned);
            refuse_name(start.io).await;
            return Err(HandshakeError::UnknownName(name));
        }
        let config = if self.shares_protocol(&hello) { &self.config } else { &self.without_alpn };
        let config = config.clone();
        let stream = start.into_stream(config).await?;
        let facts = Facts::of(stream.get_ref().1);
        Ok((stream, facts))
    }

    fn shares_protocol(&self, hello: &ClientHello<'_>) -> bool {
        let ours = &self.config.alpn_protocols;
        hello.alpn().is_none_or(|mut offers| offers.any(|offer| ours.iter().any(|name| name == offer)))
    }
}

/// A fatal `unrecognized_name` (RFC 6066, 3; RFC 8446, 6) in a record of its own; nothing is encrypted yet.
async fn refuse_name<IO: AsyncWrite + Unpin>(mut io: IO) {
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
    // The client may be gone already; there is nobody else to tell.
    let _ = io.write_all(&ALERT).await;
    let _ = io.shutdown().await;
}
