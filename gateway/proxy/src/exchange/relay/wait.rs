//! The rules of a response, which may wait: for a time, or for its body (`http-response wait-for-body`).

use std::time::Instant;

use bytes::{Bytes, BytesMut};
use pingora::{Error, ErrorSource, ErrorType, Result};

use super::Relay;
use crate::answer::Reply;
use crate::http::buffer;
use crate::http::response::{Judged, Judging};
use crate::http1::body::{BadChunk, Body, Piece};
use crate::message::{Lines, ResponseHead};
use crate::outcome::{Blame, Outcome};

/// The body did not come in time.
const LATE: Outcome = Outcome::new(504, b's', b'R', Blame::Response);

/// How a body that has come so far ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// It goes on.
    Open,
    /// It is whole.
    Whole,
    /// It is no body.
    Broken,
}

impl Relay<'_, '_> {
    /// Asks the rules of the response. An answer is what the client gets instead.
    ///
    /// # Errors
    /// The body that they wait for does not come.
    pub(super) async fn judge(&mut self, head: &mut ResponseHead, body: Body) -> Result<Option<Reply>> {
        let mut judging = Judging::default();
        loop {
            match judging.go(head, self.ctx) {
                Judged::Passed => return Ok(None),
                Judged::Answered(reply) => return Ok(Some(reply)),
                Judged::Pause(pause) => tokio::time::sleep(pause).await,
                Judged::WaitForBody { time, at_least } => {
                    let room = buffer::room(self.ctx, head.counted(), head.lines.len());
                    let enough = usize::try_from(at_least).ok().filter(|enough| *enough > 0);
                    let enough = enough.unwrap_or(room).min(room);
                    // no time is no limit
                    let until = (!time.is_zero()).then(|| Instant::now() + time);
                    self.wait_for_body(body, until, enough, room).await?;
                }
            }
        }
    }

    /// Reads on until so much of the body is there, or all of it.
    async fn wait_for_body(
        &mut self,
        body: Body,
        until: Option<Instant>,
        enough: usize,
        room: usize,
    ) -> Result<()> {
        loop {
            let (mut come, end) = come(body, &self.server.input);
            if end == End::Broken {
                self.nothing_came(come.len());
                self.ctx.outcome = Some(Outcome::new(502, b'P', b'H', Blame::Response));
                return Err(Error::explain(ErrorType::InvalidHTTPHeader, BadChunk.to_string()).into_up());
            }
            let (done, so_far) = (end == End::Whole || come.len() >= enough, come.len());
            come.truncate(room);
            self.ctx.response_body = Some(come);
            if done {
                return Ok(());
            }
            match self.step_until(until).await {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                // what a broken connection brought before is passed on, and its end is met again then
                Err(error) if is_end(&error) => return Ok(()),
                Err(error) if *error.esource() == ErrorSource::Upstream => {
                    self.nothing_came(so_far);
                    self.ctx.outcome = Some(LATE);
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The next of the server's, or a time out.
    async fn step_until(&mut self, until: Option<Instant>) -> Result<usize> {
        let Some(until) = until else { return self.step().await };
        tokio::time::timeout_at(until.into(), self.step())
            .await
            .unwrap_or_else(|_| Err(Error::explain(ErrorType::ReadTimedout, "wait-for-body").into_up()))
    }

    /// It is as if no response had come; HAProxy counts what it throws away.
    fn nothing_came(&mut self, body: usize) {
        self.ctx.body.1 += body as u64;
        (self.ctx.times.response, self.ctx.status) = (None, None);
    }
}

/// The server has gone, as opposed to being silent.
fn is_end(error: &Error) -> bool {
    let gone = matches!(error.etype(), ErrorType::ConnectionClosed | ErrorType::ReadError);
    gone && *error.esource() == ErrorSource::Upstream
}

/// What has come of a body, for expressions that read it; what is broken in it is met again when it is passed on.
pub(super) fn come(mut body: Body, input: &[u8]) -> (Bytes, End) {
    let (mut input, mut out) = (BytesMut::from(input), BytesMut::new());
    let end = loop {
        match body.take(&mut input, &mut Lines::default()) {
            Ok(Piece::Data(data)) => out.extend_from_slice(&data),
            Ok(Piece::End) => break End::Whole,
            Ok(Piece::NeedMore) if body == Body::Done => break End::Whole,
            Ok(Piece::NeedMore) => break End::Open,
            Err(BadChunk) => break End::Broken,
        }
    };
    (out.freeze(), end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http1::body::Chunk;

    #[test]
    fn what_has_come_of_a_body_is_told_with_its_end() {
        for (body, input, expected) in [
            (Body::Length(5), "hel", ("hel", End::Open)),
            (Body::Length(5), "hello", ("hello", End::Whole)),
            (Body::Length(5), "", ("", End::Open)),
            (Body::Done, "", ("", End::Whole)),
            (Body::Tunnel, "a", ("a", End::Open)),
            (Body::Chunked(Chunk::Size), "3\r\nabc\r\n", ("abc", End::Open)),
            (Body::Chunked(Chunk::Size), "3\r\nabc\r\n0\r\n\r\n", ("abc", End::Whole)),
            (Body::Chunked(Chunk::Size), "3\r\nabc\r\nzz\r\n", ("abc", End::Broken)),
        ] {
            let (bytes, end) = come(body, input.as_bytes());
            assert_eq!((&*bytes, end), (expected.0.as_bytes(), expected.1), "{input:?}");
        }
    }
}
