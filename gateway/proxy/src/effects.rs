//! What rules have changed of a request beside its heads (`set-log-level`, `set-timeout`, `set-src` …).

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use http::Method;
use listen::Packets;
use rules::{Change, End, LogLevel, Packet, Peer, Timer};
use upstream::Priority;

use crate::captures::Kept;
use crate::message::Lines;

/// The changes so far; empty for most requests.
#[derive(Debug, Default)]
pub(crate) struct Effects {
    /// The method that came, once `set-method` has put another in its place.
    pub first_method: Option<Method>,
    /// `set-log-level`: `Some(None)` is `silent`.
    pub log_level: Option<Option<LogLevel>>,
    /// `set-timeout client`.
    pub client: Option<Duration>,
    /// `set-timeout server`.
    pub server: Option<Duration>,
    /// `set-timeout tunnel`.
    pub tunnel: Option<Duration>,
    /// `set-src`, `set-src-port`.
    pub source: Moved,
    /// `set-dst`, `set-dst-port`.
    pub destination: Moved,
    /// What the slots hold, by number; empty where a frontend has no slot.
    pub captures: Kept,
    /// `early-hint` lines that the client has not got yet, one response each.
    pub hints: Vec<Lines>,
    /// `disable-l7-retry`.
    pub no_retry: bool,
    /// `set-retries`.
    pub retries: Option<u32>,
    /// `set-tos`, `set-mark`: what the client's packets carry.
    pub client_packets: Packets,
    /// `set-bc-tos`, `set-bc-mark`: what the server's packets carry.
    pub server_packets: Packets,
    /// `expect-proxy`.
    pub expects_proxy: bool,
    /// `expect-netscaler-cip`.
    pub expects_netscaler: bool,
    /// `set-priority-class`, `set-priority-offset`.
    pub priority: Priority,
}

/// What took the place of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Moved {
    address: Option<IpAddr>,
    port: Option<u16>,
}

impl Moved {
    /// The address as it is now. As in HAProxy a port alone makes an address of any.
    pub(crate) fn over(self, real: Option<SocketAddr>) -> Option<SocketAddr> {
        match (self.address, self.port) {
            (None, None) => real,
            (address, port) => {
                let ip = address.or(real.map(|real| real.ip())).unwrap_or(Ipv4Addr::UNSPECIFIED.into());
                Some(SocketAddr::new(ip, port.or(real.map(|real| real.port())).unwrap_or(0)))
            }
        }
    }
}

impl Effects {
    /// The method that came, if it is not the one that the request has now and HAProxy knows it by a number: that is taken
    /// once, and told by `method` whatever rules set later.
    pub(crate) fn numbered_method(&self) -> Option<&Method> {
        const NUMBERED: [Method; 7] = [
            Method::OPTIONS,
            Method::GET,
            Method::HEAD,
            Method::POST,
            Method::PUT,
            Method::DELETE,
            Method::TRACE,
        ];
        self.first_method.as_ref().filter(|method| NUMBERED.contains(method))
    }

    /// Keeps a change.
    pub(crate) fn note(&mut self, change: Change) {
        match change {
            Change::LogLevel(level) => self.log_level = Some(level),
            Change::Timeout(Timer::Client, time) => self.client = Some(time),
            Change::Timeout(Timer::Server, time) => self.server = Some(time),
            Change::Timeout(Timer::Tunnel, time) => self.tunnel = Some(time),
            Change::Address(End::Source, address) => self.source.address = Some(address),
            Change::Address(End::Destination, address) => self.destination.address = Some(address),
            Change::Port(End::Source, port) => self.source.port = Some(port),
            Change::Port(End::Destination, port) => self.destination.port = Some(port),
            Change::EarlyHint { name, value, fresh } => {
                if fresh || self.hints.is_empty() {
                    self.hints.push(Lines::default());
                }
                let last = self.hints.last_mut();
                last.into_iter().for_each(|lines| lines.push(name.clone(), value.clone()));
            }
            Change::Capture { side, slot, value } => self.captures.fill(side, slot, &value),
            // they are set to work where the request is known
            Change::Throttle(_) | Change::Log { .. } => {}
            Change::NoRetry => self.no_retry = true,
            Change::Retries(retries) => self.retries = Some(retries),
            Change::Packets(peer, packet) => {
                let packets = match peer {
                    Peer::Client => &mut self.client_packets,
                    Peer::Server => &mut self.server_packets,
                };
                match packet {
                    Packet::Tos(tos) => packets.tos = Some(tos),
                    Packet::Mark(mark) => packets.mark = Some(mark),
                }
            }
            Change::ExpectProxy => self.expects_proxy = true,
            Change::ExpectNetscaler => self.expects_netscaler = true,
            Change::PriorityClass(class) => self.priority.class = class,
            Change::PriorityOffset(offset) => self.priority.offset = offset,
        }
    }
}
