//! What a handshake settled, in the words that expressions and logs use.

use rustls::pki_types::UnixTime;
use rustls::sign::CertifiedKey;
use rustls::{ProtocolVersion, ServerConnection};

use super::client::ClientVerifier;
use super::watch::Watched;
use super::{Shown, Verdict, names};

/// What a finished handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The server name that the client asked for (`ssl_fc_sni`).
    pub sni: Option<String>,
    /// OpenSSL's name of the version, e.g. `TLSv1.3` (`ssl_fc_protocol`).
    pub version: &'static str,
    /// OpenSSL's name of the cipher suite (`ssl_fc_cipher`).
    pub cipher: &'static str,
    /// OpenSSL's name of the group of the key exchange (`ssl_fc_curve`).
    pub group: &'static str,
    /// The application protocol agreed on (`ssl_fc_alpn`).
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed (`ssl_fc_is_resumed`).
    pub resumed: bool,
    /// The client's certificate in DER, if it gave one (`ssl_c_der`).
    pub client_certificate: Option<Vec<u8>>,
    /// What that certificate came to.
    pub verdict: Verdict,
    /// The certificates that it gave with it, one behind the other (`ssl_c_chain_der`).
    pub client_chain: Vec<u8>,
    /// The certificate that the client was shown, in DER (`ssl_f_der`).
    pub own_certificate: Option<Vec<u8>>,
    /// The id of the session, where it has one and that is known (`ssl_fc_session_id`): in TLS 1.2.
    pub session: Vec<u8>,
    /// The secrets that `tune.ssl.keylog` lets be told, by their names in key log files.
    pub secrets: Vec<(&'static str, Vec<u8>)>,
    /// The first bytes that the client sent: its hello, or the beginning of it.
    pub hello: Vec<u8>,
}

impl Facts {
    /// Of a connection whose hello began like this.
    pub(super) fn of(connection: &ServerConnection, own: Option<&CertifiedKey>, hello: Vec<u8>) -> Self {
        let group = connection.negotiated_key_exchange_group().map(|group| group.name());
        let resumed = connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed);
        let is_12 = connection.protocol_version() == Some(ProtocolVersion::TLSv1_2);
        let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
        Self {
            sni: connection.server_name().map(str::to_owned),
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "",
            },
            cipher: suite.and_then(names::cipher_name).unwrap_or_default(),
            group: group.and_then(names::group_name).unwrap_or_default(),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed,
            client_certificate: None,
            verdict: Verdict::default(),
            client_chain: Vec::new(),
            own_certificate: own.and_then(|key| Some(key.cert.first()?.to_vec())),
            session: if resumed && is_12 { asked_session(&hello) } else { Vec::new() },
            secrets: Vec::new(),
            hello,
        }
    }

    /// With what its handshake let slip.
    pub(super) fn with(
        self,
        watched: Watched,
        connection: &ServerConnection,
        verifier: Option<&ClientVerifier>,
    ) -> Self {
        let Watched { shown, secrets, session } = watched;
        let session = if session.is_empty() { self.session } else { session };
        let this = Self { session, secrets, ..self };
        match (shown, verifier) {
            (Some(shown), _) => this.showing(*shown),
            (None, Some(verifier)) => this.remembering(connection, verifier),
            (None, None) => this,
        }
    }

    /// With the certificate that was shown in this handshake.
    fn showing(self, shown: Shown) -> Self {
        let Shown { verdict, certificate, chain, .. } = shown;
        Self { client_certificate: Some(certificate), verdict, client_chain: chain, ..self }
    }

    /// With the certificate that an earlier session was given: it is judged again, as nothing keeps what was found then.
    fn remembering(self, connection: &ServerConnection, verifier: &ClientVerifier) -> Self {
        let Some((first, rest)) = connection.peer_certificates().and_then(<[_]>::split_first) else {
            return self;
        };
        let verdict = verifier.judge(first, rest, UnixTime::now()).0.resumed();
        Self { client_certificate: Some(first.to_vec()), verdict, ..self }
    }

    /// Whether the client chose HTTP/2.
    pub fn is_h2(&self) -> bool {
        self.alpn.as_deref() == Some("h2")
    }
}

/// The id of the session that a hello wants to take up again: it stands behind the random.
fn asked_session(hello: &[u8]) -> Vec<u8> {
    let asked = hello.get(43..).and_then(<[_]>::split_first);
    asked.and_then(|(length, rest)| rest.get(..usize::from(*length))).unwrap_or_default().to_vec()
}
