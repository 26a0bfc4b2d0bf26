//! How a backend chooses its servers: `balance`, `hash-type` and what belongs to them (configuration.txt 4.2).

/// `balance`.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Balance {
    /// Turn by turn, by weight, smoothly.
    #[default]
    RoundRobin,
    /// As `roundrobin`, with weights that do not change at run time.
    StaticRr,
    /// The server with the fewest requests for its weight.
    LeastConn,
    /// The first server with a free slot.
    First,
    /// A hash of the client's address.
    Source,
    /// `random(N)`: the less loaded of N drawn by weight.
    Random(u32),
    /// `uri`: a hash of the request's URI.
    Uri(UriHash),
    /// `url_param`: a hash of one parameter.
    UrlParam {
        /// The parameter.
        name: String,
        /// `check_post`: it is looked for in a body too.
        check_post: bool,
    },
    /// `hdr(name)`: a hash of one header.
    Header {
        /// The header.
        name: String,
        /// `use_domain_only`: of a host, its domain without the top level alone.
        domain_only: bool,
    },
    /// `rdp-cookie(name)`: a hash of this cookie of the Remote Desktop protocol.
    RdpCookie(String),
    /// `hash`: a hash of an expression's value.
    Hash(expr::Expr),
    /// `log-hash`, in log backends: a hash of what these converters make of the message.
    LogHash(String),
    /// `sticky`, in log backends: one server until it fails.
    Sticky,
}

/// What of the URI `balance uri` looks at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UriHash {
    /// `len`: this many characters at most.
    pub length: Option<u32>,
    /// `depth`: this many directories at most.
    pub depth: Option<u32>,
    /// `whole`: the query string too.
    pub whole: bool,
    /// `path-only`: without scheme and authority.
    pub path_only: bool,
}

/// How a hash becomes a server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hashing {
    /// `hash-type consistent`: few keys move when servers come and go.
    pub consistent: bool,
    /// The function of `hash-type`.
    pub function: HashFunction,
    /// `avalanche` behind the function.
    pub avalanche: bool,
    /// `hash-balance-factor`: no server gets more than this many percent of the average; `None` is no limit.
    pub balance_factor: Option<u32>,
    /// `hash-preserve-affinity`: when a full server keeps its keys.
    pub preserve_affinity: Affinity,
}

/// The functions of `hash-type`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum HashFunction {
    #[default]
    Sdbm,
    Djb2,
    Wt6,
    Crc32,
    /// `none`: the key is an integer already.
    None,
}

/// `hash-preserve-affinity`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Affinity {
    /// A key keeps its server although that is full.
    #[default]
    Always,
    /// It gets another while the server has all its `maxconn`.
    Maxconn,
    /// It gets another while the server's queue is full.
    Maxqueue,
}
