//! Checks step by step: `tcp-check …`, and `http-check …` beyond one request and one answer (configuration.txt 4.2).

use expr::{Assignment, Expr, LogFormat, Var};

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckStep {
    /// `connect`.
    Connect(Box<CheckConnect>),
    /// `tcp-check send`, `send-lf`, `send-binary`, `send-binary-lf`.
    Send {
        /// What is sent.
        payload: CheckPayload,
        /// `comment`.
        comment: Option<String>,
    },
    /// `http-check send`.
    Request(Box<CheckRequest>),
    /// `expect`.
    Expect(Box<CheckExpect>),
    /// `set-var(…)`, `set-var-fmt(…)`.
    SetVar {
        /// The first word, as written.
        action: String,
        /// What follows it, as written.
        text: String,
        /// Both, understood.
        assignment: Box<Assignment>,
    },
    /// `unset-var(NAME)`.
    UnsetVar(Var),
    /// `comment`: what is told of the steps behind it when they fail.
    Comment(String),
}

/// Where a check connects to, and how.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckConnect {
    /// `default`: as the server's line says.
    pub default: bool,
    /// `port`.
    pub port: Option<CheckPort>,
    /// `addr`: an IP address, with a port or without, or a socket's path.
    pub addr: Option<String>,
    /// `ssl`.
    pub ssl: bool,
    /// `send-proxy`.
    pub send_proxy: bool,
    /// `via-socks4`.
    pub via_socks4: bool,
    /// `linger`.
    pub linger: bool,
    /// `sni`.
    pub sni: Option<String>,
    /// `alpn`: names with commas between.
    pub alpn: Option<String>,
    /// `proto`.
    pub proto: Option<String>,
    /// `comment`.
    pub comment: Option<String>,
}

/// The port of `connect`.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckPort {
    /// This one.
    Fixed(u16),
    /// What an expression gives.
    Expr(Expr),
}

/// A text, or what makes it.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckText {
    /// As it is.
    Plain(String),
    /// A log-format string.
    Format(LogFormat),
}

/// What `tcp-check send` sends.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckPayload {
    /// A text.
    Text(CheckText),
    /// Bytes.
    Binary(Vec<u8>),
    /// Hexadecimal digits that a log-format string makes.
    BinaryFormat(LogFormat),
}

/// A request of `http-check send`. What the first one leaves open is as `option httpchk` says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckRequest {
    /// `meth`.
    pub method: Option<String>,
    /// `uri`, `uri-lf`.
    pub uri: Option<CheckText>,
    /// `ver`.
    pub version: Option<String>,
    /// `hdr`: names and values.
    pub headers: Vec<(String, CheckText)>,
    /// `body`, `body-lf`.
    pub body: Option<CheckText>,
    /// `comment`.
    pub comment: Option<String>,
}

/// What an answer must be.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckExpect {
    /// `!`: it must not be so.
    pub not: bool,
    /// What is looked for.
    pub what: CheckMatch,
    /// How that is done, and what is reported.
    pub options: CheckExpectOptions,
    /// `comment`.
    pub comment: Option<String>,
}

/// The options of `expect`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CheckExpectOptions {
    /// `min-recv`: so many bytes are waited for; -1 waits for the end.
    pub min_recv: Option<i32>,
    /// `ok-status`: what is reported of a match, by HAProxy's name.
    pub ok_status: Option<String>,
    /// `error-status`: what is reported of an answer that does not match.
    pub error_status: Option<String>,
    /// `tout-status`: what is reported where no answer comes.
    pub tout_status: Option<String>,
    /// `on-success`: what is told of a match.
    pub on_success: Option<LogFormat>,
    /// `on-error`: what is told of an answer that does not match.
    pub on_error: Option<LogFormat>,
    /// `status-code`: the number that is reported.
    pub status_code: Option<Expr>,
}

/// What `expect` looks for.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckMatch {
    /// `status`: one of these ranges, both ends included.
    Status(Vec<(u16, u16)>),
    /// `rstatus`.
    StatusPattern(String),
    /// `string`, `string-lf`.
    Text(CheckText),
    /// `rstring`.
    Pattern(String),
    /// `binary`.
    Binary(Vec<u8>),
    /// `rbinary`: on hexadecimal digits.
    BinaryPattern(String),
    /// `binary-lf`.
    BinaryFormat(LogFormat),
    /// `custom`: whatever a function of HAProxy's says.
    Custom,
    /// `hdr`, `fhdr`.
    Header {
        /// `fhdr`: the value as a whole, commas included.
        full: bool,
        /// The name.
        name: CheckPattern,
        /// The value.
        value: Option<CheckPattern>,
    },
}

/// How a header's name or value is compared.
#[derive(Clone, Debug, PartialEq)]
pub struct CheckPattern {
    /// `-m`: `str`, `beg`, `end`, `sub` or `reg`.
    pub method: &'static str,
    /// What with.
    pub text: CheckText,
}
