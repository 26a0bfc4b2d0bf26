//! What the black-box tests are made of: a subject under test, scripted origins, raw clients, log
//! receivers and deadlines. Nothing here knows what the gateway is made of.

pub(crate) mod authority;
pub(crate) mod cases;
pub(crate) mod client;
pub(crate) mod deadline;
pub(crate) mod dns;
pub(crate) mod frames;
pub(crate) mod limits;
pub(crate) mod message;
pub(crate) mod origin;
pub(crate) mod ports;
pub(crate) mod signal;
pub(crate) mod subject;
pub(crate) mod syslog;
pub(crate) mod tls;
