//! `server` lines.

use super::order::uncounted;
use super::text::{self, Line, line};
use crate::draft::ServerOptions;
use crate::model::{Check, Family, Server, ServerAddress, ServerPort, ServerTemplate};
use crate::resolve::FIRST_SERVER_ID;

/// All servers of a backend.
pub(super) fn lines(servers: &[Server]) -> impl Iterator<Item = Line> {
    let ids: Vec<u32> = servers.iter().map(|server| server.id).collect();
    servers.iter().zip(uncounted(&ids, FIRST_SERVER_ID)).map(|(server, own_id)| one(server, own_id))
}

fn one(server: &Server, own_id: bool) -> Line {
    let words = line(["server", &server.name, &written(&server.address)]);
    options(words.set("id", own_id.then_some(server.id)), server)
}

/// A line for many servers.
pub(super) fn template(template: &ServerTemplate) -> Line {
    let ServerTemplate { first, last, server } = template;
    let words =
        line(["server-template", &server.name, &format!("{first}-{last}"), &written(&server.address)]);
    options(words, server)
}

fn options(words: Line, server: &Server) -> Line {
    let Server { name: _, id: _, address: _, weight, backup, disabled, maxconn, maxqueue, check, place: _ } =
        server;
    let usual = ServerOptions::default();
    let words = words
        .set("weight", Some(weight).filter(|weight| **weight != usual.weight))
        .flag("backup", *backup)
        .flag("disabled", *disabled)
        .set("maxconn", maxconn.as_ref())
        .set("maxqueue", maxqueue.as_ref());
    check.iter().fold(words, |words, check| checked(words, check, &usual.check))
}

fn checked(words: Line, check: &Check, usual: &Check) -> Line {
    // `spread` stands in `global`, `kind` in lines of their own
    let Check { inter, fastinter, downinter, rise, fall, port, addr, spread: _, kind: _ } = check;
    // `port` does not take 0, an address does
    let addr = addr.map(|ip| match port {
        Some(0) => format!("{}:0", text::host(ip)),
        _ => text::host(ip),
    });
    words
        .and("check")
        .set("inter", Some(*inter).filter(|inter| *inter != usual.inter).map(text::time))
        .set("fastinter", fastinter.map(text::time))
        .set("downinter", downinter.map(text::time))
        .set("rise", Some(rise).filter(|rise| **rise != usual.rise))
        .set("fall", Some(fall).filter(|fall| **fall != usual.fall))
        .set("addr", addr)
        .set("port", port.filter(|port| *port > 0))
}

pub(super) fn written(address: &ServerAddress) -> String {
    let port = |port: &ServerPort| match *port {
        ServerPort::Fixed(port) => format!(":{port}"),
        ServerPort::Offset(0) => String::new(),
        ServerPort::Offset(shift) => format!(":{shift:+}"),
    };
    match address {
        ServerAddress::Ip { ip, port: at } => format!("{}{}", text::host(*ip), port(at)),
        ServerAddress::Name { host, port: at, family } => {
            let family = match family {
                None => "",
                Some(Family::Ipv4) => "ipv4@",
                Some(Family::Ipv6) => "ipv6@",
            };
            format!("{family}{host}{}", port(at))
        }
        ServerAddress::Unix(path) => text::unix(path),
    }
}
