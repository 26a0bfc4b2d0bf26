//! Health checks (configuration.txt 5.2 `check`, 4.2 `option httpchk`, `http-check`).

use std::net::IpAddr;
use std::time::Duration;

use super::CheckStep;

/// How one server is checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Check {
    /// `inter`: between two checks of a server that is up.
    pub inter: Duration,
    /// `fastinter`: between two checks while the state is changing.
    pub fastinter: Option<Duration>,
    /// `downinter`: between two checks of a server that is down.
    pub downinter: Option<Duration>,
    /// `rise`: successes that bring a server up.
    pub rise: u32,
    /// `fall`: failures that bring it down.
    pub fall: u32,
    /// `port`, where it differs from the server's.
    pub port: Option<u16>,
    /// `addr`, where it differs from the server's.
    pub addr: Option<IpAddr>,
    /// `spread-checks`: by how many percent the intervals vary.
    pub spread: u8,
    /// What is sent and expected.
    pub kind: CheckKind,
}

/// What a check sends and expects.
#[derive(Clone, Debug, PartialEq)]
pub enum CheckKind {
    /// A connection that is accepted.
    Tcp,
    /// `option httpchk`: a request, and a status that is expected.
    Http {
        /// The method; HAProxy's default is `OPTIONS`.
        method: String,
        /// The URI; HAProxy's default is `/`.
        uri: String,
        /// The version as written, `HTTP/1.0` unless told.
        version: String,
        /// Headers to send, `Host` among them.
        headers: Vec<(String, String)>,
        /// The body to send.
        body: Option<String>,
        /// What is accepted.
        expect: ExpectStatus,
    },
    /// `option httpchk` with `http-check` lines that say more than the above.
    HttpSteps(Vec<CheckStep>),
    /// `option tcp-check` with `tcp-check` lines.
    TcpSteps(Vec<CheckStep>),
    /// `option mysql-check`.
    Mysql {
        /// The user to log in as; `None` reads the greeting alone.
        user: Option<String>,
        /// `pre-41`: in the way of servers before 4.1.
        old: bool,
    },
    /// `option pgsql-check`.
    Pgsql {
        /// The user to log in as.
        user: String,
    },
    /// `option redis-check`.
    Redis,
    /// `option ldap-check`.
    Ldap,
    /// `option smtpchk`.
    Smtp {
        /// The greeting.
        hello: String,
    },
    /// `option ssl-hello-chk`.
    SslHello,
    /// `option spop-check`.
    Spop,
    /// `option external-check`.
    External,
}

/// `http-check expect`: the statuses that mean success.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum ExpectStatus {
    /// 2xx and 3xx, as HAProxy does when nothing is said.
    #[default]
    Success,
    /// One of these ranges, both ends included; `not` turns it round.
    Status {
        /// `! status`.
        not: bool,
        /// The ranges.
        ranges: Vec<(u16, u16)>,
    },
    /// `rstatus`: a regular expression on the status' three digits.
    Pattern {
        /// `! rstatus`.
        not: bool,
        /// The expression as written.
        pattern: String,
    },
    /// `string` and `rstring`: the body holds this.
    Body {
        /// `! string`.
        not: bool,
        /// The text, or the expression.
        pattern: String,
        /// `rstring`.
        regex: bool,
    },
}
