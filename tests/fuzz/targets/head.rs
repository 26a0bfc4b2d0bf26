//! The head of a request: however its bytes arrive, the same is understood, and nothing beyond the head is taken.
#![no_main]

use bytes::BytesMut;

// The reader itself under its own name, not the crate around it, which would bring all of Pingora.
#[expect(dead_code, reason = "the reader is used, not what proxy uses besides")]
#[path = "../../../gateway/proxy/src/http1"]
mod http1 {
    pub mod head;
    mod target;
}
#[allow(dead_code, reason = "what the reader fills, of which proxy uses more")]
#[path = "../../../gateway/proxy/src/message.rs"]
mod message;

use http1::head::{Head, HeadError, Limits, Reader};

const LIMITS: Limits = Limits { bytes: 4096, headers: 64, any_payload: false };

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let cut = bytes.iter().map(|byte| usize::from(*byte)).sum::<usize>() % (bytes.len() + 1);
    let mut whole = BytesMut::from(bytes);
    let at_once = Reader::default().take(&mut whole, &LIMITS);
    if let Ok(Some(head)) = &at_once {
        assert!(bytes.ends_with(&whole), "what follows the head was touched");
        assert!(head.length + whole.len() <= bytes.len());
    }
    let in_parts = in_two(bytes, cut);
    // Only the first bytes are judged before the head is whole, so a refusal may come sooner or later.
    let (at_once, in_parts) = (at_once.ok().flatten(), in_parts.ok().flatten());
    assert_eq!(format!("{at_once:?}"), format!("{in_parts:?}"), "cut at {cut}");
});

fn in_two(bytes: &[u8], cut: usize) -> Result<Option<Head>, HeadError> {
    let mut reader = Reader::default();
    let mut buffer = BytesMut::from(&bytes[..cut]);
    if let Some(head) = reader.take(&mut buffer, &LIMITS)? {
        return Ok(Some(head));
    }
    buffer.extend_from_slice(&bytes[cut..]);
    reader.take(&mut buffer, &LIMITS)
}
