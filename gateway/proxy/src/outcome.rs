//! The one place where an error becomes an answer: a status, a termination code, a counter (configuration.txt 8.5).

use pingora::{Error, ErrorSource, ErrorType};

/// Where in its life a request is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Stage {
    /// Its head is being judged.
    #[default]
    Request,
    /// It waits for a server.
    Queue,
    /// A connection to the server is being made.
    Connect,
    /// It went to the server, whose answer is awaited.
    Headers,
    /// The answer is on its way to the client.
    Data,
    /// It became a tunnel.
    Tunnel,
}

impl Stage {
    /// The second letter of a termination code.
    fn letter(self) -> u8 {
        match self {
            Self::Request => b'R',
            Self::Queue => b'Q',
            Self::Connect => b'C',
            Self::Headers => b'H',
            // What ends in a tunnel ends in the data phase, as HAProxy counts it.
            Self::Data | Self::Tunnel => b'D',
        }
    }
}

/// How a request ended, where it did not end well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// What the client is told, if it can still be told; 0 closes without a word.
    pub status: u16,
    /// The termination code's first two letters.
    pub code: [u8; 2],
    /// Whose counter it goes to.
    pub blame: Blame,
}

/// Whose fault it was, by HAProxy's counters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blame {
    /// The client's request (`ereq`).
    Request,
    /// The client went away (`cli_abrt`).
    ClientAbort,
    /// The server could not be reached (`econ`).
    Connection,
    /// The server's response (`eresp`).
    Response,
    /// The server went away in the middle (`srv_abrt`).
    ServerAbort,
    /// Nobody's: a rule's decision, counted where it was taken.
    Nobody,
    /// Ours (`eint`).
    Internal,
}

impl Outcome {
    /// An outcome of these parts.
    pub(crate) const fn new(status: u16, cause: u8, stage: u8, blame: Blame) -> Self {
        Self { status, code: [cause, stage], blame }
    }

    /// No server could take the request.
    pub(crate) const NO_SERVER: Self = Self::new(503, b'S', b'C', Blame::Connection);
    /// It waited in the queue for longer than `timeout queue`.
    pub(crate) const QUEUE_TIMEOUT: Self = Self::new(503, b's', b'Q', Blame::Connection);
    /// The client left while it waited in the queue.
    pub(crate) const LEFT_QUEUE: Self = Self::new(0, b'C', b'Q', Blame::ClientAbort);
    /// The server that it must go to has a full queue (`maxqueue`).
    pub(crate) const QUEUE_FULL: Self = Self::new(503, b'S', b'Q', Blame::Connection);
    /// A rule denied it.
    pub(crate) const DENIED: Self = Self::new(0, b'P', b'R', Blame::Nobody);
    /// A rule denied the response.
    pub(crate) const RESPONSE_DENIED: Self = Self::new(502, b'P', b'H', Blame::Nobody);
    /// The gateway answered by itself, as told.
    pub(crate) const LOCAL: Self = Self::new(0, b'L', b'R', Blame::Nobody);

    /// What an error means at a stage.
    pub(crate) fn of(error: &Error, stage: Stage) -> Self {
        match error.esource() {
            ErrorSource::Downstream => Self::of_client(error, stage),
            ErrorSource::Upstream => Self::of_server(error, stage),
            ErrorSource::Internal | ErrorSource::Unset => {
                Self::new(500, b'I', stage.letter(), Blame::Internal)
            }
        }
    }

    fn of_client(error: &Error, stage: Stage) -> Self {
        let letter = stage.letter();
        match error.etype() {
            ErrorType::InvalidHTTPHeader => Self::new(400, b'P', letter, Blame::Request),
            ErrorType::ReadTimedout => Self::new(408, b'c', letter, Blame::ClientAbort),
            ErrorType::WriteTimedout => Self::new(0, b'c', letter, Blame::ClientAbort),
            _ => Self::new(0, b'C', letter, Blame::ClientAbort),
        }
    }

    fn of_server(error: &Error, stage: Stage) -> Self {
        let letter = stage.letter();
        let in_body = stage >= Stage::Data;
        match error.etype() {
            ErrorType::ConnectTimedout | ErrorType::TLSHandshakeTimedout => {
                Self::new(503, b's', b'C', Blame::Connection)
            }
            _ if stage <= Stage::Connect => Self::new(503, b'S', b'C', Blame::Connection),
            ErrorType::ReadTimedout | ErrorType::WriteTimedout => {
                Self::new(504, b's', letter, if in_body { Blame::ServerAbort } else { Blame::Response })
            }
            ErrorType::InvalidHTTPHeader if !in_body => Self::new(502, b'P', letter, Blame::Response),
            _ => Self::new(502, b'S', letter, if in_body { Blame::ServerAbort } else { Blame::Response }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(error: &Error, stage: Stage) -> (u16, String) {
        let outcome = Outcome::of(error, stage);
        (outcome.status, String::from_utf8_lossy(&outcome.code).into_owned())
    }

    #[test]
    fn errors_have_the_codes_that_haproxy_logs() {
        let up = |kind| Error::new(kind).into_up();
        let down = |kind| Error::new(kind).into_down();
        let cases = [
            (up(ErrorType::ConnectRefused), Stage::Connect, 503, "SC"),
            (up(ErrorType::ConnectTimedout), Stage::Connect, 503, "sC"),
            (up(ErrorType::ConnectionClosed), Stage::Headers, 502, "SH"),
            (up(ErrorType::InvalidHTTPHeader), Stage::Headers, 502, "PH"),
            (up(ErrorType::ReadTimedout), Stage::Headers, 504, "sH"),
            (up(ErrorType::ConnectionClosed), Stage::Data, 502, "SD"),
            (up(ErrorType::ReadTimedout), Stage::Data, 504, "sD"),
            (down(ErrorType::ReadError), Stage::Data, 0, "CD"),
            (down(ErrorType::WriteTimedout), Stage::Data, 0, "cD"),
            (down(ErrorType::InvalidHTTPHeader), Stage::Headers, 400, "PH"),
        ];
        for (error, stage, status, letters) in cases {
            let text = error.to_string();
            assert_eq!(code(&error, stage), (status, letters.to_owned()), "{text}");
        }
    }
}
