//! `mailers` sections (configuration.txt 3.6).

use std::net::SocketAddr;
use std::time::Duration;

/// Where mails about servers go, for `email-alert`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailers {
    /// Its name.
    pub name: String,
    /// `mailer` lines.
    pub mailers: Vec<Mailer>,
    /// `timeout mail`: how long a mail may take to be sent.
    pub timeout_mail: Duration,
    /// Where the section begins, for messages: `file:line`.
    pub place: String,
}

/// A `mailer` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailer {
    /// Its name.
    pub name: String,
    /// Where the mail server is.
    pub addr: SocketAddr,
}
