//! The life of an HTTP/2 connection: its streams are served beside one another until the client leaves, is silent for too
//! long, or a stop tells it to go.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use bytes::Bytes;
use h2::server::{Builder, Connection as Streams, SendResponse};
use h2::{Reason, RecvStream};
use http::Request;
use parking_lot::Mutex;

use super::resets::{Resets, Watched};
use super::session::{H2Session, protocol};
use crate::alarm::Alarm;
use crate::client::Own;
use crate::connection::Connection;
use crate::frame::Frame;
use crate::http1::body::is_token_byte;
use crate::http1::head::decimal;
use crate::refusal::{self, Refused};
use crate::stream::FrontStream;

/// Streams that a client may have open at once: `tune.h2.max-concurrent-streams` as HAProxy sets it.
const MOST_STREAMS: u32 = 100;
/// What all lines of a head may take (RFC 9113, 6.5.2).
const MOST_HEAD: u32 = 64 * 1024;
/// The last streams that were taken over: more than can be open.
const REMEMBERED: usize = 2 * MOST_STREAMS as usize;

/// A request, and the way back.
type Arrival = (Request<RecvStream>, SendResponse<Bytes>);

/// What happens on a connection.
#[expect(
    clippy::large_enum_variant,
    reason = "there is one at a time; a box would be an allocation for each request"
)]
enum Event {
    Arrived(Arrival),
    /// The library has refused requests by itself.
    Refused(Vec<u32>),
    /// It can go on no more.
    Failed(h2::Error),
    Ended,
}

/// The requests that are under way on one connection.
#[derive(Debug)]
struct Busy {
    open: AtomicUsize,
    /// When the last one ended.
    since: Mutex<Instant>,
}

/// One of them, until it is dropped.
struct Guard(Arc<Busy>);

impl Drop for Guard {
    fn drop(&mut self) {
        *self.0.since.lock() = Instant::now();
        self.0.open.fetch_sub(1, Ordering::AcqRel);
    }
}

impl Busy {
    fn begin(self: &Arc<Self>) -> Guard {
        self.open.fetch_add(1, Ordering::AcqRel);
        Guard(self.clone())
    }

    /// How long nothing may still happen before the connection has been idle for `patience`.
    fn left(&self, patience: Duration) -> Duration {
        if self.open.load(Ordering::Acquire) > 0 {
            return patience;
        }
        patience.saturating_sub(self.since.lock().elapsed())
    }
}

/// A client connection on which HTTP/2 is spoken.
struct Served {
    facts: Arc<Connection>,
    streams: Streams<Watched<FrontStream>, Bytes>,
    resets: Resets,
    /// The streams that were taken over of late: what becomes of them their requests tell.
    taken: VecDeque<u32>,
    busy: Arc<Busy>,
    alarm: Alarm,
}

/// Serves a client connection until it ends.
pub(crate) async fn serve(stream: FrontStream, app: &Arc<Frame>) {
    let facts = stream.connection().clone();
    let (stream, resets) = Watched::new(stream);
    let mut builder = Builder::new();
    builder.max_concurrent_streams(MOST_STREAMS).max_header_list_size(MOST_HEAD);
    if facts.listener.route().runtime.model.global.announces_websockets() {
        builder.enable_connect_protocol();
    }
    let streams = match builder.handshake(stream).await {
        Ok(streams) => streams,
        Err(error) => {
            if error.is_library() {
                refuse(&facts);
            }
            return log::debug!("the beginning of HTTP/2: {error}");
        }
    };
    let busy = Arc::new(Busy { open: AtomicUsize::new(0), since: Mutex::new(Instant::now()) });
    let served = Served { facts, streams, resets, taken: VecDeque::new(), busy, alarm: Alarm::default() };
    served.run(app).await;
}

impl Served {
    async fn run(mut self, app: &Arc<Frame>) {
        let mut stopped = self.facts.listener.stopped();
        let mut stop = pin!(async move {
            // The sender lives as long as the listener's state, which the connection holds.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        });
        let mut told = false;
        loop {
            let event = tokio::select! {
                biased;
                () = stop.as_mut(), if !told => {
                    self.streams.graceful_shutdown();
                    told = true;
                    continue;
                }
                event = self.next() => event,
            };
            match event {
                Event::Arrived(arrival) => self.take(arrival, app),
                Event::Refused(streams) => streams.iter().for_each(|_| self.refuse()),
                Event::Failed(error) => {
                    // What cannot even be read ends the connection: a head among it is a request that is refused.
                    if error.is_library() && error.is_go_away() {
                        self.refuse();
                    }
                    return log::debug!("an HTTP/2 connection has failed: {error}");
                }
                Event::Ended => return,
            }
        }
    }

    /// The next event. A connection without requests is kept for `timeout client`.
    async fn next(&mut self) -> Event {
        loop {
            let route = self.facts.listener.route();
            let patience = route.frontend.model().timeouts.client;
            let wait = patience.map(|patience| self.busy.left(patience));
            let Self { streams, resets, taken, .. } = self;
            let happens = poll_fn(|cx| match streams.poll_accept(cx) {
                Poll::Ready(Some(Ok(arrival))) => Poll::Ready(Event::Arrived(arrival)),
                Poll::Ready(Some(Err(error))) => Poll::Ready(Event::Failed(error)),
                Poll::Ready(None) => Poll::Ready(Event::Ended),
                // By now all that came is known: what was reset and never arrived was refused by the library.
                Poll::Pending => {
                    let mut reset = std::mem::take(&mut *resets.lock());
                    reset.retain(|stream| !taken.contains(stream));
                    if reset.is_empty() { Poll::Pending } else { Poll::Ready(Event::Refused(reset)) }
                }
            });
            match self.alarm.within(wait, happens).await {
                Some(event) => return event,
                None if patience.is_some_and(|patience| self.busy.left(patience).is_zero()) => {
                    return Event::Ended;
                }
                None => {}
            }
        }
    }

    /// Serves a request beside the others.
    fn take(&mut self, (request, mut respond): Arrival, app: &Arc<Frame>) {
        if self.taken.len() == REMEMBERED {
            self.taken.pop_front();
        }
        self.taken.push_back(respond.stream_id().as_u32());
        if !is_sound(&request) {
            respond.send_reset(Reason::PROTOCOL_ERROR);
            return self.refuse();
        }
        let client = self.facts.listener.route().frontend.model().timeouts.client;
        let session = H2Session::new(self.facts.clone(), request, respond, client);
        let (app, guard) = (app.clone(), self.busy.begin());
        tokio::spawn(async move {
            app.exchange(Own::Http2(Box::new(session))).await;
            drop(guard);
        });
    }

    fn refuse(&self) {
        refuse(&self.facts);
    }
}

/// Counts and logs what is no request.
fn refuse(facts: &Connection) {
    let route = facts.listener.route();
    refusal::count(&route);
    refusal::log(&route, facts, Refused { status: Some(0), code: *b"PR", timed: false });
}

/// Whether HTTP/1 can say the request, too: a target without delimiters of its own, a scheme that is there, at most one
/// length, and a protocol that is a token.
fn is_sound(request: &Request<RecvStream>) -> bool {
    let target = request.uri().path_and_query().map_or("", http::uri::PathAndQuery::as_str);
    let mut lengths = request.headers().get_all("content-length").iter();
    let length = lengths.next();
    let is_token = |text: &str| !text.is_empty() && text.bytes().all(is_token_byte);
    !target.bytes().any(|byte| byte <= b' ' || byte == 0x7f)
        && request.uri().scheme_str() != Some("")
        && protocol(request.extensions()).is_none_or(is_token)
        && length
            .is_none_or(|length| decimal(length.as_bytes()).is_some() && lengths.all(|other| other == length))
}
