//! The steps of a request's life at which something may be logged (`log-steps`, `log-profile`, `do-log`, HAProxy 3.1).

use expr::Phase;

/// When a line is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the manual's")]
pub enum Step {
    Accept,
    Request,
    Connect,
    Response,
    Close,
    Error,
    /// Whichever it is.
    Any,
    /// `do-log` in `tcp-request connection`.
    TcpReqConn,
    /// `do-log` in `tcp-request session`.
    TcpReqSess,
    /// `do-log` in `tcp-request content`.
    TcpReqCont,
    /// `do-log` in `tcp-response content`.
    TcpResCont,
    /// `do-log` in `http-request`.
    HttpReq,
    /// `do-log` in `http-response`.
    HttpRes,
    /// `do-log` in `http-after-response`.
    HttpAfterRes,
    /// `do-log` in `quic-initial`.
    QuicInit,
}

/// A step, its name where it is asked for, and what `%OG` makes of it.
type Row = (Step, &'static str, &'static str);

#[rustfmt::skip]
const ROWS: [Row; 15] = [
    (Step::Accept,       "accept",         "txn_accept"),
    (Step::Any,          "any",            "unspec"),
    (Step::Close,        "close",          "txn_close"),
    (Step::Connect,      "connect",        "txn_connect"),
    (Step::Error,        "error",          "sess_error"),
    (Step::HttpAfterRes, "http-after-res", "http-after-res"),
    (Step::HttpReq,      "http-req",       "http-req"),
    (Step::HttpRes,      "http-res",       "http-res"),
    (Step::QuicInit,     "quic-init",      "quic-init"),
    (Step::Request,      "request",        "txn_request"),
    (Step::Response,     "response",       "txn_response"),
    (Step::TcpReqConn,   "tcp-req-conn",   "tcp-req-conn"),
    (Step::TcpReqCont,   "tcp-req-cont",   "tcp-req-cont"),
    (Step::TcpReqSess,   "tcp-req-sess",   "tcp-req-sess"),
    (Step::TcpResCont,   "tcp-res-cont",   "tcp-res-cont"),
];

impl Step {
    /// Those that `log-steps` turns on and off.
    pub const REGULAR: [Self; 5] = [Self::Accept, Self::Request, Self::Connect, Self::Response, Self::Close];

    /// The step of this name.
    pub fn of(name: &str) -> Option<Self> {
        ROWS.iter().find(|(_, known, _)| *known == name).map(|(step, ..)| *step)
    }

    /// All names.
    pub fn names() -> impl Iterator<Item = &'static str> {
        ROWS.iter().map(|(_, name, _)| *name)
    }

    /// The step of a `do-log` in this phase.
    pub(crate) fn in_phase(phase: Phase) -> Self {
        match phase {
            Phase::TcpConnection => Self::TcpReqConn,
            Phase::TcpSession => Self::TcpReqSess,
            Phase::TcpContent => Self::TcpReqCont,
            Phase::TcpResponse => Self::TcpResCont,
            Phase::HttpRequest => Self::HttpReq,
            Phase::HttpResponse => Self::HttpRes,
            Phase::HttpAfterResponse => Self::HttpAfterRes,
            Phase::Log | Phase::Check | Phase::Config | Phase::Cli | Phase::Anywhere => Self::Any,
        }
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What `%OG` says.
    pub fn origin(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> Row {
        ROWS.into_iter().find(|(step, ..)| *step == self).unwrap_or((self, "", ""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let names: Vec<_> = Step::names().collect();
        assert!(names.is_sorted() && names.len() == ROWS.len());
        assert!(names.iter().all(|name| Step::of(name).is_some_and(|step| step.name() == *name)));
        assert!(Step::REGULAR.iter().all(|step| step.origin().starts_with("txn_")));
    }
}
