//! Frames of HTTP/2 written and read by hand, for no library would send all that the tests must send (RFC 9113, 4).

use super::client::Client;

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const GOAWAY: u8 = 7;

/// END_STREAM.
pub(crate) const END: u8 = 1;
/// END_HEADERS.
pub(crate) const WHOLE: u8 = 4;

/// A field: name and value.
pub(crate) type Field = (&'static [u8], &'static [u8]);

/// What a client begins with: the preface and empty settings.
pub(crate) fn preface() -> Vec<u8> {
    [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, &[])].concat()
}

/// Fields, each a literal that is not indexed, with a literal name (RFC 7541, 6.2.2).
pub(crate) fn block(fields: &[Field]) -> Vec<u8> {
    fields.iter().flat_map(|(name, value)| [vec![0], text(name), text(value)].concat()).collect()
}

/// A string without Huffman's code, shorter than 127 bytes.
fn text(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).ok().filter(|length| *length < 127).expect("a short text");
    [&[length], bytes].concat()
}

pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A frame that came.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

impl Frame {
    /// The next frame; nothing where the connection has ended.
    pub(crate) fn read(client: &mut Client) -> Option<Self> {
        let head = client.take(9);
        let [a, b, c, kind, flags, d, e, f, g] = head[..] else { return None };
        let payload = client.take(usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c));
        Some(Self { kind, flags, stream: u32::from_be_bytes([d, e, f, g]), payload })
    }

    /// The code of RST_STREAM and of GOAWAY.
    pub(crate) fn code(&self) -> u32 {
        let from = if self.kind == GOAWAY { 4 } else { 0 };
        let bytes = self.payload.get(from..from + 4).expect("a code");
        u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])
    }

    /// The status of HEADERS where the static table has it (RFC 7541, appendix A), or 0.
    pub(crate) fn status(&self) -> u16 {
        let first = self.payload.iter().find(|byte| **byte & 0xe0 != 0x20).copied().unwrap_or(0);
        let known = [200, 204, 206, 304, 400, 404, 500];
        first.checked_sub(0x88).and_then(|at| known.get(usize::from(at))).copied().unwrap_or(0)
    }

    /// Whether nothing follows on its stream.
    pub(crate) fn ends(&self) -> bool {
        matches!(self.kind, DATA | HEADERS) && self.flags & END != 0
    }
}
