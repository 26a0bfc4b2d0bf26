//! HTTP/1 framing as the tests need it: where a message ends, and its body without the chunks, for the
//! size of a chunk is a matter of timing and never compared.

use std::io::{self, Read};

/// One message as it was on the wire, its body decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Message {
    /// Start line and header lines with the empty line.
    pub(crate) head: Vec<u8>,
    /// The body without its framing.
    pub(crate) body: Vec<u8>,
    /// The lines after the last chunk.
    pub(crate) trailers: Vec<u8>,
    /// Whether the framing said that this is all.
    pub(crate) complete: bool,
}

impl Message {
    pub(crate) fn status(&self) -> u16 {
        let word = self.head.split(|b| *b == b' ').nth(1).unwrap_or_default();
        String::from_utf8_lossy(word).trim().parse().unwrap_or(0)
    }

    /// The target of a request.
    pub(crate) fn target(&self) -> String {
        let word = self.head.split(|b| *b == b' ').nth(1).unwrap_or_default();
        String::from_utf8_lossy(word).into_owned()
    }

    /// All values of a header, in order.
    pub(crate) fn values(&self, name: &str) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.head).into_owned();
        text.lines()
            .skip(1)
            .filter_map(|line| line.split_once(':'))
            .filter(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().to_owned())
            .collect()
    }

    pub(crate) fn value(&self, name: &str) -> Option<String> {
        self.values(name).into_iter().next()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn is_chunked(&self) -> bool {
        self.values("transfer-encoding").iter().any(|v| v.to_ascii_lowercase().contains("chunked"))
    }

    fn length(&self) -> Option<usize> {
        self.value("content-length").and_then(|v| v.parse().ok())
    }
}

/// A stream with what was read beyond the last message.
#[derive(Debug)]
pub(crate) struct Reader<S> {
    pub(crate) stream: S,
    pub(crate) buffer: Vec<u8>,
}

impl<S: Read> Reader<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, buffer: Vec::new() }
    }

    /// Reads more; false at the end of the stream.
    pub(crate) fn fill(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 16 * 1024];
        let n = loop {
            match self.stream.read(&mut chunk) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                outcome => break outcome?,
            }
        };
        self.buffer.extend_from_slice(&chunk[..n]);
        Ok(n > 0)
    }

    /// Everything up to and including `end`, or `None` when the stream ends before.
    pub(crate) fn until(&mut self, end: &[u8]) -> io::Result<Option<Vec<u8>>> {
        loop {
            if let Some(at) = self.buffer.windows(end.len()).position(|w| w == end) {
                return Ok(Some(self.buffer.drain(..at + end.len()).collect()));
            }
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    /// `n` bytes, fewer when the stream ends before.
    pub(crate) fn take(&mut self, n: usize) -> Vec<u8> {
        while self.buffer.len() < n && self.fill().unwrap_or(false) {}
        let n = n.min(self.buffer.len());
        self.buffer.drain(..n).collect()
    }

    /// Everything until the stream ends, and whether it ended in good order.
    pub(crate) fn rest(&mut self) -> (Vec<u8>, io::Result<()>) {
        let end = loop {
            match self.fill() {
                Ok(true) => {}
                Ok(false) => break Ok(()),
                Err(e) => break Err(e),
            }
        };
        (std::mem::take(&mut self.buffer), end)
    }

    /// The next request; `None` when the stream ends before its head does.
    pub(crate) fn request_head(&mut self) -> Option<Message> {
        let head = self.until(b"\r\n\r\n").ok()??;
        Some(Message { head, ..Message::default() })
    }

    pub(crate) fn request_body(&mut self, message: &mut Message) {
        if message.is_chunked() {
            self.chunked(message);
        } else {
            self.sized(message, message.length().unwrap_or(0));
        }
    }

    /// The next response to a request with `method`; `None` when the stream ends before its head does.
    pub(crate) fn response(&mut self, method: &str) -> io::Result<Option<Message>> {
        let Some(head) = self.until(b"\r\n\r\n")? else { return Ok(None) };
        let mut message = Message { head, ..Message::default() };
        let status = message.status();
        let tunnels = method == "CONNECT" && (200..300).contains(&status);
        if method == "HEAD" || status < 200 || matches!(status, 204 | 304) || tunnels {
            message.complete = true;
        } else if message.is_chunked() {
            self.chunked(&mut message);
        } else if let Some(length) = message.length() {
            self.sized(&mut message, length);
        } else {
            (message.body, _) = self.rest();
            message.complete = true;
        }
        Ok(Some(message))
    }

    fn sized(&mut self, message: &mut Message, length: usize) {
        message.body = self.take(length);
        message.complete = message.body.len() == length;
    }

    fn chunked(&mut self, message: &mut Message) {
        while let Ok(Some(line)) = self.until(b"\r\n") {
            let text = String::from_utf8_lossy(&line).into_owned();
            let digits = text.trim().split(';').next().unwrap_or_default().trim().to_owned();
            let Ok(size) = usize::from_str_radix(&digits, 16) else { return };
            if size == 0 {
                return self.trailers(message);
            }
            let data = self.take(size + 2);
            message.body.extend_from_slice(&data[..size.min(data.len())]);
            if data.len() < size + 2 {
                return;
            }
        }
    }

    fn trailers(&mut self, message: &mut Message) {
        while let Ok(Some(line)) = self.until(b"\r\n") {
            if line == b"\r\n" {
                message.complete = true;
                return;
            }
            message.trailers.extend_from_slice(&line);
        }
    }
}

/// Bytes as one line of text that loses nothing.
pub(crate) fn shown(bytes: &[u8]) -> String {
    let text = bytes.escape_ascii().to_string();
    match text.len() {
        0..4000 => text,
        n => format!("{}…{}…{}", &text[..600], n, &text[n - 300..]),
    }
}
