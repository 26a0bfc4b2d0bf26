//! The streams that the library of HTTP/2 resets by itself.
//!
//! A malformed request is refused by the library, which tells nobody. Whoever carries its bytes sees the frame that
//! says so (RST_STREAM, RFC 9113 6.4), so that the request is logged and counted all the same.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The length of a frame's head (RFC 9113, 4.1).
const HEAD: usize = 9;
const RST_STREAM: u8 = 3;
const PROTOCOL_ERROR: u32 = 1;
/// As many are remembered until somebody asks; a client that makes more in one turn is known well enough by these.
const MOST: usize = 64;

/// The streams that were reset for an error of protocol since it was last asked.
pub(crate) type Resets = Arc<Mutex<Vec<u32>>>;

/// A stream of bytes whose written frames are looked at.
#[derive(Debug)]
pub(crate) struct Watched<S> {
    stream: S,
    frames: Frames,
    resets: Resets,
}

impl<S> Watched<S> {
    /// Watches what is written to `stream`.
    pub(crate) fn new(stream: S) -> (Self, Resets) {
        let resets = Resets::default();
        (Self { stream, frames: Frames::default(), resets: resets.clone() }, resets)
    }

    fn wrote(&mut self, bytes: &[u8]) {
        let resets = &self.resets;
        self.frames.take(bytes, |stream| {
            let mut resets = resets.lock();
            if resets.len() < MOST {
                resets.push(stream);
            }
        });
    }
}

/// Finds one kind of frame among those that pass, however they are cut.
#[derive(Debug, Default)]
struct Frames {
    /// The head of the frame that is passing, and the code of a reset.
    seen: [u8; HEAD + 4],
    /// How much of that has passed.
    length: usize,
    /// What is left of the payload behind it.
    skip: usize,
}

impl Frames {
    fn take(&mut self, mut bytes: &[u8], mut reset: impl FnMut(u32)) {
        while !bytes.is_empty() {
            if self.skip > 0 {
                let passing = self.skip.min(bytes.len());
                self.skip -= passing;
                bytes = &bytes[passing..];
                continue;
            }
            let wanted = if self.length < HEAD { HEAD } else { HEAD + 4 };
            let passing = (wanted - self.length).min(bytes.len());
            self.seen[self.length..self.length + passing].copy_from_slice(&bytes[..passing]);
            self.length += passing;
            bytes = &bytes[passing..];
            if self.length == HEAD {
                self.head_passed();
            } else if self.length == HEAD + 4 {
                let [_, _, _, _, _, a, b, c, d, code @ ..] = self.seen;
                if u32::from_be_bytes(code) == PROTOCOL_ERROR {
                    reset(u32::from_be_bytes([a, b, c, d]) & 0x7fff_ffff);
                }
                self.length = 0;
            }
        }
    }

    /// Goes on with the code of a reset, and past the payload of any other frame.
    fn head_passed(&mut self) {
        let [a, b, c, kind, ..] = self.seen;
        let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
        if kind != RST_STREAM || length != 4 {
            (self.skip, self.length) = (length, 0);
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, data: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, data);
        if let Poll::Ready(Ok(written)) = &written {
            self.wrote(&data[..*written]);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        parts: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, parts);
        if let Poll::Ready(Ok(written)) = &written {
            let mut left = *written;
            for part in parts {
                let of_part = left.min(part.len());
                self.wrote(&part[..of_part]);
                left -= of_part;
            }
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
    }

    fn found(parts: &[&[u8]]) -> Vec<u32> {
        let (mut frames, mut found) = (Frames::default(), Vec::new());
        parts.iter().for_each(|part| frames.take(part, |stream| found.push(stream)));
        found
    }

    /// Settings, a response whose body looks like a reset, one reset for an error of protocol and one for another reason.
    fn wire() -> Vec<u8> {
        let bait = frame(RST_STREAM, 9, &[0, 0, 0, 1]);
        [
            frame(4, 0, &[]),
            frame(1, 1, b"\x88"),
            frame(0, 1, &bait),
            frame(RST_STREAM, 3, &[0, 0, 0, 1]),
            frame(RST_STREAM, 5, &[0, 0, 0, 8]),
            frame(RST_STREAM, 7, &[0, 0, 0, 1]),
        ]
        .concat()
    }

    #[test]
    fn resets_for_an_error_of_protocol_are_found_however_the_frames_are_cut() {
        let wire = wire();
        assert_eq!(found(&[&wire]), [3, 7]);
        assert_eq!(found(&wire.chunks(1).collect::<Vec<_>>()), [3, 7]);
        for at in 0..wire.len() {
            assert_eq!(found(&[&wire[..at], &wire[at..]]), [3, 7], "cut at {at}");
        }
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (mut watched, resets) = Watched::new(());
        for stream in 0..1_000 {
            watched.wrote(&frame(RST_STREAM, stream, &[0, 0, 0, 1]));
        }
        assert_eq!(resets.lock().len(), MOST);
    }
}
