//! The PROXY protocol, versions 1 and 2, as received (`accept-proxy`; the protocol's text: proxy-protocol.txt).
//!
//! Pure: bytes in, a verdict out. Both versions are bounded, so a header either completes within [`MAX`] bytes or is
//! refused.

mod v1;
mod v2;

use std::net::SocketAddr;

/// The most bytes of a header that are looked at: version 2's 16 and its extensions, far above what is in use.
pub const MAX: usize = 4096;

/// What a complete header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// Where the connection came from and went to; `None` for `LOCAL`, `UNKNOWN` and unix addresses, where the
    /// connection's own addresses hold.
    pub addresses: Option<Addresses>,
    /// The bytes that the header takes; what follows belongs to the connection.
    pub length: usize,
    /// What else it says.
    pub extensions: Extensions,
}

/// What a header of version 2 may say besides addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// The name that the client asked the sender for (`PP2_TYPE_AUTHORITY`).
    pub authority: Option<Vec<u8>>,
    /// What tells the connection apart (`PP2_TYPE_UNIQUE_ID`).
    pub unique_id: Option<Vec<u8>>,
}

/// The two ends of the connection that the header is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The client.
    pub source: SocketAddr,
    /// What the client called.
    pub destination: SocketAddr,
}

/// What was found at the start of a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Parsed {
    /// A header.
    Complete(Header),
    /// So far right, but more bytes are needed.
    Partial,
    /// Not a PROXY header.
    Invalid(&'static str),
}

/// Looks for a header at the start of `bytes`.
pub fn parse(bytes: &[u8]) -> Parsed {
    if v2::could_be(bytes) && !(bytes.is_empty()) {
        return bounded(bytes, v2::parse(bytes));
    }
    v1::parse(bytes)
}

fn bounded(bytes: &[u8], parsed: Parsed) -> Parsed {
    match parsed {
        Parsed::Partial if bytes.len() >= MAX => Parsed::Invalid("PROXY header is too long"),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_buffer_needs_more() {
        assert_eq!(parse(b""), Parsed::Partial);
    }

    #[test]
    fn a_request_without_header_is_refused_at_once() {
        assert!(matches!(parse(b"GET / HTTP/1.1\r\n"), Parsed::Invalid(_)));
        assert!(matches!(parse(b"P"), Parsed::Partial));
        assert!(matches!(parse(b"PO"), Parsed::Invalid(_)));
    }
}
