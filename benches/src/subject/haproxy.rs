//! The same file for the gateway and for HAProxy.

use std::fmt::Write as _;
use std::net::SocketAddr;

use super::Site;
use crate::work::{Speech, Work};

pub(super) fn configure(site: &Site<'_>) -> String {
    file(site.listen, &tls(site), &rules(site.work), site.origin)
}

/// A file with these lines in its frontend, and more behind the address that it listens on.
pub(crate) fn file(listen: SocketAddr, more: &str, lines: &str, origin: SocketAddr) -> String {
    format!(
        "global\n    maxconn 5000\n    nbthread 1\n\n\
         defaults\n    mode http\n    option forwardfor\n    timeout connect 5s\n    timeout client 30s\n    \
         timeout server 30s\n    timeout http-request 10s\n    timeout http-keep-alive 300s\n    timeout tunnel 300s\n\n\
         frontend gateway\n    bind {listen}{more}\n{lines}\
         \nbackend origin\n    server origin {origin}\n\nbackend other\n    server other {origin} disabled\n"
    )
}

fn tls(site: &Site<'_>) -> String {
    let Some(files) = &site.tls else { return String::new() };
    let alpn = if matches!(site.work.speech, Speech::Http2 { .. }) { " alpn h2" } else { "" };
    format!(" ssl crt {} ssl-min-ver TLSv1.3{alpn}", files.both.display())
}

fn rules(work: &Work) -> String {
    if work.rules == 0 {
        return "    default_backend origin\n".to_owned();
    }
    let mut text = String::new();
    for index in 1..work.rules {
        let _ = writeln!(text, "    use_backend other if {{ path_beg /service-{index:04}/ }}");
    }
    text.push_str("    use_backend origin if { path_beg /pac/ }\n");
    text
}
