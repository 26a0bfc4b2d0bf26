//! The glue between the configuration and Pingora: the one crate that implements `ProxyHttp`.
//!
//! `runtime` is all that is built from one configuration, `gateway` what outlives it, `worker` accepts, `http1` speaks
//! HTTP/1 to clients, and `http` judges every request.

mod alarm;
mod answer;
mod bandwidth;
mod captures;
mod client;
mod connection;
mod connection_rules;
mod ctx;
mod edit;
mod effects;
mod events;
mod exchange;
mod fields;
mod figures;
mod fill;
mod frame;
mod gateway;
mod handshake;
mod http;
pub mod http1;
mod http2;
mod ip_text;
mod listener;
mod logger;
mod message;
mod metrics;
mod netscaler;
mod outcome;
mod proxy_line;
mod refusal;
mod runtime;
mod server;
mod snapshot;
mod stream;
mod track;
mod variables;
mod worker;

pub use answer::{Pages, Reply, of_rule as reply_of_rule, page as page_of};
pub use gateway::{Facts, Gateway};
pub use listener::ListenerState;
pub use runtime::Runtime;
pub use server::{Task, serve};
pub use snapshot::take as snapshot;
