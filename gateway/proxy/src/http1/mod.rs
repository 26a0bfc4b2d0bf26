//! HTTP/1 towards the client, by ourselves: heads, bodies, one session, and the loop that keeps a connection.

pub mod body;
pub mod connection;
pub mod head;
pub mod serve;
pub mod session;
mod target;
