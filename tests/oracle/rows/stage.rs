//! The stage on which examples are evaluated: a frontend, a backend and an origin, with stick tables or TLS where a row
//! asks for them. Each row adds a header, which the origin or the client reads.

use super::{NOT_YET, Place, quoted};
use crate::support::client::Client;
use crate::support::origin::{After, Origin, Script};
use crate::support::subject::{Config, Kind, Subject};
use crate::support::tls::{self, Ask};
use expr::{SAMPLE_FILES, SAMPLE_REQUEST, SAMPLE_RESPONSE, Sample};
use std::fmt::Write as _;

/// The certificate, and its key, that everybody shows who shows one.
const CERTIFICATE: &str = include_str!("../../../gateway/expr/testdata/sample.pem");

/// What HAProxy 2.6 stores in a table, and for later ones what has come since.
const STORED: &str = "server_id,gpt0,gpc0,gpc0_rate(10s),conn_cnt,conn_rate(10s),conn_cur,sess_cnt,sess_rate(10s),\
    http_req_cnt,http_req_rate(10s),http_err_cnt,http_err_rate(10s),bytes_in_cnt,bytes_in_rate(10s),bytes_out_cnt,\
    bytes_out_rate(10s),gpc1,gpc1_rate(10s),http_fail_cnt,http_fail_rate(10s)";
const STORED_LATER: &str = ",glitch_cnt,glitch_rate(10s)";

/// What the tables hold when the request comes; what tracking it counts is one less.
const HELD: &str = "data.gpt0 1 data.gpc0 2 data.gpc0_rate 3 data.conn_cnt 3 data.conn_rate 4 data.conn_cur 5 \
    data.sess_cnt 7 data.sess_rate 8 data.http_req_cnt 8 data.http_req_rate 9 data.http_err_cnt 11 \
    data.http_err_rate 12 data.bytes_in_cnt 13312 data.bytes_in_rate 14 data.bytes_out_cnt 15360 \
    data.bytes_out_rate 16 data.gpc1 17 data.gpc1_rate 18 data.http_fail_cnt 20 data.http_fail_rate 21";
const HELD_LATER: &str = " data.glitch_cnt 25 data.glitch_rate 26";

/// What the examples yield, as headers at the origin or at the client; nothing where the place is not there yet.
pub(super) fn yields(place: Place, rows: &[Sample], kind: Kind) -> Option<Vec<Option<String>>> {
    let script = Script::new("", SAMPLE_RESPONSE, After::Close);
    let origin = Origin::scripted(vec![script]);
    let mut config = Config::new(text(place, rows))
        .bind("IN")
        .bind("INNER")
        .var("ORIGIN", origin.addr())
        .var("COLOUR", "blue")
        .file("sample.pem", CERTIFICATE);
    let inner = config.addr("INNER");
    config = config.var("SERVER", inner);
    for (name, text) in SAMPLE_FILES {
        config = config.file(name, text);
    }
    let subject = config.in_its_directory().start_as(kind);
    let response = exchange(place, &subject, is_later(rows));
    let Some(response) = response else {
        if subject.stderr().contains(NOT_YET) {
            return None;
        }
        panic!("{kind:?} does not answer the sample request:\n{}\n{}", subject.stderr(), text(place, rows));
    };
    let request = origin.last();
    let value = |(number, row): (usize, &Sample)| {
        let message = if of_response(row) { &response } else { &request };
        message.value(&format!("row-{number}"))
    };
    Some(rows.iter().enumerate().map(value).collect())
}

/// Whether these are rows that HAProxy 2.6 does not know.
fn is_later(rows: &[Sample]) -> bool {
    rows.iter().any(|row| row.since.is_some())
}

/// Rows that exist with a request already, but have a value only when a server is chosen.
fn of_response(row: &Sample) -> bool {
    row.response
        || row.name.starts_with("ssl_s_")
        || ["cur_server_timeout", "req.timer.queue"].contains(&row.name)
}

fn exchange(place: Place, subject: &Subject, later: bool) -> Option<crate::support::message::Message> {
    let addr = subject.addr("IN");
    let mut client = match place {
        Place::Tls => {
            let ask = Ask { alpn: vec!["http/1.1"], ..Ask::name("www.example.com") };
            tls::connect_with(addr, &ask, CERTIFICATE, &proxy_line()).expect("a handshake").client
        }
        _ => {
            let mut client = Client::connect(addr);
            client.send(proxy_line());
            client
        }
    };
    if matches!(place, Place::Tables | Place::Alone) {
        hold(subject, later);
    }
    client.send(SAMPLE_REQUEST);
    client.try_response("GET")
}

/// A PROXY line of version 2 from 192.0.2.7:40000 to 198.51.100.1:443, with an authority and an id.
fn proxy_line() -> Vec<u8> {
    let ends = [192, 0, 2, 7, 198, 51, 100, 1, 0x9c, 0x40, 1, 0xbb];
    let extension = |kind: u8, text: &str| [&[kind, 0, text.len() as u8], text.as_bytes()].concat();
    let body = [&ends[..], &extension(2, "pp.example.com"), &extension(5, "pp-7")].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0"[..], &[body.len() as u8], &body].concat()
}

/// Fills the tables over the CLI.
fn hold(subject: &Subject, later: bool) {
    let tell = |command: &str| {
        let mut cli = subject.cli("admin.sock");
        cli.send(format!("{command}\n"));
        let answer = String::from_utf8_lossy(&cli.rest()).trim().to_owned();
        assert_eq!(answer, "", "{command}");
    };
    tell(&format!("set table t key 192.0.2.7 {HELD}{}", if later { HELD_LATER } else { "" }));
    tell("set table arrays key 192.0.2.7 data.gpt 40 data.gpc 30 data.gpc_rate 50");
}

/// The configuration.
fn text(place: Place, rows: &[Sample]) -> String {
    let later = is_later(rows);
    let (mut of_frontend, mut rules) = (String::new(), String::new());
    for (number, row) in rows.iter().enumerate() {
        let set = if of_response(row) { "http-response" } else { "http-request" };
        // a frontend that is not named is the own one
        let rules = if row.name.starts_with("fe_") { &mut of_frontend } else { &mut rules };
        let header = format!("{set} set-header row-{number}");
        let _ = match row.fails {
            None => writeln!(rules, "  {header} \"<%[{}]>\"", quoted(row)),
            Some(fails) => {
                let Sample { value, expression: holds, .. } = row;
                writeln!(rules, "  {header} <{value}> if {{ {holds} }}\n  {header} <both> if {{ {fails} }}")
            }
        };
    }
    let wait = "  http-response wait-for-body time 5s at-least 5\n";
    let tables = matches!(place, Place::Tables | Place::Alone);
    let (global, track, sections) = if tables { tables_of(later) } else { Default::default() };
    let bind = if place == Place::Tls {
        format!(" {SHOWN} ca-file sample.pem verify optional")
    } else {
        String::new()
    };
    let (server, inner) =
        if place == Place::ServerTls { secured() } else { ("\"${ORIGIN}\"".to_owned(), String::new()) };
    format!(
        "global\n  tune.ssl.keylog on\n  tune.ssl.capture-buffer-size 4096\n{global}userlist people\n  group staff users ali\n  group guests\n  user ali insecure-password open:sesame\n\
         defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
         frontend www\n  id 2\n  log 127.0.0.1:9 local0\n  option httplog\n  unique-id-format id-7\n  \
         bind \"fd@${{IN}}\" name sock-1 accept-proxy{bind}\n  declare capture request len 4\n  \
         declare capture response len 4\n  http-request capture str(kept) id 0\n{track}{of_frontend}  \
         default_backend app\n\
         backend app\n  id 3\n{wait}  http-response set-var(res.kept) str(back),capture-res(0)\n{rules}  server s1 {server}\n{inner}{sections}"
    )
}

fn tables_of(later: bool) -> (String, String, String) {
    let since = if later { STORED_LATER } else { "" };
    (
        "  stats socket \"${DIR}/admin.sock\" level admin\n".to_owned(),
        "  http-request track-sc0 src table t\n".to_owned(),
        format!(
            "backend t\n  stick-table type ip size 100 expire 60s store {STORED}{since}\n\
             backend arrays\n  stick-table type ip size 100 expire 60s store gpt(2),gpc(2),gpc_rate(2,10s)\n\
             backend empty\n  stick-table type ip size 100 expire 60s store gpc0,gpc0_rate(10s),conn_cnt\n"
        ),
    )
}

/// What shows a certificate.
const SHOWN: &str = "ssl crt sample.pem alpn http/1.1";

/// A server with TLS: the same program, which passes on to the origin.
fn secured() -> (String, String) {
    (
        "\"${SERVER}\" ssl verify none alpn http/1.1".to_owned(),
        format!(
            "frontend inner\n  bind \"fd@${{INNER}}\" {SHOWN}\n  default_backend behind\n\
             backend behind\n  server s \"${{ORIGIN}}\"\n"
        ),
    )
}
