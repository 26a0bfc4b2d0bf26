//! A stream of HTTP/2 as one of bytes, for a tunnel (RFC 9113, 8.5).

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use h2::{RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::session::poll_room;

/// The most that is handed over at once: what a turn of a tunnel reads is no more.
const PART: usize = 16 * 1024;

/// The two directions of a stream.
#[derive(Debug)]
pub(crate) struct Pipe<'a> {
    from: &'a mut RecvStream,
    to: &'a mut SendStream<Bytes>,
    /// Came, and was not taken yet.
    came: Bytes,
    /// The client knows that all was said.
    ended: &'a mut bool,
}

impl<'a> Pipe<'a> {
    /// The stream with these directions; `ended` is set when the second one is over.
    pub(super) fn new(from: &'a mut RecvStream, to: &'a mut SendStream<Bytes>, ended: &'a mut bool) -> Self {
        Self { from, to, came: Bytes::new(), ended }
    }
}

impl AsyncRead for Pipe<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        while self.came.is_empty() {
            match ready!(self.from.poll_data(cx)) {
                Some(Ok(data)) => self.came = data,
                // A connection that ends has said all, as over HTTP/1.
                Some(Err(error)) if error.is_io() => return Poll::Ready(Ok(())),
                Some(Err(error)) => {
                    return Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, error)));
                }
                None => return Poll::Ready(Ok(())),
            }
        }
        let take = self.came.len().min(buf.remaining());
        buf.put_slice(&self.came[..take]);
        self.came.advance(take);
        // What was taken makes room for as much; a connection that has ended needs none.
        let _ = self.from.flow_control().release_capacity(take);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Pipe<'_> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let wanted = data.len().min(PART);
        self.to.reserve_capacity(wanted);
        let room = ready!(poll_room(self.to, cx)).map_err(broken)?.min(wanted);
        self.to.send_data(Bytes::copy_from_slice(&data[..room]), false).map_err(broken)?;
        Poll::Ready(Ok(room))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What was handed over goes out with the connection's other streams.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A client that is gone need not be told.
        let _ = self.to.send_data(Bytes::new(), true);
        *self.ended = true;
        Poll::Ready(Ok(()))
    }
}

fn broken<E>(error: E) -> io::Error
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    io::Error::new(io::ErrorKind::BrokenPipe, error)
}
