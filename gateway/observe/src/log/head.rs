//! What stands before the message in a log line, by format (configuration.txt 4.2, `log … format`).

use std::time::SystemTime;

use super::Level;
use super::date::Moment;

/// The form of a line's head.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Head {
    /// `<134>Nov 22 10:42:03 haproxy[7]: `: rfc3164 without the host name, HAProxy's default.
    #[default]
    Local,
    /// `<134>Nov 22 10:42:03 host haproxy[7]: `.
    Rfc3164,
    /// `<134>1 2026-11-22T10:42:03.123456+00:00 host haproxy 7 - - `.
    Rfc5424,
    /// `<134>`.
    Priority,
    /// `<6>`.
    Short,
    /// `<6>2026-11-22T10:42:03.123456+00:00 `.
    Timed,
    /// `2026-11-22T10:42:03.123456+00:00 `.
    Iso,
    /// Nothing.
    Raw,
}

/// Who writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// `log-tag`; the program's name otherwise.
    pub tag: String,
    /// `log-send-hostname`; without it rfc3164 says `localhost` and rfc5424 `-`.
    pub hostname: Option<String>,
    /// The pid.
    pub pid: u32,
}

impl Head {
    /// Writes the head but for the structured data that ends the one of RFC 5424.
    pub fn write(self, out: &mut Vec<u8>, identity: &Identity, facility: u8, level: Level, now: SystemTime) {
        match self {
            Self::Raw => {}
            Self::Short => severity(out, level as u32),
            Self::Priority => severity(out, priority(facility, level)),
            Self::Iso => iso(out, now),
            Self::Timed => {
                severity(out, level as u32);
                iso(out, now);
            }
            Self::Local => syslog(out, identity, None, priority(facility, level), now),
            Self::Rfc3164 => {
                let host = identity.hostname.as_deref().unwrap_or("localhost");
                syslog(out, identity, Some(host), priority(facility, level), now);
            }
            Self::Rfc5424 => {
                severity(out, priority(facility, level));
                out.extend_from_slice(b"1 ");
                iso(out, now);
                out.extend_from_slice(identity.hostname.as_deref().unwrap_or("-").as_bytes());
                out.push(b' ');
                out.extend_from_slice(identity.tag.as_bytes());
                out.push(b' ');
                number(out, identity.pid);
                out.extend_from_slice(b" - ");
            }
        }
    }

    /// Writes the structured data (RFC 5424, 6.3); none is `-`.
    pub fn write_structured(self, out: &mut Vec<u8>, structured: &[u8]) {
        if self == Self::Rfc5424 {
            out.extend_from_slice(if structured.is_empty() { b"-" } else { structured });
            out.push(b' ');
        }
    }
}

fn priority(facility: u8, level: Level) -> u32 {
    u32::from(facility) * 8 + level as u32
}

fn severity(out: &mut Vec<u8>, number_: u32) {
    out.push(b'<');
    number(out, number_);
    out.push(b'>');
}

fn iso(out: &mut Vec<u8>, now: SystemTime) {
    Moment::local(now).write_iso(out);
    out.push(b' ');
}

fn syslog(out: &mut Vec<u8>, identity: &Identity, host: Option<&str>, priority: u32, now: SystemTime) {
    severity(out, priority);
    Moment::local(now).write_syslog(out);
    out.push(b' ');
    if let Some(host) = host {
        out.extend_from_slice(host.as_bytes());
        out.push(b' ');
    }
    out.extend_from_slice(identity.tag.as_bytes());
    out.push(b'[');
    number(out, identity.pid);
    out.extend_from_slice(b"]: ");
}

fn number(out: &mut Vec<u8>, value: u32) {
    out.extend_from_slice(value.to_string().as_bytes());
}
