//! `trait Txn`: everything an expression may ask of the world. `proxy` implements it once; tests implement it in
//! memory.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::ops::ControlFlow;
use std::time::SystemTime;

use http::HeaderName;
use table::{Millis, Tables, Tracked};

use crate::auth::Userlist;
use crate::{Figure, Hello, LogField, Subject, Value, Var, VarScope};

/// Whose headers are meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Side {
    /// The client's.
    Request,
    /// The server's.
    Response,
}

/// What is known of a TLS connection with the client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// The name the client asked for.
    pub sni: Option<String>,
    /// `TLSv1.3`, `TLSv1.2`.
    pub version: String,
    /// The cipher's name as OpenSSL spells it.
    pub cipher: String,
    /// OpenSSL's name of the group of the key exchange; empty where none is known.
    pub group: &'static str,
    /// The id of the session, where it is known; in TLS 1.2.
    pub session: Vec<u8>,
    /// The secrets that may be told, by their names in key log files.
    pub secrets: Vec<(&'static str, Vec<u8>)>,
    /// The protocol agreed by ALPN.
    pub alpn: Option<String>,
    /// The session was taken up again.
    pub resumed: bool,
    /// What the client's certificate came to, where it showed one now or in an earlier session.
    pub verification: Verification,
    /// The TLS library's number of what went wrong, and its words; nothing where it did not, or where nobody tells.
    pub error: Option<(i64, &'static str)>,
    /// That certificate, in DER; on a connection with a server, the server's.
    pub certificate: Option<Vec<u8>>,
    /// The certificates that came with it, in DER, one behind the other.
    pub chain: Vec<u8>,
    /// The certificate that the client was shown, in DER.
    pub own_certificate: Option<Vec<u8>>,
    /// What the client's hello said.
    pub hello: Option<Hello>,
}

/// What a client's certificate came to, in OpenSSL's numbers; all 0 where it is in order.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verification {
    /// The last error (`ssl_c_verify`).
    pub last: u8,
    /// The first error of the certificate itself (`ssl_c_err`).
    pub certificate: u8,
    /// The first error of an authority (`ssl_c_ca_err`).
    pub authority: u8,
    /// Where in the chain that was (`ssl_c_ca_err_depth`).
    pub depth: u8,
}

/// What the kernel knows of a TCP connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TcpInfo {
    /// The time to the other end and back, µs.
    pub rtt: u32,
    /// How much that varies, µs.
    pub rttvar: u32,
    /// Packets that are not acknowledged yet.
    pub unacked: u32,
    /// Packets that are acknowledged out of order.
    pub sacked: u32,
    /// Packets that are lost.
    pub lost: u32,
    /// Packets that are being sent again.
    pub retrans: u32,
    /// Packets that are acknowledged in front.
    pub fackets: u32,
    /// How far packets come out of order.
    pub reordering: u32,
}

/// What a PROXY line of version 2 may say besides addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProxyLine {
    /// The name that the client asked the sender for.
    pub authority: Option<Vec<u8>>,
    /// What tells the connection apart.
    pub unique_id: Option<Vec<u8>>,
}

/// What is known of the connection with the server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerLink {
    /// Our end.
    pub source: Option<SocketAddr>,
    /// The server's end.
    pub destination: Option<SocketAddr>,
    /// The TLS on it; `None` in clear.
    pub tls: Option<Tls>,
}

/// A standard stream of the process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// `stdout`.
    Out,
    /// `stderr`.
    Error,
}

/// What an expression may ask. Everything defaults to "not known".
pub trait Txn {
    /// The client's address.
    fn source(&self) -> Option<IpAddr> {
        None
    }
    /// The client's port.
    fn source_port(&self) -> Option<u16> {
        None
    }
    /// The address the client connected to.
    fn destination(&self) -> Option<IpAddr> {
        None
    }
    /// The port the client connected to.
    fn destination_port(&self) -> Option<u16> {
        None
    }
    /// The client's end of its connection, whatever rules have made of it since (`fc_src`).
    fn connection_source(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.source()?, self.source_port()?))
    }
    /// Our end of the client's connection, whatever rules have made of it since (`fc_dst`).
    fn connection_destination(&self) -> Option<SocketAddr> {
        Some(SocketAddr::new(self.destination()?, self.destination_port()?))
    }
    /// Whether an address is one of this machine's.
    fn is_local(&self, ip: IpAddr) -> bool {
        ip.is_loopback()
    }
    /// Why the client's connection came to nothing, in HAProxy's words (`fc_err_str`); `None` where it did not.
    fn connection_failure(&self) -> Option<&str> {
        None
    }
    /// A PROXY line came before anything else (`fc_rcvd_proxy`).
    fn proxied(&self) -> bool {
        false
    }
    /// What the kernel knows of the client's connection; nothing where it is none of TCP.
    fn tcp_info(&self) -> Option<TcpInfo> {
        None
    }
    /// What the kernel knows of the connection with the server, while it is open.
    fn server_tcp_info(&self) -> Option<TcpInfo> {
        None
    }
    /// What that line said besides addresses.
    fn proxy_line(&self) -> Option<&ProxyLine> {
        None
    }
    /// The connection with the server, once there is one.
    fn server_link(&self) -> Option<&ServerLink> {
        None
    }
    /// A figure about a proxy or a server; `None` where there is no such one.
    fn figure(&self, figure: Figure, of: &Subject) -> Option<i64> {
        let _ = (figure, of);
        None
    }
    /// The name of the backend that the frontend falls back to (`fe_defbe`).
    fn default_backend(&self) -> Option<&str> {
        None
    }
    /// The process is stopping.
    fn stopping(&self) -> bool {
        false
    }
    /// What has come of a message's body.
    fn body(&self, side: Side) -> Option<&[u8]> {
        let _ = side;
        None
    }
    /// The length that a message says its body has; what has come, where it says none.
    fn body_size(&self, side: Side) -> Option<u64> {
        self.body(side).and_then(|body| u64::try_from(body.len()).ok())
    }
    /// The client's TLS connection; `None` in clear.
    fn tls(&self) -> Option<&Tls> {
        None
    }
    /// The request's method. As in HAProxy, one that has a number there is told as it came, whatever rules have set since.
    fn method(&self) -> Option<&[u8]> {
        None
    }
    /// The request's target, as received or as rules have set it.
    fn uri(&self) -> Option<&[u8]> {
        None
    }
    /// The request's first line as it came, whatever rules have set since (`capture.req.uri`); `None` where nobody kept it.
    fn request_line(&self) -> Option<&[u8]> {
        None
    }
    /// The request's HTTP version.
    fn version(&self) -> Option<(u8, u8)> {
        None
    }
    /// The response's status.
    fn status(&self) -> Option<u16> {
        None
    }
    /// The response's HTTP version.
    fn response_version(&self) -> Option<(u8, u8)> {
        None
    }
    /// Shows the lines (name, value) of a side in order of appearance, all or those of one name, until told to stop.
    fn headers<'a>(
        &'a self,
        side: Side,
        name: Option<&HeaderName>,
        visit: &mut dyn FnMut(&'a [u8], &'a [u8]) -> ControlFlow<()>,
    ) {
        let _ = (side, name, visit);
    }
    /// The frontend's name and id.
    fn frontend(&self) -> Option<(&str, u32)> {
        None
    }
    /// The backend's name and id, once it is chosen.
    fn backend(&self) -> Option<(&str, u32)> {
        None
    }
    /// The server's name and id, once it is chosen.
    fn server(&self) -> Option<(&str, u32)> {
        None
    }
    /// The name and id of the listening socket; without a name it is empty.
    fn listener(&self) -> Option<(&str, u32)> {
        None
    }
    /// The bytes that arrived before any parsing (`tcp-request content`).
    fn raw_request(&self) -> &[u8] {
        &[]
    }
    /// The bytes that arrived from the server before any parsing (`tcp-response content`).
    fn raw_response(&self) -> &[u8] {
        &[]
    }
    /// How much of the request has come (`req.len`): of a parsed one, HAProxy counts its own form of it.
    fn request_length(&self) -> u64 {
        u64::try_from(self.raw_request().len()).unwrap_or(u64::MAX)
    }
    /// Shows a line, without its end, to whoever looks at the program (`debug`); lost where nobody can.
    fn show(&self, _stream: Stream, _line: &[u8]) {}
    /// More bytes may still change the answer: `tcp-request content` and `tcp-response content` within the inspect delay.
    fn more_to_come(&self) -> bool {
        false
    }
    /// They are those of the response, of which nothing has come yet.
    fn response_to_come(&self) -> bool {
        false
    }
    /// This is the connection's first request.
    fn first_request(&self) -> bool {
        true
    }
    /// Where the request stands in queues: its class, and its offset in milliseconds.
    fn priority(&self) -> (i32, i32) {
        (0, 0)
    }
    /// The stick tables; `None` where there are none.
    fn tables(&self) -> Option<&Tables> {
        None
    }
    /// What a counter (`track-sc0` …) tracks: for this request, or for its connection.
    fn tracked(&self, counter: usize) -> Option<&Tracked> {
        let _ = counter;
        None
    }
    /// The moment on the clock of the stick tables.
    fn table_clock(&self) -> Millis {
        0
    }
    /// The time.
    fn now(&self) -> SystemTime {
        SystemTime::UNIX_EPOCH
    }
    /// When the request's first byte came.
    fn request_begun(&self) -> Option<SystemTime> {
        None
    }
    /// Another server was chosen than at first.
    fn redispatched(&self) -> bool {
        false
    }
    /// It ended in an error, as `option dontlog-normal` sees it, as far as is known by now.
    fn failed(&self) -> bool {
        false
    }
    /// It is answered by a service of our own, not by a server.
    fn served(&self) -> bool {
        false
    }
    /// Where the last rule stands that ended a set, `file:line`.
    fn last_rule(&self) -> Option<&str> {
        None
    }
    /// How far the local time was ahead of UTC, in seconds, at a number of seconds since 1970.
    fn utc_offset(&self, seconds: i64) -> i64 {
        let _ = seconds;
        0
    }
    /// A number drawn anew at each call.
    fn random(&self) -> u32 {
        0
    }
    /// The number of the thread at work, counted from 1.
    fn thread(&self) -> u32 {
        1
    }
    /// This machine's name.
    fn hostname(&self) -> &str {
        ""
    }
    /// The request's id (`unique-id-format`).
    fn unique_id(&self) -> Option<&[u8]> {
        None
    }
    /// The value of a variable.
    fn var(&self, var: &Var) -> Option<Value<'_>> {
        let _ = var;
        None
    }
    /// Whether there are variables of a scope now: those of a transaction begin with it, those of a request end with it.
    fn has_scope(&self, scope: VarScope) -> bool {
        let _ = scope;
        true
    }
    /// Whether a variable was ever set.
    fn var_exists(&self, var: &Var) -> bool {
        self.var(var).is_some()
    }
    /// Sets a variable, or unsets it, in the midst of an expression (converters `set-var`, `unset-var`); what is
    /// borrowed from here stays as it is.
    fn defer_var(&self, var: &Var, value: Option<Value<'static>>) {
        let _ = (var, value);
    }
    /// The `userlist` section of a name.
    fn userlist(&self, name: &str) -> Option<&Userlist> {
        let _ = name;
        None
    }
    /// What a capture slot of a side holds (`capture.req.hdr`, `capture.res.hdr`).
    fn capture(&self, side: Side, slot: usize) -> Option<Cow<'_, [u8]>> {
        let _ = (side, slot);
        None
    }
    /// Fills a capture slot in the midst of an expression (converters `capture-req`, `capture-res`); false where there is
    /// no such slot. What is borrowed from here stays as it is.
    fn defer_capture(&self, side: Side, slot: usize, text: &[u8]) -> bool {
        let _ = (side, slot, text);
        false
    }
    /// Writes the plain value of a log-format tag such as `%Tr`; false when it is not known, which renders as `-`.
    fn log_field(&self, field: LogField, out: &mut Vec<u8>) -> bool {
        let _ = (field, out);
        false
    }
}
