//! An HTTP/1 client connection, within its requests and between them.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio_util::io::poll_read_buf;

use crate::connection::Connection;
use crate::stream::FrontStream;

/// How much is read at once.
const READ_SIZE: usize = 16 * 1024;
/// How much of a long body is read at once.
const BODY_READ: usize = 64 * 1024;

/// What the owner of a connection needs to read requests from it and write responses to it.
#[derive(Debug)]
pub struct ClientConnection {
    /// The bytes' way.
    pub stream: FrontStream,
    /// Read and not yet used.
    pub input: BytesMut,
    /// To be written.
    pub output: BytesMut,
    /// Whether another request may come on it.
    pub reusable: bool,
}

/// Why an input or output did not go on.
#[derive(Debug, thiserror::Error)]
pub enum IoFailure {
    /// Nothing moved for as long as the timeout allows.
    #[error("timed out")]
    TimedOut,
    /// The socket says so.
    #[error(transparent)]
    Socket(#[from] io::Error),
}

/// Reads what there is: into the room that was made for it, or by way of the stack, so that who waits holds no buffer.
fn poll_fill(
    stream: &mut FrontStream,
    input: &mut BytesMut,
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    if input.capacity() - input.len() >= READ_SIZE {
        return poll_read_buf(Pin::new(stream), cx, input);
    }
    let mut room = [MaybeUninit::uninit(); READ_SIZE];
    let mut read = ReadBuf::uninit(&mut room);
    ready!(Pin::new(stream).poll_read(cx, &mut read))?;
    input.extend_from_slice(read.filled());
    Poll::Ready(Ok(read.filled().len()))
}

impl ClientConnection {
    /// Takes a connection into service.
    pub fn new(stream: FrontStream) -> Box<Self> {
        Box::new(Self { stream, input: BytesMut::new(), output: BytesMut::new(), reusable: true })
    }

    /// The facts of the connection.
    pub fn facts(&self) -> &Arc<Connection> {
        self.stream.connection()
    }

    /// Gives the connection up to HTTP/2, with what was read of it.
    pub fn into_http2(self: Box<Self>) -> FrontStream {
        let mut stream = self.stream;
        stream.become_http2(self.input);
        stream
    }

    /// Gives the buffers back while the client says nothing: most connections wait most of the time.
    pub fn rest(&mut self) {
        (self.input, self.output) = (BytesMut::new(), BytesMut::new());
    }

    /// Makes room for the next of a long body, which is then read without a copy.
    pub fn expect(&mut self, length: u64) {
        if length > READ_SIZE as u64 {
            self.input.reserve(usize::try_from(length).unwrap_or(BODY_READ).min(BODY_READ));
        }
    }

    /// Reads more into `input`; 0 is the end.
    ///
    /// # Errors
    /// The socket's error, or nothing came within `patience`.
    pub async fn fill(&mut self, patience: Option<Duration>) -> Result<usize, IoFailure> {
        let (stream, input) = (&mut self.stream, &mut self.input);
        let read = std::future::poll_fn(|cx| poll_fill(stream, input, cx));
        Ok(match patience {
            None => read.await?,
            Some(patience) => {
                tokio::time::timeout(patience, read).await.map_err(|_| IoFailure::TimedOut)??
            }
        })
    }

    /// Writes `output`, then `more`; nothing is left behind when it succeeds.
    ///
    /// # Errors
    /// The socket's error, or no byte could be written within `patience`.
    pub async fn write_out(&mut self, more: &[u8], patience: Option<Duration>) -> Result<(), IoFailure> {
        let mut more = more;
        while !self.output.is_empty() || !more.is_empty() {
            let parts = [io::IoSlice::new(&self.output), io::IoSlice::new(more)];
            let parts = if more.is_empty() { &parts[..1] } else { &parts[..] };
            let write = self.stream.write_vectored(parts);
            let written = match patience {
                None => write.await?,
                Some(patience) => {
                    tokio::time::timeout(patience, write).await.map_err(|_| IoFailure::TimedOut)??
                }
            };
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            let of_output = written.min(self.output.len());
            bytes::Buf::advance(&mut self.output, of_output);
            more = &more[written - of_output..];
        }
        match patience {
            None => self.stream.flush().await?,
            Some(patience) => {
                tokio::time::timeout(patience, self.stream.flush())
                    .await
                    .map_err(|_| IoFailure::TimedOut)??;
            }
        }
        Ok(())
    }

    /// Ends the connection so that what was written arrives: our side is closed, and what the client still sends
    /// is read and dropped for a while, since closing on unread bytes would reset the connection.
    pub async fn close(mut self: Box<Self>, patience: Duration) {
        const MOST: usize = 1 << 20;
        let _ = self.stream.shutdown().await;
        let linger = async {
            let mut dropped = 0;
            while dropped < MOST {
                self.input.clear();
                self.input.reserve(READ_SIZE);
                match self.stream.read_buf(&mut self.input).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => dropped += read,
                }
            }
        };
        let _ = tokio::time::timeout(patience, linger).await;
    }
}
