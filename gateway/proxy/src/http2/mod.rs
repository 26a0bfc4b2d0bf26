//! HTTP/2 from the client, by the `h2` crate: a connection's streams, and one request on one of them.

pub(crate) mod head;
pub(crate) mod pipe;
pub(crate) mod resets;
pub(crate) mod serve;
pub(crate) mod session;
pub(crate) mod websocket;
