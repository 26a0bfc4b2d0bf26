//! Many connections that do nothing.

use super::{Stage, healthy};
use crate::support::cases::Cases;
use crate::support::client::Client;
use crate::support::limits;
use crate::support::origin::Origin;

pub(crate) fn cases(cases: &mut Cases) {
    cases.test("strain::idle::thousands_of_idle_connections_cost_little_and_stay", kept);
    cases.test("strain::idle::an_http2_connection_without_requests_ends_after_timeout_client", http2);
}

/// Connections where nothing else is said. `IT_IDLE=10000` asks for more, of which there are as many as the limit on
/// open files (`ulimit -Hn`) lets this process have: two for each client, and some thousand for the origin.
const USUAL: usize = 2_000;

fn wanted() -> usize {
    let asked = std::env::var("IT_IDLE").ok().and_then(|text| text.parse().ok()).unwrap_or(USUAL);
    let open = limits::raise_open_files(2 * asked as u64 + 5_000);
    asked.min(usize::try_from(open).unwrap_or(usize::MAX).saturating_sub(5_000) / 2)
}

fn kept() {
    let count = wanted();
    assert!(count >= 100, "the limit on open files leaves room for {count} connections only");
    let origin = Origin::plain();
    let subject =
        Stage { global: format!("  maxconn {}\n", count + 500), ..Stage::default() }.start(origin.addr());
    healthy(&subject);
    let before = subject.resident();
    let ask = |client: &mut Client| assert_eq!(client.get("/idle").status(), 200);
    let mut clients: Vec<Client> = (0..count)
        .map(|_| {
            let mut client = Client::connect(subject.addr("FRONT"));
            ask(&mut client);
            client
        })
        .collect();
    let each = subject.resident().saturating_sub(before) / count;
    println!("{count} idle connections, {each} bytes each");
    assert!(each < 4 * 1024, "{each} bytes for each idle connection");
    healthy(&subject);
    clients.iter_mut().for_each(ask);
}

fn http2() {
    let origin = Origin::plain();
    let subject = Stage { defaults: "  timeout client 300ms\n", ..Stage::default() }.start(origin.addr());
    let mut client = Client::connect(subject.addr("FRONT"));
    // The preface and empty settings (RFC 9113, 3.4); what comes back is the server's, and then the end.
    client.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0");
    let said = client.rest();
    assert_eq!(said.get(3), Some(&4), "{said:?}");
}
