//! The TLS handshake of a connection under its deadline, and what becomes of one that fails.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime};

use listen::tls::{Facts, HandshakeError, Tls, TlsStream, Verdict};
use observe::log::{Endpoint, LogRecord};

use crate::listener::Route;

/// Does the handshake.
///
/// # Errors
/// It failed, or took longer than `patience`.
pub(crate) async fn run(
    tls: &Tls,
    stream: listen::Stream,
    patience: Option<Duration>,
) -> Result<(TlsStream<listen::Stream>, Facts), HandshakeError> {
    let handshake = tls.handshake(stream);
    match patience {
        None => handshake.await,
        Some(patience) => tokio::time::timeout(patience, handshake)
            .await
            .unwrap_or_else(|_| Err(HandshakeError::Closed(ErrorKind::TimedOut.into()))),
    }
}

/// The facts as expressions want them, with so many bytes of the lists of the hello.
pub(crate) fn tls_of(facts: Facts, hello_lists: usize) -> expr::Tls {
    expr::Tls {
        sni: facts.sni,
        version: facts.version.to_owned(),
        cipher: facts.cipher.to_owned(),
        group: facts.group,
        session: facts.session,
        secrets: facts.secrets,
        alpn: facts.alpn,
        resumed: facts.resumed,
        verification: verification(facts.verdict),
        error: None,
        certificate: facts.client_certificate,
        chain: facts.client_chain,
        own_certificate: facts.own_certificate,
        hello: expr::Hello::read(&facts.hello, hello_lists),
    }
}

fn verification(verdict: Verdict) -> expr::Verification {
    let Verdict { last, certificate, authority, depth } = verdict;
    expr::Verification { last, certificate, authority, depth }
}

/// What can be told of a handshake that failed.
fn tls_of_failure(reason: &HandshakeError) -> expr::Tls {
    let HandshakeError::Untrusted(shown, _) = reason else { return expr::Tls::default() };
    expr::Tls {
        verification: verification(shown.verdict),
        error: Some((0x0A00_0086, "error:0A000086:SSL routines::certificate verify failed")),
        certificate: Some(shown.certificate.clone()),
        chain: shown.chain.clone(),
        ..expr::Tls::default()
    }
}

/// Counts and logs a handshake that failed.
pub(crate) fn refuse(
    route: &Route,
    source: Option<SocketAddr>,
    destination: Option<SocketAddr>,
    accepted: SystemTime,
    reason: &HandshakeError,
) {
    log::debug!("{}: {reason}", route.frontend.model().name);
    route.frontend.counters.tls_failed();
    let text = match reason {
        HandshakeError::Closed(error) if error.kind() == ErrorKind::TimedOut => {
            "Timeout during SSL handshake"
        }
        HandshakeError::Closed(_) => "Connection closed during SSL handshake",
        HandshakeError::Untrusted(_, refusal) if refusal.depth > 0 => {
            "SSL client CA chain cannot be verified"
        }
        HandshakeError::Untrusted(..) => "SSL client certificate not trusted",
        HandshakeError::Failed(_) | HandshakeError::UnknownName(_) => "SSL handshake failure",
    };
    let nothing_came = matches!(reason, HandshakeError::Closed(_));
    if nothing_came && route.frontend.model().options.dontlognull {
        return;
    }
    log_failure(route, (source, destination), accepted, text, Some(&tls_of_failure(reason)));
}

/// Logs a connection that never came to a request (configuration.txt 8.2.5).
pub(crate) fn log_failure(
    route: &Route,
    (source, destination): (Option<SocketAddr>, Option<SocketAddr>),
    accepted: SystemTime,
    text: &str,
    tls: Option<&expr::Tls>,
) {
    let number = u32::try_from(route.bind + 1).unwrap_or(u32::MAX);
    let endpoint = |addr: Option<SocketAddr>| addr.map_or(Endpoint::Unix(number), Endpoint::Ip);
    let model = route.frontend.model();
    let record = LogRecord::new(&model.name, endpoint(source), endpoint(destination), accepted);
    let name = route.frontend.listener_names.get(route.bind).filter(|name| !name.is_empty());
    let listener = name.cloned().unwrap_or_else(|| (route.bind + 1).to_string());
    route.frontend.log.connection_error(&record, &listener, (text, tls), &route.runtime.hostname);
}
