//! Frontends at run time, up to the first byte of the application: sockets, limits, the PROXY protocol, TLS.
//!
//! `listen` opens what a `bind` line says and accepts on it; what is done with a connection is `proxy`'s.
//! Nothing here spawns a task or a thread.

mod accept;
pub mod account;
mod address;
pub mod file;
mod inherit;
pub mod limits;
pub mod netscaler;
mod packets;
mod permits;
pub mod proxy_protocol;
mod socket;
mod stream;
mod tcp_info;
pub mod tls;
mod unix;

pub use accept::{Accepted, Acceptor, HeldPermits};
pub use address::Address;
pub use packets::Packets;
pub use permits::{Limit, Permit, Permits};
pub use socket::{BindError, Listener};
pub use stream::Stream;
pub use tcp_info::tcp_info;
