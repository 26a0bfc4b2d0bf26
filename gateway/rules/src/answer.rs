//! What the rules decided: go on, close, or answer with this.

use std::time::Duration;

use bytes::Bytes;
use expr::Var;

/// What is to happen after a rule set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flow {
    /// No final rule: the next rule set is asked.
    Continue,
    /// `accept`, `allow`: no more rules of this set are asked, the message goes on.
    Accept,
    /// `tcp-request content` alone: more bytes are needed to tell. It is said only while
    /// [`expr::Txn::more_to_come`] is true.
    Wait,
    /// `pause`: nothing happens for a while, then the next rule is asked.
    Pause(Duration),
    /// `wait-for-body`: the next rule is asked when so many bytes of the body have come, 0 for all that a buffer
    /// holds, and the request fails if they do not come in time.
    WaitForBody {
        /// How long it waits.
        time: Duration,
        /// How much it waits for.
        at_least: u64,
    },
    /// `do-resolve`: the next rule is asked when this is answered.
    Resolve(Question),
    /// `reject`: the connection is closed without a word.
    Close,
    /// `silent-drop`: the connection is forgotten without telling the client.
    SilentDrop,
    /// The client gets this.
    Answer(Answer),
    /// Somebody inside answers.
    Service(Service),
}

impl Flow {
    /// Whether no more rules of the set are asked.
    pub fn is_final(&self) -> bool {
        match self {
            Self::Continue | Self::Wait | Self::Pause(_) | Self::WaitForBody { .. } | Self::Resolve(_) => {
                false
            }
            Self::Accept | Self::Close | Self::SilentDrop | Self::Answer(_) | Self::Service(_) => true,
        }
    }
}

/// What `do-resolve` asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The `resolvers` section whose name servers are asked.
    pub section: String,
    /// The name whose address is wanted.
    pub host: String,
    /// An address of IPv4 is taken before one of IPv6.
    pub ipv4_first: bool,
    /// Where the address goes; without one it is left as it is.
    pub var: Option<Var>,
}

/// Who answers inside the gateway.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// `use-service prometheus-exporter`.
    PrometheusExporter,
}

/// Why an answer is given: what it counts as, and how it is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerKind {
    /// `deny`, or `tarpit`: the answer waits for `timeout tarpit` and the connection ends with it.
    Denied {
        /// It is a `tarpit`.
        tarpit: bool,
    },
    /// `redirect`.
    Redirect,
    /// `return`.
    Returned,
    /// `auth`: the client is asked who it is.
    Challenged,
    /// `close`: the server's connection ends, and the client is told that no answer came.
    NoResponse,
    /// The request cannot be understood: the connection ends with the answer.
    Invalid,
}

/// An answer in full. HAProxy 2.6 keeps the connection after all of them but tarpits: the writer adds `connection:`
/// as for any response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The status that is sent, where an error file has another.
    pub sent: Option<u16>,
    /// The reason phrase, where an error file has its own.
    pub reason: Option<Vec<u8>>,
    /// Why it is given.
    pub kind: AnswerKind,
    /// All headers in order, names in lower case, `content-length` among them; the body follows unless the method
    /// is `HEAD`. Those of a page come behind its own.
    pub headers: Vec<(Vec<u8>, Vec<u8>)>,
    /// The body; `None` is the page for this status: the proxy's `errorfile` or the built-in one, with its headers.
    pub body: Option<Bytes>,
    /// Nothing is sent, the connection just ends: the error file is empty.
    pub silent: bool,
    /// A request with a body (even one that has arrived) ends the connection: redirects do that. Other answers end
    /// it only when the request's body has not arrived in full.
    pub close_after_body: bool,
}

impl Answer {
    /// The page for a status.
    pub fn page(status: u16, kind: AnswerKind) -> Self {
        Self {
            status,
            sent: None,
            reason: None,
            kind,
            headers: Vec::new(),
            body: None,
            silent: false,
            close_after_body: false,
        }
    }
}
