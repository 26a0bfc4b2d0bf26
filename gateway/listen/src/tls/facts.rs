//! What a handshake settled, in the words that expressions and logs use.

use rustls::{ProtocolVersion, ServerConnection};

use super::names;

/// What a finished handshake settled.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The server name that the client asked for (`ssl_fc_sni`).
    pub sni: Option<String>,
    /// OpenSSL's name of the version, e.g. `TLSv1.3` (`ssl_fc_protocol`).
    pub version: &'static str,
    /// OpenSSL's name of the cipher suite (`ssl_fc_cipher`).
    pub cipher: &'static str,
    /// The application protocol agreed on (`ssl_fc_alpn`).
    pub alpn: Option<String>,
    /// Whether an earlier session was resumed (`ssl_fc_is_resumed`).
    pub resumed: bool,
    /// The client's certificate in DER, if it gave one (`ssl_c_der`).
    pub client_certificate: Option<Vec<u8>>,
}

impl Facts {
    pub(super) fn of(connection: &ServerConnection) -> Self {
        let suite = connection.negotiated_cipher_suite().map(|suite| suite.suite());
        Self {
            sni: connection.server_name().map(str::to_owned),
            version: match connection.protocol_version() {
                Some(ProtocolVersion::TLSv1_3) => "TLSv1.3",
                Some(ProtocolVersion::TLSv1_2) => "TLSv1.2",
                _ => "",
            },
            cipher: suite.and_then(names::cipher_name).unwrap_or_default(),
            alpn: connection.alpn_protocol().map(|name| String::from_utf8_lossy(name).into_owned()),
            resumed: connection.handshake_kind() == Some(rustls::HandshakeKind::Resumed),
            client_certificate: connection
                .peer_certificates()
                .and_then(|chain| Some(chain.first()?.to_vec())),
        }
    }

    /// Whether the client chose HTTP/2.
    pub fn is_h2(&self) -> bool {
        self.alpn.as_deref() == Some("h2")
    }
}
