//! Examples about bytes that nobody has parsed: they need `mode tcp`, and say what they yield in the log.

use super::{NOT_YET, quoted};
use crate::support::client::Client;
use crate::support::subject::{Config, Kind};
use crate::support::syslog::Syslog;
use expr::Sample;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

/// What the examples yield, those about the same bytes together; nothing where there is no `mode tcp` yet.
pub(super) fn yields(rows: &[Sample], kind: Kind) -> Option<Vec<Option<String>>> {
    let sent = |row: &Sample| expr::sample_bytes(row.family, row.name);
    let about: Vec<_> = rows.iter().map(sent).collect();
    let mut values = vec![None; rows.len()];
    for (at, bytes) in about.iter().enumerate().filter(|(at, bytes)| !about[..*at].contains(bytes)) {
        let places: Vec<_> = (at..rows.len()).filter(|place| about[*place] == *bytes).collect();
        let group: Vec<_> = places.iter().map(|place| rows[*place]).collect();
        let shown = exchange(&group, *bytes, kind)?;
        places.into_iter().zip(shown).for_each(|(place, value)| values[place] = Some(value));
    }
    Some(values)
}

/// What one exchange shows of these rows.
fn exchange(rows: &[Sample], (request, response): (&[u8], &'static [u8]), kind: Kind) -> Option<Vec<String>> {
    // a line with the bytes that were sent is written at the end
    let (mut rules, mut shown) = (String::new(), String::from("rows %B"));
    for (number, row) in rows.iter().enumerate() {
        let (set, come) = match row.response {
            true => ("tcp-response", format!("res.len ge {}", response.len())),
            false => ("tcp-request", format!("req.len ge {}", request.len())),
        };
        let (set, come) = (format!("{set} content set-var(txn.row{number})"), format!("if {{ {come} }}"));
        let _ = match row.fails {
            None => writeln!(rules, "  {set} \"{}\" {come}", quoted(row)),
            Some(fails) => {
                let Sample { value, expression: holds, .. } = row;
                writeln!(
                    rules,
                    "  {set} str({value}) {come} {{ {holds} }}\n  {set} str(both) {come} {{ {fails} }}"
                )
            }
        };
        let _ = write!(shown, "\\t<%[var(txn.row{number})]>");
    }
    let (origin, syslog) = (server(response), Syslog::start());
    let subject = Config::new(format!(
        "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n\
         listen l\n  bind \"fd@${{IN}}\"\n  log \"${{LOG}}\" format raw local0\n  log-format \"{shown}\"\n  \
         tcp-request inspect-delay 5s\n  tcp-response inspect-delay 5s\n{rules}  server s \"${{ORIGIN}}\"\n"
    ))
    .bind("IN")
    .var("ORIGIN", origin)
    .var("LOG", format!("127.0.0.1:{}", syslog.addr().port()))
    .start_as(kind);
    let mut client = Client::connect(subject.addr("IN"));
    client.send(request);
    let answer = client.take(response.len());
    if answer.is_empty() && subject.stderr().contains(NOT_YET) {
        return None;
    }
    assert_eq!(answer, response, "{}", subject.stderr());
    drop(client);
    let line = syslog.expect("rows ");
    let shown = line.split('\t').skip(1).map(|value| if value == "<->" { "<>" } else { value });
    Some(shown.map(str::to_owned).collect())
}

/// Answers one connection as soon as it has come, and closes with the client.
fn server(response: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let addr = listener.local_addr().expect("a bound socket has an address");
    std::thread::spawn(move || {
        if let Ok((mut stream, _)) = listener.accept() {
            let _ = stream.write_all(response).and_then(|()| stream.read_to_end(&mut Vec::new()).map(drop));
        }
    });
    addr
}
