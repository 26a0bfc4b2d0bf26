//! `pingora::http`, and nothing else of Pingora.

pub use pingora_http as http;
