//! All that a traffic line can tell about one connection or request. Borrowed, so that building one costs
//! nothing; the formats of [`super::format`] pick what they show.

use std::net::SocketAddr;
use std::time::SystemTime;

/// One end of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Endpoint {
    /// Over IP.
    Ip(SocketAddr),
    /// Over a unix socket: shown as `unix:` and the number of the listening socket.
    Unix(u32),
}

/// The times of a request in milliseconds (configuration.txt 8.4); `None` is a stage that was not reached and
/// is shown as -1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timers {
    /// `Th`: handshakes (PROXY protocol, TLS) after the accept.
    pub handshake: u64,
    /// `Ti`: idle before the request's first byte.
    pub idle: u64,
    /// `TR`: from the first byte of the request to the end of its head.
    pub request: Option<u64>,
    /// `Tw`: waiting in queues.
    pub queue: Option<u64>,
    /// `Tc`: connecting, retries included.
    pub connect: Option<u64>,
    /// `Tr`: from the connection to the head of the response.
    pub response: Option<u64>,
    /// `Ta`: from the first byte of the request to the last of the response.
    pub active: u64,
    /// `Tt`: from the accept to the end.
    pub total: u64,
}

/// How a session ended (configuration.txt 8.5): `--NI`, `SC--`, ….
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Termination(pub [u8; 4]);

impl Default for Termination {
    fn default() -> Self {
        Self(*b"----")
    }
}

/// What `option httpslog` adds.
#[derive(Clone, Copy, Debug, Default)]
pub struct TlsFacts<'a> {
    /// The name that the client asked for.
    pub sni: Option<&'a str>,
    /// `TLSv1.3`.
    pub version: &'a str,
    /// `TLS_AES_256_GCM_SHA384`.
    pub cipher: &'a str,
    /// The session was resumed.
    pub resumed: bool,
}

/// A traffic line's fields.
#[derive(Clone, Copy, Debug)]
pub struct LogRecord<'a> {
    /// The client.
    pub client: Endpoint,
    /// The address that it connected to.
    pub destination: Endpoint,
    /// When the connection was accepted.
    pub accepted: SystemTime,
    /// When the first byte of the request came; the accept if none did.
    pub started: SystemTime,
    /// The frontend's name.
    pub frontend: &'a str,
    /// The frontend's mode is HTTP (the default format tells).
    pub http: bool,
    /// The connection came over TLS: a `~` after the frontend's name, and its facts.
    pub tls: Option<TlsFacts<'a>>,
    /// The backend's name; the frontend's if none was chosen.
    pub backend: &'a str,
    /// The server's name, `<PROMEX>` for the metrics; `None` is shown as `<NOSRV>`.
    pub server: Option<&'a str>,
    /// The times.
    pub timers: Timers,
    /// The status sent to the client; `None` is shown as -1.
    pub status: Option<u16>,
    /// Bytes sent to the client.
    pub bytes_out: u64,
    /// Bytes received from the client.
    pub bytes_in: u64,
    /// `capture cookie`, of the request.
    pub req_cookie: Option<&'a [u8]>,
    /// `capture cookie`, of the response.
    pub res_cookie: Option<&'a [u8]>,
    /// How it ended.
    pub termination: Termination,
    /// Connections of the process at the end.
    pub actconn: u64,
    /// Connections of the frontend.
    pub feconn: u64,
    /// Sessions of the backend.
    pub beconn: u64,
    /// Sessions of the server.
    pub srv_conn: u64,
    /// Connections tried again.
    pub retries: u32,
    /// The server is another one than first chosen: a `+` before the retries.
    pub redispatched: bool,
    /// How many requests the process had received before it; `None` where there was no request.
    pub number: Option<u64>,
    /// Requests served before it while it waited for the server.
    pub srv_queue: u64,
    /// Requests served before it while it waited for any server.
    pub backend_queue: u64,
    /// `capture request header`: `None` if nothing is to be captured or the request was not understood.
    pub req_captures: Option<&'a [Option<&'a [u8]>]>,
    /// `capture response header`, likewise.
    pub res_captures: Option<&'a [Option<&'a [u8]>]>,
    /// The request line as received; `None` is shown as `<BADREQ>`.
    pub request: Option<&'a [u8]>,
    /// `option logasap`: the line is written before the end, and says so with `+`.
    pub early: bool,
}

impl<'a> LogRecord<'a> {
    /// A record of a connection that nothing is known of but where it came from.
    pub fn new(frontend: &'a str, client: Endpoint, destination: Endpoint, accepted: SystemTime) -> Self {
        Self {
            client,
            destination,
            accepted,
            started: accepted,
            frontend,
            http: false,
            tls: None,
            backend: frontend,
            server: None,
            timers: Timers::default(),
            status: None,
            bytes_out: 0,
            bytes_in: 0,
            req_cookie: None,
            res_cookie: None,
            termination: Termination::default(),
            actconn: 0,
            feconn: 0,
            beconn: 0,
            srv_conn: 0,
            retries: 0,
            redispatched: false,
            number: None,
            srv_queue: 0,
            backend_queue: 0,
            req_captures: None,
            res_captures: None,
            request: None,
            early: false,
        }
    }
}
