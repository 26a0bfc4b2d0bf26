//! Where an expression or a rule may stand, and what can be read there.

use std::fmt;

use crate::scope::Ends;

/// A place in the life of a connection where rules run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// `tcp-request connection`: only addresses are known.
    TcpConnection,
    /// `tcp-request session`: after the handshakes.
    TcpSession,
    /// `tcp-request content`: bytes arrive.
    TcpContent,
    /// `http-request`, `use_backend`, `redirect`: the request's head is known.
    HttpRequest,
    /// `tcp-response content`.
    TcpResponse,
    /// `http-response`: the response's head is known, the request's is gone.
    HttpResponse,
    /// `http-after-response`: also for answers of our own.
    HttpAfterResponse,
    /// `log-format`: at the end, when everything but headers is known.
    Log,
    /// `tcp-check`, `http-check`: a health check.
    Check,
    /// `global`: while the configuration is read.
    Config,
    /// A command on the runtime socket.
    Cli,
    /// An `acl` line: where it will be used is not known yet.
    Anywhere,
}

impl Phase {
    const fn bit(self) -> u16 {
        1 << self as u16
    }

    /// Whether its rules begin with `tcp-`.
    pub fn is_tcp(self) -> bool {
        matches!(self, Self::TcpConnection | Self::TcpSession | Self::TcpContent | Self::TcpResponse)
    }

    /// How HAProxy names the place when something is not available there; a section with both ends is a frontend for
    /// requests and a backend for responses.
    pub fn place(self, ends: Ends) -> &'static str {
        match self {
            Self::TcpConnection => "frontend tcp-request connection rule",
            Self::TcpSession => "frontend tcp-request session rule",
            Self::TcpContent if ends == Ends::Servers => "backend tcp-request content rule",
            Self::TcpContent => "frontend tcp-request content rule",
            Self::HttpRequest if ends == Ends::Servers => "backend http-request header rule",
            Self::HttpRequest => "frontend http-request header rule",
            Self::TcpResponse => "backend tcp-response content rule",
            Self::HttpResponse | Self::HttpAfterResponse if ends == Ends::Clients => {
                "frontend http-response header rule"
            }
            Self::HttpResponse | Self::HttpAfterResponse => "backend http-response header rule",
            Self::Log => "logs",
            Self::Check => "backend tcp-check rule",
            Self::Config => "configuration parser",
            Self::Cli => "CLI parser",
            Self::Anywhere => "anywhere",
        }
    }
}

impl Phase {
    /// What HAProxy says that the keyword of a fetch stands in; empty where it says nothing.
    pub(crate) fn context(self) -> &'static str {
        match self {
            Self::TcpConnection => "tcp-request connection expression",
            Self::TcpSession => "tcp-request session expression",
            Self::TcpContent => "tcp-request content expression",
            Self::HttpRequest => "http-request expression",
            Self::TcpResponse => "tcp-response content expression",
            // the word is HAProxy's
            Self::HttpResponse | Self::HttpAfterResponse => "http-response response",
            Self::Log => "log-format string",
            Self::Check | Self::Config | Self::Cli | Self::Anywhere => "",
        }
    }

    /// The rules of this place as a warning about their conditions names them, where it does.
    pub(crate) fn rules(self) -> Option<&'static str> {
        match self {
            Self::TcpConnection => Some("tcp-request connection"),
            Self::TcpSession => Some("tcp-request session"),
            Self::TcpContent => Some("tcp-request content"),
            Self::TcpResponse => Some("tcp-response content"),
            _ => None,
        }
    }
}

/// A set of phases.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Phases(u16);

/// The places of HAProxy's listing of fetches, in its order: a side, its words for it, and the phase that it is here.
#[rustfmt::skip]
pub const PLACES: &[(Place, &str, Phase)] = &[
    (Place::Front, "frontend tcp-request connection rule",             Phase::TcpConnection),
    (Place::Front, "frontend tcp-request session rule",                Phase::TcpSession),
    (Place::Front, "frontend tcp-request content rule",                Phase::TcpContent),
    (Place::Front, "frontend http-request header rule",                Phase::HttpRequest),
    (Place::Front, "frontend http-request body rule",                  Phase::HttpRequest),
    (Place::Front, "frontend use-backend rule",                        Phase::HttpRequest),
    (Place::Back,  "backend tcp-request content rule",                 Phase::TcpContent),
    (Place::Back,  "backend http-request header rule",                 Phase::HttpRequest),
    (Place::Back,  "backend http-request body rule",                   Phase::HttpRequest),
    (Place::Back,  "backend use-server, balance or stick-match rule",  Phase::HttpRequest),
    (Place::Back,  "server source selection",                          Phase::HttpRequest),
    (Place::Back,  "backend tcp-response content rule",                Phase::TcpResponse),
    (Place::Back,  "backend http-response header rule",                Phase::HttpResponse),
    (Place::Back,  "backend http-response body rule",                  Phase::HttpResponse),
    (Place::Back,  "backend stick-store rule",                         Phase::HttpResponse),
    (Place::Back,  "frontend tcp-response content rule",               Phase::TcpResponse),
    (Place::Back,  "frontend http-response header rule",               Phase::HttpResponse),
    (Place::Back,  "frontend http-response body rule",                 Phase::HttpResponse),
    (Place::Back,  "logs",                                             Phase::Log),
    (Place::Back,  "backend tcp-check rule",                           Phase::Check),
    (Place::Back,  "configuration parser",                             Phase::Config),
    (Place::Back,  "CLI parser",                                       Phase::Cli),
];

/// When a place of the listing comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the backend is chosen.
    Front,
    /// After that, or where no backend is.
    Back,
}

/// Not a phase: the set holds its phases also before the backend is chosen.
const EARLY: u16 = 1 << 15;

impl Phases {
    /// Everywhere, also while the configuration is read.
    pub const ALL: Self = Self(u16::MAX);
    /// Wherever something runs.
    pub const INTERNAL: Self = Self::ALL.without(&[Phase::Config]);
    /// Where there is a connection, a health check's included.
    pub const CLIENT: Self = Self::INTERNAL.without(&[Phase::Cli]);
    /// From the client's connection up to the log line.
    pub const CONNECTION: Self = Self::CLIENT.without(&[Phase::Check]);
    /// From the handshakes on.
    pub const SESSION: Self = Self::CONNECTION.without(&[Phase::TcpConnection]);
    /// Where the request's bytes or head can be read.
    pub const REQUEST: Self = Self::of(&[Phase::TcpContent, Phase::HttpRequest]);
    /// Where the request's start line is still remembered.
    pub const MESSAGE: Self = Self::SESSION.without(&[Phase::TcpSession]);
    /// Where the response's head can be read.
    pub const RESPONSE: Self =
        Self::of(&[Phase::TcpResponse, Phase::HttpResponse, Phase::HttpAfterResponse, Phase::Check]);
    /// Where the backend is chosen.
    pub const BACKEND: Self = Self((Self::MESSAGE.0 | Phase::Check.bit()) & !EARLY);
    /// Where the server is chosen.
    pub const SERVER: Self = Self(Self::RESPONSE.0 | Phase::Log.bit());
    /// Where either side's head can be read.
    pub const HEADS: Self = Self(Self::REQUEST.0 | Self::RESPONSE.0);

    const fn without(self, phases: &[Phase]) -> Self {
        let (mut bits, mut at) = (self.0, 0);
        while at < phases.len() {
            bits &= !phases[at].bit();
            at += 1;
        }
        Self(bits)
    }

    const fn of(phases: &[Phase]) -> Self {
        let (mut bits, mut at) = (Phase::Anywhere.bit() | EARLY, 0);
        while at < phases.len() {
            bits |= phases[at].bit();
            at += 1;
        }
        Self(bits)
    }

    /// Whether the phase is one of them.
    pub fn contains(self, phase: Phase) -> bool {
        self.0 & phase.bit() != 0
    }

    /// Whether each of [`PLACES`] has it.
    pub fn places(self) -> impl Iterator<Item = bool> {
        let early = self.0 & EARLY != 0;
        PLACES.iter().map(move |(place, _, phase)| self.contains(*phase) && (early || *place == Place::Back))
    }
}

impl fmt::Debug for Phases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Phases({:#b})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_holds_its_phases_and_lines_whose_place_is_open() {
        assert!(Phases::REQUEST.contains(Phase::HttpRequest));
        assert!(Phases::REQUEST.contains(Phase::Anywhere));
        assert!(!Phases::REQUEST.contains(Phase::HttpResponse));
        assert!(!Phases::SESSION.contains(Phase::TcpConnection));
        assert!(Phases::RESPONSE.contains(Phase::HttpResponse));
    }
}
