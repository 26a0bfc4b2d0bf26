//! A connection that has become another protocol's (RFC 9110, 7.8): bytes both ways, as HAProxy carries them.
//!
//! A client that has said all leaves the server its word; a server that has said all ends the tunnel. `timeout tunnel`
//! is about silence in both directions. What is read goes on from the stack: a tunnel that idles holds no buffer.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use pingora::{Error, ErrorType, Result};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::server::ServerConnection;
use crate::alarm::Alarm;
use crate::fill::READ_SIZE;

/// How long both sides may be silent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    /// While both may speak.
    pub open: Option<Duration>,
    /// Once the client has said all.
    pub half_closed: Option<Duration>,
}

/// A tunnel between a client and a server.
#[derive(Debug)]
pub(super) struct Tunnel<'a, C> {
    client: &'a mut C,
    server: &'a mut ServerConnection,
    to_server: Flow,
    to_client: Flow,
}

/// One of the two directions.
#[derive(Debug, Default)]
struct Flow {
    /// Read, and not taken by the other side yet.
    left: BytesMut,
    /// Written, and perhaps not on its way.
    unflushed: bool,
    /// The source has said all.
    ended: bool,
    /// The other side knows that.
    told: bool,
    /// Bytes that were read.
    bytes: u64,
    /// Counts whatever moved.
    moves: u64,
}

/// Which end of a direction is broken.
#[derive(Debug)]
enum Broken {
    Source(io::Error),
    Sink(io::Error),
}

impl<'a, C: AsyncRead + AsyncWrite + Unpin> Tunnel<'a, C> {
    /// A tunnel in which what was read already goes first: `said` of the client.
    pub(super) fn new(client: &'a mut C, said: BytesMut, server: &'a mut ServerConnection) -> Self {
        let of = |left: BytesMut| Flow { bytes: left.len() as u64, left, ..Flow::default() };
        let to_server = of(said);
        let to_client = of(std::mem::take(&mut server.input));
        Self { client, server, to_server, to_client }
    }

    /// The bytes that were carried: (to the server, to the client).
    pub(super) fn carried(&self) -> (u64, u64) {
        (self.to_server.bytes, self.to_client.bytes)
    }

    /// Carries bytes until the server has said all.
    ///
    /// # Errors
    /// Either side is broken, or both are silent for too long.
    pub(super) async fn run(&mut self, patience: Patience) -> Result<()> {
        let mut alarm = Alarm::default();
        loop {
            let patience = if self.to_server.told { patience.half_closed } else { patience.open };
            match alarm.within(patience, poll_fn(|cx| self.poll_turn(cx))).await {
                Some(Ok(true)) => return Ok(()),
                Some(Ok(false)) => {}
                Some(Err(error)) => return Err(error),
                None => {
                    let late = Error::explain(ErrorType::ReadTimedout, "timeout tunnel");
                    return Err(if self.to_server.told { late.into_up() } else { late.into_down() });
                }
            }
        }
    }

    /// Lets both directions go on as far as they can. Ready when anything moved; true is the end.
    fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<Result<bool>> {
        let Self { client, server, to_server, to_client } = self;
        let before = to_server.moves + to_client.moves;
        if !to_server.told {
            let went = to_server.poll_carry(*client, &mut server.stream, cx);
            if let Poll::Ready(Err(broken)) = went {
                return Poll::Ready(Err(match broken {
                    Broken::Source(error) => {
                        // The server is told as the client has told us.
                        server.reset_on_close();
                        Error::because(ErrorType::ReadError, "reading from the client", error).into_down()
                    }
                    Broken::Sink(error) => {
                        Error::because(ErrorType::WriteError, "writing to the server", error).into_up()
                    }
                }));
            }
        }
        match to_client.poll_carry(&mut server.stream, *client, cx) {
            Poll::Ready(Ok(())) => Poll::Ready(Ok(true)),
            Poll::Ready(Err(Broken::Source(error))) => {
                let error = Error::because(ErrorType::ReadError, "reading from the server", error);
                Poll::Ready(Err(error.into_up()))
            }
            Poll::Ready(Err(Broken::Sink(error))) => {
                let error = Error::because(ErrorType::WriteError, "writing to the client", error);
                Poll::Ready(Err(error.into_down()))
            }
            Poll::Pending if to_server.moves + to_client.moves > before => Poll::Ready(Ok(false)),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl Flow {
    /// Carries what there is. Ready when the source has said all and the sink knows it.
    fn poll_carry<R, W>(
        &mut self,
        source: &mut R,
        sink: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<Result<(), Broken>>
    where
        R: AsyncRead + Unpin,
        W: AsyncWrite + Unpin,
    {
        loop {
            ready!(self.poll_empty(sink, cx)).map_err(Broken::Sink)?;
            if self.ended {
                if !self.told {
                    ready!(Pin::new(&mut *sink).poll_shutdown(cx)).map_err(Broken::Sink)?;
                    self.told = true;
                    self.moves += 1;
                }
                return Poll::Ready(Ok(()));
            }
            let mut room = [MaybeUninit::uninit(); READ_SIZE];
            let mut read = ReadBuf::uninit(&mut room);
            match ready!(Pin::new(&mut *source).poll_read(cx, &mut read)) {
                // A TLS client that does not say that it has said all has said all.
                Err(error) if error.kind() != io::ErrorKind::UnexpectedEof => {
                    return Poll::Ready(Err(Broken::Source(error)));
                }
                Ok(()) | Err(_) => {}
            }
            self.moves += 1;
            self.bytes += read.filled().len() as u64;
            self.ended = read.filled().is_empty();
            self.pass(read.filled(), sink, cx).map_err(Broken::Sink)?;
        }
    }

    /// Writes what is left, and sees it on its way.
    fn poll_empty<W: AsyncWrite + Unpin>(
        &mut self,
        sink: &mut W,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while !self.left.is_empty() {
            let written = ready!(Pin::new(&mut *sink).poll_write(cx, &self.left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.left.advance(written);
            self.unflushed = true;
            self.moves += 1;
            if self.left.is_empty() {
                self.left = BytesMut::new();
            }
        }
        if self.unflushed {
            ready!(Pin::new(sink).poll_flush(cx))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    /// Writes what can be written at once, and keeps the rest.
    fn pass<W: AsyncWrite + Unpin>(
        &mut self,
        mut data: &[u8],
        sink: &mut W,
        cx: &mut Context<'_>,
    ) -> io::Result<()> {
        while !data.is_empty() {
            match Pin::new(&mut *sink).poll_write(cx, data) {
                Poll::Ready(written) => {
                    let written = written?;
                    if written == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                    data = &data[written..];
                    self.unflushed = true;
                }
                Poll::Pending => {
                    self.left.extend_from_slice(data);
                    break;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    /// Carries in one direction between two pairs of pipes that hold little.
    async fn carry(source: &mut DuplexStream, sink: &mut DuplexStream) -> (Result<(), Broken>, u64) {
        let mut flow = Flow::default();
        let end = poll_fn(|cx| flow.poll_carry(source, sink, cx)).await;
        (end, flow.bytes)
    }

    fn run<F: Future>(future: F) -> F::Output {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    #[test]
    fn everything_arrives_in_its_order_however_slowly_it_is_taken() {
        run(async {
            let (mut said, mut source) = duplex(1_000);
            let (mut sink, mut heard) = duplex(7);
            let text: Vec<u8> = (0..100_000_u32).flat_map(u32::to_be_bytes).collect();
            let expected = text.clone();
            let speaking = async move {
                said.write_all(&text).await.unwrap();
                said.shutdown().await.unwrap();
                said
            };
            let hearing = async {
                let mut all = Vec::new();
                heard.read_to_end(&mut all).await.unwrap();
                all
            };
            let (_said, (end, bytes), all) = tokio::join!(speaking, carry(&mut source, &mut sink), hearing);
            assert!(end.is_ok() && all == expected && bytes == expected.len() as u64);
        });
    }

    #[test]
    fn a_sink_that_is_gone_breaks_the_direction() {
        run(async {
            let (mut said, mut source) = duplex(100);
            let (mut sink, heard) = duplex(100);
            drop(heard);
            said.write_all(b"abc").await.unwrap();
            let (end, _) = carry(&mut source, &mut sink).await;
            assert!(matches!(end, Err(Broken::Sink(_))), "{end:?}");
        });
    }
}
