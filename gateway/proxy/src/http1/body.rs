//! The body of an HTTP/1 message as it arrives: pure, incremental, bounded.

use bytes::{Buf, Bytes, BytesMut};

use super::head::Framing;
use crate::message::Lines;

/// The longest chunk-size line, extensions included.
const MAX_CHUNK_LINE: usize = 4096;
/// The most bytes of trailers.
const MAX_TRAILERS: usize = 16 * 1024;

/// What can be taken from the bytes that are there.
#[derive(Debug, PartialEq, Eq)]
pub enum Piece {
    /// A part of the body; never empty.
    Data(Bytes),
    /// More bytes are needed.
    NeedMore,
    /// The body has ended.
    End,
}

/// A chunked body that is against RFC 9112, 7.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the chunked body is not valid")]
pub struct BadChunk;

/// Where in a body the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// At its end.
    Done,
    /// This many bytes are left.
    Length(u64),
    /// In a chunked body.
    Chunked(Chunk),
    /// After an upgrade: everything, until the connection ends.
    Tunnel,
}

/// Where in a chunked body the reader is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// Before a chunk's size line.
    Size,
    /// This many bytes of the chunk are left.
    Data(u64),
    /// Before the line end after a chunk's data.
    DataEnd,
    /// In the trailers; this many bytes of them have gone by.
    Trailers(usize),
}

impl From<Framing> for Body {
    fn from(framing: Framing) -> Self {
        match framing {
            Framing::None => Self::Done,
            Framing::Length(length) => Self::Length(length),
            Framing::Chunked => Self::Chunked(Chunk::Size),
        }
    }
}

impl Body {
    /// Takes the next piece off the front of `buf`; trailer lines go to `trailers`.
    ///
    /// # Errors
    /// The chunked coding is broken; nothing after it can be understood.
    pub fn take(&mut self, buf: &mut BytesMut, trailers: &mut Lines) -> Result<Piece, BadChunk> {
        match self {
            Self::Done => Ok(Piece::End),
            Self::Tunnel => {
                Ok(if buf.is_empty() { Piece::NeedMore } else { Piece::Data(buf.split().freeze()) })
            }
            Self::Length(left) => {
                let piece = take_data(buf, left);
                if *left == 0 && piece != Piece::NeedMore {
                    *self = Self::Done;
                }
                Ok(piece)
            }
            Self::Chunked(_) => self.take_chunked(buf, trailers),
        }
    }

    fn take_chunked(&mut self, buf: &mut BytesMut, trailers: &mut Lines) -> Result<Piece, BadChunk> {
        loop {
            let Self::Chunked(chunk) = self else { return Ok(Piece::End) };
            match chunk {
                Chunk::Size => {
                    let Some(line) = take_line(buf, MAX_CHUNK_LINE)? else { return Ok(Piece::NeedMore) };
                    let size = chunk_size(&line)?;
                    *chunk = if size == 0 { Chunk::Trailers(0) } else { Chunk::Data(size) };
                }
                Chunk::Data(left) => {
                    let piece = take_data(buf, left);
                    if *left == 0 && piece != Piece::NeedMore {
                        *chunk = Chunk::DataEnd;
                    }
                    return Ok(piece);
                }
                Chunk::DataEnd => match &buf[..] {
                    [b'\r', b'\n', ..] => {
                        buf.advance(2);
                        *chunk = Chunk::Size;
                    }
                    [] | [b'\r'] => return Ok(Piece::NeedMore),
                    _ => return Err(BadChunk),
                },
                Chunk::Trailers(seen) => {
                    let Some(line) = take_line(buf, MAX_TRAILERS - *seen)? else {
                        return Ok(Piece::NeedMore);
                    };
                    *seen += line.len() + 2;
                    if line.is_empty() {
                        *self = Self::Done;
                        return Ok(Piece::End);
                    }
                    if *seen >= MAX_TRAILERS {
                        return Err(BadChunk);
                    }
                    let (name, value) = trailer(line)?;
                    trailers.push(name, value);
                }
            }
        }
    }
}

/// Whether a token may have it (RFC 9110, 5.6.2).
pub fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?={}".contains(&byte)
}

/// A trailer line's name, in lower case, and value.
fn trailer(mut line: BytesMut) -> Result<(Bytes, Bytes), BadChunk> {
    let colon = memchr::memchr(b':', &line).ok_or(BadChunk)?;
    if colon == 0 || !line[..colon].iter().copied().all(is_token_byte) {
        return Err(BadChunk);
    }
    if line[colon + 1..].iter().any(|byte| matches!(byte, b'\r' | 0)) {
        return Err(BadChunk);
    }
    line[..colon].make_ascii_lowercase();
    let line = line.freeze();
    Ok((line.slice(..colon), line.slice_ref(line[colon + 1..].trim_ascii())))
}

fn take_data(buf: &mut BytesMut, left: &mut u64) -> Piece {
    if buf.is_empty() {
        return Piece::NeedMore;
    }
    let take = usize::try_from(*left).unwrap_or(usize::MAX).min(buf.len());
    *left -= take as u64;
    Piece::Data(buf.split_to(take).freeze())
}

/// A line without its end; a bare LF ends no line of the chunked coding.
fn take_line(buf: &mut BytesMut, limit: usize) -> Result<Option<BytesMut>, BadChunk> {
    let Some(at) = memchr::memchr(b'\n', buf) else {
        return if buf.len() > limit { Err(BadChunk) } else { Ok(None) };
    };
    if at > limit || at == 0 || buf[at - 1] != b'\r' {
        return Err(BadChunk);
    }
    let mut line = buf.split_to(at + 1);
    line.truncate(at - 1);
    Ok(Some(line))
}

fn chunk_size(line: &[u8]) -> Result<u64, BadChunk> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    if digits == 0 || digits > 15 {
        return Err(BadChunk);
    }
    match line[digits..].trim_ascii_start() {
        [] | [b';', ..] => {}
        _ => return Err(BadChunk),
    }
    let text = std::str::from_utf8(&line[..digits]).map_err(|_| BadChunk)?;
    u64::from_str_radix(text, 16).map_err(|_| BadChunk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(mut body: Body, text: &[u8], step: usize) -> Result<(Vec<u8>, Body, usize), BadChunk> {
        let (mut buf, mut out) = (BytesMut::new(), Vec::new());
        let mut parts = text.chunks(step);
        loop {
            match body.take(&mut buf, &mut Lines::default())? {
                Piece::Data(data) => out.extend_from_slice(&data),
                Piece::End => return Ok((out, body, buf.len() + parts.map(<[u8]>::len).sum::<usize>())),
                Piece::NeedMore => match parts.next() {
                    Some(part) => buf.extend_from_slice(part),
                    None => return Ok((out, body, 0)),
                },
            }
        }
    }

    #[test]
    fn a_length_ends_where_it_says() {
        for step in [1, 2, 100] {
            let (data, body, left) = read_all(Body::Length(5), b"helloGET", step).unwrap();
            assert_eq!((&data[..], body, left), (&b"hello"[..], Body::Done, 3), "{step}");
        }
    }

    #[test]
    fn chunks_are_joined_and_trailers_passed_over() {
        let text = b"5\r\nhello\r\n6;ext=\"a\"\r\n world\r\n0\r\nX: y\r\n\r\nGET";
        for step in [1, 3, 100] {
            let (data, body, left) = read_all(Body::Chunked(Chunk::Size), text, step).unwrap();
            assert_eq!((&data[..], body, left), (&b"hello world"[..], Body::Done, 3), "{step}");
        }
    }

    #[test]
    fn trailers_are_kept_in_lower_case() {
        let mut trailers = Lines::default();
        let mut buf = BytesMut::from(&b"0\r\nX-T:  v \r\n\r\n"[..]);
        assert_eq!(Body::Chunked(Chunk::Size).take(&mut buf, &mut trailers), Ok(Piece::End));
        assert_eq!(trailers.all(b"x-t").collect::<Vec<_>>(), ["v"]);
    }

    #[test]
    fn broken_chunks_are_refused() {
        for text in
            [&b"x\r\n"[..], b"\r\n", b"5\r\nhelloX\r\n", b"5 5\r\n", b"ffffffffffffffff1\r\n", b"5\nhello"]
        {
            let result = read_all(Body::Chunked(Chunk::Size), text, 100);
            assert_eq!(result.unwrap_err(), BadChunk, "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn lines_of_chunks_are_bounded() {
        let text = vec![b'1'; MAX_CHUNK_LINE + 2];
        assert!(read_all(Body::Chunked(Chunk::Size), &text, 100).is_err());
        let trailers = [b"0\r\n".to_vec(), b"a: b\r\n".repeat(4000)].concat();
        assert!(read_all(Body::Chunked(Chunk::Size), &trailers, 1000).is_err());
    }
}
