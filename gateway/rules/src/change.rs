//! What rules change beside the head of a message: how it is logged, where it seems to come from, how long it may take.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use expr::Side;

use crate::Step;

/// One change. What it means is the business of whoever carries the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// `set-log-level`: the level of the request's log line; `None` (`silent`) is no line at all.
    LogLevel(Option<LogLevel>),
    /// `set-timeout`: another time than the proxy's.
    Timeout(Timer, Duration),
    /// `set-src`, `set-dst`: another address at one end of the client's connection, for whoever asks from now on.
    Address(End, IpAddr),
    /// `set-src-port`, `set-dst-port`: another port there.
    Port(End, u16),
    /// `capture`: a text for a slot, which keeps as much of it as it can.
    Capture {
        /// Whose slot.
        side: Side,
        /// Its number, from 0.
        slot: usize,
        /// The text.
        value: Vec<u8>,
    },
    /// `early-hint`: a line of a `103 Early Hints`, which the client gets before the answer.
    EarlyHint {
        /// The line's name, in lower case.
        name: Vec<u8>,
        /// Its value.
        value: Vec<u8>,
        /// It begins another response.
        fresh: bool,
    },
    /// `do-log`: a line is logged at once.
    Log {
        /// When.
        step: Step,
        /// The `log-profile` section that says how it looks, where it is not the target's.
        profile: Option<Arc<str>>,
    },
    /// `set-bandwidth-limit`: a filter holds back what goes on from now on.
    Throttle(Throttle),
    /// `disable-l7-retry`: the request is not sent again after a response, or the lack of one.
    NoRetry,
    /// `set-retries`: another number than the backend's.
    Retries(u32),
    /// `set-tos`, `set-mark` and their like: what the kernel puts on the packets that go there from now on.
    Packets(Peer, Packet),
    /// `expect-proxy`: the connection begins with a PROXY line.
    ExpectProxy,
    /// `expect-netscaler-cip`: it begins with the header that a NetScaler sends.
    ExpectNetscaler,
    /// `set-priority-class`: the request waits before those of higher classes.
    PriorityClass(i32),
    /// `set-priority-offset`: it waits as if it had come so many milliseconds later.
    PriorityOffset(i32),
}

/// Which filter is to hold a message back, and how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Throttle {
    /// The section whose filter it is.
    pub section: String,
    /// The filter's name.
    pub name: String,
    /// Another limit than the filter's, in bytes for each period.
    pub limit: Option<u64>,
    /// Another period than the filter's.
    pub period: Option<Duration>,
}

/// Who is on the other end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// The client.
    Client,
    /// The server.
    Server,
}

/// What the kernel puts on packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packet {
    /// The type of service of IPv4, the traffic class of IPv6.
    Tos(u8),
    /// The netfilter mark, which never leaves the machine.
    Mark(u32),
}

/// One end of the client's connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The client's.
    Source,
    /// Ours.
    Destination,
}

/// The times that a rule may set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Timer {
    /// `timeout client`.
    Client,
    /// `timeout server`.
    Server,
    /// `timeout tunnel`.
    Tunnel,
}

/// A syslog severity, most important first (RFC 5424, 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the eight names are syslog's own")]
pub enum LogLevel {
    Emerg,
    Alert,
    Crit,
    Err,
    Warning,
    Notice,
    Info,
    Debug,
}

impl LogLevel {
    /// Every level and its name.
    pub const NAMES: [(&'static str, Self); 8] = [
        ("emerg", Self::Emerg),
        ("alert", Self::Alert),
        ("crit", Self::Crit),
        ("err", Self::Err),
        ("warning", Self::Warning),
        ("notice", Self::Notice),
        ("info", Self::Info),
        ("debug", Self::Debug),
    ];
}

/// A capture slot, as a rule names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Slot {
    /// Whose.
    pub side: Side,
    /// Which.
    pub number: SlotNumber,
}

/// Which slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlotNumber {
    /// A new one that keeps this many bytes.
    Length(usize),
    /// One that a line has declared, from 0.
    Id(usize),
}
