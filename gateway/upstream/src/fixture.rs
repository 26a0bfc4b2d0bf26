//! Backends for tests, from a few words.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use config::model::{self, Balance, Check, CheckKind, ServerAddress, ServerPort};

use crate::backend::{Ask, Backend};
use crate::slot::Slot;

/// A server of this name at 127.0.0.1.
pub(crate) fn server(name: &str) -> model::Server {
    model::Server {
        name: name.into(),
        id: 1,
        address: ServerAddress::Ip { ip: Ipv4Addr::LOCALHOST.into(), port: ServerPort::Fixed(1) },
        ..model::Server::default()
    }
}

/// A server that is a name.
pub(crate) fn named(name: &str, host: &str) -> model::Server {
    let address = ServerAddress::Name { host: host.into(), port: ServerPort::Fixed(80), family: None };
    model::Server { address, ..server(name) }
}

/// A plain check at this interval.
pub(crate) fn check(inter: u64) -> Check {
    let inter = Duration::from_millis(inter);
    Check {
        inter,
        fastinter: None,
        downinter: None,
        rise: 2,
        fall: 3,
        port: None,
        addr: None,
        spread: 0,
        kind: CheckKind::Tcp,
    }
}

/// A backend `b` of these servers.
pub(crate) fn model(balance: Balance, servers: Vec<model::Server>) -> model::Backend {
    let numbered = servers.into_iter().zip(1..);
    model::Backend {
        asked: model::Asked::default(),
        name: "b".into(),
        id: 1,
        mode: model::Mode::Http,
        disabled: false,
        balance,
        hashing: Default::default(),
        persistence: Default::default(),
        connections: Default::default(),
        servers: numbered.map(|(server, id)| model::Server { id, ..server }).collect(),
        retries: 3,
        redispatch: None,
        all_backups: false,
        fullconn: None,
        stick_table: None,
        stick_rules: Vec::new(),
        inspect_delay: None,
        tcp_request_content: Default::default(),
        http_request: Default::default(),
        http_response: Default::default(),
        response_delay: None,
        tcp_response_content: Default::default(),
        http_after_response: Default::default(),
        use_server: Vec::new(),
        timeouts: Default::default(),
        options: Default::default(),
        services: Default::default(),
        logging: Default::default(),
        listen: None,
        place: String::new(),
    }
}

/// A running backend of servers `s1`, `s2`, … of these weights.
pub(crate) fn weighted(balance: Balance, weights: &[u16]) -> Arc<Backend> {
    let servers = weights.iter().zip(1..);
    let servers = servers.map(|(weight, at)| model::Server { weight: *weight, ..server(&format!("s{at}")) });
    Backend::build(&model(balance, servers.collect()), None)
}

/// The numbers of the servers that the next `count` requests get, each ending before the next begins.
pub(crate) fn course(backend: &Arc<Backend>, count: usize) -> String {
    (0..count).map(|_| number(backend.try_select(&Ask::default()).as_ref())).collect()
}

/// The numbers of the servers that the next `count` requests get, all of them held.
pub(crate) fn held(backend: &Arc<Backend>, count: usize) -> (String, Vec<Slot>) {
    let slots: Vec<Slot> = (0..count).map_while(|_| backend.try_select(&Ask::default())).collect();
    (slots.iter().map(|slot| number(Some(slot))).collect(), slots)
}

/// A server's number, `-` for none.
pub(crate) fn number(slot: Option<&Slot>) -> char {
    slot.map_or('-', |slot| char::from_digit(slot.id, 36).unwrap())
}

/// An address.
pub(crate) fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}
