//! The client's side of a connection as the sessions of HTTP/1 and HTTP/2 see it.
//!
//! One type for plain and TLS connections over TCP and unix sockets: it hands over what was read before its time (an
//! HTTP/2 preface) and carries the connection's facts.

use std::io;
use std::os::fd::AsRawFd;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

use crate::connection::Connection;

/// The length of the client preface, `PRI * HTTP/2.0` and its end.
const PREFACE_LENGTH: usize = 24;

/// A client connection.
#[derive(Debug)]
pub struct FrontStream {
    transport: Transport,
    /// Bytes that were read before the stream was made; they come first.
    prefix: BytesMut,
    connection: Arc<Connection>,
}

/// Without and with TLS.
#[derive(Debug)]
pub enum Transport {
    /// As it came.
    Plain(listen::Stream),
    /// Inside TLS.
    Tls(Box<tokio_rustls::server::TlsStream<listen::Stream>>),
}

impl Transport {
    /// The stream below TLS.
    pub fn raw(&self) -> &listen::Stream {
        match self {
            Self::Plain(stream) => stream,
            Self::Tls(stream) => stream.get_ref().0,
        }
    }
}

impl FrontStream {
    /// Lets the close go unnoticed by the client.
    pub fn hide(&self) {
        self.socket().hide();
    }

    /// Puts a connection together.
    pub fn new(transport: Transport, connection: Arc<Connection>) -> Self {
        connection.socket.opened(transport.raw().as_raw_fd());
        Self { transport, prefix: BytesMut::new(), connection }
    }

    /// These bytes of it were read already, and come first.
    pub fn put_back(&mut self, prefix: BytesMut) {
        self.prefix = prefix;
    }

    /// Waits for the client preface of a connection whose ALPN chose HTTP/2 (RFC 9113 3.4): the library would wait for it
    /// for ever. False where the client left or took longer than `patience`; what it says is judged by the protocol.
    pub async fn preface_comes(&mut self, patience: Option<Duration>) -> bool {
        let mut preface = [0; PREFACE_LENGTH];
        let reading = self.read_exact(&mut preface);
        let read = match patience {
            None => reading.await,
            Some(patience) => match tokio::time::timeout(patience, reading).await {
                Ok(read) => read,
                Err(_) => return false,
            },
        };
        self.prefix = BytesMut::from(&preface[..]);
        read.is_ok()
    }

    /// Tells the kernel what rules have come to want on the packets.
    fn mark_packets(&self) {
        if let Some(packets) = self.connection.packets.changed() {
            packets.put_on(self.socket());
        }
    }

    /// The facts of the connection.
    pub fn connection(&self) -> &Arc<Connection> {
        &self.connection
    }

    /// The socket below TLS.
    pub fn socket(&self) -> &listen::Stream {
        self.transport.raw()
    }
}

impl Drop for FrontStream {
    fn drop(&mut self) {
        self.connection.socket.closed();
    }
}

impl AsyncRead for FrontStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if !self.prefix.is_empty() {
            let take = self.prefix.len().min(buf.remaining());
            buf.put_slice(&self.prefix[..take]);
            self.prefix.advance(take);
            return Poll::Ready(Ok(()));
        }
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_read(cx, buf),
            Transport::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for FrontStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        self.mark_packets();
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write(cx, data),
            Transport::Tls(stream) => Pin::new(stream).poll_write(cx, data),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.mark_packets();
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
            Transport::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, parts),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match &self.transport {
            Transport::Plain(stream) => stream.is_write_vectored(),
            Transport::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.transport {
            Transport::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Transport::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
