//! What a proxy does beside passing messages on: its statistics page, compression, filters, mails (configuration.txt 4.2
//! and 9).

use std::time::Duration;

/// All of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Services {
    /// `stats …`; `None` where no line asks for the page.
    pub stats: Option<StatsPage>,
    /// `compression …`.
    pub compression: Compression,
    /// `filter …` lines, in order.
    pub filters: Vec<Filter>,
    /// `email-alert …`.
    pub email: EmailAlert,
}

/// The statistics page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StatsPage {
    /// `uri`: its path; `None` is HAProxy's own, `/haproxy?stats`.
    pub uri: Option<String>,
    /// `realm`.
    pub realm: Option<String>,
    /// `auth`: users and passwords.
    pub users: Vec<(String, String)>,
    /// `refresh`: how often a browser asks anew.
    pub refresh: Option<Duration>,
    /// `scope`: the proxies that are shown, `.` is the one that shows them; empty is all.
    pub scopes: Vec<String>,
    /// `hide-version`.
    pub hide_version: bool,
    /// `show-desc`; an empty text is the one of `global`.
    pub description: Option<String>,
    /// `show-node`; an empty name is the one of `global`.
    pub node: Option<String>,
    /// `show-legends`.
    pub legends: bool,
    /// `show-modules`.
    pub modules: bool,
    /// `admin`: when servers may be changed there, in order.
    pub admin: Vec<expr::Cond>,
    /// `http-request`: who may see it.
    pub http_request: rules::RuleSet,
}

/// `compression …`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Compression {
    /// `algo`, `algo-res`: for responses, in order of preference.
    pub algorithms: Vec<Algorithm>,
    /// `type`, `type-res`: the media types of responses; empty is all.
    pub types: Vec<String>,
    /// `algo-req`: for requests.
    pub request_algorithm: Option<Algorithm>,
    /// `type-req`.
    pub request_types: Vec<String>,
    /// `minsize-res`, in bytes.
    pub min_size: u64,
    /// `minsize-req`, in bytes.
    pub request_min_size: u64,
    /// `offload`: servers are not asked to compress.
    pub offload: bool,
    /// `direction`.
    pub direction: Direction,
}

/// A coding of `compression algo`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum Algorithm {
    Identity,
    Gzip,
    Deflate,
    RawDeflate,
}

/// `compression direction`: what is compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum Direction {
    Request,
    #[default]
    Response,
    Both,
}

/// `filter …`.
#[derive(Clone, Debug, PartialEq)]
pub enum Filter {
    /// `compression`: where among the filters it has its place.
    Compression,
    /// `trace`: with these options.
    Trace(Vec<String>),
    /// `cache NAME`.
    Cache(String),
    /// `fcgi-app NAME`.
    FcgiApp(String),
    /// `bwlim-in`, `bwlim-out`.
    Bandwidth(Box<Bandwidth>),
}

/// A limit on bandwidth.
#[derive(Clone, Debug, PartialEq)]
pub struct Bandwidth {
    /// `bwlim-out`: towards the client.
    pub out: bool,
    /// The name by which rules ask for it.
    pub name: String,
    /// `default-limit`, `limit`: bytes for each period.
    pub limit: u64,
    /// `default-period`; a limit that is shared has its table's.
    pub period: Option<Duration>,
    /// `key`: whose share it is.
    pub key: Option<expr::Expr>,
    /// `table`.
    pub table: Option<String>,
    /// `min-size`: less than this is not held back.
    pub min_size: u64,
}

/// `email-alert …`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EmailAlert {
    /// `mailers`.
    pub mailers: Option<String>,
    /// `from`.
    pub from: Option<String>,
    /// `to`.
    pub to: Option<String>,
    /// `level`: the least important event that is told of, by syslog's number; `None` is `alert`.
    pub level: Option<u8>,
    /// `myhostname`.
    pub myhostname: Option<String>,
}
