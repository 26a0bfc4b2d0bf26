//! HTTP/1 messages with a `Content-Length`, read off a stream: all that the origin and the load generator speak.
//! Bodies are read and dropped; whatever else a proxy might send is an error, so that nothing is miscounted.

use std::io::{self, ErrorKind};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// A head longer than this is no message of ours.
const LONGEST_HEAD: usize = 64 << 10;

/// What there is to know of a message once it has been read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Message {
    /// The request line or the status line.
    pub(crate) first_line: String,
    /// The peer closes after this message.
    pub(crate) close: bool,
    /// The bytes of the body.
    pub(crate) length: usize,
    /// It asks for another protocol, or grants it.
    pub(crate) upgrade: bool,
}

impl Message {
    fn parse(head: &[u8]) -> io::Result<Self> {
        let text = std::str::from_utf8(head).map_err(|_| invalid("head is not UTF-8"))?;
        let mut lines = text.split("\r\n");
        let first_line = lines.next().unwrap_or_default().to_owned();
        let (mut close, mut length, mut upgrade) = (first_line.contains("HTTP/1.0"), 0, false);
        for (name, value) in lines.filter_map(|line| line.split_once(':')) {
            let value = value.trim();
            if name.eq_ignore_ascii_case("content-length") {
                length = value.parse().map_err(|_| invalid("content-length is no number"))?;
            } else if name.eq_ignore_ascii_case("connection") {
                close = value.eq_ignore_ascii_case("close");
            } else if name.eq_ignore_ascii_case("upgrade") {
                upgrade = true;
            } else if name.eq_ignore_ascii_case("transfer-encoding") {
                return Err(invalid("chunked messages are not understood"));
            }
        }
        Ok(Self { first_line, close, length, upgrade })
    }

    /// Whether this is a response that says 2xx.
    pub(crate) fn is_success(&self) -> bool {
        self.first_line.split(' ').nth(1).is_some_and(|status| status.len() == 3 && status.starts_with('2'))
    }
}

/// A connection from which messages are read one after another.
pub(crate) struct Connection<S> {
    stream: S,
    buffer: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Connection<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::with_capacity(4 << 10) }
    }

    /// The next message with its body; `None` when the peer closed instead of beginning one.
    pub(crate) async fn receive(&mut self) -> io::Result<Option<Message>> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|four| four == b"\r\n\r\n") {
                break at;
            }
            if self.buffer.len() > LONGEST_HEAD {
                return Err(invalid("head is too long"));
            }
            if !self.fill().await? {
                return if self.buffer.is_empty() { Ok(None) } else { Err(ErrorKind::UnexpectedEof.into()) };
            }
        };
        let message = Message::parse(&self.buffer[..end])?;
        let whole = end + 4 + message.length;
        while self.buffer.len() < whole {
            if !self.fill().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        self.buffer.drain(..whole);
        Ok(Some(message))
    }

    /// Reads and drops so many bytes.
    pub(crate) async fn receive_exactly(&mut self, length: usize) -> io::Result<()> {
        while self.buffer.len() < length {
            if !self.fill().await? {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        self.buffer.drain(..length);
        Ok(())
    }

    /// Sends back whatever comes, until nothing more does.
    pub(crate) async fn echo(&mut self) -> io::Result<()> {
        while !self.buffer.is_empty() || self.fill().await? {
            self.stream.write_all(&self.buffer).await?;
            self.buffer.clear();
        }
        Ok(())
    }

    /// Sends bytes that are a whole message.
    pub(crate) async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes).await?;
        self.stream.flush().await
    }

    async fn fill(&mut self) -> io::Result<bool> {
        Ok(self.stream.read_buf(&mut self.buffer).await? > 0)
    }
}

fn invalid(what: &str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(bytes: &[u8]) -> io::Result<Vec<Message>> {
        let (ours, mut theirs) = tokio::io::duplex(16);
        let bytes = bytes.to_vec();
        let sender = tokio::spawn(async move { theirs.write_all(&bytes).await });
        let mut connection = Connection::new(ours);
        let mut messages = Vec::new();
        while let Some(message) = connection.receive().await? {
            messages.push(message);
        }
        sender.await.unwrap().unwrap();
        Ok(messages)
    }

    #[tokio::test]
    async fn two_messages_in_one_stream_are_told_apart() {
        let bytes =
            b"POST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabcGET /b HTTP/1.1\r\nConnection: close\r\n\r\n";
        let messages = read(bytes).await.unwrap();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].length, messages[0].close), (3, false));
        assert_eq!((messages[1].first_line.as_str(), messages[1].close), ("GET /b HTTP/1.1", true));
    }

    #[tokio::test]
    async fn a_message_cut_short_is_an_error() {
        assert!(read(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort").await.is_err());
    }

    #[test]
    fn only_2xx_is_success() {
        let of = |line: &str| Message::parse(line.as_bytes()).unwrap().is_success();
        assert!(
            of("HTTP/1.1 202 Accepted")
                && !of("HTTP/1.1 503 Service Unavailable")
                && !of("GET /200 HTTP/1.1")
        );
    }
}
