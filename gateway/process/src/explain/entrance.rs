//! Which frontend takes the connection, told from the URL and the `bind` lines alone.

use std::net::IpAddr;

use config::model::{Bind, BindAddress, Frontend, FrontendId, Model};

use super::question::Question;

/// A socket of a frontend, and why it is this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Door {
    pub(crate) frontend: FrontendId,
    /// The socket's place in the frontend; a frontend that `--frontend` names may have none.
    pub(crate) bind: Option<usize>,
    pub(crate) why: String,
}

/// Who takes the connection.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Entrance {
    /// This one; the others would fit, too.
    Taken { door: Door, others: Vec<Door> },
    /// Nobody: why, and who listens elsewhere.
    Nobody { why: String, elsewhere: Vec<Door> },
}

/// How well a socket fits, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Fit {
    /// The very address of the URL.
    Address,
    /// All addresses.
    Wildcard,
    /// One address, which the URL's host may stand for.
    Perhaps,
    /// A socket that the starter of the process opens: nobody knows where it listens.
    Inherited,
}

/// Finds the frontend.
///
/// # Errors
/// `--frontend` names none.
pub(crate) fn find(model: &Model, question: &Question) -> Result<Entrance, String> {
    if let Some(name) = &question.frontend {
        return named(model, question, name).map(|door| Entrance::Taken { door, others: Vec::new() });
    }
    let mut fits: Vec<(Fit, Door)> = sockets(model)
        .filter_map(|(id, place, bind)| {
            let fit = fit(bind, question)?;
            Some((fit, Door { frontend: id, bind: Some(place), why: reason(fit, question) }))
        })
        .collect();
    fits.sort_by_key(|(fit, _)| *fit);
    let doors: Vec<Door> = fits.into_iter().map(|(_, door)| door).collect();
    Ok(first(doors).or_else(|| any_port(model, question)).unwrap_or_else(|| nobody(model, question)))
}

/// The first of some doors, and one to each other frontend.
fn first(doors: Vec<Door>) -> Option<Entrance> {
    let mut one_each: Vec<Door> = Vec::new();
    for door in doors {
        if one_each.iter().all(|known| known.frontend != door.frontend) {
            one_each.push(door);
        }
    }
    let mut doors = one_each.into_iter();
    Some(Entrance::Taken { door: doors.next()?, others: doors.collect() })
}

fn sockets(model: &Model) -> impl Iterator<Item = (FrontendId, usize, &Bind)> {
    let open = model.frontends.iter().enumerate().filter(|(_, frontend)| !frontend.disabled);
    open.flat_map(|(id, frontend)| {
        frontend.binds.iter().enumerate().map(move |(place, bind)| (FrontendId(id), place, bind))
    })
}

fn speaks(bind: &Bind, question: &Question) -> bool {
    bind.tls.is_some() == question.tls
}

fn fit(bind: &Bind, question: &Question) -> Option<Fit> {
    if !speaks(bind, question) {
        return None;
    }
    match &bind.address {
        BindAddress::Tcp(at) if at.port() == question.any_port() => {
            holds(at.ip(), bind.v6only == Some(true), question.address())
        }
        BindAddress::Fd(_) => Some(Fit::Inherited),
        BindAddress::Tcp(_)
        | BindAddress::Unix(_)
        | BindAddress::Abstract(_)
        | BindAddress::AbstractZ(_)
        | BindAddress::SockPair(_)
        | BindAddress::Quic(_) => None,
    }
}

/// Whether a socket on an address takes connections to another.
fn holds(socket: IpAddr, v6only: bool, wanted: Option<IpAddr>) -> Option<Fit> {
    match wanted {
        Some(wanted) if wanted == socket => Some(Fit::Address),
        Some(wanted) if socket.is_unspecified() => {
            let family = socket.is_ipv6() == wanted.is_ipv6() || (socket.is_ipv6() && !v6only);
            family.then_some(Fit::Wildcard)
        }
        Some(_) => None,
        None if socket.is_unspecified() => Some(Fit::Wildcard),
        None => Some(Fit::Perhaps),
    }
}

fn reason(fit: Fit, question: &Question) -> String {
    let port = match question.port {
        Some(port) => format!("port {port}"),
        None => format!("port {}, which goes without saying", question.any_port()),
    };
    match fit {
        Fit::Address => format!("it listens on the URL's address and {port}"),
        Fit::Wildcard => format!("it listens on all addresses and {port}"),
        Fit::Perhaps => match &question.host {
            Some(host) => format!("it listens on {port}, at the address that '{host}' is taken to be"),
            None => format!("it listens on {port}"),
        },
        Fit::Inherited => {
            "its socket is opened by whoever starts the gateway, perhaps on this port".to_owned()
        }
    }
}

/// A URL without a port, and nobody on the usual one: whoever speaks the same protocol is meant.
fn any_port(model: &Model, question: &Question) -> Option<Entrance> {
    if question.port.is_some() {
        return None;
    }
    let why = format!("the URL names no port, and nobody listens on {}", question.any_port());
    let same = sockets(model).filter(|(_, _, bind)| speaks(bind, question));
    first(same.map(|(frontend, place, _)| Door { frontend, bind: Some(place), why: why.clone() }).collect())
}

fn nobody(model: &Model, question: &Question) -> Entrance {
    let port = question.any_port();
    let here = |bind: &Bind| matches!(bind.address, BindAddress::Tcp(at) if at.port() == port);
    let (tls, other) = if question.tls { ("TLS", "plain text") } else { ("plain text", "TLS") };
    let why = if sockets(model).any(|(_, _, bind)| here(bind) && !speaks(bind, question)) {
        format!("the request comes in {tls}, but port {port} speaks {other}")
    } else if sockets(model).any(|(_, _, bind)| here(bind)) {
        format!("port {port} is open, but on another address")
    } else {
        format!("nobody listens on port {port}")
    };
    let all =
        sockets(model).map(|(frontend, bind, _)| Door { frontend, bind: Some(bind), why: String::new() });
    Entrance::Nobody { why, elsewhere: all.collect() }
}

/// The frontend that was asked for, by the socket that fits best.
fn named(model: &Model, question: &Question, name: &str) -> Result<Door, String> {
    let names = || model.frontends.iter().map(|frontend| frontend.name.as_str());
    let id = names().position(|known| known == name).ok_or_else(|| {
        let near = lang::suggest::nearest(name, names());
        let hint = near.map_or_else(String::new, |near| format!(", is '{near}' meant?"));
        format!("there is no frontend '{name}'{hint}")
    })?;
    let frontend: &Frontend = &model.frontends[id];
    let places = || frontend.binds.iter().enumerate();
    let best = places().filter_map(|(place, bind)| Some((fit(bind, question)?, place))).min();
    let same = || places().find(|(_, bind)| speaks(bind, question)).map(|(place, _)| place);
    let why = match best {
        Some(_) => "--frontend names it",
        None if frontend.disabled => "--frontend names it; it is disabled, so nobody can reach it",
        None => "--frontend names it; by the URL alone it would not be reached",
    };
    let bind = best.map(|(_, place)| place).or_else(same).or_else(|| places().map(|(place, _)| place).next());
    Ok(Door { frontend: FrontendId(id), bind, why: why.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::fixture::{ask, model};

    const FILE: &str = "defaults\n  mode http\n  timeout client 1s\n\
        frontend all\n  bind :8080\n  bind :::8090 v6only\n\
        frontend one\n  bind 192.0.2.1:8080\n\
        frontend inside\n  bind unix@/run/inside\n\
        frontend gone\n  disabled\n  bind :9999\n";

    fn taken(url: &str) -> (String, usize) {
        let model = model(FILE);
        match find(&model, &ask("GET", url, &[])).unwrap() {
            Entrance::Taken { door, others } => (model.frontend(door.frontend).name.clone(), others.len()),
            Entrance::Nobody { why, .. } => (why, 0),
        }
    }

    #[test]
    fn the_socket_that_fits_best_is_taken() {
        for (url, name, others) in [
            ("http://192.0.2.1:8080/", "one", 1),
            ("http://192.0.2.2:8080/", "all", 0),
            ("http://www.example.com:8080/", "all", 1),
            ("http://[2001:db8::1]:8090/", "all", 0),
            ("http://[2001:db8::1]:8080/", "port 8080 is open, but on another address", 0),
            ("/pac/", "all", 2),
            ("http://h:9999/", "nobody listens on port 9999", 0),
            ("https://h:8080/", "the request comes in TLS, but port 8080 speaks plain text", 0),
        ] {
            assert_eq!(taken(url), (name.to_owned(), others), "{url}");
        }
    }

    #[test]
    fn a_frontend_may_be_named() {
        let model = model(FILE);
        let named = |name: &str| {
            let question = Question { frontend: Some(name.to_owned()), ..ask("GET", "http://h:8080/", &[]) };
            find(&model, &question)
        };
        let Ok(Entrance::Taken { door, .. }) = named("inside") else { panic!("it is there") };
        assert_eq!((door.frontend, door.bind), (FrontendId(2), Some(0)));
        assert!(door.why.contains("would not be reached"), "{}", door.why);
        assert_eq!(named("insid").unwrap_err(), "there is no frontend 'insid', is 'inside' meant?");
    }
}
