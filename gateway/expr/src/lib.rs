//! Sample expressions: what is read from a connection or a message, how it is converted, and what it is compared with.
//!
//! An expression reads and never writes. It meets the world through [`Txn`] alone, so it neither does I/O nor owns a
//! clock. Fetches, converters and matching methods are tables of rows (configuration.txt 7); `plan` evaluates many
//! conditions at the cost of about one.

mod acl;
mod arg;
pub mod auth;
mod cond;
pub mod convert;
mod counter;
mod criterion;
mod expr;
pub mod fetch;
mod figure;
mod hello;
mod logformat;
mod matcher;
mod parts;
mod pattern;
mod phase;
pub mod plan;
mod regex;
mod samples;
mod scope;
mod txn;
mod value;
mod var;

#[cfg(test)]
mod world;

pub use acl::{Acl, Acls, PREDEFINED};
pub use cond::{Cond, Verdict};
pub use convert::verify_error;
pub use counter::{Purpose, TableUse, can_be_key, key_of};
pub use criterion::{alias_names, aliases};
pub use expr::Expr;
pub use figure::{Figure, Mention, Named, Subject};
pub use hello::{Hello, HelloLists};
pub use logformat::{LogField, LogFormat, Shape};
pub use parts::Parts;
pub use pattern::{Change, Found, Item, Patterns, Reference, Which};
pub use phase::{PLACES, Phase, Phases};
pub use regex::{
    compile as compile_regex, expand as expand_replacement, refusal as regex_refusal,
    replace as replace_regex,
};
pub use samples::{
    FILES as SAMPLE_FILES, REQUEST as SAMPLE_REQUEST, RESPONSE as SAMPLE_RESPONSE, Sample,
    bytes as sample_bytes, samples,
};
pub use scope::{AS_ACL, Ends, Pages, STICK_COUNTERS, Scope, Spot, TableNaming, TableUses};
pub use txn::{ProxyLine, ServerLink, Side, Stream, TcpInfo, Tls, Txn, Verification};
pub use value::{Type, Value};
pub use var::{
    Assignment, Conditions, Names, Naming, ProcessVars, SharedVars, Slots, TxnVars, Var, VarLimits, VarScope,
    VarTable,
};
