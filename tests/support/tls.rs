//! Certificates made on the spot, and a TLS client that reports what it was shown instead of judging it.

use super::client::Client;
use super::deadline::PATIENCE;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, DigitallySignedStruct, SignatureScheme, StreamOwned};
use rustls::{SupportedProtocolVersion, version};
use std::io::Write;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

/// A certificate for some names, with its key, as one PEM file holds them.
#[derive(Debug)]
pub(crate) struct Certificate {
    pub(crate) pem: String,
    pub(crate) der: Vec<u8>,
}

pub(crate) fn certificate(names: &[&str]) -> Certificate {
    let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("the names are DNS names");
    Certificate {
        pem: format!("{}{}", made.cert.pem(), made.signing_key.serialize_pem()),
        der: made.cert.der().to_vec(),
    }
}

/// What a TLS client asks for.
#[derive(Clone, Debug)]
pub(crate) struct Ask {
    pub(crate) name: Option<&'static str>,
    pub(crate) alpn: Vec<&'static str>,
    pub(crate) versions: Vec<&'static SupportedProtocolVersion>,
}

impl Ask {
    pub(crate) fn name(name: &'static str) -> Self {
        Self { name: Some(name), alpn: Vec::new(), versions: vec![&version::TLS13, &version::TLS12] }
    }
}

/// What a TLS handshake came to.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) certificate: Vec<u8>,
    pub(crate) alpn: Option<String>,
    pub(crate) version: String,
}

/// Makes a TLS connection; the error is the alert or the way the connection ended.
pub(crate) fn connect(addr: SocketAddr, ask: &Ask) -> Result<Session, String> {
    connect_as(addr, ask, None, b"")
}

/// The same for a client that shows a certificate, from a PEM file with its key, and sends a line in clear before.
pub(crate) fn connect_with(addr: SocketAddr, ask: &Ask, pem: &str, line: &[u8]) -> Result<Session, String> {
    connect_as(addr, ask, Some(pem), line)
}

fn connect_as(addr: SocketAddr, ask: &Ask, pem: Option<&str>, line: &[u8]) -> Result<Session, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&ask.versions)
        .map_err(|e| e.to_string())?;
    let verifier = Arc::new(Anything(provider));
    let builder = builder.dangerous().with_custom_certificate_verifier(verifier);
    let mut config = match pem {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let chain = CertificateDer::pem_slice_iter(pem.as_bytes()).collect::<Result<_, _>>();
            let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|e| e.to_string())?;
            let chain = chain.map_err(|e| e.to_string())?;
            builder.with_client_auth_cert(chain, key).map_err(|e| e.to_string())?
        }
    };
    config.enable_sni = ask.name.is_some();
    config.alpn_protocols = ask.alpn.iter().map(|p| p.as_bytes().to_vec()).collect();
    let name = ServerName::try_from(ask.name.unwrap_or("none.test")).map_err(|e| e.to_string())?;
    let connection = ClientConnection::new(Arc::new(config), name).map_err(|e| e.to_string())?;
    let socket = TcpStream::connect_timeout(&addr, PATIENCE).map_err(|e| e.to_string())?;
    socket.set_read_timeout(Some(PATIENCE)).map_err(|e| e.to_string())?;
    (&socket).write_all(line).map_err(|e| e.to_string())?;
    let mut stream = StreamOwned::new(connection, socket);
    while stream.conn.is_handshaking() {
        stream.conn.complete_io(&mut stream.sock).map_err(|e| e.to_string())?;
    }
    Ok(Session {
        certificate: stream.conn.peer_certificates().map(|c| c[0].to_vec()).unwrap_or_default(),
        alpn: stream.conn.alpn_protocol().map(|p| String::from_utf8_lossy(p).into_owned()),
        version: format!("{:?}", stream.conn.protocol_version()),
        client: Client::over(stream),
    })
}

/// Accepts every certificate: the tests compare what they were shown.
#[derive(Debug)]
struct Anything(Arc<CryptoProvider>);

impl ServerCertVerifier for Anything {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, cert, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
