//! The request that the server gets: what the rules made of it, with the lines that this hop adds.

use std::net::IpAddr;

use config::model::{Backend, ConnectionMode, ForwardFor, Frontend};

use super::question::{Line, Question};
use super::request::Request;

const CONNECTION: &[u8] = b"connection";

/// How a line of the request came to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// As the client sent it.
    Kept,
    /// Only the server sees it.
    Added,
    /// The server does not see it.
    Gone,
}

/// The head line by line, what is gone among it.
pub(crate) fn lines(
    question: &Question,
    request: &Request,
    frontend: &Frontend,
    backend: &Backend,
) -> Vec<(Mark, String)> {
    let before = (start(question.method.as_str(), &question.target), question.lines.clone());
    let after = (start(request.method.as_str(), &request.target), for_server(request, frontend, backend));
    let mut shown = Vec::new();
    if before.0 == after.0 {
        shown.push((Mark::Kept, after.0));
    } else {
        shown.extend([(Mark::Gone, before.0), (Mark::Added, after.0)]);
    }
    let mut came = before.1;
    let sent: Vec<(Mark, Line)> = after.1.into_iter().map(|line| (mark(&line, &mut came), line)).collect();
    shown.extend(came.iter().map(|line| (Mark::Gone, text(line))));
    shown.extend(sent.iter().map(|(mark, line)| (*mark, text(line))));
    shown
}

fn start(method: &str, target: &[u8]) -> String {
    format!("{method} {} HTTP/1.1", String::from_utf8_lossy(target))
}

fn text((name, value): &Line) -> String {
    format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
}

/// Takes a line out of those that came, if it did.
fn mark(line: &Line, came: &mut Vec<Line>) -> Mark {
    match came.iter().position(|known| known == line) {
        Some(place) => {
            came.remove(place);
            Mark::Kept
        }
        None => Mark::Added,
    }
}

/// The header lines as they go out.
fn for_server(request: &Request, frontend: &Frontend, backend: &Backend) -> Vec<Line> {
    let upgrading = asks_for_upgrade(request);
    let mut lines: Vec<Line> = request.lines.iter().filter_map(|line| passed_on(line, upgrading)).collect();
    // The backend's forwardfor goes before the frontend's, and the line is added once.
    let option = backend.options.forwardfor.as_ref().or(frontend.options.forwardfor.as_ref());
    if let Some(option) = option.filter(|option| is_told(option, request)) {
        let client = request.client().to_canonical().to_string();
        lines.push((option.header.clone().into_bytes(), client.into_bytes()));
    }
    let closes = |mode: ConnectionMode| mode != ConnectionMode::KeepAlive;
    if !upgrading && (closes(frontend.options.connection) || closes(backend.options.connection)) {
        lines.push((CONNECTION.to_vec(), b"close".to_vec()));
    }
    lines
}

fn tokens(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(|byte| *byte == b',').map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

fn asks_for_upgrade(request: &Request) -> bool {
    let says = |value| tokens(value).any(|token| token.eq_ignore_ascii_case(b"upgrade"));
    request.values(b"upgrade").next().is_some() && request.values(CONNECTION).any(says)
}

/// A line without what is said to this hop alone.
fn passed_on((name, value): &Line, upgrading: bool) -> Option<Line> {
    let is_ours = |token: &&[u8]| {
        [&b"close"[..], b"keep-alive", b"upgrade"].iter().any(|ours| token.eq_ignore_ascii_case(ours))
    };
    if name != CONNECTION || upgrading || !tokens(value).any(|token| is_ours(&token)) {
        return Some((name.clone(), value.clone()));
    }
    let kept: Vec<&[u8]> = tokens(value).filter(|token| !is_ours(token)).collect();
    (!kept.is_empty()).then(|| (name.clone(), kept.join(&b", "[..])))
}

/// Whether the server is told of the client.
fn is_told(option: &ForwardFor, request: &Request) -> bool {
    let known = option.if_none && request.values(option.header.as_bytes()).next().is_some();
    !known && !option.except.iter().any(|(net, bits)| contains(*net, *bits, request.client()))
}

fn contains(net: IpAddr, bits: u8, address: IpAddr) -> bool {
    match (net, address.to_canonical()) {
        (IpAddr::V4(net), IpAddr::V4(address)) => {
            let shift = 32 - u32::from(bits.min(32));
            (net.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V6(net), IpAddr::V6(address)) => {
            let shift = 128 - u32::from(bits.min(128));
            (net.to_bits() ^ address.to_bits()).checked_shr(shift).unwrap_or(0) == 0
        }
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => false,
    }
}
