//! WebSockets on a stream of HTTP/2 (RFC 8441): what asks the server for one in HTTP/1, and what proves that it has agreed,
//! which the client leaves to whoever speaks HTTP/1 for it.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use bytes::Bytes;

use crate::message::{Lines, ResponseHead};

/// The name of the protocol.
const WEBSOCKET: &str = "websocket";
/// What a server puts behind the key before it digests both (RFC 6455, 1.3).
const PROOF: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Adds the lines that ask for another protocol. A WebSocket needs a key, which HTTP/2 does without.
pub(crate) fn ask(lines: &mut Lines, protocol: &str) {
    lines.push(&b"upgrade"[..], Bytes::copy_from_slice(protocol.as_bytes()));
    lines.push(&b"connection"[..], &b"upgrade"[..]);
    if protocol == WEBSOCKET && !lines.has(b"sec-websocket-key") {
        lines.push(&b"sec-websocket-key"[..], base64(&fastrand::u128(..).to_be_bytes()));
    }
}

/// Whether a response that switches to a protocol proves what it must, to whom these lines were sent (RFC 6455, 4.1).
pub(crate) fn is_proved(protocol: &str, asked: &Lines, response: &ResponseHead) -> bool {
    let proof = |key: &Bytes| base64(digest(&SHA1_FOR_LEGACY_USE_ONLY, &[key, PROOF].concat()).as_ref());
    let expected = asked.all(b"sec-websocket-key").next().map(proof);
    protocol != WEBSOCKET || response.lines.all(b"sec-websocket-accept").next() == expected.as_ref()
}

/// With padding (RFC 4648, 4).
fn base64(bytes: &[u8]) -> Bytes {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |three: &[u8]| {
        let byte = |at: usize| u32::from(three.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let digit = |at: usize| DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
        [0, 1, 2, 3].map(|at| if at <= three.len() { digit(at) } else { b'=' })
    };
    bytes.chunks(3).flat_map(group).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_written_in_base64() {
        for (text, expected) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg==")]
        {
            assert_eq!(base64(text.as_bytes()), expected);
        }
    }

    #[test]
    fn a_websocket_is_asked_for_with_a_key_of_its_own() {
        let (mut one, mut other, mut none) = (Lines::default(), Lines::default(), Lines::default());
        ask(&mut one, "websocket");
        ask(&mut other, "websocket");
        ask(&mut none, "connect-udp");
        let key = |lines: &Lines| lines.all(b"sec-websocket-key").next().cloned();
        assert_eq!(key(&one).map(|key| key.len()), Some(24));
        assert_ne!(key(&one), key(&other));
        assert_eq!((key(&none), none.len()), (None, 2));
    }

    /// The key and the proof of RFC 6455, 1.3.
    #[test]
    fn a_server_proves_that_it_has_read_the_key() {
        let (mut asked, mut answer) = (Lines::default(), ResponseHead::new(101));
        asked.push("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==");
        assert!(!is_proved("websocket", &asked, &answer), "nothing proves it");
        assert!(is_proved("connect-udp", &asked, &answer), "nothing must");
        answer.lines.push("sec-websocket-accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert!(is_proved("websocket", &asked, &answer));
        assert!(!is_proved("websocket", &Lines::default(), &answer), "of no key");
    }
}
