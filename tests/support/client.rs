//! A client that sends exactly what the test says and reads by the framing of HTTP/1 or to the end.

use super::deadline::PATIENCE;
use super::message::{Message, Reader};
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// What a client can talk through.
pub(crate) trait Stream: Read + Write + Send + Debug {}
impl<T: Read + Write + Send + Debug> Stream for T {}

/// One connection to a subject.
#[derive(Debug)]
pub(crate) struct Client {
    reader: Reader<Box<dyn Stream>>,
    socket: Option<TcpStream>,
}

impl Client {
    pub(crate) fn connect(addr: SocketAddr) -> Self {
        Self::try_connect(addr).unwrap_or_else(|e| panic!("connect to {addr}: {e}"))
    }

    pub(crate) fn try_connect(addr: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect_timeout(&addr, PATIENCE)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        socket.set_nodelay(true)?;
        let copy = socket.try_clone()?;
        Ok(Self { reader: Reader::new(Box::new(socket)), socket: Some(copy) })
    }

    pub(crate) fn unix(path: &Path) -> Self {
        let socket = UnixStream::connect(path).unwrap_or_else(|e| panic!("connect to {path:?}: {e}"));
        socket.set_read_timeout(Some(PATIENCE)).expect("a unix socket takes a timeout");
        Self { reader: Reader::new(Box::new(socket)), socket: None }
    }

    /// A client over a stream that was set up elsewhere, such as TLS.
    pub(crate) fn over(stream: impl Stream + 'static) -> Self {
        Self { reader: Reader::new(Box::new(stream)), socket: None }
    }

    pub(crate) fn port(&self) -> u16 {
        self.socket.as_ref().and_then(|s| s.local_addr().ok()).map_or(0, |a| a.port())
    }

    /// Sends; a peer that has already closed is not an error, the reading side will tell.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let stream = &mut self.reader.stream;
        let _ = stream.write_all(bytes.as_ref()).and_then(|()| stream.flush());
    }

    /// The next response, `None` when the peer closes before its head is complete.
    pub(crate) fn try_response(&mut self, method: &str) -> Option<Message> {
        self.reader.response(method).ok().flatten()
    }

    pub(crate) fn response(&mut self, method: &str) -> Message {
        let outcome = self.reader.response(method);
        let so_far = String::from_utf8_lossy(&self.reader.buffer);
        match outcome {
            Ok(Some(response)) => response,
            Ok(None) => panic!("closed without a response to {method}, after {so_far:?}"),
            Err(e) => panic!("no response to {method}: {e}, after {so_far:?}"),
        }
    }

    /// Sends a GET with nothing but a Host and reads the response.
    pub(crate) fn get(&mut self, target: &str) -> Message {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        self.response("GET")
    }

    /// A GET whose failure is not the test's.
    pub(crate) fn try_response_to(&mut self, target: &str) -> Option<Message> {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n"));
        self.try_response("GET")
    }

    /// `n` bytes, fewer when the peer closes.
    pub(crate) fn take(&mut self, n: usize) -> Vec<u8> {
        self.reader.take(n)
    }

    /// Everything until the peer closes.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let (bytes, end) = self.reader.rest();
        if let Err(e) = end {
            assert!(e.kind() != io::ErrorKind::WouldBlock, "peer keeps the connection open after {bytes:?}");
        }
        bytes
    }

    /// Whether nothing comes for so long, not even an end.
    pub(crate) fn is_silent_for(&mut self, time: Duration) -> bool {
        let socket = self.socket.as_ref().expect("a client over TCP");
        socket.set_read_timeout(Some(time)).expect("a time that is not zero");
        let outcome = self.reader.fill();
        socket.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
        outcome.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    /// Ends our direction only.
    pub(crate) fn finish(&mut self) {
        if let Some(socket) = &self.socket {
            let _ = socket.shutdown(Shutdown::Write);
        }
    }

    /// Ends the connection by a reset.
    pub(crate) fn reset(self) {
        if let Some(socket) = &self.socket {
            let _ = socket2::SockRef::from(socket).set_linger(Some(Duration::ZERO));
        }
    }
}

/// One GET on a connection of its own.
pub(crate) fn get(addr: SocketAddr, target: &str) -> Message {
    Client::connect(addr).get(target)
}

/// One request on a connection of its own: `head` without the empty line.
pub(crate) fn request(addr: SocketAddr, head: &str, body: &str) -> Message {
    let mut client = Client::connect(addr);
    client.send(format!("{head}\r\n\r\n{body}"));
    client.response(head.split(' ').next().unwrap_or_default())
}
