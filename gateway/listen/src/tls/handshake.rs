//! The server's side of a handshake, with OpenSSL's manners where rustls has its own: a name that `strict-sni` refuses
//! gets `unrecognized_name`, and an ALPN offer without anything known is passed over.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::server::{Acceptor, ClientHello};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio_rustls::{LazyConfigAcceptor, StartHandshake};

use super::watch::watch;
use super::{Facts, Refusal, Shown, Tls};

/// An encrypted connection.
pub type TlsStream<IO> = tokio_rustls::server::TlsStream<IO>;

/// Why a handshake failed.
#[derive(Debug)]
pub enum HandshakeError {
    /// The client left, or the connection broke, before the first byte of the handshake was complete.
    Closed(io::Error),
    /// The client said something that cannot be agreed to.
    Failed(io::Error),
    /// The client's certificate is not trusted.
    Untrusted(Box<Shown>, Refusal),
    /// `strict-sni`: no certificate has the name the client asked for, or it asked for none.
    UnknownName(Option<String>),
}

impl std::fmt::Display for HandshakeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Closed(error) => write!(f, "Connection closed during SSL handshake ({error})"),
            Self::Failed(error) => write!(f, "SSL handshake failure ({error})"),
            Self::Untrusted(_, refusal) => write!(f, "SSL handshake failure ({refusal})"),
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

impl HandshakeError {
    /// Why a handshake failed in which a certificate may have been shown.
    fn of(error: io::Error, shown: Option<Box<Shown>>) -> Self {
        match shown.map(|shown| (shown.refusal, shown)) {
            Some((Some(refusal), shown)) => Self::Untrusted(shown, refusal),
            _ => error.into(),
        }
    }
}

impl Tls {
    /// Does the handshake. The caller sets the deadline (`timeout client`, or `timeout http-request`).
    pub async fn handshake<IO>(&self, io: IO) -> Result<(TlsStream<IO>, Facts), HandshakeError>
    where
        IO: AsyncRead + AsyncWrite + Unpin,
    {
        let recorder = Recorder { io, seen: Vec::new(), capacity: self.hello_capacity };
        let start = LazyConfigAcceptor::new(Acceptor::default(), recorder).await?;
        let Recorder { io, seen, .. } = start.io;
        let start = StartHandshake::from_parts(start.accepted, io);
        let hello = start.client_hello();
        if self.strict_sni && !hello.server_name().is_some_and(|name| self.store.has(name)) {
            let name = hello.server_name().map(str::to_owned);
            refuse_name(start.io).await;
            return Err(HandshakeError::UnknownName(name));
        }
        let config = if self.shares_protocol(&hello) { &self.config } else { &self.without_alpn };
        let config = config.clone();
        let own = self.store.choose(hello.server_name(), hello.signature_schemes());
        if !self.watches {
            let stream = start.into_stream(config).await?;
            let facts = Facts::of(stream.get_ref().1, own.as_deref(), seen);
            return Ok((stream, facts));
        }
        // much of a handshake happens when the hello is answered, before anything is waited for
        let (outcome, watched) = watch(async { start.into_stream(config).await }).await;
        let stream = match outcome {
            Ok(stream) => stream,
            Err(error) => return Err(HandshakeError::of(error, watched.shown)),
        };
        let connection = stream.get_ref().1;
        let facts = Facts::of(connection, own.as_deref(), seen);
        let facts = facts.with(watched, connection, self.verifier.as_deref());
        Ok((stream, facts))
    }

    fn shares_protocol(&self, hello: &ClientHello<'_>) -> bool {
        let ours = &self.config.alpn_protocols;
        hello.alpn().is_none_or(|mut offers| offers.any(|offer| ours.iter().any(|name| name == offer)))
    }
}

/// A connection that keeps the first bytes that are read from it.
struct Recorder<IO> {
    io: IO,
    seen: Vec<u8>,
    capacity: usize,
}

impl<IO: AsyncRead + Unpin> AsyncRead for Recorder<IO> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        let polled = Pin::new(&mut this.io).poll_read(cx, buf);
        let (new, room) = (&buf.filled()[before..], this.capacity - this.seen.len());
        this.seen.extend_from_slice(&new[..new.len().min(room)]);
        polled
    }
}

impl<IO: AsyncWrite + Unpin> AsyncWrite for Recorder<IO> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().io).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().io).poll_shutdown(cx)
    }
}

/// A fatal `unrecognized_name` (RFC 6066, 3; RFC 8446, 6) in a record of its own; nothing is encrypted yet.
async fn refuse_name<IO: AsyncWrite + Unpin>(mut io: IO) {
    const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];
    // The client may be gone already; there is nobody else to tell.
    let _ = io.write_all(&ALERT).await;
    let _ = io.shutdown().await;
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use config::model::{BindTls, Global, TlsVersion};
    use rcgen::{CertificateParams, KeyPair};
    use rustls::crypto::aws_lc_rs::default_provider;
    use rustls::pki_types::{CertificateDer, ServerName};
    use rustls::{ClientConfig, RootCertStore};
    use tokio_rustls::TlsConnector;

    use super::*;

    /// A certificate file for `names` and the certificate in it.
    fn certificate(test: &str, names: &[&str]) -> (std::path::PathBuf, CertificateDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let certificate = CertificateParams::new(names).unwrap().self_signed(&key).unwrap();
        let path = std::env::temp_dir().join(format!("listen-handshake-{test}-{}", std::process::id()));
        std::fs::write(&path, certificate.pem() + &key.serialize_pem()).unwrap();
        (path, certificate.der().clone())
    }

    struct Case {
        bind: BindTls,
        root: CertificateDer<'static>,
    }

    impl Case {
        fn new(test: &str, bind: BindTls) -> Self {
            let (path, root) = certificate(test, &["a.test", "*.b.test"]);
            Self { bind: BindTls { certificates: vec![path], ..bind }, root }
        }

        /// A handshake for `name` with these ALPN offers, as the server and the client see it.
        fn shake(&self, name: &str, alpn: &[&str]) -> (Result<Facts, String>, Result<(), String>) {
            let (tls, _) = Tls::build(&self.bind, &Global::default()).unwrap();
            let mut roots = RootCertStore::empty();
            roots.add(self.root.clone()).unwrap();
            let client = ClientConfig::builder_with_provider(Arc::new(default_provider()));
            let client = client.with_safe_default_protocol_versions().unwrap();
            let mut client = client.with_root_certificates(roots).with_no_client_auth();
            client.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
            let connector = TlsConnector::from(Arc::new(client));
            let name = ServerName::try_from(name.to_owned()).unwrap();
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let (near, far) = tokio::io::duplex(64 * 1024);
                let (server, client) = tokio::join!(tls.handshake(near), connector.connect(name, far));
                (
                    server.map(|(_, facts)| facts).map_err(|error| error.to_string()),
                    client.map(drop).map_err(|error| error.to_string()),
                )
            })
        }
    }

    impl Drop for Case {
        fn drop(&mut self) {
            self.bind.certificates.iter().for_each(|path| drop(std::fs::remove_file(path)));
        }
    }

    fn with_alpn() -> BindTls {
        BindTls { alpn: vec!["h2".to_owned(), "http/1.1".to_owned()], ..BindTls::default() }
    }

    #[test]
    fn facts_are_in_openssls_words() {
        let facts = Case::new("facts", with_alpn()).shake("a.test", &["http/1.1", "h2"]).0.unwrap();
        assert_eq!((facts.version, facts.cipher), ("TLSv1.3", "TLS_AES_256_GCM_SHA384"));
        assert!(facts.own_certificate.as_ref().is_some_and(|der| der.starts_with(&[0x30, 0x82])));
        assert_eq!((facts.hello.len(), &facts.hello[..2]), (super::super::HELLO_BEGINNING, &[22, 3][..]));
        assert_eq!(
            (facts.sni.as_deref(), facts.alpn.as_deref(), facts.is_h2()),
            (Some("a.test"), Some("h2"), true)
        );
        let old = BindTls { max: Some(TlsVersion::Tls12), ..BindTls::default() };
        let facts = Case::new("facts12", old).shake("x.b.test", &["h2"]).0.unwrap();
        assert_eq!((facts.version, facts.cipher), ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"));
        assert_eq!(facts.alpn, None);
    }

    #[test]
    fn an_offer_of_unknown_protocols_is_passed_over() {
        let facts = Case::new("alpn", with_alpn()).shake("a.test", &["foo"]).0.unwrap();
        assert_eq!(facts.alpn, None);
    }

    #[test]
    fn strict_sni_answers_a_strange_name_with_an_alert() {
        let case = Case::new("strict", BindTls { strict_sni: true, ..BindTls::default() });
        let (server, client) = case.shake("c.test", &[]);
        assert!(server.unwrap_err().contains("no certificate for 'c.test'"));
        assert!(client.unwrap_err().contains("UnrecognisedName"));
        assert!(case.shake("127.0.0.1", &[]).0.unwrap_err().contains("no server name"));
        assert!(case.shake("a.test", &[]).0.is_ok());
    }
}
