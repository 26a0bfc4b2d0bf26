//! `pingora::http` and Pingora's error, and nothing else of it.

pub use pingora_error::{Error, ErrorType, OrErr, Result};
pub use pingora_http as http;
