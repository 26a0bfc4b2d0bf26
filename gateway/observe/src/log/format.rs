//! Traffic lines exactly as HAProxy writes them (configuration.txt 8.2), without the head of the target.

use std::net::IpAddr;
use std::time::SystemTime;

use super::date::Moment;
use super::record::{Endpoint, LogRecord};

/// `option httplog` (8.2.3).
pub fn http(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    start(record, record.started, out);
    http_times(record, b'/', out);
    out.push(b' ');
    status(record, out);
    out.push(b' ');
    counted(record, record.bytes_out, out);
    for cookie in [record.req_cookie, record.res_cookie] {
        out.push(b' ');
        escape(cookie.unwrap_or(b"-"), b"\"#", out);
    }
    out.push(b' ');
    out.extend_from_slice(&record.termination.0);
    out.push(b' ');
    connections(record, b'/', out);
    out.push(b' ');
    queues(record, b'/', out);
    for captures in [record.req_captures, record.res_captures].into_iter().flatten() {
        out.extend_from_slice(b" {");
        for (place, value) in captures.iter().enumerate() {
            if place > 0 {
                out.push(b'|');
            }
            escape(value.unwrap_or(b""), CAPTURE, out);
        }
        out.push(b'}');
    }
    out.push(b' ');
    request_line(record, out);
}

/// `option httpslog` (8.2.4).
pub fn https(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    http(record, out);
    let tls = record.tls.unwrap_or_default();
    out.extend_from_slice(b" 0/0000000000000000/0/0/");
    out.push(if tls.resumed { b'1' } else { b'0' });
    out.push(b' ');
    for (place, word) in [tls.sni.unwrap_or(""), tls.version, tls.cipher].into_iter().enumerate() {
        if place > 0 {
            out.push(b'/');
        }
        escape(if word.is_empty() { b"-" } else { word.as_bytes() }, b"\"#", out);
    }
}

/// `option tcplog` (8.2.2).
pub fn tcp(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    start(record, record.accepted, out);
    timer(record.timers.queue, out);
    out.push(b'/');
    timer(record.timers.connect, out);
    out.push(b'/');
    counted(record, record.timers.total, out);
    out.push(b' ');
    counted(record, record.bytes_out, out);
    out.push(b' ');
    out.extend_from_slice(&record.termination.0[..2]);
    out.push(b' ');
    connections(record, b'/', out);
    out.push(b' ');
    queues(record, b'/', out);
}

/// `option httplog clf`.
pub fn clf(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    match record.client {
        Endpoint::Ip(addr) => ip(addr.ip(), out),
        Endpoint::Unix(_) => out.extend_from_slice(b"unix"),
    }
    out.extend_from_slice(b" - - [");
    Moment::utc(record.started).write_zoned(out);
    out.extend_from_slice(b"] ");
    request_line(record, out);
    out.push(b' ');
    status(record, out);
    out.push(b' ');
    counted(record, record.bytes_out, out);
    out.extend_from_slice(b" \"\" \"\" ");
    number(port(record.client), out);
    out.push(b' ');
    Moment::local(record.accepted).write_millis_only(out);
    out.extend_from_slice(b" \"");
    frontend(record, out);
    for name in [record.backend, record.server.unwrap_or("<NOSRV>")] {
        out.extend_from_slice(b"\" \"");
        out.extend_from_slice(name.as_bytes());
    }
    out.extend_from_slice(b"\" ");
    http_times(record, b' ', out);
    out.push(b' ');
    out.extend_from_slice(&record.termination.0);
    out.push(b' ');
    connections(record, b' ', out);
    out.push(b' ');
    queues(record, b' ', out);
    clf_captures(record, out);
}

fn clf_captures(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    for cookie in [record.req_cookie, record.res_cookie] {
        out.push(b' ');
        quoted(cookie.unwrap_or(b""), b"\"#", out);
    }
    // the format has a space before each list, and two spaces in a row become one
    out.push(b' ');
    let lists =
        [record.req_captures, record.res_captures].into_iter().flatten().filter(|list| !list.is_empty());
    for (place, captures) in lists.enumerate() {
        for (nth, value) in captures.iter().enumerate() {
            if place + nth > 0 {
                out.push(b' ');
            }
            quoted(value.unwrap_or(b""), CAPTURE, out);
        }
    }
}

/// The default form (8.2.1), written when the connection is accepted.
pub fn connect(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Connect");
    if let Endpoint::Ip(_) = record.client {
        out.extend_from_slice(b" from ");
        endpoint(record.client, out);
    }
    out.extend_from_slice(b" to ");
    endpoint(record.destination, out);
    out.extend_from_slice(b" (");
    out.extend_from_slice(record.frontend.as_bytes());
    out.extend_from_slice(if record.http { b"/HTTP)" } else { b"/TCP)" });
}

/// A connection that failed before there was a session (8.2.5): `Connection closed during SSL handshake`,
/// `SSL handshake failure`, `Truncated PROXY protocol header received`, ….
pub fn connection_error(
    client: Endpoint,
    accepted: SystemTime,
    frontend: &str,
    listener: &str,
    message: &str,
    out: &mut Vec<u8>,
) {
    endpoint(client, out);
    out.extend_from_slice(b" [");
    Moment::local(accepted).write_millis(out);
    out.extend_from_slice(b"] ");
    for piece in [frontend, "/", listener, ": ", message] {
        out.extend_from_slice(piece.as_bytes());
    }
}

/// What the captured headers escape besides unprintable bytes.
const CAPTURE: &[u8] = b"\"#{|}";

/// Writes `#XX` for unprintable bytes and for those in `special` (8.6).
pub fn escape(text: &[u8], special: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text {
        if (32..127).contains(byte) && !special.contains(byte) {
            out.push(*byte);
        } else {
            out.extend_from_slice(&[b'#', HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
    }
}

/// `client [date] frontend backend/server `.
fn start(record: &LogRecord<'_>, when: SystemTime, out: &mut Vec<u8>) {
    endpoint(record.client, out);
    out.extend_from_slice(b" [");
    Moment::local(when).write_millis(out);
    out.extend_from_slice(b"] ");
    frontend(record, out);
    out.push(b' ');
    out.extend_from_slice(record.backend.as_bytes());
    out.push(b'/');
    out.extend_from_slice(record.server.unwrap_or("<NOSRV>").as_bytes());
    out.push(b' ');
}

fn frontend(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(record.frontend.as_bytes());
    if record.tls.is_some() {
        out.push(b'~');
    }
}

/// The address as HAProxy shows it: IPv6 without brackets.
fn endpoint(end: Endpoint, out: &mut Vec<u8>) {
    match end {
        Endpoint::Ip(addr) => ip(addr.ip(), out),
        Endpoint::Unix(_) => out.extend_from_slice(b"unix"),
    }
    out.push(b':');
    number(port(end), out);
}

fn ip(ip: IpAddr, out: &mut Vec<u8>) {
    match ip {
        IpAddr::V4(ip) => {
            for (place, part) in ip.octets().into_iter().enumerate() {
                if place > 0 {
                    out.push(b'.');
                }
                number(u64::from(part), out);
            }
        }
        IpAddr::V6(ip) => out.extend_from_slice(ip.to_string().as_bytes()),
    }
}

fn port(end: Endpoint) -> u64 {
    match end {
        Endpoint::Ip(addr) => u64::from(addr.port()),
        Endpoint::Unix(listener) => u64::from(listener),
    }
}

fn http_times(record: &LogRecord<'_>, between: u8, out: &mut Vec<u8>) {
    let timers = &record.timers;
    for value in [timers.request, timers.queue, timers.connect, timers.response] {
        timer(value, out);
        out.push(between);
    }
    counted(record, timers.active, out);
}

fn timer(value: Option<u64>, out: &mut Vec<u8>) {
    match value {
        Some(millis) => number(millis, out),
        None => out.extend_from_slice(b"-1"),
    }
}

fn status(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    timer(record.status.map(u64::from), out);
}

/// A number that `option logasap` marks as not final.
fn counted(record: &LogRecord<'_>, value: u64, out: &mut Vec<u8>) {
    if record.early {
        out.push(b'+');
    }
    number(value, out);
}

fn connections(record: &LogRecord<'_>, between: u8, out: &mut Vec<u8>) {
    for value in [record.actconn, record.feconn, record.beconn, record.srv_conn] {
        number(value, out);
        out.push(between);
    }
    if record.redispatched {
        out.push(b'+');
    }
    number(u64::from(record.retries), out);
}

fn queues(record: &LogRecord<'_>, between: u8, out: &mut Vec<u8>) {
    number(record.srv_queue, out);
    out.push(between);
    number(record.backend_queue, out);
}

fn request_line(record: &LogRecord<'_>, out: &mut Vec<u8>) {
    quoted(record.request.unwrap_or(b"<BADREQ>"), b"\"#", out);
}

fn quoted(text: &[u8], special: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    escape(text, special, out);
    out.push(b'"');
}

fn number(value: u64, out: &mut Vec<u8>) {
    let mut digits = [0_u8; 20];
    let mut at = digits.len();
    let mut rest = value;
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;
    use std::time::{Duration, UNIX_EPOCH};

    use super::super::record::{Termination, Timers, TlsFacts};
    use super::*;

    // every expected text below is a line that HAProxy 2.6.12 wrote in UTC

    fn from(text: &str) -> Endpoint {
        Endpoint::Ip(text.parse::<SocketAddr>().unwrap())
    }

    fn at(millis: u64) -> SystemTime {
        let time = UNIX_EPOCH + Duration::from_millis(millis);
        super::super::date::pretend_utc(time);
        time
    }

    fn text(record: &LogRecord<'_>, format: fn(&LogRecord<'_>, &mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        format(record, &mut out);
        String::from_utf8(out).unwrap()
    }

    fn record(frontend: &'static str, client: &str, accepted: u64) -> LogRecord<'static> {
        LogRecord {
            actconn: 1,
            feconn: 1,
            http: true,
            ..LogRecord::new(frontend, from(client), from("127.0.0.1:18474"), at(accepted))
        }
    }

    fn answered(timers: [u64; 4]) -> Timers {
        let [request, queue, connect, response] = timers.map(Some);
        Timers { request, queue, connect, response, ..Timers::default() }
    }

    #[test]
    fn an_http_line_is_haproxys() {
        let line = LogRecord {
            backend: "be",
            server: Some("s1"),
            timers: Timers {
                request: Some(0),
                queue: Some(0),
                connect: None,
                response: None,
                active: 3004,
                ..Timers::default()
            },
            status: Some(503),
            bytes_out: 217,
            termination: Termination(*b"SC--"),
            retries: 3,
            request: Some(b"GET / HTTP/1.1"),
            ..record("fe", "127.0.0.1:49950", 1_795_344_342_970)
        };
        assert_eq!(
            text(&line, http),
            "127.0.0.1:49950 [22/Nov/2026:10:45:42.970] fe be/s1 0/0/-1/-1/3004 503 217 - - SC-- \
             1/1/0/0/3 0/0 \"GET / HTTP/1.1\""
        );
    }

    #[test]
    fn a_request_that_was_not_understood_is_badreq() {
        let line = LogRecord {
            timers: Timers { active: 1000, ..Timers::default() },
            status: Some(408),
            termination: Termination(*b"cR--"),
            ..record("fe", "127.0.0.1:55980", 1_795_344_642_664)
        };
        assert_eq!(
            text(&line, http),
            "127.0.0.1:55980 [22/Nov/2026:10:50:42.664] fe fe/<NOSRV> -1/-1/-1/-1/1000 408 0 - - cR-- \
             1/1/0/0/0 0/0 \"<BADREQ>\""
        );
    }

    #[test]
    fn captures_cookies_and_escapes_are_haproxys() {
        let line = LogRecord {
            client: Endpoint::Unix(2),
            backend: "be",
            server: Some("s1"),
            timers: answered([0, 0, 0, 0]),
            status: Some(200),
            bytes_out: 134,
            req_cookie: Some(b"SESS=abc"),
            res_cookie: Some(b"SESS=xyz"),
            termination: Termination(*b"--NI"),
            req_captures: Some(&[Some(b"ab{c}|\"#\x01d"), Some(b"x"), None]),
            res_captures: Some(&[Some(b"BaseHTTP/0.6 Python/")]),
            request: Some(b"GET /a\"b#\xe9{} HTTP/1.1"),
            ..record("fe", "127.0.0.1:1", 1_795_344_644_468)
        };
        assert_eq!(
            text(&line, http),
            "unix:2 [22/Nov/2026:10:50:44.468] fe be/s1 0/0/0/0/0 200 134 SESS=abc SESS=xyz --NI 1/1/0/0/0 0/0 \
             {ab#7Bc#7D#7C#22#23#01d|x|} {BaseHTTP/0.6 Python/} \"GET /a#22b#23#E9{} HTTP/1.1\""
        );
    }

    #[test]
    fn an_early_line_marks_what_is_not_final() {
        let line = LogRecord {
            backend: "be",
            server: Some("s1"),
            timers: answered([0, 0, 0, 0]),
            status: Some(200),
            bytes_out: 157,
            termination: Termination(*b"--NI"),
            beconn: 1,
            srv_conn: 1,
            request: Some(b"GET /asap HTTP/1.1"),
            early: true,
            ..record("fa", "127.0.0.1:47078", 1_795_344_645_770)
        };
        assert_eq!(
            text(&line, http),
            "127.0.0.1:47078 [22/Nov/2026:10:50:45.770] fa be/s1 0/0/0/0/+0 200 +157 - - --NI 1/1/1/1/0 0/0 \
             \"GET /asap HTTP/1.1\""
        );
    }

    #[test]
    fn an_https_line_adds_the_facts_of_tls() {
        let tls =
            TlsFacts { sni: None, version: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", resumed: false };
        let mut line = LogRecord {
            tls: Some(tls),
            backend: "be",
            server: Some("s1"),
            timers: answered([0, 0, 0, 0]),
            status: Some(200),
            bytes_out: 134,
            termination: Termination(*b"--NI"),
            request: Some(b"GET /tls HTTP/1.1"),
            ..record("ftls", "127.0.0.1:52254", 1_795_344_649_301)
        };
        let common = "127.0.0.1:52254 [22/Nov/2026:10:50:49.301] ftls~ be/s1 0/0/0/0/0 200 134 - - --NI \
                      1/1/0/0/0 0/0 \"GET /tls HTTP/1.1\" 0/0000000000000000/0/0/0 ";
        assert_eq!(text(&line, https), format!("{common}-/TLSv1.3/TLS_AES_256_GCM_SHA384"));
        line.tls = Some(TlsFacts { sni: Some("ab.c"), ..tls });
        assert_eq!(text(&line, https), format!("{common}ab.c/TLSv1.3/TLS_AES_256_GCM_SHA384"));
    }

    #[test]
    fn a_tcp_line_is_haproxys() {
        let line = LogRecord {
            backend: "bt",
            server: Some("s1"),
            timers: Timers { queue: Some(1), connect: Some(0), total: 1000, ..Timers::default() },
            termination: Termination(*b"cD--"),
            ..record("ft", "127.0.0.1:45316", 1_795_344_647_680)
        };
        assert_eq!(
            text(&line, tcp),
            "127.0.0.1:45316 [22/Nov/2026:10:50:47.680] ft bt/s1 1/0/1000 0 cD 1/1/0/0/0 0/0"
        );
    }

    #[test]
    fn a_clf_line_is_haproxys() {
        let mut line = LogRecord {
            timers: Timers { active: 200, ..Timers::default() },
            status: Some(400),
            termination: Termination(*b"CR--"),
            ..record("fclf", "127.0.0.1:51558", 1_795_344_649_032)
        };
        assert_eq!(
            text(&line, clf),
            "127.0.0.1 - - [22/Nov/2026:10:50:49 +0000] \"<BADREQ>\" 400 0 \"\" \"\" 51558 032 \"fclf\" \"fclf\" \
             \"<NOSRV>\" -1 -1 -1 -1 200 CR-- 1 1 0 0 0 0 0 \"\" \"\" "
        );
        line.req_captures = Some(&[Some(b"127.0.0.1:18475"), Some(b"a\"b{"), None]);
        line.res_captures = Some(&[Some(b"BaseHTTP/0.6 Python/")]);
        line.req_cookie = Some(b"SESS=1");
        line.res_cookie = Some(b"SESS=xyz");
        assert!(text(&line, clf).ends_with(
            "0 0 \"SESS=1\" \"SESS=xyz\" \"127.0.0.1:18475\" \"a#22b#7B\" \"\" \"BaseHTTP/0.6 Python/\""
        ));
    }

    #[test]
    fn the_default_line_tells_both_addresses_and_the_mode() {
        let mut line = record("fd", "127.0.0.1:52786", 0);
        assert_eq!(text(&line, connect), "Connect from 127.0.0.1:52786 to 127.0.0.1:18474 (fd/HTTP)");
        line.http = false;
        assert_eq!(text(&line, connect), "Connect from 127.0.0.1:52786 to 127.0.0.1:18474 (fd/TCP)");
        line.client = Endpoint::Unix(1);
        line.destination = Endpoint::Unix(1);
        assert_eq!(text(&line, connect), "Connect to unix:1 (fd/TCP)");
    }

    #[test]
    fn a_failed_handshake_has_a_line_of_its_own() {
        let mut out = Vec::new();
        let message = "Connection closed during SSL handshake";
        connection_error(from("127.0.0.1:52230"), at(1_795_344_646_878), "ftls", "tls", message, &mut out);
        assert_eq!(
            String::from_utf8(out).unwrap(),
            "127.0.0.1:52230 [22/Nov/2026:10:50:46.878] ftls/tls: Connection closed during SSL handshake"
        );
    }

    #[test]
    fn ipv6_clients_have_no_brackets() {
        let mut out = Vec::new();
        endpoint(from("[2001:db8::1]:99"), &mut out);
        assert_eq!(out, b"2001:db8::1:99");
        out.clear();
        endpoint(from("[::ffff:127.0.0.1]:52596"), &mut out);
        assert_eq!(out, b"::ffff:127.0.0.1:52596");
    }

    #[test]
    fn redispatch_is_a_plus_before_the_retries() {
        let line = LogRecord { retries: 3, redispatched: true, ..record("fe", "127.0.0.1:1", 0) };
        assert!(text(&line, http).contains(" 1/1/0/0/+3 0/0 "));
    }
}
