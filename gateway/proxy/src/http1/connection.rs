//! An HTTP/1 client connection, within its requests and between them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::alarm::Alarm;
use crate::connection::Connection;
use crate::fill;
use crate::stream::FrontStream;

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
    alarm: Alarm,
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

/// Writes of two parts what can be written at once.
fn poll_write_both(
    stream: &mut FrontStream,
    first: &[u8],
    second: &[u8],
    cx: &mut Context<'_>,
) -> Poll<io::Result<usize>> {
    let stream = Pin::new(stream);
    match (first, second) {
        (_, []) => stream.poll_write(cx, first),
        ([], _) => stream.poll_write(cx, second),
        _ => stream.poll_write_vectored(cx, &[io::IoSlice::new(first), io::IoSlice::new(second)]),
    }
}

impl ClientConnection {
    /// Takes a connection into service.
    pub fn new(stream: FrontStream) -> Self {
        let (input, output, alarm) = (BytesMut::new(), BytesMut::new(), Alarm::default());
        Self { stream, input, output, reusable: true, alarm }
    }

    /// The facts of the connection.
    pub fn facts(&self) -> &Arc<Connection> {
        self.stream.connection()
    }

    /// Gives the connection up to HTTP/2, with what was read of it.
    pub fn into_http2(self) -> FrontStream {
        let mut stream = self.stream;
        stream.put_back(self.input);
        stream
    }

    /// Gives the buffers back while the client says nothing: most connections wait most of the time.
    pub fn rest(&mut self) {
        (self.input, self.output) = (BytesMut::new(), BytesMut::new());
    }

    /// Makes room for the next of a long body, which is then read without a copy.
    pub fn expect(&mut self, length: u64) {
        fill::expect(&mut self.input, length, BODY_READ);
    }

    /// Reads more into `input`; 0 is the end.
    ///
    /// # Errors
    /// The socket's error, or nothing came within `patience`.
    pub async fn fill(&mut self, patience: Option<Duration>) -> Result<usize, IoFailure> {
        let (stream, input) = (&mut self.stream, &mut self.input);
        let read = std::future::poll_fn(|cx| fill::poll_fill(stream, input, cx));
        Ok(self.alarm.within(patience, read).await.ok_or(IoFailure::TimedOut)??)
    }

    /// Writes `output`, then `more`; nothing is left behind when it succeeds.
    ///
    /// # Errors
    /// The socket's error, or no byte could be written within `patience`.
    pub async fn write_out(&mut self, more: &[u8], patience: Option<Duration>) -> Result<(), IoFailure> {
        let mut more = more;
        while !self.output.is_empty() || !more.is_empty() {
            let (stream, output) = (&mut self.stream, &self.output);
            let write = std::future::poll_fn(|cx| poll_write_both(stream, output, more, cx));
            let written = self.alarm.within(patience, write).await.ok_or(IoFailure::TimedOut)??;
            if written == 0 {
                return Err(io::Error::from(io::ErrorKind::WriteZero).into());
            }
            let of_output = written.min(self.output.len());
            bytes::Buf::advance(&mut self.output, of_output);
            more = &more[written - of_output..];
        }
        Ok(self.alarm.within(patience, self.stream.flush()).await.ok_or(IoFailure::TimedOut)??)
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
                self.input.reserve(fill::READ_SIZE);
                match self.stream.read_buf(&mut self.input).await {
                    Ok(0) | Err(_) => break,
                    Ok(read) => dropped += read,
                }
            }
        };
        let _ = tokio::time::timeout(patience, linger).await;
    }
}
