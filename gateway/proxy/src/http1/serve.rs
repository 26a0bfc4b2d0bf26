//! The life of an HTTP/1 connection: read a head under one deadline, let Pingora's frame judge it, and go on while
//! both sides want to.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tokio::sync::watch;

use super::body::{Body, Piece};
use super::connection::{ClientConnection, IoFailure};
use super::head::{Framing, Head, HeadError, Reader};
use super::session::{H1Session, SessionOptions};
use crate::client::Own;
use crate::connection::{Connection, HeadTimes};
use crate::frame::Frame;
use crate::listener::Route;
use crate::message::Lines;
use crate::refusal::{self, Refused};
use crate::track::Event;

/// What a client says that knows in advance that HTTP/2 is spoken here (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// How long a kept connection that is idle may still bring a request after a stop: closing it at once would lose
/// one that is on its way.
const DRAIN_IDLE: Duration = Duration::from_secs(1);
/// How long what a client still sends is read after the last answer.
const LINGER: Duration = Duration::from_secs(1);

/// What came in place of a request.
enum End {
    /// Another protocol.
    Http2,
    /// The connection ends without a word.
    Silent,
    Refused(Refusal),
}

/// Why there is no request, as HAProxy answers and logs it.
struct Refusal {
    status: u16,
    code: [u8; 2],
    /// Whether any byte of a request had come.
    bytes_came: bool,
}

/// Serves a client connection until it ends. What is not needed while it waits for a request is in boxes, so that the
/// future is small.
pub(crate) async fn serve(mut client: Box<ClientConnection>, app: &Arc<Frame>) {
    let connection = client.facts().clone();
    // One wait for all idle times: it enters the list of those to be woken once.
    let mut drained = pin!(drained(connection.listener.stopped()));
    let mut first = true;
    loop {
        let route = connection.listener.route();
        let head = match next_head(&mut client, &route, first, drained.as_mut()).await {
            Ok(head) => head,
            Err(end) => return Box::pin(end_with(end, client, &route, app)).await,
        };
        let session = Box::new(H1Session::new(client, head, session_options(&route)));
        let back = app.exchange(Own::Http1(session)).await.and_then(Own::into_client);
        let Some(back) = back else { return };
        client = back;
        first = false;
        if connection.flags.hidden.load(Ordering::Relaxed) {
            return client.stream.hide();
        }
        if !client.reusable {
            let fin = route.frontend.model().timeouts.client_fin.unwrap_or(LINGER);
            return Box::pin(client.close(fin.min(LINGER))).await;
        }
    }
}

/// Does what is done in place of a next request.
async fn end_with(end: End, mut client: Box<ClientConnection>, route: &Route, app: &Arc<Frame>) {
    let connection = client.facts().clone();
    match end {
        End::Silent => {}
        End::Http2 => {
            Box::pin(crate::http2::serve::serve(client.into_http2(), app)).await;
        }
        End::Refused(refusal) => {
            refuse(&mut client, route, &connection, &refusal).await;
            client.close(LINGER).await;
        }
    }
}

fn session_options(route: &Route) -> SessionOptions {
    let model = route.frontend.model();
    SessionOptions {
        client: model.timeouts.client,
        keep_alive: model.options.connection != config::model::ConnectionMode::Close,
    }
}

/// Waits for the next head: its first byte, then the rest of it, each under its deadline.
async fn next_head(
    client: &mut ClientConnection,
    route: &Route,
    first: bool,
    drained: Pin<&mut impl Future<Output = ()>>,
) -> Result<Head, End> {
    let begun = Instant::now();
    let idle_since = if first { client.facts().accepted + client.facts().handshake } else { begun };
    if client.input.is_empty() {
        client.rest();
        match first_bytes(client, route, first, drained).await {
            Ok(true) => {}
            Ok(false) => return Err(End::Silent),
            Err(refusal) => return Err(End::Refused(refusal)),
        }
    }
    let (first_byte, first_byte_at) = (Instant::now(), SystemTime::now());
    let from = if first { idle_since } else { first_byte };
    let (mut head, complete) = match read_head(client, route, from, first).await {
        Ok(Some((head, _))) if has_bad_chunk(client, &head) => {
            return Err(End::Refused(Refusal { status: 400, code: *b"PR", bytes_came: true }));
        }
        Ok(Some(read)) => read,
        Ok(None) => return Err(End::Http2),
        Err(refusal) => return Err(End::Refused(refusal)),
    };
    *client.facts().head.lock() = HeadTimes {
        idle: first_byte.duration_since(idle_since),
        first_byte,
        first_byte_at,
        complete: complete.unwrap_or(first_byte),
        line: std::mem::take(&mut head.line),
        request: Some(std::mem::take(&mut head.request)),
    };
    Ok(head)
}

/// Waits for the first bytes of a request. False is an idle connection that ends without a word.
async fn first_bytes(
    client: &mut ClientConnection,
    route: &Route,
    first: bool,
    drained: Pin<&mut impl Future<Output = ()>>,
) -> Result<bool, Refusal> {
    let timeouts = &route.frontend.model().timeouts;
    let patience = if first {
        timeouts.http_request.or(timeouts.client)
    } else {
        timeouts.http_keep_alive.or(timeouts.http_request).or(timeouts.client)
    };
    let came = if first {
        client.fill(patience).await
    } else {
        tokio::select! {
            biased;
            came = client.fill(patience) => came,
            () = drained => return Ok(false),
        }
    };
    match came {
        Ok(0) | Err(IoFailure::Socket(_)) if !first => Ok(false),
        Err(IoFailure::TimedOut) if !first => Ok(false),
        Ok(0) => Err(Refusal { status: 400, code: *b"CR", bytes_came: false }),
        Ok(_) => Ok(true),
        Err(IoFailure::TimedOut) => Err(Refusal { status: 408, code: *b"cR", bytes_came: false }),
        Err(IoFailure::Socket(_)) => Err(Refusal { status: 400, code: *b"CR", bytes_came: false }),
    }
}

/// A stop was asked for, and a moment has passed in which the next request could come.
async fn drained(mut stopped: watch::Receiver<bool>) {
    // The sender lives as long as the listener's state, which the connection holds.
    let _ = stopped.wait_for(|stopped| *stopped).await;
    tokio::time::sleep(DRAIN_IDLE).await;
}

/// Reads until the head is whole, and says when it was if it had to be waited for; `None` is the preface of HTTP/2,
/// left in the input.
async fn read_head(
    client: &mut ClientConnection,
    route: &Route,
    from: Instant,
    first: bool,
) -> Result<Option<(Head, Option<Instant>)>, Refusal> {
    let timeouts = &route.frontend.model().timeouts;
    let deadline = timeouts.http_request.map(|patience| from + patience);
    let (mut reader, mut complete) = (Reader::default(), None);
    loop {
        if first && PREFACE.starts_with(&client.input[..client.input.len().min(PREFACE.len())]) {
            if client.input.len() >= PREFACE.len() {
                let spoken = route.proto().is_none();
                return if spoken {
                    Ok(None)
                } else {
                    Err(refusal_of(HeadError::Invalid("HTTP/2, where 'proto h1' is said")))
                };
            }
        } else {
            match reader.take(&mut client.input, &route.frontend.limits) {
                Ok(Some(head)) => return Ok(Some((head, complete))),
                Ok(None) => {}
                Err(error) => return Err(refusal_of(error)),
            }
        }
        let patience = deadline
            .map_or(timeouts.client, |deadline| Some(deadline.saturating_duration_since(Instant::now())));
        match client.fill(patience).await {
            Ok(0) => return Err(Refusal { status: 400, code: *b"CR", bytes_came: true }),
            Ok(_) => complete = Some(Instant::now()),
            Err(IoFailure::TimedOut) => return Err(Refusal { status: 408, code: *b"cR", bytes_came: true }),
            Err(IoFailure::Socket(_)) => return Err(Refusal { status: 400, code: *b"CR", bytes_came: true }),
        }
    }
}

/// Whether what came of a chunked body with its head is broken already: then no server need hear of it.
fn has_bad_chunk(client: &ClientConnection, head: &Head) -> bool {
    if head.framing != Framing::Chunked || client.input.is_empty() {
        return false;
    }
    let (mut body, mut input, mut trailers) =
        (Body::from(head.framing), client.input.clone(), Lines::default());
    loop {
        match body.take(&mut input, &mut trailers) {
            Ok(Piece::Data(_)) => {}
            Ok(Piece::NeedMore | Piece::End) => return false,
            Err(_) => return true,
        }
    }
}

fn refusal_of(error: HeadError) -> Refusal {
    let status = match error {
        HeadError::Invalid(_) | HeadError::TooManyHeaders => 400,
        HeadError::TooLarge => 431,
        HeadError::UnexpectedPayload => 413,
        HeadError::UnknownCoding => 422,
    };
    log::debug!("a request was refused with {status}: {error}");
    Refusal { status, code: *b"PR", bytes_came: true }
}

/// Answers what is no request, counts it and logs it.
async fn refuse(client: &mut ClientConnection, route: &Route, connection: &Connection, refusal: &Refusal) {
    let frontend = &route.frontend;
    let options = &frontend.model().options;
    refusal::count(route);
    let probe = !refusal.bytes_came;
    if !(probe && options.ignore_probes) {
        count_tracked(route, connection, refusal);
    }
    if refusal.status != 0 && !(probe && options.ignore_probes) {
        let page = frontend.pages.raw(refusal.status);
        if let Err(error) = client.write_out(&page, frontend.model().timeouts.client).await {
            log::debug!("answering a bad request: {error}");
        } else {
            frontend.counters.response(refusal.status);
        }
    }
    if probe && (options.dontlognull || options.ignore_probes) {
        return;
    }
    let status = (refusal.status != 0).then_some(refusal.status);
    refusal::log(route, connection, Refused { status, code: refusal.code, timed: true });
}

/// What is tracked for the connection counts what is no request, too: as an error where it did not merely take too long.
fn count_tracked(route: &Route, connection: &Connection, refusal: &Refusal) {
    if connection.trackers.is_empty() {
        return;
    }
    let now = route.runtime.tables.now();
    connection.trackers.count(now, Event::Request);
    if refusal.status != 408 {
        connection.trackers.count(now, Event::Error);
    }
}

/// Milliseconds as the log counts them.
pub fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
